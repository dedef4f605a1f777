// SPDX-License-Identifier: MIT
// Logs: the anomalies of jepsen.tests.kafka, found while the history grows. What is known of a log
// are its entries, pairs of offset and message, from acknowledged sends and from polls. Terms:
//   lost write     an acknowledged message that no poll returned, though one returned a later one
//   unseen         another acknowledged message that no poll returned
//   duplicate      a message at two offsets of its key
//   inconsistent offsets, offset given twice
//                  two messages at one offset of a key; twice: both sends were acknowledged so
//   internal       within one poll: the offsets of a key do not ascend (non-monotonic), or leave
//                  out one that is known (skip)
//   external       likewise between two polls of one client that is still assigned the key
//   non-monotonic send
//                  likewise: offsets of two sends of one client to a key do not ascend
//   aborted read   a poll returned a message whose send definitely failed
//   phantom        a poll returned a message that nobody had sent
//   final logs differ
//                  a poll from offset 0 at the end lacks an entry below the highest offset known
//
// As in Maelstrom, a poll whose commit_offsets failed counts for none of these but duplicates,
// inconsistent offsets and phantoms. One error is added for each anomaly, with the number of its
// cases and the smallest of them.
//
// Real-time lag, as in Jepsen: of a poll, how long before its request an offset was known that is
// above what its client has of a key; 0 if none was. Unlike in Jepsen, a client that is assigned
// a key has what the committed offset says; and final polls, which begin at 0, are left out.
#ifndef GV_SIM_CHECK_CHECK_KAFKA_H
#define GV_SIM_CHECK_CHECK_KAFKA_H

#include "../core/load_kafka.h"
#include "verdict.h"

enum {
    GV_CHECK_KAFKA_ENTRIES_MAX =
        2 *
        GV_LOAD_KAFKA_MESSAGES_MAX,  // entries kept of a log. More than its messages are anomalies
    GV_CHECK_KAFKA_STEPS_MAX = 4096, // different pairs of successive offsets kept of a log
    GV_CHECK_KAFKA_TEXT_MAX = 700,   // longest description of a case
};

// The anomalies, by their kinds of error from this one on.
enum {
    GV_CHECK_KAFKA_FIRST = GV_VERDICT_LOST_WRITE,
    GV_CHECK_KAFKA_ANOMALIES = GV_VERDICT_FINAL_LOGS_DIFFER - GV_VERDICT_LOST_WRITE + 1,
};

// The cases of an anomaly.
struct gv_check_kafka_cases {
    uint64_t count, size; // size: of the smallest, which is described
    char text[GV_CHECK_KAFKA_TEXT_MAX];
};

struct gv_check_kafka_log;
struct gv_check_kafka_process;
struct gv_check_kafka_final;

// Zeroed except for `nodes`: nothing happened.
struct gv_check_kafka {
    uint32_t nodes;
    struct gv_check_kafka_log *logs; // by key
    size_t logs_len, logs_cap;
    struct gv_check_kafka_process *processes; // by number
    size_t processes_cap;
    struct gv_check_kafka_final **finals; // by node, then by key; NULL: no final poll
    uint64_t *targets;                    // by key: highest offset at the end, plus 1; 0: none
    size_t targets_len;
    bool ending; // `targets` and `finals` are allocated
    struct gv_check_kafka_cases cases[GV_CHECK_KAFKA_ANOMALIES], duplicates, phantoms;
    gv_time started_at;
    bool started;
    double *lags; // of polls, milliseconds
    size_t lags_len, lags_cap;
    uint64_t acknowledged, polled; // messages; returned by polls: all, with repeated ones
    uint64_t seen;                 // different ones
    uint64_t may_be_lost;
    uint64_t polls, assigns; // that succeeded
    uint64_t largest;        // offset, plus 1
};

struct gv_check_kafka_result {
    bool applies; // the workload has logs
    uint64_t keys, acknowledged, polled, seen, polls, assigns;
    uint64_t lost, unseen, duplicates;
    uint64_t may_be_lost, allowed_lost;
    uint64_t largest;   // offset; 0 if none is known
    bool finals, equal; // every node's final polls reached the end of all logs; these are equal
    struct gv_history_quantiles lag;
};

void gv_check_kafka_fini(struct gv_check_kafka *check);

// Notes that a message, 1 or above, is about to be sent.
void gv_check_kafka_invoke(struct gv_check_kafka *check, uint64_t key, int64_t message);

// Takes the payload of a valid reply of type ok.
void gv_check_kafka_reply(struct gv_check_kafka *check, const struct gv_history_op *op,
                          enum gv_load_request request, gv_time now, const struct gv_json *json,
                          int token);

// Notes that an operation ended.
void gv_check_kafka_end(struct gv_check_kafka *check, const struct gv_history_op *op);

// Notes that a fault destroyed the last copy of this message: its loss is allowed from now on, and
// its offset may be given to another message, as nobody can know of it.
void gv_check_kafka_allow_loss(struct gv_check_kafka *check, uint64_t key, int64_t message);

// Adds the errors. `cut_short`: the run ended early, so that what polls did not return is not an
// error.
struct gv_check_kafka_result gv_check_kafka_finish(struct gv_check_kafka *check, bool cut_short,
                                                   struct gv_verdict_errors *errors);

// Returns a sentence that says what a run without errors did not exercise. Returns NULL if a poll
// returned a message.
const char *gv_check_kafka_lacks(const struct gv_check_kafka *check);

#endif
