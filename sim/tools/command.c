// SPDX-License-Identifier: MIT
#include "command.h"

#include "../../codec/auth.h"
#include "../../engine/engine.h"
#include "../../node/escape.h"
#include "../../node/options.h"
#include "../check/consistency.h"
#include "../core/load_kafka.h"
#include "../core/load_txn.h"
#include "../run/logs.h"
#include "../run/simulation.h"
#include "pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *const gv_command_help[] = {
    "usage: gvsim exec -w WORKLOAD [OPTIONS] -- PROGRAM [ARGS...]\n"
    "       gvsim run -w WORKLOAD [OPTIONS]\n"
    "       gvsim scenarios [NAME]\n"
    "       gvsim swarm --seeds A..B [--jobs N] [--fail-fast]\n"
    "       gvsim shrink SEED|SCENARIO [--output FILE] [--tries N]\n"
    "       gvsim compare A.json B.json [--max-ratio R] [LIMITS]\n"
    "       gvsim glomers 1|2|3a|3b|3c|3d|3e|4|5a|5b|5c|6a|6b|6c|all [OPTIONS]\n"
    "                 [-- PROGRAM [ARGS...]]\n"
    "       gvsim sweep [OPTIONS]\n"
    "Check a cluster under faults, with Maelstrom's protocol and workloads. exec runs each node "
    "as\n"
    "a process of PROGRAM. run simulates grapevine's own nodes with a simulated clock; the same\n"
    "options and --seed always give the same run.\n"
    "\n"
    "exec and run:\n"
    "  -w, --workload NAME       broadcast, g-set, g-counter, pn-counter, echo, unique-ids,\n"
    "                            kafka or txn-rw-register\n"
    "      --nodes N             number of nodes, 1 to 10000; also --node-count (default 5)\n"
    "      --concurrency N       number of clients in all, or Nn: N clients for each node "
    "(default\n"
    "                            1n)\n"
    "      --rate R              operations per second, by all clients together (default 5)\n"
    "      --time-limit S        duration of the operations, seconds (default 10)\n"
    "      --quiet S             time between the last operation and the final reads, seconds\n"
    "                            (default 10)\n"
    "      --keys KIND           elements added to sets: integers (default), or mixed: JSON\n"
    "                            values of every kind\n"
    "      --latency MS          mean delay of a message between nodes (default 0)\n"
    "      --latency-dist KIND   constant, uniform or exponential (default constant)\n"
    "      --delivery KIND       maelstrom: one inbound queue per node, as in Maelstrom "
    "(default);\n"
    "                            or exact: each message is delivered after its own delay\n"
    "      --topology KIND       line, grid, tree2, tree3, tree4 or total (default grid)\n"
    "      --nemesis partition   partition the network at random\n"
    "      --nemesis-interval S  mean duration of a partition, and mean time from its end to\n"
    "                            the next one, seconds (default 10)\n"
    "      --consistency-models LIST\n"
    "                            models that transactions must satisfy, separated by commas:\n"
    "                            read-uncommitted, read-committed, read-atomic (default\n"
    "                            read-atomic)\n"
    "      --key-count N         number of registers in use at a time (default 10)\n"
    "      --max-txn-length N    maximum number of operations in a transaction (default 4)\n"
    "      --max-writes-per-key N\n"
    "                            number of writes to a register, after which a new register\n"
    "                            replaces it (default 16)\n"
    "      --availability A      share of operations that must succeed, 0 to 1, or total\n"
    "      --seed N              seed of all random choices (default: from the clock)\n"
    "      --json FILE           write the result as JSON (-: standard output)\n"
    "      --trace FILE          write each event as a line of JSON\n"
    "      --report FILE         write a page of HTML that shows the run\n"
    "      --report-max N        messages to keep in the report (default 100000)\n"
    "\n"
    "Limits. Exceeding one makes exec, run or compare fail:\n"
    "      --max-msgs-per-op N   messages between nodes per operation\n"
    "      --max-bytes-per-op N  bytes between nodes per operation\n"
    "      --max-median-ms MS    stable latency, median\n"
    "      --max-p99-ms MS       stable latency, 99th percentile\n"
    "      --max-longest-ms MS   stable latency, maximum\n"
    "      --max-client-p99-ms MS\n"
    "                            client latency, 99th percentile\n"
    "\n",
    "exec only:\n"
    "      --log-dir DIR         keep each node's standard error in DIR/nN.log\n"
    "      --log-max BYTES       longest nN.log, 4096 to 1073741824 (default 16777216);\n"
    "                            a note in the file counts the bytes left out\n"
    "      --queue-max BYTES     maximum bytes of undelivered output buffered for a node (default\n"
    "                            16777216); beyond it, gvsim stops reading the node's output for\n"
    "                            a time, and the run fails\n"
    "      --line-max BYTES      longest line of a node (default 16777216)\n"
    "      --late-max MS         gvsim's events may be this late, 99th percentile, 0 to 60000; if\n"
    "                            they are later, the run has no verdict (default 20; 0: no limit)\n"
    "run only:\n"
    "      --scenario WHAT       play faults and options from a file, from a built-in scenario\n"
    "                            (see gvsim scenarios), or from swarm:SEED\n"
    "      --wan FILE            regions of nodes, and round trips between them\n"
    "      --staleness MS        the nodes' --staleness (default 500)\n"
    "      --message-max BYTES   the nodes' --message-max (default 65536)\n"
    "      --settle S            time after the last operation and fault until all replicas must\n"
    "                            be equal, seconds (default and maximum: --quiet)\n"
    "      --durability KIND     the nodes' --durability: sync, async or none; or off: no disk\n"
    "                            (default off, or sync if the scenario needs a disk)\n"
    "      --disk-latency MS     duration of a synced write (default 5)\n"
    "      --auth WHICH          on: messages between nodes are authenticated with a shared\n"
    "                            secret; or off (default)\n"
    "      --check-determinism   run twice, and fail if the runs differ\n"
    "\n",
    "swarm runs a generated scenario for each seed from A to B:\n"
    "      --jobs N              run up to N processes at a time, 1 to 256 (default 1)\n"
    "      --fail-fast           stop at the first failure\n"
    "shrink reduces a failing scenario to the faults that reproduce the failure:\n"
    "      --output FILE         the reduced scenario (default shrunk.scenario; -: standard\n"
    "                            output)\n"
    "      --tries N             try at most N runs (default 2000)\n"
    "compare prints the metrics of two results of --json. It fails if the second result is\n"
    "invalid or exceeds a limit:\n"
    "      --max-ratio R         largest allowed ratio of B's value to A's, for every metric\n"
    "\n"
    "glomers runs one challenge of Gossip Glomers, or all, with their parameters, and checks "
    "their\n"
    "limits. It runs PROGRAM or, without one, grapevine's own nodes. sweep runs the cluster of\n"
    "challenges 3d and 3e with staleness from 0 to 2000 ms. Both print a table:\n"
    "      --seeds N             number of runs per setting, 1 to 100; the table shows the "
    "medians\n"
    "                            (default 1)\n"
    "      --seed N              seed of the first run; each further run adds 1 (default 1)\n"
    "      --jobs N              do up to N runs at a time, 1 to 256 (default 4)\n"
    "      --json FILE           write the result as JSON (-: standard output)\n"
    "sweep only:\n"
    "      --svg FILE            plot messages per operation against the maximum latency\n"
    "      --redraw FILE         do not measure; plot the metrics in FILE, which an earlier --svg\n"
    "                            wrote, to the file that --svg names, or to standard output\n"
    "\n"
    "  -h, --help                print this help and exit\n"
    "  -V, --version             print the version and exit\n"
    "\n"
    "Exit status: 0 valid, 1 invalid or beyond a limit, 2 wrong usage, 3 a node died, 4 a swarm\n"
    "failed in liveness only, 5 no verdict, since the machine was too slow, 130 interrupted.\n",
    NULL,
};

