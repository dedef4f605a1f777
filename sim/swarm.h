// SPDX-License-Identifier: MIT
// gvsim swarm: many runs in virtual time, each of a cluster, a load, settings and faults that its
// seed draws. A seed stands for a scenario like any other, which `swarm:SEED` names wherever a
// scenario may be named.
#ifndef GV_SIM_SWARM_H
#define GV_SIM_SWARM_H

#include "command.h"

enum { GV_SWARM_TEXT_MAX = 4096 };

// The scenario of a seed, as text into buf. Returns its length.
size_t gv_swarm_scenario(uint64_t seed, char buf[GV_SWARM_TEXT_MAX]);

// The seed in a name such as swarm:17. False: it is no such name.
bool gv_swarm_seed(const char *name, uint64_t *seed);

// Runs all the command's seeds, in so many processes, and prints how it goes and how to replay what
// fails. Returns what gvsim exits with, as gv_crew_run does.
int gv_swarm_command(const struct gv_command *command);

#endif
