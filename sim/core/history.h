// SPDX-License-Identifier: MIT
// The history of a run: every operation with its invocation and its completion. Both take an index
// from one counter, which orders events of equal time.
#ifndef GV_SIM_CORE_HISTORY_H
#define GV_SIM_CORE_HISTORY_H

#include "../../merkle/base.h"

enum gv_history_kind {
    GV_HISTORY_ADD, // broadcast, or add to a set or counter
    GV_HISTORY_READ,
    GV_HISTORY_ECHO,
    GV_HISTORY_GENERATE,
    GV_HISTORY_TXN,
    GV_HISTORY_SEND,
    GV_HISTORY_POLL,
    GV_HISTORY_ASSIGN,
    GV_HISTORY_CRASH, // the client is replaced; the node is not asked
    GV_HISTORY_KINDS,
};

enum gv_history_outcome {
    GV_HISTORY_PENDING,
    GV_HISTORY_OK,
    GV_HISTORY_FAIL, // it did not happen and never will
    GV_HISTORY_INFO, // unknown: it may have happened, or happen later
    GV_HISTORY_OUTCOMES,
};

struct gv_history_op {
    enum gv_history_kind kind;
    enum gv_history_outcome outcome;
    bool final;              // a final read
    uint32_t node;           // node that received the request
    uint32_t process;        // the client's number; a client that crashed is replaced by another
    int64_t value;           // the value or delta added; echo: the number after "Please echo "
    struct gv_slice content; // structured operations: what the workload's generator wrote for its
                             // checker; empty for others
    void *memory;            // of the content, owned by the history; NULL: none
    gv_time invoked_at, completed_at;
    uint64_t invoked, completed; // indices; completed is UINT64_MAX while pending
};

struct gv_history {
    struct gv_history_op *ops; // in order of invocation
    size_t len, cap;
    uint64_t next_index;
    uint64_t kinds[GV_HISTORY_KINDS];
    uint64_t outcomes[GV_HISTORY_OUTCOMES];
};

// Five points of a distribution, in milliseconds; all 0 if count is 0.
struct gv_history_quantiles {
    size_t count;
    double p0, p50, p95, p99, p100;
};

// A zeroed history is empty.
void gv_history_fini(struct gv_history *history);

// Returns the number of the operation, its index in ops.
size_t gv_history_invoke(struct gv_history *history, gv_time now, enum gv_history_kind kind,
                         uint32_t node, int64_t value, bool final);
// Notes who invoked an operation, and copies its content; both at most once.
void gv_history_describe(struct gv_history *history, size_t op, uint32_t process,
                         struct gv_slice content);
// Completes a pending operation; the outcome must not be GV_HISTORY_PENDING.
void gv_history_complete(struct gv_history *history, gv_time now, size_t op,
                         enum gv_history_outcome outcome);

// The number of operations, with or without final ones, and in `outcomes` how they ended.
uint64_t gv_history_count(const struct gv_history *history, bool finals,
                          uint64_t outcomes[GV_HISTORY_OUTCOMES]);

// The quantile at p is sorted[min(n − 1, floor(n·p))], as in Maelstrom. Sorts `latencies` (ms) in
// place.
struct gv_history_quantiles gv_history_quantiles(double *latencies, size_t count);

// The latencies of all successful operations, from request to reply.
struct gv_history_quantiles gv_history_latency(const struct gv_history *history);

#endif
