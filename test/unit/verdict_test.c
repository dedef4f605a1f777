// SPDX-License-Identifier: MIT
#include "../../sim/check/verdict.h"
#include "../../sim/core/memory.h"
#include "../lib/test.h"

#include <signal.h>

// The verdict on up to three errors.
static struct gv_verdict judge(const char *a, const char *b, const char *c) {
    const char *const texts[] = {a, b, c};
    struct gv_errors errors = {0};
    for (int i = 0; i < 3; i++) {
        if (texts[i] != NULL) gv_errors_add(&errors, "%s", texts[i]);
    }
    struct gv_verdict verdict = gv_verdict_of(&errors);
    gv_errors_fini(&errors);
    return verdict;
}

static void no_error_is_valid(void **state) {
    (void)state;
    assert_true(judge(NULL, NULL, NULL).valid);
}

static void the_first_broken_promise_counts(void **state) {
    (void)state;
    struct gv_verdict verdict =
        judge("no final read: n3 gave none", "phantom: n1 shows 7", "lost: 3");
    assert_true(!verdict.valid && verdict.safety);
    assert_string_equal(verdict.kind, "phantom");
    assert_string_equal(verdict.why, "phantom: n1 shows 7");
    verdict = judge("lost: 3 values", NULL, NULL);
    assert_true(verdict.safety);
}

static void what_replicas_lack_for_now_is_late(void **state) {
    (void)state;
    struct gv_verdict verdict =
        judge("unequal replicas: 15 s", "final reads differ: n1", "lost: 3 values");
    assert_true(!verdict.valid && !verdict.safety);
    assert_string_equal(verdict.kind, "unequal replicas");
    assert_true(judge("unequal replicas: 15 s", "duplicate: 7", NULL).safety);
}

static void numbers_do_not_make_another_kind(void **state) {
    (void)state;
    struct gv_verdict verdict = judge("n17 hung for 10 s", NULL, NULL);
    assert_string_equal(verdict.kind, judge("n3 hung for 5 s", NULL, NULL).kind);
}

static void what_never_came_is_late(void **state) {
    (void)state;
    static const char *const late[] = {
        "no init_ok: n17 did not answer init within 10 s",
        "no topology_ok: n1 did not answer topology within 5 s, but printed {\"a\": 1}",
        "never ok: of 3 requests of the type read none ended well: n0 was down",
        "nothing exercised: no client asked for anything",
        "unavailable: 3 of 4 operations ended well",
        "no echo: n1 answered nothing within 5 s",
    };
    for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
        assert_false(judge(late[i], NULL, NULL).safety);
    }
}

static void the_dead_and_the_hung_are_judged(void **state) {
    (void)state;
    assert_true(gv_verdict_of_status(SIGABRT).safety);
    assert_string_equal(gv_verdict_of_status(SIGABRT).kind, "killed by signal 6");
    assert_string_equal(gv_verdict_of_status(3 << 8).why, "exited with status 3");
    assert_false(gv_verdict_of_status(SIGPROF).safety);
    assert_string_equal(gv_verdict_of_status(SIGPROF).kind, "took too long");
}

static void what_the_machine_ends_is_not_judged(void **state) {
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
        cmocka_unit_test(the_first_broken_promise_counts),
        cmocka_unit_test(what_replicas_lack_for_now_is_late),
        cmocka_unit_test(what_never_came_is_late),
        cmocka_unit_test(numbers_do_not_make_another_kind),
        cmocka_unit_test(the_dead_and_the_hung_are_judged),
        cmocka_unit_test(what_the_machine_ends_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
