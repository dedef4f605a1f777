// SPDX-License-Identifier: MIT
#include "../lib/ref.h"
#include "../lib/spelling.h"
#include "../lib/test.h"

#include "../../codec/json.h"
#include "../../engine/prng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int setup(void **state) {
    struct gv_json *json = malloc(sizeof *json);
    if (json == NULL) return -1;
    gv_json_init(json, gv_base_malloc(), 0, 0);
    *state = json;
    return 0;
}

static int teardown(void **state) {
    gv_json_fini(*state);
    free(*state);
    return 0;
}

static int parse(struct gv_json *json, const char *text) {
    return gv_json_parse(json, text, strlen(text));
}

static void assert_slice(struct gv_slice slice, const char *want) {
    assert_int_equal(slice.len, strlen(want));
    assert_memory_equal(slice.data, want, slice.len);
}

// ---- Refused texts ------------------------------------------------------------------------------

// Decodes the input of a vector into a block of exactly its size.
static uint8_t *vector_bytes(const char *input, size_t *len) {
    uint8_t buf[256];
    *len = 0;
    while (*input != '\0') {
        bool coded = input[0] == '<' && strspn(input + 1, "0123456789ABCDEF") == 2;
        assert_true(*len < sizeof buf);
        buf[(*len)++] = (uint8_t)(coded ? strtoul(input + 1, NULL, 16) : (uint8_t)*input);
        input += coded ? 4 : 1;
    }
    uint8_t *bytes = malloc(*len + (*len == 0));
    assert_non_null(bytes);
    memcpy(bytes, buf, *len);
    return bytes;
}

static void test_bad_vectors(void **state) {
    struct gv_json *json = *state;
    FILE *file = fopen("test/vectors/json_bad.txt", "r");
    if (file == NULL) fail_msg("test/vectors/json_bad.txt is missing: run from the top");
    char line[512];
    int vectors = 0, failures = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') continue;
        line[strcspn(line, "\n")] = '\0';
        char *fault, *input = strstr(line, " | ");
        size_t offset = strtoul(line, &fault, 10), len;
        assert_non_null(input);
        *input = '\0';
        fault++;
        uint8_t *bytes = vector_bytes(input + 3, &len);
        int status = gv_json_parse(json, (const char *)bytes, len);
        if (status != GV_ESYNTAX || strcmp(json->error, fault) != 0 ||
            json->error_offset != offset || json->count != 0) {
            print_error("%s\n  wanted: %s at %zu\n  got %d: %s at %zu\n", input + 3, fault, offset,
                        status, json->error ? json->error : "-", json->error_offset);
            failures++;
        }
        free(bytes);
        vectors++;
    }
    fclose(file);
    assert_int_equal(failures, 0);
    assert_true(vectors > 100);
}

static void test_accepted(void **state) {
    static const char *good[] = {
        "0",
        "-0",
        " 17 ",
        "\t\n\r 1e-5\r\n",
        "-0.0E+00",
        "123456789012345678901234567890",
        "true",
        "null",
        " false",
        "\"\"",
        "\"\x7f\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,2]",
        "[\"a\" , 1 , [ ] ]",
        "{\"a\" : 1 , \"b\" : { } }",
        "{\"\":0}",
        "{\"a\":1,\"A\":2,\"aa\":3}",
        "\"\\ud83d\\ude00 \\\\ \\\" \\/ \\b\\f\\n\\r\\t \\u0000\"",
        "\"\xc2\x80 \xef\xbf\xbf \xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80\"",
    };
    struct gv_json *json = *state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (parse(json, good[i]) <= 0)
            fail_msg("%s: %s at %zu", good[i], json->error, json->error_offset);
        assert_null(json->error);
    }
}

// ---- Against the reference parser -----------------------------------------------------------

