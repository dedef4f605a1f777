// SPDX-License-Identifier: MIT
// The engine: a replica of a map of entries, kept equal with its peers' by push and sync.
//
// It does no I/O and reads no clock: the caller passes time in, carries messages, and asks for
// them when its transport can take one. What to tell a peer is worked out then, into the caller's
// buffer, so there is no outbox to grow, and a slow transport coalesces news by itself.
//
//   gv_engine_new → gv_engine_join → loop:
//       a message came        gv_message_decode, gv_engine_receive
//       a local write         gv_engine_put
//       the transport is free while ((n = gv_engine_send(…)) > 0) …
//       the deadline came     gv_engine_advance
//
// Guarantees, as long as every pair of nodes is joined by some chain of working links again and
// again: every replica ends up with the merge of all entries put anywhere, whatever is lost,
// repeated, delayed or reordered. engine/DESIGN.md tells how.
//
// A NULL engine or argument is an error as well: a function that returns an error returns
// GV_EINVAL; one that returns a text, a digest or statistics returns an empty one; one that returns
// a bool returns false; gv_engine_end returns 0 and gv_engine_deadline GV_TIME_NEVER; any other
// does nothing.
#ifndef GV_ENGINE_ENGINE_H
#define GV_ENGINE_ENGINE_H

#include "../codec/entry.h"
#include "../codec/message.h"
#include "../merkle/digest.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_ENGINE_MESSAGE_DEFAULT = GV_MESSAGE_LIMIT, // longest message sent, bytes
    GV_ENGINE_MESSAGE_MIN = 1024,                 // smallest bound that can be asked for
    GV_ENGINE_PEERS_MAX = 16384,
    GV_ENGINE_NAME_MAX = 64, // longest node name, bytes
};

// What happens to a value at a node, for whoever follows it through the cluster.
enum gv_engine_event_kind {
    GV_ENGINE_STORED, // it was new here
    GV_ENGINE_KNOWN,  // it came, and was known
    GV_ENGINE_TOLD,   // it leaves for a peer
};
struct gv_engine_event {
    enum gv_engine_event_kind kind;
    int peer;  // whom it came from or goes to; negative: put here
    bool sync; // by a step of a sync, not as news
    // The keyed hash of the entry, version and all: the same at every node of the cluster, so that
    // one number follows a value wherever it goes.
    uint64_t id;
    const struct gv_entry *entry; // its texts are borrowed for the call
};

struct gv_engine_config {
    struct gv_alloc alloc;  // copied; its context is kept
    uint64_t seed;          // of all random choices: same seed and calls, same messages
    struct gv_slice secret; // the cluster's; keys the digests. Read during gv_engine_new only.
    uint32_t staleness_ms;  // how long a value may take to be everywhere; 0: as fast as it goes
    // Bounds of this node. They are asked of new local writes, and the latter two of growth by what
    // is received; never of what is there, be it loaded from a store or written under larger ones.
    // A message with an entry that is too long for message_max has this entry alone, and is then as
    // long as it must be, up to GV_MESSAGE_LIMIT. So nodes of unequal bounds end up equal.
    // More than GV_MESSAGE_LIMIT is for clusters of which every node and transport takes that.
    size_t message_max;   // longest message sent, bytes; 0: GV_ENGINE_MESSAGE_DEFAULT
    uint64_t memory_max;  // of the replica, bytes; 0: none but 32-bit references (64 GiB)
    uint64_t entries_max; // of the replica; 0: none
    // Called for each entry that was put or received and changed the replica, for who keeps them
    // elsewhere: gv_engine_next with a cursor of `at` and an end of `at` + 1 gives the entry, as
    // long as its record does not move. Must not call the engine. May be NULL.
    void (*changed)(void *ctx, uint32_t at);
    void *changed_ctx;
    // Called for each event; costs a hash of the entry each. Must not call the engine. May be NULL.
    void (*trace)(void *ctx, const struct gv_engine_event *event);
    void *trace_ctx;
};

