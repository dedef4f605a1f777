// SPDX-License-Identifier: MIT
#include "antientropy.h"

#include "../codec/json_string.h"

enum {
    NEAR_MS = 2, // from this round trip on, sketches save more than they cost
    FAR_MS = 20, // from this round trip on, fewer messages matter more than bytes
    // Syncs with a chosen peer.
    REQUEST_DELAY_MS = 1000, // from a request to the sync, and between two requests
    IDLE_MS = 30000,         // shortest interval of idle comparisons
    IDLE_PER_NODE_MS = 2000, // the same per node: at most one comparison in 2 s in all
    QUIET_MS = 20000, // an idle comparison waits until the replica has not changed for this long
    PARTITIONED_MS = 4000, // interval, and first sync, while a peer is suspected
    BOOTSTRAP_ROUNDS = 3,  // syncs that a node opens if it starts empty
    // Full resyncs.
    RESYNC_DELAY_MS = 1000,     // from the event that requests the full resync to its start
    RESYNC_QUIESCENT_MS = 1000, // after this time without a change, no updates are in flight
    RESYNC_DEFER_MAX_MS = 5000, // longest wait for RESYNC_QUIESCENT_MS to pass
    RESYNC_DURATION_MS = 3000,  // approximate time within which all syncs are opened
    RESPONSE_ROUND_TRIPS = 4,   // expected duration of the last exchange, round trips
};

// What each reason requests.
static const struct rule {
    enum gv_intent_next intent;               // the intent of the named peer
    enum { NEVER, ABOUT_1_S, IN_4_S } chosen; // when to open a sync with a chosen peer
    bool resync;                              // a full resync, with many peers
} rules[GV_SYNC_REASONS] = {
    [GV_SYNC_STARTED] = {GV_INTENT_NONE, ABOUT_1_S, false},
    [GV_SYNC_PAUSED] = {GV_INTENT_NONE, ABOUT_1_S, false},
    [GV_SYNC_ALIVE] = {GV_INTENT_NONE, ABOUT_1_S, false},
    [GV_SYNC_SUSPECTED] = {GV_INTENT_NONE, IN_4_S, true},
    [GV_SYNC_RESTARTED] = {GV_INTENT_RELIABLE_SYNC, ABOUT_1_S, true},
    [GV_SYNC_NEW_PARENT] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
    [GV_SYNC_NEW_CHILD] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
    [GV_SYNC_TRUNCATED] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
    [GV_SYNC_LOST] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
    [GV_SYNC_NEW_ROOT] = {GV_INTENT_SYNC, NEVER, false},
    [GV_SYNC_PROBE] = {GV_INTENT_PROBE, NEVER, false},
    [GV_SYNC_REQUESTED] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
    [GV_SYNC_IDLE] = {GV_INTENT_SYNC, NEVER, false},
    [GV_SYNC_RESYNC] = {GV_INTENT_RELIABLE_SYNC, NEVER, false},
};

// A random time between 3/4 and 5/4 of `time`, so that nodes do not synchronise.
static gv_time jitter(struct gv_prng *prng, gv_time time) {
    return time * 3 / 4 + gv_prng_below(prng, time / 2 + 1);
}

static void schedule_sync(struct gv_antientropy *ae, gv_time at) {
    ae->sync_at = gv_time_min(ae->sync_at, at);
}

static void request_chosen(struct gv_antientropy *ae, gv_time now, struct gv_prng *prng) {
    if (ae->count < 2) return;
    ae->requested = true;
    schedule_sync(ae, gv_time_after(now, jitter(prng, REQUEST_DELAY_MS * GV_MS)));
}

static void schedule_resync(struct gv_antientropy *ae, gv_time now, struct gv_prng *prng) {
    ae->stage = GV_RESYNC_SCHEDULED;
    ae->since = now;
    gv_time at = gv_time_after(now, jitter(prng, RESYNC_DELAY_MS * GV_MS));
    ae->resync_at = gv_time_min(ae->resync_at, at);
}

