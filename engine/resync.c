// SPDX-License-Identifier: MIT
#include "resync.h"

enum {
    DELAY_MS = 1000,          // from the event to the full resync
    QUIESCENT_MS = 1000,      // time without a change that shows that no updates are in flight
    DEFER_MAX_MS = 5000,      // longest wait for such a time
    DURATION_MS = 3000,       // approximate time in which all syncs are opened
    RESPONSE_ROUND_TRIPS = 4, // round trips that the last exchange may take
};

static gv_time jitter(struct gv_engine *engine, gv_time time) {
    return time * 3 / 4 + gv_prng_below(&engine->prng, time / 2 + 1);
}

static bool direct(const struct gv_engine *engine) {
    return engine->push.staleness == 0;
}

static void schedule(struct gv_engine *engine, gv_time now) {
    struct gv_resync *resync = &engine->resync;
    resync->stage = GV_RESYNC_SCHEDULED;
    resync->since = now;
    gv_core_arm(engine, GV_CORE_RESYNC, gv_time_after(now, jitter(engine, DELAY_MS * GV_MS)));
}

void gv_resync_start(struct gv_engine *engine, gv_time now) {
    // A node with stored entries had an earlier incarnation, whose last writes may not be
    // everywhere.
    engine->resync.skip_contacted = gv_tree_root(&engine->replica.tree).count == 0;
    if (!direct(engine) && engine->push.child_count > 0) schedule(engine, now);
    if (!engine->resync.skip_contacted) gv_resync_schedule(engine, now);
}

void gv_resync_schedule(struct gv_engine *engine, gv_time now) {
    if (direct(engine) && engine->peer_count > 2) schedule(engine, now);
}

bool gv_resync_defers_push(const struct gv_engine *engine) {
    return direct(engine) && engine->resync.stage >= GV_RESYNC_RUNNING;
}

// Whether the full resync includes this peer; see resync.h.
static bool in_scope(const struct gv_engine *engine, int peer) {
    const struct gv_peer *state = engine->peers[peer];
    if (direct(engine)) return true;
    return state != NULL && state->child &&
           !(state->ack.contacted && engine->resync.skip_contacted);
}

static bool before(gv_time when, gv_time since) {
    return when == GV_TIME_NEVER || when <= since;
}

// Whether to open a sync: this node and the peer have not compared since the full resync was
// scheduled.
static bool needs_sync(struct gv_engine *engine, int peer) {
    if (!in_scope(engine, peer)) return false;
    const struct gv_peer *state = gv_core_peer(engine, peer);
    if (state == NULL || gv_health_is_suspected(&state->health)) return false;
    gv_time since = engine->resync.since;
    return before(state->opened_at, since) && before(state->synced_at, since);
}

// How long the last exchange may take, with the slowest peer.
static gv_time response_time(const struct gv_engine *engine) {
    gv_time slowest = 0;
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        const struct gv_peer *peer = engine->peers[i];
        bool counts = peer != NULL && peer->ack.measured && !gv_health_is_suspected(&peer->health);
        if (counts && peer->ack.srtt > slowest) slowest = peer->ack.srtt;
    }
    return RESPONSE_ROUND_TRIPS * (slowest > 0 ? slowest : GV_ACK_RTT_INITIAL_MS * GV_MS);
}

// Opens a sync with the next peer. False: none is left.
static bool sync_next(struct gv_engine *engine) {
    struct gv_resync *resync = &engine->resync;
    while (++resync->peers_done < engine->peer_count) {
        int peer = (int)((engine->self + resync->peers_done) % engine->peer_count);
        if (!needs_sync(engine, peer)) continue;
        engine->peers[peer]->open_sync = engine->peers[peer]->follow_up = true;
        gv_core_enqueue(engine, peer);
        return true;
    }
    return false;
}

void gv_resync_step(struct gv_engine *engine, gv_time now) {
    struct gv_resync *resync = &engine->resync;
    GV_ASSERT(resync->stage != GV_RESYNC_IDLE);
    gv_time next = jitter(engine, DURATION_MS * GV_MS / engine->peer_count);
    if (resync->stage == GV_RESYNC_SCHEDULED) {
        bool quiescent = gv_core_is_quiescent(engine, now, QUIESCENT_MS * GV_MS);
        if (quiescent || now - resync->since >= DEFER_MAX_MS * GV_MS) {
            resync->stage = GV_RESYNC_RUNNING;
            resync->peers_done = 0;
        }
    } else if (resync->stage == GV_RESYNC_RUNNING) {
        if (!sync_next(engine)) {
            resync->stage = GV_RESYNC_FINISHING;
            next = DELAY_MS * GV_MS + response_time(engine);
        }
    } else {
        resync->stage = GV_RESYNC_IDLE;
        if (direct(engine)) gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, now);
        return;
    }
    gv_core_arm(engine, GV_CORE_RESYNC, gv_time_after(now, next));
}
