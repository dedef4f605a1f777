// SPDX-License-Identifier: MIT
// Faults in virtual time: loss, duplication, reordering, partitions, pauses and restarts. All nodes
// converge to all entries written.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECOND = 1000 };

static gv_time ms(uint64_t count) {
    return count * GV_MS;
}

static struct gv_engine_stats stats(const struct gv_cluster *cluster, uint32_t node) {
    struct gv_engine_stats out;
    gv_engine_stats(cluster->nodes[node].engine, &out);
    return out;
}

static void nothing_was_bad(const struct gv_cluster *cluster) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        assert_int_equal(cluster->nodes[i].bad, 0);
        assert_int_equal(stats(cluster, i).bad_ranges, 0);
    }
}

// A random write at a random node. Returns the number of set entries that it adds.
static int write_something(struct gv_cluster *cluster, struct gv_prng *prng, int64_t number) {
    uint32_t node = (uint32_t)gv_prng_below(prng, cluster->config.nodes);
    char key[32], value[64];
    switch (gv_prng_below(prng, 4)) {
    case 0:
        snprintf(key, sizeof key, "\"%u\"", (unsigned)gv_prng_below(prng, 50));
        snprintf(value, sizeof value, "\"%0*d\"", (int)gv_prng_below(prng, 40), (int)number);
        gv_cluster_write(cluster, node, key, value, (uint64_t)number);
        return 0;
    case 1:
        snprintf(key, sizeof key, "[\"n%u\",\"+\"]", (unsigned)node);
        gv_cluster_count(cluster, node, key, (uint64_t)number);
        return 0;
    default:
        return gv_cluster_add_number(cluster, node, number);
    }
}

// The number of set entries at a node.
static uint64_t count_set(const struct gv_cluster *cluster, uint32_t node) {
    const struct gv_engine *engine = cluster->nodes[node].engine;
    uint32_t cursor = 0, end = gv_engine_end(engine);
    uint64_t count = 0;
    struct gv_entry entry;
    while (gv_engine_next(engine, &cursor, end, &entry)) count += entry.lattice == GV_LATTICE_SET;
    return count;
}

static void loss_duplication_reordering(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 12; round++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 2 + (uint32_t)gv_prng_below(&prng, 12),
            .seed = gv_prng_next(&prng),
            .staleness_ms = round % 3 == 0 ? 0 : 400,
            .latency_ms = 1 + (uint32_t)gv_prng_below(&prng, 150),
            .uniform = true,
            .loss = gv_prng_unit(&prng) * 0.4,
            .duplication = gv_prng_unit(&prng) * 0.4,
            .message_max = round % 2 ? GV_ENGINE_MESSAGE_MIN : 0,
        };
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        uint64_t added = 0;
        for (int64_t i = 1; i <= 600; i++) {
            added += (uint64_t)write_something(&cluster, &prng, i);
            gv_cluster_run(&cluster, ms(gv_prng_below(&prng, 40)));
        }
        assert_true(gv_cluster_settle(&cluster, ms(180 * SECOND)) != GV_TIME_NEVER);
        assert_int_equal(count_set(&cluster, 0), added);
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
}

static void partitions_heal(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (int round = 0; round < 6; round++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 3 + (uint32_t)gv_prng_below(&prng, 25),
            .seed = gv_prng_next(&prng),
            .staleness_ms = round % 3 == 0 ? 0 : 500,
            .latency_ms = 100,
        };
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        uint64_t added = 0;
        for (int64_t i = 1; i <= 1000; i++) {
            added += (uint64_t)write_something(&cluster, &prng, i);
            gv_cluster_run(&cluster, ms(20));
            if (i % 250 == 50)
                gv_cluster_split(&cluster, 1 + (uint32_t)gv_prng_below(&prng, config.nodes - 1));
            if (i % 250 == 200) gv_cluster_split(&cluster, 0);
        }
        // After the last heals, a few round trips and one probe of a lost parent suffice.
        assert_true(gv_cluster_settle(&cluster, ms(10 * SECOND)) != GV_TIME_NEVER);
        assert_int_equal(count_set(&cluster, 0), added);
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
}

