// SPDX-License-Identifier: MIT
// The engine: one node's replica of a map of entries. Push and sync keep it equal to the replicas
// of its peers. engine/DESIGN.md describes the mechanisms, codec/PROTOCOL.md the messages.
//
// The engine is passive. It does no I/O and reads no clock: the caller passes it time and received
// messages, and polls it for messages to send. gv_engine_send composes a message when the transport
// can accept one. So there is no queue of messages that could grow, and if the transport is slow,
// several updates of an entry become one.
//
//   engine = gv_engine_new(config)
//   gv_store_load(store, engine)        optional: entries of an earlier incarnation (store.h)
//   gv_engine_join(engine, now, …)      once; from here on there are peers and timers
//   repeat:
//       while gv_engine_send(…) > 0     give the message to the transport
//       wait for a message, a local write, or the time gv_engine_deadline(engine)
//       message                         gv_message_decode, gv_engine_receive
//       local write                     gv_engine_put
//       deadline                        gv_engine_advance
//   gv_engine_flush, gv_engine_send …   optional, before a shutdown
//   gv_engine_free(engine)
//
// Before gv_engine_join the engine stores and reads entries; it has no peers, sends nothing and has
// no deadline. Any call that takes `now` may change the deadline and may produce messages. After
// each such call, poll gv_engine_send, then read the deadline. Poll only while the transport
// accepts messages.
//
// Guarantee: if working links connect every pair of nodes infinitely often, directly or through
// other nodes, then every replica converges to the merge of all entries put at any node, whatever
// messages are lost, duplicated, delayed or reordered.
//
// Time: `now` is monotonic time in nanoseconds, from any origin. It must not decrease from one call
// to the next. Put, receive, ping and send also handle the timers that are due, as
// gv_engine_advance does.
//
// Memory: all memory comes from the configured allocator. Parsing and answering a message allocate
// nothing, except for the first message of a peer and for a summary longer than all earlier ones.
// memory_max and entries_max limit the replica. The number of peers limits everything else.
//
// Threads: an engine belongs to one thread at a time. Engines share no state.
//
// Callbacks (on_change, on_event) run during the call that caused them. They must not call any
// function of this engine; what they are passed is borrowed for the callback.
//
// Errors: a function that can fail returns a negative GV_E*. If the engine or another argument is
// NULL, a function returns GV_EINVAL, an empty slice, digest or statistics, or false, according to
// its type; gv_engine_end returns 0 and gv_engine_deadline GV_TIME_NEVER; any other does nothing.
#ifndef GV_ENGINE_ENGINE_H
#define GV_ENGINE_ENGINE_H

#include "../codec/entry.h"
#include "../codec/message.h"
#include "../merkle/digest.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_ENGINE_MESSAGE_DEFAULT = GV_MESSAGE_LIMIT, // message_max if none is configured, bytes
    GV_ENGINE_MESSAGE_MIN = 1024,                 // smallest message_max, bytes
    GV_ENGINE_PEERS_MAX = 16384, // maximum number of nodes in a cluster, this one included
    GV_ENGINE_NAME_MAX = 64,     // longest node name, bytes
};

// What happened to an entry at this node. The events of all nodes together trace an entry through
// the cluster.
enum gv_engine_event_kind {
    GV_ENGINE_STORED,    // the entry was put or received, and changed the replica
    GV_ENGINE_REDUNDANT, // the replica already had the entry, or a larger version
    GV_ENGINE_SENT,      // a message to a peer contains the entry
};
struct gv_engine_event {
    enum gv_engine_event_kind kind;
    int peer;  // the sender, or for SENT the receiver; negative: a local write
    bool sync; // the message belongs to a sync; false: push or a local write
    // The keyed hash of lattice, key and version. The same version has the same id at every node.
    uint64_t id;
    const struct gv_entry *entry; // borrowed for the callback
};

