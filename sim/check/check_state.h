// SPDX-License-Identifier: MIT
// The state of a replica is monotonic and durable:
//   - while a node runs, its number of entries only grows;
//   - a value is in the replica when its node acknowledges the addition;
//   - if a write is acknowledged only once it is on disk, the replica does not contain it before,
//     or a read could return a value that a crash destroys.
#ifndef GV_SIM_CHECK_CHECK_STATE_H
#define GV_SIM_CHECK_CHECK_STATE_H

#include "../../merkle/digest.h"
#include "verdict.h"

struct gv_check_state {
    uint64_t *entries; // by node: entries of its replica when it was last inspected
};

void gv_check_state_init(struct gv_check_state *state, uint32_t nodes);
void gv_check_state_fini(struct gv_check_state *state);

// Checks the number of entries of a node's replica. Error: GV_VERDICT_ENTRIES_LOST if it decreased.
void gv_check_state_entries(struct gv_check_state *state, uint32_t node, uint64_t entries,
                            struct gv_verdict_errors *errors);

// Notes that a fault destroyed the node's entries.
static inline void gv_check_state_reset(struct gv_check_state *state, uint32_t node) {
    state->entries[node] = 0;
}

// Checks an acknowledged addition. `present`: the node's replica contains the value. Error:
// GV_VERDICT_ACKED_ABSENT if it does not.
void gv_check_state_added(uint32_t node, const char *value, bool present,
                          struct gv_verdict_errors *errors);

// Checks a client's request to a node that acknowledges writes only when they are on disk. `before`
// and `after`: roots of its replica around the request. Error: GV_VERDICT_NOT_DURABLE_YET if they
// differ.
void gv_check_state_request(uint32_t node, struct gv_digest before, struct gv_digest after,
                            struct gv_verdict_errors *errors);

#endif
