// SPDX-License-Identifier: MIT
#include "push.h"

#include "changelog.h"

enum {
    RTT_SAMPLES_MIN = 4,    // samples before a link counts for the achievable staleness
    PROMISE_DELAY_MS = 100, // a promise waits for others to cover, without a tree
};

static void add_child(struct gv_push *push, int peer) {
    GV_ASSERT(push->child_count < push->count);
    gv_bitset_add(push->is_child, (uint32_t)peer);
    push->children[push->child_count++] = (uint32_t)peer;
}

static void remove_child(struct gv_push *push, int peer) {
    gv_bitset_remove(push->is_child, (uint32_t)peer);
    uint32_t at = 0;
    while (push->children[at] != (uint32_t)peer) {
        at++;
        GV_ASSERT(at < push->child_count);
    }
    push->children[at] = push->children[--push->child_count];
}

int gv_push_init(struct gv_push *push, struct gv_alloc alloc, gv_time staleness, uint32_t self,
                 uint32_t count) {
    GV_ASSERT(self < count);
    *push = (struct gv_push){
        .staleness = staleness,
        .self = self,
        .count = count,
        .levels = gv_overlay_levels(count),
        .parent = GV_OVERLAY_NONE,
        .last_round = GV_TIME_NEVER,
        .parent_pinged_at = GV_TIME_NEVER,
        .to_children = {GV_TIME_NEVER, GV_TIME_NEVER},
        .to_parent = {GV_TIME_NEVER, GV_TIME_NEVER},
    };
    push->children = gv_alloc_new(alloc, count * sizeof *push->children);
    push->is_child = gv_alloc_new(alloc, gv_bitset_size(count));
    if (push->children == NULL || push->is_child == NULL) return GV_ENOMEM;
    memset(push->is_child, 0, gv_bitset_size(count));
    struct gv_overlay_range children = {0, count};
    if (!gv_push_is_direct(push)) {
        children = gv_overlay_children(self, count);
        push->parent = gv_overlay_preferred_parent(self);
    }
    for (uint32_t i = children.first; i < children.end; i++) {
        if (i != self) add_child(push, (int)i);
    }
    return 0;
}

void gv_push_fini(struct gv_push *push, struct gv_alloc alloc) {
    gv_alloc_free(alloc, push->children, push->count * sizeof *push->children);
    gv_alloc_free(alloc, push->is_child, gv_bitset_size(push->count));
    *push = (struct gv_push){0};
}

// --- the tree --------------------------------------------------------------------------------

bool gv_push_is_direct(const struct gv_push *push) {
    return push->staleness == 0;
}

bool gv_push_is_child(const struct gv_push *push, int peer) {
    return gv_bitset_has(push->is_child, (uint32_t)peer);
}

bool gv_push_is_target(const struct gv_push *push, const struct gv_peers *peers, int peer) {
    if (peers->at[peer] == NULL || gv_peer_is_suspected(peers, (uint32_t)peer)) return false;
    return gv_push_is_child(push, peer) || peer == push->parent;
}

bool gv_push_relies_on(const struct gv_push *push, int peer) {
    return gv_push_is_child(push, peer) || peer == gv_overlay_preferred_parent(push->self);
}

static bool suspected(const void *ctx, uint32_t peer) {
    return gv_peer_is_suspected(ctx, peer);
}

int gv_push_best_parent(const struct gv_push *push, const struct gv_peers *peers) {
    if (gv_push_is_direct(push)) return GV_OVERLAY_NONE;
    return gv_overlay_choose_parent(push->self, suspected, peers);
}

void gv_push_set_parent(struct gv_push *push, int parent) {
    GV_ASSERT(parent < (int)push->self);
    push->parent = parent;
    push->round = (struct gv_schedule_round){0};
}

bool gv_push_replaces_parent_of(const struct gv_push *push, int peer) {
    return push->parent == GV_OVERLAY_NONE && (uint32_t)peer > push->self &&
           gv_overlay_are_siblings((uint32_t)peer, push->self);
}

