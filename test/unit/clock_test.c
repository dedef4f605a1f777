// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/core/clock.h"
#include "../lib/test.h"

static void a_new_clock_shows_simulated_time(void **state) {
    (void)state;
    struct gv_clock clock = {0};
    assert_true(gv_clock_local(&clock, 5 * GV_MS) == 5 * GV_MS);
    assert_true(gv_clock_to_simulated(&clock, 5 * GV_MS, 7 * GV_MS) == 7 * GV_MS);
    assert_true(gv_clock_to_simulated(&clock, 5 * GV_MS, 3 * GV_MS) == 5 * GV_MS);
    assert_true(gv_clock_to_simulated(&clock, 5 * GV_MS, GV_TIME_NEVER) == GV_TIME_NEVER);
}

static void drift_gains_or_loses_millionths(void **state) {
    (void)state;
    struct gv_clock clock = {0};
    gv_clock_drift(&clock, 1000 * GV_MS, 200);
    assert_true(gv_clock_local(&clock, 1000 * GV_MS) == 1000 * GV_MS);
    assert_true(gv_clock_local(&clock, 11000 * GV_MS) == 11002 * GV_MS);
    gv_clock_drift(&clock, 11000 * GV_MS, -300);
    assert_true(gv_clock_local(&clock, 21000 * GV_MS) == 21001 * GV_MS);
    gv_clock_drift(&clock, 21000 * GV_MS, 100);
    assert_true(gv_clock_local(&clock, 31000 * GV_MS) == 31001 * GV_MS);
}

static void steps_go_forward_for_timers_and_back_for_the_date(void **state) {
    (void)state;
    struct gv_clock clock = {0};
    gv_clock_step(&clock, 10 * GV_MS, 5 * GV_MS, false);
    assert_true(gv_clock_local(&clock, 20 * GV_MS) == 25 * GV_MS);
    assert_true(gv_clock_to_simulated(&clock, 20 * GV_MS, 30 * GV_MS) == 25 * GV_MS);
    gv_clock_step(&clock, 30 * GV_MS, 7 * GV_MS, true);
    assert_true(gv_clock_local(&clock, 30 * GV_MS) == 35 * GV_MS);
    assert_true(clock.date_back == 7 * GV_MS);
}

// For every drift, the conversion finds the first simulated time at which the clock reaches a
// given time.
static void both_directions_agree(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 20000; round++) {
        struct gv_clock clock = {0};
        gv_time now = gv_prng_below(&prng, 1000 * 1000 * GV_MS);
        int64_t ppm = (int64_t)gv_prng_below(&prng, 2 * GV_CLOCK_PPM_MAX + 1) - GV_CLOCK_PPM_MAX;
        gv_clock_drift(&clock, now, ppm);
        now += gv_prng_below(&prng, 1000 * GV_MS);
        gv_time local = gv_clock_local(&clock, now) + 1 + gv_prng_below(&prng, 100000 * GV_MS);
        gv_time simulated = gv_clock_to_simulated(&clock, now, local);
        assert_true(simulated > now);
        assert_true(gv_clock_local(&clock, simulated) >= local);
        assert_true(gv_clock_local(&clock, simulated - 1) < local);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_clock_shows_simulated_time),
        cmocka_unit_test(drift_gains_or_loses_millionths),
        cmocka_unit_test(steps_go_forward_for_timers_and_back_for_the_date),
        cmocka_unit_test(both_directions_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