// All push messages are lost: syncs alone make the replicas equal.
static void without_push(void **state) {
    (void)state;
    struct gv_cluster cluster;
    struct gv_cluster_config config = {.nodes = 25,
                                       .seed = gv_test_seed(),
                                       .staleness_ms = 500,
                                       .latency_ms = 100,
                                       .no_push = true};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    for (int i = 0; i < 2000; i++) {
        gv_cluster_add_number(&cluster, (uint32_t)i % 25, i);
        gv_cluster_run(&cluster, ms(10));
    }
    assert_true(gv_cluster_settle(&cluster, ms(120 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 7), 2000);
    nothing_was_bad(&cluster);
    gv_cluster_fini(&cluster);
}

// The root of the tree dies; later it restarts empty.
static void the_root_dies(void **state) {
    (void)state;
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 40, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 50};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    for (int i = 0; i < 100; i++) gv_cluster_add_number(&cluster, (uint32_t)i % 40, i);
    assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
    cluster.nodes[0].stopped = true;
    for (int i = 100; i < 200; i++) gv_cluster_add_number(&cluster, 1 + (uint32_t)i % 39, i);
    assert_true(gv_cluster_settle(&cluster, ms(20 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 39), 200);
    cluster.nodes[0].stopped = false;
    gv_cluster_restart(&cluster, 0);
    assert_true(gv_cluster_settle(&cluster, ms(10 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 0), 200);
    nothing_was_bad(&cluster);
    gv_cluster_fini(&cluster);
}

// Adds numbers from *next on, one about every 20 ms, at random nodes but the first, for this time.
static void load(struct gv_cluster *cluster, struct gv_prng *prng, gv_time time, int64_t *next) {
    gv_time until = cluster->queue.now + time;
    while (cluster->queue.now < until) {
        uint32_t node = 1 + (uint32_t)gv_prng_below(prng, cluster->config.nodes - 1);
        gv_cluster_add_number(cluster, node, (*next)++);
        gv_cluster_run(cluster, ms(10 + gv_prng_below(prng, 21)));
    }
}

// Whether every node but the first has the numbers below `end`.
static bool all_have(const struct gv_cluster *cluster, int64_t end) {
    for (uint32_t node = 1; node < cluster->config.nodes; node++) {
        for (int64_t number = end; number-- > 0;) {
            if (!gv_cluster_has_number(cluster, node, number)) return false;
        }
    }
    return true;
}

// The root is killed under load: updates in flight reach all nodes by the next root.
static void the_root_dies_under_load(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 4);
    for (uint32_t staleness = 250; staleness <= 2000; staleness *= 2) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 25, .seed = gv_prng_next(&prng), .staleness_ms = staleness, .latency_ms = 100};
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        int64_t next = 0;
        load(&cluster, &prng, ms(8 * SECOND), &next);
        int64_t in_flight = next;
        gv_time killed = cluster.queue.now, bound = ms(3 * staleness + 2 * SECOND);
        cluster.nodes[0].stopped = true;
        while (!all_have(&cluster, in_flight) && cluster.queue.now - killed < bound)
            load(&cluster, &prng, ms(50), &next);
        printf("staleness %u ms: all nodes equal %llu ms after the root died\n",
               (unsigned)staleness, (unsigned long long)((cluster.queue.now - killed) / GV_MS));
        assert_true(all_have(&cluster, in_flight));
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
}

// Children detect the death of the root, or are pinged, and adopt the next node without a vote.
// That costs some messages for each child, not for each pair of children.
static void a_new_root_sends_few_messages(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 10);
    static const uint32_t sizes[] = {9, 25, 100};
    for (int i = 0; i < 3; i++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = sizes[i], .seed = gv_prng_next(&prng), .staleness_ms = 500, .latency_ms = 100};
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        int64_t next = 0;
        load(&cluster, &prng, ms(8 * SECOND), &next);
        uint64_t before = cluster.net.messages;
        load(&cluster, &prng, ms(5 * SECOND), &next);
        uint64_t calm = cluster.net.messages - before;
        cluster.nodes[0].stopped = true;
        load(&cluster, &prng, ms(5 * SECOND), &next);
        uint64_t after = cluster.net.messages - before - calm;
        printf("%u nodes: %llu messages in 5 s, and %llu from the root's death on\n",
               (unsigned)config.nodes, (unsigned long long)calm, (unsigned long long)after);
        assert_true(after < 2 * calm + 30 * config.nodes);
        gv_cluster_fini(&cluster);
    }
}

// Links that work in one direction only, from or to the root, during a load.
static void one_way_links(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 5);
    for (int round = 0; round < 4; round++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 10, .seed = gv_prng_next(&prng), .staleness_ms = 400, .latency_ms = 50};
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        int64_t next = 0;
        load(&cluster, &prng, ms(3 * SECOND), &next);
        for (uint32_t node = 3; node < 6; node++) {
            if (round % 2 == 0) cluster.nodes[0].blocked[node] = true;
            if (round % 2 == 1) cluster.nodes[node].blocked[0] = true;
        }
        load(&cluster, &prng, ms(20 * SECOND), &next);
        assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
}

