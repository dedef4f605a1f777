// SPDX-License-Identifier: MIT
#include "engine.h"

#include "admit.h"
#include "core.h"
#include "offset.h"

#include <limits.h>

enum {
    PAUSE_MIN_MS = 5000,       // a timer that is this late shows that the process was paused
    PROBE_ANSWER_MIN_MS = 500, // shortest time that a probe waits for its answer
    STALL_MIN_MS = 1000, // a peer to which the transport cannot send for this long is suspected
    STALL_TIMEOUTS = 4,  // the same, as a number of timeouts, if that is longer
};

_Static_assert((int)GV_OFFSET_SLOTS >= (int)GV_ENGINE_PEERS_MAX, "every node has a slot");

// --- creation and release --------------------------------------------------------------------

static bool is_dangling(struct gv_slice slice) {
    return slice.data == NULL && slice.len > 0;
}

int gv_engine_new(struct gv_engine **out, const struct gv_engine_config *config) {
    if (out == NULL || config == NULL || config->alloc.resize == NULL) return GV_EINVAL;
    if (is_dangling(config->secret)) return GV_EINVAL;
    size_t message_max = config->message_max ? config->message_max : GV_ENGINE_MESSAGE_DEFAULT;
    if (message_max < GV_ENGINE_MESSAGE_MIN || message_max > INT_MAX) return GV_EINVAL;
    struct gv_engine *engine = gv_alloc_new(config->alloc, sizeof *engine);
    if (engine == NULL) return GV_ENOMEM;
    *engine = (struct gv_engine){
        .alloc = config->alloc,
        .message_max = message_max,
        .on_change = config->on_change,
        .on_change_ctx = config->on_change_ctx,
        .entries_max = config->entries_max,
        .memory_max = config->memory_max,
        .on_event = config->on_event,
        .on_event_ctx = config->on_event_ctx,
        .staleness = config->staleness_ms * GV_MS,
        .last_change = GV_TIME_NEVER,
    };
    engine->scratch = gv_alloc_new(engine->alloc, GV_ENTRY_SIZE_MAX);
    if (config->track_old) engine->old_value = gv_alloc_new(engine->alloc, GV_ENTRY_SIZE_MAX);
    if (engine->scratch == NULL || (config->track_old && engine->old_value == NULL)) {
        gv_alloc_free(engine->alloc, engine->scratch, GV_ENTRY_SIZE_MAX);
        gv_alloc_free(engine->alloc, engine, sizeof *engine);
        return GV_ENOMEM;
    }
    // An entry that shares its message must fit beside the longest header and the smallest summary.
    size_t overhead = GV_MESSAGE_HEADER_MAX + GV_MESSAGE_ENTRY_MAX + GV_MESSAGE_TAIL +
                      GV_MESSAGE_RANGES(GV_RBSR_CAPACITY_MIN);
    engine->entry_max = message_max - overhead;
    if (engine->entry_max > GV_ENTRY_SIZE_MAX) engine->entry_max = GV_ENTRY_SIZE_MAX;
    gv_prng_init(&engine->prng, config->seed, 0);
    gv_replica_init(&engine->replica, config->alloc, config->secret);
    gv_changelog_init(&engine->changelog, config->alloc);
    *out = engine;
    return 0;
}

// Undoes gv_engine_join, even if it failed half-way.
static void undo_join(struct gv_engine *engine) {
    struct gv_alloc alloc = engine->alloc;
    struct gv_peers *peers = &engine->peers;
    gv_cut_fini(&engine->cut);
    gv_antientropy_fini(&engine->antientropy, alloc);
    gv_push_fini(&engine->push, alloc);
    gv_send_queue_fini(&engine->queue, alloc);
    if (engine->timers.count > 0) gv_timers_fini(&engine->timers);
    for (uint32_t i = 0; peers->at != NULL && i < peers->count; i++)
        gv_alloc_free(alloc, peers->at[i], sizeof *peers->at[i]);
    gv_alloc_free(alloc, peers->at, peers->count * sizeof *peers->at);
    gv_names_fini(&engine->names, alloc);
    *peers = (struct gv_peers){0};
}

void gv_engine_free(struct gv_engine *engine) {
    if (engine == NULL) return;
    undo_join(engine);
    gv_changelog_fini(&engine->changelog);
    gv_replica_fini(&engine->replica);
    gv_reservations_fini(&engine->reservations, engine->alloc);
    gv_alloc_free(engine->alloc, engine->scratch, GV_ENTRY_SIZE_MAX);
    gv_alloc_free(engine->alloc, engine->old_value, GV_ENTRY_SIZE_MAX);
    gv_alloc_free(engine->alloc, engine, sizeof *engine);
}

static void enqueue(struct gv_engine *engine, int index) {
    gv_send_queue_push(&engine->queue, index);
}

// --- the cluster -----------------------------------------------------------------------------

// The facts on which the choice of a peer for a sync depends.
static struct gv_antientropy_facts facts(const struct gv_engine *engine) {
    return (struct gv_antientropy_facts){
        .peers = &engine->peers,
        .push = &engine->push,
        .last_change = engine->last_change,
        .is_empty = gv_tree_root(&engine->replica.tree).count == 0,
    };
}

static int join_peers(struct gv_engine *engine, uint32_t count) {
    struct gv_peers *peers = &engine->peers;
    peers->at = gv_alloc_new(engine->alloc, count * sizeof *peers->at);
    if (peers->at == NULL) return GV_ENOMEM;
    for (uint32_t i = 0; i < count; i++) peers->at[i] = NULL;
    peers->count = count;
    int error = gv_timers_init(&engine->timers, engine->alloc, count);
    return error != 0 ? error : gv_send_queue_init(&engine->queue, engine->alloc, count);
}

static int join_tree(struct gv_engine *engine) {
    struct gv_push *push = &engine->push;
    int error = gv_push_init(push, engine->alloc, engine->staleness, engine->peers.self,
                             engine->peers.count);
    for (uint32_t i = 0; error == 0 && i < push->child_count; i++) {
        if (gv_core_peer(engine, (int)push->children[i]) == NULL) error = GV_ENOMEM;
    }
    bool has_parent = error == 0 && push->parent != GV_OVERLAY_NONE;
    return has_parent && gv_core_peer(engine, push->parent) == NULL ? GV_ENOMEM : error;
}

