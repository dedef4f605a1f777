// SPDX-License-Identifier: MIT
#include "record.h"

#include "core.h"

enum { POSITION = 8, LATTICE = 1, LONG = 0x80, HASH = 8, LENGTHS = 2 * 4, BATCH_FIRST = 4096 };

_Static_assert(GV_STORE_KEY_PREFIX + HASH <= GV_STORE_KEY_INLINE_MAX, "a long key is cut to less");
_Static_assert((int)GV_ENTRY_SIZE_MAX <= (int)GV_STORE_SCRATCH, "scratch holds every key");

// --- records ---------------------------------------------------------------------------------

static void write_key(struct gv_writer *out, const struct gv_digest_key *key,
                      const struct gv_entry *entry) {
    uint64_t position = gv_lattice_position(key, entry);
    for (int shift = 56; shift >= 0; shift -= 8) gv_pack_put_u8(out, (uint8_t)(position >> shift));
    bool cut = entry->key.len > GV_STORE_KEY_INLINE_MAX;
    gv_pack_put_u8(out, (uint8_t)((uint8_t)entry->lattice | (cut ? LONG : 0)));
    gv_pack_put_bytes(out, entry->key.data, cut ? GV_STORE_KEY_PREFIX : entry->key.len);
    // The position and this hash are two independent hashes of the whole key.
    if (cut) gv_pack_put_u64(out, gv_digest_hash2(key, entry->key.data, entry->key.len));
}

static void write_text(struct gv_writer *out, struct gv_slice text) {
    gv_pack_put_varint(out, text.len);
    gv_pack_put_bytes(out, text.data, text.len);
}

static void write_value(struct gv_writer *out, const struct gv_entry *entry) {
    if (gv_entry_has(entry, GV_ENTRY_LAMPORT)) gv_pack_put_u64(out, entry->lamport);
    if (gv_entry_has(entry, GV_ENTRY_COUNT)) gv_pack_put_u64(out, entry->count);
    if (gv_entry_has(entry, GV_ENTRY_VALUE)) write_text(out, entry->value);
    if (gv_entry_has(entry, GV_ENTRY_NODE)) write_text(out, entry->node);
    if (entry->key.len > GV_STORE_KEY_INLINE_MAX)
        gv_pack_put_bytes(out, entry->key.data + GV_STORE_KEY_PREFIX,
                          entry->key.len - GV_STORE_KEY_PREFIX);
}

static struct gv_slice read_text(struct gv_reader *in) {
    uint64_t len = gv_pack_get_varint(in);
    if (len > in->len - in->at) in->error = GV_ESYNTAX;
    if (in->error) return (struct gv_slice){0};
    return (struct gv_slice){gv_pack_get_bytes(in, (size_t)len), (size_t)len};
}

int gv_record_read(const struct gv_store_record *record, uint8_t *scratch, struct gv_entry *out) {
    if (record->key.len <= POSITION + LATTICE || record->key.len > GV_STORE_KEY_MAX)
        return GV_ECORRUPT;
    uint8_t lattice = record->key.data[POSITION] & (LONG - 1);
    bool cut = (record->key.data[POSITION] & LONG) != 0;
    if (lattice >= GV_LATTICES) return GV_ECORRUPT;
    struct gv_slice key = {record->key.data + POSITION + LATTICE,
                           record->key.len - POSITION - LATTICE};
    struct gv_reader in = {.data = record->value.data, .len = record->value.len};
    *out = (struct gv_entry){.lattice = (enum gv_lattice)lattice, .key = key};
    if (gv_entry_has(out, GV_ENTRY_LAMPORT)) out->lamport = gv_pack_get_u64(&in);
    if (gv_entry_has(out, GV_ENTRY_COUNT)) out->count = gv_pack_get_u64(&in);
    if (gv_entry_has(out, GV_ENTRY_VALUE)) out->value = read_text(&in);
    if (gv_entry_has(out, GV_ENTRY_NODE)) out->node = read_text(&in);
    if (in.error) return GV_ECORRUPT;
    size_t rest = in.len - in.at;
    if (!cut) return rest == 0 ? 0 : GV_ECORRUPT;
    if (key.len != GV_STORE_KEY_PREFIX + HASH ||
        rest <= GV_STORE_KEY_INLINE_MAX - GV_STORE_KEY_PREFIX ||
        rest > GV_STORE_SCRATCH - GV_STORE_KEY_PREFIX)
        return GV_ECORRUPT;
    memcpy(scratch, key.data, GV_STORE_KEY_PREFIX);
    memcpy(scratch + GV_STORE_KEY_PREFIX, in.data + in.at, rest);
    out->key = (struct gv_slice){scratch, GV_STORE_KEY_PREFIX + rest};
    return 0;
}

// --- batches ---------------------------------------------------------------------------------

static int reserve(struct gv_store_batch *batch, struct gv_alloc alloc, size_t len) {
    if (len <= batch->cap - batch->len) return 0;
    size_t cap = 2 * (batch->len + len) > BATCH_FIRST ? 2 * (batch->len + len) : BATCH_FIRST;
    uint8_t *data = gv_alloc_resize(alloc, batch->data, batch->cap, cap);
    if (data == NULL) return GV_ENOMEM;
    batch->data = data;
    batch->cap = cap;
    return 0;
}

// The layout of a batch: for each record the lengths of key and value, 4 bytes each, then both.
int gv_record_append(struct gv_store_batch *batch, struct gv_alloc alloc,
                     const struct gv_engine *engine, const struct gv_entry *entry) {
    struct gv_entry stored;
    bool older = entry->lattice != GV_LATTICE_SET && gv_engine_get(engine, entry, &stored) &&
                 gv_lattice_exceeds(&stored, entry);
    if (older) entry = &stored; // a record in the store must not be replaced by a smaller version
    uint8_t key[GV_STORE_KEY_MAX];
    struct gv_writer head = {.data = key, .cap = sizeof key};
    write_key(&head, &engine->replica.key, entry);
    GV_ASSERT(!head.full);
    size_t most = LENGTHS + head.len + 2 * 8 + 2 * GV_PACK_VARINT_MAX + entry->value.len +
                  entry->node.len + entry->key.len;
    int error = reserve(batch, alloc, most);
    if (error != 0) return error;
    uint8_t *start = batch->data + batch->len;
    struct gv_writer out = {.data = start + LENGTHS, .cap = most - LENGTHS};
    gv_pack_put_bytes(&out, key, head.len);
    write_value(&out, entry);
    GV_ASSERT(!out.full && out.len <= UINT32_MAX);
    uint32_t lengths[2] = {(uint32_t)head.len, (uint32_t)(out.len - head.len)};
    memcpy(start, lengths, LENGTHS);
    batch->len += LENGTHS + out.len;
    batch->count++;
    return 0;
}

bool gv_record_next(struct gv_slice records, size_t *at, struct gv_store_record *out) {
    if (*at == records.len) return false;
    GV_ASSERT(*at <= records.len && records.len - *at >= LENGTHS);
    uint32_t lengths[2];
    memcpy(lengths, records.data + *at, LENGTHS);
    const uint8_t *key = records.data + *at + LENGTHS;
    out->key = (struct gv_slice){key, lengths[0]};
    out->value = (struct gv_slice){key + lengths[0], lengths[1]};
    *at += LENGTHS + (size_t)lengths[0] + lengths[1];
    return true;
}
