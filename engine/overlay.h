// SPDX-License-Identifier: MIT
// The push tree: which node is the parent of which other node. Internal to engine/.
//
// The nodes, sorted by name, are numbered from 0. They form a tree of fan-out GV_OVERLAY_FANOUT, in
// which a node's place follows from its number (compare Plumtree: Leitão et al., SRDS 2007, which
// builds its tree from messages). The preferred parent of node i is node (i − 1) /
// GV_OVERLAY_FANOUT; node 0 has none and is the root. A node that suspects its preferred parent
// adopts the first unsuspected node that sorts before it, and is a root if there is no such node.
// So a parent always sorts before its children, and parents never form a cycle, whichever nodes are
// suspected.
//
// The functions are pure and cannot fail.
#ifndef GV_ENGINE_OVERLAY_H
#define GV_ENGINE_OVERLAY_H

#include "../merkle/base.h"

enum {
    GV_OVERLAY_FANOUT = 32, // maximum number of children of a node while no node is suspected
    GV_OVERLAY_NONE = -1,   // the parent of a root
};

// Nodes `first` … `end` − 1.
struct gv_overlay_range {
    uint32_t first, end;
};

// The preferred parent of a node; GV_OVERLAY_NONE for node 0.
int gv_overlay_preferred_parent(uint32_t node);

// The nodes, of `count`, whose preferred parent is this node.
struct gv_overlay_range gv_overlay_children(uint32_t node, uint32_t count);

// The number of levels below the root in a tree of `count` nodes.
uint32_t gv_overlay_levels(uint32_t count);

// The parent that a node adopts: its preferred parent or, if that is suspected, the first earlier
// node for which `suspected` is false; GV_OVERLAY_NONE if it is true for all of these.
int gv_overlay_choose_parent(uint32_t node, bool (*suspected)(const void *ctx, uint32_t of),
                             const void *ctx);

// Whether two nodes have the same preferred parent.
bool gv_overlay_are_siblings(uint32_t a, uint32_t b);

#endif
