// SPDX-License-Identifier: MIT
#include "batch_search.h"

#include "tree_node.h"

enum { BATCH = 16 }; // number of searches that descend the tree together, level by level

// One search of a batch. It has reached `node`.
struct search {
    const union node *node;
    uint32_t index;           // in `node`: the child to descend to, or in a leaf the item found
    uint64_t rank;            // rank of the wanted item in the subtree
    struct gv_digest subtree; // the digest of the subtree
};

static void prefetch_positions(const struct search *search, bool leaf) {
    size_t count = cap_of(leaf);
    if (leaf && search->subtree.count < count) count = (size_t)search->subtree.count;
    prefetch(search->node, sizeof(uint64_t) * (count + 1));
}

// The digest of the entries before the index. Adds either these entries, or the other ones and
// subtracts their sum from the digest of the subtree, whichever are fewer.
static struct gv_digest sum_before(const struct search *search, bool leaf) {
    uint32_t at = search->index, count = search->node->count;
    if (at <= count / 2) return digest_of(search->node, 0, at, leaf);
    return gv_digest_sub(search->subtree, digest_of(search->node, at, count, leaf));
}

// Prefetches the memory that sum_before reads.
static void prefetch_sums(const struct search *search, bool leaf) {
    const union node *node = search->node;
    uint32_t at = search->index, from = at <= node->count / 2 ? 0 : at;
    size_t size = sizeof(uint64_t) * (from == 0 ? at : node->count - at);
    prefetch((leaf ? node->leaf.hashes : node->inner.counts) + from, size);
    if (leaf) return;
    prefetch(node->inner.sums + from, size);
    prefetch(node->inner.weighted_sums + from, size);
    GV_PREFETCH(&node->inner.children[at]);
}

static void prefetch_item(const struct search *search) {
    const struct leaf *leaf = &search->node->leaf;
    uint32_t at = search->index < LEAF_CAP ? search->index : LEAF_CAP - 1;
    GV_PREFETCH(&leaf->hashes[at]);
    GV_PREFETCH(&leaf->refs[at]);
}

static void descend(struct search *search, bool leaf) {
    const struct inner *inner = &search->node->inner;
    uint32_t at = search->index;
    GV_ASSERT(at < inner->count);
    search->subtree =
        (struct gv_digest){inner->counts[at], inner->sums[at], inner->weighted_sums[at]};
    search->node = inner->children[at];
    prefetch_positions(search, leaf);
}

static void below_batch(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                        struct gv_digest *below) {
    struct search searches[BATCH];
    GV_ASSERT(count <= BATCH);
    for (size_t i = 0; i < count; i++) {
        searches[i] = (struct search){.node = tree->root, .subtree = tree->digest};
        if (below != NULL) below[i] = (struct gv_digest){0, 0, 0};
    }
    for (int height = tree->depth; height > 0; height--) {
        bool leaf = height == 1;
        for (size_t i = 0; i < count; i++) {
            searches[i].index = index_below(searches[i].node, positions[i], leaf);
            if (below != NULL)
                prefetch_sums(&searches[i], leaf);
            else if (leaf)
                prefetch_item(&searches[i]);
        }
        for (size_t i = 0; i < count; i++) {
            if (below != NULL) below[i] = gv_digest_add(below[i], sum_before(&searches[i], leaf));
            if (!leaf) descend(&searches[i], height == 2);
        }
    }
}

void gv_batch_search_below(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                           struct gv_digest *below) {
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < BATCH ? count - i : BATCH;
        below_batch(tree, positions + i, n, below != NULL ? below + i : NULL);
    }
}

static void select_batch(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                         uint64_t *positions) {
    struct search searches[BATCH];
    GV_ASSERT(count <= BATCH);
    for (size_t i = 0; i < count; i++) {
        GV_ASSERT(ranks[i] < tree->digest.count);
        searches[i] = (struct search){.node = tree->root, .rank = ranks[i]};
    }
    for (int level = 0; level < tree->depth - 1; level++) {
        for (size_t i = 0; i < count; i++) {
            uint32_t child = child_of_rank(searches[i].node, &searches[i].rank);
            const union node *node = searches[i].node->inner.children[child];
            bool leaf = level == tree->depth - 2;
            if (leaf) GV_PREFETCH(&node->leaf.positions[searches[i].rank]);
            if (!leaf) prefetch(node->inner.counts, sizeof node->inner.counts);
            searches[i].node = node;
        }
    }
    for (size_t i = 0; i < count; i++)
        positions[i] = searches[i].node->leaf.positions[searches[i].rank];
}

void gv_batch_search_select(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                            uint64_t *positions) {
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < BATCH ? count - i : BATCH;
        select_batch(tree, ranks + i, n, positions + i);
    }
}
