// SPDX-License-Identifier: MIT
#include "line.h"

#include <string.h>

struct wanted {
    const char *name;
    size_t len;
    int *token;
};

static bool is_named(struct gv_slice raw, const struct wanted *wanted) {
    return raw.len == wanted->len && raw.data[0] == (uint8_t)wanted->name[0] &&
           memcmp(raw.data, wanted->name, raw.len) == 0;
}

// Finds members by name in one pass over the object. Names that none of the wanted ones is, as
// they stand, are looked at again: they may be spelled with escapes.
static void find(const struct gv_json *json, int object, const struct wanted *wanted, int count) {
    int name = object + 1;
    for (int left = gv_json_size(json, object); left > 0; left--) {
        struct gv_slice raw = gv_json_string(json, name);
        int i = 0;
        while (i < count && !is_named(raw, &wanted[i])) i++;
        if (i == count && raw.len > 0 && memchr(raw.data, '\\', raw.len) != NULL) {
            i = 0;
            while (i < count && !gv_json_equals(json, name, wanted[i].name)) i++;
        }
        if (i < count) *wanted[i].token = name + 1;
        name = gv_json_next(json, name + 1);
    }
}

static void want(const struct gv_json *json, int *token, enum gv_json_type type) {
    if (*token >= 0 && gv_json_type(json, *token) != type) *token = GV_ETYPE;
}

void gv_line_read(struct gv_line *line, const struct gv_json *json) {
    GV_ASSERT(json->count > 0);
    *line = (struct gv_line){-1, -1, -1, -1, -1, -1};
    const struct wanted outer[] = {
        {"src", 3, &line->src}, {"dest", 4, &line->dest}, {"body", 4, &line->body}};
    if (gv_json_type(json, 0) == GV_JSON_OBJECT) find(json, 0, outer, 3);
    want(json, &line->src, GV_JSON_STRING);
    want(json, &line->dest, GV_JSON_STRING);
    want(json, &line->body, GV_JSON_OBJECT);
    if (line->body < 0) return;
    const struct wanted inner[] = {{"type", 4, &line->type},
                                   {"msg_id", 6, &line->msg_id},
                                   {"in_reply_to", 11, &line->in_reply_to}};
    find(json, line->body, inner, 3);
    want(json, &line->type, GV_JSON_STRING);
    int64_t id;
    if (line->msg_id >= 0 && gv_json_i64(json, line->msg_id, &id) != 0) line->msg_id = GV_ETYPE;
}

// ---- What cannot be parsed ----------------------------------------------------------------------

struct scan {
    const char *at, *end;
};

static void skip_space(struct scan *scan) {
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r'))
        scan->at++;
}

static bool take(struct scan *scan, char c) {
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c) return false;
    scan->at++;
    return true;
}

// Behind the quote that ends a string, of which the first has been taken. False: there is none.
static bool skip_string(struct scan *scan) {
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '"') {
            scan->at++;
            return true;
        }
        if (*scan->at == '\\' && scan->at + 1 < scan->end) scan->at++;
    }
    return false;
}

// The raw text of the next value, whatever it is. False: it is cut off.
static bool skip_value(struct scan *scan, struct gv_slice *out) {
    skip_space(scan);
    const char *start = scan->at;
    uint64_t depth = 0;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']') && scan->at > start) break;
        scan->at++;
        if (c == '"' && !skip_string(scan)) return false;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') {
            if (depth == 0) return false;
            depth--;
        }
    }
    const char *last = scan->at;
    while (last > start && (last[-1] == ' ' || last[-1] == '\t')) last--;
    *out = (struct gv_slice){(const uint8_t *)start, (size_t)(last - start)};
    return last > start && scan->at < scan->end;
}

struct field {
    const char *name; // with its quotes
    struct gv_slice *value;
};

// Goes through the members of an object, into the body's once. False: the text is no good, or ends.
static bool scan_object(struct scan *scan, const struct field *fields, const struct field *inner) {
    if (!take(scan, '{')) return false;
    do {
        skip_space(scan);
        const char *name = scan->at;
        if (!take(scan, '"') || !skip_string(scan)) return false;
        size_t len = (size_t)(scan->at - name);
        if (!take(scan, ':')) return false;
        if (inner != NULL && len == 6 && memcmp(name, "\"body\"", 6) == 0) {
            if (!scan_object(scan, inner, NULL)) return false;
            continue;
        }
        struct gv_slice value;
        if (!skip_value(scan, &value)) return false;
        for (const struct field *field = fields; field->name != NULL; field++) {
            bool named = strlen(field->name) == len && memcmp(field->name, name, len) == 0;
            if (named) *field->value = value;
        }
    } while (take(scan, ','));
    return take(scan, '}');
}

void gv_line_peek(struct gv_line_peek *peek, const char *text, size_t len) {
    GV_ASSERT(text != NULL || len == 0);
    *peek = (struct gv_line_peek){.src = {NULL, 0}};
    const struct field outer[] = {{"\"src\"", &peek->src}, {"\"dest\"", &peek->dest}, {NULL, NULL}};
    const struct field inner[] = {{"\"type\"", &peek->type},
                                  {"\"msg_id\"", &peek->msg_id},
                                  {"\"in_reply_to\"", &peek->in_reply_to},
                                  {NULL, NULL}};
    struct scan scan = {text, text + len};
    scan_object(&scan, outer, inner);
}
