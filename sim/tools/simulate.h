// SPDX-License-Identifier: MIT
// gvsim run: a cluster in virtual time, from the command line.
#ifndef GV_SIM_TOOLS_SIMULATE_H
#define GV_SIM_TOOLS_SIMULATE_H

#include "../check/verdict.h"
#include "command.h"

// Runs the command, and prints the progress display and the verdict on standard output, or on
// standard error if the JSON goes to standard output. Returns GV_EXIT_VALID; GV_EXIT_INVALID, also
// if --check-determinism finds a difference; GV_EXIT_USAGE: a file cannot be read or written, or
// has an error; GV_EXIT_INTERRUPTED.
int gv_simulate_command(const struct gv_command *command);

// Runs the text of a scenario that sets its workload, and prints nothing. False: the text has an
// error.
bool gv_simulate_text(const char *text, size_t len, struct gv_verdict *verdict);

#endif
