// SPDX-License-Identifier: MIT
// Writes that are not stored yet, and their group commit: *local writes*, whose replies wait for
// the store, and *changes* of the replica by peers or asynchronous writes, which are batched.
//
// A local write is admitted and queued; a batch takes its record; when the batch is stored, the
// entry is put into the engine and the reply is sent. So no read and no peer sees a value that a
// crash can lose, and a node's own counters never decrease. While one batch is being written,
// writes queue for the next one, so batches grow with the load.
//
// A batch is formed in one step, first from changes, then from local writes. Each record has the
// larger of the written version and the engine's version, so the store never replaces a version by
// a smaller one.
//
// If the store fails, the writes of the batch and the queued ones get error 11, and new ones are
// refused with the store's text. The node retries every GV_WRITES_RETRY_MS, with the changes that
// have accumulated, until a batch is written.
#ifndef GV_NODE_WRITES_H
#define GV_NODE_WRITES_H

#include "../engine/store.h"
#include "replies.h"

enum {
    GV_WRITES_CHANGES_MAX = 1 << 16, // changes listed one by one; above, all entries are rewritten
    GV_WRITES_RETRY_MS = 500,        // time between two attempts to write while the store fails
    GV_WRITES_TEXT_MAX = 256,        // longest error text of the store, bytes
    GV_WRITES_KEY_MAX = 192,         // longest key that on_shortfall writes, bytes
};

enum gv_writes_state {
    GV_WRITES_IDLE,
    GV_WRITES_WRITING, // a batch is being written
    GV_WRITES_APPLYING // the batch is written; its writes are being applied and replied to
};

// The reply to a stored write: its type and, unless `member` is NULL, one more member and its
// value, JSON text. The value is copied; the others are static texts.
struct gv_writes_reply {
    const char *type, *member;
    struct gv_slice value;
    uint64_t increment; // amount by which the write raises a counter's entry; 0: not a counter
};

struct gv_writes_config {
    struct gv_alloc alloc;
    gv_time delay; // longest time that changes are batched
    // Called when a counter's entry is stored, but the stored count grew by less than the
    // increment, since a peer had raised the entry. `shortfall` is the missing part. Returns
    // another entry, whose count includes it; its key is written to `key` (GV_WRITES_KEY_MAX
    // bytes).
    struct gv_entry (*on_shortfall)(void *ctx, gv_time now, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key);
    void *on_shortfall_ctx;
};

struct gv_writes {
    struct gv_writes_config config;
    struct gv_engine *engine; // NULL: not attached
    gv_time now;              // time of the line being received (gv_writes_set_time)
    enum gv_writes_state state;
    struct gv_store_batch batch; // being written
    // The queue: local writes, each followed by its texts. Of its `len` bytes the first `batched`
    // belong to writes of the batch, and the first `applied` of these to writes that are done.
    uint8_t *queue;
    size_t len, cap, batched, applied;
    gv_time apply_at; // when to continue after memory ran out

    uint32_t *changes; // references into the engine; the first in_batch are being written
    uint32_t count, in_batch;
    // A rewrite of all entries: the batch being written has the entries [rewrite_at, rewrite_next).
    bool rewrite, rewrite_done;
    uint32_t rewrite_at, rewrite_next;
    gv_time due;    // when to write changes; GV_TIME_NEVER: there are none
    bool flush_now; // changes are no longer batched

    bool failed;                   // the last attempt to write failed
    char text[GV_WRITES_TEXT_MAX]; // the store's text about that failure
    gv_time retry_at;
};

// GV_ENOMEM: gv_writes_fini must be called even then. It accepts a zeroed struct.
int gv_writes_init(struct gv_writes *writes, const struct gv_writes_config *config);
void gv_writes_fini(struct gv_writes *writes);

// Sets the engine, borrowed, to which stored writes are applied; before the first write.
static inline void gv_writes_attach(struct gv_writes *writes, struct gv_engine *engine) {
    GV_ASSERT(engine != NULL);
    writes->engine = engine;
}

// Sets the time of the changes that follow.
static inline void gv_writes_set_time(struct gv_writes *writes, gv_time now) {
    writes->now = now;
}

// For gv_engine_config.on_change; ctx is the writes.
void gv_writes_changed(void *ctx, const struct gv_engine_change *change);

// Whether another line may be received. False if more than GV_NODE_PENDING_MAX bytes of local
// writes wait for a batch, or there are more than half of GV_WRITES_CHANGES_MAX changes while the
// store does not fail.
bool gv_writes_ready(const struct gv_writes *writes);

// Queues a local write and defers the open request, whose reply `answer` describes; both NULL: no
// reply. Errors: what gv_store_reserve returns; GV_EIO: the store fails (gv_writes_error);
// GV_ENOMEM. After an error the request is still open.
int gv_writes_put(struct gv_writes *writes, struct gv_replies *replies,
                  const struct gv_entry *entry, const struct gv_writes_reply *answer);

// The batch to write now; NULL: none. Borrowed until gv_writes_written, which must follow.
const struct gv_store_batch *gv_writes_batch(struct gv_writes *writes, gv_time now);
// Notes that the batch is written (text NULL), or that the write failed for the reason `text`.
// True: the store has just failed, or works again.
bool gv_writes_written(struct gv_writes *writes, gv_time now, const char *text);

// Applies the stored writes to the engine and replies to them, until the reply buffer is full;
// `self` is the node's name as JSON.
void gv_writes_apply(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                     struct gv_slice self);

// When to call gv_writes_batch or gv_writes_apply at the latest.
gv_time gv_writes_deadline(const struct gv_writes *writes);

// Ends batching: from now on changes are due immediately.
static inline void gv_writes_flush(struct gv_writes *writes) {
    writes->flush_now = true;
}

// Bytes that are not stored yet, in the batch being written and in the queue of local writes.
static inline size_t gv_writes_pending(const struct gv_writes *writes) {
    return writes->len - writes->batched + writes->batch.len;
}

// Whether the last attempt to write failed, and the store's text about that.
static inline bool gv_writes_failed(const struct gv_writes *writes) {
    return writes->failed;
}

static inline const char *gv_writes_error(const struct gv_writes *writes) {
    return writes->text;
}

// Whether nothing is pending, except changes that a failing store cannot write.
bool gv_writes_drained(const struct gv_writes *writes);

#endif
