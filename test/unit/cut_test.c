// SPDX-License-Identifier: MIT
// Compares the stable cut with a naive model that keeps sets of offsets instead of sums, and all
// promises ever made with the sets that they cover. Entries and promises reach nodes one by one in
// any order, nodes restart without their state, and allocations fail.
#include "../lib/test.h"

#include "../../engine/cut.h"
#include "../../engine/prng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 5, ENTRIES = 160, PROMISES = 800, STEPS = 1500, ROUNDS = 400 };

enum where { ABSENT, WAITING, HELD };

struct entry {
    uint64_t offset;
    uint8_t at[NODES]; // enum where
};

struct promise {
    uint64_t bound, sum;
    uint32_t slot;
    bool covers[ENTRIES];
};

// A question and an answer in flight from one node to another.
struct word {
    bool asks, tells;
    uint32_t life, told_life;
    uint64_t count, sum;
};

struct model {
    struct gv_cut cut[NODES];
    struct gv_alloc alloc;
    struct gv_prng prng;
    uint32_t nodes, lives;
    struct entry entries[ENTRIES];
    uint32_t entry_count;
    struct promise promises[PROMISES];
    uint32_t promise_count;
    int known[NODES]
             [NODES]; // by node and slot: the number of the promise in the node's replica, or -1
    uint64_t complete[NODES][NODES];
    uint64_t cuts[NODES]; // largest cut seen at each node
    uint64_t floor;       // no further offset below it may be assigned
    unsigned recounts, recoveries, refused;
    bool failing; // the allocator fails
};

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct model *model = ctx;
    struct gv_alloc inner = gv_base_malloc();
    if (new_size > 0 && model->failing && gv_prng_below(&model->prng, 2) == 0) return NULL;
    return inner.resize(inner.ctx, block, old_size, new_size);
}

static uint32_t below(struct model *model, uint32_t bound) {
    return (uint32_t)gv_prng_below(&model->prng, bound);
}

static void start(struct model *model, uint32_t node, bool fresh) {
    bool failing = model->failing;
    model->failing = false;
    const struct gv_cut_config config = {.life = ++model->lives, .is_fresh = fresh};
    assert_int_equal(gv_cut_init(&model->cut[node], model->alloc, node, model->nodes, &config), 0);
    model->failing = failing;
    gv_cut_start(&model->cut[node], 0);
}

static void recount(struct model *model, uint32_t node) {
    struct gv_cut *cut = &model->cut[node];
    if (!gv_cut_needs_recount(cut)) return;
    model->recounts++;
    gv_cut_begin_count(cut);
    for (uint32_t i = 0; i < model->entry_count; i++) {
        if (model->entries[i].at[node] == HELD) gv_cut_held(cut, model->entries[i].offset);
    }
    gv_cut_end_count(cut);
}

// Computes the complete bounds naively, and compares everything.
static void check(struct model *model, uint32_t node) {
    const struct gv_cut *cut = &model->cut[node];
    recount(model, node);
    for (uint32_t slot = 0; slot < model->nodes; slot++) {
        int at = model->known[node][slot];
        if (at < 0 || slot == node) continue;
        bool all = true;
        for (uint32_t i = 0; i < model->entry_count; i++) {
            bool held = model->entries[i].at[node] == HELD;
            bool counts = gv_offset_slot(cut->slot_bits, model->entries[i].offset) == slot &&
                          model->entries[i].offset < model->promises[at].bound;
            all = all && (!counts || held == model->promises[at].covers[i]);
        }
        if (all) model->complete[node][slot] = model->promises[at].bound;
        assert_true(cut->slots[slot].complete == model->complete[node][slot]);
    }
    uint64_t now = gv_cut_get(cut);
    for (uint32_t slot = 0; slot < model->nodes; slot++)
        assert_true(slot == node || now <= model->complete[node][slot]);
    assert_true(now >= model->cuts[node]);
    model->cuts[node] = now;
    if (now > model->floor) model->floor = now;
    for (uint32_t i = 0; i < model->entry_count; i++) {
        if (model->entries[i].offset >= now) continue;
        for (uint32_t j = 0; j < model->nodes; j++)
            assert_true(model->entries[i].at[j] == ABSENT || model->entries[i].at[node] == HELD);
    }
}

static void send(struct model *model, uint32_t node, bool waits) {
    uint64_t offset;
    struct gv_cut *cut = &model->cut[node];
    if (model->entry_count == ENTRIES) return;
    int error = gv_cut_next(cut, &offset);
    assert_int_equal(error, cut->recovering ? GV_ENOENT : 0);
    model->refused += error != 0;
    if (error != 0) return;
    assert_true(offset >= model->floor);
    struct entry *entry = &model->entries[model->entry_count++];
    for (uint32_t i = 0; i + 1 < model->entry_count; i++)
        assert_true(model->entries[i].offset != offset);
    *entry = (struct entry){.offset = offset};
    entry->at[node] = waits ? WAITING : HELD;
    if (waits) {
        gv_cut_reserved(cut, offset);
    } else {
        gv_cut_held(cut, offset);
    }
}

