// SPDX-License-Identifier: MIT
// Bytes for the wire: LEB128 varints, fixed 64-bit words, and base64 to carry them inside JSON. It
// sits at the bottom of the house because the summaries of reconcile.h are bytes already.
// Readers take any bytes from anywhere: they stop at the end, and refuse what no writer writes.
#ifndef GV_MERKLE_PACK_H
#define GV_MERKLE_PACK_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_PACK_VARINT_MAX = 10 };

// An output buffer of the caller's. Each put writes all or nothing. Once something did not fit,
// `full` is set and stays set, and nothing more is written: check it once at the end.
struct gv_writer {
    uint8_t *data;
    size_t cap, len;
    bool full;
};

// An input. After the first fault `error` (GV_ESYNTAX) is set and every read returns 0.
struct gv_reader {
    const uint8_t *data;
    size_t len, at;
    int error;
};

GV_API void gv_pack_put_bytes(struct gv_writer *out, const void *data, size_t len);
GV_API void gv_pack_put_u8(struct gv_writer *out, uint8_t value);
GV_API void gv_pack_put_u32(struct gv_writer *out, uint32_t value);    // 4 bytes, little-endian
GV_API void gv_pack_put_u64(struct gv_writer *out, uint64_t value);    // 8 bytes, little-endian
GV_API void gv_pack_put_varint(struct gv_writer *out, uint64_t value); // 1 … 10 bytes, LEB128
GV_API void gv_pack_put_text(struct gv_writer *out, const char *text); // up to the NUL, without it
GV_API void gv_pack_put_decimal(struct gv_writer *out, uint64_t value);
GV_API size_t gv_pack_varint_size(uint64_t value);

GV_API uint8_t gv_pack_get_u8(struct gv_reader *in);
GV_API uint32_t gv_pack_get_u32(struct gv_reader *in);
GV_API uint64_t gv_pack_get_u64(struct gv_reader *in);
// Refuses more than 64 bits and encodings longer than needed.
GV_API uint64_t gv_pack_get_varint(struct gv_reader *in);
// `len` bytes in place; NULL past the end. Never NULL without an error, not even for no bytes.
GV_API const uint8_t *gv_pack_get_bytes(struct gv_reader *in, size_t len);

// Base64 (RFC 4648, section 4), without padding. Sizes:
#define GV_BASE64_LEN(bytes) (((bytes)*4 + 2) / 3)
#define GV_BASE64_BYTES(chars) ((chars)*3 / 4)
GV_API void gv_pack_put_base64(struct gv_writer *out, struct gv_slice data);
// Decodes into buf; returns the bytes. GV_ESYNTAX: a character that is none of the 64, a length
// that no input has, or bits set beyond the last byte; GV_ESPACE: longer than cap or INT_MAX.
// buf may be the same memory as text.data. After GV_ESYNTAX it may hold part of the bytes.
GV_API int gv_pack_get_base64(struct gv_slice text, uint8_t *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
