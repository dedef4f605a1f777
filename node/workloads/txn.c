// SPDX-License-Identifier: MIT
// Transactions over registers, totally available: a transaction runs on this node's replica, so it
// is answered without a message, also in a partition. It is one entry, with all its writes, so no
// node ever sees half of it, whether push or sync brings it: reads are of committed data, and
// atomic (Bailis et al., "Scalable Atomic Visibility with RAMP Transactions", SIGMOD 2014).
//
// Its reads see the transactions that the replica has, and its own writes before them. Its writes,
// the last of each key, become an element of this incarnation's log, under a stamp above every one
// that the node has seen: a Lamport count that keeps up with the clock (a hybrid logical clock:
// Kulkarni et al., OPODIS 2014), so that a write wins over those that were visible before it, and
// over most of those that it did not see but that are older.
#include "../../engine/offset.h"
#include "../registers.h"
#include "../workload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    OPS_KEPT = 1024,        // a longer transaction's memory is freed after it
    TICK_NS = 10 * 1000000, // the clock's share of a count advances once in this time
    REPLY_MAX = 1 << 20,    // maximum size of a reply without the request's text, bytes
    BRACKETS = sizeof("[\"r\",,],") - 1, // the brackets that an operation has in a reply
    NONE = -1,
};

// Counts follow the clock up to here, the year 2057: half of them remain if a clock is wrong.
#define CLOCK_COUNT_MAX (GV_OFFSET_COUNT_MAX / 2)

struct operation {
    struct gv_slice key, value; // canonical; the value of a write
    int next;                   // the next write in its bucket, or NONE
    bool write;
    bool last; // the last write of its key
};

// Memory that grows and is used again.
struct buffer {
    void *data;
    size_t size; // bytes
};

struct txn {
    struct gv_alloc alloc; // resize NULL: the state is zeroed
    struct gv_registers registers;
    uint64_t count; // count of the last stamp that this node has given; 0: none
    struct buffer operations, buckets, reply, writes;
    int op_count;
    uint32_t bucket_mask;
};

static void start(struct gv_request *request, struct txn *txn) {
    if (txn->alloc.resize != NULL) return;
    txn->alloc = request->alloc;
    gv_registers_init(&txn->registers, request->alloc, request->incarnation);
}

static void release(struct txn *txn, struct buffer *buffer) {
    gv_alloc_free(txn->alloc, buffer->data, buffer->size);
    *buffer = (struct buffer){0};
}

static void fini(void *state) {
    struct txn *txn = state;
    if (txn->alloc.resize == NULL) return;
    gv_registers_fini(&txn->registers);
    struct buffer *buffers[] = {&txn->operations, &txn->buckets, &txn->reply, &txn->writes};
    for (size_t i = 0; i < GV_COUNT(buffers); i++) release(txn, buffers[i]);
}

static void trim(struct txn *txn) {
    if (txn->op_count > OPS_KEPT) {
        release(txn, &txn->operations);
        release(txn, &txn->buckets);
    }
    if (txn->reply.size > GV_ENTRY_SIZE_MAX) release(txn, &txn->reply);
}

// Makes a buffer at least this long; keeps its content. False: out of memory.
static bool reserve(struct txn *txn, struct buffer *buffer, size_t size) {
    if (size <= buffer->size) return true;
    size_t larger = 2 * size;
    void *data = gv_alloc_resize(txn->alloc, buffer->data, buffer->size, larger);
    if (data == NULL) return false;
    *buffer = (struct buffer){data, larger};
    return true;
}

static struct operation *operation_at(const struct txn *txn, int index) {
    return (struct operation *)txn->operations.data + index;
}

GV_PRINTF(3, 4)
static void refuse(struct gv_request *request, int code, const char *format, ...) {
    char text[GV_REPLIES_TEXT_MAX];
    size_t len = (size_t)snprintf(text, sizeof text, "txn: ");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + len, sizeof text - len, format, arguments);
    va_end(arguments);
    gv_replies_error(request->replies, code, text);
}

