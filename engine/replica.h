// SPDX-License-Identifier: MIT
// The replica: all entries of one node, as records in chunks of memory, and the tree over them.
//
// A record has a 32-bit reference, its offset in units of 16 bytes. It stays valid until the record
// moves, which happens only to a register or a log's element whose texts outgrow it. A lookup seeks
// the key's position in the tree and compares keys there. A chunk that cannot hold the next record
// is cut to its records, so the memory hardly depends on the order in which entries were stored.
#ifndef GV_ENGINE_REPLICA_H
#define GV_ENGINE_REPLICA_H

#include "../codec/entry.h"
#include "lattice.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_REPLICA_CHUNK = 64 << 10, // bytes allocated at a time
    // Longest key, value and node of an entry, bytes; fits into a chunk.
    GV_REPLICA_TEXT_MAX = GV_ENTRY_SIZE_MAX,
};

struct gv_replica_chunk {
    uint8_t *data;
    size_t size; // allocated, bytes
};

struct gv_replica {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    struct gv_tree tree;
    struct gv_replica_chunk *chunks;
    uint32_t chunk_count, chunk_cap;
    uint64_t chunk_bytes;    // allocated for the chunks' data
    uint32_t end;            // end of the records, in units
    uint32_t free_lists[13]; // free records, by the logarithm of their units
};

// An empty replica; allocates nothing. `seed` keys the digests.
void gv_replica_init(struct gv_replica *replica, struct gv_alloc alloc, struct gv_slice seed);
void gv_replica_fini(struct gv_replica *replica);

// --- loading ---------------------------------------------------------------------------------

// Fills an empty replica in one pass: gv_replica_load for each entry, then gv_replica_load_end,
// also after an error. No other function may be called in between. Entries in order of their
// positions (gv_lattice_item) cost least. Of two versions of an entry the larger one stays.
struct gv_replica_load {
    struct gv_item *items; // zero the struct before the first call
    size_t count, cap;
    bool unsorted; // an entry came out of order
};
// GV_ESPACE, GV_EFULL, GV_ENOMEM: as for gv_replica_put.
int gv_replica_load(struct gv_replica *replica, struct gv_replica_load *load,
                    const struct gv_entry *entry);
// GV_ENOMEM: the replica is empty.
int gv_replica_load_end(struct gv_replica *replica, struct gv_replica_load *load);

// --- merging ---------------------------------------------------------------------------------

// Merges an entry that gv_entry_check accepts. It is copied, and must not borrow from this replica.
// 1: the replica changed, and *ref is the record; 0: it had this version or a larger one. After an
// error the replica is unchanged. GV_ESPACE: longer than any record. GV_EFULL: the records reach
// 64 GiB, what references can address. GV_ENOMEM.
// A changed entry keeps its user data; that of a new one is UINT64_MAX.
int gv_replica_put(struct gv_replica *replica, const struct gv_entry *entry, uint32_t *ref);

// A word in the record that the caller may use. NULL for a set's record, which never changes.
uint64_t *gv_replica_user_data(struct gv_replica *replica, uint32_t ref);

// --- reading ---------------------------------------------------------------------------------

// The record of the entry with the lattice and key of `key`. False: there is none.
bool gv_replica_find(const struct gv_replica *replica, const struct gv_entry *key, uint32_t *ref);
// The entry of a record; borrowed until the next put.
struct gv_entry gv_replica_get(const struct gv_replica *replica, uint32_t ref);

// The first record at or after *ref and before `end`, in order of storing: *ref becomes its
// reference, *next the one to continue at. False: there is none. Puts may be interleaved with an
// iteration: it returns every entry that was there at its start, except registers and elements of
// logs whose records move meanwhile.
bool gv_replica_walk(const struct gv_replica *replica, uint32_t *ref, uint32_t end, uint32_t *next);

// --- memory ----------------------------------------------------------------------------------

// Bytes allocated.
uint64_t gv_replica_memory(const struct gv_replica *replica);
// Upper bound of the bytes that a put of this entry allocates, if it is new or a larger version.
// O(1).
uint64_t gv_replica_growth(const struct gv_replica *replica, const struct gv_entry *entry);
// Bytes to reserve for an entry that is put later. Several such entries, in any order, allocate at
// most the sum of these and the slack at the first of them.
uint64_t gv_replica_reservation(const struct gv_entry *entry);
uint64_t gv_replica_slack(const struct gv_replica *replica);
// Whether a version of the entry at `ref` fits into its record.
bool gv_replica_fits(const struct gv_replica *replica, uint32_t ref, const struct gv_entry *entry);

#ifdef __cplusplus
}
#endif
#endif
