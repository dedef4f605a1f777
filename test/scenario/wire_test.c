// SPDX-License-Identifier: MIT
// The same seed and calls give the same bytes on every machine. A fixed run of five nodes covers
// all parts of messages; its hash is printed, and ports.sh compares it across platforms.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>

enum { NODES = 5, COMMON = 3000, ROUNDS = 6 };

static void write_some(struct gv_cluster *cluster, struct gv_prng *prng, uint64_t version) {
    for (uint32_t node = 0; node < NODES; node++) {
        for (int i = 0; i < 30; i++) {
            char text[64];
            int64_t number = (int64_t)(gv_prng_next(prng) >> gv_prng_below(prng, 60));
            int stored = gv_cluster_add_number(cluster, node, i % 2 ? number : -number);
            snprintf(text, sizeof text, "{\"at\":[%" PRId64 ",null],\"b\":\"\xc3\xa9\"}", number);
            stored += gv_cluster_add(cluster, node, text);
            snprintf(text, sizeof text, "\"%" PRIx64 "\"", (uint64_t)number % 50);
            stored += gv_cluster_write(cluster, node, text, i % 2 ? "1.5e3" : "[true]", version);
            snprintf(text, sizeof text, "\"n%" PRIu32 "/%" PRIu64 "\"", node, version);
            stored += gv_cluster_count(cluster, node, text, (uint64_t)i + 1);
            assert_true(stored >= 0);
        }
    }
}

// Returns the hash of all messages of the run.
static uint64_t run(uint64_t seed) {
    struct gv_cluster cluster;
    struct gv_prng prng;
    gv_prng_init(&prng, seed, 100);
    const struct gv_cluster_config config = {.nodes = NODES,
                                             .seed = seed,
                                             .staleness_ms = 300,
                                             .latency_ms = 20,
                                             .uniform = true,
                                             .loss = 0.05,
                                             .duplication = 0.05,
                                             .message_max = 4096};
    gv_cluster_init(&cluster, &config);
    for (int i = 0; i < COMMON; i++) {
        int64_t number = (int64_t)(gv_prng_next(&prng) >> 12);
        for (uint32_t node = 0; node < NODES; node++)
            assert_true(gv_cluster_add_number(&cluster, node, number) >= 0);
    }
    gv_cluster_join(&cluster);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        gv_cluster_split(&cluster, round % 2 ? 1 + round / 2 : 0);
        write_some(&cluster, &prng, round + 1);
        gv_cluster_run(&cluster, 3000 * GV_MS);
    }
    gv_cluster_split(&cluster, 0);
    gv_cluster_restart(&cluster, 2); // receives all entries again
    assert_true(gv_cluster_settle(&cluster, 600000 * GV_MS) != GV_TIME_NEVER);
    for (uint32_t node = 0; node < NODES; node++) assert_int_equal(cluster.nodes[node].bad, 0);
    uint64_t trace = cluster.sent_trace;
    gv_cluster_fini(&cluster);
    return trace;
}

static void a_fixed_run(void **state) {
    (void)state;
    uint64_t trace = run(1);
    printf("sent: %016" PRIx64 "\n", trace);
    assert_true(trace == run(1));
    assert_true(trace != run(2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
