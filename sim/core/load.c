// SPDX-License-Identifier: MIT
#include "load.h"

#include "load_kafka.h"
#include "load_txn.h"

#include <inttypes.h>
#include <stdio.h>

enum { PRNG_STREAM = 3, DELTA_BOUND = 5, ECHO_BOUND = 128 };

// ---- Generators ----

static struct gv_load_op next_id(struct gv_load *load) {
    (void)load;
    return (struct gv_load_op){.kind = GV_HISTORY_GENERATE};
}

static struct gv_load_op next_echo(struct gv_load *load) {
    int64_t number = (int64_t)gv_prng_below(&load->prng, ECHO_BOUND);
    return (struct gv_load_op){.kind = GV_HISTORY_ECHO, .value = number};
}

// Whether the next operation is a read.
static bool draws_read(struct gv_load *load) {
    bool read = gv_prng_below(&load->prng, 2) == 0 && load->added;
    load->added = true;
    return read;
}

static struct gv_load_op next_of_set(struct gv_load *load) {
    if (draws_read(load)) return (struct gv_load_op){.kind = GV_HISTORY_READ};
    return (struct gv_load_op){.kind = GV_HISTORY_ADD, .value = load->next_value++};
}

static struct gv_load_op next_of_pn_counter(struct gv_load *load) {
    if (draws_read(load)) return (struct gv_load_op){.kind = GV_HISTORY_READ};
    int64_t delta = (int64_t)gv_prng_below(&load->prng, 2 * DELTA_BOUND) - DELTA_BOUND;
    return (struct gv_load_op){.kind = GV_HISTORY_ADD, .value = delta};
}

// A g-counter has no negative delta: draws again, as Maelstrom does.
static struct gv_load_op next_of_g_counter(struct gv_load *load) {
    struct gv_load_op op;
    do op = next_of_pn_counter(load);
    while (op.kind == GV_HISTORY_ADD && op.value < 0);
    return op;
}

// Maelstrom declares broadcast's reads idempotent, and no others.
static bool is_read(enum gv_history_kind kind) {
    return kind == GV_HISTORY_READ;
}

// ---- Transactions ----

// Operation n of the history is transaction n of the checker.
static struct gv_load_op txn_op(struct gv_load *load, const struct gv_load_txn *txn,
                                uint32_t count) {
    struct gv_slice content = gv_slice_of(txn->ops, count * sizeof *txn->ops);
    return (struct gv_load_op){GV_HISTORY_TXN, load->next_value++, content};
}

static struct gv_load_op next_txn(struct gv_load *load) {
    struct gv_load_txn *txn = load->state;
    if (!load->added) {
        gv_load_txn_init(txn, load->shape.key_count, load->shape.max_txn_length,
                         load->shape.max_writes_per_key);
        load->added = true;
    }
    return txn_op(load, txn, gv_load_txn_next(txn, &load->prng));
}

static enum gv_load_request txn_request(struct gv_load *load, uint32_t worker,
                                        const struct gv_history_op *op,
                                        struct gv_memory_bytes *body) {
    (void)load;
    (void)worker;
    gv_load_txn_body((const void *)op->content.data,
                     op->content.len / sizeof(struct gv_load_txn_op), body);
    return GV_LOAD_TXN;
}

static bool txn_reply(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                      enum gv_load_request request, const struct gv_json *json, int token) {
    (void)load;
    (void)worker;
    (void)op;
    (void)request;
    (void)json;
    (void)token;
    return false;
}

static void txn_end(struct gv_load *load, uint32_t worker, const struct gv_history_op *op) {
    (void)load;
    (void)worker;
    (void)op;
}

static bool final_txn(struct gv_load *load, uint32_t worker, struct gv_load_op *op, gv_time *wait) {
    struct gv_load_txn *txn = load->state;
    uint32_t count = gv_load_txn_final(txn, worker);
    if (count == 0) return false;
    *op = txn_op(load, txn, count);
    *wait = 0;
    return true;
}

