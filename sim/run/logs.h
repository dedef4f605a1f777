// SPDX-License-Identifier: MIT
// What the nodes print on standard error: a file a node, DIR/n0.log and so on, in a directory of
// the user's or in a temporary one. A file has a bound: of what a node prints beyond that, the end
// is kept, and a line between beginning and end says how much was left out.
#ifndef GV_SIM_RUN_LOGS_H
#define GV_SIM_RUN_LOGS_H

#include "../../node/stats.h"

#include <stdio.h>

enum {
    GV_LOGS_MAX = 16 << 20, // bytes of a file, unless another bound is given
    GV_LOGS_MIN = 1 << 12,
    GV_LOGS_LINE_MAX = 160,      // bytes of a last line that are kept
    GV_LOGS_TAIL_MAX = 64 << 10, // bytes of the end that are kept; a quarter of the bound, if less
};

struct gv_logs_file {
    uint64_t total, written; // bytes: that the node printed; that are in the file
    char *tail;              // a ring of the latest bytes that are not; NULL: none yet
    int error;               // an errno value: it cannot be written; 0: it can
    char line[GV_LOGS_LINE_MAX + 1], last[GV_LOGS_LINE_MAX + 1]; // the line that has begun; the one
    size_t line_len;                                             // before, if it was not empty
};

struct gv_logs {
    char *dir; // absolute
    uint32_t nodes;
    bool temporary;
    size_t max, tail_max; // bytes of a file; of its end
    struct gv_logs_file *files;
};

// Makes the directory if it is not there, and an empty file for each node. dir: NULL for a
// temporary one, under $TMPDIR or /tmp. max: bytes of a file, at least GV_LOGS_MIN, that its node
// prints. Returns 0, or a negative errno value.
int gv_logs_init(struct gv_logs *logs, const char *dir, uint32_t nodes, size_t max);

// Removes the files and the directory if `remove` and they are temporary; frees what is held.
void gv_logs_fini(struct gv_logs *logs, bool remove);

// A node printed these bytes. Returns 0, or a negative errno value if its file cannot be written,
// the first time that this is found.
int gv_logs_write(struct gv_logs *logs, uint32_t node, const char *bytes, size_t len);

// The last line that a node has printed, or has begun to; "" if there is none. Control characters
// show as '?'.
const char *gv_logs_last(const struct gv_logs *logs, uint32_t node);

// Nodes print no more: ends of files that had been held back go there. Call once, before the files
// are read by what follows.
void gv_logs_end(struct gv_logs *logs);

// The last statistics that a node has logged: a line of JSON with a member "stats". False if there
// is none.
bool gv_logs_stats(const struct gv_logs *logs, uint32_t node, struct gv_stats *out);

// Prints the first or the last lines of a node's file, under a heading. False if it has none.
bool gv_logs_print(const struct gv_logs *logs, uint32_t node, size_t lines, bool last, FILE *out);

#endif
