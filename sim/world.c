// SPDX-License-Identifier: MIT
#include "world.h"

#include "memory.h"

#include <stdlib.h>

void gv_world_init(struct gv_world *world, gv_time now) {
    GV_ASSERT(world != NULL);
    *world = (struct gv_world){.now = now, .opened = now};
}

void gv_world_fini(struct gv_world *world) {
    GV_ASSERT(world != NULL);
    for (size_t i = 0; i < GV_WORLD_LISTS; i++) free(world->lists[i].events);
    gv_world_init(world, world->now);
}

// The number of the highest bit that is set, from 0.
static unsigned highest(uint64_t bits) {
#if defined(__GNUC__)
    return 63 - (unsigned)__builtin_clzll(bits);
#else
    unsigned bit = 0;
    while (bits >>= 1) bit++;
    return bit;
#endif
}

static void put(struct gv_world *world, const struct gv_world_event *event) {
    uint64_t differs = event->due ^ world->opened;
    unsigned number = differs != 0 ? highest(differs) + 1 : 0;
    struct gv_world_list *list = &world->lists[number];
    if (list->first == list->len || event->due < list->due) list->due = event->due;
    list->events = gv_memory_grow(list->events, &list->cap, list->len + 1, sizeof *list->events);
    list->events[list->len++] = *event;
    if (number > 0) world->used |= UINT64_C(1) << (number - 1);
}

// The number of the list with the earliest event; GV_WORLD_LISTS if there is none.
static unsigned lowest(const struct gv_world *world) {
    if (world->lists[0].first < world->lists[0].len) return 0;
    uint64_t bit = world->used & (~world->used + 1);
    return bit != 0 ? highest(bit) + 1 : GV_WORLD_LISTS;
}

// Moves the events of a list to lower ones, the earliest to list 0, which is empty.
static void open_list(struct gv_world *world, unsigned number) {
    struct gv_world_list *list = &world->lists[number];
    GV_ASSERT(number > 0 && list->len > 0);
    world->opened = list->due;
    for (size_t i = 0; i < list->len; i++) put(world, &list->events[i]);
    list->len = 0;
    world->used &= ~(UINT64_C(1) << (number - 1));
    GV_ASSERT(world->lists[0].len > 0);
}

void gv_world_schedule(struct gv_world *world, gv_time due, uint32_t kind, uint32_t target,
                       uint64_t stamp, void *item) {
    GV_ASSERT(due != GV_TIME_NEVER);
    GV_ASSERT(world->now >= world->opened);
    struct gv_world_event event = {
        .due = due < world->now ? world->now : due,
        .kind = kind,
        .target = target,
        .stamp = stamp,
        .item = item,
    };
    put(world, &event);
    world->len++;
}

void gv_world_drop(struct gv_world *world, uint32_t kind, void (*drop)(void *item)) {
    GV_ASSERT(drop != NULL);
    for (size_t i = 0; i < GV_WORLD_LISTS; i++) {
        const struct gv_world_list *list = &world->lists[i];
        for (size_t at = list->first; at < list->len; at++) {
            if (list->events[at].kind == kind) drop(list->events[at].item);
        }
    }
}

gv_time gv_world_due(const struct gv_world *world) {
    unsigned number = lowest(world);
    return number < GV_WORLD_LISTS ? world->lists[number].due : GV_TIME_NEVER;
}

bool gv_world_next(struct gv_world *world, gv_time until, struct gv_world_event *event) {
    GV_ASSERT(event != NULL);
    unsigned number = lowest(world);
    if (number == GV_WORLD_LISTS || world->lists[number].due > until) {
        if (until > world->now) world->now = until;
        return false;
    }
    if (number > 0) open_list(world, number);
    struct gv_world_list *now = &world->lists[0];
    *event = now->events[now->first++];
    if (now->first == now->len) now->first = now->len = 0;
    GV_ASSERT(event->due >= world->now);
    world->now = event->due;
    world->len--;
    return true;
}
