// SPDX-License-Identifier: MIT
// Entries that are admitted and wait for the store: how many of them are new, and how much memory
// they will take. Versions of one entry that wait at once count together. Internal to engine/.
//
// An entry is known here by a hash of its key, in a table of a fixed size. If the table is full or
// cannot be allocated, each further version counts as an entry of its own. Keys made to share a
// hash count as one entry, so whoever can make them exceeds entries_max by what waits at once.
#ifndef GV_ENGINE_WAITING_H
#define GV_ENGINE_WAITING_H

#include "store.h"

enum { GV_WAITING_SLOTS = GV_STORE_WAITING_MAX / 3 * 4 };

struct gv_waiting_slot {
    uint64_t id;       // of the entry
    uint32_t versions; // that wait; 0: the slot is free
    uint32_t heaviest; // the largest weight for which there will be room, bytes
    uint32_t bytes;    // counted for the entry
    bool held;         // the replica has a version
};

// Zeroed, nothing waits.
struct gv_waiting {
    struct gv_waiting_slot *slots; // allocated by the first version that waits, or NULL
    uint32_t used;
    uint64_t versions, entries, bytes; // entries: those that the replica does not have
    uint64_t apart, apart_bytes;       // of these: versions without a slot
};

void gv_waiting_fini(struct gv_waiting *waiting, struct gv_alloc alloc);

// A version waits, of a weight in bytes (gv_replica_weight). `held`: the replica has a version of
// this entry; `fits`: and its record has room for this one.
void gv_waiting_add(struct gv_waiting *waiting, struct gv_alloc alloc, uint64_t id, uint64_t weight,
                    bool held, bool fits);
// A version no longer waits; nothing happens if none did.
void gv_waiting_remove(struct gv_waiting *waiting, uint64_t id, uint64_t weight);
// The replica has a version of this weight now.
void gv_waiting_held(struct gv_waiting *waiting, uint64_t id, uint64_t weight);

// Whether a version of this entry waits; *heaviest becomes the weight for which there will be room.
bool gv_waiting_find(const struct gv_waiting *waiting, uint64_t id, uint64_t *heaviest);

#endif