// Requests a full resync, but only if there is no tree; on a tree, updates are forwarded.
static void request_resync(struct gv_antientropy *ae, gv_time now, struct gv_prng *prng) {
    if (ae->direct && ae->count > 2) schedule_resync(ae, now, prng);
}

void gv_antientropy_request(struct gv_antientropy *ae, gv_time now, enum gv_sync_reason reason,
                            struct gv_intent *peer, struct gv_prng *prng) {
    const struct rule *rule = &rules[reason];
    GV_ASSERT((rule->intent != GV_INTENT_NONE) == (peer != NULL));
    if (rule->chosen == ABOUT_1_S) request_chosen(ae, now, prng);
    if (rule->resync) request_resync(ae, now, prng);
    if (rule->chosen == IN_4_S) schedule_sync(ae, gv_time_after(now, PARTITIONED_MS * GV_MS));
    if (peer != NULL) gv_intent_add(peer, rule->intent);
}

int gv_antientropy_init(struct gv_antientropy *ae, struct gv_alloc alloc, size_t summary_cap,
                        const struct gv_antientropy_facts *facts, gv_time now,
                        struct gv_prng *prng) {
    GV_ASSERT(summary_cap >= GV_RBSR_CAPACITY_MIN);
    *ae = (struct gv_antientropy){
        .self = facts->peers->self,
        .count = facts->peers->count,
        .direct = gv_push_is_direct(facts->push),
        .summary_cap = summary_cap,
        .bootstraps_left = facts->is_empty ? BOOTSTRAP_ROUNDS : 0,
        .sync_at = GV_TIME_NEVER,
        .resync_at = GV_TIME_NEVER,
        .skip_contacted = facts->is_empty,
    };
    for (int i = 0; i < GV_ANTIENTROPY_SLOTS; i++) ae->slots[i].peer = GV_OVERLAY_NONE;
    ae->summary = gv_alloc_new(alloc, summary_cap);
    if (ae->summary == NULL) return GV_ENOMEM;
    gv_antientropy_request(ae, now, GV_SYNC_STARTED, NULL, prng);
    if (!ae->direct && facts->push->child_count > 0) schedule_resync(ae, now, prng);
    // A node with stored entries had an earlier incarnation, whose last writes may not have reached
    // all nodes.
    if (!facts->is_empty) request_resync(ae, now, prng);
    return 0;
}

void gv_antientropy_fini(struct gv_antientropy *ae, struct gv_alloc alloc) {
    for (int i = 0; i < GV_ANTIENTROPY_SLOTS; i++)
        gv_alloc_free(alloc, ae->slots[i].data, ae->slots[i].cap);
    gv_alloc_free(alloc, ae->summary, ae->summary_cap);
    *ae = (struct gv_antientropy){0};
}

// --- syncs with a chosen peer ------------------------------------------------------------------

// Chooses a random peer. If any peers are suspected, chooses one of them in half of the cases,
// since perhaps no other node probes it. A node that `bootstraps` (started empty) chooses no peer
// twice, since a peer may be empty, too.
static int choose_peer(const struct gv_antientropy *ae, const struct gv_peers *peers,
                       bool bootstraps, struct gv_prng *prng) {
    bool suspects = peers->suspected > 0 && gv_prng_below(prng, 2) == 0;
    uint32_t start = (uint32_t)gv_prng_below(prng, ae->count);
    int choice = GV_OVERLAY_NONE;
    for (uint32_t i = 0; i < ae->count; i++) {
        uint32_t number = (start + i) % ae->count;
        if (number == ae->self) continue;
        const struct gv_peer *peer = peers->at[number];
        bool compared = peer != NULL && peer->compared.opened_at != GV_TIME_NEVER;
        choice = (int)number;
        if (gv_peer_is_suspected(peers, number) == suspects && !(bootstraps && compared)) break;
    }
    return choice;
}

