// SPDX-License-Identifier: MIT
// The one entry that two sides do not share, out of the difference of their digests.
//
// If an item's hash is the image of its position under a keyed permutation, and one side has one
// such item more, the difference of the sums is that image, and the inverse permutation gives the
// position. Any other item, also one whose value changed, changes `sum` by h and `weighted_sum` by
// h · position, and the quotient gives the position. Neither tells whether there was one difference
// only: the position is a candidate, to be verified by looking for an item there.
#ifndef GV_MERKLE_SINGLEDIFF_H
#define GV_MERKLE_SINGLEDIFF_H

#include "digest.h"

#ifdef __cplusplus
extern "C" {
#endif

// A keyed permutation of the 64-bit words, mixed well enough to serve as a hash of the position.
GV_API uint64_t gv_singlediff_permute(const struct gv_digest_key *key, uint64_t position);
// Its inverse.
GV_API uint64_t gv_singlediff_unpermute(const struct gv_digest_key *key, uint64_t image);

// The least position in [lo, hi) for which sum · position = weighted_sum modulo 2^64, or `hi` if
// there is none. There may be more, each *step beyond the one before; *step is 0 if this is the
// only one.
GV_API uint64_t gv_singlediff_quotient(uint64_t sum, uint64_t weighted_sum, uint64_t lo,
                                       uint64_t hi, uint64_t *step);

#ifdef __cplusplus
}
#endif
#endif
