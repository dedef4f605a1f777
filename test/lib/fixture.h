// SPDX-License-Identifier: MIT
// A JSON parser as a fixture of a group of cmocka tests.
#ifndef GV_TEST_LIB_FIXTURE_H
#define GV_TEST_LIB_FIXTURE_H

#include "../../codec/json.h"

extern struct gv_json gv_fixture_json;

int gv_fixture_set_up(void **state);
int gv_fixture_tear_down(void **state);

// Parses a valid JSON text. Returns the root's token, 0. An invalid text fails an assertion.
int gv_fixture_parse(const char *text);

#endif
