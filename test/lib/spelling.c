// SPDX-License-Identifier: MIT
#include "spelling.h"

#include "ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t draw(struct gv_spelling *s, uint64_t bound) {
    return gv_prng_below(&s->prng, bound);
}

static void put_loose(struct gv_spelling *s, const char *text, size_t len) {
    GV_ASSERT(s->loose_len + len <= GV_SPELLING_MAX);
    memcpy(s->loose + s->loose_len, text, len);
    s->loose_len += len;
}

static void put_canonical(struct gv_spelling *s, const char *text, size_t len) {
    GV_ASSERT(s->canonical_len + len <= GV_SPELLING_MAX);
    memcpy(s->canonical + s->canonical_len, text, len);
    s->canonical_len += len;
}

static void put_both(struct gv_spelling *s, const char *text) {
    put_loose(s, text, strlen(text));
    put_canonical(s, text, strlen(text));
}

static void spell_space(struct gv_spelling *s) {
    while (draw(s, 8) == 0) put_loose(s, &" \t\n\r"[draw(s, 4)], 1);
}

// Writes a code point to both texts: in canonical form, and in a randomly chosen valid spelling.
static void spell_point(struct gv_spelling *s, long point) {
    char raw[4], escape[16];
    size_t raw_len = gv_ref_encode(point, raw);
    const char *letters = "\"\\/bfnrt", *meanings = "\"\\/\b\f\n\r\t";
    const char *meaning = point > 0 && point < 0x80 ? strchr(meanings, (int)point) : NULL;
    bool must = point < 0x20 || point == '"' || point == '\\';
    char letter = meaning != NULL ? letters[meaning - meanings] : 0;

    if (letter != 0 && must) {
        put_canonical(s, (char[]){'\\', letter}, 2);
    } else if (must) {
        put_canonical(s, escape, (size_t)sprintf(escape, "\\u%04lx", (unsigned long)point));
    } else {
        put_canonical(s, raw, raw_len);
    }

    const char *format = draw(s, 2) ? "\\u%04lx" : "\\u%04lX";
    if (!must && draw(s, 4) > 0) {
        put_loose(s, raw, raw_len);
    } else if (letter != 0 && draw(s, 2)) {
        put_loose(s, (char[]){'\\', letter}, 2);
    } else if (point < 0x10000) {
        put_loose(s, escape, (size_t)sprintf(escape, format, (unsigned long)point));
    } else {
        unsigned long high = 0xd800 + (unsigned long)(point - 0x10000) / 0x400;
        unsigned long low = 0xdc00 + (unsigned long)(point - 0x10000) % 0x400;
        put_loose(s, escape, (size_t)sprintf(escape, format, high));
        put_loose(s, escape, (size_t)sprintf(escape, format, low));
    }
}

static long draw_point(struct gv_spelling *s) {
    static const long odd[] = {0,     0x1f,  0x20,   '"',    '\\',   '/',     0x7f,     0x80,
                               0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff, 0xe9};
    switch (draw(s, 4)) {
    case 0:
        return odd[draw(s, sizeof odd / sizeof *odd)];
    case 1:
        return (long)draw(s, 0x20);
    default:
        return (long)('a' + draw(s, 3));
    }
}

static void spell_string(struct gv_spelling *s) {
    put_both(s, "\"");
    for (uint64_t left = draw(s, draw(s, 8) ? 6 : 40); left > 0; left--)
        spell_point(s, draw_point(s));
    put_both(s, "\"");
}

static void spell_number(struct gv_spelling *s) {
    static const char *odd[] = {
        "-0",   "0",    "-0.0", "1e5", "1E+5",  "0.1", "18446744073709551616",
        "-1.5", "1.50", "0e0",  "-1",  "0.0e-0"};
    char digits[32];
    const char *number = odd[draw(s, sizeof odd / sizeof *odd)];
    if (draw(s, 2)) {
        sprintf(digits, "%s%llu", draw(s, 4) ? "" : "-", 1 + (unsigned long long)draw(s, 1000));
        number = digits;
    }
    put_loose(s, number, strlen(number));
    put_canonical(s, strcmp(number, "-0") == 0 ? "0" : number,
                  strcmp(number, "-0") == 0 ? 1 : strlen(number));
}

