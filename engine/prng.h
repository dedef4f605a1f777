// SPDX-License-Identifier: MIT
// A seeded pseudorandom generator: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom
// number generators", 2018), whose state is filled by SplitMix64. The same seed gives the same
// numbers on every machine. Not for secrets. Functions cannot fail.
#ifndef GV_ENGINE_PRNG_H
#define GV_ENGINE_PRNG_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gv_prng {
    uint64_t state[4];
};

// Generators with the same seed and different `stream` are independent, for example one per node.
void gv_prng_init(struct gv_prng *prng, uint64_t seed, uint64_t stream);
// Uniform in [0, 2^64).
uint64_t gv_prng_next(struct gv_prng *prng);
// Uniform in [0, bound), without bias; bound > 0.
uint64_t gv_prng_below(struct gv_prng *prng, uint64_t bound);
// Uniform in [0, 1), with 53 bits.
double gv_prng_unit(struct gv_prng *prng);

#ifdef __cplusplus
}
#endif
#endif
