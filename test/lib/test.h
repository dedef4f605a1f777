// SPDX-License-Identifier: MIT
// Included by every test: cmocka with the headers it requires, and the seed of random tests.
#ifndef GV_TEST_LIB_TEST_H
#define GV_TEST_LIB_TEST_H

// clang-format off: cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
// clang-format on

// Returns the seed of this process's random choices: $GV_SEED, a decimal number, or one drawn from
// the clock. The first call prints it, so a failure can be repeated. Exits with status 2 if
// $GV_SEED is not a number.
uint64_t gv_test_seed(void);

#endif
