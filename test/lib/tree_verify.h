// SPDX-License-Identifier: MIT
// Checks a tree from within.
#ifndef GV_TEST_LIB_TREE_VERIFY_H
#define GV_TEST_LIB_TREE_VERIFY_H

#include "../../merkle/tree.h"

// Checks all invariants: order, counts, sums, cached sketches, fill and depth of the nodes, and
// that every node is in the tree or on the free list. Returns 0 or GV_ECORRUPT. O(n).
int gv_tree_verify(const struct gv_tree *tree);

#endif
