// SPDX-License-Identifier: MIT
#include "push.h"

#include "resync.h"

enum {
    RTT_SAMPLES_MIN = 4, // samples before a link can be called slow
};

static bool direct(const struct gv_engine *engine) {
    return engine->push.staleness == 0;
}

// Whether this node is a root because its parent is suspected, and the peer is a later sibling.
static bool replaces_parent_of(const struct gv_engine *engine, int peer) {
    return engine->push.parent == GV_CORE_NONE && (uint32_t)peer > engine->self &&
           gv_overlay_are_siblings((uint32_t)peer, engine->self);
}

static void add_child(struct gv_engine *engine, int peer) {
    GV_ASSERT(engine->push.child_count < engine->peer_count);
    engine->peers[peer]->child = true;
    engine->push.children[engine->push.child_count++] = (uint32_t)peer;
}

static void remove_child(struct gv_engine *engine, int peer) {
    struct gv_push *push = &engine->push;
    engine->peers[peer]->child = false;
    for (uint32_t i = 0; i < push->child_count; i++) {
        if (push->children[i] != (uint32_t)peer) continue;
        push->children[i] = push->children[--push->child_count];
        return;
    }
    GV_ASSERT(false);
}

int gv_push_join(struct gv_engine *engine) {
    struct gv_push *push = &engine->push;
    size_t size = engine->peer_count * sizeof *push->children;
    push->last_flush = push->parent_pinged_at = GV_TIME_NEVER;
    push->children = gv_alloc_new(engine->alloc, size);
    if (push->children == NULL) return GV_ENOMEM;
    push->levels = gv_overlay_levels(engine->peer_count);
    struct gv_overlay_range children = {0, engine->peer_count};
    if (!direct(engine)) {
        children = gv_overlay_children(engine->self, engine->peer_count);
        push->parent = gv_overlay_preferred_parent(engine->self);
    }
    for (uint32_t i = children.first; i < children.end; i++) {
        if (i == engine->self) continue;
        if (gv_core_peer(engine, (int)i) == NULL) return GV_ENOMEM;
        add_child(engine, (int)i);
    }
    if (push->parent != GV_CORE_NONE && gv_core_peer(engine, push->parent) == NULL)
        return GV_ENOMEM;
    return 0;
}

bool gv_push_is_target(const struct gv_engine *engine, int peer) {
    const struct gv_peer *state = engine->peers[peer];
    if (state == NULL || gv_health_is_suspected(&state->health)) return false;
    return state->child || peer == engine->push.parent;
}

// --- flush rounds ----------------------------------------------------------------------------

// The padded round trip to this peer, if it has at least this number of samples; else 0.
static gv_time padded_rtt(const struct gv_engine *engine, int peer, uint8_t samples) {
    const struct gv_peer *state = engine->peers[peer];
    if (state == NULL || state->ack.rtt_samples < samples) return 0;
    return gv_schedule_padded_rtt(state->ack.rtt_mean, state->ack.rtt_deviation);
}

// The propagation time by the slowest link of this node that has at least this number of samples;
// 0: unknown.
static gv_time propagation_time(const struct gv_engine *engine, uint8_t samples) {
    const struct gv_push *push = &engine->push;
    gv_time slowest = push->parent == GV_CORE_NONE ? 0 : padded_rtt(engine, push->parent, samples);
    for (uint32_t i = 0; i < push->child_count; i++) {
        gv_time rtt = padded_rtt(engine, (int)push->children[i], samples);
        if (rtt > slowest) slowest = rtt;
    }
    return gv_schedule_propagation(push->staleness, push->levels, slowest);
}

// A flush round begins.
static void begin_round(struct gv_engine *engine, gv_time now) {
    engine->push.last_flush = now;
    engine->push.period = gv_schedule_period(engine->push.staleness, propagation_time(engine, 1));
}

uint32_t gv_push_staleness_ms(const struct gv_engine *engine) {
    if (direct(engine) || engine->peer_count < 2) return 0;
    gv_time kept =
        gv_schedule_achievable(engine->push.staleness, propagation_time(engine, RTT_SAMPLES_MIN));
    return (uint32_t)((kept + GV_MS - 1) / GV_MS);
}

static gv_time parent_flush_time(const struct gv_engine *engine, gv_time now) {
    const struct gv_push *push = &engine->push;
    const struct gv_peer *parent = engine->peers[push->parent];
    if (!parent->ack.measured) return now;
    return gv_schedule_to_parent(push->staleness, &push->round, parent->ack.rtt_mean,
                                 parent->ack.rtt_deviation, now);
}

