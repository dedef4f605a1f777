// SPDX-License-Identifier: MIT
#include "window.h"

#include "singlediff.h"

static bool has_sums(const struct gv_range *range) {
    return range->kind == GV_RANGE_SUM || range->kind == GV_RANGE_DIGEST;
}

static void start(struct gv_window *window) {
    window->in.at = window->start_at;
    window->in.error = 0;
    window->lo = window->start_lo;
    window->count = window->next = 0;
    window->moved = false;
}

// Sets the members one by one, because `ranges` needs no initial value and is large.
void gv_window_init(struct gv_window *window, const struct gv_tree *tree,
                    const struct gv_digest_key *key, struct gv_slice summary, size_t at,
                    uint64_t lo) {
    GV_ASSERT(at <= summary.len);
    window->tree = tree;
    window->key = key;
    window->in = (struct gv_reader){.data = summary.data, .len = summary.len};
    window->start_at = at;
    window->start_lo = lo;
    start(window);
}

// The bounds of the ranges with sums, in order. Adjacent ranges share a bound.
struct bounds {
    uint64_t positions[2 * GV_WINDOW_MAX];
    uint32_t count;
    uint32_t lower[GV_WINDOW_MAX]; // the index of each range's lower bound, if it has sums
};

// Returns the index of the lower bound.
static uint32_t add_bounds(struct bounds *bounds, const struct gv_range *range) {
    uint32_t n = bounds->count;
    if (n == 0 || bounds->positions[n - 1] != range->lo) bounds->positions[n++] = range->lo;
    bounds->positions[n] = range->hi;
    bounds->count = n + 1;
    return n - 1;
}

static void parse(struct gv_window *window, struct bounds *bounds) {
    uint32_t count = 0;
    bounds->count = 0;
    while (count < GV_WINDOW_MAX) {
        struct gv_range *range = &window->ranges[count].range;
        if (!gv_range_next(&window->in, window->lo, range)) break;
        window->lo = range->hi;
        bounds->lower[count] = has_sums(range) ? add_bounds(bounds, range) : 0;
        count += range->kind != GV_RANGE_SKIP;
    }
    window->count = count;
    window->next = 0;
}

// Sets the local digests of the root and of ranges with sums.
static void look_up(struct gv_window *window, const struct bounds *bounds) {
    struct gv_digest below[2 * GV_WINDOW_MAX]; // the local digest below each bound
    uint32_t count = window->count;
    gv_tree_digest_below_batch(window->tree, bounds->positions, bounds->count, below);
    for (uint32_t i = 0; i < count; i++) {
        struct gv_window_range *at = &window->ranges[i];
        at->first = (struct gv_digest){0, 0, 0};
        if (at->range.kind == GV_RANGE_ROOT) at->mine = gv_tree_root(window->tree);
        if (!has_sums(&at->range)) continue;
        const struct gv_digest *lower = &below[bounds->lower[i]];
        at->first = *lower;
        at->mine = gv_digest_sub(lower[1], *lower);
    }
}

// The position that the answer to this range will look up, or GV_POSITION_END if there is none.
static uint64_t position_to_prefetch(const struct gv_window *window,
                                     const struct gv_window_range *at) {
    const struct gv_range *range = &at->range;
    if (range->kind == GV_RANGE_ROOT) return GV_POSITION_END;
    if (range->kind == GV_RANGE_PROBE) return range->from;
    if (!has_sums(range)) return range->lo;
    // The counts differ by one: the permutation gives the position of a single difference.
    bool more = at->mine.count - range->peer.count == 1;
    if (!more && range->peer.count - at->mine.count != 1) return GV_POSITION_END;
    uint64_t by = more ? at->mine.sum - range->peer.sum : range->peer.sum - at->mine.sum;
    uint64_t position = gv_singlediff_unpermute(window->key, by);
    return position >= range->lo && position < range->hi ? position : GV_POSITION_END;
}

static void prefetch(const struct gv_window *window) {
    uint64_t positions[GV_WINDOW_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < window->count; i++) {
        uint64_t position = position_to_prefetch(window, &window->ranges[i]);
        if (position < GV_POSITION_END) positions[n++] = position;
    }
    gv_tree_digest_below_batch(window->tree, positions, n, NULL);
}

const struct gv_window_range *gv_window_next(struct gv_window *window) {
    if (window->next == window->count) {
        if (window->in.at == window->in.len || window->in.error) return NULL;
        window->moved |= window->count > 0;
        struct bounds bounds;
        parse(window, &bounds);
        look_up(window, &bounds);
        prefetch(window);
        if (window->count == 0) return NULL;
    }
    return &window->ranges[window->next++];
}

int gv_window_error(const struct gv_window *window) {
    return window->in.error;
}

void gv_window_rewind(struct gv_window *window) {
    if (window->moved) {
        start(window);
    } else {
        window->next = 0;
    }
}
