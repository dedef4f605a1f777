// SPDX-License-Identifier: MIT
// A set of small numbers, one bit each. Internal to engine/.
#ifndef GV_ENGINE_BITSET_H
#define GV_ENGINE_BITSET_H

#include "../merkle/base.h"

// The size in bytes of a set of numbers below `count`. Zeroed memory is an empty set.
static inline size_t gv_bitset_size(uint32_t count) {
    return (size_t)count / 8 + 1;
}

static inline bool gv_bitset_has(const uint8_t *set, uint32_t number) {
    return (set[number / 8] >> number % 8 & 1) != 0;
}

static inline void gv_bitset_add(uint8_t *set, uint32_t number) {
    set[number / 8] |= (uint8_t)(1u << number % 8);
}

static inline void gv_bitset_remove(uint8_t *set, uint32_t number) {
    set[number / 8] &= (uint8_t) ~(1u << number % 8);
}

#endif
