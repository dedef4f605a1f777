// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../merkle/pack.h"

#include <stdlib.h>
#include <string.h>

static struct gv_writer writer(uint8_t *buf, size_t cap) {
    return (struct gv_writer){.data = buf, .cap = cap};
}

static struct gv_reader reader(const uint8_t *data, size_t len) {
    return (struct gv_reader){.data = data, .len = len};
}

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// The bytes that each put writes.
static void test_bytes(void **state) {
    (void)state;
    uint8_t buf[64];
    struct gv_writer out = writer(buf, sizeof buf);
    gv_pack_put_u8(&out, 0xab);
    gv_pack_put_u32(&out, 0x04030201);
    gv_pack_put_u64(&out, UINT64_C(0x0807060504030201));
    gv_pack_put_varint(&out, 300);
    gv_pack_put_text(&out, "hi");
    gv_pack_put_decimal(&out, 0);
    gv_pack_put_decimal(&out, UINT64_MAX);
    gv_pack_put_bytes(&out, NULL, 0);
    const char want[] = "\xab\1\2\3\4\1\2\3\4\5\6\7\x08\xac\2hi018446744073709551615";
    assert_false(out.full);
    assert_int_equal(out.len, sizeof want - 1);
    assert_memory_equal(buf, want, out.len);
}

// A put that does not fit writes nothing, and neither do later puts.
static void test_full(void **state) {
    (void)state;
    for (size_t cap = 0; cap < 8; cap++) {
        uint8_t buf[16];
        memset(buf, 0xee, sizeof buf);
        struct gv_writer out = writer(cap > 0 ? buf : NULL, cap);
        gv_pack_put_u64(&out, 1);
        assert_true(out.full);
        gv_pack_put_u8(&out, 1);
        gv_pack_put_varint(&out, 1);
        gv_pack_put_decimal(&out, 1);
        gv_pack_put_base64(&out, slice("x"));
        assert_int_equal(out.len, 0);
        for (size_t i = 0; i < sizeof buf; i++) assert_int_equal(buf[i], 0xee);
    }
    uint8_t buf[4];
    struct gv_writer out = writer(buf, sizeof buf);
    gv_pack_put_base64(&out, slice("foo"));
    assert_false(out.full);
    gv_pack_put_bytes(&out, NULL, 0);
    assert_false(out.full);
    gv_pack_put_bytes(&out, "", 1);
    assert_true(out.full);
    assert_int_equal(out.len, 4);
}

static void test_varint_sizes(void **state) {
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        // The smallest and the largest number with this many bits.
        uint64_t low = bits == 0 ? 0 : UINT64_C(1) << (bits - 1);
        uint64_t high = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        size_t size = bits == 0 ? 1 : (bits + 6) / 7;
        for (int i = 0; i < 2; i++) {
            uint64_t value = i ? high : low;
            uint8_t buf[GV_PACK_VARINT_MAX];
            struct gv_writer out = writer(buf, sizeof buf);
            gv_pack_put_varint(&out, value);
            assert_int_equal(out.len, size);
            assert_int_equal(gv_pack_varint_size(value), size);
            struct gv_reader in = reader(buf, out.len);
            assert_true(gv_pack_get_varint(&in) == value);
            assert_int_equal(in.error, 0);
            assert_int_equal(in.at, size);
            // A varint truncated at any length is malformed.
            for (size_t len = 0; len < size; len++) {
                in = reader(buf, len);
                assert_true(gv_pack_get_varint(&in) == 0);
                assert_int_equal(in.error, GV_ESYNTAX);
            }
        }
    }
}

static void test_varint_refused(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        uint8_t bytes[12];
    } bad[] = {
        {"0 in two bytes", 2, {0x80, 0x00}},
        {"127 in two bytes", 2, {0xff, 0x00}},
        {"1 in ten bytes", 10, {0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}},
        {"2^64", 10, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}},
        {"65 bits", 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03}},
        {"eleven", 11, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x01}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct gv_reader in = reader(bad[i].bytes, bad[i].len);
        uint64_t value = gv_pack_get_varint(&in);
        if (value != 0 || in.error != GV_ESYNTAX) fail_msg("accepted: %s", bad[i].name);
        // The error persists.
        assert_int_equal(gv_pack_get_u8(&in), 0);
        assert_true(gv_pack_get_u64(&in) == 0);
        assert_null(gv_pack_get_bytes(&in, 0));
        assert_int_equal(in.error, GV_ESYNTAX);
    }
}

