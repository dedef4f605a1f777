// SPDX-License-Identifier: MIT
#include "check_txn.h"

#include "../core/interner.h"
#include "../core/memory.h"
#include "cycles.h"

#include <inttypes.h>
#include <stdio.h>

#define NONE UINT32_MAX

enum {
    REPORTED = 4,    // errors of each kind that have a story; further errors are counted
    STORY_TXNS = 8,  // most transactions in a story
    STORY_EDGES = 8, // most dependencies in a story
    STORY_OPS = 8,   // most operations shown of a transaction
    EXCERPT = 200,   // most bytes shown of a reply
};

// Kinds of dependencies (check_txn.h). FOLLOWS: a transaction read a version and wrote the key;
// OVERWRITTEN: the final reads return a later version.
enum { WR = 1, FOLLOWS = 2, OVERWRITTEN = 4, ATOMIC = 8, WW = FOLLOWS | OVERWRITTEN };

// Why one transaction depends on another.
struct reason {
    int64_t key, from, to; // versions of `key` that the earlier and the later transaction wrote
    // ATOMIC: the transaction that read `to`, and `beside` of `beside_key` from the earlier one
    uint32_t witness;
    int64_t beside_key, beside;
};

struct version {
    uint32_t key, writer;
    int64_t value;
    bool last;       // no later operation of its transaction writes the key
    bool duplicated; // written by two transactions
};

struct key {
    int64_t key;
    // Number + 1 of the transaction that is being checked, if it has written, read the key so far
    size_t written_by, read_by;
    int64_t written, first_read;
    // Final reads
    bool final, differs;
    int64_t value;
    uint32_t node;
};

// The state of gv_check_txn_finish.
struct checking {
    struct gv_check_txn *check;
    struct gv_verdict_errors *errors;
    uint64_t counts[GV_VERDICT_VALID]; // errors by kind
    struct gv_interner key_numbers, version_numbers;
    struct key *keys;
    struct version *versions;
    size_t keys_cap, versions_cap;
    struct gv_cycles graph;
    struct reason *reasons;
    size_t reasons_cap;
    struct gv_check_txn_result result;
};

// ---- The history ----

void gv_check_txn_init(struct gv_check_txn *check, uint32_t nodes, uint32_t models) {
    GV_ASSERT(nodes > 0 && models > 0);
    *check = (struct gv_check_txn){.nodes = nodes, .models = models};
}

void gv_check_txn_fini(struct gv_check_txn *check) {
    free(check->txns);
    free(check->ops);
    free(check->values);
    free(check->lost);
    *check = (struct gv_check_txn){0};
}

size_t gv_check_txn_invoke(struct gv_check_txn *check, const struct gv_history_op *op,
                           uint32_t client, const struct gv_load_txn_op *ops, uint32_t count) {
    GV_ASSERT(op->node < check->nodes && check->len < NONE - 1);
    GV_MEMORY_GROW(check->txns, &check->cap, check->len + 1);
    GV_MEMORY_GROW(check->ops, &check->ops_cap, check->ops_len + count);
    check->txns[check->len] = (struct gv_check_txn_txn){
        .first = check->ops_len,
        .count = count,
        .node = op->node,
        .client = client,
        .outcome = GV_HISTORY_INFO,
        .final = op->final,
        .invoked = op->invoked,
        .completed = UINT64_MAX,
    };
    for (uint32_t i = 0; i < count; i++) {
        struct gv_load_txn_op copy = ops[i];
        GV_ASSERT(!copy.write || copy.value > GV_CHECK_TXN_UNKNOWN);
        if (!copy.write) copy.value = GV_CHECK_TXN_UNKNOWN;
        check->ops[check->ops_len++] = copy;
    }
    return check->len++;
}

