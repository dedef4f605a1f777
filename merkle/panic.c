// SPDX-License-Identifier: MIT
// In an object of its own, so that one that replaces it is linked without this one's stdio. A
// pointer to a hook would have been state that all users of the library in a process share.
#include "panic.h"

#include <stdio.h>

#if defined(__GNUC__)
__attribute__((weak))
#endif
void gv_panic_report(const char *condition, const char *file, int line) {
    fprintf(stderr, "grapevine: %s:%d: assertion failed: %s\n", file, line, condition);
}
