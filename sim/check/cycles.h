// SPDX-License-Identifier: MIT
// Short cycles in a directed graph whose edges have kinds. A graph of dependencies between
// transactions is searched several times, each time with the kinds that one anomaly consists of.
#ifndef GV_SIM_CHECK_CYCLES_H
#define GV_SIM_CHECK_CYCLES_H

#include "../../merkle/base.h"

struct gv_cycles_edge {
    uint32_t from, to; // nodes, different
    uint32_t kind;     // one bit
    uint32_t label;    // the caller's
};

struct gv_cycles {
    uint32_t nodes;
    struct gv_cycles_edge *edges; // in order of addition
    size_t len, cap;
    bool *done; // by node: it is in a component with a cycle that was found
};

// A cycle: each edge starts where the one before it ends, and the first where the last ends.
struct gv_cycles_cycle {
    struct gv_cycles_edge *edges;
    size_t len;
};

struct gv_cycles_list {
    struct gv_cycles_cycle *cycles; // shortest first
    size_t len, cap;
};

void gv_cycles_init(struct gv_cycles *graph, uint32_t nodes);
void gv_cycles_fini(struct gv_cycles *graph);

// Adds an edge. Edges may be parallel; at most 2^32 − 2 can be added.
void gv_cycles_add(struct gv_cycles *graph, struct gv_cycles_edge edge);

// Searches the graph that has only the edges of `kinds` (a set of bits) for cycles with at least
// one edge of `required`, a subset of `kinds`. Finds one in each strongly connected component that
// has such an edge, except in components of which a node was in a cycle's component before. It is
// the shortest, unless the search would take more than GV_CYCLES_STEPS steps; then it is the
// shortest found by then. O(nodes + edges) beside these steps. The caller frees the list by
// gv_cycles_list_fini.
enum { GV_CYCLES_STEPS = 20000000 };
struct gv_cycles_list gv_cycles_find(struct gv_cycles *graph, uint32_t kinds, uint32_t required);
void gv_cycles_list_fini(struct gv_cycles_list *list);

#endif
