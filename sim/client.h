// SPDX-License-Identifier: MIT
// The clients: who is called what, and what each is waiting for. A client is never used again once
// it is closed; its name, c and its number, stays taken.
#ifndef GV_SIM_CLIENT_H
#define GV_SIM_CLIENT_H

#include "../merkle/base.h"

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

struct gv_client {
    enum gv_client_role role;
    enum gv_client_wait wait;
    bool open;
    uint32_t node;
    uint64_t msg_id; // of its last request; the first is 1
    size_t op;       // which operation of the history it waits for
};

struct gv_client_table {
    struct gv_client *clients; // by number
    size_t len, cap;
};

void gv_client_fini(struct gv_client_table *table);

// Opens a client that talks to one node. Returns its number.
uint32_t gv_client_open(struct gv_client_table *table, enum gv_client_role role, uint32_t node);

// The number of the client of this name, open or not, or GV_ENOENT.
int64_t gv_client_find(const struct gv_client_table *table, struct gv_slice name);

// The number in a name of one letter and decimal digits without leading zeros ("n12"), or
// GV_ENOENT.
int64_t gv_client_number(struct gv_slice name, char letter);

#endif
