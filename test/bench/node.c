// SPDX-License-Identifier: MIT
// New values broadcast per second on one core: by the node's code alone, from memory, and by the
// program, from a file. For comparison, jsmn alone on the same lines.
#include "bench.h"

#include "../../engine/engine.h"
#include "../../node/node.h"
#include "../../node/workload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 81, CHUNK = 256 << 10 };

static const char init[] =
    "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
    "\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}}\n";

// `count` lines of 81 bytes and a newline, each with another value.
static char *make_lines(int count) {
    char *lines = malloc((size_t)count * (LINE + 1) + 1);
    for (int i = 0; lines != NULL && i < count; i++) {
        char line[128];
        int len = snprintf(line, sizeof line,
                           "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\","
                           "\"message\":%d,\"msg_id\":2}}\n",
                           1000000 + i);
        GV_ASSERT(len == LINE + 1);
        memcpy(lines + (size_t)i * (LINE + 1), line, LINE + 1);
    }
    return lines;
}

static void report(const char *what, int count, double ns) {
    printf("node  %-22s %9d lines  %7.1f ns  %6.3f M/s\n", what, count, ns / count,
           count / ns * 1e3);
}

// Runs the node in this process. Returns nanoseconds, or a negative number after an error.
static double run_alone(const char *lines, int count) {
    static char out[CHUNK];
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    struct gv_node_config config = {
        .workload = &gv_broadcast_workload,
        .alloc = gv_base_malloc(),
        .json = &json,
        .seed = 1,
        .staleness_ms = 500,
    };
    struct gv_node *node;
    if (gv_node_new(&node, &config) != 0) return -1;
    double start = bench_now_ns();
    gv_node_receive(node, 0, init, sizeof init - 2);
    for (int i = 0; i < count; i++) {
        gv_node_receive(node, 0, lines + (size_t)i * (LINE + 1), LINE);
        if (i % 3000 != 0 && i + 1 < count) continue;
        while (gv_node_send(node, 0, out, sizeof out) > 0) continue;
    }
    double spent = bench_now_ns() - start;
    struct gv_engine_stats stats;
    gv_engine_stats(gv_node_engine(node), &stats);
    gv_node_free(node);
    gv_json_fini(&json);
    return stats.entries == (uint64_t)count ? spent : -1;
}

static int open_input(const char *lines, int count) {
    char path[] = "/tmp/gv-bench-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    unlink(path);
    FILE *file = fdopen(dup(fd), "w");
    if (file == NULL) return -1;
    fwrite(init, 1, sizeof init - 1, file);
    fwrite(lines, LINE + 1, (size_t)count, file);
    return fclose(file) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

// Runs the program from a file to /dev/null. Returns nanoseconds, including its start, or a
// negative number after an error.
static double run_program(const char *program, int input) {
    if (lseek(input, 0, SEEK_SET) != 0) return -1;
    double start = bench_now_ns();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (dup2(input, 0) == 0 && dup2(null, 1) == 1)
            execl(program, program, "--log-level=error", (char *)NULL);
        _exit(127);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? bench_now_ns() - start : -1;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Measures the time until a valid line gets its reply, if `garbage` invalid lines precede each
// valid one. Returns the 99th percentile, ns, or a negative number after an error.
static double run_flood(const char *lines, int count, int garbage) {
    static const char bad[] = "{\"src\":\"c9\",\"dest\":\"n1\",\"body\":{\"type\":]}}";
    static char out[CHUNK];
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    struct gv_node_config config = {
        .workload = &gv_broadcast_workload,
        .alloc = gv_base_malloc(),
        .json = &json,
        .seed = 1,
    };
    struct gv_node *node;
    double *times = malloc((size_t)count * sizeof *times), found = -1;
    if (times != NULL && gv_node_new(&node, &config) == 0) {
        gv_node_receive(node, 0, init, sizeof init - 2);
        for (int i = 0; i < count; i++) {
            double start = bench_now_ns();
            for (int j = 0; j < garbage; j++) gv_node_receive(node, 0, bad, sizeof bad - 1);
            gv_node_receive(node, 0, lines + (size_t)i * (LINE + 1), LINE);
            while (gv_node_send(node, 0, out, sizeof out) > 0) continue;
            times[i] = bench_now_ns() - start;
        }
        qsort(times, (size_t)count, sizeof *times, by_size);
        found = times[count - 1 - count / 100];
        gv_node_free(node);
    }
    free(times);
    gv_json_fini(&json);
    return found;
}

static int report_flood(const char *lines, int count) {
    double alone = run_flood(lines, count, 0), beside = run_flood(lines, count, 1);
    if (alone < 0 || beside < 0) return 1;
    printf("node  99 of 100 good lines: %.0f ns alone, %.2f times that with as much garbage\n",
           alone, beside / alone);
    return 0;
}

int bench_node(bool small) {
    int count = small ? 20000 : 1000000, rounds = small ? 1 : 3, failed = 0;
    char *lines = make_lines(count);
    if (lines == NULL) return 1;
    double jsmn_ns = bench_jsmn_ns(lines, LINE, small), best = 1e18;
    printf("node  %-22s %25.1f ns  %6.3f M/s\n", "jsmn alone", jsmn_ns, 1e3 / jsmn_ns);
    for (int i = 0; i < rounds; i++) {
        double ns = run_alone(lines, count);
        if (ns < 0) failed = 1;
        if (ns < best) best = ns;
    }
    report("without I/O", count, best);
    double ratio = best / count / jsmn_ns;

    char program[4096];
    const char *build = getenv("BUILD");
    snprintf(program, sizeof program, "%s/gv-broadcast", build != NULL ? build : "build");
    if (access(program, X_OK) == 0) {
        int input = open_input(lines, count);
        best = 1e18;
        for (int i = 0; i < rounds && input >= 0; i++) {
            double ns = run_program(program, input);
            if (ns < 0) failed = 1;
            if (ns < best) best = ns;
        }
        if (input < 0) failed = 1;
        if (input >= 0) close(input);
        report("gv-broadcast, a file", count, best);
        printf("node  times of jsmn alone: %.1f without I/O, %.1f gv-broadcast\n", ratio,
               best / count / jsmn_ns);
    } else {
        printf("node  times of jsmn alone: %.1f without I/O (no %s)\n", ratio, program);
    }
    failed |= report_flood(lines, small ? count : count / 10);
    free(lines);
    return failed;
}
