// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/check/check_counter.h"
#include "../lib/test.h"

#include <string.h>

static void any_subset_of_unknown_additions_is_accepted(void **state) {
    (void)state;
    struct gv_check_counter counter;
    gv_check_counter_init(&counter, 1);
    gv_check_counter_ok(&counter, 0, 10);
    assert_true(gv_check_counter_accepts(&counter, 10));
    assert_false(gv_check_counter_accepts(&counter, 11));
    gv_check_counter_info(&counter, 4);
    gv_check_counter_info(&counter, -3);
    gv_check_counter_info(&counter, 0);
    const bool accepted[] = {true, false, false, true, true, false, false, true, false};
    for (int64_t value = 7; value <= 15; value++) {
        assert_int_equal(gv_check_counter_accepts(&counter, value), accepted[value - 7]);
    }
    assert_false(gv_check_counter_accepts(&counter, INT64_MIN));
    assert_false(gv_check_counter_accepts(&counter, INT64_MAX));
    gv_check_counter_fini(&counter);
}

static void subset_sums_agree_with_enumeration(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 200; round++) {
        struct gv_check_counter counter;
        gv_check_counter_init(&counter, 1);
        int64_t deltas[8];
        size_t count = (size_t)gv_prng_below(&prng, 9);
        for (size_t i = 0; i < count; i++) {
            deltas[i] = (int64_t)gv_prng_below(&prng, 21) - 10;
            gv_check_counter_info(&counter, deltas[i]);
        }
        for (int64_t value = -85; value <= 85; value++) {
            bool possible = false;
            for (unsigned subset = 0; subset < 1u << count; subset++) {
                int64_t sum = 0;
                for (size_t i = 0; i < count; i++) sum += (subset >> i & 1) != 0 ? deltas[i] : 0;
                possible = possible || sum == value;
            }
            assert_int_equal(gv_check_counter_accepts(&counter, value), possible);
        }
        gv_check_counter_fini(&counter);
    }
}

static void final_reads_must_be_correct_and_equal(void **state) {
    (void)state;
    struct gv_check_counter counter;
    struct gv_verdict_errors errors = {.kept = 0};
    gv_check_counter_init(&counter, 3);
    gv_check_counter_ok(&counter, 0, 5);
    gv_check_counter_info(&counter, 2);
    gv_check_counter_final(&counter, 0, 7);
    gv_check_counter_final(&counter, 2, 7); // n1 has no final read, which another check reports
    assert_true(gv_check_counter_finish(&counter, &errors));
    assert_int_equal(errors.count, 0);
    gv_check_counter_final(&counter, 1, 5); // correct, but differs from the other nodes
    assert_false(gv_check_counter_finish(&counter, &errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.texts[0], "final reads differ: n1 returned 5, n0 7");
    gv_check_counter_final(&counter, 0, 6);
    gv_check_counter_final(&counter, 1, 6);
    gv_check_counter_final(&counter, 2, 6); // equal to the other nodes, but wrong
    assert_true(gv_check_counter_finish(&counter, &errors));
    assert_int_equal(errors.count, 2);
    assert_non_null(strstr(errors.texts[1], "wrong sum: n0 returned 6"));
    gv_verdict_fini(&errors);
    gv_check_counter_fini(&counter);
}

static void a_wrong_sum_names_additions_by_node(void **state) {
    (void)state;
    struct gv_check_counter counter;
    struct gv_verdict_errors errors = {.kept = 0};
    gv_check_counter_init(&counter, 3);
    gv_check_counter_ok(&counter, 0, 5);
    gv_check_counter_ok(&counter, 2, -2);
    gv_check_counter_refused(&counter, 1, 4);
    gv_check_counter_final(&counter, 2, 7);
    gv_check_counter_finish(&counter, &errors);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.texts[0],
                        "wrong sum: n2 returned 7; acknowledged additions sum to 3 "
                        "(by node: n0 5, n2 -2), and no subset of the 0 of unknown outcome "
                        "explains the difference; definitely failed: n1 4");
    gv_verdict_fini(&errors);
    gv_check_counter_fini(&counter);
}

static void no_read_is_beyond_the_invoked_additions(void **state) {
    (void)state;
    struct gv_check_counter counter;
    struct gv_verdict_errors errors = {0};
    gv_check_counter_init(&counter, 3);
    gv_check_counter_read(&counter, 0, 0, &errors);
    gv_check_counter_invoke(&counter, 5);
    gv_check_counter_invoke(&counter, -2);
    for (int64_t value = -2; value <= 5; value++)
        gv_check_counter_read(&counter, 0, value, &errors);
    assert_int_equal(errors.count, 0);
    gv_check_counter_read(&counter, 1, 6, &errors);
    gv_check_counter_read(&counter, 1, 1000, &errors); // reported once per node
    assert_int_equal(errors.count, 1);
    gv_check_counter_read(&counter, 2, -3, &errors);
    assert_int_equal(errors.count, 2);
    assert_true(errors.conclusive);
    assert_string_equal(errors.texts[0], "phantom: n1 returned 6 when the additions invoked so "
                                         "far allowed -2 to 5");
    gv_verdict_fini(&errors);
    gv_check_counter_fini(&counter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_read_is_beyond_the_invoked_additions),
        cmocka_unit_test(any_subset_of_unknown_additions_is_accepted),
        cmocka_unit_test(subset_sums_agree_with_enumeration),
        cmocka_unit_test(a_wrong_sum_names_additions_by_node),
        cmocka_unit_test(final_reads_must_be_correct_and_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
