// SPDX-License-Identifier: MIT
#include "../../node/security/auth.h"
#include "../lib/test.h"

#include "../lib/solo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "a secret of at least sixteen bytes"
#define DATE (UINT64_C(1700000000) * 1000 * GV_MS)
#define BODY "{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}]}"
#define AUTHENTICATED(mac) \
    "{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}],\"seal\":\"" mac "\"}"

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

// One end of a link.
struct end {
    struct gv_auth auth;
    struct gv_json json;
    const char *name;
    char body[4096]; // the body that was authenticated last
};

static void begin(struct end *end, const char *name, const char *secret, uint64_t wall_ns) {
    uint8_t digest[GV_AUTH_KEY];
    *end = (struct end){.name = name};
    assert_int_equal(gv_auth_init(&end->auth, gv_base_malloc(), text(secret), digest), 0);
    assert_int_equal(gv_auth_join(&end->auth, wall_ns, 2), 0);
    gv_json_init(&end->json, gv_base_malloc(), 0, 0);
}

static void stop(struct end *end) {
    gv_auth_fini(&end->auth);
    gv_json_fini(&end->json);
}

static const char *authenticate(struct end *from, const struct end *to, const char *body) {
    size_t len = strlen(body);
    memcpy(from->body, body, len);
    struct gv_auth_endpoints endpoints = {1, text(from->name), text(to->name)};
    size_t authenticated = gv_auth_append_mac(&from->auth, endpoints, from->body, len);
    assert_true(authenticated > len && authenticated <= len + GV_AUTH_OVERHEAD);
    from->body[authenticated] = '\0';
    return from->body;
}

static enum gv_auth_status verify(struct end *to, const char *src, const char *dest,
                                  const char *body) {
    char scratch[4096];
    struct gv_json canonical;
    assert_true(gv_json_parse(&to->json, body, strlen(body)) > 0);
    struct gv_auth_message message = {&to->json, 0, gv_json_member(&to->json, 0, "seal")};
    struct gv_auth_endpoints endpoints = {1, text(src), text(dest)};
    return gv_auth_verify(&to->auth, endpoints, message, scratch, strlen(body), &canonical);
}

// ---- MACs ---------------------------------------------------------------------------------------

// Values computed by an independent Python program.
static void test_known_answers(void **state) {
    (void)state;
    static const char digest_hex[] =
        "104c73dc0a9d0cec93d8976f40f30f3ca879d37614688b127ccd0062996f2620";
    struct gv_auth auth;
    uint8_t digest[GV_AUTH_KEY];
    char hex[2 * GV_AUTH_KEY + 1];
    assert_int_equal(gv_auth_init(&auth, gv_base_malloc(), text(SECRET), digest), 0);
    for (int i = 0; i < GV_AUTH_KEY; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, digest_hex);
    gv_auth_fini(&auth);

    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1001);
    begin(&n2, "n2", SECRET, 77);
    assert_string_equal(authenticate(&n1, &n2, BODY),
                        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb"));
    n1.auth.peers[1].next = 1001;
    n1.auth.peers[1].largest = 77;
    assert_true(gv_auth_announce(&n1.auth, 0, 1));
    const char *told = AUTHENTICATED("6QMAAAAAAABNAAAAAAAAAIxRGKZedEPXh9oCo2jsDXE");
    assert_string_equal(authenticate(&n1, &n2, BODY), told);
    assert_int_equal(verify(&n2, "n1", "n2", told), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

static void test_respelled(void **state) {
    (void)state;
    static const char *const spellings[] = {
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb"),
        AUTHENTICATED("6QMAAAAAAAC84PY\\u002bPT4YZ4OGpqD6sKq\\u0062"),
        ("{\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\",\"v\":1,\"type\":\"gossip\","
         "\"entries\":[{\"set\":[17]}]}"),
        (" { \"entries\" : [ { \"s\\u0065t\" : [ 17 ] } ] ,\t\"v\":1, \"type\":\"goss\\u0069p\","
         "\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\" , \"unknown\":[true] }"),
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct end n2;
        begin(&n2, "n2", SECRET, 5);
        assert_int_equal(verify(&n2, "n1", "n2", spellings[i]), GV_AUTH_VALID);
        stop(&n2);
    }
}

static void test_wrong_seals(void **state) {
    (void)state;
    struct end n2, other;
    begin(&n2, "n2", SECRET, 5);
    begin(&other, "n2", "another secret, as long as that", 5);
    const char *good = AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb");
    assert_int_equal(verify(&n2, "n1", "n2", BODY), GV_AUTH_MISSING);
    assert_int_equal(verify(&other, "n1", "n2", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n3", "n2", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n1", "n3", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n2", "n1", good), GV_AUTH_INVALID); // sent back
    assert_int_equal(verify(&n2, "n1n", "2", good), GV_AUTH_INVALID);
    static const char *const bad[] = {
        AUTHENTICATED(""),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKq"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAAAAAAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAAAAAAAAAAAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKq-"),
        ("{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}],"
         "\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\",\"up\":1}"),
        "{\"v\":1,\"entries\":[{\"set\":[17]}],\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(verify(&n2, "n1", "n2", bad[i]), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n1", "n2", good),
                     GV_AUTH_VALID); // the refused messages have changed nothing
    stop(&n2);
    stop(&other);
}

// A message with any byte altered is refused.
static void test_every_byte_counts(void **state) {
    (void)state;
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1000);
    begin(&n2, "n2", SECRET, 2000);
    static const char body[] =
        "{\"type\":\"sync\",\"v\":1,\"id\":7,\"ask\":1,\"up\":1,\"next\":380,\"ack\":[41,3,1500],"
        "\"entries\":[{\"set\":[17,\"x\"]},{\"counter\":[[\"n1\",5]]},"
        "{\"register\":[[\"k\",1,9,\"n2\"]]}],\"ranges\":\"AAAA\"}";
    const char *authenticated = authenticate(&n1, &n2, body);
    size_t len = strlen(authenticated), parsed = 0;
    char copy[4096];
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, authenticated, len + 1);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            if (copy[i] == '\0' || gv_json_parse(&n2.json, copy, len) <= 0) continue;
            parsed++;
            assert_int_not_equal(verify(&n2, "n1", "n2", copy), GV_AUTH_VALID);
        }
    }
    assert_true(parsed > len);
    assert_int_equal(verify(&n2, "n1", "n2", authenticated), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

// ---- Numbers ------------------------------------------------------------------------------------

static void test_repeated(void **state) {
    (void)state;
    enum { MESSAGES = 100 };
    static char sent[MESSAGES][256];
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1000);
    begin(&n2, "n2", SECRET, 1);
    for (int i = 0; i < MESSAGES; i++) strcpy(sent[i], authenticate(&n1, &n2, BODY));
    // In any order, up to 64 below the largest: each is accepted once.
    for (int i = 0; i < 60; i += 2)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_VALID);
    for (int i = 59; i > 0; i -= 2)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_VALID);
    for (int i = 0; i < 60; i++)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[99]), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", sent[99]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[34]), GV_AUTH_OLD); // 65 below the largest
    assert_int_equal(verify(&n2, "n1", "n2", sent[35]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[60]), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", sent[60]), GV_AUTH_DUPLICATE);
    // Replays of old messages cause at most one announcement a second.
    assert_true(gv_auth_announce(&n2.auth, 5000 * GV_MS, 1));
    assert_false(gv_auth_announce(&n2.auth, 5999 * GV_MS, 1));
    assert_true(gv_auth_announce(&n2.auth, 6000 * GV_MS, 1));
    stop(&n1);
    stop(&n2);
}

