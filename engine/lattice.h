// SPDX-License-Identifier: MIT
// Lattices: the order of an entry's versions, and an entry's position and hash in the tree.
//
// Each lattice orders the versions of an entry totally, and a merge keeps the larger version
// (state-based CRDTs: Shapiro et al., SSS 2011). Merging is associative, commutative and
// idempotent, so reordered and duplicated messages do no harm. The functions cannot fail.
#ifndef GV_ENGINE_LATTICE_H
#define GV_ENGINE_LATTICE_H

#include "../codec/entry.h"
#include "../merkle/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

// The entry's position and hash, with a `ref` of 0.
//
// Position. A 64-bit integer key is its own position, so consecutive keys are adjacent. The
// position of any other key is a keyed hash of the key. Different keys may share a position:
// strings that collide, a string and an integer, or 2^63 - 1 and 2^63 - 2. The elements of a log
// are adjacent and in the order of their offsets: their position is 11 bits of a keyed hash of the
// log's name, then the offset. So one log in 2,048 has its elements among those of another log.
//
// Hash. The hash covers lattice, key and version. For a set entry with an integer key below 2^63 -
// 1 it is a keyed permutation of the position, which can be inverted (merkle/singlediff.h). For
// every other entry it covers a second keyed hash of the key, independent of the position. So two
// entries that share a position have equal hashes with a probability of 2^-64, if the keys are
// chosen without knowledge of the secret. Without a secret, about 2^32 trials find keys that
// collide in both hashes, which sync cannot distinguish.
struct gv_item gv_lattice_item(const struct gv_digest_key *key, const struct gv_entry *entry);

// The entry's position. Reads only lattice and key.
uint64_t gv_lattice_position(const struct gv_digest_key *key, const struct gv_entry *entry);

// The position of the element of a log with this name and offset. The offset must not exceed
// GV_ENTRY_OFFSET_MAX (asserted).
uint64_t gv_lattice_log_position(const struct gv_digest_key *key, struct gv_slice name,
                                 uint64_t offset);

// Whether both are versions of the same entry, which means that lattice and key are equal.
bool gv_lattice_same(const struct gv_entry *a, const struct gv_entry *b);

// Whether `a` is a larger version of the same entry than `b`.
bool gv_lattice_exceeds(const struct gv_entry *a, const struct gv_entry *b);

#ifdef __cplusplus
}
#endif
#endif
