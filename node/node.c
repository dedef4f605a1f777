// SPDX-License-Identifier: MIT
#include "node.h"

#include "../codec/auth.h"
#include "../codec/crypto.h"
#include "counts.h"
#include "gossip.h"
#include "replies.h"
#include "router.h"
#include "session.h"
#include "workload.h"
#include "writes.h"

#include <inttypes.h>

// A warning is logged when the stable cut has not moved for this time, though entries wait.
enum { CUT_HELD_MS = 10000 };

// Gossip is sent after this number of bytes of replies, even if more replies wait.
enum { GOSSIP_TURN_BYTES = 64 << 10 };

struct gv_node {
    struct gv_node_config config;
    struct gv_engine *engine; // NULL: the workload has no replica
    struct gv_writes writes;  // zeroed without a store
    struct gv_replies replies;
    struct gv_auth auth; // enabled with a secret
    struct gv_session session;
    struct gv_gossip gossip;
    struct gv_router router;
    struct gv_counts_config counts_config; // engine NULL: there is no stable cut
    struct gv_counts counts;
    bool cut_logged; // the warning of check_cut has been logged
    struct gv_log log;
    void *state;            // state of the workload
    struct gv_stats stats;  // maxima of queue lengths only; gv_node_stats fills in the rest
    size_t replied;         // bytes of replies sent since the last gossip
    uint64_t sent_bytes;    // bytes of replies sent
    bool slow_links_logged; // the warning of check_links has been logged
};

// ---- Creation -----------------------------------------------------------------------------------

static void on_event(void *ctx, const struct gv_engine_event *event);

