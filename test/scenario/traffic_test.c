// SPDX-License-Identifier: MIT
// Messages between two engines, by class: updates and answers to clients are not delayed by a long
// sync; each message is counted once; bounds hold; events trace a value.
#include "../lib/test.h"

#include "../../engine/engine.h"
#include "../lib/solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP = GV_ENGINE_MESSAGE_DEFAULT, EVENTS = 8 };

struct seen {
    struct gv_engine_event events[EVENTS];
    unsigned count;
};

struct duo {
    struct gv_engine *engines[2];
    struct gv_json json;
    struct seen seen[2]; // the first events at each engine
    gv_time now;
};

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static void on_event(void *ctx, const struct gv_engine_event *event) {
    struct seen *seen = ctx;
    if (seen->count < EVENTS) seen->events[seen->count] = *event;
    seen->count++;
}

static const char *number(uint64_t value) {
    static char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return text;
}

static int put(struct duo *duo, int at, const char *key) {
    return gv_engine_put(duo->engines[at], duo->now, &(struct gv_entry){.key = slice(key)});
}

// Two engines; the first has this number of entries before it joins, so none is an update.
static void start(struct duo *duo, unsigned bulk, uint64_t entries_max) {
    *duo = (struct duo){.now = 1000 * GV_MS};
    gv_json_init(&duo->json, gv_base_malloc(), 0, 0);
    const struct gv_slice names[2] = {slice("n0"), slice("n1")};
    for (int i = 0; i < 2; i++) {
        struct gv_engine_config config = {
            .alloc = gv_base_malloc(),
            .seed = (uint64_t)i,
            .secret = slice("a secret"),
            .staleness_ms = 100,
            .entries_max = i == 1 ? entries_max : 0,
            .on_event = on_event,
            .on_event_ctx = &duo->seen[i],
        };
        assert_int_equal(gv_engine_new(&duo->engines[i], &config), 0);
        for (unsigned j = 0; i == 0 && j < bulk; j++)
            assert_int_equal(put(duo, 0, number(j * 977ull)), 1);
        assert_int_equal(gv_engine_join(duo->engines[i], duo->now, names[i], names, 2), 0);
    }
}

static void stop(struct duo *duo) {
    for (int i = 0; i < 2; i++) gv_engine_free(duo->engines[i]);
    gv_json_fini(&duo->json);
}

static bool has(const struct duo *duo, int at, const char *key) {
    struct gv_entry out;
    return gv_engine_get(duo->engines[at], &(struct gv_entry){.key = slice(key)}, &out);
}

static struct gv_engine_stats stats_of(const struct duo *duo, int at) {
    struct gv_engine_stats stats;
    gv_engine_stats(duo->engines[at], &stats);
    return stats;
}

// Delivers one message, if there is one. *error: the result of gv_engine_receive.
static size_t carry(struct duo *duo, int from, int *error) {
    static char buf[CAP];
    struct gv_message message;
    const char *fault;
    int peer;
    *error = 0;
    int sent = gv_engine_send(duo->engines[from], duo->now, buf, sizeof buf, &peer);
    assert_true(sent >= 0);
    size_t len = (size_t)sent;
    if (len == 0) return 0;
    assert_int_equal(peer, 1 - from);
    assert_true(gv_json_parse(&duo->json, buf, len) > 0);
    assert_int_equal(gv_message_decode(&message, &duo->json, 0, &fault), 0);
    *error = gv_engine_receive(duo->engines[1 - from], duo->now, from, &message);
    return len;
}

// Runs for this time, in steps of 1 ms.
static void pass(struct duo *duo, unsigned ms) {
    for (unsigned i = 0; i < ms; i++, duo->now += GV_MS) {
        int error;
        for (int from = 0; from < 2; from++)
            while (carry(duo, from, &error) > 0) continue;
    }
}

// Updates as long as a third of a message, so that none fits into the rest of a full message.
enum { UPDATES = 5, UPDATE_LEN = 4000 };

static const char *update(unsigned i) {
    static char text[UPDATE_LEN];
    snprintf(text, sizeof text, "\"%0*u\"", UPDATE_LEN - 3, i);
    return text;
}

