// SPDX-License-Identifier: MIT
// Links of any latency: up to a minute, different by direction and by link, and changing. In
// bounded time all replicas are equal, and nodes send only idle comparisons after that.
#include "../../sim/check/check_traffic.h"
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND = 1000,
    SLOWEST_MS = 60 * SECOND, // longest latency of a message
    LISTEN_MS = 300 * SECOND, // time for which messages are counted at the end
    NODES = 50,
};

// The bounds that DESIGN.md states: after the last write and fault, a constant time, plus twice the
// staleness, plus a number of longest round trips.
enum { EQUAL_MS = 30 * SECOND, EQUAL_TRIPS = 5, SILENT_MS = 30 * SECOND, SILENT_TRIPS = 12 };

static gv_time ms(uint64_t count) {
    return count * GV_MS;
}

static uint64_t sent(const struct gv_cluster *cluster) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        struct gv_engine_stats stats;
        gv_engine_stats(cluster->nodes[i].engine, &stats);
        sum += stats.sent_messages;
    }
    return sum;
}

static uint32_t suspected(const struct gv_cluster *cluster, uint32_t node) {
    struct gv_engine_stats stats;
    gv_engine_stats(cluster->nodes[node].engine, &stats);
    return stats.suspected;
}

static bool any_suspects(const struct gv_cluster *cluster) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        if (suspected(cluster, i) > 0) return true;
    }
    return false;
}

static void print_config(const char *what, const struct gv_cluster_config *config, uint64_t trip) {
    printf("%s: %u nodes, staleness %u ms, links of %u ms%s, loss %.2f, round trips up to %llu ms, "
           "cluster seed %llu\n",
           what, config->nodes, config->staleness_ms, config->latency_ms,
           config->uniform ? ", uniform" : "", config->loss, (unsigned long long)trip,
           (unsigned long long)config->seed);
}

// Checks both bounds; called after the last write. `trip_ms`: the longest round trip.
static void becomes_equal_and_silent(struct gv_cluster *cluster, uint64_t trip_ms) {
    uint64_t stale_ms = 2 * (uint64_t)cluster->config.staleness_ms;
    // Losses may delay each step.
    unsigned times = cluster->config.loss > 0 ? 3 : 1;
    gv_time began = cluster->queue.now;
    gv_time equal =
        gv_cluster_settle(cluster, times * ms(EQUAL_MS + stale_ms + EQUAL_TRIPS * trip_ms));
    if (equal == GV_TIME_NEVER) print_config("unequal", &cluster->config, trip_ms);
    assert_true(equal != GV_TIME_NEVER);
    gv_time silent = began + times * ms(SILENT_MS + stale_ms + SILENT_TRIPS * trip_ms);
    gv_cluster_run(cluster, silent - cluster->queue.now);
    uint64_t before = sent(cluster);
    gv_time suspicion = 0, step = ms(SECOND);
    for (gv_time listened = 0; listened < ms(LISTEN_MS); listened += step) {
        gv_cluster_run(cluster, step);
        for (uint32_t i = 0; i < cluster->config.nodes; i++)
            suspicion += suspected(cluster, i) > 0 ? step : 0;
    }
    struct gv_check_traffic traffic;
    struct gv_verdict_errors errors = {0};
    gv_check_traffic_init(&traffic, cluster->config.nodes, 0, NULL);
    gv_check_traffic_quiescence(&traffic, ms(LISTEN_MS), suspicion, sent(cluster) - before,
                                &errors);
    if (errors.count > 0) print_config(errors.texts[0], &cluster->config, trip_ms);
    assert_int_equal(errors.count, 0);
    gv_verdict_fini(&errors);
    assert_true(gv_cluster_equal(cluster));
}

// A random latency: none, or of a random order of magnitude.
static uint32_t draw_latency(struct gv_prng *prng, uint32_t most) {
    uint32_t scale = most >> gv_prng_below(prng, 4) * 3;
    return gv_prng_below(prng, 5) == 0 ? 0 : (uint32_t)gv_prng_below(prng, scale + 1);
}

// Draws an additional delay for each node; returns the largest.
static uint32_t draw_slowness(struct gv_cluster *cluster, struct gv_prng *prng, uint32_t most) {
    uint32_t slowest = 0;
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        cluster->nodes[i].slow_ms = draw_latency(prng, most);
        if (cluster->nodes[i].slow_ms > slowest) slowest = cluster->nodes[i].slow_ms;
    }
    return slowest;
}

static void write_some(struct gv_cluster *cluster, struct gv_prng *prng, int64_t from) {
    int64_t count = (int64_t)gv_prng_below(prng, 60);
    for (int64_t i = 0; i < count; i++) {
        gv_cluster_add_number(cluster, (uint32_t)gv_prng_below(prng, cluster->config.nodes),
                              from + i);
        gv_cluster_run(cluster, ms(gv_prng_below(prng, 500)));
    }
}

