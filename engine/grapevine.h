// SPDX-License-Identifier: MIT
// grapevine: an anti-entropy gossip engine. Every node holds a replica of sets, counters and
// registers that all nodes may write at any time, also while they are cut off from each other.
// Nodes send each other updates as they occur, and compare digests of key ranges to find and fetch
// what they lack.
//
// The engine is passive. It does no I/O, starts no thread and reads no clock: you pass it time and
// received bytes, and ask it for bytes to send. A node's life:
//
//   gv_config_init, gv_new      create the node
//   gv_load                     optional: entries that an earlier incarnation has stored
//   gv_join                     once: from here on there are peers
//   repeat
//       while gv_send > 0       give the bytes to the transport, as long as it accepts them
//       wait for a message, a local write, or the time gv_deadline
//       message                 gv_receive
//       local write             gv_set_add, gv_counter_add, gv_register_set
//       deadline                gv_advance
//   gv_flush, gv_send …         optional: send what is pending before a shutdown
//   gv_free
//
// Any call that takes `now` may produce messages and change the deadline: call gv_send and
// gv_deadline after it. Waiting messages do not change the deadline: a transport that is full calls
// gv_send when it has room again. If only the connection to one peer is full or down, say so by
// gv_set_writable: the others do not wait for it. A message that cannot be delivered may be
// dropped, as a network would; the engine sends its content again.
//
// Guarantee: if working links connect every two nodes again and again, directly or through other
// nodes, every replica converges to the same sets, counters and registers, whatever messages are
// lost, duplicated, delayed or reordered. Without a secret this holds against accidents, with one
// also against attackers who do not know it.
//
// Time: `now` is a monotonic clock in nanoseconds, from any origin. It does not go back.
//
// Texts: keys and values are JSON texts, stored in canonical form, so 1 and "1" are different keys,
// and {"a":1,"b":2} and { "b" : 2, "a" : 1 } are the same one. Numbers keep their spelling: 1, 1.0
// and 1e0 are three keys. A string has its quotes: gv_slice_text("\"visits\""). gv_text_integer and
// gv_text_string make texts of integers and strings, gv_text_to_integer and gv_text_to_string read
// them. Texts that are passed in are copied. Texts that are returned are borrowed until the next
// call with `now`, and are not terminated by a zero.
//
// Errors: a function that can fail returns a negative GV_E*, and then has changed nothing, unless
// its comment says otherwise; gv_last_error describes the last one. A NULL argument is GV_EINVAL,
// and so is a slice that is longer than memory can be, such as one of a negative length. No input
// from outside ends the process.
//
// Threads: a node belongs to one thread at a time. Nodes share no state.
//
// What it does not do yet: delete or expire entries, change the members of a cluster, encrypt.
// grapevine(3) and README.md list the caveats.
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
    GV_OTHER, // in changes only: an entry that another program wrote, and this interface has no
              // word for. It is kept and replicated
};

// --- a node ------------------------------------------------------------------------------------

// What changed, for on_change. Texts are borrowed for the call.
struct gv_change {
    enum gv_kind kind;
    struct gv_slice key;
    // Register: the values before and after; `old_value` is empty if there was none.
    struct gv_slice old_value, value;
    // Counter: the values before and after.
    int64_t old_count, count;
    bool is_local; // written by this node, not received
    // The changed entry as gv_load accepts it: JSON text without a line break. A store that keeps
    // the records of all changes, in any order, can restore the node.
    struct gv_slice record;
};

// Fields may be added at the end; programs compiled with older versions of this header keep
// working.
struct gv_config {
    size_t size; // size of this struct, set by gv_config_init

    // --- required ---
    struct gv_slice name; // name of this node, 1 to GV_NAME_MAX bytes of UTF-8
    // The nanoseconds since 1970 at this start; or another number, if it grows from one start of
    // this node to the next by more than the number of messages sent in between. Each start is an
    // incarnation of its own, so that peers notice the restart and accept its messages, and so that
    // no increment of a counter is lost if the node starts without its entries. If two incarnations
    // share a number, increments may be lost. 0 is GV_EINVAL.
    uint64_t incarnation;

