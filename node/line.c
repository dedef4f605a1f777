// SPDX-License-Identifier: MIT
#include "line.h"

#include <string.h>

#define NAME(text) \
    { (const uint8_t *)(text), sizeof(text) - 1 }
static const struct gv_slice outer_names[] = {NAME("src"), NAME("dest"), NAME("body")};
static const struct gv_slice inner_names[] = {NAME("type"), NAME("seal")};
static const struct gv_slice id_names[] = {NAME("msg_id"), NAME("in_reply_to")};

static int want(const struct gv_json *json, int token, enum gv_json_type type) {
    return token >= 0 && gv_json_type(json, token) != type ? GV_ETYPE : token;
}

void gv_line_read(struct gv_line *line, const struct gv_json *json) {
    GV_ASSERT(json->count > 0);
    *line = (struct gv_line){-1, -1, -1, -1, -1, -1, -1};
    int outer[3], inner[2];
    gv_json_members(json, 0, outer_names, 3, outer);
    line->src = want(json, outer[0], GV_JSON_STRING);
    line->dest = want(json, outer[1], GV_JSON_STRING);
    line->body = want(json, outer[2], GV_JSON_OBJECT);
    if (line->body < 0) return;
    gv_json_members(json, line->body, inner_names, 2, inner);
    line->type = want(json, inner[0], GV_JSON_STRING);
    line->seal = want(json, inner[1], GV_JSON_STRING);
}

void gv_line_ids(struct gv_line *line, const struct gv_json *json) {
    GV_ASSERT(line->body >= 0);
    int ids[2];
    gv_json_members(json, line->body, id_names, 2, ids);
    line->msg_id = ids[0];
    line->in_reply_to = ids[1];
    int64_t id;
    if (line->msg_id >= 0 && gv_json_i64(json, line->msg_id, &id) != 0) line->msg_id = GV_ETYPE;
}

// ---- Writing ------------------------------------------------------------------------------------

char *gv_line_begin(char *at, struct gv_slice src, struct gv_slice dest) {
    GV_ASSERT(at != NULL && src.len > 0 && dest.len > 0);
    at = gv_line_append(GV_LINE_APPEND(at, "{\"src\":"), src.data, src.len);
    at = gv_line_append(GV_LINE_APPEND(at, ",\"dest\":"), dest.data, dest.len);
    return GV_LINE_APPEND(at, ",\"body\":");
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
