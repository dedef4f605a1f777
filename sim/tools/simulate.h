// SPDX-License-Identifier: MIT
// gvsim run: a cluster in virtual time, from the command line.
#ifndef GV_SIM_TOOLS_SIMULATE_H
#define GV_SIM_TOOLS_SIMULATE_H

#include "../check/verdict.h"
#include "command.h"

// Runs what the command says, and prints the live view and the verdict on standard output. Returns
// what gvsim exits with: 0 valid, 1 invalid (or two runs that differ), 2 a file cannot be written
// or used, 130 interrupted. Options that a scenario sets are filled in.
int gv_simulate_command(struct gv_command *command);

// The text of the scenario of this name, which comes with gvsim, stands for a seed (swarm:7) or is
// a file's; the caller frees it. NULL: there is none (errno).
char *gv_simulate_find(const char *name, size_t *len);

// The whole file; the caller frees it. NULL: it cannot be read (errno).
char *gv_simulate_read(const char *path, size_t *len);

// Runs the text of a scenario that sets all it needs, and prints nothing. False: it is wrong, and
// there is no verdict.
bool gv_simulate_text(const char *text, size_t len, struct gv_verdict *verdict);

// Lists the scenarios that come with gvsim, or prints one. Returns 0, or 2 if there is none of this
// name.
int gv_simulate_list(const struct gv_command *command);

#endif
