// SPDX-License-Identifier: MIT
#include "challenges.h"

#include "../../node/escape.h"
#include "../core/output.h"

#include <inttypes.h>
#include <stdlib.h>

// Metrics to compare with; 0: unknown. The times are stable latencies, or for kafka the lags of
// polls.
struct mark {
    double msgs_per_op, median_ms, max_ms;
};

struct challenge {
    const char *name;
    const char *asks; // what a valid run shows, in addition to the limits
    enum gv_load_kind load;
    const char *program;
    uint32_t nodes, latency_ms, staleness_ms, seconds;
    double rate;
    double availability; // required share of successful operations
    bool double_clients; // two clients for each node
    uint32_t models;     // consistency models of transactions; 0: the default of gvsim exec
    bool nemesis;
    struct mark limit; // every metric must be below its limit
    struct mark
        published; // the result within the limits with the fewest messages that others published
    struct mark frontier; // lower bound: tree rounds without acknowledgements or repair
};

#define ALL_VALUES "every value on every node"
#define KAFKA "no message lost, skipped or repeated"

static const struct challenge challenges[] = {
    {
        .name = "1",
        .asks = "each reply repeats its request",
        .load = GV_LOAD_ECHO,
        .program = "gv-echo",
        .nodes = 1,
        .seconds = 10,
        .rate = 5,
    },
    {
        .name = "2",
        .asks = "no id twice, every request succeeds",
        .load = GV_LOAD_UNIQUE_IDS,
        .program = "gv-ids",
        .nodes = 3,
        .seconds = 30,
        .rate = 1000,
        .availability = 1,
        .nemesis = true,
    },
    {
        .name = "3a",
        .asks = ALL_VALUES,
        .load = GV_LOAD_BROADCAST,
        .program = "gv-broadcast",
        .nodes = 1,
        .seconds = 20,
        .rate = 10,
    },
    {
        .name = "3b",
        .asks = ALL_VALUES,
        .load = GV_LOAD_BROADCAST,
        .program = "gv-broadcast",
        .nodes = 5,
        .seconds = 20,
        .rate = 10,
    },
    {
        .name = "3c",
        .asks = ALL_VALUES,
        .load = GV_LOAD_BROADCAST,
        .program = "gv-broadcast",
        .nodes = 5,
        .seconds = 20,
        .rate = 10,
        .nemesis = true,
    },
    {
        .name = "3d",
        .asks = ALL_VALUES,
        .load = GV_LOAD_BROADCAST,
        .program = "gv-broadcast",
        .nodes = 25,
        .latency_ms = 100,
        .staleness_ms = 640,
        .seconds = 20,
        .rate = 100,
        .limit = {30, 400, 600},
        .published = {8.5, 250, 390},
        .frontier = {0.926, 302, 551},
    },
    {
        .name = "3e",
        .asks = ALL_VALUES,
        .load = GV_LOAD_BROADCAST,
        .program = "gv-broadcast",
        .nodes = 25,
        .latency_ms = 100,
        .staleness_ms = 1950,
        .seconds = 20,
        .rate = 100,
        .limit = {20, 1000, 2000},
        .published = {1.92, 764, 1087},
        .frontier = {0.317, 923, 1852},
    },
    {
        .name = "4",
        .asks = "final reads equal the sum",
        .load = GV_LOAD_G_COUNTER,
        .program = "gv-counter",
        .nodes = 3,
        .seconds = 20,
        .rate = 100,
        .nemesis = true,
        .published = {0.54, 0, 0},
    },
    {
        .name = "5a",
        .asks = KAFKA,
        .load = GV_LOAD_KAFKA,
        .program = "gv-kafka",
        .nodes = 1,
        .seconds = 20,
        .rate = 1000,
        .double_clients = true,
    },
    {
        .name = "5b",
        .asks = KAFKA,
        .load = GV_LOAD_KAFKA,
        .program = "gv-kafka",
        .nodes = 2,
        .seconds = 20,
        .rate = 1000,
        .double_clients = true,
    },
    {
        .name = "5c",
        .asks = KAFKA,
        .load = GV_LOAD_KAFKA,
        .program = "gv-kafka",
        .nodes = 2,
        .seconds = 20,
        .rate = 1000,
        .double_clients = true,
        .published = {6.93, 0, 0},
    },
    {
        .name = "6a",
        .asks = "read uncommitted, always available",
        .load = GV_LOAD_TXN_RW_REGISTER,
        .program = "gv-txn",
        .nodes = 1,
        .seconds = 20,
        .rate = 1000,
        .availability = 1,
        .double_clients = true,
        .models = GV_CONSISTENCY_READ_UNCOMMITTED,
    },
    {
        .name = "6b",
        .asks = "read uncommitted, always available",
        .load = GV_LOAD_TXN_RW_REGISTER,
        .program = "gv-txn",
        .nodes = 2,
        .seconds = 20,
        .rate = 1000,
        .availability = 1,
        .double_clients = true,
        .models = GV_CONSISTENCY_READ_UNCOMMITTED,
        .nemesis = true,
    },
    {
        .name = "6c",
        .asks = "read committed, always available",
        .load = GV_LOAD_TXN_RW_REGISTER,
        .program = "gv-txn",
        .nodes = 2,
        .seconds = 20,
        .rate = 1000,
        .availability = 1,
        .double_clients = true,
        .models = GV_CONSISTENCY_READ_UNCOMMITTED | GV_CONSISTENCY_READ_COMMITTED,
        .nemesis = true,
    },
};

