// SPDX-License-Identifier: MIT
// The local clocks of a machine, which drift and step relative to simulated time. There are two, as
// on a real machine:
//   monotonic   drives timers. A step forward makes it jump, like a clock that counts suspension; a
//               step back does not change it.
//   date        steps both ways. A program that reads it once, at its start, notices a step in its
//               next incarnation only.
#ifndef GV_SIM_CORE_CLOCK_H
#define GV_SIM_CORE_CLOCK_H

#include "../../merkle/base.h"

enum { GV_CLOCK_PPM_MAX = 500000 }; // largest drift: half or one and a half times as fast

struct gv_clock {
    gv_time simulated_at, local_at; // the latest change: simulated time, and local time then
    int64_t ppm;       // drift, in millionths; its effect is limited to ±GV_CLOCK_PPM_MAX
    gv_time date_back; // sum of all steps back
};

// A zeroed clock shows simulated time. Converts simulated time, not before the latest change, to
// local time.
gv_time gv_clock_local(const struct gv_clock *clock, gv_time simulated);
// The simulated time, not before `now`, at which the clock reaches a local time. Returns
// GV_TIME_NEVER for GV_TIME_NEVER.
gv_time gv_clock_to_simulated(const struct gv_clock *clock, gv_time now, gv_time local);

// Adds to the drift. |ppm| is at most GV_CLOCK_PPM_MAX.
void gv_clock_drift(struct gv_clock *clock, gv_time now, int64_t ppm);
// Steps the clock forward or back.
void gv_clock_step(struct gv_clock *clock, gv_time now, gv_time by, bool back);

#endif