// Sets up the cut, by what the replica holds.
static int join_cut(struct gv_engine *engine) {
    if (engine->cut_config.life == 0) return 0;
    struct gv_cut *cut = &engine->cut;
    int error = gv_cut_init(cut, engine->alloc, engine->peers.self, engine->peers.count,
                            &engine->cut_config);
    uint32_t next;
    for (uint32_t ref = 0; error == 0 && gv_replica_walk(&engine->replica, &ref, UINT32_MAX, &next);
         ref = next) {
        struct gv_entry entry = gv_replica_get(&engine->replica, ref);
        if (entry.lattice == GV_LATTICE_PROMISE) gv_core_cut_put(engine, &entry, true);
    }
    gv_core_count_cut(engine);
    return error;
}

// Sends the questions of a node that recovers.
static void ask(struct gv_engine *engine) {
    for (uint32_t i = 0; i < engine->peers.count; i++) {
        if (!gv_cut_asks(&engine->cut, i) || gv_core_peer(engine, (int)i) == NULL) continue;
        enqueue(engine, (int)i);
    }
}

static int join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                const struct gv_slice *names, size_t count) {
    int error = gv_names_init(&engine->names, engine->alloc, names, count);
    if (error) return error;
    int number = gv_names_find(&engine->names, self);
    if (number < 0) return GV_EINVAL;
    engine->peers.self = (uint32_t)number;
    engine->joined_at = now;
    error = join_peers(engine, (uint32_t)count);
    if (!error) error = join_tree(engine);
    struct gv_antientropy_facts at = facts(engine);
    if (!error)
        error = gv_antientropy_init(&engine->antientropy, engine->alloc,
                                    engine->message_max / 4 * 3, &at, now, &engine->prng);
    if (!error) error = join_cut(engine);
    if (error || engine->cut.slots == NULL) return error;
    gv_cut_start(&engine->cut, now);
    ask(engine);
    gv_core_cut_changed(engine, now);
    return 0;
}

int gv_engine_join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                   const struct gv_slice *names, size_t count) {
    if (engine == NULL || engine->peers.count > 0 || names == NULL || count == 0) return GV_EINVAL;
    if (count > GV_ENGINE_PEERS_MAX) return GV_ERANGE;
    if (is_dangling(self)) return GV_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (names[i].len == 0 || is_dangling(names[i])) return GV_EINVAL;
        if (names[i].len > GV_ENGINE_NAME_MAX) return GV_ERANGE;
    }
    int error = join(engine, now, self, names, count);
    if (error) undo_join(engine);
    return error;
}

int gv_engine_peer(const struct gv_engine *engine, struct gv_slice name) {
    if (engine == NULL) return GV_EINVAL;
    if (name.len == 0 || is_dangling(name)) return GV_ENOENT;
    int number = gv_names_find(&engine->names, name);
    return gv_core_is_peer(engine, number) ? number : GV_ENOENT;
}

int gv_engine_self(const struct gv_engine *engine) {
    if (engine == NULL || engine->peers.count == 0) return GV_ENOENT;
    return (int)engine->peers.self;
}

struct gv_slice gv_engine_name(const struct gv_engine *engine, int peer) {
    bool any = engine != NULL && peer >= 0 && (uint32_t)peer < engine->names.count;
    return any ? gv_names_get(&engine->names, (uint32_t)peer) : (struct gv_slice){NULL, 0};
}

// --- what to do about a peer -------------------------------------------------------------------

static void ping(struct gv_engine *engine, int index) {
    gv_intent_add(&engine->peers.at[index]->intent, GV_INTENT_PING);
    enqueue(engine, index);
}

static void request_sync(struct gv_engine *engine, gv_time now, enum gv_sync_reason reason,
                         int index) {
    struct gv_intent *intent = &engine->peers.at[index]->intent;
    gv_antientropy_request(&engine->antientropy, now, reason, intent, &engine->prng);
    enqueue(engine, index);
}

// Requests a sync with a peer that anti-entropy chooses.
static void request_any_sync(struct gv_engine *engine, gv_time now, enum gv_sync_reason reason) {
    gv_antientropy_request(&engine->antientropy, now, reason, NULL, &engine->prng);
}

static void set_timer(struct gv_engine *engine, gv_time now, int index) {
    gv_timers_set(&engine->timers, (uint32_t)index, gv_peer_deadline(engine->peers.at[index], now));
}

// Whether updates for this peer are pending. Skips changes that the peer need not get. If the
// changelog no longer has all pending updates, requests a sync.
static bool has_updates(struct gv_engine *engine, gv_time now, int index) {
    const struct gv_changelog *log = &engine->changelog;
    struct gv_ack *ack = &engine->peers.at[index]->ack;
    if (!gv_push_is_target(&engine->push, &engine->peers, index)) return false;
    if (ack->sent_seq < log->tail) {
        gv_ack_reset(ack, log->tail);
        request_sync(engine, now, GV_SYNC_TRUNCATED, index);
    }
    gv_ack_skip(ack, gv_changelog_next(log, ack->sent_seq, index));
    return ack->sent_seq < log->head;
}

// The sequence number of the first change that this peer still needs from the changelog.
static uint64_t first_needed(struct gv_engine *engine, gv_time now, int index) {
    const struct gv_ack *ack = &engine->peers.at[index]->ack;
    if (!gv_push_is_target(&engine->push, &engine->peers, index)) return engine->changelog.head;
    if (ack->in_flight_count == 0) has_updates(engine, now, index);
    return ack->acked_seq;
}

// Removes from the changelog the updates that all children and the parent have acknowledged.
static void truncate(struct gv_engine *engine, gv_time now) {
    const struct gv_push *push = &engine->push;
    uint64_t least = engine->changelog.head;
    if (push->parent != GV_OVERLAY_NONE) least = first_needed(engine, now, push->parent);
    for (uint32_t i = 0; i < push->child_count; i++) {
        uint64_t seq = first_needed(engine, now, (int)push->children[i]);
        if (seq < least) least = seq;
    }
    gv_changelog_truncate(&engine->changelog, least);
}

// Handles the loss of messages to a peer: if one of them was a sync message, the sync is opened
// again. Returns the number of lost messages.
static int lose(struct gv_engine *engine, gv_time now, int index, struct gv_ack_loss loss) {
    engine->stats.lost_messages += (uint64_t)loss.messages;
    struct gv_intent *intent = &engine->peers.at[index]->intent;
    if (loss.sync)
        gv_antientropy_request(&engine->antientropy, now, GV_SYNC_LOST, intent, &engine->prng);
    return loss.messages;
}

// After a loss without a timeout, opens the sync again at once and adds the updates to the next
// flush.
static void repeat_lost(struct gv_engine *engine, gv_time now, int index) {
    if (gv_intent_has_sync(&engine->peers.at[index]->intent)) enqueue(engine, index);
    if (!has_updates(engine, now, index)) return;
    gv_push_schedule_lost(&engine->push, &engine->peers, now, index);
    if (gv_push_is_direct(&engine->push)) enqueue(engine, index);
}

