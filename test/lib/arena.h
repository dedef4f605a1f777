// SPDX-License-Identifier: MIT
// An allocator whose state can be saved and restored, so that a fuzz target builds its state once
// and each input starts from it. Freed memory is not reused before a restore. AddressSanitizer
// reports any access to freed blocks or to the gaps between blocks.
#ifndef GV_TEST_LIB_ARENA_H
#define GV_TEST_LIB_ARENA_H

#include "../../merkle/base.h"

struct gv_arena {
    uint8_t *base, *saved;
    size_t cap, top, saved_top;
    size_t live, saved_live; // bytes in allocated blocks
};

// Creates an arena of `cap` bytes; allocations beyond that return NULL. The allocator refers to
// *arena, which must outlive it.
void gv_arena_init(struct gv_arena *arena, size_t cap);
void gv_arena_fini(struct gv_arena *arena);
struct gv_alloc gv_arena_alloc(struct gv_arena *arena);

// gv_arena_save saves all blocks and their contents, at most once per arena. gv_arena_restore
// restores this state; blocks allocated since then become invalid.
void gv_arena_save(struct gv_arena *arena);
void gv_arena_restore(struct gv_arena *arena);

#endif
