// SPDX-License-Identifier: MIT
#include "core.h"

#include "admit.h"

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

// --- the stable cut ----------------------------------------------------------------------------

static bool has_cut(const struct gv_engine *engine) {
    return engine->cut.slots != NULL;
}

// Reads the offset of a log entry. False: it is another entry.
static bool read_offset(const struct gv_entry *entry, uint64_t *offset) {
    struct gv_slice name;
    return entry->lattice == GV_LATTICE_LOG && gv_entry_log_key(entry->key, &name, offset) == 0;
}

// Reads the slot of a promise. False: it is another entry.
static bool read_slot(const struct gv_entry *entry, uint32_t *slot) {
    return entry->lattice == GV_LATTICE_PROMISE && gv_entry_promise_slot(entry->key, slot) == 0;
}

void gv_core_count_cut(struct gv_engine *engine) {
    if (!has_cut(engine)) return;
    const struct gv_replica *replica = &engine->replica;
    gv_cut_begin_count(&engine->cut);
    uint32_t next;
    for (uint32_t ref = 0; gv_replica_walk(replica, &ref, replica->end, &next); ref = next) {
        uint64_t offset;
        struct gv_entry entry = gv_replica_get(replica, ref);
        if (read_offset(&entry, &offset)) gv_cut_held(&engine->cut, offset);
    }
    gv_cut_end_count(&engine->cut);
}

void gv_core_cut_put(struct gv_engine *engine, const struct gv_entry *entry, bool is_new) {
    uint64_t offset;
    uint32_t slot;
    if (!has_cut(engine)) return;
    if (is_new && read_offset(entry, &offset)) gv_cut_held(&engine->cut, offset);
    if (read_slot(entry, &slot)) gv_cut_promised(&engine->cut, slot, entry->lamport, entry->count);
}

void gv_core_cut_reserved(struct gv_engine *engine, const struct gv_entry *entry) {
    uint64_t offset;
    if (has_cut(engine) && read_offset(entry, &offset)) gv_cut_reserved(&engine->cut, offset);
}

void gv_core_cut_released(struct gv_engine *engine, const struct gv_entry *entry) {
    uint64_t offset;
    if (has_cut(engine) && read_offset(entry, &offset)) gv_cut_released(&engine->cut, offset);
}

void gv_core_cut_changed(struct gv_engine *engine, gv_time now) {
    if (!has_cut(engine)) return;
    if (gv_cut_needs_recount(&engine->cut)) gv_core_count_cut(engine);
    gv_cut_watch(&engine->cut, now);
    if (engine->promise_scheduled || !gv_cut_is_due(&engine->cut)) return;
    engine->promise_scheduled = gv_push_promise_due(&engine->push, &engine->peers, now);
    if (!engine->promise_scheduled) gv_core_promise(engine, now); // for syncs
}

void gv_core_promise(struct gv_engine *engine, gv_time now) {
    if (!has_cut(engine)) return;
    engine->promise_scheduled = false;
    if (!gv_cut_is_due(&engine->cut)) return;
    uint8_t key[8];
    struct gv_writer out = {.data = key, .cap = sizeof key};
    gv_pack_put_decimal(&out, engine->peers.self);
    struct gv_entry entry = {.lattice = GV_LATTICE_PROMISE, .key = {key, out.len}};
    gv_cut_promise(&engine->cut, &entry.lamport, &entry.count);
    gv_admit_put(engine, now, &entry, GV_CHANGELOG_LOCAL, false);
    if (engine->cut.witnessed == 0) return;
    for (uint32_t i = 0; i < engine->peers.count; i++) { // answers may have waited for it
        if (gv_cut_tells(&engine->cut, i)) gv_send_queue_push(&engine->queue, (int)i);
    }
}

bool gv_core_is_fenced(const struct gv_engine *engine, int peer, uint32_t life,
                       const struct gv_entry *entry) {
    uint64_t offset;
    uint32_t slot;
    if (!has_cut(engine) || !gv_cut_is_fenced(&engine->cut, (uint32_t)peer, life)) return false;
    if (read_offset(entry, &offset))
        return gv_offset_slot(engine->cut.slot_bits, offset) == (uint32_t)peer;
    return read_slot(entry, &slot) && slot == (uint32_t)peer;
}
