// SPDX-License-Identifier: MIT
#include "node.h"

#include "init_request.h"
#include "line.h"
#include "security/auth.h"
#include "security/limiter.h"
#include "workload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Bytes of replies after which gossip gets its turn, though more replies wait.
enum { GOSSIP_TURN_BYTES = 64 << 10 };
// Buffers of longer lines than gossip has are not kept.
enum { LONG_LINE = GV_ENGINE_MESSAGE_DEFAULT + (4 << 10) };
enum { LOG_TEXT = GV_LOG_TEXT_MAX, LOG_EXCERPT = 80 };

struct gv_node {
    struct gv_node_config config;
    struct gv_engine *engine; // NULL: the workload has no replica, and keeps nothing
    struct gv_writes writes;  // if there is a store
    struct gv_replies replies;
    void *state; // the workload's
    char *scratch;
    size_t scratch_cap;
    size_t replied; // bytes of replies sent since gossip had its turn
    struct gv_limiter limiter;
    struct gv_auth auth; // on, if there is a secret

    // From init on:
    bool started;
    char name[GV_NODE_NAME_MAX + 1];
    char quoted_name[GV_NODE_QUOTED_MAX];
    size_t quoted_name_len;
    uint64_t cluster; // a hash of node_ids, canonical

    struct gv_log log;
    struct gv_stats stats;  // what is counted here; the rest is asked for
    uint64_t sent_bytes;    // of replies
    size_t line_len;        // of the line being received
    bool slow_links_logged; // that the links are too slow for the staleness asked for
};

// ---- Memory and life ----------------------------------------------------------------------------

static void *node_resize(struct gv_node *node, void *block, size_t old_size, size_t new_size) {
    return node->config.alloc.resize(node->config.alloc.ctx, block, old_size, new_size);
}

static void on_event(void *ctx, const struct gv_engine_event *event);

// Bounds are asked of what comes, not of what is there: a node that has more begins all the same.
static void warn_of_bounds(const struct gv_node *node) {
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    if (stats.entries_max > 0 && stats.entries > stats.entries_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store has %" PRIu64 " entries, and entries-max is %" PRIu64
                     ": they are served, new ones are refused",
                     stats.entries, stats.entries_max);
    if (stats.memory_max > 0 && stats.memory_bytes > stats.memory_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store's entries take %" PRIu64
                     " bytes of memory, and memory-max is %" PRIu64
                     ": they are served, new ones are refused",
                     stats.memory_bytes, stats.memory_max);
    if (stats.entry_longest > stats.entry_max)
        gv_log_write(&node->log, GV_LOG_WARN,
                     "the store has an entry of %" PRIu64
                     " bytes, and message-max leaves room for %" PRIu64
                     ": such entries are sent one at a time, new ones are refused",
                     stats.entry_longest, stats.entry_max);
}

static struct gv_slice own_quoted_name(const struct gv_node *node);

static void warn_own_entry_raised(struct gv_node *node) {
    gv_log_write(&node->log, GV_LOG_WARN,
                 "a peer has made an entry of this node larger: what it adds is counted beside");
}

// Asked by the writes, answered by the workload.
static struct gv_entry on_shortfall(void *ctx, gv_time now, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key) {
    struct gv_node *node = ctx;
    struct gv_request request = {
        .now = now,
        .incarnation = node->config.incarnation,
        .self = own_quoted_name(node),
        .engine = node->engine,
        .state = node->state,
    };
    warn_own_entry_raised(node);
    return node->config.workload->on_shortfall(&request, entry, shortfall, key);
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
    // A message with its MAC is no longer than one without.
    bool room = engine.message_max > GV_AUTH_OVERHEAD;
    if (node->auth.on) engine.message_max = room ? engine.message_max - GV_AUTH_OVERHEAD : 1;
    if (config->store == NULL) return gv_engine_new(&node->engine, &engine);
    engine.on_change = gv_writes_changed;
    engine.on_change_ctx = &node->writes;
    int error = gv_writes_init(&node->writes, config->alloc, config->commit_ms * GV_MS);
    if (error == 0) error = gv_engine_new(&node->engine, &engine);
    if (error == 0) error = gv_store_load(config->store, node->engine);
    node->writes.engine = node->engine;
    node->writes.on_shortfall = on_shortfall;
    node->writes.on_shortfall_ctx = node;
    if (error == 0) warn_of_bounds(node);
    return error;
}

