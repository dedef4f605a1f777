// SPDX-License-Identifier: MIT
// Timers by number: a binary heap that knows where each timer stands, so that one can be moved.
#ifndef GV_ENGINE_TIMERS_H
#define GV_ENGINE_TIMERS_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gv_timers {
    struct gv_alloc alloc;
    gv_time *when;  // by number; GV_TIME_NEVER: not set
    uint32_t *slot; // by number: where in the heap, if it is set
    uint32_t *heap; // numbers, the earliest first
    uint32_t count; // numbers there are
    uint32_t set;   // of which are set
};

// Timers 0 … count − 1, none set. GV_ENOMEM: nothing is held.
GV_API int gv_timers_init(struct gv_timers *timers, struct gv_alloc alloc, uint32_t count);
GV_API void gv_timers_fini(struct gv_timers *timers);

// Sets a timer to a time, GV_TIME_NEVER to clear it. O(log set).
GV_API void gv_timers_set(struct gv_timers *timers, uint32_t number, gv_time when);

// The earliest time set, or GV_TIME_NEVER.
GV_API gv_time gv_timers_next(const struct gv_timers *timers);

// Clears and returns the earliest timer if it is due at `now`, else returns −1. Of timers due at
// the same time, the lowest number comes first.
GV_API int64_t gv_timers_pop(struct gv_timers *timers, gv_time now);

#ifdef __cplusplus
}
#endif
#endif
