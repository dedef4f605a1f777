// SPDX-License-Identifier: MIT
// The nodes' standard error, in one file for each node: DIR/n0.log, DIR/n1.log, … A file is
// bounded: the middle of a longer output is left out, and a line in its place counts the bytes.
#ifndef GV_SIM_RUN_LOGS_H
#define GV_SIM_RUN_LOGS_H

#include "../../node/stats.h"

#include <stdio.h>

enum {
    GV_LOGS_MAX = 16 << 20,      // default bound of a file, bytes
    GV_LOGS_MIN = 1 << 12,       // least bound of a file, bytes
    GV_LOGS_LINE_MAX = 160,      // bytes kept of the last line
    GV_LOGS_TAIL_MAX = 64 << 10, // bytes kept of the end; at most a quarter of the bound
};

struct gv_logs_file {
    uint64_t total, written; // bytes printed by the node; bytes in the file
    char *tail;              // ring of the latest bytes that are not in the file; NULL: none yet
    int error;               // errno value of a failed write; 0: none
    char line[GV_LOGS_LINE_MAX + 1]; // the unfinished line
    char last[GV_LOGS_LINE_MAX + 1]; // the last complete line that is not empty
    size_t line_len;
};

struct gv_logs {
    char *dir; // absolute
    uint32_t nodes;
    bool temporary;
    size_t max, tail_max; // bounds of a file and of its end, bytes
    struct gv_logs_file *files;
};

// Creates the directory if it does not exist, and an empty file for each node. dir: NULL for a
// temporary one, under $TMPDIR or /tmp. max: bound of a file, bytes, at least GV_LOGS_MIN. Returns
// 0, or a negative errno value.
int gv_logs_init(struct gv_logs *logs, const char *dir, uint32_t nodes, size_t max);

// Frees all memory. remove: also removes the files and the directory, if it is temporary.
void gv_logs_fini(struct gv_logs *logs, bool remove);

// Appends bytes that a node printed. Returns 0, or a negative errno value if its file cannot be
// written, for the first time only.
int gv_logs_write(struct gv_logs *logs, uint32_t node, const char *bytes, size_t len);

// The node's last line that is not empty, perhaps unfinished; "" if there is none. Control
// characters are replaced by '?'.
const char *gv_logs_last(const struct gv_logs *logs, uint32_t node);

// Writes the kept ends to the files. Call it once, after the nodes' last bytes and before the
// functions below.
void gv_logs_end(struct gv_logs *logs);

// The last statistics in a node's file, a line of JSON with a member "stats". False: there are
// none.
bool gv_logs_stats(const struct gv_logs *logs, uint32_t node, struct gv_stats *out);

// Prints the first or last lines of a node's file, under a heading. False: the file is empty.
bool gv_logs_print(const struct gv_logs *logs, uint32_t node, size_t lines, bool last, FILE *out);

#endif
