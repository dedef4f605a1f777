// SPDX-License-Identifier: MIT
#include "../../sim/core/history.h"
#include "../lib/test.h"

static void indices_order_both_ends_of_operations(void **state) {
    (void)state;
    struct gv_history history = {.len = 0};
    size_t a = gv_history_invoke(&history, 5, GV_HISTORY_ADD, 1, 42, false);
    size_t b = gv_history_invoke(&history, 5, GV_HISTORY_READ, 2, 0, true);
    gv_history_complete(&history, 9, b, GV_HISTORY_OK);
    assert_int_equal(history.outcomes[GV_HISTORY_PENDING], 1);
    gv_history_complete(&history, 9, a, GV_HISTORY_INFO);
    assert_int_equal(history.ops[a].invoked, 0);
    assert_int_equal(history.ops[b].invoked, 1);
    assert_int_equal(history.ops[b].completed, 2);
    assert_int_equal(history.ops[a].completed, 3);
    assert_int_equal(history.ops[a].value, 42);
    assert_true(history.ops[b].final);
    assert_int_equal(history.kinds[GV_HISTORY_ADD], 1);
    assert_int_equal(history.outcomes[GV_HISTORY_OK], 1);
    assert_int_equal(history.outcomes[GV_HISTORY_INFO], 1);
    assert_int_equal(history.outcomes[GV_HISTORY_PENDING], 0);
    gv_history_fini(&history);
}

static void quantiles_are_maelstroms(void **state) {
    (void)state;
    double latencies[100];
    for (int i = 0; i < 100; i++) latencies[i] = 99 - i;
    struct gv_history_quantiles quantiles = gv_history_quantiles(latencies, 100);
    assert_int_equal(quantiles.count, 100);
    assert_true(quantiles.p0 == 0);
    assert_true(quantiles.p50 == 50); // sorted[floor(100 · 0.5)]
    assert_true(quantiles.p95 == 95);
    assert_true(quantiles.p99 == 99);
    assert_true(quantiles.p100 == 99);
    double few[] = {3, 1};
    quantiles = gv_history_quantiles(few, 2);
    assert_true(quantiles.p0 == 1 && quantiles.p50 == 3 && quantiles.p100 == 3);
    assert_int_equal(gv_history_quantiles(NULL, 0).count, 0);
}

static void latency_is_of_successful_operations(void **state) {
    (void)state;
    struct gv_history history = {.len = 0};
    assert_int_equal(gv_history_latency(&history).count, 0);
    for (gv_time i = 0; i < 4; i++) {
        size_t op = gv_history_invoke(&history, i * GV_MS, GV_HISTORY_ECHO, 0, 0, false);
        enum gv_history_outcome outcome = i < 3 ? GV_HISTORY_OK : GV_HISTORY_INFO;
        gv_history_complete(&history, (i + (i + 1) * 10) * GV_MS, op, outcome);
    }
    struct gv_history_quantiles quantiles = gv_history_latency(&history);
    assert_int_equal(quantiles.count, 3);
    assert_true(quantiles.p0 == 10 && quantiles.p50 == 20 && quantiles.p100 == 30);
    gv_history_fini(&history);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices_order_both_ends_of_operations),
        cmocka_unit_test(quantiles_are_maelstroms),
        cmocka_unit_test(latency_is_of_successful_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
