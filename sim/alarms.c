// SPDX-License-Identifier: MIT
#include "alarms.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

void gv_alarms_init(struct gv_alarms *alarms, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *alarms = (struct gv_alarms){.nodes = nodes};
    alarms->heap = gv_memory_new(nodes * sizeof *alarms->heap);
    alarms->place = gv_memory_new(nodes * sizeof *alarms->place);
    alarms->due = gv_memory_new(nodes * sizeof *alarms->due);
    memset(alarms->place, 0xff, nodes * sizeof *alarms->place);
}

void gv_alarms_fini(struct gv_alarms *alarms) {
    GV_ASSERT(alarms != NULL);
    free(alarms->heap);
    free(alarms->place);
    free(alarms->due);
    *alarms = (struct gv_alarms){0};
}

static bool before(const struct gv_alarms *alarms, uint32_t a, uint32_t b) {
    return alarms->due[a] != alarms->due[b] ? alarms->due[a] < alarms->due[b] : a < b;
}

static void put(struct gv_alarms *alarms, uint32_t at, uint32_t node) {
    alarms->heap[at] = node;
    alarms->place[node] = at;
}

static void rise(struct gv_alarms *alarms, uint32_t at, uint32_t node) {
    while (at > 0 && before(alarms, node, alarms->heap[(at - 1) / 2])) {
        put(alarms, at, alarms->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(alarms, at, node);
}

static void sink(struct gv_alarms *alarms, uint32_t at, uint32_t node) {
    for (uint32_t child = 2 * at + 1; child < alarms->len; child = 2 * at + 1) {
        if (child + 1 < alarms->len &&
            before(alarms, alarms->heap[child + 1], alarms->heap[child])) {
            child++;
        }
        if (!before(alarms, alarms->heap[child], node)) break;
        put(alarms, at, alarms->heap[child]);
        at = child;
    }
    put(alarms, at, node);
}

static void take_away(struct gv_alarms *alarms, uint32_t node) {
    uint32_t at = alarms->place[node];
    if (at == UINT32_MAX) return;
    alarms->place[node] = UINT32_MAX;
    uint32_t last = alarms->heap[--alarms->len];
    if (last == node) return;
    // What fills the gap may have to go either way.
    rise(alarms, at, last);
    sink(alarms, alarms->place[last], last);
}

void gv_alarms_set(struct gv_alarms *alarms, uint32_t node, gv_time due) {
    GV_ASSERT(node < alarms->nodes);
    if (due == GV_TIME_NEVER) {
        take_away(alarms, node);
        return;
    }
    bool set = alarms->place[node] != UINT32_MAX;
    if (set && alarms->due[node] == due) return;
    bool earlier = !set || due < alarms->due[node];
    alarms->due[node] = due;
    if (!set) alarms->place[node] = alarms->len++;
    (earlier ? rise : sink)(alarms, alarms->place[node], node);
}

gv_time gv_alarms_due(const struct gv_alarms *alarms) {
    return alarms->len > 0 ? alarms->due[alarms->heap[0]] : GV_TIME_NEVER;
}

uint32_t gv_alarms_first(const struct gv_alarms *alarms) {
    GV_ASSERT(alarms->len > 0);
    return alarms->heap[0];
}
