// SPDX-License-Identifier: MIT
#include "../../merkle/range.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Reads a written range, and checks that nothing follows it.
static struct gv_range read_one(const struct gv_writer *out) {
    struct gv_reader in = {.data = out->data, .len = out->len};
    struct gv_range range, after;
    assert_false(out->full);
    assert_true(gv_range_next(&in, 0, &range));
    assert_int_equal(in.error, 0);
    assert_int_equal(range.end, out->len);
    assert_false(gv_range_next(&in, range.hi, &after));
    assert_int_equal(in.error, 0);
    return range;
}

static void bounds_round_trip(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 5000; round++) {
        uint8_t bytes[16];
        struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
        uint64_t hi = gv_prng_next(&prng) >> gv_prng_below(&prng, 64);
        hi = hi >> round % 60 << round % 60;
        if (hi == 0) hi = GV_POSITION_END;
        gv_range_put_header(&out, round % 2 ? GV_RANGE_EMPTY : GV_RANGE_SKIP, 0, hi);
        struct gv_range range = read_one(&out);
        assert_int_equal(range.kind, round % 2 ? GV_RANGE_EMPTY : GV_RANGE_SKIP);
        assert_true(range.lo == 0 && range.hi == hi);
    }
}

static void sketches_round_trip(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (uint64_t count = 1; count < 100; count++) {
        uint8_t bytes[64];
        struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
        struct gv_pinsketch sketch;
        for (int i = 0; i < GV_PINSKETCH_CAPACITY; i++)
            sketch.syndrome[i] = (uint32_t)gv_prng_next(&prng);
        gv_range_put_header(&out, GV_RANGE_SKETCH, 0, 1000);
        gv_range_put_sketch(&out, &sketch, count);
        struct gv_range range = read_one(&out);
        assert_int_equal(range.kind, GV_RANGE_SKETCH);
        assert_int_equal(range.count, GV_PINSKETCH_CAPACITY);
        assert_int_equal(range.count_mod, count % GV_RANGE_COUNT_MODULUS);
        struct gv_pinsketch read;
        gv_range_words(&range, gv_slice_of(bytes, out.len), read.syndrome);
        assert_memory_equal(&read, &sketch, sizeof sketch);
    }
}

static void counts_distinguish_lists_and_requests(void **state) {
    (void)state;
    static const enum gv_range_kind kinds[] = {GV_RANGE_LIST, GV_RANGE_REQUEST_HASHES,
                                               GV_RANGE_REQUEST_ELEMENTS};
    for (int k = 0; k < 3; k++) {
        uint32_t most =
            kinds[k] == GV_RANGE_REQUEST_ELEMENTS ? GV_PINSKETCH_CAPACITY : GV_RANGE_LIST_MAX;
        for (uint32_t count = 1; count <= most; count++) {
            uint8_t bytes[160];
            struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
            gv_range_put_header(&out, GV_RANGE_LIST, 0, GV_POSITION_END);
            gv_range_put_count(&out, kinds[k], count);
            size_t words = out.len;
            for (uint32_t i = 0; i < count; i++) gv_pack_put_u32(&out, UINT32_MAX - i);
            struct gv_range range = read_one(&out);
            assert_int_equal(range.kind, kinds[k]);
            assert_int_equal(range.count, count);
            assert_int_equal(range.words, words);
            uint32_t read[GV_RANGE_LIST_MAX];
            gv_range_words(&range, gv_slice_of(bytes, out.len), read);
            for (uint32_t i = 0; i < count; i++) assert_int_equal(read[i], UINT32_MAX - i);
        }
    }
}

static void estimators_round_trip(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (int round = 0; round < 1000; round++) {
        uint8_t bytes[32];
        struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
        uint32_t estimator = (uint32_t)gv_prng_next(&prng) & 0x3f3f3f3f;
        gv_pack_put_u8(&out, GV_RANGE_ROOT);
        gv_pack_put_varint(&out, 300);
        gv_pack_put_u64(&out, 5);
        gv_pack_put_u64(&out, 6);
        gv_range_put_estimator(&out, estimator);
        struct gv_range range = read_one(&out);
        assert_int_equal(range.kind, GV_RANGE_ROOT);
        assert_true(range.peer.count == 300 && range.peer.sum == 5 && range.peer.weighted_sum == 6);
        assert_int_equal(range.estimator, estimator);
    }
}