// --- suspicion ---------------------------------------------------------------------------------

// Makes this node a root. Opens a sync with each sibling that may still wait for the old parent;
// the sync also sends the entries that the sibling lacks.
static void become_root(struct gv_engine *engine, gv_time now) {
    struct gv_push *push = &engine->push;
    gv_push_begin_round(push, &engine->peers, now);
    for (uint32_t i = engine->peers.self + 1; i < engine->peers.count; i++) {
        bool waits = gv_push_replaces_parent_of(push, (int)i);
        if (!waits || gv_peer_is_suspected(&engine->peers, i)) continue;
        if (gv_core_peer(engine, (int)i) == NULL || gv_push_is_child(push, (int)i)) continue;
        request_sync(engine, now, GV_SYNC_NEW_ROOT, (int)i);
    }
    gv_push_schedule_children(push, now);
}

// Switches to the best parent, if that is another one, after a peer has become suspected or alive.
static void choose_parent(struct gv_engine *engine, gv_time now) {
    int last = engine->push.parent, best = gv_push_best_parent(&engine->push, &engine->peers);
    if (best == last) return;
    struct gv_peer *peer = best == GV_OVERLAY_NONE ? NULL : gv_core_peer(engine, best);
    if (best != GV_OVERLAY_NONE && peer == NULL) return; // no memory: retried at the next change
    gv_push_set_parent(&engine->push, best);
    if (peer == NULL) {
        become_root(engine, now);
        return;
    }
    uint64_t unacked = engine->changelog.tail;
    if (last != GV_OVERLAY_NONE && engine->peers.at[last]->ack.acked_seq > unacked)
        unacked = engine->peers.at[last]->ack.acked_seq;
    gv_ack_reset(&peer->ack, unacked);
    request_sync(engine, now, GV_SYNC_NEW_PARENT, best);
}

static void schedule_probe(struct gv_engine *engine, gv_time now, int index) {
    const struct gv_push *push = &engine->push;
    if (!gv_push_relies_on(push, index)) return; // idle comparisons will reach the peer
    bool urgent = push->parent == GV_OVERLAY_NONE && index < (int)push->self;
    gv_health_schedule_probe(&engine->peers.at[index]->health, now, urgent, &engine->prng);
}

// Handles a peer that is suspected from now on.
static void on_suspected(struct gv_engine *engine, gv_time now, int index) {
    struct gv_ack *ack = &engine->peers.at[index]->ack;
    engine->peers.suspected++;
    gv_ack_reset(ack, ack->acked_seq);
    choose_parent(engine, now);
    schedule_probe(engine, now, index);
    truncate(engine, now);
    request_any_sync(engine, now, GV_SYNC_SUSPECTED);
}

// Handles a peer that was suspected and is alive again.
static void on_alive(struct gv_engine *engine, gv_time now, int index) {
    engine->peers.suspected--;
    choose_parent(engine, now);
    if (has_updates(engine, now, index)) enqueue(engine, index);
    request_any_sync(engine, now, GV_SYNC_ALIVE);
}

// A suspected peer has sent a message, so it may receive as well. Probes the peer now, unless an
// earlier probe may still be answered.
static void hasten_probe(struct gv_engine *engine, gv_time now, int index) {
    struct gv_peer *peer = engine->peers.at[index];
    gv_time trip = peer->ack.measured ? 2 * peer->ack.srtt : 0;
    gv_time sent = gv_ack_last_sent(&peer->ack);
    if (sent != GV_TIME_NEVER && now - sent < gv_time_max(trip, PROBE_ANSWER_MIN_MS * GV_MS))
        return;
    gv_ack_reset(&peer->ack, peer->ack.acked_seq);
    gv_health_probe_now(&peer->health, now);
}

// --- time ------------------------------------------------------------------------------------

// The earliest time at which something is due.
static gv_time next_due(const struct gv_engine *engine) {
    const struct gv_push *push = &engine->push;
    gv_time flush = gv_time_min(push->to_children.at, push->to_parent.at);
    gv_time own = gv_time_min(flush, gv_antientropy_deadline(&engine->antientropy));
    if (engine->cut.slots != NULL) own = gv_time_min(own, engine->cut.ask_at);
    return gv_time_min(gv_timers_next(&engine->timers), own);
}

// Late timers show that this process was paused. If so, missing acknowledgements prove nothing, and
// this node may have missed messages (compare Lifeguard, arXiv:1707.00788).
static void detect_pause(struct gv_engine *engine, gv_time now) {
    gv_time next = next_due(engine);
    bool paused = next != GV_TIME_NEVER && now > next && now - next > PAUSE_MIN_MS * GV_MS;
    if (!paused) return;
    engine->stats.pauses++;
    for (uint32_t i = 0; i < engine->peers.count; i++) {
        struct gv_peer *peer = engine->peers.at[i];
        if (peer == NULL) continue;
        gv_ack_reset(&peer->ack, peer->ack.acked_seq);
        gv_ack_forget_lost(&peer->ack);
        gv_health_forgive(&peer->health);
    }
    gv_push_schedule_all(&engine->push, now);
    request_any_sync(engine, now, GV_SYNC_PAUSED);
}

static void peer_timed_out(struct gv_engine *engine, gv_time now, int index) {
    struct gv_peer *peer = engine->peers.at[index];
    lose(engine, now, index, gv_ack_expire(&peer->ack, now));
    if (gv_health_timed_out(&peer->health)) {
        on_suspected(engine, now, index);
    } else if (gv_health_is_suspected(&peer->health)) {
        schedule_probe(engine, now, index);
    } else {
        ping(engine, index);
    }
}

static void peer_due(struct gv_engine *engine, gv_time now, int index) {
    struct gv_peer *peer = engine->peers.at[index];
    if (lose(engine, now, index, gv_ack_detect_reordered(&peer->ack, now)) > 0)
        repeat_lost(engine, now, index);
    if (peer->ack.loss_timer <= now) peer_timed_out(engine, now, index);
    if (gv_health_take_stall(&peer->health, now)) on_suspected(engine, now, index);
    if (gv_health_take_probe(&peer->health, now)) request_sync(engine, now, GV_SYNC_PROBE, index);
    if (peer->ack.ack_at <= now) enqueue(engine, index);
    set_timer(engine, now, index);
}

static void flush_children(struct gv_engine *engine, gv_time now) {
    const struct gv_push *push = &engine->push;
    gv_push_begin_round(&engine->push, &engine->peers, now);
    for (uint32_t i = 0; i < push->child_count; i++) {
        int child = (int)push->children[i];
        if (!gv_push_is_target(push, &engine->peers, child)) continue;
        gv_ack_hasten(&engine->peers.at[child]->ack, now); // the child expects it with the round
        enqueue(engine, child);
    }
}

