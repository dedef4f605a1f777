// SPDX-License-Identifier: MIT
#include "../../merkle/rbsr.h"

#include "../../engine/prng.h"
#include "../../merkle/singlediff.h"
#include "../lib/pair.h"
#include "../lib/test.h"
#include "../lib/tree_verify.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 48 << 10, ANY = 1 << 30 };

static uint64_t spread(uint64_t n) {
    return n * UINT64_C(0x9e3779b97f4a7c15) >> 1;
}

// Adds `common` items, `step` positions apart, to both sides.
static void fill(struct gv_pair *pair, uint64_t common, uint64_t step) {
    for (uint64_t i = 0; i < common; i++) {
        gv_pair_add(pair, 0, i * step, spread(i));
        gv_pair_add(pair, 1, i * step, spread(i));
    }
}

static void equal_trees_take_one_message(void **state) {
    (void)state;
    struct gv_pair pair;
    gv_pair_init(&pair, 1, ROOM, ANY);
    assert_true(gv_pair_run(&pair, 0, 100)); // both empty
    assert_int_equal(pair.messages, 1);
    fill(&pair, 1000, 7);
    pair.messages = pair.bytes = 0;
    assert_true(gv_pair_run(&pair, 1, 100));
    assert_int_equal(pair.messages, 1);
    assert_true(pair.bytes <= 23);
    gv_pair_fini(&pair);
}

// One additional item among 100,000 is found, whichever side opens the exchange.
static void one_missing_item_is_found(void **state) {
    (void)state;
    for (int from = 0; from < 2; from++) {
        struct gv_pair pair;
        gv_pair_init(&pair, 2, ROOM, ANY);
        fill(&pair, 100000, 1);
        gv_pair_add(&pair, 0, 314159, 42);
        gv_pair_add(&pair, 0, 31415, 42); // shares its position with another item
        assert_true(gv_pair_run(&pair, from, 100));
        assert_true(gv_pair_equal(&pair));
        assert_true(gv_pair_has(&pair, 1, 31415, 42));
        assert_true(pair.messages <= 7);
        assert_true(pair.bytes < 2000);
        assert_true(pair.redundant <= GV_RANGE_LIST_MAX);
        gv_pair_fini(&pair);
    }
}

static void empty_side_gets_everything(void **state) {
    (void)state;
    struct gv_pair pair;
    gv_pair_init(&pair, 3, ROOM, 1000);
    for (uint64_t i = 0; i < 10000; i++) gv_pair_add(&pair, 0, spread(i), i);
    assert_true(gv_pair_run(&pair, 1, 100));
    assert_true(gv_pair_equal(&pair));
    assert_int_equal(pair.sent[0], 10000);
    assert_int_equal(pair.messages, 11); // the opening and ten full messages
    assert_int_equal(pair.redundant, 0);
    gv_pair_fini(&pair);
}

static void newest_items_are_cheap(void **state) {
    (void)state;
    struct gv_pair pair;
    gv_pair_init(&pair, 4, ROOM, ANY);
    fill(&pair, 50000, 1);
    for (uint64_t i = 50000; i < 51000; i++) gv_pair_add(&pair, 0, i, spread(i));
    assert_true(gv_pair_run(&pair, 0, 100));
    assert_true(gv_pair_equal(&pair));
    assert_true(pair.messages <= 8);
    assert_true(pair.bytes < 10000);
    gv_pair_fini(&pair);
}

// Adds differing items whose hashes are chosen so that the sums of both sides are equal.
static void collide(struct gv_pair *pair, uint64_t position) {
    gv_pair_add(pair, 0, position, 1);
    gv_pair_add(pair, 0, position + 2, 4);
    gv_pair_add(pair, 1, position + 4, 2);
    gv_pair_add(pair, 1, position + 6, 3);
}

