// SPDX-License-Identifier: MIT
#include "engine.h"

#include "admit.h"
#include "core.h"
#include "push.h"
#include "resync.h"
#include "sync.h"

#include <limits.h>

enum {
    PAUSE_MIN_MS = 5000,       // a timer this late shows that the process was paused
    PROBE_ANSWER_MIN_MS = 500, // a probe waits this long for its answer at least
};

// --- creation and release --------------------------------------------------------------------

// Whether the slice has a length but no bytes.
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
        .last_change = GV_TIME_NEVER,
        .batch_since = {GV_TIME_NEVER, GV_TIME_NEVER},
    };
    engine->scratch = gv_alloc_new(engine->alloc, GV_ENTRY_SIZE_MAX);
    if (engine->scratch == NULL) {
        gv_alloc_free(engine->alloc, engine, sizeof *engine);
        return GV_ENOMEM;
    }
    // An entry shares a message with the longest header and the smallest summary.
    size_t overhead = GV_MESSAGE_HEADER_MAX + GV_MESSAGE_ENTRY_MAX + GV_MESSAGE_TAIL +
                      GV_MESSAGE_RANGES(GV_RECONCILE_CAPACITY_MIN);
    engine->entry_max = message_max - overhead;
    if (engine->entry_max > GV_ENTRY_SIZE_MAX) engine->entry_max = GV_ENTRY_SIZE_MAX;
    gv_prng_init(&engine->prng, config->seed, 0);
    gv_replica_init(&engine->replica, config->alloc, config->secret);
    gv_changelog_init(&engine->changelog, config->alloc);
    engine->push.staleness = config->staleness_ms * GV_MS;
    engine->push.parent = GV_CORE_NONE;
    *out = engine;
    return 0;
}

// Undoes gv_engine_join, also one that failed half-way.
static void undo_join(struct gv_engine *engine) {
    gv_sync_fini(engine);
    if (engine->timers.count > 0) gv_timers_fini(&engine->timers);
    size_t count = engine->peer_count;
    for (size_t i = 0; engine->peers != NULL && i < count; i++)
        gv_alloc_free(engine->alloc, engine->peers[i], sizeof *engine->peers[i]);
    gv_alloc_free(engine->alloc, engine->peers, count * sizeof(struct gv_peer *));
    gv_alloc_free(engine->alloc, engine->queue, count * sizeof *engine->queue);
    gv_alloc_free(engine->alloc, engine->push.children, count * sizeof *engine->push.children);
    gv_alloc_free(engine->alloc, engine->name_ends, count * sizeof *engine->name_ends);
    gv_alloc_free(engine->alloc, engine->name_text, engine->name_bytes);
    engine->peers = NULL;
    engine->queue = NULL;
    engine->name_ends = NULL;
    engine->name_text = NULL;
    engine->name_bytes = 0;
    engine->peer_count = 0;
    engine->queue_len = 0;
    engine->sync = (struct gv_sync){0};
    engine->resync = (struct gv_resync){0};
    engine->push = (struct gv_push){.parent = GV_CORE_NONE, .staleness = engine->push.staleness};
}

void gv_engine_free(struct gv_engine *engine) {
    if (engine == NULL) return;
    undo_join(engine);
    gv_changelog_fini(&engine->changelog);
    gv_replica_fini(&engine->replica);
    gv_reservations_fini(&engine->reservations, engine->alloc);
    gv_alloc_free(engine->alloc, engine->scratch, GV_ENTRY_SIZE_MAX);
    gv_alloc_free(engine->alloc, engine, sizeof *engine);
}

// --- the cluster -----------------------------------------------------------------------------

