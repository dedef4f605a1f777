// SPDX-License-Identifier: MIT
#include "../../sim/core/load.h"
#include "../../sim/core/load_kafka.h"
#include "../lib/fixture.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_load load;
static struct gv_memory_bytes body;

static int set_up(void **state) {
    (void)state;
    gv_load_init(&load, GV_LOAD_KAFKA, 1000, gv_test_seed());
    load.workers = 2;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gv_load_fini(&load);
    free(body.data);
    body = (struct gv_memory_bytes){0};
    return 0;
}

// ---- Operations ----

static void operations_are_drawn_as_by_jepsen(void **state) {
    (void)state;
    unsigned counts[GV_HISTORY_KINDS] = {0};
    enum { OPS = 60000 }; // a minute
    for (int i = 0; i < OPS; i++) {
        counts[gv_load_next(&load).kind]++;
        gv_load_gap(&load);
    }
    // One in 17 drawn writes is of a key that was written 16 times; operation and key are then
    // drawn again.
    assert_in_range(counts[GV_HISTORY_SEND], OPS * 46 / 100, OPS * 49 / 100);
    assert_in_range(counts[GV_HISTORY_POLL], OPS * 49 / 100, OPS * 52 / 100);
    assert_in_range(counts[GV_HISTORY_ASSIGN], OPS / 64 * 8 / 10, OPS / 64 * 12 / 10);
    assert_in_range(counts[GV_HISTORY_CRASH], 2, 10); // two clients crash, each twice on average
}

// ---- Requests ----

static struct gv_history_op op_of(enum gv_history_kind kind, int64_t value, const uint64_t *words,
                                  size_t count) {
    return (struct gv_history_op){
        .kind = kind, .value = value, .content = gv_slice_of(words, count * sizeof *words)};
}

static enum gv_load_request ask(const struct gv_history_op *op, const char *expected) {
    body.len = 0;
    enum gv_load_request request = gv_load_next_request(&load, 0, NULL, op, &body);
    gv_memory_append(&body, "", 1);
    if (expected != NULL) assert_string_equal(body.data, expected);
    return request;
}

static bool answer(const struct gv_history_op *op, enum gv_load_request request,
                   const char *payload) {
    gv_fixture_parse(payload);
    return gv_load_reply(&load, 0, op, request, &gv_fixture_json, 0);
}

static void end(struct gv_history_op *op, enum gv_history_outcome outcome) {
    op->outcome = outcome;
    gv_load_end(&load, 0, op);
}

static void assign(uint64_t a, uint64_t b, const char *request, const char *committed) {
    const uint64_t words[] = {false, a, b};
    struct gv_history_op op = op_of(GV_HISTORY_ASSIGN, 0, words, 3);
    assert_int_equal(ask(&op, request), GV_LOAD_LIST_COMMITTED_OFFSETS);
    assert_false(answer(&op, GV_LOAD_LIST_COMMITTED_OFFSETS, committed));
    end(&op, GV_HISTORY_OK);
}

static void send_to(uint64_t key, int64_t message, const char *offset) {
    struct gv_history_op op = op_of(GV_HISTORY_SEND, message, &key, 1);
    assert_int_equal(ask(&op, NULL), GV_LOAD_SEND);
    assert_false(answer(&op, GV_LOAD_SEND, offset));
    end(&op, GV_HISTORY_OK);
}

// Polls; `commit`: the request that follows the reply, or NULL.
static void poll(const char *request, const char *logs, const char *commit) {
    struct gv_history_op op = op_of(GV_HISTORY_POLL, 0, NULL, 0);
    assert_int_equal(ask(&op, request), GV_LOAD_POLL);
    assert_true(answer(&op, GV_LOAD_POLL, logs) == (commit != NULL));
    if (commit != NULL) {
        assert_int_equal(ask(&op, commit), GV_LOAD_COMMIT_OFFSETS);
        assert_false(answer(&op, GV_LOAD_COMMIT_OFFSETS, "{}"));
    }
    end(&op, GV_HISTORY_OK);
}

static void a_send_is_one_request(void **state) {
    (void)state;
    const uint64_t key = 12;
    struct gv_history_op op = op_of(GV_HISTORY_SEND, 3, &key, 1);
    assert_int_equal(ask(&op, "\"type\":\"send\",\"key\":\"12\",\"msg\":3"), GV_LOAD_SEND);
    assert_int_equal(gv_load_kafka_key(&op), 12);
}

// The load polls only keys that it has drawn, so the first ten keys are drawn first.
static void draw_keys(void) {
    for (int i = 0; i < 30000; i++) gv_load_next(&load);
}

