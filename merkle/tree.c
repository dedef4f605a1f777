// SPDX-License-Identifier: MIT
#include "tree.h"

#include "batch_search.h"
#include "tree_node.h"

// ---- Nodes and their memory ---------------------------------------------------------------------

// The number of nodes to allocate so that `need` nodes are free, or 0 if enough are free. Chunks
// grow with the tree, so small trees use little memory and large trees allocate rarely.
static size_t chunk_nodes(const struct gv_tree *tree, size_t need) {
    if (need <= tree->free_count) return 0;
    size_t count = tree->nodes < CHUNK_CAP ? tree->nodes : CHUNK_CAP;
    return count > need - tree->free_count ? count : need - tree->free_count;
}

static size_t chunk_size(size_t count) {
    GV_ASSERT(count > 0 && count < SIZE_MAX / sizeof(union node));
    return sizeof(struct chunk) + count * sizeof(union node);
}

size_t gv_tree_growth(const struct gv_tree *tree) {
    size_t count =
        chunk_nodes(tree, (size_t)tree->depth + 1); // if every level splits, including the root
    return count > 0 ? chunk_size(count) : 0;
}

size_t gv_tree_next_chunk(const struct gv_tree *tree) {
    size_t nodes = tree->nodes < CHUNK_CAP ? tree->nodes : CHUNK_CAP;
    size_t need = (size_t)tree->depth + 2; // the previous insert may have split the root
    return chunk_size(nodes > need ? nodes : need);
}

// Ensures that `need` nodes are free. An operation reserves nodes before it changes anything.
static int reserve(struct gv_tree *tree, size_t need) {
    size_t count = chunk_nodes(tree, need);
    if (count == 0) return 0;
    size_t size = chunk_size(count);
    struct chunk *chunk = gv_alloc_new(tree->alloc, size);
    if (chunk == NULL) return GV_ENOMEM;
    chunk->next = tree->chunks;
    chunk->size = size;
    tree->chunks = chunk;
    tree->bytes += size;
    tree->nodes += count;
    tree->free_count += count;
    for (size_t i = count; i-- > 0;) {
        chunk->nodes[i].next_free = tree->free_list;
        tree->free_list = &chunk->nodes[i];
    }
    GV_ASSERT(tree->free_count >= need);
    return 0;
}

static union node *allocate_node(struct gv_tree *tree) {
    GV_ASSERT(tree->free_count > 0 && tree->free_list != NULL);
    union node *node = tree->free_list;
    tree->free_list = node->next_free;
    tree->free_count--;
    node->count = 0;
    node->stale = true;
    return node;
}

static void free_node(struct gv_tree *tree, union node *node) {
    GV_ASSERT(node != NULL && tree->free_count < tree->nodes);
    node->next_free = tree->free_list;
    tree->free_list = node;
    tree->free_count++;
}

// ---- Finding ------------------------------------------------------------------------------------

// Sets the cursor after all items below `position`. That may be one past the last item of a leaf.
// `to_change` prefetches whole nodes of the lower levels, which are rarely cached.
static void descend(const struct gv_tree *tree, uint64_t position, bool to_change,
                    struct gv_tree_cursor *out) {
    GV_ASSERT(tree->depth > 0 && tree->depth <= GV_TREE_DEPTH_MAX);
    out->tree = tree;
    out->epoch = tree->epoch;
    union node *node = tree->root;
    int level = 0;
    for (; level < tree->depth - 1; level++) {
        uint32_t child = index_below(node, position, false);
        out->node[level] = node;
        out->index[level] = (uint16_t)child;
        node = node->inner.children[child];
        if (to_change && level >= tree->depth - 3) prefetch(node, COLUMNS_END);
    }
    out->node[level] = node;
    out->index[level] = (uint16_t)index_below(node, position, true);
}