static int compare(struct gv_slice a, struct gv_slice b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct gv_slice name_at(const struct gv_engine *engine, size_t i) {
    uint32_t from = i > 0 ? engine->name_ends[i - 1] : 0;
    return (struct gv_slice){engine->name_text + from, engine->name_ends[i] - from};
}

// The first position whose name is not smaller than this one.
static size_t lower_bound(const struct gv_engine *engine, struct gv_slice name) {
    size_t low = 0, count = engine->peer_count;
    while (count > 0) {
        size_t half = count / 2;
        if (compare(name_at(engine, low + half), name) < 0) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

// Merges two adjacent sorted runs of indices of names: [from, middle) and [middle, to).
static void merge_runs(const struct gv_slice *names, const uint32_t *runs, uint32_t *out,
                       size_t from, size_t middle, size_t to) {
    size_t left = from, right = middle;
    for (size_t at = from; at < to; at++) {
        bool first =
            right == to || (left < middle && compare(names[runs[left]], names[runs[right]]) <= 0);
        out[at] = first ? runs[left++] : runs[right++];
    }
}

// Sorts the indices of names by merging. `order` and `spare` have room for `count` each; returns
// the one that has the result.
static uint32_t *sort(const struct gv_slice *names, uint32_t *order, uint32_t *spare,
                      size_t count) {
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t middle = from + run < count ? from + run : count;
            size_t to = middle + run < count ? middle + run : count;
            merge_runs(names, order, spare, from, middle, to);
        }
        uint32_t *sorted = spare;
        spare = order;
        order = sorted;
    }
    return order;
}

// Copies the names in sorted order. GV_EINVAL: a name is repeated.
static int copy_names(struct gv_engine *engine, const struct gv_slice *names) {
    size_t count = engine->peer_count, size = 2 * count * sizeof(uint32_t);
    uint32_t *numbers = gv_alloc_new(engine->alloc, size);
    if (numbers == NULL) return GV_ENOMEM;
    const uint32_t *order = sort(names, numbers, numbers + count, count);
    uint32_t end = 0;
    int error = 0;
    for (size_t i = 0; i < count; i++) {
        struct gv_slice name = names[order[i]];
        if (i > 0 && compare(names[order[i - 1]], name) == 0) error = GV_EINVAL;
        memcpy(engine->name_text + end, name.data, name.len);
        end += (uint32_t)name.len;
        engine->name_ends[i] = end;
    }
    gv_alloc_free(engine->alloc, numbers, size);
    return error;
}

static int join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                const struct gv_slice *names) {
    size_t count = engine->peer_count;
    engine->name_ends = gv_alloc_new(engine->alloc, count * sizeof *engine->name_ends);
    engine->name_text = gv_alloc_new(engine->alloc, engine->name_bytes);
    engine->queue = gv_alloc_new(engine->alloc, count * sizeof *engine->queue);
    engine->peers = gv_alloc_new(engine->alloc, count * sizeof(struct gv_peer *));
    if (engine->peers != NULL) {
        for (size_t i = 0; i < count; i++) engine->peers[i] = NULL;
    }
    if (engine->name_ends == NULL || engine->name_text == NULL || engine->queue == NULL ||
        engine->peers == NULL)
        return GV_ENOMEM;
    int error = copy_names(engine, names);
    if (error) return error;
    size_t at = lower_bound(engine, self);
    if (at == count || compare(name_at(engine, at), self) != 0) return GV_EINVAL;
    engine->self = (uint32_t)at;
    engine->joined_at = now;
    error = gv_timers_init(&engine->timers, engine->alloc, (uint32_t)count + GV_CORE_TIMERS);
    if (!error) error = gv_push_join(engine);
    if (!error) error = gv_sync_join(engine, now);
    if (!error) gv_resync_start(engine, now);
    return error;
}

int gv_engine_join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                   const struct gv_slice *names, size_t count) {
    if (engine == NULL || engine->peer_count > 0 || names == NULL || count == 0) return GV_EINVAL;
    if (count > GV_ENGINE_PEERS_MAX) return GV_ERANGE;
    if (is_dangling(self)) return GV_EINVAL;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (names[i].len == 0 || is_dangling(names[i])) return GV_EINVAL;
        if (names[i].len > GV_ENGINE_NAME_MAX) return GV_ERANGE;
        bytes += names[i].len;
    }
    engine->peer_count = (uint32_t)count;
    engine->name_bytes = bytes;
    int error = join(engine, now, self, names);
    if (error) undo_join(engine);
    return error;
}

