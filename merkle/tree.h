// SPDX-License-Identifier: MIT
// An order-statistics B+tree whose inner nodes hold the digests of their children: a Merkle tree
// with additive digests. Compare E. G. Amparore, arXiv:2603.19820.
//
// Terms. An *item* is a position, a hash and a ref. Its *position* is a 64-bit number that orders
// the items; items that share a position are adjacent, in no particular order. Its *ref* is the
// caller's handle. The *rank* of an item is the number of items before it. A *range* is [lo, hi).
//
// Each inner node stores the count and the sums of each child, so the digest of a range, the rank
// of a position and the item of a rank cost O(log n). Insert, update and erase cost O(log n).
//
// Leaves hold up to 80 items, inner nodes up to 40 children; both have the same size. All nodes are
// at least half full, except along the right edge: if the last node of a level splits, the left
// half stays full. A full leaf moves items to a neighbour before it splits. An item takes 27 bytes
// if items are inserted in random order, and 22 to 24 bytes if they are inserted almost in order or
// loaded. Nodes are allocated in chunks, which double in size up to 64 nodes (about 3,000 items).
// Only gv_tree_fini returns memory to the allocator.
//
// Pointers must not be NULL (asserted), except where a comment allows it.
#ifndef GV_MERKLE_TREE_H
#define GV_MERKLE_TREE_H

#include "base.h"
#include "digest.h"
#include "estimator.h"
#include "pinsketch.h"

