// SPDX-License-Identifier: MIT
// The checkers of a run, composed. struct gv_checker treats nodes as black boxes: it takes the
// operations of clients, observations and final reads. struct gv_checker_invariants takes what a
// simulation sees inside nodes after every step. Both add to the errors of the run.
#ifndef GV_SIM_CHECK_CHECKER_H
#define GV_SIM_CHECK_CHECKER_H

#include "../../codec/entry.h"
#include "../core/load.h"
#include "check_bounds.h"
#include "check_counter.h"
#include "check_id_order.h"
#include "check_ids.h"
#include "check_kafka.h"
#include "check_monotonic_reads.h"
#include "check_set.h"
#include "check_state.h"
#include "check_stats.h"
#include "check_traffic.h"
#include "check_txn.h"
#include "convergence.h"
#include "result.h"

// ---- Operations ----

struct gv_checker;

// A workload's checker: one row for each in checker.c. Each member may be NULL.
struct gv_checker_class {
    // A client is about to invoke an operation.
    void (*invoke)(struct gv_checker *checker, const struct gv_history_op *op);
    // A valid reply of type ok to a request of a pending operation; `token`: its payload. For
    // operations of several requests.
    void (*reply)(struct gv_checker *checker, const struct gv_history_op *op,
                  enum gv_load_request request, gv_time now, const struct gv_json *json, int token);
    // An operation ended, with whatever outcome. `token`: the payload of the last reply, if it
    // succeeded.
    void (*end)(struct gv_checker *checker, const struct gv_history_op *op, struct gv_json *json,
                int token);
    // A fault destroyed the last copy of an element of a log.
    void (*allow_log_loss)(struct gv_checker *checker, const struct gv_entry *entry);
    // The run is over; adds errors and fills in the members of the result for this workload.
    void (*finish)(struct gv_checker *checker, struct gv_result *result);
    bool final_reads; // a final operation that fails is an error
    // A sentence that says what a run without errors did not exercise; NULL: it exercised the
    // checks.
    const char *(*lacks)(const struct gv_checker *checker);
};

struct gv_checker_config {
    enum gv_load_kind load;
    uint32_t nodes;
    struct gv_keys *keys; // values of a set by number; NULL: values are their numbers. Borrowed
    uint32_t models;      // for transactions: values of enum gv_consistency; 0: read-atomic
    double availability;  // required share of successful operations, 0 to 1
    bool disturbed;       // faults may keep a node from answering its clients
    struct gv_verdict_errors *errors; // borrowed
};

struct gv_checker {
    struct gv_checker_config config;
    struct gv_check_set set;
    struct gv_check_counter counter;
    struct gv_check_ids ids;
    struct gv_check_kafka kafka;
    struct gv_check_monotonic_reads reads;
    struct gv_check_txn txn;
    struct gv_check_stats stats;
    struct gv_convergence convergence;
    int64_t *missing;  // by node, at its latest read: number of known values missing; counters: the
                       // difference from the sum of the acknowledged additions
    bool *final_read;  // by node: it answered its final read
    bool *echo_failed; // by node: an error has been reported; it is the only one
    bool cut_short;    // the run ended early
    uint64_t watch;    // number of the watch that `cursors` belongs to
    int64_t *cursors;  // by node: its replica has every required value below this number
};

// Ends the process if there is no memory.
void gv_checker_init(struct gv_checker *checker, const struct gv_checker_config *config);
void gv_checker_fini(struct gv_checker *checker);

// Notes that a client is about to send an operation.
void gv_checker_invoke(struct gv_checker *checker, const struct gv_history_op *op);

// Takes a valid reply of type ok to a request of a pending operation, before gv_checker_complete.
// `token`: its payload.
void gv_checker_reply(struct gv_checker *checker, const struct gv_history_op *op,
                      enum gv_load_request request, gv_time now, const struct gv_json *json,
                      int token);

// Checks a completed operation. `token`: the payload of the reply, if the operation succeeded.
// `answer` and `cause`: otherwise, as for gv_check_stats_end.
void gv_checker_complete(struct gv_checker *checker, const struct gv_history_op *op,
                         struct gv_json *json, int token, const char *answer,
                         enum gv_check_stats_cause cause);

// Call it for the same operation, if replicas can be inspected: checks that the node's replica
// contains the value whose addition it acknowledged. `has_value` may be NULL: no check.
void gv_checker_acknowledged(struct gv_checker *checker, const struct gv_history_op *op,
                             bool (*has_value)(void *ctx, uint32_t node, int64_t value), void *ctx);

// Notes that a fault destroyed the node's state: its next reads may return less.
static inline void gv_checker_reset(struct gv_checker *checker, uint32_t node) {
    gv_check_monotonic_reads_reset(&checker->reads, node);
}

// Notes that a fault destroyed the last copy of a value of a set, of a message of a log, or of a
// counter's increments (`added`) or decrements by this amount, or of an element of a log of
// grapevine's nodes: it may be missing from then on. Ignored for other workloads.
void gv_checker_allow_value_loss(struct gv_checker *checker, int64_t value);
void gv_checker_allow_log_loss(struct gv_checker *checker, const struct gv_entry *entry);
void gv_checker_allow_count_loss(struct gv_checker *checker, bool added, uint64_t amount);

// ---- Convergence ----

