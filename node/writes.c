// SPDX-License-Identifier: MIT
#include "writes.h"

#include "../engine/admit.h"
#include "../engine/record.h"

#include <stdio.h>

enum { REPLY_RETRY_MS = 10 }; // time until the next attempt after memory for replies ran out

// A local write in the queue. Its texts follow it there, in the order of texts_of.
struct local_write {
    struct gv_entry entry; // as admitted
    struct gv_slice dest, msg_id;
    struct gv_writes_reply reply; // type NULL: no reply
    bool partial;                 // a part of the increment is already counted
};

enum { TEXTS = 6 };

static void texts_of(struct local_write *write, struct gv_slice *texts[TEXTS]) {
    texts[0] = &write->entry.key;
    texts[1] = &write->entry.value;
    texts[2] = &write->entry.node;
    texts[3] = &write->dest;
    texts[4] = &write->msg_id;
    texts[5] = &write->reply.value;
}

static size_t size_of(const struct local_write *write) {
    return sizeof *write + gv_entry_size(&write->entry) + write->dest.len + write->msg_id.len +
           write->reply.value.len;
}

// The write at this offset of the queue; borrows its texts until the queue grows.
static struct local_write read_write(const struct gv_writes *writes, size_t at) {
    struct local_write write;
    struct gv_slice *texts[TEXTS];
    memcpy(&write, writes->queue + at, sizeof write);
    texts_of(&write, texts);
    const uint8_t *data = writes->queue + at + sizeof write;
    for (int i = 0; i < TEXTS; i++) {
        texts[i]->data = data;
        data += texts[i]->len;
    }
    return write;
}

int gv_writes_init(struct gv_writes *writes, const struct gv_writes_config *config) {
    struct gv_alloc alloc = config->alloc;
    GV_ASSERT(alloc.resize != NULL);
    *writes = (struct gv_writes){.config = *config, .due = GV_TIME_NEVER};
    size_t size = GV_WRITES_CHANGES_MAX * sizeof *writes->changes;
    writes->changes = gv_alloc_new(alloc, size);
    return writes->changes != NULL ? 0 : GV_ENOMEM;
}

void gv_writes_fini(struct gv_writes *writes) {
    struct gv_alloc alloc = writes->config.alloc;
    gv_store_batch_free(&writes->batch, alloc);
    gv_alloc_free(alloc, writes->queue, writes->cap);
    gv_alloc_free(alloc, writes->changes, GV_WRITES_CHANGES_MAX * sizeof *writes->changes);
    writes->queue = NULL;
    writes->changes = NULL;
}

// ---- In -----------------------------------------------------------------------------------------

void gv_writes_changed(void *ctx, const struct gv_engine_change *change) {
    struct gv_writes *writes = ctx;
    if (change->is_stored) return;
    if (writes->due == GV_TIME_NEVER) writes->due = writes->now + writes->config.delay;
    if (writes->count == GV_WRITES_CHANGES_MAX) {
        writes->rewrite = true;
        writes->rewrite_done = false;
        writes->rewrite_at = writes->rewrite_next = 0;
        writes->count = writes->in_batch = 0;
    }
    writes->changes[writes->count++] = change->at;
}

bool gv_writes_ready(const struct gv_writes *writes) {
    if (writes->len - writes->batched >= GV_NODE_PENDING_MAX) return false;
    return writes->failed || writes->count < GV_WRITES_CHANGES_MAX / 2;
}

static int reserve(struct gv_writes *writes, size_t size) {
    if (size <= writes->cap - writes->len) return 0;
    size_t cap = 2 * (writes->len + size);
    uint8_t *queue = gv_alloc_resize(writes->config.alloc, writes->queue, writes->cap, cap);
    if (queue == NULL) return GV_ENOMEM;
    writes->queue = queue;
    writes->cap = cap;
    return 0;
}

// Admits a write and queues it. If reserve() has made space, its texts may be in the queue.
static int append(struct gv_writes *writes, const struct local_write *write) {
    int error = gv_admit_reserve(writes->engine, &write->entry);
    if (error != 0) return error;
    error = reserve(writes, size_of(write));
    if (error != 0) {
        gv_admit_release(writes->engine, &write->entry);
        return error;
    }
    struct local_write copy = *write;
    struct gv_slice *texts[TEXTS];
    texts_of(&copy, texts);
    uint8_t *to = writes->queue + writes->len;
    memcpy(to, &copy, sizeof copy);
    to += sizeof copy;
    for (int i = 0; i < TEXTS; i++) {
        if (texts[i]->len > 0) memcpy(to, texts[i]->data, texts[i]->len);
        to += texts[i]->len;
    }
    writes->len += size_of(write);
    return 0;
}

