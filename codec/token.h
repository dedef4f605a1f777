// SPDX-License-Identifier: MIT
// The tokens of a line: how they are made, and what json.c finds in them. Internal to codec/.
//
// They are jsmn's, made in two steps. jsmn splits the text; then a walk over the tokens and the
// bytes between them refuses what jsmn lets through, and gives some fields another meaning:
//   containers   parent  the token behind the container and all its children; while it is open,
//                        the container around it, or -1
//   strings      type    GV_TOKEN_ESCAPED if the string has escapes, else JSMN_STRING
//   names        parent  once they are sorted, the next name in order, or -1
//                size    in an object's first name: once they are sorted, the first name in order
// Names are sorted where somebody wants to know the order: for the canonical text, or where one of
// them may be repeated.
#ifndef GV_CODEC_TOKEN_H
#define GV_CODEC_TOKEN_H

#include "json.h"

// jsmn's functions are for token.c alone, which asks for them with JSMN_STATIC.
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#ifndef JSMN_STATIC
#define JSMN_HEADER
#endif
#include <jsmn.h>

enum { GV_TOKEN_ESCAPED = JSMN_UNDEFINED }; // which jsmn leaves in no token

static inline bool gv_token_is_escaped(const jsmntok_t *token) {
    return (int)token->type == GV_TOKEN_ESCAPED;
}

static inline bool gv_token_is_string(const jsmntok_t *token) {
    return token->type == JSMN_STRING || gv_token_is_escaped(token);
}

static inline bool gv_token_is_container(const jsmntok_t *token) {
    return token->type == JSMN_ARRAY || token->type == JSMN_OBJECT;
}

// The token behind this value and all its children. During the walk, only of what is closed.
static inline int gv_token_next(const jsmntok_t *tokens, int token) {
    return gv_token_is_container(&tokens[token]) ? tokens[token].parent : token + 1;
}

// A token's bytes; a string's, without its quotes.
static inline struct gv_slice gv_token_bytes(const struct gv_json *json, const jsmntok_t *token) {
    return (struct gv_slice){(const uint8_t *)json->text + token->start,
                             (size_t)(token->end - token->start)};
}

// Makes the tokens of json->text, of which there are none yet, and sets `count`; the pool grows as
// it must. Returns and refuses as gv_json_parse says, and sets `error` and `error_offset` then.
int gv_token_parse(struct gv_json *json);

// The first name of an object in order, or -1 if it has none; each name's `parent` leads on to the
// next. Sorts the names if that has not been done yet: so whoever calls it has the line to himself.
int gv_token_first_name(struct gv_json *json, int object);

#endif
