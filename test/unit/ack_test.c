// SPDX-License-Identifier: MIT
#include "../../engine/ack.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

#include <string.h>

static struct gv_ack peer_at(uint64_t first_id, uint64_t seq) {
    struct gv_ack peer;
    gv_ack_init(&peer, first_id, seq, seq == 0);
    return peer;
}

static bool take_ack(struct gv_ack *peer, gv_time now, struct gv_message_ack *ack) {
    if (!gv_ack_pending(peer, now, ack)) return false;
    struct gv_message_ack again;
    assert_true(gv_ack_pending(peer, now, &again) && again.largest == ack->largest);
    gv_ack_ack_sent(peer);
    return true;
}

static bool names_id(const struct gv_message_ack *ack, uint64_t id) {
    if (id == ack->largest) return true;
    return id < ack->largest && ack->largest - id <= 64 &&
           (ack->mask >> (ack->largest - id - 1) & 1) != 0;
}

// ---- Messages from the peer ---------------------------------------------------------------------

// An acknowledgement has the largest id, and which of the 64 ids before it were received.
static void acknowledgements_name_what_came(void **state) {
    (void)state;
    enum { IDS = 400 };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    static const uint64_t bases[] = {0, 1, 1000, UINT64_C(1) << 40, UINT64_MAX - IDS + 1};
    for (size_t k = 0; k < sizeof bases / sizeof *bases; k++) {
        bool came[IDS] = {false};
        struct gv_ack peer = peer_at(0, 0);
        uint64_t largest = 0, top = 1 + gv_prng_below(&prng, 3);
        for (int i = 0; i < 2000; i++) {
            // The new id is mostly a bit larger than the largest, sometimes much larger, often
            // smaller, but never below the mask.
            uint64_t id = top;
            if (gv_prng_below(&prng, 10) == 0) id += gv_prng_below(&prng, 90);
            uint64_t back = gv_prng_below(&prng, 65);
            if (gv_prng_below(&prng, 2) == 0) id = largest > back ? largest - back : largest;
            if (id >= IDS) break;
            if (id == top) top++;
            if (i == 0 || id > largest) largest = id;
            if (top <= largest) top = largest + 1;
            came[id] = true;
            gv_ack_received(&peer, (gv_time)i, bases[k] + id, gv_prng_below(&prng, 2) == 0, 10);
            struct gv_message_ack ack;
            assert_true(take_ack(&peer, (gv_time)i, &ack));
            assert_int_equal(ack.largest, bases[k] + largest);
            for (uint64_t b = 0; b <= 64 && b <= largest; b++)
                assert_int_equal(names_id(&ack, bases[k] + largest - b), came[largest - b]);
            assert_false(take_ack(&peer, (gv_time)i, &ack));
        }
        assert_true(largest > 100);
    }
}

// A restarted peer uses other ids. The ids of its former incarnation are not acknowledged.
static void a_peer_restarts(void **state) {
    (void)state;
    static const uint64_t firsts[] = {0, 5, 1000, 2000 - 65, 2000 + 65, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        struct gv_ack peer = peer_at(0, 0);
        struct gv_message_ack ack;
        for (uint64_t id = 1990; id <= 2000; id++) gv_ack_received(&peer, 0, id, false, 10);
        gv_ack_received(&peer, 0, firsts[i], false, 10);
        assert_true(take_ack(&peer, 0, &ack));
        assert_int_equal(ack.largest, firsts[i]);
        assert_int_equal(ack.mask, 0);
        gv_ack_received(&peer, 0, firsts[i] + 1, false, 10);
        assert_true(take_ack(&peer, 0, &ack));
        assert_int_equal(ack.largest, firsts[i] + 1);
        assert_int_equal(ack.mask, 1);
    }
}

