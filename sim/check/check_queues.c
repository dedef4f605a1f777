// SPDX-License-Identifier: MIT
#include "check_queues.h"

#include <inttypes.h>

void gv_check_queues_stats(uint32_t node, const struct gv_stats *stats, struct gv_errors *errors) {
    GV_ASSERT(stats != NULL && errors != NULL);
    const struct {
        const char *what;
        uint64_t deepest, most;
    } queues[] = {
        {"bytes of replies", stats->numbers.queued_replies, GV_CHECK_QUEUES_REPLIES},
        {"long replies", stats->numbers.queued_reads, GV_CHECK_QUEUES_READS},
        {"changes to be told", stats->numbers.queued_updates, GV_CHECK_QUEUES_UPDATES},
        {"summaries to be answered", stats->numbers.queued_syncs, GV_CHECK_QUEUES_SYNCS},
        {"bytes to be stored", stats->numbers.queued_store, GV_CHECK_QUEUES_STORE},
    };
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
        if (queues[i].deepest <= queues[i].most) continue;
        gv_errors_add(errors,
                      "queue too long: %" PRIu64 " %s waited in n%u, and the bound is %" PRIu64,
                      queues[i].deepest, queues[i].what, node, queues[i].most);
    }
}

void gv_check_queues_links(const struct gv_net *net, double rate, struct gv_errors *errors) {
    GV_ASSERT(net != NULL && rate >= 0);
    const struct gv_net_link *link = &net->busiest;
    double seconds = (double)net->longest_flight / (1000 * GV_MS);
    double most =
        GV_CHECK_QUEUES_IN_FLIGHT * (1.0 + net->copies) + GV_CHECK_QUEUES_OP * rate * seconds;
    if (link->in_flight <= most) return;
    gv_errors_add(errors,
                  "queue too long: %" PRIu32 " messages were on their way from n%" PRIu32
                  " to n%" PRIu32 ", and the bound is %.0f",
                  link->in_flight, link->src, link->dest, most);
}
