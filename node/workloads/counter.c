// SPDX-License-Identifier: MIT
// A counter that goes up and down. Each incarnation of each node has two entries of its own, one
// for what it has added and one for what it has taken away; both only grow, so the larger count is
// the later one. The key is ["NODE",INCARNATION,"+"] or "-". A restarted node that knows nothing
// of its former life's entries must not write to them, so it is another incarnation; one that kept
// them on disk goes on with them.
//
// Nobody else writes to a node's entries. Should one have grown all the same, by a peer that is
// broken or lies, the node counts on beside it: as the next of a series of incarnations that
// follows from its own. What it adds would be swallowed otherwise, now or when the larger count
// comes from yet another peer.
#include "../../engine/prng.h"
#include "../workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct counter {
    bool loaded;          // the rest is; else it is what the replica has
    uint32_t generation;  // the incarnation, counted from the node's own
    uint64_t plus, minus; // its totals, with what is on its way to the disk
};

enum { KEY_CAP = GV_WRITES_KEY_MAX };
_Static_assert(1 + GV_NODE_QUOTED_MAX + 1 + 20 + 5 + 1 <= KEY_CAP, "a name, a number, a sign");

static uint64_t incarnation(const struct gv_request *request, uint32_t generation) {
    if (generation == 0) return request->incarnation;
    struct gv_prng prng;
    gv_prng_init(&prng, request->incarnation, generation);
    return gv_prng_next(&prng);
}

// This node's entry for what goes up or down, but for the count.
static struct gv_entry own_entry(const struct gv_request *request, uint32_t generation, bool up,
                                 char *key) {
    int len = snprintf(key, KEY_CAP, "[%.*s,%" PRIu64 ",\"%c\"]", (int)request->self.len,
                       (const char *)request->self.data, incarnation(request, generation),
                       up ? '+' : '-');
    GV_ASSERT(len > 0 && len < KEY_CAP);
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = {(const uint8_t *)key, (size_t)len},
    };
}

static uint64_t stored_count(const struct gv_request *request, uint32_t generation, bool up) {
    char key[KEY_CAP];
    struct gv_entry entry = own_entry(request, generation, up, key), found;
    return gv_engine_get(request->engine, &entry, &found) ? found.count : 0;
}

static void use_generation(const struct gv_request *request, struct counter *counter,
                           uint32_t generation) {
    *counter = (struct counter){true, generation, stored_count(request, generation, true),
                                stored_count(request, generation, false)};
}

// Goes on as the last incarnation that there is of this node's.
static void find_generation(const struct gv_request *request, struct counter *counter) {
    uint32_t generation = 0;
    while (stored_count(request, generation + 1, true) > 0 ||
           stored_count(request, generation + 1, false) > 0)
        generation++;
    use_generation(request, counter, generation);
}

// Whether an entry of the node's has grown beyond what the node has put there, or on its way.
static bool raised_by_peer(const struct gv_request *request, const struct counter *counter) {
    return stored_count(request, counter->generation, true) > counter->plus ||
           stored_count(request, counter->generation, false) > counter->minus;
}

static bool is_full(const struct counter *counter) {
    return counter->plus > (uint64_t)INT64_MAX || counter->minus > (uint64_t)INT64_MAX;
}

// Finds the entries to count with: beside those that have grown without this node, and those that
// are so large that nothing can be added.
static void choose_generation(struct gv_request *request, struct counter *counter) {
    if (!counter->loaded) find_generation(request, counter);
    bool raised;
    while ((raised = raised_by_peer(request, counter)) || is_full(counter)) {
        request->own_entry_raised = request->own_entry_raised || raised;
        use_generation(request, counter, counter->generation + 1);
    }
}

// An add that has come to the disk did not add all it should, as somebody else had made the entry
// larger meanwhile: the rest is counted beside.
static struct gv_entry on_shortfall(struct gv_request *request, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key) {
    struct counter *counter = request->state;
    char held[KEY_CAP];
    bool up = entry->key.data[entry->key.len - 3] == '+';
    if (!counter->loaded) find_generation(request, counter);
    struct gv_entry own = own_entry(request, counter->generation, up, held);
    bool same =
        own.key.len == entry->key.len && memcmp(own.key.data, entry->key.data, own.key.len) == 0;
    if (same) use_generation(request, counter, counter->generation + 1);
    choose_generation(request, counter);
    own = own_entry(request, counter->generation, up, key);
    own.count = *(up ? &counter->plus : &counter->minus) += shortfall;
    return own;
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
    choose_generation(request, counter);
    bool up = delta >= 0;
    uint64_t size = up ? (uint64_t)delta : 0 - (uint64_t)delta;
    uint64_t *total = up ? &counter->plus : &counter->minus;
    if (size > (uint64_t)INT64_MAX - *total) {
        gv_request_malformed(request, "delta", "takes what this node has added beyond 2^63 - 1");
        return;
    }
    if (size == 0) {
        gv_replies_ok(request->replies, "add_ok");
        return;
    }
    char key[KEY_CAP];
    struct gv_entry entry = own_entry(request, counter->generation, up, key);
    entry.count = *total + size;
    if (gv_request_add(request, &entry, size, "add_ok")) *total += size;
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
    gv_replies_integer(request->replies, "read_ok", "value", value);
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
    .on_shortfall = on_shortfall,
    .handlers = handlers,
};
