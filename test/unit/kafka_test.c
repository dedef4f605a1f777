// SPDX-License-Identifier: MIT
// Tests of gv-kafka: a node answers all requests; its reply to init waits for the recovery; offsets
// ascend across restarts with a store, whatever the store had recorded when the node ended.
#include "../lib/test.h"

#include "../../engine/offset.h"
#include "../../sim/core/disk.h"
#include "../lib/solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INIT(names)                                                             \
    "{\"src\":\"c0\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1," \
    "\"node_id\":\"n1\",\"node_ids\":" names "}}"

// A cluster of one node, which needs no recovery and whose cut is always at the end.
static void start_alone(struct gv_solo *solo) {
    gv_solo_config(solo, &gv_kafka_workload);
    gv_solo_start(solo);
    const char *out = gv_solo_exchange(solo, INIT("[\"n1\"]"));
    assert_non_null(strstr(out, "init_ok"));
}

static uint64_t send(struct gv_solo *solo, const char *key, const char *message) {
    char body[256];
    snprintf(body, sizeof body, "{\"type\":\"send\",\"msg_id\":2,\"key\":%s,\"msg\":%s}", key,
             message);
    const char *at = strstr(gv_solo_request(solo, body), "\"offset\":");
    assert_non_null(at);
    return strtoull(at + 9, NULL, 10);
}

static void assert_reply(struct gv_solo *solo, const char *body, const char *part) {
    const char *out = gv_solo_request(solo, body);
    if (strstr(out, part) == NULL) fail_msg("%s: %s lacks %s", body, out, part);
}

static void sends_and_polls(void **state) {
    (void)state;
    struct gv_solo solo;
    char part[256];
    start_alone(&solo);
    assert_reply(&solo, "{\"type\":\"poll\",\"msg_id\":3,\"offsets\":{\"k\":0}}", "\"msgs\":{}");
    uint64_t first = send(&solo, "\"k\"", "1"), other = send(&solo, "\"l\"", "{\"b\": 1,\"a\":[]}");
    uint64_t second = send(&solo, "\"k\"", "1");
    assert_true(first < other && other < second);
    snprintf(part, sizeof part,
             "\"msgs\":{\"k\":[[%" PRIu64 ",1],[%" PRIu64 ",1]],\"l\":[[%" PRIu64
             ",{\"a\":[],\"b\":1}]]}",
             first, second, other);
    assert_reply(&solo, "{\"type\":\"poll\",\"msg_id\":3,\"offsets\":{\"k\":0,\"l\":1,\"m\":0}}",
                 part);
    char body[256];
    snprintf(body, sizeof body, "{\"type\":\"poll\",\"msg_id\":3,\"offsets\":{\"k\":%" PRIu64 "}}",
             first + 1);
    snprintf(part, sizeof part, "\"msgs\":{\"k\":[[%" PRIu64 ",1]]}", second);
    assert_reply(&solo, body, part);
    assert_reply(&solo, "{\"type\":\"poll\",\"msg_id\":3,\"offsets\":{}}", "\"msgs\":{}");
    gv_solo_stop(&solo);
}

static void commits_only_rise(void **state) {
    (void)state;
    struct gv_solo solo;
    start_alone(&solo);
    const char *list =
        "{\"type\":\"list_committed_offsets\",\"msg_id\":4,\"keys\":[\"a\",\"b\",\"c\"]}";
    assert_reply(&solo, list, "\"offsets\":{}");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":5,\"offsets\":{\"a\":7,\"b\":0}}",
                 "commit_offsets_ok");
    assert_reply(&solo, list, "\"offsets\":{\"a\":7,\"b\":0}");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":5,\"offsets\":{\"a\":3,\"b\":9}}",
                 "commit_offsets_ok");
    assert_reply(&solo, list, "\"offsets\":{\"a\":7,\"b\":9}");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":5,\"offsets\":{}}",
                 "commit_offsets_ok");
    gv_solo_stop(&solo);
}

