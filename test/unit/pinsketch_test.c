// SPDX-License-Identifier: MIT
#include "../../merkle/pinsketch.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

enum { CAP = GV_PINSKETCH_CAPACITY };

// The product by its definition, one bit at a time.
static uint32_t product(uint32_t a, uint32_t b) {
    uint32_t out = 0;
    for (int bit = 31; bit >= 0; bit--) {
        out = out << 1 ^ (out >> 31 ? 0x8d : 0);
        if (b >> bit & 1) out ^= a;
    }
    return out;
}

static void syndromes_are_sums_of_odd_powers(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 200; round++) {
        uint64_t hashes[40];
        struct gv_pinsketch portable = {{0}}, clmul = {{0}}, right = {{0}};
        size_t count = gv_prng_below(&prng, 40);
        for (size_t i = 0; i < count; i++) {
            hashes[i] = round == 0 ? (uint64_t)(i % 4) << 32 : gv_prng_next(&prng);
            uint32_t element = gv_pinsketch_element(hashes[i]), power = element;
            assert_true(element != 0);
            for (int k = 0; k < CAP; k++) {
                right.syndrome[k] ^= power;
                power = product(product(power, element), element);
            }
        }
        gv_pinsketch_add(&portable, hashes, count, false);
        gv_pinsketch_add(&clmul, hashes, count, gv_pinsketch_has_clmul());
        assert_memory_equal(&portable, &right, sizeof right);
        assert_memory_equal(&clmul, &right, sizeof right);
    }
}

static bool among(const uint32_t *elements, int count, uint32_t element) {
    for (int i = 0; i < count; i++) {
        if (elements[i] == element) return true;
    }
    return false;
}

// Two sets that share many items and differ in at most `cap` decode to exactly the differences.
static void differences_are_decoded(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 4000; round++) {
        bool clmul = round % 2 && gv_pinsketch_has_clmul();
        int cap = 1 + (int)gv_prng_below(&prng, CAP);
        int count = (int)gv_prng_below(&prng, (uint64_t)cap + 1);
        struct gv_pinsketch side[2] = {{{0}}, {{0}}};
        uint32_t elements[CAP] = {0}, out[CAP];
        for (int i = 0; i < 50 + count; i++) {
            // Hashes are small numbers in every third round, otherwise random.
            uint64_t hash = round % 3 ? gv_prng_next(&prng) : (uint64_t)i + 1;
            gv_pinsketch_add(&side[0], &hash, 1, clmul);
            if (i < 50) gv_pinsketch_add(&side[1], &hash, 1, clmul);
            if (i >= 50) elements[i - 50] = gv_pinsketch_element(hash);
        }
        gv_pinsketch_merge(&side[0], &side[1]);
        for (int i = cap; i < CAP; i++)
            side[0].syndrome[i] = ~side[0].syndrome[i]; // syndromes beyond `cap` must not be read
        assert_int_equal(gv_pinsketch_decode(&side[0], cap, clmul, out), count);
        for (int i = 0; i < count; i++) assert_true(among(out, count, elements[i]));
    }
}

// More than `cap` differences are nearly always detected. If not, the decoded elements have the
// same sketch.
static void too_many_differences_are_detected(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    int taken = 0;
    for (int round = 0; round < 2000; round++) {
        bool clmul = round % 2 && gv_pinsketch_has_clmul();
        int cap = 4 + (int)gv_prng_below(&prng, CAP - 3);
        struct gv_pinsketch sketch = {{0}};
        uint32_t out[CAP];
        for (uint64_t i = (uint64_t)cap + 1 + gv_prng_below(&prng, 100); i > 0; i--) {
            uint64_t hash = gv_prng_next(&prng);
            gv_pinsketch_add(&sketch, &hash, 1, clmul);
        }
        int count = gv_pinsketch_decode(&sketch, cap, clmul, out);
        assert_true(count == GV_ERANGE || (count > 0 && count <= cap));
        if (count == GV_ERANGE) continue;
        taken++;
        for (int i = 0; i < count; i++) {
            uint64_t hash = out[i];
            gv_pinsketch_add(&sketch, &hash, 1, clmul);
        }
        for (int i = 0; i < cap; i++) assert_int_equal(sketch.syndrome[i], 0);
    }
    assert_true(taken < 100); // one in 24 for the smallest cap, fewer for larger caps
}

static void random_syndromes_are_decoded_or_refused(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    for (int round = 0; round < 2000; round++) {
        struct gv_pinsketch sketch;
        uint32_t out[CAP];
        uint64_t mask = gv_prng_next(&prng);
        for (int i = 0; i < CAP; i++)
            sketch.syndrome[i] = mask >> i & 1 ? (uint32_t)gv_prng_next(&prng) >> (mask >> 59) : 0;
        int cap = 1 + (int)(mask >> 20 & 7);
        int count = gv_pinsketch_decode(&sketch, cap, round % 2 && gv_pinsketch_has_clmul(), out);
        for (int i = 0; i < count; i++) {
            uint64_t hash = out[i];
            gv_pinsketch_add(&sketch, &hash, 1, false);
        }
        for (int i = 0; count >= 0 && i < cap; i++) assert_int_equal(sketch.syndrome[i], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syndromes_are_sums_of_odd_powers),
        cmocka_unit_test(differences_are_decoded),
        cmocka_unit_test(too_many_differences_are_detected),
        cmocka_unit_test(random_syndromes_are_decoded_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
