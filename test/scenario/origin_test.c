// SPDX-License-Identifier: MIT
// The origin of the clock does not matter: a cluster sends the same messages at the same times
// after its start, whether the clock starts at 0, 1, half of its range, or a day before its end.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000, DAY = 86400 };

static const gv_time origins[] = {0, 1, UINT64_C(1) << 63,
                                  GV_TIME_NEVER - (gv_time)DAY *SECOND *GV_MS};

static gv_time ms(uint64_t count) {
    return count * GV_MS;
}

// Applies a random event to a cluster, and runs it for some seconds.
static void one_event(struct gv_cluster *cluster, struct gv_prng *prng, int64_t number) {
    uint32_t node = (uint32_t)gv_prng_below(prng, cluster->config.nodes);
    struct gv_cluster_node *at = &cluster->nodes[node];
    switch (gv_prng_below(prng, 8)) {
    case 0:
        if (!at->stopped) gv_cluster_restart(cluster, node);
        break;
    case 1:
        if (!at->stopped) gv_cluster_reload(cluster, node);
        break;
    case 2:
        at->stopped = true;
        break;
    case 3:
        if (at->stopped) gv_cluster_resume(cluster, node);
        break;
    case 4:
        gv_cluster_split(cluster, node);
        break;
    default:
        if (!at->stopped) gv_cluster_add_number(cluster, node, number);
    }
    gv_cluster_run(cluster, ms(gv_prng_below(prng, 3) * gv_prng_below(prng, 4 * SECOND)));
}

// The trace of a run with this seed; the caller frees it.
static char *trace_of_run(uint64_t seed, gv_time origin) {
    static const uint32_t stalenesses[] = {0, 20, 500, 60 * SECOND};
    static const uint32_t latencies[] = {0, 1, 100, 2000, 20000};
    struct gv_prng prng;
    gv_prng_init(&prng, seed, 0);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct gv_cluster cluster;
    const struct gv_cluster_config config = {
        .nodes = 2 + (uint32_t)gv_prng_below(&prng, 6),
        .seed = seed,
        .origin = origin,
        .staleness_ms = stalenesses[gv_prng_below(&prng, 4)],
        .latency_ms = latencies[gv_prng_below(&prng, 5)],
        .uniform = gv_prng_below(&prng, 2) == 0,
        .loss = gv_prng_below(&prng, 2) == 0 ? 0 : 0.1,
        .trace = out,
    };
    gv_cluster_init(&cluster, &config);
    gv_cluster_run(&cluster, ms(gv_prng_below(&prng, 2)));
    gv_cluster_join(&cluster);
    for (int64_t i = 0; i < 30; i++) one_event(&cluster, &prng, i);
    gv_cluster_run(&cluster, ms(100 * SECOND));
    gv_cluster_fini(&cluster);
    fclose(out);
    return text;
}

static void any_origin_gives_the_same_run(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 11);
    for (int round = 0; round < 100; round++) {
        uint64_t seed = gv_prng_next(&prng);
        // The usual case is a clock that counts from the boot of a machine.
        char *usual = trace_of_run(seed, ms(12345678));
        assert_true(strlen(usual) > 0);
        for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
            char *text = trace_of_run(seed, origins[i]);
            bool same = strcmp(text, usual) == 0;
            if (!same) {
                size_t at = 0;
                while (text[at] == usual[at]) at++;
                printf("round %d: origin %llu gives another run:\n%.300s\nthan origin 0:\n%.300s\n",
                       round, (unsigned long long)origins[i], text + at, usual + at);
            }
            free(text);
            assert_true(same);
        }
        free(usual);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_origin_gives_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
