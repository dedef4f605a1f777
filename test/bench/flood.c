// SPDX-License-Identifier: MIT
// One client sends garbage at full speed, and a good client sends requests now and then. Measures
// the median and the 99th percentile of the time until the good client's replies, and the memory of
// the node. The node is a real gv-echo process, and both clients share its standard input, so only
// the bytes in the pipe precede a good line.
//
// The flood occupies one core, and the node that reads it another. A flood at another node shows
// how much of the delay this load causes. The three cases (no flood, flood at the other node, flood
// at this node) alternate, so that other load on the machine disturbs all of them equally.
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

enum {
    PACE_US = 1000,
    WRITE = 4096,
    READ = 64 << 10,
    WAIT_MS = 30000,
    UNREAD_MS = 300,
    TURNS = 20
};
enum place { CALM, ELSEWHERE, HERE, PLACES };

static const struct {
    const char *what, *line;
} garbages[] = {
    {"no JSON", "{\"src\":\"c9\",\"dest\":\"n1\",\"body\":{\"type\":]}}\n"},
    {"refused", "{\"src\":\"c9\",\"dest\":\"n1\",\"body\":{\"type\":\"none\",\"msg_id\":1}}\n"},
};

// A node, and a process that reads its output and forwards the replies of the good client.
struct side {
    struct gv_proc node;
    pid_t router;
};

static void sleep_us(long us) {
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static void stop(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

// Drops error replies until the end of the input.
static void route(int in, int out) {
    static char data[READ + 1];
    size_t len = 0;
    for (ssize_t n; (n = read(in, data + len, READ - len)) > 0;) {
        len += (size_t)n;
        char *line = data, *newline;
        while ((newline = memchr(line, '\n', len - (size_t)(line - data))) != NULL) {
            size_t size = (size_t)(newline + 1 - line);
            *newline = '\0';
            bool good = strstr(line, "_ok") != NULL;
            *newline = '\n';
            if (good && write(out, line, size) != (ssize_t)size) return;
            line += size;
        }
        len -= (size_t)(line - data);
        memmove(data, line, len);
    }
}

static void start(struct side *side) {
    const char *const arguments[] = {NULL};
    int ends[2];
    gv_proc_start(&side->node, "gv-echo", arguments, "/dev/null");
    GV_ASSERT(pipe(ends) == 0);
    side->router = fork();
    GV_ASSERT(side->router >= 0);
    if (side->router == 0) {
        close(side->node.in);
        close(ends[0]);
        route(side->node.out, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    close(side->node.out);
    side->node.out = ends[0];
}

// Ends a side's processes. Returns false if one of them failed.
static bool end(struct side *side) {
    bool good = gv_proc_end(&side->node) == 0;
    stop(side->router);
    gv_proc_fini(&side->node);
    return good;
}

// Writes garbage until it is killed: complete lines, PIPE_BUF bytes at a time.
static pid_t start_flood(const struct side *side, const char *line) {
    pid_t pid = fork();
    GV_ASSERT(pid >= 0);
    if (pid > 0) return pid;
    char block[WRITE];
    size_t len = 0, one = strlen(line);
    for (; len + one <= sizeof block; len += one) memcpy(block + len, line, one);
    while (write(side->node.in, block, len) > 0) continue;
    _exit(0);
}

// The time until the reply, or a negative number if there is none.
static double request(struct gv_proc *node) {
    static const char line[] = "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"echo\","
                               "\"echo\":1,\"msg_id\":2}}\n";
    double start = bench_now_ns();
    if (!gv_proc_write(node, line, sizeof line - 1)) return -1;
    const char *answer = gv_proc_read_line(node, WAIT_MS);
    return answer != NULL && strstr(answer, "echo_ok") != NULL ? bench_now_ns() - start : -1;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Peak resident memory in KiB; 0: unknown on this system.
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

static double median(double *of, size_t count) {
    qsort(of, count, sizeof *of, by_size);
    return of[count / 2];
}

// Reports the median of the turns' 99th percentiles, because other load on the machine disturbs
// only some turns, while the flood disturbs all.
static void report(const char *what, double *times, size_t turns, size_t count) {
    double late[PLACES], half[PLACES], worst[TURNS];
    for (size_t i = 0; i < PLACES; i++) {
        double *all = times + i * turns * count;
        for (size_t turn = 0; turn < turns; turn++) {
            double *of = all + turn * count;
            qsort(of, count, sizeof *of, by_size);
            worst[turn] = of[count - 1 - count / 100];
        }
        late[i] = median(worst, turns) / 1e3;
        half[i] = median(all, turns * count) / 1e3;
    }
    printf("flood %-8s 99 of 100 answers in %.0f us calm, %.0f us with the flood elsewhere, %.0f "
           "us here (%.1f times); half in %.0f, %.0f and %.0f us (%.1f times)\n",
           what, late[CALM], late[ELSEWHERE], late[HERE], late[HERE] / late[ELSEWHERE], half[CALM],
           half[ELSEWHERE], half[HERE], half[HERE] / half[ELSEWHERE]);
}

// One turn of `count` requests. Returns false if a reply is missing.
static bool take_turn(struct side sides[2], enum place place, const char *line, double *times,
                      int count) {
    pid_t pid = place == CALM ? 0 : start_flood(&sides[place == ELSEWHERE], line);
    bool good = true;
    for (int i = 0; i < count && good; i++) {
        sleep_us(PACE_US);
        times[i] = request(&sides[0].node);
        good = times[i] >= 0;
    }
    if (pid > 0) stop(pid);
    return good;
}

static bool measure(struct side sides[2], int garbage, int turns, int count) {
    size_t all = (size_t)turns * (size_t)count;
    double *times = malloc(PLACES * all * sizeof *times);
    bool good = times != NULL;
    for (int i = 0; i < PLACES * turns && good; i++) {
        enum place place = (enum place)(i % PLACES);
        size_t at = place * all + (size_t)(i / PLACES) * (size_t)count;
        good = take_turn(sides, place, garbages[garbage].line, times + at, count);
    }
    if (good) report(garbages[garbage].what, times, (size_t)turns, (size_t)count);
    free(times);
    return good;
}

// Leaves the replies unread for a while.
static bool leave_unread(struct side *side) {
    kill(side->router, SIGSTOP);
    pid_t flood = start_flood(side, garbages[1].line);
    sleep_us(UNREAD_MS * 1000);
    stop(flood);
    kill(side->router, SIGCONT);
    return request(&side->node) >= 0;
}

int bench_flood(bool small) {
    int turns = small ? 1 : TURNS, count = small ? 20 : 100;
    struct side sides[2];
    bool good = true;
    for (int i = 0; i < 2; i++) {
        start(&sides[i]);
        good = gv_proc_init(&sides[i].node) && good;
    }
    struct gv_proc *node = &sides[0].node;
    long before = peak_kib(node);
    for (int i = 0; i < 2 && good; i++) good = measure(sides, i, turns, count);
    long flooded = peak_kib(node);
    good = good && leave_unread(&sides[0]);
    if (good)
        printf("flood peak of memory: %ld KiB at the start, %ld flooded, %ld with nobody to read "
               "the answers\n",
               before, flooded, peak_kib(node));
    // The second side's forwarder has inherited the input of the first node, so it must end first.
    for (int i = 1; i >= 0; i--) good = end(&sides[i]) && good;
    return good ? 0 : 1;
}
