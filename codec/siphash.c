// SPDX-License-Identifier: MIT
#include "siphash.h"

#include "crypto.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

// SipRound: section 2.3, figure 2.2.
static inline void mix(struct state *s, int rounds) {
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = gv_crypto_rotate_left(s->v1, 13) ^ s->v0;
        s->v3 = gv_crypto_rotate_left(s->v3, 16) ^ s->v2;
        s->v0 = gv_crypto_rotate_left(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = gv_crypto_rotate_left(s->v1, 17) ^ s->v2;
        s->v3 = gv_crypto_rotate_left(s->v3, 21) ^ s->v0;
        s->v2 = gv_crypto_rotate_left(s->v2, 32);
    }
}

static inline void compress(struct state *s, uint64_t word) {
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

static inline uint64_t finish(struct state *s) {
    mix(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void gv_siphash_compute(uint8_t out[GV_SIPHASH_LEN], const uint8_t key[GV_SIPHASH_KEY],
                        const void *data, size_t len) {
    GV_ASSERT(out != NULL && key != NULL);
    GV_ASSERT(data != NULL || len == 0);
    const uint64_t k0 = gv_crypto_load64(key), k1 = gv_crypto_load64(key + 8);
    // "somepseudorandomlygeneratedbytes". 0xee and 0xdd distinguish 128-bit from 64-bit results.
    struct state s = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                      k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    const uint8_t *at = data;
    for (size_t words = len / 8; words > 0; words--, at += 8) compress(&s, gv_crypto_load64(at));
    uint64_t last = (uint64_t)len << 56;
    for (size_t i = 0; i < len % 8; i++) last |= (uint64_t)at[i] << (8 * i);
    compress(&s, last);
    s.v2 ^= 0xee;
    gv_crypto_store64(out, finish(&s));
    s.v1 ^= 0xdd;
    gv_crypto_store64(out + 8, finish(&s));
}
