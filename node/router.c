// SPDX-License-Identifier: MIT
#include "router.h"

#include "line.h"

#include <stdarg.h>
#include <stdio.h>

// Longest line, in bytes, whose buffers are kept for the next line.
enum { LONG_LINE = GV_ENGINE_MESSAGE_DEFAULT + (4 << 10) };

enum {
    RECOVER_MAX_MS = 2000, // how long an init waits for the recovery
    RETRY_MS = 10,         // time until the next attempt after memory for its reply ran out
};

// ---- Memory -------------------------------------------------------------------------------------

int gv_router_init(struct gv_router *router, const struct gv_router_config *config) {
    GV_ASSERT(config->alloc.resize != NULL && config->workload != NULL && config->json != NULL);
    *router = (struct gv_router){.config = *config, .init.until = GV_TIME_NEVER};
    return gv_limiter_init(&router->limiter, config->alloc, config->seed, config->client_rate,
                           config->client_burst);
}

static void free_scratch(struct gv_router *router) {
    struct gv_alloc alloc = router->config.alloc;
    gv_alloc_free(alloc, router->scratch, router->scratch_cap);
    router->scratch = NULL;
    router->scratch_cap = 0;
}

void gv_router_fini(struct gv_router *router) {
    gv_limiter_fini(&router->limiter);
    free_scratch(router);
}

static int reserve_scratch(struct gv_router *router, size_t len) {
    if (len <= router->scratch_cap) return 0;
    size_t cap = router->scratch_cap > 0 ? router->scratch_cap : 256;
    while (cap < len) cap *= 2;
    struct gv_alloc alloc = router->config.alloc;
    char *scratch = gv_alloc_resize(alloc, router->scratch, router->scratch_cap, cap);
    if (scratch == NULL) return GV_ENOMEM;
    router->scratch = scratch;
    router->scratch_cap = cap;
    return 0;
}

// ---- Replies ------------------------------------------------------------------------------------

static bool started(const struct gv_router *router) {
    return gv_session_started(router->config.session);
}

// A line that looks like a reply gets no reply, or two nodes could answer each other endlessly.
static bool answerable(const struct gv_router *router, const struct gv_line *line) {
    if (line->msg_id < 0 || line->in_reply_to >= 0) return false;
    return line->type < 0 || !gv_json_equals(router->config.json, line->type, "error");
}

static void open_reply(struct gv_router *router, const struct gv_line *line) {
    const struct gv_json *json = router->config.json;
    // Before init the node uses the name that the line is addressed to.
    struct gv_slice self =
        started(router) ? gv_session_quoted(router->config.session) : gv_json_raw(json, line->dest);
    gv_replies_open(router->config.replies, self, gv_json_raw(json, line->src),
                    gv_json_raw(json, line->msg_id));
}

// Replies with an error, or logs the same text if the line must not get a reply.
GV_PRINTF(5, 6)
static int refuse(struct gv_router *router, gv_time now, const struct gv_line *line, int code,
                  const char *format, ...) {
    char text[GV_LOG_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!answerable(router, line)) {
        gv_log_input_error(router->config.log, now, "%s", text);
        return GV_ESYNTAX;
    }
    open_reply(router, line);
    gv_replies_error(router->config.replies, code, text);
    return 0;
}

// ---- Requests -----------------------------------------------------------------------------------

static const struct gv_workload_handler *find_handler(const struct gv_router *router, int type) {
    const struct gv_workload_handler *handler = router->config.workload->handlers;
    for (; handler->type != NULL; handler++) {
        if (gv_json_equals(router->config.json, type, handler->type)) return handler;
    }
    return NULL;
}

static struct gv_request request_at(struct gv_router *router, gv_time now) {
    const struct gv_router_config *config = &router->config;
    return (struct gv_request){
        .alloc = config->alloc,
        .json = config->json,
        .now = now,
        .wall_ns = now + config->wall_offset,
        .incarnation = config->incarnation,
        .self = gv_session_quoted(config->session),
        .replies = config->replies,
        .engine = config->engine,
        .writes = config->writes,
        .state = config->state,
        .scratch = router->scratch,
        .scratch_cap = router->scratch_cap,
    };
}

