// SPDX-License-Identifier: MIT
// A client's request, as a workload's handler receives it, and functions that most handlers need. A
// handler replies to each request exactly once, by a function of replies.h or by one of these that
// replies.
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
    struct gv_replies *replies; // this request is open in it
    struct gv_engine *engine;   // NULL: the workload has no replica
    struct gv_writes *writes;   // NULL: replies do not wait for the store
    void *state;                // state of the workload
    char *scratch;              // memory of at least the line's length
    size_t scratch_cap;
    bool own_entry_raised; // set by the workload: a peer has raised a counter of this node
};

// The token of a member of the body. If it is missing, replies with error 12 and returns GV_ENOENT.
int gv_request_member(struct gv_request *request, const char *name);

// Replies with error 12, whose text has the request's type, the member and the reason.
void gv_request_malformed(struct gv_request *request, const char *member, const char *reason);

// Puts an entry, whose texts are canonical JSON, into the replica, and replies. With `writes` both
// happen when the entry is stored; if the store fails then, the workload's state is zeroed, unless
// the workload keeps it. False: the entry was refused, with error 12 if no node accepts it, else
// 11. `reply` NULL: sends no reply, and the request stays open. An increment in `reply` means that
// the entry is a counter that only this node writes. If a peer has raised it too, on_shortfall
// (writes.h) chooses another entry for the missing part, and the reply waits for that entry as
// well.
bool gv_request_put(struct gv_request *request, const struct gv_entry *entry,
                    const struct gv_writes_reply *reply);

// Puts the value of a member of the body into the set, as gv_request_put does.
void gv_request_put_member(struct gv_request *request, const char *member, const char *reply_type);

#endif
