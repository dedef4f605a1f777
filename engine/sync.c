// SPDX-License-Identifier: MIT
#include "sync.h"

#include "../codec/json_string.h"
#include "push.h"

enum {
    REQUEST_DELAY_MS = 1000, // from a request to the sync, and between two requested syncs
    NEAR_MS = 2,             // from this round trip on, sketches save more than they cost
    FAR_MS = 20,             // from this round trip on, fewer messages matter more than bytes
    IDLE_MS = 30000,         // least interval of idle comparisons
    IDLE_PER_NODE_MS = 2000, // least interval per node: half a message a second in the cluster
    QUIET_MS = 20000, // an idle comparison waits until the replica has not changed for this time
    PARTITIONED_MS = 4000, // interval while a peer is suspected
    BOOTSTRAP_ROUNDS = 3,  // syncs that a node opens if it starts empty
};

// --- when and with whom ----------------------------------------------------------------------

// A random time in [3/4, 5/4] of this one, so that nodes do not synchronise.
static gv_time jitter(struct gv_engine *engine, gv_time time) {
    return time * 3 / 4 + gv_prng_below(&engine->prng, time / 2 + 1);
}

int gv_sync_join(struct gv_engine *engine, gv_time now) {
    struct gv_sync *sync = &engine->sync;
    for (int i = 0; i < GV_CORE_SUMMARIES_MAX; i++) sync->slots[i].peer = GV_CORE_NONE;
    sync->summary_cap = engine->message_max / 4 * 3;
    sync->summary = gv_alloc_new(engine->alloc, sync->summary_cap);
    if (sync->summary == NULL) return GV_ENOMEM;
    GV_ASSERT(sync->summary_cap >= GV_RECONCILE_CAPACITY_MIN);
    gv_sync_request(engine, now);
    if (gv_tree_root(&engine->replica.tree).count == 0) sync->bootstraps_left = BOOTSTRAP_ROUNDS;
    return 0;
}

void gv_sync_fini(struct gv_engine *engine) {
    struct gv_sync *sync = &engine->sync;
    for (int i = 0; i < GV_CORE_SUMMARIES_MAX; i++) {
        struct gv_sync_slot *slot = &sync->slots[i];
        gv_alloc_free(engine->alloc, slot->data, slot->cap);
    }
    gv_alloc_free(engine->alloc, sync->summary, sync->summary_cap);
}

void gv_sync_request(struct gv_engine *engine, gv_time now) {
    if (engine->peer_count < 2) return;
    engine->sync.requested = true;
    gv_core_arm(engine, GV_CORE_SYNC, gv_time_after(now, jitter(engine, REQUEST_DELAY_MS * GV_MS)));
}

// A random peer; in half of the cases a suspected one, if there is any, since perhaps no other node
// probes it. A node that `bootstraps` chooses no peer twice, as a peer may be empty, too.
static int choose_peer(struct gv_engine *engine, bool bootstraps) {
    bool suspects = engine->stats.suspected > 0 && gv_prng_below(&engine->prng, 2) == 0;
    int start = (int)gv_prng_below(&engine->prng, engine->peer_count);
    int choice = GV_CORE_NONE;
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        int peer = (int)(((uint32_t)start + i) % engine->peer_count);
        if (peer == (int)engine->self) continue;
        const struct gv_peer *state = engine->peers[peer];
        bool suspected = state != NULL && gv_health_is_suspected(&state->health);
        bool contacted = state != NULL && state->opened_at != GV_TIME_NEVER;
        if (suspected == suspects && !(bootstraps && contacted)) return peer;
        choice = peer;
    }
    return choice;
}

// Whether an exchange that began at `then` may still be in progress.
static bool recent(const struct gv_engine *engine, int peer, gv_time then, gv_time now) {
    gv_time timeout = gv_peer_timeout(engine->peers[peer], gv_core_initial_rtt(engine));
    return then != GV_TIME_NEVER && now - then < timeout;
}

// The interval of idle comparisons.
static gv_time idle_pause(const struct gv_engine *engine) {
    uint64_t each = (uint64_t)IDLE_PER_NODE_MS * engine->peer_count;
    return (each > IDLE_MS ? each : IDLE_MS) * GV_MS;
}

