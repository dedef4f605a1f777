// SPDX-License-Identifier: MIT
#include "../../sim/faults/builtin.h"
#include "../../sim/faults/scenario.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_scenario scenario;
static struct gv_scenario_diagnostic diagnostic;

static int parse(const char *text) {
    memset(&diagnostic, 0, sizeof diagnostic);
    return gv_scenario_parse(&scenario, text, strlen(text), &diagnostic);
}

static const struct gv_scenario_step *one_step(const char *text) {
    assert_int_equal(parse(text), 0);
    assert_int_equal(scenario.len, 1);
    return &scenario.steps[0];
}

static void cuts_name_groups_or_a_kind(void **state) {
    (void)state;
    const struct gv_scenario_step *step =
        one_step("# two parts\n\n  cut n1..n3,n7 | n4  at 5s for 10s # here\n");
    assert_int_equal(step->kind, GV_SCENARIO_CUT);
    assert_int_equal(step->group_count, 2);
    assert_false(step->one_way || step->drawn);
    assert_int_equal(step->at, 5000 * GV_MS);
    assert_int_equal(step->lasts, 10000 * GV_MS);
    assert_int_equal(step->line, 3);
    assert_memory_equal(step->text.data, "cut n1..n3,n7 | n4  at 5s for 10s", step->text.len);
    assert_int_equal(step->text.len, 33);
    assert_true(gv_scenario_has(step, 0, 2) && gv_scenario_has(step, 0, 7));
    assert_false(gv_scenario_has(step, 0, 4) || gv_scenario_has(step, 1, 7));
    gv_scenario_fini(&scenario);

    step = one_step("cut n1 > rest at 1.5s");
    assert_true(step->one_way);
    assert_int_equal(step->at, 1500 * GV_MS);
    assert_true(step->lasts == GV_TIME_NEVER);
    assert_true(gv_scenario_has(step, 1, 0) && !gv_scenario_has(step, 1, 1));
    gv_scenario_fini(&scenario);

    step = one_step("cut n0|n1|all at 0s for 1ms");
    assert_int_equal(step->group_count, 3);
    assert_true(gv_scenario_has(step, 2, 0));
    gv_scenario_fini(&scenario);

    step = one_step("cut ring from 250ms to 2s every 3s until 60s");
    assert_true(step->drawn);
    assert_int_equal(step->draw, GV_NEMESIS_RING);
    assert_int_equal(step->at, 250 * GV_MS);
    assert_int_equal(step->lasts, 1750 * GV_MS);
    assert_int_equal(step->every, 3000 * GV_MS);
    assert_int_equal(step->until, 60000 * GV_MS);
    gv_scenario_fini(&scenario);
}

static void faults_of_messages_and_nodes(void **state) {
    (void)state;
    const struct gv_scenario_step *step = one_step("lose 0.5% between n0 > n1 from 2s to 4s");
    assert_int_equal(step->kind, GV_SCENARIO_LOSE);
    assert_int_equal(step->ppm, 5000);
    assert_true(step->one_way);
    gv_scenario_fini(&scenario);

    step = one_step("duplicate 100% at 0s");
    assert_int_equal(step->kind, GV_SCENARIO_DUPLICATE);
    assert_int_equal(step->ppm, 1000000);
    assert_int_equal(step->group_count, 0);
    gv_scenario_fini(&scenario);

    step = one_step("forge 5% between n0 > n1 at 2s for 4s");
    assert_int_equal(step->kind, GV_SCENARIO_FORGE);
    assert_int_equal(step->ppm, 50000);
    assert_true(step->one_way && step->lasts == 4000 * GV_MS);
    gv_scenario_fini(&scenario);

    step = one_step("delay 50ms exponential between n0 | rest at 3s for 1s");
    assert_int_equal(step->kind, GV_SCENARIO_DELAY);
    assert_int_equal(step->delay, 50 * GV_MS);
    assert_int_equal(step->dist, GV_NET_EXPONENTIAL);
    gv_scenario_fini(&scenario);

    step = one_step("crash n3, n7..n9 at 7s without disk");
    assert_int_equal(step->kind, GV_SCENARIO_CRASH);
    assert_int_equal(step->lasts, 0);
    assert_true(gv_scenario_has(step, 0, 8));
    gv_scenario_fini(&scenario);

    step = one_step("pause all at 1s for 3s");
    assert_int_equal(step->kind, GV_SCENARIO_PAUSE);
    assert_true(gv_scenario_has(step, 0, 12345));
    gv_scenario_fini(&scenario);
}

