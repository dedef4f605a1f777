// SPDX-License-Identifier: MIT
#include "tree_verify.h"

#include "../../merkle/tree_node.h"

struct check {
    uint64_t last; // the previous position
    size_t nodes;  // visited so far
};

static bool leaf_is_sound(const struct leaf *leaf, struct check *check) {
    GV_ASSERT(leaf->count <= LEAF_CAP);
    for (uint32_t i = 0; i < leaf->count; i++) {
        if (leaf->positions[i] < check->last || leaf->positions[i] == GV_POSITION_END) return false;
        check->last = leaf->positions[i];
    }
    return true;
}

// Whether the cached sketch of a node is correct, unless it is stale.
static bool sketch_is_sound(const struct gv_tree *tree, const union node *node, bool leaf) {
    struct gv_pinsketch sum = {{0}};
    if (node->stale) return true;
    if (leaf) gv_pinsketch_add(&sum, node->leaf.hashes, node->count, tree->clmul);
    for (uint32_t i = 0; !leaf && i < node->count; i++) {
        const union node *child = node->inner.children[i];
        if (child->stale) return false;
        gv_pinsketch_merge(&sum, &child->sketch);
    }
    return memcmp(&sum, &node->sketch, sizeof sum) == 0;
}

// Whether the subtree satisfies all invariants. `position` and `digest` are the bound and the
// digest that the parent stores for the subtree; `edge` says whether it is at the right edge.
static bool is_sound(const struct gv_tree *tree, const union node *node, int height,
                     uint64_t position, bool edge, struct gv_digest digest, struct check *check) {
    GV_ASSERT(height >= 1 && height <= tree->depth);
    bool leaf = height == 1;
    bool root = height == tree->depth;
    if (node == NULL || ++check->nodes > tree->nodes) return false;
    uint32_t least = root && !leaf ? 2 : edge ? 1 : cap_of(leaf) / 2;
    if (node->count < least || node->count > cap_of(leaf)) return false;
    if (!gv_digest_equal(digest, digest_of(node, 0, node->count, leaf))) return false;
    if (position < check->last) return false;
    check->last = position;
    if (leaf) return leaf_is_sound(&node->leaf, check) && sketch_is_sound(tree, node, true);
    const struct inner *inner = &node->inner;
    if (inner->positions[0] != position) return false;
    for (uint32_t i = 0; i < inner->count; i++) {
        struct gv_digest child = {inner->counts[i], inner->sums[i], inner->weighted_sums[i]};
        bool last = edge && i + 1 == inner->count;
        if (!is_sound(tree, inner->children[i], height - 1, inner->positions[i], last, child,
                      check))
            return false;
    }
    return sketch_is_sound(tree, node, false); // its children are not NULL
}

int gv_tree_verify(const struct gv_tree *tree) {
    GV_ASSERT(tree != NULL);
    if (tree->depth < 0 || tree->depth > GV_TREE_DEPTH_MAX) return GV_ECORRUPT;
    if ((tree->depth == 0) != (tree->root == NULL)) return GV_ECORRUPT;
    struct check check = {0, 0};
    if (tree->depth == 0) {
        if (tree->digest.count != 0 || tree->digest.sum != 0) return GV_ECORRUPT;
    } else if (!is_sound(tree, tree->root, tree->depth, 0, true, tree->digest, &check)) {
        return GV_ECORRUPT;
    }
    size_t free_count = 0;
    for (const union node *node = tree->free_list; node != NULL; node = node->next_free) {
        if (++free_count > tree->free_count) return GV_ECORRUPT;
    }
    if (free_count != tree->free_count || check.nodes + free_count != tree->nodes)
        return GV_ECORRUPT;
    size_t bytes = 0;
    for (const struct chunk *chunk = tree->chunks; chunk != NULL; chunk = chunk->next) {
        bytes += chunk->size;
    }
    return bytes == tree->bytes ? 0 : GV_ECORRUPT;
}
