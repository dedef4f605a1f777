// SPDX-License-Identifier: MIT
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#endif
#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

enum { ALIGN = 16, GUARD = 16 };

// Precedes every block; GUARD bytes follow it.
struct front {
    uint64_t size;
    uint64_t live;
};

static size_t span(size_t size) {
    return sizeof(struct front) + (size + ALIGN - 1) / ALIGN * ALIGN + GUARD;
}

static void protect(uint8_t *at, const struct front *front) {
    size_t size = (size_t)front->size, all = span(size);
    bool live = front->live != 0;
    ASAN_POISON_MEMORY_REGION(at, all);
    if (live) ASAN_UNPOISON_MEMORY_REGION(at + sizeof *front, size);
}

static void drop(void *block, size_t size) {
    if (block == NULL) return;
    struct front *front = (struct front *)block - 1;
    ASAN_UNPOISON_MEMORY_REGION(front, sizeof *front);
    GV_ASSERT(front->live && front->size == size);
    front->live = 0;
    protect((uint8_t *)front, front);
}

static void *arena_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct gv_arena *arena = ctx;
    uint8_t *at = arena->base + arena->top;
    void *fresh = NULL;
    if (new_size > 0) {
        if (new_size > arena->cap || span(new_size) > arena->cap - arena->top) return NULL;
        struct front front = {new_size, 1};
        ASAN_UNPOISON_MEMORY_REGION(at, sizeof front);
        memcpy(at, &front, sizeof front);
        protect(at, &front);
        arena->top += span(new_size);
        arena->live += new_size;
        fresh = at + sizeof front;
        if (block != NULL) memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    }
    if (block != NULL) arena->live -= old_size;
    drop(block, old_size);
    return fresh;
}

void gv_arena_init(struct gv_arena *arena, size_t cap) {
    _Static_assert(sizeof(struct front) == ALIGN, "blocks are aligned");
    *arena = (struct gv_arena){.base = malloc(cap), .cap = cap};
    GV_ASSERT(arena->base != NULL);
    ASAN_POISON_MEMORY_REGION(arena->base, cap);
}

void gv_arena_fini(struct gv_arena *arena) {
    ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->cap);
    free(arena->base);
    free(arena->saved);
    *arena = (struct gv_arena){0};
}

struct gv_alloc gv_arena_alloc(struct gv_arena *arena) {
    return (struct gv_alloc){arena_resize, arena};
}

void gv_arena_save(struct gv_arena *arena) {
    GV_ASSERT(arena->saved == NULL && arena->top > 0);
    arena->saved_top = arena->top;
    arena->saved_live = arena->live;
    arena->saved = malloc(arena->top);
    GV_ASSERT(arena->saved != NULL);
    ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->top);
    memcpy(arena->saved, arena->base, arena->top);
    gv_arena_restore(arena);
}

void gv_arena_restore(struct gv_arena *arena) {
    GV_ASSERT(arena->saved != NULL);
    ASAN_POISON_MEMORY_REGION(arena->base, arena->top);
    arena->top = arena->saved_top;
    arena->live = arena->saved_live;
    // Unpoisons block by block, since AddressSanitizer remaps its shadow memory for a large region.
    for (size_t at = 0; at < arena->top;) {
        struct front front;
        memcpy(&front, arena->saved + at, sizeof front);
        size_t all = span((size_t)front.size);
        ASAN_UNPOISON_MEMORY_REGION(arena->base + at, all);
        memcpy(arena->base + at, arena->saved + at, all);
        protect(arena->base + at, &front);
        at += all;
    }
}