int gv_node_new(struct gv_node **out, const struct gv_node_config *config) {
    GV_ASSERT(config->workload != NULL && config->json != NULL);
    GV_ASSERT(config->alloc.resize != NULL);
    struct gv_node *node = config->alloc.resize(config->alloc.ctx, NULL, 0, sizeof *node);
    if (node == NULL) return GV_ENOMEM;
    *node = (struct gv_node){.config = *config};
    if (config->line_max == 0) node->config.line_max = GV_NODE_LINE_DEFAULT;
    if (config->message_max == 0) node->config.message_max = GV_ENGINE_MESSAGE_DEFAULT;
    if (config->peers_max == 0) node->config.peers_max = GV_NODE_PEERS_MAX;
    const struct gv_workload *workload = config->workload;
    bool has_engine = workload->replica || (workload->local_store && config->store != NULL);
    if (!has_engine) node->config.store = NULL;
    gv_replies_init(&node->replies, config->alloc);
    node->log = (struct gv_log){
        .write = config->log,
        .ctx = config->log_ctx,
        .node = node->name,
    };

    int error = gv_limiter_init(&node->limiter, config->alloc, config->seed, config->client_rate,
                                config->client_burst);
    uint8_t digest[GV_AUTH_KEY];
    if (error == 0 && config->secret.len > 0) {
        error = gv_auth_init(&node->auth, config->alloc, config->secret, digest);
        node->config.secret = (struct gv_slice){digest, sizeof digest};
    }
    size_t state_size = workload->state_size;
    if (error == 0 && state_size > 0) {
        node->state = node_resize(node, NULL, 0, state_size);
        if (node->state == NULL) error = GV_ENOMEM;
        if (error == 0) memset(node->state, 0, state_size);
    }
    if (error == 0 && has_engine) error = new_engine(node);
    node->config.secret = (struct gv_slice){0};
    if (error != 0) {
        gv_node_free(node);
        return error;
    }
    *out = node;
    return 0;
}

static void drop_scratch(struct gv_node *node) {
    if (node->scratch != NULL) node_resize(node, node->scratch, node->scratch_cap, 0);
    node->scratch = NULL;
    node->scratch_cap = 0;
}

void gv_node_free(struct gv_node *node) {
    if (node == NULL) return;
    if (node->engine != NULL) gv_engine_free(node->engine);
    if (node->config.store != NULL && node->writes.alloc.resize != NULL)
        gv_writes_fini(&node->writes);
    gv_replies_fini(&node->replies);
    gv_limiter_fini(&node->limiter);
    gv_auth_fini(&node->auth);
    if (node->state != NULL) node_resize(node, node->state, node->config.workload->state_size, 0);
    drop_scratch(node);
    node_resize(node, node, sizeof *node, 0);
}

// Makes scratch hold `len` bytes.
static int reserve_scratch(struct gv_node *node, size_t len) {
    if (len <= node->scratch_cap) return 0;
    size_t cap = node->scratch_cap > 0 ? node->scratch_cap : 256;
    while (cap < len) cap *= 2;
    char *scratch = node_resize(node, node->scratch, node->scratch_cap, cap);
    if (scratch == NULL) return GV_ENOMEM;
    node->scratch = scratch;
    node->scratch_cap = cap;
    return 0;
}

const char *gv_node_name(const struct gv_node *node) {
    return node->name;
}

const struct gv_engine *gv_node_engine(const struct gv_node *node) {
    return node->engine;
}

static struct gv_slice own_name(const struct gv_node *node) {
    return (struct gv_slice){(const uint8_t *)node->name, strlen(node->name)};
}

// The same as a JSON string; empty before init.
static struct gv_slice own_quoted_name(const struct gv_node *node) {
    return (struct gv_slice){(const uint8_t *)node->quoted_name, node->quoted_name_len};
}

// ---- Log ----------------------------------------------------------------------------------------

// Arguments for `%.*s` that show the beginning of a string as it stands in the line.
#define EXCERPT(json, token) \
    excerpt_len(json, token), (const char *)gv_json_string(json, token).data

static int excerpt_len(const struct gv_json *json, int token) {
    struct gv_slice raw = gv_json_string(json, token);
    if (raw.len <= LOG_EXCERPT) return (int)raw.len;
    int len = LOG_EXCERPT;
    while (len > 0 && (raw.data[len] & 0xc0) == 0x80) len--; // not within a character
    return len;
}