// Limits apply to new entries only: a store that exceeds them is loaded anyway.
static void warn_of_bounds(const struct gv_node *node) {
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    if (stats.entries_max > 0 && stats.entries > stats.entries_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store has %" PRIu64 " entries, more than entries-max (%" PRIu64
                     "); all are served, but new ones are refused",
                     stats.entries, stats.entries_max);
    if (stats.memory_max > 0 && stats.memory_bytes > stats.memory_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store's entries take %" PRIu64
                     " bytes of memory, more than memory-max (%" PRIu64
                     "); all are served, but new ones are refused",
                     stats.memory_bytes, stats.memory_max);
    if (stats.entry_longest > stats.entry_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store has an entry of %" PRIu64
                     " bytes, more than message-max has space for (%" PRIu64
                     "); such entries are sent one at a time, and new ones are refused",
                     stats.entry_longest, stats.entry_max);
}

static int new_engine(struct gv_node *node) {
    const struct gv_node_config *config = &node->config;
    struct gv_engine_config engine = {
        .alloc = config->alloc,
        .seed = config->seed,
        .secret = config->secret,
        .staleness_ms = config->staleness_ms,
        .message_max = config->message_max,
        .memory_max = config->memory_max,
        .entries_max = config->entries_max,
        .on_event = config->trace ? on_event : NULL,
        .on_event_ctx = node,
    };
    // message_max includes the MAC.
    bool room = engine.message_max > GV_AUTH_OVERHEAD;
    if (gv_auth_enabled(&node->auth))
        engine.message_max = room ? engine.message_max - GV_AUTH_OVERHEAD : 1;
    if (config->store == NULL) return gv_engine_new(&node->engine, &engine);
    engine.on_change = gv_writes_changed;
    engine.on_change_ctx = &node->writes;
    int error = gv_writes_init(&node->writes, &(struct gv_writes_config){
                                                  .alloc = config->alloc,
                                                  .delay = config->commit_ms * GV_MS,
                                                  .on_shortfall = gv_router_shortfall,
                                                  .on_shortfall_ctx = &node->router,
                                              });
    if (error == 0) error = gv_engine_new(&node->engine, &engine);
    if (error == 0) error = gv_store_load(config->store, node->engine);
    if (error != 0) return error;
    gv_writes_attach(&node->writes, node->engine);
    warn_of_bounds(node);
    return 0;
}

static bool waits_for_store(const struct gv_node *node) {
    return node->config.store != NULL && node->config.durability == GV_DURABILITY_SYNC;
}

// Sets up the modules that borrow the engine. GV_ENOMEM.
static int connect_modules(struct gv_node *node) {
    const struct gv_node_config *config = &node->config;
    node->counts_config = (struct gv_counts_config){
        .engine = node->engine,
        .writes = waits_for_store(node) ? &node->writes : NULL,
        .is_stored = config->store != NULL,
        .incarnation = config->incarnation,
    };
    gv_session_init(&node->session,
                    &(struct gv_session_config){
                        .alloc = config->alloc,
                        .log = &node->log,
                        .engine = node->engine,
                        .auth = &node->auth,
                        .counts = &node->counts,
                        .counts_config = config->workload->cut ? &node->counts_config : NULL,
                        .gossip = config->workload->replica,
                        .peers_max = config->peers_max,
                        .wall_offset = config->wall_offset,
                    });
    gv_gossip_init(&node->gossip, &(struct gv_gossip_config){
                                      .engine = node->engine,
                                      .auth = &node->auth,
                                      .session = &node->session,
                                      .log = &node->log,
                                      .message_max = config->message_max,
                                  });
    return gv_router_init(&node->router, &(struct gv_router_config){
                                             .alloc = config->alloc,
                                             .workload = config->workload,
                                             .json = config->json,
                                             .log = &node->log,
                                             .session = &node->session,
                                             .gossip = &node->gossip,
                                             .replies = &node->replies,
                                             .engine = node->engine,
                                             .writes = waits_for_store(node) ? &node->writes : NULL,
                                             .state = node->state,
                                             .seed = config->seed,
                                             .incarnation = config->incarnation,
                                             .wall_offset = config->wall_offset,
                                             .line_max = config->line_max,
                                             .client_rate = config->client_rate,
                                             .client_burst = config->client_burst,
                                         });
}

int gv_node_new(struct gv_node **out, const struct gv_node_config *config) {
    GV_ASSERT(config->workload != NULL && config->json != NULL);
    GV_ASSERT(config->alloc.resize != NULL);
    struct gv_node *node = gv_alloc_new(config->alloc, sizeof *node);
    if (node == NULL) return GV_ENOMEM;
    *node = (struct gv_node){.config = *config};
    if (config->line_max == 0) node->config.line_max = GV_NODE_LINE_DEFAULT;
    if (config->message_max == 0) node->config.message_max = GV_ENGINE_MESSAGE_DEFAULT;
    if (config->peers_max == 0) node->config.peers_max = GV_NODE_PEERS_MAX;
    const struct gv_workload *workload = config->workload;
    bool has_engine = workload->replica || (workload->local_store && config->store != NULL);
    if (!has_engine) node->config.store = NULL;
    gv_replies_init(&node->replies, config->alloc);
    gv_log_init(&node->log, config->log, config->log_ctx, gv_session_name(&node->session));

    int error = 0;
    uint8_t digest[GV_AUTH_KEY];
    if (config->secret.len > 0) {
        gv_auth_init(&node->auth, config->alloc, config->secret, digest);
        node->config.secret = (struct gv_slice){digest, sizeof digest};
    }
    size_t state_size = workload->state_size;
    if (state_size > 0) {
        node->state = gv_alloc_new(config->alloc, state_size);
        if (node->state == NULL) error = GV_ENOMEM;
        if (error == 0) memset(node->state, 0, state_size);
    }
    if (error == 0 && has_engine) error = new_engine(node);
    if (error == 0) error = connect_modules(node);
    node->config.secret = (struct gv_slice){0};
    gv_crypto_wipe(digest, sizeof digest);
    if (error != 0) {
        gv_node_free(node);
        return error;
    }
    *out = node;
    return 0;
}

void gv_node_free(struct gv_node *node) {
    if (node == NULL) return;
    const struct gv_workload *workload = node->config.workload;
    if (node->state != NULL && workload->fini != NULL) workload->fini(node->state);
    if (node->engine != NULL) gv_engine_free(node->engine);
    gv_writes_fini(&node->writes);
    gv_replies_fini(&node->replies);
    gv_router_fini(&node->router);
    gv_auth_fini(&node->auth);
    gv_alloc_free(node->config.alloc, node->state, workload->state_size);
    gv_alloc_free(node->config.alloc, node, sizeof *node);
}

const char *gv_node_name(const struct gv_node *node) {
    return gv_session_name(&node->session);
}

const struct gv_engine *gv_node_engine(const struct gv_node *node) {
    return node->engine;
}

// ---- Log ----------------------------------------------------------------------------------------

static void on_event(void *ctx, const struct gv_engine_event *event) {
    const struct gv_node *node = ctx;
    const char *how = event->sync ? "by sync" : "by push";
    if (event->peer >= 0) {
        const char *what = event->kind == GV_ENGINE_SENT     ? "sent to"
                           : event->kind == GV_ENGINE_STORED ? "stored, from"
                                                             : "redundant, from";
        struct gv_slice name = gv_engine_name(node->engine, event->peer);
        gv_log_trace(&node->log, event->id, "%s %.*s, %s", what, (int)name.len,
                     (const char *)name.data, how);
        return;
    }
    struct gv_slice key = event->entry->key, client, msg_id;
    gv_replies_open_request(&node->replies, &client, &msg_id);
    gv_log_trace(&node->log, event->id, "%s, put by %.*s with message %.*s: %.*s",
                 event->kind == GV_ENGINE_STORED ? "stored" : "redundant", (int)client.len,
                 (const char *)client.data, (int)msg_id.len, (const char *)msg_id.data,
                 (int)(key.len < GV_LOG_EXCERPT_MAX ? key.len : GV_LOG_EXCERPT_MAX),
                 (const char *)key.data);
}

// ---- Statistics ---------------------------------------------------------------------------------

// Updates the maxima of the queue lengths. A queue may be longer between two samples.
static void sample_queues(struct gv_node *node, const struct gv_engine_stats *engine) {
    struct gv_stats_numbers *most = &node->stats.numbers;
    const struct {
        uint64_t *most, depth;
    } queues[] = {
        {&most->queued_replies, gv_replies_waiting(&node->replies)},
        {&most->queued_reads, gv_replies_lists(&node->replies)},
        {&most->queued_updates, engine != NULL ? engine->update_backlog : 0},
        {&most->queued_syncs, engine != NULL ? engine->sync_backlog : 0},
        {&most->queued_store, gv_writes_pending(&node->writes)},
    };
    for (size_t i = 0; i < GV_COUNT(queues); i++)
        if (queues[i].depth > *queues[i].most) *queues[i].most = queues[i].depth;
}

static void add_traffic(struct gv_stats_class *out, const struct gv_engine_traffic *traffic) {
    *out = (struct gv_stats_class){traffic->received, traffic->received_bytes, traffic->sent,
                                   traffic->sent_bytes};
}

void gv_node_stats(const struct gv_node *node, struct gv_stats *out) {
    struct gv_router_stats router = gv_router_stats(&node->router);
    struct gv_gossip_stats gossip = gv_gossip_stats(&node->gossip);
    struct gv_stats_numbers *numbers = &out->numbers;
    *out = node->stats;
    out->client.in = router.requests;
    out->client.in_bytes = router.request_bytes;
    out->client.out = gv_replies_total(&node->replies);
    out->client.out_bytes = node->sent_bytes;
    numbers->lines = router.lines;
    numbers->limited = router.limited;
    numbers->errors = gv_replies_errors(&node->replies);
    numbers->input_errors = gv_log_input_errors(&node->log);
    numbers->replayed = gossip.replayed;
    numbers->unauthenticated = gossip.unauthenticated;
    if (node->engine == NULL) return;
    struct gv_engine_stats engine;
    gv_engine_stats(node->engine, &engine);
    add_traffic(&out->ack, &engine.traffic[GV_ENGINE_ACK]);
    add_traffic(&out->updates, &engine.traffic[GV_ENGINE_UPDATES]);
    add_traffic(&out->summary, &engine.traffic[GV_ENGINE_SUMMARY]);
    add_traffic(&out->entries, &engine.traffic[GV_ENGINE_ENTRIES]);
    numbers->opened = engine.opened_syncs;
    numbers->rounds = engine.sent_syncs;
    numbers->retries = engine.lost_messages;
    numbers->missing = engine.missing_entries;
    numbers->redundant = engine.redundant_entries;
    numbers->refused = engine.refused_entries;
    numbers->batches = engine.batches;
    numbers->batch_wait_us = engine.batch_wait_us;
    numbers->batch_wait_max_us = engine.batch_wait_max_us;
    numbers->staleness_ms = engine.staleness_ms;
    numbers->suspected = engine.suspected;
    numbers->replica_entries = engine.entries;
    numbers->memory_bytes = engine.memory_bytes;
    struct gv_engine_cut cut;
    if (!gv_engine_cut(node->engine, &cut)) return;
    numbers->cut_holder = cut.since != GV_TIME_NEVER ? (uint64_t)cut.holder + 1 : 0;
    numbers->cut_late = cut.late;
    numbers->recovering = cut.recovering;
}

void gv_node_log_stats(const struct gv_node *node) {
    struct gv_stats stats;
    char text[GV_STATS_TEXT_MAX];
    gv_node_stats(node, &stats);
    gv_stats_write(&stats, text);
    gv_log_stats(&node->log, text);
}

// ---- The stable cut -----------------------------------------------------------------------------

// Acts on what may have changed: replies to init, and reserves counts.
static void cut_changed(struct gv_node *node, gv_time now) {
    if (node->counts.self.len == 0) return;
    gv_router_advance(&node->router, now);
    gv_counts_extend(&node->counts, now);
}

// When to call check_cut.
static gv_time cut_deadline(const struct gv_node *node) {
    struct gv_engine_cut cut;
    bool waits = gv_engine_cut(node->engine, &cut) && cut.since != GV_TIME_NEVER;
    return waits && !node->cut_logged ? gv_time_after(cut.since, CUT_HELD_MS * GV_MS)
                                      : GV_TIME_NEVER;
}

// Warns once if the cut waits for long, and says when it moves again.
static void check_cut(struct gv_node *node, gv_time now) {
    struct gv_engine_cut cut;
    if (!gv_engine_cut(node->engine, &cut)) return;
    gv_time held = cut.since != GV_TIME_NEVER ? now - cut.since : 0;
    node->stats.numbers.cut_held_ms = held / GV_MS;
    bool long_ago = held >= CUT_HELD_MS * GV_MS;
    if (long_ago == node->cut_logged) return;
    node->cut_logged = long_ago;
    struct gv_slice name = gv_engine_name(node->engine, cut.holder);
    if (long_ago)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "logs are read up to a stable cut, which has waited for %.*s for %" PRIu64
                     " s: later messages are not returned yet",
                     (int)name.len, (const char *)name.data, held / (1000 * GV_MS));
    else
        gv_log_write(&node->log, GV_LOG_INFO, "the stable cut moves again");
}

