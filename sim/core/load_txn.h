// SPDX-License-Identifier: MIT
// The transactions that clients of txn-rw-register send, as Elle's generator writes them for
// Maelstrom: 1 to max_length operations, each a read or a write with equal probability, on one of
// key_count active keys. Key i of these is 2^i times as likely as the first. The writes of a key
// are 1, 2, 3 …; after max_writes of them, a new key takes its place. Unlike in Maelstrom, the
// first operation of the first transaction is a write, and the run ends with reads of all keys.
#ifndef GV_SIM_CORE_LOAD_TXN_H
#define GV_SIM_CORE_LOAD_TXN_H

#include "../../engine/prng.h"
#include "memory.h"

enum {
    GV_LOAD_TXN_KEYS = 10, // defaults, as Maelstrom's
    GV_LOAD_TXN_LENGTH = 4,
    GV_LOAD_TXN_WRITES = 16,
    GV_LOAD_TXN_KEYS_MAX = 1000, // bounds of these
    GV_LOAD_TXN_LENGTH_MAX = 100,
    GV_LOAD_TXN_FINAL = 64, // keys of a transaction of final reads
};

struct gv_load_txn_op {
    bool write;
    int64_t key, value; // value: of a write
};

struct gv_load_txn {
    uint32_t key_count, max_length; // 0: the default
    uint64_t max_writes;
    int64_t *keys;    // the active ones, by index
    uint64_t *writes; // of these, by index
    int64_t next_key; // all keys so far are below it
    bool any;         // there was a transaction
    int64_t *final;   // by worker: the first key that it has not read at the end
    size_t workers;
    struct gv_load_txn_op *ops; // of the latest transaction
};

// Zeroed, and `key_count`, `max_length` and `max_writes` set as wanted: at most their bounds; the
// number of writes is unbounded.
void gv_load_txn_fini(struct gv_load_txn *txn);

// The next transaction; returns the number of its operations, which are in txn->ops.
uint32_t gv_load_txn_next(struct gv_load_txn *txn, struct gv_prng *prng);

// The next transaction of final reads by a worker, each key once; 0: there is none.
uint32_t gv_load_txn_final(struct gv_load_txn *txn, uint32_t worker);

// Appends the body of the request, without its braces: "type":"txn","txn":[["r",3,null]].
void gv_load_txn_body(const struct gv_load_txn_op *ops, size_t count, struct gv_memory_bytes *body);

#endif