// Whether an exchange that began at `then` may still be in progress.
static bool is_recent(gv_time then, gv_time now, gv_time timeout) {
    return then != GV_TIME_NEVER && now - then < timeout;
}

static bool is_quiescent(const struct gv_antientropy_facts *facts, gv_time now, gv_time lasting) {
    return facts->last_change == GV_TIME_NEVER || now - facts->last_change >= lasting;
}

static gv_time idle_interval(const struct gv_antientropy *ae) {
    return gv_time_max(IDLE_MS, (gv_time)IDLE_PER_NODE_MS * ae->count) * GV_MS;
}

// Whether to postpone an idle comparison because updates may be in flight.
static bool defer(struct gv_antientropy *ae, gv_time now, const struct gv_antientropy_facts *facts,
                  struct gv_prng *prng) {
    gv_time quiet = QUIET_MS * GV_MS;
    bool waits = !ae->requested && facts->peers->suspected == 0 &&
                 !is_quiescent(facts, now, quiet) && ae->deferred < idle_interval(ae);
    ae->deferred = waits ? ae->deferred + quiet : 0;
    if (waits) schedule_sync(ae, gv_time_after(now, jitter(prng, quiet)));
    return waits;
}

// The peer to open a sync with, or GV_OVERLAY_NONE. Schedules the next sync.
static int take_sync(struct gv_antientropy *ae, gv_time now,
                     const struct gv_antientropy_facts *facts, struct gv_prng *prng) {
    bool requested = ae->requested;
    int parent = facts->push->parent;
    gv_time interval = facts->peers->suspected > 0 ? PARTITIONED_MS * GV_MS : idle_interval(ae);
    ae->requested = false;
    schedule_sync(ae, gv_time_after(now, jitter(prng, interval)));
    bool bootstraps = ae->bootstraps_left > 0, first = ae->bootstraps_left == BOOTSTRAP_ROUNDS;
    if (bootstraps) ae->bootstraps_left--;
    // If this node is still empty, the last peer may have been empty, too.
    if (ae->bootstraps_left > 0 && facts->is_empty) request_chosen(ae, now, prng);
    if (first && parent != GV_OVERLAY_NONE && gv_push_contacts_parent(facts->push, facts->peers))
        return GV_OVERLAY_NONE;
    if (requested && parent != GV_OVERLAY_NONE) return parent;
    return choose_peer(ae, facts->peers, bootstraps, prng);
}

static void sync_due(struct gv_antientropy *ae, gv_time now,
                     const struct gv_antientropy_facts *facts, struct gv_prng *prng,
                     struct gv_antientropy_step *step) {
    ae->sync_at = GV_TIME_NEVER;
    if (defer(ae, now, facts, prng)) return;
    step->reason = ae->requested ? GV_SYNC_REQUESTED : GV_SYNC_IDLE;
    step->peer = take_sync(ae, now, facts, prng);
    const struct gv_peer *peer =
        step->peer != GV_OVERLAY_NONE ? facts->peers->at[step->peer] : NULL;
    if (peer == NULL) return;
    gv_time timeout = gv_peer_timeout(peer, gv_push_initial_rtt(facts->push, facts->peers));
    if (is_recent(peer->compared.received_at, now, timeout)) step->peer = GV_OVERLAY_NONE;
}

// --- full resync -------------------------------------------------------------------------------

// Whether this node and the peer have compared since the full resync was scheduled.
static bool has_compared(const struct gv_antientropy *ae, const struct gv_peer *peer) {
    const struct gv_compared *compared = &peer->compared;
    return (compared->opened_at != GV_TIME_NEVER && compared->opened_at > ae->since) ||
           (compared->received_at != GV_TIME_NEVER && compared->received_at > ae->since);
}

