// SPDX-License-Identifier: MIT
// The nodes of the tree: their layout and the functions on a single node. Internal to the tree.
#ifndef GV_MERKLE_TREE_NODE_H
#define GV_MERKLE_TREE_NODE_H

#include "tree.h"

enum {
    LEAF_CAP = 80,
    INNER_CAP = 40,        // makes inner nodes as long as leaves, if pointers have 8 bytes
    CHUNK_CAP = 64,        // maximum number of nodes in a chunk
    PREFETCH_DISTANCE = 3, // leaves prefetched ahead by a scan
    REDISTRIBUTED = 8,     // items moved from a full leaf to a neighbour
    CACHE_LINE = 64,       // bytes
};

// A leaf or an inner node. Both store their entries as columns, so that a search reads positions
// only.
//
// positions[i] of an inner node is a lower bound of the items under children[i] and an upper bound
// of the items before them. It need not be the position of an item, because erasing an item does
// not change it. positions[0] is 0 along the left edge; elsewhere it equals the bound that the
// parent stores for the node.
//
// A node caches the sketch of its subtree after its columns, in memory that inserts do not touch. A
// change marks the sketches of the whole path as stale. So if a node is not stale, no node below it
// is.
union node {
    struct {
        uint32_t count; // number of entries; leaf and inner begin with the same two members
        bool stale;     // the sketch is outdated
    };
    struct leaf {
        uint32_t count;
        bool stale;
        uint64_t positions[LEAF_CAP];
        uint64_t hashes[LEAF_CAP];
        uint32_t refs[LEAF_CAP];
    } leaf;
    struct inner {
        uint32_t count;
        bool stale;
        uint64_t positions[INNER_CAP];
        uint64_t counts[INNER_CAP];
        uint64_t sums[INNER_CAP];
        uint64_t weighted_sums[INNER_CAP];
        union node *children[INNER_CAP];
    } inner;
    struct {
        // The size of a leaf; an inner node is not longer (shorter if pointers have 4 bytes).
        uint64_t columns[(sizeof(struct leaf) + 7) / 8];
        struct gv_pinsketch sketch;
    };
    union node *next_free; // on the free list
};
enum { COLUMNS_END = sizeof(struct leaf) };
_Static_assert(sizeof(struct inner) <= COLUMNS_END,
               "a sketch begins after the columns of both kinds");

struct chunk {
    struct chunk *next;
    size_t size; // bytes
    union node nodes[];
};

// An entry of a node of either kind.
struct entry {
    uint64_t position;
    struct gv_digest digest;
    union node *child; // set in an entry of an inner node
    uint32_t ref;      // set in an entry of a leaf
};

static inline uint32_t cap_of(bool leaf) {
    return leaf ? LEAF_CAP : INNER_CAP;
}

// Copies n entries within a node or between two; does not change their counts.
static inline void move(union node *to, uint32_t at, const union node *from, uint32_t first,
                        uint32_t n, bool leaf) {
    GV_ASSERT(at + n <= cap_of(leaf) && first + n <= cap_of(leaf));
    if (leaf) {
        memmove(to->leaf.positions + at, from->leaf.positions + first, n * sizeof(uint64_t));
        memmove(to->leaf.hashes + at, from->leaf.hashes + first, n * sizeof(uint64_t));
        memmove(to->leaf.refs + at, from->leaf.refs + first, n * sizeof(uint32_t));
    } else {
        memmove(to->inner.positions + at, from->inner.positions + first, n * sizeof(uint64_t));
        memmove(to->inner.counts + at, from->inner.counts + first, n * sizeof(uint64_t));
        memmove(to->inner.sums + at, from->inner.sums + first, n * sizeof(uint64_t));
        memmove(to->inner.weighted_sums + at, from->inner.weighted_sums + first,
                n * sizeof(uint64_t));
        memmove(to->inner.children + at, from->inner.children + first, n * sizeof(union node *));
    }
}