enum { CHALLENGES = GV_COUNT(challenges) };

static const struct challenge *lookup(const char *name) {
    for (size_t i = 0; i < CHALLENGES; i++) {
        if (strcmp(challenges[i].name, name) == 0) return &challenges[i];
    }
    return NULL;
}

static struct gv_benchmark_setting setting_of(const struct challenge *challenge) {
    struct gv_benchmark_setting setting = {
        .label = challenge->name,
        .program = challenge->program,
        .run = gv_benchmark_defaults(),
        .staleness_ms = challenge->staleness_ms > 0 ? challenge->staleness_ms : UINT32_MAX,
    };
    setting.run.load = challenge->load;
    setting.run.nodes = challenge->nodes;
    setting.run.rate = challenge->rate;
    setting.run.time_limit = challenge->seconds * (1000 * GV_MS);
    setting.run.latency_ms = challenge->latency_ms;
    setting.run.availability = challenge->availability;
    if (challenge->double_clients)
        setting.run.concurrency = (struct gv_run_concurrency){.count = 2, .per_node = true};
    if (challenge->models != 0) setting.run.models = challenge->models;
    setting.run.nemesis = challenge->nemesis;
    return setting;
}

static bool within(const struct gv_benchmark_metrics *metrics, const struct mark *limit) {
    if (limit->msgs_per_op <= 0) return true;
    return metrics->msgs_per_op < limit->msgs_per_op && metrics->median_ms < limit->median_ms &&
           metrics->max_ms < limit->max_ms;
}

// The result of all runs of a challenge.
struct outcome {
    enum gv_exit status; // also GV_EXIT_INVALID if the medians are beyond the limits
    struct gv_benchmark_metrics median;
};

static struct outcome judge(const struct challenge *challenge, const struct gv_runner_task *runs,
                            uint32_t count) {
    struct outcome outcome = {gv_runner_verdict(runs, count), gv_benchmark_median(runs, count)};
    if (outcome.status == GV_EXIT_VALID && !within(&outcome.median, &challenge->limit))
        outcome.status = GV_EXIT_INVALID;
    return outcome;
}

// ---- Output ----

static void print_title(const struct challenge *challenge, FILE *out) {
    fprintf(out, "%s: %s, %u %s, %.0f operations a second for %u s", challenge->name,
            gv_load_names[challenge->load], challenge->nodes,
            challenge->nodes == 1 ? "node" : "nodes", challenge->rate, challenge->seconds);
    if (challenge->latency_ms > 0) fprintf(out, ", links of %u ms", challenge->latency_ms);
    if (challenge->nemesis) fprintf(out, ", partitions");
    fprintf(out, "; required: %s\n", challenge->asks);
}