void gv_check_txn_complete(struct gv_check_txn *check, size_t number,
                           const struct gv_history_op *op, const int64_t *values) {
    GV_ASSERT(number < check->len && op->outcome != GV_HISTORY_PENDING);
    struct gv_check_txn_txn *txn = &check->txns[number];
    txn->outcome = op->outcome;
    txn->completed = op->completed;
    if (op->outcome != GV_HISTORY_OK) return;
    struct gv_load_txn_op *ops = &check->ops[txn->first];
    for (uint32_t i = 0; i < txn->count; i++) {
        if (!ops[i].write) ops[i].value = values[i];
    }
}

void gv_check_txn_allow_loss(struct gv_check_txn *check, int64_t key, int64_t value) {
    GV_MEMORY_GROW(check->lost, &check->lost_cap, check->lost_len + 1);
    check->lost[check->lost_len++] = (struct gv_load_txn_op){true, key, value};
}

// ---- Stories ----

// The text of an error. Transactions are named T1, T2 … in the order of their first mention.
struct story {
    const struct gv_check_txn *check;
    char text[GV_VERDICT_ERROR_MAX];
    size_t len;
    uint32_t named[STORY_TXNS];
    uint32_t count;
};

GV_PRINTF(2, 3)
static void tell(struct story *story, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = sizeof story->text - story->len;
    int len = vsnprintf(story->text + story->len, room, format, args);
    va_end(args);
    GV_ASSERT(len >= 0);
    story->len += (size_t)len < room ? (size_t)len : room - 1;
}

// Key and value as a text, such as "4=7".
struct pair {
    char text[48];
};
static struct pair pair_of(int64_t key, int64_t value) {
    struct pair pair;
    int len = snprintf(pair.text, sizeof pair.text, "%" PRId64 "=", key);
    if (value == GV_CHECK_TXN_NULL) {
        snprintf(pair.text + len, sizeof pair.text - (size_t)len, "null");
    } else if (value == GV_CHECK_TXN_UNKNOWN) {
        pair.text[len - 1] = '\0';
    } else {
        snprintf(pair.text + len, sizeof pair.text - (size_t)len, "%" PRId64, value);
    }
    return pair;
}

static void tell_ops(struct story *story, uint32_t number) {
    static const char *const outcomes[] = {", not answered", "", ", failed", ", outcome unknown"};
    const struct gv_check_txn_txn *txn = &story->check->txns[number];
    tell(story, " by c%" PRIu32 " at n%" PRIu32 " [", txn->client, txn->node);
    if (txn->final) {
        tell(story, "final reads]");
        return;
    }
    uint32_t shown = txn->count < STORY_OPS ? txn->count : STORY_OPS;
    for (uint32_t i = 0; i < shown; i++) {
        const struct gv_load_txn_op *op = &story->check->ops[txn->first + i];
        tell(story, "%s%s %s", i > 0 ? ", " : "", op->write ? "w" : "r",
             pair_of(op->key, op->value).text);
    }
    tell(story, "%s%s]", shown < txn->count ? ", …" : "", outcomes[txn->outcome]);
}

// Appends the name of a transaction and, at its first mention, its client, node and operations.
static void tell_txn(struct story *story, uint32_t number) {
    for (uint32_t i = 0; i < story->count; i++) {
        if (story->named[i] != number) continue;
        tell(story, "T%" PRIu32, i + 1);
        return;
    }
    if (story->count == STORY_TXNS) {
        tell(story, "another");
    } else {
        story->named[story->count++] = number;
        tell(story, "T%" PRIu32, story->count);
    }
    tell_ops(story, number);
}

// ---- Replies ----

// Sets *value to the value of an operation in a reply. Returns false if this is not the operation
// of the request.
static bool reply_value(const struct gv_json *json, int token, const struct gv_load_txn_op *op,
                        int64_t *value) {
    if (gv_json_type(json, token) != GV_JSON_ARRAY || gv_json_size(json, token) != 3) return false;
    int64_t key;
    int at = token + 1, key_at = gv_json_next(json, at), value_at = gv_json_next(json, key_at);
    if (!gv_json_equals(json, at, op->write ? "w" : "r")) return false;
    if (gv_json_i64(json, key_at, &key) != 0 || key != op->key) return false;
    if (gv_json_i64(json, value_at, value) == 0) return !op->write || *value == op->value;
    bool null = gv_json_type(json, value_at) == GV_JSON_NULL;
    *value = null ? GV_CHECK_TXN_NULL : GV_CHECK_TXN_UNKNOWN;
    return !op->write;
}

