// SPDX-License-Identifier: MIT
// The challenges of Gossip Glomers (fly.io/dist-sys), with their own parameters and limits.
#ifndef GV_SIM_TOOLS_CHALLENGES_H
#define GV_SIM_TOOLS_CHALLENGES_H

#include "benchmark.h"

// Runs command->challenge with each seed and prints, beside the medians, the challenge's limits,
// the best that others published and the frontier. Returns gvsim's exit status: 0 if every run was
// valid and the medians are within the limits.
int gv_challenges_command(const struct gv_command *command);

#endif
