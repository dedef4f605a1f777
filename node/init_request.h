// SPDX-License-Identifier: MIT
// The request by which a node learns who it is, and who its cluster:
//   {"type":"init","msg_id":…,"node_id":NAME,"node_ids":[NAME,…]}
// What it says is believed only after each of these has been asked. A reason is a static text.
#ifndef GV_NODE_INIT_REQUEST_H
#define GV_NODE_INIT_REQUEST_H

#include "../codec/json.h"
#include "limits.h"

struct gv_init_request {
    struct gv_json *json;
    int id, ids; // tokens: any value, and an array
    int count;   // of names in that
};

// Finds what an init's body has to have. NULL, or the reason.
const char *gv_init_request_parse(struct gv_init_request *out, struct gv_json *json, int body);

// Copies the node's own name. NULL, or the reason; the name is empty then.
const char *gv_init_request_name(const struct gv_init_request *init,
                                 char name[GV_NODE_NAME_MAX + 1]);

// Copies the names of all nodes to `scratch`, as long as the line at least, and puts `count` slices
// of it into `names`. NULL, or the reason: one is no name, or `self` is not among them.
const char *gv_init_request_names(const struct gv_init_request *init, const char *self,
                                  char *scratch, size_t cap, struct gv_slice *names);

// What to know a later init like the first by: a hash of node_ids, in whatever way it is spelled.
// Uses scratch of the same length.
uint64_t gv_init_request_hash(const struct gv_init_request *init, char *scratch, size_t cap);

#endif
