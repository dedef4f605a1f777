// SPDX-License-Identifier: MIT
// Faults of nodes, as opposed to the network. Steps of a scenario may overlap: a node is down or
// paused while at least one active step makes it so.
#ifndef GV_SIM_FAULTS_NODE_FAULT_H
#define GV_SIM_FAULTS_NODE_FAULT_H

#include "scenario.h"

enum gv_node_fault {
    GV_NODE_FAULT_CRASH,   // the node crashes; it may be down already
    GV_NODE_FAULT_RESTART, // the node starts, and is initialised next
    GV_NODE_FAULT_PAUSE,   // the node neither receives nor sends
    GV_NODE_FAULT_RESUME,
    GV_NODE_FAULT_SLOW,       // each line costs the node more time
    GV_NODE_FAULT_UNSLOW,     // ends a SLOW
    GV_NODE_FAULT_CLOCK_STEP, // its clock steps
    GV_NODE_FAULT_DRIFT,      // its clock drifts more
    GV_NODE_FAULT_UNDRIFT,    // ends a DRIFT
};

struct gv_node_fault_table {
    uint32_t nodes;
    uint32_t *crashes, *pauses; // by node: active steps that keep it down, or paused
};

void gv_node_fault_init(struct gv_node_fault_table *table, uint32_t nodes);
void gv_node_fault_fini(struct gv_node_fault_table *table);

// The fault at the beginning or the end of a step. False: none.
bool gv_node_fault_of(const struct gv_scenario_step *step, bool begins, enum gv_node_fault *fault);

// Applies a fault to a node. Returns whether it has an effect, given the other active steps. A
// crash of a node that is down has one, since it may damage the disk more.
bool gv_node_fault_apply(struct gv_node_fault_table *table, uint32_t node,
                         enum gv_node_fault fault);

#endif
