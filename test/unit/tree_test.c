// SPDX-License-Identifier: MIT
// The tree, compared with a model: a sorted array.
#include "../../engine/prng.h"
#include "../../merkle/tree.h"
#include "../lib/test.h"
#include "../lib/tree_verify.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- An allocator that counts, and fails when its allowance is exhausted ------------------------

struct budget {
    size_t allowance; // number of calls that will succeed
    size_t calls;     // number of calls that allocate
    size_t bytes;     // bytes allocated
};

static void *budget_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct budget *budget = ctx;
    if (new_size == 0) {
        budget->bytes -= old_size;
        free(block);
        return NULL;
    }
    assert_null(block);
    budget->calls++;
    if (budget->allowance == 0) return NULL;
    budget->allowance--;
    budget->bytes += new_size;
    return malloc(new_size);
}

static struct gv_alloc budget_alloc(struct budget *budget) {
    *budget = (struct budget){SIZE_MAX, 0, 0};
    return (struct gv_alloc){budget_resize, budget};
}

// ---- The model ----------------------------------------------------------------------------------

struct model {
    struct gv_item *items;
    size_t count, cap;
};

static struct model model_new(size_t cap) {
    struct model model = {malloc(cap * sizeof(struct gv_item)), 0, cap};
    assert_non_null(model.items);
    return model;
}