// Follows a value through the node.
static void on_event(void *ctx, const struct gv_engine_event *event) {
    const struct gv_node *node = ctx;
    const struct gv_replies *replies = &node->replies;
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
    struct gv_slice key = event->entry->key;
    gv_log_trace(&node->log, event->id, "%s, put by %.*s with message %.*s: %.*s",
                 event->kind == GV_ENGINE_STORED ? "stored" : "redundant",
                 replies->open ? (int)replies->dest.len : 0, (const char *)replies->dest.data,
                 replies->open ? (int)replies->msg_id.len : 0, (const char *)replies->msg_id.data,
                 (int)(key.len < LOG_EXCERPT ? key.len : LOG_EXCERPT), (const char *)key.data);
}

// ---- Statistics ---------------------------------------------------------------------------------

// The deepest that anything has stood in a queue is what a look now and then has found.
static void sample_queues(struct gv_node *node, const struct gv_engine_stats *engine) {
    uint64_t store = 0;
    if (node->config.store != NULL)
        store =
            node->writes.next.len + node->writes.next.batch.len + node->writes.writing.batch.len;
    const uint64_t depths[] = {gv_replies_waiting(&node->replies), gv_replies_lists(&node->replies),
                               engine != NULL ? engine->update_backlog : 0,
                               engine != NULL ? engine->sync_backlog : 0, store};
    uint64_t *const most[] = {&node->stats.numbers.queued_replies,
                              &node->stats.numbers.queued_reads, &node->stats.numbers.queued_news,
                              &node->stats.numbers.queued_syncs, &node->stats.numbers.queued_store};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
        if (depths[i] > *most[i]) *most[i] = depths[i];
}

static void add_traffic(struct gv_stats_class *out, const struct gv_engine_traffic *traffic) {
    *out = (struct gv_stats_class){traffic->received, traffic->received_bytes, traffic->sent,
                                   traffic->sent_bytes};
}

void gv_node_stats(const struct gv_node *node, struct gv_stats *out) {
    *out = node->stats;
    out->client.out = node->replies.total;
    out->client.out_bytes = node->sent_bytes;
    out->numbers.errors = node->replies.errors;
    out->numbers.faults = node->log.input_errors;
    if (node->engine == NULL) return;
    struct gv_engine_stats engine;
    gv_engine_stats(node->engine, &engine);
    add_traffic(&out->ack, &engine.traffic[GV_ENGINE_ACK]);
    add_traffic(&out->news, &engine.traffic[GV_ENGINE_UPDATES]);
    add_traffic(&out->summary, &engine.traffic[GV_ENGINE_SUMMARY]);
    add_traffic(&out->entries, &engine.traffic[GV_ENGINE_ENTRIES]);
    out->numbers.opened = engine.opened_syncs;
    out->numbers.rounds = engine.sent_syncs;
    out->numbers.retries = engine.lost_messages;
    out->numbers.missing = engine.missing_entries;
    out->numbers.known = engine.redundant_entries;
    out->numbers.refused = engine.refused_entries;
    out->numbers.held = engine.batches;
    out->numbers.held_us = engine.batch_wait_us;
    out->numbers.held_max_us = engine.batch_wait_max_us;
    out->numbers.staleness_ms = engine.staleness_ms;
    out->numbers.suspected = engine.suspected;
    out->numbers.entries_held = engine.entries;
    out->numbers.memory_bytes = engine.memory_bytes;
}

void gv_node_log_stats(const struct gv_node *node) {
    struct gv_stats stats;
    char text[GV_STATS_TEXT_MAX];
    gv_node_stats(node, &stats);
    gv_stats_write(&stats, text);
    if (node->log.write == NULL) return;
    node->log.write(node->log.ctx, &(struct gv_log_record){
                                       .level = GV_LOG_INFO,
                                       .node = node->name,
                                       .stats = text,
                                   });
}

// ---- Requests -----------------------------------------------------------------------------------

// What looks like a reply is never answered, lest two nodes answer each other for ever.
static bool answerable(const struct gv_node *node, const struct gv_line *line) {
    if (line->msg_id < 0 || line->in_reply_to >= 0) return false;
    return line->type < 0 || !gv_json_equals(node->config.json, line->type, "error");
}

static void open_reply(struct gv_node *node, const struct gv_line *line) {
    const struct gv_json *json = node->config.json;
    // Before init, a node goes by the name by which it is spoken to.
    struct gv_slice self = node->started ? own_quoted_name(node) : gv_json_raw(json, line->dest);
    gv_replies_open(&node->replies, self, gv_json_raw(json, line->src),
                    gv_json_raw(json, line->msg_id));
}

// Answers with an error if that is proper, and else complains. The text is the same.
GV_LOG_PRINTF(5, 6)
static int refuse(struct gv_node *node, gv_time now, const struct gv_line *line, int code,
                  const char *format, ...) {
    char text[LOG_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!answerable(node, line)) {
        gv_log_input_error(&node->log, now, "%s", text);
        return GV_ESYNTAX;
    }
    open_reply(node, line);
    gv_replies_error(&node->replies, code, text);
    return 0;
}