// Parses a copy of exactly len bytes with both parsers, and checks that results and tokens are
// equal.
static int compare(struct gv_json *json, const char *text, size_t len) {
    static struct gv_ref ref;
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, text, len);
    bool good = gv_ref_parse(&ref, copy, len);
    int count = gv_json_parse(json, copy, len);
    if (good != (count > 0) || (count == GV_EFULL && !ref.deep))
        fail_msg("%.*s\n  got %d: %s at %zu", (int)len, text, count, json->error,
                 json->error_offset);
    if (good) {
        assert_int_equal(count, ref.count);
        for (int i = 0; i < count; i++) {
            struct gv_ref_token *want = &ref.tokens[i];
            struct gv_slice raw = gv_json_raw(json, i);
            assert_int_equal(gv_json_type(json, i), want->type);
            assert_int_equal(raw.data - (const uint8_t *)copy, want->start);
            assert_int_equal(raw.len, want->end - want->start);
            assert_int_equal(gv_json_size(json, i), want->size);
            assert_int_equal(gv_json_next(json, i), want->next);
        }
    } else {
        assert_non_null(json->error);
        assert_string_not_equal(json->error, "not JSON"); // every error has a more specific text
        assert_true(json->error_offset <= len);
        assert_int_equal(json->count, 0);
    }
    free(copy);
    return count;
}

// Parses every text of up to five characters from an alphabet of significant characters.
static void test_every_short_text(void **state) {
    static const char letters[] = "[]{},:\"a\\1-. 0e";
    char text[5];
    int accepted = 0;
    for (size_t len = 0; len <= sizeof text; len++) {
        size_t total = 1;
        for (size_t i = 0; i < len; i++) total *= sizeof letters - 1;
        for (size_t n = 0; n < total; n++) {
            size_t rest = n;
            for (size_t i = 0; i < len; i++, rest /= sizeof letters - 1)
                text[i] = letters[rest % (sizeof letters - 1)];
            accepted += compare(*state, text, len) > 0;
        }
    }
    assert_true(accepted > 1000);
}

// ---- Random values ------------------------------------------------------------------------------

static struct gv_spelling *spelling_new(uint64_t stream) {
    struct gv_spelling *s = malloc(sizeof *s);
    assert_non_null(s);
    gv_prng_init(&s->prng, gv_test_seed(), stream);
    return s;
}

// All spellings of a value have the same canonical text, which is its own canonical text. A buffer
// that is one byte too short is refused.
static void test_canonical_random(void **state) {
    struct gv_json *json = *state;
    struct gv_spelling *s = spelling_new(1);
    char *buf = malloc(GV_SPELLING_MAX);
    assert_non_null(buf);
    int rounds = 0;
    while (rounds < 3000) {
        gv_spelling_value(s);
        if (s->loose_len >= GV_REF_TOKENS) continue;
        rounds++;
        assert_true(compare(json, s->loose, s->loose_len) > 0);
        assert_true(gv_json_parse(json, s->loose, s->loose_len) > 0);
        assert_true(s->canonical_len <= gv_json_raw(json, 0).len);
        int len = gv_json_canonical(json, 0, buf, s->canonical_len);
        assert_int_equal(len, s->canonical_len);
        assert_memory_equal(buf, s->canonical, s->canonical_len);
        assert_int_equal(gv_json_canonical(json, 0, buf, s->canonical_len - 1), GV_ESPACE);

        assert_true(gv_json_parse(json, s->canonical, s->canonical_len) > 0);
        assert_int_equal(gv_json_canonical(json, 0, buf, GV_SPELLING_MAX), s->canonical_len);
        assert_memory_equal(buf, s->canonical, s->canonical_len);
    }
    free(buf);
    free(s);
}

static void test_mutated_random(void **state) {
    struct gv_spelling *s = spelling_new(2);
    int accepted = 0, refused = 0;
    for (int round = 0; round < 30000; round++) {
        gv_spelling_value(s);
        if (s->loose_len > 1000) continue;
        gv_spelling_mutate(s);
        if (compare(*state, s->loose, s->loose_len) > 0) {
            accepted++;
        } else {
            refused++;
        }
    }
    free(s);
    assert_true(accepted > 1000);
    assert_true(refused > 1000);
}

// ---- Limits -------------------------------------------------------------------------------------

static char *repeat(char *to, const char *text, size_t times) {
    for (; times > 0; times--) to = (char *)memcpy(to, text, strlen(text)) + strlen(text);
    return to;
}

