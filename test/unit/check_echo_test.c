// SPDX-License-Identifier: MIT
#include "../../sim/check/check_echo.h"
#include "../lib/fixture.h"
#include "../lib/test.h"

#include <string.h>

static void an_echo_carries_its_request(void **state) {
    (void)state;
    struct gv_verdict_errors errors = {.kept = 0};
    struct gv_history_op op = {.kind = GV_HISTORY_ECHO, .value = 42, .node = 1};
    gv_check_echo_reply(&op, &gv_fixture_json, gv_fixture_parse("\"Please echo 42\""), &errors);
    gv_check_echo_reply(&op, &gv_fixture_json, gv_fixture_parse("\"\\u0050lease echo 42\""),
                        &errors);
    assert_int_equal(errors.count, 0);
    gv_check_echo_reply(&op, &gv_fixture_json, gv_fixture_parse("\"Please echo 43\""), &errors);
    gv_check_echo_reply(&op, &gv_fixture_json, gv_fixture_parse("null"), &errors);
    assert_int_equal(errors.count, 2);
    assert_true(errors.conclusive);
    assert_string_equal(errors.texts[0], "wrong echo: n1 was sent \"Please echo 42\" and "
                                         "answered \"Please echo 43\"");
    gv_verdict_fini(&errors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_carries_its_request),
    };
    return cmocka_run_group_tests(tests, gv_fixture_set_up, gv_fixture_tear_down);
}
