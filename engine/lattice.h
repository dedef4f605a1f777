// SPDX-License-Identifier: MIT
// How versions of an entry merge, and where an entry stands in the tree.
//
// Each lattice totally orders an entry's versions; merging keeps the larger. That is associative,
// commutative and idempotent, so order and repetition of messages do not matter.
#ifndef GV_ENGINE_LATTICE_H
#define GV_ENGINE_LATTICE_H

#include "../codec/entry.h"
#include "../merkle/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

// The entry's position and hash, `ref` 0. If the key is an integer of 64 bits, the position is its
// value, so neighbours stay neighbours; else the position is a keyed hash of the key. Different
// keys may share a position: strings that collide, a string and an integer, 2^63 - 1 and 2^63 - 2.
//
// The hash covers lattice, key and version. For an entry of the set whose key is an integer below
// 2^63 - 1 it is a keyed permutation of the position, so that it tells the position
// (merkle/singlediff.h). For every other entry it covers a second hash of the key, independent of
// the position, so two entries that share a position differ in their hashes but for a chance of
// 2^-64 under a secret that whoever chooses the keys does not know. Without a secret that chance
// holds for keys that collide in the position alone; keys made to collide in both hashes, some 2^32
// trials, are taken for one by sync.
GV_API struct gv_item gv_lattice_item(const struct gv_digest_key *key,
                                      const struct gv_entry *entry);

// The entry's position alone, for which nothing but the key is read.
GV_API uint64_t gv_lattice_position(const struct gv_digest_key *key, const struct gv_entry *entry);

// Whether they are versions of the same entry.
GV_API bool gv_lattice_same(const struct gv_entry *a, const struct gv_entry *b);

// Whether `a` is the larger version; both are of the same entry.
GV_API bool gv_lattice_exceeds(const struct gv_entry *a, const struct gv_entry *b);

#ifdef __cplusplus
}
#endif
#endif