#define wrong(why, ...) gv_escape_explain(why, GV_COMMAND_WHY_MAX, GV_EINVAL, __VA_ARGS__)

// ---- Values ----

enum { WORKERS_MAX = 100000 };

enum kind {
    TEXT,
    FLAG,
    COUNT,
    MS,
    BOUND_MS,
    SECONDS,
    NUMBER,
    SHARE,
    CHOICE,
    SEEDS,
    WORKERS,
    MODELS
};

struct option {
    const char *name, *alias; // alias: a second spelling; NULL: none
    int commands;             // commands that take it
    enum kind kind;
    size_t at, size;            // its member of struct gv_command
    uint64_t min, max;          // range of a number
    const char *const *choices; // NULL at the end
    size_t has;                 // the bool that is true if the option is set; 0: none
};

static void store(struct gv_command *command, const struct option *option, const void *value) {
    memcpy((char *)command + option->at, value, option->size);
}

static void store_integer(struct gv_command *command, const struct option *option, uint64_t value) {
    uint32_t narrow = (uint32_t)value;
    bool flag = value != 0;
    GV_ASSERT(option->size == 1 || option->size == 4 || option->size == 8);
    store(command, option,
          option->size == 8   ? (const void *)&value
          : option->size == 4 ? (const void *)&narrow
                              : (const void *)&flag);
}

