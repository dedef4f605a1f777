// SPDX-License-Identifier: MIT
// What an entry may be: the one rule that is asked wherever an entry comes in, be it written,
// loaded or received. So whatever one node has taken, every node takes, at any later start.
#ifndef GV_CODEC_ENTRY_H
#define GV_CODEC_ENTRY_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    // Longest key, value and node together, bytes: alone in a message, with the longest header and
    // a seal, they take no more than GV_MESSAGE_LIMIT.
    GV_ENTRY_SIZE_MAX = GV_MESSAGE_LIMIT - 512,
    GV_ENTRY_NODE_MAX = 255, // longest node, bytes, its quotes included
    // Deepest nesting of a set's key, and of other keys and of values. The first stands in a line
    // below the line itself, its body, "entries", the group and its array; others in a tuple, too.
    GV_ENTRY_DEPTH_SET = GV_MESSAGE_DEPTH - 5,
    GV_ENTRY_DEPTH = GV_MESSAGE_DEPTH - 6,
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
