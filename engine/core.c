// SPDX-License-Identifier: MIT
#include "core.h"

struct gv_peer *gv_core_peer(struct gv_engine *engine, int index) {
    GV_ASSERT(gv_core_is_peer(engine, index));
    if (engine->peers[index] == NULL) {
        struct gv_peer *peer = gv_alloc_new(engine->alloc, sizeof *peer);
        if (peer == NULL) return NULL;
        // Ids of incarnations must not be near each other, even with the same seed: they would look
        // like duplicates or late messages.
        uint32_t first_id = (uint32_t)((gv_prng_next(&engine->prng) >> 32) + engine->joined_at);
        gv_peer_init(peer, first_id, engine->changelog.head,
                     gv_tree_root(&engine->replica.tree).count == 0);
        engine->peers[index] = peer;
    }
    return engine->peers[index];
}

bool gv_core_is_peer(const struct gv_engine *engine, int index) {
    return index >= 0 && (uint32_t)index < engine->peer_count && (uint32_t)index != engine->self;
}

bool gv_core_is_oversized(const struct gv_engine *engine, const struct gv_entry *entry) {
    return gv_entry_size(entry) > engine->entry_max;
}

bool gv_core_write(const struct gv_engine *engine, struct gv_message_writer *out,
                   const struct gv_entry *entry, size_t reserve) {
    if (!gv_core_is_oversized(engine, entry)) return gv_message_put(out, entry, reserve);
    if (out->open) return false;
    size_t cap = out->out.cap;
    out->out.cap = GV_MESSAGE_LIMIT - GV_MESSAGE_MAC_MAX - GV_MESSAGE_TAIL;
    bool fits = gv_message_put(out, entry, reserve);
    out->out.cap = fits ? out->out.len + reserve : cap;
    return fits;
}

void gv_core_enqueue(struct gv_engine *engine, int index) {
    struct gv_peer *peer = engine->peers[index];
    GV_ASSERT(peer != NULL);
    if (peer->queued) return;
    peer->queued = true;
    GV_ASSERT(engine->queue_len < engine->peer_count);
    uint32_t at = (engine->queue_head + engine->queue_len++) % engine->peer_count;
    engine->queue[at] = (uint32_t)index;
}

void gv_core_arm(struct gv_engine *engine, enum gv_core_timer timer, gv_time when) {
    uint32_t number = engine->peer_count + timer;
    if (when < engine->timers.when[number]) gv_timers_set(&engine->timers, number, when);
}

void gv_core_arm_peer(struct gv_engine *engine, int index, gv_time now) {
    gv_timers_set(&engine->timers, (uint32_t)index, gv_peer_deadline(engine->peers[index], now));
}

bool gv_core_is_quiescent(const struct gv_engine *engine, gv_time now, gv_time lasting) {
    return engine->last_change == GV_TIME_NEVER || now - engine->last_change >= lasting;
}

gv_time gv_core_initial_rtt(const struct gv_engine *engine) {
    int parent = engine->push.parent;
    const struct gv_peer *near = parent == GV_CORE_NONE ? NULL : engine->peers[parent];
    for (uint32_t i = 0; near == NULL && i < engine->push.child_count; i++) {
        if (engine->peers[engine->push.children[i]]->ack.measured)
            near = engine->peers[engine->push.children[i]];
    }
    if (near == NULL || !near->ack.measured) return GV_ACK_RTT_INITIAL_MS * GV_MS;
    return 2 * near->ack.srtt;
}

void gv_core_emit(struct gv_engine *engine, enum gv_engine_event_kind kind, int peer, bool sync,
                  const struct gv_entry *entry) {
    if (engine->on_event == NULL) return;
    struct gv_engine_event event = {
        .kind = kind,
        .peer = peer,
        .sync = sync,
        .id = gv_lattice_item(&engine->replica.key, entry).hash,
        .entry = entry,
    };
    engine->on_event(engine->on_event_ctx, &event);
}
