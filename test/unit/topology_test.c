// SPDX-License-Identifier: MIT
// The expected topologies are computed by hand from Maelstrom's functions.
#include "../../sim/core/topology.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

static void assert_topology(enum gv_topology kind, uint32_t nodes, const char *expected) {
    static const char head[] = "\"type\":\"topology\",\"topology\":";
    size_t len;
    char *body = gv_topology_request(kind, nodes, &len);
    assert_int_equal(len, strlen(head) + strlen(expected));
    assert_memory_equal(body, head, strlen(head));
    assert_string_equal(body + strlen(head), expected);
    free(body);
}

static void lines(void **state) {
    (void)state;
    assert_topology(GV_TOPOLOGY_LINE, 1, "{}");
    assert_topology(GV_TOPOLOGY_LINE, 2, "{\"n0\":[\"n1\"],\"n1\":[\"n0\"]}");
    assert_topology(GV_TOPOLOGY_LINE, 3,
                    "{\"n0\":[\"n1\"],\"n1\":[\"n0\",\"n2\"],\"n2\":[\"n1\"]}");
}

static void grids(void **state) {
    (void)state;
    assert_topology(GV_TOPOLOGY_GRID, 1, "{\"n0\":[]}");
    // Two columns, the last row half full.
    assert_topology(GV_TOPOLOGY_GRID, 3,
                    "{\"n0\":[\"n2\",\"n1\"],\"n1\":[\"n0\"],\"n2\":[\"n0\"]}");
    uint32_t neighbours[24];
    assert_int_equal(gv_topology_neighbours(GV_TOPOLOGY_GRID, 25, 12, neighbours), 4);
    assert_int_equal(neighbours[0], 17);
    assert_int_equal(neighbours[1], 7);
    assert_int_equal(neighbours[2], 13);
    assert_int_equal(neighbours[3], 11);
    assert_int_equal(gv_topology_neighbours(GV_TOPOLOGY_GRID, 25, 4, neighbours), 2);
    assert_int_equal(neighbours[0], 9);
    assert_int_equal(neighbours[1], 3);
}

static void trees(void **state) {
    (void)state;
    assert_topology(GV_TOPOLOGY_TREE2, 4,
                    "{\"n0\":[\"n1\",\"n2\"],\"n1\":[\"n0\",\"n3\"],\"n2\":[\"n0\"],"
                    "\"n3\":[\"n1\"]}");
    uint32_t neighbours[24];
    assert_int_equal(gv_topology_neighbours(GV_TOPOLOGY_TREE4, 25, 0, neighbours), 4);
    assert_int_equal(gv_topology_neighbours(GV_TOPOLOGY_TREE4, 25, 5, neighbours), 5);
    assert_int_equal(neighbours[0], 1);
    assert_int_equal(neighbours[1], 21);
    assert_int_equal(neighbours[4], 24);
    assert_int_equal(gv_topology_neighbours(GV_TOPOLOGY_TREE3, 25, 24, neighbours), 1);
    assert_int_equal(neighbours[0], 7);
}

static void totals(void **state) {
    (void)state;
    assert_topology(GV_TOPOLOGY_TOTAL, 3,
                    "{\"n0\":[\"n1\",\"n2\"],\"n1\":[\"n0\",\"n2\"],\"n2\":[\"n0\",\"n1\"]}");
}

static void neighbours_are_mutual(void **state) {
    (void)state;
    for (int kind = GV_TOPOLOGY_LINE; kind <= GV_TOPOLOGY_TOTAL; kind++) {
        for (uint32_t nodes = 1; nodes <= 30; nodes++) {
            bool linked[30][30] = {{false}};
            uint32_t neighbours[30];
            for (uint32_t a = 0; a < nodes; a++) {
                uint32_t n = gv_topology_neighbours((enum gv_topology)kind, nodes, a, neighbours);
                for (uint32_t i = 0; i < n; i++) linked[a][neighbours[i]] = true;
                assert_false(linked[a][a]);
            }
            for (uint32_t a = 0; a < nodes; a++) {
                for (uint32_t b = 0; b < nodes; b++) assert_int_equal(linked[a][b], linked[b][a]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(grids),
        cmocka_unit_test(trees),
        cmocka_unit_test(totals),
        cmocka_unit_test(neighbours_are_mutual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