// A difference that one exchange misses because its sums are equal is found by the next one.
static void collision_is_not_missed_twice(void **state) {
    (void)state;
    int missed = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct gv_pair pair;
        gv_pair_init(&pair, seed, ROOM, ANY);
        for (uint64_t i = 0; i < 20000; i++) {
            gv_pair_add(&pair, 0, i * 2 + 1, gv_singlediff_permute(&pair.key, i * 2 + 1));
            gv_pair_add(&pair, 1, i * 2 + 1, gv_singlediff_permute(&pair.key, i * 2 + 1));
        }
        gv_pair_add(&pair, 0, 30000, gv_singlediff_permute(&pair.key, 30000));
        gv_pair_add(&pair, 0, 35000, gv_singlediff_permute(&pair.key, 35000));
        collide(&pair, 400 * seed + 100);
        assert_true(gv_pair_run(&pair, (int)(seed & 1), 100));
        assert_true(gv_pair_has(&pair, 1, 30000, gv_singlediff_permute(&pair.key, 30000)));
        if (!gv_pair_equal(&pair)) missed++;
        assert_true(gv_pair_run(&pair, (int)(seed & 1), 100));
        assert_true(gv_pair_equal(&pair));
        gv_pair_fini(&pair);
    }
    assert_true(missed > 0); // otherwise no sums collided
}

// Adds to each side an item with the same element. No split point lies between the positions of the
// two items.
static void share_element(struct gv_pair *pair, uint64_t hash) {
    uint64_t position = gv_singlediff_unpermute(&pair->key, hash), other = hash, at = ~position;
    while ((at ^ position) >> 48 != 0) {
        other += UINT64_C(1) << 32;
        at = gv_singlediff_unpermute(&pair->key, other);
    }
    assert_true(gv_pinsketch_element(hash) == gv_pinsketch_element(other) && other != hash);
    gv_pair_add(pair, 0, position, hash);
    gv_pair_add(pair, 1, at, other);
}

// Two items with the same element cancel in sketches. For some salts the exchange uses sums, which
// find the items, even if each exchange has other differences, too.
static void same_elements_are_found(void **state) {
    (void)state;
    int found = 0, hidden = 0;
    for (uint64_t seed = 0; seed < 16; seed++) {
        struct gv_pair pair;
        gv_pair_init(&pair, seed, ROOM, ANY);
        pair.options.use_sketches = seed & 1;
        uint64_t news = seed & 2 ? 12 : 0, exchanges = 0;
        for (uint64_t i = 0; i < 2000; i++) {
            uint64_t hash = spread(~i), position = gv_singlediff_unpermute(&pair.key, hash);
            gv_pair_add(&pair, 0, position, hash);
            gv_pair_add(&pair, 1, position, hash);
        }
        share_element(&pair, spread(seed + 12345));
        do {
            for (uint64_t i = 0; i < news; i++) {
                uint64_t hash = gv_prng_next(&pair.prng);
                gv_pair_add(&pair, (int)(i & 1), gv_singlediff_unpermute(&pair.key, hash), hash);
            }
            assert_true(gv_pair_run(&pair, 0, ANY));
        } while (++exchanges < 256 && !gv_pair_equal(&pair));
        found += gv_pair_equal(&pair);
        hidden += exchanges > 1;
        gv_pair_fini(&pair);
    }
    assert_int_equal(found, 16);
    assert_true(hidden >= 12); // otherwise no sketches were used
}

static bool refuse(void *ctx, const struct gv_item *item, size_t summary_len) {
    (void)ctx, (void)item, (void)summary_len;
    return false;
}

// The bounds in the second message depend on the salt.
static void split_points_depend_on_the_salt(void **state) {
    (void)state;
    struct gv_pair pair;
    gv_pair_init(&pair, 8, ROOM, ANY);
    fill(&pair, 10000, 1);
    for (uint64_t i = 0; i < 100; i++) gv_pair_add(&pair, (int)(i % 2), 100 * i, spread(~i));
    uint8_t first[16];
    int moved = 0;
    for (uint8_t salt = 0; salt < 9; salt++) {
        uint8_t opening[GV_RBSR_ROOT_MAX], answer[1000];
        struct gv_writer root = {.data = opening, .cap = sizeof opening};
        gv_rbsr_open(&pair.side[0].tree, salt, &root);
        struct gv_rbsr answering;
        assert_int_equal(gv_rbsr_begin(&answering, gv_slice_of(opening, root.len), NULL), 0);
        struct gv_rbsr_out out = {.summary = {.data = answer, .cap = sizeof answer},
                                  .send = refuse};
        assert_int_equal(gv_rbsr_answer(&answering, &pair.side[1].tree, &pair.key, &out), 0);
        assert_true(out.summary.len > 1 + sizeof first);
        if (salt == 0) memcpy(first, answer + 1, sizeof first); // after the salt
        if (memcmp(first, answer + 1, sizeof first) != 0) moved++;
    }
    assert_true(moved >= 4); // several salts may give the same shortest bound
    gv_pair_fini(&pair);
}

