// SPDX-License-Identifier: MIT
// What is known of the ranges that a peer's summary speaks of, and what to say of one that differs:
// a list, sketches or sums, and of how many subranges. Nothing is written here, nor sent.
// Internal to reconcile.c, whose header says what the ranges are.
//
// How many differences there are is estimated from three sources: the two estimators, of
// everything; what the caller learnt in earlier exchanges, of everything too; and of a range, by
// how much the counts differ in the first ranges of the summary. What is best then depends on what
// the caller asks for, `fewer_rounds` and `use_sketches` of struct gv_reconcile: a finer cut costs
// bytes, and saves messages; a sketch costs a look at each item of its range, and saves both.
#ifndef GV_MERKLE_STRATEGY_H
#define GV_MERKLE_STRATEGY_H

#include "range.h"

enum { GV_STRATEGY_SAMPLE = 48 }; // ranges looked at to estimate how many differences there are

// What I hold in ranges of a summary, of which the next ones are looked up side by side. It serves
// for one call, during which the tree stays as it is; all but the first two members begin as 0.
struct gv_strategy {
    const struct gv_tree *tree;
    const struct gv_digest_key *key;
    // The bounds of some ranges to come that have sums, and what I hold below each.
    uint64_t bounds[2 * GV_STRATEGY_SAMPLE];
    struct gv_digest below[2 * GV_STRATEGY_SAMPLE];
    uint32_t bound_count, next_bound;
    size_t window_start, window_end; // where in the summary the first and the last of them end
};

// Looks at the first ranges of the summary, before any of it is answered: sets what is known of its
// ranges in the state, which is `sampled` then. Whatever is malformed waits until it is answered.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_reconcile *state);

// Looks the next ranges up, from this one on, unless it is among those that were. To be called for
// each range in turn, before the next function.
void gv_strategy_look_up(struct gv_strategy *strategy, const struct gv_reconcile *from);

// What I hold in a root or a range with sums, and before it.
struct gv_digest gv_strategy_mine(struct gv_strategy *strategy, const struct gv_reconcile *range,
                                  struct gv_digest *first);

// Whether the sums that a range has are those of what I hold there.
bool gv_strategy_matches(const struct gv_reconcile *range, struct gv_digest mine);

// By how many items I am ahead of the peer, if I hold `mine` items; of a sketch within half of
// GV_RANGE_COUNT_MODULUS, as it tells its count's remainder only.
int64_t gv_strategy_surplus(const struct gv_reconcile *range, uint64_t mine);

// How many differences there are in all, of which I hold `mine`, as the estimator of this root
// says.
uint64_t gv_strategy_estimate(const struct gv_strategy *strategy, const struct gv_reconcile *root,
                              struct gv_digest mine);

// What to say of a range that differs.
struct gv_strategy_choice {
    enum gv_range_kind kind; // GV_RANGE_LIST; GV_RANGE_SKETCH or GV_RANGE_SUM of …
    uint32_t subranges;      // … so many subranges, at least one
};
// Chooses that for the current range, of which I hold `mine`, one item or more.
struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_reconcile *state,
                                             struct gv_digest mine);

#endif
