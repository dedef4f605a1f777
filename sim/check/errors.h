// SPDX-License-Identifier: MIT
// What makes a run invalid, each in one line for a person. All are counted, the first are kept.
#ifndef GV_SIM_CHECK_ERRORS_H
#define GV_SIM_CHECK_ERRORS_H

#include "../../merkle/base.h"

#include <stdarg.h>

enum {
    GV_ERRORS_KEPT = 64,
    GV_ERRORS_TEXT_MAX = 1024, // longest text kept, bytes; a longer one is cut
};

struct gv_errors {
    char *texts[GV_ERRORS_KEPT];
    size_t kept;
    size_t count;    // ever added
    bool conclusive; // one of them is such that no delay, of nodes or messages, can be its cause
};

void gv_errors_fini(struct gv_errors *errors);

// Adds an error, spelled as by printf; untrusted text in it is shown as by escape.h.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void gv_errors_add(struct gv_errors *errors, const char *format, ...);
// The same for those who were given their arguments.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 0)))
#endif
void gv_errors_add_list(struct gv_errors *errors, const char *format, va_list args);

#endif
