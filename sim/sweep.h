// SPDX-License-Identifier: MIT
// Messages against staleness: the cluster of Gossip Glomers 3d and 3e, with staleness from 0 to
// 2,000 ms.
#ifndef GV_SIM_SWEEP_H
#define GV_SIM_SWEEP_H

#include "study.h"

// Prints the table; draws it, too, where `svg` is not NULL. Returns gvsim's exit status: 0 if every
// run was valid.
int gv_sweep_run(const struct gv_study *study, FILE *out, FILE *json, FILE *svg);

// Draws a plot of gv_sweep_run's anew, with the figures that it holds, as the code draws it today.
// Returns gvsim's exit status: wrong usage if the file cannot be read, or has not the figures of
// today's settings, which has been said on standard error.
int gv_sweep_redraw(const char *path, FILE *svg);

#endif
