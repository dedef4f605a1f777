// SPDX-License-Identifier: MIT
#include "faults.h"

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRNG_STREAM = 2, LINKED_MAX = 1000 };

static size_t words(const struct gv_faults *faults) {
    return ((size_t)faults->nodes * faults->nodes + 63) / 64;
}

void gv_faults_init(struct gv_faults *faults, uint32_t nodes, uint64_t seed) {
    GV_ASSERT(nodes > 0);
    *faults = (struct gv_faults){.nodes = nodes};
    faults->cut = gv_memory_new(words(faults) * sizeof *faults->cut);
    faults->side = gv_memory_new(nodes);
    gv_prng_init(&faults->prng, seed, PRNG_STREAM);
}

void gv_faults_fini(struct gv_faults *faults) {
    GV_ASSERT(faults != NULL);
    free(faults->cut);
    free(faults->side);
    *faults = (struct gv_faults){0};
}

void gv_faults_set(struct gv_faults *faults, uint32_t src, uint32_t dest, bool cut) {
    GV_ASSERT(src < faults->nodes && dest < faults->nodes);
    size_t bit = (size_t)dest * faults->nodes + src;
    uint64_t mask = UINT64_C(1) << bit % 64;
    if (cut) {
        faults->cut[bit / 64] |= mask;
    } else {
        faults->cut[bit / 64] &= ~mask;
    }
}

bool gv_faults_cuts(const struct gv_faults *faults, uint32_t src, uint32_t dest) {
    GV_ASSERT(src < faults->nodes && dest < faults->nodes);
    size_t bit = (size_t)dest * faults->nodes + src;
    return (faults->cut[bit / 64] >> bit % 64 & 1) != 0;
}

