// SPDX-License-Identifier: MIT
// Tests the stable cut on engines in virtual time under loss, partitions, and restarts with and
// without the former state. The test keeps a list of all assigned offsets. At every step each node
// has all entries below its cut, and no entry ever appears below a cut. Afterwards all cuts reach
// the end, and the nodes send only idle comparisons.
#include "../lib/test.h"

#include "../../engine/offset.h"
#include "../../engine/prng.h"
#include "../lib/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 7, GIVEN_MAX = 4000, LIVES_MAX = 64, ROUNDS = 100, STEPS = 500, STEP_MS = 20 };

struct given {
    uint64_t offset;
    uint32_t node, life; // the node that assigned it, and in which of its lives
    bool lost; // the cut of a node that lacks it has passed it, so it must not appear anywhere
};

struct world {
    struct gv_cluster cluster;
    struct gv_prng prng;
    uint32_t nodes;
    struct given given[GIVEN_MAX];
    unsigned count;
    uint32_t life[NODES_MAX]; // number of times that each node has lost its state
    uint64_t cut[NODES_MAX];  // its last cut in this life
    gv_time recover_by[NODES_MAX];
    uint64_t passed; // no further offset below it may be assigned
    unsigned refused, excused;
};

static bool holds(const struct world *world, uint32_t node, uint64_t offset) {
    char key[64];
    int len = snprintf(key, sizeof key, "[\"%" PRIu64 "\",%" PRIu64 "]", offset % 3, offset);
    struct gv_entry found,
        wanted = {.lattice = GV_LATTICE_LOG, .key = gv_slice_of(key, (size_t)len)};
    return gv_engine_get(world->cluster.nodes[node].engine, &wanted, &found);
}

static struct gv_engine_cut cut_of(const struct world *world, uint32_t node) {
    struct gv_engine_cut cut;
    assert_true(gv_engine_cut(world->cluster.nodes[node].engine, &cut));
    assert_int_equal(cut.late, 0);
    return cut;
}

static void give(struct world *world, uint32_t node) {
    uint64_t offset;
    char key[64];
    if (world->count == GIVEN_MAX) return;
    int error = gv_engine_cut_next(world->cluster.nodes[node].engine, &offset);
    assert_int_equal(error, cut_of(world, node).recovering ? GV_ENOENT : 0);
    world->refused += error != 0;
    if (error != 0) return;
    for (unsigned i = 0; i < world->count; i++) assert_true(world->given[i].offset != offset);
    assert_true(offset >= world->passed);
    assert_int_equal(gv_offset_slot(gv_offset_slot_bits(world->nodes), offset), node);
    int len = snprintf(key, sizeof key, "[\"%" PRIu64 "\",%" PRIu64 "]", offset % 3, offset);
    assert_int_equal(gv_cluster_put(&world->cluster, node,
                                    &(struct gv_entry){.lattice = GV_LATTICE_LOG,
                                                       .key = gv_slice_of(key, (size_t)len),
                                                       .value = gv_slice_text("\"a message\"")}),
                     1);
    world->given[world->count++] = (struct given){offset, node, world->life[node], false};
}

// The cut of the node has passed an entry that the node lacks. This is allowed only if the node
// that assigned the offset lost its state before any other node received the entry.
static void excuse(struct world *world, struct given *given) {
    assert_true(world->life[given->node] > given->life);
    for (uint32_t i = 0; i < world->nodes; i++) assert_false(holds(world, i, given->offset));
    world->excused += !given->lost;
    given->lost = true;
}

static void check(struct world *world, uint32_t node) {
    uint64_t cut = cut_of(world, node).offset;
    assert_true(cut >= world->cut[node]);
    world->cut[node] = cut;
    if (cut > world->passed) world->passed = cut;
    for (unsigned i = 0; i < world->count; i++) {
        struct given *given = &world->given[i];
        bool held = holds(world, node, given->offset);
        assert_false(held && given->lost);
        if (given->offset < cut && !held) excuse(world, given);
    }
}

// Most calls check only the end of the log; some calls check all of it.
static void check_all(struct world *world) {
    for (uint32_t i = 0; i < world->nodes; i++) {
        if (!world->cluster.nodes[i].stopped) check(world, i);
    }
}

