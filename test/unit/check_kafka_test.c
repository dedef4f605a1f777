// SPDX-License-Identifier: MIT
#include "../../sim/check/check_kafka.h"
#include "../lib/fixture.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 3 };

// A history under construction. Client n sends to node n modulo NODES. Operations follow one
// another, and each request and each reply takes a millisecond.
static struct gv_check_kafka check;
static struct gv_verdict_errors errors;
static struct gv_check_kafka_result result;
static gv_time now;

static int set_up(void **state) {
    (void)state;
    check = (struct gv_check_kafka){.nodes = NODES};
    now = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gv_check_kafka_fini(&check);
    check = (struct gv_check_kafka){.nodes = NODES};
    gv_verdict_fini(&errors);
    return 0;
}

static struct gv_history_op op_of(enum gv_history_kind kind, uint32_t client, const uint64_t *words,
                                  size_t count) {
    now += GV_MS;
    return (struct gv_history_op){.kind = kind,
                                  .node = client % NODES,
                                  .process = client,
                                  .content = gv_slice_of(words, count * sizeof *words),
                                  .invoked_at = now};
}

static void end(struct gv_history_op *op, enum gv_history_outcome outcome) {
    now += GV_MS;
    op->outcome = outcome;
    op->completed_at = now;
    gv_check_kafka_end(&check, op);
}

static int parse(const char *text) {
    assert_true(gv_json_parse(&gv_fixture_json, text, strlen(text)) > 0);
    return 0;
}

// Sends a message. `offset` is in the reply; −1: the send is refused; −2: there is no reply.
static void send_to(uint32_t client, uint64_t key, int64_t message, int64_t offset) {
    struct gv_history_op op = op_of(GV_HISTORY_SEND, client, &key, 1);
    char text[24];
    op.value = message;
    gv_check_kafka_invoke(&check, key, message);
    snprintf(text, sizeof text, "%lld", (long long)offset);
    if (offset >= 0)
        gv_check_kafka_reply(&check, &op, GV_LOAD_SEND, now, &gv_fixture_json, parse(text));
    end(&op, offset >= 0 ? GV_HISTORY_OK : offset == -1 ? GV_HISTORY_FAIL : GV_HISTORY_INFO);
}

static void poll_as(uint32_t client, const char *logs, bool final,
                    enum gv_history_outcome outcome) {
    struct gv_history_op op = op_of(GV_HISTORY_POLL, client, NULL, 0);
    op.final = final;
    gv_check_kafka_reply(&check, &op, GV_LOAD_POLL, now, &gv_fixture_json, parse(logs));
    end(&op, outcome);
}

static void poll(uint32_t client, const char *logs) {
    poll_as(client, logs, false, GV_HISTORY_OK);
}

static void assign(uint32_t client, uint64_t key, const char *committed) {
    const uint64_t words[] = {false, key};
    struct gv_history_op op = op_of(GV_HISTORY_ASSIGN, client, words, 2);
    gv_check_kafka_reply(&check, &op, GV_LOAD_LIST_COMMITTED_OFFSETS, now, &gv_fixture_json,
                         parse(committed));
    end(&op, GV_HISTORY_OK);
}

// The final polls of all nodes return these logs.
static void poll_at_the_end(const char *logs) {
    for (uint32_t client = 100; client < 100 + NODES; client++)
        poll_as(client, logs, true, GV_HISTORY_OK);
}

// Checks that the history has one error, whose text begins with `text` and contains `words`; or no
// error if `text` is NULL.
static void expect(const char *text, const char *words) {
    result = gv_check_kafka_finish(&check, false, &errors);
    if (text == NULL) {
        if (errors.count > 0) print_error("%s\n", errors.texts[0]);
        assert_int_equal(errors.count, 0);
        return;
    }
    assert_int_equal(errors.count, 1);
    if (strncmp(errors.texts[0], text, strlen(text)) != 0 ||
        strstr(errors.texts[0], words) == NULL) {
        print_error("%s\n", errors.texts[0]);
        fail();
    }
}

