// SPDX-License-Identifier: MIT
// Numbered timers in an indexed binary heap. The heap index of each timer is stored, so that a
// timer can be moved or cleared in O(log n).
#ifndef GV_ENGINE_TIMERS_H
#define GV_ENGINE_TIMERS_H

#include "../merkle/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gv_timers {
    struct gv_alloc alloc;
    gv_time *when;  // by number: its time; GV_TIME_NEVER: not set
    uint32_t *slot; // by number: its index in the heap, if it is set
    uint32_t *heap; // numbers of the timers that are set, the earliest first
    uint32_t count; // number of timers
    uint32_t set;   // number of timers that are set
};

// Initialises the timers 0 … count − 1, none of which is set. GV_ENOMEM: nothing stays allocated.
int gv_timers_init(struct gv_timers *timers, struct gv_alloc alloc, uint32_t count);
void gv_timers_fini(struct gv_timers *timers);

// Sets a timer to a time. It may be set already. GV_TIME_NEVER clears it. O(log set).
void gv_timers_set(struct gv_timers *timers, uint32_t number, gv_time when);

// The earliest time, or GV_TIME_NEVER if no timer is set.
gv_time gv_timers_next(const struct gv_timers *timers);

// Clears and returns the earliest timer if it is due at `now`, else returns −1. Timers with the
// same time come in order of their numbers.
int64_t gv_timers_pop(struct gv_timers *timers, gv_time now);

#ifdef __cplusplus
}
#endif
#endif
