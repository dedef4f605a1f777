// SPDX-License-Identifier: MIT
// The verdict on a run: valid, or invalid by one or more errors. Each error has a kind. A kind
// breaks safety (the run did what no delay explains) or liveness (something required did not happen
// in time).
#ifndef GV_SIM_CHECK_VERDICT_H
#define GV_SIM_CHECK_VERDICT_H

#include "../../merkle/base.h"

#include <stdarg.h>

// Each kind of error: its text; whether it violates safety; and whether unequal replicas explain
// it. In that case it is a consequence of GV_VERDICT_UNEQUAL_REPLICAS, and violates no safety.
#define GV_VERDICT_KINDS(X)                                      \
    /* sets, counters, ids and echo, as clients see them */      \
    X(LOST, "lost", true, true)                                  \
    X(PHANTOM, "phantom", true, false)                           \
    X(DUPLICATE, "duplicate", true, false)                       \
    X(NON_MONOTONIC_READ, "non-monotonic read", true, false)     \
    X(FINAL_READS_DIFFER, "final reads differ", true, true)      \
    X(NO_FINAL_READ, "no final read", false, false)              \
    X(WRONG_SUM, "wrong sum", true, true)                        \
    X(WRONG_ECHO, "wrong echo", true, false)                     \
    X(NO_ECHO, "no echo", false, false)                          \
    X(NEVER_OK, "never ok", false, false)                        \
    X(UNAVAILABLE, "unavailable", false, false)                  \
    X(NOTHING_EXERCISED, "nothing exercised", false, false)      \
    /* transactions: Adya's phenomena, and fractured reads */    \
    X(G0, "write cycle (G0)", true, false)                       \
    X(G1A, "aborted read (G1a)", true, false)                    \
    X(G1B, "intermediate read (G1b)", true, false)               \
    X(G1C, "circular information flow (G1c)", true, false)       \
    X(FRACTURED_READ, "fractured read", true, false)             \
    X(INTERNAL, "internal inconsistency", true, false)           \
    /* logs */                                                   \
    X(LOST_WRITE, "lost write", true, true)                      \
    X(UNSEEN, "unseen", false, false)                            \
    X(INTERNAL_POLL, "internal non-monotonic poll", true, false) \
    X(NON_MONOTONIC_POLL, "non-monotonic poll", true, false)     \
    X(INTERNAL_SKIP, "internal skip", true, true)                \
    X(SKIP, "skip", true, true)                                  \
    X(NON_MONOTONIC_SEND, "non-monotonic send", true, false)     \
    X(INCONSISTENT_OFFSETS, "inconsistent offsets", true, false) \
    X(OFFSET_GIVEN_TWICE, "offset given twice", true, false)     \
    X(ABORTED_READ, "aborted read", true, false)                 \
    X(FINAL_LOGS_DIFFER, "final logs differ", true, true)        \
    /* lines that nodes print, and processes */                  \
    X(BAD_LINE, "bad line", true, false)                         \
    X(LONG_LINE, "long line", true, false)                       \
    X(MALFORMED_REPLY, "malformed reply", true, false)           \
    X(STRAY_REPLY, "stray reply", true, false)                   \
    X(ANSWERED_TWICE, "answered twice", true, false)             \
    X(LATE_REPLY, "late reply", false, false)                    \
    X(NO_INIT_OK, "no init_ok", false, false)                    \
    X(NO_TOPOLOGY_OK, "no topology_ok", false, false)            \
    X(STREAM_CLOSED, "stream closed", true, false)               \
    X(NODE_DIED, "node died", true, false)                       \
    X(FLOOD, "flood", true, false)                               \
    /* errors that only a simulation can see */                  \
    X(UNEQUAL_REPLICAS, "unequal replicas", false, false)        \
    X(WRONG_DIGEST, "wrong digest", true, false)                 \
    X(ENTRIES_LOST, "entries lost", true, false)                 \
    X(ACKED_ABSENT, "acked value absent", true, false)           \
    X(NOT_DURABLE_YET, "not durable yet", true, false)           \
    X(IDS_OUT_OF_ORDER, "ids out of order", true, false)         \
    X(INPUT_REJECTED, "input rejected", true, false)             \
    X(MESSAGES_REJECTED, "messages rejected", true, false)       \
    X(MESSAGE_TOO_LONG, "message too long", true, false)         \
    X(TOO_MUCH_MEMORY, "too much memory", true, false)           \
    X(QUEUE_TOO_LONG, "queue too long", true, false)             \
    X(NOT_QUIESCENT, "not quiescent", false, false)              \
    X(BUSY_LOOP, "busy loop", true, false)                       \
    X(NOT_DETERMINISTIC, "not deterministic", true, false)       \
    /* the end of a process that simulates, and had no result */ \
    X(ENDED, "ended", true, false)                               \
    X(TOOK_TOO_LONG, "took too long", false, false)