// Three messages of key 7 at offsets 1, 5 and 6.
static void send_three(void) {
    send_to(1, 7, 1, 1);
    send_to(2, 7, 2, 5);
    send_to(1, 7, 3, 6);
}

static const char all_three[] = "{\"7\":[[1,1],[5,2],[6,3]]}";

// ---- The anomalies, and the most similar valid histories ----

static void a_right_history_is_valid(void **state) {
    (void)state;
    send_three();
    poll(0, "{}");
    poll(0, "{\"7\":null}");
    poll(0, "{\"7\":[[1,1]]}");
    poll(0, "{\"7\":[[5,2],[6,3]]}");
    poll_at_the_end(all_three);
    expect(NULL, NULL);
    assert_true(result.finals && result.equal);
    assert_int_equal(result.keys, 1);
    assert_int_equal(result.acknowledged, 3);
    assert_int_equal(result.seen, 3);
    assert_int_equal(result.polled, 3 + 3 * NODES);
    assert_int_equal(result.largest, 6);
    assert_null(gv_check_kafka_lacks(&check));
}

static void a_lost_write_is_below_one_that_was_seen(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[6,3]]}");
    poll(4, "{\"7\":[[1,1]]}");
    expect("lost write: 1 message: message 2 of key 7 at offset 5: n2 acknowledged it to c2",
           "n0 returned offset 6 to c0 after");
    assert_int_equal(result.lost, 1);
}

static void of_two_lost_writes_the_smallest_case_is_shown(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[6,3]]}");
    expect("lost write: 2 messages, the smallest case: message 2 of key 7", "at offset 5");
}

static void a_message_above_all_that_was_seen_is_unseen(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1],[5,2]]}");
    expect("unseen: 1 message: message 3 of key 7 at offset 6: n1 acknowledged it to c1", "");
    assert_int_equal(result.unseen, 1);
}

static void a_message_whose_send_failed_or_has_no_outcome_need_not_be_seen(void **state) {
    (void)state;
    send_three();
    send_to(1, 7, 4, -1);
    send_to(1, 7, 5, -2);
    poll(0, all_three);
    expect(NULL, NULL);
}

static void a_message_of_unknown_outcome_may_be_seen_but_not_a_refused_one(void **state) {
    (void)state;
    send_to(1, 7, 1, -2);
    poll(0, "{\"7\":[[3,1]]}");
    send_to(2, 7, 2, -1);
    poll(0, "{\"7\":[[4,2]]}");
    expect("aborted read: 1 message: n2 refused message 2 of key 7 after", "n0 returned it to c0");
}

static void a_message_at_two_offsets_is_a_duplicate(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1],[5,2],[6,3],[8,3]]}");
    expect("duplicate: 1 case: message 3 of key 7 is at offset 6 (n1 acknowledged it to c1",
           "and at offset 8 (n0 returned it to c0");
    assert_int_equal(result.duplicates, 1);
}

static void two_polls_of_different_clients_may_return_a_message(void **state) {
    (void)state;
    send_three();
    poll(0, all_three);
    poll(1, all_three);
    expect(NULL, NULL);
}

static void an_offset_of_two_messages_is_inconsistent(void **state) {
    (void)state;
    send_three();
    send_to(1, 7, 4, -2);
    poll(0, all_three);
    poll(4, "{\"7\":[[6,4]]}");
    expect("inconsistent offsets: 1 case: offset 6 of key 7 is message 3 (n1 acknowledged it",
           "and message 4 (n1 returned it to c4");
}

static void two_sends_may_have_one_offset_of_different_keys_only(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(2, 8, 1, 1);
    poll(0, "{\"7\":[[1,1]],\"8\":[[1,1]]}");
    expect(NULL, NULL);
    send_to(2, 7, 2, 1);
    poll(4, "{\"7\":[[1,2]]}");
    expect("offset given twice: 1 case: offset 1 of key 7 is message 1 (n1 acknowledged it to c1",
           "and message 2 (n2 acknowledged it to c2");
}

