// SPDX-License-Identifier: MIT
// What an entry may be: the one rule that is asked wherever an entry comes in, be it written,
// loaded or received. So whatever one node has taken, every node takes, at any later start.
#ifndef GV_CODEC_ENTRY_H
#define GV_CODEC_ENTRY_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

// How two versions of an entry merge.
enum gv_lattice {
    GV_LATTICE_SET,      // presence; there is one version only
    GV_LATTICE_COUNTER,  // the larger count
    GV_LATTICE_REGISTER, // the larger (lamport, node, value)
};

// One entry of the replicated map. Two entries are versions of the same one if lattice and key
// are equal. `key` and `value` are canonical JSON texts (json.h), `node` is one of a string.
struct gv_entry {
    enum gv_lattice lattice;
    struct gv_slice key;
    uint64_t count;        // counter
    struct gv_slice value; // register
    uint64_t lamport;      // register
    struct gv_slice node;  // register
};

// Limits of the protocol: every node accepts what they allow. An entry of GV_ENTRY_SIZE_MAX fits
// alone into a message (message.c asserts it). A line is nested GV_MESSAGE_DEPTH levels at most.
enum {
    GV_ENTRY_SIZE_MAX = 65024, // longest key, value and node together, bytes
    GV_ENTRY_NODE_MAX = 255,   // longest node, bytes, its quotes included
    GV_ENTRY_DEPTH_SET = 59,   // deepest nesting of a set's key
    GV_ENTRY_DEPTH = 58,       // deepest nesting of other keys, and of values
};

// 0: the entry is well formed and within the limits of the protocol. Else *fault, a static text,
// says what is wrong:
// GV_EINVAL: the lattice is none of enum gv_lattice, or key, value or node is missing, or there
// though the lattice has none; GV_ESYNTAX: one of them is not canonical JSON; GV_ETYPE: the node is
// no string; GV_ERANGE: nested deeper than GV_ENTRY_DEPTH_SET or GV_ENTRY_DEPTH; GV_ESPACE: longer
// than GV_ENTRY_SIZE_MAX or GV_ENTRY_NODE_MAX.
// Takes no memory, and time in proportion to the texts: about a nanosecond for four bytes.
GV_API int gv_entry_check(const struct gv_entry *entry, const char **fault);

// The same for texts that are canonical JSON for certain, as gv_json_canonical, gv_json_quote and
// gv_message_next make them: these are not read once more, but for their nesting.
GV_API int gv_entry_check_canonical(const struct gv_entry *entry, const char **fault);

// Bytes of its key, value and node together.
static inline size_t gv_entry_size(const struct gv_entry *entry) {
    return entry->key.len + entry->value.len + entry->node.len;
}

#ifdef __cplusplus
}
#endif
#endif
