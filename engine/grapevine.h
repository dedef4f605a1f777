// SPDX-License-Identifier: MIT
// grapevine: an anti-entropy gossip engine. Every node holds a replica of sets, counters and
// registers that all nodes may write at any time, also while they are cut off from each other.
// Nodes send each other updates as they occur, and compare digests of key ranges to find and fetch
// what they lack.
//
// The engine is passive. It does no I/O, starts no thread and reads no clock: you pass it time and
// received bytes, and ask it for bytes to send. The life of a node:
//
//   gv_config_init, gv_new      create the node
//   gv_load                     optional: entries that an earlier incarnation has stored
//   gv_join                     once: creates the peers
//   repeat
//       while gv_send > 0       give the bytes to the transport, as long as it accepts them
//       wait for a message, a local write, or the time gv_deadline
//       message                 gv_receive
//       local write             gv_set_add, gv_counter_add, gv_register_set
//       deadline                gv_advance
//   gv_flush, gv_send …         optional: send pending updates before a shutdown
//   gv_free
//
// Any call that takes `now` may produce messages and change the deadline, so call gv_send and
// gv_deadline after it. Messages that wait to be sent do not change the deadline. If the transport
// is full, call gv_send when it has room again. If only the connection to one peer is full or down,
// call gv_set_writable, so that other peers do not wait for it. The transport may drop a message
// that it cannot deliver; the engine sends its content again.
//
// Guarantee: if working links connect every two nodes again and again, directly or through other
// nodes, every replica converges to the same sets, counters and registers, whatever messages are
// lost, duplicated, delayed or reordered. Without a secret this holds for accidental faults; with a
// secret, it also holds against attackers who do not know the secret.
//
// Time: `now` is a monotonic clock in nanoseconds, from any origin. It must not go back.
//
// Texts: keys and values are JSON texts, stored in canonical form, so 1 and "1" are different keys,
// but {"a":1,"b":2} and { "b" : 2, "a" : 1 } are the same key. Numbers keep their spelling: 1, 1.0
// and 1e0 are three keys. A string includes its quotes: gv_slice_text("\"visits\"").
// gv_text_integer and gv_text_string make texts of integers and strings, gv_text_to_integer and
// gv_text_to_string read them. Texts that are passed in are copied. Texts that are returned are
// borrowed until the next call with `now`, and are not terminated by a zero.
//
// Errors: a function that can fail returns a negative GV_E*, and then has changed nothing, unless
// its comment says otherwise. gv_last_error describes the last error. A NULL argument, or a slice
// whose length is negative or otherwise longer than any object, is GV_EINVAL. No input from outside
// ends the process.
//
// Threads: a node belongs to one thread at a time. Nodes share no state.
//
// grapevine cannot yet delete or expire entries, change the members of a cluster, or encrypt
// messages. grapevine(3) and README.md list the caveats.
#ifndef GV_ENGINE_GRAPEVINE_H
#define GV_ENGINE_GRAPEVINE_H

#include "../merkle/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct grapevine; // a node

enum {
    GV_MESSAGE_MAX = 64 << 10, // longest message, bytes
    GV_NAME_MAX = 64,          // longest name of a node, bytes
    GV_NODES_MAX = 16384,      // maximum number of nodes in a cluster, this one included
    GV_TEXT_MAX = 60000,       // longest key and value together, bytes, if message_max admits it
};

enum gv_kind {
    GV_SET,
    GV_COUNTER,
    GV_REGISTER,
    GV_OTHER, // in changes only: an entry of a type that this interface cannot read, written by
              // another program. It is stored and replicated
};

// --- a node ------------------------------------------------------------------------------------

// A change, for on_change. Texts are borrowed for the call.
struct gv_change {
    enum gv_kind kind;
    struct gv_slice key;
    // Register: the values before and after; `old_value` is empty if there was none.
    struct gv_slice old_value, value;
    // Counter: the values before and after.
    int64_t old_count, count;
    bool is_local; // this node wrote the entry; false: it received the entry
    // The changed entry as gv_load accepts it: JSON text without a line break. A store that keeps
    // the records of all changes, in any order, can restore the node.
    struct gv_slice record;
};

