// SPDX-License-Identifier: MIT
// Anti-entropy: when to compare replicas and with which peer, the received summaries, and full
// resyncs (Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987).
// Internal to engine/; knows peers and push, not the engine.
//
// A sync is an exchange of summaries and entries (merkle/rbsr.h). Answers are stateless. The
// messages of a sync are numbered (ack.h); if one is lost, the sync is opened again. All requests
// for a sync go through gv_antientropy_request, with a reason:
//
//     request ─┬─ with a named peer ──▶ its intent ──────────────▶ opened with the next message
//              ├─ with a chosen peer ─▶ `sync_at`, about a second ─▶ gv_antientropy_due chooses
//              └─ with all peers ─────▶ full resync
//
// Without a request, a node opens an idle comparison, which is a sync with a random peer. It does
// so every max(30 s, 2 s · nodes), or every 4 s while a peer is suspected. Updates in flight would
// look like differences, so an idle comparison is deferred until the replica has not changed for 20
// s, at most by one interval.
//
// A full resync opens syncs with many peers. Without a tree, nodes do not forward updates, so a
// node that crashes while it sends an update may leave it at some peers only. A node therefore runs
// a full resync if it suspects a peer, sees a peer restart, or restarts with stored entries:
//
//     IDLE ──▶ SCHEDULED  waits about 1 s, then until no change for 1 s, in all at most 5 s
//      ▲           ▼
//      │       RUNNING    opens a sync with every other unsuspected node, within about 3 s, unless
//       │           │      the two have compared since the full resync was scheduled
//      │           ▼
//      └────── FINISHING  waits for the last answers; then push sends the received entries
//
// Two nodes compare once, whichever of them opens the sync. On a tree, entries that a sync brings
// are forwarded as updates, so no full resync is needed, with one exception: a node that starts
// must compare with its children. They may lack the last writes of its earlier incarnation, or have
// entries that it lost. So it runs a full resync with its children only. If it started empty, it
// skips children to which it has sent a message, since a first message makes a child that knew an
// earlier incarnation open a sync itself.
//
// Only antientropy.c writes the members of struct gv_antientropy and struct gv_compared.
#ifndef GV_ENGINE_ANTIENTROPY_H
#define GV_ENGINE_ANTIENTROPY_H

#include "../merkle/rbsr.h"
#include "push.h"

enum {
    GV_ANTIENTROPY_SLOTS = 4,    // maximum number of received summaries that wait for an answer
    GV_ANTIENTROPY_HISTORY = 64, // maximum number of peers whose difference history is kept
};

// Why a sync is needed.
enum gv_sync_reason {
    // with a peer that anti-entropy chooses:
    GV_SYNC_STARTED,   // this node has started
    GV_SYNC_PAUSED,    // this process was paused, and may have missed messages
    GV_SYNC_ALIVE,     // a suspected peer is alive again
    GV_SYNC_SUSPECTED, // a peer is now suspected; also requests a full resync
    // with the peer that the request names:
    GV_SYNC_RESTARTED,  // the peer has restarted; also requests a chosen sync and a full resync
    GV_SYNC_NEW_PARENT, // the peer is the new parent; its entries may differ from the old parent's
    GV_SYNC_NEW_CHILD,  // the peer is a new child, which lacks older entries. A sync in progress
                        // does not suffice, as its summaries may be older than the last updates
    GV_SYNC_TRUNCATED,  // the changelog no longer has all updates that the peer lacks
    GV_SYNC_LOST,       // a message of a sync with the peer was lost
    GV_SYNC_NEW_ROOT,   // this node is a root now, and the peer may still wait for the old parent
    GV_SYNC_PROBE,      // the peer is suspected, and a probe is due
    // with a peer that gv_antientropy_due has chosen:
    GV_SYNC_REQUESTED,
    GV_SYNC_IDLE,
    GV_SYNC_RESYNC,
    GV_SYNC_REASONS // number of reasons
};

// A received summary that is not answered yet.
struct gv_antientropy_slot {
    int peer;         // peer that sent the summary; GV_OVERLAY_NONE: the slot is free
    uint64_t arrival; // number of the summary in order of arrival
    uint8_t *data;    // the summary, `cap` bytes allocated
    size_t cap;
    struct gv_rbsr state;
    bool next_is_oversized; // the next entry of the answer needs a message of its own
};

// The numbers of differences found in recent exchanges with a peer. The index in `history` is the
// peer's number modulo GV_ANTIENTROPY_HISTORY.
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
    uint32_t self, count; // number of this node; number of nodes of the cluster
    bool direct;          // there is no tree
    struct gv_antientropy_slot slots[GV_ANTIENTROPY_SLOTS];
    uint64_t arrivals; // number of summaries received so far
    uint8_t *summary;  // buffer for the summary that is being written
    size_t summary_cap;
    struct gv_antientropy_history history[GV_ANTIENTROPY_HISTORY];
    gv_time sync_at;          // when to open a sync with a chosen peer
    bool requested;           // this sync was requested, so it is repeated if a message is lost
    unsigned bootstraps_left; // syncs still to open because this node started empty
    gv_time deferred;         // how long the next idle comparison has been deferred
    // The full resync.
    enum gv_resync_stage stage;
    bool skip_contacted; // leave out children that this node has sent a message
    gv_time since;       // time at which the full resync was scheduled
    gv_time resync_at;   // when to take the next step
    uint32_t peers_done; // number of peers done; the first one is the peer after this node
};

