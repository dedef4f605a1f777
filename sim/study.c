// SPDX-License-Identifier: MIT
#include "study.h"

#include "foreign.h"
#include "glomers.h"
#include "memory.h"
#include "output.h"
#include "path.h"
#include "sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_DEFAULT = 4 };

static const char help[] =
    "usage: gvsim glomers 3a|3b|3c|3d|3e|4 [OPTIONS]\n"
    "       gvsim sweep [OPTIONS]\n"
    "glomers runs a challenge of Gossip Glomers with its own parameters and checks its limits.\n"
    "sweep runs that of 3d and 3e over staleness from 0 to 2000 ms, and prints a table.\n"
    "\n"
    "      --seeds N    runs of each setting; figures are medians over them (default 1)\n"
    "      --seed N     of the first run; the next ones count on (default 1)\n"
    "      --jobs N     runs at a time (default 4)\n"
    "      --json FILE  write the result as JSON, too (-: on standard output)\n"
    "      --svg FILE   sweep: draw messages an operation against the longest latency\n"
    "      --redraw FILE\n"
    "                   sweep: measure nothing; draw the figures of this plot of --svg anew, to\n"
    "                   the FILE of --svg, else to standard output\n"
    "  -h, --help       print this and exit\n";

// ---- The command line ----

static int wrong(const char *what, const char *which) {
    gv_foreign_print(stderr, "gvsim: %s '%s'; see gvsim glomers --help\n", what, which);
    return GV_EINVAL;
}

static int to_count(const char *name, const char *value, uint64_t max, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    if (digits && *out >= 1 && *out <= max) return 0;
    gv_foreign_print(stderr, "gvsim: %s wants a whole number from 1 to %" PRIu64 ", not '%s'\n",
                     name, max, value);
    return GV_EINVAL;
}

enum option { SEEDS, SEED, JOBS, JSON, SVG, REDRAW, OPTIONS };
static const char *const names[OPTIONS] = {"--seeds", "--seed", "--jobs",
                                           "--json",  "--svg",  "--redraw"};

// The option that an argument names, with or without a value behind '='; OPTIONS: none.
static enum option option_of(const char *arg, bool sweep) {
    size_t len = strcspn(arg, "=");
    int option = 0;
    while (option < OPTIONS &&
           (strlen(names[option]) != len || strncmp(arg, names[option], len) != 0)) {
        option++;
    }
    return option >= SVG && !sweep ? OPTIONS : (enum option)option;
}

static int set(struct gv_study *study, enum option option, const char *value) {
    uint64_t count = 0;
    int error = 0;
    switch (option) {
    case SEEDS:
        error = to_count(names[option], value, GV_STUDY_SEEDS_MAX, &count);
        study->seeds = (uint32_t)count;
        break;
    case SEED:
        error = to_count(names[option], value, UINT64_MAX / 2, &study->seed);
        break;
    case JOBS:
        error = to_count(names[option], value, GV_STUDY_JOBS_MAX, &count);
        study->jobs = (uint32_t)count;
        break;
    case JSON:
        study->json = value;
        break;
    case SVG:
        study->svg = value;
        break;
    case REDRAW:
        study->redraw = value;
        break;
    case OPTIONS:
        break;
    }
    return error;
}

// 1: help is wanted.
static int parse(struct gv_study *study, int argc, char *const *argv) {
    bool sweep = strcmp(argv[1], "sweep") == 0;
    for (int i = 2; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) return 1;
        if (arg[0] != '-' && !sweep && study->challenge == NULL) {
            study->challenge = arg;
            continue;
        }
        if (arg[0] != '-') return wrong("what to do with", arg);
        enum option option = option_of(arg, sweep);
        if (option == OPTIONS) return wrong("unknown option", arg);
        const char *joined = strchr(arg, '=');
        const char *value = joined != NULL ? joined + 1 : argv[++i];
        if (value == NULL) return wrong("a value is missing after", arg);
        int error = set(study, option, value);
        if (error < 0) return error;
    }
    if (!sweep && study->challenge == NULL) return wrong("which challenge, after", argv[1]);
    return 0;
}

int gv_study_main(int argc, char *const *argv, uint64_t seed) {
    GV_ASSERT(argc >= 2);
    struct gv_study study = {.seed = seed, .seeds = 1, .jobs = JOBS_DEFAULT, .self = argv[0]};
    int error = parse(&study, argc, argv);
    if (error < 0) return GV_EXEC_USAGE;
    if (error > 0) {
        fputs(help, stdout);
        return 0;
    }
    struct gv_output json, svg = {0};
    int status = GV_EXEC_USAGE;
    if (gv_output_open(&json, study.json) && gv_output_open(&svg, study.svg)) {
        FILE *out = json.file == stdout ? stderr : stdout;
        status = study.redraw != NULL
                     ? gv_sweep_redraw(study.redraw, svg.file != NULL ? svg.file : stdout)
                 : study.challenge != NULL ? gv_glomers_run(&study, out, json.file)
                                           : gv_sweep_run(&study, out, json.file, svg.file);
    }
    bool judged = status == GV_EXEC_VALID || status == GV_EXEC_INVALID;
    if (!gv_output_close(&json, judged)) status = GV_EXEC_USAGE;
    if (!gv_output_close(&svg, judged)) status = GV_EXEC_USAGE;
    return status;
}