static void fini_txn(struct gv_load *load) {
    gv_load_txn_fini(load->state);
}

// ---- The workloads ----

static const struct gv_load_class broadcast = {
    .is_set = true, .converges = true, .idempotent = is_read, .next = next_of_set};
static const struct gv_load_class g_set = {.is_set = true, .converges = true, .next = next_of_set};
static const struct gv_load_class g_counter = {
    .is_counter = true, .converges = true, .next = next_of_g_counter};
static const struct gv_load_class pn_counter = {
    .is_counter = true, .converges = true, .next = next_of_pn_counter};
static const struct gv_load_class echo = {.next = next_echo};
static const struct gv_load_class unique_ids = {.next = next_id};
static const struct gv_load_class txn_rw_register = {.has_logs = true,
                                                     .converges = true,
                                                     .extra_finals = true,
                                                     .next = next_txn,
                                                     .state_size = sizeof(struct gv_load_txn),
                                                     .fini = fini_txn,
                                                     .request = txn_request,
                                                     .reply = txn_reply,
                                                     .end = txn_end,
                                                     .final = final_txn};

static const struct gv_load_class *const classes[GV_LOAD_KINDS] = {
    [GV_LOAD_BROADCAST] = &broadcast,
    [GV_LOAD_G_SET] = &g_set,
    [GV_LOAD_G_COUNTER] = &g_counter,
    [GV_LOAD_PN_COUNTER] = &pn_counter,
    [GV_LOAD_ECHO] = &echo,
    [GV_LOAD_UNIQUE_IDS] = &unique_ids,
    [GV_LOAD_TXN_RW_REGISTER] = &txn_rw_register,
    [GV_LOAD_KAFKA] = &gv_load_kafka_class,
};

const char *const gv_load_names[] = {
    [GV_LOAD_BROADCAST] = "broadcast",
    [GV_LOAD_G_SET] = "g-set",
    [GV_LOAD_G_COUNTER] = "g-counter",
    [GV_LOAD_PN_COUNTER] = "pn-counter",
    [GV_LOAD_ECHO] = "echo",
    [GV_LOAD_UNIQUE_IDS] = "unique-ids",
    [GV_LOAD_TXN_RW_REGISTER] = "txn-rw-register",
    [GV_LOAD_KAFKA] = "kafka",
    [GV_LOAD_KINDS] = NULL,
};

const struct gv_load_class *gv_load_class(enum gv_load_kind kind) {
    GV_ASSERT(kind < GV_LOAD_KINDS);
    return classes[kind];
}

void gv_load_init(struct gv_load *load, enum gv_load_kind kind, double rate, uint64_t seed) {
    GV_ASSERT(kind < GV_LOAD_KINDS);
    GV_ASSERT(rate >= 0);
    *load = (struct gv_load){.kind = kind, .rate = rate, .workers = 1};
    gv_prng_init(&load->prng, seed, PRNG_STREAM);
    if (classes[kind]->state_size > 0) load->state = gv_memory_new(classes[kind]->state_size);
}

void gv_load_fini(struct gv_load *load) {
    if (load->state != NULL) classes[load->kind]->fini(load);
    free(load->state);
    load->state = NULL;
}

struct gv_load_op gv_load_next(struct gv_load *load) {
    return classes[load->kind]->next(load);
}

gv_time gv_load_gap(struct gv_load *load) {
    if (load->rate <= 0) return GV_TIME_NEVER;
    double gap = gv_prng_unit(&load->prng) * 2e9 / load->rate;
    if (gap >= 1e18) return GV_TIME_NEVER;
    load->scheduled += (gv_time)gap;
    return (gv_time)gap;
}

bool gv_load_is_set(enum gv_load_kind kind) {
    return classes[kind]->is_set;
}

bool gv_load_is_counter(enum gv_load_kind kind) {
    return classes[kind]->is_counter;
}

bool gv_load_has_logs(enum gv_load_kind kind) {
    return classes[kind]->has_logs;
}

