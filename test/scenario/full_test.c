// SPDX-License-Identifier: MIT
// A node whose disk is full for a while. Meanwhile it refuses writes with the cause and serves
// reads; then it accepts writes again. After a restart it has every acknowledged write.
// RLIMIT_FSIZE stands for the size of the disk, which needs no privileges; full.sh fills a file
// system.
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

static struct rlimit limit; // file size while the disk is full (soft), and afterwards (hard)
static char durability[32];

static void *lift(void *signals) {
    int number;
    sigwait(signals, &number);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    return NULL;
}

// Runs the node with the limit, which SIGUSR2 lifts.
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

// Starts the node. The disk has space for `room` bytes more than data.mdb; negative: without limit.
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

static char *request(struct gv_proc *proc, const char *body) {
    static char line[LARGE + 300];
    int len = snprintf(line, sizeof line, "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{%s}}\n", body);
    assert_true(len > 0 && (size_t)len < sizeof line);
    assert_true(gv_proc_write(proc, line, (size_t)len));
    char *answer = gv_proc_read_line(proc, 30000);
    assert_non_null(answer);
    return answer;
}

// Returns true if the value is acknowledged. If it is refused, checks the error.
static bool add_long(struct gv_proc *proc, int value, int length) {
    static char body[LARGE + 100];
    snprintf(body, sizeof body, "\"type\":\"add\",\"msg_id\":2,\"element\":\"%d%0*d\"", value,
             length, 0);
    const char *answer = request(proc, body);
    if (strstr(answer, "\"add_ok\"") != NULL) return true;
    assert_non_null(strstr(answer, "\"code\":11,\"text\":\""));
    assert_non_null(strstr(answer, "not stored: write: File too large"));
    return false;
}

static bool add(struct gv_proc *proc, int value) {
    return add_long(proc, value, LENGTH);
}

// Returns how often the text is in the log.
static int count_in_log(const char *dir, const char *text) {
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

static int count_values(struct gv_proc *proc) {
    const char *answer = request(proc, "\"type\":\"read\",\"msg_id\":3");
    assert_non_null(strstr(answer, "\"read_ok\""));
    int quotes = 0;
    for (const char *at = strstr(answer, "\"value\":[") + 8; (at = strchr(at, '"')) != NULL; at++)
        quotes++;
    return quotes / 2;
}

// Adds long values until one is refused, then short ones while the node retries the store several
// times. Returns the number of acknowledged values.
static int fill(struct gv_proc *proc, const char *dir) {
    int acked = 0, refused = 0;
    while (acked < 2) assert_true(add(proc, 1 + acked++));
    while (add_long(proc, WRITES + acked, LARGE)) assert_true(++acked < WRITES);
    for (int i = 0; i < WRITES; i++) {
        assert_false(add(proc, 2 * WRITES + i));
        if (++refused % 100 == 0) assert_null(gv_proc_read_line(proc, 600));
    }
    assert_int_equal(count_values(proc), acked + 1);
    assert_int_equal(count_in_log(dir, "store: write: File too large; the write will be retried"),
                     1);
    assert_int_equal(count_in_log(dir, "store: "), 1);
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

    // With a journal, the disk has less space than the longest value needs in an empty journal.
    start(&proc, dir, strcmp(mode, "sync") == 0 ? 8 << 10 : 16 << 10);
    int acked = 1 + fill(&proc, dir);
    kill(proc.pid, SIGUSR2);
    int tries = 0;
    while (!add(&proc, WRITES))
        assert_true(++tries < TRIES && gv_proc_read_line(&proc, 10) == NULL);
    acked++;
    for (int i = 1; i < WRITES; i++, acked++) assert_true(add(&proc, WRITES + i));
    assert_int_equal(count_values(&proc), acked);
    assert_int_equal(count_in_log(dir, "store: works again"), 1);
    assert_int_equal(count_in_log(dir, "store: "), 2);
    if (strcmp(mode, "none") == 0) { // without syncs, only a clean shutdown keeps all writes
        gv_proc_end(&proc);
    } else {
        gv_proc_kill(&proc);
    }
    gv_proc_fini(&proc);

    start(&proc, dir, -1);
    assert_true(count_values(&proc) >= acked);
    gv_proc_end(&proc);
    gv_proc_fini(&proc);
    gv_proc_remove_dir(dir);
}

static void a_full_disk_with_a_journal(void **state) {
    (void)state;
    check("sync");
}

static void a_full_disk_without_a_journal(void **state) {
    (void)state;
    check("none");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_full_disk_with_a_journal),
                                       cmocka_unit_test(a_full_disk_without_a_journal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