int gv_engine_peer(const struct gv_engine *engine, struct gv_slice name) {
    if (engine == NULL) return GV_EINVAL;
    if (engine->peer_count == 0 || name.len == 0 || is_dangling(name)) return GV_ENOENT;
    size_t at = lower_bound(engine, name);
    if (at == engine->peer_count || at == engine->self) return GV_ENOENT;
    return compare(name_at(engine, at), name) == 0 ? (int)at : GV_ENOENT;
}

struct gv_slice gv_engine_name(const struct gv_engine *engine, int peer) {
    bool any = engine != NULL && peer >= 0 && (uint32_t)peer < engine->peer_count;
    if (!any) return (struct gv_slice){NULL, 0};
    return name_at(engine, (size_t)peer);
}

// --- time ------------------------------------------------------------------------------------

// Late timers show that this process was paused. Then the silence of peers proves nothing, and this
// node may have missed their messages (compare Lifeguard, arXiv:1707.00788).
static void detect_pause(struct gv_engine *engine, gv_time now) {
    gv_time next = gv_timers_next(&engine->timers);
    bool paused = next != GV_TIME_NEVER && now > next && now - next > PAUSE_MIN_MS * GV_MS;
    if (!paused) return;
    engine->stats.pauses++;
    for (uint32_t i = 0; i < engine->peer_count; i++) {
        struct gv_peer *peer = engine->peers[i];
        if (peer == NULL) continue;
        gv_ack_reset(&peer->ack, peer->ack.acked_seq);
        gv_ack_forget_lost(&peer->ack);
        gv_health_forgive(&peer->health);
    }
    gv_core_arm(engine, GV_CORE_FLUSH_PARENT, now);
    gv_core_arm(engine, GV_CORE_FLUSH_CHILDREN, now);
    gv_sync_request(engine, now);
}

static void schedule_probe(struct gv_engine *engine, int index, gv_time now) {
    if (!gv_push_relies_on(engine, index)) return; // idle comparisons will reach it
    bool urgent = engine->push.parent == GV_CORE_NONE && index < (int)engine->self;
    gv_health_schedule_probe(&engine->peers[index]->health, now, urgent, &engine->prng);
}

// A suspicion has begun.
static void on_suspected(struct gv_engine *engine, int index, gv_time now) {
    struct gv_peer *peer = engine->peers[index];
    engine->stats.suspected++;
    gv_ack_reset(&peer->ack, peer->ack.acked_seq);
    gv_push_choose_parent(engine, now);
    schedule_probe(engine, index, now);
    gv_push_truncate(engine);
    gv_resync_schedule(engine, now);
    gv_time soon = GV_HEALTH_PROBE_INTERVAL_MAX_MS * GV_MS / 2;
    gv_core_arm(engine, GV_CORE_SYNC, gv_time_after(now, soon));
}

// A suspected peer has sent a message, so it may receive as well: probes it now, unless a probe may
// still be answered.
static void probe_now(struct gv_engine *engine, int index, gv_time now) {
    struct gv_peer *peer = engine->peers[index];
    gv_time trip = peer->ack.measured ? 2 * peer->ack.srtt : 0;
    if (trip < PROBE_ANSWER_MIN_MS * GV_MS) trip = PROBE_ANSWER_MIN_MS * GV_MS;
    gv_time sent = gv_ack_last_sent(&peer->ack);
    if (sent != GV_TIME_NEVER && now - sent < trip) return;
    gv_ack_reset(&peer->ack, peer->ack.acked_seq);
    gv_health_probe_now(&peer->health, now);
}

// A suspicion has ended.
static void on_alive(struct gv_engine *engine, int index, gv_time now) {
    engine->stats.suspected--;
    gv_push_choose_parent(engine, now);
    if (gv_push_pending(engine, index)) gv_core_enqueue(engine, index);
    gv_sync_request(engine, now);
}

// Messages to a peer were declared lost. Returns their number.
static int lose(struct gv_engine *engine, struct gv_peer *peer, struct gv_ack_loss loss) {
    engine->stats.lost_messages += (uint64_t)loss.messages;
    return gv_peer_lost(peer, loss);
}

