// SPDX-License-Identifier: MIT
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../lib/solo.h"

#include <stdio.h>
#include <string.h>

enum { ID_MAX = 256 };

// A node of this name and life, whose wall clock is its `now`.
static void start(struct gv_solo *solo, const char *name, uint64_t incarnation) {
    gv_solo_config(solo, &gv_ids_workload);
    solo->config.incarnation = incarnation;
    gv_solo_start(solo);
    char line[512];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
             "\"node_id\":\"%s\",\"node_ids\":[\"%s\"]}}",
             name, name, name);
    assert_non_null(strstr(gv_solo_say(solo, line), "init_ok"));
}

// The next id, as it stands between its quotes.
static void generate(struct gv_solo *solo, char id[ID_MAX]) {
    char line[512];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"generate\",\"msg_id\":2}}",
             gv_node_name(solo->node));
    const char *answer = gv_solo_say(solo, line);
    const char *head = strstr(answer, "\"type\":\"generate_ok\",\"in_reply_to\":2,\"id\":\"");
    assert_non_null(head);
    const char *at = strstr(head, "\"id\":\"") + 6, *end = strstr(at, "\"}}\n");
    assert_non_null(end);
    assert_true(end - at < ID_MAX);
    memcpy(id, at, (size_t)(end - at));
    id[end - at] = '\0';
}

static void test_form(void **state) {
    (void)state;
    struct gv_solo solo;
    start(&solo, "n1", 0xabc);
    solo.now = 0x1234;
    char id[ID_MAX];
    generate(&solo, id);
    assert_string_equal(id, "0000000000001234-0000000000000abc-n1");
    generate(&solo, id);
    assert_string_equal(id, "0000000000001235-0000000000000abc-n1");
    gv_solo_stop(&solo);
}

// Whatever the clock does, each id of a life is greater than the one before, as text too.
static void test_ascending(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_solo solo;
    start(&solo, "n1", 7);
    char last[ID_MAX] = "", id[ID_MAX];
    for (int i = 0; i < 20000; i++) {
        switch (gv_prng_below(&prng, 4)) {
        case 0:
            break; // the same nanosecond
        case 1:
            solo.now += gv_prng_below(&prng, 1000);
            break;
        case 2:
            solo.now -= gv_prng_below(&prng, solo.now);
            break;
        default:
            solo.now = gv_prng_next(&prng) >> 1;
        }
        generate(&solo, id);
        assert_true(strcmp(last, id) < 0);
        assert_int_equal(strlen(id), 16 + 1 + 16 + 1 + 2);
        memcpy(last, id, sizeof last);
    }
    gv_solo_stop(&solo);
}

// Everything but one thing alike: the time, the name, the life.
static void test_unique(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t incarnation;
    } lives[] = {{"n1", 1}, {"n1", 2}, {"n11", 1}, {"N1", 1}, {"1", 1}, {"n-1", 1}, {"-n1", 1}};
    enum { LIVES = sizeof lives / sizeof *lives };
    char ids[LIVES][ID_MAX];
    for (int i = 0; i < LIVES; i++) {
        struct gv_solo solo;
        start(&solo, lives[i].name, lives[i].incarnation);
        solo.now = 5000;
        generate(&solo, ids[i]);
        gv_solo_stop(&solo);
        for (int j = 0; j < i; j++) assert_string_not_equal(ids[i], ids[j]);
    }
}

// A name that needs escapes, and the longest.
static void test_names(void **state) {
    (void)state;
    struct gv_solo solo;
    char id[ID_MAX];
    gv_solo_config(&solo, &gv_ids_workload);
    gv_solo_start(&solo);
    gv_solo_say(&solo, "{\"src\":\"c\",\"dest\":\"\\u0022\\\\\",\"body\":{\"type\":\"init\","
                       "\"msg_id\":1,\"node_id\":\"\\\"\\\\\",\"node_ids\":[\"\\\"\\\\\"]}}");
    assert_string_equal(gv_node_name(solo.node), "\"\\");
    const char *answer = gv_solo_say(&solo, "{\"src\":\"c\",\"dest\":\"\\\"\\u005c\",\"body\":"
                                            "{\"type\":\"generate\",\"msg_id\":2}}");
    assert_non_null(strstr(answer, "-0000000000000007-\\\"\\\\\"}}\n"));
    assert_non_null(strstr(answer, "{\"src\":\"\\\"\\\\\",\"dest\":\"c\""));
    gv_solo_stop(&solo);

    char name[GV_NODE_NAME_MAX + 1];
    memset(name, 'x', GV_NODE_NAME_MAX);
    name[GV_NODE_NAME_MAX] = '\0';
    start(&solo, name, UINT64_MAX);
    generate(&solo, id);
    assert_string_equal(id + 16, "-ffffffffffffffff-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    gv_solo_stop(&solo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_ascending),
        cmocka_unit_test(test_unique),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
