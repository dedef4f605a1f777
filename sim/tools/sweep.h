// SPDX-License-Identifier: MIT
// gvsim sweep: messages per operation against staleness, in the cluster of Gossip Glomers 3d and
// 3e, with staleness from 0 to 2,000 ms.
#ifndef GV_SIM_TOOLS_SWEEP_H
#define GV_SIM_TOOLS_SWEEP_H

#include "benchmark.h"

// Measures, prints a table and draws command->svg; or draws the metrics in the plot command->redraw
// again. Returns GV_EXIT_VALID if every run was valid, GV_EXIT_INVALID if not, GV_EXIT_USAGE if it
// was interrupted, a file cannot be read or written, or that plot does not have the metrics of all
// settings; the cause is reported on standard error.
int gv_sweep_command(const struct gv_command *command);

#endif
