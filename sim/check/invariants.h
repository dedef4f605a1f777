// SPDX-License-Identifier: MIT
// The checkers that need to see into nodes, as a simulation in one process can, at every step.
#ifndef GV_SIM_CHECK_INVARIANTS_H
#define GV_SIM_CHECK_INVARIANTS_H

#include "check_bounds.h"
#include "check_id_order.h"
#include "check_state.h"
#include "check_traffic.h"

struct gv_invariants {
    struct gv_check_id_order id_order;
    struct gv_check_bounds bounds;
    struct gv_check_state state;
    struct gv_check_traffic traffic;
    struct gv_verdict_errors *errors;
    gv_time quiesce;             // what passes after that until all should be silent
    gv_time quiet_at;            // since when there is nothing to do; GV_TIME_NEVER: there is
    gv_time quiescent_at;        // since when all should be silent; GV_TIME_NEVER: not yet
    uint64_t quiescent_messages; // messages sent by then
    bool quiescence_checked;
    bool *suspects;         // whether a node suspects another …
    uint32_t suspecting;    // … and how many do
    gv_time observed_at;    // in the silence, and until then …
    gv_time suspicion_time; // … they have suspected others for so long, added up
};

enum {
    // From the last operation and fault to silence, at least, and in mean round trips; silence is
    // judged if it can be listened to for so long.
    GV_INVARIANTS_QUIESCE_MS = 20000,
    GV_INVARIANTS_QUIESCE_RTTS = 12,
    GV_INVARIANTS_OBSERVE_MS = 5000,
};

// `errors` is borrowed; message_max in bytes of a body.
void gv_invariants_init(struct gv_invariants *invariants, uint32_t nodes, double rate,
                        size_t message_max, struct gv_verdict_errors *errors);
void gv_invariants_fini(struct gv_invariants *invariants);

// A round trip between two nodes takes so long on average, faults included, or less.
void gv_invariants_rtt(struct gv_invariants *invariants, gv_time rtt);

// A node printed this line.
void gv_invariants_line(struct gv_invariants *invariants, uint32_t node, struct gv_slice line);
// Something happened to a node whose replica has so many entries, and which has so much memory.
void gv_invariants_node(struct gv_invariants *invariants, uint32_t node, uint64_t entries,
                        uint64_t memory);
// Whether that node suspects another; to be told while all is quiet.
void gv_invariants_suspects(struct gv_invariants *invariants, uint32_t node, bool suspects);
// A life of a node ends, or the run: these are its statistics.
void gv_invariants_stats(struct gv_invariants *invariants, uint32_t node,
                         const struct gv_stats *stats);
// The run ends: this was its network.
void gv_invariants_net(struct gv_invariants *invariants, const struct gv_net *net);
// A fault took what a node had, but if its disk `kept` that, what it had acknowledged.
void gv_invariants_reset(struct gv_invariants *invariants, uint32_t node, bool kept);
// Messages sent between nodes so far; whether there are operations or faults, or all is `quiet`.
// False: it is no use to go on.
bool gv_invariants_time(struct gv_invariants *invariants, gv_time now, uint64_t messages,
                        bool quiet);

#endif
