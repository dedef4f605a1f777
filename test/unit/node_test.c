// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../lib/solo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TO "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\""
#define OK(type, id) TO type "\",\"in_reply_to\":" id "}}\n"
#define ERROR(code, id, text) \
    TO "error\",\"in_reply_to\":" id ",\"code\":" code ",\"text\":\"" text "\"}}\n"

static const struct gv_workload *const workloads[] = {
    &gv_echo_workload, &gv_ids_workload,     &gv_broadcast_workload,
    &gv_gset_workload, &gv_counter_workload, &gv_txn_workload,
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

// ---- Requests and replies -----------------------------------------------------------------------

struct ask {
    const char *body, *answer;
};

static void check(const struct gv_workload *workload, const struct ask *asks, size_t count) {
    struct gv_solo solo;
    gv_solo_init(&solo, workload);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(gv_solo_request(&solo, asks[i].body), asks[i].answer);
        assert_string_equal(solo.log, "");
    }
    gv_solo_stop(&solo);
}

#define CHECK(workload, ...)                               \
    do {                                                   \
        const struct ask asks[] = {__VA_ARGS__};           \
        check(workload, asks, sizeof asks / sizeof *asks); \
    } while (0)

static void test_echo(void **state) {
    (void)state;
    CHECK(&gv_echo_workload,
          {"{\"type\":\"echo\",\"msg_id\":2,\"echo\":\"a\\u00e9\\/b\"}",
           TO "echo_ok\",\"in_reply_to\":2,\"echo\":\"a\\u00e9\\/b\"}}\n"},
          {"{\"echo\": { \"b\":[1 , 2.50e+1],\"a\":null} ,\"msg_id\":-9223372036854775808,"
           "\"type\":\"ec\\u0068o\"}",
           TO "echo_ok\",\"in_reply_to\":-9223372036854775808,"
              "\"echo\":{ \"b\":[1 , 2.50e+1],\"a\":null}}}\n"},
          {"{\"type\":\"echo\",\"msg_id\":3}", ERROR("12", "3", "echo: echo is missing")});
}

static void test_broadcast(void **state) {
    (void)state;
    CHECK(
        &gv_broadcast_workload,
        {"{\"type\":\"read\",\"msg_id\":1}", TO "read_ok\",\"in_reply_to\":1,\"messages\":[]}}\n"},
        {"{\"type\":\"topology\",\"msg_id\":2,\"topology\":{\"n1\":[\"n2\"]}}",
         OK("topology_ok", "2")},
        {"{\"type\":\"topology\",\"msg_id\":3,\"topology\":{}}", OK("topology_ok", "3")},
        {"{\"type\":\"topology\",\"msg_id\":4,\"topology\":[]}",
         ERROR("12", "4", "topology: topology is not an object")},
        {"{\"type\":\"topology\",\"msg_id\":5}", ERROR("12", "5", "topology: topology is missing")},
        {"{\"type\":\"broadcast\",\"msg_id\":6}",
         ERROR("12", "6", "broadcast: message is missing")},
        {"{\"type\":\"add\",\"msg_id\":7,\"element\":1}",
         ERROR("10", "7", "add is not supported by gv-broadcast")});

    struct gv_solo solo;
    gv_solo_init(&solo, &gv_broadcast_workload);
    static const char *const messages[] = {
        "17",
        "-0",
        "0",
        "17",
        "1.0",
        "{\"b\":1, \"a\":[ ]}",
        "{\"a\":[],\"b\":1}",
        "null",
        "\"\\u00e9\"",
        "\"\xc3\xa9\"",
        "12345678901234567890123",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"type\":\"broadcast\",\"msg_id\":8,\"message\":%s}",
                 messages[i]);
        assert_int_equal(strncmp(gv_solo_request(&solo, body), OK("broadcast_ok", "8"),
                                 strlen(OK("broadcast_ok", "8"))),
                         0);
    }
    const char *read = gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":9}");
    assert_non_null(strstr(read, TO "read_ok\",\"in_reply_to\":9,\"messages\":[17,0,1.0,"
                                    "{\"a\":[],\"b\":1},null,\"\xc3\xa9\","
                                    "12345678901234567890123]}}\n"));
    gv_solo_stop(&solo);
}

static void test_gset(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_gset_workload);
    solo.config.staleness_ms = 0;
    const char *add = gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":1,\"element\":[1, 2]}");
    assert_non_null(strstr(add, OK("add_ok", "1")));
    const char *read = gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":2}");
    assert_non_null(strstr(read, TO "read_ok\",\"in_reply_to\":2,\"value\":[[1,2]]}}\n"));
    assert_string_equal(gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":3,\"delta\":1}"),
                        ERROR("12", "3", "add: element is missing"));
    gv_solo_stop(&solo);
}

// Adds a delta. Returns whether the request was refused as malformed with this text.
static bool add(struct gv_solo *solo, const char *delta, const char *fault) {
    char body[128], want[256];
    snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":5,\"delta\":%s}", delta);
    snprintf(want, sizeof want, ERROR("12", "5", "add: delta %s"), fault);
    const char *answer = gv_solo_request(solo, body);
    return strstr(answer, fault[0] != '\0' ? want : OK("add_ok", "5")) != NULL;
}

static bool reads(struct gv_solo *solo, const char *value) {
    char want[128];
    snprintf(want, sizeof want, TO "read_ok\",\"in_reply_to\":6,\"value\":%s}}\n", value);
    return strstr(gv_solo_request(solo, "{\"type\":\"read\",\"msg_id\":6}"), want) != NULL;
}

