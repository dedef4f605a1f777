// SPDX-License-Identifier: MIT
// Registers: an index of the transactions in a replica that finds the last write of each key.
//
// A transaction is an element of a log. Its key is [WRITER,STAMP], and its value is the list of its
// writes, [[KEY,VALUE],…]. So a replica has either all writes of a transaction or none. Of several
// writes of a key, the write with the larger stamp wins; if stamps are equal, the writer whose name
// has the larger bytes. So replicas with the same transactions have the same registers, in whatever
// order the transactions arrived.
//
// The view is a hash table that copies no keys or values. Each slot refers to the record of the
// winning transaction and to the offset of the key in that record's value. Elements of a log do not
// change. If a faulty node has given one stamp to two transactions, a merge may replace an element;
// the view is then built again.
#ifndef GV_NODE_REGISTERS_H
#define GV_NODE_REGISTERS_H

#include "../engine/engine.h"

// A slot of the table.
struct gv_registers_slot {
    uint32_t at; // the winner's record, a cursor of gv_engine_walk; UINT32_MAX: the slot is free
    uint16_t offset; // of the key in the value of that record, bytes
    uint16_t tag;    // the upper bits of the key's hash
};

struct gv_registers {
    struct gv_alloc alloc;
    struct gv_digest_key key; // of the hashes, so that clients cannot choose keys that collide
    struct gv_registers_slot *slots;
    uint32_t cap;      // number of slots, 0 or a power of two; at most three quarters are in use
    uint32_t count;    // slots in use
    uint32_t cursor;   // records before it are in the view
    uint64_t replaced; // gv_engine_stats.replaced_elements at the last update
    uint64_t stamp;    // largest stamp in the replica; 0: none
};

// Initialises an empty view; allocates nothing. `seed` should be unpredictable.
void gv_registers_init(struct gv_registers *registers, struct gv_alloc alloc, uint64_t seed);
void gv_registers_fini(struct gv_registers *registers);

// Brings the view up to date with the replica. Ignores elements that are not transactions. O(new
// records). GV_ENOMEM: the view lacks records, and must not be read before an update succeeds.
int gv_registers_update(struct gv_registers *registers, const struct gv_engine *engine);

// Makes room for `keys` new keys, so that the next update that adds them allocates no memory.
// GV_ENOMEM.
int gv_registers_reserve(struct gv_registers *registers, const struct gv_engine *engine,
                         size_t keys);

// Sets *value to the value of a key, canonical JSON, borrowed until the replica changes. Returns
// false if no transaction has written the key. The view must be up to date. O(1).
bool gv_registers_get(const struct gv_registers *registers, const struct gv_engine *engine,
                      struct gv_slice key, struct gv_slice *value);

// The hash of a key.
static inline uint64_t gv_registers_hash(const struct gv_registers *registers,
                                         struct gv_slice key) {
    return gv_digest_hash(&registers->key, key.data, key.len);
}

// The bytes that the view uses, plus the bytes of the larger table while it grows the next time.
uint64_t gv_registers_memory(const struct gv_registers *registers);

#endif
