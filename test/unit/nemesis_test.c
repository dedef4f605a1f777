// SPDX-License-Identifier: MIT
#include "../../sim/faults/nemesis.h"
#include "../lib/test.h"

#include <string.h>

// The number of nodes that a node receives from, including itself.
static uint32_t degree_of(const struct gv_nemesis *nemesis, uint32_t dest) {
    uint32_t count = 0;
    for (uint32_t src = 0; src < nemesis->nodes; src++)
        count += !gv_nemesis_cuts(nemesis, src, dest);
    return count;
}

// Checks that the nodes form two sides of these sizes, with all links within each side and none
// between them.
static void assert_split(const struct gv_nemesis *nemesis, uint32_t small) {
    uint32_t in_small = 0, large = nemesis->nodes - small;
    for (uint32_t node = 0; node < nemesis->nodes; node++) {
        uint32_t heard = degree_of(nemesis, node);
        assert_true(heard == small || heard == large);
        in_small += nemesis->side[node];
        assert_int_equal(heard, nemesis->side[node] ? small : large);
        for (uint32_t other = 0; other < nemesis->nodes; other++) {
            assert_int_equal(gv_nemesis_cuts(nemesis, other, node),
                             nemesis->side[other] != nemesis->side[node]);
        }
    }
    assert_int_equal(in_small, small);
}

static void the_clean_splits_have_jepsens_sizes(void **state) {
    (void)state;
    const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 25, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gv_nemesis nemesis;
        gv_nemesis_init(&nemesis, sizes[i], gv_test_seed());
        gv_nemesis_start(&nemesis, GV_NEMESIS_ONE);
        assert_split(&nemesis, 1);
        gv_nemesis_start(&nemesis, GV_NEMESIS_MINORITY);
        assert_split(&nemesis, (sizes[i] - 1) / 3);
        gv_nemesis_start(&nemesis, GV_NEMESIS_HALVES);
        assert_split(&nemesis, sizes[i] / 2);
        gv_nemesis_stop(&nemesis);
        assert_int_equal(degree_of(&nemesis, 0), sizes[i]);
        gv_nemesis_fini(&nemesis);
    }
}

static void in_a_ring_every_node_has_a_majority_and_no_hub_all(void **state) {
    (void)state;
    for (uint32_t nodes = 3; nodes <= 40; nodes++) {
        struct gv_nemesis nemesis;
        gv_nemesis_init(&nemesis, nodes, gv_test_seed() + nodes);
        gv_nemesis_start(&nemesis, GV_NEMESIS_RING);
        uint32_t majority = nodes / 2 + 1;
        for (uint32_t a = 0; a < nodes; a++) {
            assert_false(gv_nemesis_cuts(&nemesis, a, a));
            assert_true(degree_of(&nemesis, a) >= majority);
            // The last links may lead to a node that already has a majority.
            assert_true(degree_of(&nemesis, a) <= majority + 1);
            for (uint32_t b = 0; nodes > 5 && b < nodes; b++) {
                assert_int_equal(gv_nemesis_cuts(&nemesis, a, b), gv_nemesis_cuts(&nemesis, b, a));
            }
        }
        gv_nemesis_fini(&nemesis);
    }
}

static void a_ring_of_five_is_perfect(void **state) {
    (void)state;
    struct gv_nemesis nemesis;
    gv_nemesis_init(&nemesis, 5, gv_test_seed());
    gv_nemesis_start(&nemesis, GV_NEMESIS_RING);
    for (uint32_t a = 0; a < 5; a++) {
        assert_int_equal(degree_of(&nemesis, a), 3);
        for (uint32_t b = 0; b < a; b++) {
            bool same = true;
            for (uint32_t src = 0; src < 5; src++) {
                same =
                    same && gv_nemesis_cuts(&nemesis, src, a) == gv_nemesis_cuts(&nemesis, src, b);
            }
            assert_false(same);
        }
    }
    gv_nemesis_fini(&nemesis);
}

static void the_same_seed_makes_the_same_faults(void **state) {
    (void)state;
    struct gv_nemesis a, b;
    gv_nemesis_init(&a, 9, 42);
    gv_nemesis_init(&b, 9, 42);
    bool seen[GV_NEMESIS_KINDS] = {false};
    for (int i = 0; i < 100; i++) {
        gv_nemesis_start_any(&a);
        gv_nemesis_start_any(&b);
        seen[a.kind] = true;
        assert_int_equal(a.kind, b.kind);
        assert_memory_equal(a.cut, b.cut, 2 * sizeof *a.cut);
        gv_time gap = gv_nemesis_gap(&a, 1000);
        assert_true(gap < 2000);
        assert_int_equal(gap, gv_nemesis_gap(&b, 1000));
    }
    for (int kind = 0; kind < GV_NEMESIS_KINDS; kind++) assert_true(seen[kind]);
    gv_nemesis_fini(&a);
    gv_nemesis_fini(&b);
}

static void a_description_names_both_sides(void **state) {
    (void)state;
    struct gv_nemesis nemesis;
    char text[200];
    gv_nemesis_init(&nemesis, 3, 1);
    gv_nemesis_describe(&nemesis, text, sizeof text);
    assert_string_equal(text, "");
    gv_nemesis_start(&nemesis, GV_NEMESIS_ONE);
    gv_nemesis_describe(&nemesis, text, sizeof text);
    assert_int_equal(strncmp(text, "one node: n", 11), 0);
    assert_int_equal(strlen(text), strlen("one node: n0 | n1 n2"));
    gv_nemesis_fini(&nemesis);

    gv_nemesis_init(&nemesis, 1000, 1);
    gv_nemesis_start(&nemesis, GV_NEMESIS_HALVES);
    gv_nemesis_describe(&nemesis, text, sizeof text);
    assert_true(strlen(text) < sizeof text);
    assert_string_equal(text + strlen(text) - strlen(" …"), " …");
    gv_nemesis_fini(&nemesis);
}

static bool cuts_anything(const struct gv_nemesis *nemesis) {
    for (uint32_t dest = 0; dest < nemesis->nodes; dest++) {
        if (degree_of(nemesis, dest) < nemesis->nodes) return true;
    }
    return false;
}

// A partition with an empty side would drop no messages.
static void random_partitions_cut_a_link(void **state) {
    (void)state;
    for (uint32_t nodes = 1; nodes <= 9; nodes++) {
        struct gv_nemesis nemesis;
        gv_nemesis_init(&nemesis, nodes, gv_test_seed());
        for (int kind = 0; kind < GV_NEMESIS_KINDS; kind++) {
            gv_nemesis_start(&nemesis, (enum gv_nemesis_kind)kind);
            assert_int_equal(cuts_anything(&nemesis),
                             gv_nemesis_possible((enum gv_nemesis_kind)kind, nodes));
        }
        for (int i = 0; nodes > 1 && i < 200; i++) {
            gv_nemesis_start_any(&nemesis);
            assert_true(nemesis.active && cuts_anything(&nemesis));
        }
        gv_nemesis_fini(&nemesis);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clean_splits_have_jepsens_sizes),
        cmocka_unit_test(in_a_ring_every_node_has_a_majority_and_no_hub_all),
        cmocka_unit_test(a_ring_of_five_is_perfect),
        cmocka_unit_test(the_same_seed_makes_the_same_faults),
        cmocka_unit_test(random_partitions_cut_a_link),
        cmocka_unit_test(a_description_names_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
