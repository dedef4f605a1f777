// SPDX-License-Identifier: MIT
// The default report has its own object file, so that a program that replaces it links no stdio. A
// function pointer as a hook would be global state.
#include "base.h"

#include <stdio.h>

#if defined(__GNUC__)
__attribute__((weak))
#endif
void gv_panic_report(const char *condition, const char *file, int line) {
    fprintf(stderr, "grapevine: %s:%d: assertion failed: %s\n", file, line, condition);
}
