// SPDX-License-Identifier: MIT
#include "check_bounds.h"

#include <inttypes.h>

void gv_check_bounds_message(struct gv_check_bounds *bounds, uint32_t node, size_t bytes,
                             struct gv_verdict_errors *errors) {
    if (bytes <= bounds->message_max || bounds->message_reported) return;
    bounds->message_reported = true;
    gv_verdict_add(errors, GV_VERDICT_MESSAGE_TOO_LONG,
                   "n%u sent a message of %zu bytes; the limit is %zu", node, bytes,
                   bounds->message_max);
}

void gv_check_bounds_memory(struct gv_check_bounds *bounds, uint32_t node, uint64_t entries,
                            uint64_t bytes, struct gv_verdict_errors *errors) {
    uint64_t most = GV_CHECK_BOUNDS_NODE + (uint64_t)GV_CHECK_BOUNDS_PEER * bounds->nodes +
                    GV_CHECK_BOUNDS_ENTRY * entries;
    if (bytes <= most || bounds->memory_reported) return;
    bounds->memory_reported = true;
    gv_verdict_add(errors, GV_VERDICT_TOO_MUCH_MEMORY,
                   "n%u uses %" PRIu64 " bytes for %" PRIu64 " entries; the limit is %" PRIu64,
                   node, bytes, entries, most);
}

void gv_check_bounds_queues(uint32_t node, const struct gv_stats *stats,
                            struct gv_verdict_errors *errors) {
    const struct gv_stats_numbers *numbers = &stats->numbers;
    const struct {
        const char *what;
        uint64_t deepest, most;
    } queues[] = {
        {"bytes of replies", numbers->queued_replies, GV_CHECK_BOUNDS_REPLIES},
        {"long replies", numbers->queued_reads, GV_CHECK_BOUNDS_READS},
        {"changes", numbers->queued_updates, GV_CHECK_BOUNDS_UPDATES},
        {"unanswered summaries", numbers->queued_syncs, GV_CHECK_BOUNDS_SYNCS},
        {"bytes of writes", numbers->queued_store, GV_CHECK_BOUNDS_STORE},
    };
    for (size_t i = 0; i < GV_COUNT(queues); i++) {
        if (queues[i].deepest <= queues[i].most) continue;
        gv_verdict_add(errors, GV_VERDICT_QUEUE_TOO_LONG,
                       "n%u has %" PRIu64 " queued %s; the limit is %" PRIu64, node,
                       queues[i].deepest, queues[i].what, queues[i].most);
    }
}

void gv_check_bounds_links(const struct gv_net *net, double rate,
                           struct gv_verdict_errors *errors) {
    GV_ASSERT(rate >= 0);
    const struct gv_net_link *link = &net->busiest;
    double seconds = (double)net->longest_flight / (1000 * GV_MS);
    double most =
        GV_CHECK_BOUNDS_IN_FLIGHT * (1.0 + net->copies) + GV_CHECK_BOUNDS_OP * rate * seconds;
    if (link->in_flight <= most) return;
    gv_verdict_add(errors, GV_VERDICT_QUEUE_TOO_LONG,
                   "%u messages are in flight from n%u to n%u; the limit is %.0f", link->in_flight,
                   link->src, link->dest, most);
}