// Fields may be added at the end; programs compiled with older versions of this header keep
// working.
struct gv_config {
    size_t size; // size of this struct, set by gv_config_init

    // --- required ---
    struct gv_slice name; // the name of this node, 1 to GV_NAME_MAX bytes of UTF-8
    // The nanoseconds since 1970 at this start, or another number that grows from one start of this
    // node to the next by more than the number of messages sent in between. Each start is a new
    // incarnation. Peers then notice the restart and accept the messages of the node, and no
    // increment of a counter is lost if the node starts without its entries. If two incarnations
    // share a number, increments may be lost. 0 is GV_EINVAL.
    uint64_t incarnation;

    // --- optional; gv_config_init sets the defaults ---
    // The secret of the cluster, any bytes; empty: no secret. With a secret, messages are
    // authenticated: without it, they cannot be altered, forged, redirected or replayed. Digests
    // are keyed, so an attacker cannot choose entries that digests do not distinguish. Messages are
    // not encrypted, so anybody who can read them can read the entries. A secret does not protect
    // against a node that knows it. gv_new copies the keys that it derives from the secret.
    struct gv_slice secret;
    // The seed of random choices. It should differ between nodes, as incarnations usually do. The
    // same seed and the same calls give the same messages. Default 0.
    uint64_t seed;
    // The time within which an update should reach all nodes, in ms. 0: each node sends its updates
    // directly to all others at once. Default 500.
    uint32_t staleness_ms;
    // Longest message to send, bytes, authentication included, 1,200 to GV_MESSAGE_MAX. The default
    // is GV_MESSAGE_MAX, which exceeds the 65,507 bytes of a UDP datagram. An entry that this node
    // writes must fit into such a message. An entry that a node with a larger message_max wrote is
    // sent in a longer message, so all transports must carry messages of the largest message_max in
    // the cluster.
    size_t message_max;
    // Most memory of the node, bytes: replica, changelog, peers and buffers. 0, the default: no
    // bound. If it is below gv_memory_min, gv_join returns GV_ESPACE. A write that would exceed it
    // returns GV_EFULL. Loaded entries and entries in the replica are never dropped.
    uint64_t memory_max;
    uint64_t entries_max; // maximum number of entries, enforced like memory_max; 0, the default: no
                          // limit
    // Called for each change of the replica, by a local write or a received message, but not by
    // gv_load, during the call that causes it. It may read and write. Its writes are applied in
    // order at the end of that call. It must not call gv_free, gv_join, gv_load, gv_receive,
    // gv_advance, gv_flush, gv_ping, gv_set_writable or gv_send for this node: these do nothing,
    // and return GV_EINVAL if they return an int.
    void (*on_change)(void *ctx, struct grapevine *gv, const struct gv_change *change);
    void *on_change_ctx;
    struct gv_alloc alloc; // default: malloc. Copied; its context must outlive the node
};

// Sets the size and the defaults.
GV_API void gv_config_init(struct gv_config *config);

// Creates a node without entries and peers; gv_free releases it. GV_EINVAL: a required field is
// missing, the name is not UTF-8, or `size` is not the size in a known version; GV_ERANGE:
// message_max or the length of the name is out of range; GV_ENOMEM.
GV_API int gv_new(struct grapevine **out, const struct gv_config *config);
// Frees the node. Has no effect on NULL.
GV_API void gv_free(struct grapevine *gv);

