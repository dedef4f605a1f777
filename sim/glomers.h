// SPDX-License-Identifier: MIT
// The challenges of Gossip Glomers (fly.io/dist-sys), with their own parameters and limits.
#ifndef GV_SIM_GLOMERS_H
#define GV_SIM_GLOMERS_H

#include "study.h"

// Runs study->challenge with each seed and prints, beside the medians, the challenge's limits, the
// best that others published and the frontier. `json` may be NULL. Returns gvsim's exit status: 0
// if every run was valid and the medians are within the limits.
int gv_glomers_run(const struct gv_study *study, FILE *out, FILE *json);

#endif
