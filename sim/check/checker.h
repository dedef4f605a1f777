// SPDX-License-Identifier: MIT
// The bench of checkers: what each operation, look and final read of a run means to them, and
// their verdict together.
#ifndef GV_SIM_CHECK_CHECKER_H
#define GV_SIM_CHECK_CHECKER_H

#include "../core/load.h"
#include "check_counter.h"
#include "check_ids.h"
#include "check_monotonic_reads.h"
#include "check_set.h"
#include "check_stats.h"
#include "convergence.h"
#include "result.h"

struct gv_checker {
    enum gv_load_kind load;
    uint32_t nodes;
    struct gv_check_set set;
    struct gv_check_counter counter;
    struct gv_check_ids ids;
    struct gv_check_monotonic_reads reads;
    struct gv_check_stats stats;
    struct gv_convergence convergence;
    struct gv_verdict_errors errors;
    int64_t *missing; // at each node's latest read: known values missing; counters: how far from
                      // the sum of all additions that ended well
    bool *final_read;
    bool *echo_failed; // one error a node is enough
    bool cut_short;    // the run ended before its time: what nodes lack then, they may be told yet
    bool disturbed;    // by faults that may keep a node from answering its clients
    double availability; // the share of operations that must end well; 0: any
    uint64_t watch;      // peeks: which watch the cursors belong to
    int64_t *cursors;    // a node's: it knows all values below that it should
};

void gv_checker_init(struct gv_checker *checker, enum gv_load_kind load, uint32_t nodes);
void gv_checker_fini(struct gv_checker *checker);

// An operation is about to be asked.
void gv_checker_invoke(struct gv_checker *checker, struct gv_load_op op);

// An operation has ended. `token`: what its reply holds, if it ended well; `answer` and `how`:
// else, what its node did instead, as gv_check_stats_end takes it.
void gv_checker_complete(struct gv_checker *checker, const struct gv_history_op *op,
                         struct gv_json *json, int token, const char *answer,
                         enum gv_check_stats_cause cause);

// The same if replicas can be looked into: does the node have what it acknowledged? `has_value` may
// be NULL.
void gv_checker_acknowledged(struct gv_checker *checker, const struct gv_history_op *op,
                             bool (*has_value)(void *ctx, uint32_t node, int64_t value), void *ctx);

// A fault took what a node had.
void gv_checker_reset(struct gv_checker *checker, uint32_t node);

// An observer's look at a node found this.
void gv_checker_observe(struct gv_checker *checker, gv_time now, uint32_t node,
                        struct gv_json *json, int token);

// The same of a set whose replica can be looked into.
void gv_checker_inspect(struct gv_checker *checker, gv_time now, uint32_t node,
                        bool (*has_value)(void *ctx, uint32_t node, int64_t value), void *ctx);

// Fills in what the checkers have to say of a run; once, at the end.
void gv_checker_finish(struct gv_checker *checker, struct gv_result *result);

#endif