// Node 1 receives the first entries of node 0 by a sync of many messages. Updates do not wait for
// its end.
static void test_updates_before_bulk(void **state) {
    (void)state;
    enum { BULK = 200000 };
    struct duo duo;
    start(&duo, BULK, 0);
    int error;
    unsigned bulk = 0;
    while (stats_of(&duo, 0).traffic[GV_ENGINE_ENTRIES].sent < 2) {
        for (int from = 0; from < 2; from++) carry(&duo, from, &error);
        duo.now += GV_MS;
        assert_true(++bulk < 100000);
    }
    assert_true(stats_of(&duo, 1).entries < BULK / 2);
    for (unsigned i = 0; i < UPDATES; i++) assert_int_equal(put(&duo, 0, update(i)), 1);
    uint64_t before = stats_of(&duo, 0).sent_messages;
    // The flush round leaves within the staleness; the next message then has the updates.
    duo.now += 100 * GV_MS;
    for (unsigned turn = 0; !has(&duo, 1, update(UPDATES - 1)); turn++, duo.now += GV_MS) {
        for (int from = 0; from < 2; from++) carry(&duo, from, &error);
        assert_true(turn < 100);
    }
    for (unsigned i = 0; i < UPDATES; i++) assert_true(has(&duo, 1, update(i)));
    assert_in_range(stats_of(&duo, 0).sent_messages - before, 1, 2);
    assert_true(stats_of(&duo, 1).entries < BULK / 2);
    pass(&duo, 3000);
    assert_int_equal(stats_of(&duo, 1).entries, BULK + UPDATES);
    stop(&duo);
}

// ---- A read during a sync

enum { CATCH_UP = 100000 };

static void start_node(struct gv_solo *solo, const char *name) {
    char line[256];
    gv_solo_config(solo, &gv_gset_workload);
    solo->config.staleness_ms = 100;
    solo->send_cap = CAP + 1024; // one message at a time
    gv_solo_start(solo);
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
             "\"node_id\":\"%s\",\"node_ids\":[\"n1\",\"n2\"]}}",
             name, name);
    assert_non_null(strstr(gv_solo_exchange(solo, line), "init_ok"));
    gv_solo_clear(solo);
}

static uint64_t entries_of(const struct gv_solo *solo) {
    struct gv_stats stats;
    gv_node_stats(solo->node, &stats);
    return stats.numbers.replica_entries;
}

// Counts read_ok messages that a node began and finished to send.
struct sent {
    unsigned begun, ended;
    bool midline;
};

// Calls gv_node_send of a node once; the other node receives the messages to it.
static void send_once(struct gv_solo *from, struct gv_solo *to, struct sent *sent) {
    static char buf[CAP + 1024 + 1];
    size_t len = gv_node_send(from->node, from->now, buf, from->send_cap);
    buf[len] = '\0';
    for (size_t at = 0; at < len;) {
        char *line = buf + at, *newline = strchr(line, '\n');
        if (newline != NULL) *newline = '\0';
        size_t end = newline != NULL ? (size_t)(newline - buf) : len;
        bool list = sent->midline || strstr(line, "\"type\":\"read_ok\"") != NULL;
        sent->begun += list && !sent->midline;
        sent->ended += list && newline != NULL;
        sent->midline = newline == NULL;
        if (!list && strstr(line, "\"dest\":\"c1\"") == NULL) {
            assert_true(gv_node_ready(to->node));
            gv_solo_receive(to, line, end - at);
        }
        at = end + 1;
    }
}

// Reads from a node during a sync of many messages: the answer begins with the next send, or after
// one message.
static void request_all(struct gv_solo *solo, struct gv_solo *other, const char *name,
                        struct sent *sent) {
    char line[128];
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"read\","
                       "\"msg_id\":9}}",
                       name);
    unsigned before = sent->begun;
    assert_int_equal(sent->ended, before);
    assert_true(gv_node_ready(solo->node));
    assert_int_equal(gv_solo_receive(solo, line, (size_t)len), 0);
    for (int turns = 0; turns < 2; turns++) send_once(solo, other, sent);
    assert_int_equal(sent->begun, before + 1);
    for (int turns = 0; sent->ended == before; turns++) {
        assert_true(turns < 1000);
        send_once(solo, other, sent);
    }
}

static void test_read_during_sync(void **state) {
    (void)state;
    struct gv_solo one, two;
    start_node(&one, "n1");
    char body[128];
    for (int i = 0; i < CATCH_UP; i++) { // messages to n2 are lost, which has not started
        snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":2,\"element\":%d}", i * 977);
        gv_solo_request(&one, body);
    }
    start_node(&two, "n2");
    one.now += 10000 * GV_MS;
    two.now = one.now;
    unsigned reads = 0;
    uint64_t last = 0;
    struct sent sent[2] = {0};
    for (unsigned turn = 0; entries_of(&two) < CATCH_UP; turn++) {
        assert_true(turn < 100000);
        send_once(&one, &two, &sent[0]);
        send_once(&two, &one, &sent[1]);
        uint64_t there = entries_of(&two);
        if (there > last && there < CATCH_UP) { // another message with entries has arrived
            request_all(&one, &two, "n1", &sent[0]);
            request_all(&two, &one, "n2", &sent[1]);
            reads++;
            last = entries_of(&two);
        }
        one.now = two.now = one.now + GV_MS;
        gv_node_advance(one.node, one.now);
        gv_node_advance(two.node, two.now);
    }
    assert_true(reads >= 3);
    gv_solo_stop(&one);
    gv_solo_stop(&two);
}

