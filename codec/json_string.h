// SPDX-License-Identifier: MIT
// JSON strings: validation, escapes and canonical form. Most callers use json.h, which is built on
// this. A `raw` slice is the content of a string, without quotes, that gv_json_string_scan has
// accepted. Functions that take offsets never read at or after `len`.
#ifndef GV_CODEC_JSON_STRING_H
#define GV_CODEC_JSON_STRING_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

// Whether none of eight bytes is a control character, a backslash or outside ASCII. Quotes are not
// tested. Each term has the top bit of such a byte set. A borrow starts only at such a byte, so the
// result for the whole word is exact.
static inline bool gv_json_string_plain_word(uint64_t word) {
    const uint64_t ones = UINT64_MAX / 255;
    return ((word | (word - ones * 0x20) | ((word ^ ones * '\\') - ones)) & ones * 0x80) == 0;
}

// The same for `len` bytes.
static inline bool gv_json_string_plain(const char *text, size_t len) {
    uint64_t word;
    if (len < 4) {
        if (len == 0) return true;
        word = (uint8_t)text[0] | (uint64_t)(uint8_t)text[len / 2] << 8 |
               (uint64_t)(uint8_t)text[len - 1] << 16 | UINT64_C(0x2020202020000000);
        return gv_json_string_plain_word(word);
    }
    if (len < 8) {
        uint32_t head, tail;
        memcpy(&head, text, sizeof head);
        memcpy(&tail, text + len - sizeof tail, sizeof tail);
        return gv_json_string_plain_word((uint64_t)head << 32 | tail);
    }
    for (size_t at = 0; at + sizeof word < len; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        if (!gv_json_string_plain_word(word)) return false;
    }
    memcpy(&word, text + len - sizeof word, sizeof word);
    return gv_json_string_plain_word(word);
}

// The length of the UTF-8 sequence at the start, 1 to 4 bytes (RFC 3629); 0 if it is truncated,
// overlong, a surrogate, or above U+10FFFF.
size_t gv_json_string_utf8(const uint8_t *bytes, size_t len);

// Validates a string from `at`, the offset of the byte after its opening quote. Returns NULL if the
// string is valid; *end is then the offset of the closing quote. Otherwise returns a static text
// that describes the error; *end is then the offset of the wrong byte, escape or UTF-8 sequence, or
// `len` if the string is not terminated. Sets *escaped to whether the string contains a backslash.
const char *gv_json_string_scan(const char *text, size_t len, size_t at, size_t *end,
                                bool *escaped);

// Compares two strings by their bytes with escapes resolved: negative, 0 or positive.
int gv_json_string_compare(struct gv_slice raw_a, struct gv_slice raw_b);

// Whether the string with its escapes resolved equals these bytes.
bool gv_json_string_equals(struct gv_slice raw, struct gv_slice bytes);

// Writes the string with its escapes resolved, and returns its length, bytes.
// GV_ESPACE: longer than `cap`.
int gv_json_string_unescape(struct gv_slice raw, char *buf, size_t cap);

// Writes the canonical form of the string (gv_json_canonical), with quotes, and returns its length,
// at most raw.len + 2 bytes. GV_ESPACE: longer than `cap`.
int gv_json_string_canonical(struct gv_slice raw, char *buf, size_t cap);

// Writes bytes as a canonical string, with quotes, and returns its length, bytes.
// GV_ESPACE: longer than `cap` or INT_MAX; GV_ESYNTAX: not UTF-8.
int gv_json_string_quote(struct gv_slice bytes, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
