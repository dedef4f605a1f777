// SPDX-License-Identifier: MIT
// Node processes with a data directory are killed by SIGKILL at random times under load. After the
// restart they have every acknowledged write. GV_ROUNDS=N sets the number of kills; GV_SEED repeats
// the random choices.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../lib/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITERS = 64,       // pending requests
    ROUNDS = 24,        // default of GV_ROUNDS
    ROUNDS_A_DIR = 25,  // kills before the next directory
    WRITES_MAX = 20000, // writes between two kills
    KILL_US = 30000,    // longest time between start and kill
    VALUES_MAX = ROUNDS_A_DIR * WRITES_MAX,
};

static struct gv_prng prng;

static int rounds(void) {
    const char *text = getenv("GV_ROUNDS");
    return text != NULL ? (int)strtol(text, NULL, 10) : ROUNDS;
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct series {
    const char *name, *request; // the program; its request up to the value
    const char *arguments[8];
    struct gv_proc proc;
    char log[4200];
    int sent, acked;         // writes of this process
    char *acknowledged;      // for each value: 1 if acknowledged; NULL for a counter
    int first;               // first value of this process
    long long sum, sum_most; // bounds of a counter's value: acknowledged and sent additions
};

static void start(struct series *series) {
    gv_proc_start(&series->proc, series->name, series->arguments, series->log);
    assert_true(gv_proc_init(&series->proc));
    series->sent = series->acked = 0;
}

static void send_one(struct series *series) {
    char line[160];
    int value = series->first + series->sent;
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{%s%d,\"msg_id\":%d}}\n",
                       series->request, series->acknowledged != NULL ? value : 1, value + 10);
    gv_proc_write(&series->proc, line, (size_t)len);
    series->sent++;
}

// Reads a reply. Returns false if there is none within wait_ms.
static bool receive_one(struct series *series, int wait_ms) {
    char *line = gv_proc_read_line(&series->proc, wait_ms);
    if (line == NULL) return false;
    char *id = strstr(line, "\"in_reply_to\":");
    assert_non_null(strstr(line, "_ok\""));
    assert_non_null(id);
    int value = (int)strtol(id + strlen("\"in_reply_to\":"), NULL, 10) - 10;
    assert_true(value >= series->first && value < series->first + series->sent);
    if (series->acknowledged != NULL) series->acknowledged[value] = 1;
    series->acked++;
    return true;
}

// Keeps WRITERS requests pending until the given time.
static void load_until(struct series *series, uint64_t end_us) {
    while (now_us() < end_us && series->sent < WRITES_MAX) {
        while (series->sent - series->acked < WRITERS) send_one(series);
        receive_one(series, 1);
    }
}

static char *read_value(struct series *series) {
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":2}}\n";
    assert_true(gv_proc_write(&series->proc, ask, sizeof ask - 1));
    char *line = gv_proc_read_line(&series->proc, 30000);
    assert_non_null(line);
    char *value = strstr(line, "\"value\":");
    assert_non_null(value);
    return value + strlen("\"value\":");
}

static void check_set(struct series *series, int count) {
    static char found[VALUES_MAX + WRITERS];
    memset(found, 0, sizeof found);
    for (char *at = read_value(series) + 1; *at >= '0' && *at <= '9';) {
        long value = strtol(at, &at, 10);
        assert_true(value < count);
        found[value]++;
        if (*at == ',') at++;
    }
    for (int i = 0; i < count; i++) {
        if (found[i] > 1 || found[i] < series->acknowledged[i])
            fail_msg("%d: acknowledged %d, found %d times", i, series->acknowledged[i], found[i]);
    }
}

static void check_sum(struct series *series) {
    long long sum = strtoll(read_value(series), NULL, 10);
    if (sum < series->sum || sum > series->sum_most)
        fail_msg("%lld is not within %lld and %lld", sum, series->sum, series->sum_most);
    series->sum = series->sum_most = sum;
}

// Starts and kills processes in one directory, and checks their entries after each start. Returns
// the number of acknowledged writes.
static int run_processes(struct series *series, int processes) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(series->log, sizeof series->log, "%s/log", dir);
    series->arguments[0] = "--data";
    series->arguments[1] = dir;
    series->first = 0;
    series->sum = series->sum_most = 0;
    int acked = 0;
    for (int process = 0; process <= processes; process++) {
        start(series);
        if (series->acknowledged != NULL) {
            check_set(series, series->first);
        } else {
            check_sum(series);
        }
        if (process < processes) {
            load_until(series, now_us() + gv_prng_below(&prng, KILL_US));
            gv_proc_kill(&series->proc);
            while (receive_one(series, 0)) continue;
        }
        acked += series->acked;
        series->first += series->sent;
        series->sum += series->acked;
        series->sum_most += series->sent;
        gv_proc_fini(&series->proc);
    }
    gv_proc_remove_dir(dir);
    return acked;
}

static void run(const char *name, const char *request, bool set, const char *mode, int count) {
    struct series series = {.name = name, .request = request};
    series.arguments[2] = "--durability";
    series.arguments[3] = mode;
    gv_prng_init(&prng, gv_test_seed(), (uint64_t)count);
    long long acked = 0;
    for (int done = 0; done < count;) {
        int processes = count - done < ROUNDS_A_DIR ? count - done : ROUNDS_A_DIR;
        series.acknowledged = set ? calloc(VALUES_MAX + WRITERS, 1) : NULL;
        acked += run_processes(&series, processes);
        free(series.acknowledged);
        done += processes;
    }
    printf("%s %s: %d kills, %lld writes acknowledged\n", name, mode, count, acked);
    assert_true(acked > 0);
}

