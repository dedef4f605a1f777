// SPDX-License-Identifier: MIT
#include "command.h"

#include "../../engine/engine.h"
#include "../../node/security/auth.h"
#include "../check/errors.h"
#include "../run/logs.h"
#include "pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const gv_command_help[] = {
    "usage: gvsim exec -w WORKLOAD [OPTIONS] -- PROGRAM [ARGS...]\n"
    "       gvsim run -w WORKLOAD [OPTIONS]\n"
    "       gvsim scenarios [NAME]\n"
    "       gvsim swarm --seeds A..B [--jobs N] [--fail-fast]\n"
    "       gvsim shrink SEED|SCENARIO [--output FILE] [--tries N]\n"
    "       gvsim compare A.json B.json [--max-ratio R] [LIMITS]\n"
    "       gvsim glomers 3a|3b|3c|3d|3e|4 [OPTIONS]\n"
    "       gvsim sweep [OPTIONS]\n"
    "Runs PROGRAM as the nodes of a cluster, speaks Maelstrom's protocol with them, cuts them off\n"
    "from each other, and checks what they answer. `run` does so with grapevine's own nodes, in\n"
    "virtual time: one seed, one run.\n"
    "\n"
    "  -w, --workload NAME       broadcast, g-set, g-counter, pn-counter, echo or unique-ids\n"
    "      --nodes N             nodes to start, also --node-count (default 5)\n"
    "      --rate R              operations a second, over all clients (default 5)\n"
    "      --time-limit S        seconds of operations (default 10)\n"
    "      --quiet S             seconds between the last operation and the final reads\n"
    "                            (default 10)\n"
    "      --latency MS          mean delay of a message between nodes (default 0)\n"
    "      --latency-dist KIND   constant, uniform or exponential (default constant)\n"
    "      --delivery KIND       maelstrom (one inbound queue a node, as there; default) or exact\n"
    "      --topology KIND       line, grid, tree2, tree3, tree4 or total (default grid)\n"
    "      --nemesis partition   cut the network now and then\n"
    "      --nemesis-interval S  mean seconds between a cut and its end, and the next\n"
    "                            (default 10)\n"
    "      --availability A      share of operations that must end well, from 0 to 1; or total\n"
    "      --seed N              of all random choices (default: from the clock)\n"
    "      --json FILE           write the result as JSON, too (-: on standard output)\n"
    "      --trace FILE          write every event as a line of JSON\n"
    "      --report FILE         write a page of HTML that shows what happened\n"
    "      --report-max N        messages that it keeps (default 100000)\n"
    "\n"
    "Limits, beyond which a run is as bad as one that is not valid:\n"
    "      --max-msgs-per-op N   messages between nodes, an operation\n"
    "      --max-bytes-per-op N  bytes of these\n"
    "      --max-median-ms MS    stable latency, median …\n"
    "      --max-p99-ms MS       … 99 % …\n"
    "      --max-longest-ms MS   … and the longest\n"
    "      --max-client-p99-ms MS\n"
    "                            99 % of client latencies\n"
    "      --keys KIND           what is added to sets: integers (default), or mixed: JSON values\n"
    "                            of every kind\n"
    "\n",
    "exec only:\n"
    "      --log-dir DIR         keep what nodes print on standard error in DIR/nN.log\n"
    "      --log-max BYTES       of such a file (default 16777216); what is left out is told "
    "there\n"
    "      --queue-max BYTES     of one node's messages that others have not taken yet (default\n"
    "                            16777216); it is read no further then, and the run is not valid\n"
    "      --line-max BYTES      of a line that a node prints (default 16777216)\n"
    "      --late-max MS         how late gvsim may be, one time in a hundred, for the run to "
    "count\n"
    "                            (default 20; 0: as late as it likes)\n"
    "run only:\n"
    "      --staleness MS        the nodes' (default 500)\n"
    "      --message-max BYTES   the nodes' longest gossip message (default 65536)\n"
    "      --settle S            seconds after the last operation and fault until all replicas\n"
    "                            must be equal (default: --quiet)\n"
    "      --scenario WHAT       what befalls the cluster: a file, or a name that `gvsim "
    "scenarios`\n"
    "                            lists, or swarm:SEED; it may set options, too\n"
    "      --wan FILE            regions of nodes and the round trips between them\n"
    "      --durability KIND     what the nodes' disks promise: off (no disk; default unless a\n"
    "                            scenario needs one), sync, async or none\n"
    "      --seals WHICH         on: the nodes have a secret, and seal what they say; or off\n"
    "                            (default)\n"
    "      --disk-latency MS     what a synced write takes (default 5)\n"
    "      --check-determinism   run twice and compare\n"
    "\n"
    "  -h, --help                print this and exit\n"
    "  -V, --version             print the version and exit\n"
    "\n",
    "swarm runs a scenario for each seed; --fail-fast stops at the first that fails. shrink cuts\n"
    "one that fails down to what it takes, and writes it to FILE (default shrunk.scenario),\n"
    "by N runs at the most (default 2000).\n"
    "compare shows the figures of two results that --json wrote; it fails if the second exceeds\n"
    "its limits, or any figure is more than R times that of the first.\n"
    "\n"
    "glomers runs a challenge of Gossip Glomers with its own parameters and checks its limits.\n"
    "sweep runs that of 3d and 3e over staleness from 0 to 2000 ms, and prints a table. Both:\n"
    "      --seeds N             runs of each setting; figures are medians over them (default 1)\n"
    "      --seed N              of the first run; the next ones count on (default 1)\n"
    "      --jobs N              runs at a time (default 4)\n"
    "      --json FILE           write the result as JSON, too (-: on standard output)\n"
    "sweep only:\n"
    "      --svg FILE            draw messages an operation against the longest latency\n"
    "      --redraw FILE         measure nothing; draw the figures of this plot of --svg anew, to\n"
    "                            the FILE of --svg, else to standard output\n"
    "\n"
    "Exit status: 0 valid, 1 invalid, 2 wrong usage, 3 a node died, 4 a swarm failed in liveness\n"
    "only, 5 the machine was too slow to judge the nodes, 130 interrupted.\n",
    NULL,
};