// Whether the full resync opens a sync with this peer.
static bool needs_resync(const struct gv_antientropy *ae, const struct gv_antientropy_facts *facts,
                         int number) {
    const struct gv_peer *peer = facts->peers->at[number];
    if (peer == NULL) return ae->direct;
    bool includes =
        gv_push_is_child(facts->push, number) && !(ae->skip_contacted && peer->ack.contacted);
    return (ae->direct || includes) && !gv_health_is_suspected(&peer->health) &&
           !has_compared(ae, peer);
}

// The next peer to open a sync with, or GV_OVERLAY_NONE if none is left.
static int next_peer(struct gv_antientropy *ae, const struct gv_antientropy_facts *facts) {
    while (++ae->peers_done < ae->count) {
        int number = (int)((ae->self + ae->peers_done) % ae->count);
        if (needs_resync(ae, facts, number)) return number;
    }
    return GV_OVERLAY_NONE;
}

// How long the last exchange may take if it is with the slowest peer.
static gv_time response_time(const struct gv_peers *peers) {
    gv_time slowest = 0;
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct gv_peer *peer = peers->at[i];
        bool counts = peer != NULL && peer->ack.measured && !gv_health_is_suspected(&peer->health);
        if (counts) slowest = gv_time_max(slowest, peer->ack.srtt);
    }
    return RESPONSE_ROUND_TRIPS * (slowest > 0 ? slowest : GV_ACK_RTT_INITIAL_MS * GV_MS);
}

static void resync_due(struct gv_antientropy *ae, gv_time now,
                       const struct gv_antientropy_facts *facts, struct gv_prng *prng,
                       struct gv_antientropy_step *step) {
    GV_ASSERT(ae->stage != GV_RESYNC_IDLE);
    gv_time next = jitter(prng, RESYNC_DURATION_MS * GV_MS / ae->count);
    ae->resync_at = GV_TIME_NEVER;
    if (ae->stage == GV_RESYNC_SCHEDULED) {
        bool quiescent = is_quiescent(facts, now, RESYNC_QUIESCENT_MS * GV_MS);
        if (quiescent || now - ae->since >= RESYNC_DEFER_MAX_MS * GV_MS) {
            ae->stage = GV_RESYNC_RUNNING;
            ae->peers_done = 0;
        }
    } else if (ae->stage == GV_RESYNC_RUNNING) {
        step->peer = next_peer(ae, facts);
        step->reason = GV_SYNC_RESYNC;
        if (step->peer == GV_OVERLAY_NONE) {
            ae->stage = GV_RESYNC_FINISHING;
            next = RESYNC_DELAY_MS * GV_MS + response_time(facts->peers);
        }
    } else {
        ae->stage = GV_RESYNC_IDLE;
        step->resync_ended = true;
        return;
    }
    ae->resync_at = gv_time_after(now, next);
}

bool gv_antientropy_defers_push(const struct gv_antientropy *ae) {
    return ae->direct && ae->stage >= GV_RESYNC_RUNNING;
}

// --- the next step -----------------------------------------------------------------------------

gv_time gv_antientropy_deadline(const struct gv_antientropy *ae) {
    return ae->count > 0 ? gv_time_min(ae->sync_at, ae->resync_at) : GV_TIME_NEVER;
}

struct gv_antientropy_step gv_antientropy_due(struct gv_antientropy *ae, gv_time now,
                                              const struct gv_antientropy_facts *facts,
                                              struct gv_prng *prng) {
    GV_ASSERT(gv_antientropy_deadline(ae) <= now);
    struct gv_antientropy_step step = {.peer = GV_OVERLAY_NONE};
    if (ae->sync_at <= ae->resync_at) {
        sync_due(ae, now, facts, prng, &step);
    } else {
        resync_due(ae, now, facts, prng, &step);
    }
    return step;
}

// --- summaries -------------------------------------------------------------------------------