static void acknowledgements_are_delayed(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    struct gv_message_ack ack;
    assert_false(take_ack(&peer, 5, &ack));
    assert_true(peer.ack_at == GV_TIME_NEVER);
    gv_ack_received(&peer, 100, 1, false, 50);
    assert_int_equal(peer.ack_at, 150);
    gv_ack_received(&peer, 120, 2, false, 50); // the delay of the first one applies
    assert_int_equal(peer.ack_at, 150);
    gv_ack_received(&peer, 121, 3, false, 5);
    assert_int_equal(peer.ack_at, 126);
    gv_ack_received(&peer, 122, 4, true, 50); // an immediate acknowledgement is requested
    assert_int_equal(peer.ack_at, 122);
    assert_true(take_ack(&peer, 122, &ack));
    assert_true(peer.ack_at == GV_TIME_NEVER);
    for (uint64_t i = 1; i <= GV_ACK_THRESHOLD; i++) {
        gv_ack_received(&peer, 200 + i, 4 + i, false, 5000);
        assert_int_equal(peer.ack_at, i < GV_ACK_THRESHOLD ? 5201 : 200 + i);
    }
    for (uint64_t i = 0; i < 1000; i++) gv_ack_received(&peer, 300, 5, false, 5000); // duplicates
    assert_true(take_ack(&peer, 400, &ack));
    assert_int_equal(ack.largest, 4 + GV_ACK_THRESHOLD);
}

// The ack delay is in microseconds, from the first arrival of the largest id.
static void ack_delay_is_reported(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    struct gv_message_ack ack;
    gv_ack_received(&peer, 1000000, 8, false, 50);
    gv_ack_received(&peer, 5000000, 7, false, 50);
    gv_ack_received(&peer, 6000000, 8, false, 50);
    assert_true(take_ack(&peer, 9999999, &ack));
    assert_int_equal(ack.ack_delay_us, 8999);
    gv_ack_received(&peer, 20000000, 9, false, 50);
    assert_true(take_ack(&peer, 1, &ack)); // `now` is before the arrival
    assert_int_equal(ack.ack_delay_us, 0);
}

// ---- Messages to the peer -----------------------------------------------------------------------

// The number of messages declared lost, or −1 if nothing new is acknowledged.
static int acked(struct gv_ack *peer, gv_time now, uint64_t largest, uint64_t mask) {
    const struct gv_message_ack ack = {largest, mask, 0};
    struct gv_ack_loss loss;
    return gv_ack_acked(peer, now, &ack, &loss) ? loss.messages : -1;
}

static void sequence_numbers_follow_acknowledgements(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(100, 7);
    assert_int_equal(peer.acked_seq, 7);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(gv_ack_sent(&peer, i, 10 + 10 * i, 1000, false), 100 + i);
    assert_int_equal(peer.sent_seq, 40);
    assert_int_equal(peer.acked_seq, 7);
    assert_int_equal(acked(&peer, 5, 101, 0), 0); // acknowledges the second, not the first
    assert_int_equal(peer.acked_seq, 7);
    assert_int_equal(acked(&peer, 5, 101, 0), -1); // the same acknowledgement again
    assert_int_equal(acked(&peer, 5, 99, UINT64_MAX), -1);
    assert_int_equal(acked(&peer, 5, UINT64_MAX, UINT64_MAX), -1); // an id that was never sent
    assert_int_equal(acked(&peer, 5, 101, 1), 0);
    assert_int_equal(peer.acked_seq, 20);
    assert_int_equal(acked(&peer, 5, 103, 7), 0);
    assert_int_equal(peer.acked_seq, 40);
    assert_true(peer.loss_timer == GV_TIME_NEVER);
}

