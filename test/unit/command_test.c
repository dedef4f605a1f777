// SPDX-License-Identifier: MIT
#include "../../sim/tools/command.h"
#include "../lib/test.h"

#include <string.h>

static char why[GV_COMMAND_WHY_MAX];

// Parses a command line split at spaces.
static int parse(struct gv_command *command, const char *line) {
    static char text[512];
    static char *argv[64];
    int argc = 0;
    strncpy(text, line, sizeof text - 1);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    why[0] = '\0';
    return gv_command_parse(command, argc, argv, 99, why);
}

static void defaults(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim exec -w g-set -- ./node"), GV_COMMAND_EXEC);
    assert_int_equal(command.run.load, GV_LOAD_G_SET);
    assert_int_equal(command.run.nodes, 5);
    assert_true(command.run.rate == 5);
    assert_int_equal(command.run.time_limit, 10000 * GV_MS);
    assert_int_equal(command.run.quiet, 10000 * GV_MS);
    assert_int_equal(command.run.latency_ms, 0);
    assert_int_equal(command.run.delivery, GV_NET_MAELSTROM);
    assert_int_equal(command.run.topology, GV_TOPOLOGY_GRID);
    assert_false(command.run.nemesis);
    assert_int_equal(command.run.seed, 99);
    assert_null(command.options.json);
    assert_null(command.options.log_dir);
    assert_string_equal(command.options.argv[0], "./node");
    assert_null(command.options.argv[1]);
}

static void every_option_is_taken(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim exec --workload=pn-counter --node-count 25 --rate 0.5 "
                                     "--time-limit 20 --quiet 1.5 --latency 100 --latency-dist "
                                     "exponential --delivery exact --topology tree4 --nemesis "
                                     "partition --nemesis-interval 4 --seed 18446744073709551615 "
                                     "--json=r.json --log-dir logs -- node -w --seed"),
                     GV_COMMAND_EXEC);
    const struct gv_run_config *run = &command.run;
    assert_int_equal(run->load, GV_LOAD_PN_COUNTER);
    assert_int_equal(run->nodes, 25);
    assert_true(run->rate == 0.5);
    assert_int_equal(run->time_limit, 20000 * GV_MS);
    assert_int_equal(run->quiet, 1500 * GV_MS);
    assert_int_equal(run->latency_ms, 100);
    assert_int_equal(run->latency, GV_NET_EXPONENTIAL);
    assert_int_equal(run->delivery, GV_NET_EXACT);
    assert_int_equal(run->topology, GV_TOPOLOGY_TREE4);
    assert_true(run->nemesis);
    assert_int_equal(run->nemesis_interval, 4000 * GV_MS);
    assert_true(run->seed == UINT64_MAX);
    assert_string_equal(command.options.json, "r.json");
    assert_string_equal(command.options.log_dir, "logs");
    assert_string_equal(command.options.argv[1], "-w");
    assert_string_equal(command.options.argv[2], "--seed");
}

static void availability_is_total_or_a_share(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim run -w echo"), GV_COMMAND_RUN);
    assert_true(command.run.availability == 0);
    assert_int_equal(parse(&command, "gvsim run -w echo --availability total"), GV_COMMAND_RUN);
    assert_true(command.run.availability == 1);
    assert_int_equal(parse(&command, "gvsim exec -w echo --availability 0.75 -- x"),
                     GV_COMMAND_EXEC);
    assert_true(command.run.availability == 0.75);
    static const char *const bad[] = {"1.01", "-1", "all", "nan", "50%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[64];
        snprintf(line, sizeof line, "gvsim run -w echo --availability %s", bad[i]);
        assert_int_equal(parse(&command, line), GV_EINVAL);
        assert_non_null(strstr(why, "must be total or a number from 0 to 1"));
    }
}