static void a_client_polls_from_committed_offsets_and_goes_on(void **state) {
    (void)state;
    draw_keys();
    poll("\"type\":\"poll\",\"offsets\":{}", "{}", NULL);
    assign(4, 5, "\"type\":\"list_committed_offsets\",\"keys\":[\"4\",\"5\"]", "{\"5\":7}");
    poll("\"type\":\"poll\",\"offsets\":{\"4\":0,\"5\":7}", "{\"4\":null,\"5\":[]}", NULL);
    poll("\"type\":\"poll\",\"offsets\":{\"4\":0,\"5\":7}", "{\"4\":[[2,1],[9,2]]}",
         "\"type\":\"commit_offsets\",\"offsets\":{\"4\":9}");
    assign(4, 6, NULL, "{\"4\":3,\"6\":1}"); // the client keeps its offset of key 4
    poll("\"type\":\"poll\",\"offsets\":{\"4\":10,\"6\":1}", "{\"4\":[[10,1]],\"6\":[[1,1]]}",
         "\"type\":\"commit_offsets\",\"offsets\":{\"4\":10,\"6\":1}");
    // As in Maelstrom, a key that a reply contained unrequested is polled from then on, too.
    poll(NULL, "{\"5\":[[3,1]]}", "\"type\":\"commit_offsets\",\"offsets\":{\"5\":3}");
    poll("\"type\":\"poll\",\"offsets\":{\"4\":11,\"6\":2,\"5\":4}", "{\"x\":[[3,1]]}", NULL);
}

static void a_new_client_is_assigned_nothing(void **state) {
    (void)state;
    draw_keys();
    assign(4, 5, NULL, "{}");
    struct gv_history_op crash = op_of(GV_HISTORY_CRASH, 0, NULL, 0);
    assert_int_equal(ask(&crash, ""), GV_LOAD_NO_REQUEST);
    end(&crash, GV_HISTORY_INFO);
    poll("\"type\":\"poll\",\"offsets\":{}", "{}", NULL);
    assign(4, 5, NULL, "{\"4\":2}");
    poll("\"type\":\"poll\",\"offsets\":{\"4\":2,\"5\":0}", "{}", NULL);
}

static void a_third_of_the_assigns_has_the_keys_with_unseen_messages(void **state) {
    (void)state;
    draw_keys();
    send_to(2, 1, "5");
    send_to(2, 2, "6");
    send_to(3, 1, "5");
    poll(NULL, "{\"3\":[[5,1]]}", "\"type\":\"commit_offsets\",\"offsets\":{\"3\":5}");
    size_t assigns = 0, unseen = 0;
    while (assigns < 600) {
        struct gv_load_op drawn = gv_load_next(&load);
        if (drawn.kind != GV_HISTORY_ASSIGN) continue;
        struct gv_history_op op = {.kind = drawn.kind, .content = drawn.content};
        size_t count, twos = 0;
        bool from_0;
        const uint64_t *keys = gv_load_kafka_keys(&op, &count, &from_0);
        assert_true(!from_0 && (count == 1 || count == 2));
        for (size_t i = 0; i < count; i++) twos += keys[i] == 2;
        assert_true(twos <= 1 &&
                    (count == 1 || twos == 1)); // polls have returned all messages of key 3
        unseen += twos;
        assigns++;
    }
    assert_in_range(unseen, 150, 260);
}

static void final_polls_begin_at_0_and_end_at_the_highest_offsets(void **state) {
    (void)state;
    struct gv_load_op drawn;
    gv_time wait;
    draw_keys();
    assert_false(gv_load_final(&load, 0, 0, &drawn, &wait)); // no offset is known
    tear_down(NULL);
    set_up(NULL);
    draw_keys();
    send_to(2, 1, "5");
    send_to(3, 1, "8");
    assert_true(gv_load_final(&load, 0, 0, &drawn, &wait));
    assert_int_equal(drawn.kind, GV_HISTORY_CRASH);
    assert_true(gv_load_final(&load, 0, 1, &drawn, &wait));
    struct gv_history_op op = {.kind = drawn.kind, .content = drawn.content};
    assert_int_equal(ask(&op, ""), GV_LOAD_NO_REQUEST);
    end(&op, GV_HISTORY_OK);
    assert_true(gv_load_final(&load, 0, 2, &drawn, &wait));
    assert_true(drawn.kind == GV_HISTORY_POLL && wait > 0 && wait <= 400 * GV_MS + 1);
    poll("\"type\":\"poll\",\"offsets\":{\"2\":0,\"3\":0}", "{\"2\":[[5,1]],\"3\":[[7,9]]}",
         "\"type\":\"commit_offsets\",\"offsets\":{\"2\":5,\"3\":7}");
    assert_true(gv_load_final(&load, 0, 3, &drawn, &wait));
    poll("\"type\":\"poll\",\"offsets\":{\"2\":6,\"3\":8}", "{\"3\":[[8,1]]}",
         "\"type\":\"commit_offsets\",\"offsets\":{\"3\":8}");
    assert_false(gv_load_final(&load, 0, 4, &drawn, &wait));
    assert_true(gv_load_final(&load, 1, 0, &drawn, &wait)); // a final operation of the other client
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(operations_are_drawn_as_by_jepsen),
        TEST(a_send_is_one_request),
        TEST(a_client_polls_from_committed_offsets_and_goes_on),
        TEST(a_new_client_is_assigned_nothing),
        TEST(a_third_of_the_assigns_has_the_keys_with_unseen_messages),
        TEST(final_polls_begin_at_0_and_end_at_the_highest_offsets),
    };
    return cmocka_run_group_tests(tests, gv_fixture_set_up, gv_fixture_tear_down);
}
