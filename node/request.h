// SPDX-License-Identifier: MIT
// A client's request, as a workload's handler gets it, and what most handlers do with it.
// A handler answers each request once, by one of node/replies.h or by what says so here.
#ifndef GV_NODE_REQUEST_H
#define GV_NODE_REQUEST_H

#include "../codec/json.h"
#include "node_limits.h"
#include "replies.h"
#include "writes.h"

struct gv_request {
    struct gv_json *json; // the parsed line
    int body;             // the token of its body, an object
    const char *type;     // of the request
    gv_time now;
    uint64_t wall_ns;           // since 1970, as well as the node knows
    uint64_t incarnation;       // of the node
    struct gv_slice self;       // the node's name as a JSON string, canonical
    struct gv_replies *replies; // where the answer goes
    struct gv_engine *engine;   // NULL if the workload has no replica, and keeps nothing
    struct gv_writes *writes;   // writes are answered when they are on disk; NULL: at once
    void *state;                // the workload's own
    char *scratch;              // as long as the line at least
    size_t scratch_cap;
    bool own_entry_raised; // set by the workload: a peer made an entry of this node larger
};

// The token of a member of the body. If there is none, answers with error 12 and returns
// GV_ENOENT.
int gv_request_member(struct gv_request *request, const char *name);

// Answers with error 12: the request's type, this member, and what is wrong with it.
void gv_request_malformed(struct gv_request *request, const char *member, const char *reason);

// Puts an entry, of texts that gv_json_canonical or gv_json_quote made, into the replica and
// answers with `reply_type`, a static text: now, or when it is on disk, before which nobody sees
// it. False: it could not, and error 11 has been answered. Should it fail after a true, the
// workload's state is zeroed.
bool gv_request_put(struct gv_request *request, const struct gv_entry *entry,
                    const char *reply_type);

// The same of a counter's entry, which nobody else writes and which grows by `size` with this. If
// somebody else does, and it grows by less, the workload's `on_shortfall` says where the rest goes,
// and the answer waits for that, too.
bool gv_request_add(struct gv_request *request, const struct gv_entry *entry, uint64_t size,
                    const char *reply_type);

// The same, with one member more in the reply, a static text, and its value as JSON.
bool gv_request_put_json(struct gv_request *request, const struct gv_entry *entry,
                         const char *reply_type, const char *member, struct gv_slice value);

// Puts an entry that no answer waits for: the request is still open. False: it could not.
bool gv_request_put_async(struct gv_request *request, const struct gv_entry *entry);

// Puts the value of this member into the set, and answers with `reply_type`; or answers with an
// error.
void gv_request_put_member(struct gv_request *request, const char *member, const char *reply_type);

#endif
