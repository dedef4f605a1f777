// SPDX-License-Identifier: MIT
#include "../../engine/health.h"

#include "../lib/test.h"

static struct gv_health fresh(void) {
    struct gv_health health;
    gv_health_init(&health);
    return health;
}

static struct gv_health after_timeouts(int timeouts) {
    struct gv_health health = fresh();
    while (timeouts-- > 0) gv_health_timed_out(&health);
    return health;
}

// ---- Suspicion --------------------------------------------------------------------------------

static void silent_peers_fail_before_one_way_links(void **state) {
    (void)state;
    for (int speaks = 0; speaks < 2; speaks++) {
        struct gv_health health = fresh();
        int timeouts = 1;
        for (; !gv_health_timed_out(&health); timeouts++) {
            if (speaks) gv_health_received(&health, 0);
        }
        assert_int_equal(timeouts,
                         speaks ? GV_HEALTH_ONE_WAY_TIMEOUTS_MAX : GV_HEALTH_TIMEOUTS_MAX);
        assert_true(gv_health_is_suspected(&health));
        gv_health_received(&health, 0); // a message without an acknowledgement proves nothing
        assert_true(gv_health_is_suspected(&health));
        assert_true(gv_health_acked(&health));
        assert_false(gv_health_is_suspected(&health));
        assert_false(gv_health_acked(&health));
    }
}

// A peer that cannot be sent to is suspected when its time comes, and no acknowledgement ends that
// before it can be sent to.
static void stalled_peers_are_suspected(void **state) {
    (void)state;
    struct gv_health health = fresh();
    gv_health_set_writable(&health, false, 100);
    assert_false(gv_health_take_stall(&health, 99));
    gv_health_set_writable(&health, true, 200);
    assert_false(gv_health_take_stall(&health, 1000));
    gv_health_set_writable(&health, false, 300);
    assert_false(gv_health_acked(&health));
    assert_true(gv_health_take_stall(&health, 300));
    assert_false(gv_health_take_stall(&health, 301));
    assert_true(gv_health_is_suspected(&health));
    assert_int_equal(health.probe_interval, GV_HEALTH_PROBE_INTERVAL_MIN_MS * GV_MS);
    assert_false(gv_health_acked(&health));
    assert_true(gv_health_is_suspected(&health));
    gv_health_set_writable(&health, true, 0);
    assert_true(gv_health_is_suspected(&health));
    assert_true(gv_health_acked(&health));

    health = after_timeouts(GV_HEALTH_TIMEOUTS_MAX); // suspected already
    gv_health_set_writable(&health, false, 100);
    assert_false(gv_health_take_stall(&health, 100));
    health = fresh(); // suspected by timeouts first
    gv_health_set_writable(&health, false, 100);
    for (int i = 1; !gv_health_timed_out(&health); i++) assert_true(i < GV_HEALTH_TIMEOUTS_MAX);
    assert_false(gv_health_take_stall(&health, 100));
}

// After any sequence of events: a peer is suspected only by the last of enough timeouts in a row,
// is alive again only by an acknowledgement, and is probed only while it is suspected.
static void nothing_is_suspected_without_timeouts(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_health health = fresh();
    bool suspected = false, received = false;
    int timeouts = 0, suspicions = 0, probes = 0;
    gv_time now = 0;
    for (int i = 0; i < 200000; i++) {
        now += gv_prng_below(&prng, 500) * GV_MS;
        switch (gv_prng_below(&prng, 12)) {
        case 0: // acknowledgements are rare, so that peers are suspected
            if (gv_prng_below(&prng, 3) > 0) break;
            assert_int_equal(gv_health_acked(&health), suspected);
            suspected = false;
            timeouts = 0;
            assert_true(health.probe_at == GV_TIME_NEVER);
            break;
        case 1:
            gv_health_received(&health, 0);
            received = true;
            break;
        case 2:
            if (gv_prng_below(&prng, 20) > 0) break;
            gv_health_forgive(&health);
            if (!suspected) timeouts = 0;
            break;
        case 3:
            if (suspected) gv_health_schedule_probe(&health, now, timeouts % 2 == 0, &prng);
            break;
        case 4:
            if (suspected && gv_prng_below(&prng, 5) == 0) gv_health_probe_now(&health, now);
            break;
        case 5:
        case 6:
            if (timeouts++ == 0) received = false;
            bool enough =
                timeouts >= (received ? GV_HEALTH_ONE_WAY_TIMEOUTS_MAX : GV_HEALTH_TIMEOUTS_MAX);
            assert_int_equal(gv_health_timed_out(&health), enough && !suspected);
            suspicions += enough && !suspected;
            suspected = suspected || enough;
            assert_true(health.state != GV_HEALTH_PROBING);
            break;
        default: {
            bool due = health.probe_at <= now;
            assert_true(!due || suspected);
            assert_int_equal(gv_health_take_probe(&health, now), due);
            assert_true(!due || health.state == GV_HEALTH_PROBING);
            assert_false(gv_health_take_probe(&health, now));
            probes += due;
        }
        }
        assert_int_equal(gv_health_is_suspected(&health), suspected);
    }
    assert_true(suspicions > 100 && probes > 100);
}

