// SPDX-License-Identifier: MIT
// Somebody on the network between the nodes, who reads along and is no friend. He has not got their
// secret; so he makes do with what they say: he alters a digit of it, on its way or of a copy,
// sends it on to another node or back to where it came from, or says again what was said before.
#ifndef GV_SIM_CORE_ADVERSARY_H
#define GV_SIM_CORE_ADVERSARY_H

#include "envelope.h"

enum { GV_ADVERSARY_CAPTURED = 4096 }; // lines, to be said again, also to lives that begin later

struct gv_adversary {
    struct gv_envelope envelope; // the line made last
    struct gv_adversary_line {
        char *bytes;
        size_t len, cap;
        uint32_t src, dest;
    } captured[GV_ADVERSARY_CAPTURED];
    uint32_t seen; // lines, so far
};

// What he does with a line.
struct gv_adversary_action {
    bool replaces, replayed; // of that line, and not beside it; a line that was there before
    uint32_t src, dest;      // what he says, and to whom it goes
    struct gv_slice line;
};

// Zeroed it is one that has seen nothing.
void gv_adversary_fini(struct gv_adversary *adversary);

// He sees a line, as gv_envelope makes them, on its way from a node to another of `nodes`, and does
// something to it or because of it, by the bits of `draw`. What is returned is good until the next
// call.
struct gv_adversary_action gv_adversary_act(struct gv_adversary *adversary, uint64_t draw,
                                            uint32_t nodes, uint32_t src, uint32_t dest,
                                            struct gv_slice line);

#endif
