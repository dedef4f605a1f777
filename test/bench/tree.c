// SPDX-License-Identifier: MIT
// The time and memory of the tree per item. The time is compared with qsort of the same items in
// the same run, and random inserts are compared with the ordered sets of C++.
#include "bench.h"

#include "../../engine/prng.h"
#include "../../merkle/tree.h"
#include "../lib/tree_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subject {
    struct gv_tree tree;
    struct gv_prng prng;
    struct gv_item *items;  // in random order
    struct gv_item *sorted; // the same items, sorted by position
    size_t count;
    struct gv_digest digest; // digest of all items
};

static int by_position(const void *a, const void *b) {
    const struct gv_item *x = a, *y = b;
    return (x->position > y->position) - (x->position < y->position);
}

static int by_time(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Each step performs one operation per item, and returns whether the result is correct.

static bool sort(struct subject *subject) {
    qsort(subject->sorted, subject->count, sizeof *subject->sorted, by_position);
    return true;
}

static bool insert_all(struct gv_tree *tree, const struct gv_item *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (gv_tree_insert(tree, items[i]) != 0) return false;
    }
    return true;
}

static bool insert_random(struct subject *subject) {
    return insert_all(&subject->tree, subject->items, subject->count);
}

static bool insert_ascending(struct subject *subject) {
    return insert_all(&subject->tree, subject->sorted, subject->count);
}

static bool load(struct subject *subject) {
    return gv_tree_load(&subject->tree, subject->sorted, subject->count) == 0;
}

static bool seek(struct subject *subject) {
    struct gv_tree_cursor at;
    uint64_t sum = 0;
    for (size_t i = 0; i < subject->count; i++) {
        if (!gv_tree_seek(&subject->tree, subject->items[i].position, &at)) return false;
        sum += gv_tree_get(&at).position - subject->items[i].position;
    }
    return sum == 0;
}

static bool pick(struct subject *subject) {
    struct gv_tree_cursor at;
    uint64_t differ = 0;
    for (size_t i = 0; i < subject->count; i++) {
        uint64_t rank = gv_prng_below(&subject->prng, subject->count);
        if (!gv_tree_select(&subject->tree, rank, &at)) return false;
        differ |= gv_tree_get(&at).position ^ subject->sorted[rank].position;
    }
    return differ == 0;
}

static bool digest(struct subject *subject) {
    struct gv_digest sum = {0, 0, 0};
    for (size_t i = 0; i < subject->count; i++) {
        // Two consecutive positions in random order bound a range.
        uint64_t lo = subject->items[i].position;
        uint64_t hi = subject->items[(i + 1) % subject->count].position;
        struct gv_digest part = lo < hi ? gv_tree_digest(&subject->tree, lo, hi)
                                        : gv_tree_digest(&subject->tree, hi, lo);
        // The positions form a ring, so the signed ranges add up to zero.
        sum = lo < hi ? gv_digest_add(sum, part) : gv_digest_sub(sum, part);
    }
    return sum.count == 0 && sum.sum == 0;
}

static bool walk(struct subject *subject) {
    struct gv_tree_cursor at;
    struct gv_digest sum = {0, 0, 0};
    for (bool more = gv_tree_seek(&subject->tree, 0, &at); more; more = gv_tree_next(&at)) {
        sum = gv_digest_add(sum, gv_digest_of(gv_tree_get(&at).position, gv_tree_get(&at).hash));
    }
    return gv_digest_equal(sum, subject->digest);
}

static bool erase(struct subject *subject) {
    struct gv_tree_cursor at;
    for (size_t i = 0; i < subject->count; i++) {
        if (!gv_tree_seek(&subject->tree, subject->items[i].position, &at)) return false;
        gv_tree_erase(&subject->tree, &at);
    }
    return gv_tree_root(&subject->tree).count == 0;
}

enum { FRESH = 1, FILLS = 2 };

static const struct step {
    const char *name;
    bool (*run)(struct subject *subject);
    int flags; // FRESH: starts with an empty tree; FILLS: the memory of the tree is measured
} steps[] = {
    {"qsort", sort, 0},
    {"insert, ascending", insert_ascending, FRESH | FILLS},
    {"load", load, FRESH | FILLS},
    {"insert, random order", insert_random, FRESH | FILLS},
    {"seek", seek, 0},
    {"select", pick, 0},
    {"digest of a range", digest, 0},
    {"next", walk, 0},
    {"seek and erase", erase, 0},
};

