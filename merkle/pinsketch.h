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

// The elements of a sketch of which the first `cap` words are known: writes them to `out` and
// returns how many there are. GV_ERANGE: more than `cap`; but of all sets that are larger, one in
// `cap` factorial is taken for a small one, of elements that are not in it.
GV_API int gv_pinsketch_decode(const struct gv_pinsketch *sketch, int cap, bool clmul,
                               uint32_t out[GV_PINSKETCH_CAPACITY]);

#ifdef __cplusplus
}
#endif
#endif
