// SPDX-License-Identifier: MIT
// gvsim compare: two runs side by side, by the JSON that gvsim run and exec write, and whether the
// second is worse than thresholds allow.
#ifndef GV_SIM_TOOLS_COMPARE_H
#define GV_SIM_TOOLS_COMPARE_H

#include "command.h"

struct gv_compare_run {
    bool valid, judged; // not judged: the machine was too slow; valid is false then
    char workload[16], nodes[16], seed[24]; // as text; longer ones are cut
    struct gv_limits_metrics metrics;
};

// Reads what gv_result_json writes. NULL, or what is wrong with the text, in a few words.
const char *gv_compare_read(struct gv_compare_run *run, const char *text, size_t len);

// Prints both as a table, and what is wrong with the second: it is not valid, was not judged, or
// exceeds a limit. Returns how many things are.
int gv_compare_print(const char *const names[2], const struct gv_compare_run runs[2],
                     const struct gv_limits *limits, FILE *out);

// Compares the files that the command names. Returns what gvsim exits with: 0 the second is within
// its limits, 1 it is not, 2 a file is no result.
int gv_compare_command(const struct gv_command *command);

#endif
