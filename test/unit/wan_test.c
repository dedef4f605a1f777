// SPDX-License-Identifier: MIT
#include "../../sim/core/wan.h"
#include "../lib/test.h"

#include <stdio.h>

static void regions_have_names_of_their_own(void **state) {
    (void)state;
    struct gv_wan wan = {0};
    assert_int_equal(gv_wan_add(&wan, "eu"), 0);
    assert_int_equal(gv_wan_add(&wan, "us"), 1);
    assert_int_equal(gv_wan_add(&wan, "eu"), GV_EINVAL);
    assert_int_equal(gv_wan_add(&wan, ""), GV_EINVAL);
    assert_int_equal(gv_wan_add(&wan, "a-name-longer-than-a-name"), GV_EINVAL);
    assert_int_equal(gv_wan_find(&wan, "us"), 1);
    assert_int_equal(gv_wan_find(&wan, "as"), GV_ENOENT);
    for (int i = 2; i < GV_WAN_REGIONS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "r%d", i);
        assert_int_equal(gv_wan_add(&wan, name), i);
    }
    assert_int_equal(gv_wan_add(&wan, "more"), GV_EFULL);
}

static void paths_are_the_same_both_ways(void **state) {
    (void)state;
    struct gv_wan wan = {0};
    gv_wan_add(&wan, "eu");
    gv_wan_add(&wan, "us");
    gv_wan_set_rtt(&wan, 0, 1, 90 * GV_MS);
    gv_wan_set_bandwidth(&wan, 1, 1, 1000);
    gv_wan_open(&wan, 4);
    gv_wan_place(&wan, 0, 0);
    gv_wan_place(&wan, 1, 1);
    gv_wan_place(&wan, 2, 1);
    assert_true(gv_wan_between(&wan, 0, 2)->rtt == 90 * GV_MS);
    assert_ptr_not_equal(gv_wan_between(&wan, 0, 2), gv_wan_between(&wan, 2, 1));
    assert_true(gv_wan_between(&wan, 2, 0)->rtt == 90 * GV_MS);
    assert_true(gv_wan_between(&wan, 2, 0)->bandwidth == 0);
    assert_true(gv_wan_between(&wan, 1, 2)->bandwidth == 1000);
    assert_false(gv_wan_between(&wan, 1, 2)->measured);
    assert_null(gv_wan_between(&wan, 0, 3));
    gv_wan_close(&wan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_have_names_of_their_own),
        cmocka_unit_test(paths_are_the_same_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