static void refuse_for_memory(struct gv_request *request) {
    refuse(request, GV_REPLIES_UNAVAILABLE, "out of memory");
}

// ---- Reading the request ------------------------------------------------------------------------

// Appends the canonical text of a value to the scratch memory, which has room for that of the line.
static struct gv_slice canonical(struct gv_request *request, int token, size_t *used) {
    char *to = request->scratch + *used;
    int len = gv_json_canonical(request->json, token, to, request->scratch_cap - *used);
    GV_ASSERT(len > 0);
    *used += (size_t)len;
    return gv_slice_of(to, (size_t)len);
}

// Reads an operation, ["r",KEY,null] or ["w",KEY,VALUE]. Returns what is wrong, or NULL.
static const char *read_operation(struct gv_request *request, int token, size_t *used,
                                  struct operation *out) {
    struct gv_json *json = request->json;
    if (gv_json_type(json, token) != GV_JSON_ARRAY || gv_json_size(json, token) != 3)
        return "is not an array of three elements";
    int function = token + 1, key = gv_json_next(json, function), value = gv_json_next(json, key);
    bool write = gv_json_equals(json, function, "w");
    if (!write && !gv_json_equals(json, function, "r"))
        return "is neither a read, r, nor a write, w";
    if (!write && gv_json_type(json, value) != GV_JSON_NULL)
        return "is a read whose third element is not null";
    *out = (struct operation){.write = write, .next = NONE};
    out->key = canonical(request, key, used);
    if (write) out->value = canonical(request, value, used);
    return NULL;
}

// Reads the operations. False: replied with an error.
static bool read_operations(struct gv_request *request, struct txn *txn, int array) {
    const struct gv_json *json = request->json;
    txn->op_count = gv_json_size(json, array);
    size_t count = (size_t)txn->op_count, buckets = 16, used = 0;
    while (buckets < count) buckets *= 2;
    if (!reserve(txn, &txn->operations, (count + 1) * sizeof(struct operation)) ||
        !reserve(txn, &txn->buckets, buckets * sizeof(int))) {
        refuse_for_memory(request);
        return false;
    }
    txn->bucket_mask = (uint32_t)buckets - 1;
    for (size_t i = 0; i < buckets; i++) ((int *)txn->buckets.data)[i] = NONE;
    int token = array + 1;
    for (int i = 0; i < txn->op_count; i++, token = gv_json_next(json, token)) {
        const char *fault = read_operation(request, token, &used, operation_at(txn, i));
        if (fault == NULL) continue;
        refuse(request, GV_REPLIES_MALFORMED, "operation %d %s", i, fault);
        return false;
    }
    return true;
}

// ---- Running ------------------------------------------------------------------------------------

static int *bucket_of(struct txn *txn, struct gv_slice key) {
    uint32_t hash = (uint32_t)gv_registers_hash(&txn->registers, key);
    return (int *)txn->buckets.data + (hash & txn->bucket_mask);
}

// The link to the last write of the key so far, in its bucket; NULL: there is none.
static int *find_write(struct txn *txn, struct gv_slice key) {
    for (int *link = bucket_of(txn, key); *link != NONE; link = &operation_at(txn, *link)->next) {
        if (gv_slice_equal(operation_at(txn, *link)->key, key)) return link;
    }
    return NULL;
}

// Puts a write into its bucket, in place of an earlier one of the key.
static void note_write(struct txn *txn, int index) {
    struct operation *operation = operation_at(txn, index);
    int *link = find_write(txn, operation->key);
    if (link != NULL) {
        operation_at(txn, *link)->last = false;
        operation->next = operation_at(txn, *link)->next;
    } else {
        link = bucket_of(txn, operation->key);
        operation->next = *link;
    }
    operation->last = true;
    *link = index;
}