static const char *verdict(enum gv_exit status) {
    return status == GV_EXIT_VALID     ? "passed"
           : status == GV_EXIT_INVALID ? "failed"
                                       : "no verdict: the machine was too slow";
}

static void row(const char *name, double msgs, double median, double most, FILE *out) {
    fprintf(out, "  %-18s %8.3f", name, msgs);
    if (most > 0) fprintf(out, "  %10.0f  %10.0f", median, most);
    fprintf(out, "\n");
}

static void print_mark(const char *name, const struct mark *mark, FILE *out) {
    if (mark->msgs_per_op > 0) row(name, mark->msgs_per_op, mark->median_ms, mark->max_ms, out);
}

static void print(const struct challenge *challenge, const struct outcome *outcome, uint32_t seeds,
                  FILE *out) {
    const struct gv_benchmark_metrics *median = &outcome->median;
    char name[32];
    snprintf(name, sizeof name, seeds > 1 ? "median of %u" : "this run", seeds);
    fprintf(out, "  %-18s %8s  %10s  %10s\n", "", "msgs/op", "median ms", "max ms");
    row(name, median->msgs_per_op, median->median_ms, median->max_ms, out);
    print_mark("lower bound", &challenge->frontier, out);
    print_mark("best published", &challenge->published, out);
    print_mark("limits: less than", &challenge->limit, out);
    fprintf(out, "%s; client latency, 99th percentile: %.1f ms\n", verdict(outcome->status),
            median->client_p99_ms);
}

// A number of the table, or a dash if it is 0.
static void cell(double number, int width, int digits, FILE *out) {
    if (number > 0) {
        fprintf(out, "  %*.*f", width, digits, number);
    } else {
        fprintf(out, "  %*s", width, "-");
    }
}

// Prints a line for each challenge.
static void print_table(const struct outcome outcomes[CHALLENGES], uint32_t seeds, FILE *out) {
    fprintf(out, "\n%-4s %-36s  %23s  %15s  %15s\n", "", "", "messages per operation", "median ms",
            "max ms");
    fprintf(out, "%-4s %-36s  %7s  %6s  %6s  %7s  %6s  %7s  %6s\n", "", "required", "reached",
            "limit", "best", "reached", "limit", "reached", "limit");
    for (size_t i = 0; i < CHALLENGES; i++) {
        const struct challenge *challenge = &challenges[i];
        const struct gv_benchmark_metrics *median = &outcomes[i].median;
        fprintf(out, "%-4s %-36s  %7.3f", challenge->name, challenge->asks, median->msgs_per_op);
        cell(challenge->limit.msgs_per_op, 6, 0, out);
        cell(challenge->published.msgs_per_op, 6, 2, out);
        cell(median->median_ms, 7, 0, out);
        cell(challenge->limit.median_ms, 6, 0, out);
        cell(median->max_ms, 7, 0, out);
        cell(challenge->limit.max_ms, 6, 0, out);
        fprintf(out, "  %s\n", verdict(outcomes[i].status));
    }
    fprintf(out, "best: the fewest messages that others published. ");
    if (seeds > 1) {
        fprintf(out, "Medians of %u seeds.\n", seeds);
    } else {
        fprintf(out, "One run each; --seeds N takes medians.\n");
    }
}

static void json_mark(const char *name, const struct mark *mark, FILE *json) {
    if (mark->msgs_per_op <= 0) {
        fprintf(json, ",\"%s\":null", name);
        return;
    }
    fprintf(json, ",\"%s\":{\"msgs_per_op\":%.3f,\"median_ms\":%.0f,\"max_ms\":%.0f}", name,
            mark->msgs_per_op, mark->median_ms, mark->max_ms);
}

