// SPDX-License-Identifier: MIT
// The digest of a set of items, and the keyed hashes that it adds up.
//
// A digest is the number of items, the sum of their hashes and the sum of hash · position, modulo
// 2^64: an additive multiset hash (MSet-Add-Hash: Clarke et al., "Incremental Multiset Hash
// Functions", ASIACRYPT 2003). Adding and subtracting digests adds and removes items in O(1).
// singlediff.h computes the position of a single difference from two digests.
//
// Sums are safer than XOR: under XOR equal items cancel, and 64 chosen items suffice to forge any
// digest by linear algebra. Hashes are XXH3-64 under a secret that the nodes of a cluster share, so
// only holders of the secret can choose items that collide. engine/DESIGN.md, section "Replica and
// digest", gives the probabilities of accidental collisions.
#ifndef GV_MERKLE_DIGEST_H
#define GV_MERKLE_DIGEST_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// All fields are modulo 2^64. The digest of the empty set is all zeros.
struct gv_digest {
    uint64_t count;        // items
    uint64_t sum;          // sum of their hashes
    uint64_t weighted_sum; // sum of hash · position
};

// A hash key. Opaque; may be copied. All nodes of a cluster need the same key, because equal sets
// have different digests under different keys.
struct gv_digest_key {
    uint8_t secret[192];     // secret of gv_digest_hash
    uint8_t secret2[192];    // secret of gv_digest_hash2
    uint64_t seed;           // seed of gv_digest_fingerprint
    uint64_t permutation[2]; // key of gv_singlediff_permute
};

// Derives the key from `seed`, a byte string of any length, which may be empty.
void gv_digest_key_init(struct gv_digest_key *key, struct gv_slice seed);

// The keyed hash of a byte string.
uint64_t gv_digest_hash(const struct gv_digest_key *key, const void *data, size_t len);

// A second keyed hash of a byte string, under an independent secret. Two inputs that share
// gv_digest_hash, by accident or because somebody inverted it, share this hash with probability
// 2^-64.
uint64_t gv_digest_hash2(const struct gv_digest_key *key, const void *data, size_t len);

// The keyed hash of `count` words, at most 8 (asserted). Independent of the byte order.
uint64_t gv_digest_words(const struct gv_digest_key *key, const uint64_t *words, size_t count);

// The keyed hash of a digest's count and sum, and a salt. rbsr.c truncates it to short hashes and
// derives the shift of range bounds from it. Each exchange has a new salt, so two hashes that
// collide hide an entry from one exchange only.
uint64_t gv_digest_fingerprint(const struct gv_digest_key *key, struct gv_digest digest,
                               uint64_t salt);

// The digest of one item.
static inline struct gv_digest gv_digest_of(uint64_t position, uint64_t hash) {
    struct gv_digest one = {1, hash, hash * position};
    return one;
}

// The digest of the union of disjoint sets.
static inline struct gv_digest gv_digest_add(struct gv_digest a, struct gv_digest b) {
    struct gv_digest sum = {a.count + b.count, a.sum + b.sum, // C++ has no compound literals
                            a.weighted_sum + b.weighted_sum};
    return sum;
}

// The digest of the set `a` without its subset `b`.
static inline struct gv_digest gv_digest_sub(struct gv_digest a, struct gv_digest b) {
    struct gv_digest difference = {a.count - b.count, a.sum - b.sum,
                                   a.weighted_sum - b.weighted_sum};
    return difference;
}

static inline bool gv_digest_equal(struct gv_digest a, struct gv_digest b) {
    return a.count == b.count && a.sum == b.sum && a.weighted_sum == b.weighted_sum;
}

#ifdef __cplusplus
}
#endif
#endif
