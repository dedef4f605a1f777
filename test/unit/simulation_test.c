// SPDX-License-Identifier: MIT
// Complete runs of grapevine's nodes, in virtual time.
#include "../../sim/run/simulation.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_simulation *sim;

static struct gv_simulation_config config_of(enum gv_load_kind load) {
    return (struct gv_simulation_config){
        .run = {.load = load,
                .nodes = 9,
                .rate = 50,
                .time_limit = 5000 * GV_MS,
                .quiet = 6000 * GV_MS,
                .latency_ms = 20,
                .topology = GV_TOPOLOGY_GRID,
                .nemesis_interval = 1500 * GV_MS,
                .seed = 7},
        .staleness_ms = 300,
        .settle = 6000 * GV_MS,
    };
}

static struct gv_result run(const struct gv_simulation_config *config) {
    sim = gv_simulation_new(config);
    while (gv_simulation_step(sim)) {
    }
    return gv_simulation_finish(sim);
}

static void end(void) {
    gv_simulation_free(sim);
}

// The second run has another seed, so its result differs.
static void a_run_that_does_not_repeat_is_invalid(void **state) {
    (void)state;
    struct gv_simulation_config config = config_of(GV_LOAD_G_SET);
    struct gv_result same = run(&config);
    struct gv_simulation *before = sim;
    struct gv_result result = run(&config);
    assert_true(gv_simulation_repeats(sim, &result, &same) && result.valid);
    gv_simulation_free(before);
    before = sim;
    config.run.seed++;
    struct gv_result other = run(&config);
    assert_false(gv_simulation_repeats(before, &result, &other));
    assert_true(!result.valid && other.valid);
    assert_int_equal(result.errors->count, 1);
    assert_non_null(strstr(result.errors->texts[0], "not deterministic: "));
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    gv_result_print(&result, out, false);
    gv_result_json(&result, out);
    fclose(out);
    assert_int_equal(strncmp(text, "invalid: 1 error\n  - not deterministic", 38), 0);
    assert_non_null(strstr(text, "{\"valid\":false,"));
    free(text);
    gv_simulation_free(before);
    end();
}

static void every_workload_is_valid_under_partitions(void **state) {
    (void)state;
    for (int load = 0; load < GV_LOAD_KINDS; load++) {
        if (!gv_simulation_has((enum gv_load_kind)load)) continue;
        struct gv_simulation_config config = config_of((enum gv_load_kind)load);
        config.run.nemesis = true;
        config.run.latency = GV_NET_EXPONENTIAL;
        config.run.delivery = load % 2 == 0 ? GV_NET_EXACT : GV_NET_MAELSTROM;
        struct gv_result result = run(&config);
        assert_true(result.valid);
        assert_int_equal(result.failed + result.unknown, 0);
        assert_true(result.ok > 200 && result.partitions > 0);
        assert_true(result.settled == gv_load_converges(config.run.load));
        assert_true(result.node_memory > 1000 && result.lines > 2 * result.ops);
        end();
    }
}

static void the_staleness_is_kept(void **state) {
    (void)state;
    struct gv_simulation_config config = config_of(GV_LOAD_BROADCAST);
    config.run.delivery = GV_NET_EXACT;
    struct gv_result slow = run(&config);
    assert_true(slow.stable_latency.p100 <= 300 && slow.stable_latency.p100 > 50);
    double each = (double)slow.servers_msgs / (double)slow.ops;
    end();
    config.staleness_ms = 0;
    struct gv_result fast = run(&config);
    assert_true(fast.stable_latency.p100 <= 20);
    assert_true((double)fast.servers_msgs / (double)fast.ops > each);
    end();
}

static void one_seed_gives_one_run(void **state) {
    (void)state;
    struct gv_simulation_config config = config_of(GV_LOAD_G_SET);
    config.run.nemesis = true;
    config.run.latency = GV_NET_UNIFORM;
    struct gv_result first = run(&config);
    uint64_t trace = first.trace_hash, lines = first.lines;
    end();
    struct gv_result second = run(&config);
    assert_true(second.trace_hash == trace && second.lines == lines);
    end();
    config.run.seed++;
    struct gv_result third = run(&config);
    assert_true(third.trace_hash != trace);
    end();
}

