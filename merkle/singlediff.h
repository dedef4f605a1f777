// SPDX-License-Identifier: MIT
// Single-difference decode: finds the position of the only item that differs between two sets from
// the difference of their digests. Compare the pure cells of an invertible Bloom lookup table (M.
// Goodrich, M. Mitzenmacher, "Invertible Bloom Lookup Tables", Allerton 2011).
//
// If the hash of the item is its position under a keyed permutation, the difference of the sums is
// that hash, and the inverse permutation gives the position. Any other item, or a changed value,
// changes `sum` by some h and `weighted_sum` by h · position, so the position is their quotient.
//
// The digests do not show whether there is only one difference. The result is therefore a
// candidate; the caller verifies that an item exists at that position.
#ifndef GV_MERKLE_SINGLEDIFF_H
#define GV_MERKLE_SINGLEDIFF_H

#include "digest.h"

#ifdef __cplusplus
extern "C" {
#endif

// A keyed permutation of the 64-bit words, which serves as the hash of a position.
uint64_t gv_singlediff_permute(const struct gv_digest_key *key, uint64_t position);
// The inverse permutation.
uint64_t gv_singlediff_unpermute(const struct gv_digest_key *key, uint64_t hash);

// The least position in [lo, hi) with sum · position = weighted_sum modulo 2^64, or `hi` if there
// is none; lo < hi (asserted). If `sum` is even, there may be more solutions, at intervals of
// *step; *step is 0 if the solution is unique.
uint64_t gv_singlediff_quotient(uint64_t sum, uint64_t weighted_sum, uint64_t lo, uint64_t hi,
                                uint64_t *step);

#ifdef __cplusplus
}
#endif
#endif
