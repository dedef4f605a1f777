// SPDX-License-Identifier: MIT
// The replica: all entries of one node, as records in chunks of memory, and the tree over them.
//
// A record has a 32-bit reference, which is its offset in units of 16 bytes. The reference stays
// valid until the record moves. Only the record of a register or of a log's element moves, when
// key, value and node outgrow it. A lookup seeks the key's position in the tree and compares the
// keys there. When the next record does not fit into a chunk, the unused rest of the chunk is
// freed, so the order in which entries are stored hardly changes the memory that they take.
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
    size_t size; // bytes allocated for the chunk
};

struct gv_replica {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    struct gv_tree tree;
    struct gv_replica_chunk *chunks;
    uint32_t chunk_count, chunk_cap;
    uint64_t chunk_bytes;    // bytes allocated for all chunks' data
    uint32_t end;            // end of the records, in units
    uint32_t free_lists[13]; // unused records, by the logarithm of their units
};

// Initialises an empty replica; allocates nothing. `seed` keys the digests.
void gv_replica_init(struct gv_replica *replica, struct gv_alloc alloc, struct gv_slice seed);
void gv_replica_fini(struct gv_replica *replica);

// --- loading ---------------------------------------------------------------------------------

// Fills an empty replica in one pass: call gv_replica_load for each entry, then
// gv_replica_load_end, even after an error. No other function may be called in between. Loading is
// fastest if entries come in order of their positions (gv_lattice_item). Of two versions of an
// entry, the larger one is kept.
struct gv_replica_load {
    struct gv_item *items; // zero the struct before the first call
    size_t count, cap;
    bool unsorted; // an entry came out of order
};
// GV_ESPACE, GV_EFULL, GV_ENOMEM: as for gv_replica_put.
int gv_replica_load(struct gv_replica *replica, struct gv_replica_load *load,
                    const struct gv_entry *entry);
// GV_ENOMEM: the replica is empty then.
int gv_replica_load_end(struct gv_replica *replica, struct gv_replica_load *load);

// --- merging ---------------------------------------------------------------------------------

// Merges an entry that gv_entry_check accepts. The entry is copied, and must not borrow from this
// replica. Returns 1 if the replica changed, with *ref set to the record, or 0 if it had this
// version or a larger one. After an error the replica is unchanged. GV_ESPACE: the entry is longer
// than any record. GV_EFULL: the records reach 64 GiB, the limit of what references can address.
// GV_ENOMEM.
// A changed entry keeps its user data. The user data of a new one is UINT64_MAX.
int gv_replica_put(struct gv_replica *replica, const struct gv_entry *entry, uint32_t *ref);

// A word in the record that the caller may use. NULL for a set's record, which never changes.
uint64_t *gv_replica_user_data(struct gv_replica *replica, uint32_t ref);

// --- reading ---------------------------------------------------------------------------------

// Finds the record of the entry with the lattice and key of `key`. Returns false if there is none.
bool gv_replica_find(const struct gv_replica *replica, const struct gv_entry *key, uint32_t *ref);
// The entry of a record; borrowed until the next put.
struct gv_entry gv_replica_get(const struct gv_replica *replica, uint32_t ref);

// Finds the first record at or after *ref and before `end`, in order of storing. Sets *ref to its
// reference, and *next to the reference at which to continue. Returns false if there is none. Puts
// may be interleaved with an iteration. It returns every entry that was there at its start, except
// registers and elements of logs whose records move meanwhile.
bool gv_replica_walk(const struct gv_replica *replica, uint32_t *ref, uint32_t end, uint32_t *next);

// --- memory ----------------------------------------------------------------------------------

// The number of bytes allocated.
uint64_t gv_replica_memory(const struct gv_replica *replica);
// An upper bound on the bytes that a put of this entry allocates, if it is new or a larger version.
// O(1).
uint64_t gv_replica_growth(const struct gv_replica *replica, const struct gv_entry *entry);
// The bytes to reserve for an entry that is put later. Several such entries, in any order, allocate
// at most the sum of their reservations and the slack at the first put.
uint64_t gv_replica_reservation(const struct gv_entry *entry);
uint64_t gv_replica_slack(const struct gv_replica *replica);
// Whether this version of the entry at `ref` fits into the entry's record.
bool gv_replica_fits(const struct gv_replica *replica, uint32_t ref, const struct gv_entry *entry);

#ifdef __cplusplus
}
#endif
#endif
