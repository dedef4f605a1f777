// SPDX-License-Identifier: MIT
#include "check_state.h"

#include "../core/memory.h"

#include <inttypes.h>

void gv_check_state_init(struct gv_check_state *state, uint32_t nodes) {
    GV_MEMORY_ARRAY(state->entries, nodes);
}

void gv_check_state_fini(struct gv_check_state *state) {
    free(state->entries);
}

void gv_check_state_entries(struct gv_check_state *state, uint32_t node, uint64_t entries,
                            struct gv_verdict_errors *errors) {
    uint64_t before = state->entries[node];
    state->entries[node] = entries;
    if (entries >= before) return;
    gv_verdict_add(errors, GV_VERDICT_ENTRIES_LOST, "n%u had %" PRIu64 " entries and has %" PRIu64,
                   node, before, entries);
}

void gv_check_state_added(uint32_t node, const char *value, bool present,
                          struct gv_verdict_errors *errors) {
    if (present) return;
    gv_verdict_add(errors, GV_VERDICT_ACKED_ABSENT,
                   "n%u acknowledged value %s but does not have it", node, value);
}

void gv_check_state_request(uint32_t node, struct gv_digest before, struct gv_digest after,
                            struct gv_verdict_errors *errors) {
    GV_ASSERT(after.count >= before.count);
    if (gv_digest_equal(before, after)) return;
    gv_verdict_add(errors, GV_VERDICT_NOT_DURABLE_YET,
                   "n%u exposes a client's write before it is on disk", node);
}