static void warn_own_entry_raised(const struct gv_router *router) {
    gv_log_write(
        router->config.log, GV_LOG_WARN,
        "a peer has raised a counter of this node; further increments go to another entry");
}

struct gv_entry gv_router_shortfall(void *ctx, gv_time now, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key) {
    struct gv_router *router = ctx;
    struct gv_request request = request_at(router, now);
    warn_own_entry_raised(router);
    return router->config.workload->on_shortfall(&request, entry, shortfall, key);
}

static int receive_request(struct gv_router *router, gv_time now, const struct gv_line *line,
                           const struct gv_workload_handler *handler) {
    if (line->msg_id < 0)
        return refuse(router, now, line, GV_REPLIES_MALFORMED, "%s without integer msg_id",
                      handler->type);
    struct gv_request request = request_at(router, now);
    request.body = line->body;
    request.type = handler->type;
    open_reply(router, line);
    handler->handle(&request);
    if (request.own_entry_raised) warn_own_entry_raised(router);
    GV_ASSERT(!gv_replies_is_open(router->config.replies));
    return 0;
}

static bool recovers(const struct gv_router *router) {
    struct gv_engine_cut cut;
    return gv_engine_cut(router->config.engine, &cut) && cut.recovering;
}

// Lets the reply to an init wait. False: one waits already, or its sender has a long name.
static bool hold_init(struct gv_router *router, gv_time now, const struct gv_line *line) {
    const struct gv_json *json = router->config.json;
    struct gv_router_init *init = &router->init;
    struct gv_slice src = gv_json_raw(json, line->src), id = gv_json_raw(json, line->msg_id);
    if (init->until != GV_TIME_NEVER || src.len + id.len > sizeof init->text) return false;
    memcpy(init->text, src.data, src.len);
    memcpy(init->text + src.len, id.data, id.len);
    init->src_len = src.len;
    init->id_len = id.len;
    init->until = now + RECOVER_MAX_MS * GV_MS;
    return true;
}

void gv_router_advance(struct gv_router *router, gv_time now) {
    struct gv_router_init *init = &router->init;
    if (init->until == GV_TIME_NEVER || (now < init->until && recovers(router))) return;
    if (gv_replies_reserve(router->config.replies, sizeof init->text) != 0) {
        init->until = now + RETRY_MS * GV_MS;
        return;
    }
    gv_replies_open(router->config.replies, gv_session_quoted(router->config.session),
                    gv_slice_of(init->text, init->src_len),
                    gv_slice_of(init->text + init->src_len, init->id_len));
    gv_replies_ok(router->config.replies, "init_ok");
    init->until = GV_TIME_NEVER;
}

static int receive_init(struct gv_router *router, gv_time now, const struct gv_line *line) {
    if (!answerable(router, line))
        return refuse(router, now, line, 0, "init without integer msg_id");
    struct gv_session_request request = {router->config.json, line->body, router->scratch,
                                         router->scratch_cap};
    char reason[GV_SESSION_REASON_MAX];
    int code = gv_session_receive(router->config.session, now, &request, reason);
    if (code != 0) return refuse(router, now, line, code, "init: %s", reason);
    if (recovers(router) && hold_init(router, now, line)) return 0;
    open_reply(router, line);
    gv_replies_ok(router->config.replies, "init_ok");
    return 0;
}

static int refuse_over_rate(struct gv_router *router, gv_time now, const struct gv_line *line) {
    const struct gv_json *json = router->config.json;
    router->stats.limited++;
    return refuse(router, now, line, GV_REPLIES_UNAVAILABLE,
                  "%.*s: %.*s exceeds its limit of %u requests per second, in bursts of up to %u",
                  GV_LINE_EXCERPT(json, line->type), GV_LINE_EXCERPT(json, line->src),
                  router->config.client_rate, router->config.client_burst);
}