    // --- optional; gv_config_init sets the defaults ---
    // The secret of the cluster, any bytes; empty: none. With a secret, messages are authenticated:
    // they cannot be altered, forged, redirected or replayed without it, and digests are keyed, so
    // nobody else can choose entries that digests do not distinguish. It does not encrypt: who
    // reads the network reads the entries. It does not protect against a node that knows it.
    // gv_new copies what it derives from it.
    struct gv_slice secret;
    // Of random choices, which should differ between nodes: the incarnation will do, another number
    // in tests. The same seed and the same calls give the same messages. Default 0.
    uint64_t seed;
    // How long a value may take to be everywhere, in ms; the engine chooses tree and period. 0:
    // each node sends its updates directly to all others at once. Default 500.
    uint32_t staleness_ms;
    // Longest message to send, bytes, authentication included, 1,200 to GV_MESSAGE_MAX; default
    // GV_MESSAGE_MAX, which is more than the 65,507 bytes of a UDP datagram. It bounds local
    // writes: an entry must fit into a message. An entry that a node with a larger bound has
    // written is sent in a longer one, so transports must carry what the largest bound of the
    // cluster needs.
    size_t message_max;
    // Maximum memory of the node, bytes: replica, changelog, peers and buffers. 0, the default,
    // means no limit. At least gv_memory_min, else gv_join returns GV_ESPACE. Writes that would
    // exceed it are GV_EFULL; entries that are loaded, or are in the replica, are never dropped.
    uint64_t memory_max;
    uint64_t entries_max; // maximum number of entries, enforced like memory_max; 0, the default: no
                          // limit
    // Called for each change of the replica, by a local write or a received message, but not by
    // gv_load, during the call that causes it. It may read, and it may write: such writes are
    // applied when the outer call has done its own, in order. It must not call gv_free, gv_join,
    // gv_load, gv_receive, gv_advance, gv_flush, gv_ping, gv_set_writable or gv_send of this node:
    // they do nothing, and those that return an int return GV_EINVAL.
    void (*on_change)(void *ctx, struct grapevine *gv, const struct gv_change *change);
    void *on_change_ctx;
    struct gv_alloc alloc; // default: malloc. Copied; its context must outlive the node
};

// Sets the size and the defaults.
GV_API void gv_config_init(struct gv_config *config);

// Creates a node without entries and peers; gv_free releases it. GV_EINVAL: a required field is
// missing, the name is not UTF-8, or `size` is not that of a known version; GV_ERANGE: message_max
// or the length of the name is out of range; GV_ENOMEM.
GV_API int gv_new(struct grapevine **out, const struct gv_config *config);
// Frees the node. NULL has no effect.
GV_API void gv_free(struct grapevine *gv);

// Joins the cluster: `names` are those of all its nodes, in any order, this one included; every
// node needs the same. All nodes, this one included, are numbered from 0 in the order of the bytes
// of their names, the same everywhere; these are the peer numbers below. GV_EINVAL: it has joined
// already, or this node's name is not among the names, or one is empty or repeated; GV_ERANGE: more
// than GV_NODES_MAX names, or one is longer than GV_NAME_MAX; GV_ESPACE: memory_max is below
// gv_memory_min; GV_ENOMEM.
GV_API int gv_join(struct grapevine *gv, gv_time now, const struct gv_slice *names, size_t count);

// The least memory_max for a cluster of `count` nodes: what a node needs besides its entries, and
// 1 MiB for these.
GV_API uint64_t gv_memory_min(const struct grapevine *gv, size_t count);

// What the last error of this node was, in words, for logs; a text that ends with a zero, valid
// until the next call. Errors of gv_new and gv_text_* have no node: see gv_base_error.
GV_API const char *gv_last_error(const struct grapevine *gv);

// --- sets, counters, registers -------------------------------------------------------------------
//
// A write returns 1 if it changed the replica and 0 if it did not. Before gv_join, writes are kept
// and sent later. Errors of all writes:
//   GV_ESYNTAX  key or value is not a JSON text
//   GV_ERANGE   it is nested deeper than 57 levels
//   GV_ESPACE   longer than GV_TEXT_MAX
//   GV_EFULL    longer than message_max admits, or memory_max or entries_max would be exceeded
//   GV_ENOMEM
// A write within on_change returns 0 and is applied later; its error is then lost, but for one: if
// it cannot be kept, GV_ENOMEM.

// Adds the key to the set. Keys cannot be removed yet.
GV_API int gv_set_add(struct grapevine *gv, gv_time now, struct gv_slice key);
// 1: the set has the key; 0: it does not. Errors: GV_ESYNTAX, GV_ERANGE, GV_ESPACE.
GV_API int gv_set_has(struct grapevine *gv, struct gv_slice key);

// Adds `delta`, which may be negative, to the counter. Increments by different nodes at the same
// time, before and after restarts, all count. GV_ERANGE: this incarnation's increments or
// decrements of the counter would exceed 2^63 - 1 together.
GV_API int gv_counter_add(struct grapevine *gv, gv_time now, struct gv_slice key, int64_t delta);
// The counter's value, 0 if nobody has added to it; saturates at the ends of int64_t. Errors as
// gv_set_has.
GV_API int gv_counter_value(struct grapevine *gv, struct gv_slice key, int64_t *value);

