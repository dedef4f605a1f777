// SPDX-License-Identifier: MIT
// Cuts a scenario that shows something down to what it takes to show it: fewer faults, nodes and
// operations, shorter and simpler. After Zeller and Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input" (IEEE Transactions on Software Engineering 28, 2002), but over the words
// of the text: a step loses clauses, its numbers shrink, its groups get smaller. Whatever is no
// scenario any more is not tried, so this knows nothing about the kinds of steps.
#ifndef GV_SIM_TOOLS_REDUCE_H
#define GV_SIM_TOOLS_REDUCE_H

#include "../faults/scenario.h"

enum { GV_REDUCE_SEEDS = 3 }; // other seeds tried, where a change makes another run of it anyway

struct gv_reduce_config {
    // Whether a scenario, as text, still shows it. It must answer the same each time.
    bool (*shows)(void *ctx, const char *text, size_t len);
    // Called after each such question, with the best scenario so far. May be NULL.
    void (*progress)(void *ctx, uint64_t tries, const struct gv_scenario *best);
    void *ctx;
    uint64_t tries_most; // questions
};

// Cuts down the text, which must be a scenario that shows it and sets its workload, nodes, rate,
// time-limit and seed. Returns what is left, as text that the caller frees, and its length.
char *gv_reduce_text(const struct gv_reduce_config *config, const char *text, size_t len,
                     size_t *out);

#endif