// Joins the cluster. `names` are the names of all its nodes, this one included, in any order; every
// node must pass the same names. The nodes are numbered from 0 in the order of the bytes of their
// names, so each has the same number everywhere. These are the peer numbers below. GV_EINVAL: the
// node has joined already, this node's name is not among the names, or a name is empty or repeated;
// GV_ERANGE: there are more than GV_NODES_MAX names, or a name is longer than GV_NAME_MAX;
// GV_ESPACE: memory_max is below gv_memory_min; GV_ENOMEM.
GV_API int gv_join(struct grapevine *gv, gv_time now, const struct gv_slice *names, size_t count);

// The least memory_max for a cluster of `count` nodes: the memory that a node needs besides its
// entries, and 1 MiB for entries.
GV_API uint64_t gv_memory_min(const struct grapevine *gv, size_t count);

// Describes the last error of this node, for logs. The text ends with a zero and is valid until the
// next call. Errors of gv_new and gv_text_* have no node; gv_base_error describes those.
GV_API const char *gv_last_error(const struct grapevine *gv);

// --- sets, counters, registers -------------------------------------------------------------------
//
// A write returns 1 if it changed the replica and 0 if it did not. Writes before gv_join are sent
// after it. Errors of all writes:
//   GV_ESYNTAX  key or value is not a JSON text
//   GV_ERANGE   key or value is nested deeper than 57 levels
//   GV_ESPACE   key and value are longer than GV_TEXT_MAX
//   GV_EFULL    the entry does not fit into message_max, memory_max or entries_max
//   GV_ENOMEM
// A write within on_change returns 0 and is applied later, and its later error is not reported. If
// there is no memory to keep it until then, it returns GV_ENOMEM.

// Adds the key to the set. Keys cannot be removed yet.
GV_API int gv_set_add(struct grapevine *gv, gv_time now, struct gv_slice key);
// 1: the set has the key; 0: it does not. Errors: GV_ESYNTAX, GV_ERANGE, GV_ESPACE.
GV_API int gv_set_has(struct grapevine *gv, struct gv_slice key);

// Adds `delta`, which may be negative, to the counter. Increments by different nodes at the same
// time and increments before a restart all count. GV_ERANGE: the sum of this incarnation's
// increments of the counter, or of its decrements, would exceed 2^63 - 1.
GV_API int gv_counter_add(struct grapevine *gv, gv_time now, struct gv_slice key, int64_t delta);
// Sets *value to the counter's value, 0 if nobody has added to it. It saturates at the limits of
// int64_t. Errors as gv_set_has.
GV_API int gv_counter_value(struct grapevine *gv, struct gv_slice key, int64_t *value);

// Sets the register. Setting it to its present value is a write, too. A write wins over all writes
// that its node has received. Of two writes whose nodes had not received the other write, all nodes
// choose the same winner.
GV_API int gv_register_set(struct grapevine *gv, gv_time now, struct gv_slice key,
                           struct gv_slice value);
// 1: *value is the register's value, borrowed; 0: nobody has set it, and *value is empty. Errors:
// as gv_set_has.
GV_API int gv_register_get(struct grapevine *gv, struct gv_slice key, struct gv_slice *value);

// An item of an iteration.
struct gv_item_view {
    struct gv_slice key;   // borrowed
    struct gv_slice value; // register
    int64_t count;         // counter
};

// An iteration over the sets, counters or registers. Zero the struct, set `kind` and, for a range
// of keys, bounds. Bounds are keys, borrowed until the iteration ends. They are all integers of 64
// bits, spelled without fraction and exponent, or all strings. With bounds, the iteration returns
// only keys of the same type that are within all bounds. Strings are compared by the bytes of their
// UTF-8.
//
// It returns once every key that existed when it began, and perhaps keys that were added since.
// With integer bounds, keys are returned in ascending order, except that the two largest integers
// of 64 bits may be in any order, and a range of k keys takes O(k + log n). Any other iteration,
// also over a range of strings, visits all n entries and has no defined order.
struct gv_iterator {
    enum gv_kind kind;
    struct gv_slice first;  // the least key; zero: no bound
    struct gv_slice end;    // keys are less than this; zero: no bound
    struct gv_slice prefix; // strings begin with this string; zero: no bound
    uint64_t internal[4];
};

