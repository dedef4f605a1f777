// SPDX-License-Identifier: MIT
// A JSON parser (RFC 8259) that represents a text as tokens in place, and canonical text.
//
// jsmn splits the text into tokens; a second pass rejects what jsmn accepts but RFC 8259 does not.
// In addition, the text must be valid UTF-8, and no object may repeat a name. Nothing is copied.
// Nothing is allocated once the token pool is as large as the longest text needs.
//
// Token 0 is the root. The children of a container follow it in order: of an array its elements, of
// an object the name and the value of each member. Tokens are passed by index.
//
// Any text of n bytes is parsed in O(n), or in O(n log n) if the names of an object must be sorted
// to find a repeated one.
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
    GV_JSON_NONE, // no such token
};

enum {
    GV_JSON_TOKENS_DEFAULT = 1 << 18, // most tokens in a text; a pool of at most 5 MiB
    GV_JSON_DEPTH_DEFAULT = 64,       // deepest nesting, the root being 1
};

// A parser and its token pool. Holds one text at a time; any number of nodes of one thread can
// share it. Callers may read `count`, `error` and `error_offset`.
struct gv_json {
    struct gv_alloc alloc;
    void *tokens;        // the pool
    size_t tokens_cap;   // its size, tokens
    size_t tokens_max;   // limit of its size, tokens
    unsigned depth_max;  // deepest nesting
    const char *text;    // the text last parsed; borrowed until the next parse
    size_t len;          // its length, bytes
    bool canonical;      // a view of gv_json_select: the text is canonical
    int count;           // its tokens; 0 after an error
    const char *error;   // what is wrong, a static text; NULL after a success
    size_t error_offset; // where, bytes from the start of the text
};

// Initialises a parser; allocates nothing. `tokens_max`: most tokens in a text; `depth_max`:
// deepest nesting, the root being 1, at most 1024; 0 selects the default of either. `alloc` is
// copied, and its context is kept.
void gv_json_init(struct gv_json *json, struct gv_alloc alloc, size_t tokens_max,
                  unsigned depth_max);
// Frees the token pool.
void gv_json_fini(struct gv_json *json);

// Parses one JSON text, which may be surrounded by white space. Returns the number of tokens, at
// least 1. `text` is borrowed until the next parse, and the tokens are valid until then.
//   GV_ESYNTAX  the text is malformed
//   GV_EFULL    it has more than `tokens_max` tokens, is nested deeper than `depth_max`, or has
//               2 GiB or more
//   GV_ENOMEM   the pool could not grow
//   GV_EINVAL   `text` is NULL and `len` is not 0, or the parser has no allocator
// After an error there are no tokens, and `error` and `error_offset` describe it.
int gv_json_parse(struct gv_json *json, const char *text, size_t len);

// Accessors. Every `token` argument may be any number. Outside 0 … count - 1 there is no token: its
// type is GV_JSON_NONE, and it has no elements and no bytes. So the error of gv_json_member for a
// missing member can be passed on as a token.
enum gv_json_type gv_json_type(const struct gv_json *json, int token);
// The number of elements of an array or members of an object; 0 for other types.
int gv_json_size(const struct gv_json *json, int token);
// The token after this value and all its children: the next sibling, if there is one. For a
// member's name it is the value. If `token` is not a token: `count`.
int gv_json_next(const struct gv_json *json, int token);
// The value of the member with this name; escapes in the text are resolved for the comparison.
// GV_ENOENT: the object has no such member; GV_ETYPE: `object` is not an object.
int gv_json_member(const struct gv_json *json, int object, const char *name);
// Looks up `count` names in one pass over the object: tokens[i] becomes what gv_json_member returns
// for names[i]. Fastest if the names are in the order of the object's members.
void gv_json_members(const struct gv_json *json, int object, const struct gv_slice *names,
                     size_t count, int *tokens);
// The text of the value, a string with its quotes; {NULL, 0} if `token` is not a token.
struct gv_slice gv_json_raw(const struct gv_json *json, int token);
// The bytes between the quotes of a string, escapes unresolved; {NULL, 0} for other types.
struct gv_slice gv_json_string(const struct gv_json *json, int token);
// Whether the token is a string that equals `text` after its escapes are resolved.
bool gv_json_equals(const struct gv_json *json, int token, const char *text);
// Writes a string with its escapes resolved to `buf`, without a NUL, and returns its length, bytes.
// GV_ETYPE: not a string; GV_ESPACE: longer than `cap`.
int gv_json_unescape(const struct gv_json *json, int token, char *buf, size_t cap);
// Converts an integer exactly; -0 is 0. Returns 0.
// GV_ETYPE: not a number, or a number with a fraction or an exponent; GV_ERANGE: outside the range
// of the type. *out is then unchanged.
int gv_json_u64(const struct gv_json *json, int token, uint64_t *out);
int gv_json_i64(const struct gv_json *json, int token, int64_t *out);

// Writes the canonical text of a value to `buf`, and returns its length, bytes, at most that of
// gv_json_raw. Values are compared, hashed and stored as canonical text:
// - no white space; members sorted by the bytes of their names, with escapes resolved;
// - strings in UTF-8; escapes only for `"`, `\` and control characters: \b \t \n \f \r or
//   \u00xx;
// - numbers keep their spelling, except that -0 becomes 0: so 1, 1.0 and 1e0 are three values, and
//   integers of any length are exact.
// The canonical form of canonical text is the text itself. The parser is not const because the
// first call sorts the names of an object; no other function depends on that order. GV_ESPACE:
// longer than `cap`; GV_ETYPE: no such token. After an error `buf` may have been written.
int gv_json_canonical(struct gv_json *json, int token, char *buf, size_t cap);

// Writes the canonical text of an object to `buf`, with some of its members only, in this order:
// `values` are tokens of their values, as gv_json_members sets them; negative ones are left out.
// *out becomes a view of the parser in which `object` and what it contains are that text; names and
// values that are left out are empty there. The view borrows `buf`, and the pool until the next
// parse; it is not parsed into or freed. The object's tokens are then meaningless in `json`.
// Returns the length, bytes, at most that of gv_json_raw. GV_ETYPE: not an object; GV_ESPACE:
// longer than `cap`; there is no view.
int gv_json_select(struct gv_json *json, int object, const int *values, size_t count, char *buf,
                   size_t cap, struct gv_json *out);

// Writes these UTF-8 bytes as a canonical JSON string, with quotes, to `buf`, and returns its
// length, bytes. GV_ESPACE: longer than `cap` or INT_MAX; GV_ESYNTAX: not UTF-8.
int gv_json_quote(struct gv_slice text, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
