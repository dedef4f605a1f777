// SPDX-License-Identifier: MIT
// Registers: the last write of each key, a view of the transactions in a replica.
//
// A transaction is an element of a log. Its key is [WRITER,STAMP], its value the writes,
// [[KEY,VALUE],…]. So a replica has all of a transaction or nothing. The write of the larger
// (STAMP, WRITER) wins a key: the later stamp, then the bytes of the writer's name. All replicas
// that have the same transactions thus have the same registers, in whatever order they arrived.
//
// The view copies nothing. It is a hash table whose slots refer to the winner's record and to the
// place of the key in its value. An element of a log does not change; if a faulty node gave one
// offset to two values, the view is built again.
#ifndef GV_NODE_REGISTERS_H
#define GV_NODE_REGISTERS_H

#include "../engine/engine.h"

// A slot of the table.
struct gv_registers_slot {
    uint32_t at; // the winner's record, a cursor of gv_engine_walk; UINT32_MAX: the slot is free
    uint16_t offset; // where the key begins in the value of that record, bytes
    uint16_t tag;    // bits of the key's hash
};

struct gv_registers {
    struct gv_alloc alloc;
    struct gv_digest_key key; // keys the hashes, so that nobody can choose keys that collide
    struct gv_registers_slot *slots;
    uint32_t cap; // slots, 0 or a power of two; at most three quarters are in use
    uint32_t count;
    uint32_t cursor;   // records before it are in the view
    uint64_t replaced; // gv_engine_stats.replaced_elements at the last update
    uint64_t stamp;    // largest stamp in the replica; 0: none
};

// An empty view; allocates nothing. `seed` should be unpredictable.
void gv_registers_init(struct gv_registers *registers, struct gv_alloc alloc, uint64_t seed);
void gv_registers_fini(struct gv_registers *registers);

// Brings the view up to date with the replica. Elements of another form are ignored. O(new
// records). GV_ENOMEM: the view misses records, and must not be read before an update succeeds.
int gv_registers_update(struct gv_registers *registers, const struct gv_engine *engine);

// Makes room for this number of new keys, so that the update that adds them allocates nothing.
// GV_ENOMEM.
int gv_registers_reserve(struct gv_registers *registers, const struct gv_engine *engine,
                         size_t keys);

// The value of a key, canonical JSON; borrowed until the replica changes. False: nobody has written
// it. The view is up to date. O(1).
bool gv_registers_get(const struct gv_registers *registers, const struct gv_engine *engine,
                      struct gv_slice key, struct gv_slice *value);

// The hash of a key.
static inline uint64_t gv_registers_hash(const struct gv_registers *registers,
                                         struct gv_slice key) {
    return gv_digest_hash(&registers->key, key.data, key.len);
}

// The bytes that the view takes, including what it takes while it grows the next time.
uint64_t gv_registers_memory(const struct gv_registers *registers);

#endif
