// SPDX-License-Identifier: MIT
#include "interner.h"

#include "memory.h"

enum { SLOTS_MIN = 64 };

void gv_interner_init(struct gv_interner *interner) {
    *interner = (struct gv_interner){.len = 0};
    gv_digest_key_init(&interner->key, gv_slice_text("interner"));
}

void gv_interner_fini(struct gv_interner *interner) {
    for (size_t i = 0; i < interner->len; i++) free(interner->texts[i].bytes);
    free(interner->texts);
    free(interner->slots);
    *interner = (struct gv_interner){.len = 0};
}

// The slot of this text, or the free slot where it belongs. The table must have a free slot.
static uint32_t *slot_of(const struct gv_interner *interner, struct gv_slice text, uint64_t hash) {
    GV_ASSERT(interner->slots_cap > interner->len);
    for (size_t at = (size_t)hash;; at++) {
        uint32_t *slot = &interner->slots[at & (interner->slots_cap - 1)];
        if (*slot == 0) return slot;
        const struct gv_interner_text *other = &interner->texts[*slot - 1];
        if (other->hash != hash) continue;
        if (gv_slice_equal(gv_slice_of(other->bytes, other->len), text)) return slot;
    }
}

static void grow(struct gv_interner *interner) {
    free(interner->slots);
    interner->slots_cap = interner->slots_cap > 0 ? 2 * interner->slots_cap : SLOTS_MIN;
    GV_MEMORY_ARRAY(interner->slots, interner->slots_cap);
    for (size_t i = 0; i < interner->len; i++) {
        const struct gv_interner_text *text = &interner->texts[i];
        *slot_of(interner, gv_slice_of(text->bytes, text->len), text->hash) = (uint32_t)i + 1;
    }
}

int64_t gv_interner_find(const struct gv_interner *interner, struct gv_slice text) {
    if (interner->len == 0) return GV_ENOENT;
    uint64_t hash = gv_digest_hash(&interner->key, text.data, text.len);
    uint32_t number = *slot_of(interner, text, hash);
    return number > 0 ? (int64_t)number - 1 : GV_ENOENT;
}

uint32_t gv_interner_add(struct gv_interner *interner, struct gv_slice text) {
    GV_ASSERT(interner->len < UINT32_MAX / 2);
    if (4 * (interner->len + 1) > 3 * interner->slots_cap) grow(interner);
    uint64_t hash = gv_digest_hash(&interner->key, text.data, text.len);
    uint32_t *slot = slot_of(interner, text, hash);
    if (*slot > 0) return *slot - 1;
    GV_MEMORY_GROW(interner->texts, &interner->texts_cap, interner->len + 1);
    interner->texts[interner->len++] =
        (struct gv_interner_text){gv_memory_copy(text.data, text.len), text.len, hash};
    *slot = (uint32_t)interner->len;
    return *slot - 1;
}
