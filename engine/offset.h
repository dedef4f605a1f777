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
    GV_OFFSET_SLOTS =
        GV_ENTRY_SLOTS, // maximum number of slots; a slot is a node's number (engine.h)
    GV_OFFSET_SLOT_BITS_MAX = 14,
};
_Static_assert(GV_OFFSET_SLOTS == 1 << GV_OFFSET_SLOT_BITS_MAX, "a number for each slot");
#define GV_OFFSET_COUNT_MAX (GV_ENTRY_OFFSET_MAX >> GV_OFFSET_SLOT_BITS_MAX) // 2^39 - 1

// The number of bits for the slots of a cluster of `nodes` nodes, 1 to GV_OFFSET_SLOTS (asserted).
// There are no more than needed, because programs may index an array by offsets, as Jepsen's
// checker does.
static inline unsigned gv_offset_slot_bits(uint32_t nodes) {
    GV_ASSERT(nodes > 0 && nodes <= GV_OFFSET_SLOTS);
    unsigned bits = 0;
    while (nodes > UINT32_C(1) << bits) bits++;
    return bits;
}

// The offset with this count, at most GV_OFFSET_COUNT_MAX, and this slot, which fits into `bits`
// (asserted). Offsets with slots of equally many bits are ordered by (count, slot).
static inline uint64_t gv_offset_of(unsigned bits, uint64_t count, uint32_t slot) {
    GV_ASSERT(bits <= GV_OFFSET_SLOT_BITS_MAX && slot < UINT32_C(1) << bits);
    GV_ASSERT(count <= GV_OFFSET_COUNT_MAX);
    return count << bits | slot;
}

static inline uint64_t gv_offset_count(unsigned bits, uint64_t offset) {
    return offset >> bits;
}

static inline uint32_t gv_offset_slot(unsigned bits, uint64_t offset) {
    return (uint32_t)(offset & ((UINT32_C(1) << bits) - 1));
}

#ifdef __cplusplus
}
#endif
#endif
