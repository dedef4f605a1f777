// SPDX-License-Identifier: MIT
// A node's main loop is run within this process. Tests the state in which the loop leaves the
// process.
#include "../lib/test.h"

#include "../../node/program.h"
#include "../lib/proc.h"

#include <signal.h>

// Sends SIGUSR1 after the loop has ended.
static int run_and_ask(void *ctx) {
    (void)ctx;
    char *argv[] = {"gv-echo", "--log-level=error", NULL};
    int status = gv_program_main(&gv_echo_workload, NULL, 2, argv);
    raise(SIGUSR1);
    return status;
}

static void a_late_check_kills_nothing(void **state) {
    (void)state;
    struct gv_proc proc;
    gv_proc_fork(&proc, run_and_ask, NULL, "/dev/null");
    assert_true(gv_proc_init(&proc));
    assert_int_equal(gv_proc_end(&proc), 0);
    gv_proc_fini(&proc);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_late_check_kills_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
