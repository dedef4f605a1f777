// SPDX-License-Identifier: MIT
#include "check_monotonic_reads.h"

#include "../core/memory.h"

#include <inttypes.h>

void gv_check_monotonic_reads_init(struct gv_check_monotonic_reads *reads, uint32_t nodes) {
    *reads = (struct gv_check_monotonic_reads){.nodes = nodes};
    GV_MEMORY_ARRAY(reads->last, nodes);
}

void gv_check_monotonic_reads_fini(struct gv_check_monotonic_reads *reads) {
    for (uint32_t node = 0; node < reads->nodes; node++) free(reads->last[node].shown);
    free(reads->last);
}

void gv_check_monotonic_reads_set(struct gv_check_monotonic_reads *reads, uint32_t node,
                                  const uint32_t *marks, size_t count,
                                  struct gv_verdict_errors *errors) {
    struct gv_check_monotonic_reads_last *last = &reads->last[node];
    GV_MEMORY_GROW(last->shown, &last->cap, count / 64 + 1);
    size_t gone = 0, first = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << i % 64;
        bool before = (last->shown[i / 64] & bit) != 0;
        if (before && marks[i] == 0 && gone++ == 0) first = i;
        if (marks[i] > 0) last->shown[i / 64] |= bit;
    }
    if (gone == 0 || last->reported) return;
    last->reported = errors->conclusive = true;
    gv_verdict_add(errors, GV_VERDICT_NON_MONOTONIC_READ,
                   "n%u is missing %zu values that an earlier read returned: %zu …", node, gone,
                   first);
}

void gv_check_monotonic_reads_counter(struct gv_check_monotonic_reads *reads, uint32_t node,
                                      int64_t value, struct gv_verdict_errors *errors) {
    struct gv_check_monotonic_reads_last *last = &reads->last[node];
    bool back = last->any && value < last->value && !last->reported;
    if (back) {
        last->reported = errors->conclusive = true;
        gv_verdict_add(errors, GV_VERDICT_NON_MONOTONIC_READ,
                       "n%u returned %" PRId64 " earlier, and now %" PRId64, node, last->value,
                       value);
    }
    last->any = true;
    last->value = value;
}

void gv_check_monotonic_reads_reset(struct gv_check_monotonic_reads *reads, uint32_t node) {
    struct gv_check_monotonic_reads_last *last = &reads->last[node];
    if (last->cap > 0) memset(last->shown, 0, last->cap * sizeof *last->shown);
    last->any = false;
}