#define wrong(why, ...) gv_errors_say(why, GV_COMMAND_WHY_MAX, GV_EINVAL, __VA_ARGS__)

static int to_count(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *out,
                    char *why) {
    char *end;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    if (!digits || number < min || number > max) {
        return wrong(why, "%s wants a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", name,
                     min, max, value);
    }
    *out = number;
    return 0;
}

static int to_number(const char *name, const char *value, double max, bool zero, double *out,
                     char *why) {
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    bool digits = ((value[0] >= '0' && value[0] <= '9') || value[0] == '.') && *end == '\0';
    if (!digits || errno != 0 || !(number <= max) || (number <= 0 && !zero)) {
        return wrong(why, "%s wants a number %s and at most %.0f, not '%s'", name,
                     zero ? "from 0" : "above 0", max, value);
    }
    *out = number;
    return 0;
}

// "total", or a share from 0 to 1.
static int to_availability(const char *name, const char *value, double *out, char *why) {
    *out = 1;
    if (strcmp(value, "total") == 0 || to_number(name, value, 1, true, out, why) == 0) return 0;
    return wrong(why, "%s wants total, or a number from 0 to 1, not '%s'", name, value);
}

static int to_seconds(const char *name, const char *value, bool zero, gv_time *out, char *why) {
    double seconds = 0;
    int error = to_number(name, value, 1e6, zero, &seconds, why);
    if (error < 0) return error;
    *out = (gv_time)(seconds * 1e9);
    if (*out > 0 || zero) return 0;
    return wrong(why, "%s wants at least a nanosecond", name);
}

