// SPDX-License-Identifier: MIT
// Many numbered jobs in a few processes: how far it is, how fast, and which failed. A job that
// crashes or hangs takes down one process, is told as failed, and the others go on.
#ifndef GV_SIM_TOOLS_POOL_H
#define GV_SIM_TOOLS_POOL_H

#include "../check/verdict.h"

enum {
    GV_POOL_JOBS_MAX = 256,
    GV_POOL_CPU_S = 120, // processor time of a run of the swarm, or a shrink; longer has failed
};

struct gv_pool_config {
    uint64_t first, last;                      // numbers of the jobs
    uint32_t jobs;                             // processes, at most GV_POOL_JOBS_MAX
    bool fail_fast;                            // stop at the first failure
    uint32_t cpu_s;                            // processor time a job may take, seconds
    struct gv_verdict (*run)(uint64_t number); // does a job, in a process of the pool's
    const char *replay; // the command that does a job alone, up to its number
};

// Does them all, and tells on standard output what failed and what came of it, on standard error,
// if that is a terminal, how far it is. Returns an exit status: 0 all is well, 1 some broke a
// promise, 4 some failed, but only in liveness, 5 none failed, but the machine ended some before
// they were judged, 2 no process could be started, 130 interrupted.
int gv_pool_run(const struct gv_pool_config *config);

// Has SIGPROF end this process once it has used so much processor time from now on: not time that
// passes while it waits for a processor, so that no machine is too busy.
void gv_pool_bound(uint32_t cpu_s);

#endif
