// SPDX-License-Identifier: MIT
#include "../../sim/faults.h"
#include "../lib/test.h"

#include <string.h>

// How many nodes a node hears, itself included.
static uint32_t hears(const struct gv_faults *faults, uint32_t dest) {
    uint32_t count = 0;
    for (uint32_t src = 0; src < faults->nodes; src++) count += !gv_faults_cuts(faults, src, dest);
    return count;
}

// Two parts of these sizes that hear nothing of each other and all of themselves.
static void assert_split(const struct gv_faults *faults, uint32_t small) {
    uint32_t in_small = 0, large = faults->nodes - small;
    for (uint32_t node = 0; node < faults->nodes; node++) {
        uint32_t heard = hears(faults, node);
        assert_true(heard == small || heard == large);
        in_small += faults->side[node];
        assert_int_equal(heard, faults->side[node] ? small : large);
        for (uint32_t other = 0; other < faults->nodes; other++) {
            assert_int_equal(gv_faults_cuts(faults, other, node),
                             faults->side[other] != faults->side[node]);
        }
    }
    assert_int_equal(in_small, small);
}

static void the_clean_splits_have_jepsens_sizes(void **state) {
    (void)state;
    const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 25, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gv_faults faults;
        gv_faults_init(&faults, sizes[i], gv_test_seed());
        gv_faults_start(&faults, GV_FAULTS_ONE);
        assert_split(&faults, 1);
        gv_faults_start(&faults, GV_FAULTS_MINORITY);
        assert_split(&faults, (sizes[i] - 1) / 3);
        gv_faults_start(&faults, GV_FAULTS_MAJORITY);
        assert_split(&faults, sizes[i] / 2);
        gv_faults_stop(&faults);
        assert_int_equal(hears(&faults, 0), sizes[i]);
        gv_faults_fini(&faults);
    }
}

static void in_a_ring_every_node_hears_a_majority_and_no_hub_all(void **state) {
    (void)state;
    for (uint32_t nodes = 3; nodes <= 40; nodes++) {
        struct gv_faults faults;
        gv_faults_init(&faults, nodes, gv_test_seed() + nodes);
        gv_faults_start(&faults, GV_FAULTS_RING);
        uint32_t majority = nodes / 2 + 1;
        for (uint32_t a = 0; a < nodes; a++) {
            assert_false(gv_faults_cuts(&faults, a, a));
            assert_true(hears(&faults, a) >= majority);
            // The last links may have to go to a node that had enough.
            assert_true(hears(&faults, a) <= majority + 1);
            for (uint32_t b = 0; nodes > 5 && b < nodes; b++) {
                assert_int_equal(gv_faults_cuts(&faults, a, b), gv_faults_cuts(&faults, b, a));
            }
        }
        gv_faults_fini(&faults);
    }
}

static void a_ring_of_five_is_perfect(void **state) {
    (void)state;
    struct gv_faults faults;
    gv_faults_init(&faults, 5, gv_test_seed());
    gv_faults_start(&faults, GV_FAULTS_RING);
    for (uint32_t a = 0; a < 5; a++) {
        assert_int_equal(hears(&faults, a), 3);
        for (uint32_t b = 0; b < a; b++) {
            bool same = true;
            for (uint32_t src = 0; src < 5; src++) {
                same = same && gv_faults_cuts(&faults, src, a) == gv_faults_cuts(&faults, src, b);
            }
            assert_false(same);
        }
    }
    gv_faults_fini(&faults);
}

static void the_same_seed_makes_the_same_faults(void **state) {
    (void)state;
    struct gv_faults a, b;
    gv_faults_init(&a, 9, 42);
    gv_faults_init(&b, 9, 42);
    bool seen[GV_FAULTS_KINDS] = {false};
    for (int i = 0; i < 100; i++) {
        gv_faults_start_any(&a);
        gv_faults_start_any(&b);
        seen[a.kind] = true;
        assert_int_equal(a.kind, b.kind);
        assert_memory_equal(a.cut, b.cut, 2 * sizeof *a.cut);
        gv_time gap = gv_faults_gap(&a, 1000);
        assert_true(gap < 2000);
        assert_int_equal(gap, gv_faults_gap(&b, 1000));
    }
    for (int kind = 0; kind < GV_FAULTS_KINDS; kind++) assert_true(seen[kind]);
    gv_faults_fini(&a);
    gv_faults_fini(&b);
}

static void a_description_says_who_is_cut_off(void **state) {
    (void)state;
    struct gv_faults faults;
    char text[200];
    gv_faults_init(&faults, 3, 1);
    gv_faults_describe(&faults, text, sizeof text);
    assert_string_equal(text, "");
    gv_faults_start(&faults, GV_FAULTS_ONE);
    gv_faults_describe(&faults, text, sizeof text);
    assert_int_equal(strncmp(text, "one node: n", 11), 0);
    assert_int_equal(strlen(text), strlen("one node: n0 | n1 n2"));
    gv_faults_fini(&faults);

    gv_faults_init(&faults, 1000, 1);
    gv_faults_start(&faults, GV_FAULTS_MAJORITY);
    gv_faults_describe(&faults, text, sizeof text);
    assert_true(strlen(text) < sizeof text);
    assert_string_equal(text + strlen(text) - strlen(" …"), " …");
    gv_faults_fini(&faults);
}

static bool cuts_anything(const struct gv_faults *faults) {
    for (uint32_t dest = 0; dest < faults->nodes; dest++) {
        if (hears(faults, dest) < faults->nodes) return true;
    }
    return false;
}

// Two sides, one without a node, would be a partition in name only.
static void what_is_drawn_cuts_something(void **state) {
    (void)state;
    for (uint32_t nodes = 1; nodes <= 9; nodes++) {
        struct gv_faults faults;
        gv_faults_init(&faults, nodes, gv_test_seed());
        for (int kind = 0; kind < GV_FAULTS_KINDS; kind++) {
            gv_faults_start(&faults, (enum gv_faults_kind)kind);
            assert_int_equal(cuts_anything(&faults),
                             gv_faults_possible((enum gv_faults_kind)kind, nodes));
        }
        for (int i = 0; nodes > 1 && i < 200; i++) {
            gv_faults_start_any(&faults);
            assert_true(faults.active && cuts_anything(&faults));
        }
        gv_faults_fini(&faults);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clean_splits_have_jepsens_sizes),
        cmocka_unit_test(in_a_ring_every_node_hears_a_majority_and_no_hub_all),
        cmocka_unit_test(a_ring_of_five_is_perfect),
        cmocka_unit_test(the_same_seed_makes_the_same_faults),
        cmocka_unit_test(what_is_drawn_cuts_something),
        cmocka_unit_test(a_description_says_who_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
