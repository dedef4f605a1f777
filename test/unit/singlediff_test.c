// SPDX-License-Identifier: MIT
#include "../../merkle/singlediff.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

static struct gv_digest_key key_of(const char *seed, size_t len) {
    struct gv_digest_key key;
    gv_digest_key_init(&key, (struct gv_slice){(const uint8_t *)seed, len});
    return key;
}

static void permutations_are_inverted(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("a", 1), other = key_of("b", 1);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int i = 0; i < 100000; i++) {
        uint64_t position = i < 1000 ? (uint64_t)i - 500 : gv_prng_next(&prng);
        uint64_t image = gv_singlediff_permute(&key, position);
        assert_int_equal(gv_singlediff_unpermute(&key, image), position);
        assert_int_not_equal(gv_singlediff_permute(&other, position), image);
    }
}

// Flipping any bit of a position flips about half of the bits of its hash.
static void permutations_mix_bits(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("grapevine", 9);
    for (int bit = 0; bit < 64; bit++) {
        int flips[64] = {0};
        for (uint64_t position = 0; position < 1000; position++) {
            uint64_t changed = gv_singlediff_permute(&key, position) ^
                               gv_singlediff_permute(&key, position ^ UINT64_C(1) << bit);
            for (int i = 0; i < 64; i++) flips[i] += (int)(changed >> i & 1);
        }
        for (int i = 0; i < 64; i++) assert_true(flips[i] > 250 && flips[i] < 750);
    }
}

static void golden_permutations(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("grapevine", 9);
    assert_int_equal(gv_singlediff_permute(&key, 0), UINT64_C(0x64de30ea3f0c4d39));
    assert_int_equal(gv_singlediff_permute(&key, 1), UINT64_C(0x7b0614ad621a4857));
}

// The candidates are distinct solutions in ascending order, and the right position is one of them.
static void quotients_are_found(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int i = 0; i < 200000; i++) {
        uint64_t position = gv_prng_next(&prng) >> gv_prng_below(&prng, 64);
        uint64_t sum = gv_prng_next(&prng) << (i % 8 == 0 ? gv_prng_below(&prng, 63) : 0);
        uint64_t lo = position - gv_prng_below(&prng, (position >> i % 60) + 1);
        uint64_t hi = position + 1 + gv_prng_below(&prng, (UINT64_MAX - 1 - position) / 2 + 1);
        if (sum == 0 || position >= UINT64_MAX - 1) continue;
        uint64_t step, found = gv_singlediff_quotient(sum, sum * position, lo, hi, &step);
        assert_true(lo <= found && found <= position);
        assert_int_equal(sum * found, sum * position);
        assert_int_equal(step == 0 ? position : found + (position - found) / step * step, position);
        assert_true(step == 0 || found - lo < step);
    }
}

static void no_quotient(void **state) {
    (void)state;
    uint64_t step;
    assert_int_equal(gv_singlediff_quotient(0, 0, 3, 9, &step), 9);  // every position is a solution
    assert_int_equal(gv_singlediff_quotient(2, 1, 3, 9, &step), 9);  // no solution
    assert_int_equal(gv_singlediff_quotient(3, 30, 3, 9, &step), 9); // 10 is outside of the range
    assert_int_equal(gv_singlediff_quotient(3, 30, 3, 11, &step), 10);
    assert_int_equal(step, 0);
    uint64_t half = UINT64_C(1) << 63; // solutions: 1, and 1 + 2^63
    assert_int_equal(gv_singlediff_quotient(2, 2, 0, 9, &step), 1);
    assert_int_equal(step, half);
    assert_int_equal(gv_singlediff_quotient(2, 2, 2, UINT64_MAX, &step), half + 1);
    assert_int_equal(gv_singlediff_quotient(2, 2, half + 2, UINT64_MAX, &step), UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutations_are_inverted),
        cmocka_unit_test(permutations_mix_bits),
        cmocka_unit_test(golden_permutations),
        cmocka_unit_test(quotients_are_found),
        cmocka_unit_test(no_quotient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
