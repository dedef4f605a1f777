// SPDX-License-Identifier: MIT
// A worker pool: runs numbered jobs in several processes, with a progress bar. A job that crashes
// or hangs ends its process and counts as failed; a new process continues with the next job.
#ifndef GV_SIM_TOOLS_POOL_H
#define GV_SIM_TOOLS_POOL_H

#include "../check/verdict.h"

enum {
    GV_POOL_JOBS_MAX = 256,
    GV_POOL_CPU_S =
        120, // processor time of a run of swarm or shrink, seconds; exceeding it fails the run
};

struct gv_pool_config {
    uint64_t first, last;                      // numbers of the jobs, first ≤ last
    uint32_t jobs;                             // processes, at most GV_POOL_JOBS_MAX
    bool fail_fast;                            // stop at the first failure
    uint32_t cpu_s;                            // bound of a job's processor time, seconds
    struct gv_verdict (*run)(uint64_t number); // does a job, in a worker process
    const char *replay;                        // the command that repeats a job, without its number
};

// Runs all jobs. Prints failures and a summary on standard output, and progress on standard error
// if that is a terminal. Returns an exit status: GV_EXIT_VALID; GV_EXIT_INVALID: a job failed in
// safety; GV_EXIT_LIVENESS: jobs failed, all of them in liveness; GV_EXIT_INCONCLUSIVE: none
// failed, but the system ended one before its verdict; GV_EXIT_USAGE: a process cannot be started;
// GV_EXIT_INTERRUPTED.
int gv_pool_run(const struct gv_pool_config *config);

// Makes SIGPROF end this process after this much more processor time. Time spent waiting for a
// processor does not count, so the load of the machine does not matter.
void gv_pool_bound(uint32_t cpu_s);

#endif
