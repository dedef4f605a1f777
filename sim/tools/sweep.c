// SPDX-License-Identifier: MIT
#include "sweep.h"

#include "../core/output.h"
#include "plot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const uint32_t staleness[] = {0, 300, 400, 500, 640, 800, 1000, 1250, 1500, 1750, 2000};

enum {
    COUNT = GV_COUNT(staleness),
    ROUND_TRIP_MS = 200, // time up and down the tree
    STEP_MS = 20,        // step of the lower bound's curve
    CURVE = (2000 - 250) / STEP_MS,
};

// Results that others published for this cluster; see the manual.
static const struct gv_plot_point published[] = {
    {207, 23.4, "star, unbatched"},       {390, 8.5, "star, buffered"},
    {678, 1.99, "hub of 500 ms"},         {1087, 1.92, "star of 500 ms"},
    {519, 23.8, "Maelstrom's gossip.js"}, {1190, 5.00, "Maelstrom's broadcast.py"},
};

static void print(const struct gv_benchmark_metrics *metrics, FILE *out) {
    fprintf(out, "\n  staleness   msgs/op   median   max ms    client p99\n");
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(out, "  %9u   %7.3f   %6.0f   %7.0f   %8.1f ms\n", staleness[i],
                metrics[i].msgs_per_op, metrics[i].median_ms, metrics[i].max_ms,
                metrics[i].client_p99_ms);
    }
}

static void write_json(const struct gv_command *command, const struct gv_benchmark_metrics *metrics,
                       enum gv_exit status, FILE *json) {
    fprintf(json, "{\"valid\":%s,\"seed\":%" PRIu64 ",\"seeds\":%u,\"rows\":[",
            gv_benchmark_verdict(status), command->run.seed, command->runs);
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(json, "%s{\"staleness_ms\":%u,", i > 0 ? "}," : "", staleness[i]);
        gv_benchmark_json(&metrics[i], json);
    }
    fprintf(json, "}]}\n");
}

// The plot contains its metrics as comments, so that it can be drawn again without measuring.
static const char kept[] = "<!-- staleness %u: %lf messages an operation, most %lf ms -->";

static void keep(const struct gv_benchmark_metrics *metrics, FILE *svg) {
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(svg, "<!-- staleness %u: %.4f messages an operation, most %.0f ms -->\n",
                staleness[i], metrics[i].msgs_per_op, metrics[i].max_ms);
    }
}

// Reads the metrics of a plot. Returns their number; 0: they belong to other settings.
static size_t take(FILE *svg, struct gv_benchmark_metrics *metrics) {
    char line[256];
    size_t count = 0;
    while (fgets(line, sizeof line, svg) != NULL) {
        uint32_t setting;
        double msgs, most;
        if (sscanf(line, kept, &setting, &msgs, &most) != 3) continue;
        if (count == COUNT || setting != staleness[count] || msgs <= 0 || most <= 0) return 0;
        metrics[count++] = (struct gv_benchmark_metrics){.msgs_per_op = msgs, .max_ms = most};
    }
    return count;
}

static void draw(const struct gv_benchmark_metrics *metrics, FILE *svg) {
    struct gv_run_config run = gv_benchmark_defaults();
    struct gv_plot_point measured[COUNT], frontier[CURVE];
    for (size_t i = 0; i < COUNT; i++)
        measured[i] = (struct gv_plot_point){metrics[i].max_ms, metrics[i].msgs_per_op, NULL};
    for (size_t i = 0; i < CURVE; i++) {
        double most = 250 + (double)i * STEP_MS;
        frontier[i] = (struct gv_plot_point){
            most, gv_benchmark_frontier(run.nodes, run.rate, 20, most - ROUND_TRIP_MS), NULL};
    }
    const struct gv_plot plot = {
        .title = "25 nodes, links of 100 ms, 100 operations a second",
        .x_name = "longest latency of a value, ms",
        .y_name = "messages per operation (log)",
        .x_max = 2000,
        .y_min = 0.2,
        .y_max = 40,
        .line = measured,
        .line_len = COUNT,
        .line_name = "grapevine",
        .curve = frontier,
        .curve_len = CURVE,
        .curve_name = "lower bound: tree rounds, no acks",
        .points = published,
        .points_len = GV_COUNT(published),
    };
    gv_plot_draw(&plot, svg);
    keep(metrics, svg);
}

static int redraw(const char *path, FILE *svg) {
    struct gv_benchmark_metrics metrics[COUNT];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "gvsim: cannot read %s: %s\n", path, strerror(errno));
        return GV_EXIT_USAGE;
    }
    size_t count = take(file, metrics);
    fclose(file);
    if (count != COUNT) {
        fprintf(stderr, "gvsim: %s does not hold the figures of the %d settings of a sweep\n", path,
                (int)COUNT);
        return GV_EXIT_USAGE;
    }
    draw(metrics, svg);
    return GV_EXIT_VALID;
}

static int run(const struct gv_command *command, FILE *out, FILE *json, FILE *svg) {
    struct gv_benchmark_setting settings[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        settings[i] = (struct gv_benchmark_setting){.program = "gv-broadcast",
                                                    .run = gv_benchmark_defaults(),
                                                    .staleness_ms = staleness[i]};
    }
    struct gv_runner_task *runs;
    enum gv_exit status = gv_benchmark_run(command, settings, COUNT, out, &runs);
    if (runs == NULL) return (int)status;
    struct gv_benchmark_metrics metrics[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        metrics[i] = gv_benchmark_median(runs + i * command->runs, command->runs);
    free(runs);
    print(metrics, out);
    if (status == GV_EXIT_INCONCLUSIVE) fprintf(out, "no verdict: the machine was too slow\n");
    if (json != NULL) write_json(command, metrics, status, json);
    if (svg != NULL) draw(metrics, svg);
    return (int)status;
}

int gv_sweep_command(const struct gv_command *command) {
    struct gv_output json, svg = {0};
    int status = GV_EXIT_USAGE;
    if (gv_output_open(&json, command->options.json, true) &&
        gv_output_open(&svg, command->svg, true)) {
        FILE *out = json.file == stdout ? stderr : stdout;
        status = command->redraw != NULL
                     ? redraw(command->redraw, svg.file != NULL ? svg.file : stdout)
                     : run(command, out, json.file, svg.file);
    }
    bool judged = status == GV_EXIT_VALID || status == GV_EXIT_INVALID;
    if (!gv_output_close(&json, judged || status == GV_EXIT_INCONCLUSIVE)) status = GV_EXIT_USAGE;
    if (!gv_output_close(&svg, judged)) status = GV_EXIT_USAGE; // kept only with a verdict
    return status;
}
