// SPDX-License-Identifier: MIT
// An order-statistics B+tree whose inner nodes hold their children's digests.
//
// The tree orders items by position, a 64-bit position in key order, and knows for every subtree
// how many items it has and the sums of their hashes. So the digest of any range of positions, the
// rank of a position and the item of a rank each cost O(log n). Items that share a position are
// kept together, in no particular order; the caller tells them apart by `ref`.
//
// Leaves hold up to 80 items, inner nodes up to 40 children, which makes them the same size. All
// nodes are at least half full except along the right edge, which splits where the item goes; a
// full leaf passes items to a neighbour before it splits. So an item takes 27 bytes when items
// arrive at random, and 22 to 24 when they arrive more or less in order or are loaded. Nodes come
// in chunks that double up to 64, so a large tree allocates once for some 3000 items; memory goes
// back to the allocator only at gv_tree_fini. No I/O, no clock, memory through the allocator only.
#ifndef GV_MERKLE_TREE_H
#define GV_MERKLE_TREE_H

#include "base.h"
#include "digest.h"
#include "estimator.h"
#include "pinsketch.h"

#ifdef __cplusplus
extern "C" {
#endif

// Places are 0 … GV_POSITION_END − 1; a range is [lo, hi), so [0, GV_POSITION_END) is everything.
#define GV_POSITION_END UINT64_MAX

struct gv_item {
    uint64_t position;
    uint64_t hash; // the item's part of the sum
    uint32_t ref;  // the caller's name for the item; the tree only keeps it
};

enum { GV_TREE_DEPTH_MAX = 12 };

// Where an item is. Valid until the next insert, erase or load, which is asserted; an update keeps
// it valid. May be copied.
struct gv_tree_cursor {
    const struct gv_tree *tree;
    uint64_t epoch;                // the tree's when the cursor was set
    void *node[GV_TREE_DEPTH_MAX]; // from the root to the leaf
    uint16_t index[GV_TREE_DEPTH_MAX];
};

// Opaque, but of known size so that it can live in the caller's memory. May be moved while no
// cursor is in use.
struct gv_tree {
    struct gv_alloc alloc;
    void *root;
    int depth;      // 0: empty; 1: the root is a leaf
    uint64_t epoch; // changes whenever cursors become invalid
    struct gv_digest digest;
    uint32_t estimator;
    bool clmul;  // gv_pinsketch_has_clmul
    void *spare; // the free list: nodes that are used again before memory is asked for
    size_t spares, nodes;
    void *chunks; // what the allocator gave
    size_t bytes;
};

// An empty tree; allocates nothing. `alloc` is copied; its context is kept.
GV_API void gv_tree_init(struct gv_tree *tree, struct gv_alloc alloc);
// Frees every node. The tree may be used again only after another gv_tree_init.
GV_API void gv_tree_fini(struct gv_tree *tree);

// Count and sum of everything. O(1).
GV_API struct gv_digest gv_tree_root(const struct gv_tree *tree);

// Adds an item behind those that have its position already. The caller sees to it that the item is
// not there. GV_ENOMEM: the allocator failed; the tree is as before. GV_EINVAL: the position is
// GV_POSITION_END.
GV_API int gv_tree_insert(struct gv_tree *tree, struct gv_item item);

// Replaces hash and ref of the item at the cursor, in O(log n) and without moving it.
GV_API void gv_tree_update(struct gv_tree *tree, const struct gv_tree_cursor *at, uint64_t hash,
                           uint32_t ref);

// Removes the item at the cursor; the cursor is then invalid. Never needs memory.
GV_API void gv_tree_erase(struct gv_tree *tree, const struct gv_tree_cursor *at);

// Fills an empty tree with `count` items in non-descending order of position, full leaves.
// O(count). GV_EINVAL: the tree is not empty, the items are not in order, or a position is
// GV_POSITION_END. GV_ENOMEM: the allocator failed. The tree is empty after either.
GV_API int gv_tree_load(struct gv_tree *tree, const struct gv_item *items, size_t count);

// Sets the cursor to the first item whose position is at least `position`. False: there is none
// (the cursor then may not be read).
GV_API bool gv_tree_seek(const struct gv_tree *tree, uint64_t position, struct gv_tree_cursor *out);

// Sets the cursor to the item of this rank, counted from 0. False: rank ≥ count.
GV_API bool gv_tree_select(const struct gv_tree *tree, uint64_t rank, struct gv_tree_cursor *out);

// The item at a valid cursor.
GV_API struct gv_item gv_tree_get(const struct gv_tree_cursor *at);

// To the next item in order; false at the end (the cursor then may not be read).
GV_API bool gv_tree_next(struct gv_tree_cursor *at);

// From this item on to the first with filter[hash % GV_TREE_FILTER] set; false: there is none below
// position `to` (the cursor then may not be read). Takes about a nanosecond an item.
enum { GV_TREE_FILTER = 4096 };
GV_API bool gv_tree_scan(struct gv_tree_cursor *at, uint64_t to,
                         const uint8_t filter[GV_TREE_FILTER]);

// To the item before; false at the beginning (the cursor then stays where it is). Also from behind
// the last item, where a gv_tree_seek or gv_tree_next that found none left the cursor, unless the
// tree is empty.
GV_API bool gv_tree_prev(struct gv_tree_cursor *at);

// How many items have a position below this one.
GV_API uint64_t gv_tree_rank(const struct gv_tree *tree, uint64_t position);

// Count and sum of the items in [lo, hi); lo ≤ hi.
GV_API struct gv_digest gv_tree_digest(const struct gv_tree *tree, uint64_t lo, uint64_t hi);

// The digest of the items below this position: ranges that follow each other share their bounds'.
GV_API struct gv_digest gv_tree_digest_below(const struct gv_tree *tree, uint64_t position);

// The same for many positions, in any order, and the positions of the items of many ranks, each
// below the count. Their ways down are taken side by side, so that one does not wait for memory
// alone: in a tree larger than the cache that is several times as fast as one after the other.
// Where `below` is NULL the items at these positions are only brought into the cache, for who will
// look at them next.
GV_API void gv_tree_digest_below_batch(const struct gv_tree *tree, const uint64_t *positions,
                                       size_t count, struct gv_digest *below);
GV_API void gv_tree_select_batch(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                                 uint64_t *positions);

// The sketch of the items in [lo, hi); lo ≤ hi. The tree is not const, as every node keeps its own
// sketch once it was worked out; items stay as they are, and cursors stay valid. A change below it
// makes a sketch stale: who never asks for sketches pays nothing for them, and a question takes
// O(log n) and, at most, one pass over the nodes of the range that have become stale since the last
// one; a first one over a million items some 10 ms.
GV_API struct gv_pinsketch gv_tree_sketch(struct gv_tree *tree, uint64_t lo, uint64_t hi);

// The estimator of everything (estimator.h). O(1).
GV_API uint32_t gv_tree_estimator(const struct gv_tree *tree);

// Walks everything and compares it with what the inner nodes claim: order, counts, sums, fill,
// depth, and that no node is lost. 0, or GV_ECORRUPT. For tests and for start-up checks; O(n).
GV_API int gv_tree_verify(const struct gv_tree *tree);

// Most bytes that the next insert allocates; 0: it allocates nothing. O(1).
GV_API size_t gv_tree_growth(const struct gv_tree *tree);

// Bytes held from the allocator, free lists included.
GV_API size_t gv_tree_memory(const struct gv_tree *tree);

#ifdef __cplusplus
}
#endif
#endif