static void flush_parent(struct gv_engine *engine) {
    int parent = engine->push.parent;
    bool any = parent != GV_OVERLAY_NONE;
    if (any && gv_push_is_target(&engine->push, &engine->peers, parent)) enqueue(engine, parent);
}

// Counts a batch that is sent now and whose first change has waited for this long.
static void count_batch(struct gv_engine_stats *stats, gv_time waited) {
    if (waited == GV_TIME_NEVER) return;
    uint64_t waited_us = waited / 1000;
    stats->batches++;
    stats->batch_wait_us += waited_us;
    if (waited_us > stats->batch_wait_max_us) stats->batch_wait_max_us = waited_us;
}

static void antientropy_due(struct gv_engine *engine, gv_time now) {
    struct gv_antientropy_facts at = facts(engine);
    struct gv_antientropy_step step =
        gv_antientropy_due(&engine->antientropy, now, &at, &engine->prng);
    if (step.resync_ended && gv_push_is_direct(&engine->push))
        gv_push_schedule_children(&engine->push, now);
    if (step.peer == GV_OVERLAY_NONE || gv_core_peer(engine, step.peer) == NULL) return;
    request_sync(engine, now, step.reason, step.peer);
    // A peer with an equal root does not answer the sync, but it answers a ping.
    if (gv_peer_is_suspected(&engine->peers, (uint32_t)step.peer)) ping(engine, step.peer);
}

// Repeats the questions of the recovery.
static void cut_due(struct gv_engine *engine, gv_time now) {
    int differs = gv_cut_ask_again(&engine->cut, now);
    ask(engine);
    if (differs >= 0 && engine->peers.at[differs] != NULL)
        request_sync(engine, now, GV_SYNC_RESYNC, differs);
}

gv_time gv_engine_deadline(const struct gv_engine *engine) {
    bool joined = engine != NULL && engine->peers.count > 0;
    return joined ? next_due(engine) : GV_TIME_NEVER;
}

void gv_engine_advance(struct gv_engine *engine, gv_time now) {
    if (engine == NULL || engine->peers.count == 0) return;
    // A timer set to GV_TIME_NEVER - 1 would be due again at once, in an endless loop.
    if (now >= GV_TIME_NEVER - 1) now = GV_TIME_NEVER - 2;
    detect_pause(engine, now);
    struct gv_push *push = &engine->push;
    for (gv_time next = next_due(engine); next <= now; next = next_due(engine)) {
        if (gv_timers_next(&engine->timers) == next) {
            peer_due(engine, now, (int)gv_timers_pop(&engine->timers, now));
        } else if (push->to_children.at == next) {
            gv_core_promise(engine, now);
            count_batch(&engine->stats, gv_push_take_flush(&push->to_children, now));
            flush_children(engine, now);
        } else if (push->to_parent.at == next) {
            gv_core_promise(engine, now);
            count_batch(&engine->stats, gv_push_take_flush(&push->to_parent, now));
            flush_parent(engine);
        } else if (engine->cut.slots != NULL && engine->cut.ask_at == next) {
            cut_due(engine, now);
        } else {
            antientropy_due(engine, now);
        }
    }
}

void gv_engine_flush(struct gv_engine *engine, gv_time now) {
    if (engine == NULL || engine->peers.count == 0) return;
    gv_core_promise(engine, now);
    flush_parent(engine);
    flush_children(engine, now);
}

int gv_engine_ping(struct gv_engine *engine, gv_time now, int peer) {
    if (engine == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(engine, peer)) return GV_ENOENT;
    gv_engine_advance(engine, now);
    if (gv_core_peer(engine, peer) == NULL) return GV_ENOMEM;
    ping(engine, peer);
    return 0;
}

int gv_engine_set_writable(struct gv_engine *engine, gv_time now, int peer, bool writable) {
    if (engine == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(engine, peer)) return GV_ENOENT;
    gv_engine_advance(engine, now);
    if (writable && engine->peers.at[peer] == NULL) return 0;
    struct gv_peer *state = gv_core_peer(engine, peer);
    if (state == NULL) return GV_ENOMEM;
    if (state->health.is_writable == writable) return 0;
    gv_time timeout = gv_peer_timeout(state, gv_push_initial_rtt(&engine->push, &engine->peers));
    gv_time wait = gv_time_max(STALL_TIMEOUTS * timeout, STALL_MIN_MS * GV_MS);
    gv_health_set_writable(&state->health, writable, gv_time_after(now, wait));
    gv_send_queue_set_blocked(&engine->queue, peer, !writable);
    if (writable && gv_health_is_suspected(&state->health)) hasten_probe(engine, now, peer);
    // The peer may take the dropped summaries for answered, so a sync repairs the differences.
    if (!writable && gv_antientropy_drop_summaries(&engine->antientropy, peer))
        request_sync(engine, now, GV_SYNC_LOST, peer);
    peer_due(engine, now, peer);
    return 0;
}

// --- entries in ------------------------------------------------------------------------------

int gv_engine_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry) {
    const char *fault;
    if (engine == NULL || entry == NULL) return GV_EINVAL;
    int error = gv_entry_check(entry, &fault);
    return error != 0 ? error : gv_admit_local(engine, now, entry);
}

bool gv_engine_ready(const struct gv_engine *engine) {
    return engine != NULL &&
           (engine->peers.count == 0 || gv_antientropy_is_ready(&engine->antientropy));
}

static int put_received(struct gv_engine *engine, gv_time now, const struct gv_entry *entry,
                        int index, bool sync) {
    const char *fault;
    int error = gv_entry_check_canonical(entry, &fault);
    if (error == 0) error = gv_admit_check(engine, entry, false);
    return error != 0 ? error : gv_admit_put(engine, now, entry, index, sync);
}

// What the entries of a message did.
struct merged {
    bool changed; // the replica changed
    bool fenced;  // some were refused, since the message is of a former life of its sender
    int error;    // the first error
};

