// SPDX-License-Identifier: MIT
// Log offsets that nodes assign without coordination. An offset is a Lamport count followed by the
// slot of the assigning node. Two nodes never assign the same offset, and a new offset is larger
// than every offset that its node has seen (Lamport, "Time, Clocks, and the Ordering of Events …",
// CACM 1978).
#ifndef GV_ENGINE_OFFSET_H
#define GV_ENGINE_OFFSET_H

#include "../codec/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_OFFSET_SLOT_BITS = 14,
    GV_OFFSET_SLOTS = GV_ENTRY_SLOTS, // a slot is the number of a node (engine.h)
};
_Static_assert(GV_OFFSET_SLOTS == 1 << GV_OFFSET_SLOT_BITS, "a number for each slot");
#define GV_OFFSET_COUNT_MAX (GV_ENTRY_OFFSET_MAX >> GV_OFFSET_SLOT_BITS) // largest count, 2^39 - 1

// The offset with this count, at most GV_OFFSET_COUNT_MAX, and this slot, below GV_OFFSET_SLOTS
// (asserted). Offsets are ordered by (count, slot).
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
