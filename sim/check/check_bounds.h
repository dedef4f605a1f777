// SPDX-License-Identifier: MIT
// Bounds that hold in every run: the length of a message between nodes, the memory of a node, the
// depth of its queues, and the messages in flight on one link.
#ifndef GV_SIM_CHECK_CHECK_BOUNDS_H
#define GV_SIM_CHECK_CHECK_BOUNDS_H

#include "../../engine/ack.h"
#include "../../engine/changelog.h"
#include "../../engine/health.h"
#include "../../node/node.h"
#include "../core/net.h"
#include "verdict.h"

enum {
    // Memory of a node, bytes: a constant, plus this for each other node, plus this for each entry
    // of the simulator's workloads.
    GV_CHECK_BOUNDS_NODE = 4 << 20,
    GV_CHECK_BOUNDS_PEER = 4 << 10,
    GV_CHECK_BOUNDS_ENTRY = 512,

    // Longest queues of a node. A queue of bytes may exceed its limit by the line that filled it.
    GV_CHECK_BOUNDS_LINE = GV_NODE_LINE_DEFAULT,
    GV_CHECK_BOUNDS_REPLIES = GV_NODE_REPLIES_DEFAULT + GV_CHECK_BOUNDS_LINE, // bytes
    GV_CHECK_BOUNDS_READS = GV_NODE_READS_MAX,                                // long replies
    GV_CHECK_BOUNDS_UPDATES = GV_CHANGELOG_MAX,                               // updates
    GV_CHECK_BOUNDS_SYNCS = 4, // summaries that are not answered: one for each sync in progress
    // Bytes to be stored: a batch being written, the next batch, and pending writes.
    GV_CHECK_BOUNDS_STORE = 2 * (GV_NODE_BATCH_MAX + GV_CHECK_BOUNDS_LINE) + GV_NODE_PENDING_MAX,

    // Maximum number of messages in flight on a link: all unacknowledged messages, sent once for
    // each timeout
    // until the peer is suspected; plus an update and an acknowledgement, both sent twice, for each
    // operation during the flight of one message.
    GV_CHECK_BOUNDS_IN_FLIGHT = GV_ACK_IN_FLIGHT_MAX * GV_HEALTH_ONE_WAY_TIMEOUTS_MAX,
    GV_CHECK_BOUNDS_OP = 4,
};

struct gv_check_bounds {
    uint32_t nodes;
    size_t message_max;                     // longest body, bytes
    bool message_reported, memory_reported; // each error is reported once
};

static inline void gv_check_bounds_init(struct gv_check_bounds *bounds, uint32_t nodes,
                                        size_t message_max) {
    GV_ASSERT(nodes > 0 && message_max > 0);
    *bounds = (struct gv_check_bounds){.nodes = nodes, .message_max = message_max};
}

// Checks the length of a body that a node sends to another. Error: GV_VERDICT_MESSAGE_TOO_LONG.
void gv_check_bounds_message(struct gv_check_bounds *bounds, uint32_t node, size_t bytes,
                             struct gv_verdict_errors *errors);

// Checks the memory of a node, in bytes, given its entries. Error: GV_VERDICT_TOO_MUCH_MEMORY.
void gv_check_bounds_memory(struct gv_check_bounds *bounds, uint32_t node, uint64_t entries,
                            uint64_t bytes, struct gv_verdict_errors *errors);

// Checks the statistics of an incarnation at its end: they include the greatest length of each
// queue. Error for each queue: GV_VERDICT_QUEUE_TOO_LONG.
void gv_check_bounds_queues(uint32_t node, const struct gv_stats *stats,
                            struct gv_verdict_errors *errors);

// Checks the network at the end of a run; `rate` is in operations a second. A node may have
// acknowledged each message and each copy that the network made. Error: GV_VERDICT_QUEUE_TOO_LONG.
void gv_check_bounds_links(const struct gv_net *net, double rate, struct gv_verdict_errors *errors);

#endif
