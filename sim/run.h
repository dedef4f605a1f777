// SPDX-License-Identifier: MIT
// gvsim run: a cluster in virtual time, from the command line.
#ifndef GV_SIM_RUN_H
#define GV_SIM_RUN_H

#include "command.h"

// Runs what the command says, and prints the live view and the verdict on standard output. Returns
// what gvsim exits with: 0 valid, 1 invalid (or two runs that differ), 2 a file cannot be written
// or used, 130 interrupted. Options that a scenario sets are filled in.
int gv_run_command(struct gv_command *command);

// Runs a scenario, named as on the command line, that sets all it needs, and prints nothing. True:
// it is valid. Else `why` says in one line what is not.
bool gv_run_quietly(const char *scenario, char *why, size_t cap);

// Lists the scenarios that come with gvsim, or prints one. Returns 0, or 2 if there is none of this
// name.
int gv_run_scenarios(const struct gv_command *command);

#endif
