// SPDX-License-Identifier: MIT
// Real nodes with a directory, killed by SIGKILL at random moments under load: what they have
// acknowledged is there in the next life. GV_ROUNDS=1000 for a long run; GV_SEED repeats one.
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
    WRITERS = 64,       // requests under way
    ROUNDS = 24,        // by default, all in all
    ROUNDS_A_DIR = 25,  // then the next one begins empty
    WRITES_MAX = 20000, // a round
    KILL_US = 30000,    // at the latest
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

struct trial {
    const char *name, *request; // the program, and what stands before the value
    const char *arguments[8];
    struct gv_proc proc;
    char log[4200];
    int sent, acked;         // in this life
    char *known;             // of each value, whether it has been acknowledged
    int first;               // value of this life
    long long sum, sum_most; // of a counter: what has been acknowledged, and sent
};

static void start(struct trial *trial) {
    gv_proc_start(&trial->proc, trial->name, trial->arguments, trial->log);
    assert_true(gv_proc_init(&trial->proc));
    trial->sent = trial->acked = 0;
}

static void send_one(struct trial *trial) {
    char line[160];
    int value = trial->first + trial->sent;
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{%s%d,\"msg_id\":%d}}\n",
                       trial->request, trial->known != NULL ? value : 1, value + 10);
    gv_proc_write(&trial->proc, line, (size_t)len);
    trial->sent++;
}

// Takes an answer; false: there is none.
static bool take_one(struct trial *trial, int wait_ms) {
    char *line = gv_proc_read_line(&trial->proc, wait_ms);
    if (line == NULL) return false;
    char *id = strstr(line, "\"in_reply_to\":");
    assert_non_null(strstr(line, "_ok\""));
    assert_non_null(id);
    int value = (int)strtol(id + strlen("\"in_reply_to\":"), NULL, 10) - 10;
    assert_true(value >= trial->first && value < trial->first + trial->sent);
    if (trial->known != NULL) trial->known[value] = 1;
    trial->acked++;
    return true;
}

// Writes, as many at once as there are writers, until the moment comes.
static void load_until(struct trial *trial, uint64_t end_us) {
    while (now_us() < end_us && trial->sent < WRITES_MAX) {
        while (trial->sent - trial->acked < WRITERS) send_one(trial);
        take_one(trial, 1);
    }
}

static char *read_value(struct trial *trial) {
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":2}}\n";
    assert_true(gv_proc_write(&trial->proc, ask, sizeof ask - 1));
    char *line = gv_proc_read_line(&trial->proc, 30000);
    assert_non_null(line);
    char *value = strstr(line, "\"value\":");
    assert_non_null(value);
    return value + strlen("\"value\":");
}

static void check_set(struct trial *trial, int count) {
    static char found[VALUES_MAX + WRITERS];
    memset(found, 0, sizeof found);
    for (char *at = read_value(trial) + 1; *at >= '0' && *at <= '9';) {
        long value = strtol(at, &at, 10);
        assert_true(value < count);
        found[value]++;
        if (*at == ',') at++;
    }
    for (int i = 0; i < count; i++) {
        if (found[i] > 1 || found[i] < trial->known[i])
            fail_msg("%d: acknowledged %d, found %d times", i, trial->known[i], found[i]);
    }
}

static void check_sum(struct trial *trial) {
    long long sum = strtoll(read_value(trial), NULL, 10);
    if (sum < trial->sum || sum > trial->sum_most)
        fail_msg("%lld is not within %lld and %lld", sum, trial->sum, trial->sum_most);
    trial->sum = trial->sum_most = sum;
}

// Some lives in one directory.
static int run_lives(struct trial *trial, int lives) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(trial->log, sizeof trial->log, "%s/log", dir);
    trial->arguments[0] = "--data";
    trial->arguments[1] = dir;
    trial->first = 0;
    trial->sum = trial->sum_most = 0;
    int acked = 0;
    for (int life = 0; life <= lives; life++) {
        start(trial);
        if (trial->known != NULL) {
            check_set(trial, trial->first);
        } else {
            check_sum(trial);
        }
        if (life < lives) {
            load_until(trial, now_us() + gv_prng_below(&prng, KILL_US));
            gv_proc_kill(&trial->proc);
            while (take_one(trial, 0)) continue;
        }
        acked += trial->acked;
        trial->first += trial->sent;
        trial->sum += trial->acked;
        trial->sum_most += trial->sent;
        gv_proc_fini(&trial->proc);
    }
    gv_proc_remove_dir(dir);
    return acked;
}

static void run(const char *name, const char *request, bool set, const char *mode, int count) {
    struct trial trial = {.name = name, .request = request};
    trial.arguments[2] = "--durability";
    trial.arguments[3] = mode;
    gv_prng_init(&prng, gv_test_seed(), (uint64_t)count);
    long long acked = 0;
    for (int done = 0; done < count;) {
        int lives = count - done < ROUNDS_A_DIR ? count - done : ROUNDS_A_DIR;
        trial.known = set ? calloc(VALUES_MAX + WRITERS, 1) : NULL;
        acked += run_lives(&trial, lives);
        free(trial.known);
        done += lives;
    }
    printf("%s %s: %d kills, %lld writes acknowledged\n", name, mode, count, acked);
    assert_true(acked > 0);
}

static void test_set(void **state) {
    (void)state;
    run("gv-gset", "\"type\":\"add\",\"element\":", true, "sync", rounds() / 2);
}

static void test_counter(void **state) {
    (void)state;
    run("gv-counter", "\"type\":\"add\",\"delta\":", false, "sync", rounds() / 2);
}

// The death of the process alone loses nothing here either.
static void test_none(void **state) {
    (void)state;
    run("gv-gset", "\"type\":\"add\",\"element\":", true, "none", rounds() / 8);
}

// Ids go on where the former life could have been, however little it had time to say.
static void test_ids(void **state) {
    (void)state;
    char dir[4096], log[4200], last[128] = "";
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(log, sizeof log, "%s/log", dir);
    const char *const arguments[] = {"--data", dir, NULL};
    gv_prng_init(&prng, gv_test_seed(), 7);
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"generate\",\"msg_id\":2}}\n";
    uint64_t heard = 0;
    int count = rounds() / 4;
    for (int life = 0; life < count; life++) {
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
        heard += wanted;
        gv_proc_kill(&proc);
        gv_proc_fini(&proc);
    }
    printf("gv-ids: %d kills, %" PRIu64 " ids heard\n", count, heard);
    gv_proc_remove_dir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
