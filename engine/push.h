// SPDX-License-Identifier: MIT
// Push: updates travel on a tree, in flush rounds. Internal to engine/.
//
// The nodes, in the order of their names, form a tree of fan-out GV_CORE_FANOUT; who suspects its
// parent takes the first node before itself that it does not suspect, and tells it so by the flag
// `up`. A root speaks to its children once a period, if there is an update, and says when it will
// speak next; a child sends its own updates so that they arrive just before that, by the measured
// round trip. So a value waits for a period at most, and what all children have to say leaves the
// root in one message each. With no flush round to wait for, updates leave at once.
//
// With staleness 0 there is no tree: each node tells all others its own updates at once.
#ifndef GV_ENGINE_PUSH_H
#define GV_ENGINE_PUSH_H

#include "core.h"

// The cluster is known: takes a place in the tree. GV_ENOMEM.
int gv_push_join(struct gv_engine *engine);

// Whether updates go to this peer.
bool gv_push_is_target(const struct gv_engine *engine, int peer);
// A record changed; `origin` is the peer that told, by a step of a `sync` or not, or
// GV_CHANGELOG_LOCAL. Keeps the change for those who need to hear of it.
void gv_push_changed(struct gv_engine *engine, gv_time now, uint32_t ref, int origin, bool sync);
// A message came from this peer: what its head says about the tree; `changed`: it changed
// something.
void gv_push_received(struct gv_engine *engine, gv_time now, int peer,
                      const struct gv_message *message, bool changed);
// A timer rang.
void gv_push_flush_children(struct gv_engine *engine, gv_time now);
void gv_push_flush_parent(struct gv_engine *engine);
// Whether the parent knows, or is about to hear, that this node is there.
bool gv_push_contacts_parent(const struct gv_engine *engine);
// Messages to this peer were lost. Their updates leave with the next flush round that can be met; a
// sync is opened again at once.
void gv_push_resend(struct gv_engine *engine, gv_time now, int peer);
// Takes another parent if a better one is there; after a change of who is suspected.
void gv_push_choose_parent(struct gv_engine *engine, gv_time now);
// Whether it matters for the tree that this suspected peer comes back.
bool gv_push_relies_on(const struct gv_engine *engine, int peer);

// Whether there are updates for this peer.
bool gv_push_pending(struct gv_engine *engine, int peer);
// Whether the first of the updates that are pending is longer than the own bound (gv_core_write).
bool gv_push_is_oversized(const struct gv_engine *engine, int peer);
// Adds updates for the peer to the message, keeping `reserve` bytes; returns the sequence number
// reached.
uint64_t gv_push_write(struct gv_engine *engine, int peer, struct gv_message_writer *out,
                       size_t reserve);
// The staleness that can be kept: what was asked for, or more where the links measured so far are
// too slow for it.
uint32_t gv_push_staleness_ms(const struct gv_engine *engine);
// What to say to the peer about the next flush round, in ms; 0: nothing.
uint32_t gv_push_next_flush_ms(const struct gv_engine *engine, gv_time now, int peer);
// Within which time the peer's messages are to be acknowledged, and ours by it.
gv_time gv_push_ack_delay_max(const struct gv_engine *engine, bool from_child);
// After which time a message to this peer should have been acknowledged by what comes from it.
gv_time gv_push_ack_expected_after(const struct gv_engine *engine, int peer);
// After which time a message to this peer is late, if a later one has been acknowledged.
gv_time gv_push_loss_delay(const struct gv_engine *engine, int peer);
// How long the parent may keep an acknowledgement of what is sent now, if it speaks with its next
// flush round; 0: no flush round is known to come.
gv_time gv_push_parent_ack_delay_max(const struct gv_engine *engine, gv_time now);
// Forgets the updates that everyone has.
void gv_push_truncate(struct gv_engine *engine);

#endif
