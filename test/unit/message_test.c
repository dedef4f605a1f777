// SPDX-License-Identifier: MIT
#include "../../codec/message.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static void assert_slice(struct gv_slice got, const char *want) {
    assert_int_equal(got.len, strlen(want));
    if (got.len > 0) assert_memory_equal(got.data, want, got.len);
}

static struct gv_json parser(void) {
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    return json;
}

static const struct gv_entry one_set = {.lattice = GV_LATTICE_SET,
                                        .key = {(const uint8_t *)"17", 2}};

static void golden_message(void **state) {
    (void)state;
    char buf[1024];
    struct gv_message head = {.has_id = true,
                              .id = 7,
                              .immediate_ack = true,
                              .to_parent = true,
                              .next_flush_ms = 380,
                              .has_ack = true,
                              .ack = {41, 3, 1500}};
    struct gv_message_writer out;
    gv_message_begin(&out, &head, buf, sizeof buf);
    assert_true(gv_message_put(&out, &one_set, 0));
    struct gv_entry text = {.lattice = GV_LATTICE_SET, .key = slice("\"x\"")};
    assert_true(gv_message_put(&out, &text, 0));
    struct gv_entry counter = {
        .lattice = GV_LATTICE_COUNTER, .key = slice("[\"n1\",3,\"+\"]"), .count = UINT64_MAX};
    assert_true(gv_message_put(&out, &counter, 0));
    struct gv_entry reg = {.lattice = GV_LATTICE_REGISTER,
                           .key = slice("\"k\""),
                           .value = slice("null"),
                           .lamport = 9,
                           .node = slice("\"n2\"")};
    assert_true(gv_message_put(&out, &reg, 0));
    struct gv_entry element = {
        .lattice = GV_LATTICE_LOG, .key = slice("[\"k\",16384]"), .value = slice("{\"a\":1}")};
    assert_true(gv_message_put(&out, &element, 0));
    size_t len = gv_message_end(&out, (struct gv_slice){0});
    const char *want = "{\"type\":\"gossip\",\"v\":2,\"id\":7,\"ask\":1,\"up\":1,\"next\":380,"
                       "\"ack\":[41,3,1500],\"entries\":[{\"set\":[17,\"x\"]},"
                       "{\"counter\":[[[\"n1\",3,\"+\"],18446744073709551615]]},"
                       "{\"register\":[[\"k\",null,9,\"n2\"]]},"
                       "{\"log\":[[[\"k\",16384],{\"a\":1}]]}]}";
    assert_slice((struct gv_slice){(uint8_t *)buf, len}, want);

    struct gv_message empty = {.sync = true};
    gv_message_begin(&out, &empty, buf, sizeof buf);
    len = gv_message_end(&out, (struct gv_slice){(const uint8_t *)"\x01\x02\x03", 3});
    assert_slice((struct gv_slice){(uint8_t *)buf, len},
                 "{\"type\":\"sync\",\"v\":2,\"ranges\":\"AQID\"}");
}

