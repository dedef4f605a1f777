// SPDX-License-Identifier: MIT
#include "../../engine/schedule.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

enum { ROUNDS = 100000 };

static struct gv_prng prng;

static int setup(void **state) {
    (void)state;
    gv_prng_init(&prng, gv_test_seed(), 0);
    return 0;
}

// A random time up to 2^bits ns, of any order of magnitude.
static gv_time any_time(unsigned bits) {
    return gv_prng_next(&prng) >> (64 - bits + gv_prng_below(&prng, bits));
}

// Whole milliseconds, as configured; up to three days.
static gv_time any_staleness(void) {
    return (1 + any_time(28)) * GV_MS;
}

// Up to 2^38 ns, more than four minutes.
static gv_time any_rtt(void) {
    return any_time(38);
}

static gv_time any_now(void) {
    return gv_prng_below(&prng, 4) == 0 ? UINT64_C(1) << 63 : any_time(62);
}

// ---- The period -----------------------------------------------------------------------------

static void margins_are_small(void **state) {
    (void)state;
    gv_time last = 0;
    for (gv_time staleness = 0; staleness < 10000 * GV_MS; staleness += GV_MS) {
        gv_time margin = gv_schedule_margin(staleness);
        assert_true(margin >= last && margin <= 50 * GV_MS && margin <= staleness / 40);
        last = margin;
    }
    assert_true(gv_schedule_margin(GV_TIME_NEVER - 1) == 50 * GV_MS);
}

// Period and propagation time add up to the achievable staleness. That is the configured staleness
// if links allow it, and otherwise at most a quarter and 10 ms above the propagation time.
static void periods_keep_the_staleness(void **state) {
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        gv_time staleness = any_staleness(), rtt = any_rtt();
        uint32_t levels = 1 + (uint32_t)gv_prng_below(&prng, 3);
        gv_time propagation = gv_schedule_propagation(staleness, levels, rtt);
        gv_time period = gv_schedule_period(staleness, propagation);
        gv_time kept = gv_schedule_achievable(staleness, propagation);
        assert_true(kept >= staleness && kept >= propagation);
        if (rtt == 0) {
            assert_true(propagation == 0 && kept == staleness && period == staleness / 3);
            continue;
        }
        assert_true(propagation >= levels * rtt);
        assert_true(period >= 10 * GV_MS && period >= propagation / 4);
        assert_true(propagation + period == kept);
        assert_true(kept == staleness || period == 10 * GV_MS || period == propagation / 4);
    }
}

// A longer staleness never shortens the period. A slower link or a deeper tree never shortens the
// propagation time or the achievable staleness.
static void the_period_is_monotonic(void **state) {
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        gv_time staleness = any_staleness(), longer = staleness + any_time(20) * GV_MS;
        gv_time mean = 1 + any_rtt(), deviation = any_rtt();
        gv_time rtt = gv_schedule_padded_rtt(mean, deviation);
        gv_time slower = gv_schedule_padded_rtt(mean + any_rtt(), deviation + any_rtt());
        uint32_t levels = 1 + (uint32_t)gv_prng_below(&prng, 3);
        assert_true(mean <= rtt && rtt <= slower);
        gv_time propagation = gv_schedule_propagation(staleness, levels, rtt);
        gv_time by_longer = gv_schedule_propagation(longer, levels, rtt);
        assert_true(gv_schedule_period(staleness, propagation) <=
                    gv_schedule_period(longer, by_longer));
        assert_true(gv_schedule_achievable(staleness, propagation) <=
                    gv_schedule_achievable(longer, by_longer));
        const gv_time worse[] = {gv_schedule_propagation(staleness, levels, slower),
                                 gv_schedule_propagation(staleness, levels + 1, rtt)};
        for (int k = 0; k < 2; k++) {
            assert_true(propagation <= worse[k]);
            assert_true(gv_schedule_achievable(staleness, propagation) <=
                        gv_schedule_achievable(staleness, worse[k]));
        }
    }
    assert_int_equal(gv_schedule_padded_rtt(0, 5), 0);
}

static void roots_keep_their_period(void **state) {
    (void)state;
    assert_int_equal(gv_schedule_next_round(GV_TIME_NEVER, 100, 7), 7);
    assert_int_equal(gv_schedule_next_round(1000, 100, 1000), 1100);
    assert_int_equal(gv_schedule_next_round(1000, 100, 1100), 1100);
    assert_int_equal(gv_schedule_next_round(1000, 100, 1101), 1200); // the first had no updates
    assert_int_equal(gv_schedule_next_round(1000, 100, 1201), 1201); // nor had the second
    for (int i = 0; i < ROUNDS; i++) {
        gv_time last = any_now(), period = any_staleness(), now = last + any_time(50);
        gv_time next = gv_schedule_next_round(last, period, now);
        assert_true(next >= now && next <= now + period);
        assert_true(gv_schedule_next_round(last, period, now + any_time(40)) >= next);
    }
}

// ---- A child and its parent's rounds --------------------------------------------------------

static const struct gv_schedule_round none;

