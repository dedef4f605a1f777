// SPDX-License-Identifier: MIT
// The command line of gvsim.
#ifndef GV_SIM_COMMAND_H
#define GV_SIM_COMMAND_H

#include "trial.h"

struct gv_command {
    // What a run is; its slack, deliver and ctx are left to others.
    struct gv_trial_config trial;
    const char *json;    // where to write the result as JSON; NULL: nowhere; "-": standard output
    const char *log_dir; // where to put what nodes print on standard error; NULL: a temporary place
    char *const *argv;   // the node's program and its arguments, NULL at the end
};

enum gv_command_action {
    GV_COMMAND_EXEC,
    GV_COMMAND_HELP,
    GV_COMMAND_VERSION,
};

enum { GV_COMMAND_WHY_MAX = 256 };

// Reads argv as main has it. Fills in the defaults, but for the seed: `seed` unless one is given.
// Returns an action, or GV_EINVAL, when `why` says what is wrong in one line. Strings are borrowed
// from argv.
int gv_command_parse(struct gv_command *command, int argc, char *const *argv, uint64_t seed,
                     char why[GV_COMMAND_WHY_MAX]);

// What --help prints.
extern const char gv_command_help[];

#endif
