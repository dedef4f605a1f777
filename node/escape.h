// SPDX-License-Identifier: MIT
// Escapes untrusted text, that is all text that the program did not write: options, file names,
// lines that were received, words of scenarios. It is printed through these functions only, so that
// no control sequence reaches a terminal.
#ifndef GV_NODE_ESCAPE_H
#define GV_NODE_ESCAPE_H

#include "../merkle/base.h"

#include <stdarg.h>
#include <stdio.h>

enum { GV_ESCAPE_MAX = 4096 }; // bytes of one formatted text; a longer one is cut

// Copies text, escaped: bytes that are not UTF-8 and control characters below U+00A0 become \xNN
// (\n, \t and \r as in C), invisible and direction-changing characters \uNNNN. The result is a
// fixed point. Writes at most cap − 1 bytes, in whole characters, and a zero; cap > 0. Returns the
// bytes written.
size_t gv_escape_copy(char *to, size_t cap, const void *text, size_t len);

// Formats as vsnprintf does, and escapes the result as gv_escape_copy does.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 0)))
#endif
size_t
gv_escape_format(char *to, size_t cap, const char *format, va_list args);

// Writes the reason for an error to `why` (cap bytes), as gv_escape_format does. Returns `error`.
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int gv_escape_say(char *why, size_t cap, int error, const char *format, ...);

// Prints as fprintf does, escaped as by gv_escape_copy, but for newlines.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void gv_escape_print(FILE *out, const char *format, ...);

#endif
