// SPDX-License-Identifier: MIT
// Whether anything worked, as Jepsen's stats checker asks: a kind of operation that was tried must
// have ended well at least once. And, as Maelstrom's availability checker, what share of all did.
#ifndef GV_SIM_CHECK_CHECK_STATS_H
#define GV_SIM_CHECK_CHECK_STATS_H

#include "../core/history.h"
#include "../core/load.h"
#include "verdict.h"

// What came of an operation.
enum gv_check_stats_cause {
    GV_CHECK_STATS_REPLY,   // an answer, good or bad
    GV_CHECK_STATS_LATE,    // none in time, or one that says it was not in time
    GV_CHECK_STATS_FAULTED, // a fault of the scenario kept the node from answering: this was no try
};

struct gv_check_stats {
    uint32_t nodes;
    uint64_t tried[GV_HISTORY_KINDS], ok[GV_HISTORY_KINDS];
    uint64_t late[GV_HISTORY_KINDS]; // tries that a delay may have kept from ending well
    uint64_t ended, ended_ok;        // final reads not counted
    struct gv_check_stats_node {
        char *answers[GV_HISTORY_KINDS]; // the first that was no success; NULL: there was none
        uint64_t bad; // operations that did not end well, final reads not counted
    } * of;           // by node
};

void gv_check_stats_init(struct gv_check_stats *stats, uint32_t nodes);
void gv_check_stats_fini(struct gv_check_stats *stats);

// An operation has ended. `answer` (copied): what its node did instead of answering well, as the
// end of a sentence that begins with the node's name: "answered nothing within 5 s". NULL: it ended
// well.
void gv_check_stats_end(struct gv_check_stats *stats, const struct gv_history_op *op,
                        const char *answer, enum gv_check_stats_cause cause);

// The share of operations that ended well, final reads not counted; 1 if there were none.
double gv_check_stats_share(const struct gv_check_stats *stats);

// The verdict: adds what never worked (definite if every try got a reply), and, if the share is
// below `availability` (0 to 1), that. If nothing was asked of a node that could answer, or nothing
// added to what nodes share, that is an error unless there are others, which tell why.
void gv_check_stats_finish(const struct gv_check_stats *stats, enum gv_load_kind load,
                           double availability, struct gv_verdict_errors *errors);

#endif