int gv_writes_put(struct gv_writes *writes, struct gv_replies *replies,
                  const struct gv_entry *entry, const struct gv_writes_reply *answer) {
    GV_ASSERT(writes->engine != NULL && (answer != NULL) == (replies != NULL));
    if (writes->failed) return GV_EIO;
    struct local_write write = {.entry = *entry};
    if (replies != NULL) {
        bool open = gv_replies_open_request(replies, &write.dest, &write.msg_id);
        GV_ASSERT(open && write.dest.data != NULL && write.msg_id.data != NULL);
        write.reply = *answer;
    }
    int error = append(writes, &write);
    if (error == 0 && replies != NULL) gv_replies_defer(replies);
    return error;
}

// ---- Out ----------------------------------------------------------------------------------------

// Adds a record to the batch. False: out of memory.
static bool add(struct gv_writes *writes, const struct gv_entry *entry) {
    return gv_record_append(&writes->batch, writes->config.alloc, writes->engine, entry) == 0;
}

// Adds changes, up to the size of a batch. True: something was added.
static bool add_changes(struct gv_writes *writes) {
    const struct gv_store_batch *batch = &writes->batch;
    struct gv_entry entry;
    writes->in_batch = 0;
    while (writes->in_batch < writes->count && batch->len < GV_NODE_BATCH_MAX) {
        uint32_t at = writes->changes[writes->in_batch];
        bool exists = gv_engine_next(writes->engine, &at, at + 1, &entry);
        if (exists && !add(writes, &entry)) break;
        writes->in_batch++;
    }
    if (!writes->rewrite) return writes->in_batch > 0;
    uint32_t at = writes->rewrite_at, end = gv_engine_end(writes->engine);
    writes->rewrite_next = at;
    writes->rewrite_done = false;
    while (batch->len < GV_NODE_BATCH_MAX) {
        writes->rewrite_done = !gv_engine_next(writes->engine, &at, end, &entry);
        if (writes->rewrite_done) return true;
        if (!add(writes, &entry)) break;
        writes->rewrite_next = at;
    }
    return batch->count > 0;
}

// Adds the local writes, after the changes: the store keeps the later of two records of an entry,
// and the local version may be the larger one. If memory runs out, the other writes stay queued.
static void add_local(struct gv_writes *writes) {
    while (writes->batched < writes->len) {
        struct local_write write = read_write(writes, writes->batched);
        if (!add(writes, &write.entry)) return;
        writes->batched += size_of(&write);
    }
}

