// SPDX-License-Identifier: MIT
#include "base.h"

#include <stdlib.h>

const char *gv_version(void) {
    return GV_VERSION;
}

const char *gv_base_error(int code) {
    switch (code) {
    case 0:
        return "success";
#define GV_X(name, value, text) \
    case name:                  \
        return text;
        GV_ERRORS(GV_X)
#undef GV_X
    default:
        return "unknown error";
    }
}

static void *heap_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    (void)ctx, (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

struct gv_alloc gv_base_malloc(void) {
    return (struct gv_alloc){heap_resize, NULL};
}

void gv_base_panic(const char *condition, const char *file, int line) {
    // Kept in the stack frame, so that a core dump shows the failed condition.
    const char *volatile kept_condition = condition;
    const char *volatile kept_file = file;
    volatile int kept_line = line;
    (void)kept_condition, (void)kept_file, (void)kept_line;
    gv_panic_report(condition, file, line);
    abort();
}
