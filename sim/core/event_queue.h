// SPDX-License-Identifier: MIT
// A clock and what is to happen on it: events, taken out in order of time, and those of one time in
// the order they were put in. The queue never looks at a real clock: its time is what the caller
// says, so a run in virtual time jumps from event to event, and one in real time asks what is due
// by now.
//
// Events wait in a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan: Faster algorithms for the shortest
// path problem, 1990), which is cheaper than a binary one because time never goes back: an event
// lies in the list of the highest bit in which its time differs from that of the last list opened.
// The lowest list is opened when its first event is due, by moving its events to lower lists, at
// most once for each bit. Only ends of lists are touched in between, so that 100,000 timeouts that
// wait for seconds cost nothing while messages come and go.
#ifndef GV_SIM_CORE_EVENT_QUEUE_H
#define GV_SIM_CORE_EVENT_QUEUE_H

#include "../../merkle/base.h"

// What the fields beside `due` and `seq` mean is up to those who schedule. An event cannot be
// called off: put a number into `stamp` that tells, when it comes, whether it still matters.
struct gv_event {
    gv_time due;
    uint32_t kind;
    uint32_t target;
    uint64_t stamp;
    void *item; // borrowed until the event is taken
};

// Events of one time lie in one list, and always in the order they were put in.
struct gv_event_queue_bucket {
    struct gv_event *events;
    size_t first, len, cap; // those before `first` are gone
    gv_time due;            // of the earliest, if there is any
};

enum { GV_EVENT_QUEUE_BUCKETS = 65 };

struct gv_event_queue {
    gv_time now;       // never goes back
    gv_time base;      // no event is due before; those of list 0 are due then
    size_t len;        // events that wait
    uint64_t nonempty; // which lists but 0 have events, a bit each
    struct gv_event_queue_bucket buckets[GV_EVENT_QUEUE_BUCKETS];
};

void gv_event_queue_init(struct gv_event_queue *queue, gv_time now);
// Events still waiting are forgotten; their items are the caller's.
void gv_event_queue_fini(struct gv_event_queue *queue);

// A time already past means: next, after what was already due.
void gv_event_queue_schedule(struct gv_event_queue *queue, gv_time due, uint32_t kind,
                             uint32_t target, uint64_t stamp, void *item);

// Hands the item of each event of this kind that is still waiting to `drop`. The queue must take no
// step after that.
void gv_event_queue_drop(struct gv_event_queue *queue, uint32_t kind, void (*drop)(void *item));

// When the next event is due; GV_TIME_NEVER if there is none.
gv_time gv_event_queue_due(const struct gv_event_queue *queue);

// Takes the next event due at or before `until` and moves `now` to its time. If there is none,
// moves `now` to `until` and returns false.
bool gv_event_queue_next(struct gv_event_queue *queue, gv_time until, struct gv_event *event);

#endif
