// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../codec/entry.h"
#include "../../codec/message.h"
#include "../../engine/prng.h"

#include <stdio.h>
#include <string.h>

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

static int check_key(struct gv_slice key) {
    const char *fault;
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = key};
    return gv_entry_check(&entry, &fault);
}

static void canonical_texts_pass(void **state) {
    (void)state;
    static const char *const good[] = {"0",
                                       "7",
                                       "-1",
                                       "10",
                                       "1.0",
                                       "-0.0",
                                       "0e1",
                                       "-0e1",
                                       "1E+9",
                                       "123456789012345678901234567890",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"a\"",
                                       "\"a longer text than eight bytes\"",
                                       "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\\u000b\"",
                                       "\"/\x7f\"",
                                       "\"\xc3\xa9\"",
                                       "\"\xf0\x9f\x98\x80\"",
                                       "[]",
                                       "{}",
                                       "[1,[2,{}],\"x\"]",
                                       "{\"\":1,\"a\":[],\"b\":{\"c\":1}}",
                                       "{\"a\":1,\"a\\n\":2,\"ab\":3}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check_key(text(good[i])), 0);
}

// Texts that are not JSON, have more than one value, or are not canonical JSON.
static void other_texts_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"hello",
                                      "1],\"evil\":[2",
                                      "1,2",
                                      " 1",
                                      "1 ",
                                      "[1, 2]",
                                      "[1,]",
                                      "[,1]",
                                      "[1",
                                      "1]",
                                      "{\"a\"}",
                                      "{\"a\":1,}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"b\":1,\"a\":2}",
                                      "{a:1}",
                                      "{\"a\":}",
                                      "[1}",
                                      "{]",
                                      "-0",
                                      "01",
                                      "-01",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "1e+",
                                      "-",
                                      "0x1",
                                      "tru",
                                      "truee",
                                      "nul",
                                      "\"",
                                      "\"a",
                                      "\"\\",
                                      "\"\\\"",
                                      "\"\\/\"",
                                      "\"\\u0041\"",
                                      "\"\\u000A\"",
                                      "\"\\u000a\"",
                                      "\"\\u001F\"",
                                      "\"\\u00e9\"",
                                      "\"\\ud800\"",
                                      "\"\n\"",
                                      "\"\x1f\"",
                                      "\"\xc3\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xff\"",
                                      "NaN",
                                      "Infinity",
                                      "'a'",
                                      "1//",
                                      "\357\273\2771"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(check_key(text(bad[i])), GV_ESYNTAX);
    assert_int_equal(check_key((struct gv_slice){(const uint8_t *)"\"a\0b\"", 5}), GV_ESYNTAX);
    assert_int_equal(check_key((struct gv_slice){(const uint8_t *)"1\0", 2}), GV_ESYNTAX);
    assert_int_equal(check_key((struct gv_slice){(const uint8_t *)"\"\\\0\"", 4}), GV_ESYNTAX);
}

static void nesting_is_bounded(void **state) {
    (void)state;
    char deep[2 * GV_MESSAGE_DEPTH + 1];
    for (unsigned kind = 0; kind < GV_LATTICES; kind++) {
        unsigned most = kind == 0 ? GV_ENTRY_DEPTH_SET : GV_ENTRY_DEPTH;
        for (unsigned depth = 1; depth <= GV_MESSAGE_DEPTH; depth++) {
            memset(deep, '[', depth);
            memset(deep + depth, ']', depth);
            struct gv_slice nested = {(const uint8_t *)deep, 2 * (size_t)depth};
            struct gv_entry entry = {.lattice = (enum gv_lattice)kind, .key = nested};
            if (kind == 2) entry.value = nested, entry.key = text("1"), entry.node = text("\"n\"");
            if (kind == 3) entry.value = nested, entry.key = text("[1,2]");
            const char *fault;
            int error = depth > most ? GV_ERANGE : kind == GV_LATTICE_PROMISE ? GV_ETYPE : 0;
            assert_int_equal(gv_entry_check(&entry, &fault), error);
            assert_int_equal(gv_entry_check_canonical(&entry, &fault), error);
        }
    }
}

