// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../node/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static struct gv_engine *engine_of(int values) {
    struct gv_engine *engine;
    struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    for (int i = 0; i < values; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i * 7);
        struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(text)};
        assert_int_equal(gv_engine_put(engine, 0, &entry), 1);
    }
    return engine;
}

static void open_reply(struct gv_replies *replies, size_t line) {
    assert_int_equal(gv_replies_reserve(replies, line), 0);
    gv_replies_open(replies, slice("\"n1\""), slice("\"c1\""), slice("-4"));
}

static void check_sent(struct gv_replies *replies, const struct gv_engine *engine,
                       const char *want) {
    char buf[1024];
    size_t len = 0, n;
    while ((n = gv_replies_send(replies, engine, buf + len, sizeof buf - len, true)) > 0) len += n;
    assert_int_equal(len, strlen(want));
    assert_memory_equal(buf, want, len);
    assert_false(replies->midline);
}

#define HEAD "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\""

static void test_forms(void **state) {
    (void)state;
    struct gv_replies replies;
    struct gv_engine *engine = engine_of(3), *empty = engine_of(0);
    gv_replies_init(&replies, gv_base_malloc());
    open_reply(&replies, 20);
    gv_replies_ok(&replies, "x_ok");
    check_sent(&replies, NULL, HEAD "x_ok\",\"in_reply_to\":-4}}\n");
    open_reply(&replies, 20);
    gv_replies_json(&replies, "x_ok", "m", slice("[ ]"));
    check_sent(&replies, NULL, HEAD "x_ok\",\"in_reply_to\":-4,\"m\":[ ]}}\n");
    open_reply(&replies, 20);
    gv_replies_integer(&replies, "x_ok", "m", INT64_MIN);
    check_sent(&replies, NULL, HEAD "x_ok\",\"in_reply_to\":-4,\"m\":-9223372036854775808}}\n");
    open_reply(&replies, 20);
    gv_replies_list(&replies, "x_ok", "m", engine);
    check_sent(&replies, engine, HEAD "x_ok\",\"in_reply_to\":-4,\"m\":[0,7,14]}}\n");
    open_reply(&replies, 20);
    gv_replies_list(&replies, "x_ok", "m", empty);
    check_sent(&replies, empty, HEAD "x_ok\",\"in_reply_to\":-4,\"m\":[]}}\n");
    assert_int_equal(replies.errors, 0);
    open_reply(&replies, 20);
    gv_replies_error(&replies, 12, "a \"b\" \n\xc3\xa9");
    check_sent(&replies, NULL,
               HEAD "error\",\"in_reply_to\":-4,\"code\":12,"
                    "\"text\":\"a \\\"b\\\" \\n\xc3\xa9\"}}\n");
    assert_int_equal(replies.errors, 1);
    gv_engine_free(engine);
    gv_engine_free(empty);
    gv_replies_fini(&replies);
}

// A text that is too long, needs escapes or ends within a character is truncated to valid JSON.
static void test_error_texts(void **state) {
    (void)state;
    struct gv_replies replies;
    gv_replies_init(&replies, gv_base_malloc());
    static const char *const units[] = {"x", "\x01", "\xe2\x82\xac", "\"", "a\xc3"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        char text[900] = "", out[2048];
        for (int j = 0; j < 250; j++) strcat(text, units[i]);
        open_reply(&replies, 20);
        gv_replies_error(&replies, 10, text);
        size_t len = gv_replies_send(&replies, NULL, out, sizeof out, true);
        struct gv_json json;
        gv_json_init(&json, gv_base_malloc(), 0, 0);
        assert_true(gv_json_parse(&json, out, len) > 0);
        assert_true(len <= GV_REPLIES_OVERHEAD);
        gv_json_fini(&json);
    }
    gv_replies_fini(&replies);
}

