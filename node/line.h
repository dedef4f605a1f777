// SPDX-License-Identifier: MIT
// The envelope of a line:
//   {"src":…,"dest":…,"body":{"type":…,"msg_id":…,"in_reply_to":…,…},…}
// A message of another node may have a MAC, the member "seal" of the body.
#ifndef GV_NODE_LINE_H
#define GV_NODE_LINE_H

#include "../codec/json.h"
#include "log.h"

// The tokens of a line; negative: missing, or of the wrong type. `msg_id` is an integer.
struct gv_line {
    int src, dest, body, type, msg_id, in_reply_to, mac;
};

// Finds all tokens of a parsed line except the ids, which messages between nodes do not have.
void gv_line_read(struct gv_line *line, const struct gv_json *json);
// Finds the ids; the line has a body.
void gv_line_ids(struct gv_line *line, const struct gv_json *json);

// Arguments for `%.*s`: the beginning of a string as it is in the line, at most GV_LOG_EXCERPT_MAX
// bytes, without splitting a character.
#define GV_LINE_EXCERPT(json, token) \
    gv_line_excerpt_len(json, token), (const char *)gv_json_string(json, token).data
int gv_line_excerpt_len(const struct gv_json *json, int token);

// Copies bytes to `at`, and returns the end.
static inline char *gv_line_append(char *at, const void *bytes, size_t len) {
    memcpy(at, bytes, len);
    return at + len;
}
#define GV_LINE_APPEND(at, literal) gv_line_append(at, literal, sizeof(literal) - 1)

// Writes the start of a line, up to its body, and returns the end. The names include their quotes;
// everything else has GV_LINE_BEGIN bytes.
#define GV_LINE_BEGIN (sizeof "{\"src\":,\"dest\":,\"body\":" - 1)
char *gv_line_begin(char *at, struct gv_slice src, struct gv_slice dest);

// Finds the envelope of a line that cannot be parsed, as far as possible. The results are raw texts
// that have not been checked; empty: not found. The scan continues after these errors: text before
// the first brace, missing or repeated commas, brackets that do not match, quotes within a string.
// If a member is repeated, its last value counts; but if src, dest or msg_id is repeated with
// another text, nothing is found. Of a line longer than the limit the caller passes only the
// beginning: later members are not found, nor is a value at its end, which may be cut. Takes linear
// time and no memory.
struct gv_line_peek {
    struct gv_slice src, dest, type, msg_id;
    bool in_reply_to; // the message or its body has this member, perhaps without a value
};
void gv_line_peek(struct gv_line_peek *peek, const char *text, size_t len);

#endif