static struct merged merge(struct gv_engine *engine, gv_time now, int index,
                           struct gv_message *message) {
    struct gv_message_cursor cursor;
    gv_message_entries(message, &cursor);
    struct merged merged = {0};
    int more;
    struct gv_entry entry;
    while ((more = gv_message_next(&cursor, &entry, (char *)engine->scratch, GV_ENTRY_SIZE_MAX)) !=
           0) {
        if (more > 0 && gv_core_is_fenced(engine, index, message->life, &entry)) {
            merged.fenced = true;
            engine->stats.refused_entries++;
            continue;
        }
        int done = more > 0 ? put_received(engine, now, &entry, index, message->sync) : more;
        if (done < 0 && merged.error == 0) merged.error = done;
        merged.changed = merged.changed || done > 0;
        engine->stats.received_entries += more > 0;
        engine->stats.redundant_entries += done == 0;
        engine->stats.missing_entries += done > 0 && message->sync;
        engine->stats.refused_entries += done < 0;
    }
    return merged;
}

// Applies what the message says about recoveries.
static void apply_recovery(struct gv_engine *engine, gv_time now, int index,
                           const struct gv_message *message) {
    struct gv_cut *cut = &engine->cut;
    if (cut->slots == NULL) return;
    const struct gv_message_told *told = &message->told;
    uint32_t slot = (uint32_t)index;
    if (message->has_told && message->life != 0) gv_cut_met(cut, slot, message->life);
    if (message->has_told) gv_cut_told(cut, slot, told->life, told->count, told->sum);
    if (message->recover && message->life != 0) {
        gv_cut_asked(cut, slot, message->life);
        gv_core_promise(engine, now); // the answer may need it
    }
    if (gv_cut_asks(cut, slot) || gv_cut_tells(cut, slot)) enqueue(engine, index);
}

static enum gv_engine_class class_of(bool sync, bool entries) {
    if (sync) return entries ? GV_ENGINE_ENTRIES : GV_ENGINE_SUMMARY;
    return entries ? GV_ENGINE_UPDATES : GV_ENGINE_ACK;
}

// What a message means, given the messages that came before it.
struct reception {
    bool is_duplicate;
    bool is_latest;  // numbered, and no message with a larger id came before
    bool needs_sync; // this node must open a sync with the sender, for `reason`
    enum gv_sync_reason reason;
};

// Decides without changing anything. A restarted peer may have lost what it had acknowledged, and
// its last updates may have reached only some nodes. A new child needs a sync, unless push sends it
// all entries or its message opens a sync.
static struct reception decide(const struct gv_peer *peer, const struct gv_message *message) {
    const struct gv_ack *ack = &peer->ack;
    struct reception reception = {0};
    if (!message->has_id) return reception;
    reception.is_duplicate = gv_ack_is_duplicate(ack, message->id);
    bool is_first = gv_ack_is_new_incarnation(ack, message->id);
    reception.is_latest = is_first || message->id > ack->largest;
    if (!is_first) return reception;
    bool new_child = message->to_parent && !ack->needs_full_state && message->ranges.len == 0;
    reception.needs_sync = ack->has_received || new_child;
    reception.reason = ack->has_received ? GV_SYNC_RESTARTED : GV_SYNC_NEW_CHILD;
    return reception;
}

static void count_received(struct gv_engine_stats *stats, const struct gv_message *message) {
    struct gv_engine_traffic *traffic =
        &stats->traffic[class_of(message->sync, message->entries > 0)];
    stats->received_messages++;
    stats->received_bytes += message->bytes;
    traffic->received++;
    traffic->received_bytes += message->bytes;
}

// Applies the acknowledgement of a message, and detects losses if the message has none.
static void apply_ack(struct gv_engine *engine, gv_time now, int index,
                      const struct gv_message *message) {
    struct gv_peer *peer = engine->peers.at[index];
    if (message->has_ack) {
        // The number of messages in flight may have been at its limit, so that updates had to wait.
        bool waited = !gv_ack_can_send(&peer->ack);
        struct gv_ack_loss loss;
        bool fresh = gv_ack_acked(&peer->ack, now, &message->ack, &loss);
        lose(engine, now, index, loss);
        if (fresh && gv_health_acked(&peer->health)) on_alive(engine, now, index);
        if (fresh) truncate(engine, now);
        if (fresh && (loss.messages > 0 || waited)) enqueue(engine, index);
    }
    if (gv_health_is_suspected(&peer->health)) { // a suspected peer may acknowledge late
        hasten_probe(engine, now, index);
        return;
    }
    gv_time expected = gv_push_ack_expected_after(&engine->push, &engine->peers, index);
    if (lose(engine, now, index, gv_ack_detect_unacked(&peer->ack, now, expected)) > 0)
        repeat_lost(engine, now, index);
    gv_ack_set_loss_times(&peer->ack, gv_push_loss_delay(&engine->push, &engine->peers, index));
}

// Applies what a message says about the tree. `changed`: its entries changed the replica. Only the
// latest numbered message decides whether the sender is a child. A message that was overtaken may
// be older than the sender's choice of a parent, and no later message would correct the error.
static void apply_tree(struct gv_engine *engine, gv_time now, int index,
                       const struct gv_message *message, bool is_latest, bool changed) {
    bool to_parent = is_latest ? message->to_parent : gv_push_is_child(&engine->push, index);
    struct gv_push_reaction reaction = gv_push_received(&engine->push, &engine->peers, now, index,
                                                        to_parent, message->next_flush_ms, changed);
    if (reaction.child_added) {
        gv_ack_reset(&engine->peers.at[index]->ack, engine->changelog.head);
        request_sync(engine, now, GV_SYNC_NEW_CHILD, index);
    }
    if (reaction.child_removed && engine->push.child_count == 0) truncate(engine, now);
    if (reaction.ping_parent) ping(engine, engine->push.parent);
}

// Stores the ranges of a message, to be answered. Returns what gv_antientropy_received returns.
static int apply_ranges(struct gv_engine *engine, gv_time now, int index, struct gv_slice ranges) {
    struct gv_peer *peer = engine->peers.at[index];
    size_t longest =
        engine->message_max > GV_MESSAGE_LIMIT ? engine->message_max : GV_MESSAGE_LIMIT;
    gv_time timeout = gv_peer_timeout(peer, gv_push_initial_rtt(&engine->push, &engine->peers));
    int taken = gv_antientropy_received(&engine->antientropy, engine->alloc, now, index, peer,
                                        timeout, ranges, longest);
    engine->stats.received_syncs++;
    if (taken == 0) enqueue(engine, index);
    return taken;
}

