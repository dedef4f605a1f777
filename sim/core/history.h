// SPDX-License-Identifier: MIT
// What the clients asked and what became of it: every operation with its two moments. Invocations
// and completions share one count, the index, which orders them where times tie.
#ifndef GV_SIM_CORE_HISTORY_H
#define GV_SIM_CORE_HISTORY_H

#include "../../merkle/base.h"

enum gv_history_kind {
    GV_HISTORY_ADD, // broadcast, or add to a set or counter
    GV_HISTORY_READ,
    GV_HISTORY_ECHO,
    GV_HISTORY_GENERATE,
    GV_HISTORY_KINDS,
};

enum gv_history_outcome {
    GV_HISTORY_PENDING,
    GV_HISTORY_OK,
    GV_HISTORY_FAIL, // it did not happen and never will
    GV_HISTORY_INFO, // it may have happened, or may yet
    GV_HISTORY_OUTCOMES,
};

struct gv_history_op {
    enum gv_history_kind kind;
    enum gv_history_outcome outcome;
    bool final;    // one of the reads at the end
    uint32_t node; // asked
    int64_t value; // added, or the number behind "Please echo "
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

void gv_history_init(struct gv_history *history);
void gv_history_fini(struct gv_history *history);

// Returns the operation's number, its place in ops.
size_t gv_history_invoke(struct gv_history *history, gv_time now, enum gv_history_kind kind,
                         uint32_t node, int64_t value, bool final);
// The outcome must not be pending, the operation must.
void gv_history_complete(struct gv_history *history, gv_time now, size_t op,
                         enum gv_history_outcome outcome);

// Quantile p of a distribution is sorted[min(n − 1, floor(n·p))], as Maelstrom has it. Sorts
// `latencies` (milliseconds) in place.
struct gv_history_quantiles gv_history_quantiles(double *latencies, size_t count);

// Of all operations that ended well: from the request to its reply.
struct gv_history_quantiles gv_history_latency(const struct gv_history *history);

#endif
