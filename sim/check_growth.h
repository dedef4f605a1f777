// SPDX-License-Identifier: MIT
// What a replica knows it never forgets while its node lives: the number of its entries only grows,
// and a value whose addition the node acknowledges is in it by then.
#ifndef GV_SIM_CHECK_GROWTH_H
#define GV_SIM_CHECK_GROWTH_H

#include "errors.h"

struct gv_check_growth {
    uint32_t nodes;
    uint64_t *entries; // of a node's replica, at the last look
};

void gv_check_growth_init(struct gv_check_growth *growth, uint32_t nodes);
void gv_check_growth_fini(struct gv_check_growth *growth);

// A node's replica has so many entries.
void gv_check_growth_look(struct gv_check_growth *growth, uint32_t node, uint64_t entries,
                          struct gv_errors *errors);
// It acknowledged the addition of a value, and its replica `holds` it, or does not.
void gv_check_growth_added(uint32_t node, const char *value, bool holds, struct gv_errors *errors);
// A fault took what it had.
void gv_check_growth_forget(struct gv_check_growth *growth, uint32_t node);

#endif
