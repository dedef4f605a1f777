// SPDX-License-Identifier: MIT
// The hashes of codec/ and libsodium are equal for random keys, contents and lengths.
#include "../lib/oracle.h"

#include "../../codec/blake2b.h"
#include "../../codec/siphash.h"
#include "../../engine/prng.h"
#include "../lib/test.h"

enum { ROUNDS = 20000, DATA_MAX = 700 };

static void fill(struct gv_prng *prng, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)gv_prng_next(prng);
}

static void test_siphash(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t key[GV_SIPHASH_KEY], data[DATA_MAX], ours[GV_SIPHASH_LEN], theirs[GV_SIPHASH_LEN];
        size_t len = gv_prng_below(&prng, DATA_MAX + 1);
        fill(&prng, key, sizeof key);
        fill(&prng, data, len);
        gv_siphash_compute(ours, key, data, len);
        gv_oracle_siphash(theirs, key, data, len);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void test_blake2b(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t key[GV_BLAKE2B_KEY_MAX], data[DATA_MAX];
        uint8_t ours[GV_BLAKE2B_LEN_MAX], theirs[GV_BLAKE2B_LEN_MAX];
        // libsodium accepts only some lengths (oracle.h).
        size_t len = gv_prng_below(&prng, DATA_MAX + 1), out_len = 16 + gv_prng_below(&prng, 49);
        size_t key_len = gv_prng_below(&prng, 2) == 0 ? 0 : 16 + gv_prng_below(&prng, 49);
        if (gv_prng_below(&prng, 4) == 0) len = len / 128 * 128; // complete blocks
        fill(&prng, key, key_len);
        fill(&prng, data, len);
        gv_blake2b_compute(ours, out_len, gv_slice_of(key, key_len), gv_slice_of(data, len));
        gv_oracle_blake2b(theirs, out_len, gv_slice_of(key, key_len), gv_slice_of(data, len));
        assert_memory_equal(ours, theirs, out_len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_blake2b),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
