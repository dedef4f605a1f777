// SPDX-License-Identifier: MIT
#include "../../sim/check/verdict.h"
#include "../../sim/core/memory.h"
#include "../lib/test.h"

#include <signal.h>

// The verdict on a list of errors that ends with GV_VERDICT_VALID.
static struct gv_verdict verdict_on(const enum gv_verdict_kind *kinds) {
    struct gv_verdict_errors errors = {0};
    for (int i = 0; kinds[i] != GV_VERDICT_VALID; i++)
        gv_verdict_add(&errors, kinds[i], "number %d", i);
    struct gv_verdict verdict = gv_verdict_of(&errors);
    gv_verdict_fini(&errors);
    return verdict;
}

#define VERDICT_ON(...) verdict_on((const enum gv_verdict_kind[]){__VA_ARGS__, GV_VERDICT_VALID})

static void no_error_is_valid(void **state) {
    (void)state;
    struct gv_verdict verdict = verdict_on(&(enum gv_verdict_kind){GV_VERDICT_VALID});
    assert_true(verdict.valid && !verdict.safety && verdict.kind == GV_VERDICT_VALID);
}

static void the_first_error_that_breaks_safety_counts(void **state) {
    (void)state;
    struct gv_verdict verdict =
        VERDICT_ON(GV_VERDICT_NO_FINAL_READ, GV_VERDICT_PHANTOM, GV_VERDICT_LOST);
    assert_true(!verdict.valid && verdict.safety);
    assert_int_equal(verdict.kind, GV_VERDICT_PHANTOM);
    assert_string_equal(verdict.why, "phantom: number 1");
    assert_true(VERDICT_ON(GV_VERDICT_LOST).safety);
}

static void what_unequal_replicas_explain_breaks_liveness_only(void **state) {
    (void)state;
    struct gv_verdict verdict = VERDICT_ON(GV_VERDICT_FINAL_READS_DIFFER, GV_VERDICT_LOST,
                                           GV_VERDICT_WRONG_SUM, GV_VERDICT_UNEQUAL_REPLICAS);
    assert_true(!verdict.valid && !verdict.safety);
    assert_int_equal(verdict.kind, GV_VERDICT_FINAL_READS_DIFFER);
    assert_true(VERDICT_ON(GV_VERDICT_UNEQUAL_REPLICAS, GV_VERDICT_DUPLICATE).safety);
}

static void an_absent_reply_breaks_liveness_only(void **state) {
    (void)state;
    static const enum gv_verdict_kind kinds[] = {
        GV_VERDICT_NO_INIT_OK,        GV_VERDICT_NO_TOPOLOGY_OK, GV_VERDICT_NEVER_OK,
        GV_VERDICT_NOTHING_EXERCISED, GV_VERDICT_UNAVAILABLE,    GV_VERDICT_NO_ECHO,
        GV_VERDICT_LATE_REPLY,        GV_VERDICT_NO_FINAL_READ,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_false(VERDICT_ON(kinds[i]).safety);
}

static void failures_of_one_kind_are_the_same(void **state) {
    (void)state;
    struct gv_verdict lost = VERDICT_ON(GV_VERDICT_LOST),
                      late = VERDICT_ON(GV_VERDICT_NO_ECHO, GV_VERDICT_LOST),
                      phantom = VERDICT_ON(GV_VERDICT_PHANTOM),
                      valid = gv_verdict_of(&(struct gv_verdict_errors){0});
    struct gv_verdict abort = gv_verdict_of_status(SIGABRT), fault = gv_verdict_of_status(SIGSEGV),
                      outside = gv_verdict_of_status(SIGKILL);
    assert_true(gv_verdict_same_failure(&lost, &late));
    assert_false(gv_verdict_same_failure(&lost, &phantom));
    assert_false(gv_verdict_same_failure(&valid, &valid));
    assert_true(gv_verdict_same_failure(&abort, &abort));
    assert_false(gv_verdict_same_failure(&abort, &fault));
    assert_false(gv_verdict_same_failure(&outside, &outside));
}

static void a_process_that_ends_early_failed(void **state) {
    (void)state;
    assert_true(gv_verdict_of_status(SIGABRT).safety);
    assert_int_equal(gv_verdict_of_status(SIGABRT).kind, GV_VERDICT_ENDED);
    assert_string_equal(gv_verdict_of_status(SIGABRT).why, "killed by signal 6");
    assert_string_equal(gv_verdict_of_status(3 << 8).why, "exited with status 3");
    assert_false(gv_verdict_of_status(SIGPROF).safety);
    assert_string_equal(gv_verdict_of_status(SIGPROF).why, "took too long");
}

static void a_process_ended_from_outside_is_unjudged(void **state) {
    (void)state;
    struct gv_verdict verdict = gv_verdict_of_status(SIGKILL);
    assert_true(verdict.unjudged && !verdict.valid && !verdict.safety);
    assert_string_equal(verdict.why, "killed by signal 9, from outside");
    verdict = gv_verdict_of_status(GV_MEMORY_STATUS << 8);
    assert_true(verdict.unjudged && !verdict.valid && !verdict.safety);
    assert_string_equal(verdict.why, "out of memory");
    assert_false(gv_verdict_of_status(SIGSEGV).unjudged);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_error_is_valid),
        cmocka_unit_test(the_first_error_that_breaks_safety_counts),
        cmocka_unit_test(what_unequal_replicas_explain_breaks_liveness_only),
        cmocka_unit_test(an_absent_reply_breaks_liveness_only),
        cmocka_unit_test(failures_of_one_kind_are_the_same),
        cmocka_unit_test(a_process_that_ends_early_failed),
        cmocka_unit_test(a_process_ended_from_outside_is_unjudged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
