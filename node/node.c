// SPDX-License-Identifier: MIT
#include "node.h"

#include "workload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Bytes of replies after which gossip gets its turn, though more replies wait.
enum { GOSSIP_SHARE = 64 << 10 };
enum { LOG_TEXT = 512, LOG_EXCERPT = 80 };

// What a node has done, for its owner to see.
struct counts {
    uint64_t lines, requests, refused;
};

struct gv_node {
    struct gv_node_config config;
    struct gv_engine *engine; // NULL: the workload has no replica
    struct gv_commit commit;  // if there is a store
    struct gv_reply reply;
    void *state; // the workload's
    char *scratch;
    size_t scratch_cap;
    size_t replied; // bytes of replies sent since gossip had its turn

    // From init on:
    bool started;
    char name[GV_NODE_NAME_MAX + 1];
    char quoted[GV_NODE_QUOTED_MAX];
    size_t quoted_len;
    char *cluster; // node_ids, canonical
    size_t cluster_len;

    gv_time log_since; // start of the second in which complaints are counted
    unsigned log_count;
    struct counts counts;
    bool slow; // the links are, and that has been logged
};

// One line's tokens; negative: not there, or not of the right type.
struct line {
    int src, dest, body, type, msg_id, in_reply_to;
};

// ---- Memory and life ----------------------------------------------------------------------------

static void *node_resize(struct gv_node *node, void *block, size_t old_size, size_t new_size) {
    return node->config.alloc.resize(node->config.alloc.ctx, block, old_size, new_size);
}

static int new_engine(struct gv_node *node) {
    const struct gv_node_config *config = &node->config;
    struct gv_engine_config engine = {
        .alloc = config->alloc,
        .seed = config->seed,
        .secret = config->secret,
        .staleness_ms = config->staleness_ms,
        .message_max = config->message_max,
    };
    if (config->store == NULL) return gv_engine_new(&node->engine, &engine);
    engine.changed = gv_commit_changed;
    engine.changed_ctx = &node->commit;
    int error = gv_commit_init(&node->commit, config->alloc, config->commit_ms * GV_MS);
    if (error == 0) error = gv_engine_new(&node->engine, &engine);
    if (error == 0) error = gv_store_load(config->store, node->engine);
    node->commit.engine = node->engine;
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
    gv_reply_init(&node->reply, config->alloc);

    int error = 0;
    size_t state_size = config->workload->state_size;
    if (state_size > 0) {
        node->state = node_resize(node, NULL, 0, state_size);
        if (node->state == NULL) error = GV_ENOMEM;
        if (error == 0) memset(node->state, 0, state_size);
    }
    if (error == 0 && config->workload->replica) error = new_engine(node);
    node->config.secret = (struct gv_slice){0};
    if (error != 0) {
        gv_node_free(node);
        return error;
    }
    *out = node;
    return 0;
}

