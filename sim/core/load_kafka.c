// SPDX-License-Identifier: MIT
#include "load_kafka.h"

#include "key_draw.h"
#include "keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    ASSIGN_ONE_IN = 64,
    UNSEEN_ONE_IN = 3,
    CRASH_INTERVAL_S = 30, // mean time between two crashes of a client
    FINAL_GAP_MS = 400,    // longest time between two final polls; the mean is half of it
};

// A key. Offsets are stored plus 1; 0: none.
struct key {
    uint64_t highest;      // highest offset in a reply to a send or poll
    uint64_t sent, polled; // highest offset in replies to sends, to polls
    bool listed;           // in `unseen`
};

struct assigned {
    bool is;
    uint64_t next; // offset to poll from
};

struct client {
    struct assigned *assigned; // by key
    size_t assigned_cap;
    uint64_t *keys; // assigned keys, in the order of assignment
    size_t count, keys_cap;
    uint64_t *given; // keys with messages in the current poll
    size_t given_len, given_cap;
    uint64_t *given_to; // highest offset of each of these keys
    size_t given_to_cap;
    int64_t sent_at; // the offset of the current send
    bool commits;    // the current request is commit_offsets

    enum { CRASHES, ASSIGNS, POLLS } step; // next of the final operations
    bool ending;                           // `targets` is set
    uint64_t *targets;                     // by key: offset to reach, plus 1; 0: none, or reached
    size_t targets_cap;
    uint64_t waits_for; // number of keys with a target
};

struct state {
    struct gv_key_draw draw; // a drawn write becomes a send, a read a poll
    bool drawn;              // `next` has the next send or poll
    struct {
        bool send;
        uint64_t key;
        int64_t message;
    } next;
    bool crashes; // crash_at is set
    gv_time crash_at;
    struct key *keys; // by number
    size_t known, keys_cap;
    uint64_t *unseen; // all keys with sent > polled, and possibly others; each once
    size_t unseen_len, unseen_cap;
    struct client *clients; // by worker
    size_t clients_cap;
    uint64_t *content; // content of the latest operation
    size_t content_cap;
};

static struct state *state_of(struct gv_load *load) {
    return load->state;
}

static struct client *client_of(struct gv_load *load, uint32_t worker) {
    struct state *state = load->state;
    GV_MEMORY_GROW(state->clients, &state->clients_cap, load->workers);
    return &state->clients[worker];
}

static struct key *key_of(struct state *state, uint64_t number) {
    GV_MEMORY_GROW(state->keys, &state->keys_cap, number + 1);
    if (number >= state->known) state->known = number + 1;
    return &state->keys[number];
}

// ---- Contents ----

static const uint64_t *words_of(const struct gv_history_op *op, size_t *count) {
    *count = op->content.len / sizeof(uint64_t);
    return (const uint64_t *)(const void *)op->content.data;
}

uint64_t gv_load_kafka_key(const struct gv_history_op *op) {
    size_t count;
    const uint64_t *words = words_of(op, &count);
    GV_ASSERT(op->kind == GV_HISTORY_SEND && count == 1);
    return words[0];
}

const uint64_t *gv_load_kafka_keys(const struct gv_history_op *op, size_t *count, bool *from_0) {
    const uint64_t *words = words_of(op, count);
    GV_ASSERT(op->kind == GV_HISTORY_ASSIGN && *count > 0);
    *from_0 = words[0] != 0;
    --*count;
    return words + 1;
}

int64_t gv_load_kafka_number(const struct gv_json *json, int token) {
    char name[24];
    int len = gv_json_unescape(json, token, name, sizeof name);
    return len < 0 ? GV_ENOENT : gv_keys_number(gv_slice_of(name, (size_t)len));
}

static struct gv_slice content_of(const struct state *state, size_t words) {
    return gv_slice_of(state->content, words * sizeof *state->content);
}

// ---- Operations ----