// A change of the replica; borrowed for the callback.
struct gv_engine_change {
    const struct gv_entry *entry; // the new version
    const struct gv_entry *old;   // the previous version; NULL: none, or track_old is not set
    int origin;                   // the peer that sent the new version; negative: a local write
    bool is_stored;               // gv_store_apply applied the entry, so the store has it
    // After the call that caused the change, gv_engine_next with a cursor of `at` and an end of
    // `at` + 1 returns the entry, unless its record has moved since.
    uint32_t at;
};

struct gv_engine_config {
    struct gv_alloc alloc; // copied; its context must outlive the engine
    // Seeds all random choices. The same seed and the same calls give the same messages. Give each
    // node a seed of its own.
    uint64_t seed;
    // The secret of the cluster, which keys the digests. Nodes with different secrets never become
    // equal. May be empty. Read only during gv_engine_new.
    struct gv_slice secret;
    // Target for the time from a write until all nodes have it, ms. 0: each node sends its updates
    // directly to all others at once. Otherwise updates travel in batches on a tree.
    uint32_t staleness_ms;
    // Limits of this node. All three apply to new local writes; memory_max and entries_max also
    // apply to growth by received entries. None applies to entries that are loaded from a store or
    // are already in the replica. If a node with a larger limit wrote an entry that is too long for
    // message_max, this node sends the entry alone in a message of up to GV_MESSAGE_LIMIT, so nodes
    // with unequal limits converge. Configure more than GV_MESSAGE_LIMIT only if every node and
    // transport of the cluster accepts such messages.
    size_t message_max;   // longest message sent, bytes; 0: GV_ENGINE_MESSAGE_DEFAULT
    uint64_t memory_max;  // maximum memory of the replica, bytes; 0: 64 GiB of records
    uint64_t entries_max; // maximum number of entries in the replica; 0: no limit
    // Called when an entry that was put, received or applied changed the replica. May be NULL.
    void (*on_change)(void *ctx, const struct gv_engine_change *change);
    void *on_change_ctx;
    bool track_old; // report the previous version in changes; costs a lookup and 64 KiB
    // Called for each event. Each event costs a hash of the entry. May be NULL.
    void (*on_event)(void *ctx, const struct gv_engine_event *event);
    void *on_event_ctx;
};

// The stable cut of the logs, as of now.
struct gv_engine_cut {
    // Every log entry below this offset that any node will ever give is in the replica. It never
    // decreases, as long as the engine lives.
    uint64_t offset;
    bool recovering; // this node has no former state, and has not asked all others yet
    int holder;      // the node whose promise the cut waits for
    gv_time since;   // since when entries wait and the cut did not move; GV_TIME_NEVER: none waits
    uint64_t late;   // entries that came below the cut; none, unless nodes are faulty
    uint64_t count;  // largest Lamport count given or seen
};

struct gv_engine;

// --- creating and joining --------------------------------------------------------------------

// Creates an engine without entries or peers. On success the caller owns *out, and frees it by
// gv_engine_free. GV_EINVAL: message_max is below GV_ENGINE_MESSAGE_MIN or above INT_MAX; there is
// no allocator; or `out`, `config`, or the bytes of a non-empty secret are NULL. GV_ENOMEM.
int gv_engine_new(struct gv_engine **out, const struct gv_engine_config *config);
// Frees the engine and all it has allocated.
void gv_engine_free(struct gv_engine *engine);

// Joins the cluster. `names` are the names of all its nodes, including this one, in any order;
// `self` is the name of this one. Names are copied. Every node needs the same names. Nodes are
// numbered from 0 by the order of their names' bytes; all functions below use these numbers. After
// an error the engine is unchanged.
// GV_EINVAL: the engine has joined already, `count` is 0, a name is empty or repeated, or `self` is
// not among the names. GV_ERANGE: more than GV_ENGINE_PEERS_MAX names, or a name longer than
// GV_ENGINE_NAME_MAX. GV_ENOMEM.
int gv_engine_join(struct gv_engine *engine, gv_time now, struct gv_slice self,
                   const struct gv_slice *names, size_t count);