// ---- init ---------------------------------------------------------------------------------------

// Tells the engine who the cluster is. NULL, or the reason and the error *code to answer with.
static const char *join(struct gv_node *node, gv_time now, const struct gv_init_request *init,
                        int *code) {
    size_t count = (size_t)init->count, size = (count + 1) * sizeof(struct gv_slice);
    struct gv_slice *names = node_resize(node, NULL, 0, size);
    *code = GV_REPLIES_UNAVAILABLE;
    if (names == NULL) return "out of memory";
    const char *reason =
        gv_init_request_names(init, node->name, node->scratch, node->scratch_cap, names);
    if (reason != NULL) *code = GV_REPLIES_MALFORMED;
    if (reason == NULL && node->engine != NULL) {
        struct gv_slice self = own_name(node);
        bool gossips = node->config.workload->replica; // else it is alone with what it keeps
        int error =
            node->auth.on ? gv_auth_join(&node->auth, now + node->config.wall_offset, count) : 0;
        if (error == 0)
            error = gossips ? gv_engine_join(node->engine, now, self, names, count)
                            : gv_engine_join(node->engine, now, self, &self, 1);
        if (error != 0) reason = gv_base_error(error);
        if (error == GV_EINVAL) reason = "node_ids: a name is repeated";
        if (error == GV_EINVAL) *code = GV_REPLIES_MALFORMED;
    }
    node_resize(node, names, size, 0);
    return reason;
}

// Believes the first init, or says why not and remains without a name.
static int first_init(struct gv_node *node, gv_time now, const struct gv_line *line,
                      const struct gv_init_request *init) {
    const char *reason = gv_init_request_name(init, node->name);
    if (reason != NULL) return refuse(node, now, line, GV_REPLIES_MALFORMED, "init: %s", reason);
    if (init->count > (int)node->config.peers_max) {
        node->name[0] = '\0';
        return refuse(node, now, line, GV_REPLIES_MALFORMED,
                      "init: node_ids: %d names, %" PRIu32 " are allowed", init->count,
                      node->config.peers_max);
    }
    int code = GV_REPLIES_UNAVAILABLE;
    node->cluster = gv_init_request_hash(init, node->scratch, node->scratch_cap);
    reason = join(node, now, init, &code);
    if (reason != NULL) {
        node->name[0] = '\0';
        return refuse(node, now, line, code, "init: %s", reason);
    }
    int quoted = gv_json_quote(own_name(node), node->quoted_name, sizeof node->quoted_name);
    GV_ASSERT(quoted > 0);
    node->quoted_name_len = (size_t)quoted;
    node->started = true;
    gv_log_write(&node->log, GV_LOG_INFO, "initialised as one of %d", init->count);
    open_reply(node, line);
    gv_replies_ok(&node->replies, "init_ok");
    return 0;
}

// An init that comes again is answered again: its answer may have been lost. Another one cannot be
// followed any more.
static int later_init(struct gv_node *node, gv_time now, const struct gv_line *line,
                      const struct gv_init_request *init) {
    bool same = gv_json_equals(init->json, init->id, node->name) &&
                gv_init_request_hash(init, node->scratch, node->scratch_cap) == node->cluster;
    if (!same)
        return refuse(node, now, line, GV_REPLIES_PRECONDITION_FAILED,
                      "init: differs from the first, for %s", node->name);
    open_reply(node, line);
    gv_replies_ok(&node->replies, "init_ok");
    return 0;
}

static int receive_init(struct gv_node *node, gv_time now, const struct gv_line *line) {
    if (!answerable(node, line)) return refuse(node, now, line, 0, "init without integer msg_id");
    struct gv_init_request init;
    const char *reason = gv_init_request_parse(&init, node->config.json, line->body);
    if (reason != NULL) return refuse(node, now, line, GV_REPLIES_MALFORMED, "init: %s", reason);
    return node->started ? later_init(node, now, line, &init) : first_init(node, now, line, &init);
}

// ---- Lines --------------------------------------------------------------------------------------

