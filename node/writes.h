// SPDX-License-Identifier: MIT
// What is on its way to the store: local writes, whose replies wait for it, and changes that came
// from peers, which wait for company.
//
// A local write is not put into the engine before it is in the store: so neither a read nor a peer
// ever hears of what this node may forget, and its own counters never run backwards. While one
// batch is being written the next one forms; the busier the node, the larger the batches.
//
// When the store fails, the writes under way are answered by error 11 and new ones are refused
// with its text; it is tried again, with what came from peers meanwhile, until it works.
#ifndef GV_NODE_WRITES_H
#define GV_NODE_WRITES_H

#include "../engine/store.h"
#include "replies.h"

enum {
    GV_WRITES_CHANGES_MAX = 1 << 16, // changes remembered one by one; more: everything is rewritten
    GV_WRITES_RETRY_MS = 500,        // between trials of a store that failed
    GV_WRITES_TEXT_MAX = 256,
    GV_WRITES_KEY_MAX = 192, // longest key that `on_shortfall` writes, bytes
};

enum gv_writes_state {
    GV_WRITES_IDLE,
    GV_WRITES_WRITING, // the batch is being written
    GV_WRITES_APPLYING // it has been, and its writes are answered as there is room
};

// Writes to be answered, in the order of their records, as bytes; and the records.
struct gv_writes_queue {
    struct gv_store_batch batch;
    uint8_t *pending;
    size_t len, cap;
    bool versioned; // some of the entries have more than one version
};

// What answers a write when it is in the store: `type` and, if there is a `member`, that and a
// value, as JSON. Static texts, but for the value, which is copied.
struct gv_writes_reply {
    const char *type, *member;
    struct gv_slice value;
    uint64_t increment; // of a counter's entry, unless somebody else changes that; or 0
};

struct gv_writes_config {
    struct gv_alloc alloc;
    gv_time delay; // longest time that a change of a peer waits to be batched
    // A counter's entry is stored, but grew by `shortfall` less than it should, as a peer had
    // raised it. Returns the entry that the shortfall is added to instead, with its key in `key`,
    // which has GV_WRITES_KEY_MAX bytes.
    struct gv_entry (*on_shortfall)(void *ctx, gv_time now, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key);
    void *on_shortfall_ctx;
};

struct gv_writes {
    struct gv_writes_config config;
    struct gv_engine *engine; // NULL: not attached
    gv_time now;              // of what is being received; the caller sets it
    enum gv_writes_state state;
    struct gv_writes_queue next, writing;
    size_t pending_at, batch_at; // of `writing`: answered so far
    gv_time apply_at;            // when to try again for lack of memory
    uint8_t *scratch;

    // Changes from peers, by where they are in the engine. Those before `in_batch` are in the batch
    // that is out.
    uint32_t *changes;
    uint32_t count, in_batch;
    // All entries from here on are to be written; `rewrite_next` once the batch has been.
    bool rewrite, rewrite_done;
    uint32_t rewrite_at, rewrite_next;
    gv_time due;    // when changes must go; GV_TIME_NEVER: there are none
    bool flush_now; // nothing waits for company any more

    bool failed; // by the last trial
    char text[GV_WRITES_TEXT_MAX];
    gv_time retry_at;
};

// GV_ENOMEM; gv_writes_fini is needed then, too. It does nothing with a zeroed struct.
int gv_writes_init(struct gv_writes *writes, const struct gv_writes_config *config);
void gv_writes_fini(struct gv_writes *writes);

// Sets the engine, borrowed, that stored writes are put into; to be called before the first one.
void gv_writes_attach(struct gv_writes *writes, struct gv_engine *engine);

// Sets the time of the changes that follow.
static inline void gv_writes_set_time(struct gv_writes *writes, gv_time now) {
    writes->now = now;
}

// For gv_engine_config.on_change; ctx is the writes.
void gv_writes_changed(void *ctx, uint32_t at);

// Whether more may come.
bool gv_writes_ready(const struct gv_writes *writes);

// Takes a local write, and the open request, which will be answered as `answer` says. No reply:
// nobody waits for this write, and there is no answer.
// What gv_store_reserve returns: the engine would not take it; GV_EIO: the store fails, `text` says
// how; GV_ENOMEM. The request is still open after an error.
int gv_writes_put(struct gv_writes *writes, struct gv_replies *replies,
                  const struct gv_entry *entry, const struct gv_writes_reply *answer);

// The batch to be written now, or NULL. It is the caller's until gv_writes_written.
const struct gv_store_batch *gv_writes_batch(struct gv_writes *writes, gv_time now);
// It has been written; or not, `text` saying why (NULL: it has been). True: it was the first
// failure, or the first success after one.
bool gv_writes_written(struct gv_writes *writes, gv_time now, const char *text);

// Puts what was written into the engine and answers for it, as far as there is room for replies;
// `self` is the node's name as JSON.
void gv_writes_apply(struct gv_writes *writes, gv_time now, struct gv_replies *replies,
                     struct gv_slice self);

// When to call gv_writes_batch or gv_writes_apply at the latest.
gv_time gv_writes_deadline(const struct gv_writes *writes);

// Stops batching, for ever: changes are due immediately.
static inline void gv_writes_flush(struct gv_writes *writes) {
    writes->flush_now = true;
}

// Bytes that are not stored yet: of the batch that is being written, and of local writes.
static inline size_t gv_writes_pending(const struct gv_writes *writes) {
    return writes->next.len + writes->next.batch.len + writes->writing.batch.len;
}

// Whether the last attempt to write failed, and the store's text about it.
static inline bool gv_writes_failed(const struct gv_writes *writes) {
    return writes->failed;
}

static inline const char *gv_writes_error(const struct gv_writes *writes) {
    return writes->text;
}

// Whether nothing waits, but for what a failing store keeps waiting.
bool gv_writes_drained(const struct gv_writes *writes);

#endif