static void round_trip(void **state) {
    (void)state;
    const char *text = "{\"v\":2,\"type\":\"sync\",\"later\":[{}],\"id\":18446744073709551615,"
                       "\"ack\":[5,18446744073709551615,0],\"ranges\":\"AQID\",\"entries\":"
                       "[{\"set\":[ \"\\u0041\" , {\"b\":1, \"a\":[ ]} ]},{\"counter\":[]},"
                       "{\"register\":[[1,2,3,\"n\"]]},{\"log\":[ [ [ \"k\", 5 ],[ ]]]}]}";
    struct gv_json json = parser();
    struct gv_message message;
    const char *fault;
    assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
    assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
    assert_true(message.sync && message.has_id && message.has_ack && !message.immediate_ack &&
                !message.to_parent);
    assert_true(message.id == UINT64_MAX && message.ack.mask == UINT64_MAX);
    assert_slice(message.ranges, "AQID");

    struct gv_message_cursor cursor;
    struct gv_entry entry;
    char scratch[64];
    gv_message_entries(&message, &cursor);
    assert_int_equal(gv_message_next(&cursor, &entry, scratch, sizeof scratch), 1);
    assert_slice(entry.key, "\"A\"");
    assert_int_equal(gv_message_next(&cursor, &entry, scratch, sizeof scratch), 1);
    assert_slice(entry.key, "{\"a\":[],\"b\":1}");
    assert_int_equal(gv_message_next(&cursor, &entry, scratch, sizeof scratch), 1);
    assert_int_equal(entry.lattice, GV_LATTICE_REGISTER);
    assert_slice(entry.value, "2");
    assert_slice(entry.node, "\"n\"");
    assert_int_equal(entry.lamport, 3);
    assert_int_equal(gv_message_next(&cursor, &entry, scratch, sizeof scratch), 1);
    assert_int_equal(entry.lattice, GV_LATTICE_LOG);
    assert_slice(entry.key, "[\"k\",5]");
    assert_slice(entry.value, "[]");
    assert_int_equal(gv_message_next(&cursor, &entry, scratch, sizeof scratch), 0);
    gv_json_fini(&json);
}

static void bad_headers(void **state) {
    (void)state;
    static const struct {
        const char *text, *fault;
        int error;
    } cases[] = {
        {"[]", "body", GV_ETYPE},
        {"{\"type\":\"gossip\"}", "v", GV_EVERSION},
        {"{\"v\":1}", "v", GV_EVERSION},
        {"{\"v\":3}", "v", GV_EVERSION},
        {"{\"v\":\"1\"}", "v", GV_ETYPE},
        {"{\"v\":2,\"id\":-1}", "id", GV_ERANGE},
        {"{\"v\":2,\"id\":1.5}", "id", GV_ETYPE},
        {"{\"v\":2,\"id\":18446744073709551616}", "id", GV_ERANGE},
        {"{\"v\":2,\"ask\":2}", "ask", GV_ERANGE},
        {"{\"v\":2,\"ask\":true}", "ask", GV_ETYPE},
        {"{\"v\":2,\"up\":[]}", "up", GV_ETYPE},
        {"{\"v\":2,\"next\":4294967296}", "next", GV_ERANGE},
        {"{\"v\":2,\"ack\":7}", "ack", GV_ETYPE},
        {"{\"v\":2,\"ack\":[1,2]}", "ack", GV_ETYPE},
        {"{\"v\":2,\"ack\":[1,2,3,4]}", "ack", GV_ETYPE},
        {"{\"v\":2,\"ack\":[1,-2,3]}", "ack", GV_ERANGE},
        {"{\"v\":2,\"life\":4294967296}", "life", GV_ERANGE},
        {"{\"v\":2,\"recover\":2}", "recover", GV_ERANGE},
        {"{\"v\":2,\"told\":[1,2]}", "told", GV_ETYPE},
        {"{\"v\":2,\"told\":[4294967296,2,3]}", "told", GV_ERANGE},
        {"{\"v\":2,\"ranges\":5}", "ranges", GV_ETYPE},
        {"{\"v\":2,\"entries\":{}}", "entries", GV_ETYPE},
    };
    struct gv_json json = parser();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_message message;
        const char *fault = NULL;
        assert_true(gv_json_parse(&json, cases[i].text, strlen(cases[i].text)) > 0);
        int error = gv_message_decode(&message, &json, 0, &fault);
        if (error != cases[i].error) fail_msg("%s: %d", cases[i].text, error);
        assert_string_equal(fault, cases[i].fault);
    }
    gv_json_fini(&json);
}