// Sets the register; to set the value that it has is a write as well. Of two writes, the one that
// has seen the other wins; of two that have not seen each other, the same one wins everywhere.
GV_API int gv_register_set(struct grapevine *gv, gv_time now, struct gv_slice key,
                           struct gv_slice value);
// 1: *value is the register's value, borrowed; 0: nobody has set it, and *value is empty. Errors as
// gv_set_has.
GV_API int gv_register_get(struct grapevine *gv, struct gv_slice key, struct gv_slice *value);

// An item of an iteration.
struct gv_item_view {
    struct gv_slice key;   // borrowed
    struct gv_slice value; // register
    int64_t count;         // counter
};

// An iteration over the sets, counters or registers. Zero the struct, set `kind` and, for a range
// of keys, bounds. These are keys, borrowed until the iteration ends: integers of 64 bits, spelled
// without fraction and exponent, or strings. Then it returns the keys of the bounds' type that are
// within all of them; strings compare by the bytes of their UTF-8.
//
// It returns every key that was there when it began once, and perhaps some that came meanwhile.
// Integers with a bound come in ascending order, but for the two largest of 64 bits, and a narrow
// range takes O(log n) and its items. All other iterations have an order without meaning, and pass
// over all n entries; so does a range of strings.
struct gv_iterator {
    enum gv_kind kind;
    struct gv_slice first;  // the least key; zero: no bound
    struct gv_slice end;    // keys are less than this; zero: no bound
    struct gv_slice prefix; // strings begin with this string; zero: no bound
    uint64_t internal[4];
};

// The next item. 1: *item is one; 0: there is none left. GV_ETYPE: a bound is neither an integer of
// 64 bits nor a string, or the bounds differ in type, or a prefix is not a string; GV_EINVAL: the
// kind is unknown, or `first` is greater than `end`; else as gv_set_has, for all bounds together.
GV_API int gv_next(struct grapevine *gv, struct gv_iterator *iterator, struct gv_item_view *item);

// Writes `number` as a JSON text, of at most 20 bytes, or these UTF-8 bytes as a JSON string, of at
// most 6 * bytes.len + 2. Returns the text's length, bytes. GV_ESPACE: longer than `cap`;
// GV_ESYNTAX: not UTF-8.
GV_API int gv_text_integer(int64_t number, char *buf, size_t cap);
GV_API int gv_text_string(struct gv_slice bytes, char *buf, size_t cap);

// The opposite. Sets *number to the value of an integer, and returns 0. GV_ETYPE: the text is not
// an integer; GV_ERANGE: not within 64 bits.
GV_API int gv_text_to_integer(struct gv_slice text, int64_t *number);
// Writes the bytes of a string, at most text.len - 2, without a terminating zero, and returns their
// number. GV_ETYPE: the text is not a string; GV_ESYNTAX: a malformed one; GV_ESPACE: longer than
// `cap`.
GV_API int gv_text_to_string(struct gv_slice text, char *buf, size_t cap);

// --- storing -------------------------------------------------------------------------------------
//
// To survive a restart, keep the record of each change (struct gv_change) on disk, and load all of
// them at the next start. A write is durable when its record is: acknowledge it to your client
// then. Other nodes may see a value before that.

// Adds a record, or several, each but the last with a line break; before gv_join. Bounds do not
// apply. Records of other nodes' entries count as well: load all that on_change has passed.
// Returns the number of records. GV_EINVAL: the node has joined; GV_ESYNTAX, GV_ETYPE, GV_ERANGE,
// GV_ESPACE: a record is malformed: those before it are loaded; GV_ENOMEM.
GV_API int gv_load(struct grapevine *gv, struct gv_slice records);

// Writes the record of the next entry, in any order, to `buf`: to rewrite a file that has grown.
// *cursor is 0 at the start. Returns the record's length, or 0 at the end. GV_ESPACE: longer than
// `cap`; GV_MESSAGE_MAX always suffices.
GV_API int gv_record(struct grapevine *gv, uint64_t *cursor, char *buf, size_t cap);

// --- messages and time ---------------------------------------------------------------------------

