// SPDX-License-Identifier: MIT
// Whether a run in real time was measured well: how much later than due gvsim did things, for how
// long pipes to nodes were full, and how long nodes waited for a processor. What a machine that is
// too slow says of latencies, and of messages an operation, is not true of the nodes.
#ifndef GV_SIM_CHECK_LATENESS_H
#define GV_SIM_CHECK_LATENESS_H

#include "../../merkle/base.h"

#include <stdio.h>

enum {
    GV_LATENESS_BINS = 320,   // 8 to each power of two, so that a quantile is right to within 13 %
    GV_LATENESS_LONGEST = 10, // the longest delay may be so many times the limit
    GV_LATENESS_FEW = 100,    // of fewer delays one in a hundred is the longest
    GV_LATENESS_REASON_MAX = 160,
};

// A spread of delays, in constant memory.
struct gv_lateness_histogram {
    uint64_t count, bins[GV_LATENESS_BINS];
    gv_time longest;
};

void gv_lateness_add(struct gv_lateness_histogram *histogram, gv_time delay);

// An upper bound of the delay that this share of all, 0 to 1, did not exceed; 0 if there are none.
gv_time gv_lateness_quantile(const struct gv_lateness_histogram *histogram, double share);

struct gv_lateness {
    bool measured; // in real time only
    struct gv_lateness_histogram
        events;                       // messages handed over, requests and timers: later than due
    gv_time stalled_longest, stalled; // gvsim did nothing at all, at the longest and in all
    gv_time full_longest, full;       // a pipe to a node was full: the worst node, and all together
    uint32_t full_node;               // that one
    bool has_waits;                   // known on Linux only:
    gv_time wait;  // how long a thread of a node waited for a processor, each time
                   // that it wanted one, on average
    gv_time limit; // GV_TIME_NEVER: any delay will do
};

// Whether the machine was too slow to judge the nodes; then `why` says what was late. One delay in
// a hundred may exceed the limit, or the nodes' mean wait for a processor; none, including times
// when gvsim stood still, GV_LATENESS_LONGEST times the limit.
bool gv_lateness_too_slow(const struct gv_lateness *lateness, char why[GV_LATENESS_REASON_MAX]);

// A line for people; and a member "lateness" for JSON, with a comma before it. Neither prints
// anything if nothing was measured.
void gv_lateness_print(const struct gv_lateness *lateness, FILE *out);
void gv_lateness_json(const struct gv_lateness *lateness, FILE *out);

#endif