// The number of items below `position`.
static size_t model_rank(const struct model *model, uint64_t position) {
    size_t lo = 0, hi = model->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (model->items[mid].position < position) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static void model_insert(struct model *model, struct gv_item item) {
    assert_true(model->count < model->cap);
    size_t at = model_rank(model, item.position + 1);
    struct gv_item *slot = model->items + at;
    memmove(slot + 1, slot, (model->count - at) * sizeof *slot);
    *slot = item;
    model->count++;
}

static void model_erase(struct model *model, size_t rank) {
    struct gv_item *slot = model->items + rank;
    memmove(slot, slot + 1, (model->count - rank - 1) * sizeof *slot);
    model->count--;
}

static struct gv_digest model_digest(const struct model *model, uint64_t lo, uint64_t hi) {
    struct gv_digest all = {0, 0, 0};
    for (size_t i = 0; i < model->count; i++) {
        const struct gv_item *item = &model->items[i];
        if (item->position < lo || (item->position >= hi && hi != GV_POSITION_END)) continue;
        all = gv_digest_add(all, gv_digest_of(item->position, item->hash));
    }
    return all;
}

static void assert_digest(struct gv_digest a, struct gv_digest b) {
    assert_int_equal(a.count, b.count);
    assert_int_equal(a.sum, b.sum);
    assert_int_equal(a.weighted_sum, b.weighted_sum);
}

static void assert_item(struct gv_item a, struct gv_item b) {
    assert_int_equal(a.position, b.position);
    assert_int_equal(a.hash, b.hash);
    assert_int_equal(a.ref, b.ref);
}

// The tree is sound and holds the items of the model in the same order.
static void assert_same(const struct gv_tree *tree, const struct model *model) {
    assert_int_equal(gv_tree_verify(tree), 0);
    assert_digest(gv_tree_root(tree), model_digest(model, 0, GV_POSITION_END));
    struct gv_tree_cursor at;
    size_t i = 0;
    for (bool more = gv_tree_seek(tree, 0, &at); more; more = gv_tree_next(&at)) {
        assert_true(i < model->count);
        assert_item(gv_tree_get(&at), model->items[i++]);
    }
    assert_int_equal(i, model->count);
}

// ---- Random operations --------------------------------------------------------------------------

enum pattern { EVEN, FEW, ONE, ASCENDING, JITTERED, DESCENDING, CLUSTERED, ENDS, PATTERNS };

struct run {
    struct gv_prng prng;
    struct gv_tree tree;
    struct model model;
    enum pattern pattern;
    uint64_t step;
};

static uint64_t draw_place(struct run *run) {
    struct gv_prng *prng = &run->prng;
    uint64_t step = run->step++;
    switch (run->pattern) {
    case EVEN:
        return gv_prng_below(prng, GV_POSITION_END);
    case FEW:
        return gv_prng_below(prng, 20);
    case ONE:
        return 7;
    case ASCENDING:
        return step;
    case JITTERED: // nearly in order, as if many nodes generated the values
        return step / 3 + gv_prng_below(prng, 4);
    case DESCENDING:
        return UINT64_C(1000000000) - step;
    case CLUSTERED:
        return (gv_prng_below(prng, 5) << 60) + step;
    default: // the first and last positions, with repetitions
        return gv_prng_below(prng, 2) ? gv_prng_below(prng, 3)
                                      : GV_POSITION_END - 1 - gv_prng_below(prng, 3);
    }
}

static void change(struct run *run, unsigned grow_percent) {
    struct gv_prng *prng = &run->prng;
    struct model *model = &run->model;
    struct gv_tree_cursor at;
    if (gv_prng_below(prng, 100) < grow_percent && model->count < model->cap) {
        struct gv_item item = {draw_place(run), gv_prng_next(prng), (uint32_t)gv_prng_next(prng)};
        assert_int_equal(gv_tree_insert(&run->tree, item), 0);
        model_insert(model, item);
        return;
    }
    if (model->count == 0) return;
    size_t rank = gv_prng_below(prng, model->count);
    if (gv_prng_below(prng, 8) == 0) rank = gv_prng_below(prng, 2) ? 0 : model->count - 1;
    assert_true(gv_tree_select(&run->tree, rank, &at));
    assert_item(gv_tree_get(&at), model->items[rank]);
    if (gv_prng_below(prng, 3) == 0) {
        struct gv_item *item = &model->items[rank];
        item->hash = gv_prng_next(prng);
        item->ref = (uint32_t)gv_prng_next(prng);
        gv_tree_update(&run->tree, &at, item->hash, item->ref);
        assert_item(gv_tree_get(&at), *item);
    } else {
        gv_tree_erase(&run->tree, &at);
        model_erase(model, rank);
    }
}

// The position of an item, or one next to it.
static uint64_t draw_bound(struct run *run) {
    const struct model *model = &run->model;
    if (model->count == 0 || gv_prng_below(&run->prng, 8) == 0) {
        uint64_t few[4] = {0, 1, GV_POSITION_END - 1, GV_POSITION_END};
        return few[gv_prng_below(&run->prng, 4)];
    }
    uint64_t position = model->items[gv_prng_below(&run->prng, model->count)].position;
    switch (gv_prng_below(&run->prng, 3)) {
    case 0:
        return position > 0 ? position - 1 : 0;
    case 1:
        return position;
    default:
        return position + 1;
    }
}

static void query(struct run *run) {
    const struct gv_tree *tree = &run->tree;
    const struct model *model = &run->model;
    uint64_t lo = draw_bound(run), hi = draw_bound(run);
    if (lo > hi) {
        uint64_t swap = lo;
        lo = hi;
        hi = swap;
    }
    assert_digest(gv_tree_digest(tree, lo, hi), model_digest(model, lo, hi));
    size_t rank = model_rank(model, lo);
    assert_int_equal(gv_tree_digest_below(tree, lo).count, rank);
    struct gv_tree_cursor at;
    assert_int_equal(gv_tree_seek(tree, lo, &at), rank < model->count);
    for (size_t i = rank; i < model->count && i < rank + 100; i++) {
        assert_item(gv_tree_get(&at), model->items[i]);
        assert_int_equal(gv_tree_next(&at), i + 1 < model->count);
    }
    // Moves backwards, from after the last item or from an item.
    gv_tree_seek(tree, lo, &at);
    for (size_t i = rank; model->count > 0 && i > 0 && i + 100 > rank; i--) {
        assert_true(gv_tree_prev(&at));
        assert_item(gv_tree_get(&at), model->items[i - 1]);
        if (i == 1) assert_false(gv_tree_prev(&at));
    }
    assert_false(gv_tree_select(tree, model->count, &at));
    assert_false(gv_tree_select(tree, UINT64_MAX, &at));
}

// Batches, in any order.
static void query_each(struct run *run) {
    enum { MANY = 50 };
    const struct model *model = &run->model;
    uint64_t asked[MANY], positions[MANY];
    struct gv_digest below[MANY];
    size_t count = gv_prng_below(&run->prng, MANY + 1);
    for (size_t i = 0; i < count; i++) asked[i] = draw_bound(run);
    gv_tree_digest_below_batch(&run->tree, asked, count, below);
    for (size_t i = 0; i < count; i++) assert_digest(below[i], model_digest(model, 0, asked[i]));
    if (model->count == 0) return;
    for (size_t i = 0; i < count; i++) asked[i] = gv_prng_below(&run->prng, model->count);
    gv_tree_select_batch(&run->tree, asked, count, positions);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(positions[i], model->items[asked[i]].position);
}

static void test_random(void **state) {
    (void)state;
    // Grows and shrinks between no and three levels, with phases of constant size.
    static const unsigned char growth[] = {100, 75, 50, 20, 90, 75, 10, 0};
    struct run run = {.model = model_new(6000)};
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        struct budget budget;
        gv_tree_init(&run.tree, budget_alloc(&budget));
        gv_prng_init(&run.prng, gv_test_seed(), pattern);
        run.model.count = 0;
        run.pattern = pattern;
        run.step = 0;
        for (size_t phase = 0; phase < sizeof growth; phase++) {
            for (int batch = 0; batch < 12; batch++) {
                for (int i = 0; i < 200; i++) change(&run, growth[phase]);
                for (int i = 0; i < 6; i++) query(&run);
                query_each(&run);
                assert_same(&run.tree, &run.model);
                assert_int_equal(gv_tree_memory(&run.tree), budget.bytes);
            }
        }
        gv_tree_fini(&run.tree);
        assert_int_equal(budget.bytes, 0);
    }
    free(run.model.items);
}

