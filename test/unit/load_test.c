// SPDX-License-Identifier: MIT
#include "../../sim/core/load.h"
#include "../lib/test.h"

#include <string.h>

enum { OPS = 30000 };

static void a_set_adds_and_reads_half_and_half(void **state) {
    (void)state;
    struct gv_load load;
    gv_load_init(&load, GV_LOAD_BROADCAST, 100, gv_test_seed());
    int adds = 0;
    for (int i = 0; i < OPS; i++) {
        struct gv_load_op op = gv_load_next(&load);
        if (op.kind == GV_HISTORY_ADD) {
            assert_int_equal(op.value, adds++);
        } else {
            assert_int_equal(op.kind, GV_HISTORY_READ);
        }
    }
    assert_true(adds > OPS * 0.48 && adds < OPS * 0.52);
}

static void counters_draw_their_deltas_from_maelstroms_ranges(void **state) {
    (void)state;
    const enum gv_load_kind kinds[] = {GV_LOAD_PN_COUNTER, GV_LOAD_G_COUNTER};
    const int64_t lows[] = {-5, 0};
    const double shares[] = {0.5, 1.0 / 3};
    for (size_t k = 0; k < 2; k++) {
        struct gv_load load;
        gv_load_init(&load, kinds[k], 100, gv_test_seed());
        int adds = 0;
        bool low = false, high = false;
        for (int i = 0; i < OPS; i++) {
            struct gv_load_op op = gv_load_next(&load);
            if (op.kind != GV_HISTORY_ADD) continue;
            adds++;
            assert_true(op.value >= lows[k] && op.value < 5);
            low = low || op.value == lows[k];
            high = high || op.value == 4;
        }
        assert_true(low && high);
        assert_true(adds > OPS * (shares[k] - 0.02) && adds < OPS * (shares[k] + 0.02));
    }
}

static void gaps_are_uniform_up_to_twice_the_mean(void **state) {
    (void)state;
    struct gv_load load;
    gv_load_init(&load, GV_LOAD_ECHO, 100, gv_test_seed());
    double sum = 0;
    gv_time most = 0;
    for (int i = 0; i < OPS; i++) {
        gv_time gap = gv_load_gap(&load);
        assert_true(gap < 20 * GV_MS);
        if (gap > most) most = gap;
        sum += (double)gap;
    }
    assert_true(most > 19 * GV_MS);
    assert_true(sum / OPS > 9.8e6 && sum / OPS < 10.2e6);
    gv_load_init(&load, GV_LOAD_ECHO, 0, 1);
    assert_true(gv_load_gap(&load) == GV_TIME_NEVER);
}

// As in Jepsen, the nemesis has a turn. It passes the turn to the first client, which then takes
// its own turn, too.
static void clients_take_turns(void **state) {
    (void)state;
    static const uint32_t wanted[] = {0, 1, 2, 0, 0, 1, 2, 0, 0};
    struct gv_load load;
    gv_load_init(&load, GV_LOAD_ECHO, 1, 1);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(gv_load_pick(&load, 3), wanted[i]);
        gv_load_turn_taken(&load, 3);
    }
}

static void bodies_are_those_of_the_protocol(void **state) {
    (void)state;
    char body[GV_LOAD_BODY_MAX];
    struct gv_keys keys;
    gv_keys_init(&keys, GV_KEYS_INTEGERS, 1, NULL);
    gv_load_body(GV_LOAD_BROADCAST, &keys, (struct gv_load_op){.kind = GV_HISTORY_ADD, .value = 7},
                 body);
    assert_string_equal(body, "\"type\":\"broadcast\",\"message\":7");
    gv_load_body(GV_LOAD_G_SET, &keys, (struct gv_load_op){.kind = GV_HISTORY_ADD, .value = 7},
                 body);
    assert_string_equal(body, "\"type\":\"add\",\"element\":7");
    gv_load_body(GV_LOAD_PN_COUNTER, &keys,
                 (struct gv_load_op){.kind = GV_HISTORY_ADD, .value = -3}, body);
    assert_string_equal(body, "\"type\":\"add\",\"delta\":-3");
    gv_load_body(GV_LOAD_G_COUNTER, &keys, (struct gv_load_op){.kind = GV_HISTORY_READ, .value = 0},
                 body);
    assert_string_equal(body, "\"type\":\"read\"");
    gv_load_body(GV_LOAD_ECHO, &keys, (struct gv_load_op){.kind = GV_HISTORY_ECHO, .value = 99},
                 body);
    assert_string_equal(body, "\"type\":\"echo\",\"echo\":\"Please echo 99\"");
    gv_load_body(GV_LOAD_UNIQUE_IDS, &keys,
                 (struct gv_load_op){.kind = GV_HISTORY_GENERATE, .value = 0}, body);
    assert_string_equal(body, "\"type\":\"generate\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_adds_and_reads_half_and_half),
        cmocka_unit_test(counters_draw_their_deltas_from_maelstroms_ranges),
        cmocka_unit_test(gaps_are_uniform_up_to_twice_the_mean),
        cmocka_unit_test(clients_take_turns),
        cmocka_unit_test(bodies_are_those_of_the_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
