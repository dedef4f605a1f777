// SPDX-License-Identifier: MIT
#include "strategy.h"

#include "singlediff.h"

enum {
    ROOT_SPLIT_MIN = 16,  // fewest subranges of the root
    FEW = 16,             // most differing ranges that count as few
    FEW_SPLIT_MIN = 6,    // fewest subranges of each of few ranges
    FEW_ITEMS = 24576,    // few differing ranges are sketched on any link up to this many items
    SKETCH_MOST = 5,      // … and up to this many differences in each, on average
    SUMS_SHARE_ALL = 256, // one exchange in this many uses no sketches …
    SUMS_SHARE = 32,      // … or one in this many if the remaining differences are …
    FEW_DIFFERENCES = 3,  // … fewer than this
    TRUST = 8,            // factor by which the estimator must contradict the history
    SAMPLE_ALL = 192,     // most ranges sampled while all differ
    SURPLUS_MAX = 1024,   // limit of the surplus of a sampled range, items
};

// --- comparing a range ------------------------------------------------------------------------

static bool has_sums(const struct gv_reconcile *range) {
    return range->kind == GV_RANGE_SUM || range->kind == GV_RANGE_DIGEST;
}

bool gv_strategy_matches(const struct gv_reconcile *range, struct gv_digest mine) {
    if (range->kind == GV_RANGE_SUM) mine.weighted_sum = 0;
    return gv_digest_equal(mine, range->peer);
}

int64_t gv_strategy_surplus(const struct gv_reconcile *range, uint64_t mine) {
    if (range->kind != GV_RANGE_SKETCH) return (int64_t)(mine - range->peer.count);
    return (int64_t)((mine - range->count_mod + GV_RANGE_COUNT_MODULUS / 2) %
                     GV_RANGE_COUNT_MODULUS) -
           GV_RANGE_COUNT_MODULUS / 2;
}

// --- batched look-up -------------------------------------------------------------------------

struct gv_digest gv_strategy_mine(struct gv_strategy *strategy, const struct gv_reconcile *range,
                                  struct gv_digest *first) {
    *first = (struct gv_digest){0, 0, 0};
    if (range->kind == GV_RANGE_ROOT) return gv_tree_root(strategy->tree);
    GV_ASSERT(has_sums(range));
    uint32_t i = strategy->next_bound;
    while (i + 1 < strategy->bound_count && strategy->bounds[i] < range->lo) i++;
    GV_ASSERT(i + 1 < strategy->bound_count);
    GV_ASSERT(strategy->bounds[i] == range->lo && strategy->bounds[i + 1] == range->hi);
    strategy->next_bound = i;
    *first = strategy->below[i];
    return gv_digest_sub(strategy->below[i + 1], *first);
}

// The position that the answer to this range will look up; GV_POSITION_END: none.
static uint64_t position_to_prefetch(const struct gv_strategy *strategy,
                                     const struct gv_reconcile *range, struct gv_digest mine) {
    if (range->kind == GV_RANGE_PROBE) return range->from;
    if (!has_sums(range)) return range->kind == GV_RANGE_SKIP ? GV_POSITION_END : range->lo;
    bool more = mine.count - range->peer.count == 1, less = range->peer.count - mine.count == 1;
    if (!more && !less) return GV_POSITION_END;
    uint64_t by = more ? mine.sum - range->peer.sum : range->peer.sum - mine.sum;
    uint64_t position = gv_singlediff_unpermute(strategy->key, by);
    return position >= range->lo && position < range->hi ? position : GV_POSITION_END;
}