// ---- Deep trees, changed in bulk ----------------------------------------------------------------

static struct model numbers(size_t count, uint64_t step, struct gv_prng *prng) {
    struct model model = model_new(count + 1);
    for (size_t i = 0; i < count; i++) {
        model.items[i] = (struct gv_item){i * step, gv_prng_next(prng), (uint32_t)i};
    }
    model.count = count;
    return model;
}

// Erases each item with this probability, from the tree and from the model.
static void thin_out(struct gv_tree *tree, struct model *model, struct gv_prng *prng,
                     unsigned percent) {
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (gv_prng_below(prng, 100) >= percent) {
            model->items[kept++] = model->items[i];
            continue;
        }
        struct gv_tree_cursor at;
        assert_true(gv_tree_select(tree, kept, &at));
        assert_item(gv_tree_get(&at), model->items[i]);
        gv_tree_erase(tree, &at);
    }
    model->count = kept;
}

static void test_deep(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 100);
    struct model model = numbers(200000, 10, &prng);
    struct gv_tree tree;
    gv_tree_init(&tree, gv_base_malloc());
    assert_int_equal(gv_tree_load(&tree, model.items, model.count), 0);
    assert_int_equal(tree.depth, 4);
    assert_same(&tree, &model);
    static const unsigned char chances[] = {3, 30, 60, 60, 90, 90, 90, 100};
    for (size_t i = 0; i < sizeof chances; i++) {
        thin_out(&tree, &model, &prng, chances[i]);
        assert_same(&tree, &model);
    }
    assert_int_equal(tree.depth, 0);
    gv_tree_fini(&tree);
    free(model.items);
}

