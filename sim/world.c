// SPDX-License-Identifier: MIT
#include "world.h"

#include "memory.h"

#include <stdlib.h>

static bool before(const struct gv_world_event *a, const struct gv_world_event *b) {
    return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void rise(struct gv_world *world, size_t at) {
    struct gv_world_event event = world->heap[at];
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!before(&event, &world->heap[parent])) break;
        world->heap[at] = world->heap[parent];
        at = parent;
    }
    world->heap[at] = event;
}

static void sink(struct gv_world *world, size_t at) {
    struct gv_world_event event = world->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->len) break;
        if (child + 1 < world->len && before(&world->heap[child + 1], &world->heap[child])) child++;
        if (!before(&world->heap[child], &event)) break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = event;
}

void gv_world_init(struct gv_world *world, gv_time now) {
    GV_ASSERT(world != NULL);
    *world = (struct gv_world){.now = now};
}

void gv_world_fini(struct gv_world *world) {
    GV_ASSERT(world != NULL);
    free(world->heap);
    *world = (struct gv_world){.now = world->now};
}

void gv_world_schedule(struct gv_world *world, gv_time due, uint32_t kind, uint32_t target,
                       uint64_t stamp, void *item) {
    GV_ASSERT(due != GV_TIME_NEVER);
    world->heap = gv_memory_grow(world->heap, &world->cap, world->len + 1, sizeof *world->heap);
    world->heap[world->len] = (struct gv_world_event){
        .due = due < world->now ? world->now : due,
        .seq = world->scheduled++,
        .kind = kind,
        .target = target,
        .stamp = stamp,
        .item = item,
    };
    rise(world, world->len++);
}

gv_time gv_world_due(const struct gv_world *world) {
    return world->len > 0 ? world->heap[0].due : GV_TIME_NEVER;
}

bool gv_world_next(struct gv_world *world, gv_time until, struct gv_world_event *event) {
    GV_ASSERT(event != NULL);
    if (gv_world_due(world) > until || world->len == 0) {
        if (until > world->now) world->now = until;
        return false;
    }
    *event = world->heap[0];
    GV_ASSERT(event->due >= world->now);
    world->now = event->due;
    world->heap[0] = world->heap[--world->len];
    if (world->len > 0) sink(world, 0);
    return true;
}
