// SPDX-License-Identifier: MIT
// What is said when an assertion fails: a bug of the library's, or of a caller's that a header
// rules out, such as a NULL buffer. No message and no text from outside makes one fail; what
// engine.h lists as wrong arguments are errors.
//
// The default writes file, line and condition to standard error. A program that wants something
// else defines a function of this name, as with the operator new of C++: the linker takes the
// program's, statically from libgrapevine.a on any platform, and from a shared library where
// definitions of the program go before the library's (ELF, and Mach-O, as the default is weak).
#ifndef GV_MERKLE_PANIC_H
#define GV_MERKLE_PANIC_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// Static texts. The process is ended by abort() once this returns; it may leave by longjmp or an
// exit instead, but the objects that were in use are good for nothing then.
GV_API void gv_panic_report(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