static void fields_must_fit_the_lattice(void **state) {
    (void)state;
    static char name[300], key[GV_ENTRY_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    memset(key, '7', sizeof key);
    name[0] = '"';
    struct gv_slice element = text("[1,2]");
    struct gv_slice one = text("1"), node = text("\"n1\""), none = {NULL, 0}, lost = {NULL, 5};
    struct gv_slice long_node = {(const uint8_t *)name, GV_ENTRY_NODE_MAX};
    struct gv_slice longer = {(const uint8_t *)name, GV_ENTRY_NODE_MAX + 1};
    struct gv_slice most = {(const uint8_t *)key, GV_ENTRY_SIZE_MAX};
    struct gv_slice more = {(const uint8_t *)key, GV_ENTRY_SIZE_MAX + 1};
    struct gv_slice endless = {(const uint8_t *)key, SIZE_MAX};
    const struct {
        int lattice, error;
        struct gv_slice key, value, node;
    } cases[] = {
        {0, 0, one, none, none},
        {1, 0, one, none, none},
        {2, 0, one, one, node},
        {3, 0, element, one, none},
        {3, GV_EINVAL, element, none, none},
        {3, GV_EINVAL, element, one, node},
        {3, GV_ETYPE, one, one, none},
        {3, GV_ESYNTAX, element, text("x"), none},
        {3, GV_ESYNTAX, text("[1,2"), one, none},
        {GV_LATTICES, GV_EINVAL, one, one, node},
        {9, GV_EINVAL, one, none, none},
        {-1, GV_EINVAL, one, none, none},
        {0, GV_EINVAL, none, none, none},
        {0, GV_EINVAL, lost, none, none},
        {0, GV_EINVAL, one, one, none},
        {1, GV_EINVAL, one, none, node},
        {2, GV_EINVAL, one, none, node},
        {2, GV_EINVAL, one, one, none},
        {2, GV_ETYPE, one, one, one},
        {2, GV_ESYNTAX, one, one, text("\"n1")},
        {2, GV_ESYNTAX, text("x"), one, node},
        {2, GV_ESYNTAX, one, text("x"), node},
        {2, GV_ESPACE, one, one, longer},
        {0, 0, most, none, none},
        {0, GV_ESPACE, more, none, none},
        {1, GV_ESPACE, more, none, none},
        {2, GV_ESPACE, most, one, node},
        {2, GV_ESPACE, one, endless, node},
        {0, GV_ESPACE, endless, none, none},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault = NULL;
        struct gv_entry entry = {.lattice = (enum gv_lattice)cases[i].lattice,
                                 .key = cases[i].key,
                                 .value = cases[i].value,
                                 .node = cases[i].node};
        assert_int_equal(gv_entry_check(&entry, &fault), cases[i].error);
        if (cases[i].error != GV_ESYNTAX)
            assert_int_equal(gv_entry_check_canonical(&entry, &fault), cases[i].error);
        assert_true(cases[i].error == 0 || fault != NULL);
    }
    name[GV_ENTRY_NODE_MAX - 1] = '"';
    const char *fault;
    struct gv_entry entry = {
        .lattice = GV_LATTICE_REGISTER, .key = one, .value = one, .node = long_node};
    assert_int_equal(gv_entry_check(&entry, &fault), 0);
}

// The key of a log's element is an array of a name and an offset in plain digits.
static void keys_of_elements_have_one_form(void **state) {
    (void)state;
    static const struct {
        const char *key, *name; // name: NULL if the key is refused
        uint64_t offset;
        int error;
    } cases[] = {
        {"[1,2]", "1", 2, 0},
        {"[\"a\",0]", "\"a\"", 0, 0},
        {"[\"a,1]\",9007199254740991]", "\"a,1]\"", GV_ENTRY_OFFSET_MAX, 0},
        {"[\"\\\",\",5]", "\"\\\",\"", 5, 0},
        {"[[1,2],3]", "[1,2]", 3, 0},
        {"[{\"a\":[1,2],\"b\":3},16384]", "{\"a\":[1,2],\"b\":3}", 16384, 0},
        {"[null,10]", "null", 10, 0},
        {"[1,9007199254740992]", NULL, 0, GV_ERANGE},
        {"[1,18446744073709551617]", NULL, 0, GV_ERANGE},
        {"[1,100000000000000000000000000000000000000]", NULL, 0, GV_ERANGE},
        {"[1,2,3]", NULL, 0, GV_ETYPE},
        {"[1]", NULL, 0, GV_ETYPE},
        {"[]", NULL, 0, GV_ETYPE},
        {"{}", NULL, 0, GV_ETYPE},
        {"[[1,2]]", NULL, 0, GV_ETYPE},
        {"[{\"a\":1}]", NULL, 0, GV_ETYPE},
        {"[\"a,1\"]", NULL, 0, GV_ETYPE},
        {"[1,-2]", NULL, 0, GV_ETYPE},
        {"[1,2.0]", NULL, 0, GV_ETYPE},
        {"[1,2e3]", NULL, 0, GV_ETYPE},
        {"[1,\"2\"]", NULL, 0, GV_ETYPE},
        {"[2,null]", NULL, 0, GV_ETYPE},
        {"{\"a\":1}", NULL, 0, GV_ETYPE},
        {"12", NULL, 0, GV_ETYPE},
        {"\"[1,2]\"", NULL, 0, GV_ETYPE},
        {"[1,02]", NULL, 0, GV_ESYNTAX},
        {"[,2]", NULL, 0, GV_ESYNTAX},
        {"[1,2}", NULL, 0, GV_ESYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_entry entry = {
            .lattice = GV_LATTICE_LOG, .key = text(cases[i].key), .value = text("1")};
        const char *fault = NULL;
        if (gv_entry_check(&entry, &fault) != cases[i].error) fail_msg("%s", cases[i].key);
        if (cases[i].error == GV_ESYNTAX) continue;
        assert_int_equal(gv_entry_check_canonical(&entry, &fault), cases[i].error);
        if (cases[i].error != 0) continue;
        struct gv_slice name;
        uint64_t offset;
        assert_int_equal(gv_entry_log_key(entry.key, &name, &offset), 0);
        assert_int_equal(name.len, strlen(cases[i].name));
        assert_memory_equal(name.data, cases[i].name, name.len);
        assert_int_equal(offset, cases[i].offset);
        char again[64];
        int len = gv_entry_log_key_put(again, sizeof again, name, offset);
        assert_int_equal(len, entry.key.len);
        assert_memory_equal(again, entry.key.data, entry.key.len);
        assert_true(entry.key.len <= name.len + GV_ENTRY_LOG_KEY_MAX);
        assert_int_equal(gv_entry_log_key_put(again, entry.key.len - 1, name, offset), GV_ESPACE);
    }
}

// The key of a promise is the slot of a node.
static void promise_keys(void **state) {
    (void)state;
    static const struct {
        const char *key;
        uint32_t slot;
        int error;
    } cases[] = {
        {"0", 0, 0},
        {"7", 7, 0},
        {"16383", 16383, 0},
        {"16384", 0, GV_ERANGE},
        {"99999999999999999999999", 0, GV_ERANGE},
        {"-1", 0, GV_ETYPE},
        {"1.0", 0, GV_ETYPE},
        {"\"1\"", 0, GV_ETYPE},
        {"[1]", 0, GV_ETYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_entry entry = {
            .lattice = GV_LATTICE_PROMISE, .key = text(cases[i].key), .lamport = 1, .count = 2};
        const char *fault = NULL;
        uint32_t slot;
        if (gv_entry_check(&entry, &fault) != cases[i].error) fail_msg("%s", cases[i].key);
        assert_int_equal(gv_entry_check_canonical(&entry, &fault), cases[i].error);
        assert_int_equal(gv_entry_promise_slot(entry.key, &slot), cases[i].error);
        if (cases[i].error == 0) assert_int_equal(slot, cases[i].slot);
    }
}

// ---- Against the codec --------------------------------------------------------------------------

static size_t any_text(struct gv_prng *prng, char *out, size_t cap) {
    static const char *const pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"a\"",
                                         "\"b\"",
                                         "\"\"",
                                         "1",
                                         "-0",
                                         "0",
                                         "2.50",
                                         "1e5",
                                         "true",
                                         "nul",
                                         "null",
                                         "\"\\n\"",
                                         " ",
                                         "\"",
                                         "\\",
                                         "\\u00",
                                         "\"\\u001b\"",
                                         "\"\xc3\xa9\"",
                                         "\xc3",
                                         "\"\\ud83d\\ude00\"",
                                         "\"long enough for words\"",
                                         "-",
                                         "."};
    size_t len = 0, count = 1 + gv_prng_below(prng, 9);
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[gv_prng_below(prng, sizeof pieces / sizeof *pieces)];
        if (strlen(piece) > cap - len) break;
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return len;
}

// A random value in a random valid spelling.
static size_t any_value(struct gv_prng *prng, unsigned depth, char *out) {
    static const char *const leaves[] = {"1",       "-0",
                                         "-7.0e+3", "true",
                                         "\"x\"",   "\"\\u0041\\/\"",
                                         "\"\\n\"", "0",
                                         "null",    "\"\xe2\x82\xac, and so on\""};
    uint64_t kind = gv_prng_below(prng, depth > 0 ? 5 : 3);
    size_t len = 0;
    if (kind < 3) return (size_t)sprintf(out, "%s", leaves[gv_prng_below(prng, 10)]);
    bool object = kind == 4;
    unsigned count = (unsigned)gv_prng_below(prng, 4), first = (unsigned)gv_prng_below(prng, 5);
    out[len++] = object ? '{' : '[';
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) out[len++] = ',';
        if (gv_prng_below(prng, 9) == 0) out[len++] = ' ';
        if (object)
            len += (size_t)sprintf(out + len, "\"%.*s\":", (int)((i + first) % 5), "\\n\\t");
        if (object && out[len - 3] == '\\') len -= 2, out[len++] = '"', out[len++] = ':';
        len += any_value(prng, depth - 1, out + len);
    }
    out[len++] = object ? '}' : ']';
    return len;
}