static void test_counter(void **state) {
    (void)state;
    static const char beyond[] = "raises the total of this node above 2^63 - 1";
    static const char no_integer[] = "is not an integer of 64 bits";
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_counter_workload);
    assert_true(reads(&solo, "0"));
    assert_true(add(&solo, "0", ""));
    assert_true(add(&solo, "-0", ""));
    assert_true(add(&solo, "5", ""));
    assert_true(add(&solo, "-7", ""));
    assert_true(reads(&solo, "-2"));
    assert_true(add(&solo, "1.0", no_integer));
    assert_true(add(&solo, "\"1\"", no_integer));
    assert_true(add(&solo, "null", no_integer));
    assert_true(add(&solo, "1e3", no_integer));
    assert_true(add(&solo, "9223372036854775808", no_integer));
    assert_true(add(&solo, "-9223372036854775808", beyond));
    assert_true(add(&solo, "9223372036854775803", beyond));
    assert_true(reads(&solo, "-2"));
    assert_true(add(&solo, "9223372036854775802", ""));
    assert_true(reads(&solo, "9223372036854775800"));
    assert_true(add(&solo, "-9223372036854775800", ""));
    assert_true(add(&solo, "-1", beyond));
    assert_true(reads(&solo, "0"));
    assert_string_equal(gv_solo_request(&solo, "{\"type\":\"add\",\"msg_id\":3}"),
                        ERROR("12", "3", "add: delta is missing"));
    gv_solo_stop(&solo);
}

// All workloads report a wrong src, dest, body or type in the same way.
static void test_faults(void **state) {
    (void)state;
    for (int i = 0; i < WORKLOADS; i++) {
        char want[256];
        snprintf(want, sizeof want, ERROR("10", "1", "fly is not supported by gv-%s"),
                 workloads[i]->name);
        CHECK(workloads[i], {"{\"type\":\"fly\",\"msg_id\":1}", want},
              {"{\"msg_id\":1}", ERROR("12", "1", "body without type, a string")},
              {"{\"type\":7,\"msg_id\":1}", ERROR("12", "1", "body without type, a string")},
              {"{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\"}",
               ERROR("12", "1", "init: node_ids is missing")});
    }
}

// ---- init ---------------------------------------------------------------------------------------

static void test_before_init(void **state) {
    (void)state;
    for (int i = 0; i < WORKLOADS; i++) {
        struct gv_solo solo;
        gv_solo_config(&solo, workloads[i]);
        gv_solo_start(&solo);
        assert_string_equal(gv_node_name(solo.node), "");
        assert_string_equal(gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":1}"),
                            ERROR("11", "1", "read before init"));
        // A cluster without this node.
        assert_string_equal(gv_solo_request(&solo, "{\"type\":\"gossip\",\"v\":2}"), "");
        assert_string_equal(solo.log, "gossip before init\n");
        gv_solo_stop(&solo);
    }
}

static void test_init_again(void **state) {
    (void)state;
    for (int i = 0; i < WORKLOADS; i++) {
        struct gv_solo solo;
        gv_solo_init(&solo, workloads[i]);
        assert_string_equal(gv_node_name(solo.node), "n1");
        assert_string_equal(
            gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":2,\"node_id\":\"n\\u0031\","
                                   "\"node_ids\":[\"n1\", \"n2\",\"n3\"]}"),
            OK("init_ok", "2"));
        const char *differs =
            ERROR("22", "3", "init: differs from the first init, which named this node n1");
        assert_string_equal(gv_solo_request(&solo,
                                            "{\"type\":\"init\",\"msg_id\":3,\"node_id\":\"n1\","
                                            "\"node_ids\":[\"n1\",\"n2\"]}"),
                            differs);
        assert_string_equal(gv_solo_request(&solo,
                                            "{\"type\":\"init\",\"msg_id\":3,\"node_id\":\"n2\","
                                            "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}"),
                            differs);
        assert_string_equal(gv_node_name(solo.node), "n1");
        gv_solo_stop(&solo);
    }
}