static void test_tokens_bound(void **state) {
    (void)state;
    static const size_t bounds[] = {1, 2, 63, 64, 65, 100, 128, 1000};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct gv_json json;
        gv_json_init(&json, gv_base_malloc(), bounds[i], 0);
        char text[2048];
        // As many elements as fit besides the array, then one more.
        char *end = repeat(text, "[", 1);
        end = repeat(end, "1,", bounds[i] - 1);
        if (bounds[i] > 1) end--;
        *end++ = ']';
        assert_int_equal(gv_json_parse(&json, text, (size_t)(end - text)), bounds[i]);
        if (bounds[i] > 1) end[-1] = ',';
        if (bounds[i] == 1) end--;
        end = repeat(end, "7]", 1);
        assert_int_equal(gv_json_parse(&json, text, (size_t)(end - text)), GV_EFULL);
        assert_string_equal(json.error, "too many tokens");
        assert_int_equal(json.error_offset, end - text - 2);
        assert_true(json.tokens_cap <= bounds[i]);
        gv_json_fini(&json);
    }
}

static void test_depth_bound(void **state) {
    (void)state;
    char text[8 * 1024];
    for (unsigned max = 1; max <= 1024; max = max * 3 + 1) {
        for (unsigned depth = max; depth <= max + 1; depth++) {
            struct gv_json json;
            gv_json_init(&json, gv_base_malloc(), 0, max);
            // Objects take the most tokens per level. Every second level is an array.
            char *end = repeat(text, "[{\"\":", depth / 2);
            end = repeat(end, "[", depth % 2);
            end = repeat(end, "]", depth % 2);
            if (depth % 2 == 0) *end++ = '0';
            end = repeat(end, "}]", depth / 2);
            int status = gv_json_parse(&json, text, (size_t)(end - text));
            if (depth <= max) {
                assert_true(status > 0);
            } else {
                assert_int_equal(status, GV_EFULL);
                assert_string_equal(json.error, "nested too deep");
                assert_int_equal(json.error_offset, max / 2 * 5 + max % 2);
            }
            gv_json_fini(&json);
        }
    }
}

static void test_length_bound(void **state) {
    struct gv_json *json = *state;
    assert_int_equal(gv_json_parse(json, "1", (size_t)INT32_MAX + 1), GV_EFULL);
    assert_string_equal(json->error, "2 GiB or longer");
    assert_int_equal(gv_json_parse(json, NULL, 0), GV_ESYNTAX);
}

// A value of each kind lies across each offset near the end of the first 64 KiB.
static void test_long_texts(void **state) {
    static const char *values[] = {"\"a string\"", "\"\\u00e9\\\\\"", "true",
                                   "-12.5e10",     "[{\"a\":[]}]",    "{\"a\":1,\"b\":[2]}"};
    struct gv_json *json = *state;
    for (size_t i = 0; i < 2 * sizeof values / sizeof *values; i++) {
        for (size_t at = 65536 - 20; at < 65536 + 3; at++) {
            const char *value = values[i / 2];
            char *text = malloc(at + 24), *end = repeat(text, "[ ", 1);
            assert_non_null(text);
            // Padded with white space, or with a long string.
            memset(end, i % 2 ? 'a' : ' ', at - 3);
            if (i % 2) end[0] = end[at - 5] = '"', end[at - 4] = ',';
            end += at - 3;
            end = repeat(repeat(end, value, 1), " ]", 1);
            int count = gv_json_parse(json, text, (size_t)(end - text));
            if (count <= 0) fail_msg("%s at %zu: %s", value, at, json->error);
            assert_slice(gv_json_raw(json, i % 2 ? 2 : 1), value);
            assert_int_equal(gv_json_next(json, 0), count);
            assert_int_equal(gv_json_size(json, 0), 1 + i % 2);
            for (char *cut = end - 1; cut > end - 24; cut--)
                assert_int_equal(gv_json_parse(json, text, (size_t)(cut - text)), GV_ESYNTAX);
            free(text);
        }
    }
}

