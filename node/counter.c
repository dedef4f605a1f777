// SPDX-License-Identifier: MIT
// A counter that goes up and down. Each incarnation of each node has two entries of its own, one
// for what it has added and one for what it has taken away; both only grow, so the larger count is
// the later one. The key is ["NODE",INCARNATION,"+"] or "-". A restarted node that knows nothing
// of its former life's entries must not write to them, so it is another incarnation; one that kept
// them on disk goes on with them.
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct counter {
    bool known;           // the totals are; else they are what the replica has
    uint64_t plus, minus; // of this incarnation, with what is on its way to the disk
};

enum { KEY_CAP = 1 + GV_NODE_QUOTED_MAX + 1 + 20 + 5 + 1 };

// This node's entry for what goes up or down, but for the count.
static struct gv_entry own_entry(const struct gv_request *request, bool up, char *key) {
    int len = snprintf(key, KEY_CAP, "[%.*s,%" PRIu64 ",\"%c\"]", (int)request->self.len,
                       (const char *)request->self.data, request->incarnation, up ? '+' : '-');
    GV_ASSERT(len > 0 && len < KEY_CAP);
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = {(const uint8_t *)key, (size_t)len},
    };
}

static uint64_t stored(const struct gv_request *request, bool up) {
    char key[KEY_CAP];
    struct gv_entry entry = own_entry(request, up, key), found;
    return gv_engine_get(request->engine, &entry, &found) ? found.count : 0;
}

static void handle_add(struct gv_request *request) {
    struct counter *counter = request->state;
    int token = gv_request_member(request, "delta");
    if (token < 0) return;
    int64_t delta;
    if (gv_json_i64(request->json, token, &delta) != 0) {
        gv_request_malformed(request, "delta", "is not an integer of 64 bits");
        return;
    }
    if (!counter->known)
        *counter = (struct counter){true, stored(request, true), stored(request, false)};
    bool up = delta >= 0;
    uint64_t size = up ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t *total = up ? &counter->plus : &counter->minus;
    if (*total > (uint64_t)INT64_MAX || size > (uint64_t)INT64_MAX - *total) {
        gv_request_malformed(request, "delta", "takes what this node has added beyond 2^63 - 1");
        return;
    }
    if (size == 0) {
        gv_reply_ok(request->reply, "add_ok");
        return;
    }
    char key[KEY_CAP];
    struct gv_entry entry = own_entry(request, up, key);
    entry.count = *total + size;
    if (gv_request_put(request, &entry, "add_ok")) *total += size;
}

// Whether a key ends in `,"+"]` or the like.
static bool ends_in(struct gv_slice key, const char *end) {
    size_t len = strlen(end);
    return key.len >= len && memcmp(key.data + key.len - len, end, len) == 0;
}

// The sum is exact modulo 2^64, hence exact whenever the true one fits.
static void handle_read(struct gv_request *request) {
    uint64_t sum = 0;
    uint32_t cursor = 0, end = gv_engine_end(request->engine);
    struct gv_entry entry;
    while (gv_engine_next(request->engine, &cursor, end, &entry)) {
        if (entry.lattice != GV_LATTICE_COUNTER) continue;
        if (ends_in(entry.key, ",\"+\"]")) sum += entry.count;
        if (ends_in(entry.key, ",\"-\"]")) sum -= entry.count;
    }
    int64_t value = sum <= (uint64_t)INT64_MAX ? (int64_t)sum : -(int64_t)(UINT64_MAX - sum) - 1;
    gv_reply_integer(request->reply, "read_ok", "value", value);
}

static const struct gv_workload_handler handlers[] = {
    {"add", handle_add},
    {"read", handle_read},
    {NULL, NULL},
};

const struct gv_workload gv_counter_workload = {
    .name = "counter",
    .replica = true,
    .state_size = sizeof(struct counter),
    .handlers = handlers,
};