static void replicas_that_differ_too_long_are_wrong(void **state) {
    (void)state;
    struct gv_simulation_config config = config_of(GV_LOAD_BROADCAST);
    config.settle = 1 * GV_MS; // shorter than any message takes
    struct gv_result result = run(&config);
    assert_false(result.valid);
    assert_non_null(strstr(result.errors->texts[0], "unequal replicas: 0.001 s after"));
    assert_true(result.has_finals && result.finals_equal);
    end();
}

static void a_cluster_of_one_works(void **state) {
    (void)state;
    struct gv_simulation_config config = config_of(GV_LOAD_PN_COUNTER);
    config.run.nodes = 1;
    struct gv_result result = run(&config);
    assert_true(result.valid && result.settled);
    assert_int_equal(result.servers_msgs, 0);
    end();
}

// Creates a run with a scenario.
static struct gv_simulation_config config_under(enum gv_load_kind load, const char *text) {
    static struct gv_scenario scenario;
    static struct gv_wan wan;
    static struct gv_scenario_diagnostic diagnostic;
    struct gv_simulation_config config = config_of(load);
    gv_wan_close(&wan);
    gv_scenario_fini(&scenario);
    assert_int_equal(gv_scenario_parse(&scenario, text, strlen(text), &diagnostic), 0);
    assert_int_equal(
        gv_scenario_check(&scenario, config.run.nodes, config.run.time_limit, &diagnostic), 0);
    config.run.scenario = &scenario;
    config.run.delivery = GV_NET_EXACT;
    if (gv_scenario_wan(&scenario, config.run.nodes, &wan)) config.run.wan = &wan;
    config.disk_latency = 5 * GV_MS;
    return config;
}

// Runs to the end; the result must be valid.
static struct gv_result run_scenario_config(const struct gv_simulation_config *config,
                                            const char *text) {
    struct gv_result result = run(config);
    if (!result.valid) print_message("%s: %s\n", text, result.errors->texts[0]);
    assert_true(result.valid);
    assert_true(result.settled && result.has_finals && result.finals_equal);
    return result;
}

static struct gv_result run_scenario_on_disk(enum gv_load_kind load, enum gv_disk_kind disk,
                                             const char *text) {
    struct gv_simulation_config config = config_under(load, text);
    config.disk = disk;
    return run_scenario_config(&config, text);
}

static struct gv_result run_scenario(enum gv_load_kind load, const char *text) {
    return run_scenario_on_disk(load, GV_DISK_ABSENT, text);
}

static void every_fault_is_survived(void **state) {
    (void)state;
    static const char *const texts[] = {
        "cut n0..n3 | rest at 1s for 3s",
        "cut n0..n2 | n3..n5 | n6..n8 at 1s",
        "cut n0 > rest at 1s for 2s\ncut rest > n1 at 2s for 2s",
        "cut any at 0s for 300ms every 700ms",
        "lose 50% at 1s for 3s",
        "lose 100% between n0..n3 | rest at 1s for 3s",
        "duplicate 50% at 0s\ndelay 100ms exponential at 0s",
        "crash n1,n2 at 2s for 1s without disk",
        "crash n0..n5 at 3s for 1s without disk",
        "crash all at 2s for 500ms without disk",
        "pause n1..n3 at 2s for 2s",
        "flap n0..n3 | rest every 200ms from 1s for 3s",
        "reorder 30% by 100ms at 0s",
        "limit 3kB/s wait 200ms at 1s for 3s",
        "slow n0..n2 30ms at 1s for 3s",
        "clock n1 +3s at 2s\nclock n2 -3s at 1s\nclock all +1s at 3s",
        "drift n0..n3 300000ppm at 0s\ndrift n4,n5 -300000ppm at 0s for 3s",
        ("region a n0..n2\nregion b n3..n6\nrtt a b 200ms\nrtt b b 2ms\nbandwidth a b 20kB/s\n"
         "lose 5% at 0s"),
        "pause n1 at 1s for 3s\ncrash n1 at 2s for 500ms without disk\ncut half at 1s for 3s",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct gv_result sets = run_scenario(GV_LOAD_BROADCAST, texts[i]);
        assert_int_equal(sets.lost + sets.phantom + sets.duplicated, 0);
        assert_true(sets.fault_periods > 0);
        end();
        run_scenario(GV_LOAD_PN_COUNTER, texts[i]);
        end();
    }
}

