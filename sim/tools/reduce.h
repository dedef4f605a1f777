// SPDX-License-Identifier: MIT
// Reduces a scenario that reproduces a failure to fewer faults, nodes and operations. Delta
// debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
// Transactions on Software Engineering 28, 2002), on the words of the text: clauses of steps are
// removed, numbers decreased, groups made smaller. Texts that are not a scenario are not tried, so
// the reducer needs no knowledge of the kinds of steps.
#ifndef GV_SIM_TOOLS_REDUCE_H
#define GV_SIM_TOOLS_REDUCE_H

#include "../faults/scenario.h"

enum { GV_REDUCE_SEEDS = 3 }; // other seeds tried for a change that alters the random choices

struct gv_reduce_config {
    // Whether a scenario, as text, reproduces the failure. It must be deterministic.
    bool (*shows)(void *ctx, const char *text, size_t len);
    // Called after each attempt, with the best scenario so far. May be NULL.
    void (*progress)(void *ctx, uint64_t tries, const struct gv_scenario *best);
    void *ctx;
    uint64_t tries_most; // maximum number of attempts
};

// Reduces the text, a scenario that reproduces the failure and sets workload, nodes, rate,
// time-limit and seed. Returns the reduced text, which the caller frees, and its length in *out.
char *gv_reduce_text(const struct gv_reduce_config *config, const char *text, size_t len,
                     size_t *out);

#endif
