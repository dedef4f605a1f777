// SPDX-License-Identifier: MIT
// The interface of a workload's generator. Its callers use load.h.
#ifndef GV_SIM_CORE_LOAD_CLASS_H
#define GV_SIM_CORE_LOAD_CLASS_H

#include "../../codec/json.h"
#include "../../engine/prng.h"
#include "history.h"
#include "memory.h"

enum { GV_LOAD_FINAL_MS = 10000 }; // final operations are invoked this long, as Maelstrom's polls

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

// The requests of clients, and those of the setup. Each has one form of reply (check_protocol.h).
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
    GV_LOAD_NO_REQUEST, // the operation is complete without one
};

// Options of generators; 0: the default, as Maelstrom's.
struct gv_load_shape {
    uint32_t key_count;      // keys in use at a time
    uint32_t max_txn_length; // maximum number of operations in a transaction
    uint32_t max_writes_per_key;
};

struct gv_load {
    enum gv_load_kind kind;
    double rate; // operations a second, over all clients
    struct gv_prng prng;
    int64_t next_value;
    bool added;       // there was an addition
    uint32_t turn;    // the worker whose turn is next; equal to the number of clients: the nemesis
    uint32_t workers; // clients at a time; set by the caller before the first operation, 1 at first
    struct gv_load_shape shape; // likewise, zeroed at first
    gv_time scheduled; // sum of all intervals: the time of the next operation if none is late
    void *state;       // the state of the class; NULL: none
};

struct gv_load_op {
    enum gv_history_kind kind;
    int64_t value;
    struct gv_slice content; // what the generator and the checker of a workload agree on, or empty.
                             // Borrowed until the next call of the load
};

// A workload's generator: one row for each in load.c. The members after `state_size` are only
// called, and must be set, if that is not 0; `worker` is a number below load->workers.
struct gv_load_class {
    bool is_set, is_counter, has_logs;
    // Nodes share state, so the run ends with a quiet phase and final operations.
    bool converges;
    // Maelstrom has no final operations: they are none of the run's operations.
    bool extra_finals;
    // An operation of this kind without a valid reply definitely failed, since it changes nothing.
    bool (*idempotent)(enum gv_history_kind kind); // NULL: never
    struct gv_load_op (*next)(struct gv_load *load);

    size_t state_size; // bytes of load->state, which is zeroed at first; 0: no state
    void (*fini)(struct gv_load *load);
    // Appends the body of the next request of an operation, without its braces.
    enum gv_load_request (*request)(struct gv_load *load, uint32_t worker,
                                    const struct gv_history_op *op, struct gv_memory_bytes *body);
    // Takes the payload of a valid reply of type ok. Returns whether the operation has another
    // request.
    bool (*reply)(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                  enum gv_load_request request, const struct gv_json *json, int token);
    // Takes the end of an operation. The outcome GV_HISTORY_INFO means that the worker's client is
    // replaced by a new one.
    void (*end)(struct gv_load *load, uint32_t worker, const struct gv_history_op *op);
    // The next final operation of a worker, *wait after the one before. False: there is none.
    bool (*final)(struct gv_load *load, uint32_t worker, struct gv_load_op *op, gv_time *wait);
};

#endif
