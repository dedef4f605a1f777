// SPDX-License-Identifier: MIT
#include "../lib/ref.h"
#include "../lib/test.h"

#include "../../codec/json_string.h"
#include "../../engine/prng.h"

#include <stdlib.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// Every code point has one encoding. It is invalid if it is truncated, or if an ASCII byte replaces
// one of its bytes.
static void test_utf8_points(void **state) {
    (void)state;
    for (long point = 0; point <= 0x10ffff; point++) {
        char bytes[4];
        size_t len = gv_ref_encode(point, bytes);
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        if (gv_json_string_utf8((uint8_t *)bytes, len) != (surrogate ? 0 : len))
            fail_msg("U+%04lX", (unsigned long)point);
        if (point % 61 != 0) continue;
        for (size_t cut = 1; cut < len; cut++) {
            assert_int_equal(gv_json_string_utf8((uint8_t *)bytes, cut), 0);
            char kept = bytes[cut];
            bytes[cut] = 'a';
            assert_int_equal(gv_json_string_utf8((uint8_t *)bytes, len), 0);
            bytes[cut] = kept;
        }
    }
}

// Tries all pairs of leading bytes, with valid bytes after them. The number of accepted sequences
// must be the number of code points.
static void test_utf8_lengths(void **state) {
    (void)state;
    long counts[5] = {0};
    for (unsigned n = 0; n < 0x10000; n++) {
        uint8_t bytes[4] = {(uint8_t)(n >> 8), (uint8_t)n, 0x80, 0x80};
        counts[gv_json_string_utf8(bytes, 4)]++;
    }
    assert_int_equal(counts[1], 0x80 * 256);
    assert_int_equal(counts[2], 0x800 - 0x80);
    assert_int_equal(counts[3], (0x10000 - 0x800 - 0x800) / 64);
    assert_int_equal(counts[4], (0x110000 - 0x10000) / 4096);
}

// Every byte at every offset of texts of every length and alignment.
static void test_plain(void **state) {
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        char *text = malloc(len + (len == 0));
        assert_non_null(text);
        memset(text, 'a', len);
        assert_true(gv_json_string_plain(text, len));
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '\\';
                text[at] = (char)byte;
                if (gv_json_string_plain(text, len) != plain)
                    fail_msg("byte %02x at %zu of %zu", (unsigned)byte, at, len);
            }
            text[at] = at % 2 ? ' ' : '\x7f'; // the smallest and the largest plain byte
        }
        free(text);
    }
}

static void test_scan(void **state) {
    (void)state;
    static const struct {
        const char *text, *fault;
        size_t end;
        bool escaped;
    } cases[] = {
        {"\"", NULL, 0, false},
        {"a\"b\"", NULL, 1, false},
        {"\\\"\"", NULL, 2, true},
        {"\\\\\"\"", NULL, 2, true},
        {"\\ud83d\\ude00\"", NULL, 12, true},
        {"", "unterminated string", 0, false},
        {"abc", "unterminated string", 3, false},
        {"\\", "unterminated string", 1, true},
        {"a\\q\"", "unknown escape", 1, true},
        {"a\nb\"", "control character in a string", 1, false},
        {"a\xc3\"", "invalid UTF-8", 1, false},
        {"\\n\\ude00\"", "lone low surrogate", 2, true},
        {"\\ud83d\\ude0\"", "lone high surrogate", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t lead = 0; lead < 20; lead++) { // every alignment in a word
            char text[64];
            size_t end = 99;
            bool escaped = false;
            memset(text, '"', lead); // before `at`, so it must not be read
            strcpy(text + lead, cases[i].text);
            const char *fault = gv_json_string_scan(text, strlen(text), lead, &end, &escaped);
            if (cases[i].fault == NULL) {
                assert_null(fault);
            } else {
                assert_non_null(fault);
                assert_string_equal(fault, cases[i].fault);
            }
            assert_int_equal(end, lead + cases[i].end);
            assert_int_equal(escaped, cases[i].escaped);
        }
    }
}

static int sign(int order) {
    return (order > 0) - (order < 0);
}

