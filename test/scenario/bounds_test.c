// SPDX-License-Identifier: MIT
// The bounds of a node, its log and statistics: an error names the bound and its value, the node
// works on, and the statistics show it.
#include "../lib/test.h"

#include "../lib/solo.h"

#include <stdio.h>
#include <string.h>

#define TO "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\""
#define OK(type, id) TO type "\",\"in_reply_to\":" id "}}\n"
#define ERROR(code, id, text) \
    TO "error\",\"in_reply_to\":" id ",\"code\":" code ",\"text\":\"" text "\"}}\n"

// If a line has too many tokens or is nested too deep, its sender gets an error with the limit.
static void test_token_bounds(void **state) {
    (void)state;
    static const char deep[] = "{\"echo\":[[[[[[[[1]]]]]]]],\"type\":\"echo\",\"msg_id\":7}";
    static const char broad[] = "{\"echo\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5],"
                                "\"x\":\"}\\\"]\",\"type\":\"echo\",\"msg_id\":8}";
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_echo_workload);
    gv_json_init(&solo.json, gv_base_malloc(), 40, 8);
    assert_int_equal(gv_node_new(&solo.node, &solo.config), 0);
    gv_solo_clear(&solo);
    const char *init = "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}";
    assert_non_null(strstr(gv_solo_request(&solo, init), "init_ok"));
    assert_string_equal(gv_solo_request(&solo, deep),
                        ERROR("12", "7",
                              "nested too deep at byte 52; a line has at most 40 tokens, "
                              "nested 8 deep"));
    assert_non_null(strstr(gv_solo_request(&solo, broad), "\"in_reply_to\":8,\"code\":12,\"text\":"
                                                          "\"too many tokens at byte "));
    assert_string_equal(solo.log, "");
    // Errors that cannot be answered are logged: lines without a msg_id, replies, lines for another
    // receiver, truncated lines.
    static const char *const others[] = {
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"y\":[[[[[[[[[1]]]]]]]]]}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"msg_id\":1.5,\"y\":[[[[[[[[[1]]"
        "]]]]]]]}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"msg_id\":1,\"in_reply_to\":2,"
        "\"y\":[[[[[[[[[1]]]]]]]]]}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"error\",\"msg_id\":1,\"y\":[[[[[[[[["
        "1]]]]]]]]]}}",
        "{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"type\":\"x\",\"msg_id\":1,\"y\":[[[[[[[[[1]]]]"
        "]]]]]}}",
        "{\"src\":[],\"dest\":\"n1\",\"body\":{\"type\":\"x\",\"msg_id\":1,\"y\":[[[[[[[[[1]]]]]]]]"
        "]}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":[[[[[[[[[1",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_string_equal(gv_solo_exchange(&solo, others[i]), "");
        assert_non_null(strstr(solo.log, "nested too deep"));
    }
    gv_solo_stop(&solo);
}

// A value is nested deeper in a message than in a request. It is accepted only if peers accept it.
static void test_value_depth(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.staleness_ms = 0;
    gv_solo_start(&solo);
    gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                           "\"node_ids\":[\"n1\",\"n2\"]}");
    char body[512], nested[256];
    unsigned most = GV_ENTRY_DEPTH_SET;
    for (unsigned depth = most; depth <= most + 1; depth++) {
        memset(nested, '[', depth);
        memset(nested + depth, ']', depth);
        nested[2 * depth] = '\0';
        snprintf(body, sizeof body, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":%s}", nested);
        const char *out = gv_solo_request(&solo, body);
        if (depth > most) {
            assert_string_equal(out, ERROR("12", "2",
                                           "broadcast: not stored: the value is nested too deep: "
                                           "the limit is 59 levels"));
            continue;
        }
        const char *gossip = strstr(out, "{\"src\":\"n1\",\"dest\":\"n2\"");
        assert_non_null(gossip);
        assert_non_null(strstr(gossip, nested));
        // The deepest accepted value reaches the limit in a message.
        size_t len = strcspn(gossip, "\n");
        struct gv_json json;
        for (unsigned max = GV_JSON_DEPTH_DEFAULT; max >= GV_JSON_DEPTH_DEFAULT - 1; max--) {
            gv_json_init(&json, gv_base_malloc(), 0, max);
            bool taken = gv_json_parse(&json, gossip, len) > 0;
            assert_true(taken == (max == GV_JSON_DEPTH_DEFAULT));
            gv_json_fini(&json);
        }
    }
    gv_solo_stop(&solo);
}

static void test_replica_bounds(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_gset_workload);
    solo.config.entries_max = 2;
    gv_solo_start(&solo);
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":2,\"element\":1}");
    gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":3,\"element\":2}");
    assert_string_equal(
        gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":4,\"element\":3}"),
        ERROR("11", "4", "add: not stored: the replica has 2 entries, which is its limit"));
    assert_string_equal(gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":5,\"element\":2}"),
                        OK("add_ok", "5"));
    assert_non_null(strstr(gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":6}"), "[1,2]"));
    gv_solo_stop(&solo);

    gv_solo_config(&solo, &gv_gset_workload);
    solo.config.peers_max = 2;
    solo.config.memory_max = 1 << 20;
    gv_solo_start(&solo);
    assert_string_equal(gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                                               "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}"),
                        ERROR("12", "1", "init: node_ids: 3 names; the limit is 2"));
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    const char *answer = "";
    char body[128];
    for (int i = 0; strstr(answer, "error") == NULL; i++) {
        assert_true(i < 100000);
        snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":2,\"element\":%d}", i * 7);
        answer = gv_solo_request(&solo, body);
    }
    assert_non_null(strstr(answer, "\"code\":11,\"text\":\"add: not stored: the replica has "));
    assert_non_null(strstr(answer, " bytes of memory, and its limit is 1048576"));
    gv_solo_stop(&solo);
}