const struct gv_store_batch *gv_writes_batch(struct gv_writes *writes, gv_time now) {
    if (writes->state != GV_WRITES_IDLE) return NULL;
    if (writes->failed && now < writes->retry_at) return NULL;
    bool changes = writes->due != GV_TIME_NEVER && (now >= writes->due || writes->flush_now);
    if (writes->len == 0 && !changes && !writes->failed) return NULL;
    bool added = writes->due != GV_TIME_NEVER && add_changes(writes);
    add_local(writes);
    if (!added && writes->batched == 0 && !writes->failed) { // out of memory
        writes->due = now + writes->config.delay;
        return NULL;
    }
    writes->state = GV_WRITES_WRITING;
    return &writes->batch;
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
    } else if (writes->rewrite || writes->batch.len >= GV_NODE_BATCH_MAX) {
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
        writes->batched = writes->len; // the writes queued since then fail, too
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

// A stored write raised its counter by less than the increment. Queues a write of the missing part,
// to another entry and with the same reply. Returns 0 or an error.
static int put_shortfall(struct gv_writes *writes, gv_time now, const struct local_write *write,
                         uint64_t shortfall) {
    GV_ASSERT(writes->config.on_shortfall != NULL && write->reply.type != NULL);
    char key[GV_WRITES_KEY_MAX];
    struct local_write again = *write;
    again.entry = writes->config.on_shortfall(writes->config.on_shortfall_ctx, now, &write->entry,
                                              shortfall, key);
    again.partial |= shortfall < write->reply.increment;
    again.reply.increment = shortfall;
    return append(writes, &again);
}

// Puts a stored entry into the engine. Returns 1 or 0 as gv_store_apply, or an error; GV_EIO: the
// entry is not stored. *later: another write was queued, with the same reply.
static int put_stored(struct gv_writes *writes, gv_time now, const struct local_write *write,
                      bool *later) {
    const struct gv_entry *entry = &write->entry;
    uint64_t increment = write->reply.increment;
    *later = false;
    if (writes->failed) {
        gv_admit_release(writes->engine, entry);
        return GV_EIO;
    }
    uint64_t before = increment > 0 ? count_of(writes->engine, entry) : 0;
    int stored = gv_admit_apply(writes->engine, now, entry);
    if (stored < 0 || increment == 0) return stored;
    uint64_t grown = count_of(writes->engine, entry) - before;
    if (grown >= increment) return stored;
    int error = put_shortfall(writes, now, write, increment - grown);
    *later = error == 0;
    return error;
}

static void answer(const struct gv_writes *writes, struct gv_replies *replies,
                   const struct local_write *write, int stored) {
    char text[GV_REPLIES_TEXT_MAX];
    if (writes->failed) {
        snprintf(text, sizeof text, "%s: %s", write->partial ? "stored in part" : "not stored",
                 writes->text);
        gv_replies_error(replies, write->partial ? GV_REPLIES_INDEFINITE : GV_REPLIES_UNAVAILABLE,
                         text);
    } else if (stored < 0) {
        snprintf(text, sizeof text, "stored, but not visible before a restart: %s",
                 gv_base_error(stored));
        gv_replies_error(replies, GV_REPLIES_INDEFINITE, text);
    } else {
        gv_replies_json(replies, write->reply.type, write->reply.member, write->reply.value);
    }
}

// Applies the writes of the batch and replies to them; false: the reply buffer is full.
static bool apply_batch(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                        struct gv_slice self) {
    while (writes->applied < writes->batched) {
        writes->apply_at = GV_TIME_NEVER; // goes on when replies have been sent
        if (gv_replies_waiting(replies) >= GV_NODE_REPLIES_DEFAULT) return false;
        struct local_write write = read_write(writes, writes->applied);
        size_t size = size_of(&write);
        // put_shortfall may queue another write with this reply.
        size_t again = write.reply.increment > 0 ? size + GV_WRITES_KEY_MAX : 0;
        if (gv_replies_reserve(replies, size + self.len) != 0 || reserve(writes, again) != 0) {
            writes->apply_at = now + REPLY_RETRY_MS * GV_MS;
            return false;
        }
        write = read_write(writes, writes->applied);
        bool has_reply = write.reply.type != NULL, later;
        // The request is open while the entry is applied, so that the trace names it.
        if (has_reply) gv_replies_open(replies, self, write.dest, write.msg_id);
        int stored = put_stored(writes, now, &write, &later);
        if (later) {
            gv_replies_defer(replies);
        } else if (has_reply) {
            answer(writes, replies, &write, stored);
        }
        writes->applied += size;
    }
    return true;
}

void gv_writes_apply(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                     struct gv_slice self) {
    if (writes->state != GV_WRITES_APPLYING) return;
    if (!apply_batch(writes, now, replies, self)) return;
    writes->state = GV_WRITES_IDLE;
    writes->len -= writes->batched;
    if (writes->len > 0) memmove(writes->queue, writes->queue + writes->batched, writes->len);
    writes->batched = writes->applied = 0;
    writes->batch.len = writes->batch.count = 0;
    // A batch of changes may be large; smaller buffers are kept.
    if (writes->batch.cap > GV_NODE_PENDING_MAX)
        gv_store_batch_free(&writes->batch, writes->config.alloc);
}

gv_time gv_writes_deadline(const struct gv_writes *writes) {
    if (writes->state == GV_WRITES_WRITING) return GV_TIME_NEVER;
    if (writes->state == GV_WRITES_APPLYING) return writes->apply_at;
    return writes->failed ? writes->retry_at : writes->due;
}

bool gv_writes_drained(const struct gv_writes *writes) {
    if (writes->state != GV_WRITES_IDLE || writes->len > 0) return false;
    return writes->failed || writes->due == GV_TIME_NEVER;
}
