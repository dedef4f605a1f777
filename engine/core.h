// SPDX-License-Identifier: MIT
// What engine.c, push.c and sync.c share. Internal to engine/.
#ifndef GV_ENGINE_CORE_H
#define GV_ENGINE_CORE_H

#include "../codec/entry.h"
#include "../merkle/reconcile.h"
#include "changelog.h"
#include "engine.h"
#include "peer.h"
#include "prng.h"
#include "replica.h"
#include "reservations.h"
#include "timers.h"

enum {
    GV_CORE_SUMMARIES_MAX = 4, // summaries taken and not answered yet
    GV_CORE_HISTORY = 64,      // peers with whom the last differences are remembered
    GV_CORE_FANOUT = 32,       // children of a node in the push tree
    GV_CORE_NONE = -1,         // no peer
};

// Timers beside those of the peers, counted from peer_count on.
enum gv_core_timer {
    GV_CORE_FLUSH_CHILDREN,
    GV_CORE_FLUSH_PARENT,
    GV_CORE_SYNC,
    GV_CORE_RESYNC,
    GV_CORE_TIMERS
};

// The tree that updates travel on, and the period of its flush rounds; see push.h.
struct gv_push {
    int parent;         // GV_CORE_NONE: this node is a root
    uint32_t *children; // peers that take this node as their parent, room for all
    uint32_t child_count;
    gv_time staleness;  // 0: no tree, every value goes straight to every peer
    uint32_t levels;    // below the root of the whole tree
    gv_time last_flush; // when this node last spoke to its children, GV_TIME_NEVER: not yet …
    gv_time period;     // … and after which time it told them to expect it again
    gv_time parent_pinged_at; // when others had left the parent, or never
    bool flush_announced;     // the parent said when its next flush round leaves:
    gv_time announced_at;     // … it said so then,
    gv_time announced_in;     // … and it will be so long after
};

struct gv_sync_slot {
    int peer; // GV_CORE_NONE: free
    uint64_t arrival;
    uint8_t *data;
    size_t cap;
    struct gv_reconcile state;
    bool next_is_oversized; // what is to be given next is too long to go with anything else
};

// How much two replicas differed when they were last compared, by the number of the peer modulo
// GV_CORE_HISTORY.
struct gv_sync_history {
    int peer;
    uint32_t found;  // differences in the exchange under way
    uint32_t expect; // … and to be expected in it
};

struct gv_sync {
    struct gv_sync_slot slots[GV_CORE_SUMMARIES_MAX];
    uint64_t arrivals;
    uint8_t *summary; // the one being written
    size_t summary_cap;
    struct gv_sync_history history[GV_CORE_HISTORY];
    bool requested;           // the next sync is due to it, and will be followed up
    unsigned bootstraps_left; // syncs to be opened while this node has nothing at all
    gv_time deferred;         // how long the next idle comparison has been put off
};

// A round of comparisons with everybody; see resync.h.
struct gv_resync {
    enum { GV_RESYNC_IDLE, GV_RESYNC_SCHEDULED, GV_RESYNC_RUNNING, GV_RESYNC_FINISHING } stage;
    bool skip_contacted; // who was sent a message since need not be visited
    gv_time since;       // when it was planned
    uint32_t peers_done; // so many of the others, counted from this node on
};

struct gv_engine {
    struct gv_alloc alloc;
    size_t message_max, entry_max;
    struct gv_prng prng;
    struct gv_replica replica;
    struct gv_changelog changelog;
    struct gv_timers timers;
    uint8_t *name_text;  // the names in order, one behind the other
    uint32_t *name_ends; // where each ends there
    size_t name_bytes;
    uint32_t peer_count; // nodes of the cluster, this one included; 0: not joined
    uint32_t self;
    gv_time joined_at;
    struct gv_peer **peers; // NULL: nothing to remember about it yet
    uint32_t *queue;        // a ring of the peers that something may be said to
    uint32_t queue_head, queue_len;
    uint8_t *scratch; // canonical texts of an entry received
    struct gv_push push;
    struct gv_sync sync;
    struct gv_resync resync;
    gv_time last_change;                       // of the replica; GV_TIME_NEVER: none yet
    void (*on_change)(void *ctx, uint32_t at); // the owner's, or NULL
    void *on_change_ctx;
    uint64_t entries_max, memory_max;    // 0: no bound
    struct gv_reservations reservations; // for the store, to be put then
    void (*on_event)(void *ctx, const struct gv_engine_event *event); // the owner's, or NULL
    void *on_event_ctx;
    gv_time batch_since[2]; // the first change that waits for the two flush timers, or never
    struct gv_engine_stats stats;
};

// The peer's state, made if need be; NULL: out of memory.
struct gv_peer *gv_core_peer(struct gv_engine *engine, int index);
// Tells the owner what happened to an entry, if that is wanted.
void gv_core_emit(struct gv_engine *engine, enum gv_engine_event_kind kind, int peer, bool sync,
                  const struct gv_entry *entry);
// Writes an entry as gv_message_put does. One that is longer than the own bound goes alone: into a
// message without entries, which becomes as long as the protocol allows, and takes no other then.
bool gv_core_write(const struct gv_engine *engine, struct gv_message_writer *out,
                   const struct gv_entry *entry, size_t reserve);
bool gv_core_is_oversized(const struct gv_engine *engine, const struct gv_entry *entry);
// Whether the number is that of a peer.
bool gv_core_is_peer(const struct gv_engine *engine, int index);
// Puts the peer into the queue of those that something may be said to.
void gv_core_enqueue(struct gv_engine *engine, int index);
// Sets a timer, unless it is to ring earlier anyway.
void gv_core_arm(struct gv_engine *engine, enum gv_core_timer timer, gv_time when);
void gv_core_arm_peer(struct gv_engine *engine, int index, gv_time now);
// Whether the replica has not changed for so long.
bool gv_core_is_quiescent(const struct gv_engine *engine, gv_time now, gv_time lasting);
// What to take for a round trip to a peer that has not been measured.
gv_time gv_core_initial_rtt(const struct gv_engine *engine);

#endif