// If a root receives every message late, updates take longer, but none is sent twice.
static void a_slow_root(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 6);
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 25, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 50};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    int64_t next = 0;
    load(&cluster, &prng, ms(5 * SECOND), &next);
    cluster.nodes[0].slow_ms = 400;
    load(&cluster, &prng, ms(15 * SECOND), &next);
    assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 24), next);
    nothing_was_bad(&cluster);
    gv_cluster_fini(&cluster);
}

// Three of ten messages are lost, during the whole test.
static void heavy_loss(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 7);
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 25, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 100, .loss = 0.3};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    int64_t next = 0;
    load(&cluster, &prng, ms(20 * SECOND), &next);
    gv_time took = gv_cluster_settle(&cluster, ms(30 * SECOND));
    printf("equal %llu ms after the load\n", (unsigned long long)(took / GV_MS));
    assert_true(took != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 24), next);
    gv_cluster_fini(&cluster);
}

// A paused process, as on a suspended machine, receives nothing during the pause, and detects the
// pause afterwards.
static void a_node_is_paused(void **state) {
    (void)state;
    struct gv_cluster cluster;
    struct gv_cluster_config config = {
        .nodes = 5, .seed = gv_test_seed(), .staleness_ms = 500, .latency_ms = 20};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    gv_cluster_run(&cluster, ms(5 * SECOND));
    cluster.nodes[3].stopped = true;
    for (int i = 0; i < 500; i++) {
        gv_cluster_add_number(&cluster, (uint32_t)i % 3, i);
        gv_cluster_run(&cluster, ms(100));
    }
    cluster.nodes[3].stopped = false;
    gv_engine_advance(cluster.nodes[3].engine, cluster.queue.now);
    assert_int_equal(stats(&cluster, 3).pauses, 1);
    gv_cluster_add(&cluster, 3, "\"back\"");
    assert_true(gv_cluster_settle(&cluster, ms(5 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 3), 501);
    gv_cluster_fini(&cluster);
}

// Without a tree a node dies when only one peer has its update. The update reaches the others soon,
// whether the node restarts empty or stays dead.
static void a_partly_sent_value_reaches_all(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 8);
    for (int round = 0; round < 12; round++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 3 + 4 * (uint32_t)round, .seed = gv_prng_next(&prng), .latency_ms = 50};
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        for (uint32_t node = 0; node < config.nodes; node++)
            gv_cluster_add_number(&cluster, node, node);
        gv_cluster_run(&cluster, ms(5 * SECOND));
        uint32_t dying = (uint32_t)gv_prng_below(&prng, config.nodes);
        uint32_t receiver =
            (dying + 1 + (uint32_t)gv_prng_below(&prng, config.nodes - 1)) % config.nodes;
        for (uint32_t node = 0; node < config.nodes; node++)
            cluster.nodes[node].blocked[dying] = node != receiver;
        gv_cluster_add(&cluster, dying, "\"only once\"");
        gv_cluster_run(&cluster, ms(60));
        cluster.nodes[dying].stopped = round % 2 == 0;
        for (uint32_t node = 0; node < config.nodes; node++)
            cluster.nodes[node].blocked[dying] = false;
        if (round % 2 == 0) { // a write makes a peer detect the death
            gv_cluster_add(&cluster, (dying + 1) % config.nodes, "\"are you there?\"");
            gv_cluster_run(&cluster, ms(8 * SECOND));
        } else {
            gv_cluster_restart(&cluster, dying);
        }
        uint64_t before = cluster.net.messages;
        assert_true(gv_cluster_settle(&cluster, ms(12 * SECOND)) != GV_TIME_NEVER);
        assert_int_equal(gv_cluster_entries(&cluster, receiver),
                         config.nodes + 1 + (round % 2 == 0));
        gv_cluster_run(&cluster, ms(10 * SECOND));
        printf("%u nodes: %llu messages after a death\n", (unsigned)config.nodes,
               (unsigned long long)(cluster.net.messages - before));
        assert_true(cluster.net.messages - before < config.nodes * config.nodes + 50);
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
}

// Applies a random fault.
static void one_failure(struct gv_cluster *cluster, struct gv_prng *prng) {
    uint32_t node = (uint32_t)gv_prng_below(prng, cluster->config.nodes);
    switch (gv_prng_below(prng, 5)) {
    case 0:
        gv_cluster_restart(cluster, node);
        break;
    case 1:
        gv_cluster_reload(cluster, node);
        break;
    case 2:
        cluster->nodes[node].stopped = true;
        break;
    case 3:
        gv_cluster_split(cluster, 1 + node % (cluster->config.nodes - 1));
        break;
    default:
        cluster->nodes[node].blocked[gv_prng_below(prng, cluster->config.nodes)] = true;
    }
}

