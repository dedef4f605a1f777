// SPDX-License-Identifier: MIT
#include "prng.h"

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t value, unsigned bits) {
    return (value << bits) | (value >> (64 - bits));
}

void gv_prng_init(struct gv_prng *prng, uint64_t seed, uint64_t stream) {
    GV_ASSERT(prng != NULL);
    uint64_t mixed = stream;
    mixed = seed ^ splitmix(&mixed);
    for (int i = 0; i < 4; i++) prng->state[i] = splitmix(&mixed);
}

uint64_t gv_prng_next(struct gv_prng *prng) {
    uint64_t *s = prng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t gv_prng_below(struct gv_prng *prng, uint64_t bound) {
    GV_ASSERT(bound > 0);
    // Rejects the lowest values, so that every remainder is equally likely.
    uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        uint64_t value = gv_prng_next(prng);
        if (value >= threshold) return value % bound;
    }
}

double gv_prng_unit(struct gv_prng *prng) {
    return (double)(gv_prng_next(prng) >> 11) * 0x1p-53;
}