void gv_node_free(struct gv_node *node) {
    if (node == NULL) return;
    if (node->engine != NULL) gv_engine_free(node->engine);
    if (node->config.store != NULL && node->commit.alloc.resize != NULL)
        gv_commit_fini(&node->commit);
    gv_reply_fini(&node->reply);
    if (node->state != NULL) node_resize(node, node->state, node->config.workload->state_size, 0);
    if (node->scratch != NULL) node_resize(node, node->scratch, node->scratch_cap, 0);
    if (node->cluster != NULL) node_resize(node, node->cluster, node->cluster_len, 0);
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

// ---- Log ----------------------------------------------------------------------------------------

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

PRINTF_LIKE(3, 0)
static void log_arguments(const struct gv_node *node, enum gv_log_level level, const char *format,
                          va_list arguments) {
    if (node->config.log == NULL) return;
    char text[LOG_TEXT];
    int len = node->started ? snprintf(text, sizeof text, "%s: ", node->name) : 0;
    GV_ASSERT(len >= 0 && (size_t)len < sizeof text);
    vsnprintf(text + len, sizeof text - (size_t)len, format, arguments);
    node->config.log(node->config.log_ctx, level, text);
}

PRINTF_LIKE(3, 4)
static void say(const struct gv_node *node, enum gv_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_arguments(node, level, format, arguments);
    va_end(arguments);
}

// Logs a fault of what came in, unless there were too many within a second: whoever sends rubbish
// must not fill the log.
PRINTF_LIKE(3, 4)
static void complain(struct gv_node *node, gv_time now, const char *format, ...) {
    node->counts.refused++;
    if (node->log_count == 0 || now - node->log_since >= 1000 * GV_MS) {
        node->log_since = now;
        node->log_count = 0;
    }
    if (node->log_count >= GV_NODE_LOG_RATE) return;
    node->log_count++;
    va_list arguments;
    va_start(arguments, format);
    log_arguments(node, GV_LOG_WARN, format, arguments);
    va_end(arguments);
    if (node->log_count == GV_NODE_LOG_RATE)
        say(node, GV_LOG_WARN, "more faults within this second are only counted");
}

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

void gv_node_log_stats(const struct gv_node *node) {
    const struct counts *counts = &node->counts;
    char text[LOG_TEXT];
    int len = snprintf(text, sizeof text,
                       "%" PRIu64 " lines, %" PRIu64 " requests, %" PRIu64
                       " answered by an error, %" PRIu64 " lines refused",
                       counts->lines, counts->requests, node->reply.errors, counts->refused);
    GV_ASSERT(len > 0 && (size_t)len < sizeof text);
    if (node->engine != NULL) {
        struct gv_engine_stats stats;
        gv_engine_stats(node->engine, &stats);
        snprintf(text + len, sizeof text - (size_t)len,
                 "; %" PRIu64 " entries in %" PRIu64 " bytes; gossip: %" PRIu64
                 " messages of %" PRIu64 " bytes sent, %" PRIu64 " of %" PRIu64
                 " received, syncs %" PRIu64 " and %" PRIu64 ", %" PRIu64 " lost",
                 stats.entries, stats.memory_bytes, stats.sent_messages, stats.sent_bytes,
                 stats.received_messages, stats.received_bytes, stats.sent_syncs,
                 stats.received_syncs, stats.lost_messages);
    }
    say(node, GV_LOG_INFO, "%s", text);
}

// ---- Requests -----------------------------------------------------------------------------------

// What looks like a reply is never answered, lest two nodes answer each other for ever.
static bool answerable(const struct gv_node *node, const struct line *line) {
    if (line->msg_id < 0 || line->in_reply_to >= 0) return false;
    return line->type < 0 || !gv_json_equals(node->config.json, line->type, "error");
}

static void open_reply(struct gv_node *node, const struct line *line) {
    const struct gv_json *json = node->config.json;
    // Before init, a node goes by the name by which it is spoken to.
    struct gv_slice self = node->started
                               ? (struct gv_slice){(uint8_t *)node->quoted, node->quoted_len}
                               : gv_json_raw(json, line->dest);
    gv_reply_open(&node->reply, self, gv_json_raw(json, line->src),
                  gv_json_raw(json, line->msg_id));
}

// Answers with an error if that is proper, and else complains. The text is the same.
PRINTF_LIKE(5, 6)
static int refuse(struct gv_node *node, gv_time now, const struct line *line, int code,
                  const char *format, ...) {
    char text[LOG_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!answerable(node, line)) {
        complain(node, now, "%s", text);
        return GV_ESYNTAX;
    }
    open_reply(node, line);
    gv_reply_error(&node->reply, code, text);
    return 0;
}

// ---- init ---------------------------------------------------------------------------------------

// Copies a name to buf; returns its length, or a negative code if it cannot be one.
static int read_name(const struct gv_json *json, int token, char *buf, size_t cap) {
    int len = gv_json_unescape(json, token, buf, cap < GV_NODE_NAME_MAX ? cap : GV_NODE_NAME_MAX);
    if (len < 0) return len;
    for (int i = 0; i < len; i++) {
        if ((uint8_t)buf[i] < ' ' || buf[i] == 0x7f) return GV_EINVAL;
    }
    return len > 0 ? len : GV_EINVAL;
}

// Reads node_ids into `names`, whose bytes go to scratch. NULL, or the fault.
static const char *read_names(struct gv_node *node, int ids, struct gv_slice *names) {
    const struct gv_json *json = node->config.json;
    size_t used = 0;
    bool self = false;
    int token = ids + 1, count = gv_json_size(json, ids);
    for (int i = 0; i < count; i++, token = gv_json_next(json, token)) {
        char *name = node->scratch + used;
        int len = read_name(json, token, name, node->scratch_cap - used);
        if (len < 0) return "node_ids: not a name (1 to 64 bytes, no control characters)";
        names[i] = (struct gv_slice){(const uint8_t *)name, (size_t)len};
        used += (size_t)len;
        if (strlen(node->name) == (size_t)len && memcmp(node->name, name, (size_t)len) == 0)
            self = true;
    }
    return self ? NULL : "node_ids: node_id is not among them";
}

// Tells the engine who the cluster is. NULL, or the fault and the error *code to answer with.
static const char *join(struct gv_node *node, gv_time now, int ids, int *code) {
    size_t count = (size_t)gv_json_size(node->config.json, ids);
    struct gv_slice *names = node_resize(node, NULL, 0, (count + 1) * sizeof *names);
    *code = GV_REQUEST_UNAVAILABLE;
    if (names == NULL) return "out of memory";
    const char *fault = read_names(node, ids, names);
    if (fault != NULL) *code = GV_REQUEST_MALFORMED;
    if (fault == NULL && node->engine != NULL) {
        struct gv_slice self = {(const uint8_t *)node->name, strlen(node->name)};
        int error = gv_engine_join(node->engine, now, self, names, count);
        if (error != 0) fault = gv_base_error(error);
        if (error == GV_EINVAL) fault = "node_ids: a name is repeated";
        if (error == GV_EINVAL) *code = GV_REQUEST_MALFORMED;
    }
    node_resize(node, names, (count + 1) * sizeof *names, 0);
    return fault;
}

// Keeps node_ids as text, to know a second init like the first by. Scratch is long enough.
static int keep_cluster(struct gv_node *node, int ids) {
    int len = gv_json_canonical(node->config.json, ids, node->scratch, node->scratch_cap);
    GV_ASSERT(len > 0);
    char *cluster = node_resize(node, NULL, 0, (size_t)len);
    if (cluster == NULL) return GV_ENOMEM;
    memcpy(cluster, node->scratch, (size_t)len);
    node->cluster = cluster;
    node->cluster_len = (size_t)len;
    return 0;
}

static void drop_cluster(struct gv_node *node) {
    if (node->cluster != NULL) node_resize(node, node->cluster, node->cluster_len, 0);
    node->cluster = NULL;
    node->name[0] = '\0';
}

static int first_init(struct gv_node *node, gv_time now, const struct line *line, int id, int ids) {
    const struct gv_json *json = node->config.json;
    int len = read_name(json, id, node->name, sizeof node->name - 1);
    if (len < 0)
        return refuse(node, now, line, GV_REQUEST_MALFORMED,
                      "init: node_id is not a name (1 to 64 bytes, no control characters)");
    node->name[len] = '\0';
    if (gv_json_size(json, ids) > GV_NODE_PEERS_MAX) {
        drop_cluster(node);
        return refuse(node, now, line, GV_REQUEST_MALFORMED, "init: node_ids: more than %d",
                      GV_NODE_PEERS_MAX);
    }
    int code = GV_REQUEST_UNAVAILABLE;
    const char *fault =
        keep_cluster(node, ids) != 0 ? "out of memory" : join(node, now, ids, &code);
    if (fault != NULL) {
        drop_cluster(node);
        return refuse(node, now, line, code, "init: %s", fault);
    }
    int quoted = gv_json_quote((struct gv_slice){(uint8_t *)node->name, (size_t)len}, node->quoted,
                               sizeof node->quoted);
    GV_ASSERT(quoted > 0);
    node->quoted_len = (size_t)quoted;
    node->started = true;
    say(node, GV_LOG_INFO, "initialised as one of %d", gv_json_size(json, ids));
    open_reply(node, line);
    gv_reply_ok(&node->reply, "init_ok");
    return 0;
}

// An init that comes again is answered again: its answer may have been lost. Another one cannot be
// followed any more.
static int later_init(struct gv_node *node, gv_time now, const struct line *line, int id, int ids) {
    const struct gv_json *json = node->config.json;
    int len = gv_json_canonical(json, ids, node->scratch, node->scratch_cap);
    GV_ASSERT(len > 0);
    bool same = gv_json_equals(json, id, node->name) && (size_t)len == node->cluster_len &&
                memcmp(node->scratch, node->cluster, node->cluster_len) == 0;
    if (!same)
        return refuse(node, now, line, GV_REQUEST_PRECONDITION,
                      "init: differs from the first, for %s", node->name);
    open_reply(node, line);
    gv_reply_ok(&node->reply, "init_ok");
    return 0;
}

static int receive_init(struct gv_node *node, gv_time now, const struct line *line) {
    const struct gv_json *json = node->config.json;
    if (!answerable(node, line)) return refuse(node, now, line, 0, "init without integer msg_id");
    int id = gv_json_member(json, line->body, "node_id");
    int ids = gv_json_member(json, line->body, "node_ids");
    if (id < 0 || ids < 0)
        return refuse(node, now, line, GV_REQUEST_MALFORMED, "init: %s is missing",
                      id < 0 ? "node_id" : "node_ids");
    if (gv_json_type(json, ids) != GV_JSON_ARRAY)
        return refuse(node, now, line, GV_REQUEST_MALFORMED, "init: node_ids is not an array");
    return node->started ? later_init(node, now, line, id, ids)
                         : first_init(node, now, line, id, ids);
}

// ---- Lines --------------------------------------------------------------------------------------

static int receive_gossip(struct gv_node *node, gv_time now, const struct line *line) {
    const struct gv_json *json = node->config.json;
    char name[GV_ENGINE_NAME_MAX];
    int len = gv_json_unescape(json, line->src, name, sizeof name);
    struct gv_slice src = {(const uint8_t *)name, len > 0 ? (size_t)len : 0};
    int peer = len > 0 ? gv_engine_peer(node->engine, src) : GV_ENOENT;
    if (peer < 0) {
        complain(node, now, "gossip from %.*s, which is no peer", EXCERPT(json, line->src));
        return GV_ENOENT;
    }
    struct gv_message message;
    const char *fault = NULL;
    int error = gv_message_decode(&message, json, line->body, &fault);
    if (error != 0) {
        complain(node, now, "gossip from %.*s: %s: %s", EXCERPT(json, line->src), fault,
                 gv_base_error(error));
        return error;
    }
    error = gv_engine_receive(node->engine, now, peer, &message);
    if (error != 0)
        complain(node, now, "gossip from %.*s: %s", EXCERPT(json, line->src), gv_base_error(error));
    return error;
}

static const struct gv_workload_handler *find_handler(const struct gv_node *node, int type) {
    const struct gv_workload_handler *handler = node->config.workload->handlers;
    for (; handler->type != NULL; handler++) {
        if (gv_json_equals(node->config.json, type, handler->type)) return handler;
    }
    return NULL;
}

static bool defers(const struct gv_node *node) {
    return node->config.store != NULL && node->config.durability == GV_DURABILITY_SYNC;
}

static int receive_request(struct gv_node *node, gv_time now, const struct line *line,
                           const struct gv_workload_handler *handler) {
    if (line->msg_id < 0)
        return refuse(node, now, line, GV_REQUEST_MALFORMED, "%s without integer msg_id",
                      handler->type);
    struct gv_request request = {
        .json = node->config.json,
        .body = line->body,
        .type = handler->type,
        .now = now,
        .wall_ns = now + node->config.wall_offset,
        .incarnation = node->config.incarnation,
        .self = {(const uint8_t *)node->quoted, node->quoted_len},
        .reply = &node->reply,
        .engine = node->engine,
        .commit = defers(node) ? &node->commit : NULL,
        .state = node->state,
        .scratch = node->scratch,
        .scratch_cap = node->scratch_cap,
    };
    node->counts.requests++;
    open_reply(node, line);
    handler->handle(&request);
    GV_ASSERT(!node->reply.open);
    return 0;
}

static int receive_body(struct gv_node *node, gv_time now, const struct line *line) {
    const struct gv_json *json = node->config.json;
    if (line->type < 0)
        return refuse(node, now, line, GV_REQUEST_MALFORMED, "body without type, a string");
    if (node->started) {
        const struct gv_workload_handler *handler = find_handler(node, line->type);
        if (handler != NULL) return receive_request(node, now, line, handler);
        if (node->engine != NULL && gv_message_is(json, line->type))
            return receive_gossip(node, now, line);
    }
    if (gv_json_equals(json, line->type, "init")) return receive_init(node, now, line);
    if (!node->started)
        return refuse(node, now, line, GV_REQUEST_UNAVAILABLE, "%.*s before init",
                      EXCERPT(json, line->type));
    return refuse(node, now, line, GV_REQUEST_UNSUPPORTED, "%.*s is not supported by gv-%s",
                  EXCERPT(json, line->type), node->config.workload->name);
}

struct wanted {
    const char *name;
    size_t len;
    int *token;
};

static bool is_named(struct gv_slice raw, const struct wanted *wanted) {
    return raw.len == wanted->len && raw.data[0] == (uint8_t)wanted->name[0] &&
           memcmp(raw.data, wanted->name, raw.len) == 0;
}

// Finds members by name in one pass over the object. Names that none of the wanted ones is, as
// they stand, are looked at again: they may be spelled with escapes.
static void find(const struct gv_json *json, int object, const struct wanted *wanted, int count) {
    int name = object + 1;
    for (int left = gv_json_size(json, object); left > 0; left--) {
        struct gv_slice raw = gv_json_string(json, name);
        int i = 0;
        while (i < count && !is_named(raw, &wanted[i])) i++;
        if (i == count && raw.len > 0 && memchr(raw.data, '\\', raw.len) != NULL) {
            i = 0;
            while (i < count && !gv_json_equals(json, name, wanted[i].name)) i++;
        }
        if (i < count) *wanted[i].token = name + 1;
        name = gv_json_next(json, name + 1);
    }
}

static void want(const struct gv_json *json, int *token, enum gv_json_type type) {
    if (*token >= 0 && gv_json_type(json, *token) != type) *token = GV_ETYPE;
}

static bool is_self(const struct gv_node *node, int dest) {
    struct gv_slice raw = gv_json_raw(node->config.json, dest);
    if (raw.len == node->quoted_len && memcmp(raw.data, node->quoted, raw.len) == 0) return true;
    return gv_json_equals(node->config.json, dest, node->name); // spelled with escapes
}

static int receive_line(struct gv_node *node, gv_time now) {
    const struct gv_json *json = node->config.json;
    struct line line = {-1, -1, -1, -1, -1, -1};
    int64_t id;
    const struct wanted outer[] = {
        {"src", 3, &line.src}, {"dest", 4, &line.dest}, {"body", 4, &line.body}};
    if (gv_json_type(json, 0) == GV_JSON_OBJECT) find(json, 0, outer, 3);
    want(json, &line.src, GV_JSON_STRING);
    want(json, &line.dest, GV_JSON_STRING);
    want(json, &line.body, GV_JSON_OBJECT);
    if (line.src < 0 || line.dest < 0 || line.body < 0) {
        complain(node, now, "not a message: %s is missing or of the wrong type",
                 line.src < 0    ? "src"
                 : line.dest < 0 ? "dest"
                                 : "body");
        return GV_ESYNTAX;
    }
    if (node->started && !is_self(node, line.dest)) {
        complain(node, now, "message to another node, %.*s", EXCERPT(json, line.dest));
        return GV_ENOENT;
    }
    const struct wanted inner[] = {{"type", 4, &line.type},
                                   {"msg_id", 6, &line.msg_id},
                                   {"in_reply_to", 11, &line.in_reply_to}};
    find(json, line.body, inner, 3);
    want(json, &line.type, GV_JSON_STRING);
    if (line.msg_id >= 0 && gv_json_i64(json, line.msg_id, &id) != 0) line.msg_id = GV_ETYPE;
    return receive_body(node, now, &line);
}

bool gv_node_ready(const struct gv_node *node) {
    return gv_reply_waiting(&node->reply) < GV_NODE_REPLIES_DEFAULT &&
           gv_reply_lists(&node->reply) < GV_NODE_READS_MAX &&
           (node->engine == NULL || gv_engine_ready(node->engine)) &&
           (node->config.store == NULL || gv_commit_ready(&node->commit));
}

int gv_node_receive(struct gv_node *node, gv_time now, const char *line, size_t len) {
    GV_ASSERT(gv_node_ready(node));
    node->counts.lines++;
    node->commit.now = now;
    if (len > node->config.line_max) {
        complain(node, now, "line longer than %zu bytes", node->config.line_max);
        return GV_EFULL;
    }
    // A newline would be white space to JSON, but split the reply that repeats it.
    const char *newline = len > 0 ? memchr(line, '\n', len) : NULL;
    if (newline != NULL) {
        complain(node, now, "undecodable line: newline at byte %zu", (size_t)(newline - line));
        return GV_ESYNTAX;
    }
    // Room for the answer first: what cannot be answered must not be done.
    int error = reserve_scratch(node, len);
    if (error == 0) error = gv_reply_reserve(&node->reply, len);
    if (error != 0) {
        complain(node, now, "line of %zu bytes: %s", len, gv_base_error(error));
        return error;
    }
    struct gv_json *json = node->config.json;
    int tokens = gv_json_parse(json, line, len);
    if (tokens < 0) {
        complain(node, now, "undecodable line: %s at byte %zu", json->error, json->error_offset);
        return tokens;
    }
    return receive_line(node, now);
}

// ---- Time ---------------------------------------------------------------------------------------

gv_time gv_node_deadline(const struct gv_node *node) {
    gv_time deadline = node->engine != NULL ? gv_engine_deadline(node->engine) : GV_TIME_NEVER;
    if (node->config.store == NULL) return deadline;
    gv_time commit = gv_commit_deadline(&node->commit);
    return commit < deadline ? commit : deadline;
}

// Says once if the links are too slow for the staleness asked for.
static void judge_links(struct gv_node *node) {
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    if (stats.staleness_ms <= node->config.staleness_ms) return;
    node->slow = true;
    say(node, GV_LOG_WARN,
        "the links are too slow for a staleness of %" PRIu32 " ms: about %" PRIu32
        " ms is what can be kept",
        node->config.staleness_ms, stats.staleness_ms);
}

void gv_node_advance(struct gv_node *node, gv_time now) {
    if (node->engine == NULL) return;
    gv_engine_advance(node->engine, now);
    if (!node->slow) judge_links(node);
}

void gv_node_flush(struct gv_node *node, gv_time now) {
    if (node->engine != NULL) gv_engine_flush(node->engine, now);
}

// ---- The store ----------------------------------------------------------------------------------

static void answer_writes(struct gv_node *node, gv_time now) {
    struct gv_slice self = {(const uint8_t *)node->quoted, node->quoted_len};
    gv_commit_answer(&node->commit, now, &node->reply, self);
}

const struct gv_store_batch *gv_node_batch(struct gv_node *node, gv_time now) {
    if (node->config.store == NULL) return NULL;
    answer_writes(node, now);
    return gv_commit_take(&node->commit, now);
}

void gv_node_written(struct gv_node *node, gv_time now, int error, const char *text) {
    GV_ASSERT(node->config.store != NULL);
    const char *fault = error == 0 ? NULL : text != NULL ? text : gv_base_error(error);
    bool turned = gv_commit_written(&node->commit, now, fault);
    if (turned && error != 0) say(node, GV_LOG_ERROR, "store: %s; it will be tried again", fault);
    if (turned && error == 0) say(node, GV_LOG_WARN, "store: works again");
    // What the workload has counted on is not going to happen.
    if (error != 0 && node->state != NULL && defers(node))
        memset(node->state, 0, node->config.workload->state_size);
    answer_writes(node, now);
}

bool gv_node_settle(struct gv_node *node) {
    node->commit.hurry = true;
    return node->config.store == NULL || gv_commit_settled(&node->commit);
}

bool gv_node_whole(const struct gv_node *node) {
    return node->config.store != NULL && gv_commit_settled(&node->commit) && !node->commit.failed;
}

// ---- Output -------------------------------------------------------------------------------------

// What a message's line takes besides its body.
enum { WRAPPING = sizeof "{\"src\":,\"dest\":,\"body\":}\n" - 1 + 2 * GV_NODE_QUOTED_MAX };

size_t gv_node_send_min(const struct gv_node *node) {
    return node->config.message_max + WRAPPING;
}

// Writes one line of gossip. The body is written first, behind room for the longest beginning a
// line can have, since only then it is known to whom it goes; then it moves up to the beginning.
static size_t send_gossip(struct gv_node *node, gv_time now, char *buf, size_t cap) {
    if (node->engine == NULL || !node->started) return 0;
    int peer;
    size_t room = WRAPPING - 2;
    size_t body = gv_engine_send(node->engine, now, buf + room, cap - WRAPPING, &peer);
    if (body == 0) return 0;
    GV_ASSERT(body <= node->config.message_max);

    char dest[GV_NODE_QUOTED_MAX];
    int dest_len = gv_json_quote(gv_engine_name(node->engine, peer), dest, sizeof dest);
    GV_ASSERT(dest_len > 0);
    int head = snprintf(buf, room, "{\"src\":%.*s,\"dest\":%.*s,\"body\":", (int)node->quoted_len,
                        node->quoted, dest_len, dest);
    GV_ASSERT(head > 0 && (size_t)head < room);
    size_t len = (size_t)head;
    memmove(buf + len, buf + room, body);
    len += body;
    buf[len++] = '}';
    buf[len++] = '\n';
    return len;
}

size_t gv_node_send(struct gv_node *node, gv_time now, char *buf, size_t cap) {
    GV_ASSERT(cap >= gv_node_send_min(node));
    if (node->config.store != NULL) answer_writes(node, now);
    struct gv_reply *reply = &node->reply;
    size_t len = 0;
    for (;;) {
        size_t gossip = 0;
        bool turn = node->replied >= GOSSIP_SHARE || gv_reply_waiting(reply) == 0;
        if (turn && !reply->midline) {
            if (cap - len < gv_node_send_min(node)) return len;
            gossip = send_gossip(node, now, buf + len, cap - len);
            node->replied = 0;
            len += gossip;
        }
        size_t replied = gv_reply_take(reply, node->engine, buf + len, cap - len, len == 0);
        node->replied += replied;
        len += replied;
        if (gossip + replied == 0) return len;
    }
}