// A request of several offsets, of which a limit refuses one, may have stored the others.
static void a_commit_that_is_stored_in_part_is_indefinite(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_kafka_workload);
    solo.config.entries_max = 2;
    gv_solo_start(&solo);
    gv_solo_exchange(&solo, INIT("[\"n1\"]"));
    static const char list[] =
        "{\"type\":\"list_committed_offsets\",\"msg_id\":2,\"keys\":[\"a\",\"b\",\"c\",\"d\"]}";
    assert_reply(&solo,
                 "{\"type\":\"commit_offsets\",\"msg_id\":3,\"offsets\":{\"a\":1,\"b\":2,\"c\":3}}",
                 "\"code\":13");
    assert_reply(&solo, list, "\"offsets\":{\"a\":1,\"b\":2}");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":3,\"offsets\":{\"c\":4,\"d\":4}}",
                 "\"code\":11");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":3,\"offsets\":{\"d\":4}}",
                 "\"code\":11");
    assert_reply(&solo, list, "\"offsets\":{\"a\":1,\"b\":2}");
    assert_reply(&solo, "{\"type\":\"commit_offsets\",\"msg_id\":3,\"offsets\":{\"b\":5,\"a\":2}}",
                 "commit_offsets_ok");
    assert_reply(&solo, list, "\"offsets\":{\"a\":2,\"b\":5}");
    gv_solo_stop(&solo);
}

static void malformed_requests(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"\"send\",\"key\":\"k\"", "send: msg is missing"},
        {"\"send\",\"msg\":1", "send: key is missing"},
        {"\"send\",\"key\":1,\"msg\":1", "send: key is not a string"},
        {"\"poll\"", "poll: offsets is missing"},
        {"\"poll\",\"offsets\":[]", "poll: offsets is not an object"},
        {"\"poll\",\"offsets\":{\"k\":-1}", "poll: offsets has a value that is not an integer"},
        {"\"poll\",\"offsets\":{\"k\":0,\"l\":9007199254740992}", "poll: offsets has a value"},
        {"\"commit_offsets\",\"offsets\":{\"k\":\"1\"}", "commit_offsets: offsets has a value"},
        {"\"list_committed_offsets\"", "list_committed_offsets: keys is missing"},
        {"\"list_committed_offsets\",\"keys\":{}", "list_committed_offsets: keys is not an array"},
        {"\"list_committed_offsets\",\"keys\":[1]", "keys has a value that is not a string"},
    };
    struct gv_solo solo;
    start_alone(&solo);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"msg_id\":9,\"type\":%s}", cases[i][0]);
        assert_reply(&solo, body, "\"code\":12");
        assert_reply(&solo, body, cases[i][1]);
    }
    gv_solo_stop(&solo);
}

// A reply to a poll has at most 128 KiB of messages, some of each key. Any message fits.
static void polls_are_bounded(void **state) {
    (void)state;
    enum { LONG = 60000, SHORT = 1000, COUNT = 200 };
    static char text[LONG + 256];
    struct gv_solo solo;
    start_alone(&solo);
    for (int i = 0; i < COUNT; i++) {
        int len = i == 0 ? LONG : SHORT;
        snprintf(text, sizeof text,
                 "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"send\",\"msg_id\":2,"
                 "\"key\":\"%s\",\"msg\":\"%0*d\"}}",
                 i == 0       ? "long"
                 : i % 2 == 0 ? "even"
                              : "odd",
                 len, i);
        assert_non_null(strstr(gv_solo_exchange(&solo, text), "send_ok"));
    }
    uint64_t at[3] = {0};
    static const char *const keys[] = {"long", "even", "odd"};
    int got = 0, polls = 0;
    for (int before = -1; got != before; polls++) {
        before = got;
        char body[256];
        snprintf(body, sizeof body,
                 "{\"type\":\"poll\",\"msg_id\":3,\"offsets\":{\"long\":%" PRIu64
                 ",\"even\":%" PRIu64 ",\"odd\":%" PRIu64 "}}",
                 at[0], at[1], at[2]);
        const char *out = gv_solo_request(&solo, body);
        assert_true(strlen(out) < (128 << 10) + 1024);
        for (int k = 0; k < 3; k++) {
            char name[16];
            snprintf(name, sizeof name, "\"%s\":[", keys[k]);
            const char *list = strstr(out, name);
            if (list == NULL) continue;
            const char *end = strstr(list, "]]");
            for (const char *pair = list + strlen(name); pair != NULL && pair < end;) {
                got++;
                uint64_t offset = strtoull(pair + 1, NULL, 10);
                assert_true(offset >= at[k]);
                at[k] = offset + 1;
                pair = strchr(pair + 1, '[');
            }
            if (polls == 0) assert_true(at[k] > 0);
        }
    }
    assert_int_equal(got, COUNT);
    assert_true(polls >= 3);
    gv_solo_stop(&solo);
}

