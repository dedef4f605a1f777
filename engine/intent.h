// SPDX-License-Identifier: MIT
// What to send to one peer next, apart from updates and answers, and how reliably.
// Internal to engine/.
//
// A ping requests an immediate acknowledgement. A sync is opened by this node's summary; a reliable
// one is numbered, so that its loss is noticed and it is opened again. Intents only add up until a
// message carries them:
//
//     NONE ─── ping ──▶ PING              ping sent:   one column to the left
//      │                 │                sync opened, or superseded by one that the peer opened:
//      │ sync            │ sync                        to the first row
//      ▼                 ▼
//     SYNC ─── ping ──▶ PROBE
//      │                 │
//      │ reliable sync   │ reliable sync
//      ▼                 ▼
//     RELIABLE_SYNC ──▶ RELIABLE_PROBE
//
// Only intent.c writes the member of struct gv_intent. Functions cannot fail.
#ifndef GV_ENGINE_INTENT_H
#define GV_ENGINE_INTENT_H

#include "../merkle/base.h"

enum gv_intent_next {
    GV_INTENT_NONE,
    GV_INTENT_PING,
    GV_INTENT_SYNC,
    GV_INTENT_PROBE, // a sync and a ping: equal roots are not answered, a ping is
    GV_INTENT_RELIABLE_SYNC,
    GV_INTENT_RELIABLE_PROBE,
};

// Zeroed, nothing is intended.
struct gv_intent {
    enum gv_intent_next next;
};

// Adds to what is intended.
void gv_intent_add(struct gv_intent *intent, enum gv_intent_next next);
// A message that requests an immediate acknowledgement is sent.
void gv_intent_pinged(struct gv_intent *intent);
// A sync is opened, by this node or by the peer.
void gv_intent_synced(struct gv_intent *intent);

bool gv_intent_has_ping(const struct gv_intent *intent);
bool gv_intent_has_sync(const struct gv_intent *intent);
bool gv_intent_is_reliable(const struct gv_intent *intent);

#endif
