// SPDX-License-Identifier: MIT
// An estimator of the number of differences between two sets: an AMS sketch in one word.
//
// The estimator of a set is four counts modulo 64, one in each byte of a word: the numbers of items
// whose hash has bit 60, 61, 62 and 63 set. If a set bit counts as +1 and a cleared one as -1, the
// square of the difference of two such sums is on average the number of items that only one set has
// (N. Alon, Y. Matias, M. Szegedy, "The Space Complexity of Approximating the Frequency Moments",
// STOC 1996). 0 is the estimator of the empty set. All functions are O(1) for each item.
#ifndef GV_MERKLE_ESTIMATOR_H
#define GV_MERKLE_ESTIMATOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// The estimator after an item with this hash was added to the set.
static inline uint32_t gv_estimator_add(uint32_t estimator, uint64_t hash) {
    return (estimator + ((uint32_t)(hash >> 60) * 0x204081 & 0x01010101)) & 0x3f3f3f3f;
}
// Adds `count` items, at most 255.
static inline uint32_t gv_estimator_merge(uint32_t estimator, const uint64_t *hashes,
                                          size_t count) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (uint32_t)(hashes[i] >> 60) * 0x204081 & 0x01010101;
    return (estimator + (sum & 0x3f3f3f3f)) & 0x3f3f3f3f;
}
// The estimator after an item with this hash was removed from the set.
static inline uint32_t gv_estimator_sub(uint32_t estimator, uint64_t hash) {
    return ((estimator | 0x40404040) - ((uint32_t)(hash >> 60) * 0x204081 & 0x01010101)) &
           0x3f3f3f3f;
}

// Estimates how many items only one of two sets has. `surplus` is the size of the first set minus
// the size of the second. The result is at least |surplus|. Up to 1,000 differences, the result is
// rarely wrong by a factor of four. Since the counts are modulo 64, the result is at most about
// 1,400 or |surplus|, whichever is larger.
uint64_t gv_estimator_differences(uint32_t estimator, uint32_t other, int64_t surplus);

#ifdef __cplusplus
}
#endif
#endif