static void a_gap_of_three_is_a_loss(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(100, 0);
    for (uint64_t i = 1; i <= 5; i++) gv_ack_sent(&peer, 0, i, 1000, i == 2);
    assert_int_equal(acked(&peer, 1, 102, 0), 0);
    const struct gv_message_ack fourth = {103, 0, 0};
    struct gv_ack_loss loss;
    assert_true(gv_ack_acked(&peer, 1, &fourth, &loss));
    assert_int_equal(loss.messages, 3); // 100 is lost, so all later messages are sent again, too
    assert_true(loss.sync);             // 101 was a sync message
    assert_int_equal(peer.sent_seq, 0);
    assert_int_equal(peer.acked_seq, 0);
    assert_int_equal(peer.in_flight_count, 0);
    assert_int_equal(gv_ack_sent(&peer, 2, 5, 1000, false), 105);
    assert_int_equal(acked(&peer, 3, 105, 0), 0);
    assert_int_equal(peer.acked_seq, 5);
}

static void a_lost_one_spares_those_before(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    gv_ack_sent(&peer, 0, 1, 1000, false);
    gv_ack_sent(&peer, 0, 2, 10, false);
    gv_ack_sent(&peer, 0, 3, 2000, false);
    assert_int_equal(peer.loss_timer, 10);
    assert_int_equal(gv_ack_expire(&peer, 9).messages, 0);
    assert_int_equal(gv_ack_expire(&peer, 10).messages, 2);
    assert_int_equal(peer.sent_seq, 1);
    assert_int_equal(peer.acked_seq, 0);
    assert_int_equal(peer.loss_timer, 1000);
    gv_ack_reset(&peer, 50);
    assert_int_equal(peer.acked_seq, 50);
    assert_true(peer.loss_timer == GV_TIME_NEVER);
}

// The round trip has become longer than the timeout. Late acknowledgements of lost messages measure
// it.
static void spurious_losses_are_detected(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    gv_ack_sent(&peer, 0, 0, 1000 * GV_MS, false);
    assert_int_equal(acked(&peer, 10 * GV_MS, 0, 0), 0);
    assert_int_equal(peer.srtt, 10 * GV_MS);
    gv_time now = 20 * GV_MS;
    for (uint64_t id = 1; id <= 3; id++) {
        gv_time ack_timeout = gv_ack_timeout(&peer, 0);
        gv_ack_sent(&peer, now, id, ack_timeout, false);
        now += ack_timeout;
        assert_int_equal(gv_ack_expire(&peer, now).messages, 1);
    }
    assert_int_equal(acked(&peer, 1020 * GV_MS, 1, 0), 0);
    assert_true(gv_ack_timeout(&peer, 0) > 1000 * GV_MS);
    assert_int_equal(acked(&peer, 1020 * GV_MS, 1, 0), -1); // already acknowledged
    assert_int_equal(acked(&peer, 1040 * GV_MS, 3, 2), 0);  // acknowledges 1 and 3
    assert_int_equal(acked(&peer, 1050 * GV_MS, 3, 1), 0);  // acknowledges 2
    assert_int_equal(acked(&peer, 1060 * GV_MS, 3, 3), -1);
    gv_ack_sent(&peer, now, 50, 1, false);
    gv_ack_reset(&peer, 0);
    assert_int_equal(acked(&peer, now, 4, 0), 0); // lost by a reset
    assert_int_equal(peer.sent_seq, 0);
}

