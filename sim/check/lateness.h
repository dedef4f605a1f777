// SPDX-License-Identifier: MIT
// Whether the host was fast enough for a run in real time: how late gvsim processed events, how
// long pipes to nodes were full, and how long nodes waited for a processor. On an overloaded host,
// the measured latencies and message counts are not properties of the nodes.
#ifndef GV_SIM_CHECK_LATENESS_H
#define GV_SIM_CHECK_LATENESS_H

#include "../../merkle/base.h"

#include <stdio.h>

enum {
    GV_LATENESS_BINS = 320,   // 8 for each power of two: quantiles are within 13 %
    GV_LATENESS_LONGEST = 10, // the longest delay, in multiples of the limit
    GV_LATENESS_FEW = 100,    // below this count, the 99 % quantile is the longest delay
    GV_LATENESS_REASON_MAX = 160,
};

// A histogram of delays, in constant memory.
struct gv_lateness_histogram {
    uint64_t count, bins[GV_LATENESS_BINS];
    gv_time longest;
};

void gv_lateness_add(struct gv_lateness_histogram *histogram, gv_time delay);

// An upper bound of the quantile at `share`, 0 to 1; 0 if there are no delays.
gv_time gv_lateness_quantile(const struct gv_lateness_histogram *histogram, double share);

struct gv_lateness {
    bool measured;                       // in real time only
    struct gv_lateness_histogram events; // delays of deliveries, requests and timers
    gv_time stalled_longest, stalled; // times in which gvsim did not run: the longest, and the sum
    gv_time full_longest, full; // times in which a pipe to a node was full: worst node, and the sum
    uint32_t full_node;         // the worst node
    bool has_waits;             // `wait` is measured (Linux)
    gv_time wait;               // mean run delay of the nodes' threads
    gv_time limit;              // limit of delays; GV_TIME_NEVER: none
};

// Whether the host was too slow to check the nodes; then `why` is the reason. It was too slow if
// the 99 % quantile of delays exceeds the limit, or the longest delay or stall exceeds
// GV_LATENESS_LONGEST times the limit, or the mean run delay of nodes exceeds the limit.
bool gv_lateness_too_slow(const struct gv_lateness *lateness, char why[GV_LATENESS_REASON_MAX]);

// Prints up to three lines of text, or a comma and the member "lateness" of a JSON object. Neither
// prints anything if nothing was measured.
void gv_lateness_print(const struct gv_lateness *lateness, FILE *out);
void gv_lateness_json(const struct gv_lateness *lateness, FILE *out);

#endif
