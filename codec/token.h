// SPDX-License-Identifier: MIT
// The tokens of a text: the tokenizer that json.c uses. Internal to codec/.
//
// jsmn splits the text into tokens. A pass over the tokens and the bytes between them then rejects
// what is not JSON, and changes the meaning of some fields:
//   containers   parent  the token after the container and all its children; while the container is
//                         open, the enclosing container, or -1
//   strings      type    GV_TOKEN_ESCAPED if the string has escapes, otherwise JSMN_STRING
//   names        parent  after sorting, the next name in order, or -1
//                 size    of the first name of an object: after sorting, the first name in order
// Names are sorted only for canonical text, or if a name may be repeated.
#ifndef GV_CODEC_TOKEN_H
#define GV_CODEC_TOKEN_H

#include "json.h"

// Only token.c, which defines JSMN_STATIC, includes the functions of jsmn.
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#ifndef JSMN_STATIC
#define JSMN_HEADER
#endif
#include <jsmn.h>

enum { GV_TOKEN_ESCAPED = JSMN_UNDEFINED }; // jsmn leaves no valid token with this value

static inline bool gv_token_is_escaped(const jsmntok_t *token) {
    return (int)token->type == GV_TOKEN_ESCAPED;
}

static inline bool gv_token_is_string(const jsmntok_t *token) {
    return token->type == JSMN_STRING || gv_token_is_escaped(token);
}

static inline bool gv_token_is_container(const jsmntok_t *token) {
    return token->type == JSMN_ARRAY || token->type == JSMN_OBJECT;
}

// The token after this value and all its children. During parsing, only for closed containers.
static inline int gv_token_next(const jsmntok_t *tokens, int token) {
    return gv_token_is_container(&tokens[token]) ? tokens[token].parent : token + 1;
}

// The text of a token. For a string, the text between the quotes.
static inline struct gv_slice gv_token_bytes(const struct gv_json *json, const jsmntok_t *token) {
    return gv_slice_of(json->text + token->start, (size_t)(token->end - token->start));
}

// Parses json->text. The caller sets `count` to 0; this function sets it, and grows the pool as
// needed. Returns what gv_json_parse returns; after an error sets `error` and `error_offset`.
int gv_token_parse(struct gv_json *json);

// The first name of an object in sorted order, or -1 if the object has no names; the `parent` of
// each name is the next name. The first call for an object sorts its names.
int gv_token_first_name(struct gv_json *json, int object);

#endif
