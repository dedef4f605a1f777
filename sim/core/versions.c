// SPDX-License-Identifier: MIT
#include "versions.h"

#include "memory.h"

void gv_versions_init(struct gv_versions *versions, uint32_t kept, size_t bytes_max) {
    GV_ASSERT(kept > 0);
    *versions = (struct gv_versions){.kept = kept, .bytes_max = bytes_max};
    gv_interner_init(&versions->keys);
    GV_MEMORY_ARRAY(versions->changed, kept);
    for (uint32_t i = 0; i < kept; i++) versions->changed[i] = UINT32_MAX;
}

static size_t memory_of(size_t len) {
    return len + GV_VERSIONS_OVERHEAD;
}

static void free_list(struct gv_versions *versions, struct gv_versions_value *value) {
    while (value != NULL) {
        struct gv_versions_value *older = value->older;
        versions->bytes -= memory_of(value->len);
        free(value);
        value = older;
    }
}

void gv_versions_fini(struct gv_versions *versions) {
    for (size_t key = 0; key < versions->keys.len; key++)
        free_list(versions, versions->newest[key]);
    free(versions->newest);
    free(versions->changed);
    gv_interner_fini(&versions->keys);
    *versions = (struct gv_versions){.kept = 0};
}

bool gv_versions_get(const struct gv_versions *versions, uint64_t state, struct gv_slice key,
                     struct gv_slice *value) {
    GV_ASSERT(state >= gv_versions_first(versions) && state <= versions->last);
    int64_t number = gv_interner_find(&versions->keys, key);
    if (number < 0) return false;
    const struct gv_versions_value *version = versions->newest[number];
    while (version != NULL && version->state > state) version = version->older;
    if (version == NULL) return false;
    *value = gv_slice_of(version->bytes, version->len);
    return true;
}

// Begins a new state, in which this key changed, and stops keeping the oldest state. If a key
// changed in the state that is now the oldest, older versions of that key are unreachable and
// freed.
static void advance(struct gv_versions *versions, uint32_t changed) {
    versions->last++;
    versions->changed[versions->last % versions->kept] = changed;
    uint64_t first = gv_versions_first(versions);
    uint32_t key = versions->changed[first % versions->kept];
    if (key == UINT32_MAX || first == 0) return;
    struct gv_versions_value *version = versions->newest[key];
    while (version != NULL && version->state > first) version = version->older;
    if (version == NULL) return;
    free_list(versions, version->older);
    version->older = NULL;
}

int gv_versions_put(struct gv_versions *versions, struct gv_slice key, struct gv_slice value) {
    bool is_new = gv_interner_find(&versions->keys, key) < 0;
    size_t more = memory_of(value.len) + (is_new ? memory_of(key.len) : 0);
    if (more > versions->bytes_max || versions->bytes > versions->bytes_max - more) return GV_EFULL;
    uint32_t number = gv_interner_add(&versions->keys, key);
    GV_MEMORY_GROW(versions->newest, &versions->newest_cap, (size_t)number + 1);
    struct gv_versions_value *version = gv_memory_raw(sizeof *version + value.len);
    *version = (struct gv_versions_value){
        .state = versions->last + 1,
        .older = versions->newest[number],
        .len = value.len,
    };
    if (value.len > 0) memcpy(version->bytes, value.data, value.len);
    versions->newest[number] = version;
    versions->bytes += more;
    advance(versions, number);
    return 0;
}

void gv_versions_repeat(struct gv_versions *versions) {
    advance(versions, UINT32_MAX);
}