static void bad_entries_are_skipped(void **state) {
    (void)state;
    const char *text =
        "{\"v\":2,\"entries\":[7,{\"set\":1},{\"bag\":[1]},{\"set\":[1],\"counter\":[]},{},"
        "{\"counter\":[5,[1],[1,\"2\"],[1,-2],[1,2,3],[\"a\",4]]},"
        "{\"register\":[[1,2,3,4],[1,2,\"3\",\"n\"],[1,2,3],[8,2,3,\"n\"],[1,2,3,\"n\",5]]},"
        "{\"log\":[[],[[1,2]],[[1,2],3,4],7,[[1,2],3]]},"
        "{\"set\":[\"longer than the scratch memory is, by far\",9]}]}";
    struct gv_json json = parser();
    struct gv_message message;
    const char *fault;
    assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
    assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
    struct gv_message_cursor cursor;
    struct gv_entry entry;
    char scratch[24];
    gv_message_entries(&message, &cursor);
    int more, good = 0, bad = 0;
    while ((more = gv_message_next(&cursor, &entry, scratch, sizeof scratch)) != 0) {
        good += more > 0;
        bad += more < 0;
    }
    assert_int_equal(good, 4); // ["a",4], [8,…], [[1,2],3] and 9
    assert_int_equal(bad, 5 + 5 + 4 + 4 + 1);
    gv_json_fini(&json);
}

// The longest header is a message like any other, and its canonical text covers all members.
static void longest_header(void **state) {
    (void)state;
    struct gv_json json = parser(), canonical;
    char buf[GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL], text[sizeof buf];
    struct gv_message head = {
        .has_id = true,
        .id = UINT64_MAX,
        .immediate_ack = true,
        .to_parent = true,
        .next_flush_ms = UINT32_MAX,
        .has_ack = true,
        .ack = {UINT64_MAX, UINT64_MAX, UINT64_MAX},
        .life = UINT32_MAX,
        .recover = true,
        .has_told = true,
        .told = {UINT32_MAX, (UINT64_C(1) << 39) - 1, UINT64_MAX},
    };
    struct gv_message_writer out;
    struct gv_message message;
    const char *fault;
    gv_message_begin(&out, &head, buf, sizeof buf);
    size_t len = gv_message_end(&out, (struct gv_slice){0});
    assert_true(gv_json_parse(&json, buf, len) > 0);
    assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
    assert_int_equal(message.life, head.life);
    assert_true(message.recover && message.has_told);
    assert_int_equal(message.told.life, head.told.life);
    assert_int_equal(message.told.count, head.told.count);
    assert_int_equal(message.told.sum, head.told.sum);
    assert_int_equal(gv_message_canonical(&json, 0, text, sizeof text, &canonical), len);
    assert_memory_equal(text, buf, len);
    gv_json_fini(&json);
}

// With every capacity the message is well-formed, and each entry is written completely or not at
// all.
static void every_capacity(void **state) {
    (void)state;
    struct gv_json json = parser();
    char buf[1200];
    const char *ranges = "0123456789";
    for (size_t cap = GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL + GV_MESSAGE_RANGES(10);
         cap < sizeof buf; cap++) {
        struct gv_message head = {.sync = true, .has_id = true, .id = UINT64_MAX};
        struct gv_message_writer out;
        gv_message_begin(&out, &head, buf, cap);
        int put = 0;
        struct gv_entry counter = {
            .lattice = GV_LATTICE_COUNTER, .key = slice("\"c\""), .count = UINT64_MAX};
        while (gv_message_put(&out, put % 3 == 2 ? &counter : &one_set, GV_MESSAGE_RANGES(10)))
            put++;
        size_t len = gv_message_end(&out, slice(ranges));
        assert_true(len <= cap);
        struct gv_message message;
        const char *fault;
        assert_true(gv_json_parse(&json, buf, len) > 0);
        assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
        struct gv_message_cursor cursor;
        struct gv_entry entry;
        char scratch[16];
        gv_message_entries(&message, &cursor);
        int got = 0;
        while (gv_message_next(&cursor, &entry, scratch, sizeof scratch) == 1) got++;
        assert_int_equal(got, put);
    }
    gv_json_fini(&json);
}

static int canonical_of(struct gv_json *json, const char *text, char *buf, size_t cap,
                        struct gv_json *out) {
    assert_true(gv_json_parse(json, text, strlen(text)) > 0);
    return gv_message_canonical(json, 0, buf, cap, out);
}

