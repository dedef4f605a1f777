// SPDX-License-Identifier: MIT
// One peer as this node sees it. Internal to engine/.
//
// ack.h has its messages, health.h whether it is alive; the rest is what to send to it next.
#ifndef GV_ENGINE_PEER_H
#define GV_ENGINE_PEER_H

#include "ack.h"
#include "health.h"

struct gv_peer {
    struct gv_ack ack;       // written by ack.c only
    struct gv_health health; // written by health.c only
    bool child;              // this node is its parent in the push tree
    // What to send next.
    bool queued;       // it is in the engine's send queue
    bool ping;         // the next message requests an immediate acknowledgement
    bool open_sync;    // the next message opens a sync …
    bool follow_up;    // … which is opened again if the message is lost
    gv_time opened_at; // when this node last opened a sync with it, or GV_TIME_NEVER
    gv_time synced_at; // when its last summary came, or GV_TIME_NEVER
};

// A peer without history; see gv_ack_init.
void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq, bool needs_full_state);

// Acts on a loss: if a sync message was lost, the next message opens the sync again. Returns the
// number of messages.
int gv_peer_lost(struct gv_peer *peer, struct gv_ack_loss loss);

// How long to wait for an immediate acknowledgement: gv_ack_timeout with gv_health_backoff. Before
// the first sample, each timeout doubles it up to GV_ACK_RTT_INITIAL_MS, as the peer may be farther
// away than those that `initial_rtt` was measured with.
gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt);

// The earliest time after `now` at which an acknowledgement, a loss or a probe of this peer is due;
// GV_TIME_NEVER: none.
gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now);

#endif
