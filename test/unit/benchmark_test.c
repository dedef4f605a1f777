// SPDX-License-Identifier: MIT
#include "../../sim/tools/benchmark.h"
#include "../../sim/tools/plot.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_runner_task run_of(uint64_t messages, double p50, double p100, double client) {
    return (struct gv_runner_task){
        .result = {.ops = 1000,
                   .servers_msgs = messages,
                   .stable_latency = {.count = 1, .p50 = p50, .p100 = p100},
                   .client_latency = {.count = 1, .p99 = client}}};
}

// Each metric has its own median.
static void metrics_of_several_seeds(void **state) {
    (void)state;
    const struct gv_runner_task runs[] = {run_of(900, 300, 500, 2), run_of(950, 290, 600, 1),
                                          run_of(800, 310, 550, 3)};
    struct gv_benchmark_metrics median = gv_benchmark_median(runs, 3);
    assert_true(median.msgs_per_op == 0.9);
    assert_true(median.median_ms == 300);
    assert_true(median.max_ms == 550);
    assert_true(median.client_p99_ms == 2);
    struct gv_runner_task none = {.status = GV_EXIT_NODE_DIED};
    assert_true(gv_benchmark_metrics(&none).msgs_per_op == 0);
}

static bool near(double value, double want) {
    return value > 0.97 * want && value < 1.03 * want;
}

static void the_lower_bound_of_tree_rounds(void **state) {
    (void)state;
    assert_true(near(gv_benchmark_frontier(25, 100, 20, 380), 0.986));
    assert_true(near(gv_benchmark_frontier(25, 100, 20, 1500), 0.335));
    assert_true(gv_benchmark_frontier(1, 100, 20, 500) == 0);
    // If every node has updates in every period, each edge carries one message each way.
    assert_true(near(gv_benchmark_frontier(11, 1e6, 1000, 1000) * 1e6, 10 * 2));
}

static size_t count(const char *text, const char *what) {
    size_t found = 0;
    while ((text = strstr(text, what)) != NULL) {
        text++;
        found++;
    }
    return found;
}

static void a_plot_shows_every_point(void **state) {
    (void)state;
    const struct gv_plot_point line[] = {{100, 10, NULL}, {500, 1, NULL}, {99999, 0.0001, NULL}};
    const struct gv_plot_point points[] = {{300, 5, "somebody"}};
    const struct gv_plot plot = {
        .title = "title",
        .x_name = "x",
        .y_name = "y",
        .line_name = "ours",
        .curve_name = "limit",
        .x_max = 1000,
        .y_min = 0.1,
        .y_max = 10,
        .line = line,
        .line_len = 3,
        .curve = line,
        .curve_len = 2,
        .points = points,
        .points_len = 1,
    };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    gv_plot_draw(&plot, out);
    fclose(out);
    assert_true(strncmp(text, "<svg ", 5) == 0);
    assert_string_equal(text + len - 7, "</svg>\n");
    assert_int_equal(count(text, "<circle"), 3 + 1 + 1); // two more points and one in the legend
    assert_int_equal(count(text, ">somebody<"), 1);
    // The point with the largest y is at the top; points outside the plot are drawn at its edge.
    assert_int_equal(count(text, "cy=\"40.0\""), 1);
    assert_int_equal(count(text, "cx=\"736.0\" cy=\"388.0\""), 1);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_of_several_seeds),
        cmocka_unit_test(the_lower_bound_of_tree_rounds),
        cmocka_unit_test(a_plot_shows_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