// A node of a larger cluster waits up to two seconds for the answers of the others before it
// replies to init. Without them it then answers requests, but refuses sends.
static void init_waits_for_the_recovery(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_kafka_workload);
    gv_solo_start(&solo);
    const char *out = gv_solo_exchange(&solo, INIT("[\"n1\",\"n2\"]"));
    assert_null(strstr(out, "init_ok"));
    assert_non_null(strstr(out, "\"recover\":1"));
    assert_reply(&solo, "{\"type\":\"send\",\"msg_id\":2,\"key\":\"k\",\"msg\":1}", "\"code\":11");
    assert_reply(&solo, "{\"type\":\"poll\",\"msg_id\":2,\"offsets\":{\"k\":0}}", "\"msgs\":{}");
    gv_solo_clear(&solo);
    gv_time end = solo.now + 2000 * GV_MS;
    while (strstr(solo.out, "init_ok") == NULL) {
        solo.now = gv_node_deadline(solo.node);
        assert_true(solo.now <= end);
        gv_node_advance(solo.node, solo.now);
        gv_solo_send(&solo);
    }
    assert_true(solo.now == end);
    assert_non_null(strstr(solo.out, "\"in_reply_to\":1"));
    assert_reply(&solo, "{\"type\":\"send\",\"msg_id\":2,\"key\":\"k\",\"msg\":1}", "\"code\":11");
    gv_solo_stop(&solo);
}

// The answer of the other node, whose replica is empty, ends the recovery at once.
static void an_answer_ends_the_recovery(void **state) {
    (void)state;
    struct gv_solo solo;
    char line[256];
    gv_solo_config(&solo, &gv_kafka_workload);
    gv_solo_start(&solo);
    const char *life = strstr(gv_solo_exchange(&solo, INIT("[\"n1\",\"n2\"]")), "\"life\":");
    assert_non_null(life);
    snprintf(line, sizeof line,
             "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,"
             "\"told\":[%" PRIu64 ",41,0]}}",
             (uint64_t)strtoull(life + 7, NULL, 10));
    assert_non_null(strstr(gv_solo_exchange(&solo, line), "init_ok"));
    uint64_t offset = send(&solo, "\"k\"", "1");
    assert_true(gv_offset_count(1, offset) > 41 && gv_offset_slot(1, offset) == 0);
    gv_solo_stop(&solo);
}

// Runs a node for this time, in steps of 1 ms, without its store.
static void run(struct gv_solo *solo, unsigned ms) {
    for (gv_solo_send(solo); ms > 0; ms--) {
        solo->now += GV_MS;
        gv_node_advance(solo->node, solo->now);
        gv_solo_send(solo);
    }
}

// Writes everything that waits for the store. Returns false if nothing does.
static bool write_batch(struct gv_solo *solo, struct gv_disk *disk) {
    const struct gv_store_batch *batch = gv_node_batch(solo->node, solo->now);
    if (batch == NULL) return false;
    assert_int_equal(disk->store.write(disk->store.ctx, batch), 0);
    gv_node_written(solo->node, solo->now, 0, NULL);
    return true;
}

static void start_with_disk(struct gv_solo *solo, struct gv_disk *disk) {
    gv_solo_config(solo, &gv_kafka_workload);
    solo->config.store = &disk->store;
    solo->config.durability = GV_DURABILITY_SYNC;
    solo->config.staleness_ms = 100;
    gv_solo_start(solo);
}

// The bound of the last promise of n1 in the output; 0: the output has no promise.
static uint64_t promised(const struct gv_solo *solo) {
    const char *last = NULL;
    for (const char *at = solo->out; (at = strstr(at, "\"promise\":[[0,")) != NULL; at++) last = at;
    return last != NULL ? strtoull(last + strlen("\"promise\":[[0,"), NULL, 10) : 0;
}

