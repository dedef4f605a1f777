// SPDX-License-Identifier: MIT
// gvsim run: a cluster in virtual time, from the command line.
#ifndef GV_SIM_TOOLS_SIMULATE_H
#define GV_SIM_TOOLS_SIMULATE_H

#include "../check/verdict.h"
#include "command.h"

// Runs what the command says, and prints the live view and the verdict on standard output. Returns
// what gvsim exits with: 0 valid, 1 invalid (or two runs that differ), 2 a file cannot be written
// or used, 130 interrupted.
int gv_simulate_command(const struct gv_command *command);

// Runs the text of a scenario that sets all it needs, and prints nothing. False: it is wrong, and
// there is no verdict.
bool gv_simulate_text(const char *text, size_t len, struct gv_verdict *verdict);

#endif
