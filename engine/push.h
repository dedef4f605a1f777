// SPDX-License-Identifier: MIT
// Push: sends updates to peers, on a tree in flush rounds or directly. Internal to engine/.
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
// Peers are named by their numbers. Functions that return nothing cannot fail.
#ifndef GV_ENGINE_PUSH_H
#define GV_ENGINE_PUSH_H

#include "core.h"

// Sets parent and children, once the names are known. GV_ENOMEM.
int gv_push_join(struct gv_engine *engine);

// --- events ----------------------------------------------------------------------------------

// The record `ref` changed: appends it to the changelog if a peer needs it, and sets the flush
// timers. `origin`: the peer that sent it, by a `sync` or by push; or GV_CHANGELOG_LOCAL.
void gv_push_changed(struct gv_engine *engine, gv_time now, uint32_t ref, int origin, bool sync);
// A message came from this peer: adds or removes it as a child, notes an announced flush round, and
// pings the parent if the message shows that others have left it. `changed`: the message's entries
// changed the replica.
void gv_push_received(struct gv_engine *engine, gv_time now, int peer,
                      const struct gv_message *message, bool changed);
// The timer GV_CORE_FLUSH_CHILDREN or GV_CORE_FLUSH_PARENT is due: queues these peers.
void gv_push_flush_children(struct gv_engine *engine, gv_time now);
void gv_push_flush_parent(struct gv_engine *engine);
// Messages to this peer were lost. Their updates join the next flush round; a sync is opened again
// at once.
void gv_push_resend(struct gv_engine *engine, gv_time now, int peer);
// A suspicion began or ended: switches to the best parent, if that is another one.
void gv_push_choose_parent(struct gv_engine *engine, gv_time now);
// Removes from the changelog the updates that all children and the parent have acknowledged.
void gv_push_truncate(struct gv_engine *engine);

// --- questions about peers -------------------------------------------------------------------

// Whether updates are sent to this peer: it is a child or the parent, and not suspected.
bool gv_push_is_target(const struct gv_engine *engine, int peer);
// Whether the tree uses this peer when no node is suspected: it is a child or the preferred parent.
bool gv_push_relies_on(const struct gv_engine *engine, int peer);
// Whether this node has sent the parent a message, or has updates that will be sent to it.
bool gv_push_contacts_parent(const struct gv_engine *engine);
// Whether updates for this peer are pending. If the changelog no longer has all of them, requests a
// sync with the peer.
bool gv_push_pending(struct gv_engine *engine, int peer);
// Whether the first pending update is oversized (gv_core_write). Requires gv_push_pending.
bool gv_push_is_oversized(const struct gv_engine *engine, int peer);
// Appends pending updates to the message as long as they fit, leaving `reserve` bytes free. Returns
// the sequence number of the first update that is not in it.
uint64_t gv_push_write(struct gv_engine *engine, int peer, struct gv_message_writer *out,
                       size_t reserve);

// --- times -----------------------------------------------------------------------------------

// The staleness that can be kept, in ms: the configured one, or more if the measured links are too
// slow for it. 0 without a tree.
uint32_t gv_push_staleness_ms(const struct gv_engine *engine);
// The announcement for a message to this peer: ms until this node's next flush round; 0: none.
uint32_t gv_push_next_flush_ms(const struct gv_engine *engine, gv_time now, int peer);
// How long a node may delay an acknowledgement, to send it with updates. `from_child`: the message
// was sent by a child to its parent.
gv_time gv_push_ack_delay_max(const struct gv_engine *engine, bool from_child);
// How long the parent may delay the acknowledgement of a message sent now, if it comes with the
// parent's next flush round; 0: no round is announced.
gv_time gv_push_parent_ack_delay_max(const struct gv_engine *engine, gv_time now);
// A message sent longer ago than this should be acknowledged by any message that comes from this
// peer.
gv_time gv_push_ack_expected_after(const struct gv_engine *engine, int peer);
// A message sent longer ago than this is lost once a later one to this peer was acknowledged;
// GV_TIME_NEVER without a tree.
gv_time gv_push_loss_delay(const struct gv_engine *engine, int peer);

#endif
