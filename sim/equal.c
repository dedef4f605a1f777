// SPDX-License-Identifier: MIT
#include "equal.h"

#include <string.h>

static bool same_text(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_entry(const struct gv_entry *a, const struct gv_entry *b) {
    return a->lattice == b->lattice && a->count == b->count && a->lamport == b->lamport &&
           same_text(a->key, b->key) && same_text(a->value, b->value) &&
           same_text(a->node, b->node);
}

// Counts the entries by a walk: how many there are must not come from a digest either.
static uint64_t count(const struct gv_engine *engine) {
    uint32_t cursor = 0, end = gv_engine_end(engine);
    struct gv_entry entry;
    uint64_t entries = 0;
    while (gv_engine_next(engine, &cursor, end, &entry)) entries++;
    return entries;
}

bool gv_equal_entries(const struct gv_engine *a, const struct gv_engine *b) {
    GV_ASSERT(a != NULL && b != NULL);
    uint32_t cursor = 0, end = gv_engine_end(a);
    struct gv_entry entry, other;
    uint64_t entries = 0;
    for (; gv_engine_next(a, &cursor, end, &entry); entries++) {
        if (!gv_engine_get(b, &entry, &other) || !same_entry(&entry, &other)) return false;
    }
    return entries == count(b);
}

enum gv_equal gv_equal_compare(const struct gv_engine *a, const struct gv_engine *b) {
    bool entries = gv_equal_entries(a, b);
    bool roots = gv_digest_equal(gv_engine_root(a), gv_engine_root(b));
    if (entries == roots) return entries ? GV_EQUAL_YES : GV_EQUAL_NO;
    return roots ? GV_EQUAL_HIDDEN : GV_EQUAL_FALSE;
}

const char *gv_equal_fault(enum gv_equal equal) {
    switch (equal) {
    case GV_EQUAL_HIDDEN:
        return "have equal roots, but different entries";
    case GV_EQUAL_FALSE:
        return "have equal entries, but different roots";
    case GV_EQUAL_NO:
    case GV_EQUAL_YES:
        break;
    }
    return NULL;
}
