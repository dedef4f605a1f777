// SPDX-License-Identifier: MIT
// Push: to which peers updates are sent, and when. Internal to engine/; knows the peers, not the
// engine.
//
// With staleness 0 there is no tree. Each node sends its own updates to all others at once, and
// does not forward received updates. This module then treats all peers as children.
//
// Otherwise the nodes form a tree (overlay.h). A message to the parent has the flag `to_parent`.
// Updates travel in flush rounds: once a period a root sends the pending updates, if there are any,
// to its children. The messages announce the time until the next round. A child uses the measured
// round trip to send its own updates so that they arrive just before that round. If no round is
// announced, it sends updates at once. So an update waits at most one period, and the updates of
// all children leave the root together.
//
// Only push.c writes the members of struct gv_push. Peers are given by their numbers. Functions
// that return nothing cannot fail.
#ifndef GV_ENGINE_PUSH_H
#define GV_ENGINE_PUSH_H

#include "bitset.h"
#include "overlay.h"
#include "peer.h"
#include "schedule.h"

// A scheduled flush.
struct gv_push_flush {
    gv_time at;    // time of the flush; GV_TIME_NEVER: no flush is scheduled
    gv_time since; // time of the first change that waits for it, or GV_TIME_NEVER
};

struct gv_push {
    gv_time staleness;    // as configured; 0: no tree
    uint32_t self, count; // number of this node; number of nodes of the cluster
    uint32_t levels;      // levels of the push tree below its root
    int parent;           // GV_OVERLAY_NONE: this node is a root
    uint32_t *children;   // peers whose parent is this node; room for all peers
    uint8_t *is_child;    // bitset of `children`
    uint32_t child_count;
    gv_time last_round;       // time of the last flush round, or GV_TIME_NEVER
    gv_time period;           // announced interval from the last flush round to the next
    gv_time parent_pinged_at; // time of the last gv_push_reaction.ping_parent, or GV_TIME_NEVER
    struct gv_schedule_round round;   // the parent's next flush round, as announced
    struct gv_push_flush to_children; // the next flush round of this node
    struct gv_push_flush to_parent;
};

// Sets parent and children as if no node were suspected. The caller creates the state of these
// peers. GV_ENOMEM: the caller must still call gv_push_fini.
int gv_push_init(struct gv_push *push, struct gv_alloc alloc, gv_time staleness, uint32_t self,
                 uint32_t count);
// No effect on a zeroed struct.
void gv_push_fini(struct gv_push *push, struct gv_alloc alloc);

// --- events ----------------------------------------------------------------------------------

// Schedules the flushes that send the update of a changed record. `origin` is the peer that sent
// the entry, or GV_CHANGELOG_LOCAL. `from_resync`: a full resync (antientropy.h) brought the entry;
// such updates are sent to all children when the full resync ends. Returns true if a peer needs the
// update.
bool gv_push_changed(struct gv_push *push, const struct gv_peers *peers, gv_time now, int origin,
                     bool from_resync);

// A promise is due (cut.h): schedules flushes as for a local change; without a tree a little later,
// so that many nodes that wait for each other do not answer every entry. False: there is no flush.
bool gv_push_promise_due(struct gv_push *push, const struct gv_peers *peers, gv_time now);

// What a message changes in the tree. The caller acts on it.
struct gv_push_reaction {
    bool child_added;   // the sender is a new child
    bool child_removed; // the sender is no longer a child
    bool ping_parent;   // the message shows that other nodes have left the parent
};
// Handles a message from this peer. `to_parent` and `next_flush_ms` are the message's; `changed`
// says that its entries changed the replica.
struct gv_push_reaction gv_push_received(struct gv_push *push, const struct gv_peers *peers,
                                         gv_time now, int peer, bool to_parent,
                                         uint32_t next_flush_ms, bool changed);

// Messages with updates for this peer were lost; the updates join the next flush. Without a tree
// nothing is scheduled.
void gv_push_schedule_lost(struct gv_push *push, const struct gv_peers *peers, gv_time now,
                           int peer);
// Schedules a flush to the children, or to all targets, at `now`.
void gv_push_schedule_children(struct gv_push *push, gv_time now);
void gv_push_schedule_all(struct gv_push *push, gv_time now);
// Clears a scheduled flush that is due; the caller must send it. Returns how long the first change
// of the flush has waited, or GV_TIME_NEVER if no change waits.
gv_time gv_push_take_flush(struct gv_push_flush *flush, gv_time now);
// Notes that this node's flush round begins.
void gv_push_begin_round(struct gv_push *push, const struct gv_peers *peers, gv_time now);

// Makes this peer the parent, or makes this node a root (GV_OVERLAY_NONE).
void gv_push_set_parent(struct gv_push *push, int parent);

// --- questions about peers -------------------------------------------------------------------

// Whether staleness is 0, so that there is no tree.
bool gv_push_is_direct(const struct gv_push *push);
// Whether this node is the peer's parent.
bool gv_push_is_child(const struct gv_push *push, int peer);
// Whether updates are sent to this peer, which means that it is a child or the parent, and not
// suspected.
bool gv_push_is_target(const struct gv_push *push, const struct gv_peers *peers, int peer);
// Whether this peer is a child or the preferred parent, even if it is suspected.
bool gv_push_relies_on(const struct gv_push *push, int peer);
// The parent that this node should have, given which peers are suspected.
int gv_push_best_parent(const struct gv_push *push, const struct gv_peers *peers);
// Whether this node is a root because its parent is suspected, and the peer is a later sibling.
bool gv_push_replaces_parent_of(const struct gv_push *push, int peer);
// Whether this node has ever sent a numbered message (ack.h) to its parent, or has scheduled a
// flush to it. False: it has no parent.
bool gv_push_contacts_parent(const struct gv_push *push, const struct gv_peers *peers);

// --- times -----------------------------------------------------------------------------------

// The achievable staleness, ms: the configured one, or more if the measured links are too slow for
// that. 0 without a tree.
uint32_t gv_push_staleness_ms(const struct gv_push *push, const struct gv_peers *peers);
// The time that a message to this peer announces: until this node next sends its collected updates,
// ms. 0: nothing is announced.
uint32_t gv_push_next_flush_ms(const struct gv_push *push, const struct gv_peers *peers,
                               gv_time now, int peer);
// The round trip to assume for an unmeasured peer: twice that of the parent, or of a child.
gv_time gv_push_initial_rtt(const struct gv_push *push, const struct gv_peers *peers);
// How long to wait for the acknowledgement of a message sent to this peer now. `immediate`: the
// message requests an immediate acknowledgement.
gv_time gv_push_ack_timeout(const struct gv_push *push, const struct gv_peers *peers, gv_time now,
                            int peer, bool immediate);
// How long a node may delay an acknowledgement so that it travels with updates. `from_child`: a
// child sent the message to its parent.
gv_time gv_push_ack_delay_max(const struct gv_push *push, bool from_child);
// A message sent to this peer longer ago than the result should be acknowledged by the next message
// from this peer.
gv_time gv_push_ack_expected_after(const struct gv_push *push, const struct gv_peers *peers,
                                   int peer);
// A message sent longer ago than the result is lost if a later message to this peer was
// acknowledged; GV_TIME_NEVER without a tree.
gv_time gv_push_loss_delay(const struct gv_push *push, const struct gv_peers *peers, int peer);

#endif
