// SPDX-License-Identifier: MIT
// Full resyncs: what a crashed node told only some. Internal to engine/.
//
// With staleness 0 everybody tells everybody, and nobody passes on what others have told. So if a
// node is lost in the middle of telling, those that it told are to tell the others. Who notices
// that a peer is gone, or has restarted, or itself begins one and remembers an earlier one,
// waits until no more changes come in, and then goes round: it compares with every other node,
// and last tells all of them what it has learned by that. Two nodes compare once, whichever of them
// asks. At the most this costs as much as a value from each node.
//
// On a tree what a sync brings in is an update, and travels on. But a node that starts must
// show itself to each of its children: they may lack what it wrote at the end of an earlier
// incarnation, or hold what it has lost. If it begins with nothing, the first of its updates do
// that, for they make those that knew an earlier incarnation compare; so on its full resync it
// visits the children that it had no updates for. If it begins with something it visits all.
#ifndef GV_ENGINE_RESYNC_H
#define GV_ENGINE_RESYNC_H

#include "core.h"

// This node starts: a full resync begins soon, if one is needed.
void gv_resync_start(struct gv_engine *engine, gv_time now);
// Somebody may have told only some of us something: a full resync begins soon, or begins anew.
// Without effect on a tree.
void gv_resync_schedule(struct gv_engine *engine, gv_time now);
// The timer rang: the next step of the full resync.
void gv_resync_step(struct gv_engine *engine, gv_time now);
// Whether what a sync brings in is to be told to others.
bool gv_resync_defers_push(const struct gv_engine *engine);

#endif