static void test_bad_init(void **state) {
    (void)state;
    static const struct {
        const char *members, *fault;
        bool gossip; // an error only in workloads that gossip
    } cases[] = {
        {"\"node_ids\":[\"n1\"]", "node_id is missing", false},
        {"\"node_id\":\"n1\"", "node_ids is missing", false},
        {"\"node_id\":\"n1\",\"node_ids\":\"n1\"", "node_ids is not an array", false},
        {"\"node_id\":1,\"node_ids\":[\"n1\"]",
         "node_id is not a name (1 to 64 bytes, no control characters)", false},
        {"\"node_id\":\"\",\"node_ids\":[\"\"]",
         "node_id is not a name (1 to 64 bytes, no control characters)", false},
        {"\"node_id\":\"n\\u00001\",\"node_ids\":[\"n\\u00001\"]",
         "node_id is not a name (1 to 64 bytes, no control characters)", false},
        {"\"node_id\":\"n1\",\"node_ids\":[\"n1\",[]]",
         "node_ids: not a name (1 to 64 bytes, no control characters)", false},
        {"\"node_id\":\"n1\",\"node_ids\":[\"n1\",\"0123456789012345678901234567890123456789"
         "0123456789012345678901234\"]",
         "node_ids: not a name (1 to 64 bytes, no control characters)", false},
        {"\"node_id\":\"n1\",\"node_ids\":[\"n11\",\"n\"]", "node_ids: node_id is not among them",
         false},
        {"\"node_id\":\"n1\",\"node_ids\":[]", "node_ids: node_id is not among them", false},
        {"\"node_id\":\"n1\",\"node_ids\":[\"n1\",\"n2\",\"n2\"]", "node_ids: a name is repeated",
         true},
        {"\"node_id\":\"n1\",\"node_ids\":[\"n1\",\"n1\"]", "node_ids: a name is repeated", true},
    };
    for (int i = 0; i < WORKLOADS; i++) {
        struct gv_solo solo;
        gv_solo_config(&solo, workloads[i]);
        gv_solo_start(&solo);
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
            if (cases[j].gossip && !workloads[i]->replica) continue;
            char body[512], want[512];
            snprintf(body, sizeof body, "{\"type\":\"init\",\"msg_id\":1,%s}", cases[j].members);
            snprintf(want, sizeof want, ERROR("12", "1", "init: %s"), cases[j].fault);
            assert_string_equal(gv_solo_request(&solo, body), want);
        }
        // The refused requests must have changed nothing.
        assert_string_equal(gv_solo_request(&solo,
                                            "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                                            "\"node_ids\":[\"n2\",\"n1\"]}"),
                            OK("init_ok", "1"));
        gv_solo_stop(&solo);
    }
}

// ---- Lines without a reply ----------------------------------------------------------------------

static void test_unanswered(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *log;
    } cases[] = {
        {"", GV_ESYNTAX, "undecodable line: empty input at byte 0"},
        {"x", GV_ESYNTAX, "undecodable line: unknown literal at byte 0"},
        {"{\"src\":\"c1\"", GV_ESYNTAX, "undecodable line: object not closed at byte 11"},
        {"{\"a\":1}\n{\"a\":1}", GV_ESYNTAX, "undecodable line: newline at byte 7"},
        {"[]", GV_ESYNTAX, "not a message: src is missing or of the wrong type"},
        {"7", GV_ESYNTAX, "not a message: src is missing or of the wrong type"},
        {"{\"src\":\"c1\",\"body\":{}}", GV_ESYNTAX,
         "not a message: dest is missing or of the wrong type"},
        {"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":[]}", GV_ESYNTAX,
         "not a message: body is missing or of the wrong type"},
        {"{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"type\":\"read\",\"msg_id\":1}}", GV_ENOENT,
         "message to another node, n2"},
        {"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\"}}", GV_ESYNTAX,
         "read without integer msg_id"},
        {"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":1.0}}", GV_ESYNTAX,
         "read without integer msg_id"},
        {"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":\"1\"}}",
         GV_ESYNTAX, "read without integer msg_id"},
        {"{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"init\"}}", GV_ESYNTAX,
         "init without integer msg_id"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"fly\"}}", GV_ESYNTAX,
         "fly is not supported by gv-broadcast"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"error\",\"msg_id\":1}}", GV_ESYNTAX,
         "error is not supported by gv-broadcast"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"fly_ok\",\"msg_id\":1,"
         "\"in_reply_to\":1}}",
         GV_ESYNTAX, "fly_ok is not supported by gv-broadcast"},
        {"{\"src\":\"n9\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2}}", GV_ENOENT,
         "gossip from n9, which is not a peer"},
        {"{\"src\":\"n1\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2}}", GV_ENOENT,
         "gossip from n1, which is not a peer"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":1}}", GV_EVERSION,
         "gossip from n2: refused: protocol version 1, and this node has version 2"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"sync\",\"v\":2,\"id\":-1}}",
         GV_ERANGE, "gossip from n2: id: number out of range"},
        {"{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,\"entries\":"
         "[{\"bag\":[1]}]}}",
         GV_ETYPE, "gossip from n2: an entry is refused: value of the wrong type"},
    };
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_broadcast_workload);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[256];
        snprintf(want, sizeof want, "n1: %s\n", cases[i].log);
        gv_solo_clear(&solo);
        assert_int_equal(gv_solo_receive(&solo, cases[i].line, strlen(cases[i].line)),
                         cases[i].status);
        assert_string_equal(solo.log, want);
        gv_solo_send(&solo);
        assert_null(strstr(solo.out, "\"dest\":\"c1\""));
        assert_null(strstr(solo.out, "error"));
    }
    // The node still accepts requests.
    assert_non_null(strstr(gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":1}"), "read_ok"));
    gv_solo_stop(&solo);
}

