// SPDX-License-Identifier: MIT
// How long after a partition heals until the cluster agrees again. Sets: until each node shows all
// values that were known when it healed. Counters, whose value does not tell what went into it:
// until all nodes read the same and right sum, which may take until the additions end.
#ifndef GV_SIM_CHECK_CONVERGENCE_H
#define GV_SIM_CHECK_CONVERGENCE_H

#include "../../merkle/base.h"

struct gv_convergence {
    uint32_t nodes, settled;
    uint64_t watches; // begun so far
    bool watching;
    bool healing; // what is watched began with a heal, and counts
    gv_time began_at;
    uint64_t index; // of the history, when it began
    bool *done;     // nodes that need no more looking at
    bool *seen;     // counters: nodes that answered since
    int64_t *values;
    bool measured;
    gv_time worst; // the longest of all measured
};

void gv_convergence_init(struct gv_convergence *convergence, uint32_t nodes);
void gv_convergence_fini(struct gv_convergence *convergence);

// Begins to watch; what was being watched is not measured. healing: because a partition healed,
// not merely because the operations ended. `index`: the history's next.
void gv_convergence_begin(struct gv_convergence *convergence, gv_time now, uint64_t index,
                          bool healing);
// A new partition came first: what was being watched is not measured.
void gv_convergence_cut(struct gv_convergence *convergence);

// A node was found to miss so many of the values known when the watch began.
void gv_convergence_missing(struct gv_convergence *convergence, gv_time now, uint32_t node,
                            size_t missing);
// A node's counter was read. Returns true if all nodes now read the same; if that is the right
// sum, the caller says so by gv_convergence_agreed.
bool gv_convergence_value(struct gv_convergence *convergence, uint32_t node, int64_t value);
void gv_convergence_agreed(struct gv_convergence *convergence, gv_time now);

#endif
