// SPDX-License-Identifier: MIT
#include "writes.h"

#include "../engine/admit.h"

#include <stdio.h>

enum { REPLY_RETRY_MS = 10 }; // time until the next attempt after memory for replies ran out

// The reply to a local write; the texts of dest, msg_id and value follow.
struct pending_reply {
    const char *type; // NULL: no reply
    const char *member;
    uint64_t increment; // amount by which the write raises a counter's entry; 0: not a counter
    bool partial;       // a part of the increment is already counted
    size_t dest_len, id_len, value_len;
};

static size_t pending_len(const struct pending_reply *pending) {
    return sizeof *pending + pending->dest_len + pending->id_len + pending->value_len;
}

int gv_writes_init(struct gv_writes *writes, const struct gv_writes_config *config) {
    struct gv_alloc alloc = config->alloc;
    GV_ASSERT(alloc.resize != NULL);
    *writes = (struct gv_writes){.config = *config, .due = GV_TIME_NEVER};
    size_t size = GV_WRITES_CHANGES_MAX * sizeof *writes->changes;
    writes->scratch = gv_alloc_new(alloc, GV_STORE_SCRATCH);
    writes->changes = gv_alloc_new(alloc, size);
    return writes->scratch != NULL && writes->changes != NULL ? 0 : GV_ENOMEM;
}

static void drop(struct gv_writes *writes, struct gv_writes_queue *queue) {
    struct gv_alloc alloc = writes->config.alloc;
    gv_store_batch_free(&queue->batch, alloc);
    gv_alloc_free(alloc, queue->pending, queue->cap);
    *queue = (struct gv_writes_queue){0};
}

void gv_writes_fini(struct gv_writes *writes) {
    struct gv_alloc alloc = writes->config.alloc;
    drop(writes, &writes->next);
    drop(writes, &writes->writing);
    size_t size = GV_WRITES_CHANGES_MAX * sizeof *writes->changes;
    gv_alloc_free(alloc, writes->scratch, GV_STORE_SCRATCH);
    gv_alloc_free(alloc, writes->changes, size);
    writes->scratch = NULL;
    writes->changes = NULL;
}

// ---- In -----------------------------------------------------------------------------------------

void gv_writes_changed(void *ctx, uint32_t at) {
    struct gv_writes *writes = ctx;
    if (writes->due == GV_TIME_NEVER) writes->due = writes->now + writes->config.delay;
    if (writes->count == GV_WRITES_CHANGES_MAX) {
        writes->rewrite = true;
        writes->rewrite_done = false;
        writes->rewrite_at = writes->rewrite_next = 0;
        writes->count = writes->in_batch = 0;
    }
    writes->changes[writes->count++] = at;
}

bool gv_writes_ready(const struct gv_writes *writes) {
    if (writes->next.batch.len + writes->next.len >= GV_NODE_PENDING_MAX) return false;
    return writes->failed || writes->count < GV_WRITES_CHANGES_MAX / 2;
}

static int reserve_pending(struct gv_writes *writes, struct gv_writes_queue *queue, size_t len) {
    if (len <= queue->cap - queue->len) return 0;
    size_t cap = 2 * (queue->len + len);
    uint8_t *pending = gv_alloc_resize(writes->config.alloc, queue->pending, queue->cap, cap);
    if (pending == NULL) return GV_ENOMEM;
    queue->pending = pending;
    queue->cap = cap;
    return 0;
}

// Queues a write and its pending reply; the caller writes the reply's texts to *at. Returns 0 or an
// error.
static int append(struct gv_writes *writes, const struct pending_reply *pending,
                  const struct gv_entry *entry, uint8_t **at) {
    struct gv_writes_queue *queue = &writes->next;
    int error = gv_admit_reserve(writes->engine, entry);
    if (error != 0) return error;
    error = reserve_pending(writes, queue, pending_len(pending));
    if (error == 0)
        error = gv_store_batch_put(&queue->batch, writes->config.alloc, writes->engine, entry);
    if (error != 0) {
        gv_store_release(writes->engine, entry);
        return error;
    }
    memcpy(queue->pending + queue->len, pending, sizeof *pending);
    *at = queue->pending + queue->len + sizeof *pending;
    queue->versioned |= entry->lattice != GV_LATTICE_SET;
    queue->len += pending_len(pending);
    return 0;
}