// Erasing from one end merges nodes along that edge.
static void test_erase_from_the_ends(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 101);
    for (int end = 0; end < 2; end++) {
        // One more item than full nodes can hold: nodes along the right edge have one entry.
        struct model model = numbers((size_t)64 * 32 * 3 + 1, 5, &prng);
        struct gv_tree tree;
        gv_tree_init(&tree, gv_base_malloc());
        assert_int_equal(gv_tree_load(&tree, model.items, model.count), 0);
        for (size_t left = model.count; left > 0; left--) {
            struct gv_tree_cursor at;
            assert_true(gv_tree_select(&tree, end ? left - 1 : 0, &at));
            size_t index = end ? left - 1 : model.count - left;
            assert_item(gv_tree_get(&at), model.items[index]);
            gv_tree_erase(&tree, &at);
            if (left % 37 == 0 || left < 70) assert_int_equal(gv_tree_verify(&tree), 0);
        }
        assert_digest(gv_tree_root(&tree), (struct gv_digest){0, 0, 0});
        gv_tree_fini(&tree);
        free(model.items);
    }
}

static void test_load_of_every_size(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 102);
    struct model model = numbers(6000, 1, &prng);
    // Equal positions in adjacent leaves.
    for (size_t i = 0; i < model.count; i++) model.items[i].position = i / 100;
    struct gv_tree tree;
    struct budget budget;
    gv_tree_init(&tree, budget_alloc(&budget));
    size_t all = model.count;
    for (size_t count = 0; count < all; count += count < 200 ? 1 : count / 20) {
        model.count = count;
        assert_int_equal(gv_tree_load(&tree, model.items, count), 0);
        assert_same(&tree, &model);
        struct gv_tree_cursor at;
        if (count > 150) { // leaf 1 starts with a later item of the position
            assert_true(gv_tree_seek(&tree, 1, &at));
            assert_item(gv_tree_get(&at), model.items[100]);
        }
        while (gv_tree_select(&tree, 0, &at)) gv_tree_erase(&tree, &at);
    }
    gv_tree_fini(&tree);
    assert_int_equal(budget.bytes, 0);
    free(model.items);
}

static void test_load_refuses(void **state) {
    (void)state;
    struct gv_tree tree;
    gv_tree_init(&tree, gv_base_malloc());
    struct gv_item unordered[3] = {{1, 1, 1}, {3, 3, 3}, {2, 2, 2}};
    assert_int_equal(gv_tree_load(&tree, unordered, 3), GV_EINVAL);
    struct gv_item beyond[2] = {{1, 1, 1}, {GV_POSITION_END, 2, 2}};
    assert_int_equal(gv_tree_load(&tree, beyond, 2), GV_EINVAL);
    assert_int_equal(gv_tree_memory(&tree), 0);
    assert_int_equal(gv_tree_load(&tree, NULL, 0), 0);
    assert_int_equal(gv_tree_load(&tree, unordered, 2), 0);
    assert_int_equal(gv_tree_load(&tree, unordered, 2), GV_EINVAL);
    assert_digest(gv_tree_root(&tree), (struct gv_digest){2, 4, 10});
    gv_tree_fini(&tree);
}

// ---- Extremes -----------------------------------------------------------------------------------

static void test_empty(void **state) {
    (void)state;
    struct gv_tree tree;
    struct gv_tree_cursor at;
    gv_tree_init(&tree, gv_base_malloc());
    assert_false(gv_tree_seek(&tree, 0, &at));
    assert_false(gv_tree_select(&tree, 0, &at));
    assert_int_equal(gv_tree_digest_below(&tree, GV_POSITION_END).count, 0);
    assert_digest(gv_tree_digest(&tree, 0, GV_POSITION_END), (struct gv_digest){0, 0, 0});
    assert_int_equal(gv_tree_verify(&tree), 0);
    assert_int_equal(gv_tree_memory(&tree), 0);
    gv_tree_fini(&tree);
}

