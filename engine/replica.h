// SPDX-License-Identifier: MIT
// All entries of one node: records in chunks of memory, and the tree over them.
//
// A record is named by a 32-bit reference, its position in units of 16 bytes, which stays good
// until the record has to move: only a register's does, when its texts outgrow their room.
// Looking an entry up is a search in the tree and a comparison of the keys at that position.
#ifndef GV_ENGINE_REPLICA_H
#define GV_ENGINE_REPLICA_H

#include "../codec/entry.h"
#include "lattice.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_REPLICA_CHUNK = 64 << 10, // bytes allocated at a time
    // Of all texts of an entry, which fits into a chunk.
    GV_REPLICA_TEXT_MAX = GV_ENTRY_SIZE_MAX,
};

struct gv_replica {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    struct gv_tree tree;
    uint8_t **chunks;
    uint32_t chunk_count, chunk_cap;
    uint32_t end;            // the next fresh unit
    uint32_t free_lists[13]; // free lists of records, by the logarithm of their units
};

// An empty replica; allocates nothing. `seed` keys the digests.
GV_API void gv_replica_init(struct gv_replica *replica, struct gv_alloc alloc,
                            struct gv_slice seed);
GV_API void gv_replica_fini(struct gv_replica *replica);

// Fills an empty replica: gv_replica_load for each entry, then gv_replica_load_end, also after an
// error. In between the replica is good for nothing else. Entries that come in the order of their
// positions, as gv_lattice_item tells them, cost least; of two versions the larger one stays.
struct gv_replica_load {
    struct gv_item *items; // zeroed at the start, like the rest
    size_t count, cap;
    bool unsorted; // they came out of order
};
// GV_ESPACE, GV_EFULL, GV_ENOMEM: as for gv_replica_put.
GV_API int gv_replica_load(struct gv_replica *replica, struct gv_replica_load *load,
                           const struct gv_entry *entry);
// GV_ENOMEM: the replica is empty then.
GV_API int gv_replica_load_end(struct gv_replica *replica, struct gv_replica_load *load);

// Merges an entry in, which gv_entry_check has passed. 1: the replica changed, *ref is the record;
// 0: it had this version or a larger one. GV_ESPACE: no record holds its texts; GV_EFULL: the
// 64 GiB that references reach are used up; GV_ENOMEM. After an error the replica is as it was. The
// texts must not be the replica's own, as gv_replica_get lends them.
// A changed counter or register keeps its user data (below); a new one's is UINT64_MAX.
GV_API int gv_replica_put(struct gv_replica *replica, const struct gv_entry *entry, uint32_t *ref);

// The stored version. False: there is none.
GV_API bool gv_replica_find(const struct gv_replica *replica, const struct gv_entry *key,
                            uint32_t *ref);
// The record's entry; its texts are borrowed until the next put.
GV_API struct gv_entry gv_replica_get(const struct gv_replica *replica, uint32_t ref);

// A word of the caller's that a counter's or a register's record carries; NULL for a set's, which
// never changes again.
GV_API uint64_t *gv_replica_user_data(struct gv_replica *replica, uint32_t ref);

// The first record at or after *ref and before `end`, in order of storing; false: none. *ref
// becomes that record; *next, where to go on. A walk may be interrupted by puts: it sees every
// entry that was there at its start, but for registers whose records move meanwhile.
GV_API bool gv_replica_walk(const struct gv_replica *replica, uint32_t *ref, uint32_t end,
                            uint32_t *next);

// Most bytes that a put of this entry allocates, if it is new or a larger version; 0: none. O(1).
GV_API uint64_t gv_replica_growth(const struct gv_replica *replica, const struct gv_entry *entry);
// Bytes to reckon with for an entry that will be put later. Several, in any order, allocate no more
// than the sum of theirs, a chunk, and one allocation of the tree.
GV_API uint64_t gv_replica_reservation(const struct gv_entry *entry);
// Whether a version of an entry that is there, at `ref`, fits into its record.
GV_API bool gv_replica_fits(const struct gv_replica *replica, uint32_t ref,
                            const struct gv_entry *entry);

// Bytes held from the allocator.
GV_API uint64_t gv_replica_memory(const struct gv_replica *replica);

#ifdef __cplusplus
}
#endif
#endif