// Moves from one past the last item of a leaf to the first item of the next leaf.
static bool next_leaf(struct gv_tree_cursor *at) {
    int last = at->tree->depth - 1, level = last;
    do {
        if (level-- == 0) return false;
    } while (at->index[level] + 1u >= ((union node *)at->node[level])->count);
    at->index[level]++;
    for (; level < last; level++) {
        const union node *node = at->node[level];
        at->node[level + 1] = node->inner.children[at->index[level]];
        at->index[level + 1] = 0;
    }
    GV_ASSERT(((union node *)at->node[last])->count > 0);
    return true;
}

// The leaf and the index of a cursor that is at an item.
static union node *leaf_at(const struct gv_tree_cursor *at, uint32_t *index) {
    GV_ASSERT(at->epoch == at->tree->epoch && at->tree->depth > 0);
    union node *leaf = at->node[at->tree->depth - 1];
    *index = at->index[at->tree->depth - 1];
    GV_ASSERT(*index < leaf->count);
    return leaf;
}

bool gv_tree_seek(const struct gv_tree *tree, uint64_t position, struct gv_tree_cursor *out) {
    GV_ASSERT(tree != NULL && out != NULL);
    if (tree->depth == 0) return false;
    descend(tree, position, false, out);
    const union node *leaf = out->node[tree->depth - 1];
    return out->index[tree->depth - 1] < leaf->count || next_leaf(out);
}

bool gv_tree_select(const struct gv_tree *tree, uint64_t rank, struct gv_tree_cursor *out) {
    GV_ASSERT(tree != NULL && out != NULL);
    if (rank >= tree->digest.count) return false;
    out->tree = tree;
    out->epoch = tree->epoch;
    union node *node = tree->root;
    int level = 0;
    for (; level < tree->depth - 1; level++) {
        uint32_t child = child_of_rank(node, &rank);
        out->node[level] = node;
        out->index[level] = (uint16_t)child;
        node = node->inner.children[child];
    }
    GV_ASSERT(rank < node->count);
    out->node[level] = node;
    out->index[level] = (uint16_t)rank;
    return true;
}

struct gv_item gv_tree_get(const struct gv_tree_cursor *at) {
    uint32_t index;
    const union node *leaf = leaf_at(at, &index);
    return (struct gv_item){leaf->leaf.positions[index], leaf->leaf.hashes[index],
                            leaf->leaf.refs[index]};
}

bool gv_tree_next(struct gv_tree_cursor *at) {
    uint32_t index;
    const union node *leaf = leaf_at(at, &index);
    at->index[at->tree->depth - 1]++;
    return index + 1 < leaf->count || next_leaf(at);
}

static void prefetch_hashes(const union node *leaf) {
    prefetch(leaf, 1);
    prefetch(leaf->leaf.hashes, sizeof leaf->leaf.hashes);
}

// Whether the filter matches any of these hashes. Unrolled by hand, since compilers do not unroll
// it.
static bool has_any(const uint8_t *filter, const uint64_t *hashes, size_t count) {
    uint32_t some = 0;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        some |= filter[hashes[i] % GV_TREE_FILTER] | filter[hashes[i + 1] % GV_TREE_FILTER] |
                filter[hashes[i + 2] % GV_TREE_FILTER] | filter[hashes[i + 3] % GV_TREE_FILTER];
    }
    for (; i < count; i++) some |= filter[hashes[i] % GV_TREE_FILTER];
    return some != 0;
}

bool gv_tree_scan(struct gv_tree_cursor *at, uint64_t to, const uint8_t filter[GV_TREE_FILTER]) {
    uint32_t i;
    const struct leaf *leaf = &leaf_at(at, &i)->leaf;
    int depth = at->tree->depth;
    while (leaf->positions[i] < to) {
        uint32_t count = leaf->count;
        const struct inner *above = depth > 1 ? at->node[depth - 2] : NULL;
        uint32_t next = depth > 1 ? at->index[depth - 2] + PREFETCH_DISTANCE : 0;
        if (depth > 1 && next < above->count) prefetch_hashes(above->children[next]);
        bool some = has_any(filter, leaf->hashes + i, count - i);
        for (; some && i < count; i++) {
            if (filter[leaf->hashes[i] % GV_TREE_FILTER] == 0) continue;
            at->index[at->tree->depth - 1] = (uint16_t)i;
            return leaf->positions[i] < to;
        }
        if (!next_leaf(at)) return false;
        leaf = &leaf_at(at, &i)->leaf;
    }
    return false;
}

