// SPDX-License-Identifier: MIT
#include "lateness.h"

#include <inttypes.h>

enum { STEP_BITS = 3, STEPS = 1 << STEP_BITS };

// Each delay below 2 · STEPS ns has a bin; above, each power of two has STEPS bins.
static size_t bin_of(gv_time delay) {
    unsigned bits = 0;
    while (delay >> bits >= 2 * STEPS) bits++;
    size_t bin = (size_t)bits * STEPS + (size_t)(delay >> bits);
    return bin < GV_LATENESS_BINS ? bin : GV_LATENESS_BINS - 1;
}

static gv_time top_of(size_t bin) {
    if (bin < 2 * STEPS) return bin;
    unsigned bits = (unsigned)(bin / STEPS) - 1;
    return (((gv_time)(bin % STEPS) + STEPS + 1) << bits) - 1;
}

void gv_lateness_add(struct gv_lateness_histogram *histogram, gv_time delay) {
    histogram->count++;
    histogram->bins[bin_of(delay)]++;
    if (delay > histogram->longest) histogram->longest = delay;
}

gv_time gv_lateness_quantile(const struct gv_lateness_histogram *histogram, double share) {
    GV_ASSERT(share >= 0 && share <= 1);
    uint64_t before = 0;
    for (size_t bin = 0; bin < GV_LATENESS_BINS && histogram->count > 0; bin++) {
        before += histogram->bins[bin];
        if ((double)before < share * (double)histogram->count) continue;
        gv_time top = top_of(bin);
        return top < histogram->longest ? top : histogram->longest;
    }
    return histogram->longest;
}

static double ms(gv_time time) {
    return (double)time / (double)GV_MS;
}

bool gv_lateness_too_slow(const struct gv_lateness *lateness, char why[GV_LATENESS_REASON_MAX]) {
    if (!lateness->measured || lateness->limit >= GV_TIME_NEVER / GV_LATENESS_LONGEST) return false;
    gv_time p99 = gv_lateness_quantile(&lateness->events, 0.99);
    gv_time longest = lateness->events.longest;
    if (lateness->stalled_longest > longest) longest = lateness->stalled_longest;
    bool few = lateness->events.count < GV_LATENESS_FEW; // the 99 % quantile is the longest delay
    if (longest > GV_LATENESS_LONGEST * lateness->limit) {
        snprintf(why, GV_LATENESS_REASON_MAX,
                 "gvsim was %.0f ms late once, and the limit is %.0f ms", ms(longest),
                 ms(GV_LATENESS_LONGEST * lateness->limit));
    } else if (p99 > lateness->limit && few) {
        snprintf(why, GV_LATENESS_REASON_MAX,
                 "gvsim was %.0f ms late once, and the limit is %.0f ms for 99 %% of its actions, "
                 "of which there were %" PRIu64,
                 ms(lateness->events.longest), ms(lateness->limit), lateness->events.count);
    } else if (p99 > lateness->limit) {
        snprintf(why, GV_LATENESS_REASON_MAX,
                 "the limit is %.0f ms for 99 %% of gvsim's actions, and 1 %% were more than %.0f "
                 "ms late",
                 ms(lateness->limit), ms(p99));
    } else if (lateness->has_waits && lateness->wait > lateness->limit) {
        snprintf(why, GV_LATENESS_REASON_MAX,
                 "nodes waited %.0f ms for a processor on average, and the limit is %.0f ms",
                 ms(lateness->wait), ms(lateness->limit));
    } else {
        return false;
    }
    return true;
}

void gv_lateness_print(const struct gv_lateness *lateness, FILE *out) {
    if (!lateness->measured || lateness->events.count == 0) return;
    fprintf(out, "  %-16s median %.1f", "lateness",
            ms(gv_lateness_quantile(&lateness->events, 0.5)));
    if (lateness->events.count >= GV_LATENESS_FEW) {
        fprintf(out, "  99%% %.1f", ms(gv_lateness_quantile(&lateness->events, 0.99)));
    }
    fprintf(out, "  most %.1f ms", ms(lateness->events.longest));
    if (lateness->events.count < GV_LATENESS_FEW)
        fprintf(out, " of %" PRIu64 " times", lateness->events.count);
    fprintf(out, "; stalled %.0f ms at most\n", ms(lateness->stalled_longest));
    if (lateness->has_waits) {
        fprintf(out, "  %-16s nodes waited %.1f ms for a processor, on average\n", "run delay",
                ms(lateness->wait));
    }
    if (lateness->full >= GV_MS) {
        fprintf(out, "  %-16s %.0f ms in all; the pipe to n%u longest, %.0f ms\n", "pipes full",
                ms(lateness->full), lateness->full_node, ms(lateness->full_longest));
    }
}

void gv_lateness_json(const struct gv_lateness *lateness, FILE *out) {
    if (!lateness->measured) return;
    char why[GV_LATENESS_REASON_MAX];
    fprintf(out,
            ",\"lateness\":{\"too_slow\":%s,\"times\":%" PRIu64
            ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p100_ms\":%.3f,"
            "\"stalled_ms\":%.3f,\"stalled_longest_ms\":%.3f,\"stood_still_ms\":%.3f,"
            "\"stood_still_longest_ms\":%.3f,\"pipes_full_ms\":%.3f",
            gv_lateness_too_slow(lateness, why) ? "true" : "false", lateness->events.count,
            ms(gv_lateness_quantile(&lateness->events, 0.5)),
            ms(gv_lateness_quantile(&lateness->events, 0.99)), ms(lateness->events.longest),
            ms(lateness->stalled), ms(lateness->stalled_longest), ms(lateness->stalled),
            ms(lateness->stalled_longest), ms(lateness->full));
    if (lateness->has_waits) {
        fprintf(out, ",\"node_wait_ms\":%.3f}", ms(lateness->wait));
    } else {
        fprintf(out, ",\"node_wait_ms\":null}");
    }
}
