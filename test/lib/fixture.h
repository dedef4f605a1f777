// SPDX-License-Identifier: MIT
// A parser for tests that give JSON by hand: a fixture of a whole group of tests.
#ifndef GV_TEST_LIB_FIXTURE_H
#define GV_TEST_LIB_FIXTURE_H

#include "../../codec/json.h"

extern struct gv_json gv_fixture_json;

int gv_fixture_set_up(void **state);
int gv_fixture_tear_down(void **state);

// Parses a text, which must be JSON; returns the root's token, 0.
int gv_fixture_parse(const char *text);

#endif