bool gv_tree_prev(struct gv_tree_cursor *at) {
    GV_ASSERT(at->epoch == at->tree->epoch && at->tree->depth > 0);
    int last = at->tree->depth - 1, level = last;
    while (at->index[level] == 0) {
        if (level-- == 0) return false;
    }
    at->index[level]--;
    for (; level < last; level++) {
        union node *node = ((union node *)at->node[level])->inner.children[at->index[level]];
        at->node[level + 1] = node;
        at->index[level + 1] = (uint16_t)(node->count - 1);
    }
    return true;
}

struct gv_digest gv_tree_root(const struct gv_tree *tree) {
    GV_ASSERT(tree != NULL);
    return tree->digest;
}

void gv_tree_digest_below_batch(const struct gv_tree *tree, const uint64_t *positions, size_t count,
                                struct gv_digest *below) {
    GV_ASSERT(tree != NULL && (count == 0 || positions != NULL));
    gv_batch_search_below(tree, positions, count, below);
}

void gv_tree_select_batch(const struct gv_tree *tree, const uint64_t *ranks, size_t count,
                          uint64_t *positions) {
    GV_ASSERT(tree != NULL && (count == 0 || (positions != NULL && ranks != NULL)));
    gv_batch_search_select(tree, ranks, count, positions);
}

struct gv_digest gv_tree_digest_below(const struct gv_tree *tree, uint64_t position) {
    struct gv_digest below;
    gv_tree_digest_below_batch(tree, &position, 1, &below);
    return below;
}

// The sketch of the subtree. Recomputes the stale sketches in it.
static const struct gv_pinsketch *sketch_of(const struct gv_tree *tree, union node *node,
                                            int height) {
    struct gv_pinsketch *sketch = &node->sketch;
    if (!node->stale) return sketch;
    *sketch = (struct gv_pinsketch){{0}};
    if (height == 1) gv_pinsketch_add(sketch, node->leaf.hashes, node->count, tree->clmul);
    for (uint32_t i = 0; height > 1 && i < node->count; i++) {
        const struct inner *inner = &node->inner;
        if (height == 2 && i + PREFETCH_DISTANCE < inner->count)
            prefetch_hashes(inner->children[i + PREFETCH_DISTANCE]);
        gv_pinsketch_merge(sketch, sketch_of(tree, inner->children[i], height - 1));
    }
    node->stale = false;
    return sketch;
}

// Adds the items of a leaf that are in [lo, hi). If that is most of them, adds the sketch of the
// whole leaf and removes the others.
static void add_items(const struct gv_tree *tree, const union node *leaf, uint64_t lo, uint64_t hi,
                      struct gv_pinsketch *all) {
    const uint64_t *hashes = leaf->leaf.hashes;
    uint32_t count = leaf->count;
    uint32_t from = index_below(leaf, lo, true), to = index_below(leaf, hi, true);
    if (leaf->stale || to - from <= count / 2) {
        gv_pinsketch_add(all, hashes + from, to - from, tree->clmul);
    } else {
        gv_pinsketch_merge(all, &leaf->sketch);
        gv_pinsketch_add(all, hashes, from, tree->clmul);
        gv_pinsketch_add(all, hashes + to, count - to, tree->clmul);
    }
}

