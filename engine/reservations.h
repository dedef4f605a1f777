// SPDX-License-Identifier: MIT
// Reservations: entries that are admitted and wait for the store (gv_store_reserve). They are
// counted, so that the limits hold when they are put later. Internal to engine/.
//
// A version is one waiting write. The versions of one entry share a slot in a hash table of fixed
// size, under a 64-bit hash of the entry's key (its id). If the table is full or cannot be
// allocated, a version is untracked and counts as an entry of its own. Keys with the same id count
// as one entry, so a caller who can construct such keys may exceed entries_max by the number of
// waiting writes.
//
// The weight of a version is the memory that it can need, in bytes (gv_replica_reservation).
#ifndef GV_ENGINE_RESERVATIONS_H
#define GV_ENGINE_RESERVATIONS_H

#include "store.h"

enum { GV_RESERVATIONS_SLOTS = GV_STORE_RESERVED_MAX / 3 * 4 };

struct gv_reservations_slot {
    uint64_t id;       // id of the entry
    uint32_t versions; // number of reserved versions; 0: the slot is free
    uint32_t largest;  // largest weight that fits into the entry's record, bytes
    uint32_t bytes;    // bytes reserved for the entry
    bool is_stored;    // the replica has a version of the entry
};

// Zeroed: no reservations.
struct gv_reservations {
    struct gv_reservations_slot *slots; // the table, or NULL before the first version
    uint32_t used;                      // slots in use
    uint64_t versions;                  // reserved versions
    uint64_t entries;                   // entries with reservations that the replica does not have
    uint64_t bytes;                     // total bytes reserved
    uint64_t untracked;                 // reserved versions without a slot
    uint64_t untracked_bytes;           // total weight of the untracked versions
};

void gv_reservations_fini(struct gv_reservations *reservations, struct gv_alloc alloc);

// Adds a version. `weight`: bytes to reserve for it. `is_stored`: the replica has a version of the
// entry. `fits`: the new version fits into the record of the stored version.
void gv_reservations_add(struct gv_reservations *reservations, struct gv_alloc alloc, uint64_t id,
                         uint64_t weight, bool is_stored, bool fits);
// Removes a version. No effect if the entry has none.
void gv_reservations_remove(struct gv_reservations *reservations, uint64_t id, uint64_t weight);
// Notes that the replica now has a version of this weight.
void gv_reservations_mark_stored(struct gv_reservations *reservations, uint64_t id,
                                 uint64_t weight);

// Whether a version of this entry is reserved in a slot. If so, *largest is the largest weight that
// fits into the entry's record.
bool gv_reservations_find(const struct gv_reservations *reservations, uint64_t id,
                          uint64_t *largest);

#endif