static int to_count(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *out,
                    char *why) {
    uint64_t number;
    if (!gv_options_number(value, &number) || errno != 0 || number < min || number > max) {
        return wrong(why, "%s must be a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'",
                     name, min, max, value);
    }
    *out = number;
    return 0;
}

static int to_number(const char *name, const char *value, uint64_t max, bool zero, double *out,
                     char *why) {
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    bool digits = ((value[0] >= '0' && value[0] <= '9') || value[0] == '.') && *end == '\0';
    if (!digits || errno != 0 || !(number <= (double)max) || (number <= 0 && !zero)) {
        return wrong(why, "%s must be a number %s and at most %" PRIu64 ", not '%s'", name,
                     zero ? "from 0" : "above 0", max, value);
    }
    *out = number;
    return 0;
}

// "3..17", or "3".
static int to_seeds(struct gv_command *command, const char *name, const char *value, char *why) {
    char first[24];
    size_t len = strcspn(value, ".");
    bool range = strncmp(value + len, "..", 2) == 0;
    if (len >= sizeof first || (value[len] != '\0' && !range)) {
        return wrong(why, "%s must be a seed or a range such as 1..1000, not '%s'", name, value);
    }
    memcpy(first, value, len);
    first[len] = '\0';
    int error = to_count(name, first, 0, INT64_MAX, &command->first_seed, why);
    command->last_seed = command->first_seed;
    if (error != 0 || !range) return error;
    return to_count(name, value + len + 2, command->first_seed, INT64_MAX, &command->last_seed,
                    why);
}

// "10", or "2n" for two at each node.
static int to_concurrency(const char *name, const char *value, struct gv_run_concurrency *out,
                          char *why) {
    char digits[24];
    size_t len = strlen(value);
    uint64_t count = 0;
    bool per_node = len > 0 && value[len - 1] == 'n';
    if (per_node) len--;
    if (len < sizeof digits) snprintf(digits, sizeof digits, "%.*s", (int)len, value);
    if (len >= sizeof digits || !gv_options_number(digits, &count) || count < 1 ||
        count > WORKERS_MAX) {
        return wrong(
            why,
            "%s must be a number of clients from 1 to %d in all, or for each node, such as "
            "2n, not '%s'",
            name, WORKERS_MAX, value);
    }
    *out = (struct gv_run_concurrency){.count = (uint32_t)count, .per_node = per_node};
    return 0;
}

// Reads a value that is stored as an integer.
static int to_integer(const struct option *option, const char *value, uint64_t *out, char *why) {
    char list[GV_COMMAND_WHY_MAX / 2];
    double seconds = 0;
    int error, choice;
    switch (option->kind) {
    case CHOICE: // its position among the choices
        choice = gv_options_word(value, option->choices, list, sizeof list);
        if (choice < 0) return wrong(why, "%s must be %s, not '%s'", option->name, list, value);
        *out = (uint64_t)choice;
        return 0;
    case SECONDS:
        error = to_number(option->name, value, option->max, option->min == 0, &seconds, why);
        *out = (gv_time)(seconds * 1e9);
        if (error == 0 && *out < option->min)
            return wrong(why, "%s must be at least a nanosecond", option->name);
        return error;
    case MS:
    case BOUND_MS:
        error = to_count(option->name, value, option->min, option->max, out, why);
        *out *= GV_MS;
        // In struct gv_run_options 0 means the default, so "no bound" needs another value.
        if (*out == 0 && option->kind == BOUND_MS) *out = GV_TIME_NEVER;
        return error;
    default:
        return to_count(option->name, value, option->min, option->max, out, why);
    }
}

