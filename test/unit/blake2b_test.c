// SPDX-License-Identifier: MIT
#include "../../codec/blake2b.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

static const char *hex_of(const uint8_t *bytes, size_t len) {
    static char hex[2 * GV_BLAKE2B_LEN_MAX + 1];
    for (size_t i = 0; i < len; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

// RFC 7693, appendix A.
static void test_abc(void **state) {
    (void)state;
    uint8_t hash[64];
    gv_blake2b_compute(hash, 64, (struct gv_slice){0}, gv_slice_of("abc", 3));
    assert_string_equal(hex_of(hash, 64),
                        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

// RFC 7693, appendix E: `len` bytes that depend on the seed.
static void fill(uint8_t *out, size_t len, uint32_t seed) {
    uint32_t a = UINT32_C(0xdead4bad) * seed, b = 1;
    for (size_t i = 0; i < len; i++) {
        uint32_t sum = a + b;
        a = b;
        b = sum;
        out[i] = (uint8_t)(sum >> 24);
    }
}

// RFC 7693, appendix E: one hash of the hashes of several lengths, with and without a key.
static void test_lengths(void **state) {
    (void)state;
    static const size_t out_lens[] = {20, 32, 48, 64}, in_lens[] = {0, 3, 128, 129, 255, 1024};
    uint8_t all[2 * 64 * GV_COUNT(out_lens) * GV_COUNT(in_lens)], in[1024], key[64], grand[32];
    size_t at = 0;
    for (size_t i = 0; i < GV_COUNT(out_lens); i++) {
        size_t len = out_lens[i];
        for (size_t j = 0; j < GV_COUNT(in_lens); j++) {
            struct gv_slice data = {in, in_lens[j]};
            fill(in, data.len, (uint32_t)data.len);
            gv_blake2b_compute(all + at, len, (struct gv_slice){0}, data);
            at += len;
            fill(key, len, (uint32_t)len);
            gv_blake2b_compute(all + at, len, (struct gv_slice){key, len}, data);
            at += len;
        }
    }
    gv_blake2b_compute(grand, 32, (struct gv_slice){0}, (struct gv_slice){all, at});
    assert_string_equal(hex_of(grand, 32),
                        "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475");
}

// Entries of the authors' known answers (https://github.com/BLAKE2/BLAKE2,
// testvectors/blake2-kat.json) around the ends of blocks: inputs 00 01 02 … of `len` bytes.
struct answer {
    size_t len;
    const char *hash;
};
static const struct answer unkeyed[] = {
    {0, "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
        "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"},
    {1, "2fa3f686df876995167e7c2e5d74c4c7b6e48f8068fe0e44208344d480f7904c"
        "36963e44115fe3eb2a3ac8694c28bcb4f5a0f3276f2e79487d8219057a506e4b"},
    {8, "e998e0dc03ec30eb99bb6bfaaf6618acc620320d7220b3af2b23d112d8e9cb12"
        "62f3c0d60d183b1ee7f096d12dae42c958418600214d04f5ed6f5e718be35566"},
    {111, "bf23c0c25c8060e4f6995f1623a3bebecaa96e308680000a8aa3cd56bb1a6da0"
          "99e10d9231b37f4519b2efd2c24de72f31a5f19535241b4a59fa3c03ceb790e7"},
    {127, "b6292669ccd38d5f01caae96ba272c76a879a45743afa0725d83b9ebb26665b7"
          "31f1848c52f11972b6644f554c064fa90780dbbbf3a89d4fc31f67df3e5857ef"},
    {128, "2319e3789c47e2daa5fe807f61bec2a1a6537fa03f19ff32e87eecbfd64b7e0e"
          "8ccff439ac333b040f19b0c4ddd11a61e24ac1fe0f10a039806c5dcc0da3d115"},
    {129, "f59711d44a031d5f97a9413c065d1e614c417ede998590325f49bad2fd444d3e"
          "4418be19aec4e11449ac1a57207898bc57d76a1bcf3566292c20c683a5c4648f"},
    {255, "5b21c5fd8868367612474fa2e70e9cfa2201ffeee8fafab5797ad58fefa17c9b"
          "5b107da4a3db6320baaf2c8617d5a51df914ae88da3867c2d41f0cc14fa67928"},
};
static const struct answer keyed[] = {
    // key 00 01 … 3f
    {0, "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786"
        "b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568"},
    {1, "961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4"
        "187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd"},
    {8, "380beaf6ea7cc9365e270ef0e6f3a64fb902acae51dd5512f84259ad2c91f4bc"
        "4108db73192a5bbfb0cbcf71e46c3e21aee1c5e860dc96e8eb0b7b8426e6abe9"},
    {111, "2620f687e8625f6a412460b42e2cef67634208ce10a0cbd4dff7044a41b78800"
          "77e9f8dc3b8d1216d3376a21e015b58fb279b521d83f9388c7382c8505590b9b"},
    {127, "76d2d819c92bce55fa8e092ab1bf9b9eab237a25267986cacf2b8ee14d214d73"
          "0dc9a5aa2d7b596e86a1fd8fa0804c77402d2fcd45083688b218b1cdfa0dcbcb"},
    {128, "72065ee4dd91c2d8509fa1fc28a37c7fc9fa7d5b3f8ad3d0d7a25626b57b1b44"
          "788d4caf806290425f9890a3a2a35a905ab4b37acfd0da6e4517b2525c9651e4"},
    {129, "64475dfe7600d7171bea0b394e27c9b00d8e74dd1e416a79473682ad3dfdbb70"
          "6631558055cfc8a40e07bd015a4540dcdea15883cbbf31412df1de1cd4152b91"},
    {255, "142709d62e28fcccd0af97fad0f8465b971e82201dc51070faa0372aa43e9248"
          "4be1c1e73ba10906d5d1853db6a4106e0a7bf9800d373d6dee2d46d62ef2a461"},
};

static void test_known_answers(void **state) {
    (void)state;
    uint8_t in[255], hash[64];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)i;
    for (size_t i = 0; i < GV_COUNT(unkeyed); i++) {
        gv_blake2b_compute(hash, 64, (struct gv_slice){0}, (struct gv_slice){in, unkeyed[i].len});
        assert_string_equal(hex_of(hash, 64), unkeyed[i].hash);
    }
    for (size_t i = 0; i < GV_COUNT(keyed); i++) {
        gv_blake2b_compute(hash, 64, (struct gv_slice){in, 64},
                           (struct gv_slice){in, keyed[i].len});
        assert_string_equal(hex_of(hash, 64), keyed[i].hash);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abc),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
