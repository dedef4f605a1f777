// SPDX-License-Identifier: MIT
#include "check_monotonic_state.h"

#include "../core/memory.h"

#include <inttypes.h>
#include <stdlib.h>

void gv_check_monotonic_state_init(struct gv_check_monotonic_state *monotonic, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *monotonic = (struct gv_check_monotonic_state){.nodes = nodes};
    monotonic->entries = gv_memory_new(nodes * sizeof *monotonic->entries);
}

void gv_check_monotonic_state_fini(struct gv_check_monotonic_state *monotonic) {
    GV_ASSERT(monotonic != NULL);
    free(monotonic->entries);
    *monotonic = (struct gv_check_monotonic_state){0};
}

void gv_check_monotonic_state_entries(struct gv_check_monotonic_state *monotonic, uint32_t node,
                                      uint64_t entries, struct gv_verdict_errors *errors) {
    GV_ASSERT(node < monotonic->nodes);
    uint64_t before = monotonic->entries[node];
    monotonic->entries[node] = entries;
    if (entries >= before) return;
    gv_verdict_add(errors, GV_VERDICT_FORGOT, "n%u had %" PRIu64 " entries and has %" PRIu64, node,
                   before, entries);
}

void gv_check_monotonic_state_added(uint32_t node, const char *value, bool holds,
                                    struct gv_verdict_errors *errors) {
    GV_ASSERT(errors != NULL);
    if (holds) return;
    gv_verdict_add(errors, GV_VERDICT_NOT_KEPT, "n%u acknowledged value %s, and does not have it",
                   node, value);
}

void gv_check_monotonic_state_reset(struct gv_check_monotonic_state *monotonic, uint32_t node) {
    GV_ASSERT(node < monotonic->nodes);
    monotonic->entries[node] = 0;
}