// On a path that always delivers in reverse order, the first four batches cause spurious losses.
// After that only a timeout declares messages lost.
static void a_path_that_reorders_is_tolerated(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    gv_ack_sent(&peer, 0, 0, 10000 * GV_MS, false);
    assert_int_equal(acked(&peer, 100 * GV_MS, 0, 0), 0);
    gv_time now = 1000 * GV_MS;
    int lost = 0;
    for (int batch = 0; batch < 20; batch++) {
        int lost_now = 0;
        uint64_t first = peer.next_id, last = first + GV_ACK_IN_FLIGHT_MAX - 1, mask = 0;
        while (gv_ack_can_send(&peer)) gv_ack_sent(&peer, now, 0, 10000 * GV_MS, false);
        for (uint64_t back = 0; back < GV_ACK_IN_FLIGHT_MAX; back++) { // the last arrives first
            now += GV_MS;
            int declared = acked(&peer, now, last, mask);
            assert_true(declared >= 0);
            gv_ack_set_loss_times(&peer, 20 * GV_MS);
            lost_now += declared + gv_ack_detect_unacked(&peer, now, 5 * GV_MS).messages;
            mask |= UINT64_C(1) << back;
        }
        assert_int_equal(peer.in_flight_count, 0);
        if (batch >= 4) assert_int_equal(lost_now, 0);
        lost += lost_now;
    }
    assert_true(lost > 0);
    // A message that never arrives is still declared lost.
    gv_ack_sent(&peer, now, 0, 500 * GV_MS, false);
    assert_int_equal(gv_ack_expire(&peer, now + 500 * GV_MS).messages, 1);
    // If the path changes, its reordering is measured again.
    for (int i = 0; i < 8; i++) {
        gv_ack_sent(&peer, now, 0, 100000 * GV_MS, false);
        now += 5000 * GV_MS;
        assert_true(acked(&peer, now, peer.next_id - 1, 0) >= 0);
    }
    assert_int_equal(peer.reordering, 0);
}

// Any number of messages may be declared lost within a round trip, whatever was measured before.
// The first acknowledgement measures the round trip, and no later timeout is too short.
static void any_rtt_is_measured(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    for (int round = 0; round < 3000; round++) {
        struct gv_ack peer = peer_at(gv_prng_next(&prng) >> 40, 0);
        gv_time now = gv_prng_below(&prng, 2) ? 0 : UINT64_C(1) << 63;
        if (gv_prng_below(&prng, 2) == 0) { // the measured round trip is short
            gv_ack_sent(&peer, now, 0, GV_MS, false);
            assert_int_equal(acked(&peer, now + GV_MS, peer.next_id - 1, 0), 0);
        }
        gv_time trip = (1 + gv_prng_below(&prng, 240000)) * GV_MS, began = now;
        gv_time pause = trip / (1 + gv_prng_below(&prng, 400)) + 1;
        uint64_t first = peer.next_id;
        while (now - began < trip) {
            gv_ack_sent(&peer, now, peer.sent_seq + 1, pause / 2, false);
            gv_ack_expire(&peer, now + pause / 2);
            now += pause;
        }
        // Some of the first messages never arrive; the next one is acknowledged.
        uint64_t count = peer.next_id - first, come = first + gv_prng_below(&prng, count / 8 + 1);
        now = began + (come - first) * pause + trip;
        assert_int_equal(acked(&peer, now, come, 0), 0);
        assert_true(gv_ack_timeout(&peer, 0) >= trip);
        assert_true(gv_ack_timeout(&peer, 0) <= 4 * trip + 20 * GV_MS);
        assert_int_equal(acked(&peer, now, come, 0), -1); // already acknowledged
        assert_int_equal(acked(&peer, now, peer.next_id, 0), -1);
    }
}

// Two outliers in a row restart the mean, which would otherwise adapt slowly.
static void another_path_has_another_mean(void **state) {
    (void)state;
    static const gv_time paths[][2] = {
        {20, 8000}, {8000, 20}, {1, 60000}, {300, 1500}, {1500, 300}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct gv_ack peer = peer_at(0, 0);
        for (uint64_t id = 0; id < 42; id++) {
            gv_time trip = paths[i][id >= 40] * GV_MS;
            gv_ack_sent(&peer, 0, 0, GV_MS, false);
            assert_int_equal(acked(&peer, trip, id, 0), 0);
        }
        assert_int_equal(peer.rtt_mean, paths[i][1] * GV_MS);
        assert_int_equal(peer.rtt_samples, 1);
    }
    // A single outlier, or round trips that vary, do not restart the mean.
    struct gv_ack peer = peer_at(0, 0);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 4);
    for (uint64_t id = 0; id < 1000; id++) {
        gv_time trip = (id % 16 == 15 ? 5000 : 50 + gv_prng_below(&prng, 100)) * GV_MS;
        gv_ack_sent(&peer, 0, 0, GV_MS, false);
        assert_int_equal(acked(&peer, trip, id, 0), 0);
        assert_true(id < 16 || peer.rtt_samples == 16);
    }
}

