// SPDX-License-Identifier: MIT
#include "admit.h"

#include "push.h"

static bool memory_left(const struct gv_engine *engine, const struct gv_entry *entry) {
    if (engine->memory_max == 0) return true;
    uint64_t waiting = engine->waiting.bytes + (engine->waiting.bytes > 0 ? GV_REPLICA_CHUNK : 0);
    return gv_replica_memory(&engine->replica) + waiting +
               gv_replica_growth(&engine->replica, entry) <=
           engine->memory_max;
}

static uint64_t waiting_id(const struct gv_engine *engine, const struct gv_entry *entry) {
    const struct gv_digest_key *key = &engine->replica.key;
    uint64_t words[3] = {gv_lattice_place(key, entry), (uint64_t)entry->lattice,
                         gv_digest_identity(key, entry->key.data, entry->key.len)};
    return gv_digest_words(key, words, 3);
}

// Whether another version of the entry waits, and, unless `memory`, there will be room for this one
// where that goes.
static bool goes_along(const struct gv_engine *engine, const struct gv_entry *entry, bool memory) {
    uint64_t heaviest;
    if (engine->waiting.versions == 0) return false;
    bool waits = gv_waiting_find(&engine->waiting, waiting_id(engine, entry), &heaviest);
    return waits && (memory || gv_replica_weight(entry) <= heaviest);
}

int gv_admit_bounds(const struct gv_engine *engine, const struct gv_entry *entry, bool local) {
    const struct gv_replica *replica = &engine->replica;
    bool fits = !local || gv_entry_texts(entry) <= engine->text_max;
    bool count = engine->entries_max == 0 ||
                 gv_tree_root(&replica->tree).count + engine->waiting.entries < engine->entries_max;
    bool memory = memory_left(engine, entry);
    if (fits && count && memory) return 0;
    uint32_t ref;
    bool room = false; // for a new entry
    if (gv_replica_find(replica, entry, &ref)) {
        struct gv_entry held = gv_replica_get(replica, ref);
        if (!gv_lattice_exceeds(entry, &held)) return 0; // nothing changes
        room = memory || gv_replica_fits(replica, ref, entry);
    }
    return fits && (room || goes_along(engine, entry, memory)) ? 0 : GV_EFULL;
}

// Whether a local write may be taken, by the protocol and this node.
static int check_local(const struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    int error = gv_entry_check_canonical(entry, &fault);
    return error != 0 ? error : gv_admit_bounds(engine, entry, true);
}

int gv_admit_local(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    int error = check_local(engine, entry);
    if (error != 0) return error;
    gv_engine_advance(engine, now);
    return gv_admit_put(engine, now, entry, GV_NEWS_SELF, false);
}

int gv_admit_wait(struct gv_engine *engine, const struct gv_entry *entry) {
    int error = check_local(engine, entry);
    if (error != 0) return error;
    uint32_t ref;
    bool held = gv_replica_find(&engine->replica, entry, &ref);
    bool fits = held && gv_replica_fits(&engine->replica, ref, entry);
    gv_waiting_add(&engine->waiting, engine->alloc, waiting_id(engine, entry),
                   gv_replica_weight(entry), held, fits);
    return 0;
}

void gv_admit_release(struct gv_engine *engine, const struct gv_entry *entry) {
    if (engine->waiting.versions == 0) return;
    gv_waiting_remove(&engine->waiting, waiting_id(engine, entry), gv_replica_weight(entry));
}

void gv_admit_seen(struct gv_engine *engine, const struct gv_entry *entry) {
    size_t len = gv_entry_texts(entry);
    if (len > engine->stats.entry_longest) engine->stats.entry_longest = len;
}

// A change waits for the timers that are set.
static void hold(struct gv_engine *engine, gv_time now) {
    for (unsigned timer = GV_CORE_WAVE; timer <= GV_CORE_UP; timer++) {
        bool set = engine->timers.when[engine->peer_count + timer] != GV_TIME_NEVER;
        if (set && engine->held_since[timer] == GV_TIME_NEVER) engine->held_since[timer] = now;
    }
}

// Merges an entry in. 1, and its record: the replica changed; 0; or an error.
static int merge(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync, uint32_t *ref) {
    int changed = gv_replica_put(&engine->replica, entry, ref);
    if (changed < 0) return changed;
    gv_core_trace(engine, changed > 0 ? GV_ENGINE_STORED : GV_ENGINE_KNOWN, origin, sync, entry);
    if (changed == 0) return 0;
    if (engine->waiting.versions > 0)
        gv_waiting_held(&engine->waiting, waiting_id(engine, entry), gv_replica_weight(entry));
    gv_admit_seen(engine, entry);
    engine->last_change = now;
    if (engine->peer_count < 2) return 1;
    gv_push_changed(engine, now, *ref, origin, sync);
    hold(engine, now);
    return 1;
}

static void tell_owner(struct gv_engine *engine, uint32_t ref) {
    if (engine->changed != NULL) engine->changed(engine->changed_ctx, ref);
}

int gv_admit_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync) {
    uint32_t ref;
    int changed = merge(engine, now, entry, origin, sync, &ref);
    if (changed > 0) tell_owner(engine, ref);
    return changed;
}

int gv_admit_stored(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    uint32_t ref;
    int changed = merge(engine, now, entry, GV_NEWS_SELF, false, &ref);
    if (changed != 0 || entry->lattice == GV_LATTICE_SET) return changed;
    // The store has it in the place of what is here.
    if (!gv_replica_find(&engine->replica, entry, &ref)) return 0;
    struct gv_entry held = gv_replica_get(&engine->replica, ref);
    if (gv_lattice_exceeds(&held, entry)) tell_owner(engine, ref);
    return 0;
}