// Adds the items of a node of any height that are in [lo, hi): the sketches of the children within
// the range, and parts of the first and the last child.
static void add_range(const struct gv_tree *tree, union node *node, int height, uint64_t lo,
                      uint64_t hi, struct gv_pinsketch *all) {
    if (lo >= hi) return;
    if (height == 1) {
        add_items(tree, node, lo, hi, all);
        return;
    }
    struct inner *inner = &node->inner;
    uint32_t from = index_below(node, lo, false), to = index_below(node, hi, false);
    if (from == to) {
        add_range(tree, inner->children[from], height - 1, lo, hi, all);
        return;
    }
    bool subtract = !node->stale && to - from > node->count / 2;
    if (subtract) gv_pinsketch_merge(all, &node->sketch);
    for (uint32_t i = 0; i < node->count; i++) {
        bool between = from < i && i < to, end = i == from || i == to;
        if (between == subtract || end) continue;
        gv_pinsketch_merge(all, sketch_of(tree, inner->children[i], height - 1));
    }
    union node *first = inner->children[from], *last = inner->children[to];
    add_range(tree, first, height - 1, subtract ? 0 : lo, subtract ? lo : GV_POSITION_END, all);
    add_range(tree, last, height - 1, subtract ? hi : 0, subtract ? GV_POSITION_END : hi, all);
}

struct gv_pinsketch gv_tree_sketch(struct gv_tree *tree, uint64_t lo, uint64_t hi) {
    GV_ASSERT(tree != NULL && lo <= hi);
    struct gv_pinsketch all = {{0}};
    if (tree->depth > 0) add_range(tree, tree->root, tree->depth, lo, hi, &all);
    return all;
}

uint32_t gv_tree_estimator(const struct gv_tree *tree) {
    GV_ASSERT(tree != NULL);
    return tree->estimator;
}

struct gv_digest gv_tree_digest(const struct gv_tree *tree, uint64_t lo, uint64_t hi) {
    GV_ASSERT(tree != NULL);
    GV_ASSERT(lo <= hi);
    return gv_digest_sub(gv_tree_digest_below(tree, hi), gv_tree_digest_below(tree, lo));
}

// ---- Changing -----------------------------------------------------------------------------------

void gv_tree_init(struct gv_tree *tree, struct gv_alloc alloc) {
    GV_ASSERT(tree != NULL);
    GV_ASSERT(alloc.resize != NULL);
    *tree = (struct gv_tree){.alloc = alloc, .clmul = gv_pinsketch_has_clmul()};
}

void gv_tree_fini(struct gv_tree *tree) {
    GV_ASSERT(tree != NULL);
    for (struct chunk *chunk = tree->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        gv_alloc_free(tree->alloc, chunk, chunk->size);
    }
    *tree = (struct gv_tree){.alloc = tree->alloc, .clmul = tree->clmul};
}

// Whether the node is the last one of its level.
static bool at_right_edge(const struct gv_tree *tree, const union node *node, int level) {
    GV_ASSERT(level >= 0 && level < tree->depth);
    const union node *last = tree->root;
    for (int i = 0; i < level; i++) last = last->inner.children[last->count - 1];
    GV_ASSERT(last != NULL);
    return last == node;
}

// Moves entries between the children a and a + 1 so that a has `keep`.
static void shift(struct inner *inner, uint32_t a, uint32_t keep, bool leaf) {
    GV_ASSERT(a + 1 < inner->count);
    union node *left = inner->children[a], *right = inner->children[a + 1];
    uint32_t total = left->count + right->count;
    GV_ASSERT(keep <= total && keep <= cap_of(leaf) && total - keep <= cap_of(leaf));
    struct gv_digest moved; // digest moved from right to left, modulo 2^64
    if (keep >= left->count) {
        uint32_t n = keep - left->count;
        moved = digest_of(right, 0, n, leaf);
        move(left, left->count, right, 0, n, leaf);
        move(right, 0, right, n, right->count - n, leaf);
    } else {
        uint32_t n = left->count - keep;
        moved =
            gv_digest_sub((struct gv_digest){0, 0, 0}, digest_of(left, keep, left->count, leaf));
        move(right, n, right, 0, right->count, leaf);
        move(right, 0, left, keep, n, leaf);
    }
    left->count = keep;
    right->count = total - keep;
    left->stale = right->stale = true;
    add_to_entry(inner, a, moved);
    subtract_from_entry(inner, a + 1, moved);
    if (right->count == 0) return; // the caller frees it
    inner->positions[a + 1] = leaf ? right->leaf.positions[0] : right->inner.positions[0];
}