// Sets the member of an option. GV_EINVAL, with the reason in `why`: the value is wrong.
static int set(struct gv_command *command, const struct option *option, const char *value,
               char *why) {
    uint64_t integer = true;
    double number = 1;
    int error = 0;
    switch (option->kind) {
    case TEXT:
        store(command, option, &value);
        break;
    case NUMBER: // from 0, or above 0 if the minimum is not 0
        error = to_number(option->name, value, option->max, option->min == 0, &number, why);
        if (error == 0) store(command, option, &number);
        break;
    case SHARE:
        if (strcmp(value, "total") != 0 && to_number(option->name, value, 1, true, &number, why))
            return wrong(why, "%s must be total or a number from 0 to 1, not '%s'", option->name,
                         value);
        store(command, option, &number);
        break;
    case WORKERS:
        error = to_concurrency(option->name, value, &command->run.concurrency, why);
        break;
    case MODELS:
        if (gv_consistency_parse(value, &command->run.models) == 0) break;
        return wrong(why, "%s must be %s, or several separated by commas, not '%s'", option->name,
                     gv_consistency_names(), value);
    case SEEDS:
        error = to_seeds(command, option->name, value, why);
        break;
    default:
        if (option->kind != FLAG) error = to_integer(option, value, &integer, why);
        if (error == 0) store_integer(command, option, integer);
    }
    if (error == 0 && option->has > 0) *(bool *)((char *)command + option->has) = true;
    return error;
}

// ---- Options ----

enum { // the commands that take an option, as bits
    EXEC = 1 << GV_COMMAND_EXEC,
    RUN = 1 << GV_COMMAND_RUN,
    SWARM = 1 << GV_COMMAND_SWARM,
    SHRINK = 1 << GV_COMMAND_SHRINK,
    COMPARE = 1 << GV_COMMAND_COMPARE,
    GLOMERS = 1 << GV_COMMAND_GLOMERS,
    SWEEP = 1 << GV_COMMAND_SWEEP,
    SET = 1 << GV_COMMAND_HELP, // not a command: scenarios may set the option
    BOTH = EXEC | RUN,
    LIMIT = EXEC | RUN | COMPARE,
    BENCHMARK = GLOMERS | SWEEP,
};

enum { BENCHMARK_JOBS = 4, BYTES_MAX = 1 << 30, SECONDS_MAX = 1000000 };

#define AT(member) \
    .at = offsetof(struct gv_command, member), .size = sizeof((struct gv_command *)NULL)->member
#define HAS(member) .has = offsetof(struct gv_command, member)
#define RANGE(from, to) .min = (from), .max = (to)
#define LIMIT_AT(member) AT(options.limits.member), RANGE(1, 1000000000000)
#define CHOICES(...)                   \
    .choices = (const char *const[]) { \
        __VA_ARGS__, NULL              \
    }

