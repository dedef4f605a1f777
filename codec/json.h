// SPDX-License-Identifier: MIT
// One line of JSON as tokens in place: jsmn splits it, then one pass over the tokens refuses what
// jsmn lets through (RFC 8259 is the rule; the text must be valid UTF-8, and no object may repeat
// a name). Nothing is copied and, once the token pool has grown to the largest line seen, nothing
// is allocated. Token 0 is the root; a container's children follow it in order of appearance, of
// an object each member's name and then its value. Whatever the bytes, a parse takes time in
// proportion to their number, and that of sorting the names in its objects.
#ifndef GV_CODEC_JSON_H
#define GV_CODEC_JSON_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum gv_json_type {
    GV_JSON_NULL,
    GV_JSON_FALSE,
    GV_JSON_TRUE,
    GV_JSON_NUMBER,
    GV_JSON_STRING,
    GV_JSON_ARRAY,
    GV_JSON_OBJECT,
    GV_JSON_NONE, // there is no such token
};

enum {
    GV_JSON_TOKENS_DEFAULT = 1 << 18, // about 5 MiB of pool at the most
    GV_JSON_DEPTH_DEFAULT = 64,
};

// A parser with its pool. May serve any number of nodes of one thread, one line at a time.
// `error` and `error_offset` tell, after a failed parse, what was wrong and at which byte.
struct gv_json {
    struct gv_alloc alloc;
    void *tokens;
    size_t tokens_cap, tokens_max;
    unsigned depth_max;
    const char *text; // the line last parsed: borrowed until the next parse
    size_t len;
    int count;         // tokens of that line
    const char *error; // a static text, NULL after a success
    size_t error_offset;
};

// Allocates nothing yet. `tokens_max`: most tokens in a line; `depth_max`: deepest nesting, the
// root being 1, and no more than 1024; 0 for the defaults. `alloc` is copied, its context kept.
GV_API void gv_json_init(struct gv_json *json, struct gv_alloc alloc, size_t tokens_max,
                         unsigned depth_max);
GV_API void gv_json_fini(struct gv_json *json);

// Parses one JSON text (white space around it is allowed). Returns the number of tokens, > 0.
// GV_ESYNTAX: not JSON; GV_EFULL: more tokens or deeper than allowed, or 2 GiB or longer;
// GV_ENOMEM: the pool could not grow; GV_EINVAL: `text` is NULL though `len` is not 0, or the
// parser has no allocator. In each case `error` and `error_offset` say more and there are no
// tokens. `text` is borrowed until the next parse.
GV_API int gv_json_parse(struct gv_json *json, const char *text, size_t len);

// Accessors. A token that is none of the line's 0 … count − 1, such as the error that tells that a
// member is missing, is of no type, has no elements and no bytes.
GV_API enum gv_json_type gv_json_type(const struct gv_json *json, int token);
// Elements of an array, members of an object, else 0.
GV_API int gv_json_size(const struct gv_json *json, int token);
// The token after this value and all its children: the next sibling, if there is one. After a
// member's name that is its value. Of no token: `count`.
GV_API int gv_json_next(const struct gv_json *json, int token);
// The value of the member of this name (compared after resolving escapes), or GV_ENOENT;
// GV_ETYPE if `object` is not an object.
GV_API int gv_json_member(const struct gv_json *json, int object, const char *name);
// The same of several names at once, in one pass over the object: tokens[i] becomes the value of
// names[i]. Fastest where the names come in the order in which they stand in the object.
GV_API void gv_json_members(const struct gv_json *json, int object, const struct gv_slice *names,
                            size_t count, int *tokens);
// The value's bytes as they stand in the line, a string with its quotes.
GV_API struct gv_slice gv_json_raw(const struct gv_json *json, int token);
// A string's bytes between its quotes, escapes unresolved; of other types, none.
GV_API struct gv_slice gv_json_string(const struct gv_json *json, int token);
// True if the token is a string that equals `text` once its escapes are resolved.
GV_API bool gv_json_equals(const struct gv_json *json, int token, const char *text);
// The string with its escapes resolved, into buf; returns its length.
// GV_ETYPE: not a string; GV_ESPACE: longer than cap.
GV_API int gv_json_unescape(const struct gv_json *json, int token, char *buf, size_t cap);
// An integer, exact. GV_ETYPE: not a number, or one with a fraction or an exponent;
// GV_ERANGE: does not fit. -0 is 0.
GV_API int gv_json_u64(const struct gv_json *json, int token, uint64_t *out);
GV_API int gv_json_i64(const struct gv_json *json, int token, int64_t *out);

// The value's canonical text, by which two values are compared and under which they are stored:
// - no white space; members sorted by the bytes of their unescaped names;
// - strings in UTF-8, escaping only `"`, `\` and control characters (\b \t \n \f \r, else \u00xx);
// - numbers as they were spelled, except that -0 becomes 0: so 1, 1.0 and 1e0 are three values,
//   and an integer of any length is kept exactly.
// Returns the bytes written, never more than the raw text has. GV_ESPACE: longer than cap;
// GV_ETYPE: there is no such token. Canonical text is its own canonical text. The parser is
// changed: the names of an object are sorted among its tokens at the first call, which nothing else
// shows.
GV_API int gv_json_canonical(struct gv_json *json, int token, char *buf, size_t cap);

// Appends a JSON string literal for these UTF-8 bytes, quotes included, to buf; returns the bytes
// written. GV_ESPACE: longer than cap; GV_ESYNTAX: not UTF-8.
GV_API int gv_json_quote(struct gv_slice text, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
