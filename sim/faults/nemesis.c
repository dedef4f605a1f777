// SPDX-License-Identifier: MIT
#include "nemesis.h"

#include "../core/memory.h"

#include <stdio.h>

enum { PRNG_STREAM = 2, LINKED_MAX = 1000 };

static size_t words(const struct gv_nemesis *nemesis) {
    return ((size_t)nemesis->nodes * nemesis->nodes + 63) / 64;
}

void gv_nemesis_init(struct gv_nemesis *nemesis, uint32_t nodes, uint64_t seed) {
    GV_ASSERT(nodes > 0);
    *nemesis = (struct gv_nemesis){.nodes = nodes};
    GV_MEMORY_ARRAY(nemesis->cut, words(nemesis));
    nemesis->side = gv_memory_new(nodes);
    gv_prng_init(&nemesis->prng, seed, PRNG_STREAM);
}

void gv_nemesis_fini(struct gv_nemesis *nemesis) {
    free(nemesis->cut);
    free(nemesis->side);
}

void gv_nemesis_set(struct gv_nemesis *nemesis, uint32_t src, uint32_t dest, bool cut) {
    GV_ASSERT(src < nemesis->nodes && dest < nemesis->nodes);
    size_t bit = (size_t)dest * nemesis->nodes + src;
    uint64_t mask = UINT64_C(1) << bit % 64;
    if (cut) {
        nemesis->cut[bit / 64] |= mask;
    } else {
        nemesis->cut[bit / 64] &= ~mask;
    }
}

bool gv_nemesis_cuts(const struct gv_nemesis *nemesis, uint32_t src, uint32_t dest) {
    GV_ASSERT(src < nemesis->nodes && dest < nemesis->nodes);
    size_t bit = (size_t)dest * nemesis->nodes + src;
    return (nemesis->cut[bit / 64] >> bit % 64 & 1) != 0;
}

