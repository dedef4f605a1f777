// SPDX-License-Identifier: MIT
// The generator of the workload kafka, as Maelstrom's (maelstrom.workload.kafka,
// jepsen.tests.kafka without transactions of several micro-operations). An operation is
//   send    one request
//   poll    returns messages of all keys that are assigned to the client, each key from the offset
//           after the last message returned; if there were messages, commit_offsets follows with
//           the highest returned offset of each key
//   assign  assigns the key of the next send or poll to the client, and in a third of the cases all
//           keys with messages that no poll has returned yet. One operation in 64 is an assign. The
//           client keeps its offset for keys that it had, and asks list_committed_offsets for
//           others
//   crash   a new client replaces the client, every 30 s on average; no key is assigned to it
// At the end each client crashes, is assigned every key from offset 0 (without a request), and
// polls every 200 ms on average until it has received the highest known offset of each key.
//
// Unlike in Maelstrom, the first send or poll is always a send, so that even a short run sends a
// message; and all keys are assigned again to a client that replaces another during the final
// polls.
#ifndef GV_SIM_CORE_LOAD_KAFKA_H
#define GV_SIM_CORE_LOAD_KAFKA_H

#include "load_class.h"

// Most messages of a key; --max-writes-per-key must not exceed it.
enum { GV_LOAD_KAFKA_MESSAGES_MAX = 64 };

extern const struct gv_load_class gv_load_kafka_class;

// The key of a send; its message is op->value.
uint64_t gv_load_kafka_key(const struct gv_history_op *op);

// The keys of an assign. *from_0: the client begins at offset 0, without a request.
const uint64_t *gv_load_kafka_keys(const struct gv_history_op *op, size_t *count, bool *from_0);

// The number of a key, which replies contain as a string such as "12". GV_ENOENT: it is not a
// number.
int64_t gv_load_kafka_number(const struct gv_json *json, int token);

#endif
