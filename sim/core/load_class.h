// SPDX-License-Identifier: MIT
// The interface that each workload's generator implements. Callers of generators use load.h.
#ifndef GV_SIM_CORE_LOAD_CLASS_H
#define GV_SIM_CORE_LOAD_CLASS_H

#include "../../codec/json.h"
#include "../../engine/prng.h"
#include "history.h"
#include "memory.h"

// How long final operations are invoked, as long as Maelstrom's final polls.
enum { GV_LOAD_FINAL_MS = 10000 };

enum gv_load_kind {
    GV_LOAD_BROADCAST,
    GV_LOAD_G_SET,
    GV_LOAD_G_COUNTER,
    GV_LOAD_PN_COUNTER,
    GV_LOAD_ECHO,
    GV_LOAD_UNIQUE_IDS,
    GV_LOAD_TXN_RW_REGISTER,
    GV_LOAD_KAFKA,
    GV_LOAD_KINDS,
};

// The requests of clients and of the setup. Each has one form of reply (check_protocol.h).
enum gv_load_request {
    GV_LOAD_INIT,
    GV_LOAD_TOPOLOGY,
    GV_LOAD_BROADCAST_MESSAGE,
    GV_LOAD_ADD,
    GV_LOAD_READ_MESSAGES,
    GV_LOAD_READ_ELEMENTS,
    GV_LOAD_READ_COUNT,
    GV_LOAD_ECHO_TEXT,
    GV_LOAD_GENERATE_ID,
    GV_LOAD_TXN,
    GV_LOAD_SEND,
    GV_LOAD_POLL,
    GV_LOAD_COMMIT_OFFSETS,
    GV_LOAD_LIST_COMMITTED_OFFSETS,
    GV_LOAD_NO_REQUEST, // the operation needs no further request
};

// Options of generators; 0: the default, which is Maelstrom's default.
struct gv_load_shape {
    uint32_t key_count;      // number of keys in use at a time
    uint32_t max_txn_length; // most operations of a transaction
    uint32_t max_writes_per_key;
};

struct gv_load {
    enum gv_load_kind kind;
    double rate; // operations per second of all clients together
    struct gv_prng prng;
    int64_t next_value;
    bool added;       // an addition was generated
    uint32_t turn;    // the worker whose turn is next; `workers`: the nemesis
    uint32_t workers; // number of clients at a time, initially 1; set before the first operation
    struct gv_load_shape shape; // initially zeroed; set before the first operation
    gv_time scheduled; // when the next operation is invoked if none was late: the sum of intervals
    void *state;       // of the class; NULL: the class has no state
};

struct gv_load_op {
    enum gv_history_kind kind;
    int64_t value;
    struct gv_slice content; // as the generator and the checker of a workload define it, or empty;
                             // borrowed until the next call of the load
};

// A workload's generator; load.c has one row for each. The functions after `state_size` are called,
// and must be set, only if `state_size` is not 0; `worker` is a number below load->workers.
struct gv_load_class {
    bool is_set, is_counter, has_logs;
    // Nodes share state, so the run ends with a quiet phase and final operations.
    bool converges;
    // Maelstrom has no final operations for this workload, so they do not count as operations.
    bool extra_finals;
    // An operation of this kind without a valid reply definitely failed, since it changes nothing.
    bool (*idempotent)(enum gv_history_kind kind); // NULL: never
    struct gv_load_op (*next)(struct gv_load *load);

    size_t state_size; // bytes of load->state, initially zeroed; 0: no state
    void (*fini)(struct gv_load *load);
    // Appends the body of the next request of an operation, without its braces.
    enum gv_load_request (*request)(struct gv_load *load, uint32_t worker,
                                    const struct gv_history_op *op, struct gv_memory_bytes *body);
    // Handles the payload of a valid reply of type ok. Returns whether the operation has another
    // request.
    bool (*reply)(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                  enum gv_load_request request, const struct gv_json *json, int token);
    // Handles the end of an operation. With the outcome GV_HISTORY_INFO, a new client replaces the
    // worker's client.
    void (*end)(struct gv_load *load, uint32_t worker, const struct gv_history_op *op);
    // Sets *op to the next final operation of a worker, and *wait to the time between it and the
    // operation before. Returns false if there are no more.
    bool (*final)(struct gv_load *load, uint32_t worker, struct gv_load_op *op, gv_time *wait);
};

#endif