static void forget(struct world *world, uint32_t node) {
    // An entry that two nodes lose together is lost, although both had returned it.
    for (uint32_t i = 0; i < world->nodes; i++) {
        if (i != node && cut_of(world, i).recovering) return;
    }
    if (world->nodes == 1) return;
    gv_cluster_restart(&world->cluster, node);
    world->life[node]++;
    world->cut[node] = 0;
}

static void reload(struct world *world, uint32_t node) {
    // A recovering node does not have its complete state yet.
    if (cut_of(world, node).recovering) return;
    gv_cluster_reload(&world->cluster, node);
    world->cut[node] = 0; // its stored promises may be newer than its stored entries
}

static void step(struct world *world) {
    uint32_t node = (uint32_t)gv_prng_below(&world->prng, world->nodes);
    uint64_t choice = gv_prng_below(&world->prng, 300);
    if (choice < 3)
        gv_cluster_split(&world->cluster, (uint32_t)gv_prng_below(&world->prng, world->nodes));
    if (choice >= 3 && choice < 9) gv_cluster_split(&world->cluster, 0);
    if (choice == 9 || choice == 10) forget(world, node);
    if (choice == 11 || choice == 12) reload(world, node);
    if (choice > 20 && choice < 200) {
        for (uint64_t left = gv_prng_below(&world->prng, 4); left > 0; left--) give(world, node);
    }
    gv_cluster_run(&world->cluster, gv_prng_below(&world->prng, STEP_MS) * GV_MS);
    if (choice % 8 == 0) check_all(world);
}

static uint64_t sent_messages(const struct world *world) {
    uint64_t sent = 0;
    for (uint32_t i = 0; i < world->nodes; i++) {
        struct gv_engine_stats stats;
        gv_engine_stats(world->cluster.nodes[i].engine, &stats);
        sent += stats.sent_messages;
    }
    return sent;
}

// All cuts are above all entries in all replicas.
static bool at_end(const struct world *world) {
    for (uint32_t i = 0; i < world->nodes; i++) {
        struct gv_engine_cut cut = cut_of(world, i);
        if (cut.recovering || cut.since != GV_TIME_NEVER) return false;
    }
    return true;
}

// After healing, all cuts reach the end; then only idle comparisons are sent.
static void settle(struct world *world) {
    world->cluster.config.loss = 0;
    gv_cluster_split(&world->cluster, 0);
    gv_time waited = 0;
    for (; !at_end(world) && waited < 120000 * GV_MS; waited += 100 * GV_MS)
        gv_cluster_run(&world->cluster, 100 * GV_MS);
    assert_true(at_end(world));
    gv_cluster_run(&world->cluster, 100000 * GV_MS);
    assert_true(gv_cluster_equal(&world->cluster));
    check_all(world);
    uint64_t before = sent_messages(world);
    struct gv_digest root = gv_engine_root(world->cluster.nodes[0].engine);
    gv_cluster_run(&world->cluster, 60000 * GV_MS);
    assert_true(sent_messages(world) - before <= 4 * world->nodes + 2);
    assert_true(gv_digest_equal(root, gv_engine_root(world->cluster.nodes[0].engine)));
    assert_true(at_end(world));
}

static void cuts_are_complete_and_reach_the_end(void **state) {
    (void)state;
    static const uint32_t stalenesses[] = {0, 50, 500}, latencies[] = {0, 5, 100};
    struct world *world = malloc(sizeof *world);
    assert_non_null(world);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    unsigned excused = 0, refused = 0, given = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        memset(world, 0, sizeof *world);
        gv_prng_init(&world->prng, gv_prng_next(&prng), 0);
        world->nodes = 1 + (uint32_t)gv_prng_below(&world->prng, NODES_MAX);
        gv_cluster_init(&world->cluster,
                        &(struct gv_cluster_config){
                            .nodes = world->nodes,
                            .seed = gv_prng_next(&world->prng),
                            .origin = 1000 * GV_MS,
                            .staleness_ms = stalenesses[round % 3],
                            .latency_ms = latencies[gv_prng_below(&world->prng, 3)],
                            .uniform = gv_prng_below(&world->prng, 2) == 0,
                            .loss = round % 4 == 0 ? 0.2 : 0,
                            .duplication = round % 5 == 0 ? 0.2 : 0,
                            .cut = true,
                        });
        gv_cluster_join(&world->cluster);
        for (unsigned i = 0; i < STEPS; i++) step(world);
        settle(world);
        for (uint32_t i = 0; i < world->nodes; i++)
            assert_int_equal(world->cluster.nodes[i].bad, 0);
        gv_cluster_fini(&world->cluster);
        excused += world->excused;
        refused += world->refused;
        given += world->count;
    }
    printf("%u offsets given, %u refused, %u told nobody\n", given, refused, excused);
    assert_true(given > 0 && refused > 0 && excused > 0);
    free(world);
}

