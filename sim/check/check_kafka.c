// SPDX-License-Identifier: MIT
#include "check_kafka.h"

#include "../../node/escape.h"
#include "../core/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { SOURCE_MAX = 96, SHOWN_MAX = 60 };

// Who told of an entry: a node, to a client.
struct source {
    uint32_t node, process;
    gv_time at;
    bool poll; // it returned the entry to a poll; else, it acknowledged a send
};

struct entry {
    uint64_t offset;
    int64_t message;
    struct source source;
};

// A message, by its number less 1.
struct message {
    bool acknowledged, refused, seen, may_be_lost;
    uint64_t offset;            // acknowledged: where
    struct source source, seer; // of the acknowledgement or refusal; of the first poll
};

// Two offsets that a poll returned one after the other, or two successive polls of a client.
struct step {
    uint64_t from, to;
    bool external;
    struct source first, second;
};

struct gv_check_kafka_log {
    struct message *messages;
    size_t messages_len, messages_cap; // len: those sent
    struct entry *entries;             // sorted by offset
    size_t entries_len, entries_cap;
    struct step *steps;
    size_t steps_len, steps_cap;
    uint64_t polled_to; // highest offset that a poll returned, plus 1
    struct source reader;
};

// What a client has of a key. Offsets are stored plus 1; 0: none.
struct place {
    bool assigned;
    uint64_t read, sent; // last offset polled and given to a send, since it was assigned
    uint64_t has;        // highest offset that it was given, or began at
    struct source reader, sender;
};

struct pair {
    uint64_t key, offset;
    int64_t message; // 0: a phantom
};

struct gv_check_kafka_process {
    struct place *places; // by key
    size_t places_cap;
    uint64_t *keys; // those assigned
    size_t keys_len, keys_cap;
    struct pair *pairs; // of the poll in progress, in order
    size_t pairs_len, pairs_cap;
    gv_time replied_at;
    uint64_t offset; // of the send in progress, plus 1
};

// What the final polls of a node returned of a key.
struct gv_check_kafka_final {
    uint64_t messages; // a bit for each
    uint64_t to;       // highest offset, plus 1
};

_Static_assert(GV_LOAD_KAFKA_MESSAGES_MAX <= 64, "a word has a bit for each message of a key");

static struct gv_check_kafka_log *log_of(struct gv_check_kafka *check, uint64_t key) {
    GV_MEMORY_GROW(check->logs, &check->logs_cap, key + 1);
    if (key >= check->logs_len) check->logs_len = key + 1;
    return &check->logs[key];
}

static struct gv_check_kafka_process *process_of(struct gv_check_kafka *check, uint32_t number) {
    GV_MEMORY_GROW(check->processes, &check->processes_cap, (size_t)number + 1);
    return &check->processes[number];
}

static struct place *place_of(struct gv_check_kafka_process *process, uint64_t key) {
    GV_MEMORY_GROW(process->places, &process->places_cap, key + 1);
    return &process->places[key];
}

static void process_fini(struct gv_check_kafka_process *process) {
    free(process->places);
    free(process->keys);
    free(process->pairs);
    *process = (struct gv_check_kafka_process){0};
}

void gv_check_kafka_fini(struct gv_check_kafka *check) {
    for (size_t i = 0; i < check->logs_cap; i++) {
        free(check->logs[i].messages);
        free(check->logs[i].entries);
        free(check->logs[i].steps);
    }
    for (size_t i = 0; i < check->processes_cap; i++) process_fini(&check->processes[i]);
    for (uint32_t node = 0; check->finals != NULL && node < check->nodes; node++)
        free(check->finals[node]);
    free(check->finals);
    free(check->targets);
    free(check->logs);
    free(check->processes);
    free(check->lags);
}

// ---- Cases ----

// Whether a case of this size is to be described.
static bool count_case(struct gv_check_kafka_cases *cases, uint64_t size) {
    bool smaller = cases->count++ == 0 || size < cases->size;
    if (smaller) cases->size = size;
    return smaller;
}

