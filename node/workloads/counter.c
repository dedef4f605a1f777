// SPDX-License-Identifier: MIT
// A PN-Counter (Shapiro et al., 2011). Each incarnation of each node has two entries: the total of
// its increments, with key ["NODE",INCARNATION,"+"], and the total of its decrements, with "-"
// instead of "+". Both only grow, so the larger count is the later one. A restarted node that finds
// its entries in its store continues them; one that lost them is another incarnation.
//
// No other node writes to these entries. If a faulty or malicious peer has raised one, merges would
// discard the node's increments, so the node continues in another *generation*: the next in a
// series of incarnations that is derived from its own.
#include "../../engine/prng.h"
#include "../../engine/sum.h"
#include "../workload.h"

#include <inttypes.h>
#include <stdio.h>

struct counter {
    bool loaded;          // the other members are valid; false: read them from the replica
    uint32_t generation;  // current generation of this node's entries; 0: the first
    uint64_t plus, minus; // totals of the current entries, including pending writes
};

enum { KEY_CAP = GV_WRITES_KEY_MAX };
_Static_assert(1 + GV_NODE_QUOTED_MAX + 1 + 20 + 5 + 1 <= KEY_CAP, "a name, a number, a sign");

static uint64_t incarnation(const struct gv_request *request, uint32_t generation) {
    if (generation == 0) return request->incarnation;
    struct gv_prng prng;
    gv_prng_init(&prng, request->incarnation, generation);
    return gv_prng_next(&prng);
}

// This node's entry for increments or decrements, without the count.
static struct gv_entry own_entry(const struct gv_request *request, uint32_t generation, bool up,
                                 char *key) {
    int len = snprintf(key, KEY_CAP, "[%.*s,%" PRIu64 ",\"%c\"]", (int)request->self.len,
                       (const char *)request->self.data, incarnation(request, generation),
                       up ? '+' : '-');
    GV_ASSERT(len > 0 && len < KEY_CAP);
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = gv_slice_of(key, (size_t)len),
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

// Continues the last generation that has entries.
static void find_generation(const struct gv_request *request, struct counter *counter) {
    uint32_t generation = 0;
    while (stored_count(request, generation + 1, true) > 0 ||
           stored_count(request, generation + 1, false) > 0)
        generation++;
    use_generation(request, counter, generation);
}

// Whether an entry of this node has a larger count than the node itself has written.
static bool raised_by_peer(const struct gv_request *request, const struct counter *counter) {
    return stored_count(request, counter->generation, true) > counter->plus ||
           stored_count(request, counter->generation, false) > counter->minus;
}

static bool is_full(const struct counter *counter) {
    return counter->plus > (uint64_t)INT64_MAX || counter->minus > (uint64_t)INT64_MAX;
}

// Moves to a generation whose entries no peer has raised and that are not full.
static void choose_generation(struct gv_request *request, struct counter *counter) {
    if (!counter->loaded) find_generation(request, counter);
    bool raised;
    while ((raised = raised_by_peer(request, counter)) || is_full(counter)) {
        request->own_entry_raised = request->own_entry_raised || raised;
        use_generation(request, counter, counter->generation + 1);
    }
}

// A stored add raised its entry by too little, since a peer had raised the entry. The shortfall,
// the missing part, goes to an entry of another generation.
static struct gv_entry on_shortfall(struct gv_request *request, const struct gv_entry *entry,
                                    uint64_t shortfall, char *key) {
    struct counter *counter = request->state;
    char own_key[KEY_CAP];
    bool up = entry->key.data[entry->key.len - 3] == '+';
    if (!counter->loaded) find_generation(request, counter);
    struct gv_entry own = own_entry(request, counter->generation, up, own_key);
    if (gv_slice_equal(own.key, entry->key))
        use_generation(request, counter, counter->generation + 1);
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
        gv_request_malformed(request, "delta", "raises the total of this node above 2^63 - 1");
        return;
    }
    if (size == 0) {
        gv_replies_ok(request->replies, "add_ok");
        return;
    }
    char key[KEY_CAP];
    struct gv_entry entry = own_entry(request, counter->generation, up, key);
    entry.count = *total + size;
    const struct gv_writes_reply reply = {.type = "add_ok", .increment = size};
    if (gv_request_put(request, &entry, &reply)) *total += size;
}

static bool ends_in(struct gv_slice key, const char *end) {
    size_t len = strlen(end);
    return key.len >= len && memcmp(key.data + key.len - len, end, len) == 0;
}

static void handle_read(struct gv_request *request) {
    struct gv_sum sum = {0};
    uint32_t cursor = 0, end = gv_engine_end(request->engine);
    struct gv_entry entry;
    while (gv_engine_next(request->engine, &cursor, end, &entry)) {
        if (entry.lattice != GV_LATTICE_COUNTER) continue;
        if (ends_in(entry.key, ",\"+\"]")) gv_sum_add(&sum, entry.count, false);
        if (ends_in(entry.key, ",\"-\"]")) gv_sum_add(&sum, entry.count, true);
    }
    gv_replies_integer(request->replies, "read_ok", "value", gv_sum_saturated(sum));
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