static void peer_due(struct gv_engine *engine, int index, gv_time now) {
    struct gv_peer *peer = engine->peers[index];
    if (lose(engine, peer, gv_ack_detect_reordered(&peer->ack, now)) > 0)
        gv_push_resend(engine, now, index);
    if (peer->ack.loss_timer <= now) {
        lose(engine, peer, gv_ack_expire(&peer->ack, now));
        if (gv_health_timed_out(&peer->health)) {
            on_suspected(engine, index, now);
        } else if (gv_health_is_suspected(&peer->health)) {
            schedule_probe(engine, index, now);
        } else {
            peer->ping = true;
            gv_core_enqueue(engine, index);
        }
    }
    if (gv_health_take_probe(&peer->health, now)) {
        peer->ping = peer->open_sync = true;
        gv_core_enqueue(engine, index);
    }
    if (peer->ack.ack_at <= now) gv_core_enqueue(engine, index);
    gv_core_arm_peer(engine, index, now);
}

gv_time gv_engine_deadline(const struct gv_engine *engine) {
    bool joined = engine != NULL && engine->peer_count > 0;
    return joined ? gv_timers_next(&engine->timers) : GV_TIME_NEVER;
}

// Updates the statistics of batches when one leaves.
static void note_batch_end(struct gv_engine *engine, gv_time now, enum gv_core_timer timer) {
    gv_time *since = &engine->batch_since[timer];
    if (*since == GV_TIME_NEVER) return;
    uint64_t waited_us = (now - *since) / 1000;
    struct gv_engine_stats *stats = &engine->stats;
    stats->batches++;
    stats->batch_wait_us += waited_us;
    if (waited_us > stats->batch_wait_max_us) stats->batch_wait_max_us = waited_us;
    *since = GV_TIME_NEVER;
}

void gv_engine_advance(struct gv_engine *engine, gv_time now) {
    if (engine == NULL || engine->peer_count == 0) return;
    // A timer set to GV_TIME_NEVER - 1 would be due again at once, in an endless loop.
    if (now >= GV_TIME_NEVER - 1) now = GV_TIME_NEVER - 2;
    detect_pause(engine, now);
    int64_t number;
    while ((number = gv_timers_pop(&engine->timers, now)) >= 0) {
        if (number < engine->peer_count) {
            peer_due(engine, (int)number, now);
        } else if (number - engine->peer_count == GV_CORE_FLUSH_CHILDREN) {
            note_batch_end(engine, now, GV_CORE_FLUSH_CHILDREN);
            gv_push_flush_children(engine, now);
        } else if (number - engine->peer_count == GV_CORE_FLUSH_PARENT) {
            note_batch_end(engine, now, GV_CORE_FLUSH_PARENT);
            gv_push_flush_parent(engine);
        } else if (number - engine->peer_count == GV_CORE_RESYNC) {
            gv_resync_step(engine, now);
        } else {
            gv_sync_due(engine, now);
        }
    }
}

void gv_engine_flush(struct gv_engine *engine, gv_time now) {
    if (engine == NULL || engine->peer_count == 0) return;
    gv_push_flush_parent(engine);
    gv_push_flush_children(engine, now);
}

int gv_engine_ping(struct gv_engine *engine, gv_time now, int index) {
    if (engine == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(engine, index)) return GV_ENOENT;
    gv_engine_advance(engine, now);
    struct gv_peer *peer = gv_core_peer(engine, index);
    if (peer == NULL) return GV_ENOMEM;
    peer->ping = true;
    gv_core_enqueue(engine, index);
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
    return engine != NULL && (engine->peer_count == 0 || gv_sync_ready(engine));
}

static int put_received(struct gv_engine *engine, gv_time now, const struct gv_entry *entry,
                        int index, bool sync) {
    const char *fault;
    int error = gv_entry_check_canonical(entry, &fault);
    if (error == 0) error = gv_admit_check(engine, entry, false);
    return error != 0 ? error : gv_admit_put(engine, now, entry, index, sync);
}

