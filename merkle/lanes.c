// SPDX-License-Identifier: MIT
#include "lanes.h"

#include "nodes.h"

enum { LANES = 16 };

// A way down, taken side by side with others.
struct lane {
    const union node *node;
    uint32_t index;         // in it
    uint64_t rank;          // of the item looked for, under the node
    struct gv_digest under; // the node
};

// Asks for what the search of a node reads, before anybody needs it.
static void prefetch_positions(const struct lane *lane, bool leaf) {
    size_t count = cap_of(leaf);
    if (leaf && lane->under.count < count) count = (size_t)lane->under.count;
    prefetch(lane->node, sizeof(uint64_t) * (count + 1));
}

// The entries that tell what is before `at`: those before it or, of what the parent knows to be
// under the node, all but those from it on, whichever are fewer.
static struct gv_digest sum_before(const struct lane *lane, bool leaf) {
    uint32_t at = lane->index, count = lane->node->count;
    if (at <= count / 2) return sum_of(lane->node, 0, at, leaf);
    return gv_digest_sub(lane->under, sum_of(lane->node, at, count, leaf));
}

static void prefetch_sums(const struct lane *lane, bool leaf) {
    const union node *node = lane->node;
    uint32_t at = lane->index, from = at <= node->count / 2 ? 0 : at;
    size_t size = sizeof(uint64_t) * (from == 0 ? at : node->count - at);
    prefetch((leaf ? node->leaf.hashes : node->inner.counts) + from, size);
    if (leaf) return;
    prefetch(node->inner.sums + from, size);
    prefetch(node->inner.weighted_sums + from, size);
    GV_PREFETCH(&node->inner.children[at]);
}

// What is read of an item that a search has found.
static void prefetch_item(const struct lane *lane) {
    const struct leaf *leaf = &lane->node->leaf;
    uint32_t at = lane->index < LEAF_CAP ? lane->index : LEAF_CAP - 1;
    GV_PREFETCH(&leaf->hashes[at]);
    GV_PREFETCH(&leaf->refs[at]);
}

static void enter(struct lane *lane, bool leaf) {
    const struct inner *inner = &lane->node->inner;
    uint32_t at = lane->index;
    GV_ASSERT(at < inner->count);
    lane->under = (struct gv_digest){inner->counts[at], inner->sums[at], inner->weighted_sums[at]};
    lane->node = inner->children[at];
    prefetch_positions(lane, leaf);
}

static void below_lanes(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                        struct gv_digest *below) {
    struct lane lanes[LANES];
    GV_ASSERT(count <= LANES);
    for (size_t i = 0; i < count; i++) {
        lanes[i] = (struct lane){.node = tree->root, .under = tree->digest};
        if (below != NULL) below[i] = (struct gv_digest){0, 0, 0};
    }
    for (int height = tree->depth; height > 0; height--) {
        bool leaf = height == 1;
        for (size_t i = 0; i < count; i++) {
            lanes[i].index = index_below(lanes[i].node, positions[i], leaf);
            if (below != NULL)
                prefetch_sums(&lanes[i], leaf);
            else if (leaf)
                prefetch_item(&lanes[i]);
        }
        for (size_t i = 0; i < count; i++) {
            if (below != NULL) below[i] = gv_digest_add(below[i], sum_before(&lanes[i], leaf));
            if (!leaf) enter(&lanes[i], height == 2);
        }
    }
}

void gv_lanes_below(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                    struct gv_digest *below) {
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < LANES ? count - i : LANES;
        below_lanes(tree, positions + i, n, below != NULL ? below + i : NULL);
    }
}

static void select_lanes(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                         uint64_t *positions) {
    struct lane lanes[LANES];
    GV_ASSERT(count <= LANES);
    for (size_t i = 0; i < count; i++) {
        GV_ASSERT(ranks[i] < tree->digest.count);
        lanes[i] = (struct lane){.node = tree->root, .rank = ranks[i]};
    }
    for (int level = 0; level < tree->depth - 1; level++) {
        for (size_t i = 0; i < count; i++) {
            uint32_t child = child_of_rank(lanes[i].node, &lanes[i].rank);
            const union node *node = lanes[i].node->inner.children[child];
            bool leaf = level == tree->depth - 2;
            if (leaf) GV_PREFETCH(&node->leaf.positions[lanes[i].rank]);
            if (!leaf) prefetch(node->inner.counts, sizeof node->inner.counts);
            lanes[i].node = node;
        }
    }
    for (size_t i = 0; i < count; i++) positions[i] = lanes[i].node->leaf.positions[lanes[i].rank];
}

void gv_lanes_select(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                     uint64_t *positions) {
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < LANES ? count - i : LANES;
        select_lanes(tree, ranks + i, n, positions + i);
    }
}