// More items share a position than a list or a message can hold.
static void many_items_share_a_position(void **state) {
    (void)state;
    for (int from = 0; from < 2; from++) {
        struct gv_pair pair;
        gv_pair_init(&pair, 5, GV_RBSR_CAPACITY_MIN, 10);
        for (uint64_t i = 0; i < 500; i++) {
            gv_pair_add(&pair, (int)(i % 2), 77, spread(i));
            gv_pair_add(&pair, 0, i, 1);
            gv_pair_add(&pair, 1, i, 1);
        }
        assert_true(gv_pair_run(&pair, from, 5000));
        assert_true(gv_pair_equal(&pair));
        gv_pair_fini(&pair);
    }
}

static void items_at_the_first_and_last_position_are_exchanged(void **state) {
    (void)state;
    struct gv_pair pair;
    gv_pair_init(&pair, 6, ROOM, ANY);
    fill(&pair, 200, UINT64_C(1) << 56);
    gv_pair_add(&pair, 0, 0, 9);
    gv_pair_add(&pair, 1, GV_POSITION_END - 1, 9);
    assert_true(gv_pair_run(&pair, 0, 100));
    assert_true(gv_pair_equal(&pair));
    gv_pair_fini(&pair);
}

static void random_sets_become_their_union(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 150; round++) {
        size_t capacity = GV_RBSR_CAPACITY_MIN + gv_prng_below(&prng, round % 2 ? 600 : 40000);
        struct gv_pair pair;
        gv_pair_init(&pair, gv_prng_next(&prng), capacity, 1 + gv_prng_below(&prng, 100));
        uint64_t count = gv_prng_below(&prng, 3000);
        // The number of positions varies from 2^64 to a few that many items share.
        uint64_t positions = UINT64_MAX >> gv_prng_below(&prng, 64);
        uint64_t common = gv_prng_below(&prng, 101);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t position = gv_prng_next(&prng) % (positions > 1 ? positions - 1 : 1);
            uint64_t hash = gv_prng_next(&prng);
            bool both = gv_prng_below(&prng, 100) < common;
            int side = (int)gv_prng_below(&prng, 2);
            gv_pair_add(&pair, side, position, hash);
            if (both) gv_pair_add(&pair, 1 - side, position, hash);
        }
        assert_true(gv_pair_run(&pair, round % 2, 20000));
        assert_true(gv_pair_equal(&pair));
        assert_int_equal(pair.errors, 0);
        assert_int_equal(gv_tree_verify(&pair.side[0].tree), 0);
        gv_pair_fini(&pair);
    }
}

static void tree_may_change_between_messages(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_pair pair;
    gv_pair_init(&pair, 7, GV_RBSR_CAPACITY_MIN, 3);
    for (uint64_t i = 0; i < 3000; i++) gv_pair_add(&pair, (int)(i & 1), spread(i), ~spread(i));
    for (int round = 0; round < 200; round++) {
        gv_pair_run(&pair, round & 1, pair.messages + 40); // interrupted, as after a loss
        gv_pair_add(&pair, round & 1, gv_prng_next(&prng) >> 1, gv_prng_next(&prng));
    }
    assert_true(gv_pair_run(&pair, 0, ANY));
    assert_true(gv_pair_equal(&pair));
    gv_pair_fini(&pair);
}

// A test case: two sets become their union, at each of several rates of message loss. They differ
// in `diff` of `count` items: at any position (U), at the end (C), or in their values (M).
struct grid_case {
    uint64_t count, diff;
    char pattern;
    bool dense; // consecutive positions
};