static void offsets_ascend_within_a_poll(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1],[6,3],[5,2]]}");
    // The step from 1 to 6 is a skip, too.
    result = gv_check_kafka_finish(&check, false, &errors);
    assert_int_equal(errors.count, 2);
    assert_int_equal(errors.kinds[0], GV_VERDICT_INTERNAL_POLL);
    assert_non_null(strstr(errors.texts[0], "n0 returned offset 6 of key 7 to c0 after"));
    assert_non_null(strstr(errors.texts[0], "and then offset 5 in the same reply"));
    assert_int_equal(errors.kinds[1], GV_VERDICT_INTERNAL_SKIP);
}

static void a_poll_does_not_return_an_offset_twice(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1],[5,2],[5,2],[6,3]]}");
    expect("internal non-monotonic poll: 1 case: n0 returned offset 5", "and then offset 5");
}

static void offsets_ascend_from_poll_to_poll_of_a_client(void **state) {
    (void)state;
    send_three();
    poll(0, all_three);
    poll(0, "{\"7\":[[6,3]]}");
    expect("non-monotonic poll: 1 case: c0 polled key 7: n0 returned up to offset 6",
           "from offset 6, which is not above it");
}

static void a_client_may_begin_anew_after_an_assign_of_another_key(void **state) {
    (void)state;
    send_three();
    poll(0, all_three);
    assign(0, 8, "{}");
    assign(0, 7, "{}");
    poll(0, "{\"7\":[[6,3]]}");
    expect(NULL, NULL);
}

static void a_client_goes_on_after_an_assign_of_the_same_key(void **state) {
    (void)state;
    send_three();
    poll(0, all_three);
    assign(0, 7, "{}");
    poll(0, "{\"7\":[[1,1]]}");
    // From 6 back to 1.
    expect("non-monotonic poll: 1 case: c0 polled key 7", "up to offset 6");
}

static void a_poll_leaves_out_no_known_offset(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1],[6,3]]}");
    poll(1, "{\"7\":[[5,2]]}");
    expect("internal skip: 1 case: n0 returned offset 1 of key 7 to c0",
           "but not offset 5 between them, message 2 (n2 acknowledged it to c2");
}

static void an_offset_that_nobody_knows_may_be_left_out(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(2, 7, 2, -1);
    send_to(2, 7, 3, -2);
    send_to(1, 7, 4, 900);
    poll(0, "{\"7\":[[1,1],[900,4]]}");
    expect(NULL, NULL);
}

static void an_offset_that_is_known_later_is_left_out_too(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(1, 7, 3, 6);
    poll(0, "{\"7\":[[1,1],[6,3]]}");
    send_to(2, 7, 2, 5);
    poll(1, "{\"7\":[[5,2]]}");
    expect("internal skip: 1 case", "offset 5");
}

static void two_polls_of_a_client_leave_out_no_known_offset(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1]]}");
    poll(0, "{\"7\":[[6,3]]}");
    poll(1, "{\"7\":[[5,2]]}");
    expect("skip: 1 case: c0 polled key 7: n0 returned up to offset 1",
           "from offset 6 after 0.008 s, but not offset 5, message 2 (n2 acknowledged");
}

static void two_clients_may_leave_out_each_others_offsets(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[1,1]]}");
    poll(1, "{\"7\":[[5,2],[6,3]]}");
    expect(NULL, NULL);
}

static void offsets_of_a_clients_sends_ascend(void **state) {
    (void)state;
    send_to(1, 7, 1, 6);
    send_to(2, 7, 2, 5); // another client
    poll(0, "{\"7\":[[5,2],[6,1]]}");
    expect(NULL, NULL);
    send_to(1, 7, 3, 3);
    poll(4, "{\"7\":[[3,3]]}");
    expect("non-monotonic send: 1 case: c1 sent to key 7: n1 gave offset 6", "offset 3, which is");
}

static void a_message_that_nobody_sent_is_a_phantom(void **state) {
    (void)state;
    static const char *const bad[] = {"[2,2]",     "[2,0]",    "[2,-1]",
                                      "[2,\"1\"]", "[2,null]", "[2,1.5]"};
    for (size_t i = 0; i < GV_COUNT(bad); i++) {
        char logs[64];
        set_up(NULL);
        send_to(1, 7, 1, 1);
        snprintf(logs, sizeof logs, "{\"7\":[[1,1],%s]}", bad[i]);
        poll(0, logs);
        expect("phantom: 1 case: n0 returned message ", "at offset 2 of key \"7\", which nobody");
        tear_down(NULL);
    }
    set_up(NULL);
    send_to(1, 7, 1, 1);
    poll(0, "{\"7\":[[1,1]],\"x\":[[1,1]]}");
    expect("phantom: 1 case: n0 returned message 1 at offset 1 of key \"x\"", "to c0");
}

