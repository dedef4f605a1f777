// SPDX-License-Identifier: MIT
// Binary encoding for the wire: LEB128 varints, fixed 32-bit and 64-bit words (little-endian), and
// base64 (RFC 4648, section 4), which carries them inside JSON.
// Writers fill a buffer of the caller. Readers accept untrusted bytes. They never read past the
// end, and reject every encoding that the writer does not produce, so each value has one encoding.
// reject every encoding that the writer does not produce, so each value has one encoding.
#ifndef GV_MERKLE_PACK_H
#define GV_MERKLE_PACK_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_PACK_VARINT_MAX = 10 }; // longest varint, bytes

// An output buffer: the caller sets `data` and `cap`, and `len` and `full` to 0. A put appends all
// of its bytes or none. The first put that does not fit sets `full`; later puts then write nothing,
// so it suffices to check `full` once at the end.
struct gv_writer {
    uint8_t *data; // borrowed; NULL only if `cap` is 0
    size_t cap;    // size of the buffer, bytes
    size_t len;    // bytes written
    bool full;     // a put did not fit
};

// An input: the caller sets `data` and `len`, and `at` and `error` to 0. The first malformed or
// truncated value sets `error` to GV_ESYNTAX; later reads then return 0 or NULL.
struct gv_reader {
    const uint8_t *data; // borrowed; NULL only if `len` is 0
    size_t len;          // bytes in all
    size_t at;           // offset of the next byte
    int error;           // 0 or GV_ESYNTAX
};

// `data` may be NULL if `len` is 0.
void gv_pack_put_bytes(struct gv_writer *out, const void *data, size_t len);
void gv_pack_put_u8(struct gv_writer *out, uint8_t value);
void gv_pack_put_u32(struct gv_writer *out, uint32_t value);    // 4 bytes, little-endian
void gv_pack_put_u64(struct gv_writer *out, uint64_t value);    // 8 bytes, little-endian
void gv_pack_put_varint(struct gv_writer *out, uint64_t value); // 1 to 10 bytes, LEB128
// A NUL-terminated text, without the NUL.
void gv_pack_put_text(struct gv_writer *out, const char *text);
// A number in decimal digits, 1 to 20 bytes.
void gv_pack_put_decimal(struct gv_writer *out, uint64_t value);
// The length of a number as a varint, bytes.
size_t gv_pack_varint_size(uint64_t value);

uint8_t gv_pack_get_u8(struct gv_reader *in);
uint32_t gv_pack_get_u32(struct gv_reader *in);
uint64_t gv_pack_get_u64(struct gv_reader *in);
// A varint is malformed if it is longer than 64 bits, or if a shorter encoding exists.
uint64_t gv_pack_get_varint(struct gv_reader *in);
// The next `len` bytes, in place. NULL if and only if there are fewer, or an earlier read failed.
const uint8_t *gv_pack_get_bytes(struct gv_reader *in, size_t len);

// Base64 without padding. The number of characters for `bytes` bytes, and of bytes in `chars`
// characters:
#define GV_BASE64_LEN(bytes) (((bytes)*4 + 2) / 3)
#define GV_BASE64_BYTES(chars) ((chars)*3 / 4)
// Appends GV_BASE64_LEN(data.len) characters.
void gv_pack_put_base64(struct gv_writer *out, struct gv_slice data);
// Decodes into buf and returns the number of bytes. `buf` may be the same memory as text.data.
// GV_ESYNTAX: a character outside the alphabet (padding and white space included), a length of
// 4 n + 1, or a bit set after the last byte; buf may then hold part of the bytes.
// GV_ESPACE: more than `cap` or INT_MAX bytes.
int gv_pack_get_base64(struct gv_slice text, uint8_t *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
