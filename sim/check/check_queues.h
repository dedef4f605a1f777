// SPDX-License-Identifier: MIT
// Queues have bounds, and stay within them: what a node says of the deepest that each has been, and
// what has been on its way on one link at a time.
#ifndef GV_SIM_CHECK_CHECK_QUEUES_H
#define GV_SIM_CHECK_CHECK_QUEUES_H

#include "../../engine/changelog.h"
#include "../../engine/peer.h"
#include "../../node/node.h"
#include "../core/net.h"
#include "errors.h"

enum {
    GV_CHECK_QUEUES_LINE = GV_NODE_LINE_DEFAULT, // what comes in beside a full queue
    GV_CHECK_QUEUES_REPLIES = GV_NODE_REPLIES_DEFAULT + GV_CHECK_QUEUES_LINE, // bytes
    GV_CHECK_QUEUES_READS = GV_NODE_READS_MAX,                                // long replies
    GV_CHECK_QUEUES_UPDATES = GV_CHANGELOG_MAX,                               // changes
    GV_CHECK_QUEUES_SYNCS = 4, // summaries: as many peers are answered at once
    // Bytes: a batch being written, another being put together, and the writes that wait for it.
    GV_CHECK_QUEUES_STORE = 2 * (GV_NODE_BATCH_MAX + GV_CHECK_QUEUES_LINE) + GV_NODE_PENDING_MAX,
    // Messages: as many as may be unacknowledged, sent again until the peer is given up …
    GV_CHECK_QUEUES_IN_FLIGHT = GV_PEER_IN_FLIGHT_MAX * GV_PEER_ONE_WAY_TIMEOUTS_MAX,
    GV_CHECK_QUEUES_OP = 4, // … and for each operation while one of them is on its way: its news,
                            // an acknowledgement, and both once more
};

// A node that is going down, or at the end, says so of its life.
void gv_check_queues_stats(uint32_t node, const struct gv_stats *stats, struct gv_errors *errors);

// At the end of a run of so many operations a second. For each message, and each copy of one that
// the network makes, an acknowledgement may come back.
void gv_check_queues_links(const struct gv_net *net, double rate, struct gv_errors *errors);

#endif