static void sets_survive_kills(void **state) {
    (void)state;
    run("gv-gset", "\"type\":\"add\",\"element\":", true, "sync", rounds() / 2);
}

static void counters_survive_kills(void **state) {
    (void)state;
    run("gv-counter", "\"type\":\"add\",\"delta\":", false, "sync", rounds() / 2);
}

// --durability none loses nothing if only the process dies, not the machine.
static void unsynced_writes_survive_kills(void **state) {
    (void)state;
    run("gv-gset", "\"type\":\"add\",\"element\":", true, "none", rounds() / 8);
}

// Ids of a restarted process are greater than any that the killed one may have generated.
static void ids_ascend_across_kills(void **state) {
    (void)state;
    char dir[4096], log[4200], last[128] = "";
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(log, sizeof log, "%s/log", dir);
    const char *const arguments[] = {"--data", dir, NULL};
    gv_prng_init(&prng, gv_test_seed(), 7);
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"generate\",\"msg_id\":2}}\n";
    uint64_t received = 0;
    int count = rounds() / 4;
    for (int process = 0; process < count; process++) {
        struct gv_proc proc;
        gv_proc_start(&proc, "gv-ids", arguments, log);
        assert_true(gv_proc_init(&proc));
        char first[sizeof last];
        memcpy(first, last, sizeof first);
        uint64_t wanted = 1 + gv_prng_below(&prng, 2000), sent = 0;
        for (uint64_t got = 0; got < wanted; got++) {
            for (; sent - got < WRITERS; sent++)
                assert_true(gv_proc_write(&proc, ask, sizeof ask - 1));
            const char *line = gv_proc_read_line(&proc, 30000);
            assert_non_null(line);
            const char *id = strstr(line, "\"id\":\"");
            assert_non_null(id);
            assert_true(strlen(id + 6) < sizeof last);
            assert_true(strcmp(first, id + 6) < 0);
            if (strcmp(last, id + 6) < 0) snprintf(last, sizeof last, "%s", id + 6);
        }
        received += wanted;
        gv_proc_kill(&proc);
        gv_proc_fini(&proc);
    }
    printf("gv-ids: %d kills, %" PRIu64 " ids received\n", count, received);
    gv_proc_remove_dir(dir);
}

// Sends a transaction that writes `number` to two keys, or one that reads both.
static void send_txn(struct gv_proc *proc, int number) {
    char line[256];
    int len = number < 0 ? snprintf(line, sizeof line,
                                    "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"txn\","
                                    "\"msg_id\":1,\"txn\":[[\"r\",1,null],[\"r\",2,null]]}}\n")
                         : snprintf(line, sizeof line,
                                    "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"txn\","
                                    "\"msg_id\":%d,\"txn\":[[\"w\",1,%d],[\"w\",2,%d]]}}\n",
                                    number + 10, number, number);
    gv_proc_write(proc, line, (size_t)len);
}

// The number that both keys have; -1: null. They must have the same.
static int read_both(struct gv_proc *proc) {
    send_txn(proc, -1);
    const char *line = gv_proc_read_line(proc, 30000);
    assert_non_null(line);
    const char *first = strstr(line, "[\"r\",1,"), *second = strstr(line, "[\"r\",2,");
    if (strstr(line, "txn_ok") == NULL || first == NULL || second == NULL) {
        fail_msg("%s", line);
        return 0;
    }
    if (strncmp(first + 7, "null", 4) == 0) {
        assert_int_equal(strncmp(second + 7, "null", 4), 0);
        return -1;
    }
    int number = (int)strtol(first + 7, NULL, 10);
    assert_int_equal(strtol(second + 7, NULL, 10), number);
    return number;
}

// Transactions of a killed process are there as a whole or not at all, and those that it had
// acknowledged are there. Later ones win.
static void transactions_survive_kills(void **state) {
    (void)state;
    char dir[4096], log[4200];
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(log, sizeof log, "%s/log", dir);
    const char *const arguments[] = {"--data", dir, NULL};
    gv_prng_init(&prng, gv_test_seed(), 9);
    int acked = -1, sent = 0, count = rounds() / 2;
    for (int process = 0; process < count; process++) {
        struct gv_proc proc;
        gv_proc_start(&proc, "gv-txn", arguments, log);
        assert_true(gv_proc_init(&proc));
        int found = read_both(&proc), pending = 0;
        if (found < acked || found >= sent) fail_msg("%d is not in %d … %d", found, acked, sent);
        for (uint64_t end = now_us() + gv_prng_below(&prng, KILL_US); now_us() < end;) {
            for (; pending < WRITERS; pending++) send_txn(&proc, sent++);
            const char *line = gv_proc_read_line(&proc, 1);
            if (line == NULL) continue;
            const char *id = strstr(line, "\"txn_ok\",\"in_reply_to\":");
            assert_non_null(id);
            acked = (int)strtol(id + strlen("\"txn_ok\",\"in_reply_to\":"), NULL, 10) - 10;
            pending--;
        }
        gv_proc_kill(&proc);
        gv_proc_fini(&proc);
    }
    printf("gv-txn: %d kills, %d transactions sent\n", count, sent);
    assert_true(acked > 0);
    gv_proc_remove_dir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_survive_kills),
        cmocka_unit_test(counters_survive_kills),
        cmocka_unit_test(unsynced_writes_survive_kills),
        cmocka_unit_test(ids_ascend_across_kills),
        cmocka_unit_test(transactions_survive_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