static void shuffle(struct gv_prng *prng, uint32_t *items, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)gv_prng_below(prng, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

static uint32_t *shuffled(struct gv_faults *faults) {
    uint32_t *nodes = gv_memory_new(faults->nodes * sizeof *nodes);
    for (uint32_t i = 0; i < faults->nodes; i++) nodes[i] = i;
    shuffle(&faults->prng, nodes, faults->nodes);
    return nodes;
}

// Two parts that hear nothing of each other: `count` nodes drawn at random, and the rest.
static void split(struct gv_faults *faults, uint32_t count) {
    uint32_t *order = shuffled(faults);
    for (uint32_t i = 0; i < count; i++) faults->side[order[i]] = 1;
    free(order);
    for (uint32_t dest = 0; dest < faults->nodes; dest++) {
        for (uint32_t src = 0; src < faults->nodes; src++) {
            gv_faults_set(faults, src, dest, faults->side[src] != faults->side[dest]);
        }
    }
}

static void cut_all(struct gv_faults *faults) {
    for (uint32_t dest = 0; dest < faults->nodes; dest++) {
        for (uint32_t src = 0; src < faults->nodes; src++) {
            gv_faults_set(faults, src, dest, src != dest);
        }
    }
}

// A position in a circle of `nodes`, at most once around.
static uint32_t around(uint32_t position, uint32_t nodes) {
    return position < nodes ? position : position - nodes;
}

// Up to five nodes, or very many: put them in a circle; each hears the window of a majority around
// itself.
static void ring_of_few(struct gv_faults *faults) {
    uint32_t nodes = faults->nodes, majority = nodes / 2 + 1;
    uint32_t *order = shuffled(faults);
    cut_all(faults);
    for (uint32_t first = 0; first < nodes; first++) {
        uint32_t dest = order[around(first + majority / 2, nodes)];
        for (uint32_t i = 0; i < majority; i++)
            gv_faults_set(faults, order[around(first + i, nodes)], dest, false);
    }
    free(order);
}

// Of the nodes `from` does not hear yet (if `from` is a node), one that hears fewest.
static uint32_t loneliest(struct gv_faults *faults, const uint32_t *degree, uint32_t from) {
    uint32_t best = UINT32_MAX, ties = 0;
    for (uint32_t node = 0; node < faults->nodes; node++) {
        if (from != UINT32_MAX && (node == from || !gv_faults_cuts(faults, node, from))) continue;
        if (best != UINT32_MAX && degree[node] > degree[best]) continue;
        if (best != UINT32_MAX && degree[node] == degree[best]) {
            // Each of the nodes that tie is kept with the same probability.
            if (gv_prng_below(&faults->prng, ++ties) == 0) best = node;
            continue;
        }
        best = node;
        ties = 1;
    }
    return best;
}

// Else: link a node that hears fewest to another such, until all hear a majority.
static void ring_of_many(struct gv_faults *faults) {
    uint32_t majority = faults->nodes / 2 + 1;
    uint32_t *degree = gv_memory_new(faults->nodes * sizeof *degree);
    for (uint32_t i = 0; i < faults->nodes; i++) degree[i] = 1; // a node hears itself
    cut_all(faults);
    for (;;) {
        uint32_t a = loneliest(faults, degree, UINT32_MAX);
        if (degree[a] >= majority) break;
        uint32_t b = loneliest(faults, degree, a);
        GV_ASSERT(b != UINT32_MAX);
        gv_faults_set(faults, a, b, false);
        gv_faults_set(faults, b, a, false);
        degree[a]++;
        degree[b]++;
    }
    free(degree);
}

void gv_faults_start(struct gv_faults *faults, enum gv_faults_kind kind) {
    GV_ASSERT(kind < GV_FAULTS_KINDS);
    gv_faults_stop(faults);
    faults->active = true;
    faults->kind = kind;
    // Linking node by node takes time that grows with the cube of their number.
    bool circle = faults->nodes <= 5 || faults->nodes > LINKED_MAX;
    switch (kind) {
    case GV_FAULTS_ONE:
        split(faults, 1);
        break;
    case GV_FAULTS_MINORITY:
        split(faults, (faults->nodes - 1) / 3);
        break;
    case GV_FAULTS_MAJORITY:
        split(faults, faults->nodes / 2);
        break;
    case GV_FAULTS_RING:
    case GV_FAULTS_KINDS:
        (circle ? ring_of_few : ring_of_many)(faults);
        break;
    }
}

void gv_faults_script(struct gv_faults *faults, const char *text) {
    GV_ASSERT(text != NULL);
    gv_faults_stop(faults);
    faults->active = true;
    faults->kind = GV_FAULTS_SCRIPT;
    faults->text = text;
}

void gv_faults_merge(struct gv_faults *faults, const struct gv_faults *other) {
    GV_ASSERT(faults->nodes == other->nodes);
    for (size_t i = 0; i < words(faults); i++) faults->cut[i] |= other->cut[i];
}

bool gv_faults_possible(enum gv_faults_kind kind, uint32_t nodes) {
    GV_ASSERT(kind < GV_FAULTS_KINDS && nodes > 0);
    uint32_t least = kind == GV_FAULTS_MINORITY ? 4 : kind == GV_FAULTS_RING ? 3 : 2;
    return nodes >= least;
}

void gv_faults_start_any(struct gv_faults *faults) {
    enum gv_faults_kind kind;
    do {
        kind = (enum gv_faults_kind)gv_prng_below(&faults->prng, GV_FAULTS_KINDS);
    } while (faults->nodes > 1 && !gv_faults_possible(kind, faults->nodes));
    gv_faults_start(faults, kind);
}

void gv_faults_stop(struct gv_faults *faults) {
    GV_ASSERT(faults->cut != NULL);
    memset(faults->cut, 0, words(faults) * sizeof *faults->cut);
    memset(faults->side, 0, faults->nodes);
    faults->active = false;
}

gv_time gv_faults_gap(struct gv_faults *faults, gv_time interval) {
    GV_ASSERT(interval > 0 && interval <= UINT64_MAX / 2);
    return gv_prng_below(&faults->prng, 2 * interval);
}

const char *gv_faults_name(enum gv_faults_kind kind) {
    GV_ASSERT(kind < GV_FAULTS_KINDS);
    static const char *const names[] = {"one node", "minority third", "halves", "majorities ring"};
    return names[kind];
}

void gv_faults_describe(const struct gv_faults *faults, char *buf, size_t cap) {
    static const char ellipsis[] = " …";
    GV_ASSERT(cap > 64);
    buf[0] = '\0';
    if (!faults->active) return;
    if (faults->kind == GV_FAULTS_SCRIPT) {
        size_t len = strlen(faults->text);
        bool fits = len < cap;
        if (!fits) len = cap - sizeof ellipsis;
        while (!fits && len > 0 && (faults->text[len] & 0xc0) == 0x80) len--;
        memcpy(buf, faults->text, len);
        strcpy(buf + len, fits ? "" : ellipsis);
        return;
    }
    if (faults->kind == GV_FAULTS_RING) {
        snprintf(buf, cap, "majorities ring: each node hears about %u of %u", faults->nodes / 2 + 1,
                 faults->nodes);
        return;
    }
    size_t len = (size_t)snprintf(buf, cap, "%s:", gv_faults_name(faults->kind));
    for (int side = 1; side >= 0; side--) {
        for (uint32_t node = 0; node < faults->nodes; node++) {
            if (faults->side[node] != side) continue;
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