// Moves items of a full leaf to a neighbour that has free slots, so that leaves stay fuller than if
// they were split. Returns true if items were moved; the path is then invalid.
static bool redistribute(struct gv_tree_cursor *path) {
    int level = path->tree->depth - 1;
    const union node *leaf = path->node[level];
    GV_ASSERT(leaf->count <= LEAF_CAP);
    if (leaf->count < LEAF_CAP || at_right_edge(path->tree, leaf, level)) return false;
    GV_ASSERT(level > 0);
    struct inner *inner = path->node[level - 1];
    uint32_t index = path->index[level - 1], before = 0, after = 0;
    if (index > 0) before = LEAF_CAP - inner->children[index - 1]->count;
    if (index + 1 < inner->count) after = LEAF_CAP - inner->children[index + 1]->count;
    GV_ASSERT(before + after <= 2 * LEAF_CAP);
    uint32_t free_slots = before > after ? before : after;
    if (free_slots < REDISTRIBUTED) return false;
    if (before > after) {
        shift(inner, index - 1, LEAF_CAP - before + REDISTRIBUTED, true);
    } else {
        shift(inner, index, LEAF_CAP - REDISTRIBUTED, true);
    }
    return true;
}

// Marks the sketches of all nodes of a path as stale.
static void mark_stale(const struct gv_tree_cursor *path) {
    for (int level = 0; level < path->tree->depth; level++) {
        union node *node = path->node[level];
        node->stale = true;
    }
}

// The number of nodes that an insert at this path allocates.
static size_t nodes_to_split(const struct gv_tree_cursor *path) {
    int depth = path->tree->depth, level = depth;
    GV_ASSERT(depth > 0);
    while (level > 0 && ((union node *)path->node[level - 1])->count == cap_of(level == depth)) {
        level--;
    }
    return (size_t)(depth - level) + (level == 0); // a split root needs a new root
}

// Inserts the entry into the path's node of this level. Returns true if the node was split; *entry
// then describes the new right neighbour, and the caller inserts it into the level above.
static bool put_or_split(struct gv_tree *tree, const struct gv_tree_cursor *path, int level,
                         uint32_t index, struct entry *entry) {
    bool leaf = level == tree->depth - 1;
    union node *node = path->node[level];
    uint32_t cap = cap_of(leaf);
    if (node->count < cap) {
        put(node, index, entry, leaf);
        return false;
    }
    // At the right edge of the tree the new node starts with the new entry. If entries arrive
    // almost in order, the old node gets no more entries, so it should be full.
    uint32_t keep = cap / 2;
    if (index > keep && at_right_edge(tree, node, level)) keep = index;
    union node *right = allocate_node(tree);
    move(right, 0, node, keep, cap - keep, leaf);
    right->count = cap - keep;
    node->count = keep;
    if (index < keep) {
        put(node, index, entry, leaf);
    } else {
        put(right, index - keep, entry, leaf);
    }
    uint64_t first = leaf ? right->leaf.positions[0] : right->inner.positions[0];
    *entry = (struct entry){first, digest_of(right, 0, right->count, leaf), right, 0};
    GV_ASSERT(node->count >= cap / 2 && right->count > 0);
    return true;
}

static void grow_root(struct gv_tree *tree, const struct entry *right) {
    GV_ASSERT(tree->depth > 0 && tree->depth < GV_TREE_DEPTH_MAX);
    union node *root = allocate_node(tree);
    struct gv_digest rest = gv_digest_sub(tree->digest, right->digest);
    struct entry left = {0, rest, tree->root, 0};
    put(root, 0, &left, false);
    put(root, 1, right, false);
    tree->root = root;
    tree->depth++;
}

