// SPDX-License-Identifier: MIT
#include "blake2b.h"

#include "crypto.h"

enum { BLOCK = 128, ROUNDS = 12 };

struct state {
    uint64_t h[8];        // the chained hash
    uint64_t v[16];       // the working vector
    uint8_t block[BLOCK]; // the block to compress
    uint64_t compressed;  // bytes compressed so far, including this block
};

// The initial values of section 2.6, which SHA-512 uses, too.
static const uint64_t initial[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

// Section 2.7: the message schedule. Rounds 10 and 11 use the first two rows again.
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

// G: section 3.1.
static void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = gv_crypto_rotate_left(v[d] ^ v[a], 64 - 32);
    v[c] += v[d];
    v[b] = gv_crypto_rotate_left(v[b] ^ v[c], 64 - 24);
    v[a] += v[b] + y;
    v[d] = gv_crypto_rotate_left(v[d] ^ v[a], 64 - 16);
    v[c] += v[d];
    v[b] = gv_crypto_rotate_left(v[b] ^ v[c], 64 - 63);
}

// F: section 3.2. Compresses at most BLOCK bytes, padded with zeros. The byte counter grows by
// `counted`, which for the key's block includes the padding.
static void compress(struct state *s, struct gv_slice data, size_t counted, bool last) {
    GV_ASSERT(data.len <= BLOCK && counted <= BLOCK);
    memset(s->block, 0, BLOCK);
    if (data.len > 0) memcpy(s->block, data.data, data.len);
    s->compressed += counted;
    memcpy(s->v, s->h, sizeof s->h);
    memcpy(s->v + 8, initial, sizeof initial);
    s->v[12] ^= s->compressed;
    if (last) s->v[14] = ~s->v[14];
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *order = sigma[round % 10];
        for (int i = 0; i < 8; i++) {
            int a = i % 4, turn = i / 4; // first the columns, then the diagonals
            mix(s->v, a, 4 + (a + turn) % 4, 8 + (a + 2 * turn) % 4, 12 + (a + 3 * turn) % 4,
                gv_crypto_load64(s->block + (size_t)order[2 * i] * 8),
                gv_crypto_load64(s->block + (size_t)order[2 * i + 1] * 8));
        }
    }
    for (int i = 0; i < 8; i++) s->h[i] ^= s->v[i] ^ s->v[i + 8];
}

void gv_blake2b_compute(uint8_t *out, size_t len, struct gv_slice key, struct gv_slice data) {
    GV_ASSERT(out != NULL && len > 0 && len <= GV_BLAKE2B_LEN_MAX);
    GV_ASSERT(key.len <= GV_BLAKE2B_KEY_MAX && (data.data != NULL || data.len == 0));
    struct state s = {.compressed = 0};
    memcpy(s.h, initial, sizeof s.h);
    s.h[0] ^= UINT64_C(0x01010000) ^ (uint64_t)key.len << 8 ^ len;
    if (key.len > 0) compress(&s, key, BLOCK, data.len == 0);
    while (data.len > BLOCK) { // a full last block is compressed below
        compress(&s, (struct gv_slice){data.data, BLOCK}, BLOCK, false);
        data = (struct gv_slice){data.data + BLOCK, data.len - BLOCK};
    }
    if (data.len > 0 || key.len == 0) compress(&s, data, data.len, true);
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(s.h[i / 8] >> i % 8 * 8);
    gv_crypto_wipe(&s, sizeof s);
}