static void faults_of_links_disks_and_clocks(void **state) {
    (void)state;
    const struct gv_scenario_step *step = one_step("flap n1 | n2..n5 every 500ms from 2s for 10s");
    assert_int_equal(step->kind, GV_SCENARIO_CUT);
    assert_true(step->at == 2000 * GV_MS && step->lasts == 250 * GV_MS);
    assert_true(step->every == 500 * GV_MS && step->until == 12000 * GV_MS);
    gv_scenario_fini(&scenario);

    step = one_step("reorder 10% by 200ms between n1 > all at 0s");
    assert_int_equal(step->kind, GV_SCENARIO_DELAY);
    assert_true(step->ppm == 100000 && step->delay == 200 * GV_MS && step->one_way);
    assert_int_equal(step->dist, GV_NET_UNIFORM);
    gv_scenario_fini(&scenario);

    step = one_step("limit 1.5kB/s wait 300ms between n1 | rest from 1s to 2s");
    assert_int_equal(step->kind, GV_SCENARIO_LIMIT);
    assert_true(step->bandwidth == 1500 && step->delay == 300 * GV_MS);
    gv_scenario_fini(&scenario);
    step = one_step("limit 2MB/s at 0s");
    assert_true(step->bandwidth == 2000000 && step->delay == GV_NET_WAIT_MAX);
    gv_scenario_fini(&scenario);

    static const char *const disks[] = {"with disk", "with torn disk", "without disk"};
    for (int i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof text, "crash n1 at 2s for 1s %s", disks[i]);
        assert_int_equal(one_step(text)->crash, GV_DISK_KEPT + i);
        gv_scenario_fini(&scenario);
    }
    step = one_step("slow n5,n6 20ms at 3s for 5s");
    assert_int_equal(step->kind, GV_SCENARIO_SLOW);
    assert_true(step->delay == 20 * GV_MS && gv_scenario_has(step, 0, 6));
    gv_scenario_fini(&scenario);
    step = one_step("clock n3 -250ms at 4s");
    assert_true(step->kind == GV_SCENARIO_CLOCK && step->back && step->delay == 250 * GV_MS);
    assert_true(step->lasts == 0);
    gv_scenario_fini(&scenario);
    step = one_step("drift n4 -200ppm at 1s for 10s");
    assert_true(step->kind == GV_SCENARIO_DRIFT && step->drift_ppm == -200);
    gv_scenario_fini(&scenario);
}

static void regions_and_paths(void **state) {
    (void)state;
    assert_int_equal(parse("region eu n0..n2\nregion us n3, n5\nregion as rest\n"
                           "rtt eu us 90ms\nrtt us us 4ms\nbandwidth eu as 100kB/s\n"),
                     0);
    struct gv_wan wan;
    assert_true(gv_scenario_wan(&scenario, 7, &wan));
    assert_true(gv_wan_between(&wan, 3, 2)->rtt == 90 * GV_MS);
    assert_true(gv_wan_between(&wan, 3, 5)->rtt == 4 * GV_MS);
    assert_true(gv_wan_between(&wan, 6, 0)->bandwidth == 100000);
    assert_false(gv_wan_between(&wan, 4, 0)->measured);
    gv_wan_close(&wan);
    assert_int_equal(gv_scenario_check(&scenario, 5, GV_TIME_NEVER, &diagnostic), GV_ERANGE);
    assert_true(diagnostic.line == 2 && diagnostic.column == 15);
    gv_scenario_fini(&scenario);
    assert_int_equal(parse("nodes 3\n"), 0);
    assert_false(gv_scenario_wan(&scenario, 7, &wan));
    gv_scenario_fini(&scenario);
}

