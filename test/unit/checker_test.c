// SPDX-License-Identifier: MIT
#include "../../sim/check/checker.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

// Checks the number of errors, and that the last one begins with this text.
static void expect(struct gv_verdict_errors *errors, size_t count, const char *kind) {
    assert_int_equal(errors->count, count);
    if (count > 0) {
        assert_int_equal(strncmp(errors->texts[count - 1], kind, strlen(kind)), 0);
    }
}

static void init(struct gv_checker_invariants *invariants, uint32_t nodes, double rate,
                 size_t message_max, gv_time rtt, struct gv_verdict_errors *errors) {
    gv_checker_invariants_init(invariants, &(struct gv_checker_invariants_config){
                                               .nodes = nodes,
                                               .rate = rate,
                                               .message_max = message_max,
                                               .rtt = rtt,
                                               .errors = errors,
                                           });
}

static void a_lost_entry_is_reported(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_check_state counts;
    gv_check_state_init(&counts, 3);
    gv_check_state_entries(&counts, 1, 7, &errors);
    gv_check_state_entries(&counts, 1, 7, &errors);
    gv_check_state_entries(&counts, 2, 6, &errors);
    gv_check_state_reset(&counts, 2);
    gv_check_state_entries(&counts, 2, 0, &errors);
    gv_check_state_added(0, "5", true, &errors);
    expect(&errors, 0, "");
    gv_check_state_entries(&counts, 1, 6, &errors);
    expect(&errors, 1, "entries lost: n1 had 7 entries and has 6");
    gv_check_state_added(0, "5", false, &errors);
    expect(&errors, 2, "acked value absent: n0 acknowledged value 5");
    gv_check_state_fini(&counts);
    gv_verdict_fini(&errors);
}

static void a_write_is_not_visible_before_it_is_durable(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_digest before = {.count = 5}, after = {.count = 6};
    gv_check_state_request(2, before, before, &errors);
    expect(&errors, 0, "");
    gv_check_state_request(2, before, after, &errors);
    expect(&errors, 1, "not durable yet: n2 exposes a client's write before it is on disk");
    gv_verdict_fini(&errors);
}

static void bounds_are_checked(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_check_bounds bounds;
    const uint64_t base = GV_CHECK_BOUNDS_NODE + 2 * GV_CHECK_BOUNDS_PEER;
    gv_check_bounds_init(&bounds, 2, 1000);
    gv_check_bounds_message(&bounds, 0, 1000, &errors);
    gv_check_bounds_memory(&bounds, 0, 10, base + 10 * GV_CHECK_BOUNDS_ENTRY, &errors);
    expect(&errors, 0, "");
    gv_check_bounds_message(&bounds, 1, 1001, &errors);
    gv_check_bounds_message(&bounds, 1, 1001, &errors);
    expect(&errors, 1, "message too long: n1 sent a message of 1001 bytes; the limit is 1000");
    gv_check_bounds_memory(&bounds, 0, 10, base + 10 * GV_CHECK_BOUNDS_ENTRY + 1, &errors);
    gv_check_bounds_memory(&bounds, 0, 10, base + 10 * GV_CHECK_BOUNDS_ENTRY + 1, &errors);
    expect(&errors, 2, "too much memory: n0");
    gv_verdict_fini(&errors);
}

static void queues_have_bounds(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    const struct gv_stats full = {.numbers = {.queued_replies = GV_CHECK_BOUNDS_REPLIES,
                                              .queued_reads = GV_CHECK_BOUNDS_READS,
                                              .queued_updates = GV_CHECK_BOUNDS_UPDATES,
                                              .queued_syncs = GV_CHECK_BOUNDS_SYNCS,
                                              .queued_store = GV_CHECK_BOUNDS_STORE}};
    struct gv_stats fuller[] = {full, full, full, full, full};
    fuller[0].numbers.queued_replies++;
    fuller[1].numbers.queued_reads++;
    fuller[2].numbers.queued_updates++;
    fuller[3].numbers.queued_syncs++;
    fuller[4].numbers.queued_store++;
    struct gv_checker_invariants invariants;
    init(&invariants, 8, 1, 1000, 0, &errors);
    gv_checker_invariants_stats(&invariants, 7, &full);
    expect(&errors, 0, "");
    static const char *const said[] = {
        "queue too long: n7 has 2097153 queued bytes of replies; the limit is 2097152",
        "queue too long: n7 has 1025 queued long replies",
        "queue too long: n7 has 65537 queued changes",
        "queue too long: n7 has 5 queued unanswered summaries",
        "queue too long: n7 has 11534337 queued bytes of writes; the limit is 11534336",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        gv_checker_invariants_stats(&invariants, 7, &fuller[i]);
        expect(&errors, i + 1, said[i]);
    }
    gv_checker_invariants_fini(&invariants);
    gv_verdict_fini(&errors);
}

