// SPDX-License-Identifier: MIT
// What `gvsim glomers` and `gvsim sweep` share: runs of several settings, each with several seeds,
// and the medians of their metrics over the seeds.
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
// run on `out`. If command->options.argv is set, that program runs instead of the settings' ones,
// with its arguments only. Item i · command->runs + j of the result is setting i with seed number
// j; the caller frees the result. Returns what gv_runner_run returns. The result is NULL for
// GV_EXIT_INTERRUPTED and for GV_EXIT_USAGE, also if a program is missing, which is reported on
// standard error.
enum gv_exit gv_benchmark_run(const struct gv_command *command,
                              const struct gv_benchmark_setting *settings, size_t count, FILE *out,
                              struct gv_runner_task **result);

struct gv_benchmark_metrics gv_benchmark_metrics(const struct gv_runner_task *run);

// Writes the members of a JSON object, without its braces.
void gv_benchmark_json(const struct gv_benchmark_metrics *metrics, FILE *json);
// Whether all runs were valid, as JSON: null if the machine was too slow.
const char *gv_benchmark_verdict(enum gv_exit status);

// The median of each metric by itself. seeds: 1 to GV_COMMAND_RUNS_MAX.
struct gv_benchmark_metrics gv_benchmark_median(const struct gv_runner_task *runs, uint32_t seeds);

// A lower bound of the messages per operation, in a cluster that does nothing but send updates up
// and down a tree of `nodes` in rounds. period_ms is the time between rounds; each round sends one
// message down each edge, and one up if there are updates. `rate`: operations a second, half of
// them additions, for `seconds`.
double gv_benchmark_frontier(uint32_t nodes, double rate, double seconds, double period_ms);

#endif