struct gv_engine;

// GV_EINVAL: message_max is below GV_ENGINE_MESSAGE_MIN or above INT_MAX, there is no allocator, or
// `out`, `config` or the secret's bytes are NULL; GV_ENOMEM. On success *out is the caller's, to be
// freed by gv_engine_free.
GV_API int gv_engine_new(struct gv_engine **out, const struct gv_engine_config *config);
GV_API void gv_engine_free(struct gv_engine *engine);

// Tells the engine who the cluster is: `names` (any order, copied), of which `self` is this node.
// Peers are numbered by the order of their names' bytes. Once only.
// GV_EINVAL: called twice, self is missing, a name is empty or repeated, no names; GV_ERANGE: too
// many names or a name too long; GV_ENOMEM. The engine is as before after any of these.
GV_API int gv_engine_join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                          const struct gv_slice *names, size_t count);
// The number of the peer of this name, or GV_ENOENT (also for this node itself).
GV_API int gv_engine_peer(const struct gv_engine *engine, struct gv_slice name);
// A peer's name, or this node's; borrowed from the engine. Empty: there is no such number.
GV_API struct gv_slice gv_engine_name(const struct gv_engine *engine, int peer);

// A local write; works before gv_engine_join too. The entry's texts are copied; they must not be
// the engine's own, as gv_engine_get lends them.
// 1: stored; 0: the replica already had this version or a larger one. Nothing changed after an
// error:
// - what gv_entry_check returns, if no node would take the entry: GV_EINVAL (also if `engine` or
//   `entry` is NULL), GV_ESYNTAX, GV_ETYPE, GV_ERANGE, GV_ESPACE. Texts that gv_json_canonical and
//   gv_json_quote make are canonical JSON.
// - GV_EFULL: one of this node's bounds: the texts are longer than gv_engine_stats' entry_max, or
//   the replica would go beyond memory_max or entries_max, which a version of an entry that is
//   there does only if it takes more room.
// - GV_ENOMEM.
GV_API int gv_engine_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);

// Whether a message with ranges can be taken now; if not, call gv_engine_send first.
GV_API bool gv_engine_ready(const struct gv_engine *engine);

// Takes a message from this peer, as gv_message_decode found it in a line that is still there.
// GV_ENOENT: the peer is none, as gv_engine_peer says of a stranger, or gv_engine_join has not been
// called; GV_EINVAL: `engine` or `message` is NULL, or the message was not decoded. Nothing has
// changed then.
// Else what can be used is used, and the first error is returned, for the log: GV_ETYPE, GV_ERANGE,
// GV_ESPACE: an entry is malformed, or none that gv_entry_check passes; GV_ESYNTAX: the ranges are
// malformed; GV_EFULL: not ready, or memory_max or entries_max is reached; GV_ENOMEM.
GV_API int gv_engine_receive(struct gv_engine *engine, gv_time now, int peer,
                             const struct gv_message *message);

// When to call gv_engine_advance at the latest; GV_TIME_NEVER: not before something happens.
GV_API gv_time gv_engine_deadline(const struct gv_engine *engine);
GV_API void gv_engine_advance(struct gv_engine *engine, gv_time now);

// Lets all news leave at once instead of with the next wave: before a shutdown.
GV_API void gv_engine_flush(struct gv_engine *engine, gv_time now);

// Has a message sent to this peer soon that asks for an answer at once: to see whether it is there.
// 0; GV_ENOENT: it is no peer; GV_ENOMEM: nothing will be sent.
GV_API int gv_engine_ask(struct gv_engine *engine, gv_time now, int peer);

