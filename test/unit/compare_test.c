// SPDX-License-Identifier: MIT
#include "../../sim/tools/compare.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

#define SPREAD "{\"p0\":0,\"p50\":40,\"p95\":50,\"p99\":60,\"p100\":70}"
#define HEAD "\"workload\":\"g-set\",\"nodes\":25,\"seed\":7,\"msgs_per_op\":1.5,"
#define RUN(stable)                                                                \
    "{\"valid\":true," HEAD "\"bytes_per_op\":300.0,\"stable_latency_ms\":" stable \
    ",\"client_latency_ms\":" SPREAD "}"

static const char good[] = RUN(SPREAD);

static struct gv_compare_run read_text(const char *text) {
    struct gv_compare_run run;
    const char *why = gv_compare_read(&run, text, strlen(text));
    if (why != NULL) fail_msg("%s: %s", text, why);
    return run;
}

static void a_result_is_read(void **state) {
    (void)state;
    struct gv_compare_run run = read_text(good);
    static const double at[] = {1.5, 300, 40, 60, 70, 60};
    assert_true(run.valid);
    assert_string_equal(run.workload, "g-set");
    assert_string_equal(run.nodes, "25");
    assert_string_equal(run.seed, "7");
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        assert_true(run.metrics.has[i]);
        assert_true(run.metrics.at[i] == at[i]);
    }
    run = read_text(RUN("null"));
    assert_false(run.metrics.has[GV_LIMITS_MEDIAN]);
    assert_true(run.metrics.has[GV_LIMITS_CLIENT]);
}

static void other_texts_are_rejected(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "valid",
        "7",
        "[]",
        "{}",
        "{\"valid\":true," HEAD "\"x\":1}",
        RUN("{}"),
        RUN("7"),
        RUN("{\"p50\":\"40\"}"),
        RUN("{\"p50\":1e999,\"p99\":1,\"p100\":1}"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gv_compare_run run;
        const char *why = gv_compare_read(&run, wrong[i], strlen(wrong[i]));
        if (why == NULL) fail_msg("taken: %s", wrong[i]);
    }
    // Every prefix of the text is refused.
    for (size_t len = 0; len < sizeof good - 1; len++) {
        struct gv_compare_run run;
        assert_non_null(gv_compare_read(&run, good, len));
    }
}

// The number of errors of the second run; checks that the output contains the text.
static int print(const struct gv_compare_run *a, const struct gv_compare_run *b,
                 const struct gv_limits *limits, const char *words) {
    static const char *const names[] = {"old.json", "a/long/path/to/new.json"};
    struct gv_compare_run runs[] = {*a, *b};
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    int wrong = gv_compare_print(names, runs, limits, out);
    fclose(out);
    if (strstr(text, words) == NULL) fail_msg("'%s' is not in:\n%s", words, text);
    free(text);
    return wrong;
}

static void regressions_are_counted(void **state) {
    (void)state;
    const struct gv_limits none = {{0}, 0}, tenth = {{0}, 1.1};
    struct gv_compare_run a = read_text(good), b = a;
    assert_int_equal(print(&a, &b, &tenth, "1.000\n"), 0);
    b.metrics.at[GV_LIMITS_MSGS] = 1.65;
    assert_int_equal(print(&a, &b, &tenth, "1.650   1.100\n"), 0);
    b.metrics.at[GV_LIMITS_MSGS] = 1.66;
    assert_int_equal(print(&a, &b, &tenth, "1.660   1.107  over the limit\n"), 1);
    assert_int_equal(print(&a, &b, &none, "1.660   1.107\n"), 0);
    b.metrics.at[GV_LIMITS_P99] = 600;
    assert_int_equal(print(&a, &b, &tenth, "10.000  over the limit\n"), 2);
    b.metrics.has[GV_LIMITS_CLIENT] = false;
    assert_int_equal(print(&a, &b, &tenth, "not measured\n"), 3);
    assert_int_equal(print(&b, &a, &tenth, "yes"), 0); // the second run is better
    b.valid = false;
    assert_int_equal(print(&a, &b, &none, "new.json is invalid\n"), 1);
    static const char unjudged[] =
        "{\"valid\":null," HEAD
        "\"bytes_per_op\":1,\"stable_latency_ms\":null,\"client_latency_ms\":null}";
    b = read_text(unjudged);
    assert_int_equal(print(&a, &b, &none, "yes      no verdict\n"), 1);
    assert_int_equal(print(&a, &b, &none, "new.json has no verdict: the machine was too slow\n"),
                     1);
    a.metrics.at[GV_LIMITS_MEDIAN] = 0;
    assert_int_equal(print(&a, &a, &tenth, "th/to/new.json"), 0);
    struct gv_compare_run slower = read_text(good);
    assert_int_equal(print(&a, &slower, &tenth, "inf  over the limit\n"), 1);
}

static void limits_are_inclusive(void **state) {
    (void)state;
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        struct gv_compare_run run = read_text(good);
        struct gv_limits limits = {{0}, 0};
        limits.most[i] = run.metrics.at[i];
        assert_int_equal(print(&run, &run, &limits, "yes"), 0);
        limits.most[i] = run.metrics.at[i] - 0.25;
        assert_int_equal(print(&run, &run, &limits, "over the limit: "), 1);
        run.metrics.has[i] = false;
        assert_int_equal(print(&run, &run, &limits, "not measured: "), 1);
    }
}

static void a_result_has_the_same_metrics(void **state) {
    (void)state;
    const struct gv_result result = {.ops = 200,
                                     .servers_msgs = 300,
                                     .servers_bytes = 60000,
                                     .stable_latency = {5, 0, 40, 50, 60, 70},
                                     .client_latency = {5, 0, 40, 50, 60, 70}};
    struct gv_limits_metrics metrics = gv_limits_of(&result);
    struct gv_compare_run run = read_text(good);
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        assert_true(metrics.has[i] && metrics.at[i] == run.metrics.at[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_read),
        cmocka_unit_test(other_texts_are_rejected),
        cmocka_unit_test(regressions_are_counted),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(a_result_has_the_same_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
