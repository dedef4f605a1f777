// SPDX-License-Identifier: MIT
// A machine's own clocks, as they show time while the simulated world has another: they may run
// fast or slow, and be set.
//
// There are two, as on a real machine. The one that timers go by never runs back: set forward, it
// jumps, as one that counts while the machine sleeps does; set back, it goes on as before. The date
// goes both ways, but a program that asks for it once, at its start, notices in its next life.
#ifndef GV_SIM_CORE_CLOCK_H
#define GV_SIM_CORE_CLOCK_H

#include "../../merkle/base.h"

enum { GV_CLOCK_PPM_MAX = 500000 }; // of drift: half as fast, or half as fast again

struct gv_clock {
    gv_time simulated_at, local_at; // when the world had the one time, this clock had the other
    int64_t ppm;                    // it gains so many millionths, but no more than the bound
    gv_time date_back;              // by how much the date has been set back, all in all
};

// Zeroed, it shows the world's time. What it shows when the world has this time, which must not be
// earlier than it has been set.
gv_time gv_clock_local(const struct gv_clock *clock, gv_time simulated);
// When it will show this time, or more; at `now` at the earliest. GV_TIME_NEVER is itself.
gv_time gv_clock_to_simulated(const struct gv_clock *clock, gv_time now, gv_time local);

// From now on it gains so much more, or less.
void gv_clock_drift(struct gv_clock *clock, gv_time now, int64_t ppm);
// It is set forward or back.
void gv_clock_step(struct gv_clock *clock, gv_time now, gv_time by, bool back);

#endif
