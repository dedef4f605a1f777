// SPDX-License-Identifier: MIT
// The clients of a run, and the reply that each waits for. A client is named c and its number. A
// closed client and its name are not used again.
#ifndef GV_SIM_CORE_CLIENT_H
#define GV_SIM_CORE_CLIENT_H

#include "../../merkle/base.h"

enum gv_client_role {
    GV_CLIENT_INIT,     // sends init, then closes
    GV_CLIENT_WORKER,   // sends the operations of the workload, one at a time
    GV_CLIENT_OBSERVER, // reads to measure convergence; its operations are not counted
};

enum gv_client_wait {
    GV_CLIENT_IDLE,
    GV_CLIENT_WAIT_INIT,
    GV_CLIENT_WAIT_TOPOLOGY,
    GV_CLIENT_WAIT_OP,
    GV_CLIENT_WAIT_OBSERVATION,
};

enum { GV_CLIENT_TIMED_OUT_MAX = 32 }; // requests remembered by a client; the oldest are replaced

struct gv_client {
    enum gv_client_role role;
    enum gv_client_wait wait;
    bool open;
    uint32_t node;   // node that it sends requests to
    uint32_t worker; // GV_CLIENT_WORKER: number of the worker; set by the caller
    uint64_t msg_id; // id of its latest request; the first is 1
    size_t op;       // GV_CLIENT_WAIT_OP: the operation, by its number in the history
    uint64_t timed_out[GV_CLIENT_TIMED_OUT_MAX]; // msg_ids of requests without a reply in time; a
                                                 // ring; 0: none
    uint32_t timed_out_at;
};

// How a reply relates to the requests of its client.
enum gv_client_reply {
    GV_CLIENT_REPLY_EXPECTED,
    GV_CLIENT_REPLY_LATE,     // the client no longer waits for this reply
    GV_CLIENT_REPLY_REPEATED, // the request was answered before
    GV_CLIENT_REPLY_STRAY,    // there was no such request
};

struct gv_client_table {
    struct gv_client *clients; // by number
    size_t len, cap;
};

void gv_client_fini(struct gv_client_table *table);

// Opens a client of one node. Returns its number.
uint32_t gv_client_open(struct gv_client_table *table, enum gv_client_role role, uint32_t node);

// Notes that the latest request timed out.
static inline void gv_client_time_out(struct gv_client *client) {
    client->timed_out[client->timed_out_at++ % GV_CLIENT_TIMED_OUT_MAX] = client->msg_id;
}

// Classifies a reply to this request. A second late reply to one request is
// GV_CLIENT_REPLY_REPEATED.
enum gv_client_reply gv_client_match(struct gv_client *client, uint64_t in_reply_to);

// The number of the client of this name, open or not, or GV_ENOENT.
int64_t gv_client_find(const struct gv_client_table *table, struct gv_slice name);

// The number in a name of one letter and decimal digits without leading zeros ("n12"), or
// GV_ENOENT.
int64_t gv_client_number(struct gv_slice name, char letter);

#endif