// Runs two batches: one finds the digests below the bounds; the other only prefetches the positions
// that the answers will look up.
void gv_strategy_look_up(struct gv_strategy *strategy, const struct gv_reconcile *from) {
    if (strategy->window_start <= from->in.at && from->in.at <= strategy->window_end) return;
    uint64_t positions[GV_STRATEGY_SAMPLE];
    struct gv_reconcile range = *from;
    uint32_t n = 0;
    int ranges = 0;
    strategy->window_start = range.in.at;
    do {
        strategy->window_end = range.in.at;
        if (!has_sums(&range)) continue;
        if (n == 0 || strategy->bounds[n - 1] != range.lo) strategy->bounds[n++] = range.lo;
        strategy->bounds[n++] = range.hi;
    } while (++ranges < GV_STRATEGY_SAMPLE && gv_range_next(&range));
    gv_tree_digest_below_batch(strategy->tree, strategy->bounds, n, strategy->below);
    strategy->bound_count = n;
    strategy->next_bound = 0;
    range = *from;
    for (n = 0; ranges > 0; ranges--, gv_range_next(&range)) {
        struct gv_digest mine = {0, 0, 0}, first;
        if (has_sums(&range)) mine = gv_strategy_mine(strategy, &range, &first);
        uint64_t position = position_to_prefetch(strategy, &range, mine);
        if (position < GV_POSITION_END) positions[n++] = position;
    }
    gv_tree_digest_below_batch(strategy->tree, positions, n, NULL);
    strategy->next_bound = 0;
}

// --- estimating the number of differences ----------------------------------------------------

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

// Two differences with the same element cancel in every sketch. So some exchanges use sums only,
// more often if few differences remain.
static bool skips_sketches(const struct gv_reconcile *state, uint64_t remaining) {
    return state->salt % (remaining < FEW_DIFFERENCES ? SUMS_SHARE : SUMS_SHARE_ALL) == 0;
}

// The first ranges of a summary.
struct sample {
    int64_t ranges;       // number of ranges that carry a count
    int64_t sum, squares; // sum of their surpluses, and sum of the squared surpluses
    int64_t sums;         // number of ranges with sums
    int64_t differ;       // number of these that differ, not counting a surplus of ±1
};

static void sample_range(struct gv_strategy *strategy, const struct gv_reconcile *range,
                         struct sample *sample) {
    int64_t by;
    if (has_sums(range)) {
        gv_strategy_look_up(strategy, range);
        struct gv_digest first, mine = gv_strategy_mine(strategy, range, &first);
        by = gv_strategy_surplus(range, mine.count);
        sample->sums++;
        sample->differ += by != 1 && by != -1 && !gv_strategy_matches(range, mine);
    } else if (range->kind == GV_RANGE_SKETCH) {
        by = gv_strategy_surplus(range, gv_tree_digest(strategy->tree, range->lo, range->hi).count);
    } else {
        return;
    }
    by = by > SURPLUS_MAX ? SURPLUS_MAX : by < -SURPLUS_MAX ? -SURPLUS_MAX : by;
    sample->ranges++;
    sample->sum += by;
    sample->squares += by * by;
}

// If differences are scattered over both sides, the variance of the surplus estimates the mean
// number of differences in a range. It misses changed values; but if every range differs, there are
// many. If few ranges differ, each gets more subranges, which costs little and saves a message.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_reconcile *state) {
    struct gv_reconcile range = *state;
    struct sample is = {0};
    size_t start = state->in.at;
    // While all ranges differ, a longer sample is more accurate.
    while (is.ranges < (is.differ < is.sums ? GV_STRATEGY_SAMPLE : SAMPLE_ALL) &&
           gv_range_next(&range))
        sample_range(strategy, &range, &is);
    if (is.ranges > 0)
        state->expected_each =
            (uint32_t)((is.squares * is.ranges - is.sum * is.sum) / (is.ranges * is.ranges));
    size_t seen = range.in.at > start ? range.in.at - start : 1;
    uint64_t differ =
        (uint64_t)is.differ * (state->in.len - start) / seen; // estimate for the whole summary
    uint32_t finer = state->fewer_rounds ? 4 : 1, fanout = state->expected_each * finer;
    uint32_t many = is.sums > GV_STRATEGY_SAMPLE ? 8 : 16; // many ranges are split less finely
    if (is.sums > 1 && is.differ == is.sums && fanout < many * finer) fanout = many * finer;
    if (differ <= FEW && fanout < FEW_SPLIT_MIN) fanout = FEW_SPLIT_MIN;
    state->fanout = clamp(fanout, 4 * finer, 64 * finer);
    if (skips_sketches(state, differ)) {
        state->sketch_max = 0;
    } else if (state->use_sketches) {
        state->sketch_max = UINT32_MAX;
    } else if (differ <= FEW && state->expected_each <= SKETCH_MOST) {
        state->sketch_max = FEW_ITEMS / (uint32_t)(differ > 0 ? differ : 1);
    }
    state->sampled = true;
    strategy->next_bound = 0;
}

