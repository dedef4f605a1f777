// SPDX-License-Identifier: MIT
// Messages between nodes: lines whose bodies are the engine's (codec/PROTOCOL.md), with a MAC if
// the cluster has a secret (codec/auth.h).
#ifndef GV_NODE_GOSSIP_H
#define GV_NODE_GOSSIP_H

#include "../codec/auth.h"
#include "../engine/engine.h"
#include "line.h"
#include "log.h"
#include "session.h"

// All pointers are borrowed.
struct gv_gossip_config {
    struct gv_engine *engine; // NULL: the workload has no replica, and nothing is sent or received
    struct gv_auth *auth;
    const struct gv_session *session;
    struct gv_log *log;
    size_t message_max; // longest body sent, bytes; a body with an oversized entry is longer
};

struct gv_gossip_stats {
    uint64_t replayed;        // messages dropped as duplicates, or as older than the replay window
    uint64_t unauthenticated; // messages dropped because the MAC was wrong or missing
};

struct gv_gossip {
    struct gv_gossip_config config;
    struct gv_gossip_stats stats;
};

static inline void gv_gossip_init(struct gv_gossip *gossip, const struct gv_gossip_config *config) {
    GV_ASSERT(config->auth != NULL && config->session != NULL && config->log != NULL);
    *gossip = (struct gv_gossip){.config = *config};
}

static inline struct gv_gossip_stats gv_gossip_stats(const struct gv_gossip *gossip) {
    return gossip->stats;
}

// A received message: its line, and scratch memory of at least the line's length.
struct gv_gossip_message {
    struct gv_json *json;
    const struct gv_line *line;
    char *scratch;
    size_t scratch_cap;
};

// Receives a message; the node is initialised.
// Returns 0 if the message was used or is a duplicate; else logs the error as an input error.
// GV_ENOENT: the sender is not a peer; GV_EAUTH: no valid MAC; GV_EVERSION: another version of the
// protocol; errors of gv_message_decode and gv_engine_receive.
int gv_gossip_receive(struct gv_gossip *gossip, gv_time now, const struct gv_gossip_message *in);

// The least capacity for gv_gossip_send, in bytes; constant.
size_t gv_gossip_send_min(const struct gv_gossip *gossip);
// Writes the next message, one line. Returns its length in bytes; 0: there is none to send now.
size_t gv_gossip_send(struct gv_gossip *gossip, gv_time now, char *buf, size_t cap);

#endif