int gv_writes_put(struct gv_writes *writes, struct gv_replies *replies,
                  const struct gv_entry *entry, const struct gv_writes_reply *answer) {
    GV_ASSERT(writes->engine != NULL && (answer != NULL) == (replies != NULL));
    if (writes->failed) return GV_EIO;
    struct pending_reply pending = {.type = NULL};
    struct gv_slice dest = {0}, msg_id = {0};
    if (replies != NULL) {
        bool open = gv_replies_open_request(replies, &dest, &msg_id);
        GV_ASSERT(open && dest.data != NULL && msg_id.data != NULL);
        pending = (struct pending_reply){
            .type = answer->type,
            .member = answer->member,
            .increment = answer->increment,
            .dest_len = dest.len,
            .id_len = msg_id.len,
            .value_len = answer->value.len,
        };
    }
    uint8_t *at;
    int error = append(writes, &pending, entry, &at);
    if (error != 0 || replies == NULL) return error;
    memcpy(at, dest.data, pending.dest_len);
    memcpy(at + pending.dest_len, msg_id.data, pending.id_len);
    if (pending.value_len > 0)
        memcpy(at + pending.dest_len + pending.id_len, answer->value.data, pending.value_len);
    gv_replies_defer(replies);
    return 0;
}

// ---- Out ----------------------------------------------------------------------------------------

// Adds the entry at this reference, if it still exists. False: out of memory.
static bool add(struct gv_writes *writes, uint32_t at) {
    struct gv_entry entry;
    if (!gv_engine_next(writes->engine, &at, at + 1, &entry)) return true;
    return gv_store_batch_put(&writes->writing.batch, writes->config.alloc, writes->engine,
                              &entry) == 0;
}

// Adds changes, up to the size of a batch. True: something was added.
static bool add_changes(struct gv_writes *writes) {
    struct gv_store_batch *batch = &writes->writing.batch;
    uint32_t before = batch->count;
    writes->in_batch = 0;
    while (writes->in_batch < writes->count && batch->len < GV_NODE_BATCH_MAX) {
        if (!add(writes, writes->changes[writes->in_batch])) break;
        writes->in_batch++;
    }
    if (!writes->rewrite) return writes->in_batch > 0 || batch->count > before;
    struct gv_entry entry;
    uint32_t at = writes->rewrite_at, end = gv_engine_end(writes->engine);
    writes->rewrite_next = at;
    writes->rewrite_done = false;
    while (batch->len < GV_NODE_BATCH_MAX) {
        writes->rewrite_done = !gv_engine_next(writes->engine, &at, end, &entry);
        if (writes->rewrite_done) return true;
        if (gv_store_batch_put(batch, writes->config.alloc, writes->engine, &entry) != 0) break;
        writes->rewrite_next = at;
    }
    return batch->count > before;
}