static void a_poll_whose_commit_failed_does_not_count(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    poll_as(0, "{\"7\":[[1,1]]}", false, GV_HISTORY_FAIL);
    expect("unseen: 1 message", "offset 1");
}

// ---- The end ----

static void all_nodes_give_the_same_logs_at_the_end(void **state) {
    (void)state;
    send_three();
    poll_as(3, all_three, true, GV_HISTORY_OK);
    poll_as(4, "{\"7\":[[1,1]]}", true, GV_HISTORY_OK);
    poll_as(4, "{\"7\":[[5,2],[6,3]]}", true, GV_HISTORY_OK); // in two polls
    poll_as(5, "{\"7\":[[1,1],[5,2]]}", true, GV_HISTORY_OK);
    expect("final logs differ: 1 log: n2's final polls lack offset 6 of key 7, message 3",
           "they came no further");
    assert_true(!result.finals && !result.equal);
}

static void a_node_without_a_final_poll_is_named(void **state) {
    (void)state;
    send_three();
    poll_as(3, all_three, true, GV_HISTORY_OK);
    poll_as(4, all_three, true, GV_HISTORY_OK);
    poll_as(5, all_three, true, GV_HISTORY_INFO);
    expect("no final read: n2 answered no final poll", "");
}

static void what_is_above_the_known_offsets_may_differ_at_the_end(void **state) {
    (void)state;
    send_three();
    send_to(8, 7, 4, -2);
    poll_as(3, "{\"7\":[[1,1],[5,2],[6,3],[9,4]]}", true, GV_HISTORY_OK);
    poll_as(4, all_three, true, GV_HISTORY_OK);
    poll_as(5, all_three, true, GV_HISTORY_OK);
    expect(NULL, NULL);
    assert_true(result.finals && result.equal);
}

static void an_allowed_loss_is_counted(void **state) {
    (void)state;
    send_three();
    gv_check_kafka_allow_loss(&check, 7, 2);
    gv_check_kafka_allow_loss(&check, 7, 2);
    gv_check_kafka_allow_loss(&check, 7, 3);
    gv_check_kafka_allow_loss(&check, 99, 1);
    poll(3, "{\"7\":[[1,1]]}");
    for (uint32_t client = 3; client < 6; client++)
        poll_as(client + 3, "{\"7\":[[1,1],[6,3]]}", true, GV_HISTORY_OK);
    // The step over offset 5 is still a skip, unless the message is lost.
    expect(NULL, NULL);
    assert_int_equal(result.may_be_lost, 2);
    assert_int_equal(result.allowed_lost, 1);
}

static void the_offset_of_a_message_that_may_be_lost_may_be_given_again(void **state) {
    (void)state;
    send_to(1, 7, 1, 5);
    poll(1, "{\"7\":[[5,1]]}");
    gv_check_kafka_allow_loss(&check, 7, 1);
    send_to(1, 7, 2, 4);
    send_to(1, 7, 3, 5);
    poll(1, "{\"7\":[[4,2],[5,3]]}");
    expect(NULL, NULL);
    send_to(1, 7, 4, 5);
    poll(4, "{\"7\":[[5,4]]}");
    result = gv_check_kafka_finish(&check, false, &errors);
    assert_int_equal(errors.kinds[0], GV_VERDICT_NON_MONOTONIC_SEND);
    assert_int_equal(errors.kinds[1], GV_VERDICT_OFFSET_GIVEN_TWICE);
}

