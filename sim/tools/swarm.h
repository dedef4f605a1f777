// SPDX-License-Identifier: MIT
// gvsim swarm: many runs in virtual time, each of the scenario of its seed (generator.h).
#ifndef GV_SIM_TOOLS_SWARM_H
#define GV_SIM_TOOLS_SWARM_H

#include "../check/verdict.h"
#include "command.h"

struct gv_swarm_config {
    uint64_t first, last;                    // seeds, first ≤ last
    uint32_t jobs;                           // processes, at most GV_POOL_JOBS_MAX
    bool fail_fast;                          // stop at the first failure
    uint32_t cpu_s;                          // bound of a run's processor time, seconds
    struct gv_verdict (*run)(uint64_t seed); // called in a process of its own
    const char *replay;                      // the command that repeats a run, without its seed
};

// Runs all seeds. A run that crashes or hangs counts as failed. Prints failures and a summary on
// standard output, and progress on standard error if that is a terminal. Returns an exit status:
// GV_EXIT_VALID; GV_EXIT_INVALID: a run failed in safety; GV_EXIT_LIVENESS: runs failed, all of
// them in liveness; GV_EXIT_INCONCLUSIVE: none failed, but the system ended one before its verdict;
// GV_EXIT_USAGE: a process cannot be started; GV_EXIT_INTERRUPTED.
int gv_swarm_run(const struct gv_swarm_config *config);

// Runs the command's seeds in command->jobs processes, as gv_swarm_run does.
int gv_swarm_command(const struct gv_command *command);

#endif
