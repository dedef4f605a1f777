// SPDX-License-Identifier: MIT
// What the next message to a peer contains apart from updates and answers, and whether a sync that
// it opens is reliable. Internal to engine/.
//
// A ping requests an immediate acknowledgement. A sync is opened by a summary of this node. The
// opening of a reliable sync is numbered, so that its loss is noticed and the sync is opened again.
// Intents accumulate until a message carries them out:
//
//     NONE ─── ping ──▶ PING              ping sent:    moves one column to the left
//      │                 │                sync opened by this node or the peer:
//      │ sync            │ sync                         moves to the first row
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
    GV_INTENT_PROBE, // a sync and a ping, because equal roots get no answer and a ping does
    GV_INTENT_RELIABLE_SYNC,
    GV_INTENT_RELIABLE_PROBE,
};

// Zeroed: nothing is intended.
struct gv_intent {
    enum gv_intent_next next;
};

// Adds an intent.
void gv_intent_add(struct gv_intent *intent, enum gv_intent_next next);
// Notes that a message that requests an immediate acknowledgement is sent.
void gv_intent_pinged(struct gv_intent *intent);
// Notes that a sync is opened, by this node or by the peer.
void gv_intent_synced(struct gv_intent *intent);

bool gv_intent_has_ping(const struct gv_intent *intent);
bool gv_intent_has_sync(const struct gv_intent *intent);
bool gv_intent_is_reliable(const struct gv_intent *intent);

#endif