// The number of the peer of this name. GV_ENOENT: no node has this name, the name is this node's,
// or gv_engine_join has not been called. O(log peers).
int gv_engine_peer(const struct gv_engine *engine, struct gv_slice name);
// The number of this node. GV_ENOENT: gv_engine_join has not been called.
int gv_engine_self(const struct gv_engine *engine);
// The name of the node of this number, which may be this node; borrowed until gv_engine_free. Empty
// if no node has this number.
struct gv_slice gv_engine_name(const struct gv_engine *engine, int peer);

// --- entries and messages in -----------------------------------------------------------------

// Merges a local write into the replica and schedules its update. May be called before
// gv_engine_join. Copies the entry's key, value and node, which must not be those returned by
// gv_engine_get or gv_engine_next. Returns 1 if the replica changed, 0 if it had this version or a
// larger one. After an error nothing has changed:
// - GV_EINVAL, GV_ESYNTAX, GV_ETYPE, GV_ERANGE, GV_ESPACE: gv_entry_check refuses the entry, so no
//   node would accept it. (gv_json_canonical and gv_json_quote make canonical JSON.)
// - GV_EFULL: a limit of this node is reached. Key, value and node together are longer than
//   entry_max of gv_engine_stats, or the replica would exceed memory_max or entries_max. A larger
//   version of a stored entry is refused only if it needs more memory.
// - GV_ENOMEM.
int gv_engine_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);

// Whether gv_engine_receive accepts a message with ranges now. If not, four received summaries are
// unanswered: call gv_engine_send until one of them is answered.
bool gv_engine_ready(const struct gv_engine *engine);

// Handles a message from a peer. `message` is the output of gv_message_decode. Its line and tokens
// must still be valid and are borrowed for the call, which may sort names of the tokens. Nothing
// has changed after GV_EINVAL: `engine` or `message` is NULL, or the message was not decoded; or
// after GV_ENOENT: `peer` is not a peer, or gv_engine_join has not been called. Otherwise the
// engine uses all valid parts of the message, and returns 0 or the first error, which the caller
// may log:
// - GV_EINVAL, GV_ETYPE, GV_ERANGE, GV_ESPACE: an entry is malformed, or gv_entry_check refuses it.
// - GV_ESYNTAX: the ranges are malformed.
// - GV_EFULL: an entry would exceed memory_max or entries_max, the ranges are too long, or they
//   came while gv_engine_ready was false. The peer repeats ranges that were not accepted.
// - GV_ENOMEM: the peer repeats the message.
int gv_engine_receive(struct gv_engine *engine, gv_time now, int peer, struct gv_message *message);

// --- time ------------------------------------------------------------------------------------

// The time by which to call gv_engine_advance; GV_TIME_NEVER: no timer is set.
gv_time gv_engine_deadline(const struct gv_engine *engine);
// Handles the timers that are due at `now`. If a timer is more than 5 s late, the process was
// paused. The engine then suspects no peer because of the pause, and requests a sync.
void gv_engine_advance(struct gv_engine *engine, gv_time now);

// --- messages out ----------------------------------------------------------------------------

// Schedules all pending updates to be sent now, not with the next flush round (push.h). Before a
// shutdown, call this function and then gv_engine_send until that returns 0.
void gv_engine_flush(struct gv_engine *engine, gv_time now);

// Schedules a message to this peer that requests an immediate acknowledgement, in order to find out
// whether the peer is reachable. Returns 0. GV_ENOENT: `peer` is not a peer, or gv_engine_join has
// not been called. GV_ENOMEM: nothing will be sent.
int gv_engine_ping(struct gv_engine *engine, gv_time now, int peer);

// Notes whether the transport can send to this peer. At the join it can. While it cannot,
// gv_engine_send writes nothing to the peer, and pending updates and answers wait. The peer's
// summaries are refused, so that they do not keep gv_engine_ready false; the peer repeats them. If
// the state lasts for a second and for four timeouts, the peer is suspected, and updates take
// another path. When the transport can send to the peer again, the peer is probed at once. Returns
// 0. Errors as gv_engine_ping.
int gv_engine_set_writable(struct gv_engine *engine, gv_time now, int peer, bool writable);

