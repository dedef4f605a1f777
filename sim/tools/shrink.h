// SPDX-License-Identifier: MIT
// gvsim shrink: reduces a failing run to few faults, nodes and operations that fail with the same
// kind of error, and writes them as a scenario.
#ifndef GV_SIM_TOOLS_SHRINK_H
#define GV_SIM_TOOLS_SHRINK_H

#include "command.h"

// Reduces command->scenario, whose settings the command line overrides. Writes the result to
// command->output and prints the command that replays it. Returns GV_EXIT_VALID; GV_EXIT_INVALID:
// the scenario does not fail; GV_EXIT_USAGE: it has an error, or a file cannot be written;
// GV_EXIT_INCONCLUSIVE: its run has no verdict; GV_EXIT_INTERRUPTED: the output is the best so far.
int gv_shrink_command(const struct gv_command *command);

#endif
