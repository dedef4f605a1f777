// SPDX-License-Identifier: MIT
// A node without I/O: it receives lines of Maelstrom's protocol and sends lines; time is an
// argument.
//
// The caller passes each line it reads to gv_node_receive, calls gv_node_send when its transport
// can accept bytes, writes the bytes that it returns, and calls gv_node_advance at
// gv_node_deadline. The node buffers short replies only, up to a bound: lists and gossip are
// encoded when they can be sent.
//
// Each request gets one reply: its result, or an error of Maelstrom's:
//
//   10  the workload does not have this type of request
//   11  the node is not initialised or has not recovered (counts.h); a limit of the replica is
//       reached; the client exceeds its rate; or the store fails
//   12  the request is malformed (the text names the member); or the line is not JSON, too long,
//       has too many tokens or is nested too deep, but src, dest and msg_id can be read
//   13  memory ran out after the write was stored, so no read shows it until a restart; or the
//       store failed when only a part of an increment was stored
//   22  an init that differs from the first one
//
// A line that looks like a reply (type "error", or an in_reply_to) or has no integer msg_id gets no
// reply; it is logged as an input error.
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

// When a write is acknowledged by a node with a store.
enum gv_durability {
    GV_DURABILITY_SYNC,  // when it is stored; no reader and no peer sees it before
    GV_DURABILITY_ASYNC, // immediately; a crash may lose it
};

struct gv_workload;

struct gv_node_config {
    const struct gv_workload *workload; // borrowed
    struct gv_alloc alloc;
    struct gv_json *json;  // the parser, borrowed; nodes of one thread may share it
    uint64_t seed;         // seed of all random choices
    uint64_t incarnation;  // differs from those of all earlier incarnations
    uint64_t wall_offset;  // added to `now`, modulo 2^64: nanoseconds since 1970
    uint32_t staleness_ms; // longest time until a value is on every node
    size_t line_max;       // longest accepted line, bytes; 0: GV_NODE_LINE_DEFAULT
    size_t message_max;    // longest message sent, bytes; 0: GV_ENGINE_MESSAGE_DEFAULT
    uint64_t memory_max;   // memory of the replica, bytes; 0: no limit
    uint64_t entries_max;  // entries of the replica; 0: no limit
    uint32_t peers_max;    // maximum number of nodes in the cluster; limit and default (0):
                           // GV_NODE_PEERS_MAX
    uint32_t client_rate;  // requests per second and client; 0: no limit
    uint32_t client_burst; // largest burst of requests per client, at least 1
    // The cluster's secret, read during gv_node_new only; empty: none. With a secret, messages
    // between nodes are authenticated (codec/auth.h).
    struct gv_slice secret;
    // Borrowed; loaded by gv_node_new. NULL: nothing is stored. Workloads without entries ignore
    // it.
    const struct gv_store *store;
    enum gv_durability durability;
    uint32_t commit_ms; // longest time for which asynchronous writes are batched
    void (*log)(void *ctx, const struct gv_log_record *record); // NULL: no log
    void *log_ctx;
    bool trace; // log what happens to each value, at level debug
};

struct gv_node;

// Creates a node; *out is freed by gv_node_free, which accepts NULL. GV_EINVAL: message_max is
// below GV_ENGINE_MESSAGE_MIN, plus GV_AUTH_OVERHEAD with a secret; GV_ENOMEM; errors of
// gv_store_load.
int gv_node_new(struct gv_node **out, const struct gv_node_config *config);
void gv_node_free(struct gv_node *node);

// Whether gv_node_receive may be called. If not, the reply buffer, the engine or the queue of
// writes is full: read no more until gv_node_send or gv_node_written has made space.
bool gv_node_ready(const struct gv_node *node);

// Receives one line without its newline, or the first line_max + 1 bytes of a longer one; the node
// must be ready. Returns 0 if the line was handled or got a reply, else an error that has been
// logged; the node can be used in either case:
//   GV_ESYNTAX  not JSON, or no message that could be replied to
//   GV_EFULL    longer than line_max, too many tokens, nested too deep; or the replica is full
//   GV_ENOENT   addressed to another node; or gossip from a node that is not a peer
//   GV_EAUTH    gossip without a valid MAC
//   GV_EVERSION, GV_ETYPE, GV_ERANGE, GV_ESPACE  malformed gossip (gv_message_decode)
//   GV_ENOMEM
int gv_node_receive(struct gv_node *node, gv_time now, const char *line, size_t len);

// When to call gv_node_advance next; if that time is past, call it immediately. GV_TIME_NEVER: not
// before the next gv_node_receive.
gv_time gv_node_deadline(const struct gv_node *node);
void gv_node_advance(struct gv_node *node, gv_time now);

// The batch that the caller writes next, with the store's write function and in any thread; NULL:
// none now, or no store. Call it after each call that may have changed the replica. The batch is
// borrowed until gv_node_written, which must follow and takes the result of the write and the
// store's error text.
const struct gv_store_batch *gv_node_batch(struct gv_node *node, gv_time now);
void gv_node_written(struct gv_node *node, gv_time now, int error, const char *text);

// Ends batching of writes, for a shutdown; cannot be undone. Returns true when no write is pending,
// or if the store fails.
bool gv_node_drain(struct gv_node *node);
// Whether the store has all entries that this node has ever sent.
bool gv_node_all_persisted(const struct gv_node *node);

// Schedules all pending updates to be sent now, for a shutdown.
void gv_node_flush(struct gv_node *node, gv_time now);

// The least capacity for gv_node_send, in bytes; constant.
size_t gv_node_send_min(const struct gv_node *node);
// Writes output to `buf`: whole lines, or a part of a long one that the next call continues. Gossip
// is sent between replies: after each 64 KiB of them, and whenever no reply waits. Returns the
// number of bytes; 0: there is nothing to send.
size_t gv_node_send(struct gv_node *node, gv_time now, char *buf, size_t cap);

// The name; "" before init. Borrowed.
const char *gv_node_name(const struct gv_node *node);
// The replica; NULL if the workload has none. Borrowed.
const struct gv_engine *gv_node_engine(const struct gv_node *node);

void gv_node_stats(const struct gv_node *node, struct gv_stats *out);
// Logs the statistics, at level info.
void gv_node_log_stats(const struct gv_node *node);

#ifdef __cplusplus
}
#endif
#endif
