// SPDX-License-Identifier: MIT
// What it costs, counted on the wire in virtual time: recursion instead of retelling, few messages
// for a value, quiet when there is nothing to say.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECOND = 1000 };

static gv_time ms(uint64_t count) {
    return count * GV_MS;
}

// Two nodes with 100,000 values in common, one of which has one more.
static void recursion_not_retelling(void **state) {
    (void)state;
    for (uint32_t richer = 0; richer < 2; richer++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 2, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 10};
        gv_cluster_init(&cluster, &config);
        for (int64_t i = 0; i < 100000; i++) {
            int64_t value = i * 1000003 % 1000000007; // anywhere among a billion
            if (i != 31415 || richer == 0) gv_cluster_add_number(&cluster, 0, value);
            if (i != 31415 || richer == 1) gv_cluster_add_number(&cluster, 1, value);
        }
        gv_cluster_join(&cluster);
        assert_int_equal(gv_cluster_entries(&cluster, richer), 100000);
        assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
        printf("node %u had one more: %llu messages, %llu bytes\n", (unsigned)richer,
               (unsigned long long)cluster.net.messages, (unsigned long long)cluster.sent_bytes);
        assert_true(cluster.net.messages <= 8);
        assert_true(cluster.sent_bytes < 2000);
        gv_cluster_fini(&cluster);
    }
}

// The broadcast challenge of Gossip Glomers: 25 nodes, links of 100 ms, 50 values a second and as
// many reads. Counts a read as an operation, as Maelstrom does.
static void few_messages_for_a_value(void **state) {
    (void)state;
    for (uint32_t staleness = 0; staleness <= 1000; staleness += 500) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 25, .seed = gv_test_seed(), .staleness_ms = staleness, .latency_ms = 100};
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        for (int i = 0; i < 1000; i++) {
            gv_cluster_add_number(&cluster, (uint32_t)(i * 7 % 25), i);
            gv_cluster_run(&cluster, ms(20));
        }
        assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
        gv_cluster_run(&cluster, ms(10 * SECOND));
        double per_op = (double)cluster.net.messages / 2000;
        printf("staleness %u ms: %.2f messages an operation\n", (unsigned)staleness, per_op);
        assert_true(per_op < (staleness == 0 ? 14 : staleness == 500 ? 2 : 1));
        gv_cluster_fini(&cluster);
    }
}

// Without faults every value is everywhere within the staleness asked for, whatever its hour.
static void staleness_is_kept(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 25, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 100};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    gv_time worst = 0;
    for (int i = 0; i < 300; i++) {
        gv_cluster_add_number(&cluster, (uint32_t)gv_prng_below(&prng, 25), i);
        gv_time took = gv_cluster_settle(&cluster, ms(5 * SECOND));
        assert_true(took != GV_TIME_NEVER);
        if (took > worst && i > 20) worst = took; // the first ones measure the round trips
        gv_cluster_run(&cluster, ms(gv_prng_below(&prng, 600)));
    }
    printf("slowest value: %llu ms\n", (unsigned long long)(worst / GV_MS));
    assert_true(worst <= ms(500));
    gv_cluster_fini(&cluster);
}

// An hour without news: a comparison now and then, by every node.
static void idle_clusters_are_quiet(void **state) {
    (void)state;
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 25, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 100};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    for (int i = 0; i < 1000; i++) gv_cluster_add_number(&cluster, (uint32_t)i % 25, i);
    gv_cluster_run(&cluster, ms(60 * SECOND));
    uint64_t before = cluster.net.messages;
    gv_cluster_run(&cluster, ms(3600 * SECOND));
    double a_minute = (double)(cluster.net.messages - before) / 60 / 25;
    printf("%.2f messages a minute and node\n", a_minute);
    assert_true(a_minute > 0.5 && a_minute < 3);
    gv_cluster_fini(&cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion_not_retelling),
        cmocka_unit_test(few_messages_for_a_value),
        cmocka_unit_test(staleness_is_kept),
        cmocka_unit_test(idle_clusters_are_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
