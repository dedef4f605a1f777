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
    while (len > 0 && (raw.data[len] & 0xc0) == 0x80) len--; // do not split a character
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

// A member to find; *unclear is set if the member is repeated with another text.
struct field {
    const char *name;
    struct gv_slice *value;
    bool *unclear;
};

struct scan {
    const char *at, *end;
    uint64_t depth;
    uint64_t arrays;      // bit i: the bracket of level i is '['; deeper levels have no bit
    bool in_body;         // level 2 is the body
    bool damaged;         // brackets did not match, so levels are uncertain
    struct gv_slice name; // name of the member whose value is next, unquoted; data NULL: none
    bool reply;           // a member in_reply_to was found
    const struct field *outer, *body;
};

// The first character at or after `at` that is not white space; '\0': the text ends.
static char next_char(const struct scan *scan, const char *at) {
    while (at < scan->end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
    return at < scan->end ? *at : '\0';
}

// Whether a member's raw name, without its quotes, equals `name` after its escapes are resolved.
static bool is_named(struct gv_slice raw, const char *name) {
    struct gv_slice wanted = gv_slice_text(name);
    if (raw.data == NULL) return false;
    if (memchr(raw.data, '\\', raw.len) == NULL) return gv_slice_equal(raw, wanted);
    // The scan ends at the closing quote; a string with a syntax error matches no name.
    size_t end;
    bool escaped;
    const char *reason =
        gv_json_string_scan((const char *)raw.data, raw.len + 1, 0, &end, &escaped);
    return reason == NULL && end == raw.len && gv_json_string_equals(raw, wanted);
}

// Notes the value of the member scan->name: the raw text from `start` to `end`.
static void note_value(struct scan *scan, const char *start, const char *end) {
    struct gv_slice value = gv_slice_of(start, (size_t)(end - start));
    const struct field *fields = scan->depth == 1                    ? scan->outer
                                 : scan->depth == 2 && scan->in_body ? scan->body
                                                                     : NULL;
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        if (!is_named(scan->name, field->name)) continue;
        if (field->value->len > 0 && !gv_slice_equal(*field->value, value)) *field->unclear = true;
        *field->value = value;
    }
    scan->name = (struct gv_slice){NULL, 0};
}

static void note_reply(struct scan *scan, struct gv_slice name) {
    bool level = scan->depth == 1 || (scan->depth == 2 && scan->in_body) || scan->damaged;
    if (level && is_named(name, "in_reply_to")) scan->reply = true;
}

// Decides whether the quote at scan->at ends the string: only if `,` `:` `}` `]` follows, as in
// valid JSON, or another quote. Other quotes are text written without escapes. Before a colon the
// part since `last`, the previous quote, is a name, and an earlier string lacks its end. False: the
// string goes on.
static bool end_string(struct scan *scan, const char *start, const char **last) {
    const char *end = scan->at;
    struct gv_slice part = gv_slice_of(*last + 1, (size_t)(end - *last - 1));
    char next = next_char(scan, end + 1);
    if (next == '\0' || strchr(",:}]\"", next) == NULL) {
        note_reply(scan, part); // perhaps a name without its colon
        *last = end;
        return false;
    }
    scan->at++;
    if (next == ':') {
        note_reply(scan, part);
        scan->name = part;
    } else if (scan->name.data != NULL) {
        note_value(scan, start, scan->at);
    } else {
        note_reply(scan, part);
    }
    return true;
}

static void scan_string(struct scan *scan) {
    const char *start = scan->at, *last = start;
    for (scan->at++; scan->at < scan->end; scan->at++) {
        if (*scan->at == '\\')
            scan->at++; // skips the escaped character
        else if (*scan->at == '"' && end_string(scan, start, &last))
            return;
    }
    if (scan->at > scan->end) scan->at = scan->end;
}

static void scan_open(struct scan *scan, char c) {
    bool body = scan->depth == 1 && c == '{' && is_named(scan->name, "body");
    if (scan->name.data != NULL) note_value(scan, scan->at, scan->at + 1);
    if (body) scan->in_body = true;
    scan->depth++;
    uint64_t bit = scan->depth < 64 ? UINT64_C(1) << scan->depth : 0;
    scan->arrays = c == '[' ? scan->arrays | bit : scan->arrays & ~bit;
    scan->at++;
}

// Any bracket closes the innermost level, but only a brace closes the message or its body. False:
// the message has ended.
static bool scan_close(struct scan *scan, char c) {
    bool array = scan->depth < 64 ? (scan->arrays >> scan->depth & 1) != 0 : c == ']';
    scan->at++;
    scan->name = (struct gv_slice){NULL, 0};
    scan->damaged = scan->damaged || array != (c == ']');
    if (c == ']' && (scan->depth == 1 || (scan->depth == 2 && scan->in_body))) return true;
    if (scan->depth == 1 && next_char(scan, scan->at) != ',') return false;
    if (scan->depth == 1) {
        scan->damaged = true; // members follow, so this brace is one too many
        return true;
    }
    if (scan->depth-- == 2) scan->in_body = false;
    return true;
}

// Scans a number, a literal, or text that is not JSON.
static void scan_bare(struct scan *scan) {
    const char *start = scan->at;
    while (scan->at < scan->end && (*scan->at == '\0' || strchr(",{}[]\"", *scan->at) == NULL))
        scan->at++;
    if (scan->at == scan->end) return; // the value may be cut
    const char *last = scan->at;
    while (last > start && (last[-1] == ' ' || last[-1] == '\t')) last--;
    if (scan->name.data != NULL) note_value(scan, start, last);
}

// Scans one token. False: the message has ended.
static bool scan_token(struct scan *scan) {
    char c = *scan->at;
    switch (c) {
    case '"':
        scan_string(scan);
        return true;
    case '{':
    case '[':
        scan_open(scan, c);
        return true;
    case '}':
    case ']':
        return scan_close(scan, c);
    case ',':
        scan->name = (struct gv_slice){NULL, 0};
        scan->at++;
        return true;
    case ':':
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        scan->at++;
        return true;
    default:
        scan_bare(scan);
        return true;
    }
}

void gv_line_peek(struct gv_line_peek *peek, const char *text, size_t len) {
    GV_ASSERT(text != NULL || len == 0);
    *peek = (struct gv_line_peek){.in_reply_to = false};
    const char *brace = len > 0 ? memchr(text, '{', len) : NULL;
    if (brace == NULL) return;
    bool unclear = false, any_type = false;
    const struct field outer[] = {
        {"src", &peek->src, &unclear}, {"dest", &peek->dest, &unclear}, {NULL, NULL, NULL}};
    const struct field body[] = {
        {"type", &peek->type, &any_type}, {"msg_id", &peek->msg_id, &unclear}, {NULL, NULL, NULL}};
    struct scan scan = {
        .at = brace + 1, .end = text + len, .depth = 1, .outer = outer, .body = body};
    while (scan.at < scan.end && scan_token(&scan)) {
    }
    peek->in_reply_to = scan.reply;
    if (!unclear) return;
    peek->src = peek->dest = peek->type = peek->msg_id = (struct gv_slice){NULL, 0};
}