bool gv_push_contacts_parent(const struct gv_push *push, const struct gv_peers *peers) {
    if (push->parent == GV_OVERLAY_NONE) return false;
    return push->to_parent.at != GV_TIME_NEVER || peers->at[push->parent]->ack.contacted;
}

// --- flush rounds ----------------------------------------------------------------------------

// The padded round trip to this peer if it has at least `samples` samples, else 0.
static gv_time padded_rtt(const struct gv_peers *peers, int peer, uint8_t samples) {
    const struct gv_peer *state = peers->at[peer];
    if (state == NULL || state->ack.rtt_samples < samples) return 0;
    return gv_schedule_padded_rtt(state->ack.rtt_mean, state->ack.rtt_deviation);
}

// The propagation time over the slowest link of this node that has at least `samples` samples; 0 if
// there is no such link.
static gv_time propagation_time(const struct gv_push *push, const struct gv_peers *peers,
                                uint8_t samples) {
    gv_time slowest =
        push->parent == GV_OVERLAY_NONE ? 0 : padded_rtt(peers, push->parent, samples);
    for (uint32_t i = 0; i < push->child_count; i++)
        slowest = gv_time_max(slowest, padded_rtt(peers, (int)push->children[i], samples));
    return gv_schedule_propagation(push->staleness, push->levels, slowest);
}

void gv_push_begin_round(struct gv_push *push, const struct gv_peers *peers, gv_time now) {
    push->last_round = now;
    push->period = gv_schedule_period(push->staleness, propagation_time(push, peers, 1));
}

uint32_t gv_push_staleness_ms(const struct gv_push *push, const struct gv_peers *peers) {
    if (gv_push_is_direct(push) || push->count < 2) return 0;
    gv_time kept =
        gv_schedule_achievable(push->staleness, propagation_time(push, peers, RTT_SAMPLES_MIN));
    return (uint32_t)((kept + GV_MS - 1) / GV_MS);
}

static gv_time parent_flush_time(const struct gv_push *push, const struct gv_peers *peers,
                                 gv_time now) {
    const struct gv_ack *ack = &peers->at[push->parent]->ack;
    if (!ack->measured) return now;
    return gv_schedule_to_parent(push->staleness, &push->round, ack->rtt_mean, ack->rtt_deviation,
                                 now);
}

static gv_time children_flush_time(const struct gv_push *push, gv_time now) {
    if (gv_push_is_direct(push)) return now;
    if (push->parent == GV_OVERLAY_NONE)
        return gv_schedule_next_round(push->last_round, push->period, now);
    gv_time expected = gv_schedule_expected(push->staleness, &push->round, now);
    return expected != GV_TIME_NEVER ? expected : now; // with the parent's updates
}

uint32_t gv_push_next_flush_ms(const struct gv_push *push, const struct gv_peers *peers,
                               gv_time now, int peer) {
    bool waits = gv_push_is_child(push, peer) || gv_push_replaces_parent_of(push, peer);
    if (gv_push_is_direct(push) || !waits || push->last_round == GV_TIME_NEVER) return 0;
    gv_time when = push->parent == GV_OVERLAY_NONE ? gv_time_after(push->last_round, push->period)
                                                   : parent_flush_time(push, peers, now);
    return when > now ? (uint32_t)((when - now) / GV_MS) : 0;
}

// Schedules a flush, unless an earlier one is already scheduled.
static void schedule(struct gv_push_flush *flush, gv_time at) {
    flush->at = gv_time_min(flush->at, at);
}

void gv_push_schedule_children(struct gv_push *push, gv_time now) {
    schedule(&push->to_children, now);
}

void gv_push_schedule_all(struct gv_push *push, gv_time now) {
    schedule(&push->to_parent, now);
    schedule(&push->to_children, now);
}