// ---- Rates --------------------------------------------------------------------------------------

static bool limited(struct gv_solo *solo, const char *client) {
    char line[256];
    snprintf(line, sizeof line,
             "{\"src\":\"%s\",\"dest\":\"n1\",\"body\":{\"type\":\"echo\",\"msg_id\":1,"
             "\"echo\":1}}",
             client);
    const char *out = gv_solo_exchange(solo, line);
    char want[128];
    snprintf(want, sizeof want,
             "\"code\":11,\"text\":\"echo: %s exceeds its limit of 10 requests per second, in "
             "bursts of up to 3\"",
             client);
    bool refused = strstr(out, want) != NULL;
    assert_true(refused || strstr(out, "echo_ok") != NULL);
    return refused;
}

// Each client has its own token bucket, which time refills up to the burst.
static void test_client_rate(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_echo_workload);
    solo.config.client_rate = 10;
    solo.config.client_burst = 3;
    gv_solo_start(&solo);
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) assert_false(limited(&solo, "c1"));
        assert_true(limited(&solo, "c1"));
        assert_false(limited(&solo, "c2"));
        solo.now += 99 * GV_MS;
        assert_true(limited(&solo, "c1"));
        solo.now += GV_MS;
        assert_false(limited(&solo, "c1"));
        assert_true(limited(&solo, "c1"));
        solo.now += 10000 * GV_MS;
    }
    struct gv_stats stats;
    gv_node_stats(solo.node, &stats);
    assert_int_equal(stats.numbers.limited, 9);
    assert_int_equal(stats.numbers.errors, 9);
    assert_int_equal(stats.numbers.input_errors, 0);
    // Unknown names do not make the table grow, and a limited client stays limited.
    for (int i = 0; i < 3; i++) assert_false(limited(&solo, "c1"));
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", i);
        assert_false(limited(&solo, name));
    }
    assert_true(limited(&solo, "c1"));
    gv_solo_stop(&solo);
}

// ---- Log and statistics -------------------------------------------------------------------------

// At level debug one id traces a value through the cluster.
static void test_trace(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.trace = true;
    solo.config.staleness_ms = 0;
    gv_solo_start(&solo);
    gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                           "\"node_ids\":[\"n1\",\"n2\"]}");
    gv_solo_request(&solo, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":17}");
    char id[17], want[200];
    snprintf(id, sizeof id, "%.16s", solo.log + strlen("n1: "));
    assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    snprintf(want, sizeof want,
             "n1: %s stored, put by \"c1\" with message 2: 17\n"
             "n1: %s sent to n2, by push\n",
             id, id);
    assert_string_equal(solo.log, want);
    gv_solo_exchange(&solo, "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,"
                            "\"entries\":[{\"set\":[17]}]}}");
    snprintf(want, sizeof want, "n1: %s redundant, from n2, by push\n", id);
    assert_string_equal(solo.log, want);
    gv_solo_stop(&solo);
}