static void virtual_mode_takes_options_of_its_own(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim run -w g-set"), GV_COMMAND_RUN);
    assert_int_equal(command.staleness_ms, 500);
    assert_true(command.settle == GV_TIME_NEVER);
    assert_false(command.check_determinism);
    assert_int_equal(parse(&command, "gvsim run -w g-set --nodes 10000 --staleness=0 --settle 1.5 "
                                     "--check-determinism --seed 4"),
                     GV_COMMAND_RUN);
    assert_int_equal(command.run.nodes, 10000);
    assert_int_equal(command.staleness_ms, 0);
    assert_int_equal(command.settle, 1500 * GV_MS);
    assert_true(command.check_determinism);
    assert_int_equal(command.run.seed, 4);
}

static void a_scenario_sets_what_the_command_line_does_not(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim run --scenario x --node-count 7"), GV_COMMAND_RUN);
    assert_string_equal(command.scenario, "x");
    assert_int_equal(gv_command_check(&command, why), GV_EINVAL);
    assert_int_equal(gv_command_default(&command, "workload", "g-set", why), 0);
    assert_int_equal(gv_command_check(&command, why), 0);
    assert_int_equal(gv_command_default(&command, "nodes", "9", why), 0);
    assert_int_equal(command.run.nodes, 7);
    assert_int_equal(gv_command_default(&command, "staleness", "9", why), 0);
    assert_int_equal(command.staleness_ms, 9);
    assert_int_equal(gv_command_default(&command, "rate", "x", why), GV_EINVAL);
    assert_int_equal(gv_command_default(&command, "json", "x", why), GV_EINVAL);
    assert_string_equal(
        why,
        "'json' is neither a step, such as cut or crash, nor a setting, such as nodes or rate");
    assert_int_equal(parse(&command, "gvsim run -w echo --scenario x --nemesis partition"),
                     GV_COMMAND_RUN);
    assert_int_equal(gv_command_check(&command, why), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim swarm --seeds 3..17 --jobs 2"), GV_COMMAND_SWARM);
    assert_int_equal(command.first_seed, 3);
    assert_int_equal(command.last_seed, 17);
    assert_int_equal(command.jobs, 2);
    assert_int_equal(parse(&command, "gvsim swarm --seeds 3"), GV_COMMAND_SWARM);
    assert_int_equal(command.last_seed, 3);
    assert_int_equal(command.jobs, 1);
    assert_int_equal(parse(&command, "gvsim scenarios"), GV_COMMAND_SCENARIOS);
    assert_null(command.name);
    assert_int_equal(parse(&command, "gvsim scenarios ring"), GV_COMMAND_SCENARIOS);
    assert_string_equal(command.name, "ring");
}

static void aliases_name_the_same_option(void **state) {
    (void)state;
    struct gv_command command;
    int at = 0;
    const char *name, *value;
    assert_int_equal(parse(&command, "gvsim run -w g-set --seals on"), GV_COMMAND_RUN);
    assert_true(command.authenticated);
    assert_int_equal(gv_command_default(&command, "auth", "off", why), 0);
    assert_true(command.authenticated);
    assert_true(gv_command_given(&command, &at, &name, &value));
    assert_string_equal(name, "workload");
    assert_true(gv_command_given(&command, &at, &name, &value));
    assert_string_equal(name, "auth");
    assert_false(gv_command_given(&command, &at, &name, &value));
    assert_int_equal(parse(&command, "gvsim run -w g-set"), GV_COMMAND_RUN);
    assert_int_equal(gv_command_default(&command, "seals", "on", why), 0);
    assert_true(command.authenticated);
    assert_int_equal(gv_command_default(&command, "node-count", "7", why), 0);
    assert_int_equal(command.run.nodes, 7);
    assert_int_equal(gv_command_default(&command, "", "x", why), GV_EINVAL);
    assert_int_equal(gv_command_default(&command, "-w", "echo", why), GV_EINVAL);
    assert_string_equal(gv_command_setting("node-count"), "nodes");
    assert_string_equal(gv_command_setting("seals"), "auth");
    assert_string_equal(gv_command_setting("rate"), "rate");
}

static void help_and_version(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim --help"), GV_COMMAND_HELP);
    assert_int_equal(parse(&command, "gvsim exec -h"), GV_COMMAND_HELP);
    assert_int_equal(parse(&command, "gvsim help"), GV_COMMAND_HELP);
    assert_int_equal(parse(&command, "gvsim scenarios --help"), GV_COMMAND_HELP);
    assert_int_equal(parse(&command, "gvsim -V"), GV_COMMAND_VERSION);
    bool found = false;
    for (size_t i = 0; gv_command_help[i] != NULL; i++)
        found = found || strstr(gv_command_help[i], "--nemesis-interval") != NULL;
    assert_true(found);
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"gvsim", "missing command; expected exec, run, "},
        {"gvsim walk", "unknown command walk"},
        {"gvsim run", "missing workload: -w NAME"},
        {"gvsim swarm", "missing seeds: --seeds A..B"},
        {"gvsim swarm --seeds 5..4", "--seeds must be a whole number from 5"},
        {"gvsim swarm --seeds 5.4", "--seeds must be a seed or a range such as 1..1000, not '5.4'"},
        {"gvsim swarm --seeds 1 --jobs 0", "--jobs must be a whole number from 1 to 256"},
        {"gvsim swarm --seeds 1 --rate 5", "--rate is an option of other commands"},
        {"gvsim run -w echo --report -", "--report must be a file: only --json goes to"},
        {"gvsim exec -w echo --trace - -- x", "--trace must be a file"},
        {"gvsim run -w echo --json a --trace b --report a",
         "--json and --report name the same file, 'a'"},
        {"gvsim run -w echo x", "unexpected argument 'x'"},
        {"gvsim run -w echo --log-dir x", "--log-dir is an option of other commands"},
        {"gvsim run -w echo --check-determinism=1", "--check-determinism takes no value"},
        {"gvsim exec -w echo --staleness 1 -- x", "--staleness is an option of other commands"},
        {"gvsim scenarios ring storm", "unexpected argument 'storm'"},
        {"gvsim scenarios --foo", "unknown option --foo"},
        {"gvsim --foo", "unknown option --foo"},
        {"gvsim exec --foo", "unknown option --foo"},
        {"gvsim exec -w", "-w needs a value"},
        {"gvsim exec -w lin-kv -- x", "not 'lin-kv'"},
        {"gvsim exec -w kafka --max-writes-per-key 65 -- x",
         "kafka has at most 64 messages per key"},
        {"gvsim exec -w echo --concurrency 4 -- x",
         "--concurrency is 4, but each of the 5 nodes needs a client"},
        {"gvsim exec -w echo --concurrency 0n -- x", "such as 2n, not '0n'"},
        {"gvsim exec -w echo --concurrency n -- x", "such as 2n, not 'n'"},
        {"gvsim exec -w echo --concurrency 2m -- x", "such as 2n, not '2m'"},
        {"gvsim exec -w echo --nodes 1000 --concurrency 101n -- x",
         "--concurrency gives 101000 clients in all; the limit is 100000"},
        {"gvsim exec -w echo --consistency-models read-atomic, -- x", "not 'read-atomic,'"},
        {"gvsim run -w txn-rw-register --consistency-models serializable",
         "--consistency-models must be read-uncommitted, read-committed or read-atomic"},
        {"gvsim run -w txn-rw-register --max-txn-length 101",
         "--max-txn-length must be a whole number from 1 to 100"},
        {"gvsim run -w txn-rw-register --key-count 0", "--key-count must be a whole number from 1"},
        {"gvsim exec -w echo", "missing program: -- PROGRAM [ARGS...]"},
        {"gvsim exec -w echo --", "missing program: -- PROGRAM [ARGS...]"},
        {"gvsim exec -w echo x", "the program 'x' must come after --"},
        {"gvsim exec -- x", "missing workload: -w NAME"},
        {"gvsim exec -w echo --node-count 0 -- x", "from 1 to 10000, not '0'"},
        {"gvsim exec -w echo --node-count 1e2 -- x", "not '1e2'"},
        {"gvsim exec -w echo --rate -1 -- x", "--rate must be a number from 0"},
        {"gvsim exec -w echo --rate nan -- x", "not 'nan'"},
        {"gvsim exec -w echo --time-limit 1s -- x", "not '1s'"},
        {"gvsim exec -w echo --nemesis-interval 0 -- x", "above 0"},
        {"gvsim exec -w echo --nemesis fire -- x", "--nemesis must be partition, not 'fire'"},
        {"gvsim exec -w echo --delivery slow -- x", "maelstrom or exact, not 'slow'"},
        {"gvsim exec -w echo --topology ring -- x", "tree4 or total, not 'ring'"},
        {"gvsim exec -w echo --seed 18446744073709551616 -- x", "--seed must be a whole number"},
        {"gvsim exec -w echo --seed -1 -- x", "not '-1'"},
    };
    struct gv_command command;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(&command, cases[i][0]), GV_EINVAL);
        assert_non_null(strstr(why, cases[i][1]));
    }
}