static int receive_gossip(struct gv_router *router, gv_time now, const struct gv_line *line) {
    int error =
        gv_gossip_receive(router->config.gossip, now,
                          &(struct gv_gossip_message){router->config.json, line, router->scratch,
                                                      router->scratch_cap});
    if (router->config.workload->on_gossip != NULL) {
        struct gv_request request = request_at(router, now);
        router->config.workload->on_gossip(&request);
    }
    return error;
}

static int receive_body(struct gv_router *router, gv_time now, struct gv_line *line) {
    const struct gv_json *json = router->config.json;
    const struct gv_workload_handler *handler = NULL;
    if (started(router) && line->type >= 0) handler = find_handler(router, line->type);
    bool gossip = handler == NULL && started(router) && router->config.workload->replica &&
                  line->type >= 0 && gv_message_is_type(json, line->type);
    if (gossip) return receive_gossip(router, now, line);
    gv_line_ids(line, json);
    router->stats.requests++;
    router->stats.request_bytes += router->line_len + 1;
    if (line->type < 0)
        return refuse(router, now, line, GV_REPLIES_MALFORMED, "body without type, a string");
    if (started(router) && !gv_limiter_allow(&router->limiter, now, gv_json_raw(json, line->src)))
        return refuse_over_rate(router, now, line);
    if (handler != NULL) return receive_request(router, now, line, handler);
    if (gv_json_equals(json, line->type, "init")) return receive_init(router, now, line);
    if (!started(router))
        return refuse(router, now, line, GV_REPLIES_UNAVAILABLE, "%.*s before init",
                      GV_LINE_EXCERPT(json, line->type));
    return refuse(router, now, line, GV_REPLIES_NOT_SUPPORTED, "%.*s is not supported by gv-%s",
                  GV_LINE_EXCERPT(json, line->type), router->config.workload->name);
}

static bool is_self(const struct gv_router *router, int dest) {
    struct gv_slice raw = gv_json_raw(router->config.json, dest),
                    self = gv_session_quoted(router->config.session);
    if (gv_slice_equal(raw, self)) return true;
    return gv_json_equals(router->config.json, dest,
                          gv_session_name(router->config.session)); // dest may have escapes
}

static int receive_line(struct gv_router *router, gv_time now) {
    const struct gv_json *json = router->config.json;
    struct gv_line line;
    gv_line_read(&line, json);
    if (line.src < 0 || line.dest < 0 || line.body < 0) {
        gv_log_input_error(router->config.log, now,
                           "not a message: %s is missing or of the wrong type",
                           line.src < 0    ? "src"
                           : line.dest < 0 ? "dest"
                                           : "body");
        return GV_ESYNTAX;
    }
    if (started(router) && !is_self(router, line.dest)) {
        gv_log_input_error(router->config.log, now, "message to another node, %.*s",
                           GV_LINE_EXCERPT(json, line.dest));
        return GV_ENOENT;
    }
    return receive_body(router, now, &line);
}

// ---- Lines that cannot be parsed ----------------------------------------------------------------

// Whether a raw text is exactly one JSON value of this type; if so, it is the parser's token 0.
static bool is_value(struct gv_router *router, struct gv_slice text, enum gv_json_type type) {
    struct gv_json *json = router->config.json;
    if (text.len == 0) return false;
    if (gv_json_parse(json, (const char *)text.data, text.len) != 1) return false;
    int64_t id;
    return gv_json_type(json, 0) == type &&
           (type != GV_JSON_NUMBER || gv_json_i64(json, 0, &id) == 0);
}

