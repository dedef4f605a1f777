// SPDX-License-Identifier: MIT
// A sketch of a set: eight words from whose difference with another set's up to eight differences
// are told, exactly, and without knowing how large the sets are.
//
// An item stands for an element of GF(2^32), 32 bits of its hash. The sketch is the sum
// of the first, third, fifth … fifteenth powers of the elements. Addition is XOR, so what both
// sides hold cancels, and the sketch of a range is the XOR of its parts'. The differences are the
// roots of a polynomial that Berlekamp and Massey's algorithm finds from the power sums, split by
// Berlekamp's traces. After PinSketch: Y. Dodis, R. Ostrovsky, L. Reyzin, A. Smith, "Fuzzy
// Extractors" (SIAM Journal on Computing 38, 2008), section 6.3.
//
// Elements are short, so two items of a range may share one; whoever decodes has candidates, not
// certainty, and looks for them.
#ifndef GV_MERKLE_PINSKETCH_H
#define GV_MERKLE_PINSKETCH_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_PINSKETCH_CAPACITY = 8 };

// All zeros: the sketch of nothing. The first n words alone are a sketch for n differences.
struct gv_pinsketch {
    uint32_t syndrome[GV_PINSKETCH_CAPACITY];
};

// Whether this machine multiplies without carries, which is some ten times faster. Asking costs
// up to microseconds, so ask once; both ways give the same.
GV_API bool gv_pinsketch_has_clmul(void);

// The element of an item of this hash; never 0.
static inline uint32_t gv_pinsketch_element(uint64_t hash) {
    return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

// Adds items, or takes away those that are in it.
GV_API void gv_pinsketch_add(struct gv_pinsketch *sketch, const uint64_t *hashes, size_t count,
                             bool clmul);

// Adds the items of another one.
static inline void gv_pinsketch_merge(struct gv_pinsketch *sketch,
                                      const struct gv_pinsketch *other) {
    for (int i = 0; i < GV_PINSKETCH_CAPACITY; i++) sketch->syndrome[i] ^= other->syndrome[i];
}

// An estimator of a set: four sums modulo 64 in the four bytes of a word, of how many items have
// each of the four highest bits of their hash set. What the estimators of two sets differ by grows
// with the root of the number of differences (N. Alon, Y. Matias, M. Szegedy, "The Space Complexity
// of Approximating the Frequency Moments", 1996).
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

// The elements of a sketch of which the first `cap` words are known: writes them to `out` and
// returns how many there are. GV_ERANGE: more than `cap`; but of all sets that are larger, one in
// `cap` factorial is taken for a small one, of elements that are not in it.
GV_API int gv_pinsketch_decode(const struct gv_pinsketch *sketch, int cap, bool clmul,
                               uint32_t out[GV_PINSKETCH_CAPACITY]);

#ifdef __cplusplus
}
#endif
#endif