static void shuffle(struct gv_prng *prng, uint32_t *items, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)gv_prng_below(prng, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

static uint32_t *shuffled(struct gv_nemesis *nemesis) {
    uint32_t *nodes = gv_memory_new(nemesis->nodes * sizeof *nodes);
    for (uint32_t i = 0; i < nemesis->nodes; i++) nodes[i] = i;
    shuffle(&nemesis->prng, nodes, nemesis->nodes);
    return nodes;
}

// Cuts all links between two sides: `count` random nodes, and the others.
static void split(struct gv_nemesis *nemesis, uint32_t count) {
    uint32_t *order = shuffled(nemesis);
    for (uint32_t i = 0; i < count; i++) nemesis->side[order[i]] = 1;
    free(order);
    for (uint32_t dest = 0; dest < nemesis->nodes; dest++) {
        for (uint32_t src = 0; src < nemesis->nodes; src++) {
            gv_nemesis_set(nemesis, src, dest, nemesis->side[src] != nemesis->side[dest]);
        }
    }
}

static void cut_all(struct gv_nemesis *nemesis) {
    for (uint32_t dest = 0; dest < nemesis->nodes; dest++) {
        for (uint32_t src = 0; src < nemesis->nodes; src++) {
            gv_nemesis_set(nemesis, src, dest, src != dest);
        }
    }
}

// A position on a circle of `nodes`, at most one turn beyond.
static uint32_t around(uint32_t position, uint32_t nodes) {
    return position < nodes ? position : position - nodes;
}

// The ring for up to five nodes, and for more than LINKED_MAX: on a random circle each node
// receives from the majority around it.
static void ring_of_few(struct gv_nemesis *nemesis) {
    uint32_t nodes = nemesis->nodes, majority = nodes / 2 + 1;
    uint32_t *order = shuffled(nemesis);
    cut_all(nemesis);
    for (uint32_t first = 0; first < nodes; first++) {
        uint32_t dest = order[around(first + majority / 2, nodes)];
        for (uint32_t i = 0; i < majority; i++)
            gv_nemesis_set(nemesis, order[around(first + i, nodes)], dest, false);
    }
    free(order);
}

// A node with the fewest links; if `from` is a node, one without a link to `from`.
static uint32_t least_connected(struct gv_nemesis *nemesis, const uint32_t *degree, uint32_t from) {
    uint32_t best = UINT32_MAX, ties = 0;
    for (uint32_t node = 0; node < nemesis->nodes; node++) {
        if (from != UINT32_MAX && (node == from || !gv_nemesis_cuts(nemesis, node, from))) continue;
        if (best != UINT32_MAX && degree[node] > degree[best]) continue;
        if (best != UINT32_MAX && degree[node] == degree[best]) {
            // Reservoir sampling: nodes that tie have equal probability.
            if (gv_prng_below(&nemesis->prng, ++ties) == 0) best = node;
            continue;
        }
        best = node;
        ties = 1;
    }
    return best;
}

// The ring for other sizes: links two nodes with the fewest links, until each node receives from a
// majority.
static void ring_of_many(struct gv_nemesis *nemesis) {
    uint32_t majority = nemesis->nodes / 2 + 1;
    uint32_t *degree = gv_memory_new(nemesis->nodes * sizeof *degree);
    for (uint32_t i = 0; i < nemesis->nodes; i++) degree[i] = 1; // a node reaches itself
    cut_all(nemesis);
    for (;;) {
        uint32_t a = least_connected(nemesis, degree, UINT32_MAX);
        if (degree[a] >= majority) break;
        uint32_t b = least_connected(nemesis, degree, a);
        GV_ASSERT(b != UINT32_MAX);
        gv_nemesis_set(nemesis, a, b, false);
        gv_nemesis_set(nemesis, b, a, false);
        degree[a]++;
        degree[b]++;
    }
    free(degree);
}

void gv_nemesis_start(struct gv_nemesis *nemesis, enum gv_nemesis_kind kind) {
    gv_nemesis_stop(nemesis);
    nemesis->active = true;
    nemesis->kind = kind;
    // Linking node by node takes cubic time.
    bool circle = nemesis->nodes <= 5 || nemesis->nodes > LINKED_MAX;
    switch (kind) {
    case GV_NEMESIS_ONE:
        split(nemesis, 1);
        break;
    case GV_NEMESIS_MINORITY:
        split(nemesis, (nemesis->nodes - 1) / 3);
        break;
    case GV_NEMESIS_HALVES:
        split(nemesis, nemesis->nodes / 2);
        break;
    case GV_NEMESIS_RING:
    case GV_NEMESIS_KINDS:
        (circle ? ring_of_few : ring_of_many)(nemesis);
        break;
    }
}

void gv_nemesis_start_custom(struct gv_nemesis *nemesis, const char *text) {
    GV_ASSERT(text != NULL);
    gv_nemesis_stop(nemesis);
    nemesis->active = true;
    nemesis->kind = GV_NEMESIS_CUSTOM;
    nemesis->text = text;
}

void gv_nemesis_merge(struct gv_nemesis *nemesis, const struct gv_nemesis *other) {
    GV_ASSERT(nemesis->nodes == other->nodes);
    for (size_t i = 0; i < words(nemesis); i++) nemesis->cut[i] |= other->cut[i];
}

bool gv_nemesis_possible(enum gv_nemesis_kind kind, uint32_t nodes) {
    uint32_t least = kind == GV_NEMESIS_MINORITY ? 4 : kind == GV_NEMESIS_RING ? 3 : 2;
    return nodes >= least;
}

void gv_nemesis_start_any(struct gv_nemesis *nemesis) {
    enum gv_nemesis_kind kind;
    do {
        kind = (enum gv_nemesis_kind)gv_prng_below(&nemesis->prng, GV_NEMESIS_KINDS);
    } while (nemesis->nodes > 1 && !gv_nemesis_possible(kind, nemesis->nodes));
    gv_nemesis_start(nemesis, kind);
}

void gv_nemesis_stop(struct gv_nemesis *nemesis) {
    memset(nemesis->cut, 0, words(nemesis) * sizeof *nemesis->cut);
    memset(nemesis->side, 0, nemesis->nodes);
    nemesis->active = false;
}

const char *gv_nemesis_name(enum gv_nemesis_kind kind) {
    GV_ASSERT(kind < GV_NEMESIS_KINDS);
    static const char *const names[] = {"one node", "minority third", "halves", "majorities ring"};
    return names[kind];
}

void gv_nemesis_describe(const struct gv_nemesis *nemesis, char *buf, size_t cap) {
    static const char ellipsis[] = " …";
    GV_ASSERT(cap > 64);
    buf[0] = '\0';
    if (!nemesis->active) return;
    if (nemesis->kind == GV_NEMESIS_CUSTOM) {
        size_t len = strlen(nemesis->text);
        bool fits = len < cap;
        if (!fits) len = cap - sizeof ellipsis;
        while (!fits && len > 0 && (nemesis->text[len] & 0xc0) == 0x80) len--;
        memcpy(buf, nemesis->text, len);
        strcpy(buf + len, fits ? "" : ellipsis);
        return;
    }
    if (nemesis->kind == GV_NEMESIS_RING) {
        snprintf(buf, cap, "majorities ring: each node receives from about %u of %u",
                 nemesis->nodes / 2 + 1, nemesis->nodes);
        return;
    }
    size_t len = (size_t)snprintf(buf, cap, "%s:", gv_nemesis_name(nemesis->kind));
    for (int side = 1; side >= 0; side--) {
        for (uint32_t node = 0; node < nemesis->nodes; node++) {
            if (nemesis->side[node] != side) continue;
            char name[24];
            size_t size = (size_t)snprintf(name, sizeof name, " n%u", node);
            if (len + size + sizeof ellipsis > cap) {
                memcpy(buf + len, ellipsis, sizeof ellipsis);
                return;
            }
            memcpy(buf + len, name, size + 1);
            len += size;
        }
        if (side == 1) len += (size_t)snprintf(buf + len, cap - len, " |");
    }
}
