// SPDX-License-Identifier: MIT
// Anti-entropy: with whom to compare replicas and when, the summaries received, and full resyncs
// (Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987).
// Internal to engine/; knows peers and push, no engine.
//
// A sync is an exchange of summaries and entries (merkle/rbsr.h). Answers are stateless, and
// numbered as updates are: if one is lost, the sync is opened again. Whatever calls for a sync does
// so by gv_antientropy_request, with a reason:
//
//     request ─┬─ with a named peer ──▶ its intent ──────────────▶ opened with the next message
//              ├─ with a chosen peer ─▶ `sync_at`, about a second ─▶ gv_antientropy_due chooses
//              └─ with all peers ─────▶ full resync
//
// Without a request there is an idle comparison: a sync with a random peer, every max(30 s, 2 s ·
// nodes), or every 4 s while a peer is suspected. It is deferred until there was no change for
// 20 s, at most by its interval: updates in flight would look like differences.
//
// A full resync opens syncs with many peers, after a crash or a restart. Without a tree nodes do
// not forward updates, so a node that crashes while it sends one may leave it at some peers only. A
// node that suspects a peer, sees one restart, or restarts with stored entries therefore runs one:
//
//     IDLE ──▶ SCHEDULED  about a second, then until no change for a second; at most 5 s in all
//      ▲           ▼
//      │       RUNNING    opens a sync with every other unsuspected node, in about 3 s; except with
//      │           │      those that it has compared with since the resync was scheduled
//      │           ▼
//      └────── FINISHING  waits for the last answers; then push sends what they brought
//
// Two nodes compare once, whichever opens the sync. On a tree, entries that a sync brings are
// updates and are forwarded. But a node that starts must compare with its children: they may lack
// the last writes of its earlier incarnation, or have entries that it lost. So it runs a full
// resync with its children; if it started empty, only with those that it has sent nothing yet,
// because a first message makes a child that knew an earlier incarnation open a sync itself.
//
// Only antientropy.c writes the members of struct gv_antientropy and struct gv_compared.
#ifndef GV_ENGINE_ANTIENTROPY_H
#define GV_ENGINE_ANTIENTROPY_H

#include "../merkle/rbsr.h"
#include "push.h"

enum {
    GV_ANTIENTROPY_SLOTS = 4,    // most received summaries that are not answered yet
    GV_ANTIENTROPY_HISTORY = 64, // most peers whose last number of differences is kept
};

// Why a sync is needed.
enum gv_sync_reason {
    // with a peer that anti-entropy chooses
    GV_SYNC_STARTED,   // this node has started
    GV_SYNC_PAUSED,    // this process was paused, and may have missed messages
    GV_SYNC_ALIVE,     // a suspicion has ended
    GV_SYNC_SUSPECTED, // a suspicion has begun; also calls for a full resync
    // with a named peer
    GV_SYNC_RESTARTED,  // it has restarted; also with a chosen peer, and a full resync
    GV_SYNC_NEW_PARENT, // its entries may differ from those of the last parent
    GV_SYNC_NEW_CHILD,  // older entries reach it by sync. A sync in progress does not suffice: its
                        // summaries may be older than the last updates
    GV_SYNC_TRUNCATED,  // the changelog no longer has its updates
    GV_SYNC_LOST,       // a message of a sync with it was lost
    GV_SYNC_NEW_ROOT,   // this node is a root now, and the peer may still wait for the old parent
    GV_SYNC_PROBE,      // it is suspected, and a probe is due
    // with a peer that gv_antientropy_due has chosen
    GV_SYNC_REQUESTED,
    GV_SYNC_IDLE,
    GV_SYNC_RESYNC,
    GV_SYNC_REASONS // number of reasons
};

// A received summary that is not answered yet.
struct gv_antientropy_slot {
    int peer;         // its sender; GV_OVERLAY_NONE: the slot is free
    uint64_t arrival; // its number in order of arrival
    uint8_t *data;    // the summary, `cap` bytes allocated
    size_t cap;
    struct gv_rbsr state;
    bool next_is_oversized; // the next entry of the answer does not share a message
};

// Differences found in the last two exchanges with a peer. The index in `history` is the peer's
// number modulo GV_ANTIENTROPY_HISTORY.
struct gv_antientropy_history {
    int peer;
    uint32_t found;  // differences in the current exchange
    uint32_t expect; // differences expected when that exchange began
};

enum gv_resync_stage {
    GV_RESYNC_IDLE,
    GV_RESYNC_SCHEDULED,
    GV_RESYNC_RUNNING,
    GV_RESYNC_FINISHING,
};

