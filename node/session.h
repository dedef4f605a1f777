// SPDX-License-Identifier: MIT
// The identity of a node: its name and its cluster, set by the first init request
//   {"type":"init","msg_id":…,"node_id":NAME,"node_ids":[NAME,…]}
// An init that repeats the first one succeeds, since the reply to the first may have been lost. Any
// other init is refused.
#ifndef GV_NODE_SESSION_H
#define GV_NODE_SESSION_H

#include "../codec/auth.h"
#include "../codec/json.h"
#include "../engine/engine.h"
#include "counts.h"
#include "log.h"
#include "node_limits.h"

enum { GV_SESSION_REASON_MAX = 256 }; // longest reason of a refusal, bytes

struct gv_session_config {
    struct gv_alloc alloc;
    const struct gv_log *log;                     // borrowed
    struct gv_engine *engine;                     // borrowed; NULL: the workload has no replica
    struct gv_auth *auth;                         // borrowed
    struct gv_counts *counts;                     // borrowed; enabled before the engine joins
    const struct gv_counts_config *counts_config; // NULL: the engine keeps no stable cut
    bool gossip;          // the engine joins the cluster; false: a cluster of this node only
    uint32_t peers_max;   // maximum number of names in node_ids
    uint64_t wall_offset; // added to `now`, modulo 2^64: nanoseconds since 1970
};

struct gv_session {
    struct gv_session_config config;
    bool started; // initialised; the members below are valid
    char name[GV_NODE_NAME_MAX + 1];
    char quoted[GV_NODE_QUOTED_MAX]; // the name as a JSON string
    size_t quoted_len;
    uint64_t cluster; // hash of the canonical node_ids
};

// An init request: its parsed line, the token of its body, an object, and scratch memory of at
// least the line's length.
struct gv_session_request {
    struct gv_json *json;
    int body;
    char *scratch;
    size_t scratch_cap;
};

static inline void gv_session_init(struct gv_session *session,
                                   const struct gv_session_config *config) {
    GV_ASSERT(config->alloc.resize != NULL && config->log != NULL && config->auth != NULL);
    *session = (struct gv_session){.config = *config};
}

// Takes the name and the cluster from the first init, and makes the engine and the authentication
// join. Returns 0, or the error code to reply with and the cause in `reason`:
// GV_REPLIES_MALFORMED, GV_REPLIES_PRECONDITION_FAILED (differs from the first init) or
// GV_REPLIES_UNAVAILABLE (out of memory). After an error the session is as before.
int gv_session_receive(struct gv_session *session, gv_time now, struct gv_session_request *init,
                       char reason[GV_SESSION_REASON_MAX]);

// The name; "" before init. Borrowed, at a fixed address.
static inline const char *gv_session_name(const struct gv_session *session) {
    return session->name;
}

static inline struct gv_slice gv_session_name_slice(const struct gv_session *session) {
    return gv_slice_text(session->name);
}

// The name as a canonical JSON string; empty before init.
static inline struct gv_slice gv_session_quoted(const struct gv_session *session) {
    return gv_slice_of(session->quoted, session->quoted_len);
}

static inline bool gv_session_started(const struct gv_session *session) {
    return session->started;
}

#endif