void gv_push_schedule_lost(struct gv_push *push, const struct gv_peers *peers, gv_time now,
                           int peer) {
    if (gv_push_is_direct(push)) return;
    if (peer == push->parent) {
        schedule(&push->to_parent, parent_flush_time(push, peers, now));
    } else if (gv_push_is_child(push, peer)) {
        schedule(&push->to_children, children_flush_time(push, now));
    }
}

gv_time gv_push_take_flush(struct gv_push_flush *flush, gv_time now) {
    gv_time waited = flush->since != GV_TIME_NEVER ? now - flush->since : GV_TIME_NEVER;
    *flush = (struct gv_push_flush){GV_TIME_NEVER, GV_TIME_NEVER};
    return waited;
}

// If a flush is scheduled, the change joins its batch.
static void join_batch(struct gv_push_flush *flush, gv_time now) {
    if (flush->at != GV_TIME_NEVER && flush->since == GV_TIME_NEVER) flush->since = now;
}

bool gv_push_changed(struct gv_push *push, const struct gv_peers *peers, gv_time now, int origin,
                     bool from_resync) {
    bool eligible = !gv_push_is_direct(push) || origin == GV_CHANGELOG_LOCAL || from_resync;
    bool to_parent = push->parent != GV_OVERLAY_NONE && origin != push->parent;
    bool only_origin = push->child_count == 1 && (int)push->children[0] == origin;
    bool to_children = push->child_count > 0 && !only_origin && eligible;
    if (to_parent) schedule(&push->to_parent, parent_flush_time(push, peers, now));
    if (to_children && !from_resync) schedule(&push->to_children, children_flush_time(push, now));
    join_batch(&push->to_children, now);
    join_batch(&push->to_parent, now);
    return to_parent || to_children;
}

bool gv_push_promise_due(struct gv_push *push, const struct gv_peers *peers, gv_time now) {
    if (!gv_push_is_direct(push))
        return gv_push_changed(push, peers, now, GV_CHANGELOG_LOCAL, false);
    if (push->child_count > 0) schedule(&push->to_children, now + PROMISE_DELAY_MS * GV_MS);
    return push->child_count > 0;
}

// --- messages from peers ---------------------------------------------------------------------

// Whether to ping the parent, because another node has left it. At most one ping in four timeouts.
static bool doubts_parent(struct gv_push *push, const struct gv_peers *peers, gv_time now) {
    if (push->parent == GV_OVERLAY_NONE) return false;
    const struct gv_peer *parent = peers->at[push->parent];
    gv_time pause =
        GV_HEALTH_TIMEOUTS_MAX * gv_peer_timeout(parent, gv_push_initial_rtt(push, peers));
    bool recently = push->parent_pinged_at != GV_TIME_NEVER && now - push->parent_pinged_at < pause;
    if (parent->health.timeouts > 0 || recently) return false;
    push->parent_pinged_at = now;
    return true;
}

// A flush round of the parent came, perhaps not at the announced time. Moves this node's flush so
// that it meets the round that it was scheduled for, and never to a later round, since that could
// repeat endlessly.
static void move_parent_flush(struct gv_push *push, const struct gv_peers *peers, gv_time now) {
    gv_time at = push->to_parent.at, better = parent_flush_time(push, peers, now);
    if (at == GV_TIME_NEVER || better > gv_time_after(at, push->round.period / 4)) return;
    push->to_parent.at = better;
}

