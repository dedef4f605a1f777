// SPDX-License-Identifier: MIT
// Several runs of gv_exec_run, some at the same time, each in a process of its own.
#ifndef GV_SIM_TOOLS_RUNNER_H
#define GV_SIM_TOOLS_RUNNER_H

#include "../run/exec.h"

#include <stdio.h>

struct gv_runner_task {
    struct gv_run_config config;
    struct gv_run_options options;
    char label[64]; // its name in the output
    char *argv[3];  // memory for options.argv: the program, an argument, NULL
    char argument[32];
    // Filled in by gv_runner_run:
    enum gv_exit status;
    struct gv_result result; // counts and errors are NULL; 0 if there is no verdict
};

// Runs all tasks, at most `jobs` at a time. Prints a line for each on `out`, with the output of
// runs that are not valid. Returns gv_runner_verdict; or, with all runs stopped,
// GV_EXIT_INTERRUPTED or GV_EXIT_USAGE (gv_pool_run).
enum gv_exit gv_runner_run(struct gv_runner_task *tasks, size_t count, uint32_t jobs, FILE *out);

// GV_EXIT_VALID: these tasks were all valid; GV_EXIT_INVALID: one was not; GV_EXIT_INCONCLUSIVE:
// none was invalid, but the machine was too slow for one.
enum gv_exit gv_runner_verdict(const struct gv_runner_task *tasks, size_t count);

#endif