static struct gv_slice value_of(struct gv_request *request, struct txn *txn, struct gv_slice key) {
    const int *own = find_write(txn, key);
    struct gv_slice value = gv_slice_of("null", 4);
    if (own != NULL) return operation_at(txn, *own)->value;
    gv_registers_get(&txn->registers, request->engine, key, &value);
    return value;
}

static char *append(char *to, const char *text, struct gv_slice slice) {
    size_t len = strlen(text);
    memcpy(to, text, len);
    memcpy(to + len, slice.data, slice.len);
    return to + len + slice.len;
}

// Runs the operations in order and writes the reply's text. Returns its length; 0: replied with an
// error.
static size_t run(struct gv_request *request, struct txn *txn, size_t most) {
    size_t len = 0;
    for (int i = 0; i < txn->op_count; i++) {
        struct operation *operation = operation_at(txn, i);
        if (operation->write) note_write(txn, i);
        struct gv_slice value =
            operation->write ? operation->value : value_of(request, txn, operation->key);
        size_t more = operation->key.len + value.len + BRACKETS;
        if (more > most - len) {
            refuse(request, GV_REPLIES_UNAVAILABLE,
                   "the reply is longer than the limit of %zu bytes: read less at once", most);
            return 0;
        }
        if (!reserve(txn, &txn->reply, len + more + 2)) {
            refuse_for_memory(request);
            return 0;
        }
        char *start = (char *)txn->reply.data + len, *at = start;
        at = append(at, i == 0 ? "[" : ",", gv_slice_of(operation->write ? "[\"w\"" : "[\"r\"", 4));
        at = append(at, ",", operation->key);
        at = append(at, ",", value);
        *at++ = ']';
        len += (size_t)(at - start);
    }
    if (!reserve(txn, &txn->reply, 2)) {
        refuse_for_memory(request);
        return 0;
    }
    char *text = txn->reply.data;
    if (len == 0) text[len++] = '[';
    text[len++] = ']';
    return len;
}

// ---- Writing ------------------------------------------------------------------------------------

// The length of the transaction's value, [[KEY,VALUE],…] with the last write of each key.
static size_t measure(const struct txn *txn, size_t *keys) {
    size_t len = sizeof("[]") - 1;
    *keys = 0;
    for (int i = 0; i < txn->op_count; i++) {
        const struct operation *operation = operation_at(txn, i);
        if (!operation->last) continue;
        len += operation->key.len + operation->value.len + sizeof("[,]") - 1 + (*keys > 0);
        ++*keys;
    }
    return len;
}

// Writes that value, for which there is room.
static struct gv_slice write_value(const struct txn *txn) {
    char *text = txn->writes.data, *at = text;
    for (int i = 0; i < txn->op_count; i++) {
        const struct operation *operation = operation_at(txn, i);
        if (!operation->last) continue;
        at = append(at, at == text ? "[[" : ",[", operation->key);
        at = append(at, ",", operation->value);
        *at++ = ']';
    }
    *at++ = ']';
    return gv_slice_of(text, (size_t)(at - text));
}

// The count of the next stamp; more than GV_OFFSET_COUNT_MAX: there are no more.
static uint64_t next_count(const struct gv_request *request, const struct txn *txn) {
    uint64_t clock = request->wall_ns / TICK_NS;
    uint64_t count = gv_offset_count(GV_OFFSET_SLOT_BITS_MAX, txn->registers.stamp);
    if (txn->count > count) count = txn->count;
    count++;
    return clock > count && clock <= CLOCK_COUNT_MAX ? clock : count;
}

// The key of this node's element: ["NODE-INCARNATION",STAMP].
static struct gv_slice own_key(const struct gv_request *request, uint64_t stamp, char *buf,
                               size_t cap) {
    char name[GV_NODE_QUOTED_MAX + 20];
    int len = snprintf(name, sizeof name, "%.*s-%016" PRIx64 "\"", (int)request->self.len - 1,
                       (const char *)request->self.data, request->incarnation);
    GV_ASSERT(len > 0 && (size_t)len < sizeof name);
    len = gv_entry_log_key_put(buf, cap, gv_slice_of(name, (size_t)len), stamp);
    GV_ASSERT(len > 0);
    return gv_slice_of(buf, (size_t)len);
}