// A count is promised only when its reservation is stored, also if another node raises the count.
// After a crash that loses all other writes, offsets continue above all promises.
static void promises_wait_for_the_store(void **state) {
    (void)state;
    struct gv_disk disk;
    struct gv_solo solo;
    char line[512];
    gv_disk_init(&disk, GV_DISK_SYNC, 1, 0);
    start_with_disk(&solo, &disk);
    const char *life = strstr(gv_solo_exchange(&solo, INIT("[\"n1\",\"n2\"]")), "\"life\":");
    assert_non_null(life);
    snprintf(line, sizeof line,
             "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,"
             "\"told\":[%" PRIu64 ",0,0]}}",
             (uint64_t)strtoull(life + 7, NULL, 10));
    assert_non_null(strstr(gv_solo_exchange(&solo, line), "init_ok"));
    uint64_t reserved = 1 << 16;
    for (unsigned round = 1; round <= 3; round++) {
        // A count far above the reservation.
        uint64_t count = reserved + 1000000;
        snprintf(line, sizeof line,
                 "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,\"up\":1,"
                 "\"id\":%u,\"entries\":[{\"log\":[[[\"k\",%" PRIu64 "],1]]}]}}",
                 round, gv_offset_of(1, count, 1));
        gv_solo_clear(&solo);
        gv_solo_receive(&solo, line, strlen(line));
        run(&solo, 1000);
        assert_true(gv_offset_count(1, promised(&solo)) <= reserved);
        gv_solo_clear(&solo);
        assert_true(write_batch(&solo, &disk));
        run(&solo, 1000);
        assert_int_equal(gv_offset_count(1, promised(&solo)), count + 1);
        reserved = count + (1 << 16);
    }
    uint64_t bound = promised(&solo);
    gv_solo_stop(&solo);
    start_with_disk(&solo, &disk);
    assert_non_null(strstr(gv_solo_exchange(&solo, INIT("[\"n1\",\"n2\"]")), "init_ok"));
    assert_null(strstr(solo.out, "recover"));
    gv_solo_request(&solo, "{\"type\":\"send\",\"msg_id\":2,\"key\":\"k\",\"msg\":1}");
    assert_null(strstr(solo.out, "send_ok"));
    while (write_batch(&solo, &disk)) gv_solo_send(&solo);
    const char *offset = strstr(solo.out, "\"offset\":");
    assert_non_null(offset);
    assert_true(strtoull(offset + 9, NULL, 10) >= bound);
    gv_solo_stop(&solo);
    gv_disk_fini(&disk);
}

// With asynchronous writes a crash takes the last entries, which polls have returned. The next
// incarnation gives no offset again, or clients that have read up to there would miss its entries.
static void lost_offsets_are_not_given_again(void **state) {
    (void)state;
    struct gv_disk disk;
    struct gv_solo solo;
    uint64_t last = 0;
    gv_disk_init(&disk, GV_DISK_ASYNC, 1, 0);
    for (uint64_t life = 1; life <= 3; life++) {
        gv_solo_config(&solo, &gv_kafka_workload);
        solo.config.store = &disk.store;
        solo.config.durability = GV_DURABILITY_ASYNC;
        solo.config.incarnation = life;
        gv_solo_start(&solo);
        assert_non_null(strstr(gv_solo_exchange(&solo, INIT("[\"n1\"]")), "init_ok"));
        assert_true(send(&solo, "\"k\"", "1") > last);
        run(&solo, 1000);
        while (write_batch(&solo, &disk)) gv_solo_send(&solo);
        for (int i = 0; i < 100; i++) last = send(&solo, "\"k\"", "2");
        const char *polled =
            gv_solo_request(&solo, "{\"type\":\"poll\",\"msg_id\":2,\"offsets\":{\"k\":0}}");
        char text[32];
        snprintf(text, sizeof text, "[%" PRIu64 ",2]", last);
        assert_non_null(strstr(polled, text));
        gv_solo_stop(&solo);
    }
    gv_disk_fini(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_and_polls),
        cmocka_unit_test(commits_only_rise),
        cmocka_unit_test(a_commit_that_is_stored_in_part_is_indefinite),
        cmocka_unit_test(malformed_requests),
        cmocka_unit_test(polls_are_bounded),
        cmocka_unit_test(init_waits_for_the_recovery),
        cmocka_unit_test(an_answer_ends_the_recovery),
        cmocka_unit_test(promises_wait_for_the_store),
        cmocka_unit_test(lost_offsets_are_not_given_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