static void reverse(uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

// Moves the changes, which follow the first `len` bytes, in front of the local writes. Of two
// records of one entry the store keeps the later one, and the local version may be the larger one.
static void put_changes_first(struct gv_writes *writes, size_t len) {
    struct gv_store_batch *batch = &writes->writing.batch;
    size_t changes = batch->len - len;
    if (!writes->writing.versioned || len == 0 || changes == 0) return;
    reverse(batch->data, len);
    reverse(batch->data + len, changes);
    reverse(batch->data, batch->len);
    writes->batch_at = changes;
}

// Swaps the two queues: the waiting one will be written, and the other one, now empty, will wait.
static void swap_queues(struct gv_writes *writes) {
    struct gv_writes_queue empty = writes->writing;
    GV_ASSERT(empty.len == 0 && empty.batch.count == 0);
    writes->writing = writes->next;
    writes->next = empty;
    writes->pending_at = writes->batch_at = 0;
}

const struct gv_store_batch *gv_writes_batch(struct gv_writes *writes, gv_time now) {
    if (writes->state != GV_WRITES_IDLE) return NULL;
    if (writes->failed && now < writes->retry_at) return NULL;
    bool any_local = writes->next.batch.count > 0;
    bool changes = writes->due != GV_TIME_NEVER && (now >= writes->due || writes->flush_now);
    if (!any_local && !changes && !writes->failed) return NULL;
    swap_queues(writes);
    size_t local = writes->writing.batch.len;
    bool added = writes->due != GV_TIME_NEVER && add_changes(writes);
    put_changes_first(writes, local);
    if (!any_local && !added && !writes->failed) { // add_changes ran out of memory
        writes->due = now + writes->config.delay;
        return NULL;
    }
    writes->state = GV_WRITES_WRITING;
    return &writes->writing.batch;
}

// Handles the batch's changes after they have been stored.
static void finish_changes(struct gv_writes *writes, gv_time now) {
    size_t left = writes->count - writes->in_batch;
    memmove(writes->changes, writes->changes + writes->in_batch, left * sizeof *writes->changes);
    writes->count = (uint32_t)left;
    writes->in_batch = 0;
    if (writes->rewrite) writes->rewrite_at = writes->rewrite_next;
    if (writes->rewrite_done) writes->rewrite = writes->rewrite_done = false;
    if (left == 0 && !writes->rewrite) {
        writes->due = GV_TIME_NEVER;
    } else if (writes->rewrite || writes->writing.batch.len >= GV_NODE_BATCH_MAX) {
        writes->due = now; // the remaining changes did not fit into the batch
    } else {
        writes->due = now + writes->config.delay;
    }
}

bool gv_writes_written(struct gv_writes *writes, gv_time now, const char *text) {
    GV_ASSERT(writes->state == GV_WRITES_WRITING);
    bool changed = writes->failed != (text != NULL);
    writes->state = GV_WRITES_APPLYING;
    writes->failed = text != NULL;
    if (writes->failed) {
        snprintf(writes->text, sizeof writes->text, "%s", text);
        writes->retry_at = now + GV_WRITES_RETRY_MS * GV_MS;
        writes->in_batch = 0;
        writes->rewrite_done = false;
    } else {
        finish_changes(writes, now);
    }
    return changed;
}

// ---- Answers ------------------------------------------------------------------------------------

static uint64_t count_of(const struct gv_engine *engine, const struct gv_entry *key) {
    struct gv_entry found;
    return gv_engine_get(engine, key, &found) ? found.count : 0;
}

// A write raised its entry by too little: queues the shortfall again, with another entry and with
// the reply. Returns 0 or an error.
static int put_shortfall(struct gv_writes *writes, gv_time now, const struct gv_entry *entry,
                         const struct pending_reply *pending, uint64_t shortfall,
                         const uint8_t *texts) {
    GV_ASSERT(shortfall <= pending->increment && writes->config.on_shortfall != NULL &&
              pending->type != NULL);
    char key[GV_WRITES_KEY_MAX];
    struct gv_entry other =
        writes->config.on_shortfall(writes->config.on_shortfall_ctx, now, entry, shortfall, key);
    struct pending_reply again = *pending;
    again.partial |= shortfall < pending->increment;
    again.increment = shortfall;
    uint8_t *at;
    int error = append(writes, &again, &other, &at);
    if (error == 0) memcpy(at, texts, pending_len(pending) - sizeof *pending);
    return error;
}

// Applies a stored record to the engine. Returns 1 or 0 as gv_store_apply, or an error; GV_EIO: the
// record is not stored. *later: the reply has to wait for another write.
static int put_stored(struct gv_writes *writes, gv_time now, const struct gv_store_record *record,
                      const struct pending_reply *pending, const uint8_t *texts, bool *later) {
    struct gv_entry entry;
    int error = gv_store_decode(record, writes->scratch, &entry);
    GV_ASSERT(error == 0); // gv_store_batch_put made the record
    *later = false;
    if (writes->failed) {
        gv_store_release(writes->engine, &entry);
        return GV_EIO;
    }
    uint64_t before = pending->increment > 0 ? count_of(writes->engine, &entry) : 0;
    int stored = gv_store_apply(writes->engine, now, &entry);
    if (stored < 0 || pending->increment == 0) return stored;
    uint64_t grown = count_of(writes->engine, &entry) - before;
    if (grown >= pending->increment) return stored;
    error = put_shortfall(writes, now, &entry, pending, pending->increment - grown, texts);
    *later = error == 0;
    return error;
}

static void answer(const struct gv_writes *writes, struct gv_replies *replies,
                   const struct pending_reply *pending, struct gv_slice value, int stored) {
    char text[GV_REPLIES_TEXT_MAX];
    if (writes->failed) {
        snprintf(text, sizeof text, "%s: %s", pending->partial ? "stored in part" : "not stored",
                 writes->text);
        gv_replies_error(replies, pending->partial ? GV_REPLIES_INDEFINITE : GV_REPLIES_UNAVAILABLE,
                         text);
    } else if (stored < 0) {
        snprintf(text, sizeof text, "stored, but not visible before a restart: %s",
                 gv_base_error(stored));
        gv_replies_error(replies, GV_REPLIES_INDEFINITE, text);
    } else {
        gv_replies_json(replies, pending->type, pending->member, value);
    }
}

// Applies the writes of the queue `writing` and replies to them; false: the reply buffer is full.
static bool apply_queue(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                        struct gv_slice self) {
    struct gv_writes_queue *queue = &writes->writing;
    while (writes->pending_at < queue->len) {
        struct pending_reply pending;
        const uint8_t *at = queue->pending + writes->pending_at;
        memcpy(&pending, at, sizeof pending);
        writes->apply_at = GV_TIME_NEVER; // continues when replies have been sent
        if (gv_replies_waiting(replies) >= GV_NODE_REPLIES_DEFAULT) return false;
        if (gv_replies_reserve(replies, pending_len(&pending) + self.len) != 0) {
            writes->apply_at = now + REPLY_RETRY_MS * GV_MS;
            return false;
        }
        struct gv_store_record record;
        bool there = gv_store_batch_next(&queue->batch, &writes->batch_at, &record);
        GV_ASSERT(there);
        struct gv_slice dest = {at + sizeof pending, pending.dest_len};
        struct gv_slice id = {dest.data + dest.len, pending.id_len};
        struct gv_slice value = {id.data + id.len, pending.value_len};
        // Open before the entry is applied, so that the trace names the request.
        if (pending.type != NULL) gv_replies_open(replies, self, dest, id);
        bool later;
        int stored = put_stored(writes, now, &record, &pending, at + sizeof pending, &later);
        if (later) {
            gv_replies_defer(replies);
        } else if (pending.type != NULL) {
            answer(writes, replies, &pending, value, stored);
        }
        writes->pending_at += pending_len(&pending);
    }
    queue->len = queue->batch.len = queue->batch.count = 0;
    queue->versioned = false;
    // A batch of changes may be large; smaller buffers are kept.
    if (queue->batch.cap > GV_NODE_PENDING_MAX)
        gv_store_batch_free(&queue->batch, writes->config.alloc);
    return true;
}

void gv_writes_apply(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                     struct gv_slice self) {
    if (writes->state != GV_WRITES_APPLYING) return;
    if (!apply_queue(writes, now, replies, self)) return;
    if (writes->failed && writes->next.len > 0) { // queued while the batch was written
        swap_queues(writes);
        if (!apply_queue(writes, now, replies, self)) return;
    }
    writes->state = GV_WRITES_IDLE;
}

gv_time gv_writes_deadline(const struct gv_writes *writes) {
    if (writes->state == GV_WRITES_WRITING) return GV_TIME_NEVER;
    if (writes->state == GV_WRITES_APPLYING) return writes->apply_at;
    return writes->failed ? writes->retry_at : writes->due;
}

bool gv_writes_drained(const struct gv_writes *writes) {
    if (writes->state != GV_WRITES_IDLE || writes->next.batch.count > 0) return false;
    return writes->failed || writes->due == GV_TIME_NEVER;
}