// The place of a value in a list of names.
static int to_choice(const char *name, const char *value, const char *const *choices, size_t count,
                     size_t *out, char *why) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, choices[i]) != 0) continue;
        *out = i;
        return 0;
    }
    char list[GV_COMMAND_WHY_MAX / 2] = "";
    for (size_t i = 0; i < count; i++) {
        const char *comma = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        size_t len = strlen(list);
        snprintf(list + len, sizeof list - len, "%s%s", comma, choices[i]);
    }
    return wrong(why, "%s wants %s, not '%s'", name, list, value);
}

enum option {
    WORKLOAD,
    NODE_COUNT,
    RATE,
    TIME_LIMIT,
    QUIET,
    LATENCY,
    LATENCY_DIST,
    DELIVERY,
    TOPOLOGY,
    NEMESIS,
    NEMESIS_INTERVAL,
    SEED,
    JSON,
    LOG_DIR,
    NODES, // as NODE_COUNT
    STALENESS,
    SETTLE,
    CHECK_DETERMINISM,
    SCENARIO,
    MESSAGE_MAX,
    WAN,
    DURABILITY,
    DISK_LATENCY,
    SEALS,
    KEYS,
    SEEDS,
    JOBS,
    FAIL_FAST,
    OUTPUT,
    TRACE,
    REPORT,
    REPORT_MAX,
    TRIES,
    AVAILABILITY,
    LOG_MAX,
    QUEUE_MAX,
    LINE_MAX,
    LATE_MAX,
    RUNS, // of glomers and sweep
    SVG,
    REDRAW,
    MAX_METRIC, // the first of them, in the order of enum gv_limits_metric
    MAX_RATIO = MAX_METRIC + GV_LIMITS_METRICS,
    OPTIONS,
};

enum {
    EXEC = 1,
    RUN = 2,
    SET = 4,
    SWARM = 8,
    SHRINK = 16,
    COMPARE = 32,
    SCENARIOS = 64,
    GLOMERS = 128,
    SWEEP = 256,
}; // commands, and what scenarios set

