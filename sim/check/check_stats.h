// SPDX-License-Identifier: MIT
// Success rates: each kind of operation that was attempted must have succeeded at least once, as
// Jepsen's stats checker requires; and a given share of all operations must have succeeded, as
// Maelstrom's availability checker requires.
#ifndef GV_SIM_CHECK_CHECK_STATS_H
#define GV_SIM_CHECK_CHECK_STATS_H

#include "../core/history.h"
#include "../core/load.h"
#include "verdict.h"

// How an operation ended.
enum gv_check_stats_cause {
    GV_CHECK_STATS_REPLY,   // the node replied, ok or error
    GV_CHECK_STATS_LATE,    // there was no reply in time, or a timeout error
    GV_CHECK_STATS_FAULTED, // a fault kept the node from answering; not counted as an attempt
};

struct gv_check_stats {
    uint32_t nodes;
    uint64_t tried[GV_HISTORY_KINDS], ok[GV_HISTORY_KINDS];
    uint64_t late[GV_HISTORY_KINDS]; // attempts that a delay may have failed
    uint64_t ended, ended_ok; // operations that ended, and that succeeded; without final reads
    struct gv_check_stats_node {
        char *answers[GV_HISTORY_KINDS]; // the first failure; NULL: none
        uint64_t bad;                    // failed operations, without final reads
    } * of;                              // by node
};

void gv_check_stats_init(struct gv_check_stats *stats, uint32_t nodes);
void gv_check_stats_fini(struct gv_check_stats *stats);

// Notes that an operation ended. `answer` (copied): what its node did, as the end of a sentence
// that begins with the node's name: "answered nothing within 5 s"; NULL: it succeeded.
void gv_check_stats_end(struct gv_check_stats *stats, const struct gv_history_op *op,
                        const char *answer, enum gv_check_stats_cause cause);

// The share of operations that succeeded, without final reads; 1 if there were none.
static inline double gv_check_stats_share(const struct gv_check_stats *stats) {
    return stats->ended > 0 ? (double)stats->ended_ok / (double)stats->ended : 1;
}

// Errors: GV_VERDICT_NEVER_OK for each kind that was attempted and never succeeded (conclusive if
// every attempt got a reply); GV_VERDICT_UNAVAILABLE if the share is below `availability` (0 to 1);
// and, if there is no other error, GV_VERDICT_NOTHING_EXERCISED if no request (for workloads with
// shared state, no addition) reached a node that could answer.
void gv_check_stats_finish(const struct gv_check_stats *stats, enum gv_load_kind load,
                           double availability, struct gv_verdict_errors *errors);

#endif
