// SPDX-License-Identifier: MIT
// A node without I/O: lines of Maelstrom's protocol in, lines out, time as an argument.
//
// The caller reads lines and gives them to gv_node_receive, calls gv_node_send whenever its
// transport can take bytes and writes what that returns, and calls gv_node_advance when
// gv_node_deadline is due. The node keeps no outbox but a bounded buffer of short replies: long
// replies and gossip are worked out when they can be sent.
//
// Whatever comes in, what goes out is whole lines of JSON from this node to the sender of a
// request or to a peer. A request is answered once: with its reply, or with an error of
//   10  its type is not one of this workload's
//   11  the node has not been initialised, a bound of the replica is reached, the client asks more
//       often than it may, or the store fails
//   12  it is malformed; the text names the member; or the line is not JSON as codec/json.h has it,
//       is too long, has too many tokens or is nested too deep, and what names the sender (src,
//       dest and msg_id) can be made out all the same
//   13  it is on disk, but there was no memory for it any more; or an add was counted in part, as a
//       peer had changed this node's entry, and the store failed then
//   22  another init than the first
// Nothing that looks like a reply is answered (type "error", or an in_reply_to), nor what has no
// integer msg_id, since no reply could name it; those are logged.
#ifndef GV_NODE_NODE_H
#define GV_NODE_NODE_H

#include "../codec/json.h"
#include "../engine/store.h"
#include "../merkle/base.h"
#include "log.h"
#include "node_limits.h"
#include "stats.h"

#ifdef __cplusplus
extern "C" {
#endif

// When a write is answered, of a node with a store. In between: its loss is possible.
enum gv_durability {
    GV_DURABILITY_SYNC,  // when it is in the store, and nobody hears of it before
    GV_DURABILITY_ASYNC, // at once
};

struct gv_workload;

struct gv_node_config {
    const struct gv_workload *workload; // kept
    struct gv_alloc alloc;
    struct gv_json *json;  // the parser, borrowed for the node's life; may be shared in one thread
    uint64_t seed;         // of all random choices
    uint64_t incarnation;  // differs between any two lives of a node
    uint64_t wall_offset;  // add to `now`, modulo 2^64, for nanoseconds since 1970
    uint32_t staleness_ms; // how long a value may take to be everywhere
    size_t line_max;       // 0: GV_NODE_LINE_DEFAULT
    size_t message_max;    // longest gossip body sent, bytes; 0: the engine's default
    uint64_t memory_max;   // of the replica, bytes; 0: no bound
    uint64_t entries_max;  // of the replica; 0: no bound
    uint32_t peers_max;    // nodes of the cluster; 0: GV_NODE_PEERS_MAX, which is also the most
    uint32_t client_rate;  // requests a second of each client; 0: no limit
    uint32_t client_burst; // and at once, at least 1
    // The cluster's, read during gv_node_new only. With one, messages between nodes are
    // authenticated, and none is taken without the right MAC (auth.h).
    struct gv_slice secret;
    // Kept, and loaded at the start; NULL: nothing outlives the node. Of no use to a workload
    // without anything to keep.
    const struct gv_store *store;
    enum gv_durability durability;
    uint32_t commit_ms; // how long what need not wait for the store may wait to go there
    void (*log)(void *ctx, const struct gv_log_record *record); // may be NULL
    void *log_ctx;
    bool trace; // log, at level debug, what happens to each value
};

struct gv_node;

// GV_EINVAL: message_max is below GV_ENGINE_MESSAGE_MIN, and with a secret what a MAC takes;
// GV_EIO: the library that makes MACs does not start; GV_ENOMEM; what gv_store_load returns. On
// success *out belongs to the caller, who frees it by gv_node_free (NULL is fine there).
GV_API int gv_node_new(struct gv_node **out, const struct gv_node_config *config);
GV_API void gv_node_free(struct gv_node *node);

// Whether the node has room to answer one more line. While it has not, read no more: the node
// gets room by gv_node_send.
GV_API bool gv_node_ready(const struct gv_node *node);

// Takes one line, without its newline, or the first line_max + 1 bytes of a longer one; the node
// must be ready. Whatever the bytes are, the node
// goes on. Returns 0 if the line was used or answered; else says why not, which has been logged:
// GV_ESYNTAX: not JSON, or no message that could be answered; GV_EFULL: longer than line_max, too
// many tokens, nested too deep, or the replica's bound; GV_ENOENT: to another node, or gossip from
// a stranger; GV_EAUTH: gossip without the right MAC; GV_EVERSION, GV_ETYPE, GV_ERANGE, GV_ESPACE:
// gossip that is malformed; GV_ENOMEM.
GV_API int gv_node_receive(struct gv_node *node, gv_time now, const char *line, size_t len);

// When to call gv_node_advance next; GV_TIME_NEVER: not before something is received.
// A time already past means at once.
GV_API gv_time gv_node_deadline(const struct gv_node *node);
GV_API void gv_node_advance(struct gv_node *node, gv_time now);

// Of a node with a store: the batch to write next, by the store's write and in whatever thread, or
// NULL: none now. To be asked for after every call that changes something. The batch is borrowed
// until the node is told how the write ended, as it must be; `error` is what the write returned,
// and `text` what the store says about it.
GV_API const struct gv_store_batch *gv_node_batch(struct gv_node *node, gv_time now);
GV_API void gv_node_written(struct gv_node *node, gv_time now, int error, const char *text);

// Lets everything go to the store without waiting for company, from now on: before a shutdown.
// True: nothing is on its way there any more. A store that fails is not waited for.
GV_API bool gv_node_drain(struct gv_node *node);
// Whether the store has everything that has ever left this node.
GV_API bool gv_node_all_persisted(const struct gv_node *node);

// Lets gossip that waits for company leave at once: before a shutdown.
GV_API void gv_node_flush(struct gv_node *node, gv_time now);

// Writes up to cap bytes of output: whole lines, or a part of a long one that the next call
// continues. `cap` must be at least gv_node_send_min, which never changes. Returns the bytes; 0:
// nothing to say now. Gossip and replies take turns, line by line.
GV_API size_t gv_node_send_min(const struct gv_node *node);
GV_API size_t gv_node_send(struct gv_node *node, gv_time now, char *buf, size_t cap);

// The node's name, or "" before init; and its replica, or NULL if the workload has none. Both are
// borrowed.
GV_API const char *gv_node_name(const struct gv_node *node);
GV_API const struct gv_engine *gv_node_engine(const struct gv_node *node);

// What the node has done so far, and how it is.
GV_API void gv_node_stats(const struct gv_node *node, struct gv_stats *out);
// Logs that, at level info.
GV_API void gv_node_log_stats(const struct gv_node *node);

#ifdef __cplusplus
}
#endif
#endif