// The slot of this peer's oldest summary, or GV_ANTIENTROPY_SLOTS if there is none. Free slots
// belong to GV_OVERLAY_NONE.
static int oldest(const struct gv_antientropy *ae, int peer) {
    int found = GV_ANTIENTROPY_SLOTS;
    for (int i = 0; i < GV_ANTIENTROPY_SLOTS; i++) {
        if (ae->slots[i].peer != peer) continue;
        if (found == GV_ANTIENTROPY_SLOTS || ae->slots[i].arrival < ae->slots[found].arrival)
            found = i;
    }
    return found;
}

bool gv_antientropy_has_summary(const struct gv_antientropy *ae, int peer) {
    return oldest(ae, peer) < GV_ANTIENTROPY_SLOTS;
}

bool gv_antientropy_drop_summaries(struct gv_antientropy *ae, int peer) {
    GV_ASSERT(peer != GV_OVERLAY_NONE);
    bool any = false;
    for (int slot; (slot = oldest(ae, peer)) < GV_ANTIENTROPY_SLOTS; any = true)
        ae->slots[slot].peer = GV_OVERLAY_NONE;
    return any;
}

bool gv_antientropy_is_oversized(const struct gv_antientropy *ae, int peer) {
    int slot = oldest(ae, peer);
    return slot < GV_ANTIENTROPY_SLOTS && ae->slots[slot].next_is_oversized;
}

uint32_t gv_antientropy_backlog(const struct gv_antientropy *ae) {
    uint32_t backlog = 0;
    for (int i = 0; i < GV_ANTIENTROPY_SLOTS; i++) backlog += ae->slots[i].peer != GV_OVERLAY_NONE;
    return backlog;
}

bool gv_antientropy_is_ready(const struct gv_antientropy *ae) {
    return gv_antientropy_backlog(ae) < GV_ANTIENTROPY_SLOTS;
}

static struct gv_antientropy_history *history_of(struct gv_antientropy *ae, int peer) {
    GV_ASSERT(peer >= 0);
    struct gv_antientropy_history *found = &ae->history[peer % GV_ANTIENTROPY_HISTORY];
    if (found->peer != peer) *found = (struct gv_antientropy_history){.peer = peer};
    return found;
}

uint32_t gv_antientropy_expected(const struct gv_antientropy *ae, int peer) {
    GV_ASSERT(peer >= 0);
    const struct gv_antientropy_history *found = &ae->history[peer % GV_ANTIENTROPY_HISTORY];
    if (found->peer != peer) return 0;
    // Each side finds about half of the differences. If the last exchange found none, expect fewer
    // than were expected before it.
    return found->found > 0 ? 2 * found->found : found->expect / 4;
}

void gv_antientropy_set_expected(struct gv_antientropy *ae, int peer, uint32_t expect) {
    *history_of(ae, peer) = (struct gv_antientropy_history){.peer = peer, .expect = expect};
}

// Makes the slot large enough for this number of bytes.
static int grow(struct gv_antientropy_slot *slot, struct gv_alloc alloc, size_t need) {
    if (need <= slot->cap) return 0;
    size_t cap = 1024;
    while (cap < need) cap *= 2;
    uint8_t *data = gv_alloc_resize(alloc, slot->data, slot->cap, cap);
    if (data == NULL) return GV_ENOMEM;
    slot->data = data;
    slot->cap = cap;
    return 0;
}

// Decodes ranges into a buffer of the same length. The transport may have escaped characters of the
// base64, such as "/".
static int unpack(struct gv_slice ranges, uint8_t *buf) {
    struct gv_slice text = ranges;
    if (memchr(ranges.data, '\\', ranges.len) != NULL) {
        int len = gv_json_string_unescape(ranges, (char *)buf, ranges.len);
        GV_ASSERT(len >= 0);
        text = (struct gv_slice){buf, (size_t)len};
    }
    return gv_pack_get_base64(text, buf, ranges.len);
}

