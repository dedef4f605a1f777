// SPDX-License-Identifier: MIT
#include "check_ascent.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void gv_check_ascent_init(struct gv_check_ascent *ascent, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *ascent = (struct gv_check_ascent){.nodes = nodes};
    ascent->last = gv_memory_new(nodes * sizeof *ascent->last);
}

void gv_check_ascent_fini(struct gv_check_ascent *ascent) {
    GV_ASSERT(ascent != NULL);
    free(ascent->last);
    *ascent = (struct gv_check_ascent){0};
}

void gv_check_ascent_look(struct gv_check_ascent *ascent, uint32_t node, struct gv_slice line,
                          struct gv_errors *errors) {
    static const char type[] = "\"type\":\"generate_ok\"", name[] = "\"id\":\"";
    GV_ASSERT(node < ascent->nodes);
    struct gv_check_ascent_last *last = &ascent->last[node];
    char text[GV_CHECK_ASCENT_MAX];
    if (line.len >= sizeof text || last->told) return;
    memcpy(text, line.data, line.len);
    text[line.len] = '\0';
    char *at = strstr(text, type), *id = at != NULL ? strstr(at, name) : NULL;
    char *end = id != NULL ? strchr(id += sizeof name - 1, '"') : NULL;
    if (end == NULL) return;
    *end = '\0';
    if (strcmp(id, last->id) <= 0) {
        last->told = true;
        gv_errors_add(errors, "not ascending: n%u gave id %s after %s", node, id, last->id);
    }
    strcpy(last->id, id);
}

void gv_check_ascent_forget(struct gv_check_ascent *ascent, uint32_t node) {
    GV_ASSERT(node < ascent->nodes);
    ascent->last[node].id[0] = '\0';
}
