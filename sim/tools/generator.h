// SPDX-License-Identifier: MIT
// Draws a scenario from a seed: a cluster, a load, settings and faults. `swarm:SEED` names it
// wherever a scenario may be named.
#ifndef GV_SIM_TOOLS_GENERATOR_H
#define GV_SIM_TOOLS_GENERATOR_H

#include "../../merkle/base.h"

enum { GV_GENERATOR_TEXT_MAX = 4096 };

// The scenario of a seed, as text into buf. Returns its length.
size_t gv_generator_scenario(uint64_t seed, char buf[GV_GENERATOR_TEXT_MAX]);

// The seed in a name such as swarm:17. False: it is no such name.
bool gv_generator_seed(const char *name, uint64_t *seed);

#endif
