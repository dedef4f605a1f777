// SPDX-License-Identifier: MIT
#include "digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(sizeof(((struct gv_digest_key *)0)->secret) >= XXH3_SECRET_SIZE_MIN,
               "XXH3 needs a secret of at least XXH3_SECRET_SIZE_MIN bytes");

enum { WORDS_MAX = 8 };

// Writes words in little-endian order and returns their length, bytes.
static inline size_t put_words(const uint64_t *words, size_t count, uint8_t out[8 * WORDS_MAX]) {
    GV_ASSERT(count <= WORDS_MAX);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, words, 8 * count); // compilers do not turn the loop into this
#else
    for (size_t i = 0; i < 8 * count; i++) out[i] = (uint8_t)(words[i / 8] >> i % 8 * 8);
#endif
    return 8 * count;
}

void gv_digest_key_init(struct gv_digest_key *key, struct gv_slice seed) {
    GV_ASSERT(key != NULL);
    GV_ASSERT(seed.data != NULL || seed.len == 0);
    // Counter mode: each word of the secrets is a hash of a counter and the seed's 128-bit hash.
    XXH128_hash_t root = XXH3_128bits(seed.len ? (const void *)seed.data : "", seed.len);
    uint8_t text[8 * WORDS_MAX];
    const uint64_t secret_words = sizeof key->secret / 8;
    for (uint64_t i = 0; i < 2 * secret_words; i++) {
        uint64_t block[3] = {root.low64, root.high64, i};
        uint64_t word = XXH3_64bits(text, put_words(block, 3, text));
        uint8_t *to = i < secret_words ? key->secret : key->secret2;
        put_words(&word, 1, to + i % secret_words * 8);
    }
    uint64_t last[3] = {root.low64, root.high64, UINT64_MAX};
    key->seed = XXH3_64bits(text, put_words(last, 3, text));
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t block[3] = {root.low64, root.high64, UINT64_MAX - 1 - i};
        key->permutation[i] = XXH3_64bits(text, put_words(block, 3, text));
    }
}

uint64_t gv_digest_hash(const struct gv_digest_key *key, const void *data, size_t len) {
    GV_ASSERT(key != NULL);
    GV_ASSERT(data != NULL || len == 0);
    // XXH3_64bits_withSeed would derive a secret for each input of more than 240 bytes.
    return XXH3_64bits_withSecret(data, len, key->secret, sizeof key->secret);
}

uint64_t gv_digest_hash2(const struct gv_digest_key *key, const void *data, size_t len) {
    GV_ASSERT(key != NULL);
    GV_ASSERT(data != NULL || len == 0);
    return XXH3_64bits_withSecret(data, len, key->secret2, sizeof key->secret2);
}

uint64_t gv_digest_words(const struct gv_digest_key *key, const uint64_t *words, size_t count) {
    uint8_t text[8 * WORDS_MAX];
    return gv_digest_hash(key, text, put_words(words, count, text));
}

uint64_t gv_digest_fingerprint(const struct gv_digest_key *key, struct gv_digest digest,
                               uint64_t salt) {
    GV_ASSERT(key != NULL);
    uint64_t block[4] = {digest.count, digest.sum, salt, key->seed};
    return gv_digest_words(key, block, 4);
}
