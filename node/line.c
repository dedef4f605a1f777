// SPDX-License-Identifier: MIT
#include "line.h"

#include "../codec/json_string.h"

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
    line->mac = want(json, inner[1], GV_JSON_STRING);
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

int gv_line_excerpt_len(const struct gv_json *json, int token) {
    struct gv_slice raw = gv_json_string(json, token);
    if (raw.len <= GV_LOG_EXCERPT_MAX) return (int)raw.len;
    int len = GV_LOG_EXCERPT_MAX;
    while (len > 0 && (raw.data[len] & 0xc0) == 0x80) len--; // not within a character
    return len;
}

// ---- Writing ------------------------------------------------------------------------------------

char *gv_line_begin(char *at, struct gv_slice src, struct gv_slice dest) {
    GV_ASSERT(at != NULL && src.len > 0 && dest.len > 0);
    at = gv_line_append(GV_LINE_APPEND(at, "{\"src\":"), src.data, src.len);
    at = gv_line_append(GV_LINE_APPEND(at, ",\"dest\":"), dest.data, dest.len);
    return GV_LINE_APPEND(at, ",\"body\":");
}

// ---- Lines that cannot be parsed ----------------------------------------------------------------

struct scan {
    const char *at, *end;
};

static void skip_space(struct scan *scan) {
    while (scan->at < scan->end && *scan->at != '\0' && strchr(" \t\r\n", *scan->at) != NULL)
        scan->at++;
}

static bool take(struct scan *scan, char c) {
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c) return false;
    scan->at++;
    return true;
}

// Skips the rest of a string, after its first quote. False: it is not terminated.
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

// Skips the next value, and sets its raw text, which may be empty. False: the text ends within it.
static bool skip_value(struct scan *scan, struct gv_slice *out) {
    skip_space(scan);
    const char *start = scan->at;
    uint64_t depth = 0;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        scan->at++;
        if (c == '"' && !skip_string(scan)) return false;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
    }
    const char *last = scan->at;
    while (last > start && (last[-1] == ' ' || last[-1] == '\t')) last--;
    *out = gv_slice_of(start, (size_t)(last - start));
    return scan->at < scan->end;
}

// A member to find; *unclear is set if the member is repeated with another text.
struct field {
    const char *name;
    struct gv_slice *value;
    bool *unclear;
};

// Whether a member's raw name, without its quotes, equals `name` after its escapes are resolved.
static bool is_named(struct gv_slice raw, const char *name) {
    struct gv_slice wanted = gv_slice_text(name);
    if (memchr(raw.data, '\\', raw.len) == NULL)
        return raw.len == wanted.len && memcmp(raw.data, wanted.data, raw.len) == 0;
    // The scan ends at the closing quote; a string with a syntax error matches no name.
    size_t end;
    bool escaped;
    const char *reason =
        gv_json_string_scan((const char *)raw.data, raw.len + 1, 0, &end, &escaped);
    return reason == NULL && end == raw.len && gv_json_string_equals(raw, wanted);
}

static bool same(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void note(const struct field *field, struct gv_slice value) {
    if (field->value->len > 0 && !same(*field->value, value)) *field->unclear = true;
    *field->value = value;
}

// Reads the members of an object, and of the body in it. False: a syntax error, or the end of the
// text.
static bool scan_object(struct scan *scan, const struct field *fields, const struct field *inner) {
    if (!take(scan, '{')) return false;
    do {
        skip_space(scan);
        const char *start = scan->at + 1;
        if (!take(scan, '"') || !skip_string(scan)) return false;
        struct gv_slice name = gv_slice_of(start, (size_t)(scan->at - 1 - start));
        if (!take(scan, ':')) return false;
        skip_space(scan);
        bool body = inner != NULL && is_named(name, "body");
        if (body && scan->at < scan->end && *scan->at == '{') {
            if (!scan_object(scan, inner, NULL)) return false;
            continue;
        }
        struct gv_slice value;
        if (!skip_value(scan, &value)) return false;
        for (const struct field *field = fields; field->name != NULL; field++)
            if (is_named(name, field->name)) note(field, value);
    } while (take(scan, ','));
    return take(scan, '}');
}

void gv_line_peek(struct gv_line_peek *peek, const char *text, size_t len) {
    GV_ASSERT(text != NULL || len == 0);
    *peek = (struct gv_line_peek){.src = {NULL, 0}};
    bool unclear = false, any_type = false;
    const struct field outer[] = {
        {"src", &peek->src, &unclear}, {"dest", &peek->dest, &unclear}, {NULL, NULL, NULL}};
    const struct field inner[] = {{"type", &peek->type, &any_type},
                                  {"msg_id", &peek->msg_id, &unclear},
                                  {"in_reply_to", &peek->in_reply_to, &any_type},
                                  {NULL, NULL, NULL}};
    struct scan scan = {text, text + len};
    scan_object(&scan, outer, inner);
    if (unclear) *peek = (struct gv_line_peek){.src = {NULL, 0}};
}
