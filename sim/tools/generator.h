// SPDX-License-Identifier: MIT
// Generates a scenario from a seed: cluster, load, settings and faults. `swarm:SEED` is its name. A
// seed keeps its scenario: new kinds of steps are drawn from random streams of their own.
#ifndef GV_SIM_TOOLS_GENERATOR_H
#define GV_SIM_TOOLS_GENERATOR_H

#include "../../merkle/base.h"

enum { GV_GENERATOR_TEXT_MAX = 4096 };

// Writes the scenario of a seed to buf, as text. Returns its length.
size_t gv_generator_scenario(uint64_t seed, char buf[GV_GENERATOR_TEXT_MAX]);

// Reads the seed of a name such as swarm:17. False: it is not such a name.
bool gv_generator_seed(const char *name, uint64_t *seed);

#endif
