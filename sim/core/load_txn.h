// SPDX-License-Identifier: MIT
// The transactions that clients of txn-rw-register send, as Elle's generator writes them for
// Maelstrom: 1 to max_length reads and writes, with equal probability, of keys by key_draw.h.
// Unlike in Maelstrom, the first operation of the first transaction is a write, and the run ends
// with reads of all keys.
#ifndef GV_SIM_CORE_LOAD_TXN_H
#define GV_SIM_CORE_LOAD_TXN_H

#include "key_draw.h"
#include "memory.h"

enum {
    GV_LOAD_TXN_LENGTH = 4,       // the default, as Maelstrom's
    GV_LOAD_TXN_LENGTH_MAX = 100, // its bound
    GV_LOAD_TXN_FINAL = 64,       // maximum number of keys that a transaction of final reads has
    GV_LOAD_TXN_OPS_MAX = 100,    // the larger of the two
};

struct gv_load_txn_op {
    bool write;
    int64_t key, value; // value: of a write
};

struct gv_load_txn {
    struct gv_key_draw draw;
    uint32_t max_length;
    uint64_t *final; // by worker: the first key that it has not read at the end
    size_t workers;
    struct gv_load_txn_op ops[GV_LOAD_TXN_OPS_MAX]; // operations of the latest transaction
};

// Takes the options; 0: the default of each.
void gv_load_txn_init(struct gv_load_txn *txn, uint32_t key_count, uint32_t max_length,
                      uint32_t max_writes_per_key);
void gv_load_txn_fini(struct gv_load_txn *txn);

// The next transaction; returns the number of its operations, which are in txn->ops.
uint32_t gv_load_txn_next(struct gv_load_txn *txn, struct gv_prng *prng);

// The next transaction of final reads by a worker, each key once; 0: there is none.
uint32_t gv_load_txn_final(struct gv_load_txn *txn, uint32_t worker);

// Appends the body of the request, without its braces: "type":"txn","txn":[["r",3,null]].
void gv_load_txn_body(const struct gv_load_txn_op *ops, size_t count, struct gv_memory_bytes *body);

#endif
