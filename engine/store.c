// SPDX-License-Identifier: MIT
#include "store.h"

#include "admit.h"

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
    // The position and this hash are two independent hashes of the complete key.
    if (cut) gv_pack_put_u64(out, gv_digest_hash2(key, entry->key.data, entry->key.len));
}

static void write_value(struct gv_writer *out, const struct gv_entry *entry) {
    if (entry->lattice == GV_LATTICE_COUNTER) gv_pack_put_u64(out, entry->count);
    if (entry->lattice == GV_LATTICE_REGISTER) {
        gv_pack_put_u64(out, entry->lamport);
        gv_pack_put_varint(out, entry->value.len);
        gv_pack_put_bytes(out, entry->value.data, entry->value.len);
        gv_pack_put_varint(out, entry->node.len);
        gv_pack_put_bytes(out, entry->node.data, entry->node.len);
    }
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

// Reads a record without checking its entry.
static int read_record(const struct gv_store_record *record, uint8_t *scratch,
                       struct gv_entry *out) {
    if (record->key.len <= POSITION + LATTICE || record->key.len > GV_STORE_KEY_MAX)
        return GV_ECORRUPT;
    uint8_t lattice = record->key.data[POSITION] & (LONG - 1);
    bool cut = (record->key.data[POSITION] & LONG) != 0;
    if (lattice > GV_LATTICE_REGISTER) return GV_ECORRUPT;
    struct gv_slice key = {record->key.data + POSITION + LATTICE,
                           record->key.len - POSITION - LATTICE};
    struct gv_reader in = {.data = record->value.data, .len = record->value.len};
    *out = (struct gv_entry){.lattice = (enum gv_lattice)lattice, .key = key};
    if (lattice == GV_LATTICE_COUNTER) out->count = gv_pack_get_u64(&in);
    if (lattice == GV_LATTICE_REGISTER) {
        out->lamport = gv_pack_get_u64(&in);
        out->value = read_text(&in);
        out->node = read_text(&in);
    }
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

static bool is_dangling(struct gv_slice slice) {
    return slice.data == NULL && slice.len > 0;
}

int gv_store_decode_any(const struct gv_store_record *record, uint8_t *scratch,
                        struct gv_entry *out) {
    if (record == NULL || scratch == NULL || out == NULL) return GV_EINVAL;
    if (is_dangling(record->key) || is_dangling(record->value)) return GV_EINVAL;
    return read_record(record, scratch, out);
}

int gv_store_decode(const struct gv_store_record *record, uint8_t *scratch, struct gv_entry *out) {
    const char *fault;
    int error = gv_store_decode_any(record, scratch, out);
    if (error == 0 && gv_entry_check(out, &fault) != 0) error = GV_ECORRUPT;
    return error;
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

// A batch has for each record the lengths of key and value, 4 bytes each, then key and value.
int gv_store_batch_put(struct gv_store_batch *batch, struct gv_alloc alloc,
                       const struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    if (batch == NULL || alloc.resize == NULL || engine == NULL || entry == NULL) return GV_EINVAL;
    int error = gv_entry_check(entry, &fault);
    if (error != 0) return error;
    struct gv_entry stored;
    bool older = entry->lattice != GV_LATTICE_SET && gv_engine_get(engine, entry, &stored) &&
                 gv_lattice_exceeds(&stored, entry);
    if (older) entry = &stored; // the write must not replace a larger version
    uint8_t key[GV_STORE_KEY_MAX];
    struct gv_writer head = {.data = key, .cap = sizeof key};
    write_key(&head, &engine->replica.key, entry);
    GV_ASSERT(!head.full);
    size_t most = LENGTHS + head.len + 8 + 2 * GV_PACK_VARINT_MAX + entry->value.len +
                  entry->node.len + entry->key.len;
    error = reserve(batch, alloc, most);
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

void gv_store_batch_free(struct gv_store_batch *batch, struct gv_alloc alloc) {
    if (batch == NULL || alloc.resize == NULL) return;
    gv_alloc_free(alloc, batch->data, batch->cap);
    *batch = (struct gv_store_batch){0};
}

bool gv_store_batch_next(const struct gv_store_batch *batch, size_t *at,
                         struct gv_store_record *out) {
    if (batch == NULL || at == NULL || out == NULL || *at == batch->len) return false;
    GV_ASSERT(*at <= batch->len && batch->len - *at >= LENGTHS);
    uint32_t lengths[2];
    memcpy(lengths, batch->data + *at, LENGTHS);
    const uint8_t *key = batch->data + *at + LENGTHS;
    out->key = (struct gv_slice){key, lengths[0]};
    out->value = (struct gv_slice){key + lengths[0], lengths[1]};
    *at += LENGTHS + (size_t)lengths[0] + lengths[1];
    return true;
}

// --- engine and store ------------------------------------------------------------------------

struct loading {
    struct gv_engine *engine;
    struct gv_replica_load load;
    uint8_t *scratch;
};

static int take(void *ctx, const struct gv_store_record *record) {
    struct loading *loading = ctx;
    struct gv_entry entry;
    int error = gv_store_decode(record, loading->scratch, &entry);
    if (error != 0) return error;
    error = gv_replica_load(&loading->engine->replica, &loading->load, &entry);
    if (error == 0) gv_admit_note_size(loading->engine, &entry);
    return error;
}

int gv_store_load(const struct gv_store *store, struct gv_engine *engine) {
    if (store == NULL || store->load == NULL || engine == NULL) return GV_EINVAL;
    if (gv_tree_root(&engine->replica.tree).count > 0) return GV_EINVAL;
    struct loading loading = {.engine = engine};
    struct gv_alloc alloc = engine->alloc;
    loading.scratch = gv_alloc_new(alloc, GV_STORE_SCRATCH);
    if (loading.scratch == NULL) return GV_ENOMEM;
    int error = store->load(store->ctx, take, &loading);
    int ended = gv_replica_load_end(&engine->replica, &loading.load);
    gv_alloc_free(alloc, loading.scratch, GV_STORE_SCRATCH);
    return error != 0 ? error : ended;
}

int gv_store_reserve(struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    if (engine == NULL || entry == NULL) return GV_EINVAL;
    int error = gv_entry_check(entry, &fault);
    return error != 0 ? error : gv_admit_reserve(engine, entry);
}

void gv_store_release(struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    if (engine == NULL || entry == NULL || gv_entry_check(entry, &fault) != 0) return;
    gv_admit_release(engine, entry);
}

int gv_store_apply(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    const char *fault;
    if (engine == NULL || entry == NULL) return GV_EINVAL;
    int error = gv_entry_check(entry, &fault);
    if (error != 0) return error;
    gv_engine_advance(engine, now);
    gv_admit_release(engine, entry);
    return gv_admit_persisted(engine, now, entry);
}
