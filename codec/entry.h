// SPDX-License-Identifier: MIT
// Entries of the replicated map, and the check of an entry. The same check applies to entries that
// are written locally, loaded or received, so an entry that one node accepts is accepted by every
// node, also after a restart.
#ifndef GV_CODEC_ENTRY_H
#define GV_CODEC_ENTRY_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

// How two versions of an entry merge. The larger version wins.
enum gv_lattice {
    GV_LATTICE_SET,      // one version only: the key is present
    GV_LATTICE_COUNTER,  // ordered by count
    GV_LATTICE_REGISTER, // ordered by (lamport, node, value); node and value by their bytes
};

// One entry of the replicated map. Entries that share lattice and key are versions of one entry.
// The slices are borrowed. Fields that belong to other lattices are 0 or empty.
struct gv_entry {
    enum gv_lattice lattice;
    struct gv_slice key;   // canonical JSON text (json.h)
    uint64_t count;        // counter: its value
    struct gv_slice value; // register: canonical JSON text
    uint64_t lamport;      // register: Lamport time of the write
    struct gv_slice node;  // register: the writer, the canonical text of a string
};

// Limits of the protocol, which every node accepts. Every entry within these limits fits alone into
// a message of GV_MESSAGE_LIMIT bytes and GV_MESSAGE_DEPTH levels (message.c asserts this).
enum {
    GV_ENTRY_SIZE_MAX = 65024, // key, value and node together, bytes
    GV_ENTRY_NODE_MAX = 255,   // node with its quotes, bytes
    GV_ENTRY_DEPTH_SET = 59,   // deepest nesting of a set's key
    GV_ENTRY_DEPTH = 58,       // deepest nesting of other keys, and of values
};

// Checks that an entry is well-formed and within the limits. Returns 0 or an error; *fault is then
// a static text that describes it. `fault` must not be NULL.
//   GV_EINVAL   the lattice is unknown, a field of the lattice is missing, or a field that belongs
//               only to other lattices is set
//   GV_ESYNTAX  the key, value or node is not canonical JSON
//   GV_ETYPE    the node is not a string
//   GV_ERANGE   nested deeper than GV_ENTRY_DEPTH_SET or GV_ENTRY_DEPTH
//   GV_ESPACE   longer than GV_ENTRY_SIZE_MAX or GV_ENTRY_NODE_MAX
// Allocates nothing. Takes about a quarter of a nanosecond per byte.
int gv_entry_check(const struct gv_entry *entry, const char **fault);

// The same check for an entry whose texts are known to be canonical JSON, because
// gv_json_canonical, gv_json_quote or gv_message_next wrote them. Checks only sizes and nesting;
// never returns GV_ESYNTAX.
int gv_entry_check_canonical(const struct gv_entry *entry, const char **fault);

// The length of key, value and node together, bytes.
static inline size_t gv_entry_size(const struct gv_entry *entry) {
    return entry->key.len + entry->value.len + entry->node.len;
}

#ifdef __cplusplus
}
#endif
#endif