bool gv_load_converges(enum gv_load_kind kind) {
    return classes[kind]->converges;
}

bool gv_load_counts_finals(enum gv_load_kind kind) {
    return !classes[kind]->extra_finals;
}

bool gv_load_final(struct gv_load *load, uint32_t worker, size_t before, struct gv_load_op *op,
                   gv_time *wait) {
    if (load->state != NULL) return classes[load->kind]->final(load, worker, op, wait);
    *op = (struct gv_load_op){.kind = GV_HISTORY_READ};
    *wait = 0;
    return before == 0;
}

// ---- Requests ----

enum gv_load_request gv_load_request_of(enum gv_load_kind kind, enum gv_history_kind op) {
    switch (op) {
    case GV_HISTORY_ADD:
        return kind == GV_LOAD_BROADCAST ? GV_LOAD_BROADCAST_MESSAGE : GV_LOAD_ADD;
    case GV_HISTORY_READ:
        if (kind == GV_LOAD_BROADCAST) return GV_LOAD_READ_MESSAGES;
        return kind == GV_LOAD_G_SET ? GV_LOAD_READ_ELEMENTS : GV_LOAD_READ_COUNT;
    case GV_HISTORY_ECHO:
        return GV_LOAD_ECHO_TEXT;
    case GV_HISTORY_GENERATE:
        return GV_LOAD_GENERATE_ID;
    default:
        break;
    }
    return GV_LOAD_NO_REQUEST;
}

static int add_body(enum gv_load_kind kind, struct gv_keys *keys, int64_t value,
                    char buf[GV_LOAD_BODY_MAX]) {
    if (!gv_load_is_set(kind))
        return snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"add\",\"delta\":%" PRId64, value);
    char text[GV_KEYS_TEXT_MAX];
    const char *head = kind == GV_LOAD_BROADCAST ? "\"type\":\"broadcast\",\"message\":"
                                                 : "\"type\":\"add\",\"element\":";
    return snprintf(buf, GV_LOAD_BODY_MAX, "%s%s", head, gv_keys_text(keys, value, text));
}

int gv_load_body(enum gv_load_kind kind, struct gv_keys *keys, struct gv_load_op op,
                 char buf[GV_LOAD_BODY_MAX]) {
    int len = 0;
    switch (op.kind) {
    case GV_HISTORY_ADD:
        len = add_body(kind, keys, op.value, buf);
        break;
    case GV_HISTORY_READ:
        len = snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"read\"");
        break;
    case GV_HISTORY_ECHO:
        len = snprintf(buf, GV_LOAD_BODY_MAX,
                       "\"type\":\"echo\",\"echo\":\"Please echo %" PRId64 "\"", op.value);
        break;
    default:
        GV_ASSERT(op.kind == GV_HISTORY_GENERATE);
        len = snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"generate\"");
        break;
    }
    GV_ASSERT(len > 0 && len < GV_LOAD_BODY_MAX);
    return len;
}

enum gv_load_request gv_load_next_request(struct gv_load *load, uint32_t worker,
                                          struct gv_keys *keys, const struct gv_history_op *op,
                                          struct gv_memory_bytes *body) {
    GV_ASSERT(worker < load->workers);
    if (load->state != NULL) return classes[load->kind]->request(load, worker, op, body);
    char text[GV_LOAD_BODY_MAX];
    struct gv_load_op asked = {.kind = op->kind, .value = op->value};
    int len = gv_load_body(load->kind, keys, asked, text);
    gv_memory_append(body, text, (size_t)len);
    return gv_load_request_of(load->kind, op->kind);
}

bool gv_load_reply(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                   enum gv_load_request request, const struct gv_json *json, int token) {
    return load->state != NULL &&
           classes[load->kind]->reply(load, worker, op, request, json, token);
}

void gv_load_end(struct gv_load *load, uint32_t worker, const struct gv_history_op *op) {
    if (load->state != NULL) classes[load->kind]->end(load, worker, op);
}