static void cuts_have_a_direction(void **state) {
    (void)state;
    // Messages of n0 are lost, so its values arrive late.
    struct gv_result mute = run_scenario(GV_LOAD_BROADCAST, "cut n0 > rest at 0s for 4s");
    assert_true(mute.stable_latency.p100 > 3000);
    assert_int_equal(mute.unknown, 0);
    end();
    struct gv_result lossless = run_scenario(GV_LOAD_BROADCAST, "limit 900MB/s at 0s");
    assert_true(lossless.stable_latency.p100 <= 600);
    end();
    struct gv_result late = run_scenario(GV_LOAD_BROADCAST, "delay 200ms at 0s");
    assert_true(late.stable_latency.p50 > lossless.stable_latency.p50 + 50);
    end();
}

static void partitions_are_cuts_alone(void **state) {
    (void)state;
    struct gv_result still =
        run_scenario(GV_LOAD_G_SET, "pause n4 at 1s for 1s\nlose 5% at 2s for 1s");
    assert_true(still.partitions == 0 && still.fault_periods == 1 && still.converged);
    end();
    struct gv_result cut =
        run_scenario(GV_LOAD_G_SET, "pause n4 at 1s for 3s\ncut n0 | rest at 1s for "
                                    "500ms every 1s until 3s");
    assert_true(cut.partitions == 2 && cut.fault_periods == 1);
    end();
}

static void clients_of_a_crashed_or_paused_node_wait(void **state) {
    (void)state;
    struct gv_result down = run_scenario(GV_LOAD_G_SET, "crash n4 at 1s for 3s without disk");
    assert_true(down.unknown > 0);
    end();
    struct gv_result still = run_scenario(GV_LOAD_G_SET, "pause n4 at 1s for 3s");
    assert_int_equal(still.unknown, 0);
    assert_true(still.client_latency.p100 > 2000 && still.client_latency.p100 <= 3000);
    end();
}

static double read_latency(const char *text) {
    double most = run_scenario(GV_LOAD_G_SET, text).client_latency.p100;
    end();
    return most;
}

static void slow_nodes_and_links_are_slow(void **state) {
    (void)state;
    static const char nothing[] = "limit 900MB/s at 0s";
    assert_true(read_latency(nothing) < 1);
    double slow = read_latency("slow n4 40ms at 0s");
    assert_true(slow >= 40 && slow < 2000);
    double usual = run_scenario(GV_LOAD_G_SET, nothing).stable_latency.p50;
    end();
    double far = run_scenario(GV_LOAD_G_SET, "region a n0..n3\nregion b rest\nrtt a b 400ms\n"
                                             "rtt a a 1ms\nrtt b b 1ms\n")
                     .stable_latency.p50;
    end();
    assert_true(far > usual + 50);
    double narrow = run_scenario(GV_LOAD_G_SET, "limit 200B/s between n0 | rest at 0s for 4s")
                        .stable_latency.p95;
    end();
    assert_true(narrow > usual + 200);
    double flapping =
        run_scenario(GV_LOAD_G_SET, "flap n0 | rest every 1s from 0s for 5s").stable_latency.p95;
    end();
    assert_true(flapping > usual + 200);
}

