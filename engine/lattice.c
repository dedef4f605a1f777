// SPDX-License-Identifier: MIT
#include "lattice.h"

#include "../merkle/singlediff.h"

// Reads canonical JSON as a 64-bit signed integer. Returns false if it is none.
static bool read_integer(struct gv_slice text, int64_t *out) {
    size_t at = text.len > 0 && text.data[0] == '-';
    size_t digits = text.len - at;
    if (digits == 0 || digits > 19) return false;
    uint64_t magnitude = 0; // 19 digits fit into 64 bits
    for (size_t i = at; i < text.len; i++) {
        unsigned digit = text.data[i] - (unsigned)'0';
        if (digit > 9) return false;
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > (uint64_t)INT64_MAX + at) return false;
    *out = at ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

// The position of a key that is not a 64-bit integer.
static uint64_t hashed_position(const struct gv_digest_key *key, struct gv_slice text) {
    return gv_digest_hash(key, text.data, text.len) * UINT64_C(0x9e3779b97f4a7c15);
}

// The hash of lattice, key and version. It covers the second hash of the key, because keys that
// share a position may share the first.
static uint64_t version_hash(const struct gv_digest_key *key, const struct gv_entry *entry) {
    uint64_t words[6] = {gv_digest_hash2(key, entry->key.data, entry->key.len),
                         (uint64_t)entry->lattice};
    size_t count = 2;
    if (gv_entry_has(entry, GV_ENTRY_LAMPORT)) words[count++] = entry->lamport;
    if (gv_entry_has(entry, GV_ENTRY_COUNT)) words[count++] = entry->count;
    if (gv_entry_has(entry, GV_ENTRY_NODE))
        words[count++] = gv_digest_hash2(key, entry->node.data, entry->node.len);
    if (gv_entry_has(entry, GV_ENTRY_VALUE))
        words[count++] = gv_digest_hash2(key, entry->value.data, entry->value.len);
    return gv_digest_words(key, words, count);
}

// GV_POSITION_END is not a position. The key that would have it shares the position below it.
static uint64_t below_end(uint64_t position) {
    return position != GV_POSITION_END ? position : position - 1;
}

uint64_t gv_lattice_log_position(const struct gv_digest_key *key, struct gv_slice name,
                                 uint64_t offset) {
    GV_ASSERT(offset <= GV_ENTRY_OFFSET_MAX);
    return below_end((hashed_position(key, name) & ~GV_ENTRY_OFFSET_MAX) | offset);
}

// The position of an entry. Sets *own if its key is an integer and no other integer has the
// position.
static uint64_t position_of(const struct gv_digest_key *key, const struct gv_entry *entry,
                            bool *own) {
    GV_ASSERT(entry->key.len > 0);
    struct gv_slice name;
    uint64_t offset;
    int64_t number;
    *own = false;
    if (entry->lattice == GV_LATTICE_LOG && gv_entry_log_key(entry->key, &name, &offset) == 0)
        return gv_lattice_log_position(key, name, offset);
    if (!read_integer(entry->key, &number)) return below_end(hashed_position(key, entry->key));
    uint64_t position = (uint64_t)number ^ (UINT64_C(1) << 63); // signed order
    *own = position != GV_POSITION_END;
    return below_end(position);
}

uint64_t gv_lattice_position(const struct gv_digest_key *key, const struct gv_entry *entry) {
    bool own;
    return position_of(key, entry, &own);
}

struct gv_item gv_lattice_item(const struct gv_digest_key *key, const struct gv_entry *entry) {
    bool own;
    struct gv_item item = {.position = position_of(key, entry, &own)};
    item.hash = own && entry->lattice == GV_LATTICE_SET ? gv_singlediff_permute(key, item.position)
                                                        : version_hash(key, entry);
    return item;
}

static int compare(struct gv_slice a, struct gv_slice b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool gv_lattice_same(const struct gv_entry *a, const struct gv_entry *b) {
    return a->lattice == b->lattice && compare(a->key, b->key) == 0;
}

bool gv_lattice_exceeds(const struct gv_entry *a, const struct gv_entry *b) {
    GV_ASSERT(a->lattice == b->lattice);
    // A number that the lattice does not have means nothing, and a caller may have set it.
    bool lamport = gv_entry_has(a, GV_ENTRY_LAMPORT), count = gv_entry_has(a, GV_ENTRY_COUNT);
    if (lamport && a->lamport != b->lamport) return a->lamport > b->lamport;
    if (count && a->count != b->count) return a->count > b->count;
    int order = compare(a->node, b->node);
    // A node must not use a lamport or an offset twice. If one does, all replicas still choose the
    // same value.
    return order != 0 ? order > 0 : compare(a->value, b->value) > 0;
}