// A poll, and two polls of a client, returned a message that is then lost: its log grows again from
// below it.
static void what_comes_below_a_lost_message_is_not_skipped(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(1, 7, 2, 8);
    send_to(1, 7, 3, 9);
    poll(2, "{\"7\":[[1,1],[8,2]]}");
    poll(2, "{\"7\":[[9,3]]}");
    gv_check_kafka_allow_loss(&check, 7, 2);
    gv_check_kafka_allow_loss(&check, 7, 3);
    send_to(1, 7, 4, 5);
    poll_at_the_end("{\"7\":[[1,1],[5,4]]}");
    expect(NULL, NULL);
}

static void what_comes_below_a_kept_message_is_skipped(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(1, 7, 2, 8);
    send_to(1, 7, 3, 9);
    poll(2, "{\"7\":[[1,1],[8,2],[9,3]]}");
    gv_check_kafka_allow_loss(&check, 7, 1);
    gv_check_kafka_allow_loss(&check, 7, 3);
    send_to(1, 7, 4, 5);
    poll_at_the_end("{\"7\":[[5,4],[8,2]]}");
    expect("internal skip: 1 case: n2 returned offset 1 of key 7", "not offset 5");
}

static void what_was_skipped_before_a_loss_stays_skipped(void **state) {
    (void)state;
    send_three();
    poll(2, "{\"7\":[[1,1],[6,3]]}");
    gv_check_kafka_allow_loss(&check, 7, 3);
    poll_at_the_end("{\"7\":[[1,1],[5,2]]}");
    expect("internal skip: 1 case: n2 returned offset 1 of key 7", "not offset 5");
}

// The commit after a poll ends when a message that the poll returned is lost.
static void a_poll_in_progress_does_not_bring_a_lost_message_back(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(1, 7, 2, 8);
    struct gv_history_op op = op_of(GV_HISTORY_POLL, 2, NULL, 0);
    gv_check_kafka_reply(&check, &op, GV_LOAD_POLL, now, &gv_fixture_json,
                         parse("{\"7\":[[1,1],[8,2]]}"));
    gv_check_kafka_allow_loss(&check, 7, 2);
    send_to(1, 7, 3, 5);
    end(&op, GV_HISTORY_OK);
    send_to(1, 7, 4, 8);
    poll_at_the_end("{\"7\":[[1,1],[5,3],[8,4]]}");
    expect(NULL, NULL);
}

// A message above was returned, but is lost.
static void what_nobody_read_beyond_is_unseen(void **state) {
    (void)state;
    send_to(1, 7, 1, 1);
    send_to(1, 7, 2, 8);
    poll(2, "{\"7\":[[1,1],[8,2]]}");
    gv_check_kafka_allow_loss(&check, 7, 2);
    send_to(1, 7, 3, 5);
    expect("unseen: 1 message: message 3 of key 7 at offset 5", "nor one after it");
}

// A single node that lost both messages gives an offset between theirs.
static void an_offset_before_a_message_that_may_be_lost_may_be_given_again(void **state) {
    (void)state;
    send_to(1, 7, 1, 5);
    send_to(1, 7, 2, 8);
    poll(1, "{\"7\":[[5,1],[8,2]]}");
    poll(2, "{\"7\":[[5,1]]}");
    poll(2, "{\"7\":[[8,2]]}");
    gv_check_kafka_allow_loss(&check, 7, 2);
    gv_check_kafka_allow_loss(&check, 7, 1);
    send_to(3, 7, 3, 7);
    poll(3, "{\"7\":[[7,3]]}");
    expect(NULL, NULL);
}

// The node that returned the message crashes before it answers the client's commit_offsets.
static void a_message_of_a_pending_poll_may_be_lost(void **state) {
    (void)state;
    send_to(1, 7, 1, 4);
    send_to(1, 7, 2, 5);
    send_to(1, 7, 3, 6);
    struct gv_history_op op = op_of(GV_HISTORY_POLL, 4, NULL, 0);
    gv_check_kafka_reply(&check, &op, GV_LOAD_POLL, now, &gv_fixture_json,
                         parse("{\"7\":[[4,1],[5,2],[6,3]]}"));
    gv_check_kafka_allow_loss(&check, 7, 2);
    end(&op, GV_HISTORY_INFO);
    poll(2, "{\"7\":[[4,1],[6,3]]}");
    expect(NULL, NULL);
}

