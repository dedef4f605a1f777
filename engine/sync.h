// SPDX-License-Identifier: MIT
// Sync: when to compare with whom, and the summaries under way. Internal to engine/.
//
// After a request (a start, a peer that is back or restarts, time that passed unnoticed) the
// node opens a sync soon, with its parent if it has one. Without a request it compares with a
// random peer at long intervals, and rather when nothing is on its way, for differences that are
// merely in flight would cost a recursion. Answers are stateless (merkle/reconcile.h), and numbered
// like updates: if one is lost, the sync is opened again.
#ifndef GV_ENGINE_SYNC_H
#define GV_ENGINE_SYNC_H

#include "core.h"

// Ready for use; GV_ENOMEM.
int gv_sync_join(struct gv_engine *engine, gv_time now);
void gv_sync_fini(struct gv_engine *engine);

// Something happened after which this node and others may differ.
void gv_sync_request(struct gv_engine *engine, gv_time now);
// The timer rang: opens a sync with somebody.
void gv_sync_due(struct gv_engine *engine, gv_time now);

// Takes a peer's summary, in base64. 1: it is an opening that crossed one of ours; of the two only
// that of the node earlier in order is answered. Nor is the other acknowledged, so that it is
// opened again if the first was lost. GV_EFULL: all slots are taken, or the summary is longer than
// GV_MESSAGE_LIMIT and message_max; GV_ESYNTAX; GV_ENOMEM.
int gv_sync_received(struct gv_engine *engine, gv_time now, int peer, struct gv_slice ranges);
// Whether a summary can be taken.
bool gv_sync_ready(const struct gv_engine *engine);
// Whether a summary of this peer waits for its answer.
bool gv_sync_has_pending(const struct gv_engine *engine, int peer);
// Whether that answer goes on with an entry that is longer than the own bound (gv_core_write).
bool gv_sync_is_oversized(const struct gv_engine *engine, int peer);

// How many differences to expect at the next sync with this peer; 0: unknown.
uint32_t gv_sync_expected(const struct gv_engine *engine, int peer);
// An exchange with this peer begins in which so many are to be expected.
void gv_sync_set_expected(struct gv_engine *engine, int peer, uint32_t expect);

// Writes what the message can hold of the answer to the peer's oldest summary: entries into the
// message, the rest into *ranges (good until the next call).
void gv_sync_answer(struct gv_engine *engine, int peer, struct gv_message_writer *message,
                    struct gv_slice *ranges);
// Writes an opening into *ranges (good until the next call).
void gv_sync_open(struct gv_engine *engine, gv_time now, int peer, struct gv_slice *ranges);

#endif
