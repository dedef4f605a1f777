// SPDX-License-Identifier: MIT
// The transactions that clients of txn-rw-register send. As in Maelstrom, which uses Elle's
// generator, a transaction has 1 to max_length operations. Each operation is a read or a write with
// equal probability, of a key drawn by key_draw.h. Unlike in Maelstrom, the first operation of the
// first transaction is a write, and the run ends with reads of all keys.
#ifndef GV_SIM_CORE_LOAD_TXN_H
#define GV_SIM_CORE_LOAD_TXN_H

#include "key_draw.h"
#include "memory.h"

enum {
    GV_LOAD_TXN_LENGTH = 4,       // Maelstrom's default
    GV_LOAD_TXN_LENGTH_MAX = 100, // largest max_length
    GV_LOAD_TXN_FINAL = 64,       // most keys of a transaction of final reads
    GV_LOAD_TXN_OPS_MAX = 100,    // the larger of the two
};

struct gv_load_txn_op {
    bool write;
    int64_t key, value; // `value` is set for a write
};

struct gv_load_txn {
    struct gv_key_draw draw;
    uint32_t max_length;
    uint64_t *final; // by worker: the first key that its final reads have not read yet
    size_t workers;
    struct gv_load_txn_op ops[GV_LOAD_TXN_OPS_MAX]; // operations of the latest transaction
};

// Initialises a generator with these options; 0: the default.
void gv_load_txn_init(struct gv_load_txn *txn, uint32_t key_count, uint32_t max_length,
                      uint32_t max_writes_per_key);
void gv_load_txn_fini(struct gv_load_txn *txn);

// Generates the next transaction in txn->ops. Returns the number of its operations.
uint32_t gv_load_txn_next(struct gv_load_txn *txn, struct gv_prng *prng);

// Generates a worker's next transaction of final reads in txn->ops. Returns the number of its
// reads, or 0 if the worker has read each key once.
uint32_t gv_load_txn_final(struct gv_load_txn *txn, uint32_t worker);

// Appends the body of the request, without its braces: "type":"txn","txn":[["r",3,null]].
void gv_load_txn_body(const struct gv_load_txn_op *ops, size_t count, struct gv_memory_bytes *body);

#endif
