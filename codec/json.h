// SPDX-License-Identifier: MIT
// A JSON parser (RFC 8259) that represents a text by tokens that refer to it, and a writer of
// canonical text.
//
// jsmn splits the text into tokens; a second pass rejects what jsmn accepts and RFC 8259 does not.
// In addition, the text must be valid UTF-8, and no object may repeat a name. Nothing is copied.
// Nothing is allocated once the token pool is large enough for the longest text.
//
// Token 0 is the root. The tokens of a container's children follow the container: the elements of
// an array, or the name and the value of each member of an object. Functions take the index of a
// token.
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

// A parser and its token pool. Holds one text at a time. Any number of nodes of one thread can
// share a parser. Callers may read `count`, `error` and `error_offset`.
struct gv_json {
    struct gv_alloc alloc;
    void *tokens;        // the pool
    size_t tokens_cap;   // its size, tokens
    size_t tokens_max;   // limit of its size, tokens
    unsigned depth_max;  // deepest nesting
    const char *text;    // the text last parsed; borrowed until the next parse
    size_t len;          // its length, bytes
    bool canonical;      // set by gv_json_select: the text is canonical
    int count;           // number of tokens; 0 after an error
    const char *error;   // what is wrong, a static text; NULL after a success
    size_t error_offset; // position of the error, bytes from the start of the text
};

// Initialises a parser; allocates nothing. `tokens_max`: maximum number of tokens in a
// text. `depth_max`: maximum nesting, at most 1024; the root has depth 1. If either is 0, its
// default applies. `alloc` is copied, and its context is kept.
void gv_json_init(struct gv_json *json, struct gv_alloc alloc, size_t tokens_max,
                  unsigned depth_max);
// Frees the token pool.
void gv_json_fini(struct gv_json *json);

// Parses one JSON text, which may be surrounded by white space. Returns the number of tokens, at
// least 1. `text` is borrowed until the next parse, and the tokens are valid until then.
//   GV_ESYNTAX  the text is malformed
//   GV_EFULL    the text has more than `tokens_max` tokens, is nested deeper than `depth_max`, or
//               has 2 GiB or more
//   GV_ENOMEM   the pool could not grow
//   GV_EINVAL   `text` is NULL and `len` is not 0, or the parser has no allocator
// After an error there are no tokens; `error` and `error_offset` describe the error.
int gv_json_parse(struct gv_json *json, const char *text, size_t len);

// Accessors. Every `token` argument may be any number. A number outside 0 … count - 1 is not a
// token: its type is GV_JSON_NONE, and it has no elements and no bytes. So the error code that
// gv_json_member returns for a missing member can be passed on as a token.
enum gv_json_type gv_json_type(const struct gv_json *json, int token);
// The number of elements of an array or members of an object; 0 for other types.
int gv_json_size(const struct gv_json *json, int token);
// The token after this value and all its children: the next sibling, if there is one. For a
// member's name, the member's value. For a number that is not a token, `count`.
int gv_json_next(const struct gv_json *json, int token);
// The value of the member with this name. Escapes in the text are resolved before the comparison.
// GV_ENOENT: the object has no such member; GV_ETYPE: `object` is not an object.
int gv_json_member(const struct gv_json *json, int object, const char *name);
// Looks up `count` names in one pass over the object: tokens[i] becomes what gv_json_member returns
// for names[i]. Fastest if the names are in the order of the object's members.
void gv_json_members(const struct gv_json *json, int object, const struct gv_slice *names,
                     size_t count, int *tokens);
// The text of the value; for a string, with its quotes. {NULL, 0} if `token` is not a token.
struct gv_slice gv_json_raw(const struct gv_json *json, int token);
// The bytes between the quotes of a string, with escapes unresolved. {NULL, 0} for other types.
struct gv_slice gv_json_string(const struct gv_json *json, int token);
// Whether the token is a string that equals `text` after its escapes are resolved.
bool gv_json_equals(const struct gv_json *json, int token, const char *text);
// Writes a string to `buf` with its escapes resolved and without a NUL. Returns its length, bytes.
// GV_ETYPE: the value is not a string; GV_ESPACE: the string is longer than `cap`.
int gv_json_unescape(const struct gv_json *json, int token, char *buf, size_t cap);
// Converts an integer exactly and returns 0; -0 becomes 0. GV_ETYPE: the value is not a number, or
// has a fraction or an exponent; GV_ERANGE: the number is outside the range of the type. After an
// error *out is unchanged.
int gv_json_u64(const struct gv_json *json, int token, uint64_t *out);
int gv_json_i64(const struct gv_json *json, int token, int64_t *out);

// Writes the canonical text of a value to `buf` and returns its length, bytes, which is at most the
// length of the raw text (gv_json_raw). Values are compared, hashed and stored as canonical text:
// - no white space; members sorted by the bytes of their names, with escapes resolved;
// - strings in UTF-8; escapes only for `"`, `\` and control characters: \b \t \n \f \r or \u00xx;
// - numbers keep their spelling, except that -0 becomes 0. So 1, 1.0 and 1e0 are three values, and
//   integers of any length are exact.
// The canonical form of canonical text is the text itself. The parser is not const because the
// first call sorts the names of an object; no other function depends on that order. GV_ESPACE: the
// text is longer than `cap`; GV_ETYPE: there is no such token. After an error `buf` may have been
// written.
int gv_json_canonical(struct gv_json *json, int token, char *buf, size_t cap);

// Writes the canonical text of some members of an object to `buf`. `values` has the tokens of their
// values, as set by gv_json_members, in the order of writing; negative tokens are left out. Sets
// *out to a view of the parser in which the tokens of `object` and of its content refer to the text
// in `buf`; left-out names and values are empty in the view. The view borrows `buf`, and until the
// next parse the token pool; it must not be parsed into or freed. The object's tokens must then not
// be used with `json`.
// Returns the length, bytes, at most the length of the raw text. GV_ETYPE: the token is not an
// object; GV_ESPACE: the text is longer than `cap`. After an error there is no view.
int gv_json_select(struct gv_json *json, int object, const int *values, size_t count, char *buf,
                   size_t cap, struct gv_json *out);

// Writes these UTF-8 bytes to `buf` as a canonical JSON string, with quotes, and returns its
// length, bytes. GV_ESPACE: it is longer than `cap` or INT_MAX; GV_ESYNTAX: the bytes are not
// UTF-8.
int gv_json_quote(struct gv_slice text, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
