// SPDX-License-Identifier: MIT
// Random JSON values, each spelled in a random way, with its canonical text beside it, which is
// written by the rules of gv_json_canonical and not by parsing anything.
#ifndef GV_TEST_LIB_SPELLING_H
#define GV_TEST_LIB_SPELLING_H

#include "../../engine/prng.h"

enum { GV_SPELLING_MAX = 1 << 16 };

struct gv_spelling {
    struct gv_prng prng; // the caller's to seed
    char loose[GV_SPELLING_MAX], canonical[GV_SPELLING_MAX];
    size_t loose_len, canonical_len;
};

// Draws the next value.
void gv_spelling_value(struct gv_spelling *s);

// Makes one to three random edits to the loose text.
void gv_spelling_mutate(struct gv_spelling *s);

#endif