// ---- Runs ----

struct gv_trial_config gv_study_trial(void) {
    return (struct gv_trial_config){
        .nodes = 25,
        .rate = 100,
        .time_limit = 20000 * GV_MS,
        .quiet = 10000 * GV_MS,
        .latency_ms = 100,
        .topology = GV_TOPOLOGY_GRID,
        .nemesis_interval = 10000 * GV_MS,
    };
}

// The program beside this one, or else in $PATH. NULL: there is none.
static char *find(const char *self, const char *name) {
    const char *slash = strrchr(self, '/');
    size_t dir = slash != NULL ? (size_t)(slash - self) + 1 : 0;
    char *beside = gv_memory_new(dir + strlen(name) + 1);
    memcpy(beside, self, dir);
    strcpy(beside + dir, name);
    char *program = gv_path_program(beside);
    if (program == NULL && dir > 0) program = gv_path_program(name);
    free(beside);
    if (program == NULL) gv_foreign_print(stderr, "gvsim: there is no program '%s' to run\n", name);
    return program;
}

enum { ARGS = 4 };

// The arguments of a node's program, in one piece of memory; NULL: there is no such program.
static char **arguments(const struct gv_study *study, const struct gv_study_setting *setting) {
    char *program = find(study->self, setting->program);
    if (program == NULL) return NULL;
    size_t room = ARGS * sizeof(char *) + strlen(program) + 1 + 32;
    char **args = gv_memory_new(room);
    char *text = (char *)(args + ARGS);
    args[0] = text;
    strcpy(text, program);
    text += strlen(program) + 1;
    free(program);
    if (setting->staleness_ms == UINT32_MAX) return args;
    args[1] = text;
    snprintf(text, 32, "--staleness=%" PRIu32, setting->staleness_ms);
    return args;
}

static void describe(struct gv_batch_run *run, const struct gv_study_setting *setting) {
    int len = 0;
    if (setting->staleness_ms != UINT32_MAX) {
        len = snprintf(run->label, sizeof run->label, "staleness %" PRIu32 ", ",
                       setting->staleness_ms);
    }
    snprintf(run->label + len, sizeof run->label - (size_t)len, "seed %" PRIu64,
             run->command.trial.seed);
}

struct gv_batch_run *gv_study_run(const struct gv_study *study,
                                  const struct gv_study_setting *settings, size_t count, FILE *out,
                                  bool *all_valid) {
    GV_ASSERT(count > 0 && study->seeds > 0);
    size_t total = count * study->seeds;
    struct gv_batch_run *runs = gv_memory_new(total * sizeof *runs);
    char ***args = gv_memory_new(count * sizeof *args);
    bool ready = true;
    for (size_t i = 0; i < total && ready; i++) {
        const struct gv_study_setting *setting = &settings[i / study->seeds];
        if (i % study->seeds == 0) args[i / study->seeds] = arguments(study, setting);
        ready = args[i / study->seeds] != NULL;
        runs[i].command =
            (struct gv_command){.trial = setting->trial, .argv = args[i / study->seeds]};
        runs[i].command.trial.seed = study->seed + i % study->seeds;
        describe(&runs[i], setting);
    }
    bool done = ready && gv_batch_run(runs, total, study->jobs, out);
    *all_valid = done;
    for (size_t i = 0; i < total; i++) *all_valid &= runs[i].status == GV_EXEC_VALID;
    for (size_t i = 0; i < count; i++) free(args[i]);
    free(args);
    if (done) return runs;
    free(runs);
    return NULL;
}

// ---- Figures ----

struct gv_study_figures gv_study_figures(const struct gv_batch_run *run) {
    const struct gv_result *result = &run->result;
    return (struct gv_study_figures){
        .msgs_per_op = result->ops > 0 ? (double)result->servers_msgs / (double)result->ops : 0,
        .median_ms = result->stable_latency.p50,
        .max_ms = result->stable_latency.p100,
        .client_p99_ms = result->client_latency.p99,
    };
}

struct gv_study_figures gv_study_median(const struct gv_batch_run *runs, uint32_t seeds) {
    GV_ASSERT(seeds > 0 && seeds <= GV_STUDY_SEEDS_MAX);
    double each[4][GV_STUDY_SEEDS_MAX];
    for (uint32_t i = 0; i < seeds; i++) {
        struct gv_study_figures figures = gv_study_figures(&runs[i]);
        each[0][i] = figures.msgs_per_op;
        each[1][i] = figures.median_ms;
        each[2][i] = figures.max_ms;
        each[3][i] = figures.client_p99_ms;
    }
    return (struct gv_study_figures){
        .msgs_per_op = gv_batch_median(each[0], seeds),
        .median_ms = gv_batch_median(each[1], seeds),
        .max_ms = gv_batch_median(each[2], seeds),
        .client_p99_ms = gv_batch_median(each[3], seeds),
    };
}

double gv_study_frontier(uint32_t nodes, double rate, double seconds, double period_ms) {
    GV_ASSERT(nodes > 0 && rate > 0 && seconds > 0 && period_ms > 0);
    double period = period_ms / 1000;
    double has_news = 1 - exp(-rate / 2 * period / nodes);
    double waves = seconds / period + 1;
    return (nodes - 1) * (1 + has_news) * waves / (rate * seconds);
}
