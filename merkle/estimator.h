// SPDX-License-Identifier: MIT
// How many differences two sets have, roughly, from one word of each: an AMS sketch.
#ifndef GV_MERKLE_ESTIMATOR_H
#define GV_MERKLE_ESTIMATOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// The estimator of a set is one word: four sums modulo 64 in the four bytes of a word, of how many
// items have each of the four highest bits of their hash set. What the estimators of two sets
// differ by grows with the root of the number of differences (N. Alon, Y. Matias, M. Szegedy, "The
// Space Complexity of Approximating the Frequency Moments", 1996).
static inline uint32_t gv_estimator_add(uint32_t estimator, uint64_t hash) {
    return (estimator + ((uint32_t)(hash >> 60) * 0x204081 & 0x01010101)) & 0x3f3f3f3f;
}
// … of up to 255 items at once.
static inline uint32_t gv_estimator_merge(uint32_t estimator, const uint64_t *hashes,
                                          size_t count) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (uint32_t)(hashes[i] >> 60) * 0x204081 & 0x01010101;
    return (estimator + (sum & 0x3f3f3f3f)) & 0x3f3f3f3f;
}
static inline uint32_t gv_estimator_sub(uint32_t estimator, uint64_t hash) {
    return ((estimator | 0x40404040) - ((uint32_t)(hash >> 60) * 0x204081 & 0x01010101)) &
           0x3f3f3f3f;
}

// About how many items only one of two sets has, from their estimators and from how many more the
// first one has, which may be negative. Rarely wrong by a factor of four up to 1,000, and never
// above some 1,400 but for |more|.
GV_API uint64_t gv_estimator_differences(uint32_t estimator, uint32_t other, int64_t more);

#ifdef __cplusplus
}
#endif
#endif
