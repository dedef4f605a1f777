// SPDX-License-Identifier: MIT
// Bounds that hold whatever happens: the length of a message between nodes, and the memory of a
// node, which may grow with its entries and peers only.
#ifndef GV_SIM_CHECK_CHECK_BOUNDS_H
#define GV_SIM_CHECK_CHECK_BOUNDS_H

#include "verdict.h"

enum {
    GV_CHECK_BOUNDS_NODE = 4 << 20, // bytes of a node, whatever it holds …
    GV_CHECK_BOUNDS_PEER = 4 << 10, // … for each other node …
    GV_CHECK_BOUNDS_ENTRY = 512,    // … and for each entry of the simulator's workloads
};

struct gv_check_bounds {
    uint32_t nodes;
    size_t message_max;                     // bytes of a body
    bool message_reported, memory_reported; // one error of each is enough
};

void gv_check_bounds_init(struct gv_check_bounds *bounds, uint32_t nodes, size_t message_max);

// A node says something to another: the body of its line has so many bytes.
void gv_check_bounds_message(struct gv_check_bounds *bounds, uint32_t node, size_t bytes,
                             struct gv_verdict_errors *errors);
// A node with so many entries has so much memory.
void gv_check_bounds_memory(struct gv_check_bounds *bounds, uint32_t node, uint64_t entries,
                            uint64_t bytes, struct gv_verdict_errors *errors);

#endif