// ---- Input --------------------------------------------------------------------------------------

bool gv_node_ready(const struct gv_node *node) {
    return gv_replies_waiting(&node->replies) < GV_NODE_REPLIES_DEFAULT &&
           gv_replies_lists(&node->replies) < GV_NODE_READS_MAX &&
           (node->engine == NULL || gv_engine_ready(node->engine)) &&
           (node->config.store == NULL || gv_writes_ready(&node->writes));
}

int gv_node_receive(struct gv_node *node, gv_time now, const char *line, size_t len) {
    GV_ASSERT(gv_node_ready(node));
    gv_writes_set_time(&node->writes, now);
    int error = gv_router_receive(&node->router, now, gv_slice_of(line, len));
    cut_changed(node, now);
    uint64_t waiting = gv_replies_waiting(&node->replies);
    if (waiting > node->stats.numbers.queued_replies) sample_queues(node, NULL);
    return error;
}

// ---- Time ---------------------------------------------------------------------------------------

gv_time gv_node_deadline(const struct gv_node *node) {
    gv_time deadline = node->engine != NULL ? gv_engine_deadline(node->engine) : GV_TIME_NEVER;
    gv_time log = gv_log_deadline(&node->log);
    if (log < deadline) deadline = log;
    deadline = gv_time_min(deadline, gv_router_deadline(&node->router));
    if (node->counts.self.len > 0) deadline = gv_time_min(deadline, cut_deadline(node));
    if (node->config.store == NULL) return deadline;
    gv_time writes = gv_writes_deadline(&node->writes);
    return writes < deadline ? writes : deadline;
}