static struct gv_check_kafka_cases *cases_of(struct gv_check_kafka *check,
                                             enum gv_verdict_kind kind) {
    if (kind == GV_VERDICT_DUPLICATE) return &check->duplicates;
    if (kind == GV_VERDICT_PHANTOM) return &check->phantoms;
    return &check->cases[(size_t)kind - GV_CHECK_KAFKA_FIRST];
}

// Counts a case, and describes it if it is the smallest.
GV_PRINTF(4, 5)
static void note(struct gv_check_kafka *check, enum gv_verdict_kind kind, uint64_t size,
                 const char *format, ...) {
    struct gv_check_kafka_cases *cases = cases_of(check, kind);
    if (!count_case(cases, size)) return;
    va_list args;
    va_start(args, format);
    vsnprintf(cases->text, sizeof cases->text, format, args);
    va_end(args);
}

static double seconds(const struct gv_check_kafka *check, gv_time at) {
    return (double)(at - check->started_at) / 1e9;
}

// "n1 acknowledged it to c4 after 1.204 s", "n2 returned it to c9 after 2.000 s".
static const char *tell(const struct gv_check_kafka *check, const struct source *source,
                        char text[SOURCE_MAX]) {
    snprintf(text, SOURCE_MAX, "n%u %s it to c%u after %.3f s", source->node,
             source->poll ? "returned" : "acknowledged", source->process,
             seconds(check, source->at));
    return text;
}

// ---- Entries ----