int gv_engine_receive(struct gv_engine *engine, gv_time now, int peer, struct gv_message *message) {
    if (engine == NULL || message == NULL || message->json == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(engine, peer)) return GV_ENOENT;
    gv_engine_advance(engine, now);
    struct gv_peer *state = gv_core_peer(engine, peer);
    if (state == NULL) return GV_ENOMEM;
    struct reception reception = decide(state, message);
    count_received(&engine->stats, message);
    gv_health_received(&state->health, now);
    if (reception.needs_sync) request_sync(engine, now, reception.reason, peer);
    apply_ack(engine, now, peer, message);
    struct merged merged = merge(engine, now, peer, message);
    int error = merged.error, taken = 0;
    apply_tree(engine, now, peer, message, reception.is_latest, merged.changed);
    apply_recovery(engine, now, peer, message);
    gv_core_cut_changed(engine, now);
    // A duplicate is not answered, because the answers would be duplicated as well, and multiply.
    bool answers = message->ranges.len > 0 && !reception.is_duplicate;
    if (answers && state->health.is_writable)
        taken = apply_ranges(engine, now, peer, message->ranges);
    if (error == 0 && taken < 0) error = taken;
    // If the message could not be processed, it is not acknowledged, so the peer sends it again.
    bool must_repeat = error == GV_ENOMEM || merged.fenced || taken == GV_EFULL ||
                       (taken == 1 && !message->immediate_ack) ||
                       (answers && !state->health.is_writable);
    if (message->has_id && !must_repeat)
        gv_ack_received(&state->ack, now, message->id, message->immediate_ack,
                        gv_push_ack_delay_max(&engine->push, message->to_parent));
    peer_due(engine, now, peer);
    return error;
}

// --- messages out ----------------------------------------------------------------------------

static bool is_oversized(const struct gv_engine *engine, const struct gv_entry *entry) {
    return gv_entry_size(entry) > engine->entry_max;
}

// Whether the first pending update is oversized, which means that it needs a message of its own.
static bool is_update_oversized(const struct gv_engine *engine, int index) {
    uint64_t seq = engine->peers.at[index]->ack.sent_seq;
    struct gv_entry entry =
        gv_replica_get(&engine->replica, gv_changelog_get(&engine->changelog, seq).ref);
    return is_oversized(engine, &entry);
}

// What the next message to a peer contains.
struct plan {
    struct gv_message header;
    bool updates;  // pending updates
    bool answers;  // the answer to a summary
    bool opens;    // the opening of a sync
    bool recovers; // a question or an answer of a recovery
};

// Whether the next message to the peer may open the intended sync. A reliable opening waits while
// too many messages are in flight, since it could not be numbered, and its loss not be noticed.
static bool may_open(const struct gv_peer *peer) {
    return gv_intent_has_sync(&peer->intent) &&
           (gv_ack_can_send(&peer->ack) || !gv_intent_is_reliable(&peer->intent));
}

// Chooses the contents of the next message. An oversized entry is alone in its message; if there
// are updates and an answer, messages then alternate between them.
static void choose_contents(const struct gv_engine *engine, int index, bool updates,
                            struct plan *out) {
    const struct gv_peer *peer = engine->peers.at[index];
    const struct gv_antientropy *ae = &engine->antientropy;
    out->updates = updates && gv_ack_can_send(&peer->ack);
    out->answers = gv_antientropy_has_summary(ae, index);
    out->opens = may_open(peer) && !out->answers;
    bool oversized = (out->updates && is_update_oversized(engine, index)) ||
                     gv_antientropy_is_oversized(ae, index);
    if (!oversized) return;
    if (out->answers && (!out->updates || peer->ack.next_id % 2 == 0)) {
        out->updates = false;
    } else {
        out->answers = out->opens = false;
    }
}

// Whether the message is numbered. Sync messages are numbered, so that they are repeated until
// acknowledged. Idle comparisons are not, since equal roots need no answer. The first id announces
// a new incarnation; an opening need not do so, because if the roots differ, the answer to the
// peer's summary does.
static bool needs_id(const struct gv_peer *peer, const struct plan *plan) {
    if (!gv_ack_can_send(&peer->ack)) return false;
    if (plan->updates || plan->answers || gv_intent_has_ping(&peer->intent)) return true;
    if (plan->recovers && !plan->opens) return false; // a question is repeated if it is lost
    return gv_intent_is_reliable(&peer->intent) || !(peer->ack.contacted || plan->opens);
}

// Sets what the message says about recoveries.
static void plan_recovery(const struct gv_engine *engine, int index, struct plan *out) {
    const struct gv_cut *cut = &engine->cut;
    if (cut->slots == NULL) return;
    const struct gv_cut_slot *slot = &cut->slots[index];
    bool entries = out->updates || out->answers;
    out->header.recover = gv_cut_asks(cut, (uint32_t)index);
    out->header.has_told = gv_cut_tells(cut, (uint32_t)index);
    bool named = entries || out->header.recover || out->header.has_told;
    out->header.life = named ? cut->life : 0;
    out->header.told = (struct gv_message_told){slot->life, cut->last, slot->all};
}

// Plans the next message without changing anything. `updates`: updates are pending. Returns false
// if there is nothing to send to the peer.
static bool make_plan(const struct gv_engine *engine, gv_time now, int index, bool updates,
                      struct plan *out) {
    const struct gv_peer *peer = engine->peers.at[index];
    bool pings = gv_intent_has_ping(&peer->intent);
    choose_contents(engine, index, updates, out);
    const struct gv_cut *cut = &engine->cut;
    out->recovers = cut->slots != NULL &&
                    (gv_cut_asks(cut, (uint32_t)index) || gv_cut_tells(cut, (uint32_t)index));
    bool any = out->updates || out->answers || out->opens || out->recovers || pings ||
               peer->ack.ack_at <= now;
    if (!any) return false;
    out->header = (struct gv_message){
        .sync = out->answers || out->opens,
        .has_id = needs_id(peer, out),
        .id = peer->ack.next_id,
        .immediate_ack = pings && gv_ack_can_send(&peer->ack),
        .to_parent = index == engine->push.parent,
        .next_flush_ms = gv_push_next_flush_ms(&engine->push, &engine->peers, now, index),
    };
    out->header.has_ack = gv_ack_pending(&peer->ack, now, &out->header.ack);
    plan_recovery(engine, index, out);
    return true;
}

// Appends an entry to a message and leaves `reserve` bytes free. An oversized entry fits only into
// a message without entries; the message may then grow to GV_MESSAGE_LIMIT, and takes no further
// entry. Returns false if the entry does not fit.
static bool put_entry(const struct gv_engine *engine, struct gv_message_writer *out,
                      const struct gv_entry *entry, size_t reserve) {
    if (!is_oversized(engine, entry)) return gv_message_put(out, entry, reserve);
    if (out->open) return false;
    size_t cap = out->out.cap;
    out->out.cap = GV_MESSAGE_LIMIT - GV_MESSAGE_MAC_MAX - GV_MESSAGE_TAIL;
    bool fits = gv_message_put(out, entry, reserve);
    out->out.cap = fits ? out->out.len + reserve : cap;
    return fits;
}

