// SPDX-License-Identifier: MIT
// The challenges of Gossip Glomers (fly.io/dist-sys), with their parameters and limits.
#ifndef GV_SIM_TOOLS_CHALLENGES_H
#define GV_SIM_TOOLS_CHALLENGES_H

#include "benchmark.h"

// Runs command->challenge, or each one if that is "all", with each seed; each node is a process of
// grapevine's own program for the challenge, or of command->options.argv. Prints the medians, the
// challenge's limits, the best published result and the lower bound; for "all", a table. Returns
// GV_EXIT_VALID if every run was valid and the medians are within the limits, GV_EXIT_INVALID if
// not, GV_EXIT_INCONCLUSIVE if none failed, but the machine was too slow for one, GV_EXIT_USAGE if
// there is no such challenge or program, a file cannot be written, or "all" was combined with a
// program, and GV_EXIT_INTERRUPTED.
int gv_challenges_command(const struct gv_command *command);

#endif
