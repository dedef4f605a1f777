// SPDX-License-Identifier: MIT
// gvsim shrink: reduces a failing run to few faults, nodes and operations that fail with the same
// kind of error, and writes them as a scenario.
#ifndef GV_SIM_TOOLS_SHRINK_H
#define GV_SIM_TOOLS_SHRINK_H

#include "../check/verdict.h"
#include "command.h"

// Runs the text of a scenario as gv_simulate_text does, but in a process of its own, whose crash or
// timeout is a verdict. False: the scenario has an error, or a process cannot be started.
bool gv_shrink_probe(const char *text, size_t len, struct gv_verdict *verdict);

// Reduces command->scenario, whose settings the command line overrides. Writes the result to
// command->output and prints the command that replays it. Returns GV_EXIT_VALID; GV_EXIT_INVALID:
// the scenario does not fail; GV_EXIT_USAGE: it has an error, or a file cannot be written;
// GV_EXIT_INCONCLUSIVE: its run has no verdict; GV_EXIT_INTERRUPTED: the output is the best so far.
int gv_shrink_command(const struct gv_command *command);

#endif
