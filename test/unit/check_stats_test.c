// SPDX-License-Identifier: MIT
#include "../../sim/check/check_stats.h"
#include "../lib/test.h"

#include <string.h>

static struct gv_check_stats stats;
static struct gv_verdict_errors errors;

static void end_op(enum gv_history_kind kind, uint32_t node, const char *answer, bool held,
                   bool final) {
    enum gv_history_outcome outcome = answer == NULL ? GV_HISTORY_OK : GV_HISTORY_INFO;
    struct gv_history_op op = {.kind = kind, .outcome = outcome, .node = node, .final = final};
    gv_check_stats_end(&stats, &op, answer, held ? GV_CHECK_STATS_FAULTED : GV_CHECK_STATS_REPLY);
}

static void finish(enum gv_load_kind load, double availability) {
    gv_check_stats_finish(&stats, load, availability, &errors);
    gv_check_stats_fini(&stats);
}

static int set_up(void **state) {
    (void)state;
    gv_check_stats_init(&stats, 5);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gv_verdict_fini(&errors);
    return 0;
}

static void what_worked_once_is_fine(void **state) {
    (void)state;
    end_op(GV_HISTORY_ADD, 0, "answered no", false, false);
    end_op(GV_HISTORY_ADD, 1, NULL, false, false);
    end_op(GV_HISTORY_READ, 1, NULL, false, true);
    finish(GV_LOAD_G_SET, 0.5);
    assert_int_equal(errors.count, 0);
}

static void a_kind_that_never_worked_names_nodes_and_answers(void **state) {
    (void)state;
    end_op(GV_HISTORY_READ, 0, NULL, false, false);
    for (uint32_t node = 1; node < 5; node++) {
        end_op(GV_HISTORY_ADD, node, node == 2 ? "answered nothing" : "answered {}", false, false);
        end_op(GV_HISTORY_ADD, node, "answered something else later", false, false);
    }
    finish(GV_LOAD_BROADCAST, 0);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.texts[0],
                        "never ok: none of 8 broadcast requests succeeded: n1 "
                        "answered {}; n2 answered nothing; n3 answered {}; and 1 more nodes");
}

static void only_replies_are_definite(void **state) {
    (void)state;
    end_op(GV_HISTORY_ECHO, 0, "answered {}", false, false);
    gv_check_stats_finish(&stats, GV_LOAD_ECHO, 0, &errors);
    assert_true(errors.count == 1 && errors.conclusive);
    gv_verdict_fini(&errors);
    struct gv_history_op op = {.kind = GV_HISTORY_ECHO, .outcome = GV_HISTORY_INFO, .node = 1};
    gv_check_stats_end(&stats, &op, "answered nothing within 5 s", GV_CHECK_STATS_LATE);
    finish(GV_LOAD_ECHO, 0);
    assert_true(errors.count == 1 && !errors.conclusive);
}

static void nothing_asked_is_nothing_shown(void **state) {
    (void)state;
    end_op(GV_HISTORY_READ, 0, NULL, false, true); // a failed final read
    finish(GV_LOAD_BROADCAST, 0);
    assert_int_equal(errors.count, 1);
    assert_non_null(strstr(errors.texts[0], "nothing exercised: no client sent"));
}

static void nothing_added_is_nothing_shown(void **state) {
    (void)state;
    end_op(GV_HISTORY_READ, 0, NULL, false, false);
    // A request that a fault kept from its node does not count as an attempt.
    end_op(GV_HISTORY_ADD, 0, "was down", true, false);
    finish(GV_LOAD_G_COUNTER, 0);
    assert_int_equal(errors.count, 1);
    assert_non_null(strstr(errors.texts[0], "nothing exercised: none of 2 operations was"));
}

static void what_faults_kept_from_nodes_shows_nothing(void **state) {
    (void)state;
    for (uint32_t node = 0; node < 5; node++)
        end_op(GV_HISTORY_ECHO, node, "was down", true, false);
    finish(GV_LOAD_ECHO, 0);
    assert_int_equal(errors.count, 1);
    assert_non_null(
        strstr(errors.texts[0], "nothing exercised: none of 5 operations reached a node"));
}

static void what_went_wrong_before_says_why_nothing_was_asked(void **state) {
    (void)state;
    gv_verdict_add(&errors, GV_VERDICT_NODE_DIED, "n1");
    finish(GV_LOAD_ECHO, 0);
    assert_int_equal(errors.count, 1);
}

static void availability_counts_all_but_final_reads(void **state) {
    (void)state;
    for (int i = 0; i < 9; i++) end_op(GV_HISTORY_GENERATE, 0, NULL, false, false);
    end_op(GV_HISTORY_GENERATE, 3, "was paused", true, false);
    for (int i = 0; i < 90; i++) end_op(GV_HISTORY_READ, 0, NULL, false, true);
    assert_true(gv_check_stats_share(&stats) == 0.9);
    gv_check_stats_finish(&stats, GV_LOAD_UNIQUE_IDS, 0.9, &errors);
    assert_int_equal(errors.count, 0);
    finish(GV_LOAD_UNIQUE_IDS, 1);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.texts[0],
                        "unavailable: 9 of 10 operations succeeded, 90.00%, and --availability "
                        "requires 100.00%; failures: 1 at n3, which first was paused");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_worked_once_is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kind_that_never_worked_names_nodes_and_answers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_replies_are_definite, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_asked_is_nothing_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_added_is_nothing_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_faults_kept_from_nodes_shows_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_went_wrong_before_says_why_nothing_was_asked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(availability_counts_all_but_final_reads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
