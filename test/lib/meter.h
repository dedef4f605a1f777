// SPDX-License-Identifier: MIT
// An allocator that counts calls and bytes, checks the sizes passed to it, and fails on demand.
#ifndef GV_TEST_LIB_METER_H
#define GV_TEST_LIB_METER_H

#include "../../merkle/base.h"

struct gv_meter {
    size_t allowance; // allocations that may still succeed
    size_t calls;     // allocations, including failed ones
    size_t bytes;     // bytes in allocated blocks
};

// Initializes the meter with an unlimited allowance and returns its allocator, which uses malloc.
// *meter must outlive all blocks.
struct gv_alloc gv_meter_alloc(struct gv_meter *meter);

#endif