static void test_compare(void **state) {
    (void)state;
    // In ascending order. Strings on one line are equal.
    static const char *ladder[][3] = {
        {"", "", ""},
        {"\\u0000", "\\u0000", "\\u0000"},
        {"\\u0000a", "\\u0000\\u0061", "\\u0000a"},
        {"\\n", "\\u000a", "\\u000A"},
        {" ", "\\u0020", " "},
        {"\\\"", "\\u0022", "\\\""},
        {"/", "\\/", "\\u002f"},
        {"A", "\\u0041", "A"},
        {"\\\\", "\\u005c", "\\u005C"},
        {"a", "\\u0061", "a"},
        {"aa", "\\u0061a", "a\\u0061"},
        {"b", "b", "\\u0062"},
        {"\x7f", "\\u007f", "\\u007F"},
        {"\xc3\xa9", "\\u00e9", "\\u00E9"},
        {"\xef\xbf\xbf", "\\uffff", "\\uFFFF"},
        {"\xf0\x9f\x98\x80", "\\ud83d\\ude00", "\\uD83D\\uDE00"},
        {"\xf0\x9f\x98\x80\\u0001", "\\ud83d\\ude00\\u0001", "\\uD83D\\uDE00\\u0001"},
    };
    int steps = sizeof ladder / sizeof *ladder;
    for (int a = 0; a < steps * 3; a++) {
        char bytes[32];
        int len = gv_json_string_unescape(slice(ladder[a / 3][a % 3]), bytes, sizeof bytes);
        assert_true(len >= 0);
        for (int b = 0; b < steps * 3; b++) {
            struct gv_slice text_a = slice(ladder[a / 3][a % 3]);
            struct gv_slice text_b = slice(ladder[b / 3][b % 3]);
            assert_int_equal(sign(gv_json_string_compare(text_a, text_b)), sign(a / 3 - b / 3));
            bool equal =
                gv_json_string_equals(text_b, (struct gv_slice){(uint8_t *)bytes, (size_t)len});
            assert_int_equal(equal, a / 3 == b / 3);
        }
    }
}

// Random UTF-8 is unchanged after quoting, scanning and unescaping. The quoted text is its own
// canonical form, and fits a buffer of exactly its size.
static void test_round_trip(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 20000; round++) {
        char bytes[80], quoted[400], back[400];
        size_t len = 0, end;
        for (uint64_t left = gv_prng_below(&prng, 20); left > 0; left--) {
            static const long most[] = {0x20, 0x80, 0x80, 0x800, 0xd800, 0x110000};
            long point = (long)gv_prng_below(&prng, (uint64_t)most[gv_prng_below(&prng, 6)]);
            if (point < 0xd800 || point > 0xdfff) len += gv_ref_encode(point, bytes + len);
        }
        struct gv_slice text = {(uint8_t *)bytes, len};
        int size = gv_json_string_quote(text, quoted, sizeof quoted);
        assert_true(size >= 2);
        assert_int_equal(gv_json_string_quote(text, back, (size_t)size), size);
        assert_int_equal(gv_json_string_quote(text, back, (size_t)size - 1), GV_ESPACE);

        bool escaped;
        assert_null(gv_json_string_scan(quoted, (size_t)size, 1, &end, &escaped));
        assert_int_equal(end, size - 1);
        assert_int_equal(escaped, memchr(quoted, '\\', (size_t)size) != NULL);
        struct gv_slice raw = {(uint8_t *)quoted + 1, end - 1};
        assert_int_equal(gv_json_string_unescape(raw, back, len), len);
        assert_memory_equal(back, bytes, len);
        if (len > 0) assert_int_equal(gv_json_string_unescape(raw, back, len - 1), GV_ESPACE);
        assert_true(gv_json_string_equals(raw, text));
        assert_int_equal(gv_json_string_canonical(raw, back, (size_t)size), size);
        assert_memory_equal(back, quoted, (size_t)size);
        assert_int_equal(gv_json_string_canonical(raw, back, (size_t)size - 1), GV_ESPACE);

        if (len == 0) continue;
        bytes[gv_prng_below(&prng, len)] = '\xff'; // this byte never occurs in UTF-8
        assert_int_equal(gv_json_string_quote(text, quoted, sizeof quoted), GV_ESYNTAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_points), cmocka_unit_test(test_utf8_lengths),
        cmocka_unit_test(test_plain),       cmocka_unit_test(test_scan),
        cmocka_unit_test(test_compare),     cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