// Each parse takes milliseconds. The limit of seconds allows for slow machines, sanitizers and
// valgrind.
static void parse_soon(struct gv_json *json, const char *text, const char *end, int want) {
    clock_t start = clock();
    int status = gv_json_parse(json, text, (size_t)(end - text));
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (status != want) fail_msg("%.40s…: %d, not %d: %s", text, status, want, json->error);
    if (seconds > 5) fail_msg("%.40s…: %.1f s", text, seconds);
}

// Texts that take long if the parser's time is quadratic in brackets, names or restarts.
static void test_hostile(void **state) {
    enum { MANY = 60000 };
    struct gv_json *json = *state;
    char *text = malloc(MANY * 40), *end;
    assert_non_null(text);

    end = repeat(text, "[", MANY * 4);
    parse_soon(json, text, repeat(end, "]", MANY * 4), GV_EFULL);
    parse_soon(json, text, repeat(text, "{\"a\":", MANY), GV_EFULL);
    end = repeat(repeat(text, "[\"a\"", 1), ":\"a\"", MANY);
    parse_soon(json, text, repeat(repeat(end, "]:", 1), "]", MANY), GV_ESYNTAX);
    end = repeat(repeat(text, "[\"a\"", 1), ":\"a\"", 60);
    parse_soon(json, text, repeat(repeat(end, "]:", 1), "]", MANY * 4), GV_ESYNTAX);
    end = repeat(text, "[", 60);
    end = repeat(end, "[[],[]],", MANY / 2);
    parse_soon(json, text, repeat(repeat(end, "0", 1), "]", 60), MANY / 2 * 3 + 61);
    end = repeat(repeat(text, "\"", 1), "a", MANY * 32);
    parse_soon(json, text, end, GV_ESYNTAX);
    parse_soon(json, text, repeat(end, "\"", 1), 1);

    // Names in ascending, descending and mixed order with a long common prefix; the last one
    // repeated.
    static const unsigned factors[] = {1, MANY - 1, 7919};
    for (int i = 0; i < 6; i++) {
        end = repeat(text, "{", 1);
        for (unsigned n = 0; n < MANY; n++) {
            unsigned name = n == MANY - 1 && i >= 3 ? MANY / 2 : n;
            end += sprintf(end, "%s\"a long beginning %u\":0", n > 0 ? "," : "",
                           name * factors[i % 3] % MANY + 100000);
        }
        parse_soon(json, text, repeat(end, "}", 1), i < 3 ? 2 * MANY + 1 : GV_ESYNTAX);
        if (i < 3) assert_int_equal(gv_json_member(json, 0, "a long beginning 100000"), 2);
        if (i >= 3) assert_int_equal(json->error_offset, end - text - 27);
    }
    free(text);
}

// ---- Memory -------------------------------------------------------------------------------------

struct counting {
    long calls, fail_at, in_use; // fail_at: number of the call that fails, from 1; 0: no call fails
};

static void *counting_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct counting *counting = ctx;
    if (new_size == 0) {
        counting->in_use -= (long)old_size;
        free(block);
        return NULL;
    }
    if (++counting->calls == counting->fail_at) return NULL;
    void *moved = malloc(new_size); // always moves the block, so that stale pointers are found
    if (moved == NULL) return NULL;
    if (old_size > 0) memcpy(moved, block, old_size < new_size ? old_size : new_size);
    free(block);
    counting->in_use += (long)new_size - (long)old_size;
    return moved;
}

static void test_out_of_memory(void **state) {
    (void)state;
    char text[4096], *end = repeat(repeat(text, "[", 1), "{\"a\":[]},", 400);
    end = repeat(end, "1]", 1);
    long failures = 0;
    for (int status = GV_ENOMEM; status == GV_ENOMEM; failures++) {
        struct counting counting = {.fail_at = failures + 1};
        struct gv_json json;
        gv_json_init(&json, (struct gv_alloc){counting_resize, &counting}, 0, 0);
        status = gv_json_parse(&json, text, (size_t)(end - text));
        if (status == GV_ENOMEM) {
            assert_int_equal(json.count, 0);
            assert_string_equal(json.error, "out of memory");
            // The next attempt succeeds.
            assert_int_equal(gv_json_parse(&json, text, (size_t)(end - text)), 1202);
        } else {
            assert_int_equal(status, 1202);
        }
        gv_json_fini(&json);
        assert_int_equal(counting.in_use, 0);
    }
    assert_int_equal(failures - 1, 6); // each growth, to 64, 128, … 2048 tokens, failed once
}

