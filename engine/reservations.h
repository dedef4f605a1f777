// SPDX-License-Identifier: MIT
// Reservations: entries that are admitted and wait for the store (gv_store_reserve), counted so
// that the bounds hold when they are put later. Internal to engine/.
//
// A version is one write that waits. Versions of one entry share a slot in a hash table of fixed
// size, under a 64-bit hash of the entry's key (its id). If the table is full or cannot be
// allocated, a version is untracked and counts as an entry of its own. Keys chosen to have one id
// count as one entry, so a caller who can construct them may exceed entries_max by the number of
// writes that wait.
//
// The weight of a version is the memory that it can need, in bytes (gv_replica_reservation).
#ifndef GV_ENGINE_RESERVATIONS_H
#define GV_ENGINE_RESERVATIONS_H

#include "store.h"

enum { GV_RESERVATIONS_SLOTS = GV_STORE_RESERVED_MAX / 3 * 4 };

struct gv_reservations_slot {
    uint64_t id;       // of the entry
    uint32_t versions; // waiting versions; 0: the slot is free
    uint32_t largest;  // largest weight that will fit, bytes
    uint32_t bytes;    // reserved for the entry
    bool is_stored;    // the replica has a version
};

// Zeroed, it has no reservations.
struct gv_reservations {
    struct gv_reservations_slot *slots; // the table, allocated by the first version; or NULL
    uint32_t used;                      // slots in use
    uint64_t versions;                  // waiting versions
    uint64_t entries;                   // of their entries: those that the replica does not have
    uint64_t bytes;                     // reserved for all
    uint64_t untracked;                 // of the versions: those without a slot
    uint64_t untracked_bytes;           // their weight
};

void gv_reservations_fini(struct gv_reservations *reservations, struct gv_alloc alloc);

// Adds a version. `is_stored`: the replica has a version of the entry; `fits`: this one fits into
// the record of that.
void gv_reservations_add(struct gv_reservations *reservations, struct gv_alloc alloc, uint64_t id,
                         uint64_t weight, bool is_stored, bool fits);
// Removes a version; no effect if there is none.
void gv_reservations_remove(struct gv_reservations *reservations, uint64_t id, uint64_t weight);
// The replica now has a version of this weight.
void gv_reservations_mark_stored(struct gv_reservations *reservations, uint64_t id,
                                 uint64_t weight);

// Whether a version of this entry waits in a slot; *largest is then the largest weight that will
// fit.
bool gv_reservations_find(const struct gv_reservations *reservations, uint64_t id,
                          uint64_t *largest);

#endif
