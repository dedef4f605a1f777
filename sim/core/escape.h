// SPDX-License-Identifier: MIT
// Untrusted text: whatever gvsim did not write itself, such as what nodes print, names of files,
// words of scenarios and options. All of it passes through here before a person sees it, so that
// nothing foreign reaches a terminal as a command.
#ifndef GV_SIM_CORE_ESCAPE_H
#define GV_SIM_CORE_ESCAPE_H

#include "../../merkle/base.h"

#include <stdarg.h>
#include <stdio.h>

enum { GV_ESCAPE_MAX = 4096 }; // bytes of one formatted text; the rest is cut off

// Copies text so that it can be shown: bytes that are no UTF-8 and control characters below U+00A0
// become \xNN (\n, \t and \r as in C), invisible and direction-changing ones \uNNNN. Applied twice
// it changes nothing more. At most cap − 1 bytes are written, whole characters only, and a zero.
// Returns how many bytes of text were written; cap > 0.
size_t gv_escape_copy(char *to, size_t cap, const void *text, size_t len);

// Formats as vsnprintf does, and copies the result as gv_escape_copy does.
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

// Prints as fprintf does, but what gv_escape_copy would change, except newlines, as that has it.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void gv_escape_print(FILE *out, const char *format, ...);

#endif