// Warns once if the links are too slow for the configured staleness.
static void check_links(struct gv_node *node, uint32_t staleness_ms) {
    if (node->slow_links_logged || staleness_ms <= node->config.staleness_ms) return;
    node->slow_links_logged = true;
    gv_log_write(&node->log, GV_LOG_WARN,
                 "the links are too slow for a staleness of %u ms; expect about %u ms",
                 node->config.staleness_ms, staleness_ms);
}

void gv_node_advance(struct gv_node *node, gv_time now) {
    gv_log_advance(&node->log, now);
    if (node->engine == NULL) return;
    gv_engine_advance(node->engine, now);
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    sample_queues(node, &stats);
    check_links(node, stats.staleness_ms);
    check_cut(node, now);
    cut_changed(node, now);
}

void gv_node_flush(struct gv_node *node, gv_time now) {
    if (node->engine != NULL) gv_engine_flush(node->engine, now);
}

// ---- The store ----------------------------------------------------------------------------------

static void apply_writes(struct gv_node *node, gv_time now) {
    gv_writes_apply(&node->writes, now, &node->replies, gv_session_quoted(&node->session));
}

const struct gv_store_batch *gv_node_batch(struct gv_node *node, gv_time now) {
    if (node->config.store == NULL) return NULL;
    apply_writes(node, now);
    return gv_writes_batch(&node->writes, now);
}