static void report_malformed(struct gv_check_txn *check, size_t number, const struct gv_json *json,
                             int token, struct gv_verdict_errors *errors) {
    struct story story = {.check = check};
    struct gv_slice raw = gv_json_raw(json, token);
    errors->conclusive = true;
    if (check->malformed) {
        errors->count++;
        return;
    }
    check->malformed = true;
    tell_txn(&story, (uint32_t)number);
    gv_verdict_add(errors, GV_VERDICT_MALFORMED_REPLY, "%s got a reply with other operations: %.*s",
                   story.text, (int)(raw.len < EXCERPT ? raw.len : EXCERPT), raw.data);
}

void gv_check_txn_reply(struct gv_check_txn *check, size_t number, const struct gv_history_op *op,
                        const struct gv_json *json, int token, struct gv_verdict_errors *errors) {
    GV_ASSERT(number < check->len && op->outcome == GV_HISTORY_OK);
    const struct gv_check_txn_txn *txn = &check->txns[number];
    GV_MEMORY_GROW(check->values, &check->values_cap, (size_t)txn->count + 1);
    bool same = gv_json_size(json, token) == (int)txn->count;
    int at = token + 1;
    for (uint32_t i = 0; i < txn->count && same; i++, at = gv_json_next(json, at)) {
        const struct gv_load_txn_op *asked = &check->ops[txn->first + i];
        same = reply_value(json, at, asked, &check->values[i]);
        if (!same || asked->write || check->values[i] != GV_CHECK_TXN_UNKNOWN) continue;
        struct gv_slice raw = gv_json_raw(json, at);
        errors->conclusive = true;
        gv_verdict_add(errors, GV_VERDICT_PHANTOM,
                       "n%u returned %.*s, but clients wrote only integers", op->node,
                       (int)(raw.len < EXCERPT ? raw.len : EXCERPT), raw.data);
    }
    struct gv_history_op ended = *op;
    if (!same) {
        report_malformed(check, number, json, token, errors);
        ended.outcome = GV_HISTORY_INFO;
    }
    gv_check_txn_complete(check, number, &ended, check->values);
}

// ---- Errors ----

static void report(struct checking *checking, enum gv_verdict_kind kind, struct story *story) {
    checking->errors->conclusive = true;
    gv_verdict_add(checking->errors, kind, "%s", story->text);
}

// Counts an error. Returns whether it must be reported.
static bool counts(struct checking *checking, enum gv_verdict_kind kind) {
    return checking->counts[kind]++ < REPORTED;
}

static void tell_edge(struct story *story, const struct gv_cycles_edge *edge,
                      const struct reason *reason) {
    struct pair from = pair_of(reason->key, reason->from), to = pair_of(reason->key, reason->to);
    if (edge->kind == ATOMIC) {
        tell_txn(story, reason->witness);
        tell(story, " read %s of ", pair_of(reason->beside_key, reason->beside).text);
        tell_txn(story, edge->from);
        tell(story, " but %s of ", to.text);
        tell_txn(story, edge->to);
        tell(story, ", which is therefore later than %s of ", from.text);
        tell_txn(story, edge->from);
        return;
    }
    tell_txn(story, edge->from);
    tell(story, " wrote %s", from.text);
    if (edge->kind == OVERWRITTEN) {
        tell(story, " before ");
        tell_txn(story, edge->to);
        tell(story, " wrote %s, which the final reads show", to.text);
        return;
    }
    tell(story, ", which ");
    tell_txn(story, edge->to);
    tell(story, " read");
    if (edge->kind == FOLLOWS) tell(story, " and overwrote by %s", to.text);
}