static void one_run(uint64_t seed, bool lossy) {
    static const uint32_t stalenesses[] = {0, 20, 640, 5 * SECOND, 60 * SECOND};
    struct gv_prng prng;
    gv_prng_init(&prng, seed, 12);
    bool uniform = gv_prng_below(&prng, 3) == 0; // latencies are then at most twice the mean
    struct gv_cluster_config config = {
        .nodes = 2 + (uint32_t)gv_prng_below(&prng, gv_prng_below(&prng, 2) ? NODES - 1 : 8),
        .seed = seed,
        .staleness_ms = stalenesses[gv_prng_below(&prng, 5)],
        .uniform = uniform,
        .latency_ms = draw_latency(&prng, uniform ? SLOWEST_MS / 2 : SLOWEST_MS),
        .loss = lossy ? gv_prng_unit(&prng) / 10 : 0,
    };
    struct gv_cluster cluster;
    gv_cluster_init(&cluster, &config);
    uint32_t longest = config.latency_ms * (uniform ? 2 : 1), room = SLOWEST_MS - longest;
    uint32_t slower = gv_prng_below(&prng, 2) ? draw_slowness(&cluster, &prng, room) : 0;
    gv_cluster_join(&cluster);
    write_some(&cluster, &prng, 0);
    if (gv_prng_below(&prng, 2)) gv_cluster_run(&cluster, ms(200 * SECOND));
    if (gv_prng_below(&prng, 2)) { // some links become faster, some slower
        uint32_t other = draw_slowness(&cluster, &prng, room);
        if (other > slower) slower = other;
    }
    uint32_t node = (uint32_t)gv_prng_below(&prng, config.nodes);
    switch (gv_prng_below(&prng, 4)) {
    case 0:
        gv_cluster_restart(&cluster, node);
        break;
    case 1:
        gv_cluster_reload(&cluster, node);
        break;
    default:
        break;
    }
    write_some(&cluster, &prng, 1000);
    becomes_equal_and_silent(&cluster, 2 * (uint64_t)(longest + slower));
    gv_cluster_fini(&cluster);
}

static void nodes_fall_silent_on_any_links(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 13);
    for (int round = 0; round < 150; round++) one_run(gv_prng_next(&prng), false);
}

static void nodes_fall_silent_with_a_tenth_lost(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 14);
    for (int round = 0; round < 60; round++) one_run(gv_prng_next(&prng), true);
}

// Constant latencies that once made nodes flood each other, or never compare.
static void constant_latencies(void **state) {
    (void)state;
    static const uint32_t latencies[] = {500, 1000, 2000, 4000, 6000, 10000, 30000, 60000};
    static const uint32_t nodes[] = {2, 9, 25}, stalenesses[] = {0, 500, 60 * SECOND};
    for (int i = 0; i < 8 * 3 * 3; i++) {
        const struct gv_cluster_config config = {.nodes = nodes[i % 3],
                                                 .seed = 1,
                                                 .staleness_ms = stalenesses[i / 3 % 3],
                                                 .latency_ms = latencies[i / 9]};
        struct gv_cluster cluster;
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        for (uint32_t value = 0; value < 2; value++)
            gv_cluster_add_number(&cluster, value % config.nodes, value);
        becomes_equal_and_silent(&cluster, 2 * config.latency_ms);
        assert_false(any_suspects(&cluster));
        gv_cluster_fini(&cluster);
    }
}

// A dead peer is suspected within a number of round trips, however slow the link.
static void dead_peers_are_suspected(void **state) {
    (void)state;
    static const uint32_t latencies[] = {1, 100, 1000, 4000, 60000};
    for (int i = 0; i < 5 * 2; i++) {
        const struct gv_cluster_config config = {
            .nodes = 4, .seed = 1, .staleness_ms = i % 2 ? 500 : 0, .latency_ms = latencies[i / 2]};
        struct gv_cluster cluster;
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        for (uint32_t node = 0; node < 4; node++) gv_cluster_add_number(&cluster, node, node);
        uint64_t trip_ms = 2 * config.latency_ms;
        gv_cluster_run(&cluster, ms(SILENT_MS + SILENT_TRIPS * trip_ms));
        cluster.nodes[0].stopped = true;
        gv_cluster_add_number(&cluster, 1, 100);
        gv_cluster_run(&cluster, ms(5 * SECOND + 8 * trip_ms));
        if (suspected(&cluster, 1) == 0) print_config("not suspected", &config, trip_ms);
        assert_int_equal(suspected(&cluster, 1), 1);
        gv_cluster_fini(&cluster);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_latencies),
        cmocka_unit_test(dead_peers_are_suspected),
        cmocka_unit_test(nodes_fall_silent_on_any_links),
        cmocka_unit_test(nodes_fall_silent_with_a_tenth_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
