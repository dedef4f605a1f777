// SPDX-License-Identifier: MIT
#include "service.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    TOKENS_MAX = 1 << 26,
    SHOWN_MAX = 80, // the text of an error shows at most this many bytes of a value
    TEXT_MAX = 256,
};
#define STREAM (UINT64_C(1) << 61) // first random stream of the services

const char *const gv_service_names[GV_SERVICE_KINDS] = {
    [GV_SERVICE_LIN_KV] = "lin-kv",
    [GV_SERVICE_SEQ_KV] = "seq-kv",
    [GV_SERVICE_LWW_KV] = "lww-kv",
    [GV_SERVICE_LIN_TSO] = "lin-tso",
};

enum op { READ, WRITE, CAS, OPS };

static const struct {
    const char *type, *ok;
} ops[OPS] = {{"read", "read_ok"}, {"write", "write_ok"}, {"cas", "cas_ok"}};

// A request to a map, as canonical texts.
struct request {
    enum op op;
    bool create;                   // create_if_not_exists
    struct gv_slice key, from, to; // write: its value is `to`
};

struct outcome {
    int code;              // of an error; 0: success
    bool writes;           // the operation sets the key to `to`
    bool changes;          // `to` differs from the former value
    struct gv_slice found; // the key's value in the state, if it has one
};

int gv_service_find(struct gv_slice name) {
    for (int kind = 0; kind < GV_SERVICE_KINDS; kind++)
        if (gv_slice_equal(name, gv_slice_text(gv_service_names[kind]))) return kind;
    return GV_ENOENT;
}

void gv_service_init(struct gv_service *service, enum gv_service_kind kind, uint32_t clients,
                     uint64_t seed, size_t bytes_max) {
    GV_ASSERT(kind < GV_SERVICE_KINDS && clients > 0);
    *service = (struct gv_service){.kind = kind, .clients = clients};
    gv_prng_init(&service->prng, seed, STREAM + kind);
    gv_json_init(&service->json, gv_base_malloc(), TOKENS_MAX, 0);
    uint32_t states = kind == GV_SERVICE_SEQ_KV ? GV_SERVICE_STATES : 1;
    gv_versions_init(&service->versions, states, bytes_max);
    gv_lww_init(&service->lww, bytes_max);
    if (kind == GV_SERVICE_SEQ_KV) GV_MEMORY_ARRAY(service->seen, clients);
}

void gv_service_fini(struct gv_service *service) {
    gv_versions_fini(&service->versions);
    gv_lww_fini(&service->lww);
    gv_json_fini(&service->json);
    free(service->seen);
    free(service->scratch.data);
    *service = (struct gv_service){.clients = 0};
}

// ---- Replies ----

static void append(struct gv_service_reply *reply, const char *text) {
    gv_memory_append(&reply->body, text, strlen(text));
}

static void begin(struct gv_service_reply *reply, const char *type) {
    reply->type = type;
    reply->code = 0;
    reply->body.len = 0;
    append(reply, "{\"type\":\"");
    append(reply, type);
    append(reply, "\"");
}

static void end(struct gv_service *service, struct gv_service_reply *reply) {
    int id = gv_json_member(&service->json, 0, "msg_id");
    int64_t number;
    bool integer = id >= 0 && gv_json_i64(&service->json, id, &number) != GV_ETYPE;
    struct gv_slice raw = integer ? gv_json_raw(&service->json, id) : gv_slice_text("null");
    append(reply, ",\"in_reply_to\":");
    gv_memory_append(&reply->body, raw.data, raw.len);
    append(reply, "}");
}

// Sets *reply to an error. `text` is UTF-8 and shorter than TEXT_MAX.
static void fail(struct gv_service *service, struct gv_service_reply *reply, int code,
                 const char *text) {
    char head[48], quoted[6 * TEXT_MAX + 2];
    begin(reply, "error");
    reply->code = code;
    snprintf(head, sizeof head, ",\"code\":%d,\"text\":", code);
    append(reply, head);
    int len = gv_json_quote(gv_slice_text(text), quoted, sizeof quoted);
    GV_ASSERT(len > 0);
    gv_memory_append(&reply->body, quoted, (size_t)len);
    end(service, reply);
}

// Copies a JSON text to buf, at most SHOWN_MAX bytes of it in whole characters.
static const char *shown(struct gv_slice text, char buf[SHOWN_MAX + 4]) {
    size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80) len--;
    memcpy(buf, text.data, len);
    strcpy(buf + len, len < text.len ? "…" : "");
    return buf;
}

