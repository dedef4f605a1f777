// SPDX-License-Identifier: MIT
#include "pack.h"

#include <limits.h>

// ---- Writing ------------------------------------------------------------------------------------

// Claims `len` more bytes at the end of the buffer; NULL if they do not fit.
static inline uint8_t *claim(struct gv_writer *out, size_t len) {
    GV_ASSERT(out != NULL);
    GV_ASSERT(out->len <= out->cap && (out->data != NULL || out->cap == 0));
    if (out->full || len > out->cap - out->len) {
        out->full = true;
        return NULL;
    }
    uint8_t *dest = out->data + out->len;
    out->len += len;
    return dest;
}

// Not exported, so that a shared library inlines it.
static inline void put(struct gv_writer *out, const void *data, size_t len) {
    if (len == 0) return; // memcpy must not be passed NULL
    uint8_t *dest = claim(out, len);
    if (dest != NULL) memcpy(dest, data, len);
}

void gv_pack_put_bytes(struct gv_writer *out, const void *data, size_t len) {
    GV_ASSERT(data != NULL || len == 0);
    put(out, data, len);
}

void gv_pack_put_u8(struct gv_writer *out, uint8_t value) {
    uint8_t *dest = claim(out, 1);
    if (dest != NULL) *dest = value;
}

void gv_pack_put_u32(struct gv_writer *out, uint32_t value) {
    uint8_t *dest = claim(out, 4);
    if (dest == NULL) return;
    for (unsigned i = 0; i < 4; i++) dest[i] = (uint8_t)(value >> (8 * i));
}

void gv_pack_put_u64(struct gv_writer *out, uint64_t value) {
    uint8_t *dest = claim(out, 8);
    if (dest == NULL) return;
    for (unsigned i = 0; i < 8; i++) dest[i] = (uint8_t)(value >> (8 * i));
}

void gv_pack_put_varint(struct gv_writer *out, uint64_t value) {
    uint8_t *dest = claim(out, gv_pack_varint_size(value));
    if (dest == NULL) return;
    for (; value >= 0x80; value >>= 7) *dest++ = (uint8_t)(value | 0x80);
    *dest = (uint8_t)value;
}

void gv_pack_put_text(struct gv_writer *out, const char *text) {
    GV_ASSERT(text != NULL);
    put(out, text, strlen(text));
}

void gv_pack_put_decimal(struct gv_writer *out, uint64_t value) {
    size_t len = 1;
    for (uint64_t rest = value; rest >= 10; rest /= 10) len++;
    uint8_t *dest = claim(out, len);
    for (; dest != NULL && len > 0; value /= 10) dest[--len] = (uint8_t)('0' + value % 10);
}

size_t gv_pack_varint_size(uint64_t value) {
    size_t size = 1;
    while (value >>= 7) size++;
    GV_ASSERT(size <= GV_PACK_VARINT_MAX);
    return size;
}

// ---- Reading ------------------------------------------------------------------------------------

// Not exported, so that a shared library inlines it.
static inline const uint8_t *take(struct gv_reader *in, size_t len) {
    GV_ASSERT(in != NULL);
    GV_ASSERT(in->at <= in->len && (in->data != NULL || in->len == 0));
    if (in->error == 0 && len > in->len - in->at) in->error = GV_ESYNTAX;
    if (in->error != 0) return NULL;
    if (len == 0) return (const uint8_t *)""; // NULL means an error
    const uint8_t *bytes = in->data + in->at;
    in->at += len;
    return bytes;
}

const uint8_t *gv_pack_get_bytes(struct gv_reader *in, size_t len) {
    return take(in, len);
}

static inline uint8_t take_u8(struct gv_reader *in) {
    const uint8_t *byte = take(in, 1);
    return byte != NULL ? *byte : 0;
}

uint8_t gv_pack_get_u8(struct gv_reader *in) {
    return take_u8(in);
}