// After a later message is acknowledged, an earlier one is lost after the loss delay. This is not a
// timeout.
static void reordered_messages_are_lost_sooner(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    gv_ack_sent(&peer, 0, 1, 9000, false);
    assert_int_equal(acked(&peer, 100, 1, 0), 0);
    for (uint64_t i = 0; i < 3; i++) gv_ack_sent(&peer, 1000 + i, 2 + i, 9000, false);
    gv_ack_set_loss_times(&peer, 200);
    assert_int_equal(peer.loss_timer, 10000);
    assert_int_equal(acked(&peer, 1100, 3, 0), 0); // acknowledges the second message
    gv_ack_set_loss_times(&peer, GV_TIME_NEVER);
    assert_int_equal(peer.loss_timer, 10000);
    gv_ack_set_loss_times(&peer, 200);
    assert_int_equal(peer.loss_timer, 1200);
    assert_int_equal(gv_ack_detect_reordered(&peer, 1199).messages, 0);
    assert_int_equal(gv_ack_detect_reordered(&peer, 1200).messages, 2);
    assert_int_equal(peer.sent_seq, 1);
    assert_true(peer.loss_timer == GV_TIME_NEVER);
    gv_ack_sent(&peer, 2000, 4, 9000, false);
    gv_ack_set_loss_times(&peer, 200);
    assert_int_equal(peer.loss_timer, 11000); // no later message was acknowledged
}

// Lost updates are always sent again: `acked_seq` never passes an unacknowledged update.
static void nothing_is_lost(void **state) {
    (void)state;
    enum { UPDATES = 3000 };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 20; round++) {
        static bool had[UPDATES];
        memset(had, 0, sizeof had);
        uint64_t first = gv_prng_below(&prng, 2) ? gv_prng_next(&prng) >> 24 : 0;
        struct gv_ack peer = peer_at(first, 0), other = peer_at(5, 0);
        size_t count = 0;
        gv_time now = 0;
        while (peer.acked_seq < UPDATES && count < 20000) {
            now += gv_prng_below(&prng, 5);
            if (gv_ack_can_send(&peer) && peer.sent_seq < UPDATES) {
                uint64_t from = peer.sent_seq, to = from + 1 + gv_prng_below(&prng, 4);
                if (to > UPDATES) to = UPDATES;
                uint64_t id = gv_ack_sent(&peer, now, to, 20 + gv_prng_below(&prng, 20), false);
                assert_true(id == first + count);
                count++;
                if (gv_prng_below(&prng, 5) > 0) { // the message arrives
                    gv_ack_received(&other, now, id, false, 0);
                    for (uint64_t at = from; at < to; at++) had[at] = true;
                }
            }
            struct gv_message_ack ack;
            struct gv_ack_loss loss;
            if (gv_prng_below(&prng, 3) == 0 && take_ack(&other, now, &ack) &&
                gv_prng_below(&prng, 3) > 0)
                gv_ack_acked(&peer, now, &ack, &loss);
            gv_ack_expire(&peer, now);
            assert_true(peer.acked_seq <= peer.sent_seq);
            assert_true(peer.loss_timer > now);
            for (uint64_t at = 0; at < peer.acked_seq; at++) assert_true(had[at]);
        }
        assert_int_equal(peer.acked_seq, UPDATES);
    }
}

// ---- Every message has one fate -----------------------------------------------------------------

enum fate { IN_FLIGHT, ACKNOWLEDGED, LOST, FORGOTTEN };

enum { MESSAGES = 4000 };

