// SPDX-License-Identifier: MIT
// Several runs of `gvsim exec`, some of them at a time, each in a process of its own.
#ifndef GV_SIM_TOOLS_RUNNER_H
#define GV_SIM_TOOLS_RUNNER_H

#include "../run/exec.h"

#include <stdio.h>

struct gv_runner_task {
    struct gv_run_config config;
    struct gv_run_options options;
    char label[64]; // what a person is told it is
    // Filled in:
    enum gv_exit status;
    struct gv_result result; // counts and errors are NULL; all 0 unless valid or invalid
};

// Runs them all, at most `jobs` at a time, telling on `out` how each ended; what a run that is not
// valid has to say goes there, too. False if interrupted: then all of them are stopped.
bool gv_runner_run(struct gv_runner_task *runs, size_t count, uint32_t jobs, FILE *out);

// The middle one of these figures (of an even number, the upper of the two). Sorts them in place.
double gv_runner_median(double *figures, size_t count);

#endif