static void a_run_that_was_cut_short_misses_nothing(void **state) {
    (void)state;
    send_three();
    poll(0, "{\"7\":[[6,3]]}");
    gv_check_kafka_finish(&check, true, &errors);
    assert_int_equal(errors.count, 0);
}

static void nothing_exercised_is_told(void **state) {
    (void)state;
    assert_string_equal(gv_check_kafka_lacks(&check), "no send was acknowledged");
    send_to(1, 7, 1, 1);
    assert_string_equal(gv_check_kafka_lacks(&check), "no poll returned a message");
    poll(0, "{\"7\":[[1,1]]}");
    assert_null(gv_check_kafka_lacks(&check));
}

static void lag_begins_when_a_later_offset_is_known(void **state) {
    (void)state;
    assign(0, 7, "{}");         // replied to at 2 ms
    send_to(1, 7, 1, 1);        // replied to at 4 ms
    send_to(1, 7, 2, 5);        // replied to at 6 ms
    poll(0, "{}");              // invoked at 7 ms: lag of 3 ms
    poll(0, "{\"7\":[[1,1]]}"); // invoked at 9 ms: offset 5 is known for 3 ms
    poll(0, "{\"7\":[[5,2]]}"); // no lag
    assign(3, 7, "{\"7\":5}");  // the client has reached offset 1
    poll(3, "{}");              // invoked at 15 ms: offset 5 is known for 9 ms
    assign(6, 8, "{}");
    poll(6, "{}"); // another key
    result = gv_check_kafka_finish(&check, true, &errors);
    assert_int_equal(result.lag.count, 5);
    assert_true(result.lag.p100 == 9 && result.lag.p0 == 0 && result.lag.p50 == 3);
}

// ---- Random histories, against a naive model ----

enum { EVENTS = 60, CLIENTS = 4, KEYS = 2, MESSAGES = 6, OFFSETS = 8, PAIRS = 4 };

struct told { // a pair of offset and message in a reply
    uint64_t key;
    int64_t offset, message;
    bool poll, ok, first; // `first`: the first pair of its key in its poll
    uint32_t client;
};

struct model {
    struct told told[EVENTS * PAIRS];
    size_t len;
    bool acknowledged[KEYS][MESSAGES + 1], refused[KEYS][MESSAGES + 1];
    int64_t offset[KEYS][MESSAGES + 1];
    bool wrong[GV_VERDICT_VALID];
};

static bool is_known(const struct model *model, uint64_t key, int64_t above, int64_t below) {
    for (size_t i = 0; i < model->len; i++) {
        const struct told *told = &model->told[i];
        if (told->key == key && told->offset > above && told->offset < below) return true;
    }
    return false;
}

static void judge_pairs(struct model *model) {
    for (size_t i = 0; i < model->len; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct told *a = &model->told[j], *b = &model->told[i];
            if (a->key != b->key) continue;
            if (a->message == b->message && a->offset != b->offset)
                model->wrong[GV_VERDICT_DUPLICATE] = true;
            // A pair that an earlier reply contained is not a new case.
            bool repeats = false;
            for (size_t k = 0; k < i; k++)
                repeats = repeats || (k != j && model->told[k].key == b->key &&
                                      model->told[k].offset == b->offset &&
                                      model->told[k].message == b->message);
            bool is_new_a = true;
            for (size_t k = 0; k < j; k++)
                is_new_a = is_new_a &&
                           !(model->told[k].key == a->key && model->told[k].offset == a->offset &&
                             model->told[k].message == a->message);
            if (a->offset == b->offset && a->message != b->message && !repeats && is_new_a)
                model->wrong[a->poll || b->poll ? GV_VERDICT_INCONSISTENT_OFFSETS
                                                : GV_VERDICT_OFFSET_GIVEN_TWICE] = true;
        }
    }
}

