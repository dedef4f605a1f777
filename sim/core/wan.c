// SPDX-License-Identifier: MIT
#include "wan.h"

#include "memory.h"

int gv_wan_find(const struct gv_wan *wan, const char *name) {
    GV_ASSERT(wan->count <= GV_WAN_REGIONS_MAX);
    for (uint32_t i = 0; i < wan->count; i++) {
        if (strcmp(wan->names[i], name) == 0) return (int)i;
    }
    return GV_ENOENT;
}

int gv_wan_add(struct gv_wan *wan, const char *name) {
    if (name[0] == '\0' || strlen(name) > GV_WAN_NAME_MAX) return GV_EINVAL;
    if (gv_wan_find(wan, name) >= 0) return GV_EINVAL;
    if (wan->count == GV_WAN_REGIONS_MAX) return GV_EFULL;
    strcpy(wan->names[wan->count], name);
    return (int)wan->count++;
}

void gv_wan_set_rtt(struct gv_wan *wan, uint32_t a, uint32_t b, gv_time rtt) {
    GV_ASSERT(a < wan->count && b < wan->count);
    struct gv_wan_path *ways[] = {&wan->paths[a][b], &wan->paths[b][a]};
    for (int i = 0; i < 2; i++) {
        ways[i]->measured = true;
        ways[i]->rtt = rtt;
    }
}

void gv_wan_open(struct gv_wan *wan, uint32_t nodes) {
    GV_ASSERT(nodes > 0 && wan->regions == NULL);
    wan->nodes = nodes;
    wan->regions = gv_memory_new(nodes);
    memset(wan->regions, GV_WAN_REGIONS_MAX, nodes);
}

void gv_wan_close(struct gv_wan *wan) {
    free(wan->regions);
    wan->regions = NULL;
    wan->nodes = 0;
}

const struct gv_wan_path *gv_wan_between(const struct gv_wan *wan, uint32_t src, uint32_t dest) {
    GV_ASSERT(src < wan->nodes && dest < wan->nodes);
    uint8_t a = wan->regions[src], b = wan->regions[dest];
    return a < wan->count && b < wan->count ? &wan->paths[a][b] : NULL;
}
