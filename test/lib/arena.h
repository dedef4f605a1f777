// SPDX-License-Identifier: MIT
// Memory that can be put back as it was: a fuzz target builds its state once, and every input
// begins with a copy of it. No byte is handed out twice in between; under AddressSanitizer what
// lies between the blocks, and what was given back, may not be touched.
#ifndef GV_TEST_LIB_ARENA_H
#define GV_TEST_LIB_ARENA_H

#include "../../merkle/base.h"

struct gv_arena {
    uint8_t *base, *saved;
    size_t cap, top, saved_top;
    size_t live, saved_live; // bytes handed out and not given back
};

// Of `cap` bytes; whoever asks for more gets none. It stays where it is; a fuzz target never frees
// it.
void gv_arena_init(struct gv_arena *arena, size_t cap);
void gv_arena_fini(struct gv_arena *arena);
struct gv_alloc gv_arena_alloc(struct gv_arena *arena);

// Remembers everything in it, once; and goes back to that.
void gv_arena_save(struct gv_arena *arena);
void gv_arena_restore(struct gv_arena *arena);

#endif