static const struct {
    const char *name;
    int commands; // that take it
    bool flag;    // takes no value
} options[OPTIONS] = {
    [WORKLOAD] = {"--workload", EXEC | RUN | SET, false},
    [NODE_COUNT] = {"--node-count", EXEC | RUN | SET, false},
    [RATE] = {"--rate", EXEC | RUN | SET, false},
    [TIME_LIMIT] = {"--time-limit", EXEC | RUN | SET, false},
    [QUIET] = {"--quiet", EXEC | RUN | SET, false},
    [LATENCY] = {"--latency", EXEC | RUN | SET, false},
    [LATENCY_DIST] = {"--latency-dist", EXEC | RUN | SET, false},
    [DELIVERY] = {"--delivery", EXEC | RUN | SET, false},
    [TOPOLOGY] = {"--topology", EXEC | RUN | SET, false},
    [NEMESIS] = {"--nemesis", EXEC | RUN, false},
    [NEMESIS_INTERVAL] = {"--nemesis-interval", EXEC | RUN, false},
    [SEED] = {"--seed", EXEC | RUN | SET | GLOMERS | SWEEP, false},
    [JSON] = {"--json", EXEC | RUN | GLOMERS | SWEEP, false},
    [LOG_DIR] = {"--log-dir", EXEC, false},
    [LOG_MAX] = {"--log-max", EXEC, false},
    [QUEUE_MAX] = {"--queue-max", EXEC, false},
    [LINE_MAX] = {"--line-max", EXEC, false},
    [LATE_MAX] = {"--late-max", EXEC, false},
    [NODES] = {"--nodes", EXEC | RUN | SET, false},
    [STALENESS] = {"--staleness", RUN | SET, false},
    [SETTLE] = {"--settle", RUN | SET, false},
    [CHECK_DETERMINISM] = {"--check-determinism", RUN, true},
    [SCENARIO] = {"--scenario", RUN, false},
    [MESSAGE_MAX] = {"--message-max", RUN | SET, false},
    [WAN] = {"--wan", RUN, false},
    [DURABILITY] = {"--durability", RUN | SET, false},
    [DISK_LATENCY] = {"--disk-latency", RUN | SET, false},
    [SEALS] = {"--seals", RUN | SET, false},
    [KEYS] = {"--keys", EXEC | RUN | SET, false},
    [SEEDS] = {"--seeds", SWARM, false},
    [RUNS] = {"--seeds", GLOMERS | SWEEP, false},
    [JOBS] = {"--jobs", SWARM | GLOMERS | SWEEP, false},
    [SVG] = {"--svg", SWEEP, false},
    [REDRAW] = {"--redraw", SWEEP, false},
    [FAIL_FAST] = {"--fail-fast", SWARM, true},
    [OUTPUT] = {"--output", SHRINK, false},
    [TRACE] = {"--trace", EXEC | RUN, false},
    [TRIES] = {"--tries", SHRINK, false},
    [REPORT] = {"--report", EXEC | RUN, false},
    [AVAILABILITY] = {"--availability", EXEC | RUN | SET, false},
    [REPORT_MAX] = {"--report-max", EXEC | RUN, false},
    [MAX_METRIC + GV_LIMITS_MSGS] = {"--max-msgs-per-op", EXEC | RUN | COMPARE, false},
    [MAX_METRIC + GV_LIMITS_BYTES] = {"--max-bytes-per-op", EXEC | RUN | COMPARE, false},
    [MAX_METRIC + GV_LIMITS_MEDIAN] = {"--max-median-ms", EXEC | RUN | COMPARE, false},
    [MAX_METRIC + GV_LIMITS_P99] = {"--max-p99-ms", EXEC | RUN | COMPARE, false},
    [MAX_METRIC + GV_LIMITS_LONGEST] = {"--max-longest-ms", EXEC | RUN | COMPARE, false},
    [MAX_METRIC + GV_LIMITS_CLIENT] = {"--max-client-p99-ms", EXEC | RUN | COMPARE, false},
    [MAX_RATIO] = {"--max-ratio", COMPARE, false},
};

// "3..17", or "3".
static int to_seeds(struct gv_command *command, const char *value, char *why) {
    char first[24];
    size_t len = strcspn(value, ".");
    bool range = strncmp(value + len, "..", 2) == 0;
    if (len >= sizeof first || (value[len] != '\0' && !range)) {
        return wrong(why, "--seeds wants numbers such as 1..1000, not '%s'", value);
    }
    memcpy(first, value, len);
    first[len] = '\0';
    int error = to_count("--seeds", first, 0, INT64_MAX, &command->first_seed, why);
    command->last_seed = command->first_seed;
    if (error != 0 || !range) return error;
    return to_count("--seeds", value + len + 2, command->first_seed, INT64_MAX, &command->last_seed,
                    why);
}

enum { BENCHMARK_JOBS = 4 }; // runs at a time, where they mostly wait

#define CHOICES(...) \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)

