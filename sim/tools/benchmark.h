// SPDX-License-Identifier: MIT
// Shared functions of `gvsim glomers` and `gvsim sweep`: run several settings, each with several
// seeds, and compute the medians of their metrics over the seeds.
#ifndef GV_SIM_TOOLS_BENCHMARK_H
#define GV_SIM_TOOLS_BENCHMARK_H

#include "command.h"
#include "runner.h"

// A cluster and its load.
struct gv_benchmark_setting {
    const char *label;        // first column of the output; NULL: the staleness
    const char *program;      // program that each node runs, such as gv-broadcast
    struct gv_run_config run; // the seed is ignored
    uint32_t staleness_ms;    // option of the program; UINT32_MAX: its default
};

struct gv_benchmark_metrics {
    double msgs_per_op, median_ms, max_ms, client_p99_ms;
};

// Maelstrom's defaults for a run of 20 seconds.
struct gv_run_config gv_benchmark_defaults(void);

// Runs every setting with command->runs seeds from command->run.seed on, and prints a line for each
// run on `out`. If command->options.argv is set, that program runs, with only the arguments in it,
// instead of the programs of the settings. Item i · command->runs + j of the result is setting i
// with seed number j; the caller frees the result. Returns what gv_runner_run returns. *result is
// NULL for GV_EXIT_INTERRUPTED and GV_EXIT_USAGE. A missing program is GV_EXIT_USAGE, and is
// reported on standard error.
enum gv_exit gv_benchmark_run(const struct gv_command *command,
                              const struct gv_benchmark_setting *settings, size_t count, FILE *out,
                              struct gv_runner_task **result);

struct gv_benchmark_metrics gv_benchmark_metrics(const struct gv_runner_task *run);

// Writes the members of a JSON object, without its braces.
void gv_benchmark_json(const struct gv_benchmark_metrics *metrics, FILE *json);
// "true" if all runs were valid, "false" if not, "null" if the machine was too slow.
const char *gv_benchmark_verdict(enum gv_exit status);

// The medians of the metrics, each computed separately. `seeds` is 1 to GV_COMMAND_RUNS_MAX.
struct gv_benchmark_metrics gv_benchmark_median(const struct gv_runner_task *runs, uint32_t seeds);

// A lower bound of the messages per operation, for a cluster that only sends updates up and down a
// tree of `nodes` nodes in rounds. period_ms is the time between rounds. In a round, one message is
// sent down each edge, and one up each edge with updates. Clients invoke `rate` operations per
// second for `seconds`, of which half are additions.
double gv_benchmark_frontier(uint32_t nodes, double rate, double seconds, double period_ms);

#endif