// Handles an opening from the peer. Returns true if this node's own opening is in flight and takes
// precedence, so that the peer's is refused.
static bool crosses(struct gv_antientropy *ae, gv_time now, int number, struct gv_peer *peer,
                    gv_time timeout) {
    // If our opening has been acknowledged, the peer opened its sync after it received ours.
    bool crossed = is_recent(peer->compared.opened_at, now, timeout) &&
                   gv_ack_sync_in_flight(&peer->ack, peer->compared.opened_at);
    if (crossed && number > (int)ae->self) return true;
    if (crossed) gv_ack_abandon_syncs(&peer->ack); // the peer will not answer our opening
    gv_antientropy_set_expected(ae, number, gv_antientropy_expected(ae, number));
    gv_intent_synced(&peer->intent); // the peer's sync replaces an intended one
    return false;
}

// Long round trips make messages expensive. On links within one machine, sums take less time than
// sketches.
static struct gv_rbsr_options options_for(const struct gv_antientropy *ae, int number,
                                          const struct gv_peer *peer, bool opening) {
    return (struct gv_rbsr_options){
        .expected = opening ? gv_antientropy_expected(ae, number) : 0,
        .fewer_rounds = peer->ack.measured && peer->ack.srtt >= FAR_MS * GV_MS,
        .use_sketches = peer->ack.measured && peer->ack.srtt >= NEAR_MS * GV_MS,
    };
}

int gv_antientropy_received(struct gv_antientropy *ae, struct gv_alloc alloc, gv_time now,
                            int number, struct gv_peer *peer, gv_time timeout,
                            struct gv_slice ranges, size_t longest) {
    GV_ASSERT(number >= 0 && number != (int)ae->self);
    int unused = oldest(ae, GV_OVERLAY_NONE);
    if (unused == GV_ANTIENTROPY_SLOTS || ranges.len > longest) return GV_EFULL;
    struct gv_antientropy_slot *slot = &ae->slots[unused];
    if (grow(slot, alloc, ranges.len) != 0) return GV_ENOMEM;
    int len = unpack(ranges, slot->data);
    if (len < 0) return len;
    struct gv_slice summary = {slot->data, (size_t)len};
    bool opening = gv_rbsr_is_opening(summary);
    struct gv_rbsr_options options = options_for(ae, number, peer, opening);
    int error = gv_rbsr_begin(&slot->state, summary, &options);
    if (error) return error;
    peer->compared.received_at = now;
    if (opening && crosses(ae, now, number, peer, timeout)) return 1;
    slot->peer = number;
    slot->next_is_oversized = false;
    slot->arrival = ae->arrivals++;
    return 0;
}

int gv_antientropy_answer(struct gv_antientropy *ae, int peer, struct gv_tree *tree,
                          const struct gv_digest_key *key, struct gv_rbsr_out *out,
                          const bool *oversized) {
    GV_ASSERT(gv_antientropy_has_summary(ae, peer) && out->summary.cap <= ae->summary_cap);
    struct gv_antientropy_slot *slot = &ae->slots[oldest(ae, peer)];
    out->summary.data = ae->summary;
    int more = gv_rbsr_answer(&slot->state, tree, key, out);
    slot->next_is_oversized = *oversized;
    if (more > 0) return more;
    history_of(ae, peer)->found += slot->state.differences;
    slot->peer = GV_OVERLAY_NONE;
    return more;
}

struct gv_slice gv_antientropy_open(struct gv_antientropy *ae, gv_time now, int number,
                                    struct gv_peer *peer, const struct gv_tree *tree,
                                    struct gv_prng *prng) {
    peer->compared.opened_at = now;
    gv_antientropy_set_expected(ae, number, gv_antientropy_expected(ae, number));
    struct gv_writer out = {.data = ae->summary, .cap = ae->summary_cap};
    gv_rbsr_open(tree, (uint8_t)gv_prng_next(prng), &out);
    GV_ASSERT(!out.full);
    return (struct gv_slice){out.data, out.len};
}
