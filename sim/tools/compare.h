// SPDX-License-Identifier: MIT
// gvsim compare: the metrics of two runs, from the JSON that gvsim run and exec write, and whether
// the second exceeds limits.
#ifndef GV_SIM_TOOLS_COMPARE_H
#define GV_SIM_TOOLS_COMPARE_H

#include "command.h"

struct gv_compare_run {
    bool valid, judged;                     // judged: there is a verdict; if not, `valid` is false
    char workload[16], nodes[16], seed[24]; // as text, truncated
    struct gv_limits_metrics metrics;
};

// Reads the output of gv_result_json. Returns NULL, or the reason why the text is not such output.
const char *gv_compare_read(struct gv_compare_run *run, const char *text, size_t len);

// Prints both runs as a table, then the errors of the second: it is invalid, has no verdict, or
// exceeds a limit. Returns the number of errors.
int gv_compare_print(const char *const names[2], const struct gv_compare_run runs[2],
                     const struct gv_limits *limits, FILE *out);

// Compares command->files. Returns GV_EXIT_VALID if the second run is valid and within the limits,
// GV_EXIT_INVALID if not, GV_EXIT_USAGE if a file cannot be read or is not a result.
int gv_compare_command(const struct gv_command *command);

#endif