static void test_first_and_last_position(void **state) {
    (void)state;
    struct gv_tree tree;
    struct gv_tree_cursor at;
    gv_tree_init(&tree, gv_base_malloc());
    struct gv_item first = {0, 5, 1}, last = {GV_POSITION_END - 1, 7, 2},
                   none = {GV_POSITION_END, 9, 3};
    assert_int_equal(gv_tree_insert(&tree, none), GV_EINVAL);
    assert_int_equal(gv_tree_memory(&tree), 0);
    assert_int_equal(gv_tree_insert(&tree, last), 0);
    assert_int_equal(gv_tree_insert(&tree, first), 0);
    assert_int_equal(gv_tree_insert(&tree, none), GV_EINVAL);
    assert_int_equal(gv_tree_digest_below(&tree, GV_POSITION_END - 1).count, 1);
    assert_int_equal(gv_tree_digest_below(&tree, GV_POSITION_END).count, 2);
    assert_digest(gv_tree_digest(&tree, 0, 0), (struct gv_digest){0, 0, 0});
    assert_digest(gv_tree_digest(&tree, 0, 1), gv_digest_of(0, 5));
    assert_digest(gv_tree_digest(&tree, 1, GV_POSITION_END - 1), (struct gv_digest){0, 0, 0});
    assert_digest(gv_tree_digest(&tree, 1, GV_POSITION_END), gv_digest_of(GV_POSITION_END - 1, 7));
    assert_digest(gv_tree_digest(&tree, GV_POSITION_END, GV_POSITION_END),
                  (struct gv_digest){0, 0, 0});
    assert_true(gv_tree_seek(&tree, 1, &at));
    assert_item(gv_tree_get(&at), last);
    assert_false(gv_tree_seek(&tree, GV_POSITION_END, &at));
    gv_tree_fini(&tree);
}

// ---- Memory -------------------------------------------------------------------------------------

static void test_out_of_memory(void **state) {
    (void)state;
    struct run run = {.model = model_new(4000)};
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        struct budget budget;
        gv_tree_init(&run.tree, budget_alloc(&budget));
        gv_prng_init(&run.prng, gv_test_seed(), 200 + pattern);
        run.model.count = 0;
        run.pattern = pattern;
        int failures = 0;
        for (size_t i = 0; i < 4000; i++) {
            struct gv_item item = {draw_place(&run), gv_prng_next(&run.prng), (uint32_t)i};
            size_t allowance = 0;
            for (;;) {
                budget.allowance = allowance++;
                int result = gv_tree_insert(&run.tree, item);
                if (result == 0) break;
                assert_int_equal(result, GV_ENOMEM);
                assert_same(&run.tree, &run.model);
                assert_int_equal(gv_tree_memory(&run.tree), budget.bytes);
                assert_true(allowance < 10);
                failures++;
            }
            model_insert(&run.model, item);
        }
        assert_true(failures > 5);
        assert_same(&run.tree, &run.model);
        gv_tree_fini(&run.tree);
        assert_int_equal(budget.bytes, 0);
    }

    struct budget budget;
    gv_tree_init(&run.tree, budget_alloc(&budget));
    budget.allowance = 0;
    assert_int_equal(gv_tree_load(&run.tree, run.model.items, run.model.count), GV_ENOMEM);
    assert_int_equal(gv_tree_verify(&run.tree), 0);
    assert_digest(gv_tree_root(&run.tree), (struct gv_digest){0, 0, 0});
    budget.allowance = SIZE_MAX;
    assert_int_equal(gv_tree_load(&run.tree, run.model.items, run.model.count), 0);
    assert_same(&run.tree, &run.model);
    gv_tree_fini(&run.tree);
    free(run.model.items);
}

