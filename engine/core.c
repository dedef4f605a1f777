// SPDX-License-Identifier: MIT
#include "core.h"

struct gv_peer *gv_core_peer(struct gv_engine *engine, int index) {
    GV_ASSERT(gv_core_is_peer(engine, index));
    if (engine->peers.at[index] == NULL) {
        struct gv_peer *peer = gv_alloc_new(engine->alloc, sizeof *peer);
        if (peer == NULL) return NULL;
        // The ids of two incarnations must not be near each other, even with the same seed, or else
        // new messages would look like duplicates.
        uint32_t first_id = (uint32_t)((gv_prng_next(&engine->prng) >> 32) + engine->joined_at);
        gv_peer_init(peer, first_id, engine->changelog.head,
                     gv_tree_root(&engine->replica.tree).count == 0);
        engine->peers.at[index] = peer;
    }
    return engine->peers.at[index];
}

bool gv_core_is_peer(const struct gv_engine *engine, int index) {
    const struct gv_peers *peers = &engine->peers;
    return index >= 0 && (uint32_t)index < peers->count && (uint32_t)index != peers->self;
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

void gv_core_changed(struct gv_engine *engine, gv_time now, uint32_t ref, int origin, bool sync) {
    engine->last_change = now;
    if (engine->peers.count < 2) return;
    bool from_resync = sync && gv_antientropy_defers_push(&engine->antientropy);
    bool wanted = gv_push_changed(&engine->push, &engine->peers, now, origin, from_resync);
    // An older change of the same counter or register is superseded: its update is sent once, with
    // the latest value.
    uint64_t *user_data = gv_replica_user_data(&engine->replica, ref);
    if (user_data != NULL) gv_changelog_supersede(&engine->changelog, *user_data);
    uint64_t seq = wanted ? gv_changelog_append(&engine->changelog, ref, origin) : UINT64_MAX;
    if (user_data != NULL) *user_data = seq;
}
