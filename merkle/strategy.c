// SPDX-License-Identifier: MIT
#include "strategy.h"

enum {
    ROOT_SPLIT_MIN = 16,  // fewest subranges of the root
    FEW = 16,             // at most this many differing ranges are "few"
    FEW_SPLIT_MIN = 6,    // fewest subranges of each differing range if these are few
    FEW_ITEMS = 24576,    // maximum number of items in a sketched range if use_sketches is not set
    SKETCH_MOST = 5,      // the same: maximum number of expected differences per range
    SUMS_SHARE_ALL = 256, // one exchange in this many uses no sketches
    SUMS_SHARE = 32,      // the same if fewer than FEW_DIFFERENCES differences remain
    FEW_DIFFERENCES = 3,
    TRUST = 8,   // factor by which estimator and history must differ for the history to be ignored
    SAMPLE = 48, // number of ranges to sample, of those that carry a count
    SAMPLE_ALL = 192,   // the same while all sampled ranges differ
    SURPLUS_MAX = 1024, // limit of the surplus that a sampled range contributes, items
    SPLIT_MAX = 4096,   // maximum number of subranges of a range
};

// --- comparing a range ------------------------------------------------------------------------

bool gv_strategy_matches(const struct gv_range *range, struct gv_digest mine) {
    if (range->kind == GV_RANGE_SUM) mine.weighted_sum = 0;
    return gv_digest_equal(mine, range->peer);
}

int64_t gv_strategy_surplus(const struct gv_range *range, uint64_t mine) {
    if (range->kind != GV_RANGE_SKETCH) return (int64_t)(mine - range->peer.count);
    return (int64_t)((mine - range->count_mod + GV_RANGE_COUNT_MODULUS / 2) %
                     GV_RANGE_COUNT_MODULUS) -
           GV_RANGE_COUNT_MODULUS / 2;
}

// --- sampling the summary ----------------------------------------------------------------------

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

struct gv_strategy gv_strategy_start(const struct gv_rbsr_options *options, uint8_t salt) {
    struct gv_strategy strategy = {.salt = salt};
    if (options != NULL) strategy.options = *options;
    return strategy;
}

// Two differing items with the same element cancel in every sketch. So some exchanges use sums
// only, more often if few differences remain.
static bool skips_sketches(const struct gv_strategy *strategy, uint64_t remaining) {
    return strategy->salt % (remaining < FEW_DIFFERENCES ? SUMS_SHARE : SUMS_SHARE_ALL) == 0;
}

// The first ranges of a summary.
struct sample {
    int64_t ranges;       // ranges that carry a count
    int64_t sum, squares; // sum of their surpluses, and sum of the squared surpluses
    int64_t sums;         // ranges with sums
    int64_t differ;       // ranges with sums that differ, not counting a surplus of ±1
    uint64_t differ_all;  // estimate of `differ` for the whole summary
};

static void add_range(struct sample *sample, const struct gv_tree *tree,
                      const struct gv_window_range *at) {
    const struct gv_range *range = &at->range;
    int64_t by;
    switch (range->kind) {
    case GV_RANGE_SUM:
    case GV_RANGE_DIGEST:
        by = gv_strategy_surplus(range, at->mine.count);
        sample->sums++;
        sample->differ += by != 1 && by != -1 && !gv_strategy_matches(range, at->mine);
        break;
    case GV_RANGE_SKETCH:
        by = gv_strategy_surplus(range, gv_tree_digest(tree, range->lo, range->hi).count);
        break;
    default:
        return;
    }
    by = by > SURPLUS_MAX ? SURPLUS_MAX : by < -SURPLUS_MAX ? -SURPLUS_MAX : by;
    sample->ranges++;
    sample->sum += by;
    sample->squares += by * by;
}

// Whether the sample is large enough. While all ranges differ, a larger sample is more accurate.
static bool is_complete(const struct sample *sample) {
    return sample->ranges >= (sample->differ < sample->sums ? SAMPLE : SAMPLE_ALL);
}

static struct sample take_sample(struct gv_window *window) {
    struct sample sample = {0};
    size_t start = window->start_at, end = start;
    while (!is_complete(&sample)) {
        const struct gv_window_range *at = gv_window_next(window);
        end = at != NULL ? at->range.end : window->in.at;
        if (at == NULL) break;
        add_range(&sample, window->tree, at);
    }
    size_t seen = end > start ? end - start : 1;
    sample.differ_all = (uint64_t)sample.differ * (window->in.len - start) / seen;
    gv_window_rewind(window);
    return sample;
}

// The number of subranges of a range that differs. If few ranges differ, more subranges for each
// cost little and save a message.
static uint32_t choose_fanout(const struct gv_strategy *strategy, const struct sample *sample) {
    uint32_t finer = strategy->options.fewer_rounds ? 4 : 1;
    uint32_t fanout = strategy->expected_each * finer;
    uint32_t many = sample->sums > SAMPLE ? 8 : 16; // many ranges are split less finely
    if (sample->sums > 1 && sample->differ == sample->sums && fanout < many * finer)
        fanout = many * finer;
    if (sample->differ_all <= FEW && fanout < FEW_SPLIT_MIN) fanout = FEW_SPLIT_MIN;
    return clamp(fanout, 4 * finer, 64 * finer);
}

