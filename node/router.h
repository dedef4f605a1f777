// SPDX-License-Identifier: MIT
// Routes a received line: parses it, then passes it to the handler of the workload, to the session
// (init) or to gossip (messages of peers), or refuses it. node.h lists the error codes.
#ifndef GV_NODE_ROUTER_H
#define GV_NODE_ROUTER_H

#include "gossip.h"
#include "limiter.h"
#include "replies.h"
#include "session.h"
#include "workload.h"
#include "writes.h"

// All pointers are borrowed.
struct gv_router_config {
    struct gv_alloc alloc;
    const struct gv_workload *workload;
    struct gv_json *json; // the parser
    struct gv_log *log;
    struct gv_session *session;
    struct gv_gossip *gossip;
    struct gv_replies *replies;
    struct gv_engine *engine; // NULL: the workload has no replica
    struct gv_writes *writes; // NULL: requests do not wait for the store
    void *state;              // state of the workload
    uint64_t seed;            // seed of the rate limiter's hash
    uint64_t incarnation;
    uint64_t wall_offset;  // added to `now`, modulo 2^64: nanoseconds since 1970
    size_t line_max;       // longest accepted line, bytes
    uint32_t client_rate;  // requests per second and client; 0: no limit
    uint32_t client_burst; // largest burst of requests per client, at least 1
};

struct gv_router_stats {
    uint64_t lines;         // lines received
    uint64_t limited;       // requests that exceeded the client's rate
    uint64_t requests;      // requests received
    uint64_t request_bytes; // length of the lines of these requests
};

// An init whose reply waits until the engine has recovered, so that clients see no error 11 then.
struct gv_router_init {
    gv_time until; // longest wait; GV_TIME_NEVER: none waits
    size_t src_len, id_len;
    char text[GV_NODE_QUOTED_MAX + 24]; // the sender's name and the msg_id
};

struct gv_router {
    struct gv_router_config config;
    struct gv_router_init init;
    struct gv_limiter limiter;
    struct gv_router_stats stats;
    char *scratch;
    size_t scratch_cap;
    size_t line_len; // length of the line being received
};

// GV_ENOMEM: gv_router_fini must be called even then. It accepts a zeroed struct.
int gv_router_init(struct gv_router *router, const struct gv_router_config *config);
void gv_router_fini(struct gv_router *router);

// Receives a line, as gv_node_receive describes.
int gv_router_receive(struct gv_router *router, gv_time now, struct gv_slice line);

// Replies to an init that has waited long enough. Call it after whatever may end the recovery.
void gv_router_advance(struct gv_router *router, gv_time now);
// When to call it at the latest; GV_TIME_NEVER: no init waits.
static inline gv_time gv_router_deadline(const struct gv_router *router) {
    return router->init.until;
}

// For gv_writes_config.on_shortfall (writes.h); ctx is the router. Calls the workload's
// on_shortfall.
struct gv_entry gv_router_shortfall(void *ctx, gv_time now, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key);

static inline struct gv_router_stats gv_router_stats(const struct gv_router *router) {
    return router->stats;
}

#endif
