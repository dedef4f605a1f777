// SPDX-License-Identifier: MIT
// How much the nodes may say to each other: never more in a second than any load explains, and,
// once all is still and all know the same, next to nothing.
#ifndef GV_SIM_CHECK_CHECK_TRAFFIC_H
#define GV_SIM_CHECK_CHECK_TRAFFIC_H

#include "verdict.h"

enum {
    GV_CHECK_TRAFFIC_NODE = 1000, // messages a node may send in a second …
    GV_CHECK_TRAFFIC_OP = 16,     // … and for each operation a second: more is a flood
    // Silence: a node compares with another every 15 s at the most, all together once a second, and
    // a few messages pass in any case; but of a node that still suspects another, which a root
    // tries as often as that, one a second as well. Of swarms, those whose nodes suspect nobody
    // come within two messages of the bound; the others use up to six tenths of what they have
    // more.
    GV_CHECK_TRAFFIC_EACH_S = 15,
    GV_CHECK_TRAFFIC_IDLE = 8,
};

struct gv_check_traffic {
    uint32_t nodes;
    double rate;             // operations a second
    gv_time second;          // began then …
    uint64_t before;         // … with so many messages sent
    bool flood;              // was told
    const uint64_t *sent_by; // by node: messages sent to others so far; borrowed. NULL: not known
};

void gv_check_traffic_init(struct gv_check_traffic *traffic, uint32_t nodes, double rate,
                           const uint64_t *sent_by);

// By now, so many messages have been sent between nodes in all. False: there is a flood, and no end
// in sight; the error names the node that has sent most, if that is known.
bool gv_check_traffic_observe(struct gv_check_traffic *traffic, gv_time now, uint64_t messages,
                              struct gv_verdict_errors *errors);
// In so long a time, in which there was nothing to say, nodes sent so many. `suspicion`: for how
// much of it nodes suspected others, those of all nodes added up.
void gv_check_traffic_quiescence(const struct gv_check_traffic *traffic, gv_time lasted,
                                 gv_time suspicion, uint64_t messages,
                                 struct gv_verdict_errors *errors);

#endif