// The index of the edge with which the story of a cycle begins: the first edge if it is of kind
// ATOMIC, else the edge from the transaction that was invoked first.
static size_t beginning(const struct gv_cycles_cycle *cycle) {
    size_t first = 0;
    if (cycle->edges[0].kind == ATOMIC) return 0;
    for (size_t i = 1; i < cycle->len; i++) {
        if (cycle->edges[i].from < cycle->edges[first].from) first = i;
    }
    return first;
}

static void report_cycles(struct checking *checking, enum gv_verdict_kind kind, uint32_t kinds,
                          uint32_t required) {
    struct gv_cycles_list list = gv_cycles_find(&checking->graph, kinds, required);
    for (size_t i = 0; i < list.len; i++) {
        if (!counts(checking, kind)) continue;
        const struct gv_cycles_cycle *cycle = &list.cycles[i];
        struct story story = {.check = checking->check};
        size_t first = beginning(cycle);
        for (size_t at = 0; at < cycle->len && at < STORY_EDGES; at++) {
            const struct gv_cycles_edge *edge = &cycle->edges[(first + at) % cycle->len];
            tell(&story, "%s", at > 0 ? "; " : "");
            tell_edge(&story, edge, &checking->reasons[edge->label]);
        }
        if (cycle->len > STORY_EDGES) {
            tell(&story, "; and %zu steps more back to ", cycle->len - STORY_EDGES);
            tell_txn(&story, cycle->edges[first].from);
        }
        report(checking, kind, &story);
    }
    gv_cycles_list_fini(&list);
}

// ---- Versions ----

static uint32_t key_number(struct checking *checking, int64_t key) {
    uint32_t number = gv_interner_add(&checking->key_numbers, gv_slice_of(&key, sizeof key));
    GV_MEMORY_GROW(checking->keys, &checking->keys_cap, (size_t)number + 1);
    checking->keys[number].key = key;
    return number;
}

// The version with this key and value; NULL: no transaction wrote it.
static struct version *find_version(struct checking *checking, int64_t key, int64_t value) {
    const int64_t both[2] = {key, value};
    int64_t number = gv_interner_find(&checking->version_numbers, gv_slice_of(both, sizeof both));
    return number < 0 ? NULL : &checking->versions[number];
}

static void add_version(struct checking *checking, uint32_t writer, uint32_t key,
                        const struct gv_load_txn_op *op) {
    const int64_t both[2] = {op->key, op->value};
    size_t before = checking->version_numbers.len;
    uint32_t number = gv_interner_add(&checking->version_numbers, gv_slice_of(both, sizeof both));
    GV_MEMORY_GROW(checking->versions, &checking->versions_cap, (size_t)number + 1);
    struct version *version = &checking->versions[number];
    if (checking->version_numbers.len > before) {
        *version = (struct version){.key = key, .writer = writer, .value = op->value};
        return;
    }
    if (version->writer == writer || version->duplicated) return;
    version->duplicated = true;
    if (!counts(checking, GV_VERDICT_DUPLICATE)) return;
    struct story story = {.check = checking->check};
    tell_txn(&story, version->writer);
    tell(&story, " and ");
    tell_txn(&story, writer);
    tell(&story, " wrote %s", pair_of(op->key, op->value).text);
    report(checking, GV_VERDICT_DUPLICATE, &story);
}

