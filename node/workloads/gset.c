// SPDX-License-Identifier: MIT
// A grow-only set (G-Set) of JSON values.
#include "../workload.h"

static void handle_add(struct gv_request *request) {
    gv_request_put_member(request, "element", "add_ok");
}

static void handle_read(struct gv_request *request) {
    gv_replies_list(request->replies, "read_ok", "value", request->engine);
}

static const struct gv_workload_handler handlers[] = {
    {"add", handle_add},
    {"read", handle_read},
    {NULL, NULL},
};

const struct gv_workload gv_gset_workload = {
    .name = "gset",
    .replica = true,
    .handlers = handlers,
};