// Writes one message for *peer into buf; returns its length, or 0: nothing to say now. GV_ESPACE:
// `cap` is less than message_max, or than GV_MESSAGE_LIMIT, however small message_max is: an entry
// that came from a node with a larger one must fit. GV_EINVAL: an argument is NULL. Nothing is lost
// by either. The longest message has message_max bytes, or GV_MESSAGE_LIMIT - GV_MESSAGE_SEAL_MAX
// if that is more.
GV_API int gv_engine_send(struct gv_engine *engine, gv_time now, char *buf, size_t cap, int *peer);

// Reading. Entries stand in the order of their arrival here. A walk from 0 to an end taken at its
// start sees every entry that was there then, even if others are put between its steps; only a
// register whose record had to be moved meanwhile may be missed, or seen again. The texts are
// borrowed until the next put or receive, and must not be passed to put themselves.
GV_API uint32_t gv_engine_end(const struct gv_engine *engine);
// The entry at or after *cursor and below end; moves the cursor behind it. False: no more.
GV_API bool gv_engine_next(const struct gv_engine *engine, uint32_t *cursor, uint32_t end,
                           struct gv_entry *out);
// The stored version of this entry (its lattice and key count). False: there is none.
GV_API bool gv_engine_get(const struct gv_engine *engine, const struct gv_entry *key,
                          struct gv_entry *out);

// The digest of all entries, O(1). Equal entries give equal roots. Different entries give different
// roots but for a chance of about 2^-64, if the cluster has a secret that whoever chooses the keys
// does not know. Without a secret this covers accidents and keys that share a place, also those
// made to do so; it does not cover entries chosen so that the sums of their hashes are equal.
GV_API struct gv_digest gv_engine_root(const struct gv_engine *engine);

// What messages are for. One that does several things counts once, as the last of these.
enum gv_engine_class {
    GV_ENGINE_ACK,     // an acknowledgement, or a question, and nothing else
    GV_ENGINE_NEWS,    // push
    GV_ENGINE_SUMMARY, // a step of a sync without entries
    GV_ENGINE_ENTRIES, // one with entries
    GV_ENGINE_CLASSES,
};

struct gv_engine_traffic {
    uint64_t sent, sent_bytes, received, received_bytes; // messages, and their bodies
};

// Counts since the start, and sizes now. Messages and bytes are those of bodies.
struct gv_engine_stats {
    uint64_t entries, memory_bytes;
    uint64_t entries_max, memory_max; // bounds; 0: none
    uint64_t entry_max;               // longest texts of a local write, bytes
    uint64_t entry_longest;           // … and of an entry that has been here
    // Admitted by gv_store_admit and not put yet: entries that the replica does not have, and most
    // bytes that all will take.
    uint64_t waiting_entries, waiting_bytes;
    struct gv_engine_traffic traffic[GV_ENGINE_CLASSES];
    uint64_t opened_syncs;    // syncs begun by this node
    uint64_t missing_entries; // those that syncs brought, and that were missing here
    uint64_t refused_entries; // received and not stored: a bound is reached, or they are malformed
    // News wait here to travel together: waves and batches that left, how long the first change in
    // each had waited in all, and the longest of these.
    uint64_t held, held_us, held_max_us;
    uint64_t sent_messages, sent_bytes, received_messages, received_bytes;
    uint64_t sent_syncs, received_syncs;                    // of the messages: those with ranges
    uint64_t sent_entries, received_entries, known_entries; // known: received for nothing
    uint64_t lost_messages; // given up waiting for an acknowledgement
    uint64_t bad_ranges;    // summaries that turned out to be malformed
    uint64_t away;          // times this node found that it had been standing still
    uint32_t peers, suspected;
    // What can be kept: what was asked for, or more, if the links measured are too slow for that.
    uint32_t staleness_ms;
    uint32_t news_backlog; // news kept for peers that have not acknowledged them
    uint32_t sync_backlog; // summaries taken and not answered yet
};
GV_API void gv_engine_stats(const struct gv_engine *engine, struct gv_engine_stats *out);

#ifdef __cplusplus
}
#endif
#endif
