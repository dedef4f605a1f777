// SPDX-License-Identifier: MIT
#include "fate.h"

#include "memory.h"

#include <stdlib.h>

// Of most kinds of steps neither end is anything to a node.
static const struct ends {
    int count;
    enum gv_fate at[2];
} ends[GV_SCENARIO_DRIFT + 1] = {
    [GV_SCENARIO_CRASH] = {2, {GV_FATE_CRASH, GV_FATE_START}},
    [GV_SCENARIO_PAUSE] = {2, {GV_FATE_PAUSE, GV_FATE_RESUME}},
    [GV_SCENARIO_SLOW] = {2, {GV_FATE_SLOW, GV_FATE_FAST}},
    [GV_SCENARIO_CLOCK] = {1, {GV_FATE_CLOCK}},
    [GV_SCENARIO_DRIFT] = {2, {GV_FATE_DRIFT, GV_FATE_UNDRIFT}},
};

void gv_fate_init(struct gv_fate_table *table, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *table = (struct gv_fate_table){
        .nodes = nodes,
        .crashes = gv_memory_new(nodes * sizeof *table->crashes),
        .pauses = gv_memory_new(nodes * sizeof *table->pauses),
    };
}

void gv_fate_fini(struct gv_fate_table *table) {
    GV_ASSERT(table != NULL);
    free(table->crashes);
    free(table->pauses);
    *table = (struct gv_fate_table){0};
}

bool gv_fate_of(const struct gv_scenario_step *step, bool begins, enum gv_fate *fate) {
    GV_ASSERT((size_t)step->kind < sizeof ends / sizeof *ends);
    const struct ends *of = &ends[step->kind];
    int end = begins ? 0 : 1;
    if (end >= of->count) return false;
    *fate = of->at[end];
    return true;
}

bool gv_fate_meet(struct gv_fate_table *table, uint32_t node, enum gv_fate fate) {
    GV_ASSERT(node < table->nodes);
    switch (fate) {
    case GV_FATE_CRASH:
        table->crashes[node]++;
        return true;
    case GV_FATE_START:
        GV_ASSERT(table->crashes[node] > 0);
        return --table->crashes[node] == 0;
    case GV_FATE_PAUSE:
        return table->pauses[node]++ == 0;
    case GV_FATE_RESUME:
        GV_ASSERT(table->pauses[node] > 0);
        return --table->pauses[node] == 0;
    case GV_FATE_SLOW:
    case GV_FATE_FAST:
    case GV_FATE_CLOCK:
    case GV_FATE_DRIFT:
    case GV_FATE_UNDRIFT:
        break;
    }
    return true;
}
