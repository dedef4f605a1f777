// SPDX-License-Identifier: MIT
// Messages against staleness: the cluster of Gossip Glomers 3d and 3e, with staleness from 0 to
// 2,000 ms.
#ifndef GV_SIM_TOOLS_SWEEP_H
#define GV_SIM_TOOLS_SWEEP_H

#include "benchmark.h"

// Prints the table, and draws it where the command line says so; or draws a plot of its own anew,
// with the figures that it holds, as the code draws it today. Returns gvsim's exit status: 0 if
// every run was valid; wrong usage, too, if that plot cannot be read, or has not the figures of
// today's settings, which has been said on standard error.
int gv_sweep_command(const struct gv_command *command);

#endif
