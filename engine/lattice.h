// SPDX-License-Identifier: MIT
// Lattices: the order of an entry's versions, and an entry's position and hash in the tree.
//
// Each lattice orders the versions of an entry totally; a merge keeps the larger one (state-based
// CRDTs: Shapiro et al., SSS 2011). Merging is associative, commutative and idempotent, so
// reordered and duplicated messages do no harm. Functions here cannot fail.
#ifndef GV_ENGINE_LATTICE_H
#define GV_ENGINE_LATTICE_H

#include "../codec/entry.h"
#include "../merkle/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

// The entry's position and hash, with a `ref` of 0.
//
// Position: an integer key of 64 bits is its own position, so consecutive keys are adjacent; for
// other keys it is a keyed hash of the key. Different keys may share a position: strings that
// collide, a string and an integer, 2^63 - 1 and 2^63 - 2. The elements of a log are adjacent and
// in the order of their offsets: 11 bits of a keyed hash of the name, then the offset. So one log
// in 2,048 has its elements among those of another one.
//
// Hash: covers lattice, key and version. For a set's entry with an integer key below 2^63 - 1 it is
// a keyed permutation of the position, which can be inverted (merkle/singlediff.h). For every other
// entry it covers a second keyed hash of the key, independent of the position. So two entries that
// share a position have equal hashes with a probability of 2^-64, if the keys are chosen without
// knowledge of the secret. Without a secret this holds for keys that collide in the position only;
// sync cannot distinguish keys made to collide in both hashes, which takes about 2^32 trials.
struct gv_item gv_lattice_item(const struct gv_digest_key *key, const struct gv_entry *entry);

// The entry's position; reads lattice and key only.
uint64_t gv_lattice_position(const struct gv_digest_key *key, const struct gv_entry *entry);

// The position of an element of the log of this name. The offset is at most GV_ENTRY_OFFSET_MAX
// (asserted).
uint64_t gv_lattice_log_position(const struct gv_digest_key *key, struct gv_slice name,
                                 uint64_t offset);

// Whether both are versions of the same entry: lattice and key are equal.
bool gv_lattice_same(const struct gv_entry *a, const struct gv_entry *b);

// Whether `a` is a larger version than `b`, of the same entry.
bool gv_lattice_exceeds(const struct gv_entry *a, const struct gv_entry *b);

#ifdef __cplusplus
}
#endif
#endif