// A canonical text is the key of a log's element if and only if the parser finds an array of a
// value and an integer that is not negative.
static void check_element(struct gv_json *json, char *key, size_t len, unsigned *elements) {
    assert_true(gv_json_parse(json, key, len) > 0);
    bool pair = gv_json_type(json, 0) == GV_JSON_ARRAY && gv_json_size(json, 0) == 2;
    uint64_t number = UINT64_MAX, offset;
    int second = pair ? gv_json_next(json, 1) : 0;
    bool good = pair && gv_json_type(json, second) == GV_JSON_NUMBER &&
                gv_json_u64(json, second, &number) == 0 && number <= GV_ENTRY_OFFSET_MAX;
    struct gv_slice name = {0}, text = {(const uint8_t *)key, len};
    int error = gv_entry_log_key(text, &name, &offset);
    assert_int_equal(error == 0, good);
    *elements += good;
    if (!good) return;
    assert_int_equal(offset, number);
    assert_ptr_equal(name.data, text.data + 1);
    assert_ptr_equal(name.data + name.len + 1, gv_json_raw(json, second).data);
}

// A text passes the check if and only if it is JSON and equals its canonical text.
static void check_agrees_with_the_codec(void **state) {
    (void)state;
    static char in[1 << 16], out[1 << 16];
    struct gv_prng prng;
    struct gv_json json;
    gv_prng_init(&prng, gv_test_seed(), 0);
    gv_json_init(&json, gv_base_malloc(), 0, GV_ENTRY_DEPTH_SET);
    unsigned passed = 0, spelled = 0, elements = 0;
    for (int i = 0; i < 200000; i++) {
        size_t len = i % 2 ? any_text(&prng, in, sizeof in) : any_value(&prng, 4, in);
        bool good = gv_json_parse(&json, in, len) > 0;
        int canonical = good ? gv_json_canonical(&json, 0, out, sizeof out) : 0;
        bool same = good && (size_t)canonical == len && memcmp(in, out, len) == 0;
        assert_int_equal(check_key((struct gv_slice){(const uint8_t *)in, len}),
                         same ? 0 : GV_ESYNTAX);
        passed += same;
        if (!good) continue;
        struct gv_entry entry = {.key = {(const uint8_t *)out, (size_t)canonical}};
        const char *fault;
        assert_int_equal(check_key(entry.key), 0);
        assert_int_equal(gv_entry_check_canonical(&entry, &fault), 0);
        spelled += !same;
        check_element(&json, out, (size_t)canonical, &elements);
    }
    assert_true(passed > 1000 && spelled > 1000 && elements > 100);
    gv_json_fini(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_texts_pass),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(fields_must_fit_the_lattice),
        cmocka_unit_test(promise_keys),
        cmocka_unit_test(keys_of_elements_have_one_form),
        cmocka_unit_test(check_agrees_with_the_codec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
