// SPDX-License-Identifier: MIT
// The interface between an engine and a store, which keeps the replica's entries on disk.
//
// A store keeps records, each a value under a key, and returns them in order of the keys' bytes. An
// entry's record key begins with its position, so a replica is loaded in the order of its tree and
// built in one pass. node/storage/store_lmdb.h is such a store; to use another one, fill in struct
// gv_store. The engine writes nothing itself. For a write that must be durable before it takes
// effect, the owner calls in this order:
//   gv_store_reserve      the engine admits the entry and reserves memory for it
//   gv_store_batch_put    adds the entry to a batch
//   gv_store.write        makes the batch durable, perhaps in another thread
//   gv_store_apply        puts the entry into the engine
//   gv_store_release      instead of gv_store_apply, if the write failed: ends the reservation
//
// A record replaces the stored one. So batches must be written in the order in which entries were
// appended to them; otherwise a record could replace a larger version.
//
// Format of a record:
//   key    position (8 bytes, big-endian), lattice (1), the entry's key. If the key is longer than
//          GV_STORE_KEY_INLINE_MAX, bit 7 of the lattice is set, and instead of the key there are
//          its first GV_STORE_KEY_PREFIX bytes and its second hash (8, gv_digest_hash2).
//   value  the fields that the lattice has (gv_entry_lattices): lamport and count (8 bytes each,
//          little-endian), value and node, each after its length (varint). At the end, the rest of
//          a key that is longer than GV_STORE_KEY_INLINE_MAX.
//
// Positions depend on the cluster's secret. A store written under another secret loads completely,
// but not in order. Entries that are written again get new records. The old records stay, and each
// load merges them with the new ones.
//
// If an argument is NULL, or a slice has a length but no data, a function returns GV_EINVAL or
// false, or does nothing. If gv_entry_check refuses an entry, a function returns the error of
// gv_entry_check, or does nothing.
#ifndef GV_ENGINE_STORE_H
#define GV_ENGINE_STORE_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_STORE_KEY_INLINE_MAX = 256, // longest entry key that a record's key contains, bytes
    GV_STORE_KEY_PREFIX = 240,     // bytes of a longer entry key that a record's key contains
    GV_STORE_RESERVED_MAX = 3072,  // reservations are counted exactly for at most this many entries
    GV_STORE_KEY_MAX = 9 + GV_STORE_KEY_INLINE_MAX, // longest record key, bytes
    GV_STORE_SCRATCH = 64 << 10,                    // scratch memory of gv_store_decode, bytes
};

struct gv_store_record {
    struct gv_slice key, value;
};

// Records to be written together. Zeroed: no records.
struct gv_store_batch {
    uint8_t *data; // from the allocator passed to gv_store_batch_put
    size_t len, cap;
    uint32_t count; // number of records
};

// The functions of a store. Each returns 0 or a negative GV_E*; text() then describes the error for
// people. They may be called from any thread, but only one at a time.
struct gv_store {
    void *ctx;
    // Calls take() for each record, in order of the keys' bytes, until take() returns an error,
    // which load() then returns. Records are borrowed for the call. GV_ECORRUPT: the stored data is
    // damaged.
    int (*load)(void *ctx, int (*take)(void *take_ctx, const struct gv_store_record *record),
                void *take_ctx);
    // Writes a batch atomically. A record replaces the one with the same key. After 0 the records
    // are as durable as the store promises. GV_EFULL: no space; a later call may succeed.
    int (*write)(void *ctx, const struct gv_store_batch *batch);
    const char *(*text)(void *ctx);
};

// Loads all entries of a store into an engine that has no entries, ignoring the engine's limits
// (gv_engine_stats shows both). Call it before gv_engine_join. GV_EINVAL: the engine has entries.
// GV_ECORRUPT: a record is malformed, or gv_entry_check refuses its entry. GV_EFULL: the records
// reach 64 GiB. GV_ENOMEM. Other errors come from the store's load(). After an error, only
// gv_engine_free may be called.
int gv_store_load(const struct gv_store *store, struct gv_engine *engine);

// Reserves space for an entry that is written to the store before it is put into the engine.
// Returns 0 if gv_engine_put would admit the entry once all reserved entries are stored, otherwise
// the error that gv_engine_put would return. From then on the entry counts in memory_max and
// entries_max, until gv_store_apply or gv_store_release is called for it, exactly once.
// Reserved versions of one entry count once, for up to GV_STORE_RESERVED_MAX entries. Above that
// number, or if the first call cannot allocate its table of 96 KiB, each version counts.
int gv_store_reserve(struct gv_engine *engine, const struct gv_entry *entry);
// Puts an entry that the store has into the engine, ignoring the engine's limits, and ends its
// reservation. Returns 1 if the replica changed, 0 if it had this version or a larger one. If
// gv_entry_check refuses the entry, nothing changes. GV_EFULL: the records reach 64 GiB. GV_ENOMEM.
int gv_store_apply(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
// Ends the reservation of an entry that will not be put. No effect if the entry has none.
void gv_store_release(struct gv_engine *engine, const struct gv_entry *entry);

// Appends an entry to a batch. If the engine has a larger version, appends that version, because a
// record replaces the stored one. Of two reserved versions of one entry, append the smaller one
// first. After an error nothing was appended. GV_ENOMEM, or an error of gv_entry_check.
int gv_store_batch_put(struct gv_store_batch *batch, struct gv_alloc alloc,
                       const struct gv_engine *engine, const struct gv_entry *entry);
// Frees the batch's memory and leaves it empty.
void gv_store_batch_free(struct gv_store_batch *batch, struct gv_alloc alloc);

// Reads the record at offset *at, which is 0 for the first one, and moves *at past it. The record
// borrows the batch's memory. Returns false if there are no more records.
bool gv_store_batch_next(const struct gv_store_batch *batch, size_t *at,
                         struct gv_store_record *out);

// Reads the entry of a record. The entry borrows the record and, if its key is longer than
// GV_STORE_KEY_INLINE_MAX, `scratch`, which has GV_STORE_SCRATCH bytes. GV_ECORRUPT:
// gv_store_batch_put has not written the record, or gv_entry_check refuses its entry.
int gv_store_decode(const struct gv_store_record *record, uint8_t *scratch, struct gv_entry *out);
// As gv_store_decode without gv_entry_check, for records of older versions.
int gv_store_decode_any(const struct gv_store_record *record, uint8_t *scratch,
                        struct gv_entry *out);

#ifdef __cplusplus
}
#endif
#endif
