// SPDX-License-Identifier: MIT
#include "../../sim/check/check_protocol.h"
#include "../lib/fixture.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char why[GV_CHECK_PROTOCOL_WHY_MAX];

static int line(const char *text, struct gv_check_protocol_line *parts) {
    why[0] = '\0';
    struct gv_slice slice = {(const uint8_t *)text, strlen(text)};
    return gv_check_protocol_line(&gv_fixture_json, slice, parts, why);
}

static void good_frames(void **state) {
    (void)state;
    static const char *const good[] = {
        "{\"src\":\"n1\",\"dest\":\"c2\",\"body\":{\"type\":\"x\"}}",
        "{\"id\":-7,\"body\":{},\"dest\":\"\",\"src\":\"a\"}",
        " {\"src\":\"n1\",\"dest\":\"c2\",\"body\":{\"type\":5}} \r",
    };
    struct gv_check_protocol_line parts;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(line(good[i], &parts), 0);
        assert_int_equal(gv_json_type(&gv_fixture_json, parts.body), GV_JSON_OBJECT);
    }
    assert_int_equal(parts.type, GV_ENOENT); // not a string
    assert_int_equal(line(good[0], &parts), 0);
    assert_true(gv_json_equals(&gv_fixture_json, parts.src, "n1"));
    assert_true(gv_json_equals(&gv_fixture_json, parts.dest, "c2"));
    assert_true(gv_json_equals(&gv_fixture_json, parts.type, "x"));
}

static void bad_frames(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "is not JSON"},
        {"hello", "is not JSON"},
        {"[]", "is not a JSON object"},
        {"{\"dest\":\"c2\",\"body\":{}}", "has no \"src\""},
        {"{\"src\":\"n1\",\"body\":{}}", "has no \"dest\""},
        {"{\"src\":\"n1\",\"dest\":\"c2\"}", "has no \"body\""},
        {"{\"src\":1,\"dest\":\"c2\",\"body\":{}}", "has a \"src\" that is not a string"},
        {"{\"src\":\"n1\",\"dest\":\"c2\",\"body\":[]}", "has a \"body\" that is not an object"},
        {"{\"src\":\"n1\",\"dest\":\"c2\",\"body\":{},\"id\":1.5}",
         "\"id\" that is not an integer"},
        {"{\"src\":\"n1\",\"dest\":\"c2\",\"body\":{},\"x\":1}", "has a top-level member besides"},
    };
    struct gv_check_protocol_line parts;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(line(bad[i][0], &parts), GV_ESYNTAX);
        assert_non_null(strstr(why, bad[i][1]));
    }
}

static int reply(const char *body, enum gv_load_kind load, enum gv_history_kind op) {
    assert_true(gv_json_parse(&gv_fixture_json, body, strlen(body)) > 0);
    return gv_check_protocol_reply(&gv_fixture_json, 0, gv_load_request_of(load, op), why);
}

