// SPDX-License-Identifier: MIT
// Nodes that authenticate their messages.
#include "../../node/gossip.h"
#include "../lib/test.h"

#include "../lib/solo.h"

#include <stdio.h>
#include <string.h>

#define SECRET "a secret of at least sixteen bytes"
#define DATE (UINT64_C(1700000000) * 1000 * GV_MS)

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

static void start_at(struct gv_solo *node, const char *name, const char *secret, uint64_t date,
                     gv_time now) {
    gv_solo_config(node, &gv_broadcast_workload);
    node->now = now;
    if (secret != NULL) node->config.secret = text(secret);
    node->config.staleness_ms = 0;
    node->config.wall_offset = date;
    gv_solo_start(node);
    char body[256];
    snprintf(body, sizeof body,
             "{\"id\":1,\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
             "\"node_id\":\"%s\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}}",
             name, name);
    assert_non_null(strstr(gv_solo_exchange(node, body), "init_ok"));
    gv_solo_clear(node);
}

static void start(struct gv_solo *node, const char *name, const char *secret, uint64_t date) {
    start_at(node, name, secret, date, 1000 * GV_MS);
}

// The first line in `out` for this node.
static void line_for(const struct gv_solo *node, const char *name, char line[4096]) {
    char dest[64];
    snprintf(dest, sizeof dest, "\"dest\":\"%s\"", name);
    const char *at = node->out, *end;
    while ((end = strchr(at, '\n')) != NULL) {
        const char *found = strstr(at, dest);
        if (found != NULL && found < end) break;
        at = end + 1;
    }
    assert_non_null(end);
    assert_true(end - at < 4096);
    memcpy(line, at, (size_t)(end - at));
    line[end - at] = '\0';
}

static const char *send_value(struct gv_solo *n1) {
    static char line[4096];
    gv_solo_request(n1, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":17}");
    assert_non_null(strstr(n1->out, "broadcast_ok"));
    line_for(n1, "n2", line);
    return line;
}

static bool holds(struct gv_solo *node) {
    gv_solo_exchange(node,
                     "{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"type\":\"read\",\"msg_id\":3}}");
    bool empty = strstr(node->out, "\"messages\":[]") != NULL;
    assert_true(empty || strstr(node->out, "\"messages\":[17]") != NULL);
    return !empty;
}

static void test_nodes_agree(void **state) {
    (void)state;
    struct gv_solo n1, n2;
    start(&n1, "n1", SECRET, DATE);
    start(&n2, "n2", SECRET, DATE);
    const char *line = send_value(&n1);
    assert_non_null(strstr(line, "\"seal\":\""));
    assert_int_equal(gv_solo_receive(&n2, line, strlen(line)), 0);
    assert_true(holds(&n2));
    assert_int_equal(gv_solo_receive(&n2, line, strlen(line)), 0); // a duplicate
    assert_string_equal(n2.log, "");
    struct gv_stats stats;
    gv_node_stats(n2.node, &stats);
    assert_int_equal(stats.numbers.replayed, 1);
    assert_int_equal(stats.numbers.unauthenticated, 0);
    assert_int_equal(stats.numbers.input_errors, 0);
    assert_int_equal(stats.updates.in, 1);
    // Statistics count the body without its MAC.
    size_t authenticated = strlen(strstr(line, "{\"type\"")) - 1;
    assert_int_equal(stats.updates.in_bytes, authenticated - strlen(",\"seal\":\"\"") - 32);
    gv_solo_stop(&n1);
    gv_solo_stop(&n2);
}

static void check_refused(struct gv_solo *node, const char *line, const char *log) {
    struct gv_stats before, after;
    gv_node_stats(node->node, &before);
    gv_solo_clear(node);
    assert_int_equal(gv_solo_receive(node, line, strlen(line)), GV_EAUTH);
    gv_solo_send(node);
    assert_string_equal(node->out, "");
    assert_string_equal(node->log, log);
    gv_node_stats(node->node, &after);
    assert_int_equal(after.numbers.unauthenticated, before.numbers.unauthenticated + 1);
    assert_int_equal(after.updates.in + after.ack.in, before.updates.in + before.ack.in);
    assert_false(holds(node));
}

