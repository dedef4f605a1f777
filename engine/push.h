// SPDX-License-Identifier: MIT
// Push: to whom updates go, and when. Internal to engine/; knows the peers, no engine.
//
// With staleness 0 there is no tree: each node sends its own updates to all others at once, and
// does not forward those of others. All peers are its children here.
//
// Otherwise the nodes form a tree (overlay.h). Messages to the parent have the flag `to_parent`.
// Updates travel in flush rounds: a root sends pending updates to its children once a period, if
// there are any. Its messages announce the time until the next round. A child sends its own updates
// to arrive just before that round, by the measured round trip. If no round is announced, updates
// leave at once.
// So an update waits at most one period, and the updates of all children leave the root together.
//
// Only push.c writes the members of struct gv_push. Peers are named by their numbers. Functions
// that return nothing cannot fail.
#ifndef GV_ENGINE_PUSH_H
#define GV_ENGINE_PUSH_H

#include "bitset.h"
#include "overlay.h"
#include "peer.h"
#include "schedule.h"

// A scheduled flush.
struct gv_push_flush {
    gv_time at;    // its time; GV_TIME_NEVER: none is scheduled
    gv_time since; // time of the first change that waits for it, or GV_TIME_NEVER
};

struct gv_push {
    gv_time staleness;    // the configured one; 0: no tree
    uint32_t self, count; // number of this node; nodes of the cluster
    uint32_t levels;      // levels of the push tree below its root
    int parent;           // GV_OVERLAY_NONE: this node is a root
    uint32_t *children;   // peers whose parent is this node; room for all peers
    uint8_t *is_child;    // bitset of the same
    uint32_t child_count;
    gv_time last_round;               // time of the last flush round, or GV_TIME_NEVER
    gv_time period;                   // announced interval from that round to the next
    gv_time parent_pinged_at;         // last ping because other nodes had left it, or GV_TIME_NEVER
    struct gv_schedule_round round;   // the parent's next flush round, as announced
    struct gv_push_flush to_children; // the next flush round of this node
    struct gv_push_flush to_parent;
};

// Sets parent and children as if no node were suspected. The caller creates these peers. GV_ENOMEM:
// gv_push_fini is required all the same.
int gv_push_init(struct gv_push *push, struct gv_alloc alloc, gv_time staleness, uint32_t self,
                 uint32_t count);
// No effect on a zeroed struct.
void gv_push_fini(struct gv_push *push, struct gv_alloc alloc);

// --- events ----------------------------------------------------------------------------------

// The replica changed: schedules the flushes that send the update. `origin`: the peer that sent it,
// or GV_CHANGELOG_LOCAL. `from_resync`: a full resync found it; such updates go to all children,
// when the resync ends. True: a peer needs the update.
bool gv_push_changed(struct gv_push *push, const struct gv_peers *peers, gv_time now, int origin,
                     bool from_resync);

// A promise is due (cut.h): schedules flushes as for a local change; without a tree a little later,
// so that many nodes that wait for each other do not answer every entry. False: there is no flush.
bool gv_push_promise_due(struct gv_push *push, const struct gv_peers *peers, gv_time now);

// What a message changes in the tree, for the caller to act on.
struct gv_push_reaction {
    bool child_added;   // its sender is a new child
    bool child_removed; // its sender is no longer a child
    bool ping_parent;   // it shows that others have left the parent
};
// A message came from this peer. `to_parent`, `next_flush_ms`: as in struct gv_message; `changed`:
// its entries changed the replica.
struct gv_push_reaction gv_push_received(struct gv_push *push, const struct gv_peers *peers,
                                         gv_time now, int peer, bool to_parent,
                                         uint32_t next_flush_ms, bool changed);

// Messages with updates for this peer were lost: they join the next flush. Without a tree nothing
// is scheduled.
void gv_push_schedule_lost(struct gv_push *push, const struct gv_peers *peers, gv_time now,
                           int peer);
// Schedules a flush to the children, or to all, at `now`.
void gv_push_schedule_children(struct gv_push *push, gv_time now);
void gv_push_schedule_all(struct gv_push *push, gv_time now);
// The scheduled flush is due, and the caller sends it. Returns how long its first change has
// waited; GV_TIME_NEVER: no change waits.
gv_time gv_push_take_flush(struct gv_push_flush *flush, gv_time now);
// This node's flush round begins.
void gv_push_begin_round(struct gv_push *push, const struct gv_peers *peers, gv_time now);

// Makes this peer the parent, or this node a root (GV_OVERLAY_NONE).
void gv_push_set_parent(struct gv_push *push, int parent);

// --- questions about peers -------------------------------------------------------------------

// Whether there is no tree.
bool gv_push_is_direct(const struct gv_push *push);
// Whether this node is the peer's parent.
bool gv_push_is_child(const struct gv_push *push, int peer);
// Whether updates are sent to this peer: it is a child or the parent, and not suspected.
bool gv_push_is_target(const struct gv_push *push, const struct gv_peers *peers, int peer);
// Whether the tree uses this peer when no node is suspected: it is a child or the preferred parent.
bool gv_push_relies_on(const struct gv_push *push, int peer);
// The parent that this node should have, by whom it suspects.
int gv_push_best_parent(const struct gv_push *push, const struct gv_peers *peers);
// Whether this node is a root because its parent is suspected, and the peer is a later sibling.
bool gv_push_replaces_parent_of(const struct gv_push *push, int peer);
// Whether this node has sent the parent a message, or has scheduled a flush to it.
bool gv_push_contacts_parent(const struct gv_push *push, const struct gv_peers *peers);

// --- times -----------------------------------------------------------------------------------

// The staleness that can be kept, in ms: the configured one, or more if the measured links are too
// slow for it. 0 without a tree.
uint32_t gv_push_staleness_ms(const struct gv_push *push, const struct gv_peers *peers);
// What a message to this peer announces: the time until this node next sends its collected updates,
// ms; 0: nothing.
uint32_t gv_push_next_flush_ms(const struct gv_push *push, const struct gv_peers *peers,
                               gv_time now, int peer);
// The round trip to assume for an unmeasured peer: twice that of the parent, or of a child.
gv_time gv_push_initial_rtt(const struct gv_push *push, const struct gv_peers *peers);
// How long to wait for the acknowledgement of a message sent to this peer now. `immediate`: it
// requests an immediate one.
gv_time gv_push_ack_timeout(const struct gv_push *push, const struct gv_peers *peers, gv_time now,
                            int peer, bool immediate);
// How long a node may delay an acknowledgement, to send it with updates. `from_child`: the message
// was sent by a child to its parent.
gv_time gv_push_ack_delay_max(const struct gv_push *push, bool from_child);
// A message sent longer ago than this should be acknowledged by any message that comes from this
// peer.
gv_time gv_push_ack_expected_after(const struct gv_push *push, const struct gv_peers *peers,
                                   int peer);
// A message sent longer ago than this is lost once a later one to this peer was acknowledged;
// GV_TIME_NEVER without a tree.
gv_time gv_push_loss_delay(const struct gv_push *push, const struct gv_peers *peers, int peer);

#endif