static uint32_t choose_sketch_max(const struct gv_strategy *strategy, uint64_t differ) {
    if (skips_sketches(strategy, differ)) return 0;
    if (strategy->options.use_sketches) return UINT32_MAX;
    if (differ > FEW || strategy->expected_each > SKETCH_MOST) return 0;
    return FEW_ITEMS / (uint32_t)(differ > 0 ? differ : 1);
}

// If differences are scattered over both sides, the variance of the surplus estimates the mean
// number of differences in a range. A changed value does not change the surplus; but if every range
// differs, choose_fanout assumes that there are many differences.
void gv_strategy_sample(struct gv_strategy *strategy, struct gv_window *window) {
    if (strategy->sampled) return;
    struct sample sample = take_sample(window);
    int64_t n = sample.ranges;
    if (n > 0)
        strategy->expected_each =
            (uint32_t)((sample.squares * n - sample.sum * sample.sum) / (n * n));
    strategy->fanout = choose_fanout(strategy, &sample);
    strategy->sketch_max = choose_sketch_max(strategy, sample.differ_all);
    strategy->sampled = true;
}

uint64_t gv_strategy_estimate(const struct gv_tree *tree, const struct gv_range *root,
                              struct gv_digest mine) {
    GV_ASSERT(root->kind == GV_RANGE_ROOT);
    return gv_estimator_differences(gv_tree_estimator(tree), root->estimator,
                                    gv_strategy_surplus(root, mine.count));
}

// The expected number of differences in the whole set: the caller's history, unless the estimator
// contradicts it. 0 if the peer probably has new items after the last local position, for which
// sums are best.
static uint64_t expected_in_all(const struct gv_strategy *strategy, const struct gv_tree *tree,
                                const struct gv_range *root, struct gv_digest mine) {
    uint64_t expect = gv_strategy_estimate(tree, root, mine), history = strategy->options.expected;
    int64_t surplus = gv_strategy_surplus(root, mine.count);
    if (surplus <= -8 && 0 - (uint64_t)surplus >= expect / 4 * 3) return 0;
    if (history >= expect / TRUST && history / TRUST <= expect) expect = history;
    return expect > 0 ? expect : 1;
}

// --- the choice ------------------------------------------------------------------------------

static bool is_full_range(const struct gv_range *range) {
    return range->lo == 0 && range->hi == GV_POSITION_END;
}

// The highest number of subranges with sums for the range.
static uint32_t sum_count(const struct gv_strategy *strategy, const struct gv_tree *tree,
                          const struct gv_range *range, struct gv_digest mine) {
    if (!is_full_range(range)) return strategy->fanout;
    bool root = range->kind == GV_RANGE_ROOT;
    uint64_t expect = root ? expected_in_all(strategy, tree, range, mine) : strategy->fanout;
    return clamp(expect, ROOT_SPLIT_MIN, SPLIT_MAX);
}

// The highest number of subranges with sketches for the range, or 0 if sums are better.
static uint32_t sketch_count(const struct gv_strategy *strategy, const struct gv_tree *tree,
                             const struct gv_range *range, struct gv_digest mine) {
    bool sketches = strategy->options.use_sketches;
    uint64_t expect = strategy->expected_each, each = strategy->options.fewer_rounds ? 3 : 6;
    switch (range->kind) {
    case GV_RANGE_ROOT:
        if (!sketches) return 0;
        expect = expected_in_all(strategy, tree, range, mine);
        if (expect == 0 || skips_sketches(strategy, expect)) return 0;
        break;
    case GV_RANGE_SKETCH:
        if (!sketches) return 0;
        // If the next sketch fails, too, that costs a message. A sketch of the full range fails
        // less often.
        each = is_full_range(range) ? 3 : 2;
        if (expect < GV_PINSKETCH_CAPACITY) expect = GV_PINSKETCH_CAPACITY;
        break;
    default:
        if (mine.count > strategy->sketch_max) return 0;
    }
    return clamp((expect + each - 1) / each, 1, SPLIT_MAX);
}

struct gv_strategy_choice gv_strategy_choose(const struct gv_strategy *strategy,
                                             const struct gv_tree *tree,
                                             const struct gv_range *range, struct gv_digest mine) {
    GV_ASSERT(mine.count > 0);
    uint32_t sketches = sketch_count(strategy, tree, range, mine);
    // A range whose sketch failed is listed if it is short, and otherwise split into two or more
    // parts.
    bool first = sketches > 0 && range->kind != GV_RANGE_SKETCH;
    uint32_t most = strategy->options.fewer_rounds ? GV_RANGE_LIST_MAX : GV_RANGE_LIST_MAX / 2;
    if (first) most = GV_PINSKETCH_CAPACITY;
    if (mine.count <= most) return (struct gv_strategy_choice){GV_RANGE_LIST, 1};
    uint32_t least = first ? 1 : 2;
    if (sketches > 0) {
        uint32_t subranges = clamp(mine.count / GV_PINSKETCH_CAPACITY, least, sketches);
        return (struct gv_strategy_choice){GV_RANGE_SKETCH, subranges};
    }
    uint32_t subranges = clamp(mine.count / 4, least, sum_count(strategy, tree, range, mine));
    return (struct gv_strategy_choice){GV_RANGE_SUM, subranges};
}
