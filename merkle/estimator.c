// SPDX-License-Identifier: MIT
#include "estimator.h"

uint64_t gv_estimator_differences(uint32_t estimator, uint32_t other, int64_t surplus) {
    uint64_t squares = 0, least = surplus < 0 ? 0 - (uint64_t)surplus : (uint64_t)surplus;
    for (int at = 0; at < 32; at += 8) {
        uint64_t set = (uint64_t)(estimator >> at & 0x3f) - (other >> at & 0x3f);
        // The sum of +1 for each set bit and -1 for each cleared bit, known modulo 128.
        int sum = (int)((2 * set - (uint64_t)surplus + 64) & 127) - 64;
        squares += (uint64_t)(sum * sum);
    }
    return squares / 4 > least ? squares / 4 : least;
}
