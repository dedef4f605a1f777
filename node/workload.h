// SPDX-License-Identifier: MIT
// What a node does for its clients: a table of request types and their handlers. The node takes
// care of everything else: the envelope, init, gossip, errors. Each workload is one file, and an
// example of how to use the library.
#ifndef GV_NODE_WORKLOAD_H
#define GV_NODE_WORKLOAD_H

#include "request.h"

struct gv_workload_handler {
    const char *type;
    void (*handle)(struct gv_request *request);
};

struct gv_workload {
    const char *name;  // of the program, too: gv-NAME
    bool replica;      // it has one: the node takes part in gossip
    bool keeps;        // it has entries of its own, which no peer hears of, if there is a store
    size_t state_size; // the workload's own memory, zeroed at the start; bytes
    const struct gv_workload_handler *handlers; // the commonest first; ended by a NULL type
};

extern const struct gv_workload gv_echo_workload;
extern const struct gv_workload gv_ids_workload;
extern const struct gv_workload gv_broadcast_workload;
extern const struct gv_workload gv_gset_workload;
extern const struct gv_workload gv_counter_workload;

#endif
