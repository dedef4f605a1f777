// SPDX-License-Identifier: MIT
// A worker pool: runs numbered jobs, each in a process of its own, some at the same time.
#ifndef GV_SIM_TOOLS_POOL_H
#define GV_SIM_TOOLS_POOL_H

#include "../../merkle/base.h"
#include "../run/exit.h"

#include <stdio.h>

enum {
    GV_POOL_JOBS_MAX = 256,
    GV_POOL_CPU_S =
        120, // processor time of a run of swarm or shrink, seconds; exceeding it fails the run
};

struct gv_pool {
    uint64_t first, last; // numbers of the jobs, first ≤ last
    uint32_t jobs;        // processes at a time, at most GV_POOL_JOBS_MAX
    size_t size;          // size of a job's result, bytes; less than a pipe holds
    bool captures;        // the standard output and error of a job go to a temporary file

    // Does a job in its process: fills in the result, which is zeroed, and returns the exit status.
    int (*run)(void *ctx, uint64_t number, void *result);

    // Called when a job has ended, with its status of waitpid. `result` is NULL if it crashed,
    // `output` is NULL unless it was captured. False stops the pool.
    bool (*end)(void *ctx, uint64_t number, int status, const void *result, FILE *output);
    void *ctx;
};

// Runs the jobs. Returns GV_EXIT_VALID when all have ended; GV_EXIT_INVALID: `end` stopped the
// pool; GV_EXIT_INTERRUPTED: SIGINT, SIGTERM or SIGHUP did; GV_EXIT_USAGE: a process cannot be
// started, which is reported on standard error. The running jobs then get SIGTERM.
enum gv_exit gv_pool_run(const struct gv_pool *pool);

// Makes SIGPROF end this process after this much more processor time. Time spent waiting for a
// processor does not count, so the load of the machine does not matter.
void gv_pool_bound(uint32_t cpu_s);

#endif