static void test_no_allocation(void **state) {
    (void)state;
    struct counting counting = {0};
    struct gv_json json;
    gv_json_init(&json, (struct gv_alloc){counting_resize, &counting}, 0, 0);
    assert_int_equal(counting.calls, 0);
    char warm[512], *end = repeat(repeat(warm, "[", 1), "1,", 200);
    assert_int_equal(gv_json_parse(&json, warm, (size_t)(repeat(end, "1]", 1) - warm)), 202);
    long calls = counting.calls;
    for (int i = 0; i < 10000; i++) {
        char line[128], buf[128];
        sprintf(line,
                "{\"src\":\"c%d\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\",\"message\":"
                "{\"b\":\"\\u00e9\",\"a\":%d}}}",
                i % 7, i);
        assert_true(parse(&json, i % 10 == 9 ? line + 1 : line) == (i % 10 == 9 ? GV_ESYNTAX : 15));
        if (i % 10 == 9) continue;
        int message = gv_json_member(&json, gv_json_member(&json, 0, "body"), "message");
        assert_true(gv_json_canonical(&json, message, buf, sizeof buf) > 0);
    }
    assert_int_equal(counting.calls, calls);
    gv_json_fini(&json);
    assert_int_equal(counting.in_use, 0);
}

// ---- Accessors ----------------------------------------------------------------------------------

