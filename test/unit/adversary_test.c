// SPDX-License-Identifier: MIT
#include "../../sim/core/adversary.h"
#include "../lib/test.h"

#include "../../codec/json.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 4, ROUNDS = 1000 };

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

// Every action of the adversary yields a valid line between two nodes of the cluster. Its body has
// the same length as before and differs in at most one digit.
static void every_action_yields_a_line(void **state) {
    (void)state;
    struct gv_adversary adversary = {0};
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    unsigned instead = 0, known = 0, others = 0, altered = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        char body[64], line[128];
        snprintf(body, sizeof body, "{\"type\":\"gossip\",\"v\":2,\"id\":%d}}\n", (int)i % 10);
        snprintf(line, sizeof line, "{\"id\":%d,\"src\":\"n1\",\"dest\":\"n2\",\"body\":%s", (int)i,
                 body);
        uint64_t draw = i * UINT64_C(0x9e3779b97f4a7c15);
        struct gv_adversary_action action =
            gv_adversary_act(&adversary, draw, NODES, 1, 2, text(line));
        instead += action.replaces;
        known += action.replayed;
        assert_true(action.src < NODES && action.dest < NODES && action.src != action.dest);
        assert_true(gv_json_parse(&json, (const char *)action.line.data, action.line.len) > 0);
        char dest[4], src[4];
        snprintf(src, sizeof src, "n%u", (unsigned)action.src);
        snprintf(dest, sizeof dest, "n%u", (unsigned)action.dest);
        assert_true(gv_json_equals(&json, gv_json_member(&json, 0, "src"), src));
        assert_true(gv_json_equals(&json, gv_json_member(&json, 0, "dest"), dest));
        if (action.replayed) continue;
        struct gv_slice said = gv_json_raw(&json, gv_json_member(&json, 0, "body"));
        assert_int_equal(said.len, strlen(body) - 2);
        unsigned differ = 0;
        for (size_t j = 0; j < said.len; j++) differ += said.data[j] != (uint8_t)body[j];
        assert_true(differ <= 1);
        bool moved = action.src != 1 || action.dest != 2;
        assert_false(moved && differ > 0);
        others += moved;
        altered += differ;
    }
    assert_true(instead > ROUNDS / 10 && known > ROUNDS / 10);
    assert_true(others > ROUNDS / 5 && altered > ROUNDS / 5);
    gv_json_fini(&json);
    gv_adversary_fini(&adversary);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_action_yields_a_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