static void test_forgers(void **state) {
    (void)state;
    struct gv_solo n1, n2;
    start(&n1, "n1", SECRET, DATE);
    start(&n2, "n2", SECRET, DATE);
    const char *line = send_value(&n1);
    char forged[4096];
    // A client that claims to be a peer sends a message with a msg_id.
    check_refused(
        &n2,
        "{\"src\":\"n1\",\"dest\":\"n2\",\"body\":{\"type\":\"gossip\",\"v\":1,\"msg_id\":4,"
        "\"id\":9,\"ask\":1,\"entries\":[{\"set\":[17]}]}}",
        "n2: gossip from n1 has no MAC: its sender lacks the cluster's --secret-file, or it is "
        "forged\n");
    static const char wrong[] = "n2: gossip from n%d has an invalid MAC: its sender has "
                                "another --secret-file, or it is forged\n";
    char log[256];
    strcpy(forged, line);
    strstr(forged, "17]")[0] = '2';
    snprintf(log, sizeof log, wrong, 1);
    check_refused(&n2, forged, log);
    strcpy(forged, line);
    strstr(forged, "\"n1\"")[2] = '3';
    snprintf(log, sizeof log, wrong, 3);
    check_refused(&n2, forged, log);
    line_for(&n1, "n3", forged); // a message from n1 to another node
    strstr(forged, "\"n3\"")[2] = '2';
    snprintf(log, sizeof log, wrong, 1);
    check_refused(&n2, forged, log);
    assert_int_equal(gv_solo_receive(&n2, line, strlen(line)), 0);
    assert_true(holds(&n2));
    gv_solo_stop(&n1);
    gv_solo_stop(&n2);
}

// Nodes with different secrets log the mismatch.
static void test_secrets_differ(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *fault;
    } cases[] = {
        {SECRET, NULL, "has a MAC: this node lacks the cluster's --secret-file"},
        {NULL, SECRET, "has no MAC: its sender lacks the cluster's --secret-file, or it is forged"},
        {"another secret of the same length.", SECRET,
         "has an invalid MAC: its sender has another --secret-file, or it is forged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_solo n1, n2;
        start(&n1, "n1", cases[i].from, DATE);
        start(&n2, "n2", cases[i].to, DATE);
        char log[256];
        snprintf(log, sizeof log, "n2: gossip from n1 %s\n", cases[i].fault);
        check_refused(&n2, send_value(&n1), log);
        gv_solo_stop(&n1);
        gv_solo_stop(&n2);
    }
}

// The messages from n1 to n2, one per line.
struct tape {
    char text[1 << 20];
    size_t len;
};

static void keep(struct tape *tape, const char *line, size_t len) {
    assert_true(len < sizeof tape->text - tape->len);
    memcpy(tape->text + tape->len, line, len);
    tape->text[tape->len + len] = '\n';
    tape->len += len + 1;
}

// Delivers the messages between the two nodes until both are silent. Lines to other nodes are lost.
// `tape` may be NULL.
static void exchange(struct gv_solo *n1, struct gv_solo *n2, struct tape *tape) {
    for (int i = 0; i < 1000; i++) {
        bool first = i % 2 == 0;
        struct gv_solo *from = first ? n1 : n2, *to = first ? n2 : n1;
        gv_solo_clear(from);
        from->now = to->now += 10 * GV_MS;
        gv_node_advance(from->node, from->now);
        gv_solo_send(from);
        const char *dest = first ? "\"dest\":\"n2\"" : "\"dest\":\"n1\"";
        for (char *line = from->out, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            if (strstr(line, dest) == NULL) continue;
            size_t len = (size_t)(end - line);
            gv_solo_receive(to, line, len);
            if (first && tape != NULL) keep(tape, line, len);
        }
    }
}

