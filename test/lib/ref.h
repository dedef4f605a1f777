// SPDX-License-Identifier: MIT
// A naive reading of RFC 8259, to compare the parser with: by recursion, byte by byte, with
// nothing of the parser's ways, and no thought of speed.
#ifndef GV_TEST_LIB_REF_H
#define GV_TEST_LIB_REF_H

#include "../../codec/json.h"

enum { GV_REF_TOKENS = 4096, GV_REF_DEPTH = 64 };

struct gv_ref_token {
    enum gv_json_type type;
    size_t start, end; // of the raw text
    int size, next;    // as gv_json_size and gv_json_next have them
};

struct gv_ref {
    const char *text;
    size_t len, at;
    int count, depth;
    bool deep; // refused as nested deeper than GV_REF_DEPTH
    struct gv_ref_token tokens[GV_REF_TOKENS];
};

// Whether this is one JSON text; if so, its tokens are in ref->tokens. len < GV_REF_TOKENS.
bool gv_ref_parse(struct gv_ref *ref, const char *text, size_t len);

// Writes a code point in UTF-8, 1 … 4 bytes; returns how many.
size_t gv_ref_encode(long point, char *out);

#endif
