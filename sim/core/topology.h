// SPDX-License-Identifier: MIT
// The topologies that broadcast nodes are sent. Each kind has the same neighbours in the same order
// as Maelstrom's.
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

// The topology as a JSON object from names to lists of names: {"n0":["n1"],"n1":["n0"]}. Returns
// its length. GV_ESPACE: longer than cap.
int gv_topology_json(enum gv_topology kind, uint32_t nodes, char *buf, size_t cap);

// The body of the topology request, without its braces; the caller frees it by free(). Ends the
// process if there is no memory.
char *gv_topology_request(enum gv_topology kind, uint32_t nodes, size_t *len);

// "line", "grid", …
const char *gv_topology_name(enum gv_topology kind);

// The kind of this name. GV_ENOENT: unknown name.
int gv_topology_parse(const char *name, enum gv_topology *kind);

#endif
