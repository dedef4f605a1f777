// SPDX-License-Identifier: MIT
// The benchmarks of gvbench. NAME.c defines bench_NAME, which prints its results: a table, or lines
// that begin with NAME. With `small` a benchmark takes less than a second; `make test` runs it that
// way. Returns 0, or 1 if a result is wrong.
#ifndef GV_TEST_BENCH_BENCH_H
#define GV_TEST_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

// All benchmarks, in the order in which they run.
#define BENCHES(X) \
    X(tree)        \
    X(pinsketch)   \
    X(sync)        \
    X(json)        \
    X(node)        \
    X(auth)        \
    X(sim)         \
    X(check)       \
    X(flood)       \
    X(txn)         \
    X(store)

#define BENCH_DECLARE(name) int bench_##name(bool small);
BENCHES(BENCH_DECLARE)
#undef BENCH_DECLARE

// Runs `gvbench sync` with the options in argv. Returns the exit status: 0, 1 for a wrong result or
// an exceeded limit, 2 for wrong usage.
int bench_sync_command(int argc, char **argv);

// A curve of the plot: bytes at 1, 10, 100, 1,000 and 10,000 differences.
enum { BENCH_POINTS = 5 };
struct bench_line {
    const char *name, *colour;
    double bytes[BENCH_POINTS];
    double worst[BENCH_POINTS]; // upper end of each whisker; 0: no whisker
    int shift;                  // offset of the label, pixels downwards
};
// Writes the plot as SVG. Returns false if the file cannot be written.
bool bench_plot(const char *path, const struct bench_line *lines, int count);

// An ordered container of C++ to compare the tree with.
struct gv_item;
struct bench_yardstick {
    const char *name;
    // Returns a new container with the items, or with their positions only, inserted one by one.
    void *(*fill)(const struct gv_item *items, size_t count);
    size_t (*discard)(void *container); // frees it; returns the number of elements
};
// Ends with an element whose name is NULL. Empty without a C++ compiler.
extern const struct bench_yardstick bench_yardsticks[];

// CLOCK_MONOTONIC, in nanoseconds.
double bench_now_ns(void);

// The time jsmn takes to tokenize the text, in nanoseconds; negative if jsmn rejects the text.
double bench_jsmn_ns(const char *text, size_t len, bool small);

#endif
