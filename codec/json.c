// SPDX-License-Identifier: MIT
#include "json.h"

#include "../merkle/pack.h"
#include "json_string.h"
#include "token.h"

#include <limits.h>

enum { DEPTH_LIMIT = 1024, TOKENS_LIMIT = INT_MAX / (int)sizeof(jsmntok_t) };

void gv_json_init(struct gv_json *json, struct gv_alloc alloc, size_t tokens_max,
                  unsigned depth_max) {
    GV_ASSERT(json != NULL);
    if (tokens_max == 0) tokens_max = GV_JSON_TOKENS_DEFAULT;
    if (depth_max == 0) depth_max = GV_JSON_DEPTH_DEFAULT;
    *json = (struct gv_json){
        .alloc = alloc,
        .tokens_max = tokens_max < TOKENS_LIMIT ? tokens_max : TOKENS_LIMIT,
        .depth_max = depth_max < DEPTH_LIMIT ? depth_max : DEPTH_LIMIT,
    };
}

void gv_json_fini(struct gv_json *json) {
    GV_ASSERT(json != NULL);
    gv_alloc_free(json->alloc, json->tokens, json->tokens_cap * sizeof(jsmntok_t));
    *json = (struct gv_json){0};
}

int gv_json_parse(struct gv_json *json, const char *text, size_t len) {
    GV_ASSERT(json != NULL);
    json->text = text;
    json->len = len;
    json->count = 0;
    json->error = NULL;
    json->error_offset = 0;
    if (json->alloc.resize != NULL && (text != NULL || len == 0)) return gv_token_parse(json);
    json->len = 0;
    json->error = text == NULL && len > 0 ? "no text" : "no allocator";
    return GV_EINVAL;
}

// ---- Accessors ----------------------------------------------------------------------------------

// Returns NULL if the text has no such token.
static inline const jsmntok_t *token_at(const struct gv_json *json, int token) {
    GV_ASSERT(json != NULL);
    bool exists = token >= 0 && token < json->count;
    return exists ? (const jsmntok_t *)json->tokens + token : NULL;
}

enum gv_json_type gv_json_type(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    if (t == NULL) return GV_JSON_NONE;
    if (t->type == JSMN_OBJECT) return GV_JSON_OBJECT;
    if (t->type == JSMN_ARRAY) return GV_JSON_ARRAY;
    if (gv_token_is_string(t)) return GV_JSON_STRING;
    switch (json->text[t->start]) {
    case 'n':
        return GV_JSON_NULL;
    case 'f':
        return GV_JSON_FALSE;
    case 't':
        return GV_JSON_TRUE;
    default:
        return GV_JSON_NUMBER;
    }
}

int gv_json_size(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    return t != NULL && gv_token_is_container(t) ? t->size : 0;
}

int gv_json_next(const struct gv_json *json, int token) {
    return token_at(json, token) != NULL ? gv_token_next(json->tokens, token) : json->count;
}

