// SPDX-License-Identifier: MIT
// The event loop: runs a node on standard input and output, by libuv. Each may be a pipe, a socket,
// a terminal, a plain file or a device such as /dev/null.
//
// The loop blocks on events only; reads and writes of plain files are synchronous. If nobody reads
// the output, the node's buffers fill, and no input is read until they have space; gossip's timers
// continue. Memory is bounded: one buffer for input, a little longer than the longest line, and one
// for output. Where the system can, an input pipe is shrunk to 4 KiB, so a client that floods it
// puts at most 4 KiB in front of another client's line.
#ifndef GV_NODE_LOOP_H
#define GV_NODE_LOOP_H

#include "node.h"

struct gv_loop_config {
    struct gv_node *node;         // borrowed
    const struct gv_store *store; // the node's store, or NULL; worker threads of libuv write to it
    size_t line_max;              // the node's line_max: longer lines are truncated
    uint64_t stats_ms;            // interval of statistics in the log; 0: on SIGUSR1 only
    void (*log)(void *ctx, const struct gv_log_record *record); // not NULL
    void *log_ctx;
};

// Runs until the end of the input, SIGINT or SIGTERM; then replies to the lines read so far and
// writes the output. Returns the exit status of the process: 0; 1 if reading or writing failed (a
// closed pipe, a full disk), which has been logged; 128 plus the number of a second signal, which
// ends the loop before the output is written. The call makes the process ignore SIGPIPE. SIGUSR1
// logs the statistics, and is ignored after the return.
int gv_loop_run(const struct gv_loop_config *config);

// Monotonic time, in nanoseconds. It advances while the machine is suspended, if the system has
// such a clock, so that a node detects its pause.
gv_time gv_loop_now(void);
// Nanoseconds since 1970 by the system's clock; 0 before that year, UINT64_MAX after 2554.
uint64_t gv_loop_wall(void);
// gv_loop_wall minus gv_loop_now, modulo 2^64.
uint64_t gv_loop_wall_offset(void);
// A random number from the system; false: the system provides none.
bool gv_loop_random(uint64_t *out);

#endif
