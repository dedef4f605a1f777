// SPDX-License-Identifier: MIT
// One node under test, without I/O: pass it a line, and read what it sends and logs.
#ifndef GV_TEST_LIB_SOLO_H
#define GV_TEST_LIB_SOLO_H

#include "../../node/node.h"
#include "../../node/workload.h"

struct gv_solo {
    struct gv_json json;
    struct gv_node_config config;
    struct gv_node *node;
    gv_time now;
    size_t send_cap; // capacity for each gv_node_send; 0: 256 KiB
    char *out;       // the output since gv_solo_clear, NUL-terminated
    size_t out_len, out_cap;
    char log[4096]; // the log since gv_solo_clear, NUL-terminated lines
    size_t log_len;
    unsigned log_lines; // number of lines, including those that did not fit
};

// Sets a default configuration, which may be changed before gv_solo_start: this workload, the C
// heap, seed 1, incarnation 7.
void gv_solo_config(struct gv_solo *solo, const struct gv_workload *workload);
void gv_solo_start(struct gv_solo *solo);
// Calls gv_solo_config and gv_solo_start, sends an init as n1 of n1, n2 and n3, and then clears
// `out` and `log`.
void gv_solo_init(struct gv_solo *solo, const struct gv_workload *workload);
void gv_solo_stop(struct gv_solo *solo);

void gv_solo_clear(struct gv_solo *solo);
// Receives a line, without sending. Returns the result of gv_node_receive. The line is copied to a
// heap block of its exact size, so that sanitizers detect reads beyond it.
int gv_solo_receive(struct gv_solo *solo, const char *line, size_t len);
// Calls gv_node_send until the node has nothing to send.
void gv_solo_send(struct gv_solo *solo);
// Clears `out` and `log`, receives a line, sends, and returns `out`.
const char *gv_solo_exchange(struct gv_solo *solo, const char *line);
// The same for a request with this body, from client c1 to n1.
const char *gv_solo_request(struct gv_solo *solo, const char *body);
// The line of a request with this body; valid until the next call.
const char *gv_solo_line(const char *body);

#endif
