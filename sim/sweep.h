// SPDX-License-Identifier: MIT
// Messages against staleness: the cluster of Gossip Glomers 3d and 3e, with staleness from 0 to
// 2,000 ms.
#ifndef GV_SIM_SWEEP_H
#define GV_SIM_SWEEP_H

#include "study.h"

// Prints the table; draws it, too, where `svg` is not NULL. Returns gvsim's exit status: 0 if every
// run was valid.
int gv_sweep_run(const struct gv_study *study, FILE *out, FILE *json, FILE *svg);

#endif