// Starts to watch whether all nodes agree; `index` is the next index of the history. `healing`: the
// watch starts because faults ended, so the time until all nodes agree is measured.
static inline void gv_checker_watch(struct gv_checker *checker, gv_time now, uint64_t index,
                                    bool healing) {
    gv_convergence_begin(&checker->convergence, now, index, healing);
}
// Ends the current watch without measuring, because a fault began.
static inline void gv_checker_stop_watching(struct gv_checker *checker) {
    gv_convergence_cut(&checker->convergence);
}
static inline bool gv_checker_is_watching(const struct gv_checker *checker) {
    return checker->convergence.watching;
}
// How many nodes have converged since the watch began, and whether this one has. Sets only.
static inline uint32_t gv_checker_converged(const struct gv_checker *checker) {
    return checker->convergence.settled;
}
static inline bool gv_checker_has_converged(const struct gv_checker *checker, uint32_t node) {
    GV_ASSERT(node < checker->config.nodes);
    return checker->convergence.done[node];
}

// Handles what an observer's read of a node returned. Only while watching.
void gv_checker_observe(struct gv_checker *checker, gv_time now, uint32_t node,
                        struct gv_json *json, int token);

// The same for a set whose replica can be inspected.
void gv_checker_inspect(struct gv_checker *checker, gv_time now, uint32_t node,
                        bool (*has_value)(void *ctx, uint32_t node, int64_t value), void *ctx);

// Values missing at each node's latest read; counters: the difference from the acknowledged sum.
static inline const int64_t *gv_checker_missing(const struct gv_checker *checker) {
    return checker->missing;
}

// ---- Result ----

// Notes that the run ends early, so values that a node is missing are not an error.
static inline void gv_checker_cut_short(struct gv_checker *checker) {
    checker->cut_short = true;
}

// Adds the errors that only the end of a run shows, and fills in the measurements. Call it once.
void gv_checker_finish(struct gv_checker *checker, struct gv_result *result);

// ---- Invariants ----

enum {
    // Nodes must be quiescent this long after the last operation and fault: this number of
    // milliseconds or this number of mean round trips, whichever is longer. Traffic is checked from
    // then on if the quiet phase lasts long enough to observe it.
    GV_CHECKER_QUIESCE_MS = 20000,
    GV_CHECKER_QUIESCE_RTTS = 12,
    GV_CHECKER_OBSERVE_MS = 5000,
};

struct gv_checker_invariants_config {
    uint32_t nodes;
    double rate;        // operations a second
    size_t message_max; // longest body, bytes
    gv_time rtt;        // upper bound of the mean round trip between two nodes, with faults
    const uint64_t
        *sent_by; // by node: messages sent to other nodes so far; NULL: unknown. Borrowed
    struct gv_verdict_errors *errors; // borrowed
};

struct gv_checker_invariants {
    struct gv_verdict_errors *errors;
    struct gv_check_id_order id_order;
    struct gv_check_bounds bounds;
    struct gv_check_state state;
    struct gv_check_traffic traffic;
    gv_time quiesce;             // time from the last operation and fault to quiescence
    gv_time quiet_at;            // when the quiet phase began; GV_TIME_NEVER: not yet
    gv_time quiescent_at;        // when nodes had to be quiescent; GV_TIME_NEVER: not yet
    uint64_t quiescent_messages; // messages sent before quiescent_at
    bool quiescence_checked;
    bool *suspects;         // by node: it suspects another
    uint32_t suspecting;    // number of nodes that suspect another
    gv_time observed_at;    // the latest step
    gv_time suspicion_time; // since quiescent_at: sum over all nodes of the time for which they
                            // suspected another
};

void gv_checker_invariants_init(struct gv_checker_invariants *invariants,
                                const struct gv_checker_invariants_config *config);
void gv_checker_invariants_fini(struct gv_checker_invariants *invariants);

// Checks a line that a node printed.
void gv_checker_invariants_line(struct gv_checker_invariants *invariants, uint32_t node,
                                struct gv_slice line);
// Checks a node after it processed an event: its entries and memory (bytes).
void gv_checker_invariants_node(struct gv_checker_invariants *invariants, uint32_t node,
                                uint64_t entries, uint64_t memory);
// Whether the quiet phase has begun. From then on the caller also reports changes of suspicion.
static inline bool gv_checker_invariants_quiet(const struct gv_checker_invariants *invariants) {
    return invariants->quiet_at != GV_TIME_NEVER;
}
void gv_checker_invariants_suspects(struct gv_checker_invariants *invariants, uint32_t node,
                                    bool suspects);
// Checks the statistics of an incarnation that ended.
static inline void gv_checker_invariants_stats(struct gv_checker_invariants *invariants,
                                               uint32_t node, const struct gv_stats *stats) {
    GV_ASSERT(node < invariants->traffic.nodes);
    gv_check_bounds_queues(node, stats, invariants->errors);
}
// Checks the network at the end of the run.
static inline void gv_checker_invariants_net(struct gv_checker_invariants *invariants,
                                             const struct gv_net *net) {
    gv_check_bounds_links(net, invariants->traffic.rate, invariants->errors);
}
// Notes that a fault destroyed the node's state. `kept`: its disk has kept all acknowledged writes.
void gv_checker_invariants_reset(struct gv_checker_invariants *invariants, uint32_t node,
                                 bool kept);
// Checks the traffic after a step. `messages`: number sent between nodes so far; `quiet`: there are
// no operations and no faults. False: nodes flood the network, so the run should end.
bool gv_checker_invariants_time(struct gv_checker_invariants *invariants, gv_time now,
                                uint64_t messages, bool quiet);

#endif
