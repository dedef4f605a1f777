// SPDX-License-Identifier: MIT
#include "../../engine/overlay.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

#include <string.h>

enum { NODES_MAX = 3000 };

static bool suspects[NODES_MAX]; // the nodes that one node suspects

static bool suspected(const void *ctx, uint32_t of) {
    const bool *by = ctx;
    assert_true(of < NODES_MAX);
    return by[of];
}

// The forest that results if all nodes suspect the same nodes.
static int parents[NODES_MAX];
static uint32_t depths[NODES_MAX];

static void build_forest(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        parents[i] = gv_overlay_choose_parent(i, suspected, suspects);
        depths[i] = parents[i] == GV_OVERLAY_NONE ? 0 : depths[parents[i]] + 1;
    }
}

static void the_tree_has_bounded_fan_out_and_depth(void **state) {
    (void)state;
    static const uint32_t counts[] = {1, 2, 3, 32, 33, 34, 35, 1056, 1057, 1058, 2999, 3000};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        uint32_t count = counts[k], deepest = 0;
        memset(suspects, 0, sizeof suspects);
        build_forest(count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(parents[i], gv_overlay_preferred_parent(i));
            if (depths[i] > deepest) deepest = depths[i];
            struct gv_overlay_range children = gv_overlay_children(i, count);
            assert_true(children.first <= children.end && children.end <= count);
            assert_true(children.end - children.first <= GV_OVERLAY_FANOUT);
            for (uint32_t j = 0; j < count; j++) {
                bool child = j >= children.first && j < children.end;
                assert_int_equal(child, parents[j] == (int)i);
            }
        }
        assert_int_equal(gv_overlay_levels(count), deepest);
    }
    assert_int_equal(gv_overlay_levels(UINT32_MAX), 7);
    const struct gv_overlay_range none = gv_overlay_children(UINT32_MAX - 1, UINT32_MAX);
    assert_int_equal(none.first, none.end);
}

// Whichever nodes are suspected, parents sort before their children and are not suspected. The
// roots are exactly the nodes that have no unsuspected node before them.
static void any_suspicions_leave_a_forest(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 400; round++) {
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, round % 10 == 0 ? NODES_MAX : 150);
        uint64_t percent = gv_prng_below(&prng, 101);
        for (uint32_t i = 0; i < count; i++) suspects[i] = gv_prng_below(&prng, 100) < percent;
        build_forest(count);
        bool any_before = false;
        uint32_t first = 0; // the first unsuspected node
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(parents[i] == GV_OVERLAY_NONE, !any_before);
            if (any_before) {
                int preferred = gv_overlay_preferred_parent(i);
                assert_true(parents[i] >= 0 && parents[i] < (int)i && !suspects[parents[i]]);
                assert_int_equal(parents[i], suspects[preferred] ? (int)first : preferred);
            }
            if (!any_before && !suspects[i]) first = i;
            any_before = any_before || !suspects[i];
        }
    }
}

// Nodes need not agree: each suspects other nodes. Parents still sort before their children, so
// every path upwards ends at a root. Not counting children that suspect their preferred parent, no
// node has more children than the fan-out.
static void nodes_may_disagree(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 200; round++) {
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, 200), preferring[200] = {0};
        for (uint32_t i = 0; i < count; i++) {
            uint64_t percent = gv_prng_below(&prng, 101);
            for (uint32_t j = 0; j < count; j++) suspects[j] = gv_prng_below(&prng, 100) < percent;
            int parent = gv_overlay_choose_parent(i, suspected, suspects);
            assert_true(parent < (int)i);
            if (parent == GV_OVERLAY_NONE) continue;
            if (parent == gv_overlay_preferred_parent(i)) preferring[parent]++;
        }
        for (uint32_t i = 0; i < count; i++) assert_true(preferring[i] <= GV_OVERLAY_FANOUT);
    }
}

static void siblings_share_a_preferred_parent(void **state) {
    (void)state;
    assert_true(gv_overlay_are_siblings(1, 32));
    assert_false(gv_overlay_are_siblings(32, 33));
    assert_true(gv_overlay_are_siblings(33, 64));
    assert_false(gv_overlay_are_siblings(0, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_has_bounded_fan_out_and_depth),
        cmocka_unit_test(any_suspicions_leave_a_forest),
        cmocka_unit_test(nodes_may_disagree),
        cmocka_unit_test(siblings_share_a_preferred_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