static int set_choice(struct gv_command *command, enum option option, const char *value,
                      char *why) {
    struct gv_run_config *run = &command->run;
    const char *name = options[option].name;
    size_t choice = 0;
    int error = 0;
    switch ((int)option) {
    case WORKLOAD:
        error = to_choice(
            name, value,
            CHOICES("broadcast", "g-set", "g-counter", "pn-counter", "echo", "unique-ids"), &choice,
            why);
        if (error == 0) error = gv_load_parse(value, &run->load);
        break;
    case LATENCY_DIST:
        error = to_choice(name, value, CHOICES("constant", "uniform", "exponential"), &choice, why);
        run->latency = (enum gv_net_latency)choice;
        break;
    case DELIVERY:
        error = to_choice(name, value, CHOICES("maelstrom", "exact"), &choice, why);
        run->delivery = (enum gv_net_delivery)choice;
        break;
    case TOPOLOGY:
        error = to_choice(name, value, CHOICES("line", "grid", "tree2", "tree3", "tree4", "total"),
                          &choice, why);
        if (error == 0) error = gv_topology_parse(value, &run->topology);
        break;
    case NEMESIS:
        error = to_choice(name, value, CHOICES("partition"), &choice, why);
        run->nemesis = true;
        break;
    case SEALS:
        error = to_choice(name, value, CHOICES("off", "on"), &choice, why);
        command->authenticated = choice == 1;
        break;
    case KEYS:
        error = to_choice(name, value, CHOICES("integers", "mixed"), &choice, why);
        run->keys = (enum gv_keys_kind)choice;
        break;
    case DURABILITY:
        error = to_choice(name, value, CHOICES("off", "sync", "async", "none"), &choice, why);
        command->disk = (enum gv_disk_kind)choice;
        command->has_disk = true;
        break;
    }
    return error;
}

// Sets an option whose value can be anything. False: it is another one.
static bool set_plain(struct gv_command *command, enum option option, const char *value) {
    switch ((int)option) {
    case JSON:
        command->options.json = value;
        return true;
    case LOG_DIR:
        command->options.log_dir = value;
        return true;
    case WAN:
        command->wan = value;
        return true;
    case TRACE:
        command->options.files.trace = value;
        return true;
    case REPORT:
        command->options.files.report = value;
        return true;
    case SCENARIO:
        command->scenario = value;
        return true;
    case OUTPUT:
        command->output = value;
        return true;
    case SVG:
        command->svg = value;
        return true;
    case REDRAW:
        command->redraw = value;
        return true;
    case CHECK_DETERMINISM:
        command->check_determinism = true;
        return true;
    case FAIL_FAST:
        command->fail_fast = true;
        return true;
    }
    return false;
}

// Sets an option of what processes may do to gvsim, or the machine. False: it is another one.
static bool set_bound(struct gv_command *command, enum option option, const char *value, char *why,
                      int *error) {
    const char *name = options[option].name;
    uint64_t count = 0;
    size_t *bytes = option == LOG_MAX     ? &command->options.log_max
                    : option == QUEUE_MAX ? &command->options.queue_max
                    : option == LINE_MAX  ? &command->options.line_max
                                          : NULL;
    if (bytes != NULL) {
        *error = to_count(name, value, GV_LOGS_MIN, 1 << 30, &count, why);
        *bytes = (size_t)count;
    } else if (option == LATE_MAX) {
        *error = to_count(name, value, 0, 60 * 1000, &count, why);
        command->options.late_max = count > 0 ? count * GV_MS : GV_TIME_NEVER;
    } else {
        return false;
    }
    return true;
}

// Sets how much a command is to do. False: it is another option.
static bool set_extent(struct gv_command *command, enum option option, const char *value, char *why,
                       int *error) {
    const char *name = options[option].name;
    uint64_t count = 0;
    if (option == SEEDS) {
        *error = to_seeds(command, value, why);
    } else if (option == RUNS) {
        *error = to_count(name, value, 1, GV_COMMAND_RUNS_MAX, &count, why);
        command->runs = (uint32_t)count;
    } else if (option == JOBS) {
        *error = to_count(name, value, 1, GV_POOL_JOBS_MAX, &count, why);
        command->jobs = (uint32_t)count;
    } else if (option == REPORT_MAX) {
        *error = to_count(name, value, 1, UINT32_MAX, &command->options.files.report_max, why);
    } else if (option == TRIES) {
        *error = to_count(name, value, 1, UINT32_MAX, &command->tries, why);
    } else {
        return false;
    }
    return true;
}