static void judge_order(struct model *model) {
    for (size_t i = 0; i < model->len; i++) {
        const struct told *b = &model->told[i], *a = NULL;
        for (size_t j = 0; j < i; j++) { // finds the latest earlier pair of the same client
            const struct told *old = &model->told[j];
            if (old->key == b->key && old->client == b->client && old->poll == b->poll && old->ok)
                a = old;
        }
        if (a == NULL || !b->ok) continue;
        bool inner = b->poll && !b->first;
        if (!b->poll && b->offset <= a->offset) {
            model->wrong[GV_VERDICT_NON_MONOTONIC_SEND] = true;
        } else if (b->poll && b->offset <= a->offset) {
            model->wrong[inner ? GV_VERDICT_INTERNAL_POLL : GV_VERDICT_NON_MONOTONIC_POLL] = true;
        } else if (b->poll && is_known(model, b->key, a->offset, b->offset)) {
            model->wrong[inner ? GV_VERDICT_INTERNAL_SKIP : GV_VERDICT_SKIP] = true;
        }
    }
}

static void judge_messages(struct model *model) {
    for (uint64_t key = 0; key < KEYS; key++) {
        for (int64_t message = 1; message <= MESSAGES; message++) {
            bool seen = false, above = false;
            for (size_t i = 0; i < model->len; i++) {
                const struct told *told = &model->told[i];
                if (told->key != key || !told->poll || !told->ok) continue;
                seen = seen || told->message == message;
                above = above || told->offset >= model->offset[key][message];
            }
            if (model->refused[key][message] && seen) model->wrong[GV_VERDICT_ABORTED_READ] = true;
            if (!model->acknowledged[key][message] || seen) continue;
            model->wrong[above ? GV_VERDICT_LOST_WRITE : GV_VERDICT_UNSEEN] = true;
        }
    }
}

static void random_send(struct model *model, struct gv_prng *prng, int64_t *next) {
    uint64_t key = gv_prng_below(prng, KEYS);
    if (next[key] > MESSAGES) return;
    int64_t message = next[key]++, offset = message + (int64_t)gv_prng_below(prng, 3) - 1;
    uint32_t client = (uint32_t)gv_prng_below(prng, CLIENTS);
    bool refused = gv_prng_below(prng, 6) == 0;
    send_to(client, key, message, refused ? -1 : offset);
    model->refused[key][message] = refused;
    if (refused) return;
    model->acknowledged[key][message] = true;
    model->offset[key][message] = offset;
    model->told[model->len++] =
        (struct told){key, offset, message, .poll = false, .ok = true, .client = client};
}

static void random_poll(struct model *model, struct gv_prng *prng, const int64_t *next) {
    uint64_t key = gv_prng_below(prng, KEYS), count = gv_prng_below(prng, PAIRS + 1);
    uint32_t client = (uint32_t)gv_prng_below(prng, CLIENTS);
    bool ok = gv_prng_below(prng, 8) > 0;
    char logs[256];
    int len = snprintf(logs, sizeof logs, "{\"%d\":[", (int)key);
    int64_t message = (int64_t)gv_prng_below(prng, MESSAGES) + 1;
    bool any = false;
    for (uint64_t i = 0; i < count && message < next[key]; i++) {
        int64_t offset = model->acknowledged[key][message] ? model->offset[key][message] : message;
        if (gv_prng_below(prng, 12) == 0) offset = (int64_t)gv_prng_below(prng, OFFSETS);
        len += snprintf(logs + len, sizeof logs - (size_t)len, "%s[%d,%d]", any ? "," : "",
                        (int)offset, (int)message);
        model->told[model->len++] =
            (struct told){key, offset, message, .poll = true, .ok = ok, !any, client};
        any = true;
        message += gv_prng_below(prng, 8) > 0 ? 1 : (int64_t)gv_prng_below(prng, 3);
    }
    snprintf(logs + len, sizeof logs - (size_t)len, "]}");
    poll_as(client, logs, false, ok ? GV_HISTORY_OK : GV_HISTORY_FAIL);
}

