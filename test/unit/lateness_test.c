// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/check/lateness.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    gv_time x = *(const gv_time *)a, y = *(const gv_time *)b;
    return (x > y) - (x < y);
}

// Quantiles are upper bounds, at most an eighth too large.
static void quantiles_are_close(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    static gv_time delays[COUNT];
    static struct gv_lateness_histogram histogram;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (unsigned bits = 1; bits <= 42; bits++) {
        histogram = (struct gv_lateness_histogram){0};
        for (size_t i = 0; i < COUNT; i++) {
            delays[i] = gv_prng_below(&prng, UINT64_C(1) << bits);
            gv_lateness_add(&histogram, delays[i]);
        }
        qsort(delays, COUNT, sizeof *delays, by_value);
        assert_true(histogram.longest == delays[COUNT - 1]);
        for (size_t i = 0; i < COUNT; i += 97) {
            gv_time found = gv_lateness_quantile(&histogram, (double)(i + 1) / COUNT);
            assert_true(found >= delays[i]);
            assert_true(found <= delays[i] + delays[i] / 8 + 1);
        }
    }
}

static void an_empty_histogram_has_no_quantile(void **state) {
    (void)state;
    static const struct gv_lateness_histogram none;
    assert_true(gv_lateness_quantile(&none, 0.99) == 0);
}

// A run of 1,000 events with a limit of 20 ms, of which `late` events were late by `delay`.
static bool is_too_slow(size_t late, gv_time delay, gv_time stood, gv_time wait) {
    static struct gv_lateness lateness;
    lateness = (struct gv_lateness){.measured = true,
                                    .stalled_longest = stood,
                                    .has_waits = true,
                                    .wait = wait,
                                    .limit = 20 * GV_MS};
    char why[GV_LATENESS_REASON_MAX];
    for (size_t i = 0; i < 1000; i++)
        gv_lateness_add(&lateness.events, i < late ? delay : GV_MS / 2);
    bool slow = gv_lateness_too_slow(&lateness, why);
    lateness.limit = GV_TIME_NEVER;
    assert_false(gv_lateness_too_slow(&lateness, why));
    lateness.limit = 20 * GV_MS;
    lateness.measured = false;
    assert_false(gv_lateness_too_slow(&lateness, why));
    return slow;
}

static void one_in_a_hundred_may_be_late(void **state) {
    (void)state;
    assert_false(is_too_slow(0, 0, 0, 0));
    assert_false(is_too_slow(1000, 17 * GV_MS, 0, 0));
    assert_true(is_too_slow(11, 25 * GV_MS, 0, 0));
    assert_false(is_too_slow(9, 199 * GV_MS, 0, 0));
    assert_true(is_too_slow(1, 201 * GV_MS, 0, 0));
    assert_true(is_too_slow(0, 0, 201 * GV_MS, 0));
    assert_false(is_too_slow(0, 0, 0, 20 * GV_MS));
    assert_true(is_too_slow(0, 0, 0, 21 * GV_MS));
}

// If only few events are measured, the 99 % quantile is the longest delay, and the text says so.
static void with_few_delays_the_longest_counts(void **state) {
    (void)state;
    for (size_t count = GV_LATENESS_FEW - 1; count <= GV_LATENESS_FEW; count++) {
        static struct gv_lateness lateness;
        lateness = (struct gv_lateness){.measured = true, .limit = 20 * GV_MS};
        for (size_t i = 0; i + 2 < count; i++) gv_lateness_add(&lateness.events, GV_MS);
        gv_lateness_add(&lateness.events, 30 * GV_MS);
        gv_lateness_add(&lateness.events, 32 * GV_MS);
        char why[GV_LATENESS_REASON_MAX], *said = NULL;
        size_t len = 0;
        assert_true(gv_lateness_too_slow(&lateness, why));
        FILE *out = open_memstream(&said, &len);
        gv_lateness_print(&lateness, out);
        gv_lateness_json(&lateness, out);
        fclose(out);
        bool few = count < GV_LATENESS_FEW;
        assert_true((strstr(said, "  99% ") == NULL) == few);
        assert_true((strstr(said, "most 32.0 ms of 99 times;") != NULL) == few);
        assert_true((strstr(why, "32 ms late once, ") != NULL) == few);
        assert_non_null(strstr(said, few ? "\"times\":99," : "\"times\":100,"));
        free(said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_close),
        cmocka_unit_test(an_empty_histogram_has_no_quantile),
        cmocka_unit_test(one_in_a_hundred_may_be_late),
        cmocka_unit_test(with_few_delays_the_longest_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
