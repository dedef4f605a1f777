// SPDX-License-Identifier: MIT
// The time from the end of a partition until replicas have converged; each measurement is a
// *watch*. Sets: until each node has all values that were known when the partition healed.
// Counters: until all nodes return one sum that is correct, which may take until the additions end,
// since a sum does not show its additions.
#ifndef GV_SIM_CHECK_CONVERGENCE_H
#define GV_SIM_CHECK_CONVERGENCE_H

#include "../../merkle/base.h"

struct gv_convergence {
    uint32_t nodes;
    uint32_t settled; // nodes that have converged since the watch began (sets)
    uint64_t watches; // number of watches so far
    bool watching;
    bool healing; // the watch began when a partition healed, so it is measured
    gv_time began_at;
    uint64_t index;  // index of the history when the watch began
    bool *done;      // by node: it has converged
    bool *seen;      // by node, counters: it was read since the watch began
    int64_t *values; // by node: its latest read
    bool measured;   // a time was measured
    gv_time worst;   // the longest time measured
};

void gv_convergence_init(struct gv_convergence *convergence, uint32_t nodes);
void gv_convergence_fini(struct gv_convergence *convergence);

// Begins a watch, and ends the one in progress without measuring. `healing`: a partition healed;
// false: the operations ended, and the time is not measured. `index`: next index of the history.
void gv_convergence_begin(struct gv_convergence *convergence, gv_time now, uint64_t index,
                          bool healing);
// Ends the watch without measuring, because a partition began.
static inline void gv_convergence_cut(struct gv_convergence *convergence) {
    convergence->watching = false;
}

// Notes how many of the values that were known when the watch began a node misses.
void gv_convergence_missing(struct gv_convergence *convergence, gv_time now, uint32_t node,
                            size_t missing);
// Notes a read of a node's counter. True: the latest reads of all nodes are equal. Then the caller
// checks the sum, and calls gv_convergence_agreed if it is correct.
bool gv_convergence_value(struct gv_convergence *convergence, uint32_t node, int64_t value);
void gv_convergence_agreed(struct gv_convergence *convergence, gv_time now);

#endif