// The number of bytes per item for this many inserts; *calls is the number of allocations.
static double fill(enum pattern pattern, size_t count, size_t *calls) {
    struct run run = {.pattern = pattern};
    struct budget budget;
    gv_tree_init(&run.tree, budget_alloc(&budget));
    gv_prng_init(&run.prng, gv_test_seed(), 300);
    for (size_t i = 0; i < count; i++) {
        struct gv_item item = {draw_place(&run), gv_prng_next(&run.prng), (uint32_t)i};
        size_t before = budget.calls;
        assert_int_equal(gv_tree_insert(&run.tree, item), 0);
        assert_true(budget.calls - before <= 1);
    }
    *calls = budget.calls;
    double bytes = (double)gv_tree_memory(&run.tree) / (double)count;
    gv_tree_fini(&run.tree);
    return bytes;
}

static void test_memory_of_an_item(void **state) {
    (void)state;
    size_t calls;
    static const unsigned char most[PATTERNS] = {
        [EVEN] = 28,     [FEW] = 23,        [ONE] = 23,       [ASCENDING] = 23,
        [JITTERED] = 25, [DESCENDING] = 23, [CLUSTERED] = 24, [ENDS] = 24,
    };
    for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
        double bytes = fill(pattern, 100000, &calls);
        if (bytes >= most[pattern]) fail_msg("pattern %d: %.2f bytes an item", pattern, bytes);
        assert_true(calls < 100000 / 1000);
    }
    // In small trees: a first node, then at most one call for 32 items.
    for (size_t count = 1; count < 3000; count += count / 4 + 1) {
        fill(EVEN, count, &calls);
        assert_true(calls <= 1 + count / 32);
    }
    fill(EVEN, 64, &calls);
    assert_int_equal(calls, 1);
}

static void test_freed_nodes_are_used_again(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 301);
    struct budget budget;
    struct gv_tree tree;
    gv_tree_init(&tree, budget_alloc(&budget));
    struct model model = numbers(5000, 3, &prng);
    struct gv_tree_cursor at;
    for (size_t i = 0; i < model.count; i++) {
        assert_int_equal(gv_tree_insert(&tree, model.items[i]), 0);
    }
    size_t held = budget.bytes;
    for (int round = 0; round < 5; round++) {
        while (gv_tree_select(&tree, tree.digest.count / 2, &at)) gv_tree_erase(&tree, &at);
        assert_int_equal(gv_tree_verify(&tree), 0);
        budget.allowance = 0;
        for (size_t i = 0; i < model.count; i++) {
            assert_int_equal(gv_tree_insert(&tree, model.items[i]), 0);
        }
        assert_same(&tree, &model);
        assert_int_equal(gv_tree_memory(&tree), held);
    }
    gv_tree_fini(&tree);
    assert_int_equal(budget.bytes, 0);
    free(model.items);
}

// ---- Corruption that gv_tree_verify finds -------------------------------------------------------

enum { LEAF = 80, INNER = 40 }; // capacities of nodes (tree.h)

// Returns zeroed memory, so that a complete node can be searched.
static void *zeroed_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct gv_alloc heap = gv_base_malloc();
    (void)ctx;
    uint8_t *bytes = heap.resize(heap.ctx, block, old_size, new_size);
    if (bytes != NULL && new_size > old_size) memset(bytes + old_size, 0, new_size - old_size);
    return bytes;
}

static const struct gv_alloc zeroed = {.resize = zeroed_resize};

// The first word in a node that has this value; nodes are longer than 200 words.
static uint64_t *word_in(void *node, uint64_t value) {
    uint64_t *word = node;
    for (int i = 0; i < 200; i++) {
        if (word[i] == value) return &word[i];
    }
    fail_msg("the node does not have this value");
    return NULL;
}

static void **child_in(void *node, void *child) {
    void **link = node;
    for (int i = 0; i < 400; i++) {
        if (link[i] == child) return &link[i];
    }
    fail_msg("the node does not have this child");
    return NULL;
}