// The messages sent to a peer, by id.
struct sent {
    enum fate fates[MESSAGES];
    bool syncs[MESSAGES];
};

// Compares the recorded fates with the peer's state after an event. `ack` is the acknowledgement
// that the event carried, or NULL; `loss` has the messages that it declared lost.
static void check_fates(struct sent *sent, const struct gv_ack *peer,
                        const struct gv_message_ack *ack, struct gv_ack_loss loss) {
    bool in_flight[MESSAGES] = {false}, remembered[MESSAGES] = {false}, sync = false;
    for (int i = 0; i < peer->in_flight_count; i++) in_flight[peer->in_flight[i].id] = true;
    for (int i = 0; i < peer->lost_count; i++) remembered[peer->lost[i].id] = true;
    int lost = 0;
    for (uint64_t id = 0; id < peer->next_id; id++) {
        bool named = ack != NULL && names_id(ack, id);
        switch (sent->fates[id]) {
        case IN_FLIGHT:
            if (in_flight[id]) {
                assert_false(named);
            } else if (named) {
                sent->fates[id] = ACKNOWLEDGED;
            } else {
                lost++;
                sync = sync || sent->syncs[id];
                sent->fates[id] = remembered[id] ? LOST : FORGOTTEN;
            }
            break;
        case LOST:
            assert_false(in_flight[id]);
            if (!remembered[id]) sent->fates[id] = named ? ACKNOWLEDGED : FORGOTTEN;
            break;
        default:
            assert_false(in_flight[id] || remembered[id]);
        }
    }
    assert_int_equal(loss.messages, lost);
    assert_int_equal(loss.sync, sync);
}

// A message leaves the list of messages in flight only if an acknowledgement includes it or it is
// declared lost. No message is acknowledged twice.
static void every_message_has_one_fate(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 5);
    for (int round = 0; round < 10; round++) {
        static struct sent sent;
        sent = (struct sent){0};
        struct gv_ack peer = peer_at(0, 0), other = peer_at(0, 0);
        gv_time now = 0;
        uint64_t arrives = gv_prng_below(&prng, 100);
        while (peer.next_id < MESSAGES) {
            struct gv_ack_loss loss = {0};
            struct gv_message_ack ack;
            now += gv_prng_below(&prng, 3) * GV_MS;
            switch (gv_prng_below(&prng, 8)) {
            case 0:
                if (gv_prng_below(&prng, 100) > arrives || !take_ack(&other, now, &ack)) break;
                bool fresh = gv_ack_acked(&peer, now, &ack, &loss);
                check_fates(&sent, &peer, &ack, loss);
                if (!fresh) assert_int_equal(loss.messages, 0);
                assert_false(gv_ack_acked(&peer, now, &ack, &loss)); // already acknowledged
                break;
            case 1:
                loss = gv_ack_expire(&peer, now);
                break;
            case 2:
                loss = gv_ack_detect_unacked(&peer, now, 40 * GV_MS);
                break;
            case 3:
                gv_ack_set_loss_times(&peer, 10 * GV_MS);
                break;
            case 4:
                loss = gv_ack_detect_reordered(&peer, now);
                break;
            default:
                if (!gv_ack_can_send(&peer)) break;
                bool sync = gv_prng_below(&prng, 5) == 0;
                uint64_t id = gv_ack_sent(&peer, now, peer.sent_seq + 1, 100 * GV_MS, sync);
                sent.syncs[id] = sync;
                if (gv_prng_below(&prng, 100) < arrives) gv_ack_received(&other, now, id, false, 0);
            }
            check_fates(&sent, &peer, NULL, loss);
        }
    }
}

// ---- Time ---------------------------------------------------------------------------------------