// Replies of all kinds, sent in pieces of random sizes, form one text in order. The buffer is at
// most twice as large as the unsent text.
static void test_pieces(void **state) {
    (void)state;
    enum { VALUES = 500, ROUNDS = 20000, CAP = 4096, OUT = 32 << 20 };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_engine *engine = engine_of(VALUES);
    static char list[VALUES * 6], echo[3000];
    for (int i = 0; i < VALUES; i++) sprintf(list + strlen(list), "%s%d", i > 0 ? "," : "", i * 7);
    memset(echo, '8', sizeof echo);
    struct gv_replies replies;
    gv_replies_init(&replies, gv_base_malloc());
    char *want = malloc(OUT), *out = malloc(OUT);
    assert_non_null(want);
    assert_non_null(out);
    size_t want_len = 0, out_len = 0, most = 0;
    for (int i = 0; i < ROUNDS; i++) {
        bool draining = gv_replies_waiting(&replies) > 100000 || i > ROUNDS - 5000;
        if (!draining && gv_prng_below(&prng, 3) > 0) {
            size_t len = gv_prng_below(&prng, 8) == 0 ? gv_prng_below(&prng, sizeof echo) + 1 : 4;
            open_reply(&replies, len + 8);
            want_len += (size_t)sprintf(want + want_len, HEAD "t\",\"in_reply_to\":-4,\"m\":");
            if (gv_prng_below(&prng, 10) == 0) {
                gv_replies_list(&replies, "t", "m", engine);
                want_len += (size_t)sprintf(want + want_len, "[%s]", list);
            } else {
                gv_replies_json(&replies, "t", "m", (struct gv_slice){(uint8_t *)echo, len});
                memcpy(want + want_len, echo, len);
                want_len += len;
            }
            want_len += (size_t)sprintf(want + want_len, "}}\n");
        } else {
            size_t cap = gv_prng_below(&prng, CAP) + 8; // longer than any value
            bool waits = gv_replies_waiting(&replies) > 0;
            size_t len = gv_replies_send(&replies, engine, out + out_len, cap, true);
            assert_true(len <= cap);
            assert_true((len > 0) == waits);
            out_len += len;
            if (len > 0) assert_true(replies.midline == (out[out_len - 1] != '\n'));
        }
        if (gv_prng_below(&prng, 4) == 0) gv_replies_trim(&replies);
        if (gv_replies_waiting(&replies) > most) most = gv_replies_waiting(&replies);
        assert_true(want_len < OUT - 8192);
    }
    assert_int_equal(gv_replies_waiting(&replies), 0);
    assert_int_equal(out_len, want_len);
    assert_memory_equal(out, want, want_len);
    assert_true(replies.cap <= 2 * (most + GV_REPLIES_OVERHEAD + sizeof echo + 8));
    free(want);
    free(out);
    gv_replies_fini(&replies);
    gv_engine_free(engine);
}

// If the caller's buffer is not empty, a line that does not fit is not begun.
static void test_whole_lines(void **state) {
    (void)state;
    struct gv_replies replies;
    gv_replies_init(&replies, gv_base_malloc());
    for (int i = 0; i < 2; i++) {
        open_reply(&replies, 20);
        gv_replies_ok(&replies, "x_ok");
    }
    size_t line = gv_replies_waiting(&replies) / 2;
    char buf[256];
    assert_int_equal(gv_replies_send(&replies, NULL, buf, line - 1, false), 0);
    assert_int_equal(gv_replies_send(&replies, NULL, buf, line + 5, false), line);
    assert_int_equal(gv_replies_send(&replies, NULL, buf, 5, true), 5);
    assert_true(replies.midline);
    assert_int_equal(gv_replies_send(&replies, NULL, buf, sizeof buf, false), line - 5);
    assert_false(replies.midline);
    assert_int_equal(gv_replies_send(&replies, NULL, buf, sizeof buf, true), 0);
    gv_replies_fini(&replies);
}

// Memory reserved for a long line can be freed, and unsent replies remain.
static void test_trim(void **state) {
    (void)state;
    struct gv_replies replies;
    gv_replies_init(&replies, gv_base_malloc());
    open_reply(&replies, 1 << 20);
    gv_replies_ok(&replies, "x_ok");
    size_t line = gv_replies_waiting(&replies);
    assert_true(replies.cap >= 1 << 20);
    gv_replies_trim(&replies);
    assert_true(replies.cap < 8192);
    char buf[256];
    assert_int_equal(gv_replies_send(&replies, NULL, buf, sizeof buf, true), line);
    assert_true(buf[0] == '{' && buf[line - 1] == '\n');
    gv_replies_fini(&replies);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_whole_lines),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
