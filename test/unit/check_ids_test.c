// SPDX-License-Identifier: MIT
#include "../../sim/check/check_ids.h"
#include "../lib/fixture.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

static void ids_are_compared_as_values(void **state) {
    (void)state;
    struct gv_check_ids ids;
    struct gv_verdict_errors errors = {.kept = 0};
    gv_check_ids_init(&ids);
    static const char *const distinct[] = {"1",    "1.0",  "\"1\"", "[1]",       "null",
                                           "true", "\"\"", "{}",    "{\"a\":1}", "[1,2]"};
    for (size_t i = 0; i < sizeof distinct / sizeof *distinct; i++) {
        gv_check_ids_reply(&ids, 0, &gv_fixture_json, gv_fixture_parse(distinct[i]), &errors);
    }
    assert_int_equal(errors.count, 0);
    gv_check_ids_reply(&ids, 3, &gv_fixture_json, gv_fixture_parse("[ 1 , 2 ]"), &errors);
    gv_check_ids_reply(&ids, 4, &gv_fixture_json, gv_fixture_parse("[1,2]"), &errors); // told once
    gv_check_ids_reply(&ids, 3, &gv_fixture_json, gv_fixture_parse("{\"\\u0061\":1}"), &errors);
    assert_int_equal(ids.duplicated, 2);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.texts[0], "duplicate: id [1,2] came from n0 and again from n3");
    gv_verdict_fini(&errors);
    gv_check_ids_fini(&ids);
}

static void many_ids_are_kept_apart(void **state) {
    (void)state;
    struct gv_check_ids ids;
    struct gv_verdict_errors errors = {.kept = 0};
    gv_check_ids_init(&ids);
    char text[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            snprintf(text, sizeof text, "\"n%d-%d\"", i % 7, i);
            gv_check_ids_reply(&ids, 0, &gv_fixture_json, gv_fixture_parse(text), &errors);
        }
        assert_int_equal(ids.duplicated, round == 0 ? 0 : 5000);
    }
    gv_verdict_fini(&errors);
    gv_check_ids_fini(&ids);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_compared_as_values),
        cmocka_unit_test(many_ids_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, gv_fixture_set_up, gv_fixture_tear_down);
}
