// SPDX-License-Identifier: MIT
// The engine's state and the functions that its files share. Internal to engine/.
//
// engine.c owns messages, timers and suspicion; push.c children and flush rounds; sync.c and
// resync.c when to compare with whom; admit.c merging and bounds. A peer's number is its position
// among the names; GV_CORE_NONE is no peer.
#ifndef GV_ENGINE_CORE_H
#define GV_ENGINE_CORE_H

#include "../codec/entry.h"
#include "../merkle/reconcile.h"
#include "changelog.h"
#include "engine.h"
#include "overlay.h"
#include "peer.h"
#include "prng.h"
#include "replica.h"
#include "reservations.h"
#include "schedule.h"
#include "timers.h"

enum {
    GV_CORE_SUMMARIES_MAX = 4,      // most received summaries that are not answered yet
    GV_CORE_HISTORY = 64,           // most peers whose last number of differences is kept
    GV_CORE_NONE = GV_OVERLAY_NONE, // no peer
};

// Timers of the engine. Their numbers start at peer_count, after one timer for each peer.
enum gv_core_timer {
    GV_CORE_FLUSH_CHILDREN, // queue the children with pending updates
    GV_CORE_FLUSH_PARENT,   // queue the parent, for pending updates
    GV_CORE_SYNC,           // open a sync
    GV_CORE_RESYNC,         // take the next step of the full resync
    GV_CORE_TIMERS          // number of timers
};

// The push tree and its flush rounds; see push.h.
struct gv_push {
    int parent;         // GV_CORE_NONE: this node is a root
    uint32_t *children; // peers whose parent is this node; room for all peers
    uint32_t child_count;
    gv_time staleness;              // the configured one; 0: no tree
    uint32_t levels;                // levels of the push tree below its root
    gv_time last_flush;             // time of the last flush round, or GV_TIME_NEVER
    gv_time period;                 // announced interval from that round to the next
    gv_time parent_pinged_at;       // last ping because other nodes had left it, or GV_TIME_NEVER
    struct gv_schedule_round round; // the parent's next flush round, as announced
};

// A received summary that is not answered yet.
struct gv_sync_slot {
    int peer;         // its sender; GV_CORE_NONE: the slot is free
    uint64_t arrival; // its number in order of arrival
    uint8_t *data;    // the summary, `cap` bytes allocated
    size_t cap;
    struct gv_reconcile state;
    bool next_is_oversized; // the next entry of the answer is oversized (gv_core_write)
};

// Differences found in the last two exchanges with a peer. The index in `history` is the peer's
// number modulo GV_CORE_HISTORY.
struct gv_sync_history {
    int peer;
    uint32_t found;  // differences in the current exchange
    uint32_t expect; // differences expected when that exchange began
};

struct gv_sync {
    struct gv_sync_slot slots[GV_CORE_SUMMARIES_MAX];
    uint64_t arrivals; // number of summaries received so far
    uint8_t *summary;  // buffer for the summary that is being written
    size_t summary_cap;
    struct gv_sync_history history[GV_CORE_HISTORY];
    bool requested; // gv_sync_request has requested the next sync, which is repeated if lost
    unsigned bootstraps_left; // syncs left to open, as this node started empty
    gv_time deferred;         // how long the next idle comparison has been deferred
};

// A full resync; see resync.h.
struct gv_resync {
    enum { GV_RESYNC_IDLE, GV_RESYNC_SCHEDULED, GV_RESYNC_RUNNING, GV_RESYNC_FINISHING } stage;
    bool skip_contacted; // leave out children that this node has sent a message
    gv_time since;       // when it was scheduled
    uint32_t peers_done; // number of peers done; their order starts after this node's number
};

struct gv_engine {
    struct gv_alloc alloc;
    size_t message_max; // longest message sent, bytes
    size_t entry_max;   // longest key, value and node of an entry in one, bytes
    struct gv_prng prng;
    struct gv_replica replica;
    struct gv_changelog changelog;
    struct gv_timers timers;
    uint8_t *name_text;  // the names in order, concatenated
    uint32_t *name_ends; // the end of each name in it
    size_t name_bytes;
    uint32_t peer_count; // nodes of the cluster, this one included; 0: not joined
    uint32_t self;       // number of this node
    gv_time joined_at;
    struct gv_peer **peers; // by number; NULL: never used
    uint32_t *queue;        // the send queue, a ring of peer numbers
    uint32_t queue_head, queue_len;
    uint8_t *scratch; // canonical key, value and node of a received entry
    struct gv_push push;
    struct gv_sync sync;
    struct gv_resync resync;
    gv_time last_change; // time of the last change of the replica, or GV_TIME_NEVER
    void (*on_change)(void *ctx, uint32_t at, bool is_stored);
    void *on_change_ctx;
    uint64_t entries_max, memory_max;    // 0: no bound
    struct gv_reservations reservations; // writes that wait for the store
    void (*on_event)(void *ctx, const struct gv_engine_event *event);
    void *on_event_ctx;
    gv_time batch_since[2]; // by flush timer: time of the first waiting change, or GV_TIME_NEVER
    struct gv_engine_stats stats;
};

// The state of this peer, allocated by the first call. NULL: out of memory.
struct gv_peer *gv_core_peer(struct gv_engine *engine, int index);
// Whether this is the number of a peer.
bool gv_core_is_peer(const struct gv_engine *engine, int index);
// Passes an event to on_event, if that is set.
void gv_core_emit(struct gv_engine *engine, enum gv_engine_event_kind kind, int peer, bool sync,
                  const struct gv_entry *entry);
// Whether the entry is longer than entry_max.
bool gv_core_is_oversized(const struct gv_engine *engine, const struct gv_entry *entry);
// Appends an entry to a message, leaving `reserve` bytes free. An oversized entry fits only into a
// message without entries, which may then grow to GV_MESSAGE_LIMIT and takes no further entry.
// False: it does not fit.
bool gv_core_write(const struct gv_engine *engine, struct gv_message_writer *out,
                   const struct gv_entry *entry, size_t reserve);
// Appends the peer to the send queue, unless it is in it.
void gv_core_enqueue(struct gv_engine *engine, int index);
// Sets the timer to `when`, unless it is set to an earlier time.
void gv_core_arm(struct gv_engine *engine, enum gv_core_timer timer, gv_time when);
// Sets the peer's timer to its deadline (gv_peer_deadline).
void gv_core_arm_peer(struct gv_engine *engine, int index, gv_time now);
// Whether the replica has not changed during the last `lasting`.
bool gv_core_is_quiescent(const struct gv_engine *engine, gv_time now, gv_time lasting);
// The round trip to assume for an unmeasured peer: twice that of the parent, or of a child.
gv_time gv_core_initial_rtt(const struct gv_engine *engine);

#endif