// In the order in which gv_command_given lists them; choices are in the order of their enum.
static const struct option options[] = {
    {"--workload", "-w", BOTH | SET, CHOICE, AT(run.load), .choices = gv_load_names,
     HAS(has_workload)},
    {"--concurrency", NULL, BOTH | SET, WORKERS, AT(run.concurrency)},
    {"--consistency-models", NULL, BOTH | SET, MODELS, AT(run.models)},
    {"--key-count", NULL, BOTH | SET, COUNT, AT(run.shape.key_count),
     RANGE(1, GV_KEY_DRAW_ACTIVE_MAX)},
    {"--max-txn-length", NULL, BOTH | SET, COUNT, AT(run.shape.max_txn_length),
     RANGE(1, GV_LOAD_TXN_LENGTH_MAX)},
    {"--max-writes-per-key", NULL, BOTH | SET, COUNT, AT(run.shape.max_writes_per_key),
     RANGE(1, 1000000000)},
    {"--nodes", "--node-count", BOTH | SET, COUNT, AT(run.nodes), RANGE(1, 10000)},
    {"--rate", NULL, BOTH | SET, NUMBER, AT(run.rate), .max = 1000000},
    {"--time-limit", NULL, BOTH | SET, SECONDS, AT(run.time_limit), .max = SECONDS_MAX},
    {"--quiet", NULL, BOTH | SET, SECONDS, AT(run.quiet), .max = SECONDS_MAX},
    {"--latency", NULL, BOTH | SET, COUNT, AT(run.latency_ms), .max = 1000000},
    {"--latency-dist", NULL, BOTH | SET, CHOICE, AT(run.latency), .choices = gv_net_latency_names},
    {"--delivery", NULL, BOTH | SET, CHOICE, AT(run.delivery), CHOICES("maelstrom", "exact")},
    {"--topology", NULL, BOTH | SET, CHOICE, AT(run.topology), .choices = gv_topology_names},
    {"--nemesis", NULL, BOTH, CHOICE, AT(run.nemesis), CHOICES("partition"), HAS(run.nemesis)},
    {"--nemesis-interval", NULL, BOTH, SECONDS, AT(run.nemesis_interval), RANGE(1, SECONDS_MAX)},
    {"--seed", NULL, BOTH | SET | BENCHMARK, COUNT, AT(run.seed), .max = UINT64_MAX},
    {"--keys", NULL, BOTH | SET, CHOICE, AT(run.keys), CHOICES("integers", "mixed")},
    {"--availability", NULL, BOTH | SET, SHARE, AT(run.availability)},
    {"--json", NULL, BOTH | BENCHMARK, TEXT, AT(options.json)},
    {"--trace", NULL, BOTH, TEXT, AT(options.files.trace)},
    {"--report", NULL, BOTH, TEXT, AT(options.files.report)},
    {"--report-max", NULL, BOTH, COUNT, AT(options.files.report_max), RANGE(1, UINT32_MAX)},
    {"--max-msgs-per-op", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_MSGS])},
    {"--max-bytes-per-op", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_BYTES])},
    {"--max-median-ms", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_MEDIAN])},
    {"--max-p99-ms", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_P99])},
    {"--max-longest-ms", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_LONGEST])},
    {"--max-client-p99-ms", NULL, LIMIT, NUMBER, LIMIT_AT(most[GV_LIMITS_CLIENT])},
    {"--max-ratio", NULL, COMPARE, NUMBER, LIMIT_AT(ratio)},
    {"--log-dir", NULL, EXEC, TEXT, AT(options.log_dir)},
    {"--log-max", NULL, EXEC, COUNT, AT(options.log_max), RANGE(GV_LOGS_MIN, BYTES_MAX)},
    {"--queue-max", NULL, EXEC, COUNT, AT(options.queue_max), RANGE(GV_LOGS_MIN, BYTES_MAX)},
    {"--line-max", NULL, EXEC, COUNT, AT(options.line_max), RANGE(GV_LOGS_MIN, BYTES_MAX)},
    {"--late-max", NULL, EXEC, BOUND_MS, AT(options.late_max), .max = 60000},
    {"--scenario", NULL, RUN, TEXT, AT(scenario)},
    {"--wan", NULL, RUN, TEXT, AT(wan)},
    {"--staleness", NULL, RUN | SET, COUNT, AT(staleness_ms), .max = 3600000},
    {"--message-max", NULL, RUN | SET, COUNT, AT(message_max),
     RANGE(GV_ENGINE_MESSAGE_MIN, BYTES_MAX)},
    {"--settle", NULL, RUN | SET, SECONDS, AT(settle), .max = SECONDS_MAX},
    {"--durability", NULL, RUN | SET, CHOICE, AT(disk), CHOICES("off", "sync", "async", "none"),
     HAS(has_disk)},
    {"--disk-latency", NULL, RUN | SET, MS, AT(disk_latency), .max = 60000},
    {"--auth", "--seals", RUN | SET, CHOICE, AT(authenticated), CHOICES("off", "on")},
    {"--check-determinism", NULL, RUN, FLAG, AT(check_determinism)},
    {"--seeds", NULL, SWARM, SEEDS, HAS(has_seeds)},
    {"--seeds", NULL, BENCHMARK, COUNT, AT(runs), RANGE(1, GV_COMMAND_RUNS_MAX)},
    {"--jobs", NULL, SWARM | BENCHMARK, COUNT, AT(jobs), RANGE(1, GV_POOL_JOBS_MAX)},
    {"--fail-fast", NULL, SWARM, FLAG, AT(fail_fast)},
    {"--output", NULL, SHRINK, TEXT, AT(output)},
    {"--tries", NULL, SHRINK, COUNT, AT(tries), RANGE(1, UINT32_MAX)},
    {"--svg", NULL, SWEEP, TEXT, AT(svg)},
    {"--redraw", NULL, SWEEP, TEXT, AT(redraw)},
};

