// SPDX-License-Identifier: MIT
// gvsim swarm: many runs in virtual time, each of the scenario of its seed (generator.h).
#ifndef GV_SIM_TOOLS_SWARM_H
#define GV_SIM_TOOLS_SWARM_H

#include "command.h"

// Runs the command's seeds in command->jobs processes. Prints progress, and for each failure the
// command that replays it. Returns the exit status of gv_pool_run.
int gv_swarm_command(const struct gv_command *command);

#endif