uint32_t gv_pack_get_u32(struct gv_reader *in) {
    const uint8_t *bytes = take(in, 4);
    if (bytes == NULL) return 0;
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

uint64_t gv_pack_get_u64(struct gv_reader *in) {
    const uint8_t *bytes = take(in, 8);
    if (bytes == NULL) return 0;
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint64_t gv_pack_get_varint(struct gv_reader *in) {
    uint64_t value = 0;
    for (unsigned i = 0; i < GV_PACK_VARINT_MAX; i++) {
        uint8_t byte = take_u8(in);
        if (in->error != 0) return 0;
        bool last = byte < 0x80;
        if (last && byte == 0 && i > 0) break;              // a shorter encoding exists
        if (i == GV_PACK_VARINT_MAX - 1 && byte > 1) break; // 9 * 7 + 1 bits
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (last) return value;
    }
    in->error = GV_ESYNTAX;
    return 0;
}

// ---- Base64 -------------------------------------------------------------------------------------

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void gv_pack_put_base64(struct gv_writer *out, struct gv_slice data) {
    GV_ASSERT(data.data != NULL || data.len == 0);
    if (data.len == 0) return;
    uint8_t *dest = data.len <= SIZE_MAX / 4 - 1 ? claim(out, GV_BASE64_LEN(data.len)) : NULL;
    if (dest == NULL) {
        out->full = true;
        return;
    }
    const uint8_t *at = data.data, *end = at + data.len;
    for (; end - at >= 3; at += 3) {
        uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *dest++ = (uint8_t)digits64[bits >> 18];
        *dest++ = (uint8_t)digits64[bits >> 12 & 63];
        *dest++ = (uint8_t)digits64[bits >> 6 & 63];
        *dest++ = (uint8_t)digits64[bits & 63];
    }
    if (at == end) return;
    uint32_t bits = (uint32_t)at[0] << 16 | (end - at == 2 ? (uint32_t)at[1] << 8 : 0);
    *dest++ = (uint8_t)digits64[bits >> 18];
    *dest++ = (uint8_t)digits64[bits >> 12 & 63];
    if (end - at == 2) *dest = (uint8_t)digits64[bits >> 6 & 63];
}

// The value of a character plus 64; 0 for characters outside the alphabet.
// clang-format off
static const uint8_t values64[256] = {
    ['A'] = 64, ['B'] = 65, ['C'] = 66, ['D'] = 67, ['E'] = 68, ['F'] = 69, ['G'] = 70, ['H'] = 71,
    ['I'] = 72, ['J'] = 73, ['K'] = 74, ['L'] = 75, ['M'] = 76, ['N'] = 77, ['O'] = 78, ['P'] = 79,
    ['Q'] = 80, ['R'] = 81, ['S'] = 82, ['T'] = 83, ['U'] = 84, ['V'] = 85, ['W'] = 86, ['X'] = 87,
    ['Y'] = 88, ['Z'] = 89, ['a'] = 90, ['b'] = 91, ['c'] = 92, ['d'] = 93, ['e'] = 94, ['f'] = 95,
    ['g'] = 96, ['h'] = 97, ['i'] = 98, ['j'] = 99, ['k'] = 100, ['l'] = 101, ['m'] = 102,
    ['n'] = 103, ['o'] = 104, ['p'] = 105, ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109,
    ['u'] = 110, ['v'] = 111, ['w'] = 112, ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116,
    ['1'] = 117, ['2'] = 118, ['3'] = 119, ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123,
    ['8'] = 124, ['9'] = 125, ['+'] = 126, ['/'] = 127,
};
// clang-format on

// Decodes a last group of two or three characters. Reads it before it writes: `to` may be `from`.
static int get_tail(const uint8_t *from, size_t chars, uint8_t *to) {
    GV_ASSERT(chars == 2 || chars == 3);
    uint8_t a = values64[from[0]], b = values64[from[1]], c = chars == 3 ? values64[from[2]] : 64;
    if ((a & b & c & 64) == 0) return GV_ESYNTAX;
    uint32_t bits = (a & 63u) << 18 | (b & 63u) << 12 | (c & 63u) << 6;
    if ((bits & (chars == 3 ? 0xffu : 0xffffu)) != 0) return GV_ESYNTAX; // beyond the last byte
    to[0] = (uint8_t)(bits >> 16);
    if (chars == 3) to[1] = (uint8_t)(bits >> 8);
    return 0;
}

int gv_pack_get_base64(struct gv_slice text, uint8_t *buf, size_t cap) {
    GV_ASSERT(text.data != NULL || text.len == 0);
    GV_ASSERT(buf != NULL || cap == 0);
    size_t tail = text.len % 4;
    if (tail == 1) return GV_ESYNTAX;
    size_t bytes = text.len / 4 * 3 + (tail > 0 ? tail - 1 : 0);
    if (bytes > cap || bytes > INT_MAX) return GV_ESPACE;
    if (bytes == 0) return 0;

    const uint8_t *from = text.data, *last = from + (text.len - tail);
    uint8_t *to = buf;
    for (; from != last; from += 4, to += 3) {
        uint8_t a = values64[from[0]], b = values64[from[1]], c = values64[from[2]],
                d = values64[from[3]];
        if ((a & b & c & d & 64) == 0) return GV_ESYNTAX;
        uint32_t bits = (a & 63u) << 18 | (b & 63u) << 12 | (c & 63u) << 6 | (d & 63u);
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    int status = tail > 0 ? get_tail(from, tail, to) : 0;
    return status < 0 ? status : (int)bytes;
}
