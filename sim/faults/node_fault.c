// SPDX-License-Identifier: MIT
#include "node_fault.h"

#include "../core/memory.h"

// The faults at both ends of a step; most kinds of steps have none.
static const struct ends {
    int count;
    enum gv_node_fault at[2];
} ends[GV_SCENARIO_DRIFT + 1] = {
    [GV_SCENARIO_CRASH] = {2, {GV_NODE_FAULT_CRASH, GV_NODE_FAULT_RESTART}},
    [GV_SCENARIO_PAUSE] = {2, {GV_NODE_FAULT_PAUSE, GV_NODE_FAULT_RESUME}},
    [GV_SCENARIO_SLOW] = {2, {GV_NODE_FAULT_SLOW, GV_NODE_FAULT_UNSLOW}},
    [GV_SCENARIO_CLOCK] = {1, {GV_NODE_FAULT_CLOCK_STEP}},
    [GV_SCENARIO_DRIFT] = {2, {GV_NODE_FAULT_DRIFT, GV_NODE_FAULT_UNDRIFT}},
};

void gv_node_fault_init(struct gv_node_fault_table *table, uint32_t nodes) {
    table->nodes = nodes;
    GV_MEMORY_ARRAY(table->crashes, nodes);
    GV_MEMORY_ARRAY(table->pauses, nodes);
}

void gv_node_fault_fini(struct gv_node_fault_table *table) {
    free(table->crashes);
    free(table->pauses);
}

bool gv_node_fault_of(const struct gv_scenario_step *step, bool begins, enum gv_node_fault *fault) {
    GV_ASSERT((size_t)step->kind < GV_COUNT(ends));
    const struct ends *of = &ends[step->kind];
    int end = begins ? 0 : 1;
    if (end >= of->count) return false;
    *fault = of->at[end];
    return true;
}

bool gv_node_fault_apply(struct gv_node_fault_table *table, uint32_t node,
                         enum gv_node_fault fault) {
    GV_ASSERT(node < table->nodes);
    switch (fault) {
    case GV_NODE_FAULT_CRASH:
        table->crashes[node]++;
        return true;
    case GV_NODE_FAULT_RESTART:
        GV_ASSERT(table->crashes[node] > 0);
        return --table->crashes[node] == 0;
    case GV_NODE_FAULT_PAUSE:
        return table->pauses[node]++ == 0;
    case GV_NODE_FAULT_RESUME:
        GV_ASSERT(table->pauses[node] > 0);
        return --table->pauses[node] == 0;
    default:
        return true;
    }
}