static void rtt_is_smoothed(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(0, 0);
    assert_int_equal(gv_ack_timeout(&peer, 300 * GV_MS), 300 * GV_MS);
    assert_int_equal(gv_ack_timeout(&peer, 0), 20 * GV_MS);
    gv_ack_sent(&peer, 1000, 0, GV_MS, false);
    const struct gv_message_ack held = {0, 0, 30000};
    struct gv_ack_loss loss;
    assert_true(gv_ack_acked(&peer, 1000 + 130 * GV_MS, &held, &loss));
    assert_int_equal(peer.srtt, 100 * GV_MS); // the ack delay is subtracted
    assert_int_equal(peer.rttvar, 50 * GV_MS);
    assert_int_equal(gv_ack_timeout(&peer, 7), 300 * GV_MS);
    for (uint64_t id = 1; id < 100; id++) {
        gv_ack_sent(&peer, 0, 0, GV_MS, false);
        assert_int_equal(acked(&peer, 60 * GV_MS, id, 0), 0);
    }
    assert_in_range(peer.srtt, 60 * GV_MS, 61 * GV_MS);
    assert_in_range(gv_ack_timeout(&peer, 7), 70 * GV_MS, 72 * GV_MS);
    assert_in_range(peer.rtt_mean, 60 * GV_MS, 61 * GV_MS);
    assert_true(peer.rtt_deviation < GV_MS);
    // Two samples differ from the mean by the same amount in both directions: the mean stays, the
    // deviation grows.
    gv_ack_sent(&peer, 0, 0, GV_MS, false);
    assert_int_equal(acked(&peer, 20 * GV_MS, 100, 0), 0);
    gv_ack_sent(&peer, 0, 0, GV_MS, false);
    assert_int_equal(acked(&peer, 100 * GV_MS, 101, 0), 0);
    assert_in_range(peer.rtt_mean, 58 * GV_MS, 62 * GV_MS);
    assert_in_range(peer.rtt_deviation, 4 * GV_MS, 6 * GV_MS);
    // A sample is taken only if the largest id is new and the ack delay is not longer than the
    // measured time.
    gv_ack_sent(&peer, 0, 0, GV_MS, false);
    gv_ack_sent(&peer, 0, 0, GV_MS, false);
    const struct gv_message_ack absurd = {103, 1, UINT64_MAX};
    gv_time before = peer.srtt;
    assert_true(gv_ack_acked(&peer, 5000 * GV_MS, &absurd, &loss));
    assert_int_equal(peer.srtt, before);
}

// If both sides send, a message that should have been acknowledged is lost without a timeout.
static void unacked_messages_are_detected(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    assert_int_equal(gv_ack_detect_unacked(&peer, 0, 0).messages, 0);
    gv_ack_sent(&peer, 0, 1, 9000 * GV_MS, false);
    assert_int_equal(gv_ack_detect_unacked(&peer, 5000 * GV_MS, 0).messages, 0); // unmeasured
    assert_int_equal(acked(&peer, 100 * GV_MS, 1, 0), 0);
    gv_ack_sent(&peer, 1000 * GV_MS, 2, 9000 * GV_MS, false);
    gv_ack_sent(&peer, 1200 * GV_MS, 3, 9000 * GV_MS, false);
    const gv_time usual = 500 * GV_MS;
    assert_int_equal(gv_ack_detect_unacked(&peer, 1000 * GV_MS + usual, usual).messages, 0);
    assert_int_equal(peer.acked_seq, 1);
    assert_int_equal(gv_ack_detect_unacked(&peer, 1000 * GV_MS + usual + 1, usual).messages, 2);
    assert_int_equal(peer.sent_seq, 1); // its update is to be sent again
}

static void incarnations_are_told_apart(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    assert_true(gv_ack_is_new_incarnation(&peer, 5000));
    gv_ack_received(&peer, 0, 5000, false, 0);
    assert_false(gv_ack_is_new_incarnation(&peer, 5000));
    assert_false(gv_ack_is_new_incarnation(&peer, 5001));
    assert_false(gv_ack_is_new_incarnation(&peer, 4936));
    assert_true(gv_ack_is_new_incarnation(&peer, 4935));
    assert_true(gv_ack_is_new_incarnation(
        &peer, 5000 + 5000)); // few restarts look like the same incarnation
}

