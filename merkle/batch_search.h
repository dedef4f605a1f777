// SPDX-License-Identifier: MIT
// Searches of the tree side by side: each level of all of them before the next one, so that what
// one reads there is on its way to the cache while another is looked at. Internal to tree.c, whose
// header says what these do.
#ifndef GV_MERKLE_BATCH_SEARCH_H
#define GV_MERKLE_BATCH_SEARCH_H

#include "tree.h"

void gv_batch_search_below(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                           struct gv_digest *below);
void gv_batch_search_select(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                            uint64_t *positions);

#endif