// ---- Requests ----

// Reads a member as canonical text into the scratch buffer at *at. Returns false if it is missing.
static bool take(struct gv_service *service, const char *name, size_t *at, struct gv_slice *text) {
    int token = gv_json_member(&service->json, 0, name);
    if (token < 0) return false;
    char *to = service->scratch.data + *at;
    int len = gv_json_canonical(&service->json, token, to, service->scratch.cap - *at);
    GV_ASSERT(len > 0); // no longer than the request
    *text = gv_slice_of(to, (size_t)len);
    *at += (size_t)len;
    return true;
}

// Reads a request to a map. Returns NULL, or the name of a missing member.
static const char *read_request(struct gv_service *service, struct request *request,
                                struct gv_slice body) {
    size_t at = 0;
    GV_MEMORY_GROW(service->scratch.data, &service->scratch.cap, body.len);
    if (!take(service, "key", &at, &request->key)) return "key";
    if (request->op == WRITE && !take(service, "value", &at, &request->to)) return "value";
    if (request->op != CAS) return NULL;
    if (!take(service, "from", &at, &request->from)) return "from";
    if (!take(service, "to", &at, &request->to)) return "to";
    int create = gv_json_member(&service->json, 0, "create_if_not_exists");
    enum gv_json_type type = gv_json_type(&service->json, create);
    request->create =
        type != GV_JSON_NONE && type != GV_JSON_NULL && type != GV_JSON_FALSE; // as in Maelstrom
    return NULL;
}

static struct outcome try_on(const struct request *request, bool has, struct gv_slice found) {
    struct outcome outcome = {.found = found};
    bool creates = request->op == WRITE || (request->op == CAS && request->create);
    if (!has && !creates) {
        outcome.code = GV_SERVICE_NO_KEY;
    } else if (has && request->op == CAS && !gv_slice_equal(found, request->from)) {
        outcome.code = GV_SERVICE_OTHER_VALUE;
    } else {
        outcome.writes = request->op != READ;
        outcome.changes = outcome.writes && (!has || !gv_slice_equal(found, request->to));
    }
    return outcome;
}

static struct outcome try_state(const struct gv_service *service, const struct request *request,
                                uint64_t state) {
    struct gv_slice found = {NULL, 0};
    bool has = gv_versions_get(&service->versions, state, request->key, &found);
    return try_on(request, has, found);
}

static struct outcome run_on_newest(struct gv_service *service, const struct request *request) {
    struct gv_versions *versions = &service->versions;
    struct outcome outcome = try_state(service, request, versions->last);
    if (outcome.changes && gv_versions_put(versions, request->key, request->to) != 0)
        outcome.code = GV_SERVICE_UNAVAILABLE;
    return outcome;
}

static struct outcome run_seq(struct gv_service *service, uint32_t client,
                              const struct request *request) {
    struct gv_versions *versions = &service->versions;
    uint64_t first = gv_versions_first(versions), *seen = &service->seen[client];
    if (*seen > first) first = *seen;
    uint64_t state = first + gv_prng_below(&service->prng, versions->last - first + 1);
    struct outcome outcome = try_state(service, request, state);
    if (!outcome.changes) {
        *seen = state;
        return outcome;
    }
    outcome = run_on_newest(service, request);
    // As in Maelstrom, there is a new state even if it equals the newest.
    if (!outcome.changes) gv_versions_repeat(versions);
    *seen = versions->last;
    return outcome;
}

static struct outcome run_lww(struct gv_service *service, const struct request *request) {
    struct gv_lww *lww = &service->lww;
    uint32_t from = (uint32_t)gv_prng_below(&service->prng, GV_LWW_REPLICAS);
    uint32_t into = (uint32_t)gv_prng_below(&service->prng, GV_LWW_REPLICAS);
    uint32_t replica = (uint32_t)gv_prng_below(&service->prng, GV_LWW_REPLICAS);
    gv_lww_merge(lww, from, into);
    struct request asked = *request;
    asked.create = false;
    struct gv_slice found = {NULL, 0};
    bool has = gv_lww_get(lww, replica, asked.key, &found);
    struct outcome outcome = try_on(&asked, has, found);
    // A write gets a new stamp even if the value stays the same.
    if (outcome.writes && gv_lww_put(lww, replica, asked.key, asked.to) != 0)
        outcome.code = GV_SERVICE_UNAVAILABLE;
    return outcome;
}

