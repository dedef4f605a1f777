// SPDX-License-Identifier: MIT
// The digest of a set of entries: how many, the sum modulo 2^64 of their keyed hashes, and the sum
// of hash times position, from which singlediff.h tells the position of a single difference.
//
// Sums, not XOR: equal items do not cancel, and a sum together with a count resists the linear
// forgeries that some 64 chosen items make against XOR. The hash is XXH3-64 under a secret that a
// cluster shares; without the secret nobody can choose items that collide.
#ifndef GV_MERKLE_DIGEST_H
#define GV_MERKLE_DIGEST_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gv_digest {
    uint64_t count;
    uint64_t sum;
    uint64_t weighted_sum; // the sum of hash · position
};

// A hashing key. Treat as opaque; copying is fine. Every node of a cluster needs the same one:
// nodes with different keys never agree on a digest.
struct gv_digest_key {
    uint8_t secret[192];
    uint8_t secret2[192]; // for gv_digest_hash2
    uint64_t seed;
    uint64_t permutation[2]; // for singlediff.h
};

// Derives the key from `seed` (any bytes, any length, also none).
GV_API void gv_digest_key_init(struct gv_digest_key *key, struct gv_slice seed);

// The keyed hash of a byte string.
GV_API uint64_t gv_digest_hash(const struct gv_digest_key *key, const void *data, size_t len);

// A second keyed hash of a byte string, under a secret of its own: inputs that share
// gv_digest_hash, by accident or because that was computed backwards, differ in this one but for a
// chance of 2^-64.
GV_API uint64_t gv_digest_hash2(const struct gv_digest_key *key, const void *data, size_t len);

// The keyed hash of `count` words (at most 8), the same on machines of either byte order.
GV_API uint64_t gv_digest_words(const struct gv_digest_key *key, const uint64_t *words,
                                size_t count);

// 64 bits of a digest's count and sum under a salt. A list's short hashes are cut from it, and the
// bounds of ranges shifted by it: the salt is drawn afresh for every exchange, so that an unlucky
// collision hides an entry once, not for ever.
GV_API uint64_t gv_digest_fingerprint(const struct gv_digest_key *key, struct gv_digest digest,
                                      uint64_t salt);

// The digest of one entry.
static inline struct gv_digest gv_digest_of(uint64_t position, uint64_t hash) {
    struct gv_digest one = {1, hash, hash * position};
    return one;
}

static inline struct gv_digest gv_digest_add(struct gv_digest a, struct gv_digest b) {
    struct gv_digest sum = {a.count + b.count, a.sum + b.sum, // no compound literal: C++ reads this
                            a.weighted_sum + b.weighted_sum};
    return sum;
}

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
