// SPDX-License-Identifier: MIT
// Unique ids without coordination: TIME-LIFE-NODE. TIME is the wall clock in nanoseconds, or one
// more than that of the id before if the clock has not gone on: so ids of one life ascend, also as
// text, whatever the clock does. LIFE is drawn at random at each start, so a restart cannot repeat
// an id after the clock was set back; NODE is the whole name, so no two nodes can collide.
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct ids {
    uint64_t last_ns;
};

enum { PREFIX = 1 + 16 + 1 + 16 + 1 }; // a quote and two fixed-width numbers, each with its dash

static void handle_generate(struct gv_request *request) {
    struct ids *ids = request->state;
    GV_ASSERT(ids->last_ns < UINT64_MAX);
    uint64_t after = ids->last_ns + 1;
    ids->last_ns = request->wall_ns > after ? request->wall_ns : after;

    char id[PREFIX + GV_NODE_QUOTED_MAX];
    GV_ASSERT(request->self.len >= 2 && request->self.len <= GV_NODE_QUOTED_MAX);
    snprintf(id, sizeof id, "\"%016" PRIx64 "-%016" PRIx64 "-", ids->last_ns, request->incarnation);
    // The name as it stands between its quotes, and the closing one.
    memcpy(id + PREFIX, request->self.data + 1, request->self.len - 1);
    struct gv_slice value = {(const uint8_t *)id, PREFIX + request->self.len - 1};
    gv_reply_json(request->reply, "generate_ok", "id", value);
}

static const struct gv_workload_handler handlers[] = {{"generate", handle_generate}, {NULL, NULL}};

const struct gv_workload gv_ids_workload = {
    .name = "ids",
    .state_size = sizeof(struct ids),
    .handlers = handlers,
};
