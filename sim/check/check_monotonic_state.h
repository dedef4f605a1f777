// SPDX-License-Identifier: MIT
// What a replica knows it never forgets while its node lives: the number of its entries only grows,
// and a value whose addition the node acknowledges is in it by then.
#ifndef GV_SIM_CHECK_CHECK_MONOTONIC_STATE_H
#define GV_SIM_CHECK_CHECK_MONOTONIC_STATE_H

#include "verdict.h"

struct gv_check_monotonic_state {
    uint32_t nodes;
    uint64_t *entries; // of a node's replica, at the last look
};

void gv_check_monotonic_state_init(struct gv_check_monotonic_state *monotonic, uint32_t nodes);
void gv_check_monotonic_state_fini(struct gv_check_monotonic_state *monotonic);

// A node's replica has so many entries.
void gv_check_monotonic_state_entries(struct gv_check_monotonic_state *monotonic, uint32_t node,
                                      uint64_t entries, struct gv_verdict_errors *errors);
// It acknowledged the addition of a value, and its replica `holds` it, or does not.
void gv_check_monotonic_state_added(uint32_t node, const char *value, bool holds,
                                    struct gv_verdict_errors *errors);
// A fault took what it had.
void gv_check_monotonic_state_reset(struct gv_check_monotonic_state *monotonic, uint32_t node);

#endif
