// SPDX-License-Identifier: MIT
// Whether one peer is alive: counts timeouts, suspects a peer that does not acknowledge, and probes
// it. Internal to engine/.
//
// As in SWIM (Das, Gupta, Motivala, DSN 2002), a suspected peer does not acknowledge; it need not
// be dead. Only timeouts count against a peer, and only an acknowledgement clears it.
//
//               timeouts in a row          probe is due
//     ALIVE ─────────────────────▶ SUSPECTED ─────────▶ PROBING
//       ▲  GV_HEALTH_TIMEOUTS_MAX; of a │ ▲   timeout     │ │
//       │  peer that still sends,       │ └───────────────┘ │
//       │  GV_HEALTH_ONE_WAY_…          │                   │
//       └───────────────────────────────┴───────────────────┘
//                              acknowledgement
//
// Under heavy loss, acknowledgements fail more often than peers; hence the second limit.
//
// If the transport can send nothing to a peer for long, the peer is suspected, too, and stays so at
// least until the transport can.
//
// The module knows neither messages nor the engine. Only health.c writes the members of struct
// gv_health. Functions cannot fail.
#ifndef GV_ENGINE_HEALTH_H
#define GV_ENGINE_HEALTH_H

#include "prng.h"

enum {
    GV_HEALTH_TIMEOUTS_MAX = 4,                // consecutive timeouts of a silent peer, and …
    GV_HEALTH_ONE_WAY_TIMEOUTS_MAX = 8,        // … of one that still sends, until it is suspected
    GV_HEALTH_PROBE_INTERVAL_MIN_MS = 500,     // first interval between probes; doubles …
    GV_HEALTH_PROBE_INTERVAL_URGENT_MS = 1000, // … up to this for urgent probes, …
    GV_HEALTH_PROBE_INTERVAL_MAX_MS = 8000,    // … up to this for others
};

enum gv_health_state {
    GV_HEALTH_ALIVE,     // updates are sent to it
    GV_HEALTH_SUSPECTED, // updates take another path; a probe may be scheduled
    GV_HEALTH_PROBING,   // suspected, and a probe was sent
};

struct gv_health {
    enum gv_health_state state;
    uint8_t timeouts;            // since the last acknowledgement
    bool received_since_timeout; // a message came since the first of these timeouts
    gv_time received_at;         // when the last message came; GV_TIME_NEVER: none
    gv_time probe_at;            // time of the next probe; GV_TIME_NEVER: none is scheduled
    gv_time probe_interval;      // from now to the next probe to be scheduled, before jitter
    bool is_writable;            // the transport can send to it
    gv_time stalled_at;          // suspected from then on, as it is not; GV_TIME_NEVER: no
};

// A peer is alive until timeouts show otherwise.
void gv_health_init(struct gv_health *health);

// Whether the peer is suspected, probed or not.
bool gv_health_is_suspected(const struct gv_health *health);

// A message came from the peer. This alone does not end a suspicion.
void gv_health_received(struct gv_health *health, gv_time now);
// The peer has acknowledged a message: forgets the timeouts. True: this ends a suspicion, which it
// does not while the transport cannot send to the peer.
bool gv_health_acked(struct gv_health *health);
// The peer has not acknowledged a message in time. True: the peer is now suspected.
bool gv_health_timed_out(struct gv_health *health);
// The transport can, or cannot, send to the peer. If it still cannot at the time `at`, the peer is
// suspected, and gv_health_take_stall returns true.
void gv_health_set_writable(struct gv_health *health, bool writable, gv_time at);
// Whether that time has come: the peer is now suspected.
bool gv_health_take_stall(struct gv_health *health, gv_time now);
// This process was paused, so the timeouts of a peer that is not suspected prove nothing.
void gv_health_forgive(struct gv_health *health);

// Schedules the next probe of a suspected peer, after the probe interval with jitter, and doubles
// the interval. `urgent`: intervals stay short.
void gv_health_schedule_probe(struct gv_health *health, gv_time now, bool urgent,
                              struct gv_prng *prng);
// Makes a probe of a suspected peer due now.
void gv_health_probe_now(struct gv_health *health, gv_time now);
// Whether the probe is due. If so, the caller sends it: the peer is being probed.
bool gv_health_take_probe(struct gv_health *health, gv_time now);

// `timeout`, which the round trips of the peer suggest, with backoff: each consecutive timeout
// beyond GV_HEALTH_ONE_WAY_TIMEOUTS_MAX doubles it, up to 16 times and 10 s. If `raise_to` is not
// 0, the earlier ones also double it, up to raise_to.
gv_time gv_health_backoff(const struct gv_health *health, gv_time timeout, gv_time raise_to);

#endif