// A new incarnation uses larger numbers by its clock, or by an announcement.
static void test_clock_set_back(void **state) {
    (void)state;
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 9000);
    begin(&n2, "n2", SECRET, 9000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    begin(&n1, "n1", SECRET, 10000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    begin(&n1, "n1", SECRET, 8000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_OLD);
    assert_true(gv_auth_announce(&n2.auth, 1, 1));
    assert_int_equal(verify(&n1, "n2", "n1", authenticate(&n2, &n1, BODY)), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

// ---- Nodes --------------------------------------------------------------------------------------

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
    assert_non_null(strstr(gv_solo_say(node, body), "init_ok"));
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

// n1 sends the value 17 to n2; returns the line.
static const char *tell(struct gv_solo *n1) {
    static char line[4096];
    gv_solo_ask(n1, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":17}");
    assert_non_null(strstr(n1->out, "broadcast_ok"));
    line_for(n1, "n2", line);
    return line;
}

static bool holds(struct gv_solo *node) {
    gv_solo_say(node, "{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"type\":\"read\",\"msg_id\":3}}");
    bool empty = strstr(node->out, "\"messages\":[]") != NULL;
    assert_true(empty || strstr(node->out, "\"messages\":[17]") != NULL);
    return !empty;
}

static void test_nodes_agree(void **state) {
    (void)state;
    struct gv_solo n1, n2;
    start(&n1, "n1", SECRET, DATE);
    start(&n2, "n2", SECRET, DATE);
    const char *line = tell(&n1);
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
    const char *line = tell(&n1);
    char forged[4096];
    // A client that claims to be a peer, with a msg_id.
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
    line_for(&n1, "n3", forged); // a message of n1 to another node
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
        check_refused(&n2, tell(&n1), log);
        gv_solo_stop(&n1);
        gv_solo_stop(&n2);
    }
}

// The messages of n1 to n2, one a line.
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

// Delivers the messages between the two nodes, until both are silent; lines to others are lost.
// `tape`: may be NULL.
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

// n1 restarts with an earlier clock: n2 announces the largest number, and accepts it from then on.
static void test_life_set_back(void **state) {
    (void)state;
    struct gv_solo n1, n2;
    start(&n1, "n1", SECRET, DATE);
    start(&n2, "n2", SECRET, DATE);
    exchange(&n1, &n2, NULL);
    assert_false(holds(&n2));
    gv_solo_stop(&n1);
    start_at(&n1, "n1", SECRET, DATE - 60000 * GV_MS, n2.now);
    gv_solo_ask(&n1, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":17}");
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

// A node restarts empty, and receives replays of messages to its earlier incarnation: the replicas
// still become equal, have no other values, and each replay costs a few messages at most.
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
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_respelled),
        cmocka_unit_test(test_wrong_seals),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_nodes_agree),
        cmocka_unit_test(test_forgers),
        cmocka_unit_test(test_secrets_differ),
        cmocka_unit_test(test_life_set_back),
        cmocka_unit_test(test_conversation_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