// Merges a message's entries. Returns the first error. *changed: the replica changed.
static int merge(struct gv_engine *engine, gv_time now, int index, const struct gv_message *message,
                 bool *changed) {
    struct gv_message_cursor cursor;
    gv_message_entries(message, &cursor);
    int first = 0, more;
    struct gv_entry entry;
    while ((more = gv_message_next(&cursor, &entry, (char *)engine->scratch, GV_ENTRY_SIZE_MAX)) !=
           0) {
        int done = more > 0 ? put_received(engine, now, &entry, index, message->sync) : more;
        if (done < 0 && first == 0) first = done;
        *changed = *changed || done > 0;
        engine->stats.received_entries += more > 0;
        engine->stats.redundant_entries += done == 0;
        engine->stats.missing_entries += done > 0 && message->sync;
        engine->stats.refused_entries += done < 0;
    }
    return first;
}

// Handles the first message of a peer's incarnation. Opens a sync with a restarted peer, which may
// have lost what it had acknowledged; and with a new child, unless push sends it all entries or its
// message opens a sync itself.
static void on_incarnation(struct gv_engine *engine, gv_time now, int index,
                           const struct gv_message *message) {
    struct gv_peer *peer = engine->peers[index];
    if (!message->has_id || !gv_ack_is_new_incarnation(&peer->ack, message->id)) return;
    bool child = message->to_parent && !peer->ack.needs_full_state;
    if (peer->ack.has_received) { // its last updates may have reached some nodes only
        gv_sync_request(engine, now);
        gv_resync_schedule(engine, now);
    } else if (!child || message->ranges.len > 0) {
        return;
    }
    peer->open_sync = peer->follow_up = true;
    gv_core_enqueue(engine, index);
}

static enum gv_engine_class class_of(bool sync, bool entries) {
    if (sync) return entries ? GV_ENGINE_ENTRIES : GV_ENGINE_SUMMARY;
    return entries ? GV_ENGINE_UPDATES : GV_ENGINE_ACK;
}

int gv_engine_receive(struct gv_engine *engine, gv_time now, int index,
                      const struct gv_message *message) {
    if (engine == NULL || message == NULL || message->json == NULL) return GV_EINVAL;
    if (!gv_core_is_peer(engine, index)) return GV_ENOENT;
    gv_engine_advance(engine, now);
    struct gv_peer *peer = gv_core_peer(engine, index);
    if (peer == NULL) return GV_ENOMEM;
    gv_health_received(&peer->health);
    engine->stats.received_messages++;
    engine->stats.received_bytes += message->bytes;
    struct gv_engine_traffic *traffic =
        &engine->stats.traffic[class_of(message->sync, message->entries > 0)];
    traffic->received++;
    traffic->received_bytes += message->bytes;
    on_incarnation(engine, now, index, message);
    if (message->has_ack) {
        bool waited =
            !gv_ack_can_send(&peer->ack); // updates waited until fewer messages were in flight
        struct gv_ack_loss loss;
        bool fresh = gv_ack_acked(&peer->ack, now, &message->ack, &loss);
        lose(engine, peer, loss);
        if (fresh && gv_health_acked(&peer->health)) on_alive(engine, index, now);
        if (fresh) gv_push_truncate(engine);
        if (fresh && (loss.messages > 0 || waited)) gv_core_enqueue(engine, index);
    }
    if (!gv_health_is_suspected(&peer->health)) { // a suspected peer may answer late
        gv_time expected = gv_push_ack_expected_after(engine, index);
        if (lose(engine, peer, gv_ack_detect_unacked(&peer->ack, now, expected)) > 0)
            gv_push_resend(engine, now, index);
        gv_ack_set_loss_times(&peer->ack, gv_push_loss_delay(engine, index));
    }
    if (gv_health_is_suspected(&peer->health)) probe_now(engine, index, now);
    bool changed = false;
    int error = merge(engine, now, index, message, &changed);
    gv_push_received(engine, now, index, message, changed);
    int taken = 0;
    // A duplicate is not answered: duplicated answers would multiply.
    bool copy = message->has_id && gv_ack_is_duplicate(&peer->ack, message->id);
    if (message->ranges.len > 0 && !copy) {
        engine->stats.received_syncs++;
        taken = gv_sync_received(engine, now, index, message->ranges);
        if (error == 0 && taken < 0) error = taken;
        if (taken == 0) gv_core_enqueue(engine, index);
    }
    // The message is not acknowledged, so the peer sends again what this node could not store.
    bool must_repeat =
        error == GV_ENOMEM || taken == GV_EFULL || (taken == 1 && !message->immediate_ack);
    if (message->has_id && !must_repeat)
        gv_ack_received(&peer->ack, now, message->id, message->immediate_ack,
                        gv_push_ack_delay_max(engine, message->to_parent));
    peer_due(engine, index, now);
    return error;
}

