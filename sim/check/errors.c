// SPDX-License-Identifier: MIT
#include "errors.h"

#include "../core/escape.h"
#include "../core/memory.h"

#include <stdlib.h>

void gv_errors_fini(struct gv_errors *errors) {
    GV_ASSERT(errors != NULL && errors->kept <= GV_ERRORS_KEPT);
    for (size_t i = 0; i < errors->kept; i++) free(errors->texts[i]);
    *errors = (struct gv_errors){0};
}

void gv_errors_add_list(struct gv_errors *errors, const char *format, va_list args) {
    GV_ASSERT(errors != NULL && format != NULL);
    errors->count++;
    if (errors->kept == GV_ERRORS_KEPT) return;

    char text[GV_ERRORS_TEXT_MAX + 1];
    size_t len = gv_escape_format(text, sizeof text, format, args);
    errors->texts[errors->kept++] = gv_memory_copy(text, len);
}

void gv_errors_add(struct gv_errors *errors, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_errors_add_list(errors, format, args);
    va_end(args);
}
