// SPDX-License-Identifier: MIT
#include "json_string.h"

#include <limits.h>

size_t gv_json_string_utf8(const uint8_t *bytes, size_t len) {
    if (len == 0) return 0;
    uint8_t lead = bytes[0];
    if (lead < 0x80) return 1;
    size_t need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // C0 and C1 begin only overlong forms; F5 and above encode no code point.
    if (lead < 0xc2 || lead > 0xf4 || need > len) return 0;
    // These bounds exclude overlong forms, surrogates and code points above U+10FFFF.
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (bytes[1] < low || bytes[1] > high) return 0;
    for (size_t i = 2; i < need; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
    }
    return need;
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The value of `\uXXXX` at the start, or -1 if there is no such escape.
static int32_t hex_escape(const uint8_t *bytes, size_t len) {
    if (len < 6 || bytes[0] != '\\' || bytes[1] != 'u') return -1;
    int32_t value = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(bytes[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

// The byte that a letter after a backslash encodes, or 0.
static uint8_t short_escape(uint8_t letter) {
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

// Validates the escape at the start and sets *size to its length. Returns NULL or the error.
static const char *check_escape(const uint8_t *bytes, size_t len, size_t *size) {
    GV_ASSERT(len > 0 && bytes[0] == '\\');
    *size = 2;
    if (len < 2 || short_escape(bytes[1]) != 0)
        return NULL; // after a final backslash the scan reports an unterminated string
    int32_t unit = hex_escape(bytes, len);
    if (unit < 0) return bytes[1] == 'u' ? "\\u without four hexadecimal digits" : "unknown escape";
    *size = 6;
    if (is_low_surrogate(unit)) return "lone low surrogate";
    if (is_high_surrogate(unit)) {
        if (!is_low_surrogate(hex_escape(bytes + 6, len - 6))) return "lone high surrogate";
        *size = 12;
    }
    return NULL;
}

const char *gv_json_string_scan(const char *text, size_t len, size_t at, size_t *end,
                                bool *escaped) {
    GV_ASSERT(at <= len);
    const uint8_t *bytes = (const uint8_t *)text;
    const char *fault = "unterminated string";
    *escaped = false;
    while (at < len) {
        uint8_t c = bytes[at];
        size_t size = 1;
        if (c == '"') {
            fault = NULL;
            break;
        }
        if (c == '\\') {
            *escaped = true;
            fault = check_escape(bytes + at, len - at, &size);
            if (fault != NULL) break;
            fault = "unterminated string";
        } else if (c < 0x20) {
            fault = "control character in a string";
            break;
        } else if (c >= 0x80) {
            size = gv_json_string_utf8(bytes + at, len - at);
            if (size == 0) {
                fault = "invalid UTF-8";
                break;
            }
        }
        at += size;
    }
    *end = at < len ? at : len;
    return fault;
}

// Iterates over the bytes of a string with escapes resolved. `out` holds the decoded bytes of the
// current escape.
struct cursor {
    const uint8_t *at, *end;
    uint8_t out[4];
    unsigned sent, ready;
};

static struct cursor cursor_init(struct gv_slice raw) {
    return (struct cursor){.at = raw.data, .end = raw.data + raw.len};
}

static unsigned encode_utf8(uint32_t point, uint8_t out[4]) {
    GV_ASSERT(point <= 0x10ffff);
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    unsigned len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (unsigned i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)((0xf00u >> len & 0xf0u) | point);
    return len;
}

static void cursor_escape(struct cursor *cursor) {
    size_t left = (size_t)(cursor->end - cursor->at);
    GV_ASSERT(left >= 2);
    cursor->sent = 0;
    if (cursor->at[1] != 'u') {
        cursor->out[0] = short_escape(cursor->at[1]);
        cursor->ready = 1;
        cursor->at += 2;
        return;
    }
    int32_t unit = hex_escape(cursor->at, left);
    GV_ASSERT(unit >= 0);
    uint32_t point = (uint32_t)unit;
    cursor->at += 6;
    if (is_high_surrogate(unit)) {
        int32_t low = hex_escape(cursor->at, left - 6);
        GV_ASSERT(is_low_surrogate(low));
        point = 0x10000 + ((point - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        cursor->at += 6;
    }
    cursor->ready = encode_utf8(point, cursor->out);
}

// The next byte, or -1 at the end.
static int cursor_next(struct cursor *cursor) {
    if (cursor->sent == cursor->ready) {
        if (cursor->at == cursor->end) return -1;
        if (*cursor->at != '\\') return *cursor->at++;
        cursor_escape(cursor);
    }
    return cursor->out[cursor->sent++];
}

int gv_json_string_compare(struct gv_slice raw_a, struct gv_slice raw_b) {
    struct cursor a = cursor_init(raw_a), b = cursor_init(raw_b);
    for (;;) {
        int byte_a = cursor_next(&a), byte_b = cursor_next(&b);
        if (byte_a != byte_b) return byte_a < byte_b ? -1 : 1;
        if (byte_a < 0) return 0;
    }
}

bool gv_json_string_equals(struct gv_slice raw, struct gv_slice bytes) {
    struct cursor cursor = cursor_init(raw);
    for (size_t i = 0; i < bytes.len; i++) {
        if (cursor_next(&cursor) != bytes.data[i]) return false;
    }
    return cursor_next(&cursor) < 0;
}

int gv_json_string_unescape(struct gv_slice raw, char *buf, size_t cap) {
    GV_ASSERT(raw.len < INT_MAX);
    struct cursor cursor = cursor_init(raw);
    size_t len = 0;
    for (int byte; (byte = cursor_next(&cursor)) >= 0; len++) {
        if (len == cap) return GV_ESPACE;
        buf[len] = (char)byte;
    }
    return (int)len;
}

// Writes one byte of a string, escaped if needed. Returns the length, or 0 if it does not fit.
static size_t put_byte(uint8_t byte, char *buf, size_t cap) {
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
        if (cap < 1) return 0;
        buf[0] = (char)byte;
        return 1;
    }
    char letter = byte < 0x20 ? letters[byte] : (char)byte;
    if (letter != 0) {
        if (cap < 2) return 0;
        buf[0] = '\\';
        buf[1] = letter;
        return 2;
    }
    if (cap < 6) return 0;
    memcpy(buf, "\\u00", 4);
    buf[4] = (char)('0' + (byte >> 4));
    buf[5] = "0123456789abcdef"[byte & 15];
    return 6;
}

int gv_json_string_canonical(struct gv_slice raw, char *buf, size_t cap) {
    GV_ASSERT(raw.len < INT_MAX - 2);
    struct cursor cursor = cursor_init(raw);
    if (cap < 2) return GV_ESPACE;
    size_t len = 0;
    buf[len++] = '"';
    for (int byte; (byte = cursor_next(&cursor)) >= 0;) {
        size_t size = put_byte((uint8_t)byte, buf + len, cap - 1 - len);
        if (size == 0) return GV_ESPACE;
        len += size;
    }
    buf[len++] = '"';
    GV_ASSERT(len <= raw.len + 2);
    return (int)len;
}

// Writes the content of a string that needs escapes. Returns its length or an error.
static int quote_escaped(struct gv_slice bytes, char *buf, size_t cap) {
    size_t len = 0;
    for (size_t i = 0; i < bytes.len;) {
        size_t sequence = gv_json_string_utf8(bytes.data + i, bytes.len - i);
        if (sequence == 0) return GV_ESYNTAX;
        for (size_t last = i + sequence; i < last; i++) {
            size_t size = put_byte(bytes.data[i], buf + len, cap - len);
            if (size == 0) return GV_ESPACE;
            len += size;
        }
    }
    return (int)len;
}

int gv_json_string_quote(struct gv_slice bytes, char *buf, size_t cap) {
    if (cap > INT_MAX) cap = INT_MAX;
    if (cap < 2) return GV_ESPACE;
    buf[0] = '"';
    size_t len = bytes.len;
    if (len <= cap - 2 && gv_json_string_plain((const char *)bytes.data, len) &&
        (len == 0 || memchr(bytes.data, '"', len) == NULL)) {
        if (len > 0) memcpy(buf + 1, bytes.data, len);
    } else {
        int written = quote_escaped(bytes, buf + 1, cap - 2);
        if (written < 0) return written;
        len = (size_t)written;
    }
    buf[len + 1] = '"';
    return (int)len + 2;
}
