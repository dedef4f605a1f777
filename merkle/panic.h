// SPDX-License-Identifier: MIT
// The report of a failed assertion.
//
// An assertion fails because of a bug in the library, or because a caller violates a header, for
// example by passing a NULL buffer. Messages and other untrusted input cannot make one fail;
// engine.h lists the arguments that are answered by GV_EINVAL instead.
//
// The default writes file, line and condition to standard error. A program replaces it by defining
// a function of this name, like operator new in C++. The linker prefers the program's definition:
// with the static libgrapevine.a on every platform, with the shared library on ELF and Mach-O,
// where the default is a weak symbol.
#ifndef GV_MERKLE_PANIC_H
#define GV_MERKLE_PANIC_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// Called once, with static texts, before the process ends by abort(). A replacement may call
// exit or longjmp instead; the objects in use at that time must not be used again.
GV_API void gv_panic_report(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