// Handles a message of a peer, as gv_send has written it there; one that was received before has no
// effect. Returns 0 or the first error; the valid parts of a message are used all the same:
//   GV_ENOENT     `peer` is not the number of a peer
//   GV_ESYNTAX, GV_ETYPE, GV_ERANGE, GV_ESPACE   the message, or an entry in it, is malformed
//   GV_EVERSION   another version of the protocol
//   GV_EAUTH      not authentic, or so old that it may be a replay; nothing was used
//   GV_EFULL      an entry exceeds a bound of this node, or gv_ready was false
//   GV_ENOMEM     the peer repeats the message
GV_API int gv_receive(struct grapevine *gv, gv_time now, int peer, const void *bytes, size_t len);
// Whether a message with a summary can be accepted now. If not, call gv_send first; messages that
// come nevertheless are repeated by their senders.
GV_API bool gv_ready(const struct grapevine *gv);

// Writes one message into `buf`, of at least GV_MESSAGE_MAX bytes, and its receiver into *peer.
// Returns its length; 0: there is nothing to send now. GV_ESPACE: `cap` is too small; nothing is
// lost.
GV_API int gv_send(struct grapevine *gv, gv_time now, void *buf, size_t cap, int *peer);
// Tells whether the transport can send to this peer, which at first it can: a transport with
// connections calls it when one is full or closed, and when it takes messages again. While it
// cannot, gv_send writes nothing to this peer, and what is pending waits. A peer that stays so for
// longer than a second (on slow links, a few round trips) is suspected, so that updates take
// another path; it is not a burden to the others. When it is writable again, it gets in few
// messages what it lacks. Returns 0, also if nothing changes. GV_ENOENT; GV_ENOMEM.
GV_API int gv_set_writable(struct grapevine *gv, gv_time now, int peer, bool writable);

// When to call gv_advance at the latest; GV_TIME_NEVER: no time is set.
GV_API gv_time gv_deadline(const struct grapevine *gv);
// Handles what is due. A call more than 5 s late shows that the process was paused: the node then
// suspects nobody for it, and compares replicas.
GV_API void gv_advance(struct grapevine *gv, gv_time now);
// Schedules all pending updates to be sent at once.
GV_API void gv_flush(struct grapevine *gv, gv_time now);

// --- peers and statistics ------------------------------------------------------------------------

// The number of the peer of this name; GV_ENOENT: there is none, or it is this node, or the node
// has not joined.
GV_API int gv_peer_number(const struct grapevine *gv, struct gv_slice name);
// The number of this node; GV_ENOENT: it has not joined.
GV_API int gv_self(const struct grapevine *gv);
// The name of this node number, which may be this node's; borrowed until gv_free. Empty: there is
// no such number. All numbers are those from 0 to the first without a name.
GV_API struct gv_slice gv_peer_name(const struct grapevine *gv, int peer);

struct gv_peer_info {
    struct gv_slice name; // as gv_peer_name
    bool is_suspected;    // it does not acknowledge messages; updates take another path
    bool is_writable;     // as gv_set_writable has said
    gv_time received_at;  // when its last message came; GV_TIME_NEVER: none yet
    gv_time round_trip;   // smoothed, ns; 0: not measured yet
    uint32_t backlog;     // changes that it has not acknowledged, if this node sends it updates
};
// *out has `size` bytes, of which those known to this version are set: pass sizeof *out. GV_ENOENT:
// `peer` is not the number of a peer; it may be this node's.
GV_API int gv_get_peer(const struct grapevine *gv, int peer, struct gv_peer_info *out, size_t size);
// Schedules a message to this peer that it acknowledges at once. GV_ENOENT; GV_ENOMEM.
GV_API int gv_ping(struct grapevine *gv, gv_time now, int peer);

// Counters start at gv_new; sizes are those of now.
struct gv_stats {
    uint64_t entries;                           // a counter has several
    uint64_t memory_bytes;                      // all that is allocated now
    uint64_t sent_messages, sent_bytes;         // since gv_new
    uint64_t received_messages, received_bytes; // accepted ones
    uint64_t refused_messages;                  // malformed, or not authentic
    uint64_t sent_entries, received_entries;    // by updates and syncs
    uint64_t redundant_entries;                 // received, and known already
    uint64_t refused_entries;                   // received, and beyond a bound or malformed
    uint64_t opened_syncs;                      // comparisons that this node began
    uint64_t lost_messages;                     // not acknowledged in time
    uint32_t peers, suspected;                  // other nodes; suspected ones of these
    uint32_t staleness_ms;                      // what can be kept with the measured links
    // A digest of all entries, for monitoring: equal replicas have equal digests, unequal ones
    // almost never. Nodes with different secrets have different ones.
    uint64_t digest;
};
// *out has `size` bytes, of which those known to this version are set: pass sizeof *out.
GV_API void gv_get_stats(const struct grapevine *gv, struct gv_stats *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
