// SPDX-License-Identifier: MIT
// Groups nodes that have not answered a request by what they did instead, for one error each.
#ifndef GV_SIM_RUN_SILENT_H
#define GV_SIM_RUN_SILENT_H

#include "../core/envelope.h"

enum {
    GV_SILENT_DESCRIPTION_MAX = 2 * GV_ENVELOPE_EXCERPT_MAX, // longest description of a node, bytes
    GV_SILENT_INSTEAD_MAX = GV_SILENT_DESCRIPTION_MAX + GV_ENVELOPE_EXCERPT_MAX + 128,
    GV_SILENT_KINDS = 3,  // maximum number of descriptions
    GV_SILENT_NAMED = 12, // maximum number of nodes named in a group
};

struct gv_silent {
    char instead[GV_SILENT_INSTEAD_MAX]; // what each did instead, as the end of a sentence
    char names[GV_SILENT_NAMED * 16];    // "n1, n4"
    uint32_t count;                      // of nodes; 0: the group is not used
};

// Adds a node to the group with its description. If there are GV_SILENT_KINDS groups already, adds
// it to a last group without a description. The groups are zeroed at first.
void gv_silent_add(struct gv_silent groups[GV_SILENT_KINDS + 1], uint32_t node,
                   const char *instead);

#endif
