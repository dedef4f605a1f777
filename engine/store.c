// SPDX-License-Identifier: MIT
#include "store.h"

#include "admit.h"
#include "record.h"

// --- records ---------------------------------------------------------------------------------

static bool is_dangling(struct gv_slice slice) {
    return slice.data == NULL && slice.len > 0;
}

int gv_store_decode_any(const struct gv_store_record *record, uint8_t *scratch,
                        struct gv_entry *out) {
    if (record == NULL || scratch == NULL || out == NULL) return GV_EINVAL;
    if (is_dangling(record->key) || is_dangling(record->value)) return GV_EINVAL;
    return gv_record_read(record, scratch, out);
}

int gv_store_decode(const struct gv_store_record *record, uint8_t *scratch, struct gv_entry *out) {
    const char *fault;
    int error = gv_store_decode_any(record, scratch, out);
    if (error == 0 && gv_entry_check(out, &fault) != 0) error = GV_ECORRUPT;
    return error;
}

int gv_store_batch_put(struct gv_store_batch *batch, struct gv_alloc alloc,
                       const struct gv_engine *engine, const struct gv_entry *entry) {
    const char *fault;
    if (batch == NULL || alloc.resize == NULL || engine == NULL || entry == NULL) return GV_EINVAL;
    int error = gv_entry_check(entry, &fault);
    return error != 0 ? error : gv_record_append(batch, alloc, engine, entry);
}

void gv_store_batch_free(struct gv_store_batch *batch, struct gv_alloc alloc) {
    if (batch == NULL || alloc.resize == NULL) return;
    gv_alloc_free(alloc, batch->data, batch->cap);
    *batch = (struct gv_store_batch){0};
}

bool gv_store_batch_next(const struct gv_store_batch *batch, size_t *at,
                         struct gv_store_record *out) {
    if (batch == NULL || at == NULL || out == NULL) return false;
    return gv_record_next((struct gv_slice){batch->data, batch->len}, at, out);
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
    return error != 0 ? error : gv_admit_apply(engine, now, entry);
}