static void count_sent(struct gv_engine *engine, int index, bool sync,
                       const struct gv_entry *entry) {
    engine->stats.sent_entries++;
    gv_core_emit(engine, GV_ENGINE_SENT, index, sync, entry);
}

// Appends pending updates to the message as long as they fit, and leaves `reserve` bytes free.
// Returns the sequence number of the first update that is not in the message.
static uint64_t write_updates(struct gv_engine *engine, int index, struct gv_message_writer *out,
                              size_t reserve) {
    const struct gv_changelog *log = &engine->changelog;
    uint64_t at = engine->peers.at[index]->ack.sent_seq;
    for (; at < log->head; at = gv_changelog_next(log, at + 1, index)) {
        struct gv_entry entry = gv_replica_get(&engine->replica, gv_changelog_get(log, at).ref);
        if (!put_entry(engine, out, &entry, reserve)) break;
        count_sent(engine, index, false, &entry);
    }
    return at;
}

// An answer that is being written.
struct answer {
    struct gv_engine *engine;
    int peer;
    struct gv_message_writer *message;
    struct gv_rbsr_out out;
    bool oversized; // the last entry did not fit because it is oversized
};

static size_t summary_capacity(const struct gv_engine *engine,
                               const struct gv_message_writer *message) {
    size_t left = message->out.cap - message->out.len, around = GV_MESSAGE_RANGES(0);
    size_t bytes = left > around ? GV_BASE64_BYTES(left - around) : 0;
    size_t most = engine->antientropy.summary_cap;
    return bytes < most ? bytes : most;
}

static bool send_item(void *ctx, const struct gv_item *item, size_t summary_len) {
    struct answer *answer = ctx;
    struct gv_engine *engine = answer->engine;
    struct gv_entry entry = gv_replica_get(&engine->replica, item->ref);
    if (!put_entry(engine, answer->message, &entry, GV_MESSAGE_RANGES(summary_len))) {
        answer->oversized = is_oversized(engine, &entry);
        return false;
    }
    count_sent(engine, answer->peer, true, &entry);
    answer->out.summary.cap = summary_capacity(engine, answer->message);
    return true;
}

// Writes the next part of the answer to the peer's oldest summary. Appends entries to the message,
// and returns the answer's summary, which is borrowed.
static struct gv_slice write_answer(struct gv_engine *engine, int index,
                                    struct gv_message_writer *message) {
    struct answer answer = {.engine = engine, .peer = index, .message = message};
    answer.out.summary.cap = summary_capacity(engine, message);
    answer.out.send = send_item;
    answer.out.ctx = &answer;
    int more = gv_antientropy_answer(&engine->antientropy, index, &engine->replica.tree,
                                     &engine->replica.key, &answer.out, &answer.oversized);
    if (more < 0) engine->stats.bad_ranges++;
    return (struct gv_slice){answer.out.summary.data, answer.out.summary.len};
}

static struct gv_slice write_opening(struct gv_engine *engine, gv_time now, int index) {
    engine->stats.opened_syncs++;
    return gv_antientropy_open(&engine->antientropy, now, index, engine->peers.at[index],
                               &engine->replica.tree, &engine->prng);
}

// Notes that the planned message is sent. `reached` is the first update that is not in it.
static void note_sent(struct gv_engine *engine, gv_time now, int index, const struct plan *plan,
                      uint64_t reached) {
    struct gv_peer *peer = engine->peers.at[index];
    const struct gv_message *header = &plan->header;
    if (header->has_ack) gv_ack_ack_sent(&peer->ack);
    gv_time timeout =
        gv_push_ack_timeout(&engine->push, &engine->peers, now, index, header->immediate_ack);
    if (header->has_id) gv_ack_sent(&peer->ack, now, reached, timeout, header->sync);
    if (header->immediate_ack) gv_intent_pinged(&peer->intent);
    if (plan->opens) gv_intent_synced(&peer->intent);
    if (plan->recovers) gv_cut_sent(&engine->cut, (uint32_t)index);
    if (header->sync) engine->stats.sent_syncs++;
}

static void count_sent_message(struct gv_engine_stats *stats, enum gv_engine_class class,
                               size_t len) {
    stats->sent_messages++;
    stats->sent_bytes += len;
    stats->traffic[class].sent++;
    stats->traffic[class].sent_bytes += len;
}

// Writes a message to this peer. Returns its length, or 0 if there is nothing to send.
static size_t write_message(struct gv_engine *engine, gv_time now, int index, char *buf) {
    const struct gv_ack *ack = &engine->peers.at[index]->ack;
    struct plan plan;
    bool updates = has_updates(engine, now, index);
    if (updates) {
        gv_core_promise(engine, now);    // as late as possible, so that it covers the most
        has_updates(engine, now, index); // it may have replaced the first update
    }
    if (!make_plan(engine, now, index, updates, &plan)) return 0;
    struct gv_message_writer out;
    struct gv_slice ranges = {0};
    gv_message_begin(&out, &plan.header, buf, engine->message_max);
    size_t header_len = out.out.len;
    // Updates come first, since a sync may take many messages. If there is an answer, half of each
    // message is reserved for it.
    uint64_t reached = ack->sent_seq;
    size_t reserve = plan.answers ? engine->message_max / 2
                     : plan.opens ? GV_MESSAGE_RANGES(GV_RBSR_CAPACITY_MIN)
                                  : GV_MESSAGE_RANGES(0);
    if (plan.updates) reached = write_updates(engine, index, &out, reserve);
    if (plan.answers) ranges = write_answer(engine, index, &out);
    if (plan.opens) ranges = write_opening(engine, now, index);
    bool entries = out.out.len > header_len;
    bool empty = !entries && ranges.len == 0; // an empty answer: the summaries were equal
    if (empty && !plan.header.immediate_ack) {
        if (ack->ack_at > now && !plan.recovers) return 0; // no acknowledgement is due either
        plan.header.has_id = plan.header.has_id && !ack->contacted;
        plan.header.sync = false;
        gv_message_begin(&out, &plan.header, buf, engine->message_max);
    }
    note_sent(engine, now, index, &plan, reached);
    size_t len = gv_message_end(&out, ranges);
    count_sent_message(&engine->stats, class_of(plan.header.sync, entries), len);
    return len;
}

