// SPDX-License-Identifier: MIT
#include "waiting.h"

#include <string.h>

enum { MASK = GV_WAITING_SLOTS - 1, SIZE = GV_WAITING_SLOTS * sizeof(struct gv_waiting_slot) };
_Static_assert((GV_WAITING_SLOTS & MASK) == 0, "a power of two");

void gv_waiting_fini(struct gv_waiting *waiting, struct gv_alloc alloc) {
    if (waiting->slots != NULL) alloc.resize(alloc.ctx, waiting->slots, SIZE, 0);
    *waiting = (struct gv_waiting){0};
}

// The entry's slot, or the free one where it would be.
static struct gv_waiting_slot *probe(const struct gv_waiting *waiting, uint64_t id) {
    size_t at = id & MASK;
    while (waiting->slots[at].versions > 0 && waiting->slots[at].id != id) at = (at + 1) & MASK;
    return &waiting->slots[at];
}

static struct gv_waiting_slot *find(const struct gv_waiting *waiting, uint64_t id) {
    if (waiting->used == 0) return NULL;
    struct gv_waiting_slot *slot = probe(waiting, id);
    return slot->versions > 0 ? slot : NULL;
}

// The entry's slot, which may be new; NULL: there is none to be had.
static struct gv_waiting_slot *claim(struct gv_waiting *waiting, struct gv_alloc alloc, uint64_t id,
                                     bool held) {
    if (waiting->slots == NULL) {
        waiting->slots = alloc.resize(alloc.ctx, NULL, 0, SIZE);
        if (waiting->slots == NULL) return NULL;
        memset(waiting->slots, 0, SIZE);
    }
    struct gv_waiting_slot *slot = probe(waiting, id);
    if (slot->versions > 0) return slot;
    if (waiting->used == GV_STORE_WAITING_MAX) return NULL;
    waiting->used++;
    waiting->entries += !held;
    *slot = (struct gv_waiting_slot){.id = id, .held = held};
    return slot;
}

// Frees a slot; those behind it move up, so that no search ends before them.
static void erase(struct gv_waiting *waiting, struct gv_waiting_slot *slot) {
    size_t hole = (size_t)(slot - waiting->slots), at = hole;
    waiting->used--;
    waiting->entries -= !slot->held;
    waiting->bytes -= slot->bytes;
    for (;;) {
        at = (at + 1) & MASK;
        if (waiting->slots[at].versions == 0) break;
        size_t home = waiting->slots[at].id & MASK;
        if (((at - home) & MASK) < ((at - hole) & MASK)) continue;
        waiting->slots[hole] = waiting->slots[at];
        hole = at;
    }
    waiting->slots[hole].versions = 0;
}

void gv_waiting_add(struct gv_waiting *waiting, struct gv_alloc alloc, uint64_t id, uint64_t weight,
                    bool held, bool fits) {
    GV_ASSERT(weight <= UINT32_MAX / GV_WAITING_SLOTS);
    struct gv_waiting_slot *slot = claim(waiting, alloc, id, held);
    waiting->versions++;
    if (slot == NULL) {
        waiting->apart++;
        waiting->apart_bytes += weight;
        waiting->entries++;
        waiting->bytes += weight;
        return;
    }
    slot->versions++;
    if (fits || weight <= slot->heaviest) return;
    // What waits may be put first, and keeps its room then.
    slot->heaviest = (uint32_t)weight;
    slot->bytes += (uint32_t)weight;
    waiting->bytes += weight;
}

void gv_waiting_remove(struct gv_waiting *waiting, uint64_t id, uint64_t weight) {
    struct gv_waiting_slot *slot = find(waiting, id);
    if (slot != NULL) {
        waiting->versions--;
        if (--slot->versions == 0) erase(waiting, slot);
    } else if (waiting->apart > 0 && waiting->apart_bytes >= weight) {
        waiting->versions--;
        waiting->apart--;
        waiting->apart_bytes -= weight;
        waiting->entries--;
        waiting->bytes -= weight;
    }
}

void gv_waiting_held(struct gv_waiting *waiting, uint64_t id, uint64_t weight) {
    struct gv_waiting_slot *slot = find(waiting, id);
    if (slot == NULL) return;
    waiting->entries -= !slot->held;
    slot->held = true;
    if (weight < slot->heaviest) return;
    slot->heaviest = (uint32_t)weight;
    waiting->bytes -= slot->bytes;
    slot->bytes = 0;
}

bool gv_waiting_find(const struct gv_waiting *waiting, uint64_t id, uint64_t *heaviest) {
    const struct gv_waiting_slot *slot = find(waiting, id);
    if (slot == NULL) return false;
    *heaviest = slot->heaviest;
    return true;
}
