// SPDX-License-Identifier: MIT
// Full resync: syncs with many peers after a crash or a restart. Internal to engine/.
//
// Without a tree (staleness 0) nodes do not forward updates. A node that crashes while it sends one
// may leave it at some peers only. A node that suspects a peer, sees one restart, or restarts with
// stored entries therefore runs a full resync:
//   scheduled  it waits about a second, then until the replica has not changed for a second, at
//              most 5 s in all
//   running    it opens a sync with every other unsuspected node, in about 3 s; except with those
//              that it has compared with since the resync was scheduled
//   finishing  it waits for the last answers, then sends the received entries to all nodes
// Two nodes compare once, whichever opens the sync.
//
// On a tree, entries that a sync brings are updates and are forwarded. But a node that starts must
// compare with its children: they may lack the last writes of its earlier incarnation, or have
// entries that it lost. A full resync at the start opens syncs with its children; if the node
// started empty, only with those that it has sent nothing yet, because a first message makes a
// child that knew an earlier incarnation open a sync itself.
#ifndef GV_ENGINE_RESYNC_H
#define GV_ENGINE_RESYNC_H

#include "core.h"

// This node starts: schedules a full resync if one is needed.
void gv_resync_start(struct gv_engine *engine, gv_time now);
// A peer is suspected or has restarted: schedules a full resync, or restarts the one in progress.
// No effect on a tree.
void gv_resync_schedule(struct gv_engine *engine, gv_time now);
// The timer GV_CORE_RESYNC is due: takes the next step.
void gv_resync_step(struct gv_engine *engine, gv_time now);
// Whether entries received by sync now wait in the changelog until the full resync ends.
bool gv_resync_defers_push(const struct gv_engine *engine);

#endif
