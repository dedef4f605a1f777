// SPDX-License-Identifier: MIT
// Replies with the value of the request, byte for byte.
#include "../workload.h"

static void handle_echo(struct gv_request *request) {
    int value = gv_request_member(request, "echo");
    if (value < 0) return;
    gv_replies_json(request->replies, "echo_ok", "echo", gv_json_raw(request->json, value));
}

static const struct gv_workload_handler handlers[] = {{"echo", handle_echo}, {NULL, NULL}};

const struct gv_workload gv_echo_workload = {.name = "echo", .handlers = handlers};
