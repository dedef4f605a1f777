// SPDX-License-Identifier: MIT
// Peel: the one entry that two sides do not share, out of the difference of their digests.
//
// A set's entry is hashed to an image of its place that can be turned back, so where one side has
// one entry more, the difference of the sums is the image of the place it stands at. Where a value
// changed, the differences of `sum` and of `cross` are h and h · place, so their quotient is the
// place. Whoever peels does not know that there was one difference only: what comes out is a
// candidate, to be verified by looking for it.
#ifndef GV_MERKLE_PEEL_H
#define GV_MERKLE_PEEL_H

#include "digest.h"

#ifdef __cplusplus
extern "C" {
#endif

// A keyed permutation of the 64-bit words, mixed well enough to serve as a hash of the place.
GV_API uint64_t gv_peel_image(const struct gv_digest_key *key, uint64_t place);
// Its inverse.
GV_API uint64_t gv_peel_place(const struct gv_digest_key *key, uint64_t image);

// The least place in [lo, hi) for which sum · place = cross modulo 2^64, or `hi` if there is none.
// There may be more, each *step beyond the one before; *step is 0 if this is the only one.
GV_API uint64_t gv_peel_quotient(uint64_t sum, uint64_t cross, uint64_t lo, uint64_t hi,
                                 uint64_t *step);

#ifdef __cplusplus
}
#endif
#endif