static void test_reader_end(void **state) {
    (void)state;
    const uint8_t data[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct gv_reader in = reader(data, sizeof data);
    assert_true(gv_pack_get_u64(&in) == UINT64_C(0x0807060504030201));
    in.at = 0;
    assert_int_equal(gv_pack_get_u32(&in), 0x04030201);
    in.at = 8;
    assert_ptr_equal(gv_pack_get_bytes(&in, 1), data + 8);
    assert_non_null(gv_pack_get_bytes(&in, 0));
    assert_int_equal(in.error, 0);
    assert_null(gv_pack_get_bytes(&in, SIZE_MAX));
    assert_int_equal(in.error, GV_ESYNTAX);

    in = reader(data, 3);
    assert_int_equal(gv_pack_get_u32(&in), 0);
    assert_int_equal(in.error, GV_ESYNTAX);

    in = reader(data, 7);
    assert_true(gv_pack_get_u64(&in) == 0);
    assert_int_equal(in.error, GV_ESYNTAX);
    assert_int_equal(gv_pack_get_u8(&in), 0);

    in = reader(NULL, 0);
    assert_non_null(gv_pack_get_bytes(&in, 0));
    assert_int_equal(in.error, 0);
    assert_int_equal(gv_pack_get_u8(&in), 0);
    assert_int_equal(in.error, GV_ESYNTAX);
}

// RFC 4648, section 10, without the padding.
static void test_base64_vectors(void **state) {
    (void)state;
    static const char *vectors[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t buf[16];
        struct gv_slice bytes = slice(vectors[i][0]), text = slice(vectors[i][1]);
        struct gv_writer out = writer(buf, text.len); // exactly the size needed
        gv_pack_put_base64(&out, bytes);
        assert_false(out.full);
        assert_int_equal(out.len, text.len);
        assert_memory_equal(buf, text.data, text.len);
        assert_int_equal(GV_BASE64_LEN(bytes.len), text.len);
        assert_int_equal(GV_BASE64_BYTES(text.len), bytes.len);
        // Decode in place.
        assert_int_equal(gv_pack_get_base64((struct gv_slice){buf, out.len}, buf, bytes.len),
                         bytes.len);
        assert_memory_equal(buf, bytes.data, bytes.len);
        if (bytes.len > 0)
            assert_int_equal(gv_pack_get_base64(text, buf, bytes.len - 1), GV_ESPACE);
    }
}

static void test_base64_refused(void **state) {
    (void)state;
    // Impossible lengths, padding, set bits after the last byte, the URL alphabet, and white space.
    static const char *bad[] = {"A",    "AAAAA", "Zg==", "Zm8=", "Zh",  "Zm9",      "Zm-v", "Zm_v",
                                "Zm9 ", "\nZm9", "Z*",   "*g",   "Zm*", "\xc3\xa9", "ZmZ"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t buf[16];
        int status = gv_pack_get_base64(slice(bad[i]), buf, sizeof buf);
        if (status != GV_ESYNTAX) fail_msg("%s gave %d", bad[i], status);
    }
    // Every byte at every index of a group is accepted if and only if it is in the alphabet.
    for (int byte = 0; byte < 256; byte++) {
        bool known = byte != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789+/",
                                         byte) != NULL;
        for (int place = 0; place < 4; place++) {
            uint8_t text[4] = {'A', 'A', 'A', 'A'}, buf[3];
            text[place] = (uint8_t)byte;
            int status = gv_pack_get_base64((struct gv_slice){text, 4}, buf, sizeof buf);
            assert_int_equal(status, known ? 3 : GV_ESYNTAX);
        }
    }
}

// Values of random kinds and lengths are read as they were written, from memory of the exact size.
static void test_round_trip(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 2000; round++) {
        size_t len = (size_t)gv_prng_below(&prng, 200);
        uint8_t *bytes = malloc(len + 1), *text = malloc(GV_BASE64_LEN(len) + 1), back[200];
        assert_non_null(bytes);
        assert_non_null(text);
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)gv_prng_next(&prng);
        uint64_t word = gv_prng_next(&prng) >> gv_prng_below(&prng, 64);

        struct gv_writer out = writer(text, GV_BASE64_LEN(len));
        gv_pack_put_base64(&out, (struct gv_slice){bytes, len});
        assert_false(out.full);
        assert_int_equal(out.len, GV_BASE64_LEN(len));
        assert_int_equal(gv_pack_get_base64((struct gv_slice){text, out.len}, back, sizeof back),
                         len);
        assert_memory_equal(back, bytes, len);

        uint8_t buf[18];
        out = writer(buf, sizeof buf);
        gv_pack_put_varint(&out, word);
        gv_pack_put_u64(&out, word);
        struct gv_reader in = reader(buf, out.len);
        assert_true(gv_pack_get_varint(&in) == word);
        assert_true(gv_pack_get_u64(&in) == word);
        assert_int_equal(in.error, 0);
        assert_int_equal(in.at, in.len);
        free(bytes);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_full),
        cmocka_unit_test(test_varint_sizes),   cmocka_unit_test(test_varint_refused),
        cmocka_unit_test(test_reader_end),     cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_base64_refused), cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
