// SPDX-License-Identifier: MIT
// gvsim shrink: cuts a run that fails down to the fewest faults, nodes and operations that still
// fail in the same way, and writes them as a scenario.
#ifndef GV_SIM_TOOLS_SHRINK_H
#define GV_SIM_TOOLS_SHRINK_H

#include "../check/verdict.h"
#include "command.h"

// Runs a scenario's text, as gv_simulate_text does, in a process of its own, whose crash or hanging
// is a verdict, too. False: it is wrong, or no process could be started.
bool gv_shrink_probe(const char *text, size_t len, struct gv_verdict *verdict);

// Shrinks the scenario the command names, whose settings it overrides, and prints what is left and
// the command that replays it. Returns what gvsim exits with: 0 it is done, 1 the scenario does not
// fail, 2 it is wrong or a file cannot be written, 5 the machine ended its run before it was
// judged, 130 interrupted.
int gv_shrink_command(const struct gv_command *command);

#endif
