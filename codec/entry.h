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
    GV_LATTICE_LOG,      // an element of an append-only log; ordered by the bytes of the value
    GV_LATTICE_PROMISE,  // a node's promise about its offsets (engine/cut.h); by (lamport, count)
    GV_LATTICES,         // number of lattices
};

// The fields that an entry can have besides its key, in the order in which a message has them.
enum {
    GV_ENTRY_VALUE = 1,
    GV_ENTRY_LAMPORT = 2,
    GV_ENTRY_NODE = 4,
    GV_ENTRY_COUNT = 8,
};

// The traits of a lattice. Versions of an entry are ordered by (lamport, count, node, value),
// without the fields that the lattice does not have.
struct gv_entry_traits {
    const char *name; // name in messages
    unsigned fields;  // bit set of GV_ENTRY_*; an entry has all of these fields and no others
};
extern const struct gv_entry_traits gv_entry_lattices[GV_LATTICES];

// One entry of the replicated map. Entries that share lattice and key are versions of one entry.
// The slices are borrowed. Fields that belong to other lattices are 0 or empty.
struct gv_entry {
    enum gv_lattice lattice;
    struct gv_slice key;   // canonical JSON text (json.h); log: [NAME,OFFSET], see below;
                           // promise: the slot, an integer below GV_ENTRY_SLOTS in plain digits
    uint64_t count;        // counter: its value; promise: the sum
    struct gv_slice value; // register, log: canonical JSON text
    uint64_t lamport;      // register: Lamport time of the write; promise: the bound
    struct gv_slice node;  // register: the writer, the canonical text of a string
};

// Limits of the protocol, which every node accepts. Every entry within these limits fits alone into
// a message of GV_MESSAGE_LIMIT bytes and GV_MESSAGE_DEPTH levels (message.c asserts this).
enum {
    GV_ENTRY_SIZE_MAX = 65024, // key, value and node together, bytes
    GV_ENTRY_NODE_MAX = 255,   // node with its quotes, bytes
    GV_ENTRY_DEPTH_SET = 59,   // deepest nesting of a set's key
    GV_ENTRY_DEPTH = 58,       // deepest nesting of other keys, and of values
    GV_ENTRY_SLOTS = 1 << 14,  // slots that offsets and promises can have
};

// Checks that an entry is well-formed and within the limits. Returns 0 or an error; *fault is then
// a static text that describes it. `fault` must not be NULL.
//   GV_EINVAL   the lattice is unknown, a field of the lattice is missing, or a field that belongs
//               only to other lattices is set
//   GV_ESYNTAX  the key, value or node is not canonical JSON
//   GV_ETYPE    the node is not a string, or the key of a log's element is not [NAME,OFFSET], or
//               that of a promise no slot
//   GV_ERANGE   nested deeper than GV_ENTRY_DEPTH_SET or GV_ENTRY_DEPTH, or an offset is greater
//               than GV_ENTRY_OFFSET_MAX, or a slot not below GV_ENTRY_SLOTS
//   GV_ESPACE   longer than GV_ENTRY_SIZE_MAX or GV_ENTRY_NODE_MAX
// Allocates nothing. Takes about a quarter of a nanosecond per byte.
int gv_entry_check(const struct gv_entry *entry, const char **fault);

// The same check for an entry whose texts are known to be canonical JSON, because
// gv_json_canonical, gv_json_quote or gv_message_next wrote them. Checks only sizes, nesting and
// the key of a log's element; never returns GV_ESYNTAX.
int gv_entry_check_canonical(const struct gv_entry *entry, const char **fault);

// The key of an element of a log is the canonical text [NAME,OFFSET]: the log's name, any JSON
// value, and the element's offset in plain digits.
#define GV_ENTRY_OFFSET_MAX (((uint64_t)1 << 53) - 1) // exact in a double, as in JavaScript
enum { GV_ENTRY_LOG_KEY_MAX = 2 + 1 + 16 }; // maximum length of such a key without the name, bytes

// Reads the key of an element of a log; *name borrows the key. Returns 0; GV_ETYPE: the key is not
// [NAME,OFFSET]; GV_ERANGE: the offset is greater than GV_ENTRY_OFFSET_MAX. O(length of the key).
int gv_entry_log_key(struct gv_slice key, struct gv_slice *name, uint64_t *offset);
// Reads the key of a promise. Returns 0; GV_ETYPE: the key is not a number in plain digits;
// GV_ERANGE: the number is not below GV_ENTRY_SLOTS.
int gv_entry_promise_slot(struct gv_slice key, uint32_t *slot);
// Writes the key of an element of a log. The offset must not exceed GV_ENTRY_OFFSET_MAX (asserted).
// Returns the length, bytes. GV_ESPACE: the key is longer than `cap`.
int gv_entry_log_key_put(char *buf, size_t cap, struct gv_slice name, uint64_t offset);

// Whether the lattice of the entry has this field.
static inline bool gv_entry_has(const struct gv_entry *entry, unsigned field) {
    return (gv_entry_lattices[entry->lattice].fields & field) != 0;
}

// The length of key, value and node together, bytes.
static inline size_t gv_entry_size(const struct gv_entry *entry) {
    return entry->key.len + entry->value.len + entry->node.len;
}

#ifdef __cplusplus
}
#endif
#endif