struct gv_push_reaction gv_push_received(struct gv_push *push, const struct gv_peers *peers,
                                         gv_time now, int peer, bool to_parent,
                                         uint32_t next_flush_ms, bool changed) {
    struct gv_push_reaction reaction = {0};
    if (gv_push_is_direct(push)) return reaction;
    // A parent sorts before its children, so the tree never has a cycle.
    bool child = to_parent && (uint32_t)peer > push->self, before = gv_push_is_child(push, peer);
    if (child && !before) add_child(push, peer);
    if (!child && before) remove_child(push, peer);
    reaction.child_added = child && !before;
    reaction.child_removed = !child && before;
    if (peer != push->parent) {
        // The sender takes this node as its parent, or acts as a root. If its preferred parent is
        // also this node's parent, it has left that parent.
        bool acts = child || next_flush_ms > 0;
        reaction.ping_parent = acts &&
                               gv_overlay_preferred_parent((uint32_t)peer) == push->parent &&
                               doubts_parent(push, peers, now);
        return reaction;
    }
    if (next_flush_ms > 0) {
        push->round = gv_schedule_announced(push->staleness, now, next_flush_ms, &push->round);
        move_parent_flush(push, peers, now);
    }
    if (changed && push->child_count > 0) schedule(&push->to_children, now);
    return reaction;
}

// --- acknowledgements ------------------------------------------------------------------------

gv_time gv_push_initial_rtt(const struct gv_push *push, const struct gv_peers *peers) {
    const struct gv_peer *near = push->parent == GV_OVERLAY_NONE ? NULL : peers->at[push->parent];
    for (uint32_t i = 0; near == NULL && i < push->child_count; i++) {
        const struct gv_peer *child = peers->at[push->children[i]];
        if (child->ack.measured) near = child;
    }
    if (near == NULL || !near->ack.measured) return GV_ACK_RTT_INITIAL_MS * GV_MS;
    return 2 * near->ack.srtt;
}

gv_time gv_push_ack_delay_max(const struct gv_push *push, bool from_child) {
    return gv_schedule_ack_delay_max(push->staleness, from_child);
}

// How long the parent may delay the acknowledgement of a message sent now, if the acknowledgement
// comes with the parent's next flush round; 0 if no round is announced.
static gv_time parent_ack_delay_max(const struct gv_push *push, const struct gv_peers *peers,
                                    gv_time now) {
    // Other parents than node 0 announce when they send to their own parent, not to their children.
    if (push->parent != 0 || !peers->at[0]->ack.measured) return 0;
    return gv_schedule_parent_ack_delay_max(push->staleness, &push->round,
                                            peers->at[0]->ack.rtt_mean, now);
}

gv_time gv_push_ack_timeout(const struct gv_push *push, const struct gv_peers *peers, gv_time now,
                            int peer, bool immediate) {
    const struct gv_peer *state = peers->at[peer];
    gv_time timeout = gv_peer_timeout(state, gv_push_initial_rtt(push, peers));
    if (immediate) return timeout;
    // The timeout of an unmeasured peer is derived from other peers, which may be nearer, so it is
    // at least GV_ACK_RTT_INITIAL_MS. That costs little: this acknowledgement is delayed anyway.
    if (!state->ack.measured) timeout = gv_time_max(timeout, GV_ACK_RTT_INITIAL_MS * GV_MS);
    // The peer treats this node as its child if and only if it is this node's parent.
    bool to_parent = peer == push->parent;
    gv_time delay = to_parent ? parent_ack_delay_max(push, peers, now) : 0;
    return timeout + (delay > 0 ? delay : gv_push_ack_delay_max(push, to_parent));
}

gv_time gv_push_ack_expected_after(const struct gv_push *push, const struct gv_peers *peers,
                                   int peer) {
    const struct gv_peer *state = peers->at[peer];
    if (gv_push_is_direct(push)) return gv_peer_timeout(state, 0);
    // On the tree, the message has missed its flush round by then. Sending its updates again costs
    // no extra message.
    return gv_schedule_ack_expected_after(push->staleness, state->ack.rtt_mean);
}

gv_time gv_push_loss_delay(const struct gv_push *push, const struct gv_peers *peers, int peer) {
    // Without a tree, updates would be resent needlessly on links that reorder messages.
    return gv_push_is_direct(push) ? GV_TIME_NEVER : gv_push_ack_expected_after(push, peers, peer);
}
