// SPDX-License-Identifier: MIT
// How versions of an entry merge, and where an entry stands in the tree.
//
// Each lattice totally orders an entry's versions; merging keeps the larger. That is associative,
// commutative and idempotent, so order and repetition of messages do not matter.
#ifndef GV_ENGINE_LATTICE_H
#define GV_ENGINE_LATTICE_H

#include "../codec/message.h"
#include "../merkle/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

// The entry's place and hash, `ref` 0. Where the key is an integer of 64 bits the place is its
// value, so neighbours stay neighbours; else it is spread by the hash. The hash covers lattice,
// key and version.
GV_API struct gv_item gv_lattice_item(const struct gv_digest_key *key,
                                      const struct gv_entry *entry);

// Whether they are versions of the same entry.
GV_API bool gv_lattice_same(const struct gv_entry *a, const struct gv_entry *b);

// Whether `a` is the larger version; both are of the same entry.
GV_API bool gv_lattice_exceeds(const struct gv_entry *a, const struct gv_entry *b);

#ifdef __cplusplus
}
#endif
#endif
