// SPDX-License-Identifier: MIT
#include "overlay.h"

int gv_overlay_preferred_parent(uint32_t node) {
    return node == 0 ? GV_OVERLAY_NONE : (int)((node - 1) / GV_OVERLAY_FANOUT);
}

struct gv_overlay_range gv_overlay_children(uint32_t node, uint32_t count) {
    GV_ASSERT(node < count);
    uint64_t first = (uint64_t)node * GV_OVERLAY_FANOUT + 1, end = first + GV_OVERLAY_FANOUT;
    if (first > count) first = count;
    if (end > count) end = count;
    return (struct gv_overlay_range){(uint32_t)first, (uint32_t)end};
}

uint32_t gv_overlay_levels(uint32_t count) {
    uint64_t reach = 1, width = 1;
    uint32_t levels = 0;
    for (; reach < count; levels++) {
        width *= GV_OVERLAY_FANOUT;
        reach += width;
    }
    return levels;
}

int gv_overlay_choose_parent(uint32_t node, bool (*suspected)(const void *ctx, uint32_t of),
                             const void *ctx) {
    int preferred = gv_overlay_preferred_parent(node);
    if (preferred == GV_OVERLAY_NONE || !suspected(ctx, (uint32_t)preferred)) return preferred;
    for (uint32_t i = 0; i < node; i++) {
        if (!suspected(ctx, i)) return (int)i;
    }
    return GV_OVERLAY_NONE;
}

bool gv_overlay_are_siblings(uint32_t a, uint32_t b) {
    return gv_overlay_preferred_parent(a) == gv_overlay_preferred_parent(b);
}