enum { OPTIONS = GV_COUNT(options) };

static bool is_name(const char *name, const char *text, size_t len) {
    return name != NULL && strlen(name) == len && strncmp(name, text, len) == 0;
}

// Reads the option at argv[*at], its value in the same argument after '=' or in the next one, and
// moves *at past it. kind: the bits of the command.
static int take(struct gv_command *command, int kind, int argc, char *const *argv, int *at,
                char *why) {
    const char *arg = argv[*at];
    size_t len = strcspn(arg, "=");
    bool joined = arg[len] == '=', known = false;
    for (int i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        const char *value = "";
        if (!is_name(option->name, arg, len) && !is_name(option->alias, arg, len)) continue;
        known = true;
        if ((option->commands & kind) == 0) continue;
        if (option->kind == FLAG) {
            if (joined) return wrong(why, "%s takes no value", option->name);
        } else {
            value = joined ? arg + len + 1 : *at + 1 < argc ? argv[++*at] : NULL;
            if (value == NULL) return wrong(why, "%s needs a value", arg);
        }
        ++*at;
        command->given[i] = value;
        return set(command, option, value, why);
    }
    return known ? wrong(why, "%.*s is an option of other commands", (int)len, arg)
                 : wrong(why, "unknown option %s", arg);
}

// The option of a setting; OPTIONS: there is none of this name.
static int setting(const char *name) {
    int i = 0;
    for (; i < OPTIONS; i++) {
        const char *alias = options[i].alias;
        if ((options[i].commands & SET) == 0) continue;
        if (strcmp(options[i].name + 2, name) == 0) break;
        if (alias != NULL && *name != '\0' && strcmp(alias + 2, name) == 0) break;
    }
    return i;
}

const char *gv_command_setting(const char *name) {
    int option = setting(name);
    return option < OPTIONS ? options[option].name + 2 : name;
}

int gv_command_default(struct gv_command *command, const char *name, const char *value,
                       char why[GV_COMMAND_WHY_MAX]) {
    int option = setting(name);
    if (option == OPTIONS) {
        return wrong(why,
                     "'%s' is neither a step, such as cut or crash, nor a setting, such as nodes "
                     "or rate",
                     name);
    }
    if (command->given[option] != NULL) return 0;
    return set(command, &options[option], value, why);
}

bool gv_command_given(const struct gv_command *command, int *at, const char **name,
                      const char **value) {
    while (*at < OPTIONS) {
        int option = (*at)++;
        *value = command->given[option];
        if (*value == NULL || (options[option].commands & SET) == 0) continue;
        *name = options[option].name + 2;
        return true;
    }
    return false;
}

// ---- Commands ----

// Checks that the files to write differ, except devices, and that only a result goes to standard
// output.
static int check_files(const struct gv_command *command, char *why) {
    const struct gv_run_options *run = &command->options;
    const struct {
        const char *option, *path;
    } files[] = {
        {"--json", run->json}, {"--trace", run->files.trace}, {"--report", run->files.report}};
    for (size_t i = 0; i < GV_COUNT(files); i++) {
        const char *path = files[i].path;
        if (path == NULL) continue;
        if (i > 0 && strcmp(path, "-") == 0) {
            return wrong(why, "%s must be a file: only --json goes to standard output, by '-'",
                         files[i].option);
        }
        for (size_t j = 0; j < i && strncmp(path, "/dev/", 5) != 0; j++) {
            if (files[j].path == NULL || strcmp(files[j].path, path) != 0) continue;
            return wrong(why, "%s and %s name the same file, '%s'", files[j].option,
                         files[i].option, path);
        }
    }
    return 0;
}