static int set(struct gv_command *command, enum option option, const char *value, char *why) {
    struct gv_run_config *run = &command->run;
    const char *name = options[option].name;
    uint64_t count = 0;
    int error = 0;
    if (set_plain(command, option, value)) return 0;
    if (set_bound(command, option, value, why, &error)) return error;
    if (set_extent(command, option, value, why, &error)) return error;
    if (option >= MAX_METRIC) {
        double *most = option == MAX_RATIO ? &command->options.limits.ratio
                                           : &command->options.limits.most[option - MAX_METRIC];
        return to_number(name, value, 1e12, false, most, why);
    }
    switch (option) {
    case NODE_COUNT:
    case NODES:
        error = to_count(name, value, 1, 10000, &count, why);
        run->nodes = (uint32_t)count;
        break;
    case RATE:
        error = to_number(name, value, 1e6, true, &run->rate, why);
        break;
    case TIME_LIMIT:
        error = to_seconds(name, value, true, &run->time_limit, why);
        break;
    case QUIET:
        error = to_seconds(name, value, true, &run->quiet, why);
        break;
    case LATENCY:
        error = to_count(name, value, 0, 1000000, &count, why);
        run->latency_ms = (uint32_t)count;
        break;
    case NEMESIS_INTERVAL:
        error = to_seconds(name, value, false, &run->nemesis_interval, why);
        break;
    case SEED:
        error = to_count(name, value, 0, UINT64_MAX, &run->seed, why);
        break;
    case STALENESS:
        error = to_count(name, value, 0, 3600 * 1000, &count, why);
        command->staleness_ms = (uint32_t)count;
        break;
    case SETTLE:
        error = to_seconds(name, value, true, &command->settle, why);
        break;
    case MESSAGE_MAX:
        error = to_count(name, value, GV_ENGINE_MESSAGE_MIN, 1 << 30, &count, why);
        command->message_max = (size_t)count;
        break;
    case AVAILABILITY:
        error = to_availability(name, value, &run->availability, why);
        break;
    case DISK_LATENCY:
        error = to_count(name, value, 0, 60 * 1000, &count, why);
        command->disk_latency = count * GV_MS;
        break;
    default:
        error = set_choice(command, option, value, why);
        break;
    }
    return error;
}

// Reads the option at argv[*at], its value in the same argument behind '=' or in the next one, and
// moves *at behind it.
static int take(struct gv_command *command, int kind, int argc, char *const *argv, int *at,
                char *why) {
    const char *arg = argv[*at];
    for (int option = 0; option < OPTIONS; option++) {
        const char *name = options[option].name, *value = "";
        if ((options[option].commands & kind) == 0) continue;
        size_t len = strlen(name);
        bool joined = strncmp(arg, name, len) == 0 && arg[len] == '=';
        bool whole = strcmp(arg, name) == 0 || (option == WORKLOAD && strcmp(arg, "-w") == 0);
        if (!joined && !whole) continue;
        if (options[option].flag) {
            if (joined) return wrong(why, "%s takes no value", name);
        } else {
            value = joined ? arg + len + 1 : *at + 1 < argc ? argv[++*at] : NULL;
            if (value == NULL) return wrong(why, "%s wants a value", arg);
        }
        ++*at;
        command->given.option[option] = value;
        return set(command, (enum option)option, value, why);
    }
    size_t len = strcspn(arg, "=");
    for (int option = 0; option < OPTIONS; option++) {
        const char *name = options[option].name;
        if (strlen(name) != len || strncmp(arg, name, len) != 0) continue;
        return wrong(why, "%s is an option of other commands", name);
    }
    return wrong(why, "unknown option %s", arg);
}

int gv_command_default(struct gv_command *command, const char *name, const char *value,
                       char why[GV_COMMAND_WHY_MAX]) {
    for (int option = 0; option < OPTIONS; option++) {
        if ((options[option].commands & SET) == 0) continue;
        if (strcmp(options[option].name + 2, name) != 0) continue;
        const char *const *given = command->given.option;
        bool nodes = option == NODES || option == NODE_COUNT;
        if (given[option] || (nodes && (given[NODES] || given[NODE_COUNT]))) return 0;
        if (option == WORKLOAD) command->has_workload = true;
        return set(command, (enum option)option, value, why);
    }
    return wrong(
        why, "'%s' is neither a step, such as cut or crash, nor a setting, such as nodes or rate",
        name);
}