static void index_writes(struct checking *checking) {
    const struct gv_check_txn *check = checking->check;
    for (uint32_t number = 0; number < check->len; number++) {
        const struct gv_check_txn_txn *txn = &check->txns[number];
        for (uint32_t i = 0; i < txn->count; i++) {
            const struct gv_load_txn_op *op = &check->ops[txn->first + i];
            uint32_t key = key_number(checking, op->key);
            if (op->write) add_version(checking, number, key, op);
        }
        for (uint32_t i = txn->count; i-- > 0;) {
            const struct gv_load_txn_op *op = &check->ops[txn->first + i];
            struct key *key = &checking->keys[key_number(checking, op->key)];
            if (!op->write || key->written_by == (size_t)number + 1) continue;
            key->written_by = (size_t)number + 1;
            find_version(checking, op->key, op->value)->last = true;
        }
    }
    for (size_t i = 0; i < checking->key_numbers.len; i++) checking->keys[i].written_by = 0;
}

static void mark_lost(struct checking *checking) {
    const struct gv_check_txn *check = checking->check;
    for (size_t i = 0; i < check->lost_len; i++) {
        const struct version *version =
            find_version(checking, check->lost[i].key, check->lost[i].value);
        if (version != NULL) check->txns[version->writer].may_be_lost = true;
    }
}

// The version with this key and value if its transaction is committed and did not overwrite it;
// else NULL.
static struct version *installed(struct checking *checking, int64_t key, int64_t value) {
    struct version *version = find_version(checking, key, value);
    if (version == NULL || !version->last || version->duplicated) return NULL;
    const struct gv_check_txn_txn *writer = &checking->check->txns[version->writer];
    bool committed =
        writer->outcome == GV_HISTORY_OK || (writer->outcome != GV_HISTORY_FAIL && writer->seen);
    return committed ? version : NULL;
}

// ---- Reads ----

// Reports a read that returned another value than its own transaction had written before.
static void report_internal(struct checking *checking, uint32_t number,
                            const struct gv_load_txn_op *op, int64_t written) {
    if (!counts(checking, GV_VERDICT_INTERNAL)) return;
    struct story story = {.check = checking->check};
    tell_txn(&story, number);
    tell(&story, " read %s after its own write of %s", pair_of(op->key, op->value).text,
         pair_of(op->key, written).text);
    report(checking, GV_VERDICT_INTERNAL, &story);
}

// Reports two reads of a key that returned different versions.
static void report_repeated(struct checking *checking, uint32_t number,
                            const struct gv_load_txn_op *op, int64_t first) {
    if (!counts(checking, GV_VERDICT_FRACTURED_READ)) return;
    struct story story = {.check = checking->check};
    tell_txn(&story, number);
    tell(&story, " read %s and then %s", pair_of(op->key, first).text,
         pair_of(op->key, op->value).text);
    report(checking, GV_VERDICT_FRACTURED_READ, &story);
}

static void report_phantom(struct checking *checking, uint32_t number,
                           const struct gv_load_txn_op *op, const struct version *version) {
    if (!counts(checking, GV_VERDICT_PHANTOM)) return;
    struct story story = {.check = checking->check};
    tell_txn(&story, number);
    tell(&story, " read %s, which ", pair_of(op->key, op->value).text);
    if (version == NULL) {
        tell(&story, "nobody wrote");
    } else if (version->writer == number) {
        tell(&story, "it wrote only later");
    } else {
        tell_txn(&story, version->writer);
        tell(&story, " was sent only later to write");
    }
    report(checking, GV_VERDICT_PHANTOM, &story);
}

// Reports a read of a version whose transaction failed or overwrote it.
static void report_uncommitted(struct checking *checking, enum gv_verdict_kind kind,
                               uint32_t number, const struct gv_load_txn_op *op, uint32_t writer) {
    if (!counts(checking, kind)) return;
    struct story story = {.check = checking->check};
    tell_txn(&story, number);
    tell(&story, " read %s of ", pair_of(op->key, op->value).text);
    tell_txn(&story, writer);
    tell(&story, kind == GV_VERDICT_G1A ? ", which failed" : ", which overwrote it");
    report(checking, kind, &story);
}

