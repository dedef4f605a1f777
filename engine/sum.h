// SPDX-License-Identifier: MIT
// A signed 128-bit sum of counts. No replica has enough entries to exceed 128 bits. Internal to
// engine/, but node/ uses it.
#ifndef GV_ENGINE_SUM_H
#define GV_ENGINE_SUM_H

#include "../merkle/base.h"

// Zeroed: 0.
struct gv_sum {
    uint64_t low, high; // two's complement
};

// Adds `count`, or subtracts it if `minus`.
static inline void gv_sum_add(struct gv_sum *sum, uint64_t count, bool minus) {
    uint64_t before = sum->low;
    sum->low = minus ? before - count : before + count;
    if (minus) sum->high -= sum->low > before;
    if (!minus) sum->high += sum->low < before;
}

// The sum, clamped to the range of int64_t.
static inline int64_t gv_sum_saturated(struct gv_sum sum) {
    bool negative = sum.high >> 63 != 0;
    bool fits = sum.high == (negative ? UINT64_MAX : 0) && sum.low >> 63 == negative;
    if (!fits) return negative ? INT64_MIN : INT64_MAX;
    return negative ? -(int64_t)(UINT64_MAX - sum.low) - 1 : (int64_t)sum.low;
}

#endif