static void all_is_well(struct gv_cluster *cluster) {
    gv_cluster_split(cluster, 0);
    for (uint32_t node = 0; node < cluster->config.nodes; node++) {
        if (cluster->nodes[node].stopped) gv_cluster_resume(cluster, node);
        for (uint32_t from = 0; from < cluster->config.nodes; from++)
            cluster->nodes[node].blocked[from] = false;
    }
}

// A few faults, one after the other, on links that reorder messages, with some writes. Replicas
// converge without a later idle comparison, except when messages of an earlier incarnation arrive
// last, about once in ten thousand runs.
static void a_few_failures(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 9);
    static const uint32_t stalenesses[] = {0, 20, 500, 500}, latencies[] = {1, 20, 100, 250};
    unsigned late = 0;
    for (int round = 0; round < 2000; round++) {
        struct gv_cluster cluster;
        struct gv_cluster_config config = {
            .nodes = 2 + (uint32_t)gv_prng_below(&prng, 6),
            .seed = gv_prng_next(&prng),
            .staleness_ms = stalenesses[gv_prng_below(&prng, 4)],
            .latency_ms = latencies[gv_prng_below(&prng, 4)],
            .uniform = true,
        };
        gv_cluster_init(&cluster, &config);
        gv_cluster_join(&cluster);
        int64_t writes = 1 + (int64_t)gv_prng_below(&prng, 20);
        for (int64_t i = 0; i < 20; i++) {
            uint32_t node = (uint32_t)gv_prng_below(&prng, config.nodes);
            if (i < writes && !cluster.nodes[node].stopped)
                gv_cluster_add_number(&cluster, node, i);
            gv_cluster_run(&cluster, ms(gv_prng_below(&prng, 2) * gv_prng_below(&prng, 1000)));
            if (gv_prng_below(&prng, 3) == 0) one_failure(&cluster, &prng);
            if (gv_prng_below(&prng, 4) == 0) all_is_well(&cluster);
        }
        all_is_well(&cluster);
        if (gv_cluster_settle(&cluster, ms(14 * SECOND)) == GV_TIME_NEVER) {
            late++;
            assert_true(gv_cluster_settle(&cluster, ms(120 * SECOND)) != GV_TIME_NEVER);
        }
        nothing_was_bad(&cluster);
        gv_cluster_fini(&cluster);
    }
    printf("%u of 2000 took an idle comparison\n", late);
    assert_true(late <= 2);
}

// More updates than the changelog holds while a peer is disconnected, with small messages.
static void the_changelog_is_bounded(void **state) {
    (void)state;
    struct gv_cluster cluster;
    struct gv_cluster_config config = {.nodes = 3,
                                       .seed = gv_test_seed(),
                                       .staleness_ms = 100,
                                       .latency_ms = 5,
                                       .message_max = 8192};
    gv_cluster_init(&cluster, &config);
    gv_cluster_join(&cluster);
    gv_cluster_run(&cluster, ms(5 * SECOND));
    gv_cluster_split(&cluster, 2);
    for (int i = 0; i < 100000; i++) gv_cluster_add_number(&cluster, 0, i);
    assert_true(stats(&cluster, 0).update_backlog <= 1 << 16);
    gv_cluster_run(&cluster, ms(30 * SECOND));
    gv_cluster_split(&cluster, 0);
    assert_true(gv_cluster_settle(&cluster, ms(30 * SECOND)) != GV_TIME_NEVER);
    assert_int_equal(gv_cluster_entries(&cluster, 2), 100000);
    gv_cluster_run(&cluster, ms(10 * SECOND));
    assert_int_equal(stats(&cluster, 0).update_backlog, 0);
    nothing_was_bad(&cluster);
    gv_cluster_fini(&cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_duplication_reordering),
        cmocka_unit_test(partitions_heal),
        cmocka_unit_test(without_push),
        cmocka_unit_test(the_root_dies),
        cmocka_unit_test(the_root_dies_under_load),
        cmocka_unit_test(a_new_root_sends_few_messages),
        cmocka_unit_test(one_way_links),
        cmocka_unit_test(a_slow_root),
        cmocka_unit_test(heavy_loss),
        cmocka_unit_test(a_node_is_paused),
        cmocka_unit_test(a_partly_sent_value_reaches_all),
        cmocka_unit_test(a_few_failures),
        cmocka_unit_test(the_changelog_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
