// SPDX-License-Identifier: MIT
// The inside of JSON strings: what may stand between the quotes, what it means, how it is written.
// Beneath json.h, which most callers want. Functions that take a `raw` slice want what
// gv_json_string_scan has accepted, without the quotes; functions that take offsets never read at
// or beyond `len`.
#ifndef GV_CODEC_JSON_STRING_H
#define GV_CODEC_JSON_STRING_H

#include "../merkle/base.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

// True if no byte is a control character, a backslash or outside ASCII (quotes are not looked
// for). Eight bytes at a time: in each term a byte's top bit comes out set if the byte is such
// one, and borrows leave only bytes that have been found already, so "any" is exact.
static inline bool gv_json_string_plain_word(uint64_t word) {
    const uint64_t ones = UINT64_MAX / 255;
    return ((word | (word - ones * 0x20) | ((word ^ ones * '\\') - ones)) & ones * 0x80) == 0;
}

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

// The length of the UTF-8 sequence at the front (1 … 4), or 0 if there is none: cut short,
// overlong, a surrogate, or beyond U+10FFFF (RFC 3629).
GV_API size_t gv_json_string_utf8(const uint8_t *bytes, size_t len);

// Scans a string from `at`, the byte behind its opening quote. Returns NULL and puts the offset of
// the closing quote into *end; or returns a static text that names the fault, its offset in *end:
// the offending byte, or the first byte of the bad escape or UTF-8 sequence; `len` if the text ends
// before the string does. *escaped: whether the string has a backslash.
GV_API const char *gv_json_string_scan(const char *text, size_t len, size_t at, size_t *end,
                                       bool *escaped);

// Orders two strings by their bytes with escapes resolved: negative, 0 or positive.
GV_API int gv_json_string_compare(struct gv_slice raw_a, struct gv_slice raw_b);

// True if the string with its escapes resolved is these bytes.
GV_API bool gv_json_string_equals(struct gv_slice raw, struct gv_slice bytes);

// Writes the string with its escapes resolved; returns the length. GV_ESPACE: longer than cap.
GV_API int gv_json_string_unescape(struct gv_slice raw, char *buf, size_t cap);

// Writes the string's canonical form (see gv_json_canonical), with quotes; returns the length,
// which is at most raw.len + 2. GV_ESPACE: longer than cap.
GV_API int gv_json_string_canonical(struct gv_slice raw, char *buf, size_t cap);

// Writes bytes as a canonical string, with quotes; returns the length. GV_ESPACE: longer than cap
// or than INT_MAX; GV_ESYNTAX: not UTF-8.
GV_API int gv_json_string_quote(struct gv_slice bytes, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