// Names are short, so this is faster than a call of memcmp.
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len) {
    if (len > 8) return memcmp(a, b, len) == 0;
    if (len >= 4) {
        uint32_t heads[2], tails[2];
        memcpy(&heads[0], a, 4);
        memcpy(&heads[1], b, 4);
        memcpy(&tails[0], a + len - 4, 4);
        memcpy(&tails[1], b + len - 4, 4);
        return heads[0] == heads[1] && tails[0] == tails[1];
    }
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

static inline bool string_is(const struct gv_json *json, const jsmntok_t *token,
                             struct gv_slice bytes) {
    struct gv_slice raw = gv_token_bytes(json, token);
    if (gv_token_is_escaped(token)) return gv_json_string_equals(raw, bytes);
    return raw.len == bytes.len && same_bytes(raw.data, bytes.data, raw.len);
}

int gv_json_member(const struct gv_json *json, int object, const char *name) {
    const jsmntok_t *tokens = json->tokens, *t = token_at(json, object);
    GV_ASSERT(name != NULL);
    if (t == NULL || t->type != JSMN_OBJECT) return GV_ETYPE;
    struct gv_slice wanted = gv_slice_text(name);
    int end = gv_token_next(tokens, object);
    for (int token = object + 1; token < end; token = gv_token_next(tokens, token + 1)) {
        if (string_is(json, &tokens[token], wanted)) return token + 1;
    }
    return GV_ENOENT;
}

// The index of the name that equals the token, or `count` if there is none. Searches from `first`
// on and then from the beginning.
static inline size_t name_of(const struct gv_json *json, const jsmntok_t *token,
                             const struct gv_slice *names, size_t count, size_t first) {
    struct gv_slice raw = gv_token_bytes(json, token);
    bool escaped = gv_token_is_escaped(token);
    for (size_t tried = 0, i = first; tried < count; tried++, i++) {
        if (i == count) i = 0;
        if (escaped ? gv_json_string_equals(raw, names[i])
                    : raw.len == names[i].len && same_bytes(raw.data, names[i].data, raw.len))
            return i;
    }
    return count;
}

void gv_json_members(const struct gv_json *json, int object, const struct gv_slice *names,
                     size_t count, int *tokens) {
    const jsmntok_t *all = json->tokens, *t = token_at(json, object);
    GV_ASSERT(names != NULL && tokens != NULL);
    bool is_object = t != NULL && t->type == JSMN_OBJECT;
    for (size_t i = 0; i < count; i++) tokens[i] = is_object ? GV_ENOENT : GV_ETYPE;
    if (!is_object) return;
    size_t first = 0;
    for (int token = object + 1, end = gv_token_next(all, object); token < end;) {
        size_t found = name_of(json, &all[token], names, count, first);
        if (found < count) {
            tokens[found] = token + 1;
            first = found + 1;
        }
        token = gv_token_next(all, token + 1);
    }
}

struct gv_slice gv_json_raw(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    if (t == NULL) return (struct gv_slice){NULL, 0};
    struct gv_slice raw = gv_token_bytes(json, t);
    return gv_token_is_string(t) ? (struct gv_slice){raw.data - 1, raw.len + 2} : raw;
}

struct gv_slice gv_json_string(const struct gv_json *json, int token) {
    const jsmntok_t *t = token_at(json, token);
    if (t == NULL || !gv_token_is_string(t)) return (struct gv_slice){NULL, 0};
    return gv_token_bytes(json, t);
}

bool gv_json_equals(const struct gv_json *json, int token, const char *text) {
    const jsmntok_t *t = token_at(json, token);
    GV_ASSERT(text != NULL);
    if (t == NULL || !gv_token_is_string(t)) return false;
    // Usually the first bytes differ, which saves a strlen.
    bool plain = !gv_token_is_escaped(t) && t->end > t->start;
    if (plain && json->text[t->start] != text[0]) return false;
    return string_is(json, t, gv_slice_text(text));
}

int gv_json_unescape(const struct gv_json *json, int token, char *buf, size_t cap) {
    const jsmntok_t *t = token_at(json, token);
    GV_ASSERT(buf != NULL || cap == 0);
    if (t == NULL || !gv_token_is_string(t)) return GV_ETYPE;
    struct gv_slice raw = gv_token_bytes(json, t);
    if (gv_token_is_escaped(t)) return gv_json_string_unescape(raw, buf, cap);
    if (raw.len > cap) return GV_ESPACE;
    if (raw.len > 0) memcpy(buf, raw.data, raw.len);
    return (int)raw.len;
}

// The sign and the magnitude of an integer. -0 has no sign.
static int get_integer(const struct gv_json *json, int token, bool *negative, uint64_t *out) {
    const jsmntok_t *t = token_at(json, token);
    if (t == NULL || t->type != JSMN_PRIMITIVE) return GV_ETYPE;
    struct gv_slice raw = gv_token_bytes(json, t);
    size_t sign = raw.data[0] == '-', digits = raw.len - sign;
    uint64_t value = 0;
    for (size_t i = sign; i < raw.len; i++) {
        unsigned digit = raw.data[i] - (unsigned)'0';
        if (digit > 9) return GV_ETYPE;
        value = value * 10 + digit;
    }
    // There are no leading zeros. 19 digits always fit into 64 bits; 20 digits fit if the first
    // digit is 1 and the value has not wrapped, that is, if it is at least 10^19.
    if (digits > 20) return GV_ERANGE;
    if (digits == 20 && (raw.data[sign] != '1' || value < UINT64_C(10000000000000000000)))
        return GV_ERANGE;
    *negative = raw.data[0] == '-' && value != 0;
    *out = value;
    return 0;
}

int gv_json_u64(const struct gv_json *json, int token, uint64_t *out) {
    GV_ASSERT(out != NULL);
    bool negative;
    uint64_t value;
    int status = get_integer(json, token, &negative, &value);
    if (status < 0) return status;
    if (negative) return GV_ERANGE;
    *out = value;
    return 0;
}

int gv_json_i64(const struct gv_json *json, int token, int64_t *out) {
    GV_ASSERT(out != NULL);
    bool negative;
    uint64_t value;
    int status = get_integer(json, token, &negative, &value);
    if (status < 0) return status;
    if (value > (uint64_t)INT64_MAX + negative) return GV_ERANGE;
    // This avoids converting 2^63, since INT64_MIN has no positive counterpart.
    *out = negative ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return 0;
}

// ---- Canonical text -----------------------------------------------------------------------------

// Appends canonical text to a buffer. If `move` is set, the tokens then refer to that text.
struct copy {
    struct gv_json *json;
    struct gv_writer out;
    bool move;
};

static void put_string(struct copy *copy, const jsmntok_t *token) {
    struct gv_writer *out = &copy->out;
    struct gv_slice raw = gv_token_bytes(copy->json, token);
    if (!gv_token_is_escaped(token)) {
        gv_pack_put_bytes(out, raw.data - 1, raw.len + 2);
        return;
    }
    int len = out->full ? GV_ESPACE
                        : gv_json_string_canonical(raw, (char *)out->data + out->len,
                                                   out->cap - out->len);
    if (len < 0) {
        out->full = true;
    } else {
        out->len += (size_t)len;
    }
}

static void put_value(struct copy *copy, int token);

static void put_array(struct copy *copy, int token) {
    const jsmntok_t *tokens = copy->json->tokens;
    gv_pack_put_u8(&copy->out, '[');
    for (int i = token + 1, end = gv_token_next(tokens, token); i < end;
         i = gv_token_next(tokens, i)) {
        if (i > token + 1) gv_pack_put_u8(&copy->out, ',');
        put_value(copy, i);
    }
    gv_pack_put_u8(&copy->out, ']');
}

static void put_member(struct copy *copy, int name, char before) {
    gv_pack_put_u8(&copy->out, (uint8_t)before);
    put_value(copy, name);
    gv_pack_put_u8(&copy->out, ':');
    put_value(copy, name + 1);
}

static void put_object(struct copy *copy, int token) {
    const jsmntok_t *tokens = copy->json->tokens;
    int name = gv_token_first_name(copy->json, token);
    if (name < 0) gv_pack_put_u8(&copy->out, '{');
    for (char before = '{'; name >= 0; before = ',', name = tokens[name].parent)
        put_member(copy, name, before);
    gv_pack_put_u8(&copy->out, '}');
}

// Recurses at most depth_max levels.
static void put_value(struct copy *copy, int token) {
    jsmntok_t *t = (jsmntok_t *)copy->json->tokens + token;
    struct gv_writer *out = &copy->out;
    size_t start = out->len, quote = gv_token_is_string(t);
    if (quote) {
        put_string(copy, t);
    } else if (t->type == JSMN_ARRAY) {
        put_array(copy, token);
    } else if (t->type == JSMN_OBJECT) {
        put_object(copy, token);
    } else {
        struct gv_slice raw = gv_token_bytes(copy->json, t);
        size_t sign = raw.len == 2 && memcmp(raw.data, "-0", 2) == 0;
        gv_pack_put_bytes(out, raw.data + sign, raw.len - sign);
    }
    if (!copy->move || out->full) return;
    t->start = (int)(start + quote);
    t->end = (int)(out->len - quote);
}

// A quick test that recognises most canonical values: the value has no objects, escapes or -0, and
// its tokens, brackets and commas add up to its length, so it has no white space. If the result is
// false, the value may still be canonical.
static bool is_canonical(const struct gv_json *json, int token, size_t len) {
    const jsmntok_t *tokens = json->tokens;
    size_t taken = 0;
    for (int i = token, end = gv_token_next(tokens, token); i < end; i++) {
        const jsmntok_t *t = &tokens[i];
        if (t->type == JSMN_ARRAY) {
            taken += t->size > 0 ? (size_t)t->size + 1 : 2;
            continue;
        }
        struct gv_slice raw = gv_token_bytes(json, t);
        if (t->type == JSMN_STRING) {
            taken += raw.len + 2;
        } else if (t->type == JSMN_PRIMITIVE && (raw.len != 2 || raw.data[0] != '-')) {
            taken += raw.len;
        } else {
            return false;
        }
    }
    return taken == len;
}

int gv_json_canonical(struct gv_json *json, int token, char *buf, size_t cap) {
    GV_ASSERT(buf != NULL || cap == 0);
    struct gv_slice raw = gv_json_raw(json, token);
    if (raw.data == NULL) return GV_ETYPE;
    if (is_canonical(json, token, raw.len)) {
        if (raw.len > cap) return GV_ESPACE;
        memcpy(buf, raw.data, raw.len);
        return (int)raw.len;
    }
    struct copy copy = {.json = json, .out = {.data = (uint8_t *)buf, .cap = cap}};
    put_value(&copy, token);
    if (copy.out.full) return GV_ESPACE;
    GV_ASSERT(copy.out.len > 0 && copy.out.len <= raw.len);
    return (int)copy.out.len;
}

static bool is_among(int token, const int *tokens, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] == token) return true;
    }
    return false;
}