static void a_link_has_a_bound(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_checker_invariants invariants;
    init(&invariants, 8, 10, 1000, 0, &errors);
    struct gv_net net = {.busiest = {.src = 3, .dest = 5}, .longest_flight = 500 * GV_MS};
    for (net.copies = 1; net.copies <= 2; net.copies++) {
        // Ten operations a second, for half a second.
        net.busiest.in_flight =
            GV_CHECK_BOUNDS_IN_FLIGHT * (1 + net.copies) + GV_CHECK_BOUNDS_OP * 5;
        gv_checker_invariants_net(&invariants, &net);
        expect(&errors, net.copies - 1, "queue");
        net.busiest.in_flight++;
        gv_checker_invariants_net(&invariants, &net);
        expect(&errors, net.copies, "queue too long: ");
    }
    assert_string_equal(
        errors.texts[0],
        "queue too long: 277 messages are in flight from n3 to n5; the limit is 276");
    gv_checker_invariants_fini(&invariants);
    gv_verdict_fini(&errors);
}

static void message_lengths_are_checked(void **state) {
    (void)state;
    static const char line[] =
        "{\"src\":\"n1\",\"dest\":\"n0\",\"body\":{\"type\":\"gossip\",\"v\":7}}";
    struct gv_slice slice = {(const uint8_t *)line, sizeof line - 1};
    const size_t body = sizeof "{\"type\":\"gossip\",\"v\":7}" - 1;
    struct gv_verdict_errors errors = {0};
    for (size_t less = 0; less <= 1; less++) {
        struct gv_checker_invariants invariants;
        init(&invariants, 2, 1, body - less, 0, &errors);
        gv_checker_invariants_line(&invariants, 1, slice);
        expect(&errors, less, "message too long: n1");
        gv_checker_invariants_fini(&invariants);
    }
    gv_verdict_fini(&errors);
}

// Passes the checker a reply of a node with this id.
static void give(struct gv_checker_invariants *invariants, uint32_t node, const char *id) {
    char line[128];
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"n%u\",\"dest\":\"c1\",\"body\":{\"type\":\"generate_ok\","
                       "\"in_reply_to\":2,\"id\":\"%s\"}}",
                       node, id);
    gv_checker_invariants_line(invariants, node,
                               (struct gv_slice){(const uint8_t *)line, (size_t)len});
}

static void ids_ascend(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_checker_invariants invariants;
    init(&invariants, 2, 1, 1000, 0, &errors);
    give(&invariants, 0, "0012-a-n0");
    give(&invariants, 1, "0011-b-n1");
    gv_checker_invariants_reset(&invariants, 1, false);
    give(&invariants, 1, "0010-b-n1"); // node 1 had no disk, so its ids may repeat
    give(&invariants, 0, "0013-a-n0");
    gv_checker_invariants_reset(&invariants, 0, true);
    give(&invariants, 0, "0014-a-n0");
    expect(&errors, 0, "");
    give(&invariants, 1, "0010-b-n1");
    expect(&errors, 1, "ids out of order: n1 generated id 0010-b-n1 after 0010-b-n1");
    gv_checker_invariants_reset(&invariants, 0, true);
    give(&invariants, 0, "0013-c-n0");
    expect(&errors, 2, "ids out of order: n0 generated id 0013-c-n0 after 0014-a-n0");
    give(&invariants, 0, "0012-c-n0"); // reported only once
    expect(&errors, 2, "");
    gv_checker_invariants_fini(&invariants);
    gv_verdict_fini(&errors);
}

static void a_flood_is_reported(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    struct gv_check_traffic traffic;
    const uint64_t sent[] = {20, 30};
    gv_check_traffic_init(&traffic, 2, 10, sent);
    const uint64_t most = 2 * (GV_CHECK_TRAFFIC_NODE + 10 * GV_CHECK_TRAFFIC_OP);
    gv_time now = 5000 * GV_MS;
    assert_true(gv_check_traffic_observe(&traffic, now, 0, &errors));
    assert_true(gv_check_traffic_observe(&traffic, now + 999 * GV_MS, most, &errors));
    assert_true(gv_check_traffic_observe(&traffic, now + 1000 * GV_MS, most, &errors));
    assert_true(gv_check_traffic_observe(&traffic, now + 1500 * GV_MS, 2 * most, &errors));
    expect(&errors, 0, "");
    assert_false(gv_check_traffic_observe(&traffic, now + 1600 * GV_MS, 2 * most + 1, &errors));
    assert_false(gv_check_traffic_observe(&traffic, now + 1700 * GV_MS, 2 * most + 2, &errors));
    expect(&errors, 1, "flood: ");
    assert_non_null(strstr(errors.texts[0], "; n1 sent most of all: 30"));
    gv_verdict_fini(&errors);
}