// Refuses a line: replies with an error of this code if the envelope can be read; else logs the
// reason and returns `error`.
static int refuse_line(struct gv_router *router, gv_time now, struct gv_slice line, int code,
                       int error, const char *reason) {
    struct gv_line_peek peek;
    gv_line_peek(&peek, (const char *)line.data, line.len);
    bool reply = peek.in_reply_to || (is_value(router, peek.type, GV_JSON_STRING) &&
                                      gv_json_equals(router->config.json, 0, "error"));
    bool answerable = !reply && is_value(router, peek.src, GV_JSON_STRING) &&
                      is_value(router, peek.msg_id, GV_JSON_NUMBER) &&
                      is_value(router, peek.dest, GV_JSON_STRING);
    if (answerable && started(router)) answerable = is_self(router, 0);
    size_t names = peek.src.len + peek.dest.len + peek.msg_id.len;
    if (!answerable || gv_replies_reserve(router->config.replies, names) != 0) {
        gv_log_input_error(router->config.log, now, "%s", reason);
        return error;
    }
    gv_replies_open(router->config.replies,
                    started(router) ? gv_session_quoted(router->config.session) : peek.dest,
                    peek.src, peek.msg_id);
    gv_replies_error(router->config.replies, code, reason);
    router->stats.requests++;
    router->stats.request_bytes += router->line_len + 1;
    return 0;
}

static int refuse_unparsed(struct gv_router *router, gv_time now, struct gv_slice line, int error) {
    const struct gv_json *json = router->config.json;
    char reason[GV_LOG_TEXT_MAX], bounds[80] = "";
    if (error == GV_EFULL)
        snprintf(bounds, sizeof bounds, "; a line has at most %zu tokens, nested %u deep",
                 json->tokens_max, json->depth_max);
    snprintf(reason, sizeof reason, "%s%s at byte %zu%s",
             error == GV_ESYNTAX ? "undecodable line: " : "", json->error, json->error_offset,
             bounds);
    int code = error == GV_ENOMEM ? GV_REPLIES_UNAVAILABLE : GV_REPLIES_MALFORMED;
    return refuse_line(router, now, line, code, error, reason);
}

// ---- Lines --------------------------------------------------------------------------------------

static int receive_complete(struct gv_router *router, gv_time now, struct gv_slice line) {
    const char *text = (const char *)line.data;
    // Memory for the reply is reserved first: a request that cannot be replied to must have no
    // effect.
    size_t len = line.len + router->config.workload->reply_max;
    int error = reserve_scratch(router, len);
    if (error == 0) error = gv_replies_reserve(router->config.replies, len);
    if (error != 0) {
        gv_log_input_error(router->config.log, now, "line of %zu bytes: %s", line.len,
                           gv_base_error(error));
        return error;
    }
    // JSON allows a newline as white space, but it would split a reply that repeats the text.
    const char *newline = line.len > 0 ? memchr(text, '\n', line.len) : NULL;
    if (newline != NULL) {
        char reason[GV_LOG_TEXT_MAX];
        snprintf(reason, sizeof reason, "undecodable line: newline at byte %zu",
                 (size_t)(newline - text));
        return refuse_line(router, now, line, GV_REPLIES_MALFORMED, GV_ESYNTAX, reason);
    }
    int tokens = gv_json_parse(router->config.json, text, line.len);
    return tokens < 0 ? refuse_unparsed(router, now, line, tokens) : receive_line(router, now);
}

static int refuse_longer(struct gv_router *router, gv_time now, const char *line) {
    char reason[GV_LOG_TEXT_MAX];
    struct gv_slice begin = gv_slice_of(line, router->config.line_max);
    snprintf(reason, sizeof reason, "line longer than %zu bytes", begin.len);
    return refuse_line(router, now, begin, GV_REPLIES_MALFORMED, GV_EFULL, reason);
}

int gv_router_receive(struct gv_router *router, gv_time now, struct gv_slice line) {
    router->stats.lines++;
    router->line_len = line.len;
    int error = line.len > router->config.line_max
                    ? refuse_longer(router, now, (const char *)line.data)
                    : receive_complete(router, now, line);
    if (line.len > LONG_LINE) {
        free_scratch(router);
        gv_replies_trim(router->config.replies);
    }
    return error;
}