void gv_sync_due(struct gv_engine *engine, gv_time now) {
    struct gv_sync *sync = &engine->sync;
    bool requested = sync->requested, partitioned = engine->stats.suspected > 0;
    gv_time quiet = QUIET_MS * GV_MS;
    if (!requested && !partitioned && !gv_core_is_quiescent(engine, now, quiet) &&
        sync->deferred < idle_pause(engine)) {
        sync->deferred += quiet;
        gv_core_arm(engine, GV_CORE_SYNC, gv_time_after(now, jitter(engine, quiet)));
        return;
    }
    sync->deferred = 0;
    sync->requested = false;
    gv_time pause = partitioned ? PARTITIONED_MS * GV_MS : idle_pause(engine);
    gv_core_arm(engine, GV_CORE_SYNC, gv_time_after(now, jitter(engine, pause)));
    int parent = engine->push.parent;
    bool bootstraps = sync->bootstraps_left > 0,
         first_round = sync->bootstraps_left == BOOTSTRAP_ROUNDS;
    bool empty = gv_tree_root(&engine->replica.tree).count == 0;
    // Still empty: the last peer may have been empty, too.
    if (sync->bootstraps_left > 0 && --sync->bootstraps_left > 0 && empty)
        gv_sync_request(engine, now);
    if (first_round && parent != GV_CORE_NONE && gv_push_contacts_parent(engine)) return;
    int peer = requested && parent != GV_CORE_NONE ? parent : choose_peer(engine, bootstraps);
    struct gv_peer *state = gv_core_peer(engine, peer);
    if (state == NULL || recent(engine, peer, state->synced_at, now))
        return; // a sync is in progress
    state->open_sync = true;
    state->follow_up |= requested;
    // Equal roots are not answered, a ping is.
    state->ping |= gv_health_is_suspected(&state->health);
    gv_core_enqueue(engine, peer);
}

// --- summaries -------------------------------------------------------------------------------

bool gv_sync_ready(const struct gv_engine *engine) {
    for (int i = 0; i < GV_CORE_SUMMARIES_MAX; i++) {
        if (engine->sync.slots[i].peer == GV_CORE_NONE) return true;
    }
    return false;
}

// The slot of this peer's oldest summary, or GV_CORE_NONE.
static int oldest(const struct gv_engine *engine, int peer) {
    int found = GV_CORE_NONE;
    const struct gv_sync_slot *slots = engine->sync.slots;
    for (int i = 0; i < GV_CORE_SUMMARIES_MAX; i++) {
        if (slots[i].peer != peer) continue;
        if (found == GV_CORE_NONE || slots[i].arrival < slots[found].arrival) found = i;
    }
    return found;
}

bool gv_sync_has_pending(const struct gv_engine *engine, int peer) {
    return oldest(engine, peer) != GV_CORE_NONE;
}

bool gv_sync_is_oversized(const struct gv_engine *engine, int peer) {
    int slot = oldest(engine, peer);
    return slot != GV_CORE_NONE && engine->sync.slots[slot].next_is_oversized;
}

static struct gv_sync_history *history_of(struct gv_engine *engine, int peer) {
    GV_ASSERT(peer >= 0);
    struct gv_sync_history *found = &engine->sync.history[peer % GV_CORE_HISTORY];
    if (found->peer != peer) *found = (struct gv_sync_history){.peer = peer};
    return found;
}

uint32_t gv_sync_expected(const struct gv_engine *engine, int peer) {
    GV_ASSERT(peer >= 0);
    const struct gv_sync_history *found = &engine->sync.history[peer % GV_CORE_HISTORY];
    if (found->peer != peer) return 0;
    // Each side finds about half of the differences. If the last exchange found none, expect fewer
    // than before it.
    return found->found > 0 ? 2 * found->found : found->expect / 4;
}

void gv_sync_set_expected(struct gv_engine *engine, int peer, uint32_t expect) {
    *history_of(engine, peer) = (struct gv_sync_history){.peer = peer, .expect = expect};
}

// Long round trips make messages expensive; on links within one machine, sums cost less than
// sketches.
static struct gv_reconcile_options choose_options(const struct gv_engine *engine, int peer,
                                                  bool opening) {
    const struct gv_peer *at = engine->peers[peer];
    return (struct gv_reconcile_options){
        .expected = opening ? gv_sync_expected(engine, peer) : 0,
        .fewer_rounds = at->ack.measured && at->ack.srtt >= FAR_MS * GV_MS,
        .use_sketches = at->ack.measured && at->ack.srtt >= NEAR_MS * GV_MS,
    };
}

// Decodes ranges into a buffer of their length. A JSON library on the way may have escaped
// characters, such as "/".
static int unpack(struct gv_slice ranges, uint8_t *buf) {
    struct gv_slice text = ranges;
    if (memchr(ranges.data, '\\', ranges.len) != NULL) {
        int len = gv_json_string_unescape(ranges, (char *)buf, ranges.len);
        GV_ASSERT(len >= 0);
        text = (struct gv_slice){buf, (size_t)len};
    }
    return gv_pack_get_base64(text, buf, ranges.len);
}