// --- messages out ----------------------------------------------------------------------------

// How long to wait for the acknowledgement of a message sent now.
static gv_time ack_timeout(const struct gv_engine *engine, gv_time now, int index, bool immediate) {
    const struct gv_peer *peer = engine->peers[index];
    gv_time timeout = gv_peer_timeout(peer, gv_core_initial_rtt(engine));
    if (immediate) return timeout;
    // An unmeasured peer may be farther away than the measured ones. An acknowledgement that is
    // delayed anyway allows for that.
    gv_time far = GV_ACK_RTT_INITIAL_MS * GV_MS;
    if (!peer->ack.measured && timeout < far) timeout = far;
    // The peer treats this node as its child if and only if it is this node's parent.
    bool to_parent = index == engine->push.parent;
    gv_time delay = to_parent ? gv_push_parent_ack_delay_max(engine, now) : 0;
    if (delay == 0) delay = gv_push_ack_delay_max(engine, to_parent);
    return timeout + delay;
}

// What the next message to a peer contains.
struct plan {
    struct gv_message header;
    bool updates; // pending updates
    bool answers; // the answer to a summary
    bool opens;   // the opening of a sync
};

// False: there is nothing to send to the peer.
static bool make_plan(struct gv_engine *engine, gv_time now, int index, struct plan *out) {
    struct gv_peer *peer = engine->peers[index];
    bool open = gv_ack_can_send(&peer->ack), due = peer->ack.ack_at <= now;
    out->updates = gv_push_pending(engine, index) && open;
    out->answers = gv_sync_has_pending(engine, index);
    out->opens = peer->open_sync && !out->answers;
    if (!out->updates && !out->answers && !out->opens && !peer->ping && !due) return false;
    // An oversized entry is alone in its message, so updates and answers alternate.
    bool oversized = (out->updates && gv_push_is_oversized(engine, index)) ||
                     gv_sync_is_oversized(engine, index);
    if (oversized && out->answers && (!out->updates || peer->ack.next_id % 2 == 0)) {
        out->updates = false;
    } else if (oversized) {
        out->answers = out->opens = false;
    }
    out->header = (struct gv_message){
        .sync = out->answers || out->opens,
        // Sync messages are numbered, so that they are repeated until acknowledged; idle
        // comparisons are not, since equal roots need no answer. The first id announces a new
        // incarnation. An opening need not announce it: if the roots differ, the answer to the
        // peer's summary does.
        .has_id = open && (out->updates || peer->ping || out->answers || peer->follow_up ||
                           !(peer->ack.contacted || out->opens)),
        .id = peer->ack.next_id,
        .immediate_ack = peer->ping && open,
        .to_parent = index == engine->push.parent,
        .next_flush_ms = gv_push_next_flush_ms(engine, now, index),
    };
    return true;
}