enum gv_verdict_kind {
#define X(name, text, safety, follows) GV_VERDICT_##name,
    GV_VERDICT_KINDS(X)
#undef X
        GV_VERDICT_VALID, // no error
};

enum {
    GV_VERDICT_ERRORS_KEPT = 64,
    GV_VERDICT_ERROR_MAX = 1024, // longest text of an error, bytes; a longer one is truncated
    GV_VERDICT_LISTED = 8,       // an error lists at most this many items
    GV_VERDICT_WHY_MAX = 512,    // bytes of a verdict's reason, with its zero
};

// The errors of a run. All are counted, and the first GV_VERDICT_ERRORS_KEPT are stored.
struct gv_verdict_errors {
    char *texts[GV_VERDICT_ERRORS_KEPT]; // each on one line: "lost: 2 values …"
    enum gv_verdict_kind kinds[GV_VERDICT_ERRORS_KEPT];
    size_t kept;
    size_t count;
    bool conclusive; // at least one cannot have been caused by a delay of nodes or messages
};

void gv_verdict_fini(struct gv_verdict_errors *errors);

// Adds an error. Its text is the kind's text, a colon, and the arguments as formatted by
// gv_escape_format.
GV_PRINTF(3, 4)
void gv_verdict_add(struct gv_verdict_errors *errors, enum gv_verdict_kind kind, const char *format,
                    ...);
GV_PRINTF(3, 0)
void gv_verdict_add_list(struct gv_verdict_errors *errors, enum gv_verdict_kind kind,
                         const char *format, va_list args);

// A list for the text of an error: " n1 n4". Zeroed, it is empty. Only the first items are written,
// and "…" if there are more; `separator` goes before the space that precedes another item.
struct gv_verdict_list {
    char text[GV_VERDICT_ERROR_MAX / 2];
    size_t len, count; // count: of all items
};
void gv_verdict_list(struct gv_verdict_list *list, const char *separator, const char *item);

// A run's verdict, for tools that compare many runs. It has no pointers, so it can be sent through
// a pipe.
struct gv_verdict {
    bool valid;
    bool safety;   // invalid: safety was violated, not only liveness
    bool unjudged; // neither valid nor invalid: the host ended the run
    enum gv_verdict_kind kind;
    char why[GV_VERDICT_WHY_MAX]; // text of the error that decided the verdict, truncated
};

// The verdict has the first error that violates safety; if there is none, the first error. While
// replicas are unequal, values that reads miss count as late, not as lost, since the checks of
// replicas find out whether any node still has them.
struct gv_verdict gv_verdict_of(const struct gv_verdict_errors *errors);

// The verdict on a process that ended without a result; `status` as waitpid returns it. A process
// that was killed from outside, or that was out of memory, is unjudged. SIGPROF, the signal of
// gv_pool_bound, means that the run took too long.
struct gv_verdict gv_verdict_of_status(int status);

// Whether two runs failed in the same way: with the same kind of error, or because their processes
// ended in the same way.
bool gv_verdict_same_failure(const struct gv_verdict *a, const struct gv_verdict *b);

#endif
