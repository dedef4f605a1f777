// SPDX-License-Identifier: MIT
// Offsets that nodes give without asking each other: a Lamport count, then the giver's slot. Two
// nodes never give the same offset, and an offset is above every one that its giver has seen
// (Lamport, "Time, Clocks, and the Ordering of Events …", CACM 1978).
#ifndef GV_ENGINE_OFFSET_H
#define GV_ENGINE_OFFSET_H

#include "../codec/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_OFFSET_SLOT_BITS = 14,
    GV_OFFSET_SLOTS = GV_ENTRY_SLOTS, // slots, numbered from 0 like the nodes of engine.h
};
_Static_assert(GV_OFFSET_SLOTS == 1 << GV_OFFSET_SLOT_BITS, "a number for each slot");
#define GV_OFFSET_COUNT_MAX (GV_ENTRY_OFFSET_MAX >> GV_OFFSET_SLOT_BITS) // largest count, 2^39 - 1

// The offset of a count up to GV_OFFSET_COUNT_MAX and a slot below GV_OFFSET_SLOTS (asserted).
// Offsets are in the order of (count, slot).
static inline uint64_t gv_offset_of(uint64_t count, uint32_t slot) {
    GV_ASSERT(count <= GV_OFFSET_COUNT_MAX && slot < GV_OFFSET_SLOTS);
    return count << GV_OFFSET_SLOT_BITS | slot;
}

static inline uint64_t gv_offset_count(uint64_t offset) {
    return offset >> GV_OFFSET_SLOT_BITS;
}

static inline uint32_t gv_offset_slot(uint64_t offset) {
    return (uint32_t)(offset & (GV_OFFSET_SLOTS - 1));
}

#ifdef __cplusplus
}
#endif
#endif
