// SPDX-License-Identifier: MIT
// A set sketch of eight 32-bit words. The XOR of the sketches of two sets decodes to the elements
// that only one set has, if there are at most eight. The sizes of the sets do not matter.
//
// An element is a nonzero value of GF(2^32): the low 32 bits of an item's hash. The sketch holds
// the syndromes of a binary BCH code: the sums of the powers 1, 3, 5, … 15 of the elements.
// Addition is XOR, so common elements cancel, and the sketch of a range is the XOR of the sketches
// of its subranges. Decoding finds the locator polynomial by the Berlekamp-Massey algorithm and its
// roots by Berlekamp's trace algorithm. After PinSketch: Y. Dodis, R. Ostrovsky, L. Reyzin, A.
// Smith, "Fuzzy Extractors", SIAM Journal on Computing 38, 2008, section 6.3; compare minisketch.
//
// Two items may share an element, and the sketch of more than eight elements may decode to wrong
// elements. The decoded elements are therefore candidates that the caller must verify.
#ifndef GV_MERKLE_PINSKETCH_H
#define GV_MERKLE_PINSKETCH_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_PINSKETCH_CAPACITY = 8 }; // maximum number of differences that a sketch decodes

// The sketch of the empty set is all zeros. The first n syndromes alone decode up to n differences.
struct gv_pinsketch {
    uint32_t syndrome[GV_PINSKETCH_CAPACITY]; // sums of the powers 1, 3, 5, … 15
};

// Whether this processor has carry-less multiplication (PCLMULQDQ), which is about ten times as
// fast as the portable multiplication and has the same results. A call takes up to microseconds;
// keep the answer and pass it as `clmul` below.
bool gv_pinsketch_has_clmul(void);

// The element of an item with this hash; never 0.
static inline uint32_t gv_pinsketch_element(uint64_t hash) {
    return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

// Adds the items with these hashes, or removes those that the sketch contains.
void gv_pinsketch_add(struct gv_pinsketch *sketch, const uint64_t *hashes, size_t count,
                      bool clmul);

// XORs another sketch into this one: the sketch of the symmetric difference.
static inline void gv_pinsketch_merge(struct gv_pinsketch *sketch,
                                      const struct gv_pinsketch *other) {
    for (int i = 0; i < GV_PINSKETCH_CAPACITY; i++) sketch->syndrome[i] ^= other->syndrome[i];
}

// Decodes the first `cap` syndromes, 1 to GV_PINSKETCH_CAPACITY (asserted). Writes the elements to
// `out`, in no particular order, and returns their number, 0 to `cap`.
// GV_ERANGE: the set has more than `cap` elements. About one in `cap` factorial of such sets is not
// detected and decodes to wrong elements. After an error `out` may have been overwritten.
int gv_pinsketch_decode(const struct gv_pinsketch *sketch, int cap, bool clmul,
                        uint32_t out[GV_PINSKETCH_CAPACITY]);

#ifdef __cplusplus
}
#endif
#endif
