// SPDX-License-Identifier: MIT
// One alarm a node, each of which may be moved at any time: a binary heap that knows where each
// node stands in it. Alarms of one time go off in the order of the nodes.
#ifndef GV_SIM_ALARMS_H
#define GV_SIM_ALARMS_H

#include "../merkle/base.h"

struct gv_alarms {
    uint32_t nodes, len;
    uint32_t *heap;  // nodes whose alarm is set
    uint32_t *place; // a node's place in the heap; UINT32_MAX: not set
    gv_time *due;
};

void gv_alarms_init(struct gv_alarms *alarms, uint32_t nodes);
void gv_alarms_fini(struct gv_alarms *alarms);

// Sets or moves a node's alarm; GV_TIME_NEVER takes it away.
void gv_alarms_set(struct gv_alarms *alarms, uint32_t node, gv_time due);

// When the first goes off; GV_TIME_NEVER if none is set.
gv_time gv_alarms_due(const struct gv_alarms *alarms);
// Whose that is. At least one must be set.
uint32_t gv_alarms_first(const struct gv_alarms *alarms);

#endif
