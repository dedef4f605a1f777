// SPDX-License-Identifier: MIT
#include "../../merkle/range.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_round_trip),
        cmocka_unit_test(sketches_round_trip),
        cmocka_unit_test(counts_distinguish_lists_and_requests),
        cmocka_unit_test(estimators_round_trip),
        cmocka_unit_test(random_bytes_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
