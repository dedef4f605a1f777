// SPDX-License-Identifier: MIT
#include "../../engine/lattice.h"

#include "../../engine/prng.h"
#include "../lib/collide.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static struct gv_digest_key key_of(const char *secret) {
    struct gv_digest_key key;
    gv_digest_key_init(&key, slice(secret));
    return key;
}

static struct gv_entry set_of(const char *key) {
    return (struct gv_entry){.lattice = GV_LATTICE_SET, .key = slice(key)};
}

static uint64_t position_of(const char *text) {
    struct gv_digest_key key = key_of("a secret");
    struct gv_entry entry = set_of(text);
    return gv_lattice_item(&key, &entry).position;
}

static void integers_are_ordered(void **state) {
    (void)state;
    static const char *const ascending[] = {
        "-9223372036854775808",
        "-9223372036854775807",
        "-4611686018427387904",
        "-1000000000000000000",
        "-999999999999999999",
        "-10",
        "-9",
        "-1",
        "0",
        "1",
        "9",
        "10",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775805",
        "9223372036854775806",
    };
    for (size_t i = 1; i < sizeof ascending / sizeof *ascending; i++)
        assert_true(position_of(ascending[i - 1]) < position_of(ascending[i]));
    assert_int_equal(position_of("-9223372036854775808"), 0);
    assert_int_equal(position_of("0"), UINT64_C(1) << 63);
    assert_int_equal(position_of("1") - position_of("-1"), 2);
    // GV_POSITION_END is not a position, so the largest integer has the position of the next
    // smaller one.
    assert_int_equal(position_of("9223372036854775807"), GV_POSITION_END - 1);
    assert_int_equal(position_of("9223372036854775806"), GV_POSITION_END - 1);
}

static void the_position_of_an_integer_is_its_value(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int i = 0; i < 10000; i++) {
        int64_t value = (int64_t)gv_prng_next(&prng) >> gv_prng_below(&prng, 64);
        if (value == INT64_MAX) continue;
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, value);
        assert_int_equal(position_of(text), (uint64_t)value + (UINT64_C(1) << 63));
    }
}

// The position of a key that is not a 64-bit integer is its hash, which depends on the secret of
// the cluster.
static void other_keys_are_hashed(void **state) {
    (void)state;
    static const char *const texts[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "99999999999999999999",
        "10000000000000000000000000000000000000001",
        "1.0",
        "1e3",
        "-1E-3",
        "\"1\"",
        "\"\"",
        "null",
        "[1]",
        "{\"a\":1}",
    };
    struct gv_digest_key one = key_of("one"), two = key_of("two");
    struct gv_entry number = set_of("17");
    assert_int_equal(gv_lattice_item(&one, &number).position,
                     gv_lattice_item(&two, &number).position);
    assert_true(gv_lattice_item(&one, &number).hash != gv_lattice_item(&two, &number).hash);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct gv_entry entry = set_of(texts[i]);
        uint64_t position = gv_lattice_item(&one, &entry).position;
        assert_true(position != gv_lattice_item(&two, &entry).position);
        assert_true(position < GV_POSITION_END);
        for (size_t k = 0; k < i; k++) {
            struct gv_entry other = set_of(texts[k]);
            assert_true(position != gv_lattice_item(&one, &other).position);
        }
    }
}

static void assert_told_apart(const struct gv_digest_key *key, const char *one, const char *two) {
    struct gv_entry entries[2] = {set_of(one), set_of(two)};
    for (int lattice = GV_LATTICE_SET; lattice < GV_LATTICES; lattice++) {
        struct gv_item items[2];
        for (int i = 0; i < 2; i++) {
            entries[i].lattice = (enum gv_lattice)lattice;
            items[i] = gv_lattice_item(key, &entries[i]);
        }
        assert_int_equal(items[0].position, items[1].position);
        assert_int_not_equal(items[0].hash, items[1].hash);
        assert_false(gv_lattice_same(&entries[0], &entries[1]));
    }
}

