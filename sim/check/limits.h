// SPDX-License-Identifier: MIT
// The figures of a run that are worth a threshold, and thresholds for them: for those who want a
// run to fail when it costs too much.
#ifndef GV_SIM_CHECK_LIMITS_H
#define GV_SIM_CHECK_LIMITS_H

#include "result.h"

enum gv_limits_metric {
    GV_LIMITS_MSGS,   // between nodes, an operation
    GV_LIMITS_BYTES,  // of these
    GV_LIMITS_MEDIAN, // stable latency, ms, and what follows
    GV_LIMITS_P99,
    GV_LIMITS_LONGEST,
    GV_LIMITS_CLIENT, // 99 % of client latencies, ms
    GV_LIMITS_METRICS,
};

struct gv_limits_metrics {
    bool has[GV_LIMITS_METRICS]; // measured
    double at[GV_LIMITS_METRICS];
};

struct gv_limits {
    double most[GV_LIMITS_METRICS]; // 0: any
    double ratio;                   // to another run's; 0: any
};

// What to call a figure: "messages an operation", "median latency, ms".
const char *gv_limits_name(enum gv_limits_metric metric);
// … and with how many digits after the point to show it.
int gv_limits_digits(enum gv_limits_metric metric);

struct gv_limits_metrics gv_limits_of(const struct gv_result *result);

// Says on `out`, a line each, which figures exceed their limits, or have one and were not measured.
// Returns how many.
int gv_limits_check(const struct gv_limits *limits, const struct gv_limits_metrics *metrics,
                    FILE *out);

// Prints a result, and which limits it exceeds: first of all if nothing else is wrong with it.
// Returns whether it exceeds none. `color`: as of gv_result_print.
bool gv_limits_print(const struct gv_limits *limits, const struct gv_result *result, FILE *out,
                     bool color);

#endif
