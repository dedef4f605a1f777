// SPDX-License-Identifier: MIT
// Limits of a run's costs: a run that exceeds one fails.
#ifndef GV_SIM_CHECK_LIMITS_H
#define GV_SIM_CHECK_LIMITS_H

#include "result.h"

enum gv_limits_metric {
    GV_LIMITS_MSGS,   // messages between nodes per operation
    GV_LIMITS_BYTES,  // bytes between nodes per operation
    GV_LIMITS_MEDIAN, // stable latency, ms; also the next two
    GV_LIMITS_P99,
    GV_LIMITS_LONGEST,
    GV_LIMITS_CLIENT, // 99 % of client latencies, ms
    GV_LIMITS_METRICS,
};

struct gv_limits_metrics {
    bool has[GV_LIMITS_METRICS]; // the metric was measured
    double at[GV_LIMITS_METRICS];
};

struct gv_limits {
    double most[GV_LIMITS_METRICS]; // 0: no limit
    double ratio;                   // largest multiple of another run's metric; 0: no limit
};

// How each metric is printed.
extern const struct gv_limits_label {
    const char *name; // "median latency, ms"
    int digits;       // after the point
} gv_limits_labels[];

struct gv_limits_metrics gv_limits_of(const struct gv_result *result);

// Prints a line for each metric that exceeds its limit, or that has a limit and was not measured.
// Returns the number of lines.
int gv_limits_check(const struct gv_limits *limits, const struct gv_limits_metrics *metrics,
                    FILE *out);

// Prints a result and the limits that it exceeds; if the run is valid, the limits first. Returns
// true if it exceeds none. `color`: as for gv_result_print.
bool gv_limits_print(const struct gv_limits *limits, const struct gv_result *result, FILE *out,
                     bool color);

#endif