void gv_node_written(struct gv_node *node, gv_time now, int error, const char *text) {
    GV_ASSERT(node->config.store != NULL);
    const char *reason = error == 0 ? NULL : text != NULL ? text : gv_base_error(error);
    bool changed = gv_writes_written(&node->writes, now, reason);
    if (changed && error != 0)
        gv_log_write(&node->log, GV_LOG_ERROR, "store: %s; the write will be retried", reason);
    if (changed && error == 0) gv_log_write(&node->log, GV_LOG_WARN, "store: works again");
    if (error != 0) gv_counts_failed(&node->counts);
    // The workload's state counts on the writes that have just failed.
    if (error != 0 && node->state != NULL && waits_for_store(node) &&
        !node->config.workload->keeps_state)
        memset(node->state, 0, node->config.workload->state_size);
    apply_writes(node, now);
}

bool gv_node_drain(struct gv_node *node) {
    gv_writes_flush(&node->writes);
    return node->config.store == NULL || gv_writes_drained(&node->writes);
}

bool gv_node_all_persisted(const struct gv_node *node) {
    return node->config.store != NULL && gv_writes_drained(&node->writes) &&
           !gv_writes_failed(&node->writes);
}

// ---- Output -------------------------------------------------------------------------------------

size_t gv_node_send_min(const struct gv_node *node) {
    return gv_gossip_send_min(&node->gossip);
}

size_t gv_node_send(struct gv_node *node, gv_time now, char *buf, size_t cap) {
    GV_ASSERT(cap >= gv_node_send_min(node));
    if (node->config.store != NULL) apply_writes(node, now);
    cut_changed(node, now);
    struct gv_replies *replies = &node->replies;
    size_t len = 0;
    for (;;) {
        size_t gossip = 0;
        bool turn = node->replied >= GOSSIP_TURN_BYTES || gv_replies_waiting(replies) == 0;
        if (turn && !gv_replies_midline(replies)) {
            if (cap - len < gv_node_send_min(node)) return len;
            gossip = gv_gossip_send(&node->gossip, now, buf + len, cap - len);
            node->replied = 0;
            len += gossip;
        }
        size_t replied = gv_replies_send(replies, node->engine, buf + len, cap - len, len == 0);
        node->replied += replied;
        node->sent_bytes += replied;
        len += replied;
        if (gossip + replied == 0) return len;
    }
}
