// SPDX-License-Identifier: MIT
#include "health.h"

enum {
    BACKOFF_MAX_MS = 10000, // longest timeout with backoff
    BACKOFF_DOUBLINGS = 4,
    RAISE_DOUBLINGS = 5,
};

void gv_health_init(struct gv_health *health) {
    GV_ASSERT(health != NULL);
    *health = (struct gv_health){
        .state = GV_HEALTH_ALIVE,
        .probe_at = GV_TIME_NEVER,
        .received_at = GV_TIME_NEVER,
        .is_writable = true,
        .stalled_at = GV_TIME_NEVER,
    };
}

bool gv_health_is_suspected(const struct gv_health *health) {
    return health->state != GV_HEALTH_ALIVE;
}

void gv_health_received(struct gv_health *health, gv_time now) {
    health->received_at = now;
    health->received_since_timeout = true;
}

bool gv_health_acked(struct gv_health *health) {
    health->timeouts = 0;
    if (health->state == GV_HEALTH_ALIVE || !health->is_writable) return false;
    health->state = GV_HEALTH_ALIVE;
    health->probe_at = GV_TIME_NEVER;
    return true;
}

static void suspect(struct gv_health *health) {
    health->state = GV_HEALTH_SUSPECTED;
    health->probe_interval = GV_HEALTH_PROBE_INTERVAL_MIN_MS * GV_MS;
    health->stalled_at = GV_TIME_NEVER;
}

bool gv_health_timed_out(struct gv_health *health) {
    if (health->timeouts == 0) health->received_since_timeout = false;
    if (health->timeouts < UINT8_MAX) health->timeouts++;
    int most =
        health->received_since_timeout ? GV_HEALTH_ONE_WAY_TIMEOUTS_MAX : GV_HEALTH_TIMEOUTS_MAX;
    bool begins = health->state == GV_HEALTH_ALIVE && health->timeouts >= most;
    if (begins) suspect(health);
    if (health->state == GV_HEALTH_PROBING) health->state = GV_HEALTH_SUSPECTED;
    return begins;
}

void gv_health_set_writable(struct gv_health *health, bool writable, gv_time at) {
    health->is_writable = writable;
    health->stalled_at = writable || health->state != GV_HEALTH_ALIVE ? GV_TIME_NEVER : at;
}

bool gv_health_take_stall(struct gv_health *health, gv_time now) {
    if (health->stalled_at > now) return false;
    GV_ASSERT(health->state == GV_HEALTH_ALIVE && !health->is_writable);
    suspect(health);
    return true;
}

void gv_health_forgive(struct gv_health *health) {
    if (health->state == GV_HEALTH_ALIVE) health->timeouts = 0;
}

void gv_health_schedule_probe(struct gv_health *health, gv_time now, bool urgent,
                              struct gv_prng *prng) {
    GV_ASSERT(health->state != GV_HEALTH_ALIVE);
    gv_time most =
        (urgent ? GV_HEALTH_PROBE_INTERVAL_URGENT_MS : GV_HEALTH_PROBE_INTERVAL_MAX_MS) * GV_MS;
    gv_time interval = health->probe_interval < most ? health->probe_interval : most;
    gv_time wait = interval * 3 / 4 + gv_prng_below(prng, interval / 2 + 1);
    health->probe_at = gv_time_after(now, wait);
    health->probe_interval = 2 * interval;
}

void gv_health_probe_now(struct gv_health *health, gv_time now) {
    GV_ASSERT(health->state != GV_HEALTH_ALIVE);
    health->probe_at = now;
}

bool gv_health_take_probe(struct gv_health *health, gv_time now) {
    if (health->probe_at > now) return false;
    GV_ASSERT(health->state != GV_HEALTH_ALIVE);
    health->probe_at = GV_TIME_NEVER;
    health->state = GV_HEALTH_PROBING;
    return true;
}

gv_time gv_health_backoff(const struct gv_health *health, gv_time timeout, gv_time raise_to) {
    int beyond = health->timeouts > GV_HEALTH_ONE_WAY_TIMEOUTS_MAX
                     ? health->timeouts - GV_HEALTH_ONE_WAY_TIMEOUTS_MAX
                     : 0;
    int raises = health->timeouts < RAISE_DOUBLINGS ? health->timeouts : RAISE_DOUBLINGS;
    if (beyond > BACKOFF_DOUBLINGS) beyond = BACKOFF_DOUBLINGS;
    gv_time longer = gv_time_min(timeout << beyond, BACKOFF_MAX_MS * GV_MS);
    gv_time raised = gv_time_min(timeout << raises, raise_to);
    return gv_time_max(timeout, gv_time_max(longer, raised));
}