// A peer needs the full state until it acknowledges updates or updates are skipped.
static void duplicates_are_recognised(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    assert_false(gv_ack_is_duplicate(&peer, 0));
    assert_false(gv_ack_is_duplicate(&peer, 5000));
    gv_ack_received(&peer, 0, 5000, false, 0);
    gv_ack_received(&peer, 0, 5003, false, 0);
    gv_ack_received(&peer, 0, 5001, false, 0);
    const uint64_t came[] = {5000, 5001, 5003}, not [] = {4999, 5002, 5004, 4936};
    for (size_t i = 0; i < 3; i++) assert_true(gv_ack_is_duplicate(&peer, came[i]));
    for (size_t i = 0; i < 4; i++) assert_false(gv_ack_is_duplicate(&peer, not [i]));
    gv_ack_received(&peer, 0, 12000, false, 0); // an id of another incarnation
    assert_false(gv_ack_is_duplicate(&peer, 5003));
    assert_true(gv_ack_is_duplicate(&peer, 12000));
}

static void skipped_updates_are_not_owed(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    assert_true(gv_ack_last_sent(&peer) == GV_TIME_NEVER);
    gv_ack_skip(&peer, 4);
    assert_true(peer.sent_seq == 4 && peer.acked_seq == 4);
    gv_ack_sent(&peer, 7, 5, 10, false);
    gv_ack_skip(&peer, 9); // updates in flight do not count as skipped
    assert_true(peer.sent_seq == 9 && peer.acked_seq == 4);
    assert_int_equal(gv_ack_last_sent(&peer), 7);
    assert_int_equal(acked(&peer, 8, 1, 0), 0);
    assert_int_equal(peer.acked_seq, 9);
}

static void full_state_is_owed_until_some_is_acknowledged(void **state) {
    (void)state;
    struct gv_ack peer = peer_at(1, 0);
    assert_true(peer.needs_full_state && !peer.contacted);
    gv_ack_sent(&peer, 0, 0, 10, true); // a sync message without updates
    assert_true(peer.contacted);
    assert_int_equal(acked(&peer, 1, 1, 0), 0);
    assert_true(peer.needs_full_state);
    gv_ack_sent(&peer, 2, 3, 10, false);
    assert_int_equal(acked(&peer, 3, 2, 0), 0);
    assert_false(peer.needs_full_state);
    peer = peer_at(1, 0);
    gv_ack_reset(&peer, 0);
    assert_true(peer.needs_full_state);
    gv_ack_reset(&peer, 7);
    assert_false(peer.needs_full_state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unacked_messages_are_detected),
        cmocka_unit_test(incarnations_are_told_apart),
        cmocka_unit_test(duplicates_are_recognised),
        cmocka_unit_test(full_state_is_owed_until_some_is_acknowledged),
        cmocka_unit_test(acknowledgements_name_what_came),
        cmocka_unit_test(a_peer_restarts),
        cmocka_unit_test(acknowledgements_are_delayed),
        cmocka_unit_test(ack_delay_is_reported),
        cmocka_unit_test(sequence_numbers_follow_acknowledgements),
        cmocka_unit_test(a_gap_of_three_is_a_loss),
        cmocka_unit_test(a_lost_one_spares_those_before),
        cmocka_unit_test(spurious_losses_are_detected),
        cmocka_unit_test(a_path_that_reorders_is_tolerated),
        cmocka_unit_test(any_rtt_is_measured),
        cmocka_unit_test(another_path_has_another_mean),
        cmocka_unit_test(reordered_messages_are_lost_sooner),
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(every_message_has_one_fate),
        cmocka_unit_test(skipped_updates_are_not_owed),
        cmocka_unit_test(rtt_is_smoothed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
