// SPDX-License-Identifier: MIT
#include "check_replicas.h"

static bool same_entry(const struct gv_entry *a, const struct gv_entry *b) {
    return a->lattice == b->lattice && a->count == b->count && a->lamport == b->lamport &&
           gv_slice_equal(a->key, b->key) && gv_slice_equal(a->value, b->value) &&
           gv_slice_equal(a->node, b->node);
}

// Iterates over both replicas in parallel and compares the entries themselves, without digests.
// Only an entry with another index in the other replica needs a lookup.
bool gv_check_replicas_equal(const struct gv_engine *a, const struct gv_engine *b) {
    uint32_t at_a = 0, at_b = 0, end_a = gv_engine_end(a), end_b = gv_engine_end(b);
    uint64_t count_a = 0, count_b = 0;
    struct gv_entry entry, other;
    for (; gv_engine_next(a, &at_a, end_a, &entry); count_a++) {
        bool some = gv_engine_next(b, &at_b, end_b, &other);
        count_b += some;
        if (some && same_entry(&entry, &other)) continue;
        if (!gv_engine_get(b, &entry, &other) || !same_entry(&entry, &other)) return false;
    }
    while (gv_engine_next(b, &at_b, end_b, &other)) count_b++;
    return count_a == count_b;
}

enum gv_check_replicas gv_check_replicas_compare(const struct gv_engine *a,
                                                 const struct gv_engine *b) {
    bool entries = gv_check_replicas_equal(a, b);
    bool roots = gv_digest_equal(gv_engine_root(a), gv_engine_root(b));
    if (entries == roots) return entries ? GV_CHECK_REPLICAS_EQUAL : GV_CHECK_REPLICAS_DIFFER;
    return roots ? GV_CHECK_REPLICAS_MISSED : GV_CHECK_REPLICAS_FALSE_ALARM;
}

const char *gv_check_replicas_text(enum gv_check_replicas result) {
    if (result == GV_CHECK_REPLICAS_MISSED) return "have equal roots, but different entries";
    if (result != GV_CHECK_REPLICAS_FALSE_ALARM) return NULL;
    return "have equal entries, but different roots";
}