int gv_json_select(struct gv_json *json, int object, const int *values, size_t count, char *buf,
                   size_t cap, struct gv_json *out) {
    GV_ASSERT((buf != NULL || cap == 0) && values != NULL && out != NULL);
    if (gv_json_type(json, object) != GV_JSON_OBJECT) return GV_ETYPE;
    struct copy copy = {.json = json, .out = {.data = (uint8_t *)buf, .cap = cap}, .move = true};
    for (size_t i = 0; i < count; i++)
        if (values[i] >= 0) put_member(&copy, values[i] - 1, copy.out.len == 0 ? '{' : ',');
    if (copy.out.len == 0) gv_pack_put_u8(&copy.out, '{');
    gv_pack_put_u8(&copy.out, '}');
    if (copy.out.full) return GV_ESPACE;
    jsmntok_t *tokens = json->tokens;
    for (int name = object + 1, next; name < tokens[object].parent; name = next) {
        next = gv_token_next(tokens, name + 1);
        bool selected = is_among(name + 1, values, count);
        for (int i = name; !selected && i < next; i++) tokens[i].start = tokens[i].end = 1;
    }
    tokens[object].start = 0;
    tokens[object].end = (int)copy.out.len;
    *out = *json;
    out->text = buf;
    out->len = copy.out.len;
    out->canonical = true;
    return (int)copy.out.len;
}

int gv_json_quote(struct gv_slice text, char *buf, size_t cap) {
    GV_ASSERT(text.data != NULL || text.len == 0);
    GV_ASSERT(buf != NULL || cap == 0);
    return gv_json_string_quote(text, buf, cap);
}