// Whether a message is from the peer that it says, and has not come before. If not, it is dropped
// and never answered: whoever forges one learns nothing by it.
static enum gv_auth_status authenticate(struct gv_node *node, gv_time now,
                                        const struct gv_line *line, int peer, size_t *len) {
    struct gv_json *json = node->config.json;
    struct gv_auth_endpoints endpoints = {peer, gv_engine_name(node->engine, peer), own_name(node)};
    struct gv_auth_message message = {json, line->body, line->mac};
    enum gv_auth_status status =
        gv_auth_verify(&node->auth, endpoints, &message, node->scratch, node->scratch_cap, len);
    bool repeated = status == GV_AUTH_DUPLICATE || status == GV_AUTH_OLD;
    node->stats.numbers.repeated += repeated;
    node->stats.numbers.forged += status != GV_AUTH_VALID && !repeated;
    const char *reason = gv_auth_reason(status);
    if (reason != NULL)
        gv_log_input_error(&node->log, now, "gossip from %.*s %s", EXCERPT(json, line->src),
                           reason);
    if (status == GV_AUTH_OLD && gv_auth_announce(&node->auth, now, peer))
        gv_engine_ping(node->engine, now, peer);
    return status;
}

// Says what of a message was not taken, and why.
static void log_refused(struct gv_node *node, gv_time now, const struct gv_line *line, int error) {
    const struct gv_json *json = node->config.json;
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    if (error != GV_EFULL) {
        gv_log_input_error(&node->log, now, "gossip from %.*s: what it holds is refused: %s",
                           EXCERPT(json, line->src), gv_base_error(error));
    } else if (stats.entries_max > 0 && stats.entries >= stats.entries_max) {
        gv_log_input_error(&node->log, now,
                           "gossip from %.*s: no new entry is taken: the replica has %" PRIu64
                           ", and may have %" PRIu64,
                           EXCERPT(json, line->src), stats.entries, stats.entries_max);
    } else {
        gv_log_input_error(&node->log, now,
                           "gossip from %.*s: no new entry is taken: the replica takes %" PRIu64
                           " bytes of memory, and may take %" PRIu64,
                           EXCERPT(json, line->src), stats.memory_bytes, stats.memory_max);
    }
}

static int receive_gossip(struct gv_node *node, gv_time now, const struct gv_line *line) {
    struct gv_json *json = node->config.json;
    char name[GV_ENGINE_NAME_MAX];
    int len = gv_json_unescape(json, line->src, name, sizeof name);
    struct gv_slice src = {(const uint8_t *)name, len > 0 ? (size_t)len : 0};
    int peer = len > 0 ? gv_engine_peer(node->engine, src) : GV_ENOENT;
    if (peer < 0) {
        gv_log_input_error(&node->log, now, "gossip from %.*s, which is no peer",
                           EXCERPT(json, line->src));
        return GV_ENOENT;
    }
    size_t bytes; // of the message without its MAC
    enum gv_auth_status status = authenticate(node, now, line, peer, &bytes);
    if (status == GV_AUTH_DUPLICATE || status == GV_AUTH_OLD) return 0;
    if (status != GV_AUTH_VALID) return GV_EAUTH;
    struct gv_message message;
    const char *reason = NULL;
    int error = gv_message_decode(&message, json, line->body, &reason);
    if (error == GV_EVERSION) {
        gv_log_input_error(&node->log, now,
                           "gossip from %.*s: it speaks version %" PRIu64
                           " of the protocol, this node version %d: refused",
                           EXCERPT(json, line->src), message.version, GV_MESSAGE_VERSION);
        return error;
    }
    if (error != 0) {
        gv_log_input_error(&node->log, now, "gossip from %.*s: %s: %s", EXCERPT(json, line->src),
                           reason, gv_base_error(error));
        return error;
    }
    message.bytes = bytes;
    error = gv_engine_receive(node->engine, now, peer, &message);
    if (error != 0) log_refused(node, now, line, error);
    return error;
}

static const struct gv_workload_handler *find_handler(const struct gv_node *node, int type) {
    const struct gv_workload_handler *handler = node->config.workload->handlers;
    for (; handler->type != NULL; handler++) {
        if (gv_json_equals(node->config.json, type, handler->type)) return handler;
    }
    return NULL;
}

static bool waits_for_store(const struct gv_node *node) {
    return node->config.store != NULL && node->config.durability == GV_DURABILITY_SYNC;
}

static int receive_request(struct gv_node *node, gv_time now, const struct gv_line *line,
                           const struct gv_workload_handler *handler) {
    if (line->msg_id < 0)
        return refuse(node, now, line, GV_REPLIES_MALFORMED, "%s without integer msg_id",
                      handler->type);
    struct gv_request request = {
        .json = node->config.json,
        .body = line->body,
        .type = handler->type,
        .now = now,
        .wall_ns = now + node->config.wall_offset,
        .incarnation = node->config.incarnation,
        .self = own_quoted_name(node),
        .replies = &node->replies,
        .engine = node->engine,
        .writes = waits_for_store(node) ? &node->writes : NULL,
        .state = node->state,
        .scratch = node->scratch,
        .scratch_cap = node->scratch_cap,
    };
    open_reply(node, line);
    handler->handle(&request);
    if (request.own_entry_raised) warn_own_entry_raised(node);
    GV_ASSERT(!node->replies.open);
    return 0;
}

