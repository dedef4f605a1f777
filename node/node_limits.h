// SPDX-License-Identifier: MIT
// The limits of a node that more than one of its modules needs.
#ifndef GV_NODE_NODE_LIMITS_H
#define GV_NODE_NODE_LIMITS_H

enum {
    GV_NODE_LINE_DEFAULT = 1 << 20,    // longest accepted line, bytes
    GV_NODE_REPLIES_DEFAULT = 1 << 20, // unsent replies, bytes; from here on no line is read
    GV_NODE_READS_MAX = 1024,          // unsent replies with a list of the replica
    GV_NODE_PENDING_MAX = 1 << 20, // local writes not yet in a batch, bytes; above, no line is read
    GV_NODE_BATCH_MAX = 4 << 20,   // changes are added to a batch up to this length, bytes
    GV_NODE_NAME_MAX = 64,         // longest name of a node, bytes; no control characters
    GV_NODE_QUOTED_MAX = 2 * GV_NODE_NAME_MAX + 2, // longest name as a JSON string
    GV_NODE_PEERS_MAX = 16384,                     // nodes of a cluster
};

#endif
