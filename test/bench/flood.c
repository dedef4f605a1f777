// SPDX-License-Identifier: MIT
// One client sends garbage at full speed, another asks now and then: how long the good one waits
// for its answers, 99 of 100, beside what it waits when all is calm, and what memory the node
// takes. A real gv-echo, whose standard input both share: ahead of a good line there is what its
// pipe holds, and no more. Calm and flood take turns, so that a busy machine disturbs both alike.
#include "bench.h"

#include "../../merkle/base.h"
#include "../lib/proc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACE_US = 1000, TURN = 100, WRITE = 4096, WAIT_MS = 30000 };

// It has no answer: one that had would be read by who asked, or the node would wait for that.
static const char garbage[] = "{\"src\":\"c9\",\"dest\":\"n1\",\"body\":{\"type\":]}}\n";

// Writes garbage until it is killed, whole lines at once, as many as a pipe takes unmixed.
static pid_t start_flood(const struct gv_proc *node) {
    pid_t pid = fork();
    GV_ASSERT(pid >= 0);
    if (pid > 0) return pid;
    char block[WRITE];
    size_t len = 0, one = sizeof garbage - 1;
    for (; len + one <= sizeof block; len += one) memcpy(block + len, garbage, one);
    while (write(node->in, block, len) > 0) continue;
    _exit(0);
}

static void stop_flood(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

// The time until the answer is here; negative: there is none.
static double ask(struct gv_proc *node) {
    static const char line[] = "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"echo\","
                               "\"echo\":1,\"msg_id\":2}}\n";
    double start = bench_now_ns();
    if (!gv_proc_say(node, line, sizeof line - 1)) return -1;
    const char *answer = gv_proc_hear(node, WAIT_MS);
    return answer != NULL && strstr(answer, "echo_ok") != NULL ? bench_now_ns() - start : -1;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Peak of resident memory in KiB; 0: unknown here.
static long peak_kib(const struct gv_proc *node) {
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)node->pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && kib == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtol(line + 6, NULL, 10);
    if (file != NULL) fclose(file);
    return kib;
}

static void report(double *times[2], size_t count, long before_kib, long after_kib) {
    double late[2], half[2];
    for (int i = 0; i < 2; i++) {
        qsort(times[i], count, sizeof(double), by_size);
        late[i] = times[i][count - 1 - count / 100] / 1e3;
        half[i] = times[i][count / 2] / 1e3;
    }
    printf(
        "flood 99 of 100 answers in %.0f us calm, %.0f us flooded (%.1f times); half in %.0f and "
        "%.0f us; memory %ld and %ld KiB\n",
        late[0], late[1], late[1] / late[0], half[0], half[1], before_kib, after_kib);
}

// Fills in the times, calm and flooded. False: there was no answer.
static bool measure(struct gv_proc *node, double *times[2], int turns, long *before_kib) {
    const struct timespec pace = {.tv_nsec = PACE_US * 1000};
    bool good = true;
    for (int turn = 0; turn < 2 * turns && good; turn++) {
        bool flood = turn % 2 != 0;
        if (turn == 1) *before_kib = peak_kib(node);
        pid_t pid = flood ? start_flood(node) : 0;
        for (int i = 0; i < TURN && good; i++) {
            nanosleep(&pace, NULL);
            double ns = times[flood][turn / 2 * TURN + i] = ask(node);
            good = ns >= 0;
        }
        if (flood) stop_flood(pid);
    }
    return good;
}

int bench_flood(bool small) {
    const char *const arguments[] = {NULL};
    int turns = small ? 1 : 20;
    size_t count = (size_t)turns * TURN;
    double *times[2] = {malloc(count * sizeof(double)), malloc(count * sizeof(double))};
    struct gv_proc node;
    long before_kib = 0;
    gv_proc_start(&node, "gv-echo", arguments, "/dev/null");
    bool good = times[0] != NULL && times[1] != NULL && gv_proc_init(&node) &&
                measure(&node, times, turns, &before_kib);
    if (good) report(times, count, before_kib, peak_kib(&node));
    for (int i = 0; i < 2; i++) free(times[i]);
    good = gv_proc_end(&node) == 0 && good;
    gv_proc_fini(&node);
    return good ? 0 : 1;
}
