// SPDX-License-Identifier: MIT
// Keeping a replica on disk: what an engine and a store of any kind say to each other.
//
// A store keeps records, bytes under a key of bytes, and hands them back in the order of the keys.
// An entry's key begins with its place, so that a replica is loaded in the order of its tree and
// built in one pass. node/store_lmdb.h is a store of this kind; bring your own by filling in
// struct gv_store. The engine itself writes nothing: its owner collects entries in a batch, has
// the store write it, in a thread of its own if that takes long, and answers for them then.
//
//   a key     place (8 bytes, big-endian), lattice (1), the entry's key. If that is longer than
//             GV_STORE_INLINE, bit 7 of the lattice is set, and the first GV_STORE_HEAD bytes and
//             the key's identity (8, gv_digest_identity) stand there.
//   a value   set: nothing. Counter: the count (8 bytes, little-endian). Register: lamport (8),
//             length of the value (varint), value, length of the node (varint), node.
//             Behind it the rest of the key, if it was too long.
//
// A NULL argument is an error: GV_EINVAL, or false, or nothing is done.
//
// Places depend on the cluster's secret. Under another one everything is found again, out of
// order; what is written anew then leaves its former record behind, which merges into it.
#ifndef GV_ENGINE_STORE_H
#define GV_ENGINE_STORE_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_STORE_INLINE = 256, // longest key of an entry that stands whole in a record's key
    GV_STORE_HEAD = 240,
    GV_STORE_WAITING_MAX = 3072,            // entries that wait and are told apart (gv_store_admit)
    GV_STORE_KEY_MAX = 9 + GV_STORE_INLINE, // longest key of a record, bytes
};

struct gv_store_record {
    struct gv_slice key, value;
};

// Records to be written together. Zeroed it is empty; `data` comes from the allocator given.
struct gv_store_batch {
    uint8_t *data;
    size_t len, cap;
    uint32_t count;
};

// What a store does. Each returns 0 or a negative GV_E*, and text() then says more, for people.
// One call at a time, though from any thread.
struct gv_store {
    void *ctx;
    // Calls take() for every record, in the order of their keys' bytes, until it fails; returns
    // what it did. The record is borrowed for the call. GV_ECORRUPT: what is there makes no sense.
    int (*load)(void *ctx, int (*take)(void *take_ctx, const struct gv_store_record *record),
                void *take_ctx);
    // Writes a batch: each record in the place of the one of the same key. All or nothing. When it
    // returns 0 the records survive whatever the store promises to survive. GV_EFULL: no room; a
    // later call may find some.
    int (*write)(void *ctx, const struct gv_store_batch *batch);
    const char *(*text)(void *ctx);
};

// Fills an engine that has no entries yet, whatever its bounds: gv_engine_stats tells what they are
// and what is there. GV_EINVAL: it has entries; GV_ECORRUPT: a record is malformed, or its entry is
// none that gv_entry_check passes; GV_EFULL: the replica reaches 64 GiB; GV_ENOMEM; what the
// store's load returns. After an error the engine is good for gv_engine_free only.
GV_API int gv_store_load(const struct gv_store *store, struct gv_engine *engine);

// For an entry that is to be on disk before it is in the engine: 0 if gv_engine_put would take it
// now, as if all that was admitted before were there, or the error that it would return. From then
// on it counts as if it were there, until one of the next two is called for it, once. Versions of
// one entry that wait at once count as one entry. Only while GV_STORE_WAITING_MAX entries wait,
// each version of another one counts by itself. The first call allocates 96 KiB; if it cannot, each
// version counts by itself, too.
GV_API int gv_store_admit(struct gv_engine *engine, const struct gv_entry *entry);
// The entry, as gv_store_get returns it, is in the store: puts it into the engine, whatever the
// bounds. `changed` is called only if the engine has a larger version, which the store then lacks.
// 1: stored; 0: the replica already had this version or a larger one; what gv_entry_check returns,
// and nothing changes then; GV_EFULL: the replica reaches 64 GiB; GV_ENOMEM.
GV_API int gv_store_apply(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
// The entry will not be put.
GV_API void gv_store_release(struct gv_engine *engine, const struct gv_entry *entry);

// Appends an entry, which gv_entry_check passes, to a batch; or, if the engine has a larger
// version, that one, as a record takes the place of the one before. (So of two versions of one
// entry that wait at once, the one that is appended later must be the larger.) GV_EINVAL: it has no
// key or no known lattice; GV_ENOMEM. Nothing was appended after either.
GV_API int gv_store_put(struct gv_store_batch *batch, struct gv_alloc alloc,
                        const struct gv_engine *engine, const struct gv_entry *entry);
// Frees the batch's memory and leaves it empty.
GV_API void gv_store_drop(struct gv_store_batch *batch, struct gv_alloc alloc);

// The record at *at, 0 being the first; moves *at behind it. False: no more.
GV_API bool gv_store_next(const struct gv_store_batch *batch, size_t *at,
                          struct gv_store_record *out);

// Reads a record's entry. Its key is a part of the record or, if it was too long for that, put
// together in `scratch`, of GV_STORE_SCRATCH bytes. GV_ECORRUPT: it is none of gv_store_put's, or
// its entry is none that gv_entry_check passes.
enum { GV_STORE_SCRATCH = 64 << 10 };
GV_API int gv_store_get(const struct gv_store_record *record, uint8_t *scratch,
                        struct gv_entry *out);
// The same for a record of an older version: whether gv_entry_check passes its entry is not asked.
GV_API int gv_store_get_any(const struct gv_store_record *record, uint8_t *scratch,
                            struct gv_entry *out);

#ifdef __cplusplus
}
#endif
#endif
