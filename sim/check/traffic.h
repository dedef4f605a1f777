// SPDX-License-Identifier: MIT
// The statistics of all nodes of a run, added up: as a table and as JSON.
#ifndef GV_SIM_CHECK_TRAFFIC_H
#define GV_SIM_CHECK_TRAFFIC_H

#include "../../node/stats.h"

#include <stdio.h>

struct gv_traffic {
    uint32_t nodes; // number of nodes that reported statistics
    struct gv_stats total;
};

// Adds the statistics of one node.
void gv_traffic_add(struct gv_traffic *traffic, const struct gv_stats *stats);

// Prints a line for each class that had messages, and lines about syncs, authentication, batching
// and queues. Nothing if no node reported.
void gv_traffic_print(const struct gv_traffic *traffic, FILE *out);

// Prints {"nodes":…,"total":{…}}, or null if no node reported.
void gv_traffic_json(const struct gv_traffic *traffic, FILE *out);

#endif