// Five nodes with latencies of 100 ms write all the time. Within three seconds after a partition
// heals, all cuts reach the end.
static void cuts_move_soon_after_healing(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    assert_non_null(world);
    gv_time longest = 0;
    for (unsigned round = 0; round < 20; round++) {
        memset(world, 0, sizeof *world);
        gv_prng_init(&world->prng, gv_test_seed() + round, 0);
        world->nodes = 5;
        struct gv_cluster *cluster = &world->cluster;
        gv_cluster_init(cluster, &(struct gv_cluster_config){.nodes = 5,
                                                             .seed = gv_test_seed() + round,
                                                             .staleness_ms = 500,
                                                             .latency_ms = 100,
                                                             .cut = true});
        gv_cluster_join(cluster);
        gv_cluster_run(cluster, 3000 * GV_MS);
        gv_cluster_split(cluster, 1 + round % 4);
        for (unsigned i = 0; i < 200; i++) {
            give(world, (uint32_t)gv_prng_below(&world->prng, 5));
            gv_cluster_run(cluster, 20 * GV_MS);
        }
        assert_false(at_end(world));
        gv_cluster_split(cluster, 0);
        gv_time healed = cluster->queue.now;
        while (!at_end(world)) {
            gv_cluster_run(cluster, 20 * GV_MS);
            assert_true(cluster->queue.now - healed < 60000 * GV_MS);
        }
        check_all(world);
        longest = gv_time_max(longest, cluster->queue.now - healed);
        gv_cluster_fini(cluster);
    }
    printf("all cuts at the end %u ms after healing at the latest\n", (unsigned)(longest / GV_MS));
    assert_true(longest <= 3000 * GV_MS);
    free(world);
}

// A message of a former life arrives after the next life has recovered and the cuts have passed the
// entry in the message. All nodes refuse the entry, without an error.
static void messages_of_a_former_life_are_refused(void **state) {
    (void)state;
    static const uint32_t stalenesses[] = {0, 100};
    struct world *world = malloc(sizeof *world);
    assert_non_null(world);
    for (unsigned round = 0; round < 2; round++) {
        memset(world, 0, sizeof *world);
        world->nodes = 3;
        struct gv_cluster *cluster = &world->cluster;
        gv_cluster_init(cluster, &(struct gv_cluster_config){.nodes = 3,
                                                             .seed = round,
                                                             .staleness_ms = stalenesses[round],
                                                             .latency_ms = 1,
                                                             .cut = true});
        gv_cluster_join(cluster);
        gv_cluster_run(cluster, 3000 * GV_MS);
        give(world, 1);
        gv_cluster_run(cluster, 3000 * GV_MS);
        for (uint32_t i = 1; i < 3; i++) cluster->nodes[i].slow_ms = 20000;
        give(world, 0);
        gv_cluster_run(cluster, 500 * GV_MS);
        for (uint32_t i = 1; i < 3; i++) cluster->nodes[i].slow_ms = 0;
        forget(world, 0);
        gv_cluster_run(cluster, 5000 * GV_MS);
        give(world, 0);
        gv_cluster_run(cluster, 5000 * GV_MS);
        assert_true(at_end(world));
        check_all(world);
        assert_int_equal(world->excused, 1);
        uint64_t refused = 0;
        gv_cluster_run(cluster, 60000 * GV_MS);
        for (uint32_t i = 0; i < 3; i++) {
            struct gv_engine_stats stats;
            gv_engine_stats(cluster->nodes[i].engine, &stats);
            refused += stats.refused_entries;
            assert_int_equal(cluster->nodes[i].bad, 0);
        }
        assert_true(refused > 0);
        assert_true(gv_cluster_equal(cluster));
        check_all(world);
        gv_cluster_fini(cluster);
    }
    free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_complete_and_reach_the_end),
        cmocka_unit_test(cuts_move_soon_after_healing),
        cmocka_unit_test(messages_of_a_former_life_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
