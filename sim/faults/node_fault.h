// SPDX-License-Identifier: MIT
// What a scenario does to nodes, as far as the network is not concerned. Its steps may overlap: a
// node is down, or still, while any of them has it so.
#ifndef GV_SIM_FAULTS_NODE_FAULT_H
#define GV_SIM_FAULTS_NODE_FAULT_H

#include "scenario.h"

enum gv_node_fault {
    GV_NODE_FAULT_CRASH,   // it is down; maybe it was already
    GV_NODE_FAULT_RESTART, // it is up again, and will be initialised next
    GV_NODE_FAULT_PAUSE,   // it takes and says nothing
    GV_NODE_FAULT_RESUME,
    GV_NODE_FAULT_SLOW,       // from now on a line costs it so much more …
    GV_NODE_FAULT_UNSLOW,     // … or less again
    GV_NODE_FAULT_CLOCK_STEP, // its clock jumps
    GV_NODE_FAULT_DRIFT,      // its clock gains so much more …
    GV_NODE_FAULT_UNDRIFT,    // … or less again
};

struct gv_node_fault_table {
    uint32_t nodes;
    uint32_t *crashes, *pauses; // steps under way that keep a node down, and still
};

void gv_node_fault_init(struct gv_node_fault_table *table, uint32_t nodes);
void gv_node_fault_fini(struct gv_node_fault_table *table);

// What the beginning or the end of a step is to its nodes. False: nothing.
bool gv_node_fault_of(const struct gv_scenario_step *step, bool begins, enum gv_node_fault *fault);

// A node is given this fault. Returns whether that changes anything, after all it has met before; a
// further crash does, for it may do more to its disk.
bool gv_node_fault_apply(struct gv_node_fault_table *table, uint32_t node,
                         enum gv_node_fault fault);

#endif
