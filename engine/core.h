// SPDX-License-Identifier: MIT
// The engine's state, and the functions that engine.c shares with admit.c and store.c.
// Internal to engine/.
//
// engine.c receives and sends messages and calls the modules, none of which knows the engine. Each
// module alone writes its struct. ack, health and intent have one struct for each peer; push,
// antientropy, cut, names, send_queue, timers, changelog, replica and reservations have one. The
// number of a peer is the number of its name (names.h); GV_OVERLAY_NONE is not a peer.
#ifndef GV_ENGINE_CORE_H
#define GV_ENGINE_CORE_H

#include "../codec/entry.h"
#include "antientropy.h"
#include "changelog.h"
#include "cut.h"
#include "engine.h"
#include "names.h"
#include "prng.h"
#include "replica.h"
#include "reservations.h"
#include "send_queue.h"
#include "timers.h"

struct gv_engine {
    struct gv_alloc alloc;
    size_t message_max; // longest message sent, bytes
    size_t entry_max;   // maximum total length of key, value and node in a local write, bytes
    gv_time staleness;  // as configured
    struct gv_prng prng;
    struct gv_replica replica;
    struct gv_changelog changelog;
    struct gv_names names;
    struct gv_peers peers;
    struct gv_timers timers; // one for each peer
    struct gv_send_queue queue;
    struct gv_push push;
    struct gv_antientropy antientropy;
    struct gv_cut cut;
    struct gv_cut_config cut_config; // `life` 0: the cut is not enabled
    bool promise_scheduled;          // a flush is scheduled that takes the due promise along
    gv_time joined_at;
    gv_time last_change; // time of the last change of the replica, or GV_TIME_NEVER
    uint8_t *scratch;    // canonical key, value and node of a received entry
    void (*on_change)(void *ctx, const struct gv_engine_change *change);
    void *on_change_ctx;
    uint8_t *old_value; // the previous value of a register; NULL if track_old is not set
    uint64_t entries_max, memory_max;    // 0: no limit
    uint64_t index_bytes;                // memory that gv_engine_set_index has noted
    struct gv_reservations reservations; // writes that wait for the store
    void (*on_event)(void *ctx, const struct gv_engine_event *event);
    void *on_event_ctx;
    struct gv_engine_stats stats;
};

// The state of this peer, allocated by the first call. NULL if memory is exhausted.
struct gv_peer *gv_core_peer(struct gv_engine *engine, int index);
// Whether this is the number of a peer.
bool gv_core_is_peer(const struct gv_engine *engine, int index);
// Passes an event to on_event, if that is set.
void gv_core_emit(struct gv_engine *engine, enum gv_engine_event_kind kind, int peer, bool sync,
                  const struct gv_entry *entry);
// Appends the changed record `ref` to the changelog if a peer needs the update, and schedules the
// flushes. `origin` is the peer that sent the entry, by a sync if `sync` is set, else by push; or
// GV_CHANGELOG_LOCAL.
void gv_core_changed(struct gv_engine *engine, gv_time now, uint32_t ref, int origin, bool sync);

// --- the stable cut; without one these do nothing -----------------------------------------------

// Counts the log entries and promises of the replica, at the start or if the cut needs it.
void gv_core_count_cut(struct gv_engine *engine);
// The entry changed the replica; `is_new`: it had no version of it.
void gv_core_cut_put(struct gv_engine *engine, const struct gv_entry *entry, bool is_new);
// The write of a log entry waits for the store, or has ended.
void gv_core_cut_reserved(struct gv_engine *engine, const struct gv_entry *entry);
void gv_core_cut_released(struct gv_engine *engine, const struct gv_entry *entry);
// Something changed: schedules a promise if one is due.
void gv_core_cut_changed(struct gv_engine *engine, gv_time now);
// Makes the promise that is due, if any: the replica's entry, and an update.
void gv_core_promise(struct gv_engine *engine, gv_time now);
// Whether an entry of a message from this peer is refused, since the message is of a former life.
bool gv_core_is_fenced(const struct gv_engine *engine, int peer, uint32_t life,
                       const struct gv_entry *entry);

#endif
