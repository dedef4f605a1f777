// SPDX-License-Identifier: MIT
// gvsim swarm: many runs in virtual time, each of a scenario that its seed draws (generator.h).
#ifndef GV_SIM_TOOLS_SWARM_H
#define GV_SIM_TOOLS_SWARM_H

#include "command.h"

// Runs all the command's seeds, in so many processes, and prints how it goes and how to replay what
// fails. Returns what gvsim exits with, as gv_pool_run does.
int gv_swarm_command(const struct gv_command *command);

#endif
