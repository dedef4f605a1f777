// SPDX-License-Identifier: MIT
// A clock and what is to happen on it: events in a binary heap, taken out in order of time, and
// those of one time in the order they were put in. The world never looks at a real clock: its
// time is what the caller says, so a run in virtual time jumps from event to event, and one in
// real time asks what is due by now.
#ifndef GV_SIM_WORLD_H
#define GV_SIM_WORLD_H

#include "../merkle/base.h"

// What the fields beside `due` and `seq` mean is up to those who schedule. An event cannot be
// called off: put a number into `stamp` that tells, when it comes, whether it still matters.
struct gv_world_event {
    gv_time due;
    uint64_t seq; // place among all events ever scheduled
    uint32_t kind;
    uint32_t target;
    uint64_t stamp;
    void *item; // borrowed until the event is taken
};

struct gv_world {
    gv_time now; // never goes back
    uint64_t scheduled;
    struct gv_world_event *heap;
    size_t len, cap;
};

void gv_world_init(struct gv_world *world, gv_time now);
// Events still waiting are forgotten; their items are the caller's.
void gv_world_fini(struct gv_world *world);

// A time already past means: next, after what was already due.
void gv_world_schedule(struct gv_world *world, gv_time due, uint32_t kind, uint32_t target,
                       uint64_t stamp, void *item);

// When the next event is due; GV_TIME_NEVER if there is none.
gv_time gv_world_due(const struct gv_world *world);

// Takes the next event due at or before `until` and moves `now` to its time. If there is none,
// moves `now` to `until` and returns false.
bool gv_world_next(struct gv_world *world, gv_time until, struct gv_world_event *event);

#endif