// Writes one message into `buf` and its receiver into *peer. Returns the message's length in bytes,
// or 0 if there is nothing to send now. A message has at most max(message_max, GV_MESSAGE_LIMIT −
// GV_MESSAGE_MAC_MAX) bytes. GV_ESPACE: `cap` is less than message_max, or less than
// GV_MESSAGE_LIMIT, which an entry too long for message_max may need. GV_EINVAL: an argument is
// NULL. After an error no update is lost.
int gv_engine_send(struct gv_engine *engine, gv_time now, char *buf, size_t cap, int *peer);

// --- reading ---------------------------------------------------------------------------------
//
// Entries returned here borrow the replica's memory until the next put, receive or gv_store_apply,
// and must not be passed to these functions.
//
// Iteration goes in order of arrival, from a cursor of 0 to the value that gv_engine_end had at the
// start. Puts and receives may be interleaved with it. It returns every entry that was there at its
// start, except that a register whose record moves meanwhile may be missed or returned twice. The
// record of a log's element never moves, unless a faulty node gave its offset to two values.

// The end of the records: a cursor after the last entry.
uint32_t gv_engine_end(const struct gv_engine *engine);
// Returns the first entry at or after *cursor and before `end`, and moves the cursor past it.
// Returns false if there is none.
bool gv_engine_next(const struct gv_engine *engine, uint32_t *cursor, uint32_t end,
                    struct gv_entry *out);
// As gv_engine_next, for callers that refer to entries. Sets *at to the cursor of the entry and
// *next to the cursor after it. Later, gv_engine_walk from *at to *at + 1 returns the entry, unless
// its record has moved since.
bool gv_engine_walk(const struct gv_engine *engine, uint32_t *at, uint32_t end, uint32_t *next,
                    struct gv_entry *out);
// The stored version of the entry with the lattice and key of `key`. Returns false if there is
// none.
bool gv_engine_get(const struct gv_engine *engine, const struct gv_entry *key,
                   struct gv_entry *out);

// Finds, in the log `name` (canonical JSON), the element with the least offset that is at least
// *offset, and sets *offset to its offset. To continue, pass *offset + 1. Returns false if there is
// none. O(log n), plus the elements in between that belong to other logs whose names share 11 bits
// of a hash with `name`.
bool gv_engine_log_next(const struct gv_engine *engine, struct gv_slice name, uint64_t *offset,
                        struct gv_entry *out);

// --- the stable cut of logs --------------------------------------------------------------------
//
// Nodes give offsets to log entries without asking each other: a Lamport count, then the node's
// number (offset.h). The cut tells up to which offset the logs cannot change any more (cut.h). All
// nodes of a cluster enable it, or none.

struct gv_engine_cut_config {
    uint64_t incarnation; // random; only a node with its complete former state keeps it
    bool is_fresh;        // there is no such state: the node recovers, by asking all others
    uint64_t reserved;    // counts below it may have been used: the node continues above them
    bool is_limited;      // no count from `reserved` on is promised before gv_engine_cut_limit
};
// Enables the cut; before gv_engine_join. GV_EINVAL: the engine has joined.
int gv_engine_cut_enable(struct gv_engine *engine, const struct gv_engine_cut_config *config);
// The offset for this node's next log entry, above every offset in the replica. It is given when an
// entry with it is put or reserved (gv_store_reserve); reserved ones are applied or released in
// their order. GV_ENOENT: the node recovers. GV_EFULL: the counts are used up. GV_EINVAL: no cut.
int gv_engine_cut_next(const struct gv_engine *engine, uint64_t *offset);
// Counts below this may be promised and given from now on; it never decreases. A node that keeps
// its state must not continue below a count that it has promised, so it stores a limit first.
void gv_engine_cut_limit(struct gv_engine *engine, gv_time now, uint64_t limit);
// The cut. False: it is not enabled, or the engine has not joined.
bool gv_engine_cut(const struct gv_engine *engine, struct gv_engine_cut *out);