static gv_time children_flush_time(const struct gv_engine *engine, gv_time now) {
    const struct gv_push *push = &engine->push;
    if (direct(engine)) return now;
    if (push->parent == GV_CORE_NONE)
        return gv_schedule_next_round(push->last_flush, push->period, now);
    gv_time expected = gv_schedule_expected(push->staleness, &push->round, now);
    return expected != GV_TIME_NEVER ? expected : now; // with the parent's updates
}

uint32_t gv_push_next_flush_ms(const struct gv_engine *engine, gv_time now, int peer) {
    const struct gv_push *push = &engine->push;
    if (direct(engine) || !(engine->peers[peer]->child || replaces_parent_of(engine, peer)))
        return 0;
    if (push->last_flush == GV_TIME_NEVER) return 0;
    gv_time when = push->parent == GV_CORE_NONE ? gv_time_after(push->last_flush, push->period)
                                                : parent_flush_time(engine, now);
    return when > now ? (uint32_t)((when - now) / GV_MS) : 0;
}

// Appends the change to the changelog. An older change of the same counter or register is
// superseded: its update is sent once, with the latest value.
static void log_change(struct gv_engine *engine, uint32_t ref, int origin, bool wanted) {
    uint64_t *user_data = gv_replica_user_data(&engine->replica, ref);
    if (user_data != NULL) gv_changelog_supersede(&engine->changelog, *user_data);
    uint64_t seq = wanted ? gv_changelog_append(&engine->changelog, ref, origin) : UINT64_MAX;
    if (user_data != NULL) *user_data = seq;
}

void gv_push_changed(struct gv_engine *engine, gv_time now, uint32_t ref, int origin, bool sync) {
    const struct gv_push *push = &engine->push;
    bool from_resync = sync && gv_resync_defers_push(engine);
    bool eligible = !direct(engine) || origin == GV_CHANGELOG_LOCAL || from_resync;
    bool to_parent = push->parent != GV_CORE_NONE && origin != push->parent;
    bool only_origin = push->child_count == 1 && (int)push->children[0] == origin;
    bool to_children = push->child_count > 0 && !only_origin && eligible;
    log_change(engine, ref, origin, to_parent || to_children);
    if (to_parent) gv_core_arm(engine, GV_CORE_FLUSH_PARENT, parent_flush_time(engine, now));
    // Entries that the full resync finds are sent when it ends.
    if (to_children && !from_resync)
        gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, children_flush_time(engine, now));
}

// Others have left the parent of this node: pings it.
static void ping_parent(struct gv_engine *engine, gv_time now) {
    struct gv_push *push = &engine->push;
    if (push->parent == GV_CORE_NONE) return;
    struct gv_peer *parent = engine->peers[push->parent];
    gv_time pause = GV_HEALTH_TIMEOUTS_MAX * gv_peer_timeout(parent, gv_core_initial_rtt(engine));
    bool recently = push->parent_pinged_at != GV_TIME_NEVER && now - push->parent_pinged_at < pause;
    if (parent->health.timeouts > 0 || recently) return;
    push->parent_pinged_at = now;
    parent->ping = true;
    gv_core_enqueue(engine, push->parent);
}

// A flush round came, perhaps not at the announced time. Moves the flush to the parent so that it
// meets the round it was set for; never to a later round, which could repeat endlessly.
static void move_parent_flush(struct gv_engine *engine, gv_time now) {
    uint32_t timer = engine->peer_count + GV_CORE_FLUSH_PARENT;
    gv_time set = engine->timers.when[timer], better = parent_flush_time(engine, now);
    if (set == GV_TIME_NEVER || better > gv_time_after(set, engine->push.round.in / 4)) return;
    gv_timers_set(&engine->timers, timer, better);
}

