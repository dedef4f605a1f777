// SPDX-License-Identifier: MIT
#include "peer.h"

void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq, bool needs_full_state) {
    GV_ASSERT(peer != NULL);
    *peer = (struct gv_peer){.compared = {GV_TIME_NEVER, GV_TIME_NEVER}};
    gv_ack_init(&peer->ack, first_id, seq, needs_full_state);
    gv_health_init(&peer->health);
}

gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt) {
    gv_time raise_to = peer->ack.measured ? 0 : GV_ACK_RTT_INITIAL_MS * GV_MS;
    return gv_health_backoff(&peer->health, gv_ack_timeout(&peer->ack, initial_rtt), raise_to);
}

gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now) {
    const gv_time times[] = {peer->ack.ack_at, peer->ack.loss_timer, peer->health.probe_at,
                             peer->health.stalled_at};
    gv_time due = GV_TIME_NEVER;
    for (size_t i = 0; i < GV_COUNT(times); i++) {
        if (times[i] > now && times[i] < due) due = times[i];
    }
    return due;
}

bool gv_peer_is_suspected(const struct gv_peers *peers, uint32_t number) {
    GV_ASSERT(number < peers->count);
    const struct gv_peer *peer = peers->at[number];
    return peer != NULL && gv_health_is_suspected(&peer->health);
}