static void test_members(void **state) {
    struct gv_json *json = *state;
    assert_int_equal(parse(json, "{\"src\":\"c1\", \"body\" : {\"x\":[1,[2,{\"y\":3}]],\"z\":null},"
                                 "\"m\\u0073g\":-7,\"\":true,\"e\\\"\":[]}"),
                     21);
    assert_int_equal(gv_json_size(json, 0), 5);
    assert_int_equal(gv_json_next(json, 0), 21);
    int body = gv_json_member(json, 0, "body");
    assert_int_equal(gv_json_type(json, body), GV_JSON_OBJECT);
    assert_int_equal(gv_json_size(json, body), 2);
    assert_slice(gv_json_raw(json, body), "{\"x\":[1,[2,{\"y\":3}]],\"z\":null}");
    assert_int_equal(gv_json_type(json, gv_json_member(json, body, "z")), GV_JSON_NULL);
    assert_slice(gv_json_raw(json, gv_json_member(json, 0, "msg")), "-7");
    assert_int_equal(gv_json_type(json, gv_json_member(json, 0, "")), GV_JSON_TRUE);
    assert_int_equal(gv_json_type(json, gv_json_member(json, 0, "e\"")), GV_JSON_ARRAY);
    assert_slice(gv_json_string(json, gv_json_member(json, 0, "src")), "c1");
    static const char *none[] = {"x", "y", "sr", "srcs", "m\\u0073g", "e\\\"", "c1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(gv_json_member(json, 0, none[i]), GV_ENOENT);
    assert_int_equal(gv_json_member(json, gv_json_member(json, 0, "msg"), "x"), GV_ETYPE);
    assert_int_equal(gv_json_member(json, gv_json_member(json, body, "x"), "y"), GV_ETYPE);
}

// Looking up several names at once gives the same results, in any order and for missing names.
static void test_members_at_once(void **state) {
    struct gv_json *json = *state;
    static const char *const names[] = {"d", "a", "none", "b\"", "", "c", "aa"};
    enum { COUNT = sizeof names / sizeof *names };
    struct gv_slice slices[COUNT];
    int found[COUNT];
    for (int i = 0; i < COUNT; i++)
        slices[i] = (struct gv_slice){(const uint8_t *)names[i], strlen(names[i])};
    assert_true(
        parse(json, "[{\"a\":{\"d\":1},\"b\\u0022\":2,\"x\":3,\"c\":[4,5],\"d\":6,\"\":7}]") > 0);
    gv_json_members(json, 1, slices, COUNT, found);
    for (int i = 0; i < COUNT; i++) assert_int_equal(found[i], gv_json_member(json, 1, names[i]));
    assert_int_equal(found[2], GV_ENOENT);
    assert_slice(gv_json_raw(json, found[0]), "6");
    gv_json_members(json, 0, slices, COUNT, found);
    for (int i = 0; i < COUNT; i++) assert_int_equal(found[i], GV_ETYPE);
}

// An object with any three of these names is refused if two are equal, in any spelling. Otherwise
// its canonical text is sorted.
static void test_names(void **state) {
    static const char *const spelled[] = {"",     "a", "b",       "\\u0061",   "ask",       "ack",
                                          "asks", "c", "\\u0063", "aaaaaaaaa", "aaaaaaaab", "msg"};
    static const char *const plain[] = {"",     "a", "b", "a",         "ask",       "ack",
                                        "asks", "c", "c", "aaaaaaaaa", "aaaaaaaab", "msg"};
    enum { COUNT = sizeof plain / sizeof *plain };
    for (int i = 0; i < COUNT * COUNT * COUNT; i++) {
        int at[3] = {i % COUNT, i / COUNT % COUNT, i / COUNT / COUNT}, order[3] = {0, 1, 2};
        char text[128], want[128], found[128];
        snprintf(text, sizeof text, "{\"%s\":0,\"%s\":[],\"%s\":{}}", spelled[at[0]],
                 spelled[at[1]], spelled[at[2]]);
        bool repeated = false;
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < j; k++) repeated |= strcmp(plain[at[j]], plain[at[k]]) == 0;
        }
        int status = parse(*state, text);
        assert_int_equal(status, repeated ? GV_ESYNTAX : 7);
        if (repeated) continue;
        for (int swap = 0; swap < 3; swap++) { // three swaps of neighbours sort three names
            int *pair = order + swap % 2;
            if (strcmp(plain[at[pair[0]]], plain[at[pair[1]]]) <= 0) continue;
            int first = pair[0];
            pair[0] = pair[1];
            pair[1] = first;
        }
        static const char *const values[] = {"0", "[]", "{}"};
        size_t len = 0;
        for (int j = 0; j < 3; j++) {
            len += (size_t)snprintf(want + len, sizeof want - len, "%c\"%s\":%s",
                                    j == 0 ? '{' : ',', plain[at[order[j]]], values[order[j]]);
        }
        want[len++] = '}';
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(gv_json_canonical(*state, 0, found, sizeof found), len);
            assert_memory_equal(found, want, len);
        }
    }
}