// Writes the keys of an assign: the key of the next operation and, if `all`, the keys with unseen
// messages.
static size_t write_keys(struct state *state, bool all) {
    size_t len = 1, left = 0;
    GV_MEMORY_GROW(state->content, &state->content_cap, state->unseen_len + 2);
    state->content[0] = false;
    bool has = false;
    for (size_t i = 0; i < state->unseen_len; i++) {
        uint64_t key = state->unseen[i];
        state->keys[key].listed = state->keys[key].sent > state->keys[key].polled;
        if (!state->keys[key].listed) continue;
        state->unseen[left++] = key;
        if (all) state->content[len++] = key;
        has = has || (all && key == state->next.key);
    }
    state->unseen_len = left;
    if (!has) state->content[len++] = state->next.key;
    return len;
}

static gv_time draw_crash(struct gv_load *load) {
    double gap = gv_prng_unit(&load->prng) * 2 * CRASH_INTERVAL_S / load->workers;
    return load->scheduled + (gv_time)(gap * 1e9);
}

static struct gv_load_op next(struct gv_load *load) {
    struct state *state = state_of(load);
    if (!state->crashes) state->crash_at = draw_crash(load);
    state->crashes = true;
    if (load->scheduled >= state->crash_at) {
        state->crash_at = draw_crash(load);
        return (struct gv_load_op){.kind = GV_HISTORY_CRASH};
    }
    if (!state->drawn) {
        if (state->draw.max_writes == 0) {
            uint32_t writes = load->shape.max_writes_per_key;
            state->draw.max_writes = writes > 0 ? writes : GV_KEY_DRAW_WRITES_MAX;
            state->draw.count = load->shape.key_count;
        }
        state->next.send =
            gv_key_draw_next(&state->draw, &load->prng, &state->next.key, &state->next.message);
        key_of(state, state->next.key);
    }
    state->drawn = gv_prng_below(&load->prng, ASSIGN_ONE_IN) == 0;
    if (state->drawn) {
        bool all = gv_prng_below(&load->prng, UNSEEN_ONE_IN) == 0;
        size_t words = write_keys(state, all);
        return (struct gv_load_op){.kind = GV_HISTORY_ASSIGN, .content = content_of(state, words)};
    }
    if (!state->next.send) return (struct gv_load_op){.kind = GV_HISTORY_POLL};
    GV_MEMORY_GROW(state->content, &state->content_cap, 1);
    state->content[0] = state->next.key;
    return (struct gv_load_op){
        .kind = GV_HISTORY_SEND, .value = state->next.message, .content = content_of(state, 1)};
}

// ---- Requests ----

GV_PRINTF(2, 3)
static void put(struct gv_memory_bytes *body, const char *format, ...) {
    char text[160];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    GV_ASSERT(len > 0 && (size_t)len < sizeof text);
    gv_memory_append(body, text, (size_t)len);
}

static void put_offsets(struct gv_memory_bytes *body, const char *type, const uint64_t *keys,
                        const uint64_t *offsets, size_t count) {
    put(body, "\"type\":\"%s\",\"offsets\":{", type);
    for (size_t i = 0; i < count; i++) {
        put(body, "%s\"%" PRIu64 "\":%" PRIu64, i > 0 ? "," : "", keys[i], offsets[i]);
    }
    put(body, "}");
}

static void put_poll(struct gv_memory_bytes *body, const struct client *client) {
    put(body, "\"type\":\"poll\",\"offsets\":{");
    for (size_t i = 0; i < client->count; i++) {
        uint64_t key = client->keys[i];
        put(body, "%s\"%" PRIu64 "\":%" PRIu64, i > 0 ? "," : "", key, client->assigned[key].next);
    }
    put(body, "}");
}

// Assigns keys. The client polls each key from 0 if `from_0`, else from its last offset if the key
// was assigned, else from the committed offset or 0.
static void assign(struct client *client, const uint64_t *keys, size_t count, bool from_0,
                   const struct gv_json *json, int committed) {
    for (size_t i = 0; i < count; i++) {
        GV_MEMORY_GROW(client->assigned, &client->assigned_cap, keys[i] + 1);
        struct assigned *assigned = &client->assigned[keys[i]];
        char name[24];
        int64_t offset;
        if (from_0) assigned->next = 0;
        if (from_0 || assigned->is) continue;
        snprintf(name, sizeof name, "%" PRIu64, keys[i]);
        int token = gv_json_member(json, committed, name);
        bool known = token >= 0 && gv_json_i64(json, token, &offset) == 0 && offset > 0;
        assigned->next = known ? (uint64_t)offset : 0;
    }
    for (size_t i = 0; i < client->count; i++) client->assigned[client->keys[i]].is = false;
    GV_MEMORY_GROW(client->keys, &client->keys_cap, count);
    if (count > 0) memcpy(client->keys, keys, count * sizeof *keys);
    for (size_t i = 0; i < count; i++) client->assigned[keys[i]].is = true;
    client->count = count;
}