// Random bytes: each range starts where its predecessor ends, and the reader terminates.
static void random_bytes_are_read_or_refused(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[80];
        size_t len = gv_prng_below(&prng, sizeof bytes + 1);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(gv_prng_next(&prng) >> gv_prng_below(&prng, 8));
        struct gv_reader in = {.data = bytes, .len = len};
        struct gv_range range = {0};
        uint64_t end = 0;
        for (size_t at = 0; gv_range_next(&in, end, &range); at = range.end, end = range.hi) {
            assert_true(range.end > at && range.end == in.at && in.at <= len);
            assert_true(range.lo == end && range.lo < range.hi);
            assert_true(range.kind <= GV_RANGE_REQUEST_ELEMENTS);
            if (range.kind == GV_RANGE_PROBE)
                assert_true(range.lo <= range.from && range.from < range.to &&
                            range.to <= range.hi);
            if (range.count > 0) assert_true(range.words + 4 * range.count == range.end);
        }
        assert_true(in.error == GV_ESYNTAX || in.at == len);
    }
}

// A text that grows at its end.
struct text {
    char bytes[2048];
    size_t len;
};

GV_PRINTF(2, 3) static void append(struct text *text, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int len = vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, values);
    va_end(values);
    assert_true(len >= 0 && (size_t)len < sizeof text->bytes - text->len);
    text->len += (size_t)len;
}

static void append_position(struct text *text, uint64_t position) {
    if (position == GV_POSITION_END) {
        append(text, " end");
    } else {
        append(text, " %" PRIu64, position);
    }
}

// Appends the content of a range in the notation of test/vectors/summaries.txt.
static void append_range(struct text *text, const struct gv_range *range, struct gv_slice summary) {
    static const char *const names[] = {"skip",  "sum",   "digest", "list",   "sketch",
                                        "probe", "empty", "root",   "hashes", "elements"};
    append(text, "%s%s", text->len > 0 ? "; " : "", names[range->kind]);
    append_position(text, range->lo);
    append_position(text, range->hi);
    bool root = range->kind == GV_RANGE_ROOT, digest = root || range->kind == GV_RANGE_DIGEST;
    if (digest || range->kind == GV_RANGE_SUM)
        append(text, " count %" PRIu64 " sum %016" PRIx64, range->peer.count, range->peer.sum);
    if (digest) append(text, " weighted %016" PRIx64, range->peer.weighted_sum);
    if (root) append(text, " estimator %08" PRIx32, range->estimator);
    if (range->kind == GV_RANGE_SKETCH) append(text, " modulo %d", range->count_mod);
    uint32_t words[GV_RANGE_LIST_MAX];
    gv_range_words(range, summary, words);
    for (uint32_t i = 0; i < range->count; i++) append(text, " %08" PRIx32, words[i]);
    if (range->kind != GV_RANGE_PROBE) return;
    append_position(text, range->from);
    append_position(text, range->to);
}

static struct text read_all(struct gv_slice summary) {
    struct gv_reader in = {.data = summary.data, .len = summary.len, .at = 1}; // after the salt
    struct gv_range range = {0};
    struct text text = {.len = 0};
    while (gv_range_next(&in, range.hi, &range)) append_range(&text, &range, summary);
    if (in.error) append(&text, "%smalformed", text.len > 0 ? "; " : "");
    if (text.len == 0) append(&text, "nothing");
    return text;
}

static void vectors_are_read_as_specified(void **state) {
    (void)state;
    FILE *file = fopen("test/vectors/summaries.txt", "r");
    if (file == NULL) fail_msg("test/vectors/summaries.txt is missing: run from the top");
    static char line[4096];
    int vectors = 0, failures = 0;
    for (; fgets(line, sizeof line, file) != NULL; vectors += line[0] != '#') {
        if (line[0] == '#') continue;
        uint8_t bytes[256];
        size_t len = strspn(line, "0123456789abcdef") / 2;
        char *wanted = strstr(line, " | "), digits[3] = {0};
        assert_true(wanted == line + 2 * len && len > 0 && len <= sizeof bytes);
        for (size_t i = 0; i < len; i++) {
            memcpy(digits, line + 2 * i, 2);
            bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        wanted += 3;
        wanted[strcspn(wanted, "\n")] = '\0';
        struct text text = read_all(gv_slice_of(bytes, len));
        if (strcmp(text.bytes, wanted) == 0) continue;
        print_error("%.*s\n  wanted: %s\n  got: %s\n", (int)(2 * len), line, wanted, text.bytes);
        failures++;
    }
    fclose(file);
    assert_int_equal(failures, 0);
    assert_true(vectors > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_round_trip),
        cmocka_unit_test(sketches_round_trip),
        cmocka_unit_test(counts_distinguish_lists_and_requests),
        cmocka_unit_test(estimators_round_trip),
        cmocka_unit_test(random_bytes_are_read_or_refused),
        cmocka_unit_test(vectors_are_read_as_specified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