// A line that is not JSON gets error 12 with the cause if src, dest and msg_id can be read.
static void test_unparsed(void **state) {
    (void)state;
    static const char *const values[] = {"{\"a\":1,\"a\":2}",
                                         "[{\"\\u0061\":1,\"a\":2}]",
                                         "\"\\ud800\"",
                                         "\"\\udc00x\"",
                                         "\"\xed\xa0\x80\"",
                                         "\"\xff\"",
                                         "\"\\x\"",
                                         "\"\t\"",
                                         "01",
                                         "1.",
                                         "+1",
                                         "tru",
                                         "NaN",
                                         "[1,2}",
                                         "[1,]",
                                         "{\"a\":1,}",
                                         "{\"a\"}",
                                         "{a:1}",
                                         "1 2",
                                         "",
                                         "\"\n\""};
    static const char *const lines[] = {
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\",\"msg_id\":4,\"message\":"
        "%s}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"msg_id\":4,\"message\":%s}}",
        "{\"\\u0073rc\":\"c1\",\"dest\":\"\\u006e1\",\"body\":{\"msg_id\":4,\"x\":%s}}",
        " { \"src\" : \"c1\" , \"dest\" : \"n1\" , \"body\" : { \"msg_id\" : 4 , \"x\" : %s } } ",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"src\":\"c1\",\"body\":{\"type\":\"read\",\"msg_id\":4,"
        "\"x\":%s}}",
        "{\"id\":%s,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":4}}",
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":4,\"x\":%s"};
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_broadcast_workload);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
            char line[300];
            snprintf(line, sizeof line, lines[k], values[i]);
            const char *answer = gv_solo_exchange(&solo, line);
            assert_ptr_equal(strstr(answer, TO "error\",\"in_reply_to\":4,\"code\":12,\"text\":"
                                               "\"undecodable line: "),
                             answer);
            assert_string_equal(solo.log, "");
        }
    }
    // A line gets no reply if its sender is ambiguous, or if it looks like a reply.
#define N1 "\"dest\":\"n1\",\"body\":{"
    static const char *const unclear[] = {
        ("{\"src\":\"c1\",\"src\":\"c2\"," N1 "\"type\":\"read\",\"msg_id\":4}}"),
        ("{\"src\":\"c1\",\"dest\":\"n2\"," N1 "\"type\":\"read\",\"msg_id\":4}}"),
        ("{\"src\":\"c1\"," N1 "\"type\":\"read\",\"msg_id\":4,\"msg_id\":5}}"),
        ("{\"src\":\"c1\"," N1 "\"msg_id\":4},\"body\":{\"msg_id\":5}}"),
        ("{\"src\":\"c1\"," N1 "\"type\":\"error\",\"msg_id\":4,\"x\":tru}}"),
        ("{\"src\":\"c1\"," N1 "\"in_reply_to\":4,\"msg_id\":4,\"x\":tru}}"),
        "{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"msg_id\":4,\"x\":tru}}",
        ("{\"src\":\"c1\"," N1 "\"type\":\"read\",\"msg_id\":1e0,\"x\":tru}}"),
        ("{\"src\":\"c\xff\"," N1 "\"type\":\"read\",\"msg_id\":4}}"),
    };
    for (size_t i = 0; i < sizeof unclear / sizeof *unclear; i++) {
        assert_string_equal(gv_solo_exchange(&solo, unclear[i]), "");
        assert_non_null(strstr(solo.log, "undecodable line: "));
    }
    gv_solo_stop(&solo);
}

// Sums of entries that peers have raised so far that the sums do not fit 64 bits.
static void test_saturated(void **state) {
    (void)state;
    static const struct {
        const char *entries, *sum;
    } steps[] = {
        {"[\"n2\",1,\"+\"],18446744073709551615", "9223372036854775807"},
        {"[\"n2\",2,\"+\"],7", "9223372036854775807"},
        {"[\"n2\",1,\"-\"],18446744073709551615", "12"},
        {"[\"n2\",2,\"-\"],13", "-1"},
        {"[\"n3\",1,\"-\"],9223372036854775807", "-9223372036854775808"},
        {"[\"n3\",2,\"-\"],1", "-9223372036854775808"},
        {"[\"n3\",3,\"-\"],18446744073709551615", "-9223372036854775808"},
        {"[\"n3\",1,\"+\"],18446744073709551615", "-9223372036854775808"},
        {"[\"n3\",2,\"+\"],9223372036854775807", "-2"},
        {"[\"n3\",3,\"+\"],9223372036854775809", "9223372036854775807"},
    };
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_counter_workload);
    assert_true(add(&solo, "5", ""));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char line[256];
        snprintf(line, sizeof line,
                 "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":%d,"
                 "\"entries\":[{\"counter\":[[%s]]}]}}",
                 GV_MESSAGE_VERSION, steps[i].entries);
        gv_solo_exchange(&solo, line);
        if (!reads(&solo, steps[i].sum)) print_message("%zu: %s\n", i, solo.out);
        assert_true(reads(&solo, steps[i].sum));
    }
    gv_solo_stop(&solo);
}