bool gv_command_said(const struct gv_command *command, int *at, const char **name,
                     const char **value) {
    while (*at < OPTIONS) {
        int option = (*at)++;
        *value = command->given.option[option];
        if (*value == NULL || (options[option].commands & SET) == 0) continue;
        *name = options[option].name + 2;
        return true;
    }
    return false;
}

// What is written is written to files of their own, but for devices; only a result goes to
// standard output.
static int check_files(const struct gv_command *command, char *why) {
    const struct {
        const char *option, *path;
    } files[] = {{"--json", command->options.json},
                 {"--trace", command->options.files.trace},
                 {"--report", command->options.files.report}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = files[i].path;
        if (path == NULL) continue;
        if (i > 0 && strcmp(path, "-") == 0) {
            return wrong(why, "%s wants a file: only --json goes to standard output, by '-'",
                         files[i].option);
        }
        for (size_t j = 0; j < i && strncmp(path, "/dev/", 5) != 0; j++) {
            if (files[j].path == NULL || strcmp(files[j].path, path) != 0) continue;
            return wrong(why, "%s and %s name one file, '%s'", files[j].option, files[i].option,
                         path);
        }
    }
    return 0;
}

static int check_nemesis(const struct gv_command *command, char *why) {
    if (!command->run.nemesis || command->run.nodes > 1) return 0;
    return wrong(why,
                 "--nemesis partition wants 2 nodes at least: one cannot be cut off from itself");
}

int gv_command_check(const struct gv_command *command, char why[GV_COMMAND_WHY_MAX]) {
    if (!command->given.option[WORKLOAD] && !command->has_workload) {
        return wrong(why, "which workload? say -w NAME");
    }
    size_t authenticated_min = GV_ENGINE_MESSAGE_MIN + GV_AUTH_OVERHEAD;
    if (command->authenticated && command->message_max > 0 &&
        command->message_max < authenticated_min)
        return wrong(why, "with seals, --message-max wants %zu at least", authenticated_min);
    if (command->run.nemesis && command->scenario != NULL) {
        return wrong(why, "--nemesis and --scenario do not go together");
    }
    return check_nemesis(command, why);
}

static int kind_of(const char *command) {
    if (strcmp(command, "exec") == 0) return EXEC;
    if (strcmp(command, "run") == 0) return RUN;
    if (strcmp(command, "shrink") == 0) return SHRINK | SET;
    if (strcmp(command, "compare") == 0) return COMPARE;
    if (strcmp(command, "scenarios") == 0) return SCENARIOS;
    if (strcmp(command, "glomers") == 0) return GLOMERS;
    if (strcmp(command, "sweep") == 0) return SWEEP;
    return strcmp(command, "swarm") == 0 ? SWARM : 0;
}

// All is read: what is to be done, if that has been said. `program`: there is one, after --.
static int conclude(const struct gv_command *command, int kind, bool program, char *why) {
    if (kind == SCENARIOS) return GV_COMMAND_SCENARIOS;
    if (kind == SWEEP) return GV_COMMAND_SWEEP;
    if (kind == GLOMERS) {
        return command->challenge != NULL
                   ? GV_COMMAND_GLOMERS
                   : wrong(why, "which challenge? say 3a, 3b, 3c, 3d, 3e or 4");
    }
    if (kind == SWARM) {
        return command->given.option[SEEDS] ? GV_COMMAND_SWARM
                                            : wrong(why, "which seeds? say --seeds A..B");
    }
    if ((kind & SHRINK) != 0) {
        return command->scenario != NULL
                   ? GV_COMMAND_SHRINK
                   : wrong(why, "shrink what? say a seed of a swarm, or a scenario");
    }
    if (kind == COMPARE) {
        return command->files[1] != NULL ? GV_COMMAND_COMPARE
                                         : wrong(why, "compare what? say two results of --json");
    }
    if (kind == RUN) {
        // A scenario may say the rest.
        bool whole = command->scenario != NULL || gv_command_check(command, why) == 0;
        return whole ? GV_COMMAND_RUN : GV_EINVAL;
    }
    if (!command->given.option[WORKLOAD]) return wrong(why, "which workload? say -w NAME");
    if (!program) return wrong(why, "which program? say it after --");
    return check_nemesis(command, why) == 0 ? GV_COMMAND_EXEC : GV_EINVAL;
}