// A message between two rounds does not change the period, if it announces one of the rounds that
// the child expects. Another round begins a period of its own.
static void periods_survive_messages_between_rounds(void **state) {
    (void)state;
    const gv_time staleness = 500 * GV_MS, now = 1000 * GV_MS;
    struct gv_schedule_round round = gv_schedule_announced(staleness, now, 280, &none);
    assert_true(round.period == 280 * GV_MS);
    for (unsigned rounds = 0; rounds < 3; rounds++) {
        for (uint32_t in = 1; in < 280; in += 13) {
            gv_time at = now + (280 * (rounds + 1) - in) * GV_MS;
            struct gv_schedule_round next = gv_schedule_announced(staleness, at, in, &round);
            assert_true(next.at == at && next.in == in * GV_MS);
            assert_true(next.period == 280 * GV_MS);
        }
    }
    round = gv_schedule_announced(staleness, now + 100 * GV_MS, 100, &round);
    assert_true(round.in == 100 * GV_MS && round.period == 100 * GV_MS);
    round = gv_schedule_announced(staleness, now + 200 * GV_MS, 300, &round);
    assert_true(round.period == 300 * GV_MS);
}

static void announcements_are_capped(void **state) {
    (void)state;
    struct gv_schedule_round round = gv_schedule_announced(500 * GV_MS, 7, 300, &none);
    assert_true(round.at == 7 && round.in == 300 * GV_MS);
    round = gv_schedule_announced(500 * GV_MS, 7, UINT32_MAX, &none);
    assert_true(round.in == 500 * GV_MS);
    assert_true(gv_schedule_expected(500 * GV_MS, &round, 7) == 7 + 512500 * GV_MS / 1000);
    assert_true(gv_schedule_expected(500 * GV_MS, &round, 600 * GV_MS) == GV_TIME_NEVER);
    round = gv_schedule_announced(500 * GV_MS, 7, 0, &none);
    assert_true(gv_schedule_expected(500 * GV_MS, &round, 7) == GV_TIME_NEVER);
}

// Updates are sent at once if no round is expected. Otherwise they arrive one margin before a
// round, or two if round trips vary. It is the first round that they can meet, even if that is not
// the announced one.
static void updates_meet_the_first_round_they_can(void **state) {
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        gv_time staleness = any_staleness(), margin = gv_schedule_margin(staleness);
        gv_time at = any_now(), now = at + any_time(50), mean = any_rtt(), deviation = any_rtt();
        struct gv_schedule_round round =
            gv_schedule_announced(staleness, at, (uint32_t)any_time(32), &none);
        gv_time expected = gv_schedule_expected(staleness, &round, now);
        gv_time send = gv_schedule_to_parent(staleness, &round, mean, deviation, now);
        assert_true(send >= now);
        if (expected == GV_TIME_NEVER) {
            assert_true(send == now);
            continue;
        }
        assert_true(expected > now && expected <= at + staleness + margin);
        gv_time early = mean + margin + (deviation < margin ? deviation : margin);
        gv_time met = send + early;
        assert_true(met > at && (met - at) % round.in == 0);
        assert_true(met - at == round.in || met - round.in < now + early);
        // A slower link never meets an earlier round.
        gv_time more = any_rtt();
        assert_true(gv_schedule_to_parent(staleness, &round, mean + more, deviation, now) + early +
                        more >=
                    met);
    }
}

// ---- Acknowledgements -----------------------------------------------------------------------

static void ack_delays_are_bounded(void **state) {
    (void)state;
    assert_true(gv_schedule_ack_delay_max(0, true) == 2000 * GV_MS);
    assert_true(gv_schedule_ack_delay_max(0, false) == 2000 * GV_MS);
    for (int i = 0; i < ROUNDS; i++) {
        gv_time staleness = any_staleness(), longer = staleness + any_time(20) * GV_MS;
        for (int from_child = 0; from_child < 2; from_child++)
            assert_true(gv_schedule_ack_delay_max(staleness, from_child) <=
                        gv_schedule_ack_delay_max(longer, from_child));
        assert_true(gv_schedule_ack_delay_max(staleness, true) == staleness);
        assert_true(gv_schedule_ack_delay_max(staleness, false) >= 2 * staleness);
        gv_time mean = any_rtt(), more = any_rtt();
        gv_time expected = gv_schedule_ack_expected_after(staleness, mean);
        assert_true(expected > mean);
        assert_true(gv_schedule_ack_expected_after(longer, mean + more) >= expected + more);
        // The acknowledgement comes with a round, which is within one interval and the margin.
        gv_time at = any_now(), now = at + any_time(50);
        struct gv_schedule_round round =
            gv_schedule_announced(staleness, at, (uint32_t)any_time(32), &none);
        gv_time delay = gv_schedule_parent_ack_delay_max(staleness, &round, mean, now);
        if (gv_schedule_expected(staleness, &round, now) == GV_TIME_NEVER) {
            assert_int_equal(delay, 0);
        } else {
            assert_true(delay >= gv_schedule_margin(staleness));
            assert_true(delay <= 2 * round.in + gv_schedule_margin(staleness));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_are_small),
        cmocka_unit_test(periods_keep_the_staleness),
        cmocka_unit_test(the_period_is_monotonic),
        cmocka_unit_test(roots_keep_their_period),
        cmocka_unit_test(periods_survive_messages_between_rounds),
        cmocka_unit_test(announcements_are_capped),
        cmocka_unit_test(updates_meet_the_first_round_they_can),
        cmocka_unit_test(ack_delays_are_bounded),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
