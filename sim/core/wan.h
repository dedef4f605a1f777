// SPDX-License-Identifier: MIT
// A wide-area network: regions of nodes, the round trips between them, and what each link carries.
// A node may be in no region; its links are then as the network has them for all.
#ifndef GV_SIM_CORE_WAN_H
#define GV_SIM_CORE_WAN_H

#include "../../merkle/base.h"

enum { GV_WAN_REGIONS_MAX = 16, GV_WAN_NAME_MAX = 23 };

struct gv_wan_path {
    bool measured;      // the round trip is given
    gv_time rtt;        // there and back
    uint64_t bandwidth; // bytes a second of each link, either way; 0: no bound
};

struct gv_wan {
    uint32_t count; // regions
    char names[GV_WAN_REGIONS_MAX][GV_WAN_NAME_MAX + 1];
    struct gv_wan_path paths[GV_WAN_REGIONS_MAX][GV_WAN_REGIONS_MAX]; // symmetric
    uint32_t nodes;
    uint8_t *regions; // by node; GV_WAN_REGIONS_MAX: in none. NULL before gv_wan_open.
};

// A zeroed one has no regions. Adds a region; returns its number. GV_EFULL: there are too many;
// GV_EINVAL: the name is empty, too long, or taken.
int gv_wan_add(struct gv_wan *wan, const char *name);
// The number of a region, or GV_ENOENT.
int gv_wan_find(const struct gv_wan *wan, const char *name);

// Of the links between two regions, or within one.
void gv_wan_set_rtt(struct gv_wan *wan, uint32_t a, uint32_t b, gv_time rtt);
void gv_wan_set_bandwidth(struct gv_wan *wan, uint32_t a, uint32_t b, uint64_t bytes);

// For a cluster of so many nodes, none of them in a region yet; and then: this node is in that one.
void gv_wan_open(struct gv_wan *wan, uint32_t nodes);
void gv_wan_place(struct gv_wan *wan, uint32_t node, uint32_t region);
void gv_wan_close(struct gv_wan *wan);

// What lies between two nodes. NULL: one of them is in no region.
const struct gv_wan_path *gv_wan_between(const struct gv_wan *wan, uint32_t src, uint32_t dest);

#endif