static void idle_traffic_has_a_bound(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    const gv_time lasted = 20000 * GV_MS, suspicion = 3000 * GV_MS;
    const uint32_t sizes[] = {3, 15, 40}, most[] = {4, 20, 20}; // messages in that time
    for (size_t i = 0; i < 3; i++) {
        struct gv_check_traffic traffic;
        gv_check_traffic_init(&traffic, sizes[i], 10, NULL);
        uint64_t idle = most[i] + GV_CHECK_TRAFFIC_IDLE;
        gv_check_traffic_quiescence(&traffic, lasted, 0, idle, &errors);
        gv_check_traffic_quiescence(&traffic, lasted, suspicion, idle + 3, &errors);
        expect(&errors, 2 * i, "not quiescent: ");
        gv_check_traffic_quiescence(&traffic, lasted, 0, idle + 1, &errors);
        expect(&errors, 2 * i + 1, "not quiescent: ");
        gv_check_traffic_quiescence(&traffic, lasted, suspicion, idle + 4, &errors);
        expect(&errors, 2 * i + 2, "not quiescent: ");
    }
    gv_verdict_fini(&errors);
}

// A run with a quiet phase of this length. While nodes must be quiescent, `noise` messages are
// sent, and `suspecting` nodes suspect a peer.
static void play(uint64_t quiet_ms, uint64_t noise, uint32_t suspecting,
                 struct gv_verdict_errors *errors) {
    struct gv_checker_invariants invariants;
    init(&invariants, 3, 1, 1000, 0, errors);
    gv_time now = 1000 * GV_MS, quiet = now + 2000 * GV_MS;
    assert_true(gv_checker_invariants_time(&invariants, now, 500, false));
    assert_true(gv_checker_invariants_time(&invariants, quiet, 800, true));
    gv_time calm = quiet + GV_CHECKER_QUIESCE_MS * GV_MS;
    for (uint32_t node = 0; node < suspecting; node++) {
        gv_checker_invariants_suspects(&invariants, node, true);
        gv_checker_invariants_suspects(&invariants, node, true);
    }
    if (quiet_ms > GV_CHECKER_QUIESCE_MS) {
        assert_true(gv_checker_invariants_time(&invariants, calm, 900, true));
    }
    assert_true(
        gv_checker_invariants_time(&invariants, quiet + quiet_ms * GV_MS, 900 + noise, false));
    assert_true(gv_checker_invariants_time(&invariants, quiet + quiet_ms * GV_MS, 2000, false));
    gv_checker_invariants_fini(&invariants);
}

// With a long round trip, nodes may become quiescent later.
static void slow_links_are_quiescent_later(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    const gv_time slow = 10000 * GV_MS, due = GV_CHECKER_QUIESCE_RTTS * slow;
    for (uint64_t noise = 0; noise <= 500; noise += 500) {
        struct gv_checker_invariants invariants;
        init(&invariants, 3, 1, 1000, slow, &errors);
        assert_true(gv_checker_invariants_time(&invariants, 0, 0, true));
        assert_true(gv_checker_invariants_time(&invariants, due - 1, 1000, true));
        assert_true(gv_checker_invariants_time(&invariants, due, 2000, true));
        gv_time end = due + GV_CHECKER_OBSERVE_MS * GV_MS;
        assert_true(gv_checker_invariants_time(&invariants, end, 2000 + noise, false));
        expect(&errors, noise > 0, "not quiescent: 500 messages in 5 s");
        gv_checker_invariants_fini(&invariants);
    }
    gv_verdict_fini(&errors);
}

static void quiescence_is_checked_if_there_was_time(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {0};
    uint64_t enough = GV_CHECKER_QUIESCE_MS + GV_CHECKER_OBSERVE_MS;
    play(1000, 1000, 0, &errors);
    play(enough - 1, 1000, 0, &errors);
    play(enough, 5, 0, &errors);
    play(enough, 19, 2, &errors); // 3 nodes: one message in 5 s, 10 s of suspicion, and 8
    expect(&errors, 0, "");
    play(enough, 1000, 0, &errors);
    expect(&errors, 1, "not quiescent: 1000 messages in 5 s");
    play(enough, 20, 2, &errors);
    expect(&errors, 2, "not quiescent: 20 messages in 5 s");
    gv_verdict_fini(&errors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_entry_is_reported),
        cmocka_unit_test(a_write_is_not_visible_before_it_is_durable),
        cmocka_unit_test(bounds_are_checked),
        cmocka_unit_test(queues_have_bounds),
        cmocka_unit_test(a_link_has_a_bound),
        cmocka_unit_test(message_lengths_are_checked),
        cmocka_unit_test(a_flood_is_reported),
        cmocka_unit_test(ids_ascend),
        cmocka_unit_test(idle_traffic_has_a_bound),
        cmocka_unit_test(quiescence_is_checked_if_there_was_time),
        cmocka_unit_test(slow_links_are_quiescent_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