int gv_tree_insert(struct gv_tree *tree, struct gv_item item) {
    GV_ASSERT(tree != NULL);
    if (item.position == GV_POSITION_END) return GV_EINVAL;
    struct gv_digest one = gv_digest_of(item.position, item.hash);
    struct entry entry = {item.position, one, NULL, item.ref};
    if (tree->depth == 0) {
        if (reserve(tree, 1) != 0) return GV_ENOMEM;
        tree->root = allocate_node(tree);
        tree->depth = 1;
        put(tree->root, 0, &entry, true);
        tree->digest = one;
        tree->estimator = gv_estimator_add(0, item.hash);
        tree->epoch++;
        return 0;
    }
    struct gv_tree_cursor path;
    int last = tree->depth - 1;
    descend(tree, item.position + 1, true, &path);
    if (redistribute(&path)) descend(tree, item.position + 1, false, &path);
    if (reserve(tree, nodes_to_split(&path)) != 0) return GV_ENOMEM;

    mark_stale(&path);
    bool carry = put_or_split(tree, &path, last, path.index[last], &entry);
    for (int level = last - 1; level >= 0; level--) {
        struct inner *inner = path.node[level];
        uint32_t index = path.index[level];
        add_to_entry(inner, index, one);
        if (!carry) continue;
        subtract_from_entry(inner, index, entry.digest);
        carry = put_or_split(tree, &path, level, index + 1, &entry);
    }
    tree->digest = gv_digest_add(tree->digest, one);
    tree->estimator = gv_estimator_add(tree->estimator, item.hash);
    if (carry) grow_root(tree, &entry);
    tree->epoch++;
    return 0;
}

void gv_tree_update(struct gv_tree *tree, const struct gv_tree_cursor *at, uint64_t hash,
                    uint32_t ref) {
    GV_ASSERT(tree != NULL && at->tree == tree);
    uint32_t index;
    union node *leaf = leaf_at(at, &index);
    uint64_t position = leaf->leaf.positions[index], old = leaf->leaf.hashes[index],
             by = hash - old;
    mark_stale(at);
    struct gv_digest change = {0, by, by * position};
    leaf->leaf.hashes[index] = hash;
    leaf->leaf.refs[index] = ref;
    for (int level = 0; level < tree->depth - 1; level++) {
        add_to_entry(at->node[level], at->index[level], change);
    }
    tree->digest = gv_digest_add(tree->digest, change);
    tree->estimator = gv_estimator_add(gv_estimator_sub(tree->estimator, old), hash);
}

// Balances a child that is less than half full with a neighbour, or merges the two if one node can
// hold their entries. Returns true if the parent lost a child.
static bool rebalance(struct gv_tree *tree, union node *parent, uint32_t index, bool leaf) {
    GV_ASSERT(index < parent->count);
    struct inner *inner = &parent->inner;
    if (parent->count == 1) { // only at the right edge, where a node may be small
        if (inner->children[0]->count > 0) return false;
        free_node(tree, inner->children[0]);
        parent->count = 0;
        return true;
    }
    uint32_t a = index > 0 ? index - 1 : 0, b = a + 1;
    union node *right = inner->children[b];
    uint32_t total = inner->children[a]->count + right->count;
    if (total > cap_of(leaf)) {
        shift(inner, a, total / 2, leaf);
        return false;
    }
    shift(inner, a, total, leaf);
    GV_ASSERT(inner->counts[b] == 0 && inner->sums[b] == 0);
    drop(parent, b, false);
    free_node(tree, right);
    return true;
}

