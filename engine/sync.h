// SPDX-License-Identifier: MIT
// Sync: when to compare replicas with which peer, and the summaries received. Internal to engine/.
//
// A sync is an exchange of summaries and entries (merkle/reconcile.h). Answers are stateless, and
// numbered as updates are: if one is lost, the sync is opened again.
//   request          at the start, when a suspicion ends, when a peer has restarted, or after a
//                    pause of this process: this node opens a sync within about a second, with its
//                    parent if it has one
//   idle comparison  without a request: a sync with a random peer, every max(30 s, 2 s · nodes), or
//                    every 4 s while a peer is suspected. It is deferred until there was no change
//                    for 20 s, at most by its interval: updates in flight would look like
//                    differences.
#ifndef GV_ENGINE_SYNC_H
#define GV_ENGINE_SYNC_H

#include "core.h"

// Allocates the buffer and requests a first sync. GV_ENOMEM.
int gv_sync_join(struct gv_engine *engine, gv_time now);
void gv_sync_fini(struct gv_engine *engine);

// Opens a sync soon, because this node or another one may lack entries.
void gv_sync_request(struct gv_engine *engine, gv_time now);
// The timer GV_CORE_SYNC is due: opens a sync, or defers it.
void gv_sync_due(struct gv_engine *engine, gv_time now);

// Stores a peer's summary, in base64, for gv_sync_answer. Returns 0, or 1 if it was refused because
// both nodes have opened a sync at the same time: only the opening of the node that sorts first is
// answered. The caller does not acknowledge a refused one, so that the peer opens its sync again if
// this node's opening was lost. GV_EFULL: all slots are in use, or the summary is longer than both
// GV_MESSAGE_LIMIT and message_max. GV_ESYNTAX: not base64, or no summary. GV_ENOMEM.
int gv_sync_received(struct gv_engine *engine, gv_time now, int peer, struct gv_slice ranges);
// Whether a slot is free.
bool gv_sync_ready(const struct gv_engine *engine);
// Whether a summary of this peer is not answered yet.
bool gv_sync_has_pending(const struct gv_engine *engine, int peer);
// Whether the next entry of that answer is oversized (gv_core_write).
bool gv_sync_is_oversized(const struct gv_engine *engine, int peer);

// The number of differences to expect in the next sync with this peer; 0: unknown.
uint32_t gv_sync_expected(const struct gv_engine *engine, int peer);
// Notes that a sync with this peer begins, and how many differences are expected.
void gv_sync_set_expected(struct gv_engine *engine, int peer, uint32_t expect);

// Writes the next part of the answer to the peer's oldest summary, as far as it fits: entries into
// the message, the summary into *ranges (borrowed until the next call). Frees the slot when the
// answer is complete. Requires gv_sync_has_pending.
void gv_sync_answer(struct gv_engine *engine, int peer, struct gv_message_writer *message,
                    struct gv_slice *ranges);
// Writes the first summary of a sync into *ranges (borrowed until the next call).
void gv_sync_open(struct gv_engine *engine, gv_time now, int peer, struct gv_slice *ranges);

#endif