// n1 restarts with an earlier clock. n2 announces the largest number, and accepts later messages of
// n1.
static void test_life_set_back(void **state) {
    (void)state;
    struct gv_solo n1, n2;
    start(&n1, "n1", SECRET, DATE);
    start(&n2, "n2", SECRET, DATE);
    exchange(&n1, &n2, NULL);
    assert_false(holds(&n2));
    gv_solo_stop(&n1);
    start_at(&n1, "n1", SECRET, DATE - 60000 * GV_MS, n2.now);
    gv_solo_request(&n1, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":17}");
    gv_solo_clear(&n1);
    exchange(&n1, &n2, NULL);
    assert_true(holds(&n2));
    gv_solo_stop(&n1);
    gv_solo_stop(&n2);
}

static void add(struct gv_solo *node, const char *name, int value) {
    char line[128];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"broadcast\",\"msg_id\":2,"
             "\"message\":%d}}",
             name, value);
    assert_int_equal(gv_solo_receive(node, line, strlen(line)), 0);
}

static uint64_t said(const struct gv_solo *node) {
    struct gv_stats stats;
    gv_node_stats(node->node, &stats);
    return stats.ack.out + stats.updates.out + stats.summary.out + stats.entries.out;
}

// Replays the recorded messages, in order or in reverse.
static unsigned replay(struct gv_solo *to, const struct tape *tape, bool backwards) {
    unsigned lines = 0;
    for (size_t at = 0, end = tape->len; at < end; lines++) {
        size_t from = at, to_end;
        if (backwards) {
            for (from = end - 1; from > 0 && tape->text[from - 1] != '\n';) from--;
            to_end = end - 1;
            end = from;
        } else {
            to_end = at = (size_t)((char *)memchr(tape->text + at, '\n', end - at) - tape->text);
            at++;
        }
        if (!gv_node_ready(to->node)) gv_solo_send(to);
        assert_int_equal(gv_solo_receive(to, tape->text + from, to_end - from), 0);
    }
    return lines;
}

// A node restarts empty, and receives replays of messages to its earlier incarnation. The replicas
// still become equal and have no other values, and each replay costs only a few messages.
static void test_conversation_repeated(void **state) {
    (void)state;
    enum { VALUES = 60, BACKWARDS = 1, NOT = 2 };
    static struct tape tape;
    uint64_t messages[3];
    unsigned lines = 0;
    for (int how = 0; how <= NOT; how++) {
        struct gv_solo n1, n2;
        start(&n1, "n1", SECRET, DATE);
        start(&n2, "n2", SECRET, DATE);
        tape.len = 0;
        for (int i = 0; i < VALUES; i += 3) {
            add(&n1, "n1", i);
            add(&n1, "n1", i + 1);
            add(&n2, "n2", i + 2);
            exchange(&n1, &n2, &tape);
        }
        gv_solo_stop(&n2);
        start_at(&n2, "n2", SECRET, DATE, n1.now);
        uint64_t before = said(&n1);
        if (how != NOT) lines = replay(&n2, &tape, how == BACKWARDS);
        exchange(&n1, &n2, NULL);
        messages[how] = said(&n1) + said(&n2) - before;
        struct gv_digest left = gv_engine_root(gv_node_engine(n1.node));
        struct gv_digest right = gv_engine_root(gv_node_engine(n2.node));
        assert_int_equal(left.count, VALUES);
        assert_memory_equal(&left, &right, sizeof left);
        struct gv_stats stats;
        gv_node_stats(n2.node, &stats);
        assert_int_equal(stats.numbers.unauthenticated, 0);
        gv_solo_stop(&n1);
        gv_solo_stop(&n2);
    }
    assert_true(lines > VALUES / 3);
    for (int how = 0; how < NOT; how++) assert_true(messages[how] <= messages[NOT] + 2 * lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_agree),           cmocka_unit_test(test_forgers),
        cmocka_unit_test(test_secrets_differ),        cmocka_unit_test(test_life_set_back),
        cmocka_unit_test(test_conversation_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
