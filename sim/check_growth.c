// SPDX-License-Identifier: MIT
#include "check_growth.h"

#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>

void gv_check_growth_init(struct gv_check_growth *growth, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *growth = (struct gv_check_growth){.nodes = nodes};
    growth->entries = gv_memory_new(nodes * sizeof *growth->entries);
}

void gv_check_growth_fini(struct gv_check_growth *growth) {
    GV_ASSERT(growth != NULL);
    free(growth->entries);
    *growth = (struct gv_check_growth){0};
}

void gv_check_growth_look(struct gv_check_growth *growth, uint32_t node, uint64_t entries,
                          struct gv_errors *errors) {
    GV_ASSERT(node < growth->nodes);
    uint64_t before = growth->entries[node];
    growth->entries[node] = entries;
    if (entries >= before) return;
    gv_errors_add(errors, "forgot: n%u had %" PRIu64 " entries and has %" PRIu64, node, before,
                  entries);
}

void gv_check_growth_added(uint32_t node, const char *value, bool holds, struct gv_errors *errors) {
    GV_ASSERT(errors != NULL);
    if (holds) return;
    gv_errors_add(errors, "not kept: n%u acknowledged value %s, and does not have it", node, value);
}

void gv_check_growth_forget(struct gv_check_growth *growth, uint32_t node) {
    GV_ASSERT(node < growth->nodes);
    growth->entries[node] = 0;
}
