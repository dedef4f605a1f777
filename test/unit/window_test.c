// SPDX-License-Identifier: MIT
#include "../../merkle/rbsr.h"

#include "../../engine/prng.h"
#include "../../merkle/window.h"
#include "../lib/test.h"

enum { RANGES_MAX = 300, SUMMARY_MAX = 16 << 10 };

static struct gv_digest_key key;

// A summary, and the ranges that a window must return, which are all except the skipped ones.
struct summary {
    uint8_t bytes[SUMMARY_MAX];
    struct gv_writer out;
    uint32_t count;
    uint64_t lo[RANGES_MAX], hi[RANGES_MAX];
    size_t end[RANGES_MAX];
};

static void fill_tree(struct gv_prng *prng, struct gv_tree *tree) {
    gv_tree_init(tree, gv_base_malloc());
    for (uint64_t i = gv_prng_below(prng, 3000); i > 0; i--) {
        uint64_t position = gv_prng_next(prng) % GV_POSITION_END;
        struct gv_item item = {position, gv_singlediff_permute(&key, position), 0};
        assert_int_equal(gv_tree_insert(tree, item), 0);
    }
}

static void put_range(struct gv_prng *prng, struct gv_writer *out, enum gv_range_kind kind,
                      uint64_t lo, uint64_t hi) {
    gv_range_put_header(out, kind, lo, hi);
    if (kind == GV_RANGE_SUM || kind == GV_RANGE_DIGEST) {
        gv_pack_put_varint(out, gv_prng_below(prng, 100));
        gv_pack_put_u64(out, gv_prng_next(prng));
        if (kind == GV_RANGE_DIGEST) gv_pack_put_u64(out, gv_prng_next(prng));
    }
    if (kind == GV_RANGE_LIST) {
        gv_range_put_count(out, kind, 1);
        gv_pack_put_u32(out, (uint32_t)gv_prng_next(prng));
    }
}

// Appends up to RANGES_MAX random ranges; the skipped ones are about a third.
static void fill_summary(struct gv_prng *prng, struct summary *summary) {
    static const enum gv_range_kind kinds[] = {GV_RANGE_SKIP, GV_RANGE_SKIP, GV_RANGE_SUM,
                                               GV_RANGE_SUM,  GV_RANGE_LIST, GV_RANGE_DIGEST,
                                               GV_RANGE_EMPTY};
    summary->out = (struct gv_writer){.data = summary->bytes, .cap = SUMMARY_MAX};
    summary->count = 0;
    gv_pack_put_u8(&summary->out, 1); // the salt
    uint64_t lo = 0, ranges = gv_prng_below(prng, RANGES_MAX);
    for (uint64_t i = 0; i < ranges; i++) {
        uint64_t hi = lo + 1 + gv_prng_below(prng, UINT64_MAX / RANGES_MAX);
        enum gv_range_kind kind = kinds[gv_prng_below(prng, GV_COUNT(kinds))];
        put_range(prng, &summary->out, kind, lo, hi);
        if (kind != GV_RANGE_SKIP) {
            summary->lo[summary->count] = lo;
            summary->hi[summary->count] = hi;
            summary->end[summary->count++] = summary->out.len;
        }
        lo = hi;
    }
    assert_false(summary->out.full);
}

// Checks that the window returns the ranges from this index on, at most `most` ranges, with the
// digests of the local tree.
static void check_ranges(struct gv_window *window, const struct gv_tree *tree,
                         const struct summary *summary, uint32_t from, uint32_t most) {
    for (uint32_t i = from; i < from + most; i++) {
        const struct gv_window_range *at = gv_window_next(window);
        if (i >= summary->count) {
            assert_null(at);
            return;
        }
        assert_non_null(at);
        assert_true(at->range.lo == summary->lo[i] && at->range.hi == summary->hi[i]);
        assert_int_equal(at->range.end, summary->end[i]);
        if (at->range.kind != GV_RANGE_SUM && at->range.kind != GV_RANGE_DIGEST) continue;
        struct gv_digest first = gv_tree_digest(tree, 0, at->range.lo);
        struct gv_digest mine = gv_tree_digest(tree, at->range.lo, at->range.hi);
        assert_true(gv_digest_equal(at->first, first) && gv_digest_equal(at->mine, mine));
    }
}

// Ranges come in order and once, with the local digests, from any start and after any rewind.
static void ranges_come_in_order_with_local_digests(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    static struct summary summary;
    static struct gv_window window;
    for (int round = 0; round < 300; round++) {
        struct gv_tree tree;
        fill_tree(&prng, &tree);
        fill_summary(&prng, &summary);
        struct gv_slice bytes = {summary.bytes, summary.out.len};
        uint32_t from = (uint32_t)gv_prng_below(&prng, summary.count + 1);
        gv_window_init(&window, &tree, &key, bytes, from > 0 ? summary.end[from - 1] : 1,
                       from > 0 ? summary.hi[from - 1] : 0);
        for (int i = 0; i < 3; i++) {
            check_ranges(&window, &tree, &summary, from,
                         (uint32_t)gv_prng_below(&prng, RANGES_MAX));
            gv_window_rewind(&window);
        }
        check_ranges(&window, &tree, &summary, from, RANGES_MAX + 1);
        assert_int_equal(gv_window_error(&window), 0);
        gv_tree_fini(&tree);
    }
}

static void root_has_the_digest_of_the_tree(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_tree tree;
    fill_tree(&prng, &tree);
    uint8_t bytes[GV_RBSR_ROOT_MAX];
    struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
    gv_rbsr_open(&tree, 1, &out);
    static struct gv_window window;
    gv_window_init(&window, &tree, &key, gv_slice_of(bytes, out.len), 1, 0);
    const struct gv_window_range *root = gv_window_next(&window);
    assert_non_null(root);
    assert_true(gv_digest_equal(root->mine, gv_tree_root(&tree)));
    assert_true(gv_digest_equal(root->mine, root->range.peer));
    assert_int_equal(root->first.count, 0);
    assert_null(gv_window_next(&window));
    gv_tree_fini(&tree);
}

// The window returns the ranges before a fault and then the error, also after a rewind.
static void ranges_before_a_fault_come_first(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    static struct summary summary;
    static struct gv_window window;
    struct gv_tree tree;
    fill_tree(&prng, &tree);
    for (int round = 0; round < 100; round++) {
        fill_summary(&prng, &summary);
        gv_pack_put_u8(&summary.out, GV_RANGE_SUM); // has no bound
        struct gv_slice bytes = {summary.bytes, summary.out.len};
        gv_window_init(&window, &tree, &key, bytes, 1, 0);
        for (int i = 0; i < 2; i++) {
            check_ranges(&window, &tree, &summary, 0, RANGES_MAX + 1);
            assert_int_equal(gv_window_error(&window), GV_ESYNTAX);
            gv_window_rewind(&window);
        }
    }
    gv_tree_fini(&tree);
}

int main(void) {
    gv_digest_key_init(&key, gv_slice_text("window"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_come_in_order_with_local_digests),
        cmocka_unit_test(root_has_the_digest_of_the_tree),
        cmocka_unit_test(ranges_before_a_fault_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
