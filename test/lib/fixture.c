// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <string.h>

struct gv_json gv_fixture_json;

int gv_fixture_set_up(void **state) {
    (void)state;
    gv_json_init(&gv_fixture_json, gv_base_malloc(), 0, 0);
    return 0;
}

int gv_fixture_tear_down(void **state) {
    (void)state;
    gv_json_fini(&gv_fixture_json);
    return 0;
}

int gv_fixture_parse(const char *text) {
    int tokens = gv_json_parse(&gv_fixture_json, text, strlen(text));
    GV_ASSERT(tokens > 0);
    return 0;
}