// A node's clock determines the ids that it generates and the time at which it sends.
static void clocks_matter(void **state) {
    (void)state;
    static const char *const texts[] = {"limit 900MB/s at 0s", "clock n0 +3s at 1s",
                                        "drift n0 100000ppm at 0s", "drift n0 -100000ppm at 0s"};
    uint64_t traces[4];
    for (int i = 0; i < 4; i++) {
        traces[i] = run_scenario(GV_LOAD_G_SET, texts[i]).trace_hash;
        end();
        for (int j = 0; j < i; j++) assert_true(traces[i] != traces[j]);
    }
    // If the clock is set back, the ids of the next incarnation are still unique.
    static const char *const lives[] = {"crash n0 at 2s without disk",
                                        "clock n0 -1000s at 1s\n"
                                        "crash n0 at 2s without disk"};
    for (int i = 0; i < 2; i++) {
        struct gv_simulation_config config = config_under(GV_LOAD_UNIQUE_IDS, lives[i]);
        struct gv_result result = run(&config);
        assert_true(result.valid && result.duplicated == 0);
        traces[i] = result.trace_hash;
        end();
    }
    assert_true(traces[0] != traces[1]);
}

// A node whose messages are lost crashes. Only its disk has the values that it acknowledged.
static const char lonely[] = "cut n4 | rest at 0s for 4s\n"
                             "crash n4 at 3s for 500ms with disk\n";

static void a_synced_disk_loses_no_acknowledged_write(void **state) {
    (void)state;
    static const enum gv_load_kind loads[] = {GV_LOAD_BROADCAST, GV_LOAD_PN_COUNTER};
    for (int i = 0; i < 2; i++) {
        struct gv_simulation_config config = config_under(loads[i], lonely);
        config.disk = GV_DISK_SYNC;
        // In at least one run, a crash occurs while a client waits for the disk.
        uint64_t unknown = 0;
        for (config.run.seed = 1; unknown == 0 && config.run.seed <= 50; config.run.seed++) {
            struct gv_result result = run_scenario_config(&config, lonely);
            assert_true(result.client_latency.p95 >= 5);
            assert_true(gv_simulation_disk(sim, 4)->writes > 5);
            unknown = result.unknown;
            end();
        }
        assert_true(unknown > 0);
        // The checkers find writes that a disk lost.
        sim = gv_simulation_new(&config);
        bool more = true;
        while (more && gv_simulation_now(sim) < (1000 + 2900) * GV_MS)
            more = gv_simulation_step(sim);
        assert_true(more);
        gv_disk_crash(gv_simulation_disk(sim, 4), GV_DISK_WIPED, NULL);
        while (gv_simulation_step(sim)) {
        }
        assert_false(gv_simulation_finish(sim).valid);
        end();
    }
}

// With a disk, ids ascend across incarnations even if the clock is set back, and a loss by the disk
// is detected. Clients take turns, so a node that is down for longer than a turn gets a request,
// which times out after 5 s.
static void ids_ascend_if_the_disk_is_kept(void **state) {
    (void)state;
    static const char back[] = "clock n0 -1000s at 2s\n"
                               "crash n0 at 3s for 10ms with disk\n"
                               "crash n0 at 4s for 10ms with torn disk\n";
    for (int forgets = 0; forgets < 2; forgets++) {
        struct gv_simulation_config config = config_under(GV_LOAD_UNIQUE_IDS, back);
        config.disk = GV_DISK_SYNC;
        sim = gv_simulation_new(&config);
        bool more = true;
        while (more && gv_simulation_now(sim) < (1000 + 2900) * GV_MS)
            more = gv_simulation_step(sim);
        assert_true(more);
        assert_true(gv_simulation_disk(sim, 0)->writes > 0);
        if (forgets) gv_disk_crash(gv_simulation_disk(sim, 0), GV_DISK_WIPED, NULL);
        while (gv_simulation_step(sim)) {
        }
        struct gv_result result = gv_simulation_finish(sim);
        assert_int_equal(result.valid, !forgets);
        if (forgets) assert_non_null(strstr(result.errors->texts[0], "ids out of order: n0"));
        end();
    }
}