// The digest of all entries, in O(1). Replicas with equal entries have equal roots. Replicas with
// different entries have equal roots with a probability of about 2^-64, if the keys are chosen
// without knowledge of the cluster's secret. Without a secret, this probability holds for
// accidental collisions and for keys made to share a position. It does not hold for entries whose
// hashes were made to have equal sums, nor for keys made to share both hashes.
struct gv_digest gv_engine_root(const struct gv_engine *engine);

// Notes the memory, bytes, that the caller's index of the entries takes. It counts towards
// memory_max like the memory of the replica. 0 at the start.
void gv_engine_set_index(struct gv_engine *engine, uint64_t bytes);

// --- statistics ------------------------------------------------------------------------------

// Classes of messages. A message that belongs to several classes counts in the last of them.
enum gv_engine_class {
    GV_ENGINE_ACK,     // only an acknowledgement or a ping
    GV_ENGINE_UPDATES, // push
    GV_ENGINE_SUMMARY, // sync, without entries
    GV_ENGINE_ENTRIES, // sync, with entries
    GV_ENGINE_CLASSES, // number of classes
};

struct gv_engine_traffic {
    uint64_t sent, sent_bytes, received, received_bytes; // messages, and bytes of their bodies
};

// Counters start at gv_engine_new; sizes are current. Bytes of messages are bytes of their bodies.
struct gv_engine_stats {
    uint64_t entries;                 // entries in the replica
    uint64_t memory_bytes;            // memory of the replica and of gv_engine_set_index
    uint64_t entries_max, memory_max; // the configured limits; 0: no limit
    uint64_t entry_max;     // maximum total length of key, value and node in a local write, bytes
    uint64_t entry_longest; // bytes of the longest entry stored so far
    // Reserved by gv_store_reserve and not applied yet: entries that are new to the replica, and
    // the maximum number of bytes that all reservations together can take.
    uint64_t reserved_entries, reserved_bytes;
    struct gv_engine_traffic traffic[GV_ENGINE_CLASSES];
    uint64_t opened_syncs;    // syncs opened by this node
    uint64_t missing_entries; // entries received by sync and stored, which this node had lacked
    uint64_t refused_entries; // received, not stored: malformed, over a limit, or no memory
    // Elements of logs whose value was replaced, because a faulty node gave an offset to two
    // values.
    uint64_t replaced_elements;
    // Batches of updates that waited for a flush and were sent together: their number, and the sum
    // and the maximum of the times that the first update of each batch waited.
    uint64_t batches, batch_wait_us, batch_wait_max_us;
    uint64_t sent_messages, sent_bytes, received_messages, received_bytes;
    uint64_t sent_syncs;                     // messages of syncs
    uint64_t received_syncs;                 // messages with ranges, duplicates excluded
    uint64_t sent_entries, received_entries; // entries sent and received by push and sync
    uint64_t redundant_entries; // entries received that the replica had, or had a larger version of
    uint64_t lost_messages;     // messages declared lost because they were not acknowledged in time
    uint64_t bad_ranges;        // summaries found malformed while being answered
    uint64_t pauses;            // pauses of this process, found by timers 5 s late
    uint32_t peers, suspected;  // other nodes of the cluster; suspected nodes among them
    // The achievable staleness: the configured one, or more if the measured links are too slow for
    // that. 0 without a tree.
    uint32_t staleness_ms;
    uint32_t update_backlog; // changes kept for peers that have not acknowledged them
    uint32_t sync_backlog;   // received summaries that are not answered yet
};
// Copies the statistics into *out. O(1).
void gv_engine_stats(const struct gv_engine *engine, struct gv_engine_stats *out);

#ifdef __cplusplus
}
#endif
#endif