#define BEGIN "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\","
#define END ",\"msg_id\":3}}"
// Lines whose src, dest and msg_id are clear, though the line has a syntax error before or after
// them.
static const char *const answered[] = {
    "\xef\xbb\xbf" BEGIN "\"message\":1" END,
    "x" BEGIN "\"message\":1" END,
    "\"" BEGIN "\"message\":1" END,
    "log: " BEGIN "\"message\":1" END " end",
    BEGIN "\"message\":1 \"msg_id\":3}}",
    BEGIN "\"message\":\"a\" \"msg_id\":3}}",
    BEGIN "\"message\":\"a\"\"msg_id\":3}}",
    BEGIN "\"message\":[] \"msg_id\":3}}",
    BEGIN "\"msg_id\":3 \"message\":1}}",
    BEGIN "\"message\":1," END,
    BEGIN ",,\"message\":,1,," END,
    BEGIN "\"message\"::1" END,
    BEGIN "\"message\" 1" END,
    BEGIN "\"message\"" END,
    BEGIN "\"message\":" END,
    BEGIN "\"message\":\"a\"b\"" END,
    BEGIN "\"message\":\"a\"\"" END,
    BEGIN "\"message\":\"\"\"" END,
    BEGIN "\"message\":\"a \"b\", \"c\".\"" END,
    BEGIN "\"message\":\"a" END, // the string has no closing quote
    BEGIN "\"message\":\"\\\\\"b\"" END,
    BEGIN "\"message\":\"\\\"b\"c\"" END,
    BEGIN "\"message\":[1}]" END,
    BEGIN "\"message\":[1}" END,
    BEGIN "\"message\":[[1}]" END,
    BEGIN "\"message\":1]" END,
    BEGIN "\"message\":{\"a\":[1}}" END "}",
    BEGIN "\"message\":{\"a\":1]" END,
    BEGIN "\"message\":{\"in_reply_to\":1,}" END,
    BEGIN "\"message\":{\"msg_id\":4,\"src\":\"c2\",}" END,
    BEGIN "\"message\":\"in_reply_to\"," END,
    "{\"body\":{\"msg_id\":3,\"message\":tru}},\"src\":\"c1\",\"dest\":\"n1\"}",
    "{\"body\":{\"msg_id\":3,} \"src\":\"c1\" \"dest\":\"n1\"}",
    "{\"src\":\"c1\"},\"dest\":\"n1\",\"body\":{\"msg_id\":3}}",
    "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"msg_id\":3},\"id\":1}{\"src\":\"c2\"}",
};
// Damaged lines that get no answer: they may be replies, or have no certain src, dest or msg_id.
static const char *const silent[] = {
    BEGIN "\"in_reply_to\":1,," END,
    BEGIN "\"in_reply_to\":" END,
    BEGIN "\"in_reply_to\" 1" END,
    BEGIN "\"in_\\u0072eply_to\":1,," END,
    BEGIN "\"message\":\"a\"b,\"in_reply_to\":1" END,
    BEGIN "\"message\":\"a\"b\",\"in_reply_to\":1" END,
    BEGIN "\"x\":{\"a\":[1},\"in_reply_to\":1" END,
    BEGIN "\"x\":[1},\"in_reply_to\":1" END,
    "{\"in_reply_to\":1,," END,
    "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"error\" \"x\":1" END,
    BEGIN "\"message\":\"x \"msg_id\":4 y\"" END, // two different ids
    BEGIN "\"msg_id\":3 4}}",
    BEGIN "\"msg_id\":3x}}",
    BEGIN "\"msg_id\":\"3\",,}}",
    BEGIN "\"msg_id\":[3],,}}",
    BEGIN "\"x\":[{\"msg_id\":3}",
    BEGIN "\"msg_id\":3", // the number may be truncated
    "{\"src\":\"c1,\"dest\":\"n1\",\"body\":{\"msg_id\":3}}",
    "\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"msg_id\":3}}",
};
#undef BEGIN
#undef END

static void test_damaged(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_broadcast_workload);
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
        const char *answer = gv_solo_exchange(&solo, answered[i]);
        const char *want = TO "error\",\"in_reply_to\":3,\"code\":12,\"text\":\"undecodable line: ";
        if (strstr(answer, want) != answer) print_message("%s\n%s\n", answered[i], answer);
        assert_ptr_equal(strstr(answer, want), answer);
    }
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        const char *answer = gv_solo_exchange(&solo, silent[i]);
        if (*answer != '\0') print_message("%s\n", silent[i]);
        assert_string_equal(answer, "");
        assert_non_null(strstr(solo.log, "undecodable line: "));
    }
    gv_solo_stop(&solo);
}

// A line that is too long is read up to the limit. Its sender gets an error only if the envelope
// comes before the limit.
static void test_longer_peek(void **state) {
    (void)state;
    enum { MAX = 4096 };
    static char line[MAX + 200];
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_echo_workload);
    solo.config.line_max = MAX;
    gv_solo_start(&solo);
    for (int before = 0; before < 2; before++) {
        const char *src = "\"src\":\"c1\",\"dest\":\"n1\",";
        int at =
            snprintf(line, sizeof line, "{%s\"body\":{\"type\":\"echo\",\"msg_id\":3,\"echo\":\"",
                     before ? src : "");
        memset(line + at, 'x', (size_t)(MAX - at));
        snprintf(line + MAX, sizeof line - MAX, "\"},%s\"id\":1}", before ? "" : src);
        const char *answer = gv_solo_exchange(&solo, line);
        const char *want = ERROR("12", "3", "line longer than 4096 bytes");
        assert_string_equal(answer, before ? want : "");
    }
    gv_solo_stop(&solo);
}

// The same with sender names of any length, in lines that are not JSON, too long or split.
static void test_unparsed_long(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 253, 254, 255, 256, 1000, 5000, 100000};
    static const char *const ends[] = {"tru}}", "1}}\n", "[1,"};
    static char line[100000 + 5000], want[sizeof line];
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.line_max = 104000;
    gv_solo_start(&solo);
    for (int started = 0; started < 2; started++) {
        for (size_t i = 0; i < 4 * sizeof lengths / sizeof *lengths; i++) {
            int at = snprintf(line, sizeof line, "{\"src\":\"");
            memset(line + at, 'c', lengths[i / 4]);
            at += (int)lengths[i / 4];
            at += snprintf(line + at, sizeof line - (size_t)at,
                           "\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":4,\"x\":%s",
                           ends[i % 4 % 3]);
            size_t len = (size_t)at;
            if (i % 4 == 3) { // longer than line_max
                memset(line + at, ' ', sizeof line - (size_t)at);
                len = solo.config.line_max + 1;
            }
            snprintf(want, sizeof want,
                     "{\"src\":\"n1\",\"dest\":\"%.*s\",\"body\":{\"type\":\"error\",",
                     (int)lengths[i / 4], line + 8);
            gv_solo_clear(&solo);
            assert_int_equal(gv_solo_receive(&solo, line, len), 0);
            assert_string_equal(solo.log, "");
            gv_solo_send(&solo);
            assert_int_equal(strncmp(solo.out, want, strlen(want)), 0);
            assert_non_null(strstr(solo.out, "\"in_reply_to\":4,\"code\":12,"));
        }
        if (started == 0)
            gv_solo_request(
                &solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    }
    gv_solo_stop(&solo);
}

