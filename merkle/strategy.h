// SPDX-License-Identifier: MIT
// The strategy of reconcile.c: the local digests of the ranges of a peer's summary, and the choice
// between a list, sketches and sums for a range that differs, and of the number of subranges.
// Writes and sends nothing. Internal to reconcile.c; reconcile.h describes the ranges.
//
// The number of differences is estimated from three sources: the estimators of both sides (whole
// set), the caller's history (whole set), and the differences of counts in the first ranges of the
// summary (each range). The choice depends on the options of struct gv_reconcile: smaller subranges
// cost bytes and save messages (`fewer_rounds`); a sketch costs a pass over the items of its range
// and saves both (`use_sketches`).
#ifndef GV_MERKLE_STRATEGY_H
#define GV_MERKLE_STRATEGY_H

#include "range.h"

enum { GV_STRATEGY_SAMPLE = 48 }; // ranges sampled, and ranges looked up in one batch

// The local digests of a window of ranges. Valid for one gv_reconcile_answer, during which the tree
// does not change. The caller sets `tree` and `key`, and the other members to 0.
struct gv_strategy {
    const struct gv_tree *tree;
    const struct gv_digest_key *key;
    uint64_t bounds[2 * GV_STRATEGY_SAMPLE];        // bounds of the window's ranges with sums
    struct gv_digest below[2 * GV_STRATEGY_SAMPLE]; // the local digest below each bound
    uint32_t bound_count;
    uint32_t next_bound;             // index of the lower bound to be looked up next
    size_t window_start, window_end; // offsets in the summary at which its first and last range end
};

// Samples the first ranges of the summary, before any is answered, and sets `expected_each`,
// `fanout`, `sketch_max` and `sampled` of the state. Stops at a malformed range; the answer reports
// it.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_reconcile *state);

// Makes sure that the window contains this range: if not, looks up the ranges from this one on.
// Call it for each range in order, before gv_strategy_mine.
void gv_strategy_look_up(struct gv_strategy *strategy, const struct gv_reconcile *from);

// The local digest of a root or of a range with sums; *first becomes that of all items before it.
struct gv_digest gv_strategy_mine(struct gv_strategy *strategy, const struct gv_reconcile *range,
                                  struct gv_digest *first);

// Whether the sums of a range equal the local digest.
bool gv_strategy_matches(const struct gv_reconcile *range, struct gv_digest mine);

// The local surplus in a range: `mine` items minus those of the peer. A sketch carries its count
// modulo GV_RANGE_COUNT_MODULUS, so its surplus is the value closest to 0.
int64_t gv_strategy_surplus(const struct gv_reconcile *range, uint64_t mine);

// Estimates the number of differences in the whole set from the estimators of a root and of the
// tree.
uint64_t gv_strategy_estimate(const struct gv_strategy *strategy, const struct gv_reconcile *root,
                              struct gv_digest mine);

// How to describe a range that differs to the peer.
struct gv_strategy_choice {
    enum gv_range_kind kind; // GV_RANGE_LIST, GV_RANGE_SKETCH or GV_RANGE_SUM
    uint32_t subranges;      // number of subranges, at least 1; 1 for a list
};
// Chooses for the current range, whose local digest `mine` counts at least one item (asserted).
struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_reconcile *state,
                                             struct gv_digest mine);

#endif
