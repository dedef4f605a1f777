// SPDX-License-Identifier: MIT
#include "../../sim/check/check_monotonic_reads.h"
#include "../lib/test.h"

#include <string.h>

static void reads_of_a_set_only_grow(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_check_monotonic_reads reads;
    gv_check_monotonic_reads_init(&reads, 2);
    uint32_t marks[200] = {[3] = 1, [70] = 1};
    gv_check_monotonic_reads_set(&reads, 0, marks, 100, &errors);
    marks[4] = 2;
    marks[199] = 1;
    gv_check_monotonic_reads_set(&reads, 0, marks, 200, &errors);
    marks[3] = marks[70] = 0;
    gv_check_monotonic_reads_set(&reads, 1, marks, 200, &errors); // another node
    assert_int_equal(errors.count, 0);
    gv_check_monotonic_reads_set(&reads, 0, marks, 200, &errors);
    gv_check_monotonic_reads_set(&reads, 0, marks, 200, &errors); // reported only once
    assert_int_equal(errors.count, 1);
    assert_true(errors.conclusive);
    assert_string_equal(
        errors.texts[0],
        "non-monotonic read: n0 is missing 2 values that an earlier read returned: 3 …");
    gv_check_monotonic_reads_reset(&reads, 1);
    memset(marks, 0, sizeof marks);
    gv_check_monotonic_reads_set(&reads, 1, marks, 200, &errors);
    assert_int_equal(errors.count, 1);
    gv_check_monotonic_reads_fini(&reads);
    gv_verdict_fini(&errors);
}

static void reads_of_a_counter_only_grow(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_check_monotonic_reads reads;
    gv_check_monotonic_reads_init(&reads, 2);
    gv_check_monotonic_reads_counter(&reads, 0, 5, &errors);
    gv_check_monotonic_reads_counter(&reads, 0, 5, &errors);
    gv_check_monotonic_reads_counter(&reads, 1, 4, &errors);
    gv_check_monotonic_reads_reset(&reads, 1);
    gv_check_monotonic_reads_counter(&reads, 1, 3, &errors);
    assert_int_equal(errors.count, 0);
    gv_check_monotonic_reads_counter(&reads, 0, 4, &errors);
    assert_int_equal(errors.count, 1);
    assert_true(errors.conclusive);
    assert_string_equal(errors.texts[0], "non-monotonic read: n0 returned 5 earlier, and now 4");
    gv_check_monotonic_reads_fini(&reads);
    gv_verdict_fini(&errors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_of_a_set_only_grow),
        cmocka_unit_test(reads_of_a_counter_only_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
