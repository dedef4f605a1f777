// SPDX-License-Identifier: MIT
// Logs: checks for the anomalies of jepsen.tests.kafka while the history grows. An *entry* of a log
// is a pair of offset and message; entries become *known* by acknowledged sends and by polls.
// Terms:
//   lost write     no poll returned an acknowledged message, but a poll returned a later message
//   unseen         no poll returned an acknowledged message, nor a later message
//   duplicate      a message has two offsets of its key
//   inconsistent offsets
//                  an offset of a key has two messages
//   offset given twice
//                  likewise, and the sends of both messages were acknowledged with that offset
//   internal       the offsets of a key in one poll do not ascend (non-monotonic), or omit the
//                  offset of a known entry between two of them (skip)
//   external       likewise, the offsets in two polls of a client to which the key stays assigned
//   non-monotonic send
//                  the offsets of two sends of one client to one key do not ascend
//   aborted read   a poll returned a message whose send definitely failed
//   phantom        a poll returned a message that no client had sent
//   final logs differ
//                  the polls from offset 0 at the end of the run lack an entry at or below the
//                  highest known offset
//
// As in Maelstrom, a poll whose commit_offsets failed is checked only for duplicates, inconsistent
// offsets and phantoms. There is one error for each anomaly, with the number of its cases and a
// description of the smallest case.
//
// The real-time lag of a poll is, as in Jepsen, how long before its request an offset was known
// that the client had not reached; 0 if it had reached all known offsets of its keys. Unlike in
// Jepsen, a client to which a key is assigned has reached the committed offset, and final polls,
// which begin at offset 0, have no lag.
#ifndef GV_SIM_CHECK_CHECK_KAFKA_H
#define GV_SIM_CHECK_CHECK_KAFKA_H

#include "../core/load_kafka.h"
#include "verdict.h"

enum {
    GV_CHECK_KAFKA_ENTRIES_MAX =
        2 * GV_LOAD_KAFKA_MESSAGES_MAX, // most entries kept of a log. A log with more entries than
                                        // messages has anomalies
    GV_CHECK_KAFKA_STEPS_MAX = 4096,    // most distinct pairs of successive offsets kept of a log
    GV_CHECK_KAFKA_TEXT_MAX = 700,      // longest description of a case, bytes
};

// The kinds of errors for anomalies, from GV_CHECK_KAFKA_FIRST on.
enum {
    GV_CHECK_KAFKA_FIRST = GV_VERDICT_LOST_WRITE,
    GV_CHECK_KAFKA_ANOMALIES = GV_VERDICT_FINAL_LOGS_DIFFER - GV_VERDICT_LOST_WRITE + 1,
};

// The cases of an anomaly.
struct gv_check_kafka_cases {
    uint64_t count, size; // number of cases; size of the smallest, which `text` describes
    char text[GV_CHECK_KAFKA_TEXT_MAX];
};

struct gv_check_kafka_log;
struct gv_check_kafka_process;
struct gv_check_kafka_final;

// To initialise it, zero the struct and set `nodes`.
struct gv_check_kafka {
    uint32_t nodes;
    struct gv_check_kafka_log *logs; // by key
    size_t logs_len, logs_cap;
    struct gv_check_kafka_process *processes; // by number
    size_t processes_cap;
    struct gv_check_kafka_final **finals; // by node, then by key; NULL: no final poll
    uint64_t *targets; // by key: highest known offset at the end, plus 1; 0: none
    size_t targets_len;
    bool ending; // `targets` and `finals` are allocated
    struct gv_check_kafka_cases cases[GV_CHECK_KAFKA_ANOMALIES], duplicates, phantoms;
    gv_time started_at;
    bool started;
    double *lags; // by poll, milliseconds
    size_t lags_len, lags_cap;
    uint64_t acknowledged; // messages
    uint64_t polled;       // messages in replies to polls, with repetitions
    uint64_t seen;         // distinct messages in replies to polls
    uint64_t may_be_lost;
    uint64_t polls, assigns; // number that succeeded
    uint64_t largest;        // largest known offset, plus 1
};

struct gv_check_kafka_result {
    bool applies; // the workload has logs
    uint64_t keys, acknowledged, polled, seen, polls, assigns;
    uint64_t lost, unseen, duplicates;
    uint64_t may_be_lost, allowed_lost;
    uint64_t largest;   // largest known offset; 0 if none is known
    bool finals, equal; // each node's final polls reached the end of all logs; those logs are equal
    struct gv_history_quantiles lag;
};

void gv_check_kafka_fini(struct gv_check_kafka *check);

// Call it before a message, a number from 1 on, is sent.
void gv_check_kafka_invoke(struct gv_check_kafka *check, uint64_t key, int64_t message);

// Handles the payload of a valid reply of type ok.
void gv_check_kafka_reply(struct gv_check_kafka *check, const struct gv_history_op *op,
                          enum gv_load_request request, gv_time now, const struct gv_json *json,
                          int token);

// Handles the end of an operation.
void gv_check_kafka_end(struct gv_check_kafka *check, const struct gv_history_op *op);

// Call it when a fault has destroyed the last copy of a message. From then on the message may be
// lost, and since no node knows its offset any more, the offset may be assigned again.
void gv_check_kafka_allow_loss(struct gv_check_kafka *check, uint64_t key, int64_t message);

// Adds the errors. If `cut_short`, the run ended early, and messages that polls did not return are
// not errors.
struct gv_check_kafka_result gv_check_kafka_finish(struct gv_check_kafka *check, bool cut_short,
                                                   struct gv_verdict_errors *errors);

// Returns a sentence about what a run without errors did not exercise, or NULL if it exercised
// logs.
const char *gv_check_kafka_lacks(const struct gv_check_kafka *check);

#endif