static enum gv_load_request request(struct gv_load *load, uint32_t worker,
                                    const struct gv_history_op *op, struct gv_memory_bytes *body) {
    struct client *client = client_of(load, worker);
    bool from_0;
    size_t count;
    const uint64_t *keys;
    if (client->commits) {
        client->commits = false;
        put_offsets(body, "commit_offsets", client->given, client->given_to, client->given_len);
        return GV_LOAD_COMMIT_OFFSETS;
    }
    switch (op->kind) {
    case GV_HISTORY_SEND:
        put(body, "\"type\":\"send\",\"key\":\"%" PRIu64 "\",\"msg\":%" PRId64,
            gv_load_kafka_key(op), op->value);
        return GV_LOAD_SEND;
    case GV_HISTORY_POLL:
        put_poll(body, client);
        return GV_LOAD_POLL;
    case GV_HISTORY_ASSIGN:
        keys = gv_load_kafka_keys(op, &count, &from_0);
        if (from_0) assign(client, keys, count, true, NULL, 0);
        if (from_0) return GV_LOAD_NO_REQUEST;
        put(body, "\"type\":\"list_committed_offsets\",\"keys\":[");
        for (size_t i = 0; i < count; i++)
            put(body, "%s\"%" PRIu64 "\"", i > 0 ? "," : "", keys[i]);
        put(body, "]");
        return GV_LOAD_LIST_COMMITTED_OFFSETS;
    default:
        GV_ASSERT(op->kind == GV_HISTORY_CRASH);
        return GV_LOAD_NO_REQUEST;
    }
}

// ---- Replies ----

// Handles the messages of a key in a reply. The next poll begins after the highest offset.
static void take_messages(struct state *state, struct client *client, uint64_t key,
                          const struct gv_json *json, int list) {
    int64_t highest = -1;
    int pair = list + 1;
    for (int i = 0; i < gv_json_size(json, list); i++, pair = gv_json_next(json, pair)) {
        int64_t offset;
        if (gv_json_i64(json, pair + 1, &offset) == 0 && offset > highest) highest = offset;
    }
    if (highest < 0 || key >= state->known) return;
    GV_MEMORY_GROW(client->assigned, &client->assigned_cap, key + 1);
    struct assigned *assigned = &client->assigned[key];
    if (!assigned->is) { // as in Maelstrom, the client also polls this key from now on
        *assigned = (struct assigned){.is = true};
        GV_MEMORY_GROW(client->keys, &client->keys_cap, client->count + 1);
        client->keys[client->count++] = key;
    }
    if ((uint64_t)highest + 1 > assigned->next) assigned->next = (uint64_t)highest + 1;
    GV_MEMORY_GROW(client->given, &client->given_cap, client->given_len + 1);
    GV_MEMORY_GROW(client->given_to, &client->given_to_cap, client->given_len + 1);
    client->given[client->given_len] = key;
    client->given_to[client->given_len++] = (uint64_t)highest;
}

static bool reply(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                  enum gv_load_request asked, const struct gv_json *json, int token) {
    struct client *client = client_of(load, worker);
    bool from_0;
    size_t count;
    switch (asked) {
    case GV_LOAD_SEND:
        if (gv_json_i64(json, token, &client->sent_at) != 0) client->sent_at = -1;
        return false;
    case GV_LOAD_POLL:
        client->given_len = 0;
        for (int i = 0, name = token + 1; i < gv_json_size(json, token); i++) {
            int64_t key = gv_load_kafka_number(json, name);
            if (key >= 0) take_messages(load->state, client, (uint64_t)key, json, name + 1);
            name = gv_json_next(json, name + 1);
        }
        client->commits = client->given_len > 0;
        return client->commits;
    case GV_LOAD_LIST_COMMITTED_OFFSETS: {
        const uint64_t *keys = gv_load_kafka_keys(op, &count, &from_0);
        assign(client, keys, count, false, json, token);
        return false;
    }
    default:
        return false;
    }
}

