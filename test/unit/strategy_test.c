// SPDX-License-Identifier: MIT
#include "../../merkle/strategy.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

enum { SPLIT_MAX = 4096 };

// A number of up to 64 bits. All lengths are equally likely.
static uint64_t any(struct gv_prng *prng) {
    return gv_prng_next(prng) >> gv_prng_below(prng, 64);
}

static struct gv_tree tree_of(struct gv_prng *prng, uint64_t count) {
    struct gv_tree tree;
    gv_tree_init(&tree, gv_base_malloc());
    for (uint64_t i = 0; i < count; i++) {
        struct gv_item item = {gv_prng_next(prng) % GV_POSITION_END, gv_prng_next(prng), 0};
        assert_int_equal(gv_tree_insert(&tree, item), 0);
    }
    return tree;
}

static struct gv_strategy any_strategy(struct gv_prng *prng) {
    struct gv_rbsr_options options = {
        .expected = (uint32_t)any(prng),
        .fewer_rounds = gv_prng_below(prng, 2),
        .use_sketches = gv_prng_below(prng, 2),
    };
    return gv_strategy_start(&options, (uint8_t)gv_prng_next(prng));
}

// Writes ranges with sums, for which the peer claims any counts; returns the length.
static size_t write_sums(struct gv_prng *prng, uint8_t *bytes, size_t cap) {
    struct gv_writer out = {.data = bytes, .cap = cap};
    gv_pack_put_u8(&out, 0); // the salt
    uint64_t lo = 0, ranges = gv_prng_below(prng, 400);
    for (uint64_t i = 0; i < ranges; i++) {
        uint64_t hi = lo + 1 + gv_prng_below(prng, UINT64_MAX / 400);
        if (gv_prng_below(prng, 3) > 0) {
            gv_range_put_header(&out, GV_RANGE_SUM, lo, hi);
            gv_pack_put_varint(&out, any(prng));
            gv_pack_put_u64(&out, gv_prng_next(prng));
        } else {
            gv_range_put_header(&out, GV_RANGE_SKIP, lo, hi);
        }
        lo = hi;
    }
    assert_false(out.full);
    return out.len;
}

static struct gv_range any_range(struct gv_prng *prng) {
    static const uint8_t kinds[] = {GV_RANGE_ROOT, GV_RANGE_SUM, GV_RANGE_DIGEST, GV_RANGE_SKETCH,
                                    GV_RANGE_PROBE};
    struct gv_range range = {.hi = GV_POSITION_END, .kind = kinds[gv_prng_below(prng, 5)]};
    if (range.kind != GV_RANGE_ROOT && gv_prng_below(prng, 2)) range.lo = 1 + any(prng) / 2;
    range.peer = (struct gv_digest){any(prng), gv_prng_next(prng), gv_prng_next(prng)};
    range.estimator = (uint32_t)gv_prng_next(prng) & 0x3f3f3f3f;
    return range;
}

// The rule that makes every exchange end: the answer to a range is a list, a sketch that replaces
// sums, or at least two subranges.
static void choices_make_ranges_narrower(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_digest_key key;
    gv_digest_key_init(&key, gv_slice_text("strategy"));
    struct gv_tree tree = tree_of(&prng, 2000);
    static uint8_t bytes[16 << 10];
    static struct gv_window window;
    for (int round = 0; round < 2000; round++) {
        struct gv_strategy strategy = any_strategy(&prng);
        size_t len = write_sums(&prng, bytes, sizeof bytes);
        gv_window_init(&window, &tree, &key, gv_slice_of(bytes, len), 1, 0);
        gv_strategy_sample(&strategy, &window);
        for (int i = 0; i < 20; i++) {
            struct gv_range range = any_range(&prng);
            struct gv_digest mine = {1 + (any(&prng) >> 1), gv_prng_next(&prng), 0};
            struct gv_strategy_choice choice = gv_strategy_choose(&strategy, &tree, &range, mine);
            bool sketch = choice.kind == GV_RANGE_SKETCH, list = choice.kind == GV_RANGE_LIST;
            assert_true(sketch || list || choice.kind == GV_RANGE_SUM);
            assert_true(choice.subranges >= 1 && choice.subranges <= SPLIT_MAX);
            assert_true(choice.subranges <= mine.count);
            if (list) assert_true(choice.subranges == 1 && mine.count <= GV_RANGE_LIST_MAX);
            if (!list && (!sketch || range.kind == GV_RANGE_SKETCH))
                assert_true(choice.subranges >= 2);
        }
    }
    gv_tree_fini(&tree);
}

static void sample_is_taken_once_before_the_first_answer(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_digest_key key;
    gv_digest_key_init(&key, gv_slice_text("strategy"));
    struct gv_tree tree = tree_of(&prng, 100);
    static uint8_t bytes[16 << 10];
    static struct gv_window window;
    for (int round = 0; round < 200; round++) {
        struct gv_strategy strategy = any_strategy(&prng);
        struct gv_slice summary = {bytes, write_sums(&prng, bytes, sizeof bytes)};
        gv_window_init(&window, &tree, &key, summary, 1, 0);
        const struct gv_window_range *next = gv_window_next(&window);
        bool empty = next == NULL;
        uint64_t lo = empty ? 0 : next->range.lo;
        gv_window_init(&window, &tree, &key, summary, 1, 0);
        gv_strategy_sample(&strategy, &window);
        assert_true(strategy.sampled);
        next = gv_window_next(&window);
        assert_true(empty ? next == NULL : next != NULL && next->range.lo == lo);
        struct gv_strategy before = strategy;
        gv_strategy_sample(&strategy, &window);
        assert_true(before.fanout == strategy.fanout && before.sketch_max == strategy.sketch_max &&
                    before.expected_each == strategy.expected_each);
    }
    gv_tree_fini(&tree);
}

// A sketch carries its count modulo 32, so its surplus is the value closest to 0.
static void surplus_of_a_sketch_is_the_closest_to_zero(void **state) {
    (void)state;
    for (uint64_t mine = 0; mine < 200; mine++) {
        for (int mod = 0; mod < GV_RANGE_COUNT_MODULUS; mod++) {
            struct gv_range range = {.kind = GV_RANGE_SKETCH, .count_mod = (uint8_t)mod};
            int64_t by = gv_strategy_surplus(&range, mine);
            assert_true(by >= -GV_RANGE_COUNT_MODULUS / 2 && by < GV_RANGE_COUNT_MODULUS / 2);
            assert_int_equal(((int64_t)mine - by - mod) % GV_RANGE_COUNT_MODULUS, 0);
        }
    }
}

static void only_a_sum_ignores_the_weighted_sum(void **state) {
    (void)state;
    struct gv_digest mine = {5, 6, 7};
    struct gv_range range = {.kind = GV_RANGE_SUM, .peer = {5, 6, 0}};
    assert_true(gv_strategy_matches(&range, mine));
    range.kind = GV_RANGE_DIGEST;
    assert_false(gv_strategy_matches(&range, mine));
    range.peer.weighted_sum = 7;
    assert_true(gv_strategy_matches(&range, mine));
    range.peer.count = 4;
    assert_false(gv_strategy_matches(&range, mine));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_make_ranges_narrower),
        cmocka_unit_test(sample_is_taken_once_before_the_first_answer),
        cmocka_unit_test(surplus_of_a_sketch_is_the_closest_to_zero),
        cmocka_unit_test(only_a_sum_ignores_the_weighted_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
