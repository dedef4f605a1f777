// SPDX-License-Identifier: MIT
#include "clock.h"

#define MILLION 1000000
#define LOCAL_MAX (UINT64_C(1) << 62) // room for steps of a century

// The drift over a span of simulated time, without overflow.
static gv_time skew(gv_time span, uint64_t ppm) {
    return span / MILLION * ppm + span % MILLION * ppm / MILLION;
}

static int64_t rate(const struct gv_clock *clock) {
    if (clock->ppm > GV_CLOCK_PPM_MAX) return GV_CLOCK_PPM_MAX;
    return clock->ppm < -GV_CLOCK_PPM_MAX ? -GV_CLOCK_PPM_MAX : clock->ppm;
}

gv_time gv_clock_local(const struct gv_clock *clock, gv_time simulated) {
    GV_ASSERT(simulated >= clock->simulated_at);
    gv_time span = simulated - clock->simulated_at, base = clock->local_at + span;
    int64_t ppm = rate(clock);
    return ppm >= 0 ? base + skew(span, (uint64_t)ppm) : base - skew(span, (uint64_t)-ppm);
}

gv_time gv_clock_to_simulated(const struct gv_clock *clock, gv_time now, gv_time local) {
    GV_ASSERT(now >= clock->simulated_at);
    if (local == GV_TIME_NEVER || gv_clock_local(clock, now) >= local) {
        return local == GV_TIME_NEVER ? local : now;
    }
    if (clock->ppm == 0) return clock->simulated_at + (local - clock->local_at);
    // Bisection: local time is monotonic.
    gv_time low = now, high = now + 2 * (local - gv_clock_local(clock, now)) + 2;
    GV_ASSERT(high > low && gv_clock_local(clock, high) >= local);
    while (high - low > 1) {
        gv_time middle = low + (high - low) / 2;
        if (gv_clock_local(clock, middle) >= local) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static void rebase(struct gv_clock *clock, gv_time now) {
    clock->local_at = gv_clock_local(clock, now);
    clock->simulated_at = now;
}

void gv_clock_drift(struct gv_clock *clock, gv_time now, int64_t ppm) {
    GV_ASSERT(ppm >= -GV_CLOCK_PPM_MAX && ppm <= GV_CLOCK_PPM_MAX);
    rebase(clock, now);
    clock->ppm += ppm;
}

void gv_clock_step(struct gv_clock *clock, gv_time now, gv_time by, bool back) {
    rebase(clock, now);
    if (back) {
        clock->date_back += by;
    } else if (clock->local_at < LOCAL_MAX) {
        clock->local_at += by < LOCAL_MAX ? by : LOCAL_MAX;
    }
}
