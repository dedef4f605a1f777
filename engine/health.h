// SPDX-License-Identifier: MIT
// Whether one peer is alive: counts timeouts, suspects a peer that does not acknowledge, and probes
// it. Internal to engine/.
//
// A suspected peer does not acknowledge messages; it need not be dead, as in SWIM (Das, Gupta,
// Motivala, DSN 2002). Only timeouts make a peer suspected, and only an acknowledgement makes it
// alive again.
//
//               timeouts in a row          probe is due
//     ALIVE ─────────────────────▶ SUSPECTED ─────────▶ PROBING
//       ▲  GV_HEALTH_TIMEOUTS_MAX; of a │ ▲   timeout     │ │
//       │  peer that still sends,       │ └───────────────┘ │
//       │  GV_HEALTH_ONE_WAY_…          │                   │
//       └───────────────────────────────┴───────────────────┘
//                              acknowledgement
//
// The limit of a peer from which messages still arrive, GV_HEALTH_ONE_WAY_TIMEOUTS_MAX, is higher,
// because under heavy loss, acknowledgements fail more often than peers.
//
// A peer is also suspected if the transport cannot send to it for longer than the caller allows
// (gv_health_set_writable). It then remains suspected at least until the transport can send to it.
//
// The module knows neither messages nor the engine. Only health.c writes the members of struct
// gv_health. Functions cannot fail.
#ifndef GV_ENGINE_HEALTH_H
#define GV_ENGINE_HEALTH_H

#include "prng.h"

enum {
    GV_HEALTH_TIMEOUTS_MAX = 4,            // consecutive timeouts until a silent peer is suspected
    GV_HEALTH_ONE_WAY_TIMEOUTS_MAX = 8,    // the same for a peer that still sends
    GV_HEALTH_PROBE_INTERVAL_MIN_MS = 500, // first interval between probes; it doubles
    GV_HEALTH_PROBE_INTERVAL_URGENT_MS = 1000, // longest interval between urgent probes
    GV_HEALTH_PROBE_INTERVAL_MAX_MS = 8000,    // longest interval between other probes
};

enum gv_health_state {
    GV_HEALTH_ALIVE,     // updates are sent to the peer
    GV_HEALTH_SUSPECTED, // updates take another path; a probe may be scheduled
    GV_HEALTH_PROBING,   // suspected, and a probe was sent
};

struct gv_health {
    enum gv_health_state state;
    uint8_t timeouts;            // number of timeouts since the last acknowledgement
    bool received_since_timeout; // a message came since the first of these timeouts
    gv_time received_at;         // when the last message came; GV_TIME_NEVER: none
    gv_time probe_at;            // time of the next probe; GV_TIME_NEVER: none is scheduled
    gv_time probe_interval;      // interval that the next scheduled probe waits, before jitter
    bool is_writable;            // the transport can send to the peer
    gv_time stalled_at;          // if not, when the peer becomes suspected; else GV_TIME_NEVER
};

// A peer is alive until timeouts show otherwise.
void gv_health_init(struct gv_health *health);

// Whether the peer is suspected, whether or not it is being probed.
bool gv_health_is_suspected(const struct gv_health *health);

// Notes a message from the peer. The peer remains suspected if it was.
void gv_health_received(struct gv_health *health, gv_time now);
// Notes that the peer has acknowledged a message, and forgets the timeouts. Returns true if the
// peer was suspected until now and no longer is. While the transport cannot send to a peer, the
// peer remains suspected.
bool gv_health_acked(struct gv_health *health);
// Notes that the peer has not acknowledged a message in time. Returns true if the peer is suspected
// from now on.
bool gv_health_timed_out(struct gv_health *health);
// Notes whether the transport can send to the peer. If it still cannot at time `at`,
// gv_health_take_stall returns true and the peer is suspected.
void gv_health_set_writable(struct gv_health *health, bool writable, gv_time at);
// Whether the time `at` of gv_health_set_writable has come. If so, the peer is suspected from now
// on.
bool gv_health_take_stall(struct gv_health *health, gv_time now);
// Forgets the timeouts of an unsuspected peer, because this process was paused.
void gv_health_forgive(struct gv_health *health);

// Schedules the next probe of a suspected peer, after the probe interval with jitter, and doubles
// the interval, up to the limit for urgent or other probes.
void gv_health_schedule_probe(struct gv_health *health, gv_time now, bool urgent,
                              struct gv_prng *prng);
// Makes a probe of a suspected peer due now.
void gv_health_probe_now(struct gv_health *health, gv_time now);
// Whether the probe is due. If so, the caller must send it; the peer's state is then PROBING.
bool gv_health_take_probe(struct gv_health *health, gv_time now);

// Applies backoff to `timeout`, which the caller derives from the peer's round trips: each
// consecutive timeout beyond GV_HEALTH_ONE_WAY_TIMEOUTS_MAX doubles it, up to 16 times and 10 s. If
// `raise_to` is not 0, earlier timeouts also double it, up to raise_to.
gv_time gv_health_backoff(const struct gv_health *health, gv_time timeout, gv_time raise_to);

#endif
