// SPDX-License-Identifier: MIT
// Process mode: the nodes are processes, of any language, that speak over their standard input and
// output in real time.
#ifndef GV_SIM_RUN_EXEC_H
#define GV_SIM_RUN_EXEC_H

#include "../tools/command.h"
#include "exit.h"

// Runs what the command says, and prints the progress display and the verdict on standard output,
// and what keeps it from running on standard error. No process it started is left when it returns,
// or when gvsim ends in any other way (see child.h). What it holds of what nodes say is bounded by
// the command's queue_max and line_max, each for a node; their logs by log_max. `copy`, which may
// be NULL, gets the result if there is one, with NULL for what it would borrow.
enum gv_exit gv_exec_run(const struct gv_command *command, struct gv_result *copy);

#endif