// Ends the write of a node's first waiting entry, with success or failure.
static void store(struct model *model, uint32_t node, bool fails) {
    for (uint32_t i = 0; i < model->entry_count; i++) {
        struct entry *entry = &model->entries[i];
        if (entry->at[node] != WAITING) continue;
        entry->at[node] = fails ? ABSENT : HELD;
        if (!fails) gv_cut_held(&model->cut[node], entry->offset);
        gv_cut_released(&model->cut[node], entry->offset);
        return;
    }
}

static bool promise(struct model *model, uint32_t node) {
    struct gv_cut *cut = &model->cut[node];
    if (!gv_cut_is_due(cut) || model->promise_count == PROMISES) return false;
    struct promise *made = &model->promises[model->promise_count];
    *made = (struct promise){.slot = node};
    gv_cut_promise(cut, &made->bound, &made->sum);
    for (uint32_t i = 0; i < model->entry_count; i++) {
        const struct entry *entry = &model->entries[i];
        if (gv_offset_slot(cut->slot_bits, entry->offset) != node) continue;
        made->covers[i] = entry->at[node] == HELD;
        assert_true(entry->at[node] == ABSENT || (entry->offset < made->bound) == made->covers[i]);
    }
    model->known[node][node] = (int)model->promise_count++;
    gv_cut_promised(cut, node, made->bound, made->sum);
    return true;
}

static bool exceeds(const struct model *model, int a, int b) {
    if (a < 0 || b < 0) return a >= 0;
    const struct promise *x = &model->promises[a], *y = &model->promises[b];
    return x->bound != y->bound ? x->bound > y->bound : x->sum > y->sum;
}

static void carry_promise(struct model *model, uint32_t from, uint32_t to, uint32_t slot) {
    int at = model->known[from][slot];
    if (!exceeds(model, at, model->known[to][slot])) return;
    model->known[to][slot] = at;
    gv_cut_promised(&model->cut[to], slot, model->promises[at].bound, model->promises[at].sum);
    check(model, to);
}

static void carry_entry(struct model *model, uint32_t from, uint32_t to, uint32_t at) {
    struct entry *entry = &model->entries[at];
    if (entry->at[from] != HELD || entry->at[to] != ABSENT) return;
    entry->at[to] = HELD;
    gv_cut_held(&model->cut[to], entry->offset);
    check(model, to);
}

// Sends one message with all pending questions and answers; if `lost`, it does not arrive.
static void speak(struct model *model, uint32_t from, uint32_t to, bool lost) {
    struct gv_cut_slot *slot = &model->cut[from].slots[to];
    struct word word = {
        .asks = slot->ask,
        .tells = gv_cut_tells(&model->cut[from], to),
        .life = model->cut[from].life,
        .told_life = slot->life,
        .count = model->cut[from].last,
        .sum = slot->all,
    };
    gv_cut_sent(&model->cut[from], to);
    if (lost) return;
    bool recovering = model->cut[to].recovering;
    if (word.tells) gv_cut_met(&model->cut[to], from, word.life);
    if (word.tells) gv_cut_told(&model->cut[to], from, word.told_life, word.count, word.sum);
    if (word.asks) gv_cut_asked(&model->cut[to], from, word.life);
    model->recoveries += recovering && !model->cut[to].recovering;
    if (word.asks) assert_false(gv_cut_is_fenced(&model->cut[to], from, word.life));
    if (word.asks) assert_true(gv_cut_is_fenced(&model->cut[to], from, word.life + 1));
}

// The node loses its state. Entries that only it had are lost.
static void forget(struct model *model, uint32_t node) {
    gv_cut_fini(&model->cut[node]);
    for (uint32_t i = 0; i < model->entry_count; i++) model->entries[i].at[node] = ABSENT;
    for (uint32_t i = 0; i < model->nodes; i++) {
        model->known[node][i] = -1;
        model->complete[node][i] = 0;
    }
    model->cuts[node] = 0;
    start(model, node, true);
}

static uint32_t other(struct model *model, uint32_t node) {
    return (node + 1 + below(model, model->nodes - 1)) % model->nodes;
}