static void results_are_compared(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "gvsim compare a --max-ratio 1.1 b --max-p99-ms=500"),
                     GV_COMMAND_COMPARE);
    assert_string_equal(command.files[0], "a");
    assert_string_equal(command.files[1], "b");
    assert_true(command.options.limits.ratio == 1.1);
    assert_true(command.options.limits.most[GV_LIMITS_P99] == 500);
    assert_true(command.options.limits.most[GV_LIMITS_MSGS] == 0);
    assert_int_equal(parse(&command, "gvsim compare a"), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim compare a b c"), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim compare a b --max-ratio 0"), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim compare a b --rate 3"), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim run -w echo --max-ratio 3"), GV_EINVAL);
    assert_int_equal(parse(&command, "gvsim run -w echo --max-median-ms 3.5"), GV_COMMAND_RUN);
    assert_true(command.options.limits.most[GV_LIMITS_MEDIAN] == 3.5);
}

static void benchmarks_take_seeds_of_their_own(void **state) {
    (void)state;
    struct gv_command command;
    assert_int_equal(parse(&command, "bin/gvsim glomers 3d"), GV_COMMAND_GLOMERS);
    assert_string_equal(command.challenge, "3d");
    assert_string_equal(command.self, "bin/gvsim");
    assert_int_equal(command.run.seed, 1); // a fixed seed, so that results are reproducible
    assert_int_equal(command.runs, 1);
    assert_int_equal(command.jobs, 4);
    assert_null(command.options.argv);
    assert_int_equal(parse(&command, "gvsim glomers 1 --seeds 3 -- ./node --flag"),
                     GV_COMMAND_GLOMERS);
    assert_int_equal(command.runs, 3);
    assert_string_equal(command.options.argv[0], "./node");
    assert_string_equal(command.options.argv[1], "--flag");
    assert_null(command.options.argv[2]);
    assert_int_equal(parse(&command, "gvsim sweep --seeds 5 --seed 7 --jobs 2 --svg a --json=b"),
                     GV_COMMAND_SWEEP);
    assert_int_equal(command.runs, 5);
    assert_int_equal(command.run.seed, 7);
    assert_int_equal(command.jobs, 2);
    assert_string_equal(command.svg, "a");
    assert_null(command.redraw);
    assert_int_equal(parse(&command, "gvsim sweep --redraw a"), GV_COMMAND_SWEEP);
    assert_string_equal(command.redraw, "a");
    static const char *const wrong[] = {
        "gvsim glomers",        "gvsim glomers 3a 3b",      "gvsim glomers 3a --svg a",
        "gvsim sweep 3a",       "gvsim sweep --seeds 0",    "gvsim sweep --seeds 101",
        "gvsim sweep --rate 3", "gvsim sweep --seeds 1..3", "gvsim sweep --jobs",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(parse(&command, wrong[i]), GV_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_compared),
        cmocka_unit_test(benchmarks_take_seeds_of_their_own),
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_option_is_taken),
        cmocka_unit_test(availability_is_total_or_a_share),
        cmocka_unit_test(virtual_mode_takes_options_of_its_own),
        cmocka_unit_test(a_scenario_sets_what_the_command_line_does_not),
        cmocka_unit_test(aliases_name_the_same_option),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