// Checks the value of an external read against the transaction that wrote it.
static void check_version(struct checking *checking, uint32_t number,
                          const struct gv_load_txn_op *op) {
    struct gv_check_txn *check = checking->check;
    const struct gv_check_txn_txn *txn = &check->txns[number];
    struct version *version = find_version(checking, op->key, op->value);
    if (version == NULL || version->writer == number ||
        check->txns[version->writer].invoked > txn->completed) {
        report_phantom(checking, number, op, version);
        return;
    }
    struct gv_check_txn_txn *writer = &check->txns[version->writer];
    writer->seen = true;
    checking->result.flows++;
    checking->result.remote += writer->node != txn->node;
    // A value in a final read is permanent, so every model forbids a failed or overwritten one.
    if (check->models < GV_CONSISTENCY_READ_COMMITTED && !txn->final) return;
    if (writer->outcome == GV_HISTORY_FAIL) {
        report_uncommitted(checking, GV_VERDICT_G1A, number, op, version->writer);
    } else if (!version->last) {
        report_uncommitted(checking, GV_VERDICT_G1B, number, op, version->writer);
    }
}

static void note_final(struct key *key, uint32_t node, int64_t value) {
    if (!key->final) {
        key->final = true;
        key->value = value;
        key->node = node;
    }
}

static void check_final(struct checking *checking, uint32_t number, const struct gv_load_txn_op *op,
                        struct key *key) {
    uint32_t node = checking->check->txns[number].node;
    note_final(key, node, op->value);
    if (op->value == key->value || key->differs) return;
    key->differs = true;
    checking->result.equal = false;
    if (!counts(checking, GV_VERDICT_FINAL_READS_DIFFER)) return;
    struct story story = {.check = checking->check};
    const int64_t values[] = {key->value, op->value};
    const uint32_t nodes[] = {key->node, node};
    for (int i = 0; i < 2; i++) {
        const struct version *version = find_version(checking, op->key, values[i]);
        tell(&story, "%sn%" PRIu32 " returned %s", i > 0 ? ", " : "", nodes[i],
             pair_of(op->key, values[i]).text);
        if (version == NULL) continue;
        tell(&story, ", written by ");
        tell_txn(&story, version->writer);
    }
    gv_verdict_add(checking->errors, GV_VERDICT_FINAL_READS_DIFFER, "%s", story.text);
}

static void check_reads(struct checking *checking, uint32_t number) {
    const struct gv_check_txn *check = checking->check;
    const struct gv_check_txn_txn *txn = &check->txns[number];
    size_t mark = (size_t)number + 1;
    for (uint32_t i = 0; i < txn->count; i++) {
        const struct gv_load_txn_op *op = &check->ops[txn->first + i];
        struct key *key = &checking->keys[key_number(checking, op->key)];
        if (op->write) {
            key->written_by = mark;
            key->written = op->value;
        } else if (op->value == GV_CHECK_TXN_UNKNOWN) {
            continue;
        } else if (key->written_by == mark) {
            if (op->value != key->written) report_internal(checking, number, op, key->written);
        } else {
            bool first = key->read_by != mark;
            if (first) key->first_read = op->value;
            key->read_by = mark;
            if (op->value != GV_CHECK_TXN_NULL) check_version(checking, number, op);
            if (check->models >= GV_CONSISTENCY_READ_ATOMIC && op->value != key->first_read)
                report_repeated(checking, number, op, key->first_read);
            if (txn->final) check_final(checking, number, op, key);
        }
    }
}

// ---- Dependencies ----

static void add_edge(struct checking *checking, uint32_t from, uint32_t to, uint32_t kind,
                     const struct reason *reason) {
    if (from == to) return;
    size_t label = checking->graph.len;
    GV_MEMORY_GROW(checking->reasons, &checking->reasons_cap, label + 1);
    checking->reasons[label] = *reason;
    gv_cycles_add(&checking->graph, (struct gv_cycles_edge){from, to, kind, (uint32_t)label});
}