static void answer(struct gv_service *service, const struct request *request,
                   const struct outcome *outcome, struct gv_service_reply *reply) {
    char text[TEXT_MAX], found[SHOWN_MAX + 4], from[SHOWN_MAX + 4];
    switch (outcome->code) {
    case GV_SERVICE_NO_KEY:
        fail(service, reply, outcome->code, "key does not exist");
        return;
    case GV_SERVICE_OTHER_VALUE:
        snprintf(text, sizeof text, "current value %s is not %s", shown(outcome->found, found),
                 shown(request->from, from));
        fail(service, reply, outcome->code, text);
        return;
    case GV_SERVICE_UNAVAILABLE:
        snprintf(text, sizeof text, "%s is full: keys and values take %zu bytes",
                 gv_service_names[service->kind], service->versions.bytes + service->lww.bytes);
        fail(service, reply, outcome->code, text);
        return;
    default:
        break;
    }
    begin(reply, ops[request->op].ok);
    if (request->op == READ) {
        append(reply, ",\"value\":");
        gv_memory_append(&reply->body, outcome->found.data, outcome->found.len);
    }
    end(service, reply);
}

static void handle_map(struct gv_service *service, uint32_t client, struct gv_slice body,
                       enum op op, struct gv_service_reply *reply) {
    struct request request = {.op = op};
    char text[TEXT_MAX];
    const char *missing = read_request(service, &request, body);
    if (missing != NULL) {
        snprintf(text, sizeof text, "%s has no \"%s\"", ops[op].type, missing);
        fail(service, reply, GV_SERVICE_MALFORMED, text);
        return;
    }
    struct outcome outcome = service->kind == GV_SERVICE_LWW_KV ? run_lww(service, &request)
                             : service->kind == GV_SERVICE_SEQ_KV
                                 ? run_seq(service, client, &request)
                                 : run_on_newest(service, &request);
    answer(service, &request, &outcome, reply);
}

static void stamp(struct gv_service *service, struct gv_service_reply *reply) {
    char text[48];
    begin(reply, "ts_ok");
    snprintf(text, sizeof text, ",\"ts\":%" PRIu64, service->next++);
    append(reply, text);
    end(service, reply);
}

// Parses a request. Returns false if it is malformed; *reply is then an error that says why.
static bool parse(struct gv_service *service, struct gv_slice body,
                  struct gv_service_reply *reply) {
    struct gv_json *json = &service->json;
    const char *why = NULL;
    int64_t number;
    if (gv_json_parse(json, (const char *)body.data, body.len) < 0) {
        why = "the body is not JSON";
    } else if (gv_json_type(json, 0) != GV_JSON_OBJECT) {
        why = "the body is not an object";
    } else if (gv_json_type(json, gv_json_member(json, 0, "type")) != GV_JSON_STRING) {
        why = "the body has no \"type\", or it is not a string";
    } else {
        int id = gv_json_member(json, 0, "msg_id");
        if (id >= 0 && gv_json_i64(json, id, &number) == GV_ETYPE)
            why = "the \"msg_id\" is not an integer";
    }
    if (why != NULL) fail(service, reply, GV_SERVICE_MALFORMED, why);
    return why == NULL;
}

void gv_service_handle(struct gv_service *service, uint32_t client, struct gv_slice body,
                       struct gv_service_reply *reply) {
    GV_ASSERT(client < service->clients);
    if (!parse(service, body, reply)) return;
    const struct gv_json *json = &service->json;
    int type = gv_json_member(json, 0, "type");
    if (service->kind == GV_SERVICE_LIN_TSO && gv_json_equals(json, type, "ts")) {
        stamp(service, reply);
        return;
    }
    for (int op = 0; op < OPS && service->kind != GV_SERVICE_LIN_TSO; op++) {
        if (!gv_json_equals(json, type, ops[op].type)) continue;
        handle_map(service, client, body, (enum op)op, reply);
        return;
    }
    char text[TEXT_MAX], name[SHOWN_MAX + 4];
    snprintf(text, sizeof text, "%s has no operation %s", gv_service_names[service->kind],
             shown(gv_json_raw(json, type), name));
    fail(service, reply, GV_SERVICE_UNSUPPORTED, text);
}

void gv_service_refuse(struct gv_service *service, struct gv_slice body, const char *why,
                       struct gv_service_reply *reply) {
    GV_ASSERT(strlen(why) < TEXT_MAX);
    if (parse(service, body, reply)) fail(service, reply, GV_SERVICE_UNAVAILABLE, why);
}