// Returns 1 and sets *item to the next item, or returns 0 if there are no more. GV_ETYPE: a bound
// is neither an integer of 64 bits nor a string, the bounds differ in type, or `prefix` is not a
// string; GV_EINVAL: the kind is unknown, or `first` is greater than `end`; otherwise as
// gv_set_has, for all bounds together.
GV_API int gv_next(struct grapevine *gv, struct gv_iterator *iterator, struct gv_item_view *item);

// Writes `number` as a JSON text of at most 20 bytes, or `bytes` as a JSON string of at most 6 *
// bytes.len + 2 bytes. Returns the length of the text in bytes. GV_ESPACE: it is longer than `cap`;
// GV_ESYNTAX: `bytes` are not UTF-8.
GV_API int gv_text_integer(int64_t number, char *buf, size_t cap);
GV_API int gv_text_string(struct gv_slice bytes, char *buf, size_t cap);

// Sets *number to the value of a JSON integer, and returns 0. GV_ETYPE: the text is not an integer;
// GV_ERANGE: the integer does not fit into 64 bits.
GV_API int gv_text_to_integer(struct gv_slice text, int64_t *number);
// Writes the bytes of a JSON string, at most text.len - 2, without a terminating zero, and returns
// their number. GV_ETYPE: the text is not a string; GV_ESYNTAX: the string is malformed; GV_ESPACE:
// there are more than `cap` bytes.
GV_API int gv_text_to_string(struct gv_slice text, char *buf, size_t cap);

// --- storing -------------------------------------------------------------------------------------
//
// To survive a restart, write the record of each change (struct gv_change) to disk, and load all
// records at the next start. A write is durable when its record is on disk; acknowledge it to your
// client then. Other nodes may see its value before that.

// Loads one or more records, separated by line breaks; call it before gv_join. Load all records
// that on_change was given, including those of other nodes' entries. memory_max and entries_max do
// not apply. Returns the number of records. GV_EINVAL: the node has joined; GV_ESYNTAX, GV_ETYPE,
// GV_ERANGE, GV_ESPACE: a record is malformed, and the records before it are loaded; GV_ENOMEM.
GV_API int gv_load(struct grapevine *gv, struct gv_slice records);

// Writes the record of the next entry to `buf`, for example to rewrite a file that has grown. The
// order of entries is not defined. *cursor must be 0 at the start. Returns the record's length, or
// 0 at the end. GV_ESPACE: the record is longer than `cap`; GV_MESSAGE_MAX always suffices.
GV_API int gv_record(struct grapevine *gv, uint64_t *cursor, char *buf, size_t cap);

// --- messages and time ---------------------------------------------------------------------------

// Handles a message that gv_send of a peer has written. A message that was received before has no
// effect. Returns 0 or the first error. Except with GV_EAUTH, valid parts of the message are used
// in spite of an error:
//   GV_ENOENT     `peer` is not the number of a peer
//   GV_ESYNTAX, GV_ETYPE, GV_ERANGE, GV_ESPACE   the message, or an entry in it, is malformed
//   GV_EVERSION   the message has another version of the protocol
//   GV_EAUTH      the message is not authentic, or so old that it may be a replay
//   GV_EFULL      an entry exceeds a bound of this node, or gv_ready was false
//   GV_ENOMEM     memory is exhausted; the peer sends the message again
GV_API int gv_receive(struct grapevine *gv, gv_time now, int peer, const void *bytes, size_t len);
// Whether a message with a summary can be accepted now. If not, call gv_send first. The senders of
// refused messages send them again.
GV_API bool gv_ready(const struct grapevine *gv);

