// SPDX-License-Identifier: MIT
// Escapes untrusted text, that is all text that the program did not write: options, file names,
// lines that were received, words of scenarios. It is printed through these functions only, so that
// no control sequence reaches a terminal.
#ifndef GV_NODE_ESCAPE_H
#define GV_NODE_ESCAPE_H

#include "../merkle/base.h"

#include <stdarg.h>
#include <stdio.h>

enum { GV_ESCAPE_MAX = 4096 }; // longest formatted text, bytes; a longer one is truncated

// Copies text, escaped: bytes that are not UTF-8 and control characters below U+00A0 become \xNN
// (\n, \t and \r as in C), invisible and direction-changing characters \uNNNN. Escaping the
// result again changes nothing. Writes at most cap − 1 bytes, ending between two characters, and a
// NUL; cap > 0. Returns the number of bytes written.
size_t gv_escape_copy(char *to, size_t cap, const void *text, size_t len);

// Formats as vsnprintf does, and escapes the result as gv_escape_copy does.
GV_PRINTF(3, 0)
size_t gv_escape_format(char *to, size_t cap, const char *format, va_list args);

// Writes the reason for an error to `why` (cap bytes), as gv_escape_format does. Returns `error`.
GV_PRINTF(4, 5)
int gv_escape_explain(char *why, size_t cap, int error, const char *format, ...);

// Writes a text as a JSON string. If the text is not UTF-8, each byte outside ASCII becomes '?'; if
// it may not fit, it is truncated. cap: 9 bytes or more. Returns the length.
size_t gv_escape_quote(char *to, size_t cap, const char *text);

// Prints as fprintf does, and escapes everything but newlines as gv_escape_copy does.
GV_PRINTF(2, 3)
void gv_escape_print(FILE *out, const char *format, ...);

#endif
