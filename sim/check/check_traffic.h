// SPDX-License-Identifier: MIT
// Bounds of the messages between nodes: in each second, and once replicas are equal and nodes must
// be quiescent.
#ifndef GV_SIM_CHECK_CHECK_TRAFFIC_H
#define GV_SIM_CHECK_CHECK_TRAFFIC_H

#include "verdict.h"

enum {
    GV_CHECK_TRAFFIC_NODE = 1000, // messages of a node in a second …
    GV_CHECK_TRAFFIC_OP = 16,     // … plus this for each operation
    // Quiescent nodes only compare replicas: each node sends one message in 15 s, all together one
    // a second. A few more messages are allowed in all, and one a second for each node that
    // suspects another, since a root probes a suspected node that often. Swarms without suspicions
    // come within two messages of this bound; swarms with them use up to 60 % of the allowance.
    GV_CHECK_TRAFFIC_EACH_S = 15,
    GV_CHECK_TRAFFIC_IDLE = 8,
};

struct gv_check_traffic {
    uint32_t nodes;
    double rate;     // operations a second
    gv_time second;  // start of the current second
    uint64_t before; // messages sent before that
    bool flood;      // a flood has been reported
    const uint64_t
        *sent_by; // by node: messages sent to other nodes so far; NULL: unknown. Borrowed
};

static inline void gv_check_traffic_init(struct gv_check_traffic *traffic, uint32_t nodes,
                                         double rate, const uint64_t *sent_by) {
    GV_ASSERT(nodes > 0 && rate >= 0);
    *traffic = (struct gv_check_traffic){.nodes = nodes, .rate = rate, .sent_by = sent_by};
}

// Checks `messages`, the number sent between nodes so far. False: nodes send more than the bound,
// so the run should end. Error: GV_VERDICT_FLOOD, once; it names the node that sent most, if known.
bool gv_check_traffic_observe(struct gv_check_traffic *traffic, gv_time now, uint64_t messages,
                              struct gv_verdict_errors *errors);

// Checks `messages`, the number sent while nodes had to be quiescent, for this time. `suspicion`:
// sum over all nodes of the time for which they suspected another. Error: GV_VERDICT_NOT_QUIESCENT.
void gv_check_traffic_quiescence(const struct gv_check_traffic *traffic, gv_time lasted,
                                 gv_time suspicion, uint64_t messages,
                                 struct gv_verdict_errors *errors);

#endif