// ---- The end of an operation ----

static void raise(uint64_t *offset, uint64_t to) {
    if (to > *offset) *offset = to;
}

static void note_poll(struct state *state, struct client *client) {
    for (size_t i = 0; i < client->given_len; i++) {
        struct key *key = key_of(state, client->given[i]);
        uint64_t to = client->given_to[i] + 1;
        raise(&key->highest, to);
        raise(&key->polled, to);
        uint64_t number = client->given[i];
        if (!client->ending || number >= client->targets_cap) continue;
        if (client->targets[number] == 0 || to < client->targets[number]) continue;
        client->targets[number] = 0;
        client->waits_for--;
    }
}

static void end(struct gv_load *load, uint32_t worker, const struct gv_history_op *op) {
    struct state *state = state_of(load);
    struct client *client = client_of(load, worker);
    client->commits = false;
    if (op->outcome == GV_HISTORY_OK && op->kind == GV_HISTORY_POLL) note_poll(state, client);
    if (op->outcome == GV_HISTORY_OK && op->kind == GV_HISTORY_SEND && client->sent_at >= 0) {
        uint64_t number = gv_load_kafka_key(op);
        struct key *key = key_of(state, number);
        raise(&key->highest, (uint64_t)client->sent_at + 1);
        raise(&key->sent, (uint64_t)client->sent_at + 1);
        if (!key->listed && key->sent > key->polled) {
            key->listed = true;
            GV_MEMORY_GROW(state->unseen, &state->unseen_cap, state->unseen_len + 1);
            state->unseen[state->unseen_len++] = number;
        }
    }
    client->given_len = 0;
    if (op->outcome != GV_HISTORY_INFO) return;
    for (size_t i = 0; i < client->count; i++) client->assigned[client->keys[i]].is = false;
    client->count = 0;
    if (client->step == POLLS) client->step = ASSIGNS;
}

// ---- Final operations ----

static bool final(struct gv_load *load, uint32_t worker, struct gv_load_op *op, gv_time *wait) {
    struct state *state = state_of(load);
    struct client *client = client_of(load, worker);
    if (!client->ending && state->known > 0) {
        GV_MEMORY_GROW(client->targets, &client->targets_cap, state->known);
        for (uint64_t key = 0; key < state->known; key++) {
            client->targets[key] = state->keys[key].highest;
            client->waits_for += client->targets[key] > 0;
        }
        client->ending = true;
    }
    if (client->waits_for == 0) return false;
    *wait = 0;
    *op = (struct gv_load_op){.kind = GV_HISTORY_CRASH};
    if (client->step == CRASHES) {
        client->step = ASSIGNS;
    } else if (client->step == ASSIGNS) {
        size_t len = 1;
        GV_MEMORY_GROW(state->content, &state->content_cap, state->known + 1);
        state->content[0] = true;
        for (uint64_t key = 0; key < state->known; key++)
            if (state->keys[key].highest > 0) state->content[len++] = key;
        *op = (struct gv_load_op){.kind = GV_HISTORY_ASSIGN, .content = content_of(state, len)};
        client->step = POLLS;
    } else {
        *op = (struct gv_load_op){.kind = GV_HISTORY_POLL};
        *wait = (gv_time)(gv_prng_unit(&load->prng) * FINAL_GAP_MS * (double)GV_MS) + 1;
    }
    return true;
}

static void fini(struct gv_load *load) {
    struct state *state = state_of(load);
    for (size_t i = 0; i < state->clients_cap; i++) {
        struct client *client = &state->clients[i];
        free(client->assigned);
        free(client->keys);
        free(client->given);
        free(client->given_to);
        free(client->targets);
    }
    free(state->clients);
    free(state->keys);
    free(state->unseen);
    free(state->content);
}

// An assign changes no state of the nodes.
static bool is_assign(enum gv_history_kind kind) {
    return kind == GV_HISTORY_ASSIGN;
}

const struct gv_load_class gv_load_kafka_class = {
    .has_logs = true,
    .converges = true,
    .idempotent = is_assign,
    .next = next,
    .state_size = sizeof(struct state),
    .fini = fini,
    .request = request,
    .reply = reply,
    .end = end,
    .final = final,
};
