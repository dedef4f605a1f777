// SPDX-License-Identifier: MIT
// An output file that is replaced atomically: it is written to a temporary file, which is renamed
// when it is complete. So an interrupted run leaves the previous result, not an incomplete one.
#ifndef GV_SIM_CORE_OUTPUT_H
#define GV_SIM_CORE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct gv_output {
    FILE *file; // NULL: no output was requested
    const char *path;
    char *temporary; // the temporary file; NULL: written directly
};

// `path` is borrowed. NULL: no output; "-": standard output. Unless `atomic`, or if the path exists
// and is not a regular file (pipe, device, link), it is written directly. False: it cannot be
// written; the error has been printed.
bool gv_output_open(struct gv_output *output, const char *path, bool atomic);

// Renames the temporary file if it is `complete`, else removes it. Call it once after
// gv_output_open, even if that failed. False: the file cannot be written, which has been printed.
bool gv_output_close(struct gv_output *output, bool complete);

#endif