static void test_integers(void **state) {
    static const struct {
        const char *text;
        int u64_status;
        uint64_t u64;
        int i64_status;
        int64_t i64;
    } cases[] = {
        {"0", 0, 0, 0, 0},
        {"-0", 0, 0, 0, 0},
        {"17", 0, 17, 0, 17},
        {"-1", GV_ERANGE, 0, 0, -1},
        {"9223372036854775807", 0, INT64_MAX, 0, INT64_MAX},
        {"9223372036854775808", 0, UINT64_C(1) << 63, GV_ERANGE, 0},
        {"-9223372036854775808", GV_ERANGE, 0, 0, INT64_MIN},
        {"-9223372036854775809", GV_ERANGE, 0, GV_ERANGE, 0},
        {"18446744073709551615", 0, UINT64_MAX, GV_ERANGE, 0},
        {"18446744073709551616", GV_ERANGE, 0, GV_ERANGE, 0},
        {"10000000000000000000", 0, UINT64_C(10000000000000000000), GV_ERANGE, 0},
        {"19999999999999999999", GV_ERANGE, 0, GV_ERANGE, 0},
        {"110000000000000000000", GV_ERANGE, 0, GV_ERANGE, 0},
        {"-18446744073709551616", GV_ERANGE, 0, GV_ERANGE, 0},
        {"36893488147419103232", GV_ERANGE, 0, GV_ERANGE, 0},
        {"99999999999999999999999999", GV_ERANGE, 0, GV_ERANGE, 0},
        {"99999999999999999999999999.0", GV_ETYPE, 0, GV_ETYPE, 0},
        {"1.0", GV_ETYPE, 0, GV_ETYPE, 0},
        {"1e2", GV_ETYPE, 0, GV_ETYPE, 0},
        {"\"1\"", GV_ETYPE, 0, GV_ETYPE, 0},
        {"true", GV_ETYPE, 0, GV_ETYPE, 0},
        {"[]", GV_ETYPE, 0, GV_ETYPE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t u64 = 0;
        int64_t i64 = 0;
        assert_true(parse(*state, cases[i].text) > 0);
        assert_int_equal(gv_json_u64(*state, 0, &u64), cases[i].u64_status);
        assert_int_equal(gv_json_i64(*state, 0, &i64), cases[i].i64_status);
        assert_true(u64 == cases[i].u64 && i64 == cases[i].i64);
    }
}

static void test_strings(void **state) {
    struct gv_json *json = *state;
    char buf[16];
    assert_int_equal(parse(json, "[\"plain\",\"\\u00e9\\n\\ud83d\\ude00\",\"\",7,\"a\\u0000b\"]"),
                     6);
    assert_true(gv_json_equals(json, 1, "plain"));
    assert_false(gv_json_equals(json, 1, "plai"));
    assert_false(gv_json_equals(json, 1, "plains"));
    assert_true(gv_json_equals(json, 2, "\xc3\xa9\n\xf0\x9f\x98\x80"));
    assert_true(gv_json_equals(json, 3, ""));
    assert_false(gv_json_equals(json, 4, "7"));
    assert_false(gv_json_equals(json, 5, "a"));
    assert_int_equal(gv_json_unescape(json, 1, buf, 5), 5);
    assert_memory_equal(buf, "plain", 5);
    assert_int_equal(gv_json_unescape(json, 1, buf, 4), GV_ESPACE);
    assert_int_equal(gv_json_unescape(json, 2, buf, 7), 7);
    assert_memory_equal(buf, "\xc3\xa9\n\xf0\x9f\x98\x80", 7);
    assert_int_equal(gv_json_unescape(json, 2, buf, 6), GV_ESPACE);
    assert_int_equal(gv_json_unescape(json, 3, NULL, 0), 0);
    assert_int_equal(gv_json_unescape(json, 4, buf, sizeof buf), GV_ETYPE);
    assert_int_equal(gv_json_unescape(json, 5, buf, sizeof buf), 3);
    assert_memory_equal(buf, "a\0b", 3);
    assert_slice(gv_json_string(json, 2), "\\u00e9\\n\\ud83d\\ude00");
    assert_slice(gv_json_raw(json, 3), "\"\"");
    assert_slice(gv_json_raw(json, 4), "7");
}

static void test_canonical_examples(void **state) {
    static const char *examples[][2] = {
        {" 1 ", "1"},
        {"-0", "0"},
        {"[-0,-0.0,1,1.0,1e0,1E0]", "[0,-0.0,1,1.0,1e0,1E0]"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"\"\\u00e9\"", "\"\xc3\xa9\""},
        {"\"\\/\\u002F\"", "\"//\""},
        {"\"\\u001F\\u0009\\u0022\\u005c\"", "\"\\u001f\\t\\\"\\\\\""},
        {"{ }", "{}"},
        {"{\"b\":1,\"a\":{\"d\":[ ],\"c\":2}}", "{\"a\":{\"c\":2,\"d\":[]},\"b\":1}"},
        {"{\"b\":1,\"\\u0061\":2,\"\":3,\"aa\":4}", "{\"\":3,\"a\":2,\"aa\":4,\"b\":1}"},
        {"{\"\\uffff\":1,\"\\ud83d\\ude00\":2}", "{\"\xef\xbf\xbf\":1,\"\xf0\x9f\x98\x80\":2}"},
        {"{\"!\":1,\"\":2,\" \":3}", "{\"\":2,\" \":3,\"!\":1}"},
    };
    struct gv_json *json = *state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char buf[64];
        assert_true(parse(json, examples[i][0]) > 0);
        int len = gv_json_canonical(json, 0, buf, sizeof buf);
        assert_int_equal(len, strlen(examples[i][1]));
        assert_memory_equal(buf, examples[i][1], (size_t)len);
    }
    // The value of a member is canonicalised like a root.
    char buf[8];
    assert_int_equal(parse(json, "{\"a\":[ 1, 2 ]}"), 5);
    assert_int_equal(gv_json_canonical(json, 2, buf, sizeof buf), 5);
    assert_memory_equal(buf, "[1,2]", 5);
    assert_int_equal(gv_json_canonical(json, 2, NULL, 0), GV_ESPACE);
}