#ifdef __cplusplus
extern "C" {
#endif

// Positions are 0 … GV_POSITION_END - 1, so the range [0, GV_POSITION_END) is the whole set.
#define GV_POSITION_END UINT64_MAX

struct gv_item {
    uint64_t position;
    uint64_t hash; // added to the digest's sum
    uint32_t ref;  // the caller's handle; the tree does not interpret it
};

enum { GV_TREE_DEPTH_MAX = 12 };

// A reference to an item in a tree. Valid until the next insert, erase or load; later use fails an
// assertion. gv_tree_update keeps it valid. May be copied.
struct gv_tree_cursor {
    const struct gv_tree *tree;
    uint64_t epoch;                    // the tree's epoch when the cursor was set
    void *node[GV_TREE_DEPTH_MAX];     // the path from the root to the leaf
    uint16_t index[GV_TREE_DEPTH_MAX]; // the entry in each node
};

// Opaque; declared here so that the caller can allocate it. A tree may be moved in memory while no
// cursor is in use.
struct gv_tree {
    struct gv_alloc alloc;
    void *root;
    int depth;               // levels; 0: empty; 1: the root is a leaf
    uint64_t epoch;          // increases whenever cursors become invalid
    struct gv_digest digest; // digest of all items
    uint32_t estimator;      // estimator of all items
    bool clmul;              // gv_pinsketch_has_clmul
    void *free_list;         // unused nodes
    size_t free_count;       // unused nodes
    size_t nodes;            // used and unused nodes
    void *chunks;            // allocated blocks
    size_t bytes;            // their total size
};

// Initialises an empty tree; allocates nothing. `alloc` is copied, and its context is kept.
void gv_tree_init(struct gv_tree *tree, struct gv_alloc alloc);
// Frees all memory of the tree. Call gv_tree_init before using it again.
void gv_tree_fini(struct gv_tree *tree);

// The digest of all items. O(1).
struct gv_digest gv_tree_root(const struct gv_tree *tree);

// Inserts an item after those with the same position. Duplicates are not detected.
// GV_ENOMEM: the allocator failed; GV_EINVAL: the position is GV_POSITION_END. After an error the
// tree is unchanged, and cursors remain valid.
int gv_tree_insert(struct gv_tree *tree, struct gv_item item);

// Replaces the hash and the ref of the item at the cursor.
void gv_tree_update(struct gv_tree *tree, const struct gv_tree_cursor *at, uint64_t hash,
                    uint32_t ref);

// Removes the item at the cursor. Allocates nothing.
void gv_tree_erase(struct gv_tree *tree, const struct gv_tree_cursor *at);

// Fills an empty tree with `count` items in ascending order of position; positions may repeat. The
// leaves are full afterwards. O(count). `items` may be NULL if `count` is 0.
// GV_EINVAL: the tree is not empty, the items are not in order, or a position is GV_POSITION_END;
// GV_ENOMEM: the allocator failed. After an error the tree is unchanged.
int gv_tree_load(struct gv_tree *tree, const struct gv_item *items, size_t count);

// Sets the cursor to the first item whose position is at least `position`. Returns false if there
// is none; the cursor is then after the last item. Only gv_tree_prev may use such a cursor, and
// only if the tree is not empty.
bool gv_tree_seek(const struct gv_tree *tree, uint64_t position, struct gv_tree_cursor *out);

// Sets the cursor to the item of this rank. Returns false, and leaves the cursor unchanged, if the
// tree has no such item.
bool gv_tree_select(const struct gv_tree *tree, uint64_t rank, struct gv_tree_cursor *out);

// The item at the cursor.
struct gv_item gv_tree_get(const struct gv_tree_cursor *at);

// Moves to the next item. Returns false if there is none; the cursor is then after the last item.
bool gv_tree_next(struct gv_tree_cursor *at);

// Moves to the first item, from the current item on, whose filter[hash % GV_TREE_FILTER] is not 0.
// Returns false if there is none below position `to`; the cursor must then not be used. Takes about
// one nanosecond per item.
enum { GV_TREE_FILTER = 4096 };
bool gv_tree_scan(struct gv_tree_cursor *at, uint64_t to, const uint8_t filter[GV_TREE_FILTER]);

// Moves to the previous item. The cursor may be after the last item. Returns false, and leaves the
// cursor unchanged, if the cursor is at the first item.
bool gv_tree_prev(struct gv_tree_cursor *at);

// The digest of the items in [lo, hi); lo <= hi (asserted).
struct gv_digest gv_tree_digest(const struct gv_tree *tree, uint64_t lo, uint64_t hi);

// The digest of the items below this position. The digest of the range [lo, hi) is the difference
// between the digests below `hi` and below `lo`.
struct gv_digest gv_tree_digest_below(const struct gv_tree *tree, uint64_t position);

// Batched searches. The first function finds the digests below many positions, in any order, or, if
// `below` is NULL, only brings the items at these positions into the cache. The second function
// finds the positions of the items of many ranks, each below the count (asserted); `positions` may
// be `ranks`. The cache misses of 16 searches overlap, so in a tree larger than the cache a batch
// is several times as fast as single searches.
void gv_tree_digest_below_batch(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                                struct gv_digest *below);
void gv_tree_select_batch(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                          uint64_t *positions);

// The sketch of the items in [lo, hi); lo <= hi (asserted). Each node caches the sketch of its
// subtree; a change below the node marks that sketch as stale. A call costs O(log n) plus the
// recomputation of the stale sketches in the range; the first call for a million items takes about
// 10 ms. Items do not change, and cursors remain valid. Allocates nothing.
struct gv_pinsketch gv_tree_sketch(struct gv_tree *tree, uint64_t lo, uint64_t hi);

// The estimator of all items (estimator.h). O(1).
uint32_t gv_tree_estimator(const struct gv_tree *tree);

// An upper bound on the bytes that the next insert allocates; 0 if it allocates nothing. O(1).
size_t gv_tree_growth(const struct gv_tree *tree);

// An upper bound on the size of the next allocation, whichever insert makes it, bytes. O(1).
size_t gv_tree_next_chunk(const struct gv_tree *tree);

// The bytes allocated, including unused nodes. O(1).
size_t gv_tree_memory(const struct gv_tree *tree);

#ifdef __cplusplus
}
#endif
#endif