// The number of the first entry at or above an offset.
static size_t entry_at(const struct gv_check_kafka_log *log, uint64_t offset) {
    size_t low = 0, high = log->entries_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->entries[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void check_offset(struct gv_check_kafka *check, uint64_t key, const struct entry *old,
                         const struct entry *new) {
    char before[SOURCE_MAX], after[SOURCE_MAX];
    bool twice = !old->source.poll && !new->source.poll;
    note(check, twice ? GV_VERDICT_OFFSET_GIVEN_TWICE : GV_VERDICT_INCONSISTENT_OFFSETS,
         new->offset,
         "offset %" PRIu64 " of key %" PRIu64 " is message %" PRId64 " (%s) and message %" PRId64
         " (%s)",
         new->offset, key, old->message, tell(check, &old->source, before), new->message,
         tell(check, &new->source, after));
}

static void check_message(struct gv_check_kafka *check, uint64_t key, const struct entry *old,
                          const struct entry *new) {
    char before[SOURCE_MAX], after[SOURCE_MAX];
    uint64_t apart =
        new->offset > old->offset ? new->offset - old->offset : old->offset - new->offset;
    note(check, GV_VERDICT_DUPLICATE, apart,
         "message %" PRId64 " of key %" PRIu64 " is at offset %" PRIu64 " (%s) and at offset "
         "%" PRIu64 " (%s)",
         new->message, key, old->offset, tell(check, &old->source, before), new->offset,
         tell(check, &new->source, after));
}

// Adds what a node told of an offset, unless it is known; compares it with what is.
static void learn(struct gv_check_kafka *check, uint64_t key, const struct entry *entry) {
    struct gv_check_kafka_log *log = &check->logs[key];
    size_t at = entry_at(log, entry->offset);
    for (size_t i = at; i < log->entries_len && log->entries[i].offset == entry->offset; i++)
        if (log->entries[i].message == entry->message) return;
    if (entry->offset >= check->largest) check->largest = entry->offset + 1;
    for (size_t i = 0; i < log->entries_len; i++) {
        const struct entry *old = &log->entries[i];
        if (old->message == entry->message) check_message(check, key, old, entry);
        if (old->offset == entry->offset) check_offset(check, key, old, entry);
    }
    if (log->entries_len == GV_CHECK_KAFKA_ENTRIES_MAX) return;
    GV_MEMORY_GROW(log->entries, &log->entries_cap, log->entries_len + 1);
    memmove(&log->entries[at + 1], &log->entries[at], (log->entries_len - at) * sizeof *entry);
    log->entries[at] = *entry;
    log->entries_len++;
}

// ---- Sends ----

void gv_check_kafka_invoke(struct gv_check_kafka *check, uint64_t key, int64_t message) {
    struct gv_check_kafka_log *log = log_of(check, key);
    GV_ASSERT(message > 0 && message <= GV_LOAD_KAFKA_MESSAGES_MAX);
    GV_MEMORY_GROW(log->messages, &log->messages_cap, (size_t)message);
    if ((size_t)message > log->messages_len) log->messages_len = (size_t)message;
}

static void on_acknowledged(struct gv_check_kafka *check, const struct gv_history_op *op,
                            uint64_t offset) {
    uint64_t key = gv_load_kafka_key(op);
    struct message *message = &check->logs[key].messages[op->value - 1];
    struct place *place = place_of(process_of(check, op->process), key);
    struct source source = {op->node, op->process, op->completed_at, false};
    message->acknowledged = true;
    message->offset = offset;
    message->source = source;
    check->acknowledged++;
    learn(check, key, &(struct entry){offset, op->value, source});
    if (place->sent > offset) {
        note(check, GV_VERDICT_NON_MONOTONIC_SEND, place->sent - 1 - offset,
             "c%u sent to key %" PRIu64 ": n%u gave offset %" PRIu64
             " after %.3f s, and n%u offset "
             "%" PRIu64 ", which is not above it, after %.3f s",
             op->process, key, place->sender.node, place->sent - 1,
             seconds(check, place->sender.at), op->node, offset, seconds(check, op->completed_at));
    }
    place->sent = offset + 1;
    place->sender = source;
}

static void end_send(struct gv_check_kafka *check, const struct gv_history_op *op) {
    uint64_t key = gv_load_kafka_key(op);
    struct gv_check_kafka_process *process = process_of(check, op->process);
    struct message *message = &check->logs[key].messages[op->value - 1];
    if (op->outcome == GV_HISTORY_OK && process->offset > 0) {
        on_acknowledged(check, op, process->offset - 1);
    } else if (op->outcome == GV_HISTORY_FAIL) {
        message->refused = true;
        message->source = (struct source){op->node, op->process, op->completed_at, false};
    }
    process->offset = 0;
}

// ---- Polls ----

// Keeps a pair that a poll returned until the poll ends.
static void keep_pair(struct gv_check_kafka *check, struct gv_check_kafka_process *process,
                      const struct gv_history_op *op, const struct gv_json *json, int name,
                      int pair) {
    int64_t offset = 0, message = 0, key = gv_load_kafka_number(json, name);
    gv_json_i64(json, pair + 1, &offset);
    int error = gv_json_i64(json, pair + 2, &message);
    bool sent = error == 0 && key >= 0 && (size_t)key < check->logs_len && message > 0 &&
                (uint64_t)message <= check->logs[key].messages_len;
    check->polled++;
    if (!sent) {
        char text[SHOWN_MAX + 8], from[SHOWN_MAX + 8];
        struct gv_slice raw = gv_json_raw(json, pair + 2), log = gv_json_raw(json, name);
        snprintf(text, sizeof text, "%.*s", (int)(raw.len < SHOWN_MAX ? raw.len : SHOWN_MAX),
                 (const char *)raw.data);
        snprintf(from, sizeof from, "%.*s", (int)(log.len < SHOWN_MAX ? log.len : SHOWN_MAX),
                 (const char *)log.data);
        note(check, GV_VERDICT_PHANTOM, (uint64_t)offset,
             "n%u returned message %s at offset %" PRId64 " of key %s, which nobody had sent, to "
             "c%u",
             op->node, text, offset, from, op->process);
        return;
    }
    GV_MEMORY_GROW(process->pairs, &process->pairs_cap, process->pairs_len + 1);
    process->pairs[process->pairs_len++] = (struct pair){(uint64_t)key, (uint64_t)offset, message};
}

static void keep_poll(struct gv_check_kafka *check, const struct gv_history_op *op, gv_time now,
                      const struct gv_json *json, int logs) {
    struct gv_check_kafka_process *process = process_of(check, op->process);
    process->pairs_len = 0;
    process->replied_at = now;
    int name = logs + 1;
    for (int i = 0; i < gv_json_size(json, logs); i++) {
        int list = name + 1, pair = list + 1;
        for (int j = 0; j < gv_json_size(json, list); j++, pair = gv_json_next(json, pair))
            keep_pair(check, process, op, json, name, pair);
        name = gv_json_next(json, list);
    }
}

// Keeps two successive offsets, to see at the end whether there is a known one between them.
static void keep_step(struct gv_check_kafka_log *log, const struct step *step) {
    for (size_t i = 0; i < log->steps_len; i++) {
        const struct step *old = &log->steps[i];
        if (old->from == step->from && old->to == step->to && old->external == step->external)
            return;
    }
    if (log->steps_len == GV_CHECK_KAFKA_STEPS_MAX) return;
    GV_MEMORY_GROW(log->steps, &log->steps_cap, log->steps_len + 1);
    log->steps[log->steps_len++] = *step;
}

// Checks that a poll's first offset of a key comes after those of the client's poll before.
static void check_external(struct gv_check_kafka *check, uint64_t key, const struct place *place,
                           uint64_t offset, const struct source *source) {
    if (place->read == 0) return;
    if (offset < place->read) {
        note(check, GV_VERDICT_NON_MONOTONIC_POLL, place->read - 1 - offset,
             "c%u polled key %" PRIu64 ": n%u returned up to offset %" PRIu64
             " after %.3f s, and n%u "
             "from offset %" PRIu64 ", which is not above it, after %.3f s",
             source->process, key, place->reader.node, place->read - 1,
             seconds(check, place->reader.at), source->node, offset, seconds(check, source->at));
    } else {
        keep_step(&check->logs[key],
                  &(struct step){place->read - 1, offset, true, place->reader, *source});
    }
}

static void check_internal(struct gv_check_kafka *check, uint64_t key, uint64_t before,
                           uint64_t offset, const struct source *source) {
    if (offset <= before) {
        note(check, GV_VERDICT_INTERNAL_POLL, before - offset,
             "n%u returned offset %" PRIu64 " of key %" PRIu64 " to c%u after %.3f s, and then "
             "offset %" PRIu64 " in the same reply",
             source->node, before, key, source->process, seconds(check, source->at), offset);
    } else {
        keep_step(&check->logs[key], &(struct step){before, offset, false, *source, *source});
    }
}

static void see(struct gv_check_kafka *check, const struct pair *pair,
                const struct source *source) {
    struct gv_check_kafka_log *log = &check->logs[pair->key];
    struct message *message = &log->messages[pair->message - 1];
    if (!message->seen) {
        message->seen = true;
        message->seer = *source;
        check->seen++;
    }
    if (pair->offset >= log->polled_to) {
        log->polled_to = pair->offset + 1;
        log->reader = *source;
    }
}

// ---- Lag ----

static void has(struct gv_check_kafka_process *process, uint64_t key, uint64_t offset) {
    struct place *place = place_of(process, key);
    if (!place->assigned) { // the client polls what it is given, even if it did not ask for it
        place->assigned = true;
        place->has = 0;
        GV_MEMORY_GROW(process->keys, &process->keys_cap, process->keys_len + 1);
        process->keys[process->keys_len++] = key;
    }
    if (offset >= place->has) place->has = offset + 1;
}

// Adds the lag of a poll: the longest over all keys of its client.
static void measure_lag(struct gv_check_kafka *check, const struct gv_history_op *op) {
    const struct gv_check_kafka_process *process = process_of(check, op->process);
    gv_time lag = 0;
    for (size_t i = 0; i < process->keys_len; i++) {
        uint64_t key = process->keys[i];
        if (key >= check->logs_len) continue;
        const struct gv_check_kafka_log *log = &check->logs[key];
        for (size_t at = entry_at(log, process->places[key].has); at < log->entries_len; at++) {
            gv_time known = log->entries[at].source.at;
            if (known < op->invoked_at && op->invoked_at - known > lag)
                lag = op->invoked_at - known;
        }
    }
    GV_MEMORY_GROW(check->lags, &check->lags_cap, check->lags_len + 1);
    check->lags[check->lags_len++] = (double)lag / (double)GV_MS;
}

// ---- Final polls ----

static void begin_finals(struct gv_check_kafka *check) {
    check->ending = true;
    check->targets_len = check->logs_len;
    if (check->logs_len == 0) return;
    GV_MEMORY_ARRAY(check->targets, check->logs_len);
    GV_MEMORY_ARRAY(check->finals, check->nodes);
    for (size_t key = 0; key < check->logs_len; key++) {
        const struct gv_check_kafka_log *log = &check->logs[key];
        size_t len = log->entries_len;
        check->targets[key] = len > 0 ? log->entries[len - 1].offset + 1 : 0;
    }
}

static void keep_final(struct gv_check_kafka *check, const struct gv_history_op *op) {
    const struct gv_check_kafka_process *process = process_of(check, op->process);
    if (check->finals == NULL) return;
    struct gv_check_kafka_final **final = &check->finals[op->node];
    if (*final == NULL) GV_MEMORY_ARRAY(*final, check->targets_len);
    for (size_t i = 0; i < process->pairs_len; i++) {
        const struct pair *pair = &process->pairs[i];
        if (pair->key >= check->targets_len) continue;
        struct gv_check_kafka_final *of = &(*final)[pair->key];
        of->messages |= UINT64_C(1) << (pair->message - 1);
        if (pair->offset >= of->to) of->to = pair->offset + 1;
    }
}

// ---- Ends ----

static void end_poll(struct gv_check_kafka *check, const struct gv_history_op *op) {
    struct gv_check_kafka_process *process = process_of(check, op->process);
    bool ok = op->outcome == GV_HISTORY_OK;
    struct source source = {op->node, op->process, process->replied_at, true};
    for (size_t i = 0; i < process->pairs_len; i++) {
        const struct pair *pair = &process->pairs[i];
        learn(check, pair->key, &(struct entry){pair->offset, pair->message, source});
        if (!ok) continue;
        struct place *place = place_of(process, pair->key);
        if (i > 0 && process->pairs[i - 1].key == pair->key)
            check_internal(check, pair->key, process->pairs[i - 1].offset, pair->offset, &source);
        else
            check_external(check, pair->key, place, pair->offset, &source);
        place->read = pair->offset + 1;
        place->reader = source;
        has(process, pair->key, pair->offset);
        see(check, pair, &source);
    }
    check->polls += ok;
    if (ok && !op->final) measure_lag(check, op);
    if (ok && op->final) keep_final(check, op);
    process->pairs_len = 0;
}

// What a client has of the keys that it stays assigned is kept.
static void end_assign(struct gv_check_kafka *check, const struct gv_history_op *op) {
    struct gv_check_kafka_process *process = process_of(check, op->process);
    size_t count;
    bool from_0;
    const uint64_t *keys = gv_load_kafka_keys(op, &count, &from_0);
    check->assigns++;
    GV_MEMORY_GROW(process->keys, &process->keys_cap, count);
    process->keys_len = 0;
    for (size_t i = 0; i < process->places_cap; i++) {
        process->places[i].assigned = false;
    }
    for (size_t i = 0; i < count; i++) {
        place_of(process, keys[i])->assigned = true;
        process->keys[process->keys_len++] = keys[i];
    }
    for (size_t i = 0; i < process->places_cap; i++)
        if (!process->places[i].assigned) process->places[i] = (struct place){0};
}

// Before end_assign: a client that is newly assigned a key has what lies below its committed
// offset.
static void take_committed(struct gv_check_kafka *check, const struct gv_history_op *op,
                           const struct gv_json *json, int offsets) {
    struct gv_check_kafka_process *process = process_of(check, op->process);
    int name = offsets + 1;
    for (int i = 0; i < gv_json_size(json, offsets); i++) {
        int64_t offset = 0, key = gv_load_kafka_number(json, name);
        gv_json_i64(json, name + 1, &offset);
        name = gv_json_next(json, name + 1);
        if (key < 0 || (size_t)key >= check->logs_len) continue;
        struct place *place = place_of(process, (uint64_t)key);
        if (!place->assigned) place->has = (uint64_t)offset;
    }
}

void gv_check_kafka_reply(struct gv_check_kafka *check, const struct gv_history_op *op,
                          enum gv_load_request request, gv_time now, const struct gv_json *json,
                          int token) {
    int64_t offset;
    if (request == GV_LOAD_POLL) keep_poll(check, op, now, json, token);
    if (request == GV_LOAD_LIST_COMMITTED_OFFSETS) take_committed(check, op, json, token);
    if (request == GV_LOAD_SEND && gv_json_i64(json, token, &offset) == 0)
        process_of(check, op->process)->offset = (uint64_t)offset + 1;
}

void gv_check_kafka_end(struct gv_check_kafka *check, const struct gv_history_op *op) {
    GV_ASSERT(op->outcome != GV_HISTORY_PENDING && op->node < check->nodes);
    if (!check->started) check->started_at = op->invoked_at;
    check->started = true;
    if (op->final && !check->ending) begin_finals(check);
    if (op->kind == GV_HISTORY_SEND) end_send(check, op);
    if (op->kind == GV_HISTORY_POLL) end_poll(check, op);
    if (op->kind == GV_HISTORY_ASSIGN && op->outcome == GV_HISTORY_OK) end_assign(check, op);
    // The client is replaced, and its number is never used again.
    if (op->outcome == GV_HISTORY_INFO) process_fini(process_of(check, op->process));
}

// Takes a message from replies to polls that have not ended, since their commit_offsets is pending.
static void forget_polled(struct gv_check_kafka *check, uint64_t key, int64_t message) {
    for (size_t i = 0; i < check->processes_cap; i++) {
        struct gv_check_kafka_process *process = &check->processes[i];
        size_t left = 0;
        for (size_t at = 0; at < process->pairs_len; at++) {
            struct pair pair = process->pairs[at];
            if (pair.key != key || pair.message != message) process->pairs[left++] = pair;
        }
        process->pairs_len = left;
    }
}

// Forgets an offset: nobody can know of it any more, so it and those around it may be given again.
static void forget(struct gv_check_kafka *check, uint64_t key, uint64_t offset) {
    struct gv_check_kafka_log *log = &check->logs[key];
    size_t left = 0;
    for (size_t i = 0; i < log->steps_len; i++) {
        struct step step = log->steps[i];
        if (step.from != offset && step.to != offset) log->steps[left++] = step;
    }
    log->steps_len = left;
    for (size_t i = 0; i < check->processes_cap; i++) {
        struct gv_check_kafka_process *process = &check->processes[i];
        if (key >= process->places_cap) continue;
        struct place *place = &process->places[key];
        if (place->read == offset + 1) place->read = 0;
        if (place->sent == offset + 1) place->sent = 0;
    }
}

void gv_check_kafka_allow_loss(struct gv_check_kafka *check, uint64_t key, int64_t message) {
    if (key >= check->logs_len || message < 1) return;
    struct gv_check_kafka_log *log = &check->logs[key];
    if ((uint64_t)message > log->messages_len) return;
    check->may_be_lost += !log->messages[message - 1].may_be_lost;
    log->messages[message - 1].may_be_lost = true;
    forget_polled(check, key, message);
    size_t left = 0;
    for (size_t i = 0; i < log->entries_len; i++) {
        struct entry entry = log->entries[i];
        if (entry.message == message) forget(check, key, entry.offset);
        if (entry.message != message) log->entries[left++] = entry;
    }
    log->entries_len = left;
}

// ---- The end ----

// Finds the known offsets between two that a poll, or two successive ones, returned.
static void check_skips(struct gv_check_kafka *check, uint64_t key) {
    const struct gv_check_kafka_log *log = &check->logs[key];
    for (size_t i = 0; i < log->steps_len; i++) {
        const struct step *step = &log->steps[i];
        size_t first = entry_at(log, step->from + 1), end = entry_at(log, step->to);
        if (first >= end) continue;
        const struct entry *skipped = &log->entries[first];
        char told[SOURCE_MAX];
        tell(check, &skipped->source, told);
        if (step->external) {
            note(check, GV_VERDICT_SKIP, end - first,
                 "c%u polled key %" PRIu64 ": n%u returned up to offset %" PRIu64
                 " after %.3f s, and n%u from offset %" PRIu64 " after %.3f s, but not offset "
                 "%" PRIu64 ", message %" PRId64 " (%s)",
                 step->second.process, key, step->first.node, step->from,
                 seconds(check, step->first.at), step->second.node, step->to,
                 seconds(check, step->second.at), skipped->offset, skipped->message, told);
        } else {
            note(check, GV_VERDICT_INTERNAL_SKIP, end - first,
                 "n%u returned offset %" PRIu64 " of key %" PRIu64 " to c%u after %.3f s, and then "
                 "offset %" PRIu64 " in the same reply, but not offset %" PRIu64
                 " between them, message %" PRId64 " (%s)",
                 step->second.node, step->from, key, step->second.process,
                 seconds(check, step->second.at), step->to, skipped->offset, skipped->message,
                 told);
        }
    }
}

static void check_messages(struct gv_check_kafka *check, uint64_t key, bool cut_short,
                           struct gv_check_kafka_result *result) {
    const struct gv_check_kafka_log *log = &check->logs[key];
    for (size_t i = 0; i < log->messages_len; i++) {
        const struct message *message = &log->messages[i];
        char told[SOURCE_MAX], other[SOURCE_MAX];
        uint64_t number = i + 1;
        if (message->refused && message->seen) {
            note(check, GV_VERDICT_ABORTED_READ, number,
                 "n%u refused message %" PRIu64 " of key %" PRIu64 " after %.3f s, but %s",
                 message->source.node, number, key, seconds(check, message->source.at),
                 tell(check, &message->seer, told));
        }
        if (!message->acknowledged || message->seen || cut_short) continue;
        result->allowed_lost += message->may_be_lost;
        if (message->may_be_lost) continue;
        tell(check, &message->source, told);
        if (message->offset < log->polled_to) {
            snprintf(other, sizeof other, "n%u returned offset %" PRIu64 " to c%u after %.3f s",
                     log->reader.node, log->polled_to - 1, log->reader.process,
                     seconds(check, log->reader.at));
            note(check, GV_VERDICT_LOST_WRITE, log->polled_to - 1 - message->offset,
                 "message %" PRIu64 " of key %" PRIu64 " at offset %" PRIu64
                 ": %s, and %s, but no poll returned the message",
                 number, key, message->offset, told, other);
        } else {
            note(check, GV_VERDICT_UNSEEN, number,
                 "message %" PRIu64 " of key %" PRIu64 " at offset %" PRIu64
                 ": %s, but no poll returned it, nor one after it",
                 number, key, message->offset, told);
        }
    }
}

// The first entry below the target that the final polls of a node lack; NULL: none. An entry that
// may be lost is owed only if another node has it.
static const struct entry *missing(const struct gv_check_kafka *check, uint32_t node,
                                   uint64_t key) {
    const struct gv_check_kafka_log *log = &check->logs[key];
    const struct gv_check_kafka_final *final = &check->finals[node][key];
    uint64_t shown = 0; // by any node
    for (uint32_t i = 0; i < check->nodes; i++)
        if (check->finals[i] != NULL) shown |= check->finals[i][key].messages;
    for (size_t i = 0; i < log->entries_len; i++) {
        const struct entry *entry = &log->entries[i];
        const struct message *message = &log->messages[entry->message - 1];
        if (entry->offset >= check->targets[key]) break;
        uint64_t bit = UINT64_C(1) << (entry->message - 1);
        bool exists = message->seen || message->acknowledged;
        bool owed = (shown & bit) != 0 || (exists && !message->may_be_lost);
        if (owed && (final->messages & bit) == 0) return entry;
    }
    return NULL;
}

static void check_finals(struct gv_check_kafka *check, struct gv_check_kafka_result *result,
                         struct gv_verdict_errors *errors) {
    result->finals = result->equal = check->finals != NULL;
    for (uint32_t node = 0; check->finals != NULL && node < check->nodes; node++) {
        const struct gv_check_kafka_final *final = check->finals[node];
        if (final == NULL) {
            result->finals = false;
            gv_verdict_add(errors, GV_VERDICT_NO_FINAL_READ, "n%u answered no final poll", node);
        }
        for (uint64_t key = 0; final != NULL && key < check->targets_len; key++) {
            bool reached = final[key].to >= check->targets[key];
            const struct entry *entry = missing(check, node, key);
            if (!reached) result->finals = false;
            if (entry == NULL) continue;
            char told[SOURCE_MAX], end[96];
            result->equal = false;
            snprintf(end, sizeof end, reached ? "" : ": in %d s they came no further",
                     GV_LOAD_FINAL_MS / 1000);
            note(check, GV_VERDICT_FINAL_LOGS_DIFFER, !reached,
                 "n%u's final polls lack offset %" PRIu64 " of key %" PRIu64 ", message %" PRId64
                 " (%s)%s",
                 node, entry->offset, key, entry->message, tell(check, &entry->source, told), end);
        }
    }
}

// What the number of cases of an anomaly counts.
static const char *unit_of(enum gv_verdict_kind kind, uint64_t count) {
    bool one = count == 1;
    switch (kind) {
    case GV_VERDICT_LOST_WRITE:
    case GV_VERDICT_UNSEEN:
    case GV_VERDICT_ABORTED_READ:
        return one ? "message" : "messages";
    case GV_VERDICT_FINAL_LOGS_DIFFER:
        return one ? "log" : "logs";
    default:
        return one ? "case" : "cases";
    }
}

static void add_error(struct gv_check_kafka *check, enum gv_verdict_kind kind,
                      struct gv_verdict_errors *errors) {
    const struct gv_check_kafka_cases *cases = cases_of(check, kind);
    if (cases->count == 0) return;
    bool late = kind == GV_VERDICT_UNSEEN || kind == GV_VERDICT_FINAL_LOGS_DIFFER;
    if (!late) errors->conclusive = true;
    gv_verdict_add(errors, kind, "%" PRIu64 " %s%s: %s", cases->count, unit_of(kind, cases->count),
                   cases->count > 1 ? ", the smallest case" : "", cases->text);
}

struct gv_check_kafka_result gv_check_kafka_finish(struct gv_check_kafka *check, bool cut_short,
                                                   struct gv_verdict_errors *errors) {
    struct gv_check_kafka_result result = {
        .applies = true,
        .acknowledged = check->acknowledged,
        .polled = check->polled,
        .seen = check->seen,
        .polls = check->polls,
        .assigns = check->assigns,
        .may_be_lost = check->may_be_lost,
        .largest = check->largest > 0 ? check->largest - 1 : 0,
        .lag = gv_history_quantiles(check->lags, check->lags_len),
    };
    for (uint64_t key = 0; key < check->logs_len; key++) {
        result.keys += check->logs[key].messages_len > 0;
        check_messages(check, key, cut_short, &result);
        check_skips(check, key);
    }
    if (!cut_short) check_finals(check, &result, errors);
    for (int i = 0; i < GV_CHECK_KAFKA_ANOMALIES; i++)
        add_error(check, (enum gv_verdict_kind)(GV_CHECK_KAFKA_FIRST + i), errors);
    add_error(check, GV_VERDICT_DUPLICATE, errors);
    add_error(check, GV_VERDICT_PHANTOM, errors);
    result.lost = cases_of(check, GV_VERDICT_LOST_WRITE)->count;
    result.unseen = cases_of(check, GV_VERDICT_UNSEEN)->count;
    result.duplicates = check->duplicates.count;
    return result;
}

const char *gv_check_kafka_lacks(const struct gv_check_kafka *check) {
    if (check->acknowledged == 0) return "no send was acknowledged";
    return check->seen == 0 ? "no poll returned a message" : NULL;
}
