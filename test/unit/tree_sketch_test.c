// SPDX-License-Identifier: MIT
// Sketches of ranges, which the tree computes lazily, and scans.
#include "../../engine/prng.h"
#include "../../merkle/tree.h"
#include "../lib/test.h"
#include "../lib/tree_verify.h"

#include <string.h>

enum { ITEMS = 6000 };

// The model: the same items in an array, in no particular order.
struct model {
    struct gv_tree tree;
    struct gv_item items[ITEMS];
    size_t count;
    struct gv_prng prng;
};

static uint64_t any_position(struct model *model) {
    uint64_t position = gv_prng_below(&model->prng, 20000);
    return position == 0 ? GV_POSITION_END : position; // the upper bound 0 stands for the end
}

static void insert_one(struct model *model) {
    if (model->count == ITEMS) return;
    struct gv_item item = {gv_prng_below(&model->prng, 20000), gv_prng_next(&model->prng),
                           (uint32_t)model->count};
    model->items[model->count++] = item;
    assert_int_equal(gv_tree_insert(&model->tree, item), 0);
}

static struct gv_tree_cursor find(struct model *model, const struct gv_item *item) {
    struct gv_tree_cursor at;
    assert_true(gv_tree_seek(&model->tree, item->position, &at));
    while (gv_tree_get(&at).hash != item->hash) assert_true(gv_tree_next(&at));
    return at;
}

static void change_one(struct model *model) {
    if (model->count == 0) return;
    size_t i = gv_prng_below(&model->prng, model->count);
    struct gv_tree_cursor at = find(model, &model->items[i]);
    model->items[i].hash = gv_prng_next(&model->prng);
    gv_tree_update(&model->tree, &at, model->items[i].hash, (uint32_t)i);
}

static void erase_one(struct model *model) {
    if (model->count == 0) return;
    size_t i = gv_prng_below(&model->prng, model->count);
    struct gv_tree_cursor at = find(model, &model->items[i]);
    gv_tree_erase(&model->tree, &at);
    model->items[i] = model->items[--model->count];
}

static void check_sketch(struct model *model, uint64_t lo, uint64_t hi) {
    struct gv_pinsketch expect = {{0}}, got = gv_tree_sketch(&model->tree, lo, hi);
    for (size_t i = 0; i < model->count; i++) {
        const struct gv_item *item = &model->items[i];
        bool within = item->position >= lo && item->position < hi;
        if (within)
            gv_pinsketch_add(&expect, &item->hash, 1,
                             false); // the tree uses carry-less multiplication if available
    }
    assert_memory_equal(&got, &expect, sizeof expect);
}

// Random ranges between random changes: a cached sketch is never outdated.
static void sketches_follow_changes(void **state) {
    (void)state;
    static struct model model;
    gv_prng_init(&model.prng, gv_test_seed(), 0);
    gv_tree_init(&model.tree, gv_base_malloc());
    check_sketch(&model, 0, GV_POSITION_END);
    for (int round = 0; round < 300; round++) {
        uint64_t changes = gv_prng_below(&model.prng, round % 20 ? 40 : 1500);
        uint64_t grow = round % 100 < 70 ? 6 : 1; // of 8 changes, this many are inserts
        for (uint64_t i = 0; i < changes; i++) {
            uint64_t kind = gv_prng_below(&model.prng, 8);
            if (kind < grow) insert_one(&model);
            if (kind == 6) change_one(&model);
            if (kind != 6 && kind >= grow) erase_one(&model);
        }
        for (int i = 0; i < 4; i++) {
            uint64_t a = any_position(&model), b = any_position(&model);
            check_sketch(&model, a < b ? a : b, a < b ? b : a);
        }
        check_sketch(&model, 7, 7);
        if (round % 3 == 0) check_sketch(&model, 0, GV_POSITION_END);
        assert_int_equal(gv_tree_verify(&model.tree), 0);
    }
    gv_tree_fini(&model.tree);
}

static void sketches_follow_a_load(void **state) {
    (void)state;
    static struct model model;
    gv_prng_init(&model.prng, gv_test_seed(), 1);
    gv_tree_init(&model.tree, gv_base_malloc());
    for (size_t i = 0; i < ITEMS; i++)
        model.items[i] = (struct gv_item){3 * i + 1, gv_prng_next(&model.prng), (uint32_t)i};
    model.count = ITEMS;
    assert_int_equal(gv_tree_load(&model.tree, model.items, ITEMS), 0);
    size_t bytes = gv_tree_memory(&model.tree);
    for (int i = 0; i < 20; i++) check_sketch(&model, gv_prng_below(&model.prng, 9000), 12000);
    assert_int_equal(gv_tree_memory(&model.tree), bytes); // a query allocates nothing
    assert_int_equal(gv_tree_verify(&model.tree), 0);
    gv_tree_fini(&model.tree);
}

// A scan stops exactly at the items that match the filter, in order, up to the bound.
static void scans_find_matching_items(void **state) {
    (void)state;
    static struct model model;
    gv_prng_init(&model.prng, gv_test_seed(), 3);
    gv_tree_init(&model.tree, gv_base_malloc());
    while (model.count < ITEMS) insert_one(&model);
    for (int round = 0; round < 200; round++) {
        static uint8_t filter[GV_TREE_FILTER];
        memset(filter, 0, sizeof filter);
        for (uint64_t i = gv_prng_below(&model.prng, 12); i > 0; i--)
            filter[model.items[gv_prng_below(&model.prng, ITEMS)].hash % GV_TREE_FILTER] = 1;
        uint64_t a = gv_prng_below(&model.prng, 20000), b = any_position(&model);
        uint64_t lo = a < b ? a : b, hi = a < b ? b : a;
        size_t expect = 0, found = 0;
        for (size_t i = 0; i < ITEMS; i++) {
            const struct gv_item *item = &model.items[i];
            bool within = item->position >= lo && item->position < hi;
            expect += within && filter[item->hash % GV_TREE_FILTER];
        }
        struct gv_tree_cursor at;
        bool more = gv_tree_seek(&model.tree, lo, &at) && gv_tree_scan(&at, hi, filter);
        for (uint64_t last = lo; more; more = gv_tree_next(&at) && gv_tree_scan(&at, hi, filter)) {
            struct gv_item item = gv_tree_get(&at);
            assert_true(filter[item.hash % GV_TREE_FILTER]);
            assert_in_range(item.position, last, hi - 1);
            last = item.position;
            found++;
        }
        assert_int_equal(found, expect);
    }
    gv_tree_fini(&model.tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sketches_follow_changes),
        cmocka_unit_test(sketches_follow_a_load),
        cmocka_unit_test(scans_find_matching_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