static void use_index(struct gv_request *request, const struct txn *txn) {
    gv_engine_set_index(request->engine, gv_registers_memory(&txn->registers));
}

// Brings the registers up to date. False: out of memory.
static bool update(struct gv_request *request, struct txn *txn) {
    start(request, txn);
    int error = gv_registers_update(&txn->registers, request->engine);
    use_index(request, txn);
    return error == 0;
}

// Stores the writes of a transaction that has been run, and replies with its result.
static void commit(struct gv_request *request, struct txn *txn, struct gv_slice result) {
    size_t keys, len = measure(txn, &keys);
    uint64_t count = next_count(request, txn);
    int slot = gv_engine_self(request->engine);
    GV_ASSERT(slot >= 0);
    if (count > GV_OFFSET_COUNT_MAX) {
        refuse(request, GV_REPLIES_UNAVAILABLE,
               "not stored: a node has used the last stamp, so there is none above it");
        return;
    }
    char key[GV_NODE_QUOTED_MAX + 20 + GV_ENTRY_LOG_KEY_MAX];
    struct gv_entry entry = {
        .lattice = GV_LATTICE_LOG,
        .key = own_key(request, gv_offset_of(GV_OFFSET_SLOT_BITS_MAX, count, (uint32_t)slot), key,
                       sizeof key)};
    size_t most = (size_t)GV_ENTRY_SIZE_MAX - entry.key.len;
    if (len > most) {
        refuse(request, GV_REPLIES_UNAVAILABLE,
               "not stored: its writes have %zu bytes, and the limit is %zu", len, most);
        return;
    }
    if (!reserve(txn, &txn->writes, len) ||
        gv_registers_reserve(&txn->registers, request->engine, keys) != 0) {
        refuse_for_memory(request);
        return;
    }
    use_index(request, txn);
    entry.value = write_value(txn);
    const struct gv_writes_reply reply = {.type = "txn_ok", .member = "txn", .value = result};
    if (gv_request_put(request, &entry, &reply)) txn->count = count;
}

static bool writes(const struct txn *txn) {
    for (int i = 0; i < txn->op_count; i++) {
        if (operation_at(txn, i)->write) return true;
    }
    return false;
}

static void finish(struct gv_request *request, struct txn *txn, struct gv_slice result) {
    if (gv_replies_extend(request->replies, result.len) != 0) {
        refuse_for_memory(request);
    } else if (writes(txn)) {
        commit(request, txn, result);
    } else {
        gv_replies_json(request->replies, "txn_ok", "txn", result);
    }
}

static void handle_txn(struct gv_request *request) {
    struct txn *txn = request->state;
    int array = gv_request_member(request, "txn");
    if (array < 0) return;
    if (gv_json_type(request->json, array) != GV_JSON_ARRAY) {
        gv_request_malformed(request, "txn", "is not an array");
        return;
    }
    if (!update(request, txn)) {
        refuse_for_memory(request);
        return;
    }
    if (read_operations(request, txn, array)) {
        size_t most = REPLY_MAX + gv_json_raw(request->json, array).len;
        size_t len = run(request, txn, most);
        if (len > 0) finish(request, txn, gv_slice_of(txn->reply.data, len));
    }
    trim(txn);
}

// The registers follow the replica, so that their memory counts before the replica takes more.
static void on_gossip(struct gv_request *request) {
    update(request, request->state); // without memory now, the next transaction tries again
}

static const struct gv_workload_handler handlers[] = {{"txn", handle_txn}, {NULL, NULL}};

const struct gv_workload gv_txn_workload = {
    .name = "txn",
    .replica = true,
    .state_size = sizeof(struct txn),
    .keeps_state = true,
    .fini = fini,
    .on_gossip = on_gossip,
    .handlers = handlers,
};