// Checks settings that depend on others.
static int check_run(const struct gv_command *command, char *why) {
    const struct gv_run_concurrency *concurrency = &command->run.concurrency;
    uint64_t nodes = command->run.nodes;
    if (concurrency->count > 0 && !concurrency->per_node && concurrency->count < nodes)
        return wrong(why, "--concurrency is %u, but each of the %" PRIu64 " nodes needs a client",
                     concurrency->count, nodes);
    if (command->run.load == GV_LOAD_KAFKA &&
        command->run.shape.max_writes_per_key > GV_LOAD_KAFKA_MESSAGES_MAX)
        return wrong(
            why, "--max-writes-per-key is %" PRIu32 ", but kafka has at most %d messages per key",
            command->run.shape.max_writes_per_key, GV_LOAD_KAFKA_MESSAGES_MAX);
    if (concurrency->per_node && concurrency->count * nodes > WORKERS_MAX)
        return wrong(why, "--concurrency gives %" PRIu64 " clients in all; the limit is %d",
                     concurrency->count * nodes, WORKERS_MAX);
    if (!command->run.nemesis || command->run.nodes > 1) return 0;
    return wrong(why, "--nemesis partition needs at least 2 nodes");
}

int gv_command_check(const struct gv_command *command, char why[GV_COMMAND_WHY_MAX]) {
    if (!command->has_workload) return wrong(why, "missing workload: -w NAME");
    if (!gv_simulation_has(command->run.load))
        return wrong(why, "grapevine has no node for %s yet; gvsim exec runs yours",
                     gv_load_names[command->run.load]);
    size_t authenticated_min = GV_ENGINE_MESSAGE_MIN + GV_AUTH_OVERHEAD;
    if (command->authenticated && command->message_max > 0 &&
        command->message_max < authenticated_min)
        return wrong(why, "with --auth on, --message-max must be at least %zu", authenticated_min);
    if (command->run.nemesis && command->scenario != NULL) {
        return wrong(why, "--nemesis and --scenario exclude each other");
    }
    return check_run(command, why);
}

static int complete_exec(const struct gv_command *command, char *why) {
    if (!command->has_workload) return wrong(why, "missing workload: -w NAME");
    if (command->options.argv == NULL) return wrong(why, "missing program: -- PROGRAM [ARGS...]");
    return check_run(command, why);
}

// Checks the settings that must be on the command line; a scenario may set the others.
static int complete_run(const struct gv_command *command, char *why) {
    return command->scenario != NULL ? 0 : gv_command_check(command, why);
}

static int complete_swarm(const struct gv_command *command, char *why) {
    return command->has_seeds ? 0 : wrong(why, "missing seeds: --seeds A..B");
}

#define OPERAND(member) offsetof(struct gv_command, member)

static const struct {
    const char *name;
    int takes;           // bits of the options that it takes
    size_t operands[2];  // members for arguments that are not options; 0: none, but NULL at the end
    const char *missing; // the error without an operand; NULL: they may be left out
    int (*complete)(const struct gv_command *command, char *why); // NULL: nothing else is required
} commands[] = {
    [GV_COMMAND_EXEC] = {"exec", EXEC, .complete = complete_exec},
    [GV_COMMAND_RUN] = {"run", RUN, .complete = complete_run},
    [GV_COMMAND_SCENARIOS] = {"scenarios", .operands = {OPERAND(name)}},
    [GV_COMMAND_SWARM] = {"swarm", .takes = SWARM, .complete = complete_swarm},
    [GV_COMMAND_SHRINK] =
        {"shrink", .takes = SHRINK | SET, .operands = {OPERAND(scenario)},
         .missing = "missing scenario: a file, a built-in one, or a seed of gvsim swarm"},
    [GV_COMMAND_COMPARE] = {"compare", .takes = COMPARE,
                            .operands = {OPERAND(files[0]), OPERAND(files[1])},
                            .missing = "missing results: two files written by --json"},
    [GV_COMMAND_GLOMERS] = {"glomers", .takes = GLOMERS, .operands = {OPERAND(challenge)},
                            .missing = "missing challenge, such as 3d, or all"},
    [GV_COMMAND_SWEEP] = {"sweep", .takes = SWEEP},
};

