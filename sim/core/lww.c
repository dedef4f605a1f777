// SPDX-License-Identifier: MIT
#include "lww.h"

#include "memory.h"

struct gv_lww_value {
    uint32_t cells; // number of cells that refer to it
    size_t len;
    char bytes[];
};

void gv_lww_init(struct gv_lww *lww, size_t bytes_max) {
    *lww = (struct gv_lww){.bytes_max = bytes_max};
    gv_interner_init(&lww->keys);
}

static size_t memory_of(size_t len) {
    return len + GV_LWW_OVERHEAD;
}

static void release(struct gv_lww *lww, struct gv_lww_value *value) {
    if (value == NULL || --value->cells > 0) return;
    lww->bytes -= memory_of(value->len);
    free(value);
}

void gv_lww_fini(struct gv_lww *lww) {
    for (size_t key = 0; key < lww->keys.len; key++) {
        for (uint32_t i = 0; i < GV_LWW_REPLICAS; i++)
            release(lww, lww->entries[key].cells[i].value);
    }
    free(lww->entries);
    free(lww->differing);
    gv_interner_fini(&lww->keys);
    *lww = (struct gv_lww){.bytes = 0};
}

bool gv_lww_get(const struct gv_lww *lww, uint32_t replica, struct gv_slice key,
                struct gv_slice *value) {
    GV_ASSERT(replica < GV_LWW_REPLICAS);
    int64_t number = gv_interner_find(&lww->keys, key);
    if (number < 0) return false;
    const struct gv_lww_value *found = lww->entries[number].cells[replica].value;
    if (found == NULL) return false;
    *value = gv_slice_of(found->bytes, found->len);
    return true;
}

int gv_lww_put(struct gv_lww *lww, uint32_t replica, struct gv_slice key, struct gv_slice value) {
    GV_ASSERT(replica < GV_LWW_REPLICAS);
    bool is_new = gv_interner_find(&lww->keys, key) < 0;
    size_t more = memory_of(value.len) + (is_new ? memory_of(key.len) : 0);
    if (more > lww->bytes_max || lww->bytes > lww->bytes_max - more) return GV_EFULL;
    uint32_t number = gv_interner_add(&lww->keys, key);
    GV_MEMORY_GROW(lww->entries, &lww->entries_cap, (size_t)number + 1);
    struct gv_lww_entry *entry = &lww->entries[number];
    struct gv_lww_value *copy = gv_memory_raw(sizeof *copy + value.len);
    *copy = (struct gv_lww_value){.cells = 1, .len = value.len};
    if (value.len > 0) memcpy(copy->bytes, value.data, value.len);
    release(lww, entry->cells[replica].value);
    entry->cells[replica] = (struct gv_lww_cell){lww->clocks[replica]++, copy};
    lww->bytes += more;
    if (entry->differs) return 0;
    entry->differs = true;
    GV_MEMORY_GROW(lww->differing, &lww->differing_cap, lww->differing_len + 1);
    lww->differing[lww->differing_len++] = number;
    return 0;
}

void gv_lww_merge(struct gv_lww *lww, uint32_t from, uint32_t into) {
    GV_ASSERT(from < GV_LWW_REPLICAS && into < GV_LWW_REPLICAS);
    if (from == into) return;
    if (lww->clocks[from] > lww->clocks[into]) lww->clocks[into] = lww->clocks[from];
    size_t left = 0;
    for (size_t i = 0; i < lww->differing_len; i++) {
        struct gv_lww_entry *entry = &lww->entries[lww->differing[i]];
        struct gv_lww_cell *source = &entry->cells[from], *cell = &entry->cells[into];
        bool wins = source->value != NULL && (cell->value == NULL || source->stamp >= cell->stamp);
        if (!wins) {
            lww->differing[left++] = lww->differing[i];
            continue;
        }
        release(lww, cell->value);
        *cell = *source;
        source->value->cells++;
        entry->differs = false;
    }
    lww->differing_len = left;
}
