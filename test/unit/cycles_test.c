// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/check/cycles.h"
#include "../lib/test.h"

enum { RED = 1, BLUE = 2, NODES = 7, EDGES = 14 };

static void add(struct gv_cycles *graph, uint32_t from, uint32_t to, uint32_t kind) {
    gv_cycles_add(graph, (struct gv_cycles_edge){from, to, kind, (uint32_t)graph->len});
}

static void a_cycle_of_the_wanted_kinds_is_found(void **state) {
    (void)state;
    struct gv_cycles graph;
    gv_cycles_init(&graph, 6);
    add(&graph, 0, 1, RED);
    add(&graph, 1, 2, RED);
    add(&graph, 2, 0, BLUE);
    add(&graph, 3, 4, RED);
    struct gv_cycles_list list = gv_cycles_find(&graph, RED, RED);
    assert_int_equal(list.len, 0); // without blue edges there is none
    gv_cycles_list_fini(&list);
    list = gv_cycles_find(&graph, RED | BLUE, BLUE);
    assert_int_equal(list.len, 1);
    assert_int_equal(list.cycles[0].len, 3);
    assert_int_equal(list.cycles[0].edges[0].label, 2);
    assert_int_equal(list.cycles[0].edges[1].label, 0);
    assert_int_equal(list.cycles[0].edges[2].label, 1);
    gv_cycles_list_fini(&list);
    list = gv_cycles_find(&graph, RED | BLUE, RED);
    assert_int_equal(list.len, 0); // the component was in the list already
    gv_cycles_list_fini(&list);
    gv_cycles_fini(&graph);
}

static void the_shortest_cycle_of_each_component_comes_first(void **state) {
    (void)state;
    struct gv_cycles graph;
    gv_cycles_init(&graph, 7);
    for (uint32_t i = 0; i < 4; i++) add(&graph, i, (i + 1) % 4, RED); // 0 1 2 3
    add(&graph, 2, 0, RED);                                            // 0 1 2
    add(&graph, 3, 4, RED);
    add(&graph, 4, 5, RED);
    add(&graph, 5, 4, RED); // 4 5
    struct gv_cycles_list list = gv_cycles_find(&graph, RED, RED);
    assert_int_equal(list.len, 2);
    assert_int_equal(list.cycles[0].len, 2);
    assert_int_equal(list.cycles[1].len, 3);
    gv_cycles_list_fini(&list);
    gv_cycles_fini(&graph);
}

// The length of the shortest cycle through a required edge, by distances between all nodes; 0 if
// there is none.
static uint32_t shortest(const struct gv_cycles *graph, uint32_t kinds, uint32_t required) {
    uint32_t away[NODES][NODES];
    for (int i = 0; i < NODES; i++)
        for (int j = 0; j < NODES; j++) away[i][j] = i == j ? 0 : 1000;
    for (size_t i = 0; i < graph->len; i++)
        if ((graph->edges[i].kind & kinds) != 0) away[graph->edges[i].from][graph->edges[i].to] = 1;
    for (int k = 0; k < NODES; k++)
        for (int i = 0; i < NODES; i++)
            for (int j = 0; j < NODES; j++)
                if (away[i][k] + away[k][j] < away[i][j]) away[i][j] = away[i][k] + away[k][j];
    uint32_t best = 0;
    for (size_t i = 0; i < graph->len; i++) {
        if ((graph->edges[i].kind & required) == 0) continue;
        uint32_t back = away[graph->edges[i].to][graph->edges[i].from];
        if (back < 1000 && (best == 0 || back + 1 < best)) best = back + 1;
    }
    return best;
}

static void the_search_agrees_with_all_distances(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    int cyclic = 0;
    for (int round = 0; round < 3000; round++) {
        struct gv_cycles graph;
        gv_cycles_init(&graph, NODES);
        size_t edges = (size_t)gv_prng_below(&prng, EDGES);
        for (size_t i = 0; i < edges; i++) {
            uint32_t from = (uint32_t)gv_prng_below(&prng, NODES);
            uint32_t to = (uint32_t)gv_prng_below(&prng, NODES);
            if (from != to) add(&graph, from, to, gv_prng_below(&prng, 2) == 0 ? RED : BLUE);
        }
        uint32_t expected = shortest(&graph, RED | BLUE, BLUE);
        struct gv_cycles_list list = gv_cycles_find(&graph, RED | BLUE, BLUE);
        assert_int_equal(list.len > 0 ? list.cycles[0].len : 0, expected);
        for (size_t i = 0; i < list.len; i++) {
            const struct gv_cycles_cycle *cycle = &list.cycles[i];
            bool blue = false;
            for (size_t at = 0; at < cycle->len; at++) {
                blue = blue || cycle->edges[at].kind == BLUE;
                assert_int_equal(cycle->edges[at].to, cycle->edges[(at + 1) % cycle->len].from);
            }
            assert_true(blue);
        }
        cyclic += expected > 0;
        gv_cycles_list_fini(&list);
        gv_cycles_fini(&graph);
    }
    assert_in_range(cyclic, 300, 2700);
}

static void a_long_cycle_is_found_without_recursion(void **state) {
    (void)state;
    enum { LONG = 200000 };
    struct gv_cycles graph;
    gv_cycles_init(&graph, LONG);
    for (uint32_t i = 0; i < LONG; i++) add(&graph, i, (i + 1) % LONG, RED);
    struct gv_cycles_list list = gv_cycles_find(&graph, RED, RED);
    assert_int_equal(list.len, 1);
    assert_int_equal(list.cycles[0].len, LONG);
    gv_cycles_list_fini(&list);
    gv_cycles_fini(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_of_the_wanted_kinds_is_found),
        cmocka_unit_test(the_shortest_cycle_of_each_component_comes_first),
        cmocka_unit_test(the_search_agrees_with_all_distances),
        cmocka_unit_test(a_long_cycle_is_found_without_recursion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