static void random_histories_are_judged_as_by_a_naive_model(void **state) {
    (void)state;
    struct gv_prng prng;
    uint64_t found[GV_VERDICT_VALID] = {0}, valid = 0;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 2000; round++) {
        struct model model = {.len = 0};
        int64_t next[KEYS] = {1, 1};
        set_up(NULL);
        uint64_t events = gv_prng_below(&prng, EVENTS - 1) + 1;
        for (uint64_t i = 0; i < events; i++) {
            if (gv_prng_below(&prng, 3) == 0)
                random_send(&model, &prng, next);
            else
                random_poll(&model, &prng, next);
        }
        judge_pairs(&model);
        judge_order(&model);
        judge_messages(&model);
        gv_check_kafka_finish(&check, false, &errors);
        bool judged[GV_VERDICT_VALID] = {0};
        for (size_t i = 0; i < errors.kept; i++) judged[errors.kinds[i]] = true;
        for (int kind = 0; kind < GV_VERDICT_VALID; kind++) {
            found[kind] += judged[kind];
            if (judged[kind] == model.wrong[kind]) continue;
            print_error("round %d, kind %d: judged %d, model %d\n", round, kind, judged[kind],
                        model.wrong[kind]);
            for (size_t i = 0; i < errors.kept; i++) print_error("%s\n", errors.texts[i]);
            fail();
        }
        valid += errors.count == 0;
        tear_down(NULL);
    }
    assert_true(valid > 0);
    for (int kind = GV_VERDICT_LOST_WRITE; kind <= GV_VERDICT_ABORTED_READ; kind++)
        assert_true(found[kind] > 0 || kind == GV_VERDICT_FINAL_LOGS_DIFFER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_right_history_is_valid),
        TEST(a_lost_write_is_below_one_that_was_seen),
        TEST(of_two_lost_writes_the_smallest_case_is_shown),
        TEST(a_message_above_all_that_was_seen_is_unseen),
        TEST(a_message_whose_send_failed_or_has_no_outcome_need_not_be_seen),
        TEST(a_message_of_unknown_outcome_may_be_seen_but_not_a_refused_one),
        TEST(a_message_at_two_offsets_is_a_duplicate),
        TEST(two_polls_of_different_clients_may_return_a_message),
        TEST(an_offset_of_two_messages_is_inconsistent),
        TEST(two_sends_may_have_one_offset_of_different_keys_only),
        TEST(offsets_ascend_within_a_poll),
        TEST(a_poll_does_not_return_an_offset_twice),
        TEST(offsets_ascend_from_poll_to_poll_of_a_client),
        TEST(a_client_may_begin_anew_after_an_assign_of_another_key),
        TEST(a_client_goes_on_after_an_assign_of_the_same_key),
        TEST(a_poll_leaves_out_no_known_offset),
        TEST(an_offset_that_nobody_knows_may_be_left_out),
        TEST(an_offset_that_is_known_later_is_left_out_too),
        TEST(two_polls_of_a_client_leave_out_no_known_offset),
        TEST(two_clients_may_leave_out_each_others_offsets),
        TEST(offsets_of_a_clients_sends_ascend),
        TEST(a_message_that_nobody_sent_is_a_phantom),
        TEST(a_poll_whose_commit_failed_does_not_count),
        TEST(all_nodes_give_the_same_logs_at_the_end),
        TEST(a_node_without_a_final_poll_is_named),
        TEST(what_is_above_the_known_offsets_may_differ_at_the_end),
        TEST(an_allowed_loss_is_counted),
        TEST(what_comes_below_a_lost_message_is_not_skipped),
        TEST(what_comes_below_a_kept_message_is_skipped),
        TEST(what_was_skipped_before_a_loss_stays_skipped),
        TEST(a_poll_in_progress_does_not_bring_a_lost_message_back),
        TEST(what_nobody_read_beyond_is_unseen),
        TEST(the_offset_of_a_message_that_may_be_lost_may_be_given_again),
        TEST(an_offset_before_a_message_that_may_be_lost_may_be_given_again),
        TEST(a_message_of_a_pending_poll_may_be_lost),
        TEST(a_run_that_was_cut_short_misses_nothing),
        TEST(nothing_exercised_is_told),
        TEST(lag_begins_when_a_later_offset_is_known),
        TEST(random_histories_are_judged_as_by_a_naive_model),
    };
    return cmocka_run_group_tests(tests, gv_fixture_set_up, gv_fixture_tear_down);
}
