// SPDX-License-Identifier: MIT
#include "reservations.h"

enum {
    MASK = GV_RESERVATIONS_SLOTS - 1,
    SIZE = GV_RESERVATIONS_SLOTS * sizeof(struct gv_reservations_slot)
};
_Static_assert((GV_RESERVATIONS_SLOTS & MASK) == 0, "a power of two");

void gv_reservations_fini(struct gv_reservations *reservations, struct gv_alloc alloc) {
    gv_alloc_free(alloc, reservations->slots, SIZE);
    *reservations = (struct gv_reservations){0};
}

// The index of the entry's slot, or of the free slot that the entry would get.
static size_t probe(const struct gv_reservations *reservations, uint64_t id) {
    size_t at = id & MASK;
    while (reservations->slots[at].versions > 0 && reservations->slots[at].id != id)
        at = (at + 1) & MASK;
    return at;
}

// Finds the entry's slot and sets *at to its index. Returns false if the entry has none.
static bool find(const struct gv_reservations *reservations, uint64_t id, size_t *at) {
    if (reservations->used == 0) return false;
    *at = probe(reservations, id);
    return reservations->slots[*at].versions > 0;
}

// The entry's slot, or a free one that it gets. NULL if the table is full or cannot be allocated.
static struct gv_reservations_slot *claim(struct gv_reservations *reservations,
                                          struct gv_alloc alloc, uint64_t id, bool is_stored) {
    if (reservations->slots == NULL) {
        reservations->slots = gv_alloc_new(alloc, SIZE);
        if (reservations->slots == NULL) return NULL;
        memset(reservations->slots, 0, SIZE);
    }
    struct gv_reservations_slot *slot = &reservations->slots[probe(reservations, id)];
    if (slot->versions > 0) return slot;
    if (reservations->used == GV_STORE_RESERVED_MAX) return NULL;
    reservations->used++;
    reservations->entries += !is_stored;
    *slot = (struct gv_reservations_slot){.id = id, .is_stored = is_stored};
    return slot;
}

// Frees a slot, and moves later slots of the same run up so that linear probing still finds them.
static void erase(struct gv_reservations *reservations, size_t hole) {
    const struct gv_reservations_slot *slot = &reservations->slots[hole];
    size_t at = hole;
    reservations->used--;
    reservations->entries -= !slot->is_stored;
    reservations->bytes -= slot->bytes;
    for (;;) {
        at = (at + 1) & MASK;
        if (reservations->slots[at].versions == 0) break;
        size_t home = reservations->slots[at].id & MASK;
        if (((at - home) & MASK) < ((at - hole) & MASK)) continue;
        reservations->slots[hole] = reservations->slots[at];
        hole = at;
    }
    reservations->slots[hole].versions = 0;
}

void gv_reservations_add(struct gv_reservations *reservations, struct gv_alloc alloc, uint64_t id,
                         uint64_t weight, bool is_stored, bool fits) {
    GV_ASSERT(weight <= UINT32_MAX / GV_RESERVATIONS_SLOTS);
    struct gv_reservations_slot *slot = claim(reservations, alloc, id, is_stored);
    reservations->versions++;
    if (slot == NULL) {
        reservations->untracked++;
        reservations->untracked_bytes += weight;
        reservations->entries++;
        reservations->bytes += weight;
        return;
    }
    slot->versions++;
    if (fits || weight <= slot->largest) return;
    // Smaller versions may be put first and create their records, so their bytes stay counted.
    slot->largest = (uint32_t)weight;
    slot->bytes += (uint32_t)weight;
    reservations->bytes += weight;
}

void gv_reservations_remove(struct gv_reservations *reservations, uint64_t id, uint64_t weight) {
    size_t at;
    if (find(reservations, id, &at)) {
        reservations->versions--;
        if (--reservations->slots[at].versions == 0) erase(reservations, at);
    } else if (reservations->untracked > 0 && reservations->untracked_bytes >= weight) {
        reservations->versions--;
        reservations->untracked--;
        reservations->untracked_bytes -= weight;
        reservations->entries--;
        reservations->bytes -= weight;
    }
}

void gv_reservations_mark_stored(struct gv_reservations *reservations, uint64_t id,
                                 uint64_t weight) {
    size_t at;
    if (!find(reservations, id, &at)) return;
    struct gv_reservations_slot *slot = &reservations->slots[at];
    reservations->entries -= !slot->is_stored;
    slot->is_stored = true;
    if (weight < slot->largest) return;
    slot->largest = (uint32_t)weight;
    reservations->bytes -= slot->bytes;
    slot->bytes = 0;
}

bool gv_reservations_find(const struct gv_reservations *reservations, uint64_t id,
                          uint64_t *largest) {
    size_t at;
    if (!find(reservations, id, &at)) return false;
    *largest = reservations->slots[at].largest;
    return true;
}