static void test_stats(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_echo_workload);
    gv_solo_request(&solo, "{\"type\":\"echo\",\"msg_id\":2,\"echo\":1}");
    size_t in = strlen(gv_solo_line("{\"type\":\"echo\",\"msg_id\":2,\"echo\":1}")) + 1;
    size_t out = solo.out_len;
    gv_solo_request(&solo, "{\"type\":\"fly\",\"msg_id\":3}");
    in += strlen(gv_solo_line("{\"type\":\"fly\",\"msg_id\":3}")) + 1;
    out += solo.out_len;
    struct gv_stats before, after, read;
    gv_node_stats(solo.node, &after);
    gv_solo_receive(&solo, "x", 1);
    gv_solo_clear(&solo);
    gv_node_log_stats(solo.node);
    const char *text = strchr(solo.log, '{');
    assert_non_null(text);
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
    assert_true(gv_stats_read(&read, &json, 0));
    gv_node_stats(solo.node, &before);
    assert_memory_equal(&read, &before, sizeof read);
    assert_int_equal(read.numbers.lines, 4);
    assert_int_equal(read.numbers.errors, 1);
    assert_int_equal(read.numbers.input_errors, 1);
    assert_int_equal(read.client.in, 3);
    assert_int_equal(read.client.out, 3);
    assert_true(read.client.in_bytes > in && read.client.out_bytes > out); // the init is counted
    gv_stats_add(&read, &after);
    assert_int_equal(read.numbers.lines, 7);
    assert_int_equal(read.client.out, 6);
    assert_int_equal(read.numbers.queued_replies, after.numbers.queued_replies);
    static const char *const bad[] = {"[]", "{\"client\":1}", "{\"news\":{\"in\":-1}}",
                                      "{\"lines\":\"1\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(gv_json_parse(&json, bad[i], strlen(bad[i])) > 0);
        assert_false(gv_stats_read(&read, &json, 0));
    }
    assert_true(gv_json_parse(&json, "{}", 2) > 0);
    assert_true(gv_stats_read(&read, &json, 0));
    assert_int_equal(read.numbers.lines, 0);
    gv_json_fini(&json);
    gv_solo_stop(&solo);
}

// ---- Lines of the log ---------------------------------------------------------------------------

static void test_log_lines(void **state) {
    (void)state;
    char buf[GV_LOG_LINE_MAX + 1];
    const uint64_t when = UINT64_C(1769903999123) * GV_MS;
    struct gv_log_record record = {.level = GV_LOG_WARN, .node = "n\"1", .text = "a \"b\"\xff"};
    buf[gv_log_text(&record, when, buf)] = '\0';
    assert_string_equal(buf, "2026-01-31T23:59:59.123Z warn n\"1: a \"b\"\\xff\n");
    buf[gv_log_json(&record, when, buf)] = '\0';
    assert_string_equal(buf, "{\"time\":\"2026-01-31T23:59:59.123Z\",\"level\":\"warn\","
                             "\"node\":\"n\\\"1\",\"text\":\"a \\\"b\\\"?\"}\n");
    record = (struct gv_log_record){
        .level = GV_LOG_DEBUG, .node = "", .text = "known", .value = 0xabcdef};
    buf[gv_log_text(&record, when, buf)] = '\0';
    assert_string_equal(buf, "2026-01-31T23:59:59.123Z debug value 0000000000abcdef known\n");
    buf[gv_log_json(&record, when, buf)] = '\0';
    assert_string_equal(buf, "{\"time\":\"2026-01-31T23:59:59.123Z\",\"level\":\"debug\","
                             "\"value\":\"0000000000abcdef\",\"text\":\"known\"}\n");
    record = (struct gv_log_record){.level = GV_LOG_INFO, .node = "n1", .stats = "{\"x\":1}"};
    buf[gv_log_text(&record, when, buf)] = '\0';
    assert_string_equal(buf, "{\"time\":\"2026-01-31T23:59:59.123Z\",\"level\":\"info\","
                             "\"node\":\"n1\",\"stats\":{\"x\":1}}\n");
    // Control sequences in input are escaped in the log, so none reaches a terminal.
    record = (struct gv_log_record){.level = GV_LOG_WARN,
                                    .node = "n\033]0;x\007",
                                    .text = "\033[31m \xc2\x9b \x7f \r\n\xc3\xa4"};
    buf[gv_log_text(&record, when, buf)] = '\0';
    assert_string_equal(buf, "2026-01-31T23:59:59.123Z warn n\\x1b]0;x\\x07: "
                             "\\x1b[31m \\u009b \\x7f \\r\\n\xc3\xa4\n");
    // The longest possible texts, of bytes with the longest escapes.
    char longest[GV_LOG_TEXT_MAX + 100], name[GV_NODE_NAME_MAX + 1];
    memset(longest, 1, sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memset(name, '"', GV_NODE_NAME_MAX);
    name[GV_NODE_NAME_MAX] = '\0';
    record = (struct gv_log_record){.node = name, .text = longest, .value = 1};
    size_t len = gv_log_json(&record, when, buf);
    assert_true(len < GV_LOG_LINE_MAX);
    assert_memory_equal(buf + len - 2, "}\n", 2);
    assert_true(gv_log_text(&record, when, buf) < GV_LOG_LINE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_bounds),   cmocka_unit_test(test_value_depth),
        cmocka_unit_test(test_replica_bounds), cmocka_unit_test(test_client_rate),
        cmocka_unit_test(test_trace),          cmocka_unit_test(test_stats),
        cmocka_unit_test(test_log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