void gv_push_received(struct gv_engine *engine, gv_time now, int peer,
                      const struct gv_message *message, bool changed) {
    struct gv_push *push = &engine->push;
    if (direct(engine)) return;
    struct gv_peer *state = engine->peers[peer];
    // A parent sorts before its children, so the tree never has a cycle.
    bool child = message->to_parent && (uint32_t)peer > engine->self;
    if (child && !state->child) {
        add_child(engine, peer);
        gv_ack_reset(&state->ack, engine->changelog.head);
        // Older entries reach the child by sync. A sync in progress does not suffice: its summaries
        // may be older than the last updates.
        state->open_sync = state->follow_up = true;
        gv_core_enqueue(engine, peer);
    } else if (!child && state->child) {
        remove_child(engine, peer);
        if (push->child_count == 0) gv_push_truncate(engine);
    }
    if (peer != push->parent) {
        // A node that prefers the same parent adopts this one as its parent, or acts as a root.
        bool acts = child || message->next_flush_ms > 0;
        if (acts && gv_overlay_preferred_parent((uint32_t)peer) == push->parent)
            ping_parent(engine, now);
        return;
    }
    if (message->next_flush_ms > 0) {
        push->round = gv_schedule_announced(push->staleness, now, message->next_flush_ms);
        move_parent_flush(engine, now);
    }
    if (changed && push->child_count > 0) gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, now);
}

void gv_push_flush_children(struct gv_engine *engine, gv_time now) {
    struct gv_push *push = &engine->push;
    begin_round(engine, now);
    for (uint32_t i = 0; i < push->child_count; i++) {
        int child = (int)push->children[i];
        if (!gv_push_is_target(engine, child)) continue;
        struct gv_peer *state = engine->peers[child];
        gv_ack_hasten(&state->ack, now); // the child expects it with the round
        gv_core_enqueue(engine, child);
    }
}

void gv_push_flush_parent(struct gv_engine *engine) {
    int parent = engine->push.parent;
    if (parent != GV_CORE_NONE && gv_push_is_target(engine, parent))
        gv_core_enqueue(engine, parent);
}

void gv_push_resend(struct gv_engine *engine, gv_time now, int peer) {
    const struct gv_push *push = &engine->push;
    if (engine->peers[peer]->open_sync) gv_core_enqueue(engine, peer);
    if (!gv_push_pending(engine, peer)) return;
    if (direct(engine)) {
        gv_core_enqueue(engine, peer);
    } else if (peer == push->parent) {
        gv_core_arm(engine, GV_CORE_FLUSH_PARENT, parent_flush_time(engine, now));
    } else if (engine->peers[peer]->child) {
        gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, children_flush_time(engine, now));
    }
}

bool gv_push_contacts_parent(const struct gv_engine *engine) {
    int parent = engine->push.parent;
    if (parent == GV_CORE_NONE) return false;
    bool soon = engine->timers.when[engine->peer_count + GV_CORE_FLUSH_PARENT] != GV_TIME_NEVER;
    return soon || engine->peers[parent]->ack.contacted;
}

// --- the tree --------------------------------------------------------------------------------

static bool suspected(const void *ctx, uint32_t peer) {
    const struct gv_engine *engine = ctx;
    return engine->peers[peer] != NULL && gv_health_is_suspected(&engine->peers[peer]->health);
}

// A new root opens one sync with each sibling that may still wait for the old parent. The sync
// sends the entries that the sibling lacks, and is not repeated if lost.
static void announce_root(struct gv_engine *engine, gv_time now) {
    begin_round(engine, now);
    for (int i = (int)engine->self + 1; i < (int)engine->peer_count; i++) {
        if (!replaces_parent_of(engine, i) || suspected(engine, (uint32_t)i)) continue;
        struct gv_peer *state = gv_core_peer(engine, i);
        if (state == NULL || state->child) continue;
        state->open_sync = true;
        gv_core_enqueue(engine, i);
    }
}

void gv_push_choose_parent(struct gv_engine *engine, gv_time now) {
    struct gv_push *push = &engine->push;
    if (direct(engine)) return;
    int best = gv_overlay_choose_parent(engine->self, suspected, engine);
    if (best == push->parent) return;
    struct gv_peer *state = best == GV_CORE_NONE ? NULL : gv_core_peer(engine, best);
    if (best != GV_CORE_NONE && state == NULL) return; // out of memory: retried at the next change
    uint64_t unacked = engine->changelog.tail;
    if (push->parent != GV_CORE_NONE && engine->peers[push->parent]->ack.acked_seq > unacked)
        unacked = engine->peers[push->parent]->ack.acked_seq;
    push->parent = best;
    push->round = (struct gv_schedule_round){0};
    if (state == NULL) {
        announce_root(engine, now);
        gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, now);
        return;
    }
    gv_ack_reset(&state->ack, unacked);
    state->open_sync = state->follow_up = true;
    gv_core_enqueue(engine, best);
}