// A request from another node gets a reply; a reply from another node gets none.
static void test_no_ping_pong(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_echo_workload);
    const char *answer =
        gv_solo_exchange(&solo, "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":"
                                "\"gossip\",\"v\":2,\"msg_id\":4}}");
    assert_non_null(strstr(answer, "\"dest\":\"n2\",\"body\":{\"type\":\"error\","
                                   "\"in_reply_to\":4,\"code\":10"));
    assert_string_equal(gv_solo_exchange(&solo,
                                         "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":"
                                         "\"error\",\"code\":10,\"in_reply_to\":4}}"),
                        "");
    gv_solo_stop(&solo);
}

static void test_line_max(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_echo_workload);
    solo.config.line_max = 100;
    gv_solo_start(&solo);
    char line[102];
    memset(line, ' ', sizeof line);
    assert_int_equal(gv_solo_receive(&solo, line, 100), GV_ESYNTAX);
    gv_solo_clear(&solo);
    assert_int_equal(gv_solo_receive(&solo, line, 101), GV_EFULL);
    assert_string_equal(solo.log, "line longer than 100 bytes\n");
    // The sender gets an error if the envelope can be read.
    const char *ask = gv_solo_line("{\"type\":\"echo\",\"msg_id\":5,\"echo\":[1,2,3,4,5,6,7,8,9,0,"
                                   "1,2,3,4,5,6,7,8,9,0]}");
    assert_string_equal(gv_solo_exchange(&solo, ask),
                        ERROR("12", "5", "line longer than 100 bytes"));
    assert_string_equal(solo.log, "");
    gv_solo_stop(&solo);
}

static void test_log_rate(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_echo_workload);
    for (int second = 0; second < 3; second++) {
        gv_solo_clear(&solo);
        for (int i = 0; i < 5000; i++) gv_solo_receive(&solo, "x", 1);
        assert_int_equal(solo.log_lines, GV_LOG_RATE);
        solo.now += 1000 * GV_MS;
        assert_true(gv_node_deadline(solo.node) <= solo.now);
        gv_solo_clear(&solo);
        gv_node_advance(solo.node, solo.now);
        assert_string_equal(solo.log, "n1: and 4900 more input errors\n");
        assert_true(gv_node_deadline(solo.node) > solo.now);
    }
    // The limit applies even if no timer fires between the errors.
    for (int i = 0; i < 5000; i++) gv_solo_receive(&solo, "x", 1);
    gv_solo_clear(&solo);
    solo.now += 1000 * GV_MS;
    gv_solo_receive(&solo, "x", 1);
    assert_string_equal(solo.log, "n1: and 4900 more input errors\n"
                                  "n1: undecodable line: unknown literal at byte 0\n");
    struct gv_stats stats;
    gv_node_stats(solo.node, &stats);
    assert_int_equal(stats.numbers.input_errors, 20001);
    assert_int_equal(stats.numbers.lines, 20002);
    gv_solo_stop(&solo);
}

// ---- Long replies and back-pressure -------------------------------------------------------------

static void test_long_echo(void **state) {
    (void)state;
    enum { LEN = 900000 };
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_echo_workload);
    solo.config.message_max = 2048;
    gv_solo_start(&solo);
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    solo.send_cap = gv_node_send_min(solo.node);
    char *line = malloc(LEN + 200), *value = malloc(LEN + 1);
    memset(value, 'a', LEN);
    value[0] = value[LEN - 1] = '"';
    value[LEN] = '\0';
    sprintf(
        line,
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"echo\",\"msg_id\":1,\"echo\":%s}}",
        value);
    const char *answer = gv_solo_exchange(&solo, line);
    sprintf(line, TO "echo_ok\",\"in_reply_to\":1,\"echo\":%s}}\n", value);
    assert_string_equal(answer, line);
    free(line);
    free(value);
    gv_solo_stop(&solo);
}

// Finds the reply to a message and checks that it lists `count` values: 0, 1, 2, …
static const char *check_list(const char *out, int id, int count) {
    char head[128];
    int len = snprintf(head, sizeof head, TO "read_ok\",\"in_reply_to\":%d,\"messages\":[", id);
    const char *at = strstr(out, head);
    assert_non_null(at);
    at += len;
    for (int i = 0; i < count; i++) {
        char value[16];
        len = snprintf(value, sizeof value, "%s%d", i > 0 ? "," : "", i);
        assert_int_equal(strncmp(at, value, (size_t)len), 0);
        at += len;
    }
    assert_int_equal(strncmp(at, "]}}\n", 4), 0);
    return at + 4;
}