static int refuse_over_rate(struct gv_node *node, gv_time now, const struct gv_line *line) {
    const struct gv_json *json = node->config.json;
    node->stats.numbers.limited++;
    return refuse(node, now, line, GV_REPLIES_UNAVAILABLE,
                  "%.*s: more than %" PRIu32 " requests a second from %.*s, or %" PRIu32 " at once",
                  EXCERPT(json, line->type), node->config.client_rate, EXCERPT(json, line->src),
                  node->config.client_burst);
}

static int receive_body(struct gv_node *node, gv_time now, struct gv_line *line) {
    const struct gv_json *json = node->config.json;
    const struct gv_workload_handler *handler = NULL;
    if (node->started && line->type >= 0) handler = find_handler(node, line->type);
    bool gossip = handler == NULL && node->started && node->config.workload->replica &&
                  line->type >= 0 && gv_message_is_type(json, line->type);
    if (gossip) return receive_gossip(node, now, line);
    gv_line_ids(line, json);
    node->stats.client.in++;
    node->stats.client.in_bytes += node->line_len + 1;
    if (line->type < 0)
        return refuse(node, now, line, GV_REPLIES_MALFORMED, "body without type, a string");
    if (node->started && !gv_limiter_allow(&node->limiter, now, gv_json_raw(json, line->src)))
        return refuse_over_rate(node, now, line);
    if (handler != NULL) return receive_request(node, now, line, handler);
    if (gv_json_equals(json, line->type, "init")) return receive_init(node, now, line);
    if (!node->started)
        return refuse(node, now, line, GV_REPLIES_UNAVAILABLE, "%.*s before init",
                      EXCERPT(json, line->type));
    return refuse(node, now, line, GV_REPLIES_NOT_SUPPORTED, "%.*s is not supported by gv-%s",
                  EXCERPT(json, line->type), node->config.workload->name);
}

static bool is_self(const struct gv_node *node, int dest) {
    struct gv_slice raw = gv_json_raw(node->config.json, dest), self = own_quoted_name(node);
    if (raw.len == self.len && memcmp(raw.data, self.data, raw.len) == 0) return true;
    return gv_json_equals(node->config.json, dest, node->name); // spelled with escapes
}

static int receive_line(struct gv_node *node, gv_time now) {
    const struct gv_json *json = node->config.json;
    struct gv_line line;
    gv_line_read(&line, json);
    if (line.src < 0 || line.dest < 0 || line.body < 0) {
        gv_log_input_error(&node->log, now, "not a message: %s is missing or of the wrong type",
                           line.src < 0    ? "src"
                           : line.dest < 0 ? "dest"
                                           : "body");
        return GV_ESYNTAX;
    }
    if (node->started && !is_self(node, line.dest)) {
        gv_log_input_error(&node->log, now, "message to another node, %.*s",
                           EXCERPT(json, line.dest));
        return GV_ENOENT;
    }
    return receive_body(node, now, &line);
}

// A raw text of this type, and nothing else.
static bool is_value(struct gv_node *node, struct gv_slice text, enum gv_json_type type) {
    struct gv_json *json = node->config.json;
    if (text.len == 0) return false;
    if (gv_json_parse(json, (const char *)text.data, text.len) != 1) return false;
    int64_t id;
    return gv_json_type(json, 0) == type &&
           (type != GV_JSON_NUMBER || gv_json_i64(json, 0, &id) == 0);
}

