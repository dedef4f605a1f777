// SPDX-License-Identifier: MIT
// A workload: the types of requests that a node serves, and their handlers. The node does the rest:
// envelope, init, gossip and errors. Each workload is one file and shows how to use the library.
#ifndef GV_NODE_WORKLOAD_H
#define GV_NODE_WORKLOAD_H

#include "request.h"

struct gv_workload_handler {
    const char *type;
    void (*handle)(struct gv_request *request);
};

struct gv_workload {
    const char *name;  // NAME of the workload; the program is gv-NAME
    bool replica;      // it has a replica that nodes exchange by gossip
    bool local_store;  // with a store, it has entries that are not gossiped
    bool cut;          // its engine keeps a stable cut; the reply to init waits for the recovery
    size_t reply_max;  // longest member that a handler writes to the scratch memory, bytes; it has
                       // this many bytes beyond the line's length
    size_t state_size; // memory for its state, bytes; zeroed at the start
    // The state does not depend on writes that are not stored yet, so it survives if the store
    // fails.
    bool keeps_state;
    void (*fini)(void *state); // frees what the state refers to; NULL: nothing
    // Called after a message of a peer, which may have changed the replica; may be NULL. The
    // request has neither a body nor a type.
    void (*on_gossip)(struct gv_request *request);
    // For counters: gv_writes_config.on_shortfall (writes.h). The request has no body and no type.
    struct gv_entry (*on_shortfall)(struct gv_request *request, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key);
    const struct gv_workload_handler
        *handlers; // the most frequent type first; a handler with type NULL ends the list
};

extern const struct gv_workload gv_echo_workload;
extern const struct gv_workload gv_ids_workload;
extern const struct gv_workload gv_broadcast_workload;
extern const struct gv_workload gv_gset_workload;
extern const struct gv_workload gv_counter_workload;
extern const struct gv_workload gv_txn_workload;
extern const struct gv_workload gv_kafka_workload;

#endif
