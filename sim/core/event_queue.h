// SPDX-License-Identifier: MIT
// A queue of events, ordered by time; events of one time are first in, first out. It reads no
// clock: the caller passes the time. A simulation jumps from event to event; a run in real time
// takes the events that are due.
//
// The queue is a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan: Faster algorithms for the shortest
// path problem, 1990), which is cheaper than a binary heap because time is monotonic. An event is
// in the bucket of the highest bit in which its time differs from the queue's base. The lowest
// bucket is opened when its first event is due: its events move to lower buckets, at most once for
// each bit. So 100,000 pending timeouts cost nothing while messages are sent and delivered.
#ifndef GV_SIM_CORE_EVENT_QUEUE_H
#define GV_SIM_CORE_EVENT_QUEUE_H

#include "../../merkle/base.h"

// An event. The caller may use all members other than `due`. Events cannot be cancelled: the caller
// compares `stamp` with its state to ignore an event that is obsolete.
struct gv_event {
    gv_time due;
    uint32_t kind;
    uint32_t target;
    uint64_t stamp;
    void *item; // borrowed until the event is taken
};

// Events of one time are in one bucket, in the order of scheduling.
struct gv_event_queue_bucket {
    struct gv_event *events;
    size_t first, len, cap; // events before `first` were taken
    gv_time due;            // time of the earliest event, if there is one
};

enum { GV_EVENT_QUEUE_BUCKETS = 65 };

struct gv_event_queue {
    gv_time now;       // monotonic
    gv_time base;      // no event is due before this; events of bucket 0 are due at this time
    size_t len;        // pending events
    uint64_t nonempty; // bit i: bucket i has events; bucket 0 has no bit
    struct gv_event_queue_bucket buckets[GV_EVENT_QUEUE_BUCKETS];
};

static inline void gv_event_queue_init(struct gv_event_queue *queue, gv_time now) {
    *queue = (struct gv_event_queue){.now = now, .base = now};
}
// Drops pending events; their items remain the caller's.
void gv_event_queue_fini(struct gv_event_queue *queue);

// Schedules an event. A time in the past is replaced by `now`.
void gv_event_queue_schedule(struct gv_event_queue *queue, gv_time due, uint32_t kind,
                             uint32_t target, uint64_t stamp, void *item);

// Passes the item of each pending event of this kind to `drop`. Afterwards only gv_event_queue_fini
// may be called.
void gv_event_queue_drop(struct gv_event_queue *queue, uint32_t kind, void (*drop)(void *item));

// When the next event is due; GV_TIME_NEVER if there is none.
gv_time gv_event_queue_due(const struct gv_event_queue *queue);

// Takes the next event due at or before `until` and moves `now` to its time. If there is none,
// moves `now` to `until` and returns false.
bool gv_event_queue_next(struct gv_event_queue *queue, gv_time until, struct gv_event *event);

#endif
