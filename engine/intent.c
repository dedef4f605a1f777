// SPDX-License-Identifier: MIT
#include "intent.h"

// The column and the row of the diagram in intent.h.
static unsigned column(enum gv_intent_next next) {
    return (unsigned)next % 2;
}

static unsigned row(enum gv_intent_next next) {
    return (unsigned)next / 2;
}

static void set(struct gv_intent *intent, unsigned to_row, unsigned to_column) {
    intent->next = (enum gv_intent_next)(2 * to_row + to_column);
    GV_ASSERT(intent->next <= GV_INTENT_RELIABLE_PROBE);
}

void gv_intent_add(struct gv_intent *intent, enum gv_intent_next next) {
    unsigned to_row = row(intent->next), to_column = column(intent->next);
    set(intent, row(next) > to_row ? row(next) : to_row, to_column | column(next));
}

void gv_intent_pinged(struct gv_intent *intent) {
    set(intent, row(intent->next), column(GV_INTENT_NONE));
}

void gv_intent_synced(struct gv_intent *intent) {
    set(intent, row(GV_INTENT_NONE), column(intent->next));
}

bool gv_intent_has_ping(const struct gv_intent *intent) {
    return column(intent->next) == column(GV_INTENT_PING);
}

bool gv_intent_has_sync(const struct gv_intent *intent) {
    return row(intent->next) >= row(GV_INTENT_SYNC);
}

bool gv_intent_is_reliable(const struct gv_intent *intent) {
    return row(intent->next) == row(GV_INTENT_RELIABLE_SYNC);
}
