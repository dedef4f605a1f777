// SPDX-License-Identifier: MIT
// What a scenario does to nodes, as far as the network is not concerned. Its steps may overlap: a
// node is down, or still, while any of them has it so.
#ifndef GV_SIM_FATE_H
#define GV_SIM_FATE_H

#include "scenario.h"

enum gv_fate {
    GV_FATE_CRASH, // it is down; maybe it was already
    GV_FATE_START, // it is up again, and will be initialised next
    GV_FATE_PAUSE, // it takes and says nothing
    GV_FATE_RESUME,
    GV_FATE_SLOW,    // from now on a line costs it so much more …
    GV_FATE_FAST,    // … or less again
    GV_FATE_CLOCK,   // its clock jumps
    GV_FATE_DRIFT,   // its clock gains so much more …
    GV_FATE_UNDRIFT, // … or less again
};

struct gv_fate_table {
    uint32_t nodes;
    uint32_t *crashes, *pauses; // steps under way that keep a node down, and still
};

void gv_fate_init(struct gv_fate_table *table, uint32_t nodes);
void gv_fate_fini(struct gv_fate_table *table);

// What the beginning or the end of a step is to its nodes. False: nothing.
bool gv_fate_of(const struct gv_scenario_step *step, bool begins, enum gv_fate *fate);

// A node meets this fate. Returns whether that changes anything, after all it has met before; a
// further crash does, for it may do more to its disk.
bool gv_fate_meet(struct gv_fate_table *table, uint32_t node, enum gv_fate fate);

#endif