// A line of which only the envelope can be made out, if that. Whoever sent it is told by an error
// of this code; else the reason is logged, and `error` returned.
static int refuse_line(struct gv_node *node, gv_time now, struct gv_slice line, int code, int error,
                       const char *reason) {
    struct gv_line_peek peek;
    gv_line_peek(&peek, (const char *)line.data, line.len);
    // What looks like a reply is never answered, as elsewhere.
    bool reply = peek.in_reply_to.len > 0 || (is_value(node, peek.type, GV_JSON_STRING) &&
                                              gv_json_equals(node->config.json, 0, "error"));
    bool answerable = !reply && is_value(node, peek.src, GV_JSON_STRING) &&
                      is_value(node, peek.msg_id, GV_JSON_NUMBER) &&
                      is_value(node, peek.dest, GV_JSON_STRING);
    if (answerable && node->started) answerable = is_self(node, 0);
    size_t names = peek.src.len + peek.dest.len + peek.msg_id.len; // parts of the line
    if (!answerable || gv_replies_reserve(&node->replies, names) != 0) {
        gv_log_input_error(&node->log, now, "%s", reason);
        return error;
    }
    gv_replies_open(&node->replies, node->started ? own_quoted_name(node) : peek.dest, peek.src,
                    peek.msg_id);
    gv_replies_error(&node->replies, code, reason);
    node->stats.client.in++;
    node->stats.client.in_bytes += node->line_len + 1;
    return 0;
}

static int refuse_unparsed(struct gv_node *node, gv_time now, struct gv_slice line, int error) {
    const struct gv_json *json = node->config.json;
    char reason[LOG_TEXT], bounds[80] = "";
    if (error == GV_EFULL)
        snprintf(bounds, sizeof bounds, "; a line has at most %zu tokens, nested %u deep",
                 json->tokens_max, json->depth_max);
    snprintf(reason, sizeof reason, "%s%s at byte %zu%s",
             error == GV_ESYNTAX ? "undecodable line: " : "", json->error, json->error_offset,
             bounds);
    int code = error == GV_ENOMEM ? GV_REPLIES_UNAVAILABLE : GV_REPLIES_MALFORMED;
    return refuse_line(node, now, line, code, error, reason);
}

bool gv_node_ready(const struct gv_node *node) {
    return gv_replies_waiting(&node->replies) < GV_NODE_REPLIES_DEFAULT &&
           gv_replies_lists(&node->replies) < GV_NODE_READS_MAX &&
           (node->engine == NULL || gv_engine_ready(node->engine)) &&
           (node->config.store == NULL || gv_writes_ready(&node->writes));
}

// Takes a line that is not too long.
static int receive_whole(struct gv_node *node, gv_time now, struct gv_slice line) {
    const char *text = (const char *)line.data;
    // Room for the answer first: what cannot be answered must not be done.
    int error = reserve_scratch(node, line.len);
    if (error == 0) error = gv_replies_reserve(&node->replies, line.len);
    if (error != 0) {
        gv_log_input_error(&node->log, now, "line of %zu bytes: %s", line.len,
                           gv_base_error(error));
        return error;
    }
    // A newline would be white space to JSON, but split the reply that repeats it.
    const char *newline = line.len > 0 ? memchr(text, '\n', line.len) : NULL;
    if (newline != NULL) {
        char reason[LOG_TEXT];
        snprintf(reason, sizeof reason, "undecodable line: newline at byte %zu",
                 (size_t)(newline - text));
        return refuse_line(node, now, line, GV_REPLIES_MALFORMED, GV_ESYNTAX, reason);
    }
    int tokens = gv_json_parse(node->config.json, text, line.len);
    return tokens < 0 ? refuse_unparsed(node, now, line, tokens) : receive_line(node, now);
}

static int refuse_longer(struct gv_node *node, gv_time now, const char *line) {
    char reason[LOG_TEXT];
    struct gv_slice begin = {(const uint8_t *)line, node->config.line_max};
    snprintf(reason, sizeof reason, "line longer than %zu bytes", begin.len);
    return refuse_line(node, now, begin, GV_REPLIES_MALFORMED, GV_EFULL, reason);
}

int gv_node_receive(struct gv_node *node, gv_time now, const char *line, size_t len) {
    GV_ASSERT(gv_node_ready(node));
    node->stats.numbers.lines++;
    node->line_len = len;
    node->writes.now = now;
    struct gv_slice all = {(const uint8_t *)line, len};
    int error = len > node->config.line_max ? refuse_longer(node, now, line)
                                            : receive_whole(node, now, all);
    if (len > LONG_LINE) {
        drop_scratch(node);
        gv_replies_trim(&node->replies);
    }
    uint64_t waiting = gv_replies_waiting(&node->replies);
    if (waiting > node->stats.numbers.queued_replies) sample_queues(node, NULL);
    return error;
}

// ---- Time ---------------------------------------------------------------------------------------

gv_time gv_node_deadline(const struct gv_node *node) {
    gv_time deadline = node->engine != NULL ? gv_engine_deadline(node->engine) : GV_TIME_NEVER;
    gv_time log = gv_log_deadline(&node->log);
    if (log < deadline) deadline = log;
    if (node->config.store == NULL) return deadline;
    gv_time writes = gv_writes_deadline(&node->writes);
    return writes < deadline ? writes : deadline;
}

