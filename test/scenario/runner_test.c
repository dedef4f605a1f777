// SPDX-License-Identifier: MIT
// The overall result of several runs with processes, for gvsim glomers and sweep: if the machine
// was too slow for a run, the run has no verdict, and is not invalid.
#include "../../sim/tools/runner.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char echo[4096];
static char *const echo_argv[] = {echo, NULL}, *const false_argv[] = {"false", NULL};

static struct gv_runner_task task(char *const *argv, gv_time late_max) {
    return (struct gv_runner_task){
        .config =
            {.load = GV_LOAD_ECHO, .nodes = 1, .rate = 100, .time_limit = 200 * GV_MS, .seed = 1},
        .options = {.argv = argv, .late_max = late_max},
        .label = "echo",
    };
}

static enum gv_exit run(struct gv_runner_task *tasks, size_t count, const char *expected) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    enum gv_exit status = gv_runner_run(tasks, count, 2, out);
    fclose(out);
    assert_non_null(strstr(text, expected));
    free(text);
    return status;
}

static void a_slow_machine_gives_no_verdict(void **state) {
    (void)state;
    struct gv_runner_task good = task(echo_argv, GV_TIME_NEVER); // any lateness is accepted
    struct gv_runner_task slow = task(echo_argv, 1);             // no machine is as punctual
    struct gv_runner_task bad = task(false_argv, GV_TIME_NEVER);
    assert_int_equal(run(&good, 1, "valid"), GV_EXIT_VALID);
    assert_int_equal(run(&slow, 1, "no verdict"), GV_EXIT_INCONCLUSIVE);
    struct gv_runner_task both[] = {good, slow}, all[] = {slow, bad, good};
    assert_int_equal(run(both, 2, "no verdict"), GV_EXIT_INCONCLUSIVE);
    assert_int_equal(both[0].status, GV_EXIT_VALID);
    assert_int_equal(both[1].status, GV_EXIT_INCONCLUSIVE);
    assert_int_equal(run(all, 3, "invalid"), GV_EXIT_INVALID);
}

int main(void) {
    const char *build = getenv("BUILD");
    snprintf(echo, sizeof echo, "%s/gv-echo", build != NULL ? build : "build");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_machine_gives_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
