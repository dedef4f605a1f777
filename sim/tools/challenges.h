// SPDX-License-Identifier: MIT
// The challenges of Gossip Glomers (fly.io/dist-sys), with their parameters and limits.
#ifndef GV_SIM_TOOLS_CHALLENGES_H
#define GV_SIM_TOOLS_CHALLENGES_H

#include "benchmark.h"

// Runs command->challenge, or every challenge if that is "all", with each seed. Each node is a
// process of grapevine's own program for the challenge, or of command->options.argv. Prints the
// medians, the limits of the challenge, the best published result and the lower bound; for "all", a
// table. Returns GV_EXIT_VALID if every run was valid and all medians are within the limits;
// GV_EXIT_INCONCLUSIVE if no run failed, but the machine was too slow for a run; GV_EXIT_USAGE if
// there is no such challenge or program, a file cannot be written, or "all" was combined with a
// program; GV_EXIT_INTERRUPTED; otherwise GV_EXIT_INVALID.
int gv_challenges_command(const struct gv_command *command);

#endif