static void replies_are_closed(void **state) {
    (void)state;
    static const struct {
        const char *body;
        enum gv_load_kind load;
        enum gv_history_kind op;
        const char *why; // NULL: valid
    } cases[] = {
        {"{\"type\":\"broadcast_ok\",\"in_reply_to\":1}", GV_LOAD_BROADCAST, GV_HISTORY_ADD, NULL},
        {"{\"type\":\"add_ok\",\"in_reply_to\":1,\"msg_id\":2}", GV_LOAD_G_SET, GV_HISTORY_ADD,
         NULL},
        {"{\"type\":\"add_ok\",\"in_reply_to\":1}", GV_LOAD_BROADCAST, GV_HISTORY_ADD,
         "not \"broadcast_ok\""},
        {"{\"type\":\"add_ok\",\"in_reply_to\":1,\"x\":2}", GV_LOAD_G_SET, GV_HISTORY_ADD,
         "besides type"},
        {"{\"type\":\"add_ok\",\"in_reply_to\":1,\"msg_id\":\"2\"}", GV_LOAD_G_SET, GV_HISTORY_ADD,
         "msg_id"},
        {"{\"type\":\"add_ok\",\"in_reply_to\":1.0}", GV_LOAD_G_SET, GV_HISTORY_ADD, "in_reply_to"},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"messages\":[]}", GV_LOAD_BROADCAST,
         GV_HISTORY_READ, NULL},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"messages\":{}}", GV_LOAD_BROADCAST,
         GV_HISTORY_READ, "is not an array"},
        // Go encodes a nil slice as null; Maelstrom's schemas accept that as an array.
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"messages\":null}", GV_LOAD_BROADCAST,
         GV_HISTORY_READ, NULL},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"value\":null}", GV_LOAD_G_SET, GV_HISTORY_READ,
         NULL},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"value\":null}", GV_LOAD_G_COUNTER,
         GV_HISTORY_READ, "is not an integer"},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"value\":[]}", GV_LOAD_G_SET, GV_HISTORY_READ,
         NULL},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"messages\":[]}", GV_LOAD_G_SET, GV_HISTORY_READ,
         "has no \"value\""},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"value\":-4}", GV_LOAD_PN_COUNTER,
         GV_HISTORY_READ, NULL},
        {"{\"type\":\"read_ok\",\"in_reply_to\":1,\"value\":4.0}", GV_LOAD_PN_COUNTER,
         GV_HISTORY_READ, "is not an integer"},
        {"{\"type\":\"echo_ok\",\"in_reply_to\":1,\"echo\":null}", GV_LOAD_ECHO, GV_HISTORY_ECHO,
         NULL},
        {"{\"type\":\"generate_ok\",\"in_reply_to\":1,\"id\":[1]}", GV_LOAD_UNIQUE_IDS,
         GV_HISTORY_GENERATE, NULL},
        {"{\"type\":\"generate_ok\",\"in_reply_to\":1}", GV_LOAD_UNIQUE_IDS, GV_HISTORY_GENERATE,
         "has no \"id\""},
        {"{\"in_reply_to\":1}", GV_LOAD_ECHO, GV_HISTORY_ECHO, "type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int token = reply(cases[i].body, cases[i].load, cases[i].op);
        assert_int_equal(token < 0, cases[i].why != NULL);
        if (cases[i].why != NULL) assert_non_null(strstr(why, cases[i].why));
    }
    int token = reply("{\"type\":\"echo_ok\",\"echo\":\"hi\",\"in_reply_to\":1}", GV_LOAD_ECHO,
                      GV_HISTORY_ECHO);
    assert_true(gv_json_equals(&gv_fixture_json, token, "hi"));
}

static void init_ok_may_carry_more_but_topology_ok_may_not(void **state) {
    (void)state;
    const char *init = "{\"type\":\"init_ok\",\"in_reply_to\":1,\"version\":3}";
    assert_true(gv_json_parse(&gv_fixture_json, init, strlen(init)) > 0);
    assert_true(gv_check_protocol_reply(&gv_fixture_json, 0, GV_LOAD_INIT, why) >= 0);
    const char *topology = "{\"type\":\"topology_ok\",\"in_reply_to\":1,\"version\":3}";
    assert_true(gv_json_parse(&gv_fixture_json, topology, strlen(topology)) > 0);
    assert_true(gv_check_protocol_reply(&gv_fixture_json, 0, GV_LOAD_TOPOLOGY, why) < 0);
}

