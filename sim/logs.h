// SPDX-License-Identifier: MIT
// What the nodes print on standard error: a file a node, DIR/n0.log and so on, in a directory of
// the user's or in a temporary one.
#ifndef GV_SIM_LOGS_H
#define GV_SIM_LOGS_H

#include "../node/stats.h"

#include <stdio.h>

struct gv_logs {
    char *dir; // absolute
    uint32_t nodes;
    bool temporary;
};

// Makes the directory if it is not there. dir: NULL for a temporary one, under $TMPDIR or /tmp.
// Returns 0, or a negative errno value.
int gv_logs_init(struct gv_logs *logs, const char *dir, uint32_t nodes);

// Removes the files and the directory if `remove` and they are temporary; frees what is held.
void gv_logs_fini(struct gv_logs *logs, bool remove);

// Opens a node's file anew, for writing. Returns the descriptor, which the caller closes, or a
// negative errno value.
int gv_logs_create(struct gv_logs *logs, uint32_t node);

// The last statistics that a node has logged: a line of JSON with a member "stats". False if there
// is none.
bool gv_logs_stats(const struct gv_logs *logs, uint32_t node, struct gv_stats *out);

// Prints the first or the last lines of a node's file, under a heading. False if it has none.
bool gv_logs_print(const struct gv_logs *logs, uint32_t node, size_t lines, bool last, FILE *out);

#endif
