// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/alarms.h"
#include "../lib/test.h"

enum { NODES = 40 };

static void they_go_off_in_order_of_time_then_node(void **state) {
    (void)state;
    struct gv_alarms alarms;
    gv_alarms_init(&alarms, 4);
    assert_true(gv_alarms_due(&alarms) == GV_TIME_NEVER);
    gv_alarms_set(&alarms, 3, 20);
    gv_alarms_set(&alarms, 2, 10);
    gv_alarms_set(&alarms, 1, 10);
    assert_int_equal(gv_alarms_first(&alarms), 1);
    gv_alarms_set(&alarms, 1, 30);
    assert_int_equal(gv_alarms_first(&alarms), 2);
    gv_alarms_set(&alarms, 2, GV_TIME_NEVER);
    assert_int_equal(gv_alarms_first(&alarms), 3);
    assert_int_equal(gv_alarms_due(&alarms), 20);
    gv_alarms_fini(&alarms);
}

// Against a plain table that is searched.
static void moves_at_random_keep_the_first_right(void **state) {
    (void)state;
    struct gv_alarms alarms;
    struct gv_prng prng;
    gv_time due[NODES];
    gv_prng_init(&prng, 5, 0);
    gv_alarms_init(&alarms, NODES);
    for (int i = 0; i < NODES; i++) due[i] = GV_TIME_NEVER;
    for (int round = 0; round < 20000; round++) {
        uint32_t node = (uint32_t)gv_prng_below(&prng, NODES);
        due[node] = gv_prng_below(&prng, 3) == 0 ? GV_TIME_NEVER : gv_prng_below(&prng, 50);
        gv_alarms_set(&alarms, node, due[node]);
        uint32_t first = 0;
        for (uint32_t i = 1; i < NODES; i++) first = due[i] < due[first] ? i : first;
        assert_true(gv_alarms_due(&alarms) == due[first]);
        if (due[first] != GV_TIME_NEVER) assert_int_equal(gv_alarms_first(&alarms), first);
    }
    gv_alarms_fini(&alarms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_go_off_in_order_of_time_then_node),
        cmocka_unit_test(moves_at_random_keep_the_first_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
