// SPDX-License-Identifier: MIT
// Runs a node on standard input and output, by libuv. Each may be a pipe, a socket, a terminal or
// a plain file (or a device like /dev/null).
//
// Nothing is ever waited for but the kernel's next event (and plain files, not the store's): when
// the output is not taken, the node fills up, no more input is read until it has room again, and
// time goes on for gossip. Memory is bounded: a buffer for input, a little longer than the longest
// line, and one for output. A pipe to read from is shortened to 4 KiB, where the system can, so
// that a client that floods it puts no more than that before the line of another.
#ifndef GV_NODE_LOOP_H
#define GV_NODE_LOOP_H

#include "node.h"

struct gv_loop_config {
    struct gv_node *node;         // borrowed
    const struct gv_store *store; // the node's, or NULL; written to by threads of libuv's
    size_t line_max;   // the node's; longer lines are handed to it only as far as it refuses them
    uint64_t stats_ms; // between statistics in the log; 0: only when SIGUSR1 comes
    void (*log)(void *ctx, const struct gv_log_record *record); // not NULL
    void *log_ctx;
};

// Runs until the input ends or SIGINT or SIGTERM comes; what has been read by then is answered,
// and the answers are written. Returns the process's exit status: 0, or 1 if reading or writing
// failed (the reader of the output went away, the disk is full, …), which has been logged. A second
// signal does not wait for the output any more: 128 plus its number. SIGPIPE is ignored from the
// call on. SIGUSR1 has the node log its statistics, and is ignored afterwards.
int gv_loop_run(const struct gv_loop_config *config);

// Monotonic time that goes on while the machine sleeps, where the system has such a clock: a node
// should notice that it was away.
gv_time gv_loop_now(void);
// Nanoseconds since 1970 by the system's clock: 0 before that year, UINT64_MAX beyond 2554.
uint64_t gv_loop_wall(void);
// What to add to gv_loop_now, modulo 2^64, to get gv_loop_wall.
uint64_t gv_loop_wall_offset(void);
// A number from the system's randomness; false: it has none to give.
bool gv_loop_random(uint64_t *out);

#endif