// Reads of thousands of values through the smallest buffer, with other requests between them. Each
// read returns, in order, the values that the node had at the time of the request, and allocates
// almost no memory.
static void test_long_reads(void **state) {
    (void)state;
    enum { VALUES = 14000, EACH = 2000 };
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.message_max = 2048;
    gv_solo_start(&solo);
    solo.send_cap = gv_node_send_min(solo.node);
    assert_true(solo.send_cap < GV_MESSAGE_LIMIT + 4096);
    gv_solo_request(&solo,
                    "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}");
    gv_solo_clear(&solo);
    for (int i = 0; i < VALUES; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"type\":\"broadcast\",\"msg_id\":0,\"message\":%d}", i);
        const char *line = gv_solo_line(body);
        assert_int_equal(gv_solo_receive(&solo, line, strlen(line)), 0);
        if ((i + 1) % EACH != 0) continue;
        snprintf(body, sizeof body, "{\"type\":\"read\",\"msg_id\":%d}", i + 1);
        line = gv_solo_line(body);
        assert_int_equal(gv_solo_receive(&solo, line, strlen(line)), 0);
    }
    gv_solo_send(&solo);
    const char *at = solo.out;
    for (int i = EACH; i <= VALUES; i += EACH) {
        for (int j = 0; j < EACH; j++) {
            assert_int_equal(strncmp(at, OK("broadcast_ok", "0"), strlen(OK("broadcast_ok", "0"))),
                             0);
            at += strlen(OK("broadcast_ok", "0"));
        }
        assert_ptr_equal(strstr(at, TO "read_ok"), at);
        at = check_list(at, i, i);
    }
    assert_string_equal(at, "");
    gv_solo_stop(&solo);
}

// A node that cannot send accepts only a limited number of requests. Once it can send, each of
// these gets its reply, in order.
static void fill(const char *body_format, const char *answer_format, int most) {
    struct gv_solo solo;
    gv_solo_init(&solo, &gv_broadcast_workload);
    int count = 0;
    for (; gv_node_ready(solo.node); count++) {
        char body[128];
        snprintf(body, sizeof body, body_format, count);
        const char *line = gv_solo_line(body);
        assert_int_equal(gv_solo_receive(&solo, line, strlen(line)), 0);
        assert_true(count < most);
    }
    gv_solo_send(&solo);
    assert_true(gv_node_ready(solo.node));
    const char *at = solo.out;
    for (int i = 0; i < count; i++) {
        char answer[128];
        snprintf(answer, sizeof answer, answer_format, i);
        // Only lines of gossip may come between the replies.
        at = strstr(at, TO);
        assert_non_null(at);
        assert_int_equal(strncmp(at, answer, strlen(answer)), 0);
        at += strlen(answer);
    }
    assert_null(strstr(at, TO));
    gv_solo_stop(&solo);
}

#define READ_OK TO "read_ok\",\"in_reply_to\":%d,\"messages\":[]}}\n"

static void test_back_pressure(void **state) {
    (void)state;
    fill("{\"type\":\"broadcast\",\"msg_id\":%d,\"message\":5}", OK("broadcast_ok", "%d"), 20000);
    fill("{\"type\":\"read\",\"msg_id\":%d}", READ_OK, GV_NODE_READS_MAX);
    fill("{\"type\":\"fly\",\"msg_id\":%d}",
         ERROR("10", "%d", "fly is not supported by gv-broadcast"), 20000);
}

// ---- Gossip -------------------------------------------------------------------------------------

// Gossip is sent even while many replies wait.
static void test_fairness(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.staleness_ms = 0;
    gv_solo_start(&solo);
    gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                           "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
    gv_solo_clear(&solo);
    for (int i = 0; gv_node_ready(solo.node); i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"type\":\"broadcast\",\"msg_id\":0,\"message\":%d}", i);
        const char *line = gv_solo_line(body);
        gv_solo_receive(&solo, line, strlen(line));
    }
    gv_solo_send(&solo);
    const char *gossip = strstr(solo.out, "\"type\":\"gossip\"");
    assert_non_null(gossip);
    assert_true(gossip - solo.out < 300 << 10);
    gv_solo_stop(&solo);
}

// Delivers the lines of one node to the others; returns the number of lines of gossip.
static int carry(struct gv_solo *nodes, int count, struct gv_solo *from) {
    int carried = 0;
    gv_solo_clear(from);
    gv_solo_send(from);
    for (char *line = from->out, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        for (int i = 0; i < count; i++) {
            char dest[32];
            snprintf(dest, sizeof dest, "\"dest\":\"n%d\"", i + 1);
            if (strncmp(strstr(line, "\"dest\":"), dest, strlen(dest)) != 0) continue;
            assert_int_equal(gv_solo_receive(&nodes[i], line, (size_t)(end - line)), 0);
            carried++;
        }
    }
    return carried;
}