void gv_tree_erase(struct gv_tree *tree, const struct gv_tree_cursor *at) {
    GV_ASSERT(tree != NULL && at->tree == tree);
    uint32_t index;
    union node *leaf = leaf_at(at, &index);
    uint64_t position = leaf->leaf.positions[index], hash = leaf->leaf.hashes[index];
    struct gv_digest one = gv_digest_of(position, hash);
    mark_stale(at);
    drop(leaf, index, true);
    for (int level = 0; level < tree->depth - 1; level++) {
        subtract_from_entry(at->node[level], at->index[level], one);
    }
    tree->digest = gv_digest_sub(tree->digest, one);
    tree->estimator = gv_estimator_sub(tree->estimator, hash);
    tree->epoch++;

    for (int level = tree->depth - 1; level > 0; level--) {
        bool is_leaf = level == tree->depth - 1;
        if (((union node *)at->node[level])->count >= cap_of(is_leaf) / 2) break;
        if (!rebalance(tree, at->node[level - 1], at->index[level - 1], is_leaf)) break;
    }
    union node *root = tree->root;
    while (tree->depth > 1 && root->count == 1) {
        tree->root = root->inner.children[0];
        tree->depth--;
        free_node(tree, root);
        root = tree->root;
    }
    if (root->count == 0) {
        GV_ASSERT(tree->depth == 1 && tree->digest.count == 0 && tree->digest.sum == 0);
        free_node(tree, root);
        tree->root = NULL;
        tree->depth = 0;
    }
}

// ---- Loading ------------------------------------------------------------------------------------

// Maximum number of items in a subtree of this height; a leaf has height 1.
static size_t span_of(int height) {
    GV_ASSERT(height >= 1 && height <= GV_TREE_DEPTH_MAX);
    size_t span = LEAF_CAP;
    while (--height > 0) span = span > SIZE_MAX / INNER_CAP ? SIZE_MAX : span * INNER_CAP;
    return span;
}

// Builds a subtree of these items, whose nodes are full except for the last ones. `position` is the
// lower bound that the parent stores for the subtree.
static union node *build(struct gv_tree *tree, int height, const struct gv_item *items,
                         size_t count, uint64_t position, struct gv_digest *digest) {
    GV_ASSERT(count > 0 && count <= span_of(height));
    union node *node = allocate_node(tree);
    if (height == 1) {
        for (size_t i = 0; i < count; i++) {
            node->leaf.positions[i] = items[i].position;
            node->leaf.hashes[i] = items[i].hash;
            node->leaf.refs[i] = items[i].ref;
        }
        node->count = (uint32_t)count;
        tree->estimator = gv_estimator_merge(tree->estimator, node->leaf.hashes, count);
        *digest = digest_of(node, 0, node->count, true);
        return node;
    }
    size_t span = span_of(height - 1);
    for (size_t from = 0; from < count; from += span) {
        size_t n = count - from < span ? count - from : span;
        struct entry entry = {.position = from == 0 ? position : items[from].position};
        entry.child = build(tree, height - 1, items + from, n, entry.position, &entry.digest);
        put(node, node->count, &entry, false);
    }
    *digest = digest_of(node, 0, node->count, false);
    return node;
}

int gv_tree_load(struct gv_tree *tree, const struct gv_item *items, size_t count) {
    GV_ASSERT(tree != NULL);
    GV_ASSERT(items != NULL || count == 0);
    if (tree->depth != 0) return GV_EINVAL;
    if (count == 0) return 0;
    for (size_t i = 1; i < count; i++) {
        if (items[i - 1].position > items[i].position) return GV_EINVAL;
    }
    if (items[count - 1].position == GV_POSITION_END) return GV_EINVAL;

    int height = 0;
    size_t need = 0, nodes;
    do {
        nodes = (count - 1) / span_of(++height) + 1;
        need += nodes;
    } while (nodes > 1);
    if (reserve(tree, need) != 0) return GV_ENOMEM;
    tree->root = build(tree, height, items, count, 0, &tree->digest);
    tree->depth = height;
    tree->epoch++;
    GV_ASSERT(tree->digest.count == count);
    return 0;
}

size_t gv_tree_memory(const struct gv_tree *tree) {
    GV_ASSERT(tree != NULL);
    return tree->bytes;
}
