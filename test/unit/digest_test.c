// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../merkle/digest.h"
#include "../lib/test.h"

#include <string.h>

static struct gv_digest_key key_of(const char *seed) {
    struct gv_digest_key key;
    gv_digest_key_init(&key, (struct gv_slice){(const uint8_t *)seed, strlen(seed)});
    return key;
}

// These values are part of the protocol: every build on every machine must compute them.
static void test_golden_hashes(void **state) {
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } golden[] = {
        // XXH3 has a code path for each class of lengths. The table has the bounds of each class
        // and a length within it.
        {0, UINT64_C(0x34b0705baecfb9f8)},   {1, UINT64_C(0xbfec37a6c2dbf8d1)},
        {8, UINT64_C(0x2262ce6b4fd4621d)},   {16, UINT64_C(0xd57753d6c40d014a)},
        {17, UINT64_C(0xa750d2c053308d8a)},  {128, UINT64_C(0x5f0fcc9774d60bfc)},
        {129, UINT64_C(0xe4f9ffe36c71a27c)}, {240, UINT64_C(0xa9d1cdb32c56c9d3)},
        {241, UINT64_C(0xfcae94e04dd95912)}, {300, UINT64_C(0x63d0206fcb2e501c)},
    };
    struct gv_digest_key key = key_of("grapevine");
    // Alignment does not matter.
    uint8_t buf[301], *data = buf + 1;
    for (int i = 0; i < 300; i++) data[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        assert_int_equal(gv_digest_hash(&key, data, golden[i].len), golden[i].hash);
    }
    assert_int_equal(gv_digest_hash(&key, NULL, 0), golden[0].hash);
}

static void test_golden_fingerprints(void **state) {
    (void)state;
    static const struct {
        struct gv_digest digest;
        uint64_t salt, fingerprint;
    } golden[] = {
        {{0, 0, 0}, 0, UINT64_C(0x2b1d96418da73a61)},
        {{0, 0, 0}, 1, UINT64_C(0xa95d9a01c2cc9060)},
        {{1, 0, 0}, 0, UINT64_C(0xf7be9ab33345a280)},
        {{1, UINT64_C(0x0123456789abcdef), 0}, 42, UINT64_C(0x777c81bc30facaa6)},
        {{100000, UINT64_MAX, 0}, UINT64_MAX, UINT64_C(0xc94cea26944ddf67)},
    };
    struct gv_digest_key key = key_of("grapevine");
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        uint64_t fingerprint = gv_digest_fingerprint(&key, golden[i].digest, golden[i].salt);
        assert_int_equal(fingerprint, golden[i].fingerprint);
    }
}

static void test_empty_seed(void **state) {
    (void)state;
    struct gv_digest_key a = key_of(""), b;
    gv_digest_key_init(&b, (struct gv_slice){NULL, 0});
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(gv_digest_hash(&a, "a", 1), UINT64_C(0x95bef4213676e3d5));
}

static void test_seeds_differ(void **state) {
    (void)state;
    // Seeds: short, long, one that is a prefix of another, one that differs only in its last byte.
    static const char *const seeds[] = {
        "",
        "a",
        "b",
        "grapevine",
        "grapevine ",
        "a seed of more than two hundred and forty bytes takes XXH3 another way, so this one goes "
        "on and on, past the end of the line, as vines do, along the wall and over the gate, until "
        "it has got long enough, which is about here, or a little further on, just there: 1",
        "a seed of more than two hundred and forty bytes takes XXH3 another way, so this one goes "
        "on and on, past the end of the line, as vines do, along the wall and over the gate, until "
        "it has got long enough, which is about here, or a little further on, just there: 2",
    };
    enum { COUNT = sizeof seeds / sizeof *seeds };
    struct gv_digest digest = {3, 12345, 0};
    for (size_t i = 0; i < COUNT; i++) {
        struct gv_digest_key a = key_of(seeds[i]), again = key_of(seeds[i]);
        assert_memory_equal(&a, &again, sizeof a);
        for (size_t j = 0; j < i; j++) {
            struct gv_digest_key b = key_of(seeds[j]);
            assert_int_not_equal(gv_digest_hash(&a, "key", 3), gv_digest_hash(&b, "key", 3));
            assert_int_not_equal(gv_digest_hash(&a, "", 0), gv_digest_hash(&b, "", 0));
            assert_int_not_equal(gv_digest_fingerprint(&a, digest, 7),
                                 gv_digest_fingerprint(&b, digest, 7));
        }
    }
}

