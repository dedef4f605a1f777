// SPDX-License-Identifier: MIT
// A file that is there when it is whole: until then it is written beside its place. So nobody takes
// a run that was interrupted for one with an empty result, nor loses the result of the last.
#ifndef GV_SIM_CORE_OUTPUT_H
#define GV_SIM_CORE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct gv_output {
    FILE *file; // to write to; NULL: nothing is asked for
    const char *path;
    char *draft; // where it is until it is whole; NULL: it is written in its place
};

// `path` is borrowed. NULL: there is no file, and all is well; "-": standard output. What is there
// already and no plain file (a pipe, a device, a link) is written to as it is. False: it cannot be
// written, which has been said on standard error.
bool gv_output_open(struct gv_output *output, const char *path);

// Puts the file into its place if it is `whole`, and else removes what there is of it. Once, after
// gv_output_open, whatever that said. False as above.
bool gv_output_close(struct gv_output *output, bool whole);

#endif
