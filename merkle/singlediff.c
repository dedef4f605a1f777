// SPDX-License-Identifier: MIT
#include "singlediff.h"

// Odd multipliers, and their inverses modulo 2^64.
#define MULTIPLY_1 UINT64_C(0x9e3779b97f4a7c15)
#define MULTIPLY_2 UINT64_C(0xbf58476d1ce4e5b9)
#define MULTIPLY_3 UINT64_C(0x94d049bb133111eb)
#define DIVIDE_1 UINT64_C(0xf1de83e19937733d)
#define DIVIDE_2 UINT64_C(0x96de1b173f119089)
#define DIVIDE_3 UINT64_C(0x319642b2d24d8ec3)

_Static_assert(MULTIPLY_1 *DIVIDE_1 == 1, "inverse");
_Static_assert(MULTIPLY_2 *DIVIDE_2 == 1, "inverse");
_Static_assert(MULTIPLY_3 *DIVIDE_3 == 1, "inverse");

uint64_t gv_singlediff_permute(const struct gv_digest_key *key, uint64_t position) {
    GV_ASSERT(key != NULL);
    uint64_t x = (position ^ key->permutation[0]) * MULTIPLY_1;
    x = (x ^ x >> 32) * MULTIPLY_2;
    x = ((x ^ x >> 29) + key->permutation[1]) * MULTIPLY_3;
    return x ^ x >> 32;
}

uint64_t gv_singlediff_unpermute(const struct gv_digest_key *key, uint64_t hash) {
    GV_ASSERT(key != NULL);
    uint64_t x = (hash ^ hash >> 32) * DIVIDE_3 - key->permutation[1];
    x = (x ^ x >> 29 ^ x >> 58) * DIVIDE_2;
    x = (x ^ x >> 32) * DIVIDE_1;
    return x ^ key->permutation[0];
}

uint64_t gv_singlediff_quotient(uint64_t sum, uint64_t weighted_sum, uint64_t lo, uint64_t hi,
                                uint64_t *step) {
    GV_ASSERT(lo < hi && step != NULL);
    *step = 0;
    if (sum == 0) return hi;
    unsigned zeros = 0; // trailing zero bits of the sum; only its odd part has an inverse
    for (uint64_t rest = sum; (rest & 1) == 0; rest >>= 1) zeros++;
    if (zeros > 0 && weighted_sum << (64 - zeros) != 0) return hi;
    uint64_t odd = sum >> zeros, inverse = odd; // correct in the low three bits
    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse; // Newton's iteration doubles the number of correct bits
    uint64_t position = (weighted_sum >> zeros) * inverse;
    if (zeros == 0) return lo <= position && position < hi ? position : hi;
    *step = UINT64_C(1) << (64 - zeros);
    position &= *step - 1;
    if (position < lo) {
        uint64_t up = ((lo - position - 1) >> (64 - zeros)) + 1;
        if (up >> zeros != 0) return hi;
        position += up << (64 - zeros);
        if (position < lo) return hi; // beyond the last position
    }
    return position < hi ? position : hi;
}