// Writes one message into `buf`, of at least GV_MESSAGE_MAX bytes, and its receiver into *peer.
// Returns the length of the message, or 0 if there is nothing to send now. GV_ESPACE: `cap` is too
// small; the next call can still return the message.
GV_API int gv_send(struct grapevine *gv, gv_time now, void *buf, size_t cap, int *peer);
// Sets whether the transport can send to this peer; at first it can. Call it when the connection to
// a peer is full or closed, and when the connection accepts messages again. While a peer is not
// writable, gv_send writes no message to it, and updates for it wait without delaying other peers.
// A peer that is not writable for longer than a second (on slow links, a few round trips) is
// suspected, and updates take another path. When the peer is writable again, it gets the updates
// that it lacks in few messages. Returns 0, also if nothing changes. GV_ENOENT; GV_ENOMEM.
GV_API int gv_set_writable(struct grapevine *gv, gv_time now, int peer, bool writable);

// The latest time for the next gv_advance; GV_TIME_NEVER: no call is needed.
GV_API gv_time gv_deadline(const struct grapevine *gv);
// Takes the steps that are due. A call more than 5 s late shows that the process was paused. The
// node then suspects no peer because of the pause, and compares its replica with a peer.
GV_API void gv_advance(struct grapevine *gv, gv_time now);
// Schedules all pending updates to be sent at once.
GV_API void gv_flush(struct grapevine *gv, gv_time now);

// --- peers and statistics ------------------------------------------------------------------------

// The number of the peer with this name. GV_ENOENT: no node has the name, it is this node's name,
// or the node has not joined.
GV_API int gv_peer_number(const struct grapevine *gv, struct gv_slice name);
// The number of this node. GV_ENOENT: the node has not joined.
GV_API int gv_self(const struct grapevine *gv);
// The name of the node with this number, which may be this node; borrowed until gv_free. It is
// empty if no node has the number. To list all nodes, count up from 0 to the first empty name.
GV_API struct gv_slice gv_peer_name(const struct grapevine *gv, int peer);

struct gv_peer_info {
    struct gv_slice name; // as gv_peer_name
    bool is_suspected;    // the peer does not acknowledge messages; updates take another path
    bool is_writable;     // as set by gv_set_writable
    gv_time received_at;  // when its last message was received; GV_TIME_NEVER: none yet
    gv_time round_trip;   // smoothed, ns; 0: not measured yet
    uint32_t backlog; // changes that the peer has not acknowledged, if this node sends it updates
};
// Fills in *out, of `size` bytes; pass sizeof *out. Members that this version does not know become
// 0. GV_ENOENT: `peer` is this node's own number, or no number of a node.
GV_API int gv_get_peer(const struct grapevine *gv, int peer, struct gv_peer_info *out, size_t size);
// Schedules a message that this peer acknowledges at once. GV_ENOENT; GV_ENOMEM.
GV_API int gv_ping(struct grapevine *gv, gv_time now, int peer);

// Members that count events count from gv_new on; sizes are current.
struct gv_stats {
    uint64_t entries;      // a counter has several entries
    uint64_t memory_bytes; // all memory of the node
    uint64_t sent_messages, sent_bytes;
    uint64_t received_messages, received_bytes; // without refused messages
    uint64_t refused_messages;                  // malformed, or not authentic
    uint64_t sent_entries, received_entries;    // in updates and syncs
    uint64_t redundant_entries;                 // received although already known
    uint64_t refused_entries;                   // received, but malformed or beyond a bound
    uint64_t opened_syncs;                      // comparisons that this node started
    uint64_t lost_messages;                     // sent, but not acknowledged in time
    uint32_t peers, suspected;                  // number of other nodes, and of suspected ones
    uint32_t staleness_ms;                      // the achievable staleness
    // A digest of all entries, for monitoring: equal replicas have equal digests, and different
    // replicas almost never do. Nodes with different secrets have different digests of equal
    // replicas.
    uint64_t digest;
};
// Fills in *out, of `size` bytes; pass sizeof *out. Members that this version does not know become
// 0.
GV_API void gv_get_stats(const struct grapevine *gv, struct gv_stats *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
