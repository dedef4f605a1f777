// SPDX-License-Identifier: MIT
#include "timers.h"

int gv_timers_init(struct gv_timers *timers, struct gv_alloc alloc, uint32_t count) {
    GV_ASSERT(alloc.resize != NULL && count > 0);
    *timers = (struct gv_timers){.alloc = alloc, .count = count};
    timers->when = gv_alloc_new(alloc, count * sizeof *timers->when);
    timers->slot = gv_alloc_new(alloc, count * sizeof *timers->slot);
    timers->heap = gv_alloc_new(alloc, count * sizeof *timers->heap);
    if (timers->when == NULL || timers->slot == NULL || timers->heap == NULL) {
        gv_timers_fini(timers);
        return GV_ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) timers->when[i] = GV_TIME_NEVER;
    return 0;
}

void gv_timers_fini(struct gv_timers *timers) {
    gv_alloc_free(timers->alloc, timers->when, timers->count * sizeof *timers->when);
    gv_alloc_free(timers->alloc, timers->slot, timers->count * sizeof *timers->slot);
    gv_alloc_free(timers->alloc, timers->heap, timers->count * sizeof *timers->heap);
    *timers = (struct gv_timers){0};
}

static void put(struct gv_timers *timers, uint32_t slot, uint32_t number) {
    timers->heap[slot] = number;
    timers->slot[number] = slot;
}

static gv_time when_at(const struct gv_timers *timers, uint32_t slot) {
    return timers->when[timers->heap[slot]];
}

static bool before(const struct gv_timers *timers, uint32_t number, uint32_t slot) {
    gv_time a = timers->when[number], b = when_at(timers, slot);
    return a != b ? a < b : number < timers->heap[slot];
}

// Restores the heap order by moving the timer in this slot up or down.
static void settle(struct gv_timers *timers, uint32_t slot) {
    GV_ASSERT(slot < timers->set);
    uint32_t number = timers->heap[slot];
    while (slot > 0 && before(timers, number, (slot - 1) / 2)) {
        put(timers, slot, timers->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * slot + 1;
        if (child >= timers->set) break;
        if (child + 1 < timers->set && before(timers, timers->heap[child + 1], child)) child++;
        if (before(timers, number, child)) break;
        put(timers, slot, timers->heap[child]);
        slot = child;
    }
    put(timers, slot, number);
}

void gv_timers_set(struct gv_timers *timers, uint32_t number, gv_time when) {
    GV_ASSERT(number < timers->count);
    gv_time before = timers->when[number];
    if (when == before) return;
    timers->when[number] = when;
    if (before == GV_TIME_NEVER) {
        put(timers, timers->set++, number);
        settle(timers, timers->set - 1);
    } else if (when != GV_TIME_NEVER) {
        settle(timers, timers->slot[number]);
    } else {
        uint32_t slot = timers->slot[number];
        timers->set--;
        if (slot == timers->set) return;
        put(timers, slot, timers->heap[timers->set]);
        settle(timers, slot);
    }
}

gv_time gv_timers_next(const struct gv_timers *timers) {
    return timers->set > 0 ? when_at(timers, 0) : GV_TIME_NEVER;
}

int64_t gv_timers_pop(struct gv_timers *timers, gv_time now) {
    if (timers->set == 0 || when_at(timers, 0) > now) return -1;
    uint32_t number = timers->heap[0];
    gv_timers_set(timers, number, GV_TIME_NEVER);
    return number;
}
