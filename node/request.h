// SPDX-License-Identifier: MIT
// A client's request, as a workload's handler receives it, and functions that most handlers need.
// A handler replies to each request once: by a function of replies.h, or by one of these, which say
// so.
#ifndef GV_NODE_REQUEST_H
#define GV_NODE_REQUEST_H

#include "../codec/json.h"
#include "node_limits.h"
#include "replies.h"
#include "writes.h"

struct gv_request {
    struct gv_alloc alloc;
    struct gv_json *json; // the parsed line
    int body;             // the token of its body, an object
    const char *type;     // type of the request
    gv_time now;
    uint64_t wall_ns;           // nanoseconds since 1970
    uint64_t incarnation;       // incarnation of the node
    struct gv_slice self;       // the node's name as a canonical JSON string
    struct gv_replies *replies; // has this request open
    struct gv_engine *engine;   // NULL: the workload has no replica
    struct gv_writes *writes;   // NULL: replies do not wait for the store
    void *state;                // the workload's
    char *scratch;              // memory of at least the line's length
    size_t scratch_cap;
    bool own_entry_raised; // set by the workload: a peer has raised a counter of this node
};

// The token of a member of the body. If it is missing, replies with error 12 and returns GV_ENOENT.
int gv_request_member(struct gv_request *request, const char *name);

// Replies with error 12, whose text has the request's type, the member and the reason.
void gv_request_malformed(struct gv_request *request, const char *member, const char *reason);

// Puts an entry, whose texts are canonical JSON, into the replica, and replies: at once, or when
// the entry is stored, before which no read sees it. False: it was refused, and the reply is error
// 11, or 12 if no node accepts it. If the store fails afterwards, the workload's state is zeroed,
// unless the workload keeps it.
// `reply` NULL: there is no reply, and the request stays open. With an increment, the entry is a
// counter's that only this node writes: if a peer has raised it too, the workload's on_shortfall
// chooses the entry for the shortfall, and the reply waits for that as well.
bool gv_request_put(struct gv_request *request, const struct gv_entry *entry,
                    const struct gv_writes_reply *reply);

// Puts the value of a member of the body into the set, as gv_request_put does.
void gv_request_put_member(struct gv_request *request, const char *member, const char *reply_type);

#endif
