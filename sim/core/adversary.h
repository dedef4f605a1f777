// SPDX-License-Identifier: MIT
// An active adversary on the network, without the secret of the nodes. It captures messages, and
// alters a digit of a message or of a copy, redirects a copy to another node, reflects a copy to
// its sender, or replays a captured message (Dolev and Yao, IEEE Trans. Inf. Theory 29, 1983).
#ifndef GV_SIM_CORE_ADVERSARY_H
#define GV_SIM_CORE_ADVERSARY_H

#include "envelope.h"

enum {
    GV_ADVERSARY_CAPTURED = 4096
}; // captured lines; they are replayed to later incarnations as well
#define GV_ADVERSARY_FIRST_ID \
    (UINT64_C(1) << 40) // first id of its lines, larger than all other ids

struct gv_adversary {
    struct gv_envelope envelope; // the latest line composed
    struct gv_adversary_line {
        char *bytes;
        size_t len, cap;
        uint32_t src, dest;
    } captured[GV_ADVERSARY_CAPTURED];
    uint32_t seen; // number of lines captured so far
};

// What the adversary sends in response to a line.
struct gv_adversary_action {
    bool replaces;      // send this instead of the line; false: in addition to it
    bool replayed;      // this is a captured line
    uint32_t src, dest; // nodes
    struct gv_slice line;
};

// Frees all captured lines. A zeroed adversary has captured nothing.
void gv_adversary_fini(struct gv_adversary *adversary);

// Captures a line of gv_envelope between two of `nodes` nodes, and chooses an action by the random
// bits of `draw`. The result is borrowed until the next call.
struct gv_adversary_action gv_adversary_act(struct gv_adversary *adversary, uint64_t draw,
                                            uint32_t nodes, uint32_t src, uint32_t dest,
                                            struct gv_slice line);

#endif
