// SPDX-License-Identifier: MIT
#include "../../sim/faults/scenario.h"
#include "../../sim/tools/generator.h"
#include "../../sim/tools/simulate.h"
#include "../../sim/tools/swarm.h"
#include "../lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[GV_GENERATOR_TEXT_MAX];

static void every_seed_stands_for_a_scenario_that_fits(void **state) {
    (void)state;
    unsigned kinds[GV_SCENARIO_DRIFT + 1] = {0};
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct gv_scenario scenario;
        struct gv_scenario_diagnostic diagnostic = {0};
        size_t len = gv_generator_scenario(seed, text);
        if (gv_scenario_parse(&scenario, text, len, &diagnostic) != 0) {
            fail_msg("seed %u: line %u, column %u: %s\n%s", (unsigned)seed, diagnostic.line,
                     diagnostic.column, diagnostic.why, text);
        }
        uint32_t nodes = 0, seconds = 0;
        for (size_t i = 0; i < scenario.settings_len; i++) {
            const struct gv_scenario_setting *setting = &scenario.settings[i];
            uint32_t value = (uint32_t)strtoul(setting->value, NULL, 10);
            if (strcmp(setting->name, "nodes") == 0) nodes = value;
            if (strcmp(setting->name, "time-limit") == 0) seconds = value;
        }
        assert_int_equal(gv_scenario_check(&scenario, nodes, seconds * 1000 * GV_MS, &diagnostic),
                         0);
        for (size_t i = 0; i < scenario.len; i++) kinds[scenario.steps[i].kind]++;
        gv_scenario_fini(&scenario);
    }
    for (int kind = 0; kind <= GV_SCENARIO_DRIFT; kind++) assert_true(kinds[kind] > 200);
}

static void names_of_seeds_are_read(void **state) {
    (void)state;
    uint64_t seed = 0;
    assert_true(gv_generator_seed("swarm:17", &seed));
    assert_int_equal(seed, 17);
    assert_false(gv_generator_seed("swarm:", &seed));
    assert_false(gv_generator_seed("swarm:1x", &seed));
    assert_false(gv_generator_seed("swarm:99999999999999999999", &seed));
    assert_false(gv_generator_seed("ring", &seed));
}

static void a_seed_runs_and_has_a_verdict(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct gv_verdict verdict;
        assert_true(gv_simulate_text(text, gv_generator_scenario(seed, text), &verdict));
        if (!verdict.valid) fail_msg("seed %u: %s", (unsigned)seed, verdict.why);
    }
    struct gv_verdict verdict;
    assert_false(gv_simulate_text("cut n0 | n9 at 0s\n", 18, &verdict));
    assert_false(gv_simulate_text("workload echo\nrate much\n", 24, &verdict));
}

// One of ten jobs fails in safety, and another one in liveness.
static struct gv_verdict job(uint64_t number) {
    if (number == 7) abort();
    if (number == 8) exit(9);
    if (number == 1002) sleep(2); // uses no processor time
    volatile uint64_t spin = number;
    while (spin == 1003) continue;
    if (number > 1101) raise(SIGKILL);
    struct gv_verdict verdict = {.valid = number % 5 != 0, .safety = number % 10 == 5};
    snprintf(verdict.why, sizeof verdict.why, "%u is bad", (unsigned)number);
    return verdict;
}

// Redirects standard output, where the pool prints, to a file.
static int pool(uint64_t first, uint64_t last, uint32_t jobs, bool fast, char *said, size_t cap) {
    char path[] = "/tmp/gvsim-pool-XXXXXX";
    int fd = mkstemp(path), out = dup(STDOUT_FILENO);
    assert_true(fd >= 0 && out >= 0);
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    int status = gv_swarm_run(&(struct gv_swarm_config){.first = first,
                                                        .last = last,
                                                        .jobs = jobs,
                                                        .cpu_s = 1,
                                                        .fail_fast = fast,
                                                        .run = job,
                                                        .replay = "again "});
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    ssize_t len = pread(fd, said, cap - 1, 0);
    said[len < 0 ? 0 : len] = '\0';
    close(fd);
    close(out);
    unlink(path);
    return status;
}

static void a_pool_survives_crashes_of_its_workers(void **state) {
    (void)state;
    static char said[8192];
    for (uint32_t jobs = 1; jobs <= 8; jobs += 7) {
        assert_int_equal(pool(1, 17, jobs, false, said, sizeof said), 1);
        assert_non_null(strstr(said, "FAILED 5: 5 is bad\n  replay: again 5\n"));
        assert_non_null(strstr(said, "FAILED 7: killed by signal 6\n"));
        assert_non_null(strstr(said, "FAILED 8: exited with status 9\n"));
        assert_non_null(strstr(said, "FAILED 15: "));
        assert_non_null(strstr(said, "17 seeds in "));
        assert_non_null(strstr(said, ": 5 failed, 1 in liveness only\n"));
    }
    assert_int_equal(pool(1, 4, 30, false, said, sizeof said), 0);
    assert_non_null(strstr(said, ": 0 failed\n"));
    // Liveness failures have their own exit status. --fail-fast stops at the first failure.
    assert_int_equal(pool(10, 14, 2, false, said, sizeof said), 4);
    assert_int_equal(pool(9, 200, 1, true, said, sizeof said), 4);
    assert_non_null(strstr(said, "2 seeds in "));
}

// The limit applies to processor time, not to elapsed time.
static void a_slow_machine_is_no_failure(void **state) {
    (void)state;
    static char said[8192];
    assert_int_equal(pool(1002, 1002, 1, false, said, sizeof said), 0);
    assert_int_equal(pool(1003, 1004, 1, false, said, sizeof said), 4);
    assert_non_null(strstr(said, "FAILED 1003: took too long\n"));
    assert_non_null(strstr(said, "2 seeds in "));
    assert_int_equal(pool(1101, 1104, 2, false, said, sizeof said), 5);
    assert_non_null(strstr(said, "NO VERDICT 1102: killed by signal 9, from outside\n  replay: "
                                 "again 1102\n"));
    assert_non_null(strstr(said, "4 seeds in "));
    assert_non_null(strstr(said, ": 0 failed; 3 without a verdict\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_stands_for_a_scenario_that_fits),
        cmocka_unit_test(names_of_seeds_are_read),
        cmocka_unit_test(a_seed_runs_and_has_a_verdict),
        cmocka_unit_test(a_pool_survives_crashes_of_its_workers),
        cmocka_unit_test(a_slow_machine_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
