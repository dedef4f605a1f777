// SPDX-License-Identifier: MIT
// Broadcast: a value told to any node is soon known to all. A value is an entry of a set, its
// canonical JSON text the key: telling it twice changes nothing, and gossip does the rest.
#include "../workload.h"

static void handle_broadcast(struct gv_request *request) {
    gv_request_put_member(request, "message", "broadcast_ok");
}

static void handle_read(struct gv_request *request) {
    gv_replies_list(request->replies, "read_ok", "messages", request->engine);
}

// Who may talk to whom is for the engine to find out: it picks its own tree over all nodes and
// changes it when links fail. The topology is only a suggestion, and is not followed.
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
