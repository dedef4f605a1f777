// SPDX-License-Identifier: MIT
#include "../../engine/peer.h"

#include "../lib/test.h"

static struct gv_peer fresh(void) {
    struct gv_peer peer;
    gv_peer_init(&peer, 0, 0, true);
    return peer;
}

static void acked(struct gv_peer *peer, gv_time now, uint64_t largest) {
    const struct gv_message_ack ack = {largest, 0, 0};
    struct gv_ack_loss loss;
    assert_true(gv_ack_acked(&peer->ack, now, &ack, &loss));
    gv_health_acked(&peer->health);
}

static void the_deadline_lies_ahead(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, 1, 0);
    struct gv_peer peer = fresh();
    assert_true(gv_peer_deadline(&peer, 0) == GV_TIME_NEVER);
    gv_ack_received(&peer.ack, 0, 1, false, 10);
    gv_ack_sent(&peer.ack, 0, 1, 20, false);
    while (!gv_health_timed_out(&peer.health)) continue;
    gv_health_probe_now(&peer.health, 30);
    assert_int_equal(gv_peer_deadline(&peer, 5), 10);
    assert_int_equal(gv_peer_deadline(&peer, 10), 20);
    assert_int_equal(gv_peer_deadline(&peer, 29), 30);
    assert_true(gv_peer_deadline(&peer, 30) == GV_TIME_NEVER);
}

// Only the timeout of an unmeasured peer grows with the first timeouts.
static void the_initial_rtt_grows_with_timeouts(void **state) {
    (void)state;
    struct gv_peer peer = fresh();
    static const gv_time expected[] = {52, 104, 208, 416, 500, 500};
    for (int timeouts = 0; timeouts < 6; timeouts++) {
        assert_int_equal(gv_peer_timeout(&peer, 52 * GV_MS), expected[timeouts] * GV_MS);
        assert_int_equal(gv_peer_timeout(&peer, 600 * GV_MS), 600 * GV_MS);
        gv_health_timed_out(&peer.health);
    }
    gv_ack_sent(&peer.ack, 0, 0, GV_MS, false);
    acked(&peer, 52 * GV_MS, 0);
    gv_time measured = gv_peer_timeout(&peer, 0);
    assert_int_equal(measured, (52 + 4 * 26) * GV_MS);
    for (int timeouts = 0; timeouts < 6; timeouts++) gv_health_timed_out(&peer.health);
    assert_int_equal(gv_peer_timeout(&peer, 600 * GV_MS), measured);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_deadline_lies_ahead),
        cmocka_unit_test(the_initial_rtt_grows_with_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
