// SPDX-License-Identifier: MIT
// What `gvsim glomers` and `gvsim sweep` have in common: runs of several settings with several
// seeds, and their metrics, each the median over the seeds.
#ifndef GV_SIM_TOOLS_BENCHMARK_H
#define GV_SIM_TOOLS_BENCHMARK_H

#include "command.h"
#include "runner.h"

// One cluster under one load.
struct gv_benchmark_setting {
    struct gv_run_config run; // but for the seed
    const char *program;      // gv-…
    uint32_t staleness_ms;    // UINT32_MAX: not said
};

struct gv_benchmark_metrics {
    double msgs_per_op, median_ms, max_ms, client_p99_ms;
};

// Maelstrom's defaults for a run of 20 seconds.
struct gv_run_config gv_benchmark_defaults(void);

// Runs every setting with every seed; runs[i · command->runs + j] is setting i with seed j, the
// caller's to free. NULL: interrupted, or a program is missing; that was told on standard error.
// *all_valid: whether every run was.
struct gv_runner_task *gv_benchmark_run(const struct gv_command *command,
                                        const struct gv_benchmark_setting *settings, size_t count,
                                        FILE *out, bool *all_valid);

struct gv_benchmark_metrics gv_benchmark_metrics(const struct gv_runner_task *run);
struct gv_benchmark_metrics gv_benchmark_median(const struct gv_runner_task *runs, uint32_t seeds);

// Messages an operation of a wave up and down a tree of `nodes`, without acknowledgements, repair
// or idle traffic, at `rate` operations a second of which half are additions, for `seconds`: a
// value waits for a period at most, every node speaks down once a period, and up if it has news.
double gv_benchmark_frontier(uint32_t nodes, double rate, double seconds, double period_ms);

#endif