int gv_engine_send(struct gv_engine *engine, gv_time now, char *buf, size_t cap, int *peer) {
    if (engine == NULL || buf == NULL || peer == NULL) return GV_EINVAL;
    if (cap < GV_MESSAGE_LIMIT || cap < engine->message_max) return GV_ESPACE;
    gv_engine_advance(engine, now);
    int index;
    while ((index = gv_send_queue_pop(&engine->queue)) >= 0) {
        const struct gv_peer *state = engine->peers.at[index];
        size_t len = write_message(engine, now, index, buf);
        // Even if the answer was empty, the peer may have another summary, or an intended sync.
        bool updates = len > 0 && has_updates(engine, now, index) && gv_ack_can_send(&state->ack);
        if (updates || gv_antientropy_has_summary(&engine->antientropy, index) || may_open(state))
            enqueue(engine, index);
        set_timer(engine, now, index);
        if (len == 0) continue;
        *peer = index;
        return (int)len;
    }
    return 0;
}

// --- reading ---------------------------------------------------------------------------------

uint32_t gv_engine_end(const struct gv_engine *engine) {
    return engine != NULL ? engine->replica.end : 0;
}

bool gv_engine_next(const struct gv_engine *engine, uint32_t *cursor, uint32_t end,
                    struct gv_entry *out) {
    if (engine == NULL || cursor == NULL || out == NULL) return false;
    uint32_t ref = *cursor, next;
    if (!gv_replica_walk(&engine->replica, &ref, end, &next)) return false;
    *cursor = next;
    *out = gv_replica_get(&engine->replica, ref);
    return true;
}

bool gv_engine_walk(const struct gv_engine *engine, uint32_t *at, uint32_t end, uint32_t *next,
                    struct gv_entry *out) {
    if (engine == NULL || at == NULL || next == NULL || out == NULL) return false;
    if (!gv_replica_walk(&engine->replica, at, end, next)) return false;
    *out = gv_replica_get(&engine->replica, *at);
    return true;
}

void gv_engine_set_index(struct gv_engine *engine, uint64_t bytes) {
    if (engine != NULL) engine->index_bytes = bytes;
}

bool gv_engine_get(const struct gv_engine *engine, const struct gv_entry *key,
                   struct gv_entry *out) {
    uint32_t ref;
    if (engine == NULL || key == NULL || out == NULL) return false;
    if (key->key.len == 0 || key->key.len > GV_ENTRY_SIZE_MAX || is_dangling(key->key))
        return false;
    if (!gv_replica_find(&engine->replica, key, &ref)) return false;
    *out = gv_replica_get(&engine->replica, ref);
    return true;
}

// Whether the entry is an element of the log of this name. If so, sets *offset to its offset.
static bool is_element(const struct gv_entry *entry, struct gv_slice name, uint64_t *offset) {
    struct gv_slice found;
    return entry->lattice == GV_LATTICE_LOG && gv_entry_log_key(entry->key, &found, offset) == 0 &&
           found.len == name.len && memcmp(found.data, name.data, name.len) == 0;
}

bool gv_engine_log_next(const struct gv_engine *engine, struct gv_slice name, uint64_t *offset,
                        struct gv_entry *out) {
    if (engine == NULL || offset == NULL || out == NULL || name.data == NULL || name.len == 0)
        return false;
    if (*offset > GV_ENTRY_OFFSET_MAX) return false;
    const struct gv_replica *replica = &engine->replica;
    uint64_t first = gv_lattice_log_position(&replica->key, name, *offset);
    uint64_t last = gv_lattice_log_position(&replica->key, name, GV_ENTRY_OFFSET_MAX);
    struct gv_tree_cursor at;
    uint64_t found, least = UINT64_MAX;
    // Two offsets can share the last position, so all elements at the first position found are
    // compared.
    for (bool more = gv_tree_seek(&replica->tree, first, &at); more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.position > last) break;
        struct gv_entry entry = gv_replica_get(replica, item.ref);
        if (!is_element(&entry, name, &found) || found < *offset || found >= least) continue;
        least = found;
        last = item.position;
        *out = entry;
    }
    if (least == UINT64_MAX) return false;
    *offset = least;
    return true;
}

// --- the stable cut --------------------------------------------------------------------------

int gv_engine_cut_enable(struct gv_engine *engine, const struct gv_engine_cut_config *config) {
    if (engine == NULL || config == NULL || engine->peers.count > 0) return GV_EINVAL;
    uint32_t life = (uint32_t)(config->incarnation ^ config->incarnation >> 32);
    engine->cut_config = (struct gv_cut_config){
        .life = life != 0 ? life : 1,
        .is_fresh = config->is_fresh,
        .reserved = config->reserved,
        .is_limited = config->is_limited,
    };
    return 0;
}

int gv_engine_cut_next(const struct gv_engine *engine, uint64_t *offset) {
    if (engine == NULL || offset == NULL || engine->cut.slots == NULL) return GV_EINVAL;
    return gv_cut_next(&engine->cut, offset);
}

void gv_engine_cut_limit(struct gv_engine *engine, gv_time now, uint64_t limit) {
    if (engine == NULL || engine->cut.slots == NULL) return;
    gv_cut_set_limit(&engine->cut, limit);
    gv_core_cut_changed(engine, now);
}

bool gv_engine_cut(const struct gv_engine *engine, struct gv_engine_cut *out) {
    if (engine == NULL || out == NULL || engine->cut.slots == NULL) return false;
    *out = (struct gv_engine_cut){
        .offset = gv_cut_get(&engine->cut),
        .recovering = engine->cut.recovering,
        .holder = (int)gv_cut_holder(&engine->cut),
        .since = engine->cut.since,
        .late = engine->cut.late,
        .count = engine->cut.last,
    };
    return true;
}

struct gv_digest gv_engine_root(const struct gv_engine *engine) {
    return engine != NULL ? gv_tree_root(&engine->replica.tree) : (struct gv_digest){0};
}

void gv_engine_stats(const struct gv_engine *engine, struct gv_engine_stats *out) {
    if (out == NULL) return;
    *out = engine != NULL ? engine->stats : (struct gv_engine_stats){0};
    if (engine == NULL) return;
    out->entries = gv_tree_root(&engine->replica.tree).count;
    out->memory_bytes = gv_replica_memory(&engine->replica) + engine->index_bytes;
    out->staleness_ms = gv_push_staleness_ms(&engine->push, &engine->peers);
    out->peers = engine->peers.count > 0 ? engine->peers.count - 1 : 0;
    out->suspected = engine->peers.suspected;
    out->update_backlog = (uint32_t)(engine->changelog.head - engine->changelog.tail);
    out->entries_max = engine->entries_max;
    out->memory_max = engine->memory_max;
    out->entry_max = engine->entry_max;
    out->reserved_entries = engine->reservations.entries;
    out->reserved_bytes = engine->reservations.bytes;
    if (engine->peers.count > 0) out->sync_backlog = gv_antientropy_backlog(&engine->antientropy);
}