bool gv_push_relies_on(const struct gv_engine *engine, int peer) {
    return engine->peers[peer]->child || peer == gv_overlay_preferred_parent(engine->self);
}

// --- updates in messages ------------------------------------------------------------------------

static bool deliverable(const struct gv_engine *engine, uint64_t seq, int peer) {
    struct gv_changelog_slot slot = gv_changelog_get(&engine->changelog, seq);
    return slot.ref != GV_CHANGELOG_SUPERSEDED && slot.origin != peer;
}

// Moves sent_seq to the next change that is an update for this peer. False: there is none.
static bool advance_to_update(struct gv_engine *engine, int peer) {
    struct gv_peer *state = engine->peers[peer];
    if (state->ack.sent_seq < engine->changelog.tail) { // the log no longer has its updates
        gv_ack_reset(&state->ack, engine->changelog.tail);
        state->open_sync = state->follow_up = true;
        gv_core_enqueue(engine, peer);
    }
    uint64_t seq = state->ack.sent_seq;
    while (seq < engine->changelog.head && !deliverable(engine, seq, peer)) seq++;
    gv_ack_skip(&state->ack, seq);
    return seq < engine->changelog.head;
}

bool gv_push_pending(struct gv_engine *engine, int peer) {
    return gv_push_is_target(engine, peer) && advance_to_update(engine, peer);
}

bool gv_push_is_oversized(const struct gv_engine *engine, int peer) {
    uint32_t ref = gv_changelog_get(&engine->changelog, engine->peers[peer]->ack.sent_seq).ref;
    struct gv_entry entry = gv_replica_get(&engine->replica, ref);
    return gv_core_is_oversized(engine, &entry);
}

uint64_t gv_push_write(struct gv_engine *engine, int peer, struct gv_message_writer *out,
                       size_t reserve) {
    uint64_t at = engine->peers[peer]->ack.sent_seq;
    for (; at < engine->changelog.head; at++) {
        if (!deliverable(engine, at, peer)) continue;
        struct gv_entry entry =
            gv_replica_get(&engine->replica, gv_changelog_get(&engine->changelog, at).ref);
        if (!gv_core_write(engine, out, &entry, reserve)) break;
        engine->stats.sent_entries++;
        gv_core_emit(engine, GV_ENGINE_SENT, peer, false, &entry);
    }
    return at;
}

gv_time gv_push_parent_ack_delay_max(const struct gv_engine *engine, gv_time now) {
    const struct gv_push *push = &engine->push;
    // A parent other than node 0 announces when it sends to its own parent.
    if (push->parent != 0 || !engine->peers[0]->ack.measured) return 0;
    return gv_schedule_parent_ack_delay_max(push->staleness, &push->round,
                                            engine->peers[0]->ack.rtt_mean, now);
}

gv_time gv_push_ack_expected_after(const struct gv_engine *engine, int peer) {
    const struct gv_peer *state = engine->peers[peer];
    if (direct(engine)) return gv_peer_timeout(state, 0);
    // On the tree the message has then missed its flush round; sending its updates again costs no
    // extra message.
    return gv_schedule_ack_expected_after(engine->push.staleness, state->ack.rtt_mean);
}

gv_time gv_push_loss_delay(const struct gv_engine *engine, int peer) {
    // Without a tree, links that reorder messages would cause needless resending.
    return direct(engine) ? GV_TIME_NEVER : gv_push_ack_expected_after(engine, peer);
}

gv_time gv_push_ack_delay_max(const struct gv_engine *engine, bool from_child) {
    return gv_schedule_ack_delay_max(engine->push.staleness, from_child);
}

// The first change that this peer still needs from the log.
static uint64_t first_needed(struct gv_engine *engine, int peer) {
    if (!gv_push_is_target(engine, peer)) return engine->changelog.head;
    if (engine->peers[peer]->ack.in_flight_count == 0) advance_to_update(engine, peer);
    return engine->peers[peer]->ack.acked_seq;
}

void gv_push_truncate(struct gv_engine *engine) {
    const struct gv_push *push = &engine->push;
    uint64_t least =
        push->parent == GV_CORE_NONE ? engine->changelog.head : first_needed(engine, push->parent);
    for (uint32_t i = 0; i < push->child_count; i++) {
        uint64_t seq = first_needed(engine, (int)push->children[i]);
        if (seq < least) least = seq;
    }
    gv_changelog_truncate(&engine->changelog, least);
}
