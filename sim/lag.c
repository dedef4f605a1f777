// SPDX-License-Identifier: MIT
#include "lag.h"

#include <inttypes.h>

enum { STEP_BITS = 3, STEPS = 1 << STEP_BITS };

// Delays up to STEPS ns have a bin each, then each power of two has STEPS.
static size_t bin_of(gv_time delay) {
    unsigned bits = 0;
    while (delay >> bits >= 2 * STEPS) bits++;
    size_t bin = (size_t)bits * STEPS + (size_t)(delay >> bits);
    return bin < GV_LAG_BINS ? bin : GV_LAG_BINS - 1;
}

// The largest delay in a bin.
static gv_time top_of(size_t bin) {
    if (bin < 2 * STEPS) return bin;
    unsigned bits = (unsigned)(bin / STEPS) - 1;
    return (((gv_time)(bin % STEPS) + STEPS + 1) << bits) - 1;
}

void gv_lag_add(struct gv_lag_spread *spread, gv_time delay) {
    GV_ASSERT(spread != NULL);
    spread->count++;
    spread->bins[bin_of(delay)]++;
    if (delay > spread->longest) spread->longest = delay;
}

gv_time gv_lag_quantile(const struct gv_lag_spread *spread, double share) {
    GV_ASSERT(spread != NULL && share >= 0 && share <= 1);
    uint64_t before = 0;
    for (size_t bin = 0; bin < GV_LAG_BINS && spread->count > 0; bin++) {
        before += spread->bins[bin];
        if ((double)before < share * (double)spread->count) continue;
        gv_time top = top_of(bin);
        return top < spread->longest ? top : spread->longest;
    }
    return spread->longest;
}

static double ms(gv_time time) {
    return (double)time / (double)GV_MS;
}

bool gv_lag_too_slow(const struct gv_lag *late, char why[GV_LAG_REASON_MAX]) {
    GV_ASSERT(late != NULL && why != NULL);
    if (!late->measured || late->limit >= GV_TIME_NEVER / GV_LAG_LONGEST) return false;
    gv_time p99 = gv_lag_quantile(&late->events, 0.99);
    gv_time longest = late->events.longest;
    if (late->stood_longest > longest) longest = late->stood_longest;
    bool few = late->events.count < GV_LAG_FEW; // one in a hundred is the longest
    if (longest > GV_LAG_LONGEST * late->limit) {
        snprintf(why, GV_LAG_REASON_MAX, "gvsim was %.0f ms late once, and the limit is %.0f ms",
                 ms(longest), ms(GV_LAG_LONGEST * late->limit));
    } else if (p99 > late->limit && few) {
        snprintf(why, GV_LAG_REASON_MAX,
                 "gvsim was %.0f ms late once, and the limit is %.0f ms for all but one time in a "
                 "hundred: there were %" PRIu64,
                 ms(late->events.longest), ms(late->limit), late->events.count);
    } else if (p99 > late->limit) {
        snprintf(why, GV_LAG_REASON_MAX,
                 "gvsim was more than %.0f ms late, the limit, one time in a hundred: %.0f ms",
                 ms(late->limit), ms(p99));
    } else if (late->has_waits && late->wait > late->limit) {
        snprintf(why, GV_LAG_REASON_MAX,
                 "nodes waited %.0f ms for a processor on average, and the limit is %.0f ms",
                 ms(late->wait), ms(late->limit));
    } else {
        return false;
    }
    return true;
}

void gv_lag_print(const struct gv_lag *late, FILE *out) {
    GV_ASSERT(late != NULL && out != NULL);
    if (!late->measured || late->events.count == 0) return;
    fprintf(out, "  %-16s median %.1f", "gvsim was late", ms(gv_lag_quantile(&late->events, 0.5)));
    if (late->events.count >= GV_LAG_FEW) {
        fprintf(out, "  99%% %.1f", ms(gv_lag_quantile(&late->events, 0.99)));
    }
    fprintf(out, "  most %.1f ms", ms(late->events.longest));
    if (late->events.count < GV_LAG_FEW) fprintf(out, " of %" PRIu64 " times", late->events.count);
    fprintf(out, "; stood still %.0f ms at most\n", ms(late->stood_longest));
    if (late->has_waits) {
        fprintf(out, "  %-16s %.1f ms for a processor, on average\n", "nodes waited",
                ms(late->wait));
    }
    if (late->full > 0) {
        fprintf(out, "  %-16s for %.0f ms, that to n%" PRIu32 " for %.0f ms\n", "pipes were full",
                ms(late->full), late->full_node, ms(late->full_longest));
    }
}

void gv_lag_json(const struct gv_lag *late, FILE *out) {
    GV_ASSERT(late != NULL && out != NULL);
    if (!late->measured) return;
    char why[GV_LAG_REASON_MAX];
    fprintf(out,
            ",\"lateness\":{\"too_slow\":%s,\"times\":%" PRIu64
            ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p100_ms\":%.3f,"
            "\"stood_still_ms\":%.3f,\"stood_still_longest_ms\":%.3f,\"pipes_full_ms\":%.3f",
            gv_lag_too_slow(late, why) ? "true" : "false", late->events.count,
            ms(gv_lag_quantile(&late->events, 0.5)), ms(gv_lag_quantile(&late->events, 0.99)),
            ms(late->events.longest), ms(late->stood), ms(late->stood_longest), ms(late->full));
    if (late->has_waits) {
        fprintf(out, ",\"node_wait_ms\":%.3f}", ms(late->wait));
    } else {
        fprintf(out, ",\"node_wait_ms\":null}");
    }
}