static void keys_of_one_position_differ_in_hash(void **state) {
    (void)state;
    struct gv_digest_key bare = key_of("");
    assert_told_apart(&bare, "9223372036854775807", "9223372036854775806");
    assert_told_apart(&bare, "\"alice\"", "-1957035735387913677");
    uint64_t seed = gv_test_seed() % 1000000;
    for (uint64_t i = 0; i < 1000; i++) {
        char secret[GV_COLLIDE_SECRET_MAX] = "";
        if (i % 100 == 1) gv_collide_secret(seed + i, secret);
        struct gv_digest_key key = key_of(secret);
        struct gv_collide_pair pair;
        gv_collide_pair(&key, seed + i, &pair);
        assert_told_apart(&key, pair.keys[0], pair.keys[1]);
    }
}

// The hash depends on every field of a version, the position only on the key.
static void the_hash_covers_the_version(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("a secret");
    const struct gv_entry entries[] = {
        set_of("5"),
        {.lattice = GV_LATTICE_COUNTER, .key = slice("5")},
        {.lattice = GV_LATTICE_COUNTER, .key = slice("5"), .count = 1},
        {.lattice = GV_LATTICE_COUNTER, .key = slice("5"), .count = UINT64_MAX},
        {.lattice = GV_LATTICE_REGISTER, .key = slice("5")},
        {.lattice = GV_LATTICE_REGISTER, .key = slice("5"), .lamport = 1},
        {.lattice = GV_LATTICE_REGISTER, .key = slice("5"), .node = slice("1")},
        {.lattice = GV_LATTICE_REGISTER, .key = slice("5"), .value = slice("1")},
        {.lattice = GV_LATTICE_REGISTER, .key = slice("5"), .value = slice("12"), .lamport = 1},
        {.lattice = GV_LATTICE_REGISTER,
         .key = slice("5"),
         .value = slice("1"),
         .node = slice("2")},
        {.lattice = GV_LATTICE_REGISTER,
         .key = slice("5"),
         .value = slice("2"),
         .node = slice("1")},
        {.lattice = GV_LATTICE_LOG, .key = slice("5"), .value = slice("1")},
        {.lattice = GV_LATTICE_LOG, .key = slice("5"), .value = slice("2")},
        set_of("6"),
    };
    const size_t count = sizeof entries / sizeof *entries;
    for (size_t i = 0; i < count; i++) {
        struct gv_item item = gv_lattice_item(&key, &entries[i]);
        assert_int_equal(item.ref, 0);
        assert_int_equal(item.hash, gv_lattice_item(&key, &entries[i]).hash);
        if (i + 1 < count) assert_int_equal(item.position, position_of("5"));
        for (size_t k = 0; k < i; k++)
            assert_true(item.hash != gv_lattice_item(&key, &entries[k]).hash);
    }
}

static void same_means_lattice_and_key(void **state) {
    (void)state;
    struct gv_entry one = set_of("1"), again = set_of("1"), longer = set_of("11");
    struct gv_entry counter = {.lattice = GV_LATTICE_COUNTER, .key = slice("1"), .count = 3};
    struct gv_entry more = {.lattice = GV_LATTICE_COUNTER, .key = slice("1"), .count = 4};
    assert_true(gv_lattice_same(&one, &again));
    assert_false(gv_lattice_same(&one, &longer));
    assert_false(gv_lattice_same(&longer, &one));
    assert_false(gv_lattice_same(&one, &counter));
    assert_true(gv_lattice_same(&counter, &more));
}

static struct gv_entry any_version(struct gv_prng *prng, enum gv_lattice lattice) {
    static const char *const texts[] = {"", "1", "11", "\"a\"", "\"b\"", "\"\xc3\xa9\"", "null"};
    const size_t count = sizeof texts / sizeof *texts;
    static const uint64_t numbers[] = {0, 1, 2, UINT64_MAX - 1, UINT64_MAX};
    struct gv_entry entry = {.lattice = lattice, .key = slice("1")};
    if (lattice == GV_LATTICE_COUNTER) entry.count = numbers[gv_prng_below(prng, 5)];
    if (gv_entry_has(&entry, GV_ENTRY_LAMPORT)) entry.lamport = numbers[gv_prng_below(prng, 5)];
    if (gv_entry_has(&entry, GV_ENTRY_NODE)) entry.node = slice(texts[gv_prng_below(prng, count)]);
    if (gv_entry_has(&entry, GV_ENTRY_VALUE))
        entry.value = slice(texts[gv_prng_below(prng, count)]);
    return entry;
}

