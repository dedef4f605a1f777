// SPDX-License-Identifier: MIT
// Unique ids without coordination: TIME-INCARNATION-NODE. TIME is the wall clock in nanoseconds,
// but at least one more than in the id before, so the ids of an incarnation ascend, also as text,
// even if the clock is set back. INCARNATION is random for each start, so a restart cannot repeat
// an id after the clock was set back. NODE is the complete name, so ids of two nodes differ.
//
// With a store, ids ascend across restarts. The node's own entry, a counter whose key is its name,
// has the TIME up to which ids are *reserved*; a restarted node begins after it. The reservation is
// extended when half of it is used, so an id waits for the disk only after a long pause.
//
// TIME ends in the year 2554, and so does every reservation. Requests beyond it get error 11, also
// after a restart with the same store.
#include "../workload.h"

#include <inttypes.h>
#include <stdio.h>

// Length of a reservation: the ids of a restarted node may be this far ahead of the clock.
#define RESERVE_NS (10 * 1000 * GV_MS)

struct ids {
    uint64_t last_ns;     // TIME of the last id; 0: none in this incarnation
    uint64_t reserved_ns; // end of the reservation, including pending writes
};

enum { PREFIX = 1 + 16 + 1 + 16 + 1 }; // a quote, and two numbers of 16 digits, each with a dash

static struct gv_entry own_entry(const struct gv_request *request, uint64_t until_ns) {
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = request->self,
        .count = until_ns,
    };
}

// End of the stored reservation; without a store, ids need no reservation.
static uint64_t reserved(const struct gv_request *request) {
    struct gv_entry own = own_entry(request, 0), found;
    if (request->engine == NULL) return UINT64_MAX;
    return gv_engine_get(request->engine, &own, &found) ? found.count : 0;
}

static struct gv_slice write_id(const struct gv_request *request, uint64_t ns, char *buf,
                                size_t cap) {
    GV_ASSERT(request->self.len >= 2 && PREFIX + request->self.len <= cap);
    snprintf(buf, cap, "\"%016" PRIx64 "-%016" PRIx64 "-", ns, request->incarnation);
    // The name without its opening quote.
    memcpy(buf + PREFIX, request->self.data + 1, request->self.len - 1);
    return gv_slice_of(buf, PREFIX + request->self.len - 1);
}

static uint64_t reserve_to(uint64_t ns) {
    return ns < UINT64_MAX - RESERVE_NS ? ns + RESERVE_NS : UINT64_MAX;
}

static void refuse(struct gv_request *request) {
    const char *kept = request->engine == NULL ? "" : ", and begin with another --data directory";
    char text[GV_REPLIES_TEXT_MAX];
    snprintf(text, sizeof text,
             "generate: all ids up to the end of 64-bit nanoseconds (the year 2554) are used or "
             "reserved; set the clock back%s",
             kept);
    gv_replies_error(request->replies, GV_REPLIES_UNAVAILABLE, text);
}

static void handle_generate(struct gv_request *request) {
    struct ids *ids = request->state;
    uint64_t durable_ns = reserved(request), last_ns = ids->last_ns;
    if (last_ns == 0 && request->engine != NULL) last_ns = durable_ns;
    if (last_ns == UINT64_MAX) {
        refuse(request);
        return;
    }
    uint64_t next_ns = request->wall_ns > last_ns ? request->wall_ns : last_ns + 1;
    struct gv_entry reserve = own_entry(request, reserve_to(next_ns));

    char buf[PREFIX + GV_NODE_QUOTED_MAX];
    struct gv_slice id = write_id(request, next_ns, buf, sizeof buf);
    if (next_ns > durable_ns) {
        const struct gv_writes_reply reply = {"generate_ok", "id", id, 0};
        if (!gv_request_put(request, &reserve, &reply)) return;
        ids->reserved_ns = reserve.count;
    } else {
        bool half = request->engine != NULL && ids->reserved_ns < UINT64_MAX &&
                    next_ns + RESERVE_NS / 2 > ids->reserved_ns;
        if (half && gv_request_put(request, &reserve, NULL)) ids->reserved_ns = reserve.count;
        gv_replies_json(request->replies, "generate_ok", "id", id);
    }
    ids->last_ns = next_ns;
}

static const struct gv_workload_handler handlers[] = {{"generate", handle_generate}, {NULL, NULL}};

const struct gv_workload gv_ids_workload = {
    .name = "ids",
    .local_store = true,
    .state_size = sizeof(struct ids),
    .handlers = handlers,
};
