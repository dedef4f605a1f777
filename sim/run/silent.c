// SPDX-License-Identifier: MIT
#include "silent.h"

#include <stdio.h>

void gv_silent_add(struct gv_silent groups[GV_SILENT_KINDS + 1], uint32_t node,
                   const char *instead) {
    GV_ASSERT(strlen(instead) < GV_SILENT_INSTEAD_MAX);
    size_t kind = 0;
    while (kind < GV_SILENT_KINDS && groups[kind].count > 0 &&
           strcmp(groups[kind].instead, instead) != 0)
        kind++;
    struct gv_silent *group = &groups[kind];
    if (group->count == 0 && kind < GV_SILENT_KINDS) strcpy(group->instead, instead);
    size_t len = strlen(group->names);
    if (group->count++ >= GV_SILENT_NAMED) return;
    snprintf(group->names + len, sizeof group->names - len, "%sn%u", len > 0 ? ", " : "", node);
}
