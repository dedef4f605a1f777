// SPDX-License-Identifier: MIT
// What `gvsim glomers` and `gvsim sweep` have in common: runs of several settings with several
// seeds, and their figures, each the median over the seeds.
#ifndef GV_SIM_STUDY_H
#define GV_SIM_STUDY_H

#include "batch.h"

// One cluster under one load.
struct gv_study_setting {
    struct gv_run_config run; // but for the seed
    const char *program;      // gv-…
    uint32_t staleness_ms;    // UINT32_MAX: not said
};

struct gv_study_figures {
    double msgs_per_op, median_ms, max_ms, client_p99_ms;
};

// Maelstrom's defaults for a run of 20 seconds.
struct gv_run_config gv_study_defaults(void);

// Runs every setting with every seed; runs[i · command->runs + j] is setting i with seed j, the
// caller's to free. NULL: interrupted, or a program is missing; that was told on standard error.
// *all_valid: whether every run was.
struct gv_batch_run *gv_study_run(const struct gv_command *command,
                                  const struct gv_study_setting *settings, size_t count, FILE *out,
                                  bool *all_valid);

struct gv_study_figures gv_study_figures(const struct gv_batch_run *run);
struct gv_study_figures gv_study_median(const struct gv_batch_run *runs, uint32_t seeds);

// Messages an operation of a wave up and down a tree of `nodes`, without acknowledgements, repair
// or idle traffic, at `rate` operations a second of which half are additions, for `seconds`: a
// value waits for a period at most, every node speaks down once a period, and up if it has news.
double gv_study_frontier(uint32_t nodes, double rate, double seconds, double period_ms);

#endif