static void grid_item(struct gv_pair *pair, const struct grid_case *it, int side, uint64_t i,
                      uint64_t version) {
    uint64_t position = it->dense || it->pattern == 'C' ? 1000 + i : spread(i);
    uint64_t hash = gv_singlediff_permute(&pair->key, position);
    if (it->pattern == 'M' || (it->pattern == 'X' && i % 2))
        hash = gv_singlediff_permute(&pair->key, hash + version);
    if (side != 1) gv_pair_add(pair, 0, position, hash);
    if (side != 0) gv_pair_add(pair, 1, position, hash);
}

static void grid_fill(struct gv_pair *pair, const struct grid_case *it, struct gv_prng *prng) {
    for (uint64_t i = 0; i < it->count; i++) {
        bool differs = it->pattern == 'C' ? i + it->diff >= it->count
                                          : gv_prng_below(prng, it->count) < it->diff;
        int side = it->pattern == 'C' ? (int)(it->count & 1) : (int)gv_prng_below(prng, 2);
        grid_item(pair, it, differs ? side : 2, i, 1);
        if (differs && it->pattern == 'M') grid_item(pair, it, 1 - side, i, 2);
    }
}

// Returns true if a second exchange was needed although no message was lost.
static bool run_grid_case(struct gv_prng *prng, uint64_t number) {
    // Usually small sets, sometimes large ones.
    uint64_t most = number % 1000 == 0 ? 10000 : number % 100 == 0 ? 1000 : number % 7 ? 30 : 100;
    struct grid_case it = {.count = 1 + gv_prng_below(prng, most)};
    it.diff = gv_prng_below(prng, it.count + 1) >> gv_prng_below(prng, 12);
    it.pattern = "UCMX"[number % 4];
    it.dense = gv_prng_below(prng, 2);
    struct gv_pair pair;
    size_t capacity = GV_RBSR_CAPACITY_MIN + (gv_prng_below(prng, 1000) << gv_prng_below(prng, 7));
    gv_pair_init(&pair, gv_prng_next(prng), capacity,
                 1 + (gv_prng_below(prng, 1000) >> number % 8));
    pair.options.fewer_rounds = gv_prng_below(prng, 2);
    pair.options.use_sketches = gv_prng_below(prng, 2);
    pair.options.expected = (uint32_t)gv_prng_below(prng, 100) * (uint32_t)gv_prng_below(prng, 2);
    grid_fill(&pair, &it, prng);
    struct gv_digest all = {0, 0, 0}, held = {0, 0, 0};
    for (int side = 0; side < 2; side++)
        held = gv_digest_add(held, gv_tree_root(&pair.side[side].tree));
    for (size_t i = 0; i < pair.item_count; i++) // an item of both sides is recorded twice in a row
        if (i == 0 || pair.items[i].hash != pair.items[i - 1].hash)
            all = gv_digest_add(all, gv_digest_of(pair.items[i].position, pair.items[i].hash));
    assert_int_equal(held.count, pair.item_count);
    pair.faults = number % 3 ? (uint32_t)gv_prng_below(prng, 300) : 0;
    uint64_t runs = 0;
    do { // opens another exchange after a loss
        if (++runs == 200) pair.faults = 0;
        assert_true(runs < 210);
        assert_true(gv_pair_run(&pair, (int)gv_prng_below(prng, 2), ANY));
    } while (!gv_pair_equal(&pair));
    if (!gv_digest_equal(gv_tree_root(&pair.side[0].tree), all))
        fail_msg("case %llu: %c, %llu items, %llu differ, dense %d, capacity %zu",
                 (unsigned long long)number, it.pattern, (unsigned long long)it.count,
                 (unsigned long long)it.diff, it.dense, capacity);
    assert_int_equal(pair.errors, 0);
    bool unlucky = runs > 1 && number % 3 == 0;
    gv_pair_fini(&pair);
    return unlucky;
}

static void every_grid_case_becomes_its_union(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    int unlucky = 0; // exchanges with colliding short hashes or wrong single differences
    for (uint64_t number = 0; number < 100000; number++) unlucky += run_grid_case(&prng, number);
    assert_true(unlucky <= 3);
}

