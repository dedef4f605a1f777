// SPDX-License-Identifier: MIT
// Counts allocations while a node works as usual.
#include "../lib/test.h"

#include "../lib/solo.h"

#include <stdio.h>
#include <string.h>

enum { LINES = 100000, WARM_UP = 5000 };

static void *counting_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    unsigned *count = ctx;
    if (new_size > 0) (*count)++;
    return gv_base_malloc().resize(NULL, block, old_size, new_size);
}

static void start(struct gv_solo *solo, const char *node_ids, unsigned *count) {
    gv_solo_config(solo, &gv_broadcast_workload);
    solo->config.alloc = (struct gv_alloc){counting_resize, count};
    gv_json_init(&solo->json, solo->config.alloc, 0, 0);
    assert_int_equal(gv_node_new(&solo->node, &solo->config), 0);
    gv_solo_clear(solo);
    char body[128];
    snprintf(body, sizeof body,
             "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[%s]}", node_ids);
    assert_non_null(strstr(gv_solo_request(solo, body), "init_ok"));
}

// Broadcasts values, starting with `first`, a hundred per millisecond. Returns the number of calls
// of the allocator.
static unsigned broadcast(struct gv_solo *solo, const unsigned *count, int first, int lines) {
    unsigned before = *count;
    for (int i = first; i < first + lines; i++) {
        char line[128];
        int len = snprintf(line, sizeof line,
                           "{\"id\":%d,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":"
                           "\"broadcast\",\"message\":%d,\"msg_id\":%d}}",
                           i, i, i);
        assert_int_equal(gv_node_receive(solo->node, solo->now, line, (size_t)len), 0);
        if (i % 100 != 99) continue;
        solo->now += GV_MS;
        if (gv_node_deadline(solo->node) <= solo->now) gv_node_advance(solo->node, solo->now);
        gv_solo_clear(solo);
        gv_solo_send(solo);
    }
    return *count - before;
}

static void check(const char *node_ids) {
    unsigned count = 0;
    struct gv_solo solo;
    start(&solo, node_ids, &count);
    broadcast(&solo, &count, 0, WARM_UP);
    unsigned stored = broadcast(&solo, &count, WARM_UP, LINES);
    printf("[%s] %d new values: %u allocations\n", node_ids, LINES, stored);
    assert_true(stored <= LINES / 32);
    unsigned known = broadcast(&solo, &count, WARM_UP, LINES);
    printf("[%s] %d known values: %u allocations\n", node_ids, LINES, known);
    assert_int_equal(known, 0);
    gv_solo_stop(&solo);
}

static void test_alone(void **state) {
    (void)state;
    check("\"n1\"");
}

// The peers never reply, so the node sends its updates repeatedly.
static void test_peers(void **state) {
    (void)state;
    check("\"n1\",\"n2\",\"n3\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
