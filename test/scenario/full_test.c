// SPDX-License-Identifier: MIT
// A node whose disk fills up under load and has room again: meanwhile writes are refused with the
// cause and reads go on, then writes are taken as before, and what was acknowledged is there in the
// next life. A limit of its files' size stands for the disk, which takes no privileges; full.sh
// has a file system of its own filled.
#include "../lib/test.h"

#include "../../node/program.h"
#include "../lib/proc.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { WRITES = 300, LENGTH = 4000, LARGE = 60000, TRIES = 1000, LOG_MAX = 1 << 16 };

static struct rlimit limit; // what there is room for, and what there will be
static char durability[32];

static void *lift(void *signals) {
    int number;
    sigwait(signals, &number);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    return NULL;
}

// The node, in a process whose files may grow to the limit until SIGUSR2 comes.
static int run_node(void *ctx) {
    char *argv[] = {"gv-gset", "--log-level=warn", durability, "--data", ctx, NULL};
    sigset_t signals;
    pthread_t waiter;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (pthread_create(&waiter, NULL, lift, &signals) != 0) return 1;
    return gv_program_main(&gv_gset_workload, &gv_store_lmdb_ops, 5, argv);
}

// A disk that ends so many bytes behind the database as it is now; negative: where it always does.
static void start(struct gv_proc *proc, char *dir, long long room) {
    char path[4200];
    struct stat found = {0};
    snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    if (room >= 0) assert_int_equal(stat(path, &found), 0);
    if (room >= 0) limit.rlim_cur = (rlim_t)(found.st_size + room);
    snprintf(path, sizeof path, "%s/log", dir);
    gv_proc_fork(proc, run_node, dir, path);
    assert_true(gv_proc_init(proc));
}

static char *ask(struct gv_proc *proc, const char *body) {
    static char line[LARGE + 300];
    int len = snprintf(line, sizeof line, "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{%s}}\n", body);
    assert_true(len > 0 && (size_t)len < sizeof line);
    assert_true(gv_proc_write(proc, line, (size_t)len));
    char *answer = gv_proc_read_line(proc, 30000);
    assert_non_null(answer);
    return answer;
}

// Whether the value is acknowledged; if not, the answer says why.
static bool add_long(struct gv_proc *proc, int value, int length) {
    static char body[LARGE + 100];
    snprintf(body, sizeof body, "\"type\":\"add\",\"msg_id\":2,\"element\":\"%d%0*d\"", value,
             length, 0);
    const char *answer = ask(proc, body);
    if (strstr(answer, "\"add_ok\"") != NULL) return true;
    assert_non_null(strstr(answer, "\"code\":11,\"text\":\""));
    assert_non_null(strstr(answer, "not stored: write: File too large"));
    return false;
}

static bool add(struct gv_proc *proc, int value) {
    return add_long(proc, value, LENGTH);
}

// How often the log says this.
static int said(const char *dir, const char *text) {
    static char log[LOG_MAX];
    char path[4200];
    snprintf(path, sizeof path, "%s/log", dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(log, 1, sizeof log - 1, file);
    fclose(file);
    log[len] = '\0';
    int count = 0;
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++) count++;
    return count;
}

static int size(struct gv_proc *proc) {
    const char *answer = ask(proc, "\"type\":\"read\",\"msg_id\":3");
    assert_non_null(strstr(answer, "\"read_ok\""));
    int quotes = 0;
    for (const char *at = strstr(answer, "\"value\":[") + 8; (at = strchr(at, '"')) != NULL; at++)
        quotes++;
    return quotes / 2;
}

// Adds long values until one is refused, then short ones while the store is tried again, more than
// once.
static int fill(struct gv_proc *proc, const char *dir) {
    int acked = 0, refused = 0;
    while (acked < 2) assert_true(add(proc, 1 + acked++));
    while (add_long(proc, WRITES + acked, LARGE)) assert_true(++acked < WRITES);
    for (int i = 0; i < WRITES; i++) {
        assert_false(add(proc, 2 * WRITES + i));
        if (++refused % 100 == 0) assert_null(gv_proc_read_line(proc, 600));
    }
    assert_int_equal(size(proc), acked + 1);
    assert_int_equal(said(dir, "store: write: File too large; it will be tried again"), 1);
    assert_int_equal(said(dir, "store: "), 1);
    return acked;
}

static void check(const char *mode) {
    char dir[4096];
    struct gv_proc proc;
    snprintf(durability, sizeof durability, "--durability=%s", mode);
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    start(&proc, dir, -1);
    assert_true(add(&proc, 0));
    assert_int_equal(gv_proc_end(&proc), 0);
    gv_proc_fini(&proc);

    // Of a journal: less than the longest value takes in an empty one.
    start(&proc, dir, strcmp(mode, "sync") == 0 ? 8 << 10 : 16 << 10);
    int acked = 1 + fill(&proc, dir);
    kill(proc.pid, SIGUSR2);
    int tries = 0;
    while (!add(&proc, WRITES))
        assert_true(++tries < TRIES && gv_proc_read_line(&proc, 10) == NULL);
    acked++;
    for (int i = 1; i < WRITES; i++, acked++) assert_true(add(&proc, WRITES + i));
    assert_int_equal(size(&proc), acked);
    assert_int_equal(said(dir, "store: works again"), 1);
    assert_int_equal(said(dir, "store: "), 2);
    if (strcmp(mode, "none") == 0) { // no promise survives a kill
        gv_proc_end(&proc);
    } else {
        gv_proc_kill(&proc);
    }
    gv_proc_fini(&proc);

    start(&proc, dir, -1);
    assert_true(size(&proc) >= acked);
    gv_proc_end(&proc);
    gv_proc_fini(&proc);
    gv_proc_remove_dir(dir);
}

static void test_journal(void **state) {
    (void)state;
    check("sync");
}

static void test_database(void **state) {
    (void)state;
    check("none");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_journal),
                                       cmocka_unit_test(test_database)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