// Each message is counted in one class; the classes add up to all messages.
static void test_classes_add_up(void **state) {
    (void)state;
    struct duo duo;
    start(&duo, 0, 0);
    pass(&duo, 5000); // the first syncs are over
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(put(&duo, (int)(i % 2), number(i)), 1);
        pass(&duo, 20);
    }
    pass(&duo, 60000);
    for (int i = 0; i < 2; i++) {
        struct gv_engine_stats mine = stats_of(&duo, i), other = stats_of(&duo, 1 - i);
        uint64_t sent = 0, bytes = 0;
        for (int class = 0; class < GV_ENGINE_CLASSES; class ++) {
            sent += mine.traffic[class].sent;
            bytes += mine.traffic[class].sent_bytes;
            assert_int_equal(mine.traffic[class].sent, other.traffic[class].received);
            assert_int_equal(mine.traffic[class].sent_bytes, other.traffic[class].received_bytes);
        }
        assert_int_equal(sent, mine.sent_messages);
        assert_int_equal(bytes, mine.sent_bytes);
        assert_true(mine.traffic[GV_ENGINE_UPDATES].sent >= 10);
        assert_true(mine.batches >= 10 &&
                    mine.batch_wait_us <= mine.batches * mine.batch_wait_max_us);
        assert_true(mine.batch_wait_max_us <= 100000);
        assert_int_equal(mine.missing_entries, 0);
    }
    stop(&duo);
}

// A full replica returns GV_EFULL, still serves reads, and accepts entries that it has.
static void test_entries_max(void **state) {
    (void)state;
    struct duo duo;
    start(&duo, 0, 3);
    assert_int_equal(put(&duo, 1, "1"), 1);
    assert_int_equal(put(&duo, 1, "2"), 1);
    assert_int_equal(put(&duo, 1, "3"), 1);
    assert_int_equal(put(&duo, 1, "4"), GV_EFULL);
    assert_int_equal(put(&duo, 1, "3"), 0);
    for (unsigned i = 1; i < 6; i++) put(&duo, 0, number(i));
    int refused = 0;
    for (unsigned ms = 0; ms < 5000; ms++, duo.now += GV_MS) {
        int error;
        carry(&duo, 0, &error);
        refused += error == GV_EFULL;
        carry(&duo, 1, &error);
        assert_int_equal(error, 0);
    }
    assert_in_range(refused, 1, 100);
    struct gv_engine_stats stats = stats_of(&duo, 1);
    assert_int_equal(stats.entries, 3);
    assert_int_equal(stats.entries_max, 3);
    assert_true(stats.refused_entries >= 2);
    assert_int_equal(stats_of(&duo, 0).entries, 5);
    stop(&duo);
}

// One id traces a value: stored here, sent, stored there.
static void test_events(void **state) {
    (void)state;
    struct duo duo;
    start(&duo, 0, 0);
    assert_int_equal(put(&duo, 0, "\"x\""), 1);
    assert_int_equal(put(&duo, 0, "\"x\""), 0);
    pass(&duo, 1000);
    const struct gv_engine_event *here = duo.seen[0].events, *there = duo.seen[1].events;
    assert_int_equal(duo.seen[0].count, 3);
    assert_int_equal(here[0].kind, GV_ENGINE_STORED);
    assert_true(here[0].peer < 0);
    assert_int_equal(here[1].kind, GV_ENGINE_REDUNDANT);
    assert_int_equal(here[2].kind, GV_ENGINE_SENT);
    assert_int_equal(here[2].peer, 1);
    assert_int_equal(duo.seen[1].count, 1);
    assert_int_equal(there[0].kind, GV_ENGINE_STORED);
    assert_int_equal(there[0].peer, 0);
    assert_true(here[0].id != 0);
    for (int i = 1; i < 3; i++) assert_true(here[i].id == here[0].id);
    assert_true(there[0].id == here[0].id);
    stop(&duo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_updates_before_bulk),
        cmocka_unit_test(test_read_during_sync),
        cmocka_unit_test(test_classes_add_up),
        cmocka_unit_test(test_entries_max),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
