// SPDX-License-Identifier: MIT
// What the nodes of a run say they have done, all together: as a table for a person and as JSON.
#ifndef GV_SIM_CHECK_TRAFFIC_H
#define GV_SIM_CHECK_TRAFFIC_H

#include "../../node/stats.h"

#include <stdio.h>

struct gv_traffic {
    uint32_t nodes; // how many have said it
    struct gv_stats total;
};

// Adds what one node says.
void gv_traffic_add(struct gv_traffic *traffic, const struct gv_stats *stats);

// A line a class that had any messages, and a few about syncs, staleness and queues. Nothing if no
// node has said anything.
void gv_traffic_print(const struct gv_traffic *traffic, FILE *out);

// {"nodes":…,"total":{…}}, or null.
void gv_traffic_json(const struct gv_traffic *traffic, FILE *out);

#endif