// The digest of the items, added in order.
static struct gv_digest digest_of(const struct gv_digest_key *key, const uint64_t *items,
                                  size_t count) {
    struct gv_digest all = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = gv_digest_hash(key, &items[i], sizeof items[i]);
        all = gv_digest_add(all, gv_digest_of(items[i], hash));
    }
    return all;
}

static void test_order_does_not_matter(void **state) {
    (void)state;
    enum { COUNT = 500 };
    uint64_t items[COUNT];
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_digest_key key = key_of("order");
    for (size_t i = 0; i < COUNT; i++) items[i] = gv_prng_next(&prng);
    struct gv_digest before = digest_of(&key, items, COUNT);
    assert_int_equal(before.count, COUNT);
    for (size_t i = COUNT - 1; i > 0; i--) {
        size_t j = gv_prng_below(&prng, i + 1);
        uint64_t swap = items[i];
        items[i] = items[j];
        items[j] = swap;
    }
    assert_true(gv_digest_equal(before, digest_of(&key, items, COUNT)));
    // Subtracting the digest of a subset leaves the digest of the other items.
    struct gv_digest part = digest_of(&key, items, 123);
    struct gv_digest rest = digest_of(&key, items + 123, COUNT - 123);
    assert_true(gv_digest_equal(gv_digest_sub(before, part), rest));
    items[7]++;
    assert_false(gv_digest_equal(before, digest_of(&key, items, COUNT)));
}

static void test_equal_items_do_not_cancel(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("twice");
    static const uint64_t twice[2] = {5, 5};
    struct gv_digest none = {0, 0, 0}, two = digest_of(&key, twice, 2);
    assert_int_equal(two.count, 2);
    assert_int_not_equal(two.sum, 0);
    assert_false(gv_digest_equal(two, none));
    // Sums wrap modulo 2^64 in both directions.
    struct gv_digest most = {1, UINT64_MAX, UINT64_MAX};
    assert_true(gv_digest_equal(gv_digest_add(most, most),
                                (struct gv_digest){2, UINT64_MAX - 1, UINT64_MAX - 1}));
    assert_true(
        gv_digest_equal(gv_digest_sub(most, (struct gv_digest){1, UINT64_MAX, UINT64_MAX}), none));
}

static void test_a_fingerprint_covers_all_it_is_given(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("print");
    struct gv_digest digest = {10, 20, 30};
    uint64_t fingerprint = gv_digest_fingerprint(&key, digest, 30);
    for (int bit = 0; bit < 64; bit++) {
        uint64_t flip = UINT64_C(1) << bit;
        struct gv_digest count = {10 ^ flip, 20, 30}, sum = {10, 20 ^ flip, 30};
        assert_int_not_equal(gv_digest_fingerprint(&key, count, 30), fingerprint);
        assert_int_not_equal(gv_digest_fingerprint(&key, sum, 30), fingerprint);
        assert_int_not_equal(gv_digest_fingerprint(&key, digest, 30 ^ flip), fingerprint);
    }
    assert_true(gv_digest_equal(digest, (struct gv_digest){10, 20, 30}));
    assert_false(gv_digest_equal(digest, (struct gv_digest){10, 21, 30}));
    assert_false(gv_digest_equal(digest, (struct gv_digest){11, 20, 30}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_hashes),
        cmocka_unit_test(test_golden_fingerprints),
        cmocka_unit_test(test_empty_seed),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_equal_items_do_not_cancel),
        cmocka_unit_test(test_a_fingerprint_covers_all_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
