// SPDX-License-Identifier: MIT
#include "../../node/escape.h"
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../sim/check/verdict.h"
#include "../../sim/core/envelope.h"

#include <string.h>

static char shown[64];

static const char *show(const char *text, size_t len) {
    size_t size = gv_escape_copy(shown, sizeof shown, text, len);
    assert_int_equal(size, strlen(shown));
    return shown;
}

static void control_characters_are_escaped(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"plain, größer, 例, 😀", "plain, größer, 例, 😀"},
        {"\x1b[2J\x07", "\\x1b[2J\\x07"},
        {"a\tb\r\n\x7f", "a\\tb\\r\\n\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"}, // CSI as one character
        {"\xe2\x80\xae"
         "cod",
         "\\u202ecod"}, // from right to left
        {"\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82"},
        {"\xc0\x9b\xed\xa0\x80", "\\xc0\\x9b\\xed\\xa0\\x80"}, // overlong; a surrogate
        {"\xef\xbb\xbfx", "\\ufeffx"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(show(cases[i][0], strlen(cases[i][0])), cases[i][1]);
        char again[sizeof shown];
        gv_escape_copy(again, sizeof again, shown, strlen(shown));
        assert_string_equal(again, shown);
    }
    assert_string_equal(show("a\0b", 3), "a\\x00b");
}

static void texts_are_cut_between_characters(void **state) {
    (void)state;
    for (size_t cap = 1; cap <= 12; cap++) {
        char small[12];
        size_t size = gv_escape_copy(small, cap, "ä\x1b€", 6);
        assert_true(size < cap && strlen(small) == size);
        assert_true(size == 0 || size == 2 || size == 6 || size == 9);
    }
}

// Random bytes: the result is printable, and escaping it again changes nothing.
static void random_bytes_are_escaped(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 20000; round++) {
        char text[40], out[4 * sizeof text + 1], again[4 * sizeof text + 1];
        size_t len = gv_prng_below(&prng, sizeof text);
        for (size_t i = 0; i < len; i++) text[i] = (char)gv_prng_below(&prng, 256);
        size_t size = gv_escape_copy(out, sizeof out, text, len);
        assert_int_equal(gv_escape_copy(again, sizeof again, out, size), size);
        assert_memory_equal(out, again, size);
        for (size_t i = 0; i < size; i++) {
            uint8_t byte = (uint8_t)out[i];
            assert_true(byte >= ' ' && byte != 0x7f);
            assert_false(byte == 0xc2 && (uint8_t)out[i + 1] < 0xa0);
        }
    }
}

static void errors_and_excerpts_are_escaped(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {.kept = 0};
    gv_verdict_add(&errors, GV_VERDICT_BAD_LINE, "n1 said %s", "\x1b]0;title\x07");
    assert_string_equal(errors.texts[0], "bad line: n1 said \\x1b]0;title\\x07");
    gv_verdict_fini(&errors);
    char why[32];
    gv_escape_explain(why, sizeof why, GV_EINVAL, "unknown option --%s", "\x1b[31m");
    assert_string_equal(why, "unknown option --\\x1b[31m");

    char line[400], buf[GV_ENVELOPE_EXCERPT_MAX + 8];
    memset(line, 0x1b, sizeof line);
    gv_envelope_excerpt((struct gv_slice){(const uint8_t *)line, sizeof line}, buf);
    assert_null(strchr(buf, 0x1b));
    assert_non_null(strstr(buf, "\\x1b …"));
    memset(line, 'x', GV_ENVELOPE_EXCERPT_MAX);
    gv_envelope_excerpt((struct gv_slice){(const uint8_t *)line, GV_ENVELOPE_EXCERPT_MAX}, buf);
    assert_int_equal(strlen(buf), GV_ENVELOPE_EXCERPT_MAX);
    gv_envelope_excerpt((struct gv_slice){(const uint8_t *)line, GV_ENVELOPE_EXCERPT_MAX + 1}, buf);
    assert_non_null(strstr(buf, "x …"));
}

static void printed_text_keeps_newlines(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    gv_escape_print(file, "gvsim: %s: no\n", "/\x1b[2J");
    rewind(file);
    char text[64] = "";
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_int_equal(len, strlen("gvsim: /\\x1b[2J: no\n"));
    assert_string_equal(text, "gvsim: /\\x1b[2J: no\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(random_bytes_are_escaped),
        cmocka_unit_test(errors_and_excerpts_are_escaped),
        cmocka_unit_test(printed_text_keeps_newlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