uint64_t gv_strategy_estimate(const struct gv_strategy *strategy, const struct gv_reconcile *root,
                              struct gv_digest mine) {
    GV_ASSERT(root->kind == GV_RANGE_ROOT);
    return gv_estimator_differences(gv_tree_estimator(strategy->tree), root->estimator,
                                    gv_strategy_surplus(root, mine.count));
}

// The expected differences in the whole set: those of the history, unless the estimator contradicts
// it. 0: the peer probably has new items after the last local position; sums are best for these.
static uint64_t expected_in_all(const struct gv_strategy *strategy, const struct gv_reconcile *root,
                                struct gv_digest mine) {
    uint64_t expect = gv_strategy_estimate(strategy, root, mine), history = root->expected;
    int64_t surplus = gv_strategy_surplus(root, mine.count);
    if (surplus <= -8 && 0 - (uint64_t)surplus >= expect / 4 * 3) return 0;
    if (history >= expect / TRUST && history / TRUST <= expect) expect = history;
    return expect > 0 ? expect : 1;
}

// --- the choice ------------------------------------------------------------------------------

static bool is_full_range(const struct gv_reconcile *state) {
    return state->lo == 0 && state->hi == GV_POSITION_END;
}

// Most subranges with sums for the current range.
static uint32_t sum_count(const struct gv_strategy *strategy, const struct gv_reconcile *state,
                          struct gv_digest mine) {
    if (!is_full_range(state)) return state->fanout;
    bool root = state->kind == GV_RANGE_ROOT;
    uint64_t expect = root ? expected_in_all(strategy, state, mine) : state->fanout;
    return clamp(expect, ROOT_SPLIT_MIN, GV_RECONCILE_SPLIT_MAX);
}

// Most subranges with sketches for the current range; 0: sums are better.
static uint32_t sketch_count(const struct gv_strategy *strategy, const struct gv_reconcile *state,
                             struct gv_digest mine) {
    uint64_t expect = state->expected_each, each = state->fewer_rounds ? 3 : 6;
    if (state->kind == GV_RANGE_ROOT) {
        expect = expected_in_all(strategy, state, mine);
        if (!state->use_sketches || expect == 0) return 0;
        if (skips_sketches(state, expect)) return 0;
    } else if (state->kind == GV_RANGE_SKETCH) {
        if (!state->use_sketches) return 0;
        // If the next sketch fails, too, that costs a message; this is less likely for the full
        // range.
        each = is_full_range(state) ? 3 : 2;
        if (expect < GV_PINSKETCH_CAPACITY) expect = GV_PINSKETCH_CAPACITY;
    } else if (mine.count > state->sketch_max) {
        return 0;
    }
    return clamp((expect + each - 1) / each, 1, GV_RECONCILE_SPLIT_MAX);
}

struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_reconcile *state,
                                             struct gv_digest mine) {
    GV_ASSERT(mine.count > 0);
    uint32_t sketches = sketch_count(strategy, state, mine);
    // After a sketch failed, a short range is listed, and a longer one is split at least in two.
    bool first = sketches > 0 && state->kind != GV_RANGE_SKETCH;
    uint32_t most = state->fewer_rounds ? GV_RECONCILE_LIST_MAX : GV_RECONCILE_LIST_MAX / 2;
    if (first) most = GV_PINSKETCH_CAPACITY;
    if (mine.count <= most) return (struct gv_strategy_choice){GV_RANGE_LIST, 1};
    uint32_t least = first ? 1 : 2;
    if (sketches > 0) {
        uint32_t subranges = clamp(mine.count / GV_PINSKETCH_CAPACITY, least, sketches);
        return (struct gv_strategy_choice){GV_RANGE_SKETCH, subranges};
    }
    uint32_t subranges = clamp(mine.count / 4, least, sum_count(strategy, state, mine));
    return (struct gv_strategy_choice){GV_RANGE_SUM, subranges};
}
