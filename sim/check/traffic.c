// SPDX-License-Identifier: MIT
#include "traffic.h"

#include <inttypes.h>

void gv_traffic_add(struct gv_traffic *traffic, const struct gv_stats *stats) {
    gv_stats_add(&traffic->total, stats);
    traffic->nodes++;
}

static void print_class(const char *name, const struct gv_stats_class *class, FILE *out) {
    if (class->in == 0 && class->out == 0) return;
    fprintf(out, "    %-14s %9" PRIu64 " out %12" PRIu64 " B %9" PRIu64 " in %12" PRIu64 " B\n",
            name, class->out, class->out_bytes, class->in, class->in_bytes);
}

void gv_traffic_print(const struct gv_traffic *traffic, FILE *out) {
    if (traffic->nodes == 0) return;
    const struct gv_stats *total = &traffic->total;
    const struct gv_stats_numbers *numbers = &total->numbers;
    fprintf(out, "  %-16s sum over %u nodes\n", "traffic", traffic->nodes);
#define X(name, former) print_class(#name, &total->name, out);
    GV_STATS_CLASSES(X)
#undef X
    fprintf(out,
            "    %-14s %" PRIu64 " opened, %" PRIu64 " rounds, %" PRIu64
            " messages declared lost; %" PRIu64 " entries were missing, %" PRIu64 " redundant\n",
            "syncs", numbers->opened, numbers->rounds, numbers->retries, numbers->missing,
            numbers->redundant);
    if (numbers->unauthenticated + numbers->replayed > 0) {
        fprintf(out, "    %-14s %" PRIu64 " messages rejected, %" PRIu64 " replayed\n", "auth",
                numbers->unauthenticated, numbers->replayed);
    }
    if (numbers->batches > 0) {
        fprintf(out, "    %-14s %.1f ms on average, %.1f at most\n", "batching",
                (double)numbers->batch_wait_us / (double)numbers->batches / 1e3,
                (double)numbers->batch_wait_max_us / 1e3);
    }
    fprintf(out,
            "    %-14s at most %" PRIu64 " B of replies, %" PRIu64 " updates, %" PRIu64
            " summaries\n",
            "queues", numbers->queued_replies, numbers->queued_updates, numbers->queued_syncs);
}

void gv_traffic_json(const struct gv_traffic *traffic, FILE *out) {
    if (traffic->nodes == 0) {
        fputs("null", out);
        return;
    }
    char text[GV_STATS_TEXT_MAX];
    gv_stats_write(&traffic->total, text);
    fprintf(out, "{\"nodes\":%u,\"total\":%s}", traffic->nodes, text);
}