static void a_pause_proves_nothing(void **state) {
    (void)state;
    struct gv_health health = after_timeouts(GV_HEALTH_TIMEOUTS_MAX - 1);
    gv_health_forgive(&health);
    assert_false(gv_health_timed_out(&health));
    health = after_timeouts(GV_HEALTH_TIMEOUTS_MAX);
    gv_health_forgive(&health); // a suspected peer stays suspected
    assert_true(gv_health_is_suspected(&health));
}

// ---- Probes -----------------------------------------------------------------------------------

// Intervals double up to a limit, with jitter of a quarter.
static void probes_become_rarer(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int urgent = 0; urgent < 2; urgent++) {
        struct gv_health health = after_timeouts(GV_HEALTH_TIMEOUTS_MAX);
        gv_time now = 77, interval = GV_HEALTH_PROBE_INTERVAL_MIN_MS * GV_MS;
        const gv_time most =
            (urgent ? GV_HEALTH_PROBE_INTERVAL_URGENT_MS : GV_HEALTH_PROBE_INTERVAL_MAX_MS) * GV_MS;
        for (int i = 0; i < 20; i++) {
            gv_health_schedule_probe(&health, now, urgent, &prng);
            assert_in_range(health.probe_at - now, interval * 3 / 4, interval * 5 / 4);
            assert_false(gv_health_take_probe(&health, health.probe_at - 1));
            now = health.probe_at;
            assert_true(gv_health_take_probe(&health, now));
            assert_false(gv_health_timed_out(&health));
            interval = 2 * interval < most ? 2 * interval : most;
        }
        assert_true(gv_health_acked(&health)); // after this, intervals start again
        while (!gv_health_timed_out(&health)) continue;
        gv_health_schedule_probe(&health, now, urgent, &prng);
        assert_true(health.probe_at - now <= GV_HEALTH_PROBE_INTERVAL_MIN_MS * GV_MS * 5 / 4);
    }
}

// ---- Timeouts ---------------------------------------------------------------------------------

static void timeouts_grow_to_a_bound(void **state) {
    (void)state;
    struct gv_health health = fresh();
    gv_time last = 100 * GV_MS;
    for (int timeouts = 0; timeouts <= 2 * UINT8_MAX; timeouts++) {
        gv_time timeout = gv_health_backoff(&health, 100 * GV_MS, 0);
        assert_true(timeout >= last && timeout <= 10000 * GV_MS);
        assert_true(timeouts > GV_HEALTH_ONE_WAY_TIMEOUTS_MAX || timeout == 100 * GV_MS);
        assert_true(gv_health_backoff(&health, 30000 * GV_MS, 0) == 30000 * GV_MS);
        last = timeout;
        gv_health_timed_out(&health);
    }
    assert_int_equal(last, 1600 * GV_MS);
    assert_int_equal(health.timeouts, UINT8_MAX);
}

// The initial round trip may be much too short, such as 52 ms for a peer at 520 ms.
static void assumed_timeouts_are_raised(void **state) {
    (void)state;
    struct gv_health health = fresh();
    static const gv_time expected[] = {52, 104, 208, 416, 500, 500};
    for (int timeouts = 0; timeouts < 6; timeouts++) {
        assert_int_equal(gv_health_backoff(&health, 52 * GV_MS, 500 * GV_MS),
                         expected[timeouts] * GV_MS);
        assert_int_equal(gv_health_backoff(&health, 600 * GV_MS, 500 * GV_MS), 600 * GV_MS);
        gv_health_timed_out(&health);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_peers_fail_before_one_way_links),
        cmocka_unit_test(stalled_peers_are_suspected),
        cmocka_unit_test(nothing_is_suspected_without_timeouts),
        cmocka_unit_test(a_pause_proves_nothing),
        cmocka_unit_test(probes_become_rarer),
        cmocka_unit_test(timeouts_grow_to_a_bound),
        cmocka_unit_test(assumed_timeouts_are_raised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