static void assert_found(struct gv_tree *tree, uint64_t *word, uint64_t value) {
    uint64_t kept = *word;
    assert_int_equal(gv_tree_verify(tree), 0);
    *word = value;
    assert_int_equal(gv_tree_verify(tree), GV_ECORRUPT);
    *word = kept;
    assert_int_equal(gv_tree_verify(tree), 0);
}

static void test_verify_finds_corruption(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 400);
    struct model model = numbers(1000, 1000, &prng);
    struct gv_tree tree;
    gv_tree_init(&tree, zeroed);
    assert_int_equal(gv_tree_load(&tree, model.items, model.count), 0);
    struct gv_tree_cursor at;
    assert_true(gv_tree_seek(&tree, LEAF * 1000, &at)); // the second leaf's first item
    void *root = at.node[0], *leaf = at.node[1];
    uint64_t hash = gv_tree_get(&at).hash,
             sum = gv_tree_digest(&tree, LEAF * 1000, 2 * LEAF * 1000).sum;

    assert_found(&tree, word_in(leaf, hash), hash + 1);
    assert_found(&tree, word_in(leaf, 90000), 91001);       // out of order
    assert_found(&tree, word_in(leaf, LEAF * 1000), 79999); // below the parent's bound
    assert_found(&tree, word_in(leaf, 159000), 160001);     // above the bound of the next leaf
    assert_found(&tree, word_in(root, sum), sum ^ 1);       // a child's sum
    assert_found(&tree, word_in(root, LEAF), LEAF - 1);     // a child's count
    assert_found(&tree, word_in(root, LEAF * 1000), 78999); // a bound
    void **child = child_in(root, leaf);
    *child = NULL;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    *child = leaf;
    assert_found(&tree, &tree.digest.count, 999);
    assert_found(&tree, &tree.digest.sum, 0);
    assert_true(gv_tree_select(&tree, model.count - 1, &at));
    assert_found(&tree, word_in(at.node[1], 999000), GV_POSITION_END);
    *(uint32_t *)leaf = LEAF - 1; // its count
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    *(uint32_t *)leaf = LEAF + 1;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    *(uint32_t *)leaf = LEAF;
    assert_int_equal(gv_tree_verify(&tree), 0);
    gv_tree_fini(&tree);
    free(model.items);
}

// Correct sums, but too few entries in a node that is not at the right edge.
static void test_verify_finds_underfull_nodes(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 401);
    struct model model = numbers(1000, 1000, &prng);
    struct gv_tree tree;
    gv_tree_init(&tree, zeroed);
    assert_int_equal(gv_tree_load(&tree, model.items, model.count), 0);
    struct gv_tree_cursor at;
    assert_true(gv_tree_seek(&tree, 0, &at));
    uint64_t *sum = word_in(at.node[0], gv_tree_digest(&tree, 0, LEAF * 1000).sum);
    uint64_t *weighted_sum =
        word_in(at.node[0], gv_tree_digest(&tree, 0, LEAF * 1000).weighted_sum);
    uint64_t *count = word_in(at.node[0], LEAF);
    for (size_t i = LEAF - 1; i >= LEAF / 2 - 1; i--) { // removes one item after another
        assert_int_equal(gv_tree_verify(&tree), 0);
        *(uint32_t *)at.node[1] -= 1;
        *count -= 1;
        const struct gv_item *item = &model.items[i];
        *sum -= item->hash;
        *weighted_sum -= item->hash * item->position;
        tree.digest = gv_digest_sub(tree.digest, gv_digest_of(item->position, item->hash));
    }
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    gv_tree_fini(&tree);

    // A root with one child must be replaced by the child.
    gv_tree_init(&tree, zeroed);
    assert_int_equal(gv_tree_load(&tree, model.items, LEAF + 1), 0);
    assert_true(gv_tree_seek(&tree, 0, &at));
    tree.digest = gv_tree_digest(&tree, 0, LEAF * 1000);
    tree.nodes -= 1;
    *(uint32_t *)at.node[0] = 1;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    gv_tree_fini(&tree);
    free(model.items);
}

