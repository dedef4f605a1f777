// SPDX-License-Identifier: MIT
// An allocator that keeps count, checks the sizes it is told, and fails when told to.
#ifndef GV_TEST_LIB_METER_H
#define GV_TEST_LIB_METER_H

#include "../../merkle/base.h"

struct gv_meter {
    size_t allowance; // requests for memory that may still succeed
    size_t calls;     // requests for memory, also those that failed
    size_t bytes;     // held
};

// The C heap behind a meter, which starts with no end of allowance. It outlives all blocks.
struct gv_alloc gv_meter_alloc(struct gv_meter *meter);

#endif
