// SPDX-License-Identifier: MIT
#include "disk.h"

#include "memory.h"

// ---- Records ----

static int compare(const struct gv_disk_record *record, struct gv_slice key) {
    size_t len = record->key_len < key.len ? record->key_len : key.len;
    int order = memcmp(record->bytes, key.data, len);
    if (order != 0) return order;
    return record->key_len < key.len ? -1 : record->key_len > key.len;
}

// The index of a key, or where to insert it. Most keys are new and the largest.
static size_t place_of(const struct gv_disk *disk, struct gv_slice key) {
    size_t low = 0, high = disk->len;
    if (high > 0 && compare(&disk->records[high - 1], key) < 0) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&disk->records[middle], key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void put(struct gv_disk *disk, const struct gv_store_record *record) {
    size_t at = place_of(disk, record->key);
    bool there = at < disk->len && compare(&disk->records[at], record->key) == 0;
    if (!there) {
        GV_MEMORY_GROW(disk->records, &disk->cap, disk->len + 1);
        memmove(disk->records + at + 1, disk->records + at,
                (disk->len++ - at) * sizeof *disk->records);
    } else {
        free(disk->records[at].bytes);
    }
    uint8_t *bytes = gv_memory_raw(record->key.len + record->value.len);
    memcpy(bytes, record->key.data, record->key.len);
    if (record->value.len > 0)
        memcpy(bytes + record->key.len, record->value.data, record->value.len);
    disk->records[at] =
        (struct gv_disk_record){bytes, (uint32_t)record->key.len, (uint32_t)record->value.len};
}

static void apply(struct gv_disk *disk, const struct gv_store_batch *batch) {
    struct gv_store_record record;
    for (size_t at = 0; gv_store_batch_next(batch, &at, &record);) put(disk, &record);
}

// ---- Transactions ----

static void drop_pending(struct gv_disk *disk, size_t from) {
    for (size_t i = from; i < disk->pending_len; i++) free(disk->pending[i].data);
    disk->pending_len = from;
}

static void sync_first(struct gv_disk *disk, size_t count) {
    if (count == 0) return;
    for (size_t i = 0; i < count; i++) {
        struct gv_disk_transaction *transaction = &disk->pending[i];
        struct gv_store_batch batch = {
            .data = transaction->data, .len = transaction->len, .count = transaction->count};
        apply(disk, &batch);
        free(transaction->data);
    }
    disk->pending_len -= count;
    memmove(disk->pending, disk->pending + count, disk->pending_len * sizeof *disk->pending);
}

static void sync_old(struct gv_disk *disk) {
    size_t old = 0;
    while (old < disk->pending_len &&
           disk->pending[old].at + GV_DISK_FLUSH_MS * GV_MS <= disk->now) {
        old++;
    }
    if (old > 0) sync_first(disk, old);
}

static int write_batch(void *ctx, const struct gv_store_batch *batch) {
    struct gv_disk *disk = ctx;
    disk->writes++;
    if (disk->kind != GV_DISK_NONE) {
        apply(disk, batch);
        return 0;
    }
    sync_old(disk);
    GV_MEMORY_GROW(disk->pending, &disk->pending_cap, disk->pending_len + 1);
    disk->pending[disk->pending_len++] = (struct gv_disk_transaction){
        .data = (uint8_t *)gv_memory_copy(batch->data, batch->len),
        .len = batch->len,
        .count = batch->count,
        .at = disk->now,
    };
    return 0;
}

// ---- The store ----

static int load(void *ctx, int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    struct gv_disk *disk = ctx;
    GV_ASSERT(disk->pending_len == 0); // gv_disk_crash synced or dropped them
    int error = 0;
    for (size_t i = 0; i < disk->len && error == 0; i++) {
        const struct gv_disk_record *found = &disk->records[i];
        struct gv_store_record record = {{found->bytes, found->key_len},
                                         {found->bytes + found->key_len, found->value_len}};
        error = take(take_ctx, &record);
    }
    return error;
}

static const char *text(void *ctx) {
    (void)ctx;
    return "";
}

void gv_disk_init(struct gv_disk *disk, enum gv_disk_kind kind, uint64_t seed, uint64_t stream) {
    GV_ASSERT(kind != GV_DISK_ABSENT);
    *disk = (struct gv_disk){.kind = kind};
    disk->store = (struct gv_store){disk, load, write_batch, text};
    gv_prng_init(&disk->prng, seed, stream);
}

static void wipe(struct gv_disk *disk) {
    drop_pending(disk, 0);
    for (size_t i = 0; i < disk->len; i++) free(disk->records[i].bytes);
    disk->len = 0;
}

void gv_disk_fini(struct gv_disk *disk) {
    wipe(disk);
    free(disk->records);
    free(disk->pending);
}

void gv_disk_crash(struct gv_disk *disk, enum gv_disk_crash crash,
                   const struct gv_store_batch *under_way) {
    if (crash == GV_DISK_WIPED) {
        wipe(disk);
        return;
    }
    bool lucky = under_way != NULL && gv_prng_below(&disk->prng, 2) == 1;
    sync_old(disk);
    size_t kept = disk->pending_len;
    if (crash == GV_DISK_TORN) {
        kept = (size_t)gv_prng_below(&disk->prng, disk->pending_len + 1);
        // The write in progress comes after all pending transactions, so it survives only if they
        // all do.
        lucky = lucky && kept == disk->pending_len && disk->kind == GV_DISK_NONE;
    }
    disk->lost += disk->pending_len - kept + (under_way != NULL && !lucky);
    drop_pending(disk, kept);
    sync_first(disk, kept);
    if (lucky) apply(disk, under_way);
}

bool gv_disk_find(const struct gv_disk *disk, struct gv_slice key, struct gv_slice *value) {
    size_t at = place_of(disk, key);
    if (at == disk->len || compare(&disk->records[at], key) != 0) return false;
    const struct gv_disk_record *record = &disk->records[at];
    *value = (struct gv_slice){record->bytes + record->key_len, record->value_len};
    return true;
}