static void write_json(const struct challenge *challenge, const struct gv_command *command,
                       const struct gv_runner_task *runs, const struct outcome *outcome,
                       FILE *json) {
    fprintf(json, "{\"challenge\":\"%s\",\"passed\":%s,\"seed\":%" PRIu64 ",\"median\":{",
            challenge->name, gv_benchmark_verdict(outcome->status), command->run.seed);
    gv_benchmark_json(&outcome->median, json);
    fputs("}", json);
    json_mark("frontier", &challenge->frontier, json);
    json_mark("published", &challenge->published, json);
    json_mark("limits", &challenge->limit, json);
    fprintf(json, ",\"runs\":[");
    for (uint32_t i = 0; i < command->runs; i++) {
        struct gv_benchmark_metrics metrics = gv_benchmark_metrics(&runs[i]);
        fputs(i > 0 ? "},{" : "{", json);
        gv_benchmark_json(&metrics, json);
    }
    fprintf(json, "}]}");
}

// ---- Commands ----

static int run_one(const struct challenge *challenge, const struct gv_command *command, FILE *out,
                   FILE *json) {
    print_title(challenge, out);
    struct gv_benchmark_setting setting = setting_of(challenge);
    struct gv_runner_task *runs;
    enum gv_exit status = gv_benchmark_run(command, &setting, 1, out, &runs);
    if (runs == NULL) return (int)status;
    struct outcome outcome = judge(challenge, runs, command->runs);
    print(challenge, &outcome, command->runs, out);
    if (json != NULL) {
        write_json(challenge, command, runs, &outcome, json);
        fputs("\n", json);
    }
    free(runs);
    return (int)outcome.status;
}

static int run_all(const struct gv_command *command, FILE *out, FILE *json) {
    struct gv_benchmark_setting settings[CHALLENGES];
    for (size_t i = 0; i < CHALLENGES; i++) settings[i] = setting_of(&challenges[i]);
    struct gv_runner_task *runs;
    enum gv_exit status = gv_benchmark_run(command, settings, CHALLENGES, out, &runs);
    if (runs == NULL) return (int)status;
    struct outcome outcomes[CHALLENGES];
    bool failed = false, inconclusive = false;
    for (size_t i = 0; i < CHALLENGES; i++) {
        const struct gv_runner_task *of = &runs[i * command->runs];
        outcomes[i] = judge(&challenges[i], of, command->runs);
        failed |= outcomes[i].status == GV_EXIT_INVALID;
        inconclusive |= outcomes[i].status == GV_EXIT_INCONCLUSIVE;
        if (json == NULL) continue;
        fputs(i > 0 ? ",\n" : "[", json);
        write_json(&challenges[i], command, of, &outcomes[i], json);
    }
    if (json != NULL) fputs("]\n", json);
    print_table(outcomes, command->runs, out);
    free(runs);
    return failed ? GV_EXIT_INVALID : inconclusive ? GV_EXIT_INCONCLUSIVE : GV_EXIT_VALID;
}

static int refuse(const char *name) {
    char list[128];
    size_t at = 0;
    for (size_t i = 0; i < CHALLENGES && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s, ", challenges[i].name);
    gv_escape_print(stderr, "gvsim: there is no challenge '%s'; expected %sor all\n", name, list);
    return GV_EXIT_USAGE;
}

int gv_challenges_command(const struct gv_command *command) {
    bool all = strcmp(command->challenge, "all") == 0;
    const struct challenge *challenge = lookup(command->challenge);
    if (!all && challenge == NULL) return refuse(command->challenge);
    if (all && command->options.argv != NULL) {
        fputs("gvsim: no program can pass all challenges: name one challenge, or leave out --\n",
              stderr);
        return GV_EXIT_USAGE;
    }
    struct gv_output json;
    if (!gv_output_open(&json, command->options.json, true)) return GV_EXIT_USAGE;
    FILE *out = json.file == stdout ? stderr : stdout;
    int status =
        all ? run_all(command, out, json.file) : run_one(challenge, command, out, json.file);
    bool ended = status != GV_EXIT_USAGE && status != GV_EXIT_INTERRUPTED;
    return gv_output_close(&json, ended) ? status : GV_EXIT_USAGE;
}
