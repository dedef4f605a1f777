// SPDX-License-Identifier: MIT
// The clients: who is called what, and what each is waiting for. A client is never used again once
// it is closed; its name, c and its number, stays taken.
#ifndef GV_SIM_CORE_CLIENT_H
#define GV_SIM_CORE_CLIENT_H

#include "../../merkle/base.h"

enum gv_client_role {
    GV_CLIENT_INIT,     // says init, then goes
    GV_CLIENT_WORKER,   // asks the workload's questions, one at a time
    GV_CLIENT_OBSERVER, // looks whether the nodes agree yet; counts nowhere
};

enum gv_client_wait {
    GV_CLIENT_IDLE,
    GV_CLIENT_WAIT_INIT,
    GV_CLIENT_WAIT_TOPOLOGY,
    GV_CLIENT_WAIT_OP,
    GV_CLIENT_WAIT_OBSERVATION,
};

enum { GV_CLIENT_TIMED_OUT_MAX = 32 }; // requests; the oldest are forgotten

struct gv_client {
    enum gv_client_role role;
    enum gv_client_wait wait;
    bool open;
    uint32_t node;
    uint64_t msg_id;                             // of its last request; the first is 1
    size_t op;                                   // which operation of the history it waits for
    uint64_t timed_out[GV_CLIENT_TIMED_OUT_MAX]; // requests it no longer waits for; a ring, 0: none
    uint32_t timed_out_at;
};

// What a reply is to the client it goes to.
enum gv_client_reply {
    GV_CLIENT_REPLY_EXPECTED,
    GV_CLIENT_REPLY_LATE,     // the client no longer waits for it
    GV_CLIENT_REPLY_REPEATED, // the request was answered before
    GV_CLIENT_REPLY_STRAY,    // there was no such request
};

struct gv_client_table {
    struct gv_client *clients; // by number
    size_t len, cap;
};

void gv_client_fini(struct gv_client_table *table);

// Opens a client that talks to one node. Returns its number.
uint32_t gv_client_open(struct gv_client_table *table, enum gv_client_role role, uint32_t node);

// The client no longer waits for the answer to its last request.
void gv_client_time_out(struct gv_client *client);

// What a reply to this request is. A late one is no longer expected afterwards: another is one too
// many.
enum gv_client_reply gv_client_match(struct gv_client *client, uint64_t in_reply_to);

// The number of the client of this name, open or not, or GV_ENOENT.
int64_t gv_client_find(const struct gv_client_table *table, struct gv_slice name);

// The number in a name of one letter and decimal digits without leading zeros ("n12"), or
// GV_ENOENT.
int64_t gv_client_number(struct gv_slice name, char letter);

#endif
