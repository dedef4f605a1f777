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

// The members one by one: the ranges need no initial value.
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

// Parses the next ranges, and looks up the local digests of those with sums.
static void read_ranges(struct gv_window *window) {
    uint64_t bounds[2 * GV_WINDOW_MAX];
    struct gv_digest below[2 * GV_WINDOW_MAX]; // the local digest below each bound
    uint32_t n = 0;
    while (window->count < GV_WINDOW_MAX) {
        struct gv_window_range *next = &window->ranges[window->count];
        if (!gv_range_next(&window->in, window->lo, &next->range)) break;
        window->lo = next->range.hi;
        window->count += next->range.kind != GV_RANGE_SKIP;
        if (!has_sums(&next->range)) continue;
        // Adjacent ranges share a bound.
        if (n == 0 || bounds[n - 1] != next->range.lo) bounds[n++] = next->range.lo;
        bounds[n++] = next->range.hi;
    }
    gv_tree_digest_below_batch(window->tree, bounds, n, below);
    n = 0;
    for (uint32_t i = 0; i < window->count; i++) {
        struct gv_window_range *at = &window->ranges[i];
        at->first = (struct gv_digest){0, 0, 0};
        if (at->range.kind == GV_RANGE_ROOT) at->mine = gv_tree_root(window->tree);
        if (!has_sums(&at->range)) continue;
        if (bounds[n] != at->range.lo) n++;
        GV_ASSERT(bounds[n] == at->range.lo && bounds[n + 1] == at->range.hi);
        at->first = below[n++];
        at->mine = gv_digest_sub(below[n], at->first);
    }
}

// The position that the answer to this range will look up; GV_POSITION_END: none.
static uint64_t position_to_prefetch(const struct gv_window *window,
                                     const struct gv_window_range *at) {
    const struct gv_range *range = &at->range;
    if (range->kind == GV_RANGE_ROOT) return GV_POSITION_END;
    if (range->kind == GV_RANGE_PROBE) return range->from;
    if (!has_sums(range)) return range->lo;
    // A single difference, of which the permutation gives the position.
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
        window->count = window->next = 0;
        read_ranges(window);
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