// Writes a message with the contents that a parser finds in a text.
static size_t write_again(struct gv_json *json, char *buf, size_t cap, char *scratch,
                          size_t scratch_cap) {
    struct gv_message message;
    struct gv_message_cursor cursor;
    struct gv_message_writer out;
    struct gv_entry entry;
    const char *fault;
    uint8_t ranges[64];
    assert_int_equal(gv_message_decode(&message, json, 0, &fault), 0);
    gv_message_begin(&out, &message, buf, cap);
    gv_message_entries(&message, &cursor);
    while (gv_message_next(&cursor, &entry, scratch, scratch_cap) == 1)
        assert_true(gv_message_put(&out, &entry, 0));
    int len = gv_pack_get_base64(message.ranges, ranges, sizeof ranges);
    assert_true(len >= 0);
    return gv_message_end(&out, (struct gv_slice){ranges, (size_t)len});
}

// Every spelling of a message has the canonical text that the writer wrote. The parser of the
// canonical text finds the same contents as the parser of the spelling.
static void canonical_text(void **state) {
    (void)state;
    static const char want[] =
        "{\"type\":\"sync\",\"v\":2,\"id\":7,\"ask\":1,\"up\":1,\"next\":380,"
        "\"ack\":[5,3,0],\"entries\":[{\"set\":[\"A\",{\"a\":[],\"b\":1}]},"
        "{\"counter\":[[\"n\",5]]}],\"ranges\":\"AQID\"}";
    static const char other[] =
        " { \"later\" : [ { } ], \"ranges\":\"AQI\\u0044\", \"v\":2,\"entries\":[ { \"set\":"
        "[ \"\\u0041\" , {\"b\":1, \"a\":[ ]} ]},{\"count\\u0065r\":[[\"n\", 5]]}],"
        "\"up\":1,\"ask\":1,\"id\":7,\"next\":380, \"type\":\"s\\u0079nc\",\"ack\":[5, 3,-0] } ";
    const struct {
        const char *text, *want;
    } cases[] = {{want, want}, {other, want}, {"{}", "{}"}, {"{\"seal\":1}", "{}"}};
    struct gv_json json = parser(), view;
    char buf[sizeof other];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int len = (int)strlen(cases[i].want);
        assert_int_equal(canonical_of(&json, cases[i].text, buf, sizeof buf, &view), len);
        assert_memory_equal(buf, cases[i].want, (size_t)len);
        assert_int_equal(gv_json_raw(&view, 0).len, len);
        assert_int_equal(canonical_of(&json, cases[i].text, buf, (size_t)len, &view), len);
        for (int cap = 0; cap < len; cap++)
            assert_int_equal(canonical_of(&json, cases[i].text, buf, (size_t)cap, &view),
                             GV_ESPACE);
        if (i > 1) continue;
        char again[2][512], scratch[64];
        assert_int_equal(canonical_of(&json, cases[i].text, buf, sizeof buf, &view), len);
        size_t viewed = write_again(&view, again[0], sizeof again[0], scratch, sizeof scratch);
        assert_true(gv_json_parse(&json, buf, (size_t)len) > 0);
        size_t parsed = write_again(&json, again[1], sizeof again[1], scratch, sizeof scratch);
        assert_int_equal(viewed, len);
        assert_int_equal(parsed, len);
        assert_memory_equal(again[0], want, (size_t)len);
        assert_memory_equal(again[1], want, (size_t)len);
    }
    assert_int_equal(canonical_of(&json, "[]", buf, sizeof buf, &view), GV_ETYPE);
    gv_json_fini(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_message), cmocka_unit_test(round_trip),
        cmocka_unit_test(bad_headers),    cmocka_unit_test(bad_entries_are_skipped),
        cmocka_unit_test(longest_header), cmocka_unit_test(every_capacity),
        cmocka_unit_test(canonical_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
