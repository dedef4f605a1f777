// SPDX-License-Identifier: MIT
// What every test includes: cmocka with the headers it relies on, and the seed of a random test.
#ifndef GV_TEST_LIB_TEST_H
#define GV_TEST_LIB_TEST_H

// clang-format off: cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
// clang-format on

// The seed of this run's random choices: GV_SEED (decimal or 0x…) if it is set, else drawn from
// the clock. The same for the whole process, and printed at the first call, so that a failure can
// be run again. Ends the process if GV_SEED is not a number.
uint64_t gv_test_seed(void);

#endif