static void test_quote(void **state) {
    (void)state;
    static const struct gv_slice text = {(const uint8_t *)"a\"\\\n\0\x7f\xc3\xa9", 8};
    const char *want = "\"a\\\"\\\\\\n\\u0000\x7f\xc3\xa9\"";
    char buf[64];
    assert_int_equal(gv_json_quote(text, buf, sizeof buf), strlen(want));
    assert_memory_equal(buf, want, strlen(want));
    assert_int_equal(gv_json_quote(text, buf, strlen(want)), strlen(want));
    assert_int_equal(gv_json_quote(text, buf, strlen(want) - 1), GV_ESPACE);
    assert_int_equal(gv_json_quote((struct gv_slice){text.data, 7}, buf, sizeof buf), GV_ESYNTAX);
    assert_int_equal(gv_json_quote((struct gv_slice){NULL, 0}, buf, 2), 2);
    assert_memory_equal(buf, "\"\"", 2);
}

// The error for a missing member can be passed to every accessor.
static void test_no_token(void **state) {
    (void)state;
    struct gv_json parser, *json = &parser;
    gv_json_init(json, gv_base_malloc(), 0, 0);
    assert_int_equal(gv_json_parse(json, "{\"a\":1}", 7), 3);
    const int none[] = {gv_json_member(json, 0, "b"), -1, json->count, INT32_MAX, INT32_MIN};
    assert_int_equal(none[0], GV_ENOENT);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char buf[8];
        uint64_t u64;
        int64_t i64;
        const struct gv_slice name = {(const uint8_t *)"a", 1};
        int token = 0;
        assert_int_equal(gv_json_type(json, none[i]), GV_JSON_NONE);
        assert_int_equal(gv_json_size(json, none[i]), 0);
        assert_int_equal(gv_json_next(json, none[i]), json->count);
        assert_int_equal(gv_json_member(json, none[i], "a"), GV_ETYPE);
        gv_json_members(json, none[i], &name, 1, &token);
        assert_int_equal(token, GV_ETYPE);
        assert_int_equal(gv_json_raw(json, none[i]).len, 0);
        assert_int_equal(gv_json_string(json, none[i]).len, 0);
        assert_false(gv_json_equals(json, none[i], "a"));
        assert_int_equal(gv_json_unescape(json, none[i], buf, sizeof buf), GV_ETYPE);
        assert_int_equal(gv_json_u64(json, none[i], &u64), GV_ETYPE);
        assert_int_equal(gv_json_i64(json, none[i], &i64), GV_ETYPE);
        assert_int_equal(gv_json_canonical(json, none[i], buf, sizeof buf), GV_ETYPE);
    }
    assert_int_equal(gv_json_string(json, 2).len, 0); // a number
    assert_int_equal(gv_json_parse(json, NULL, 5), GV_EINVAL);
    assert_int_equal(gv_json_type(json, 0), GV_JSON_NONE);
    gv_json_fini(json);
    struct gv_json zeroed = {.count = 0};
    assert_int_equal(gv_json_parse(&zeroed, "1", 1), GV_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_bad_vectors),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_every_short_text),
        cmocka_unit_test(test_canonical_random),
        cmocka_unit_test(test_mutated_random),
        cmocka_unit_test(test_tokens_bound),
        cmocka_unit_test(test_depth_bound),
        cmocka_unit_test(test_length_bound),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_members_at_once),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_canonical_examples),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
