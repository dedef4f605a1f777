// SPDX-License-Identifier: MIT
// The benchmarks: each file here defines one, bench_NAME, which prints what it measured, its name
// first in each line. With `small` it takes well under a second, and serves as a test that it
// still runs. Returns 0, or 1 if what it ran gave a wrong result.
#ifndef GV_TEST_BENCH_BENCH_H
#define GV_TEST_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

// Every benchmark, in the order in which they run.
#define BENCHES(X) \
    X(tree)        \
    X(pinsketch)   \
    X(sync)        \
    X(json)        \
    X(node)        \
    X(auth)        \
    X(sim)         \
    X(flood)       \
    X(store)

#define BENCH_DECLARE(name) int bench_##name(bool small);
BENCHES(BENCH_DECLARE)
#undef BENCH_DECLARE

// `gvbench sync` with options of its own; the exit status, 2 for wrong usage.
int bench_sync_command(int argc, char **argv);

// A line of a plot: bytes at 1, 10, 100, 1,000 and 10,000 differences.
enum { BENCH_POINTS = 5 };
struct bench_line {
    const char *name, *colour;
    double bytes[BENCH_POINTS];
    double worst[BENCH_POINTS]; // the other end of a whisker; 0: none
    int shift;                  // of the name, downwards
};
// Writes the lines as SVG. False: the file could not be written.
bool bench_plot(const char *path, const struct bench_line *lines, int count);

// An ordered container of others, to measure the tree against.
struct gv_item;
struct bench_yardstick {
    const char *name;
    // A new container, filled one by one with these items, or with their positions alone.
    void *(*fill)(const struct gv_item *items, size_t count);
    size_t (*discard)(void *container); // returns how many it held
};
// Ends with one without a name; empty if this was built without a C++ compiler.
extern const struct bench_yardstick bench_yardsticks[];

// Monotonic, in nanoseconds.
double bench_now_ns(void);

// What jsmn alone takes for this text, in nanoseconds; negative: it refuses it.
double bench_jsmn_ns(const char *text, size_t len, bool small);

#endif