int gv_sync_received(struct gv_engine *engine, gv_time now, int peer, struct gv_slice ranges) {
    GV_ASSERT(peer >= 0 && peer != (int)engine->self);
    int unused = oldest(engine, GV_CORE_NONE);
    size_t need = ranges.len;
    bool fits = ranges.len <= GV_MESSAGE_LIMIT || ranges.len <= engine->message_max;
    if (unused == GV_CORE_NONE || !fits) return GV_EFULL;
    struct gv_sync_slot *slot = &engine->sync.slots[unused];
    if (need > slot->cap) {
        size_t cap = 1024;
        while (cap < need) cap *= 2;
        uint8_t *data = gv_alloc_resize(engine->alloc, slot->data, slot->cap, cap);
        if (data == NULL) return GV_ENOMEM;
        slot->data = data;
        slot->cap = cap;
    }
    int len = unpack(ranges, slot->data);
    if (len < 0) return len;
    struct gv_slice summary = {slot->data, (size_t)len};
    bool opening = gv_reconcile_is_opening(summary);
    struct gv_reconcile_options options = choose_options(engine, peer, opening);
    int error = gv_reconcile_begin(&slot->state, summary, &options);
    if (error) return error;
    struct gv_peer *state = engine->peers[peer];
    state->synced_at = now;
    if (opening) {
        // If our opening is acknowledged, the peer opened this sync after it received ours.
        bool crossed = recent(engine, peer, state->opened_at, now) &&
                       gv_ack_sync_in_flight(&state->ack, state->opened_at);
        if (crossed && peer > (int)engine->self) return 1;
        if (crossed) gv_ack_abandon_syncs(&state->ack); // the peer will not answer ours
        gv_sync_set_expected(engine, peer, options.expected);
        state->open_sync = state->follow_up = false; // this sync replaces it
    }
    slot->peer = peer;
    slot->next_is_oversized = false;
    slot->arrival = engine->sync.arrivals++;
    return 0;
}

// An answer in progress.
struct answer {
    struct gv_engine *engine;
    int peer;
    struct gv_sync_slot *slot;
    struct gv_message_writer *message;
    struct gv_reconcile_out out;
};

static size_t summary_capacity(const struct gv_message_writer *message, size_t most) {
    size_t left = message->out.cap - message->out.len;
    size_t around = GV_MESSAGE_RANGES(0);
    size_t bytes = left > around ? GV_BASE64_BYTES(left - around) : 0;
    return bytes < most ? bytes : most;
}

static bool send_item(void *ctx, uint32_t ref, size_t summary_len) {
    struct answer *answer = ctx;
    struct gv_entry entry = gv_replica_get(&answer->engine->replica, ref);
    bool fits =
        gv_core_write(answer->engine, answer->message, &entry, GV_MESSAGE_RANGES(summary_len));
    answer->slot->next_is_oversized = !fits && gv_core_is_oversized(answer->engine, &entry);
    if (!fits) return false;
    answer->engine->stats.sent_entries++;
    gv_core_emit(answer->engine, GV_ENGINE_SENT, answer->peer, true, &entry);
    answer->out.summary.cap = summary_capacity(answer->message, answer->engine->sync.summary_cap);
    return true;
}

void gv_sync_answer(struct gv_engine *engine, int peer, struct gv_message_writer *message,
                    struct gv_slice *ranges) {
    int waiting = oldest(engine, peer);
    GV_ASSERT(waiting != GV_CORE_NONE);
    struct gv_sync_slot *slot = &engine->sync.slots[waiting];
    struct answer answer = {.engine = engine, .peer = peer, .slot = slot, .message = message};
    answer.out = (struct gv_reconcile_out){
        .summary = {.data = engine->sync.summary,
                    .cap = summary_capacity(message, engine->sync.summary_cap)},
        .send = send_item,
        .ctx = &answer,
    };
    int more =
        gv_reconcile_answer(&slot->state, &engine->replica.tree, &engine->replica.key, &answer.out);
    if (more < 0) engine->stats.bad_ranges++;
    if (more <= 0) {
        history_of(engine, peer)->found += slot->state.differences;
        slot->peer = GV_CORE_NONE;
    }
    *ranges = (struct gv_slice){answer.out.summary.data, answer.out.summary.len};
}

void gv_sync_open(struct gv_engine *engine, gv_time now, int peer, struct gv_slice *ranges) {
    engine->peers[peer]->opened_at = now;
    engine->stats.opened_syncs++;
    gv_sync_set_expected(engine, peer, gv_sync_expected(engine, peer));
    struct gv_writer out = {.data = engine->sync.summary, .cap = engine->sync.summary_cap};
    gv_reconcile_open(&engine->replica.tree, (uint8_t)gv_prng_next(&engine->prng), &out);
    GV_ASSERT(!out.full);
    *ranges = (struct gv_slice){out.data, out.len};
}
