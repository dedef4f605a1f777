// SPDX-License-Identifier: MIT
// This node's view of one peer, and the table of all peers. Internal to engine/.
//
// Each member is written by its own file only, and none of these files knows the engine.
#ifndef GV_ENGINE_PEER_H
#define GV_ENGINE_PEER_H

#include "ack.h"
#include "health.h"
#include "intent.h"

// When this node and the peer last compared; written by antientropy.c only.
struct gv_compared {
    gv_time opened_at;   // when this node last opened a sync, or GV_TIME_NEVER
    gv_time received_at; // when a summary of the peer last came, or GV_TIME_NEVER
};

struct gv_peer {
    struct gv_ack ack;       // which messages are in flight, acknowledged, lost; round trips
    struct gv_health health; // whether the peer is alive
    struct gv_intent intent; // what to send to the peer next
    struct gv_compared compared;
};

// The nodes of the cluster by number. Functions that take a number assert that it is a peer's
// number.
struct gv_peers {
    struct gv_peer **at; // NULL: nothing was received from or sent to this node yet
    uint32_t count;      // nodes of the cluster, including this one; 0: not joined
    uint32_t self;       // number of this node
    uint32_t suspected;  // number of suspected peers
};

// A peer without history; see gv_ack_init.
void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq, bool needs_full_state);

// How long to wait for an immediate acknowledgement: gv_ack_timeout with gv_health_backoff. Before
// the first sample, each timeout doubles the result up to GV_ACK_RTT_INITIAL_MS, as the peer may be
// farther away than the peers from which `initial_rtt` was measured.
gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt);

// The earliest time after `now` at which an acknowledgement, a loss or a probe of this peer is due,
// or GV_TIME_NEVER.
gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now);

// Whether the peer is suspected. False if nothing was sent to it yet.
bool gv_peer_is_suspected(const struct gv_peers *peers, uint32_t number);

#endif
