// SPDX-License-Identifier: MIT
#include "schedule.h"

enum {
    PERIOD_MIN_MS = 10,
    PERIOD_DIVISOR = 4,         // shortest period: the propagation time divided by this
    PERIOD_UNKNOWN_DIVISOR = 3, // period before a link is measured: the staleness divided by this
    MARGIN_DIVISOR = 40,        // margin: the staleness divided by this
    MARGIN_MAX_MS = 50,         // longest margin
    ROUNDING_MS = 1,            // rounding error, since messages and timers count in ms
    DEVIATION_DIVISOR = 2,      // padding of a round trip: its deviation divided by this
    ACK_DELAY_MAX_MS = 2000, // long enough that nearly every acknowledgement travels with updates
};

// --- the period of a root ----------------------------------------------------------------------

gv_time gv_schedule_margin(gv_time staleness) {
    return gv_time_min(staleness / MARGIN_DIVISOR, MARGIN_MAX_MS * GV_MS);
}

gv_time gv_schedule_padded_rtt(gv_time mean, gv_time deviation) {
    return mean > 0 ? mean + deviation / DEVIATION_DIVISOR : 0;
}

gv_time gv_schedule_propagation(gv_time staleness, uint32_t levels, gv_time padded_rtt) {
    if (padded_rtt == 0) return 0;
    return levels * (padded_rtt + gv_schedule_margin(staleness) + ROUNDING_MS * GV_MS);
}

static gv_time period_min(gv_time propagation) {
    return gv_time_max(propagation / PERIOD_DIVISOR, PERIOD_MIN_MS * GV_MS);
}

gv_time gv_schedule_period(gv_time staleness, gv_time propagation) {
    gv_time least = period_min(propagation);
    if (propagation == 0) return staleness / PERIOD_UNKNOWN_DIVISOR;
    return staleness > propagation + least ? staleness - propagation : least;
}

gv_time gv_schedule_achievable(gv_time staleness, gv_time propagation) {
    if (propagation == 0) return staleness;
    return gv_time_max(propagation + period_min(propagation), staleness);
}

gv_time gv_schedule_next_round(gv_time last, gv_time period, gv_time now) {
    if (last == GV_TIME_NEVER) return now;
    gv_time next = gv_time_after(last, period);
    if (next < now) next = gv_time_after(next, period);
    return gv_time_max(next, now);
}

// --- a child and its parent's rounds -----------------------------------------------------------

// Time until the first flush round that is at least `least` away, if rounds continue at the
// announced interval.
static gv_time until_round(const struct gv_schedule_round *round, gv_time now, gv_time least) {
    GV_ASSERT(round->in > 0 && round->period > 0);
    gv_time since = now > round->at ? now - round->at : 0;
    if (since + least <= round->in) return round->in - since;
    uint64_t rounds = (since + least - round->in + round->period - 1) / round->period;
    return round->in + rounds * round->period - since;
}

struct gv_schedule_round gv_schedule_announced(gv_time staleness, gv_time now, uint32_t in_ms,
                                               const struct gv_schedule_round *last) {
    gv_time in = gv_time_min(in_ms * GV_MS, staleness), margin = gv_schedule_margin(staleness);
    struct gv_schedule_round round = {now, in, in};
    if (last->in == 0 || in >= last->period) return round;
    gv_time next = until_round(last, now, in > margin ? in - margin : 0);
    if (next <= in + margin) round.period = last->period;
    return round;
}

gv_time gv_schedule_expected(gv_time staleness, const struct gv_schedule_round *round,
                             gv_time now) {
    if (round->in == 0) return GV_TIME_NEVER;
    gv_time when = gv_time_after(round->at, round->in + gv_schedule_margin(staleness));
    return now < when ? when : GV_TIME_NEVER;
}

gv_time gv_schedule_to_parent(gv_time staleness, const struct gv_schedule_round *round,
                              gv_time mean, gv_time deviation, gv_time now) {
    if (gv_schedule_expected(staleness, round, now) == GV_TIME_NEVER) return now;
    // The more the round trips vary, the longer the margin, since an update that misses the round
    // waits for a period.
    gv_time margin = gv_schedule_margin(staleness);
    gv_time early = mean + margin + gv_time_min(deviation, margin);
    return gv_time_after(now, until_round(round, now, early) - early);
}

// --- acknowledgements --------------------------------------------------------------------------

gv_time gv_schedule_ack_delay_max(gv_time staleness, bool from_child) {
    const gv_time usual = ACK_DELAY_MAX_MS * GV_MS;
    if (staleness == 0) return usual;
    return from_child ? staleness : gv_time_max(2 * staleness, usual);
}

gv_time gv_schedule_parent_ack_delay_max(gv_time staleness, const struct gv_schedule_round *round,
                                         gv_time mean, gv_time now) {
    if (gv_schedule_expected(staleness, round, now) == GV_TIME_NEVER) return 0;
    return until_round(round, now, mean) + gv_schedule_margin(staleness) - mean;
}

gv_time gv_schedule_ack_expected_after(gv_time staleness, gv_time mean) {
    return mean + gv_schedule_margin(staleness) + ROUNDING_MS * GV_MS;
}
