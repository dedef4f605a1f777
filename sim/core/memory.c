// SPDX-License-Identifier: MIT
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

void *gv_memory_checked(void *block) {
    if (block != NULL) return block;
    fputs("gvsim: out of memory\n", stderr);
    exit(GV_MEMORY_STATUS);
}

void *gv_memory_new(size_t size) {
    GV_ASSERT(size > 0);
    return gv_memory_checked(calloc(1, size));
}

void *gv_memory_raw(size_t size) {
    GV_ASSERT(size > 0);
    return gv_memory_checked(malloc(size));
}

void *gv_memory_more(void *array, size_t *cap, size_t need, size_t size) {
    GV_ASSERT(size > 0);
    GV_ASSERT((array != NULL || *cap == 0) && need > *cap);
    size_t grown = *cap < 8 ? 8 : *cap;
    while (grown < need && grown <= SIZE_MAX / 2) grown *= 2;
    if (grown < need || grown > SIZE_MAX / size) gv_memory_checked(NULL);
    char *bytes = gv_memory_checked(realloc(array, grown * size));
    memset(bytes + *cap * size, 0, (grown - *cap) * size);
    *cap = grown;
    return bytes;
}

void gv_memory_append(struct gv_memory_bytes *bytes, const void *more, size_t len) {
    GV_MEMORY_GROW(bytes->data, &bytes->cap, bytes->len + len);
    if (len > 0) memcpy(bytes->data + bytes->len, more, len);
    bytes->len += len;
}

char *gv_memory_copy(const void *bytes, size_t len) {
    GV_ASSERT(bytes != NULL || len == 0);
    char *copy = gv_memory_new(len + 1);
    if (len > 0) memcpy(copy, bytes, len);
    return copy;
}
