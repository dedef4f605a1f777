// SPDX-License-Identifier: MIT
// Broadcast: a value sent to one node soon reaches all nodes. A value is an entry of a grow-only
// set whose key is its canonical JSON text, so a repeated value changes nothing; gossip delivers
// it.
#include "../workload.h"

static void handle_broadcast(struct gv_request *request) {
    gv_request_put_member(request, "message", "broadcast_ok");
}

static void handle_read(struct gv_request *request) {
    gv_replies_list(request->replies, "read_ok", "messages", request->engine);
}

// The topology is checked and ignored: it is a suggestion, and the engine builds its own tree over
// all nodes, which it repairs when links fail.
static void handle_topology(struct gv_request *request) {
    int topology = gv_request_member(request, "topology");
    if (topology < 0) return;
    if (gv_json_type(request->json, topology) != GV_JSON_OBJECT) {
        gv_request_malformed(request, "topology", "is not an object");
        return;
    }
    gv_replies_ok(request->replies, "topology_ok");
}

static const struct gv_workload_handler handlers[] = {
    {"broadcast", handle_broadcast},
    {"read", handle_read},
    {"topology", handle_topology},
    {NULL, NULL},
};

const struct gv_workload gv_broadcast_workload = {
    .name = "broadcast",
    .replica = true,
    .handlers = handlers,
};
