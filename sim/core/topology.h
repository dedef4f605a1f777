// SPDX-License-Identifier: MIT
// The topologies that clients send to broadcast nodes. Each kind has the same neighbours in the
// same order as Maelstrom's.
#ifndef GV_SIM_CORE_TOPOLOGY_H
#define GV_SIM_CORE_TOPOLOGY_H

#include "../../merkle/base.h"

enum gv_topology {
    GV_TOPOLOGY_LINE,
    GV_TOPOLOGY_GRID, // roughly square, row by row
    GV_TOPOLOGY_TREE2,
    GV_TOPOLOGY_TREE3,
    GV_TOPOLOGY_TREE4,
    GV_TOPOLOGY_TOTAL,
};

// Writes the neighbours of a node to out[], which has room for nodes − 1. Returns their number.
uint32_t gv_topology_neighbours(enum gv_topology kind, uint32_t nodes, uint32_t node,
                                uint32_t *out);

// The body of the topology request, without its braces, whose topology is an object from names to
// lists of names: {"n0":["n1"],"n1":["n0"]}. The caller frees it by free(). Ends the process if
// there is no memory.
char *gv_topology_request(enum gv_topology kind, uint32_t nodes, size_t *len);

// "line", "grid", … by kind; NULL at the end.
extern const char *const gv_topology_names[];

#endif
