// SPDX-License-Identifier: MIT
// The generator of the workload kafka, as Maelstrom's (maelstrom.workload.kafka,
// jepsen.tests.kafka without transactions of several micro-operations). An operation is
//   send    one request
//   poll    of all keys that the client is assigned, each from the offset after the last it was
//           given; if it returned messages, commit_offsets with the highest offset of each key
//   assign  of the key of the next send or poll, in place of one operation in 64, and in a third of
//           these of all keys with messages that no poll returned yet. A client goes on where it
//           was, or at the offset of list_committed_offsets
//   crash   the client is replaced, every 30 s on average, and the new one is assigned no key
// At the end each client crashes, is assigned every key from offset 0 (without a request), and
// polls every 200 ms on average until it was given the highest offset known of each key.
//
// Unlike in Maelstrom, the first send or poll is a send, so that a short run has one, and a client
// that is replaced during the final polls is assigned all keys again.
#ifndef GV_SIM_CORE_LOAD_KAFKA_H
#define GV_SIM_CORE_LOAD_KAFKA_H

#include "load_class.h"

// Maximum number of messages per key: the limit of --max-writes-per-key.
enum { GV_LOAD_KAFKA_MESSAGES_MAX = 64 };

extern const struct gv_load_class gv_load_kafka_class;

// The key of a send; its message is op->value.
uint64_t gv_load_kafka_key(const struct gv_history_op *op);

// The keys of an assign. *from_0: the client begins at offset 0, without a request.
const uint64_t *gv_load_kafka_keys(const struct gv_history_op *op, size_t *count, bool *from_0);

// The number of a key as it stands in a reply: "12". GV_ENOENT: it is none.
int64_t gv_load_kafka_number(const struct gv_json *json, int token);

#endif
