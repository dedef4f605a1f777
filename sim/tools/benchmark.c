// SPDX-License-Identifier: MIT
#include "benchmark.h"

#include "../../node/escape.h"
#include "../core/memory.h"
#include "../core/path.h"

#include <inttypes.h>
#include <math.h>

// ---- Runs ----

struct gv_run_config gv_benchmark_defaults(void) {
    return (struct gv_run_config){
        .nodes = 25,
        .rate = 100,
        .time_limit = 20000 * GV_MS,
        .quiet = 10000 * GV_MS,
        .latency_ms = 100,
        .topology = GV_TOPOLOGY_GRID,
        .nemesis_interval = 10000 * GV_MS,
    };
}

static void report_missing(const char *program) {
    gv_escape_print(stderr, "gvsim: there is no program '%s'\n", program);
}

// The path of a program in the directory of gvsim, or else in $PATH; NULL if it is in neither.
static char *find(const char *self, const char *name) {
    const char *slash = strrchr(self, '/');
    size_t dir = slash != NULL ? (size_t)(slash - self) + 1 : 0;
    char *beside = gv_memory_new(dir + strlen(name) + 1);
    memcpy(beside, self, dir);
    strcpy(beside + dir, name);
    char *program = gv_path_program(beside);
    if (program == NULL && dir > 0) program = gv_path_program(name);
    free(beside);
    if (program == NULL) report_missing(name);
    return program;
}

// Finds the program of each setting, or the program of the command line for all. Returns false
// after reporting a missing program.
static bool find_programs(const struct gv_command *command,
                          const struct gv_benchmark_setting *settings, size_t count,
                          char **programs) {
    if (command->options.argv != NULL) {
        char *found = gv_path_program(command->options.argv[0]);
        if (found == NULL) report_missing(command->options.argv[0]);
        free(found);
        return found != NULL;
    }
    for (size_t i = 0; i < count; i++) {
        programs[i] = find(command->self, settings[i].program);
        if (programs[i] == NULL) return false;
    }
    return true;
}

// `program` is NULL if the command line has a program.
static void set_arguments(struct gv_runner_task *task, const struct gv_command *command,
                          char *program, uint32_t staleness_ms) {
    task->options.argv = command->options.argv;
    if (program == NULL) return;
    bool preset = staleness_ms == UINT32_MAX;
    snprintf(task->argument, sizeof task->argument, "--staleness=%u", staleness_ms);
    task->argv[0] = program;
    task->argv[1] = preset ? NULL : task->argument;
    task->options.argv = task->argv;
}

static void set_label(struct gv_runner_task *task, const struct gv_benchmark_setting *setting) {
    size_t at = 0;
    if (setting->label != NULL)
        at += (size_t)snprintf(task->label, sizeof task->label, "%s, ", setting->label);
    else if (setting->staleness_ms != UINT32_MAX)
        at += (size_t)snprintf(task->label, sizeof task->label, "staleness %u, ",
                               setting->staleness_ms);
    GV_ASSERT(at < sizeof task->label);
    snprintf(task->label + at, sizeof task->label - at, "seed %" PRIu64, task->config.seed);
}

static enum gv_exit run_all(const struct gv_command *command,
                            const struct gv_benchmark_setting *settings, size_t count,
                            char *const *programs, FILE *out, struct gv_runner_task **result) {
    size_t total = count * command->runs;
    struct gv_runner_task *tasks = gv_memory_new(total * sizeof *tasks);
    for (size_t i = 0; i < total; i++) {
        const struct gv_benchmark_setting *setting = &settings[i / command->runs];
        tasks[i].config = setting->run;
        tasks[i].config.seed = command->run.seed + i % command->runs;
        set_arguments(&tasks[i], command, programs[i / command->runs], setting->staleness_ms);
        set_label(&tasks[i], setting);
    }
    enum gv_exit status = gv_runner_run(tasks, total, command->jobs, out);
    if (status == GV_EXIT_USAGE || status == GV_EXIT_INTERRUPTED) {
        free(tasks);
    } else {
        *result = tasks;
    }
    return status;
}

enum gv_exit gv_benchmark_run(const struct gv_command *command,
                              const struct gv_benchmark_setting *settings, size_t count, FILE *out,
                              struct gv_runner_task **result) {
    GV_ASSERT(count > 0 && command->runs > 0);
    *result = NULL;
    char **programs = gv_memory_new(count * sizeof *programs);
    enum gv_exit status = GV_EXIT_USAGE;
    if (find_programs(command, settings, count, programs))
        status = run_all(command, settings, count, programs, out, result);
    for (size_t i = 0; i < count; i++) free(programs[i]);
    free(programs);
    return status;
}

// ---- Metrics ----

struct gv_benchmark_metrics gv_benchmark_metrics(const struct gv_runner_task *run) {
    const struct gv_result *result = &run->result;
    const struct gv_history_quantiles *times = gv_result_times(result);
    return (struct gv_benchmark_metrics){
        .msgs_per_op = result->ops > 0 ? (double)result->servers_msgs / (double)result->ops : 0,
        .median_ms = times->p50,
        .max_ms = times->p100,
        .client_p99_ms = result->client_latency.p99,
    };
}

void gv_benchmark_json(const struct gv_benchmark_metrics *metrics, FILE *json) {
    fprintf(json, "\"msgs_per_op\":%.4f,\"median_ms\":%.0f,\"max_ms\":%.0f,\"client_p99_ms\":%.3f",
            metrics->msgs_per_op, metrics->median_ms, metrics->max_ms, metrics->client_p99_ms);
}

const char *gv_benchmark_verdict(enum gv_exit status) {
    return status == GV_EXIT_VALID ? "true" : status == GV_EXIT_INVALID ? "false" : "null";
}

struct gv_benchmark_metrics gv_benchmark_median(const struct gv_runner_task *runs, uint32_t seeds) {
    GV_ASSERT(seeds > 0 && seeds <= GV_COMMAND_RUNS_MAX);
    double each[4][GV_COMMAND_RUNS_MAX];
    for (uint32_t i = 0; i < seeds; i++) {
        struct gv_benchmark_metrics metrics = gv_benchmark_metrics(&runs[i]);
        each[0][i] = metrics.msgs_per_op;
        each[1][i] = metrics.median_ms;
        each[2][i] = metrics.max_ms;
        each[3][i] = metrics.client_p99_ms;
    }
    return (struct gv_benchmark_metrics){
        .msgs_per_op = gv_history_quantiles(each[0], seeds).p50,
        .median_ms = gv_history_quantiles(each[1], seeds).p50,
        .max_ms = gv_history_quantiles(each[2], seeds).p50,
        .client_p99_ms = gv_history_quantiles(each[3], seeds).p50,
    };
}

double gv_benchmark_frontier(uint32_t nodes, double rate, double seconds, double period_ms) {
    GV_ASSERT(nodes > 0 && rate > 0 && seconds > 0 && period_ms > 0);
    double period = period_ms / 1000;
    double has_updates = 1 - exp(-rate / 2 * period / nodes);
    double rounds = seconds / period + 1;
    return (nodes - 1) * (1 + has_updates) * rounds / (rate * seconds);
}
