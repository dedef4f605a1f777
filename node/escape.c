// SPDX-License-Identifier: MIT
#include "escape.h"

#include "../codec/json.h"

enum { SPELLED_MAX = 10 }; // bytes of a spelled-out character

// Length of the UTF-8 sequence at the start of `text`, and its code point. 0: it is invalid; so are
// overlong forms and surrogates (RFC 3629, section 4).
static size_t decode(const uint8_t *text, size_t len, uint32_t *point) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    GV_ASSERT(len > 0);
    size_t size = text[0] < 0x80   ? 1
                  : text[0] < 0xc0 ? 0
                  : text[0] < 0xe0 ? 2
                  : text[0] < 0xf0 ? 3
                  : text[0] < 0xf8 ? 4
                                   : 0;
    if (size == 0 || size > len) return 0;
    *point = size == 1 ? text[0] : text[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        *point = *point << 6 | (text[i] & 0x3fu);
    }
    bool surrogate = *point >= 0xd800 && *point < 0xe000;
    return *point < least[size] || surrogate || *point > 0x10ffff ? 0 : size;
}

// Whether a terminal displays a character unchanged and in order.
static bool is_plain(uint32_t point) {
    static const uint32_t hidden[][2] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < GV_COUNT(hidden); i++) {
        if (point >= hidden[i][0] && point <= hidden[i][1]) return false;
    }
    return true;
}

static int spell(char to[SPELLED_MAX + 1], uint32_t point, size_t size) {
    if (point == '\n') return snprintf(to, SPELLED_MAX, "\\n");
    if (point == '\t') return snprintf(to, SPELLED_MAX, "\\t");
    if (point == '\r') return snprintf(to, SPELLED_MAX, "\\r");
    if (size <= 1) return snprintf(to, SPELLED_MAX, "\\x%02x", (unsigned)point & 0xff);
    return snprintf(to, SPELLED_MAX, "\\u%04x", (unsigned)point & 0xfffff);
}

// The same as gv_escape_copy; `newlines`: keeps newlines.
static size_t copy(char *to, size_t cap, const uint8_t *text, size_t len, bool newlines) {
    size_t written = 0;
    for (size_t at = 0; at < len;) {
        uint32_t point;
        size_t size = decode(text + at, len - at, &point);
        if (size == 0) point = text[at];
        bool plain = size > 0 && (is_plain(point) || (newlines && point == '\n'));
        char spelled[SPELLED_MAX + 1];
        size_t room = plain ? size : (size_t)spell(spelled, point, size);
        if (written + room >= cap) break;
        memcpy(to + written, plain ? (const void *)(text + at) : spelled, room);
        written += room;
        at += size > 0 ? size : 1;
    }
    to[written] = '\0';
    return written;
}

size_t gv_escape_copy(char *to, size_t cap, const void *text, size_t len) {
    GV_ASSERT(to != NULL && cap > 0 && (text != NULL || len == 0));
    return copy(to, cap, text, len, false);
}

// The length of the output of vsnprintf, without an incomplete character at its end.
static size_t complete_size(const char *raw, int size) {
    size_t len = size < 0 ? 0 : (size_t)size;
    if (len < GV_ESCAPE_MAX) return len;
    len = GV_ESCAPE_MAX - 1;
    size_t begin = len;
    while (begin > 0 && len - begin < 4 && ((uint8_t)raw[begin - 1] & 0xc0) == 0x80) begin--;
    uint32_t point;
    bool leads = begin > 0 && (uint8_t)raw[begin - 1] >= 0xc0;
    if (!leads || decode((const uint8_t *)raw + begin - 1, len - begin + 1, &point) > 0) return len;
    return begin - 1;
}

size_t gv_escape_format(char *to, size_t cap, const char *format, va_list args) {
    GV_ASSERT(to != NULL && cap > 0 && format != NULL);
    char raw[GV_ESCAPE_MAX];
    size_t len = complete_size(raw, vsnprintf(raw, sizeof raw, format, args));
    return copy(to, cap, (const uint8_t *)raw, len, false);
}

size_t gv_escape_quote(char *to, size_t cap, const char *text) {
    char copy[GV_ESCAPE_MAX];
    size_t len = strlen(text), most = (cap - 3) / 6; // a byte takes at most six
    if (len > most) len = most;
    if (len > sizeof copy) len = sizeof copy;
    memcpy(copy, text, len);
    struct gv_slice slice = gv_slice_of(copy, len);
    int size = gv_json_quote(slice, to, cap);
    for (size_t i = 0; size < 0 && i < len; i++) copy[i] = (copy[i] & 0x80) != 0 ? '?' : copy[i];
    if (size < 0) size = gv_json_quote(slice, to, cap);
    GV_ASSERT(size >= 2);
    return (size_t)size;
}

int gv_escape_explain(char *why, size_t cap, int error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_escape_format(why, cap, format, args);
    va_end(args);
    return error;
}

void gv_escape_print(FILE *out, const char *format, ...) {
    GV_ASSERT(out != NULL && format != NULL);
    char raw[GV_ESCAPE_MAX], shown[4 * GV_ESCAPE_MAX];
    va_list args;
    va_start(args, format);
    size_t len = complete_size(raw, vsnprintf(raw, sizeof raw, format, args));
    va_end(args);
    size_t size = copy(shown, sizeof shown, (const uint8_t *)raw, len, true);
    fwrite(shown, 1, size, out);
}
