// SPDX-License-Identifier: MIT
#include "check_ids.h"

#include "../core/memory.h"

#include <stdlib.h>
#include <string.h>

void gv_check_ids_init(struct gv_check_ids *ids) {
    GV_ASSERT(ids != NULL);
    *ids = (struct gv_check_ids){0};
}

void gv_check_ids_fini(struct gv_check_ids *ids) {
    GV_ASSERT(ids != NULL);
    for (size_t i = 0; i < ids->cap; i++) free(ids->table[i].text);
    free(ids->table);
    *ids = (struct gv_check_ids){0};
}

// FNV-1a, 64 bits (Fowler, Noll, Vo), its high bits mixed down for the table's sake.
static uint64_t hash_of(const char *text, size_t len) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

// The entry of this text, or the free one where it belongs.
static struct gv_check_ids_entry *find(struct gv_check_ids_entry *table, size_t cap, uint64_t hash,
                                       const char *text, size_t len) {
    GV_ASSERT(cap > 0 && (cap & (cap - 1)) == 0);
    for (size_t at = hash & (cap - 1);; at = (at + 1) & (cap - 1)) {
        struct gv_check_ids_entry *e = &table[at];
        if (e->text == NULL) return e;
        if (e->hash == hash && e->len == len && memcmp(e->text, text, len) == 0) return e;
    }
}

static void reserve(struct gv_check_ids *ids) {
    if (ids->len * 2 < ids->cap) return;
    size_t cap = ids->cap == 0 ? 1024 : ids->cap * 2;
    struct gv_check_ids_entry *table = gv_memory_new(cap * sizeof *table);
    for (size_t i = 0; i < ids->cap; i++) {
        const struct gv_check_ids_entry *old = &ids->table[i];
        if (old->text != NULL) *find(table, cap, old->hash, old->text, old->len) = *old;
    }
    free(ids->table);
    ids->table = table;
    ids->cap = cap;
}

void gv_check_ids_reply(struct gv_check_ids *ids, uint32_t node, struct gv_json *json, int id,
                        struct gv_verdict_errors *errors) {
    reserve(ids);
    size_t room = gv_json_raw(json, id).len; // canonical text never grows
    char *text = gv_memory_new(room + 1);
    int len = gv_json_canonical(json, id, text, room);
    GV_ASSERT(len >= 0);

    uint64_t hash = hash_of(text, (size_t)len);
    struct gv_check_ids_entry *e = find(ids->table, ids->cap, hash, text, (size_t)len);
    if (e->text == NULL) {
        *e = (struct gv_check_ids_entry){
            .text = text, .len = (size_t)len, .hash = hash, .node = node};
        ids->len++;
        return;
    }
    free(text);
    if (e->duplicated) return;
    e->duplicated = true;
    ids->duplicated++;
    gv_verdict_add(errors, GV_VERDICT_DUPLICATE, "id %.*s came from n%u and again from n%u",
                   len < 100 ? len : 100, e->text, e->node, node);
}