static void spell_value(struct gv_spelling *s, int depth);

struct member {
    char name[64]; // resolved
    size_t name_len;
    char *text; // "name":value, canonical
    size_t text_len;
};

static int compare_members(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    size_t len = x->name_len < y->name_len ? x->name_len : y->name_len;
    int order = memcmp(x->name, y->name, len);
    return order != 0 ? order : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

// A name ends with its number, so names are distinct.
static void spell_name(struct gv_spelling *s, struct member *member, unsigned number) {
    char tail[16];
    member->name_len = 0;
    put_both(s, "\"");
    for (uint64_t left = draw(s, 6); left > 0; left--) {
        long point = draw_point(s);
        member->name_len += gv_ref_encode(point, member->name + member->name_len);
        spell_point(s, point);
    }
    sprintf(tail, "#%u", number);
    for (const char *c = tail; *c != '\0'; c++) {
        member->name[member->name_len++] = *c;
        spell_point(s, *c);
    }
    put_both(s, "\"");
    spell_space(s);
    put_both(s, ":");
}

static void spell_object(struct gv_spelling *s, int depth) {
    static const uint64_t most[] = {3, 3, 3, 3, 3, 20, 60};
    struct member members[64];
    uint64_t count = draw(s, most[draw(s, 7)]);
    put_both(s, "{");
    spell_space(s);
    size_t mark = s->canonical_len;
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) put_loose(s, ",", 1);
        spell_space(s);
        spell_name(s, &members[i], (unsigned)i);
        spell_value(s, depth + (count > 3));
        // Moves the member's canonical text aside, to sort members by name.
        members[i].text_len = s->canonical_len - mark;
        members[i].text = malloc(members[i].text_len);
        GV_ASSERT(members[i].text != NULL);
        memcpy(members[i].text, s->canonical + mark, members[i].text_len);
        s->canonical_len = mark;
    }
    qsort(members, count, sizeof *members, compare_members);
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) put_canonical(s, ",", 1);
        put_canonical(s, members[i].text, members[i].text_len);
        free(members[i].text);
    }
    put_both(s, "}");
}

static void spell_value(struct gv_spelling *s, int depth) {
    spell_space(s);
    switch (draw(s, depth < 4 ? 8 : 5)) {
    case 0:
        put_both(s, "true");
        break;
    case 1:
        put_both(s, draw(s, 2) ? "false" : "null");
        break;
    case 2:
    case 3:
        spell_number(s);
        break;
    case 4:
        spell_string(s);
        break;
    case 5:
        put_both(s, "[");
        spell_space(s);
        for (uint64_t i = 0, count = draw(s, draw(s, 4) ? 4 : 30); i < count; i++) {
            if (i > 0) put_both(s, ",");
            spell_value(s, depth + 1 + (count > 4));
        }
        put_both(s, "]");
        break;
    default:
        spell_object(s, depth + 1);
    }
    spell_space(s);
}

void gv_spelling_value(struct gv_spelling *s) {
    s->loose_len = s->canonical_len = 0;
    spell_value(s, 0);
}

void gv_spelling_mutate(struct gv_spelling *s) {
    static const char bytes[] =
        "[]{},:\"\\/ \t\n019-+.eEutrfnlsab\0\x1f\x7f\x80\xc3\xa9\xed\xf4\xff";
    for (uint64_t left = 1 + draw(s, 3); left > 0; left--) {
        size_t at = (size_t)draw(s, s->loose_len + 1), rest = s->loose_len - at;
        char byte = bytes[draw(s, sizeof bytes - 1)];
        switch (draw(s, 4)) {
        case 0: // truncate
            s->loose_len = draw(s, 8) ? s->loose_len : at;
            break;
        case 1: // insert
            if (s->loose_len == GV_SPELLING_MAX) break;
            memmove(s->loose + at + 1, s->loose + at, rest);
            s->loose[at] = byte;
            s->loose_len++;
            break;
        case 2: // remove
            if (rest == 0) break;
            memmove(s->loose + at, s->loose + at + 1, rest - 1);
            s->loose_len--;
            break;
        default: // replace
            if (rest > 0) s->loose[at] = byte;
        }
    }
}