static void malformed_summaries_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[40];
        size_t len;
    } cases[] = {
        {"no salt", {0}, 0},
        {"a range cut short", {1, 1}, 2},
        {"sums cut short", {1, 1, 0, 5, 1}, 5},
        {"a root cut short", {1, 7, 5, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2}, 13},
        {"a root without all of its estimator", {1, 7, 5, [19] = 0}, 20},
        {"a sketch cut short", {1, 4, 0, 1, 1, 2, 3, 4, 5, 6, 7}, 11},
        {"a request for more elements than a sketch decodes", {1, 3, 0, 0x89, [39] = 0}, 40},
        {"a list of an unknown kind", {1, 3, 0, 0xc1, 1, 2, 3, 4}, 8},
        {"a request by element cut short", {1, 3, 0, 0x82, 1, 2, 3, 4, 5}, 9},
        {"a root that has a bound", {1, 15, 5, 1, 2, 3, 4, 5, 6, 7, 8, [19] = 0}, 20},
        {"a root that is not first", {1, 0, 1, 7, 5, [21] = 0}, 22},
        {"ranges after the end", {1, 0, 0, 0, 0}, 5},
        {"a mantissa that could be shorter", {1, 0, 4}, 3},
        {"a bound beyond the last position", {1, 0xf8, 5}, 3},
        {"a list without short hashes", {1, 3, 0, 0}, 4},
        {"a list cut short", {1, 3, 0, 2, 1, 2, 3, 4, 1}, 9},
        {"a list that is too long", {1, 3, 0, 33, [35] = 0}, 36},
        {"a request by hash cut short", {1, 3, 0, 0x41, 1, 2, 3}, 7},
        {"a probe beyond its range", {1, 5, 5, 0, 9}, 5},
        {"a probe wider than all positions", {1, 5, 5, 64, 0}, 5},
        {"a varint too long", {1, 1, 0x80, 0}, 4},
    };
    struct gv_pair pair;
    gv_pair_init(&pair, 8, ROOM, ANY);
    fill(&pair, 100, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t before = pair.errors;
        assert_true(gv_pair_answer(&pair, 0, (struct gv_slice){cases[i].bytes, cases[i].len}, 9));
        if (pair.errors != before + 1) fail_msg("%s was accepted", cases[i].what);
    }
    gv_pair_fini(&pair);
}

// Damaged summaries cause no crash, and an answer sends at most the items of the tree.
static void damaged_summaries_do_no_harm(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    struct gv_pair pair;
    gv_pair_init(&pair, 9, GV_RBSR_CAPACITY_MIN, 50);
    for (uint64_t i = 0; i < 2000; i++) gv_pair_add(&pair, 0, spread(i), i);
    for (int round = 0; round < 3000; round++) {
        uint8_t bytes[64] = {0};
        size_t len = gv_pair_open(&pair, 0, bytes, sizeof bytes);
        len += gv_prng_below(&prng, sizeof bytes - len);
        for (uint64_t k = gv_prng_below(&prng, 6); k > 0; k--)
            bytes[8 + gv_prng_below(&prng, len - 8)] = (uint8_t)gv_prng_next(&prng);
        assert_true(gv_pair_answer(&pair, 0, (struct gv_slice){bytes, len}, 5000));
    }
    gv_pair_fini(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_trees_take_one_message),
        cmocka_unit_test(one_missing_item_is_found),
        cmocka_unit_test(empty_side_gets_everything),
        cmocka_unit_test(newest_items_are_cheap),
        cmocka_unit_test(collision_is_not_missed_twice),
        cmocka_unit_test(same_elements_are_found),
        cmocka_unit_test(split_points_depend_on_the_salt),
        cmocka_unit_test(many_items_share_a_position),
        cmocka_unit_test(items_at_the_first_and_last_position_are_exchanged),
        cmocka_unit_test(random_sets_become_their_union),
        cmocka_unit_test(tree_may_change_between_messages),
        cmocka_unit_test(every_grid_case_becomes_its_union),
        cmocka_unit_test(malformed_summaries_are_refused),
        cmocka_unit_test(damaged_summaries_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
