// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"

#include "../lib/test.h"

// The reference implementation gives these words from the state 1, 2, 3, 4.
static void known_words(void **state) {
    (void)state;
    static const uint64_t want[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                    UINT64_C(1215971899390074240)};
    struct gv_prng prng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(gv_prng_next(&prng), want[i]);
}

static void same_seed_same_stream(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed();
    struct gv_prng a, b, other_stream, other_seed;
    gv_prng_init(&a, seed, 3);
    gv_prng_init(&b, seed, 3);
    gv_prng_init(&other_stream, seed, 4);
    gv_prng_init(&other_seed, seed + 1, 3);
    unsigned alike = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t word = gv_prng_next(&a);
        assert_int_equal(word, gv_prng_next(&b));
        alike += word == gv_prng_next(&other_stream);
        alike += word == gv_prng_next(&other_seed);
    }
    assert_int_equal(alike, 0);
}

static void seeds_of_zero_work(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, 0, 0);
    uint64_t any = 0;
    for (int i = 0; i < 4; i++) any |= prng.state[i];
    assert_true(any != 0); // a generator never leaves the zero state
    assert_true(gv_prng_next(&prng) != gv_prng_next(&prng));
}

static void below_stays_below(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int i = 0; i < 100; i++) assert_int_equal(gv_prng_below(&prng, 1), 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t bound = gv_prng_next(&prng) >> (i % 64);
        if (bound == 0) bound = UINT64_MAX;
        assert_true(gv_prng_below(&prng, bound) < bound);
    }
}

// In 60,000 rolls of a die each side comes 10,000 times, within 6 standard deviations of 91.
static void below_is_even(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    unsigned sides[6] = {0};
    for (int i = 0; i < 60000; i++) sides[gv_prng_below(&prng, 6)]++;
    for (int i = 0; i < 6; i++) assert_in_range(sides[i], 10000 - 550, 10000 + 550);
    // With this bound a plain remainder would return the lower half twice as often.
    const uint64_t bound = UINT64_C(3) << 62;
    unsigned low = 0;
    for (int i = 0; i < 60000; i++) low += gv_prng_below(&prng, bound) < bound / 3;
    assert_in_range(low, 20000 - 700, 20000 + 700);
}

static void unit_is_in_the_unit_interval(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    double sum = 0;
    for (int i = 0; i < 60000; i++) {
        double value = gv_prng_unit(&prng);
        assert_true(value >= 0 && value < 1);
        sum += value;
    }
    assert_true(sum > 29500 && sum < 30500); // 7 standard deviations
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_words),        cmocka_unit_test(same_seed_same_stream),
        cmocka_unit_test(seeds_of_zero_work), cmocka_unit_test(below_stays_below),
        cmocka_unit_test(below_is_even),      cmocka_unit_test(unit_is_in_the_unit_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