static void errors_have_a_code(void **state) {
    (void)state;
    static const struct {
        const char *members;
        int definite;    // -1: the reply is malformed
        const char *why; // the reason, if it is malformed
    } cases[] = {
        {"\"code\":11,\"text\":\"later\"", 1, NULL},
        {"\"code\":0", 0, NULL},
        {"\"code\":13,\"msg_id\":4", 0, NULL},
        {"\"code\":1000,\"mood\":[null],\"retry\":true", 0, NULL},
        {"\"code\":123456789012345678901234567890", 0, NULL},
        {"\"text\":\"no\"", -1, "without a \"code\""},
        {"\"code\":\"x\"", -1, "is not an integer"},
        {"\"code\":\"11\"", -1, "is not an integer"},
        {"\"code\":11.5", -1, "is not an integer"},
        {"\"code\":11.0", -1, "is not an integer"},
        {"\"code\":null", -1, "is not an integer"},
        {"\"code\":999", -1, "(999) is none of Maelstrom's"},
        {"\"code\":-1", -1, "(-1)"},
        {"\"code\":-123456789012345678901234567890", -1, "none of Maelstrom's"},
        {"\"code\":11,\"text\":5", -1, "\"text\" is not a string"},
        {"\"code\":11,\"msg_id\":\"1\"", -1, "\"msg_id\" that is not an integer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[160];
        snprintf(body, sizeof body, "{\"type\":\"error\",\"in_reply_to\":1,%s}", cases[i].members);
        assert_true(gv_json_parse(&gv_fixture_json, body, strlen(body)) > 0);
        bool definite = true;
        int error = gv_check_protocol_error(&gv_fixture_json, 0, &definite, why);
        assert_int_equal(error, cases[i].definite < 0 ? GV_ESYNTAX : 0);
        assert_int_equal(definite, cases[i].definite == 1);
        if (cases[i].why != NULL) assert_non_null(strstr(why, cases[i].why));
    }
}

static void the_definite_errors_are_maelstroms(void **state) {
    (void)state;
    static const int definite[] = {1, 10, 11, 12, 14, 20, 21, 22, 30};
    size_t next = 0;
    for (int code = -1; code < 2000; code++) {
        bool want = next < sizeof definite / sizeof *definite && definite[next] == code;
        next += want;
        assert_int_equal(gv_check_protocol_definite(code), want);
    }
}

static void messages_between_nodes_need_no_parser(void **state) {
    (void)state;
    struct gv_check_protocol_gossip gossip;
    static const char line[] =
        "{\"src\":\"n3\",\"dest\":\"n120\",\"body\":{\"type\":\"t\",\"x\":1}}";
    struct gv_slice text = {(const uint8_t *)line, sizeof line - 1};
    assert_true(gv_check_protocol_gossip(text, &gossip));
    assert_int_equal(gossip.src, 3);
    assert_int_equal(gossip.dest, 120);
    assert_int_equal(gossip.type.len, 1);
    assert_int_equal(gossip.body.len, strlen("{\"type\":\"t\",\"x\":1}"));
    assert_memory_equal(gossip.body.data, "{\"type\":\"t\",\"x\":1}", gossip.body.len);
    // A line cut anywhere must be parsed; nothing is read beyond its end.
    for (size_t len = 0; len < text.len - 2; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, line, len);
        struct gv_slice part = {(const uint8_t *)copy, len};
        assert_false(gv_check_protocol_gossip(part, &gossip));
        free(copy);
    }
    static const char *const others[] = {
        "{\"src\":\"n3\",\"dest\":\"c1\",\"body\":{\"type\":\"t\"}}",
        "{\"src\":\"n03\",\"dest\":\"n1\",\"body\":{\"type\":\"t\"}}",
        "{\"src\":\"n\",\"dest\":\"n1\",\"body\":{\"type\":\"t\"}}",
        "{\"src\":\"n1234567\",\"dest\":\"n1\",\"body\":{\"type\":\"t\"}}",
        "{\"dest\":\"n1\",\"src\":\"n3\",\"body\":{\"type\":\"t\"}}",
        "{\"src\":\"n3\",\"dest\":\"n1\",\"body\":{\"type\":\"\\u0041\"}}",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct gv_slice other = {(const uint8_t *)others[i], strlen(others[i])};
        assert_false(gv_check_protocol_gossip(other, &gossip));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_frames),
        cmocka_unit_test(bad_frames),
        cmocka_unit_test(replies_are_closed),
        cmocka_unit_test(init_ok_may_carry_more_but_topology_ok_may_not),
        cmocka_unit_test(messages_between_nodes_need_no_parser),
        cmocka_unit_test(errors_have_a_code),
        cmocka_unit_test(the_definite_errors_are_maelstroms),
    };
    return cmocka_run_group_tests(tests, gv_fixture_set_up, gv_fixture_tear_down);
}