static void weaker_durability_allows_losses(void **state) {
    (void)state;
    static const enum gv_disk_kind kinds[] = {GV_DISK_SYNC, GV_DISK_ASYNC, GV_DISK_NONE};
    uint64_t lost[3] = {0};
    for (int i = 0; i < 3; i++) {
        static const char text[] = "cut n4 | rest at 0s for 5s\n"
                                   "crash n4 at 1s for 100ms every 400ms with torn disk\n";
        struct gv_result result = run_scenario_on_disk(GV_LOAD_BROADCAST, kinds[i], text);
        assert_true((result.client_latency.p95 >= 5) == (kinds[i] == GV_DISK_SYNC));
        lost[i] = gv_simulation_disk(sim, 4)->lost;
        end();
        run_scenario_on_disk(GV_LOAD_PN_COUNTER, kinds[i], text);
        end();
        run_scenario_on_disk(GV_LOAD_G_SET, kinds[i],
                             "crash all at 2s for 500ms with torn disk\n"
                             "crash n1 at 2200ms for 100ms without disk\n"
                             "crash n2,n3 at 4s for 200ms without disk\npause n5 at 1900ms for 1s");
        end();
    }
    assert_true(lost[2] > 0);
}

static void scenarios_are_repeatable(void **state) {
    (void)state;
    static const char text[] = "lose 20% at 0s\ncut any at 1s for 500ms every 1s\n"
                               "crash n1 at 2s for 500ms without disk";
    uint64_t trace = run_scenario(GV_LOAD_G_SET, text).trace_hash;
    end();
    assert_true(run_scenario(GV_LOAD_G_SET, text).trace_hash == trace);
    end();
}

static void authentication_stops_an_adversary(void **state) {
    (void)state;
    static const char text[] = "forge 40% at 500ms for 4s\nduplicate 20% at 1s for 2s\n"
                               "crash n1 at 2s for 500ms without disk\nclock n1 -5s at 1900ms";
    static const enum gv_load_kind loads[] = {GV_LOAD_BROADCAST, GV_LOAD_PN_COUNTER};
    for (int i = 0; i < 2; i++) {
        struct gv_simulation_config config = config_under(loads[i], text);
        config.authenticated = true;
        struct gv_result result = run_scenario_config(&config, text);
        assert_true(result.traffic.total.numbers.unauthenticated > 20);
        assert_true(result.traffic.total.numbers.replayed > 20);
        end();
        config.authenticated = false;
        result = run(&config);
        assert_false(result.valid);
        assert_true(loads[i] == GV_LOAD_PN_COUNTER || result.phantom > 0);
        assert_int_equal(result.traffic.total.numbers.unauthenticated, 0);
        end();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_does_not_repeat_is_invalid),
        cmocka_unit_test(every_workload_is_valid_under_partitions),
        cmocka_unit_test(the_staleness_is_kept),
        cmocka_unit_test(one_seed_gives_one_run),
        cmocka_unit_test(replicas_that_differ_too_long_are_wrong),
        cmocka_unit_test(a_cluster_of_one_works),
        cmocka_unit_test(every_fault_is_survived),
        cmocka_unit_test(cuts_have_a_direction),
        cmocka_unit_test(partitions_are_cuts_alone),
        cmocka_unit_test(clients_of_a_crashed_or_paused_node_wait),
        cmocka_unit_test(slow_nodes_and_links_are_slow),
        cmocka_unit_test(clocks_matter),
        cmocka_unit_test(a_synced_disk_loses_no_acknowledged_write),
        cmocka_unit_test(ids_ascend_if_the_disk_is_kept),
        cmocka_unit_test(weaker_durability_allows_losses),
        cmocka_unit_test(scenarios_are_repeatable),
        cmocka_unit_test(authentication_stops_an_adversary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
