// SPDX-License-Identifier: MIT
// gvbench: runs the named benchmarks, or all.
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    int (*run)(bool small);
} benches[] = {
#define X(name) {#name, bench_##name},
    BENCHES(X)
#undef X
};

enum { COUNT = sizeof benches / sizeof *benches };

double bench_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void usage(FILE *out) {
    fputs("usage: gvbench [--small] [NAME...]\n"
          "       gvbench sync [--all] [--svg FILE]\n"
          "       gvbench sync [--items N] [--diff D] [--pattern U|C|M|S] [--round-trip MS] "
          "[--warm]\n"
          "               [--max-message BYTES] [--seed N] [--seeds N] [--trace]\n"
          "Runs the named benchmarks, or all. `sync` prints the table of syncs and the comparison\n"
          "with other systems; with --all, the table of warm syncs and slow links, and with --svg\n"
          "a plot. With other options it measures one kind of sync, where D of N entries differ:\n"
          "  U  extra entries at random positions\n"
          "  S  the same, with strings for keys\n"
          "  C  extra entries with the largest keys, all on one side\n"
          "  M  changed counters at random positions\n"
          "  --small  run each benchmark briefly, as a test\n"
          "  --help   print this text\n"
          "Benchmarks:",
          out);
    for (int i = 0; i < COUNT; i++) fprintf(out, " %s", benches[i].name);
    fputs("\nExit status: 0; 1: a benchmark gave a wrong result; 2: wrong usage.\n", out);
}

// The index of a benchmark, or COUNT.
static int find(const char *name) {
    int i = 0;
    while (i < COUNT && strcmp(benches[i].name, name) != 0) i++;
    return i;
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "sync") == 0 && strcmp(argv[2], "--small") != 0) {
        int status = bench_sync_command(argc - 2, argv + 2);
        if (status == 2) usage(stderr);
        return status;
    }
    bool small = false, some = false, chosen[COUNT] = {false};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--small") == 0) {
            small = true;
            continue;
        }
        int bench = find(argv[i]);
        if (bench == COUNT) {
            fprintf(stderr, "gvbench: no such %s: %s\n", argv[i][0] == '-' ? "option" : "benchmark",
                    argv[i]);
            usage(stderr);
            return 2;
        }
        chosen[bench] = some = true;
    }
    int failed = 0;
    for (int i = 0; i < COUNT; i++) {
        if (some && !chosen[i]) continue;
        if (benches[i].run(small) != 0) {
            fprintf(stderr, "gvbench: %s failed\n", benches[i].name);
            failed = 1;
        }
        fflush(stdout);
    }
    return failed;
}
