// SPDX-License-Identifier: MIT
#include "clock.h"

#define MILLION 1000000
#define OWN_MAX (UINT64_C(1) << 62) // enough for a century of jumps

// What a span of the world's time gains or loses by drift, without overflow.
static gv_time skew(gv_time span, uint64_t ppm) {
    return span / MILLION * ppm + span % MILLION * ppm / MILLION;
}

static int64_t rate(const struct gv_clock *clock) {
    if (clock->ppm > GV_CLOCK_PPM_MAX) return GV_CLOCK_PPM_MAX;
    return clock->ppm < -GV_CLOCK_PPM_MAX ? -GV_CLOCK_PPM_MAX : clock->ppm;
}

gv_time gv_clock_own(const struct gv_clock *clock, gv_time world) {
    GV_ASSERT(world >= clock->world_at);
    gv_time span = world - clock->world_at, base = clock->own_at + span;
    int64_t ppm = rate(clock);
    return ppm >= 0 ? base + skew(span, (uint64_t)ppm) : base - skew(span, (uint64_t)-ppm);
}

gv_time gv_clock_world(const struct gv_clock *clock, gv_time now, gv_time own) {
    GV_ASSERT(now >= clock->world_at);
    if (own == GV_TIME_NEVER || gv_clock_own(clock, now) >= own) {
        return own == GV_TIME_NEVER ? own : now;
    }
    if (clock->ppm == 0) return clock->world_at + (own - clock->own_at);
    // Bisection: it shows each time once, or passes it.
    gv_time low = now, high = now + 2 * (own - gv_clock_own(clock, now)) + 2;
    GV_ASSERT(high > low && gv_clock_own(clock, high) >= own);
    while (high - low > 1) {
        gv_time middle = low + (high - low) / 2;
        if (gv_clock_own(clock, middle) >= own) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static void settle(struct gv_clock *clock, gv_time now) {
    clock->own_at = gv_clock_own(clock, now);
    clock->world_at = now;
}

void gv_clock_drift(struct gv_clock *clock, gv_time now, int64_t ppm) {
    GV_ASSERT(ppm >= -GV_CLOCK_PPM_MAX && ppm <= GV_CLOCK_PPM_MAX);
    settle(clock, now);
    clock->ppm += ppm;
}

void gv_clock_step(struct gv_clock *clock, gv_time now, gv_time by, bool back) {
    settle(clock, now);
    if (back) {
        clock->date_back += by;
    } else if (clock->own_at < OWN_MAX) {
        clock->own_at += by < OWN_MAX ? by : OWN_MAX;
    }
}
