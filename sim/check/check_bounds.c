// SPDX-License-Identifier: MIT
#include "check_bounds.h"

#include <inttypes.h>

void gv_check_bounds_init(struct gv_check_bounds *bounds, uint32_t nodes, size_t message_max) {
    GV_ASSERT(nodes > 0 && message_max > 0);
    *bounds = (struct gv_check_bounds){.nodes = nodes, .message_max = message_max};
}

void gv_check_bounds_message(struct gv_check_bounds *bounds, uint32_t node, size_t bytes,
                             struct gv_verdict_errors *errors) {
    GV_ASSERT(node < bounds->nodes);
    if (bytes <= bounds->message_max || bounds->message_reported) return;
    bounds->message_reported = true;
    gv_verdict_add(errors, GV_VERDICT_MESSAGE_TOO_LONG, "n%u sends %zu bytes, and its bound is %zu",
                   node, bytes, bounds->message_max);
}

void gv_check_bounds_memory(struct gv_check_bounds *bounds, uint32_t node, uint64_t entries,
                            uint64_t bytes, struct gv_verdict_errors *errors) {
    GV_ASSERT(node < bounds->nodes);
    uint64_t most = GV_CHECK_BOUNDS_NODE + (uint64_t)GV_CHECK_BOUNDS_PEER * bounds->nodes +
                    GV_CHECK_BOUNDS_ENTRY * entries;
    if (bytes <= most || bounds->memory_reported) return;
    bounds->memory_reported = true;
    gv_verdict_add(errors, GV_VERDICT_TOO_MUCH_MEMORY,
                   "n%u takes %" PRIu64 " bytes for %" PRIu64 " entries, and its bound is %" PRIu64,
                   node, bytes, entries, most);
}
