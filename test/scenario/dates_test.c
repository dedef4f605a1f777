// SPDX-License-Identifier: MIT
// gv-ids with arbitrary dates of the real-time clock, one for each process: before 1970, at the
// limits of 32, 63 and 64 bits of seconds or nanoseconds, and back to the present. Ids ascend or
// are refused, and the node exits with status 0. The test replaces clock_gettime of the C library.
#define _GNU_SOURCE // syscall
#include "../lib/test.h"

#include "../../node/program.h"
#include "../lib/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__) && defined(__LP64__)
#include <sys/syscall.h>
#define REPLACED 1
#else
#define REPLACED 0
#endif

enum { IDS = 20 };

static time_t date; // date of the clock when the process starts; 0: the true date
static char dir[4096];

#if REPLACED
// Parameters are named as in the C library's headers, which clang-tidy requires.
int clock_gettime(clockid_t __clock_id, struct timespec *__tp) {
    int error = (int)syscall(SYS_clock_gettime, __clock_id, __tp);
    static time_t began;
    if (error != 0 || __clock_id != CLOCK_REALTIME || date == 0) return error;
    if (began == 0) began = __tp->tv_sec;
    __tp->tv_sec = (time_t)((uint64_t)date + (uint64_t)(__tp->tv_sec - began));
    return 0;
}
#endif

static int run_node(void *ctx) {
    (void)ctx;
    char *argv[] = {"gv-ids", "--data", dir, NULL};
    return gv_program_main(&gv_ids_workload, &gv_store_lmdb_ops, 3, argv);
}

// Runs a process at this date. Returns the number of ids it generated. Each must be greater than
// `last`, which becomes the greatest.
static int run_at(time_t at, char last[256]) {
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"generate\",\"msg_id\":2}}\n";
    struct gv_proc proc;
    char log[4200];
    snprintf(log, sizeof log, "%s/log", dir);
    date = at;
    gv_proc_fork(&proc, run_node, NULL, log);
    date = 0;
    assert_true(gv_proc_init(&proc));
    int generated = 0;
    for (int i = 0; i < IDS; i++) {
        assert_true(gv_proc_write(&proc, ask, sizeof ask - 1));
        const char *line = gv_proc_read_line(&proc, 30000);
        assert_non_null(line);
        const char *id = strstr(line, "\"id\":\"");
        if (id == NULL) {
            assert_non_null(strstr(line, "\"code\":11,\"text\":\"generate: all ids up to the end"));
            assert_non_null(strstr(line, "begin with another --data directory"));
            continue;
        }
        if (strcmp(last, id + 6) >= 0) fail_msg("%s after %s", id + 6, last);
        snprintf(last, 256, "%s", id + 6);
        generated++;
    }
    int status = gv_proc_end(&proc);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    gv_proc_fini(&proc);
    return generated;
}

static void ids_ascend_at_any_date(void **state) {
    (void)state;
    if (!REPLACED) skip();
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    char last[256] = "";
    static const time_t early[] = {-1, INT64_MIN, INT32_MAX, -2000000000, 1700000000, 9223372036};
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        assert_int_equal(run_at(early[i], last), IDS);
    static const time_t late[] = {18446744074, INT64_MAX, 18446744063};
    for (size_t i = 0; i < sizeof late / sizeof *late; i++)
        assert_int_equal(run_at(late[i], last), IDS);
    run_at(18446744072, last); // runs out of ids during or after this process
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        assert_int_equal(run_at(early[i], last), 0);
    gv_proc_remove_dir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ids_ascend_at_any_date)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
