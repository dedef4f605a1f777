// SPDX-License-Identifier: MIT
#include "compare.h"

#include "../../codec/json.h"
#include "../../node/escape.h"
#include "../run/exit.h"
#include "source.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

// ---- Reading ----

// The path of each metric in a result: a member, or a member of a member.
static const char *const places[GV_LIMITS_METRICS][2] = {
    [GV_LIMITS_MSGS] = {"msgs_per_op", NULL},
    [GV_LIMITS_BYTES] = {"bytes_per_op", NULL},
    [GV_LIMITS_MEDIAN] = {"stable_latency_ms", "p50"},
    [GV_LIMITS_P99] = {"stable_latency_ms", "p99"},
    [GV_LIMITS_LONGEST] = {"stable_latency_ms", "p100"},
    [GV_LIMITS_CLIENT] = {"client_latency_ms", "p99"},
};

static void copy(const struct gv_json *json, int token, char *to, size_t cap) {
    struct gv_slice raw = gv_json_raw(json, token);
    bool quoted = gv_json_type(json, token) == GV_JSON_STRING;
    if (quoted) raw = gv_json_string(json, token);
    size_t len = raw.len < cap ? raw.len : cap - 1;
    memcpy(to, raw.data, len);
    to[len] = '\0';
}

// Reads a metric. False: it is missing or not a number. If it is null, it was not measured, and
// *has is false.
static bool read_metric(const struct gv_json *json, const char *const place[2], bool *has,
                        double *at) {
    int token = gv_json_member(json, 0, place[0]);
    *has = false;
    if (token < 0) return false;
    if (gv_json_type(json, token) == GV_JSON_NULL) return true;
    if (place[1] != NULL) token = gv_json_member(json, token, place[1]);
    if (token < 0 || gv_json_type(json, token) != GV_JSON_NUMBER) return false;
    char text[64];
    copy(json, token, text, sizeof text);
    *at = strtod(text, NULL);
    *has = true;
    return isfinite(*at);
}

static const char *read_run(struct gv_compare_run *run, const struct gv_json *json) {
    static const char no_result[] = "it is not a result of gvsim run or exec";
    if (gv_json_type(json, 0) != GV_JSON_OBJECT) return no_result;
    const struct {
        const char *name;
        char *to;
        size_t cap;
    } texts[] = {{"workload", run->workload, sizeof run->workload},
                 {"nodes", run->nodes, sizeof run->nodes},
                 {"seed", run->seed, sizeof run->seed}};
    for (size_t i = 0; i < GV_COUNT(texts); i++) {
        int token = gv_json_member(json, 0, texts[i].name);
        if (token < 0) return no_result;
        copy(json, token, texts[i].to, texts[i].cap);
    }
    int valid = gv_json_member(json, 0, "valid");
    if (valid < 0) return no_result;
    run->valid = gv_json_type(json, valid) == GV_JSON_TRUE;
    run->judged = gv_json_type(json, valid) != GV_JSON_NULL;
    struct gv_limits_metrics *metrics = &run->metrics;
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        if (!read_metric(json, places[i], &metrics->has[i], &metrics->at[i])) return no_result;
    }
    return NULL;
}

const char *gv_compare_read(struct gv_compare_run *run, const char *text, size_t len) {
    *run = (struct gv_compare_run){0};
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    const char *why = "it is not JSON";
    if (gv_json_parse(&json, text, len) > 0) why = read_run(run, &json);
    gv_json_fini(&json);
    return why;
}

// ---- Printing ----

static void cell(const struct gv_limits_metrics *metrics, int metric, FILE *out) {
    if (metrics->has[metric]) {
        fprintf(out, "  %14.*f", gv_limits_labels[metric].digits, metrics->at[metric]);
    } else {
        fprintf(out, "  %14s", "-");
    }
}

// Prints a row. Returns whether the second run exceeds the ratio.
static bool print_metric(const struct gv_compare_run runs[2], int metric, double most, FILE *out) {
    const struct gv_limits_metrics *a = &runs[0].metrics, *b = &runs[1].metrics;
    fprintf(out, "%-24s", gv_limits_labels[metric].name);
    cell(a, metric, out);
    cell(b, metric, out);
    bool both = a->has[metric] && b->has[metric], worse = false;
    if (both && (a->at[metric] > 0 || b->at[metric] > 0)) {
        double ratio = a->at[metric] > 0 ? b->at[metric] / a->at[metric] : INFINITY;
        worse = most > 0 && ratio > most;
        fprintf(out, "  %6.3f%s", ratio, worse ? "  over the limit" : "");
    } else if (a->has[metric] && most > 0) {
        worse = !b->has[metric];
        fputs(worse ? "       -  not measured" : "", out);
    }
    fputc('\n', out);
    return worse;
}

static const char *verdict(const struct gv_compare_run *run) {
    return !run->judged ? "no verdict" : run->valid ? "yes" : "no";
}

int gv_compare_print(const char *const names[2], const struct gv_compare_run runs[2],
                     const struct gv_limits *limits, FILE *out) {
    // Only the end of a long path is shown.
    const char *shown[2];
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(names[i]);
        shown[i] = len > 14 ? names[i] + len - 14 : names[i];
    }
    gv_escape_print(out, "%-24s  %14s  %14s   ratio\n", "", shown[0], shown[1]);
    gv_escape_print(out, "%-24s  %14s  %14s\n", "workload", runs[0].workload, runs[1].workload);
    gv_escape_print(out, "%-24s  %14s  %14s\n", "nodes", runs[0].nodes, runs[1].nodes);
    gv_escape_print(out, "%-24s  %14s  %14s\n", "seed", runs[0].seed, runs[1].seed);
    fprintf(out, "%-24s  %14s  %14s\n", "valid", verdict(&runs[0]), verdict(&runs[1]));
    int wrong = 0;
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        wrong += print_metric(runs, i, limits->ratio, out);
    }
    wrong += gv_limits_check(limits, &runs[1].metrics, out);
    if (!runs[1].judged) {
        gv_escape_print(out, "%s has no verdict: the machine was too slow\n", names[1]);
    } else if (!runs[1].valid) {
        gv_escape_print(out, "%s is invalid\n", names[1]);
    }
    return wrong + !runs[1].valid;
}

int gv_compare_command(const struct gv_command *command) {
    struct gv_compare_run runs[2];
    for (int i = 0; i < 2; i++) {
        const char *name = command->files[i];
        size_t len = 0;
        char *text = gv_source_read(name, &len);
        const char *why = text != NULL ? gv_compare_read(&runs[i], text, len) : strerror(errno);
        free(text);
        if (why == NULL) continue;
        gv_escape_print(stderr, "gvsim: %s: %s\n", name, why);
        return GV_EXIT_USAGE;
    }
    int wrong = gv_compare_print(command->files, runs, &command->options.limits, stdout);
    return wrong > 0 ? GV_EXIT_INVALID : GV_EXIT_VALID;
}