static void test_gossip(void **state) {
    (void)state;
    enum { NODES = 3 };
    struct gv_solo nodes[NODES];
    for (int i = 0; i < NODES; i++) {
        gv_solo_config(&nodes[i], &gv_broadcast_workload);
        nodes[i].config.seed = (uint64_t)i;
        gv_solo_start(&nodes[i]);
        char line[256];
        snprintf(line, sizeof line,
                 "{\"src\":\"c1\",\"dest\":\"n%d\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
                 "\"node_id\":\"n%d\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}}",
                 i + 1, i + 1);
        gv_solo_exchange(&nodes[i], line);
        snprintf(line, sizeof line,
                 "{\"src\":\"c1\",\"dest\":\"n%d\",\"body\":{\"type\":\"broadcast\",\"msg_id\":1,"
                 "\"message\":%d}}",
                 i + 1, i);
        gv_solo_receive(&nodes[i], line, strlen(line));
        gv_solo_clear(&nodes[i]);
    }
    int carried = 0;
    for (gv_time now = 1000 * GV_MS; now < 3000 * GV_MS; now += 10 * GV_MS) {
        for (int i = 0; i < NODES; i++) {
            nodes[i].now = now;
            if (gv_node_deadline(nodes[i].node) <= now) gv_node_advance(nodes[i].node, now);
            carried += carry(nodes, NODES, &nodes[i]);
        }
    }
    for (int i = 0; i < NODES; i++) {
        char line[128];
        snprintf(line, sizeof line,
                 "{\"src\":\"c1\",\"dest\":\"n%d\",\"body\":{\"type\":\"read\",\"msg_id\":1}}",
                 i + 1);
        const char *list = strstr(gv_solo_exchange(&nodes[i], line), "\"messages\":[");
        assert_non_null(list);
        for (int j = 0; j < NODES; j++) assert_non_null(strchr(list, '0' + j));
    }
    assert_in_range(carried, 4, 40);
    for (int i = 0; i < NODES; i++) gv_solo_stop(&nodes[i]);
}

// ---- Memory -------------------------------------------------------------------------------------

struct allowance {
    int left;
};

static void *allowed_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct allowance *allowance = ctx;
    if (new_size > old_size && allowance->left-- <= 0) return NULL;
    return gv_base_malloc().resize(NULL, block, old_size, new_size);
}

// The id of the last message to n2 that the node has sent since gv_solo_clear.
static unsigned long long id_to_n2(const struct gv_solo *solo) {
    const char *at = strstr(solo->out, "\"dest\":\"n2\"");
    assert_non_null(at);
    at = strstr(at, "\"id\":");
    assert_non_null(at);
    return strtoull(at + strlen("\"id\":"), NULL, 10);
}

// A staleness of 20 ms cannot be kept with round trips of 200 ms. The node logs this once, when it
// has measured them.
static void test_links_too_slow(void **state) {
    (void)state;
    struct gv_solo solo;
    gv_solo_config(&solo, &gv_broadcast_workload);
    solo.config.staleness_ms = 20;
    gv_solo_start(&solo);
    gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                           "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
    unsigned said = 0;
    for (int i = 0; i < 12; i++) {
        char text[160];
        snprintf(text, sizeof text, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":%d}", i);
        gv_solo_request(&solo, text);
        solo.now += 300 * GV_MS; // beyond the next flush round
        gv_node_advance(solo.node, solo.now);
        gv_solo_send(&solo);
        unsigned long long id = id_to_n2(&solo);
        solo.now += 200 * GV_MS;
        snprintf(text, sizeof text,
                 "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,\"up\":1,"
                 "\"ack\":[%llu,255,0]}}",
                 id);
        gv_solo_exchange(&solo, text);
        gv_node_advance(solo.node, solo.now);
        bool says = strstr(solo.log, "the links are too slow for a staleness of 20 ms") != NULL;
        assert_false(says && i == 0);
        said += says;
    }
    assert_int_equal(said, 1);
    gv_solo_stop(&solo);
}

// Memory is exhausted at each allocation in turn. Each line either gets its usual reply, or gets an
// error and has no effect.
static void test_out_of_memory(void **state) {
    (void)state;
    bool whole = false;
    for (int allowed = 0; !whole; allowed++) {
        assert_true(allowed < 200);
        struct allowance allowance = {allowed};
        struct gv_solo solo;
        gv_solo_config(&solo, &gv_broadcast_workload);
        solo.config.alloc = (struct gv_alloc){allowed_resize, &allowance};
        gv_json_init(&solo.json, solo.config.alloc, 0, 0);
        gv_solo_clear(&solo);
        if (gv_node_new(&solo.node, &solo.config) == 0) {
            const char *init =
                gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
                                       "\"n1\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
            bool joined = strcmp(init, OK("init_ok", "1")) == 0;
            assert_true(joined || strstr(init, "\"code\":11") != NULL || init[0] == '\0');
            const char *put =
                gv_solo_request(&solo, "{\"type\":\"broadcast\",\"msg_id\":2,\"message\":42}");
            bool stored = strstr(put, "broadcast_ok") != NULL;
            assert_true(stored || strstr(put, "\"code\":11") != NULL || put[0] == '\0');
            allowance.left = 1000;
            bool found = strstr(gv_solo_request(&solo, "{\"type\":\"read\",\"msg_id\":3}"), "[42]");
            assert_true(found == stored);
            whole = joined && stored;
        }
        gv_solo_stop(&solo);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),           cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_gset),           cmocka_unit_test(test_counter),
        cmocka_unit_test(test_saturated),      cmocka_unit_test(test_faults),
        cmocka_unit_test(test_before_init),    cmocka_unit_test(test_init_again),
        cmocka_unit_test(test_bad_init),       cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_no_ping_pong),   cmocka_unit_test(test_unparsed),
        cmocka_unit_test(test_damaged),        cmocka_unit_test(test_longer_peek),
        cmocka_unit_test(test_unparsed_long),  cmocka_unit_test(test_line_max),
        cmocka_unit_test(test_log_rate),       cmocka_unit_test(test_long_echo),
        cmocka_unit_test(test_long_reads),     cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_fairness),       cmocka_unit_test(test_gossip),
        cmocka_unit_test(test_links_too_slow), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