static bool equal(const struct gv_entry *a, const struct gv_entry *b) {
    return a->count == b->count && a->lamport == b->lamport && a->node.data == b->node.data &&
           a->value.data == b->value.data;
}

static void versions_are_totally_ordered(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int i = 0; i < 30000; i++) {
        enum gv_lattice lattice = (enum gv_lattice)gv_prng_below(&prng, GV_LATTICES);
        struct gv_entry a = any_version(&prng, lattice), b = any_version(&prng, lattice);
        struct gv_entry c = any_version(&prng, lattice);
        bool over = gv_lattice_exceeds(&a, &b), under = gv_lattice_exceeds(&b, &a);
        assert_int_equal(over + under, equal(&a, &b) ? 0 : 1);
        if (over && gv_lattice_exceeds(&b, &c)) assert_true(gv_lattice_exceeds(&a, &c));
    }
}

static void later_writers_win(void **state) {
    (void)state;
    struct gv_entry old = {.lattice = GV_LATTICE_REGISTER,
                           .key = slice("1"),
                           .value = slice("9"),
                           .lamport = 1,
                           .node = slice("\"n9\"")};
    struct gv_entry later = old;
    later.lamport = 2;
    later.node = slice("\"n1\"");
    later.value = slice("1");
    assert_true(gv_lattice_exceeds(&later, &old));
    struct gv_entry tie = old;
    tie.node = slice("\"n91\""); // larger by its bytes, since a digit sorts after a quote
    tie.value = slice("1");
    assert_true(gv_lattice_exceeds(&tie, &old));
    tie = old;
    tie.value = slice("91");
    assert_true(gv_lattice_exceeds(&tie, &old));
}

static struct gv_item element(const struct gv_digest_key *key, const char *text) {
    return gv_lattice_item(
        key,
        &(struct gv_entry){.lattice = GV_LATTICE_LOG, .key = slice(text), .value = slice("true")});
}

// The elements of a log are one run, in the order of their offsets; the run depends on the secret.
static void elements_are_in_the_order_of_their_offsets(void **state) {
    (void)state;
    static const char *const names[] = {"\"a\"", "7", "-1", "[1,2]", "{\"a\":[1,\",5\"]}", "null"};
    struct gv_digest_key one = key_of("one"), two = key_of("two");
    uint64_t differ = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t start = gv_lattice_log_position(&one, slice(names[i]), 0);
        assert_int_equal(start & GV_ENTRY_OFFSET_MAX, 0);
        for (uint64_t offset = 0; offset <= GV_ENTRY_OFFSET_MAX; offset = offset * 3 + 1) {
            char key[64];
            int len = gv_entry_log_key_put(key, sizeof key, slice(names[i]), offset);
            assert_true(len > 0);
            key[len] = '\0';
            assert_int_equal(element(&one, key).position, start + offset);
        }
        differ += start != gv_lattice_log_position(&two, slice(names[i]), 0);
    }
    assert_true(differ > 0);
}

// The last offset of the last run would have the position GV_POSITION_END.
static void the_last_offsets_can_share_a_position(void **state) {
    (void)state;
    struct gv_digest_key key = key_of("");
    char name[32], last[80], before[80];
    uint64_t start = 0;
    for (int i = 0; start >> 53 != 2047; i++) {
        snprintf(name, sizeof name, "%d", i);
        start = gv_lattice_log_position(&key, slice(name), 0);
    }
    snprintf(last, sizeof last, "[%s,9007199254740991]", name);
    snprintf(before, sizeof before, "[%s,9007199254740990]", name);
    struct gv_item a = element(&key, last), b = element(&key, before);
    assert_int_equal(a.position, GV_POSITION_END - 1);
    assert_int_equal(b.position, GV_POSITION_END - 1);
    assert_int_not_equal(a.hash, b.hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_ordered),
        cmocka_unit_test(the_position_of_an_integer_is_its_value),
        cmocka_unit_test(other_keys_are_hashed),
        cmocka_unit_test(keys_of_one_position_differ_in_hash),
        cmocka_unit_test(the_hash_covers_the_version),
        cmocka_unit_test(same_means_lattice_and_key),
        cmocka_unit_test(versions_are_totally_ordered),
        cmocka_unit_test(later_writers_win),
        cmocka_unit_test(elements_are_in_the_order_of_their_offsets),
        cmocka_unit_test(the_last_offsets_can_share_a_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
