// SPDX-License-Identifier: MIT
// Fuzzes the records of a store. Each record must be refused or decoded to a valid entry, and the
// encoding of that entry must decode to the same entry. Loading all records must give the same
// replica as putting their entries one by one.
#include "../../engine/core.h"
#include "../../engine/store.h"
#include "../lib/arena.h"
#include "../lib/tree_verify.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 64 << 20, FRONT = 3, LONG = 300 };

// The input as a store. A record consists of the lengths of its key and its value, a byte that may
// lengthen both as for a key longer than GV_STORE_KEY_INLINE_MAX, then key and value.
struct input {
    const uint8_t *data;
    size_t len;
};

static struct gv_arena arena;
static struct gv_engine *loaded, *filled, *empty;
static uint8_t scratch[GV_STORE_SCRATCH], again[GV_STORE_SCRATCH];

static bool take_bytes(struct input *input, size_t len, struct gv_slice *out) {
    if (len > input->len) return false;
    *out = (struct gv_slice){input->data, len};
    input->data += len;
    input->len -= len;
    return true;
}

// The next record, in memory of its exact size so that sanitizers detect reads beyond it. Returns
// false at the end.
static bool next_record(struct input *input, struct gv_store_record *out) {
    struct gv_slice front, key, value;
    if (!take_bytes(input, FRONT, &front)) return false;
    if (!take_bytes(input, front.data[0], &key)) return false;
    if (!take_bytes(input, front.data[1], &value)) return false;
    struct gv_alloc alloc = gv_arena_alloc(&arena);
    uint8_t fill = front.data[2];
    bool stretched = fill % 4 == 3;
    size_t key_len = stretched ? (size_t)GV_STORE_KEY_MAX - 8 : key.len;
    size_t value_len = value.len + (stretched ? LONG : 0);
    uint8_t *copy = alloc.resize(alloc.ctx, NULL, 0, key_len + 1);
    uint8_t *rest = alloc.resize(alloc.ctx, NULL, 0, value_len + 1);
    if (copy == NULL || rest == NULL) return false;
    memset(copy, fill, key_len);
    memset(rest, fill, value_len);
    memcpy(copy, key.data, key.len < key_len ? key.len : key_len);
    memcpy(rest, value.data, value.len);
    *out = (struct gv_store_record){{copy, key_len}, {rest, value_len}};
    return true;
}

static bool same(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void check_entry(const struct gv_entry *entry) {
    struct gv_store_batch batch = {0};
    struct gv_store_record record;
    struct gv_entry got;
    size_t at = 0;
    if (gv_store_batch_put(&batch, gv_arena_alloc(&arena), empty, entry) != 0) return;
    GV_ASSERT(gv_store_batch_next(&batch, &at, &record));
    GV_ASSERT(record.key.len <= GV_STORE_KEY_MAX && at == batch.len);
    GV_ASSERT(gv_store_decode(&record, again, &got) == 0);
    GV_ASSERT(got.lattice == entry->lattice && same(got.key, entry->key));
    GV_ASSERT(got.count == entry->count && got.lamport == entry->lamport);
    GV_ASSERT(same(got.value, entry->value) && same(got.node, entry->node));
    gv_store_batch_free(&batch, gv_arena_alloc(&arena));
}

static int load(void *ctx, int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    struct input input = *(struct input *)ctx;
    struct gv_store_record record;
    int error = 0;
    while (error == 0 && next_record(&input, &record)) error = take(take_ctx, &record);
    return error;
}

static void start(void) {
    if (loaded != NULL) {
        gv_arena_restore(&arena);
        return;
    }
    gv_arena_init(&arena, ARENA);
    const struct gv_engine_config config = {.alloc = gv_arena_alloc(&arena), .seed = 1};
    GV_ASSERT(gv_engine_new(&loaded, &config) == 0);
    GV_ASSERT(gv_engine_new(&filled, &config) == 0);
    GV_ASSERT(gv_engine_new(&empty, &config) == 0);
    gv_arena_save(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    start();
    struct input input = {data, size}, rest = input;
    struct gv_store store = {.ctx = &input, .load = load};
    int wrong = gv_store_load(&store, loaded), refused = 0;
    GV_ASSERT(wrong == 0 || wrong == GV_ECORRUPT || wrong == GV_EFULL);
    struct gv_store_record record;
    struct gv_entry entry;
    while (refused == 0 && next_record(&rest, &record)) {
        refused = gv_store_decode(&record, scratch, &entry);
        GV_ASSERT(refused == 0 || refused == GV_ECORRUPT);
        if (refused != 0) break;
        check_entry(&entry);
        refused = gv_store_apply(filled, GV_MS, &entry);
        if (refused > 0) refused = 0;
    }
    GV_ASSERT((wrong == 0) == (refused == 0));
    if (wrong == 0) GV_ASSERT(gv_digest_equal(gv_engine_root(loaded), gv_engine_root(filled)));
    GV_ASSERT(gv_tree_verify(&loaded->replica.tree) == 0);
    return 0;
}
