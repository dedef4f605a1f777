// SPDX-License-Identifier: MIT
// The envelope of a line: {"src":…,"dest":…,"body":{"type":…,"msg_id":…,"in_reply_to":…,…},…}, or,
// from another node, "seal" in the body.
#ifndef GV_NODE_LINE_H
#define GV_NODE_LINE_H

#include "../codec/json.h"
#include "log.h"

#include <string.h>

// One line's tokens; negative: not there, or not of the right type. `msg_id` is an integer.
struct gv_line {
    int src, dest, body, type, msg_id, in_reply_to, mac;
};

// Finds them, but not yet the ids, which nodes do not give each other.
void gv_line_read(struct gv_line *line, const struct gv_json *json);
// Finds the ids in a body that is there.
void gv_line_ids(struct gv_line *line, const struct gv_json *json);

// Arguments for `%.*s`: the beginning of a string as the line spells it, at most GV_LOG_EXCERPT_MAX
// bytes of whole characters.
#define GV_LINE_EXCERPT(json, token) \
    gv_line_excerpt_len(json, token), (const char *)gv_json_string(json, token).data
int gv_line_excerpt_len(const struct gv_json *json, int token);

// Copies text to where there is room for it, and returns where to go on.
static inline char *gv_line_append(char *at, const void *bytes, size_t len) {
    memcpy(at, bytes, len);
    return at + len;
}
#define GV_LINE_APPEND(at, literal) gv_line_append(at, literal, sizeof(literal) - 1)

// Writes a line up to its body, for which names are given with their quotes, and returns where to
// go on. It takes GV_LINE_BEGIN bytes besides them.
#define GV_LINE_BEGIN (sizeof "{\"src\":,\"dest\":,\"body\":" - 1)
char *gv_line_begin(char *at, struct gv_slice src, struct gv_slice dest);

// Finds the same in a line that cannot be parsed, as far as it is there: raw texts, which nobody
// has checked; empty: not found. Of members that come twice the last counts; if src, dest or msg_id
// does, and not with the same text, nothing is found. Takes no memory, and time in proportion to
// the bytes.
struct gv_line_peek {
    struct gv_slice src, dest, type, msg_id, in_reply_to;
};
void gv_line_peek(struct gv_line_peek *peek, const char *text, size_t len);

#endif