struct gv_antientropy {
    uint32_t self, count; // number of this node; nodes of the cluster
    bool direct;          // there is no tree
    struct gv_antientropy_slot slots[GV_ANTIENTROPY_SLOTS];
    uint64_t arrivals; // number of summaries received so far
    uint8_t *summary;  // buffer for the summary that is being written
    size_t summary_cap;
    struct gv_antientropy_history history[GV_ANTIENTROPY_HISTORY];
    gv_time sync_at;          // when to open a sync with a chosen peer
    bool requested;           // it was requested, and is repeated if lost
    unsigned bootstraps_left; // syncs left to open, as this node started empty
    gv_time deferred;         // how long the next idle comparison has been deferred
    // The full resync.
    enum gv_resync_stage stage;
    bool skip_contacted; // leave out children that this node has sent a message
    gv_time since;       // when it was scheduled
    gv_time resync_at;   // when to take the next step
    uint32_t peers_done; // number of peers done; their order starts after this node's number
};

// What the choice of a peer depends on.
struct gv_antientropy_facts {
    const struct gv_peers *peers;
    const struct gv_push *push;
    gv_time last_change; // of the replica, or GV_TIME_NEVER
    bool is_empty;       // the replica has no entries
};

// Joins the cluster, and requests the first sync and full resync. `summary_cap`: longest summary
// sent, bytes. GV_ENOMEM: gv_antientropy_fini is required all the same.
int gv_antientropy_init(struct gv_antientropy *ae, struct gv_alloc alloc, size_t summary_cap,
                        const struct gv_antientropy_facts *facts, gv_time now,
                        struct gv_prng *prng);
// No effect on a zeroed struct.
void gv_antientropy_fini(struct gv_antientropy *ae, struct gv_alloc alloc);

// --- when and with whom ----------------------------------------------------------------------

// A sync is needed. `peer`: the intent of the peer that the reason names, or NULL if it names none.
void gv_antientropy_request(struct gv_antientropy *ae, gv_time now, enum gv_sync_reason reason,
                            struct gv_intent *peer, struct gv_prng *prng);

// When to call gv_antientropy_due; GV_TIME_NEVER: not joined.
gv_time gv_antientropy_deadline(const struct gv_antientropy *ae);

struct gv_antientropy_step {
    int peer;                   // open a sync with this peer; GV_OVERLAY_NONE: with none
    enum gv_sync_reason reason; // if so, why
    bool resync_ended;          // push sends what the full resync brought
};
// The deadline has come: takes the next step.
struct gv_antientropy_step gv_antientropy_due(struct gv_antientropy *ae, gv_time now,
                                              const struct gv_antientropy_facts *facts,
                                              struct gv_prng *prng);

// Whether entries received by sync now wait in the changelog until the full resync ends.
bool gv_antientropy_defers_push(const struct gv_antientropy *ae);

// --- summaries -------------------------------------------------------------------------------

// Whether a slot is free.
bool gv_antientropy_is_ready(const struct gv_antientropy *ae);
// The number of summaries that are not answered yet.
uint32_t gv_antientropy_backlog(const struct gv_antientropy *ae);
// Whether a summary of this peer is not answered yet.
bool gv_antientropy_has_summary(const struct gv_antientropy *ae, int peer);
// Whether the next entry of the answer to its oldest summary does not share a message.
bool gv_antientropy_is_oversized(const struct gv_antientropy *ae, int peer);

// Drops the summaries of this peer. Whether there was one.
bool gv_antientropy_drop_summaries(struct gv_antientropy *ae, int peer);

// Stores the summary of the peer of this number, in base64. `timeout`: how long an exchange with it
// may take. Returns 0, or 1 if it was refused because both nodes have opened a sync at the same
// time: only the opening of the node that sorts first is answered. The caller does not acknowledge
// a refused one, so that the peer opens its sync again if this node's opening was lost. GV_EFULL:
// all slots are in use, or the summary is longer than `longest`. GV_ESYNTAX: not base64, or no
// summary. GV_ENOMEM.
int gv_antientropy_received(struct gv_antientropy *ae, struct gv_alloc alloc, gv_time now,
                            int number, struct gv_peer *peer, gv_time timeout,
                            struct gv_slice ranges, size_t longest);

// Continues the answer to the peer's oldest summary; returns as gv_rbsr_answer does. Frees the
// slot when the answer is complete or the summary malformed. The caller has set `send` and `ctx`,
// and of the summary's buffer only the capacity, at most `summary_cap`; the buffer is borrowed
// until the next call. `send` sets *oversized if an entry did not fit because it does not share a
// message; the caller has set it to false. Requires gv_antientropy_has_summary.
int gv_antientropy_answer(struct gv_antientropy *ae, int peer, struct gv_tree *tree,
                          const struct gv_digest_key *key, struct gv_rbsr_out *out,
                          const bool *oversized);

// Opens a sync with the peer of this number. Returns its first summary, borrowed until the next
// call.
struct gv_slice gv_antientropy_open(struct gv_antientropy *ae, gv_time now, int number,
                                    struct gv_peer *peer, const struct gv_tree *tree,
                                    struct gv_prng *prng);

// The number of differences to expect in the next sync with this peer; 0: unknown.
uint32_t gv_antientropy_expected(const struct gv_antientropy *ae, int peer);
// Notes that a sync with this peer begins, and how many differences are expected.
void gv_antientropy_set_expected(struct gv_antientropy *ae, int peer, uint32_t expect);

#endif