// Transaction `number` read `beside`, which `writer` wrote. For each other key that `writer` wrote:
// if `number` read another version of it, adds an edge; if `number` read null, reports an error.
// `checking->keys` must hold what `number` read.
static void add_atomic_edges(struct checking *checking, uint32_t number,
                             const struct gv_load_txn_op *beside, uint32_t writer) {
    const struct gv_check_txn *check = checking->check;
    const struct gv_check_txn_txn *txn = &check->txns[writer];
    for (uint32_t i = 0; i < txn->count; i++) {
        const struct gv_load_txn_op *op = &check->ops[txn->first + i];
        const struct key *key = &checking->keys[key_number(checking, op->key)];
        if (!op->write || key->read_by != (size_t)number + 1) continue;
        if (!find_version(checking, op->key, op->value)->last) continue;
        const struct version *other = installed(checking, op->key, key->first_read);
        if (other != NULL) {
            const struct reason reason = {op->key, op->value,   key->first_read,
                                          number,  beside->key, beside->value};
            add_edge(checking, writer, other->writer, ATOMIC, &reason);
        } else if (key->first_read == GV_CHECK_TXN_NULL &&
                   counts(checking, GV_VERDICT_FRACTURED_READ)) {
            struct story story = {.check = check};
            tell_txn(&story, number);
            tell(&story, " read %s of ", pair_of(beside->key, beside->value).text);
            tell_txn(&story, writer);
            tell(&story, " without its %s", pair_of(op->key, op->value).text);
            report(checking, GV_VERDICT_FRACTURED_READ, &story);
        }
    }
}

// Adds an edge for each write of a transaction that follows an external read of the key. Leaves the
// values of the reads in `checking->keys`.
static void add_write_edges(struct checking *checking, uint32_t number) {
    const struct gv_check_txn *check = checking->check;
    const struct gv_check_txn_txn *txn = &check->txns[number];
    size_t mark = (size_t)number + 1;
    for (uint32_t i = 0; i < txn->count; i++) {
        const struct gv_load_txn_op *op = &check->ops[txn->first + i];
        struct key *key = &checking->keys[key_number(checking, op->key)];
        bool own = key->written_by == mark, read = key->read_by == mark;
        if (op->write) {
            // Of several reads of the key, the first is used; the others have edges of kind WR.
            const struct version *from =
                read ? installed(checking, op->key, key->first_read) : NULL;
            const struct reason reason = {.key = op->key, .from = key->first_read, .to = op->value};
            key->written_by = mark;
            if (from == NULL || !find_version(checking, op->key, op->value)->last) continue;
            add_edge(checking, from->writer, number, FOLLOWS, &reason);
        } else if (!own && !read && op->value != GV_CHECK_TXN_UNKNOWN) {
            key->first_read = op->value;
            key->read_by = mark;
        }
    }
}

static void add_read_edges(struct checking *checking, uint32_t number) {
    const struct gv_check_txn *check = checking->check;
    const struct gv_check_txn_txn *txn = &check->txns[number];
    for (uint32_t i = 0; i < txn->count; i++) {
        const struct gv_load_txn_op *op = &check->ops[txn->first + i];
        const struct version *from = op->write ? NULL : installed(checking, op->key, op->value);
        if (from == NULL || from->writer == number) continue;
        const struct reason reason = {.key = op->key, .from = op->value, .to = op->value};
        add_edge(checking, from->writer, number, WR, &reason);
        if (check->models >= GV_CONSISTENCY_READ_ATOMIC)
            add_atomic_edges(checking, number, op, from->writer);
    }
}

