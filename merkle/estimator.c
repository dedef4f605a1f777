// SPDX-License-Identifier: MIT
#include "estimator.h"

// A bit set counts as +1, one that is not as −1, so the square of each sum is on average the number
// of differences.
uint64_t gv_estimator_differences(uint32_t estimator, uint32_t other, int64_t more) {
    uint64_t squares = 0, least = more < 0 ? 0 - (uint64_t)more : (uint64_t)more;
    for (int at = 0; at < 32; at += 8) {
        uint64_t set = (uint64_t)(estimator >> at & 0x3f) - (other >> at & 0x3f);
        int sum = (int)((2 * set - (uint64_t)more + 64) & 127) - 64;
        squares += (uint64_t)(sum * sum);
    }
    return squares / 4 > least ? squares / 4 : least;
}
