// SPDX-License-Identifier: MIT
#include "../../sim/tools/reduce.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A text reproduces the failure if it contains all of these words.
struct wish {
    const char *words[4];
    uint64_t tries;
};

static bool has_all(void *ctx, const char *text, size_t len) {
    const struct wish *wish = ctx;
    char *copy = strndup(text, len);
    bool all = true;
    for (int i = 0; i < 4 && wish->words[i] != NULL; i++) {
        all = all && strstr(copy, wish->words[i]) != NULL;
    }
    free(copy);
    return all;
}

static void count(void *ctx, uint64_t tries, const struct gv_scenario *best) {
    struct wish *wish = ctx;
    assert_int_equal(tries, wish->tries + 1);
    assert_true(best->settings_len > 0);
    wish->tries = tries;
}

static char *reduce(struct wish wish, uint64_t most, const char *text) {
    struct gv_reduce_config config = {
        .shows = has_all, .progress = count, .ctx = &wish, .tries_most = most};
    assert_true(has_all(&wish, text, strlen(text)));
    size_t len;
    char *left = gv_reduce_text(&config, text, strlen(text), &len);
    assert_true(wish.tries <= most && wish.tries > 0);
    char *copy = strndup(left, len);
    free(left);
    return copy;
}

#define HEAD "workload g-set\nnodes 9\nrate 100\ntime-limit 8\nlatency 250\nquiet 15\nseed 77\n"

static const char storm[] = HEAD "lose 30% between n1,n3..n5 | rest at 700ms for 2s every 4s\n"
                                 "cut n1,n2 | n7..n8 at 900ms for 3s # a comment\n"
                                 "pause n4 at 1s\n"
                                 "duplicate 20% at 0s\n"
                                 "crash n6 at 3s for 1s every 2s without disk\n";

static void unneeded_parts_are_removed(void **state) {
    (void)state;
    char *left = reduce((struct wish){{"cut n"}, 0}, 5000, storm);
    // The named node must exist, and a partition needs two groups and a time.
    assert_string_equal(left, "workload g-set\nnodes 2\nrate 1\ntime-limit 1\nquiet 15\nseed 77\n"
                              "cut n0 | n1 at 1s\n");
    free(left);
}

static void needed_parts_stay(void **state) {
    (void)state;
    struct wish wish = {{"nodes 5\n", "latency 250", "every", "n4 at"}, 0};
    char *left = reduce(wish, 5000,
                        "workload g-set\nnodes 5\nrate 3\ntime-limit 4\nseed 2\n"
                        "latency 250\nlose 30% at 0s\n"
                        "pause n1,n3..n4 at 1s for 100ms every 2s until 9s\n");
    assert_string_equal(left, "workload g-set\nnodes 5\nrate 1\ntime-limit 1\nseed 2\n"
                              "latency 250\npause n4 at 1s for 1ms every 1s\n");
    free(left);
}

static void regions_stay_where_they_are_needed(void **state) {
    (void)state;
    struct wish wish = {{"rtt a b 300ms", "region a n0", "pause"}, 0};
    char *left = reduce(wish, 5000,
                        "workload g-set\nnodes 5\nrate 1\ntime-limit 1\nseed 2\n"
                        "region a n0\nregion b n3..n4\nregion c rest # all others\n"
                        "rtt a a 2ms\nrtt a b 300ms\nbandwidth b b 1kB/s\npause n4 at 1s\n");
    assert_string_equal(left, "workload g-set\nnodes 1\nrate 1\ntime-limit 1\nseed 2\n"
                              "region a n0\nregion b n0..n0\nrtt a b 300ms\n"
                              "pause n0 at 1s\n");
    free(left);
    left = reduce((struct wish){{"seed"}, 0}, 5000,
                  "workload echo\nnodes 1\nrate 1\ntime-limit 1\nseed 2\nregion a n0\n");
    assert_string_equal(left, "workload echo\nnodes 1\nrate 1\ntime-limit 1\nseed 2\n");
    free(left);
}

static void another_seed_may_reproduce_it(void **state) {
    (void)state;
    char *left = reduce((struct wish){{"seed 2\n", "nodes 3\n"}, 0}, 5000,
                        "workload echo\nnodes 3\nrate 1\ntime-limit 1\nseed 2\npause n2 at 1s\n");
    assert_string_equal(left, "workload echo\nnodes 3\nrate 1\ntime-limit 1\nseed 2\n");
    free(left);
}

static void attempts_are_bounded(void **state) {
    (void)state;
    free(reduce((struct wish){{"pause"}, 0}, 1, storm));
    free(reduce((struct wish){{"pause"}, 0}, 7, storm));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unneeded_parts_are_removed),
        cmocka_unit_test(needed_parts_stay),
        cmocka_unit_test(regions_stay_where_they_are_needed),
        cmocka_unit_test(another_seed_may_reproduce_it),
        cmocka_unit_test(attempts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
