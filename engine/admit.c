// SPDX-License-Identifier: MIT
#include "admit.h"

static bool memory_left(const struct gv_engine *engine, const struct gv_entry *entry) {
    if (engine->memory_max == 0) return true;
    const struct gv_replica *replica = &engine->replica;
    uint64_t reserved = engine->reservations.bytes;
    if (reserved > 0) reserved += gv_replica_slack(replica);
    return gv_replica_memory(replica) + engine->index_bytes + reserved +
               gv_replica_growth(replica, entry) <=
           engine->memory_max;
}

static uint64_t entry_id(const struct gv_engine *engine, const struct gv_entry *entry) {
    const struct gv_digest_key *key = &engine->replica.key;
    uint64_t words[3] = {gv_lattice_position(key, entry), (uint64_t)entry->lattice,
                         gv_digest_hash2(key, entry->key.data, entry->key.len)};
    return gv_digest_words(key, words, 3);
}

// Whether another version of the entry is reserved and its record will have space for this version.
// `memory`: memory_max admits a separate record, so the space does not matter.
static bool fits_reservation(const struct gv_engine *engine, const struct gv_entry *entry,
                             bool memory) {
    uint64_t largest;
    if (engine->reservations.versions == 0) return false;
    bool reserved = gv_reservations_find(&engine->reservations, entry_id(engine, entry), &largest);
    return reserved && (memory || gv_replica_reservation(entry) <= largest);
}

int gv_admit_check(const struct gv_engine *engine, const struct gv_entry *entry, bool local) {
    const struct gv_replica *replica = &engine->replica;
    bool fits = !local || gv_entry_size(entry) <= engine->entry_max;
    bool count =
        engine->entries_max == 0 ||
        gv_tree_root(&replica->tree).count + engine->reservations.entries < engine->entries_max;
    bool memory = memory_left(engine, entry);
    if (fits && count && memory) return 0;
    uint32_t ref;
    bool room = false;
    if (gv_replica_find(replica, entry, &ref)) {
        struct gv_entry stored = gv_replica_get(replica, ref);
        if (!gv_lattice_exceeds(entry, &stored)) return 0; // nothing changes
        room = memory || gv_replica_fits(replica, ref, entry);
    }
    return fits && (room || fits_reservation(engine, entry, memory)) ? 0 : GV_EFULL;
}

// Whether the protocol and the limits of this node admit a local write.
static int check_local(const struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    int error = gv_entry_check_canonical(entry, &fault);
    return error != 0 ? error : gv_admit_check(engine, entry, true);
}

int gv_admit_local(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    int error = check_local(engine, entry);
    if (error != 0) return error;
    gv_engine_advance(engine, now);
    int changed = gv_admit_put(engine, now, entry, GV_CHANGELOG_LOCAL, false);
    gv_core_cut_changed(engine, now);
    return changed;
}

int gv_admit_reserve(struct gv_engine *engine, const struct gv_entry *entry) {
    int error = check_local(engine, entry);
    if (error != 0) return error;
    uint32_t ref;
    bool is_stored = gv_replica_find(&engine->replica, entry, &ref);
    bool fits = is_stored && gv_replica_fits(&engine->replica, ref, entry);
    gv_reservations_add(&engine->reservations, engine->alloc, entry_id(engine, entry),
                        gv_replica_reservation(entry), is_stored, fits);
    gv_core_cut_reserved(engine, entry);
    return 0;
}

static void release(struct gv_engine *engine, const struct gv_entry *entry) {
    if (engine->reservations.versions == 0) return;
    gv_reservations_remove(&engine->reservations, entry_id(engine, entry),
                           gv_replica_reservation(entry));
}

void gv_admit_release(struct gv_engine *engine, const struct gv_entry *entry) {
    release(engine, entry);
    gv_core_cut_released(engine, entry);
}

void gv_admit_note_size(struct gv_engine *engine, const struct gv_entry *entry) {
    size_t len = gv_entry_size(entry);
    if (len > engine->stats.entry_longest) engine->stats.entry_longest = len;
}

// Copies the stored version of the entry, if changes report the previous version (track_old). The
// copy remains valid when the stored version is replaced.
static bool find_old(const struct gv_engine *engine, const struct gv_entry *entry,
                     struct gv_entry *old) {
    if (engine->old_value == NULL || entry->lattice == GV_LATTICE_SET) return false;
    if (!gv_engine_get(engine, entry, old)) return false;
    if (old->value.len > 0) memcpy(engine->old_value, old->value.data, old->value.len);
    old->value.data = engine->old_value;
    old->key = entry->key;
    old->node = (struct gv_slice){0};
    return true;
}

// Merges an entry and calls on_change. `is_stored`: the store has the entry.
static int merge(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync, bool is_stored) {
    uint32_t ref;
    struct gv_entry old;
    bool has_old = find_old(engine, entry, &old);
    uint64_t count = gv_tree_root(&engine->replica.tree).count;
    int changed = gv_replica_put(&engine->replica, entry, &ref);
    if (changed < 0) return changed;
    gv_core_emit(engine, changed > 0 ? GV_ENGINE_STORED : GV_ENGINE_REDUNDANT, origin, sync, entry);
    if (changed == 0) return 0;
    if (entry->lattice == GV_LATTICE_LOG && gv_tree_root(&engine->replica.tree).count == count)
        engine->stats.replaced_elements++;
    if (engine->reservations.versions > 0)
        gv_reservations_mark_stored(&engine->reservations, entry_id(engine, entry),
                                    gv_replica_reservation(entry));
    gv_admit_note_size(engine, entry);
    gv_core_cut_put(engine, entry, gv_tree_root(&engine->replica.tree).count > count);
    gv_core_changed(engine, now, ref, origin, sync);
    if (engine->on_change == NULL) return 1;
    const struct gv_engine_change change = {.entry = entry,
                                            .old = has_old ? &old : NULL,
                                            .origin = origin,
                                            .is_stored = is_stored,
                                            .at = ref};
    engine->on_change(engine->on_change_ctx, &change);
    return 1;
}

int gv_admit_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync) {
    return merge(engine, now, entry, origin, sync, false);
}

int gv_admit_apply(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    gv_engine_advance(engine, now);
    release(engine, entry);
    int changed = merge(engine, now, entry, GV_CHANGELOG_LOCAL, false, true);
    gv_core_cut_released(engine, entry);
    gv_core_cut_changed(engine, now);
    return changed;
}