static size_t write_message(struct gv_engine *engine, gv_time now, int index, char *buf) {
    struct gv_peer *peer = engine->peers[index];
    struct plan plan;
    if (!make_plan(engine, now, index, &plan)) return 0;
    plan.header.has_ack = gv_ack_pending(&peer->ack, now, &plan.header.ack);
    struct gv_message_writer out;
    struct gv_slice ranges = {0};
    gv_message_begin(&out, &plan.header, buf, engine->message_max);
    size_t header_len = out.out.len;
    // Updates come first, as a sync may take many messages; half of each is reserved for the
    // answer.
    uint64_t reached = peer->ack.sent_seq;
    size_t reserve = plan.answers ? engine->message_max / 2
                     : plan.opens ? GV_MESSAGE_RANGES(GV_RECONCILE_CAPACITY_MIN)
                                  : GV_MESSAGE_RANGES(0);
    if (plan.updates) reached = gv_push_write(engine, index, &out, reserve);
    if (plan.answers) gv_sync_answer(engine, index, &out, &ranges);
    if (plan.opens) gv_sync_open(engine, now, index, &ranges);
    if (out.out.len == header_len && ranges.len == 0 &&
        !plan.header.immediate_ack) { // the summaries were equal
        // The acknowledgement can wait.
        if (peer->ack.ack_at > now) return 0;
        plan.header.has_id = plan.header.has_id && !peer->ack.contacted;
        plan.header.sync = false;
        gv_message_begin(&out, &plan.header, buf, engine->message_max);
    }
    if (plan.header.has_ack) gv_ack_ack_sent(&peer->ack);
    if (plan.header.has_id)
        gv_ack_sent(&peer->ack, now, reached,
                    ack_timeout(engine, now, index, plan.header.immediate_ack), plan.header.sync);
    if (plan.header.immediate_ack) peer->ping = false;
    if (plan.opens) peer->open_sync = peer->follow_up = false;
    if (plan.header.sync) engine->stats.sent_syncs++;
    struct gv_engine_traffic *traffic =
        &engine->stats.traffic[class_of(plan.header.sync, out.out.len > header_len)];
    size_t len = gv_message_end(&out, ranges);
    traffic->sent++;
    traffic->sent_bytes += len;
    return len;
}

int gv_engine_send(struct gv_engine *engine, gv_time now, char *buf, size_t cap, int *peer) {
    if (engine == NULL || buf == NULL || peer == NULL) return GV_EINVAL;
    if (cap < GV_MESSAGE_LIMIT || cap < engine->message_max) return GV_ESPACE;
    gv_engine_advance(engine, now);
    while (engine->queue_len > 0) {
        int index = (int)engine->queue[engine->queue_head];
        engine->queue_head = (engine->queue_head + 1) % engine->peer_count;
        engine->queue_len--;
        engine->peers[index]->queued = false;
        size_t len = write_message(engine, now, index, buf);
        // Even if the answer was empty, another summary or an opening may follow.
        const struct gv_peer *state = engine->peers[index];
        bool updates = len > 0 && gv_push_pending(engine, index) && gv_ack_can_send(&state->ack);
        if (updates || gv_sync_has_pending(engine, index) || state->open_sync)
            gv_core_enqueue(engine, index);
        gv_core_arm_peer(engine, index, now);
        if (len == 0) continue;
        engine->stats.sent_messages++;
        engine->stats.sent_bytes += len;
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

struct gv_digest gv_engine_root(const struct gv_engine *engine) {
    return engine != NULL ? gv_tree_root(&engine->replica.tree) : (struct gv_digest){0};
}

void gv_engine_stats(const struct gv_engine *engine, struct gv_engine_stats *out) {
    if (out == NULL) return;
    *out = engine != NULL ? engine->stats : (struct gv_engine_stats){0};
    if (engine == NULL) return;
    out->entries = gv_tree_root(&engine->replica.tree).count;
    out->memory_bytes = gv_replica_memory(&engine->replica);
    out->staleness_ms = gv_push_staleness_ms(engine);
    out->peers = engine->peer_count > 0 ? engine->peer_count - 1 : 0;
    out->update_backlog = (uint32_t)(engine->changelog.head - engine->changelog.tail);
    out->entries_max = engine->entries_max;
    out->memory_max = engine->memory_max;
    out->entry_max = engine->entry_max;
    out->reserved_entries = engine->reservations.entries;
    out->reserved_bytes = engine->reservations.bytes;
    for (int i = 0; i < GV_CORE_SUMMARIES_MAX && engine->peer_count > 0; i++)
        out->sync_backlog += engine->sync.slots[i].peer != GV_CORE_NONE;
}
