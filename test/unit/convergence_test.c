// SPDX-License-Identifier: MIT
#include "../../sim/check/convergence.h"
#include "../lib/test.h"

static void sets_converge_with_the_last_node(void **state) {
    (void)state;
    struct gv_convergence convergence;
    gv_convergence_init(&convergence, 2);
    gv_convergence_missing(&convergence, 5, 0, 0); // ignored before an observation has begun
    gv_convergence_begin(&convergence, 10, 7, true);
    assert_int_equal(convergence.index, 7);
    gv_convergence_missing(&convergence, 20, 0, 3);
    gv_convergence_missing(&convergence, 30, 0, 0);
    gv_convergence_missing(&convergence, 40, 0, 0);
    assert_false(convergence.measured);
    assert_int_equal(convergence.settled, 1);
    gv_convergence_missing(&convergence, 50, 1, 0);
    assert_true(convergence.measured);
    assert_false(convergence.watching);
    assert_int_equal(convergence.worst, 40);
    gv_convergence_fini(&convergence);
}

static void the_longest_convergence_counts_without_interrupted_ones(void **state) {
    (void)state;
    struct gv_convergence convergence;
    gv_convergence_init(&convergence, 1);
    gv_convergence_begin(&convergence, 0, 0, true);
    gv_convergence_missing(&convergence, 30, 0, 0);
    gv_convergence_begin(&convergence, 100, 0, true);
    gv_convergence_missing(&convergence, 120, 0, 0);
    assert_int_equal(convergence.worst, 30);
    gv_convergence_begin(&convergence, 200, 0, true);
    gv_convergence_cut(&convergence);
    gv_convergence_missing(&convergence, 900, 0, 0);
    gv_convergence_begin(&convergence, 1000, 0, false); // no partition has healed
    gv_convergence_missing(&convergence, 2000, 0, 0);
    assert_int_equal(convergence.worst, 30);
    gv_convergence_fini(&convergence);
}

static void counters_converge_when_all_read_the_same(void **state) {
    (void)state;
    struct gv_convergence convergence;
    gv_convergence_init(&convergence, 3);
    assert_false(gv_convergence_value(&convergence, 0, 1));
    gv_convergence_begin(&convergence, 10, 0, true);
    assert_false(gv_convergence_value(&convergence, 0, 5));
    assert_false(gv_convergence_value(&convergence, 1, 5));
    assert_false(gv_convergence_value(&convergence, 2, 4));
    assert_false(gv_convergence_value(&convergence, 0, 6));
    assert_false(gv_convergence_value(&convergence, 1, 6));
    assert_true(gv_convergence_value(&convergence, 2, 6));
    gv_convergence_agreed(&convergence, 60);
    assert_int_equal(convergence.worst, 50);
    gv_convergence_agreed(&convergence, 99); // reported only once
    assert_int_equal(convergence.worst, 50);
    gv_convergence_fini(&convergence);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_converge_with_the_last_node),
        cmocka_unit_test(the_longest_convergence_counts_without_interrupted_ones),
        cmocka_unit_test(counters_converge_when_all_read_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