// Inserts an entry at this index.
static inline void put(union node *node, uint32_t at, const struct entry *entry, bool leaf) {
    GV_ASSERT(at <= node->count && node->count < cap_of(leaf));
    if (at < node->count) move(node, at + 1, node, at, node->count - at, leaf);
    if (leaf) {
        node->leaf.positions[at] = entry->position;
        node->leaf.hashes[at] = entry->digest.sum;
        node->leaf.refs[at] = entry->ref;
    } else {
        GV_ASSERT(entry->child != NULL);
        node->inner.positions[at] = entry->position;
        node->inner.counts[at] = entry->digest.count;
        node->inner.sums[at] = entry->digest.sum;
        node->inner.weighted_sums[at] = entry->digest.weighted_sum;
        node->inner.children[at] = entry->child;
    }
    node->count++;
}

// Removes the entry at this index.
static inline void drop(union node *node, uint32_t at, bool leaf) {
    GV_ASSERT(at < node->count && node->count <= cap_of(leaf));
    move(node, at, node, at + 1, node->count - at - 1, leaf);
    node->count--;
}

static inline void add_to_entry(struct inner *inner, uint32_t at, struct gv_digest change) {
    inner->counts[at] += change.count;
    inner->sums[at] += change.sum;
    inner->weighted_sums[at] += change.weighted_sum;
}

static inline void subtract_from_entry(struct inner *inner, uint32_t at, struct gv_digest change) {
    inner->counts[at] -= change.count;
    inner->sums[at] -= change.sum;
    inner->weighted_sums[at] -= change.weighted_sum;
}

// The digest of the entries from `from` to before `to`.
static inline struct gv_digest digest_of(const union node *node, uint32_t from, uint32_t to,
                                         bool leaf) {
    GV_ASSERT(from <= to && to <= cap_of(leaf));
    struct gv_digest all = {0, 0, 0};
    if (leaf) {
        all.count = to - from;
        for (uint32_t i = from; i < to; i++) {
            all.sum += node->leaf.hashes[i];
            all.weighted_sum += node->leaf.hashes[i] * node->leaf.positions[i];
        }
    } else {
        for (uint32_t i = from; i < to; i++) {
            all.count += node->inner.counts[i];
            all.sum += node->inner.sums[i];
            all.weighted_sum += node->inner.weighted_sums[i];
        }
    }
    return all;
}

// How many of n ascending positions are below `position`. First finds the cache line, then counts
// within it: no branch depends on a position, and the cache misses of a node overlap. Twice as fast
// as binary search.
static inline uint32_t count_below(const uint64_t *positions, uint32_t n, uint64_t position) {
    enum { LINE = 8 };
    uint32_t count = 0;
    for (uint32_t i = LINE - 1; i < n; i += LINE)
        count += LINE * (uint32_t)(positions[i] < position);
    uint32_t end = count + LINE < n ? count + LINE : n;
    for (uint32_t i = count; i < end; i++) count += positions[i] < position;
    return count;
}

// In a leaf, the number of items below `position`. In an inner node, the index of the child that
// has the first item not below it, or whose last item directly precedes that item.
static inline uint32_t index_below(const union node *node, uint64_t position, bool leaf) {
    GV_ASSERT(node->count > 0 && node->count <= cap_of(leaf));
    if (leaf) return count_below(node->leaf.positions, node->count, position);
    return count_below(node->inner.positions + 1, node->count - 1, position);
}

// The index of the child that has the item of this rank; *rank becomes the rank in that child.
static inline uint32_t child_of_rank(const union node *node, uint64_t *rank) {
    const struct inner *inner = &node->inner;
    GV_ASSERT(inner->count > 0 && inner->count <= INNER_CAP);
    uint32_t child = 0;
    uint64_t before = 0, all = 0;
    for (uint32_t i = 0; i + 1 < inner->count; i++) { // branch-free
        all += inner->counts[i];
        child += all <= *rank;
        before = all <= *rank ? all : before;
    }
    *rank -= before;
    return child;
}

// Prefetches `size` bytes.
static inline void prefetch(const void *start, size_t size) {
    const char *at = start;
    for (size_t i = 0; i < size; i += CACHE_LINE) GV_PREFETCH(at + i);
}

#endif