static void settings_are_kept(void **state) {
    (void)state;
    assert_int_equal(parse("nodes 25\n\tlatency-dist  uniform # so\n"), 0);
    assert_int_equal(scenario.settings_len, 2);
    assert_string_equal(scenario.settings[0].name, "nodes");
    assert_string_equal(scenario.settings[0].value, "25");
    assert_string_equal(scenario.settings[1].value, "uniform");
    assert_int_equal(scenario.settings[1].line, 2);
    assert_int_equal(scenario.settings[1].column, 2);
    gv_scenario_fini(&scenario);
}

struct misspelled {
    const char *text;
    unsigned line, column;
    const char *why;
};

static void refuse(const struct misspelled *wrong) {
    assert_int_equal(parse(wrong->text), GV_ESYNTAX);
    assert_non_null(strstr(diagnostic.why, wrong->why));
    assert_int_equal(diagnostic.line, wrong->line);
    assert_int_equal(diagnostic.column, wrong->column);
    assert_null(scenario.steps);
}

static void errors_have_a_line_and_a_column(void **state) {
    (void)state;
    static const struct misspelled cases[] = {
        {"cut n1 | at 5s", 1, 10, "expected a node such as n3 or n1..n12, not 'at'"},
        {"\n# x\n  cut n1 n2 at 5s", 3, 10, "expected | or >, not 'n2'"},
        {"cut n5..n2 | n1 at 5s", 1, 5, "the range 'n5..n2' is descending"},
        {"cut n1 | n1 at 5s", 1, 10, "a node is on both sides of the cut"},
        {"flap n0 | n9,n1..n4 > n5 every 1s", 1, 21, "expected 'every', not '>'"},
        {"cut n0..n2 | n7 | n9,n1..n4 at 5s", 1, 22, "a node is on both sides of the cut"},
        {"cut n1 | n2", 1, 12, "'at' or 'from' is missing here"},
        {"cut n1 | n2 at 5", 1, 16, "expected a time such as 5s or 250ms, not '5'"},
        {"cut n1 | n2 at 5s for", 1, 22, "a time such as 5s or 250ms is missing here"},
        {"cut n1 | n2 from 5s to 4s", 1, 24, "the step ends before it begins"},
        {"cut n1 | n2 at 5s for 1s every 1s", 1, 34,
         "the time after 'every' must be longer than the step lasts"},
        {"cut n1 | n2 at 5s every 9s", 1, 25, "'every' requires 'for' and a duration"},
        {"cut n1 | n2 at 5s for 1s soon", 1, 26, "unexpected 'soon'"},
        {"lose 101% at 0s", 1, 6, "expected a share above 0%, of 100% at most, not '101%'"},
        {"lose 1.2345% at 0s", 1, 6, "a share"},
        {"lose 5 at 0s", 1, 6, "a share"},
        {"lose 5% between n1 at 0s", 1, 20, "expected | or >, not 'at'"},
        {"crash n1 at 2s", 1, 15,
         "'with disk', 'with torn disk' or 'without disk' is missing here"},
        {"crash n1 at 2s without", 1, 23, "'disk' is missing here"},
        {"crash n1 at 2s with torn", 1, 25, "'disk' is missing here"},
        {"crash n1 at 2s with luck", 1, 21, "expected 'disk', not 'luck'"},
        {"flap n1 | n2 from 2s for 1s", 1, 14, "expected 'every', not 'from'"},
        {"flap n1 | n2 every 1ms at 2s", 1, 20, "the shortest period of flapping is 2ms"},
        {"flap n1 | n2 every 1s at 2s for 1s every 2s", 1, 44, "'every' is given twice"},
        {"reorder 10% 5ms at 0s", 1, 13, "expected 'by', not '5ms'"},
        {"limit 0B/s at 0s", 1, 7, "expected a bandwidth such as"},
        {"limit 5GB/s at 0s", 1, 7, "a bandwidth such as"},
        {"limit 5kB/s wait long at 0s", 1, 18, "a time such as"},
        {"slow n1 at 0s", 1, 9, "a time such as"},
        {"clock n1 5s at 0s", 1, 10, "expected a jump such as +5s"},
        {"clock n1 +86401s at 0s", 1, 10, "expected a jump"},
        {"clock n1 +5s at 0s for 1s", 1, 14, "a clock step is permanent"},
        {"drift n1 200 at 0s", 1, 10, "expected a drift such as"},
        {"drift n1 600000ppm at 0s", 1, 10, "a drift such as"},
        {"cut n1 | n2 from 1s until 2s", 1, 21, "expected 'to' or 'for', not 'until'"},
        {"region", 1, 7, "a region's name is missing here"},
        {"region eu", 1, 10, "a node such as n3 or n1..n12 is missing here"},
        {"region eu n1\nregion eu n2", 2, 8, "'eu' is in use, or too long"},
        {"region eu n1\nrtt eu us 9ms", 2, 8, "expected a region named above, not 'us'"},
        {"region eu n1\nrtt eu eu", 2, 10, "a time such as"},
        {"region eu n1\nbandwidth eu eu 5", 2, 17, "a bandwidth such as"},
        {"pause m1 at 2s", 1, 7, "a node such as"},
        {"pause n1, at 2s", 1, 11, "a node such as"},
        {"nodes", 1, 6, "the value of 'nodes' is missing here"},
        {"nodes 5 6", 1, 9, "unexpected '6'"},
        {"loose 30% from 2s", 1, 11, "'loose' is not a step"},
        {"rate 1\nmake-it-rain-from-the-sky now", 2, 1, "is neither a step nor a setting"},
        {"cut n1 | n2 at 99999999999s", 1, 16, "a time such as"},
        {"pause n99999999999 at 1s", 1, 7, "a node such as"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refuse(&cases[i]);
}

static void steps_without_effect_are_rejected(void **state) {
    (void)state;
    static const struct misspelled cases[] = {
        {"pause n1 at 1s for 0s", 1, 20, "0s has no effect"},
        {"crash n1 at 1s for 0.0ms without disk", 1, 20, "0.0ms has no effect"},
        {"lose 0% at 1s", 1, 6, "0% has no effect"},
        {"duplicate 0% at 1s", 1, 11, "0% has no effect"},
        {"forge 0.000% at 1s", 1, 7, "0.000% has no effect"},
        {"reorder 0% by 5ms at 1s", 1, 9, "0% has no effect"},
        {"reorder 5% by 0ms at 1s", 1, 15, "0ms has no effect"},
        {"delay 0ms uniform at 1s", 1, 7, "0ms has no effect"},
        {"slow n0 0ms at 1s", 1, 9, "0ms has no effect"},
        {"clock n0 +0s at 1s", 1, 10, "+0s has no effect"},
        {"clock n0 -0ms at 1s", 1, 10, "-0ms has no effect"},
        {"drift n0 0ppm at 1s", 1, 10, "0ppm has no effect"},
        {"drift n0 -0ppm at 1s", 1, 10, "-0ppm has no effect"},
        {"cut all | all at 1s", 1, 11, "a node is on both sides of the cut"},
        {"cut n0 | rest | rest at 1s", 1, 17, "a node is on both sides of the cut"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refuse(&cases[i]);
}

static void nodes_must_exist(void **state) {
    (void)state;
    assert_int_equal(parse("pause n1 at 1s\ncut n1..n4 | n0,n9 at 2s"), 0);
    assert_int_equal(gv_scenario_check(&scenario, 10, GV_TIME_NEVER, &diagnostic), 0);
    assert_int_equal(gv_scenario_check(&scenario, 9, GV_TIME_NEVER, &diagnostic), GV_ERANGE);
    assert_int_equal(diagnostic.line, 2);
    assert_int_equal(diagnostic.column, 17);
    assert_string_equal(diagnostic.why, "there is no n9: the nodes are n0 to n8");
    gv_scenario_fini(&scenario);
}

// The number of nodes decides whether there is a link between two groups.
static void links_must_exist(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
        unsigned column;
    } cases[] = {
        {"lose 5% between n0 | n0 at 1s", "a node has no link to itself", 22},
        {"delay 5ms between n0..n0 > n0,n0 at 1s", "a node has no link to itself", 28},
        {"cut all | rest at 1s", "no node is left for 'rest'", 11},
        {"lose 5% between rest > all at 1s", "no node is left for 'rest'", 17},
        {"lose 5% between n0 | all at 1s", NULL, 0},
        {"lose 5% between all | all at 1s", NULL, 0},
        {"lose 5% between n0,n1 > n1,n0 at 1s", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text), 0);
        int error = gv_scenario_check(&scenario, 3, GV_TIME_NEVER, &diagnostic);
        assert_int_equal(error, cases[i].why != NULL ? GV_ERANGE : 0);
        if (cases[i].why != NULL) {
            assert_non_null(strstr(diagnostic.why, cases[i].why));
            assert_int_equal(diagnostic.column, cases[i].column);
        }
        gv_scenario_fini(&scenario);
    }
}

static void built_in_scenarios_are_valid(void **state) {
    (void)state;
    int count = 0;
    for (const struct gv_builtin *builtin = gv_builtin_scenarios; builtin->name != NULL;
         builtin++) {
        assert_int_equal(parse(builtin->text), 0);
        uint32_t nodes = 0;
        for (size_t i = 0; i < scenario.settings_len; i++) {
            if (strcmp(scenario.settings[i].name, "nodes") != 0) continue;
            nodes = (uint32_t)strtoul(scenario.settings[i].value, NULL, 10);
        }
        assert_true(nodes > 0);
        assert_int_equal(gv_scenario_check(&scenario, nodes, 20000 * GV_MS, &diagnostic), 0);
        assert_ptr_equal(gv_builtin_find(builtin->name), builtin);
        gv_scenario_fini(&scenario);
        count++;
    }
    assert_true(count >= 12);
    assert_null(gv_builtin_find("nothing"));
    assert_non_null(gv_builtin_find("duplicates"));
    assert_ptr_equal(gv_builtin_find("twice"), gv_builtin_find("duplicates"));
}

static void random_bytes_are_rejected_with_a_place(void **state) {
    (void)state;
    static const char *const words[] = {
        "cut ",  "n1",     "..",     "n2 ",  "| ",    "> ",     ", ",      "at ",   "5s ",    "for",
        "\n",    "%",      "all",    "#",    "lose",  "3",      "region ", "rtt ",  "clock ", "+",
        "flap ", "every ", "drift ", "ppm ", "slow ", "limit ", "kB/s ",   "forge "};
    struct gv_prng prng;
    gv_prng_init(&prng, 3, 0);
    for (int round = 0; round < 20000; round++) {
        char text[256] = "";
        unsigned lines = 1;
        for (uint64_t left = gv_prng_below(&prng, 12); left > 0; left--) {
            const char *word = words[gv_prng_below(&prng, sizeof words / sizeof *words)];
            lines += *word == '\n';
            strcat(text, word);
        }
        if (parse(text) == 0) {
            gv_scenario_fini(&scenario);
            continue;
        }
        assert_true(diagnostic.line >= 1 && diagnostic.line <= lines);
        assert_true(diagnostic.column >= 1 && diagnostic.column <= strlen(text) + 1);
        assert_true(diagnostic.why[0] != '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_name_groups_or_a_kind),
        cmocka_unit_test(faults_of_messages_and_nodes),
        cmocka_unit_test(faults_of_links_disks_and_clocks),
        cmocka_unit_test(regions_and_paths),
        cmocka_unit_test(settings_are_kept),
        cmocka_unit_test(errors_have_a_line_and_a_column),
        cmocka_unit_test(steps_without_effect_are_rejected),
        cmocka_unit_test(nodes_must_exist),
        cmocka_unit_test(links_must_exist),
        cmocka_unit_test(built_in_scenarios_are_valid),
        cmocka_unit_test(random_bytes_are_rejected_with_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
