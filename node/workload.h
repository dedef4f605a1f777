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
    bool local_store;  // it has entries of its own, which no peer hears of, if there is a store
    size_t state_size; // the workload's own memory, zeroed at the start; bytes
    // For workloads that use gv_request_add: the entry came to the disk, but was so much larger in
    // the replica already, by others. Returns one to put instead, which that much is counted in;
    // its key is written to `key`. Of the request there are now, self, incarnation, engine and
    // state.
    struct gv_entry (*on_shortfall)(struct gv_request *request, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key);
    const struct gv_workload_handler *handlers; // the commonest first; ended by a NULL type
};

extern const struct gv_workload gv_echo_workload;
extern const struct gv_workload gv_ids_workload;
extern const struct gv_workload gv_broadcast_workload;
extern const struct gv_workload gv_gset_workload;
extern const struct gv_workload gv_counter_workload;

#endif
