// SPDX-License-Identifier: MIT
// The strategy of reconcile.c: how to describe a range that differs, by a list, sketches or sums,
// and by how many subranges. Pure functions of the ranges, the local digests and struct
// gv_strategy, whose members only strategy.c writes. Internal to reconcile.c; reconcile.h describes
// the ranges.
//
// The number of differences is estimated from three sources: the estimators of both sides (whole
// set), the caller's history (whole set), and the differences of counts in the first ranges of the
// summary (each range). The choice depends on the options: smaller subranges cost bytes and save
// messages (`fewer_rounds`); a sketch costs a pass over the items of its range and saves both
// (`use_sketches`).
#ifndef GV_MERKLE_STRATEGY_H
#define GV_MERKLE_STRATEGY_H

#include "reconcile.h"
#include "window.h"

// The strategy of an exchange with this salt, before its first sample. `options` may be NULL.
struct gv_strategy gv_strategy_start(const struct gv_reconcile_options *options, uint8_t salt);

// Samples the first ranges of the summary, before any is answered, and returns the window to its
// start. Does nothing if they have been sampled. Stops at a malformed range; the answer reports it.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_window *window);

// Whether the sums of a range equal the local digest.
bool gv_strategy_matches(const struct gv_range *range, struct gv_digest mine);

// The local surplus in a range: `mine` items minus those of the peer. A sketch carries its count
// modulo GV_RANGE_COUNT_MODULUS, so its surplus is the value closest to 0.
int64_t gv_strategy_surplus(const struct gv_range *range, uint64_t mine);

// Estimates the number of differences in the whole set from the estimators of a root and of the
// tree, whose digest is `mine`.
uint64_t gv_strategy_estimate(const struct gv_tree *tree, const struct gv_range *root,
                              struct gv_digest mine);

// How to describe a range that differs to the peer.
struct gv_strategy_choice {
    enum gv_range_kind kind; // GV_RANGE_LIST, GV_RANGE_SKETCH or GV_RANGE_SUM
    uint32_t subranges;      // number of subranges, at least 1; 1 for a list
};
// Chooses for a range whose local digest `mine` counts at least one item (asserted).
struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_tree *tree,
                                             const struct gv_range *range, struct gv_digest mine);

#endif
