// SPDX-License-Identifier: MIT
// A wide-area network: regions of nodes, with round trips and bandwidths between and within them.
// The links of a node without a region have the latency of the network.
#ifndef GV_SIM_CORE_WAN_H
#define GV_SIM_CORE_WAN_H

#include "../../merkle/base.h"

enum { GV_WAN_REGIONS_MAX = 16, GV_WAN_NAME_MAX = 23 };

struct gv_wan_path {
    bool measured;      // rtt is set
    gv_time rtt;        // round trip
    uint64_t bandwidth; // bytes a second of each link in one direction; 0: unlimited
};

struct gv_wan {
    uint32_t count; // number of regions
    char names[GV_WAN_REGIONS_MAX][GV_WAN_NAME_MAX + 1];
    struct gv_wan_path paths[GV_WAN_REGIONS_MAX][GV_WAN_REGIONS_MAX]; // symmetric
    uint32_t nodes;
    uint8_t *regions; // by node; GV_WAN_REGIONS_MAX: no region. NULL before gv_wan_open
};

// A zeroed gv_wan has no regions. Adds a region; returns its number. GV_EFULL: there are
// GV_WAN_REGIONS_MAX; GV_EINVAL: the name is empty, longer than GV_WAN_NAME_MAX, or in use.
int gv_wan_add(struct gv_wan *wan, const char *name);
// The number of a region. GV_ENOENT: unknown name.
int gv_wan_find(const struct gv_wan *wan, const char *name);

// Sets a property of the links between two regions, or within one (a == b).
void gv_wan_set_rtt(struct gv_wan *wan, uint32_t a, uint32_t b, gv_time rtt);
static inline void gv_wan_set_bandwidth(struct gv_wan *wan, uint32_t a, uint32_t b,
                                        uint64_t bytes) {
    GV_ASSERT(a < wan->count && b < wan->count);
    wan->paths[a][b].bandwidth = wan->paths[b][a].bandwidth = bytes;
}

// Opens a cluster of this many nodes, all without a region; places a node in a region; closes.
void gv_wan_open(struct gv_wan *wan, uint32_t nodes);
static inline void gv_wan_place(struct gv_wan *wan, uint32_t node, uint32_t region) {
    GV_ASSERT(node < wan->nodes && region < wan->count);
    wan->regions[node] = (uint8_t)region;
}
void gv_wan_close(struct gv_wan *wan);

// The path between two nodes. NULL: one of the nodes has no region.
const struct gv_wan_path *gv_wan_between(const struct gv_wan *wan, uint32_t src, uint32_t dest);

#endif