static void test_verify_finds_a_bound_that_differs(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 402);
    struct model model = numbers((size_t)LEAF * INNER * 2, 1000, &prng);
    struct gv_tree tree;
    struct gv_tree_cursor at;
    gv_tree_init(&tree, gv_base_malloc());
    assert_int_equal(gv_tree_load(&tree, model.items, model.count), 0);
    assert_int_equal(tree.depth, 3);
    // After its first item is erased, the second half's bound is not the position of any item.
    uint64_t bound = (uint64_t)LEAF * INNER * 1000;
    assert_true(gv_tree_seek(&tree, bound, &at));
    gv_tree_erase(&tree, &at);
    assert_true(gv_tree_seek(&tree, bound, &at));
    assert_int_equal(gv_tree_get(&at).position, bound + 1000);
    assert_found(&tree, word_in(at.node[1], bound), bound + 1);
    gv_tree_fini(&tree);
    free(model.items);
}

static void test_verify_finds_lost_memory(void **state) {
    (void)state;
    struct gv_tree tree;
    gv_tree_init(&tree, gv_base_malloc());
    struct gv_tree kept = tree;
    tree.digest.count = 1;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.digest.sum = 1;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.root = &tree;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.depth = -1;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;

    assert_int_equal(gv_tree_insert(&tree, (struct gv_item){1, 1, 1}), 0);
    kept = tree;
    assert_int_equal(gv_tree_verify(&tree), 0);
    tree.depth = 2;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.nodes++;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.free_count++;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    tree.bytes++;
    assert_int_equal(gv_tree_verify(&tree), GV_ECORRUPT);
    tree = kept;
    assert_int_equal(gv_tree_verify(&tree), 0);
    gv_tree_fini(&tree);
}

// ---- Cursors ------------------------------------------------------------------------------------

// Reading this cursor ends the process, so a child process reads it.
static void assert_dies(const struct gv_tree_cursor *at) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        gv_tree_get(at);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_old_cursors_are_asserted(void **state) {
    (void)state;
    struct gv_tree tree;
    struct gv_tree_cursor at, other;
    gv_tree_init(&tree, gv_base_malloc());
    assert_int_equal(gv_tree_insert(&tree, (struct gv_item){1, 1, 1}), 0);
    assert_true(gv_tree_seek(&tree, 0, &at));
    gv_tree_update(&tree, &at, 2, 2);
    assert_item(gv_tree_get(&at), (struct gv_item){1, 2, 2});
    assert_int_equal(gv_tree_insert(&tree, (struct gv_item){3, 3, 3}), 0);
    assert_dies(&at);
    assert_true(gv_tree_seek(&tree, 0, &at));
    assert_true(gv_tree_seek(&tree, 3, &other));
    gv_tree_erase(&tree, &other);
    assert_dies(&at);
    // A cursor after the last item must not be read.
    assert_true(gv_tree_seek(&tree, 0, &at));
    assert_false(gv_tree_next(&at));
    assert_dies(&at);
    assert_true(gv_tree_seek(&tree, 0, &at));
    gv_tree_erase(&tree, &at);
    assert_int_equal(gv_tree_load(&tree, (struct gv_item[]){{5, 5, 5}}, 1), 0);
    assert_dies(&at);
    gv_tree_fini(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_first_and_last_position),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_erase_from_the_ends),
        cmocka_unit_test(test_load_of_every_size),
        cmocka_unit_test(test_load_refuses),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_memory_of_an_item),
        cmocka_unit_test(test_freed_nodes_are_used_again),
        cmocka_unit_test(test_verify_finds_corruption),
        cmocka_unit_test(test_verify_finds_underfull_nodes),
        cmocka_unit_test(test_verify_finds_a_bound_that_differs),
        cmocka_unit_test(test_verify_finds_lost_memory),
        cmocka_unit_test(test_old_cursors_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
