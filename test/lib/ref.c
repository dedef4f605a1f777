// SPDX-License-Identifier: MIT
#include "ref.h"

#include <stdlib.h>
#include <string.h>

size_t gv_ref_encode(long point, char *out) {
    if (point < 0x80) return out[0] = (char)point, 1;
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 63));
        out[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 63));
    out[2] = (char)(0x80 | (point >> 6 & 63));
    out[3] = (char)(0x80 | (point & 63));
    return 4;
}

static int ref_peek(const struct gv_ref *ref) {
    return ref->at < ref->len ? (uint8_t)ref->text[ref->at] : -1;
}

static bool ref_take(struct gv_ref *ref, int c) {
    if (ref_peek(ref) != c) return false;
    ref->at++;
    return true;
}

static void ref_space(struct gv_ref *ref) {
    while (ref_take(ref, ' ') || ref_take(ref, '\t') || ref_take(ref, '\n') || ref_take(ref, '\r'))
        ;
}

static bool ref_digits(struct gv_ref *ref) {
    size_t first = ref->at;
    while (ref_peek(ref) >= '0' && ref_peek(ref) <= '9') ref->at++;
    return ref->at > first;
}

static bool ref_number(struct gv_ref *ref) {
    ref_take(ref, '-');
    if (!ref_take(ref, '0') && !ref_digits(ref)) return false;
    if (ref_take(ref, '.') && !ref_digits(ref)) return false;
    if (!ref_take(ref, 'e') && !ref_take(ref, 'E')) return true;
    if (!ref_take(ref, '+')) ref_take(ref, '-');
    return ref_digits(ref);
}

static bool ref_literal(struct gv_ref *ref, const char *word) {
    for (; *word != '\0'; word++) {
        if (!ref_take(ref, *word)) return false;
    }
    return true;
}

static int ref_hex4(struct gv_ref *ref) {
    int value = 0;
    for (int i = 0; i < 4; i++, ref->at++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *digit = ref_peek(ref) > 0 ? strchr(digits, ref_peek(ref)) : NULL;
        if (digit == NULL) return -1;
        value = value * 16 + (int)(digit - digits) % 16;
    }
    return value;
}

// Decodes a code point of UTF-8, and then checks its value. Returns -1 if it is invalid.
static long ref_utf8(struct gv_ref *ref) {
    int lead = ref_peek(ref);
    ref->at++;
    if (lead < 0x80) return lead >= 0x20 ? lead : -1;
    int more = lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 0;
    long point = lead & (0x3f >> more);
    if (more == 0) return -1;
    for (int i = 0; i < more; i++, ref->at++) {
        if (ref_peek(ref) < 0x80 || ref_peek(ref) > 0xbf) return -1;
        point = point << 6 | (ref_peek(ref) & 0x3f);
    }
    static const long least[] = {0, 0x80, 0x800, 0x10000};
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[more] || point > 0x10ffff || surrogate ? -1 : point;
}

// Reads a string and writes its unescaped bytes. Returns their number, or -1 if it is invalid.
static long ref_string(struct gv_ref *ref, char *out) {
    size_t len = 0;
    if (!ref_take(ref, '"')) return -1;
    while (!ref_take(ref, '"')) {
        long point;
        if (ref_peek(ref) < 0) return -1;
        if (ref_take(ref, '\\')) {
            static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
            int c = ref_peek(ref);
            ref->at++;
            const char *letter = c > 0 ? strchr(letters, c) : NULL;
            if (letter != NULL) {
                point = (uint8_t)meanings[letter - letters];
            } else if (c == 'u') {
                point = ref_hex4(ref);
                if (point >= 0xd800 && point < 0xdc00) {
                    if (!ref_take(ref, '\\') || !ref_take(ref, 'u')) return -1;
                    long low = ref_hex4(ref);
                    if (low < 0xdc00 || low > 0xdfff) return -1;
                    point = 0x10000 + (point - 0xd800) * 0x400 + (low - 0xdc00);
                } else if (point >= 0xdc00 && point <= 0xdfff) {
                    return -1;
                }
            } else {
                return -1;
            }
        } else {
            point = ref_utf8(ref);
        }
        if (point < 0) return -1;
        len += gv_ref_encode(point, out + len);
    }
    return (long)len;
}

static bool ref_value(struct gv_ref *ref);

// Checks that the object's first `size` names are distinct.
static bool ref_names_differ(struct gv_ref *ref, int first, int size) {
    char *name = malloc(2 * ref->len + 2), *other = name + ref->len + 1;
    GV_ASSERT(name != NULL);
    bool differ = true;
    size_t at = ref->at;
    for (int a = first, i = 0; i < size; a = ref->tokens[a + 1].next, i++) {
        ref->at = ref->tokens[a].start;
        long len = ref_string(ref, name);
        for (int b = first; b != a; b = ref->tokens[b + 1].next) {
            ref->at = ref->tokens[b].start;
            if (ref_string(ref, other) == len && memcmp(name, other, (size_t)len) == 0)
                differ = false;
        }
    }
    ref->at = at;
    free(name);
    return differ;
}

static bool ref_member(struct gv_ref *ref) {
    if (ref_peek(ref) != '"' || !ref_value(ref)) return false;
    ref_space(ref);
    return ref_take(ref, ':') && ref_value(ref);
}

static bool ref_container(struct gv_ref *ref, struct gv_ref_token *token, int closing) {
    int first = ref->count;
    ref->at++;
    if (++ref->depth > GV_REF_DEPTH) return ref->deep = true, false;
    ref_space(ref);
    for (token->size = 0; token->size > 0 || ref_peek(ref) != closing;) {
        ref_space(ref);
        if (!(closing == '}' ? ref_member(ref) : ref_value(ref))) return false;
        token->size++;
        ref_space(ref);
        if (!ref_take(ref, ',')) break;
    }
    ref->depth--;
    return ref_take(ref, closing) && (closing == ']' || ref_names_differ(ref, first, token->size));
}

static bool ref_value(struct gv_ref *ref) {
    ref_space(ref);
    GV_ASSERT(ref->count < GV_REF_TOKENS);
    struct gv_ref_token *token = &ref->tokens[ref->count++];
    *token = (struct gv_ref_token){.start = ref->at};
    bool good;
    switch (ref_peek(ref)) {
    case '{':
        token->type = GV_JSON_OBJECT;
        good = ref_container(ref, token, '}');
        break;
    case '[':
        token->type = GV_JSON_ARRAY;
        good = ref_container(ref, token, ']');
        break;
    case '"': {
        char *out = malloc(ref->len + 1);
        GV_ASSERT(out != NULL);
        token->type = GV_JSON_STRING;
        good = ref_string(ref, out) >= 0;
        free(out);
        break;
    }
    case 't':
        token->type = GV_JSON_TRUE;
        good = ref_literal(ref, "true");
        break;
    case 'f':
        token->type = GV_JSON_FALSE;
        good = ref_literal(ref, "false");
        break;
    case 'n':
        token->type = GV_JSON_NULL;
        good = ref_literal(ref, "null");
        break;
    default:
        token->type = GV_JSON_NUMBER;
        good = ref_number(ref);
    }
    token->end = ref->at;
    token->next = ref->count;
    return good;
}

bool gv_ref_parse(struct gv_ref *ref, const char *text, size_t len) {
    GV_ASSERT(len < GV_REF_TOKENS);
    ref->text = text;
    ref->len = len;
    ref->at = 0;
    ref->count = ref->depth = 0;
    ref->deep = false;
    if (!ref_value(ref)) return false;
    ref_space(ref);
    return ref->at == len;
}
