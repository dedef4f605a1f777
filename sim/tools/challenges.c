// SPDX-License-Identifier: MIT
#include "challenges.h"

#include "../../node/escape.h"
#include "../core/output.h"

#include <inttypes.h>
#include <stdlib.h>

// Metrics to compare with; 0: unknown.
struct mark {
    double msgs_per_op, median_ms, max_ms;
};

struct challenge {
    const char *name;
    enum gv_load_kind load;
    uint32_t nodes, latency_ms, staleness_ms;
    double rate;
    bool nemesis;
    struct mark limit;     // every metric must be below its limit
    struct mark published; // the fewest messages that others published, within the limits
    struct mark frontier;  // lower bound: tree rounds without acknowledgements or repair
};

static const struct challenge challenges[] = {
    {.name = "3a", .load = GV_LOAD_BROADCAST, .nodes = 1, .rate = 10},
    {.name = "3b", .load = GV_LOAD_BROADCAST, .nodes = 5, .rate = 10},
    {.name = "3c", .load = GV_LOAD_BROADCAST, .nodes = 5, .rate = 10, .nemesis = true},
    {
        .name = "3d",
        .load = GV_LOAD_BROADCAST,
        .nodes = 25,
        .latency_ms = 100,
        .staleness_ms = 640,
        .rate = 100,
        .limit = {30, 400, 600},
        .published = {8.5, 250, 390},
        .frontier = {0.926, 302, 551},
    },
    {
        .name = "3e",
        .load = GV_LOAD_BROADCAST,
        .nodes = 25,
        .latency_ms = 100,
        .staleness_ms = 1950,
        .rate = 100,
        .limit = {20, 1000, 2000},
        .published = {1.92, 764, 1087},
        .frontier = {0.317, 923, 1852},
    },
    {
        .name = "4",
        .load = GV_LOAD_G_COUNTER,
        .nodes = 3,
        .rate = 100,
        .nemesis = true,
        .published = {0.54, 0, 0},
    },
};

static const struct challenge *lookup(const char *name) {
    for (size_t i = 0; i < GV_COUNT(challenges); i++) {
        if (strcmp(challenges[i].name, name) == 0) return &challenges[i];
    }
    return NULL;
}

static struct gv_benchmark_setting setting_of(const struct challenge *challenge) {
    struct gv_benchmark_setting setting = {.run = gv_benchmark_defaults()};
    setting.run.load = challenge->load;
    setting.run.nodes = challenge->nodes;
    setting.run.rate = challenge->rate;
    setting.run.latency_ms = challenge->latency_ms;
    setting.run.nemesis = challenge->nemesis;
    setting.staleness_ms = challenge->staleness_ms > 0 ? challenge->staleness_ms : UINT32_MAX;
    return setting;
}

static bool within(const struct gv_benchmark_metrics *metrics, const struct mark *limit) {
    if (limit->msgs_per_op <= 0) return true;
    return metrics->msgs_per_op < limit->msgs_per_op && metrics->median_ms < limit->median_ms &&
           metrics->max_ms < limit->max_ms;
}

// ---- Output ----

static void print_title(const struct challenge *challenge, FILE *out) {
    fprintf(out, "%s: %s, %u %s, %.0f operations a second for 20 s", challenge->name,
            gv_load_names[challenge->load], challenge->nodes,
            challenge->nodes == 1 ? "node" : "nodes", challenge->rate);
    if (challenge->latency_ms > 0) fprintf(out, ", links of %u ms", challenge->latency_ms);
    if (challenge->nemesis) fprintf(out, ", partitions");
    fprintf(out, "\n");
}

static void row(const char *name, double msgs, double median, double most, FILE *out) {
    fprintf(out, "  %-18s %8.3f", name, msgs);
    if (most > 0) fprintf(out, "  %10.0f  %10.0f", median, most);
    fprintf(out, "\n");
}

static void print_mark(const char *name, const struct mark *mark, FILE *out) {
    if (mark->msgs_per_op > 0) row(name, mark->msgs_per_op, mark->median_ms, mark->max_ms, out);
}

static void print(const struct challenge *challenge, const struct gv_benchmark_metrics *metrics,
                  uint32_t seeds, enum gv_exit status, FILE *out) {
    char name[32];
    snprintf(name, sizeof name, seeds > 1 ? "median of %u" : "this run", seeds);
    fprintf(out, "  %-18s %8s  %10s  %10s\n", "", "msgs/op", "median ms", "max ms");
    row(name, metrics->msgs_per_op, metrics->median_ms, metrics->max_ms, out);
    print_mark("lower bound", &challenge->frontier, out);
    print_mark("best published", &challenge->published, out);
    print_mark("limits: less than", &challenge->limit, out);
    fprintf(out, "%s; client latency, 99th percentile: %.1f ms\n",
            status == GV_EXIT_VALID     ? "passed"
            : status == GV_EXIT_INVALID ? "failed"
                                        : "no verdict: the machine was too slow",
            metrics->client_p99_ms);
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
                       const struct gv_runner_task *runs, enum gv_exit status, FILE *json) {
    struct gv_benchmark_metrics median = gv_benchmark_median(runs, command->runs);
    fprintf(json, "{\"challenge\":\"%s\",\"passed\":%s,\"seed\":%" PRIu64 ",\"median\":{",
            challenge->name, gv_benchmark_verdict(status), command->run.seed);
    gv_benchmark_json(&median, json);
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
    fprintf(json, "}]}\n");
}

static int run(const struct challenge *challenge, const struct gv_command *command, FILE *out,
               FILE *json) {
    print_title(challenge, out);
    struct gv_benchmark_setting setting = setting_of(challenge);
    const char *program = challenge->load == GV_LOAD_BROADCAST ? "gv-broadcast" : "gv-counter";
    struct gv_runner_task *runs;
    enum gv_exit status = gv_benchmark_run(command, program, &setting, 1, out, &runs);
    if (runs == NULL) return (int)status;
    struct gv_benchmark_metrics median = gv_benchmark_median(runs, command->runs);
    if (status == GV_EXIT_VALID && !within(&median, &challenge->limit)) status = GV_EXIT_INVALID;
    print(challenge, &median, command->runs, status, out);
    if (json != NULL) write_json(challenge, command, runs, status, json);
    free(runs);
    return (int)status;
}

int gv_challenges_command(const struct gv_command *command) {
    const struct challenge *challenge = lookup(command->challenge);
    if (challenge == NULL) {
        gv_escape_print(stderr,
                        "gvsim: there is no challenge '%s'; expected 3a, 3b, 3c, 3d, 3e or 4\n",
                        command->challenge);
        return GV_EXIT_USAGE;
    }
    struct gv_output json;
    if (!gv_output_open(&json, command->options.json, true)) return GV_EXIT_USAGE;
    int status = run(challenge, command, json.file == stdout ? stderr : stdout, json.file);
    bool ended = status != GV_EXIT_USAGE && status != GV_EXIT_INTERRUPTED;
    return gv_output_close(&json, ended) ? status : GV_EXIT_USAGE;
}