enum { COMMANDS = GV_COUNT(commands) };

// The member for the next argument that is not an option. NULL: the command takes no further
// argument.
static const char **next_operand(struct gv_command *command, int action) {
    for (size_t i = 0; i < 2 && commands[action].operands[i] != 0; i++) {
        const char **at = (const char **)(void *)((char *)command + commands[action].operands[i]);
        if (*at == NULL) return at;
    }
    return NULL;
}

static bool takes_program(int action) {
    return action == GV_COMMAND_EXEC || action == GV_COMMAND_GLOMERS;
}

static bool is_either(const char *arg, const char *a, const char *b) {
    return strcmp(arg, a) == 0 || strcmp(arg, b) == 0;
}

// Reads the arguments of a command. Returns it, or HELP or VERSION.
static int take_all(struct gv_command *command, int action, int argc, char *const *argv,
                    char *why) {
    int at = 2;
    while (at < argc) {
        const char *arg = argv[at];
        if (is_either(arg, "-h", "--help")) return GV_COMMAND_HELP;
        if (is_either(arg, "-V", "--version")) return GV_COMMAND_VERSION;
        if (strcmp(arg, "--") == 0 && takes_program(action)) {
            if (at + 1 < argc) command->options.argv = argv + at + 1;
            break;
        }
        if (arg[0] == '-') {
            int error = take(command, commands[action].takes, argc, argv, &at, why);
            if (error < 0) return error;
            continue;
        }
        const char **operand = next_operand(command, action);
        if (operand == NULL) {
            return wrong(why,
                         takes_program(action) ? "the program '%s' must come after --"
                                               : "unexpected argument '%s'",
                         arg);
        }
        *operand = arg;
        at++;
    }
    const char *missing = commands[action].missing;
    if (missing != NULL && next_operand(command, action) != NULL) return wrong(why, "%s", missing);
    if (commands[action].complete != NULL && commands[action].complete(command, why) != 0)
        return GV_EINVAL;
    return check_files(command, why) == 0 ? action : GV_EINVAL;
}

int gv_command_parse(struct gv_command *command, int argc, char *const *argv, uint64_t seed,
                     char why[GV_COMMAND_WHY_MAX]) {
    _Static_assert((int)OPTIONS <= (int)GV_COMMAND_OPTIONS, "all options fit");
    *command = (struct gv_command){
        .run = {.nodes = 5,
                .rate = 5,
                .time_limit = 10000 * GV_MS,
                .quiet = 10000 * GV_MS,
                .topology = GV_TOPOLOGY_GRID,
                .nemesis_interval = 10000 * GV_MS,
                .seed = seed,
                .models = GV_CONSISTENCY_READ_ATOMIC},
        .options.files.report_max = GV_REPORT_MESSAGES_MAX,
        .staleness_ms = 500,
        .settle = GV_TIME_NEVER,
        .disk_latency = 5 * GV_MS,
        .jobs = 1,
        .runs = 1,
        .output = "shrunk.scenario",
        .tries = 2000,
    };
    if (argc < 2)
        return wrong(why, "missing command; expected exec, run, scenarios, swarm, shrink, compare, "
                          "glomers or sweep");
    const char *name = argv[1];
    command->self = argv[0];
    if (strcmp(name, "help") == 0 || is_either(name, "-h", "--help")) return GV_COMMAND_HELP;
    if (is_either(name, "-V", "--version")) return GV_COMMAND_VERSION;
    int action = 0;
    while (action < COMMANDS && strcmp(commands[action].name, name) != 0) action++;
    if (action == COMMANDS)
        return wrong(why, name[0] == '-' ? "unknown option %s" : "unknown command %s", name);
    if (action == GV_COMMAND_GLOMERS || action == GV_COMMAND_SWEEP) {
        command->run.seed = 1;
        command->jobs = BENCHMARK_JOBS;
    }
    return take_all(command, action, argc, argv, why);
}
