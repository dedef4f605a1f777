// SPDX-License-Identifier: MIT
// The strategy of rbsr.c: whether it describes a range that differs by a list, sketches or sums,
// and by how many subranges. The functions are pure functions of the ranges, the local digests and
// struct gv_strategy, whose members only strategy.c writes. Internal to rbsr.c; rbsr.h describes
// the ranges.
//
// The number of differences is estimated from the estimators of both sides and from the caller's
// history, both for the whole set, and for each range from the differences of counts in the first
// ranges of the summary. Smaller subranges cost bytes and save messages (option `fewer_rounds`). A
// sketch costs a pass over the items of its range and saves bytes and messages (`use_sketches`).
#ifndef GV_MERKLE_STRATEGY_H
#define GV_MERKLE_STRATEGY_H

#include "rbsr.h"
#include "window.h"

// The strategy of an exchange with this salt, before its first sample. `options` may be NULL.
struct gv_strategy gv_strategy_start(const struct gv_rbsr_options *options, uint8_t salt);

// Samples the first ranges of the summary before any range is answered, and rewinds the window.
// Does nothing if the ranges have been sampled. Stops at a malformed range, which the answer
// reports.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_window *window);

// Whether the sums of a range equal the local digest.
bool gv_strategy_matches(const struct gv_range *range, struct gv_digest mine);

// The surplus of a range: the local number of items, `mine`, minus the peer's. A sketch carries its
// count modulo GV_RANGE_COUNT_MODULUS, so the surplus of a sketch is the value closest to 0.
int64_t gv_strategy_surplus(const struct gv_range *range, uint64_t mine);

// Estimates the number of differences in the whole set from the estimator in the peer's root range
// and the estimator of the tree, whose digest is `mine`.
uint64_t gv_strategy_estimate(const struct gv_tree *tree, const struct gv_range *root,
                              struct gv_digest mine);

// How to describe to the peer a range that differs.
struct gv_strategy_choice {
    enum gv_range_kind kind; // GV_RANGE_LIST, GV_RANGE_SKETCH or GV_RANGE_SUM
    uint32_t subranges;      // number of subranges, at least 1; 1 for a list
};
// Chooses for a range in which the local tree has at least one item (asserted). `mine` is the local
// digest of the range.
struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_tree *tree,
                                             const struct gv_range *range, struct gv_digest mine);

#endif