// Where the next argument goes that is no option; NULL: nowhere.
static const char **operand_of(struct gv_command *command, int kind) {
    const char **places[] = {&command->scenario, NULL};
    if (kind == SCENARIOS) {
        places[0] = &command->name;
    } else if (kind == GLOMERS) {
        places[0] = &command->challenge;
    } else if (kind == COMPARE) {
        places[0] = &command->files[0];
        places[1] = &command->files[1];
    } else if ((kind & SHRINK) == 0) {
        return NULL;
    }
    if (*places[0] == NULL) return places[0];
    return places[1] != NULL && *places[1] == NULL ? places[1] : NULL;
}

int gv_command_parse(struct gv_command *command, int argc, char *const *argv, uint64_t seed,
                     char why[GV_COMMAND_WHY_MAX]) {
    GV_ASSERT(command != NULL && argc >= 0);
    _Static_assert((int)OPTIONS <= (int)GV_COMMAND_OPTIONS, "room for all options");
    *command = (struct gv_command){
        .run = {.nodes = 5,
                .rate = 5,
                .time_limit = 10000 * GV_MS,
                .quiet = 10000 * GV_MS,
                .topology = GV_TOPOLOGY_GRID,
                .nemesis_interval = 10000 * GV_MS,
                .seed = seed},
        .staleness_ms = 500,
        .settle = GV_TIME_NEVER,
        .disk_latency = 5 * GV_MS,
        .jobs = 1,
        .runs = 1,
        .output = "shrunk.scenario",
        .tries = 2000,
        .options.files.report_max = GV_REPORT_MESSAGES_MAX,
    };
    if (argc < 2) return wrong(why, "what to do? say exec, run, scenarios, swarm, …");
    command->self = argv[0];
    if (strcmp(argv[1], "help") == 0) return GV_COMMAND_HELP;
    int kind = kind_of(argv[1]);
    int at = kind != 0 ? 2 : 1;
    if ((kind & (GLOMERS | SWEEP)) != 0) {
        command->run.seed = 1;
        command->jobs = BENCHMARK_JOBS;
    }
    while (at < argc) {
        const char *arg = argv[at];
        if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) return GV_COMMAND_HELP;
        if (strcmp(arg, "-V") == 0 || strcmp(arg, "--version") == 0) return GV_COMMAND_VERSION;
        if (kind == 0) {
            return wrong(why, arg[0] == '-' ? "unknown option %s" : "unknown command %s", arg);
        }
        if (strcmp(arg, "--") == 0 && kind == EXEC) {
            at++;
            break;
        }
        const char **operand = operand_of(command, kind);
        if (arg[0] != '-' && operand != NULL) {
            *operand = arg;
            at++;
            continue;
        }
        if (arg[0] != '-') {
            return wrong(why,
                         kind == EXEC ? "the program '%s' must come after --"
                                      : "'%s' is too much: it is no option",
                         arg);
        }
        int error = take(command, kind, argc, argv, &at, why);
        if (error < 0) return error;
    }
    int action = conclude(command, kind, at < argc, why);
    if (action >= 0 && check_files(command, why) < 0) return GV_EINVAL;
    if (action == GV_COMMAND_EXEC) command->options.argv = argv + at;
    return action;
}
