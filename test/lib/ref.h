// SPDX-License-Identifier: MIT
// A reference parser of RFC 8259 with which tests compare codec/json. It uses recursive descent
// over bytes, and shares no code and no method with the parser under test.
#ifndef GV_TEST_LIB_REF_H
#define GV_TEST_LIB_REF_H

#include "../../codec/json.h"

enum { GV_REF_TOKENS = 4096, GV_REF_DEPTH = 64 };

struct gv_ref_token {
    enum gv_json_type type;
    size_t start, end; // offsets in the raw text
    int size, next;    // the results of gv_json_size and gv_json_next
};

struct gv_ref {
    const char *text;
    size_t len, at;
    int count, depth;
    bool deep; // refused as nested deeper than GV_REF_DEPTH
    struct gv_ref_token tokens[GV_REF_TOKENS];
};

// Parses a text. Returns true if it is valid JSON, with its tokens in ref->tokens. len must be less
// than GV_REF_TOKENS.
bool gv_ref_parse(struct gv_ref *ref, const char *text, size_t len);

// Encodes a code point in UTF-8. Returns the number of bytes, 1 to 4.
size_t gv_ref_encode(long point, char *out);

#endif