// What the choice of a peer depends on.
struct gv_antientropy_facts {
    const struct gv_peers *peers;
    const struct gv_push *push;
    gv_time last_change; // time of the replica's last change, or GV_TIME_NEVER
    bool is_empty;       // the replica has no entries
};

// Joins the cluster, and requests the first sync and full resync. `summary_cap` is the length of
// the longest summary to send, bytes. GV_ENOMEM: the caller must still call gv_antientropy_fini.
int gv_antientropy_init(struct gv_antientropy *ae, struct gv_alloc alloc, size_t summary_cap,
                        const struct gv_antientropy_facts *facts, gv_time now,
                        struct gv_prng *prng);
// No effect on a zeroed struct.
void gv_antientropy_fini(struct gv_antientropy *ae, struct gv_alloc alloc);

// --- when and with whom ----------------------------------------------------------------------

// Requests a sync. `peer` is the intent of the peer that the reason names, or NULL if it names
// none.
void gv_antientropy_request(struct gv_antientropy *ae, gv_time now, enum gv_sync_reason reason,
                            struct gv_intent *peer, struct gv_prng *prng);

// When to call gv_antientropy_due; GV_TIME_NEVER before joining.
gv_time gv_antientropy_deadline(const struct gv_antientropy *ae);

struct gv_antientropy_step {
    int peer;                   // open a sync with this peer, unless it is GV_OVERLAY_NONE
    enum gv_sync_reason reason; // why the sync is opened
    bool resync_ended;          // push now sends the entries that the full resync has brought
};
// Takes the next step when the deadline has come.
struct gv_antientropy_step gv_antientropy_due(struct gv_antientropy *ae, gv_time now,
                                              const struct gv_antientropy_facts *facts,
                                              struct gv_prng *prng);

// Whether push must not yet send entries received by sync, because a full resync runs.
bool gv_antientropy_defers_push(const struct gv_antientropy *ae);

// --- summaries -------------------------------------------------------------------------------

// Whether a slot is free.
bool gv_antientropy_is_ready(const struct gv_antientropy *ae);
// The number of summaries that are not answered yet.
uint32_t gv_antientropy_backlog(const struct gv_antientropy *ae);
// Whether a summary of this peer is not answered yet.
bool gv_antientropy_has_summary(const struct gv_antientropy *ae, int peer);
// Whether the next entry of the answer to the peer's oldest summary needs a message of its own.
bool gv_antientropy_is_oversized(const struct gv_antientropy *ae, int peer);

// Drops the summaries of this peer. Returns whether there was one.
bool gv_antientropy_drop_summaries(struct gv_antientropy *ae, int peer);

// Stores a summary, in base64, of the peer of this number. `timeout` is how long an exchange with
// the peer may take. Returns 0; or 1 if the summary was refused because both nodes have opened a
// sync at the same time: only the opening of the node that sorts first is answered. The caller must
// not acknowledge a refused summary, so that the peer opens its sync again if this node's opening
// is lost. GV_EFULL: all slots are in use, or the summary is longer than `longest`. GV_ESYNTAX: not
// base64, or not a summary. GV_ENOMEM.
int gv_antientropy_received(struct gv_antientropy *ae, struct gv_alloc alloc, gv_time now,
                            int number, struct gv_peer *peer, gv_time timeout,
                            struct gv_slice ranges, size_t longest);

// Continues the answer to the peer's oldest summary, and returns what gv_rbsr_answer returns. Frees
// the slot when the answer is complete or the summary is malformed. The caller sets `send`, `ctx`,
// the capacity of the summary's buffer, at most `summary_cap`, and *oversized to false. This
// function provides the buffer, which is borrowed until the next call. `send` sets *oversized if an
// entry did not fit because it needs a message of its own. Requires gv_antientropy_has_summary.
int gv_antientropy_answer(struct gv_antientropy *ae, int peer, struct gv_tree *tree,
                          const struct gv_digest_key *key, struct gv_rbsr_out *out,
                          const bool *oversized);

// Opens a sync with the peer of this number. Returns the opening summary, borrowed until the next
// call.
struct gv_slice gv_antientropy_open(struct gv_antientropy *ae, gv_time now, int number,
                                    struct gv_peer *peer, const struct gv_tree *tree,
                                    struct gv_prng *prng);

// The expected number of differences in the next sync with this peer; 0: unknown.
uint32_t gv_antientropy_expected(const struct gv_antientropy *ae, int peer);
// Notes that a sync with this peer begins, and how many differences are expected.
void gv_antientropy_set_expected(struct gv_antientropy *ae, int peer, uint32_t expect);

#endif
