// SPDX-License-Identifier: MIT
// Draws reads and writes of keys as Elle's generator of transactions does (wr-txns of elle.txn): a
// fixed number of keys are active, and each is drawn with twice the probability of the key before
// it. The values 1, 2, 3, … are written to a key up to a largest number of writes; then a fresh key
// replaces the key.
#ifndef GV_SIM_CORE_KEY_DRAW_H
#define GV_SIM_CORE_KEY_DRAW_H

#include "../../engine/prng.h"

enum {
    GV_KEY_DRAW_ACTIVE = 10, // Maelstrom's default of --key-count
    GV_KEY_DRAW_ACTIVE_MAX = 64,
    GV_KEY_DRAW_WRITES_MAX = 16, // Maelstrom's default of --max-writes-per-key
};

// To initialise it, zero the struct and set `max_writes`.
struct gv_key_draw {
    uint32_t max_writes; // 1 or more
    uint32_t count; // number of active keys, at most GV_KEY_DRAW_ACTIVE_MAX; 0: GV_KEY_DRAW_ACTIVE
    uint64_t next;  // the next fresh key; 0 before the first draw
    struct gv_key_draw_key {
        uint64_t key;
        uint32_t writes;
    } active[GV_KEY_DRAW_ACTIVE_MAX];
};

// Returns whether the next micro-operation is a write. Sets the key and, for a write, the value.
bool gv_key_draw_next(struct gv_key_draw *draw, struct gv_prng *prng, uint64_t *key,
                      int64_t *value);

#endif