// Adds an edge from each other version of a key to the version that the final reads return, except
// from versions that may be lost.
static void add_final_edges(struct checking *checking) {
    const struct gv_check_txn *check = checking->check;
    for (size_t i = 0; i < checking->version_numbers.len; i++) {
        const struct version *version = &checking->versions[i];
        struct key *key = &checking->keys[version->key];
        const struct gv_check_txn_txn *writer = &check->txns[version->writer];
        if (!key->final || key->differs || key->value == version->value) continue;
        if (installed(checking, key->key, version->value) == NULL || writer->may_be_lost) continue;
        const struct version *last = installed(checking, key->key, key->value);
        const struct reason reason = {.key = key->key, .from = version->value, .to = key->value};
        if (last != NULL) add_edge(checking, version->writer, last->writer, OVERWRITTEN, &reason);
        bool lost = key->value == GV_CHECK_TXN_NULL;
        if (!lost || !counts(checking, GV_VERDICT_LOST)) continue;
        struct story story = {.check = check};
        tell_txn(&story, version->writer);
        tell(&story, " wrote %s, and the final reads return null",
             pair_of(key->key, version->value).text);
        gv_verdict_add(checking->errors, GV_VERDICT_LOST, "%s", story.text);
    }
}

// ---- The whole ----

static void checking_init(struct checking *checking, struct gv_check_txn *check,
                          struct gv_verdict_errors *errors) {
    *checking = (struct checking){.check = check, .errors = errors};
    gv_interner_init(&checking->key_numbers);
    gv_interner_init(&checking->version_numbers);
    gv_cycles_init(&checking->graph, (uint32_t)check->len);
    checking->result.equal = true;
}

static void checking_fini(struct checking *checking) {
    gv_interner_fini(&checking->key_numbers);
    gv_interner_fini(&checking->version_numbers);
    gv_cycles_fini(&checking->graph);
    free(checking->keys);
    free(checking->versions);
    free(checking->reasons);
}

// Adds, for each kind, an error with the number of errors that have no story.
static void report_rest(struct checking *checking) {
    for (int kind = 0; kind < GV_VERDICT_VALID; kind++) {
        if (checking->counts[kind] <= REPORTED) continue;
        gv_verdict_add(checking->errors, (enum gv_verdict_kind)kind, "%" PRIu64 " more",
                       checking->counts[kind] - REPORTED);
    }
}

struct gv_check_txn_result gv_check_txn_finish(struct gv_check_txn *check,
                                               struct gv_verdict_errors *errors) {
    struct checking checking;
    checking_init(&checking, check, errors);
    index_writes(&checking);
    mark_lost(&checking);
    for (uint32_t i = 0; i < check->len; i++) {
        if (check->txns[i].outcome == GV_HISTORY_OK) check_reads(&checking, i);
    }
    for (size_t i = 0; i < checking.key_numbers.len; i++) {
        checking.keys[i].read_by = checking.keys[i].written_by = 0;
    }
    for (uint32_t i = 0; i < check->len; i++) {
        const struct gv_check_txn_txn *txn = &check->txns[i];
        if (txn->outcome == GV_HISTORY_OK) {
            add_write_edges(&checking, i);
            add_read_edges(&checking, i);
        }
        bool committed = txn->outcome == GV_HISTORY_OK || txn->seen;
        checking.result.committed += committed;
        checking.result.may_be_lost += committed && txn->may_be_lost;
    }
    add_final_edges(&checking);
    report_cycles(&checking, GV_VERDICT_G0, WW, WW);
    if (check->models >= GV_CONSISTENCY_READ_COMMITTED)
        report_cycles(&checking, GV_VERDICT_G1C, WW | WR, WR);
    if (check->models >= GV_CONSISTENCY_READ_ATOMIC)
        report_cycles(&checking, GV_VERDICT_FRACTURED_READ, WW | WR | ATOMIC, ATOMIC);
    report_rest(&checking);
    checking.result.keys = checking.key_numbers.len;
    checking.result.versions = checking.version_numbers.len;
    checking_fini(&checking);
    check->result = checking.result;
    return checking.result;
}

const char *gv_check_txn_lacks(const struct gv_check_txn *check) {
    if (check->result.flows == 0)
        return "no transaction read a value that another transaction wrote";
    if (check->nodes == 1 || check->result.remote > 0) return NULL;
    return "no transaction read a value that another transaction wrote at another node";
}
