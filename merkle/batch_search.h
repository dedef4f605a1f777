// SPDX-License-Identifier: MIT
// Batched search: 16 searches descend the tree together, level by level, so that their cache misses
// overlap (group prefetching: Chen, Ailamaki, Gibbons, Mowry, "Improving Hash Join Performance
// through Prefetching", ICDE 2004). Internal: called by gv_tree_digest_below_batch and
// gv_tree_select_batch.
#ifndef GV_MERKLE_BATCH_SEARCH_H
#define GV_MERKLE_BATCH_SEARCH_H

#include "tree.h"

void gv_batch_search_below(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                           struct gv_digest *below);
void gv_batch_search_select(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                            uint64_t *positions);

#endif