static void step(struct model *model, bool crashes) {
    uint32_t node = below(model, model->nodes);
    uint32_t choice = below(model, 100);
    uint32_t peer = model->nodes > 1 ? other(model, node) : node;
    if (choice < 12) {
        send(model, node, below(model, 2) == 0);
    } else if (choice < 22) {
        store(model, node, below(model, 8) == 0);
    } else if (choice < 30) {
        promise(model, node);
    } else if (model->nodes == 1) {
        return;
    } else if (choice < 70 && model->entry_count > 0) {
        carry_entry(model, node, peer, below(model, model->entry_count));
        node = peer;
    } else if (choice < 88) {
        carry_promise(model, node, peer, below(model, model->nodes));
        node = peer;
    } else if (choice < 96) {
        speak(model, node, peer, below(model, 4) == 0);
        node = peer;
    } else if (choice < 98) {
        if (model->cut[node].recovering) gv_cut_ask_again(&model->cut[node], 0);
    } else if (crashes && below(model, 12) == 0) {
        // Only one node at a time may lose its state, since entries that two nodes lose together
        // are lost.
        for (uint32_t i = 0; i < model->nodes; i++)
            if (model->cut[i].recovering) return;
        forget(model, node);
    }
    check(model, node);
}

// All entries and promises reach all nodes.
static void heal(struct model *model) {
    model->failing = false;
    for (int round = 0; round < 8; round++) {
        for (uint32_t i = 0; i < model->nodes; i++) {
            for (uint32_t e = 0; e < model->entry_count; e++) store(model, i, false);
            if (model->cut[i].recovering) gv_cut_ask_again(&model->cut[i], 0);
            for (uint32_t j = 0; j < model->nodes; j++) {
                if (i == j) continue;
                for (uint32_t e = 0; e < model->entry_count; e++) carry_entry(model, i, j, e);
                for (uint32_t s = 0; s < model->nodes; s++) carry_promise(model, i, j, s);
                speak(model, i, j, false);
                check(model, j);
            }
            promise(model, i);
            check(model, i);
        }
    }
    for (uint32_t i = 0; i < model->nodes; i++) {
        assert_false(model->cut[i].recovering);
        assert_false(gv_cut_is_due(&model->cut[i]));
        assert_true(gv_cut_get(&model->cut[i]) >= model->cut[i].top);
        assert_true(model->cut[i].late == 0);
    }
}

static void any_order_as_the_model(void **state) {
    (void)state;
    struct model *model = malloc(sizeof *model);
    assert_non_null(model);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    unsigned recounts = 0, recoveries = 0, refused = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        memset(model, 0, sizeof *model);
        gv_prng_init(&model->prng, gv_prng_next(&prng), 0);
        model->alloc = (struct gv_alloc){resize, model};
        model->nodes = 1 + round % NODES;
        model->failing = round % 3 == 0;
        memset(model->known, -1, sizeof model->known);
        for (uint32_t i = 0; i < model->nodes; i++) start(model, i, round % 2 == 0);
        for (unsigned i = 0; i < STEPS; i++) step(model, round % 4 < 2);
        heal(model);
        recounts += model->recounts;
        recoveries += model->recoveries;
        refused += model->refused;
        for (uint32_t i = 0; i < model->nodes; i++) gv_cut_fini(&model->cut[i]);
    }
    assert_true(recounts > 0 && recoveries > ROUNDS && refused > 0);
    free(model);
}

// Both nodes lost their state, and one is brought an entry of its former life after its promise.
static void a_late_entry_of_the_own_slot_is_promised(void **state) {
    (void)state;
    struct gv_cut cut;
    const struct gv_cut_config config = {.life = 1};
    assert_int_equal(gv_cut_init(&cut, gv_base_malloc(), 1, 2, &config), 0);
    uint64_t offset, bound, sum, later;
    gv_cut_held(&cut, gv_offset_of(cut.slot_bits, 9, 0));
    assert_int_equal(gv_cut_next(&cut, &offset), 0);
    gv_cut_held(&cut, offset);
    assert_true(gv_cut_is_due(&cut));
    gv_cut_promise(&cut, &bound, &sum);
    gv_cut_promised(&cut, 1, bound, sum);
    assert_false(gv_cut_is_due(&cut));
    gv_cut_held(&cut, gv_offset_of(cut.slot_bits, 5, 1));
    assert_true(gv_cut_is_due(&cut));
    gv_cut_promise(&cut, &later, &sum);
    assert_true(later > bound && sum == cut.slots[1].all);
    gv_cut_promised(&cut, 1, later, sum);
    assert_false(gv_cut_is_due(&cut));
    assert_int_equal(gv_cut_next(&cut, &offset), 0);
    assert_true(offset >= later);
    gv_cut_fini(&cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_order_as_the_model),
                                       cmocka_unit_test(a_late_entry_of_the_own_slot_is_promised)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