// Says once if the links are too slow for the staleness asked for.
static void check_links(struct gv_node *node, uint32_t staleness_ms) {
    if (node->slow_links_logged || staleness_ms <= node->config.staleness_ms) return;
    node->slow_links_logged = true;
    gv_log_write(&node->log, GV_LOG_WARN,
                 "the links are too slow for a staleness of %" PRIu32 " ms: about %" PRIu32
                 " ms is what can be kept",
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
}

void gv_node_flush(struct gv_node *node, gv_time now) {
    if (node->engine != NULL) gv_engine_flush(node->engine, now);
}

// ---- The store ----------------------------------------------------------------------------------

static void apply_writes(struct gv_node *node, gv_time now) {
    gv_writes_apply(&node->writes, now, &node->replies, own_quoted_name(node));
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
        gv_log_write(&node->log, GV_LOG_ERROR, "store: %s; it will be tried again", reason);
    if (changed && error == 0) gv_log_write(&node->log, GV_LOG_WARN, "store: works again");
    // What the workload has counted on is not going to happen.
    if (error != 0 && node->state != NULL && waits_for_store(node))
        memset(node->state, 0, node->config.workload->state_size);
    apply_writes(node, now);
}

bool gv_node_drain(struct gv_node *node) {
    node->writes.flush_now = true;
    return node->config.store == NULL || gv_writes_drained(&node->writes);
}

bool gv_node_all_persisted(const struct gv_node *node) {
    return node->config.store != NULL && gv_writes_drained(&node->writes) && !node->writes.failed;
}

// ---- Output -------------------------------------------------------------------------------------

// What a message's line takes besides its body.
enum { ENVELOPE_MAX = GV_LINE_BEGIN + 2 + 2 * GV_NODE_QUOTED_MAX + GV_AUTH_OVERHEAD };

_Static_assert((int)GV_AUTH_OVERHEAD <= (int)GV_MESSAGE_MAC_MAX, "a MAC has room in any message");

// What it may send: what the protocol allows, if an entry of another node takes so much.
static size_t longest_message(const struct gv_node *node) {
    size_t own = node->config.message_max;
    return own > GV_MESSAGE_LIMIT ? own : GV_MESSAGE_LIMIT;
}

size_t gv_node_send_min(const struct gv_node *node) {
    return longest_message(node) + ENVELOPE_MAX;
}

// Writes one line of gossip. The body is written first, behind room for the longest beginning a
// line can have, since only then it is known to whom it goes; then it moves up to the beginning.
static size_t send_gossip(struct gv_node *node, gv_time now, char *buf, size_t cap) {
    if (node->engine == NULL || !node->started) return 0;
    int peer;
    size_t room = ENVELOPE_MAX - 2 - GV_AUTH_OVERHEAD;
    int sent = gv_engine_send(node->engine, now, buf + room, cap - ENVELOPE_MAX, &peer);
    GV_ASSERT(sent >= 0);
    if (sent == 0) return 0;
    size_t body = (size_t)sent;
    struct gv_slice to = gv_engine_name(node->engine, peer);
    if (node->auth.on) {
        struct gv_auth_endpoints endpoints = {peer, own_name(node), to};
        body = gv_auth_append_mac(&node->auth, endpoints, buf + room, body);
    }
    GV_ASSERT(body <= longest_message(node));

    char dest[GV_NODE_QUOTED_MAX];
    int dest_len = gv_json_quote(to, dest, sizeof dest);
    GV_ASSERT(dest_len > 0);
    struct gv_slice other = {(const uint8_t *)dest, (size_t)dest_len};
    size_t len = (size_t)(gv_line_begin(buf, own_quoted_name(node), other) - buf);
    GV_ASSERT(len < room);
    memmove(buf + len, buf + room, body);
    len += body;
    buf[len++] = '}';
    buf[len++] = '\n';
    return len;
}

size_t gv_node_send(struct gv_node *node, gv_time now, char *buf, size_t cap) {
    GV_ASSERT(cap >= gv_node_send_min(node));
    if (node->config.store != NULL) apply_writes(node, now);
    struct gv_replies *replies = &node->replies;
    size_t len = 0;
    for (;;) {
        size_t gossip = 0;
        bool turn = node->replied >= GOSSIP_TURN_BYTES || gv_replies_waiting(replies) == 0;
        if (turn && !replies->midline) {
            if (cap - len < gv_node_send_min(node)) return len;
            gossip = send_gossip(node, now, buf + len, cap - len);
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