enum { STEPS = sizeof steps / sizeof *steps, ROUNDS = 3 };

static bool run_round(struct subject *subject, double best_ns[STEPS], double bytes[STEPS]) {
    size_t count = subject->count;
    memcpy(subject->sorted, subject->items, count * sizeof *subject->items);
    for (int i = 0; i < STEPS; i++) {
        if (steps[i].flags & FRESH) {
            gv_tree_fini(&subject->tree);
            gv_tree_init(&subject->tree, gv_base_malloc());
        }
        double start = bench_now_ns();
        bool right = steps[i].run(subject);
        double spent = (bench_now_ns() - start) / (double)count;
        if (best_ns[i] == 0 || spent < best_ns[i]) best_ns[i] = spent;
        if (steps[i].flags & FILLS) {
            bytes[i] = (double)gv_tree_memory(&subject->tree) / (double)count;
            right = right && gv_digest_equal(gv_tree_root(&subject->tree), subject->digest);
        }
        if (!right || gv_tree_verify(&subject->tree) != 0) {
            printf("tree  %s: wrong result\n", steps[i].name);
            return false;
        }
    }
    return true;
}

// The time for each item, ns, or a negative number if a result is wrong.
static double time_inserts(struct subject *subject) {
    gv_tree_fini(&subject->tree);
    gv_tree_init(&subject->tree, gv_base_malloc());
    double start = bench_now_ns();
    if (!insert_random(subject)) return -1;
    return (bench_now_ns() - start) / (double)subject->count;
}

static double time_other(const struct bench_yardstick *other, const struct subject *subject) {
    double start = bench_now_ns();
    void *container = other->fill(subject->items, subject->count);
    double each = (bench_now_ns() - start) / (double)subject->count;
    return other->discard(container) == subject->count ? each : -1;
}

// Inserts into the tree and into another container alternately, so that other load affects both;
// prints medians.
static bool compare(struct subject *subject, const struct bench_yardstick *other) {
    enum { TURNS = 7 };
    double ours[TURNS], theirs[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        ours[turn] = time_inserts(subject);
        theirs[turn] = time_other(other, subject);
        if (ours[turn] < 0 || theirs[turn] < 0) return false;
    }
    qsort(ours, TURNS, sizeof *ours, by_time);
    qsort(theirs, TURNS, sizeof *theirs, by_time);
    printf("tree  insert, random order   %7zu items  %7.1f ns each  %5.2f of %s: %.1f ns\n",
           subject->count, ours[TURNS / 2], ours[TURNS / 2] / theirs[TURNS / 2], other->name,
           theirs[TURNS / 2]);
    return true;
}

static bool compare_all(struct subject *subject) {
    const struct bench_yardstick *other = bench_yardsticks;
    if (other->name == NULL) printf("tree  not compared with std::set: there is no C++ compiler\n");
    for (; other->name != NULL; other++) {
        if (!compare(subject, other)) return false;
    }
    return true;
}

int bench_tree(bool small) {
    size_t count = small ? 20000 : 1000000;
    struct subject subject = {.count = count};
    subject.items = malloc(count * sizeof *subject.items);
    subject.sorted = malloc(count * sizeof *subject.sorted);
    gv_tree_init(&subject.tree, gv_base_malloc());
    gv_prng_init(&subject.prng, 1, 0);
    bool right = subject.items != NULL && subject.sorted != NULL;
    for (size_t i = 0; right && i < count; i++) {
        uint64_t hash = gv_prng_next(&subject.prng);
        uint64_t position = gv_prng_below(&subject.prng, GV_POSITION_END);
        subject.items[i] = (struct gv_item){position, hash, (uint32_t)i};
        subject.digest = gv_digest_add(subject.digest, gv_digest_of(position, hash));
    }
    double best_ns[STEPS] = {0}, bytes[STEPS] = {0};
    for (int round = 0; right && round < ROUNDS; round++) {
        right = run_round(&subject, best_ns, bytes);
    }
    for (int i = 0; right && i < STEPS; i++) {
        printf("tree  %-22s %7zu items  %7.1f ns each  %5.2f of qsort", steps[i].name, count,
               best_ns[i], best_ns[i] / best_ns[0]);
        if (bytes[i] > 0) printf("  %5.2f B an item", bytes[i]);
        printf("\n");
    }
    right = right && compare_all(&subject);
    gv_tree_fini(&subject.tree);
    free(subject.items);
    free(subject.sorted);
    return right ? 0 : 1;
}
