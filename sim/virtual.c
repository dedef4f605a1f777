// SPDX-License-Identifier: MIT
#include "virtual.h"

#include "../engine/engine.h"
#include "../node/workload.h"
#include "alarms.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 25,          // between two looks whether all replicas are equal
    SPINS_MAX = 1 << 20,   // steps at one time: more, and somebody runs in circles
    LINE_MAX = 1 << 26,    // bytes a node takes in a line: the topology of 10,000 nodes
    LOG_MAX = 160,         // of a node's last complaint, bytes
    HOUSEHOLD_STREAM = 16, // random streams of the nodes begin here
};
#define START_AT (1000 * GV_MS)
#define WALL_OFFSET (UINT64_C(1700000000) * 1000 * GV_MS) // a date like any other

struct vnode {
    struct gv_virtual *sim;
    struct gv_node *node; // NULL: down
    uint32_t lives;
    bool dirty;  // in the list of those that may have something to say
    bool paused; // takes nothing and says nothing
    char *held;  // lines it had no room for, or came while it was paused; each with its newline
    size_t held_len, held_cap;
    char log[LOG_MAX]; // its last complaint
    uint32_t cursor;   // of its replica, as far as it has been looked at …
    uint64_t *known;   // … and which values that showed, a bit each
    size_t known_cap;
};

struct gv_virtual {
    struct gv_virtual_config config;
    const struct gv_workload *workload;
    struct gv_trial *trial;
    struct gv_alarms alarms;
    struct vnode *nodes;
    struct gv_json json; // the nodes' parser
    uint32_t *dirty;     // a ring of nodes, as long as there are nodes
    uint32_t dirty_first, dirty_len;
    char *out; // what a node has to say
    size_t out_cap;
    gv_time now;
    uint32_t spins; // steps at this time
    uint64_t lines;
    uint64_t memory, memory_most; // of the nodes
    struct gv_digest_key trace_key;
    uint64_t trace; // of all lines so far
    gv_time settle_at, look_at, settled_at, quiet_at;
};

// ---- Trace and memory ----

// Everything that goes in or out of a node, and when, makes up the trace.
static void trace(struct gv_virtual *sim, uint32_t node, bool out, const char *line, size_t len) {
    const uint64_t words[] = {
        sim->trace,
        sim->now,
        (uint64_t)node << 1 | out,
        gv_digest_hash(&sim->trace_key, line, len),
    };
    sim->trace = gv_digest_words(&sim->trace_key, words, sizeof words / sizeof *words);
    sim->lines++;
}

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct gv_virtual *sim = ctx;
    struct gv_alloc heap = gv_base_malloc();
    void *moved = heap.resize(heap.ctx, block, old_size, new_size);
    if (moved == NULL && new_size > 0) return NULL;
    sim->memory += new_size - old_size;
    if (sim->memory > sim->memory_most) sim->memory_most = sim->memory;
    return moved;
}

static void note(void *ctx, enum gv_log_level level, const char *text) {
    struct vnode *vnode = ctx;
    if (level > GV_LOG_WARN) return;
    snprintf(vnode->log, sizeof vnode->log, "%s", text);
}

// ---- Nodes ----

static uint32_t index_of(const struct vnode *vnode) {
    return (uint32_t)(vnode - vnode->sim->nodes);
}

static void touch(struct vnode *vnode) {
    struct gv_virtual *sim = vnode->sim;
    if (vnode->dirty) return;
    GV_ASSERT(sim->dirty_len < sim->config.trial.nodes);
    vnode->dirty = true;
    uint32_t at = sim->dirty_first + sim->dirty_len++;
    sim->dirty[at % sim->config.trial.nodes] = index_of(vnode);
}

static void start_node(struct vnode *vnode) {
    struct gv_virtual *sim = vnode->sim;
    struct gv_prng prng;
    uint64_t stream = HOUSEHOLD_STREAM + ((uint64_t)vnode->lives++ << 32) + index_of(vnode);
    gv_prng_init(&prng, sim->config.trial.seed, stream);
    struct gv_node_config config = {
        .workload = sim->workload,
        .alloc = {resize, sim},
        .json = &sim->json,
        .seed = gv_prng_next(&prng),
        .incarnation = gv_prng_next(&prng),
        .wall_offset = WALL_OFFSET,
        .staleness_ms = sim->config.staleness_ms,
        .line_max = LINE_MAX,
        .message_max = sim->config.message_max,
        .log = note,
        .log_ctx = vnode,
    };
    if (gv_node_new(&vnode->node, &config) == 0) return;
    fprintf(stderr, "gvsim: out of memory\n");
    exit(2);
}

static void receive(struct vnode *vnode, const char *line, size_t len) {
    struct gv_virtual *sim = vnode->sim;
    int error = gv_node_receive(vnode->node, sim->now, line, len);
    touch(vnode);
    if (error == 0) return;
    gv_trial_object(sim->trial,
                    "refused line: n%" PRIu32 " does not take what it was sent (%s): %s",
                    index_of(vnode), gv_base_error(error), vnode->log);
}

static void hold(struct vnode *vnode, const char *line, size_t len) {
    vnode->held =
        gv_memory_grow(vnode->held, &vnode->held_cap, vnode->held_len + len, sizeof *vnode->held);
    memcpy(vnode->held + vnode->held_len, line, len);
    vnode->held_len += len;
}

static void deliver(void *ctx, uint32_t node, const char *line, size_t len) {
    struct gv_virtual *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    GV_ASSERT(len > 0 && line[len - 1] == '\n');
    if (vnode->node == NULL) return;
    trace(sim, node, false, line, len);
    if (vnode->paused || vnode->held_len > 0 || !gv_node_ready(vnode->node)) {
        hold(vnode, line, len);
        return;
    }
    receive(vnode, line, len - 1);
}

// Gives a node what was held back for it, as far as it has room.
static void release(struct vnode *vnode) {
    size_t at = 0;
    while (at < vnode->held_len && gv_node_ready(vnode->node)) {
        const char *line = vnode->held + at;
        size_t len = (size_t)((const char *)memchr(line, '\n', vnode->held_len - at) - line);
        receive(vnode, line, len);
        at += len + 1;
    }
    if (at == 0) return;
    vnode->held_len -= at;
    memmove(vnode->held, vnode->held + at, vnode->held_len);
}

// Passes on all that a node has to say now.
static void drain(struct vnode *vnode) {
    struct gv_virtual *sim = vnode->sim;
    size_t min = gv_node_send_min(vnode->node), len = 0, got;
    do {
        sim->out = gv_memory_grow(sim->out, &sim->out_cap, len + min, 1);
        got = gv_node_send(vnode->node, sim->now, sim->out + len, sim->out_cap - len);
        len += got;
    } while (got > 0);
    GV_ASSERT(len == 0 || sim->out[len - 1] == '\n');
    for (size_t at = 0; at < len;) {
        const char *line = sim->out + at;
        size_t size = (size_t)((const char *)memchr(line, '\n', len - at) - line);
        trace(sim, index_of(vnode), true, line, size);
        gv_trial_line(sim->trial, sim->now, index_of(vnode),
                      (struct gv_slice){(const uint8_t *)line, size});
        at += size + 1;
        if (vnode->node == NULL) break; // it went down by what came of that line
    }
    if (vnode->node == NULL || vnode->paused) return;
    if (vnode->held_len > 0) release(vnode);
    gv_alarms_set(&sim->alarms, index_of(vnode), gv_node_deadline(vnode->node));
}

static void drain_all(struct gv_virtual *sim) {
    while (sim->dirty_len > 0) {
        struct vnode *vnode = &sim->nodes[sim->dirty[sim->dirty_first]];
        sim->dirty_first = (sim->dirty_first + 1) % sim->config.trial.nodes;
        sim->dirty_len--;
        vnode->dirty = false;
        if (vnode->node != NULL && !vnode->paused) drain(vnode);
    }
}

// ---- Replicas ----

// Whether all replicas of nodes that are up are equal.
static bool all_equal(const struct gv_virtual *sim) {
    const struct gv_digest *first = NULL;
    struct gv_digest roots[2];
    for (uint32_t i = 0; i < sim->config.trial.nodes; i++) {
        if (sim->nodes[i].node == NULL) continue;
        roots[first != NULL] = gv_engine_root(gv_node_engine(sim->nodes[i].node));
        if (first != NULL && !gv_digest_equal(roots[0], roots[1])) return false;
        first = roots;
    }
    return true;
}

// The value that an entry of a set stands for.
static uint64_t value_of(struct gv_slice key) {
    uint64_t value = 0;
    for (size_t i = 0; i < key.len; i++) {
        GV_ASSERT(key.data[i] >= '0' && key.data[i] <= '9');
        value = value * 10 + key.data[i] - '0';
    }
    return value;
}

static bool knows(void *ctx, uint32_t node, int64_t value) {
    const struct gv_virtual *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    if (vnode->node == NULL) return false;
    // Entries stand in the order of their arrival: each is looked at once.
    const struct gv_engine *engine = gv_node_engine(vnode->node);
    uint32_t end = gv_engine_end(engine);
    struct gv_entry entry;
    while (vnode->cursor < end && gv_engine_next(engine, &vnode->cursor, end, &entry)) {
        uint64_t known = value_of(entry.key);
        vnode->known =
            gv_memory_grow(vnode->known, &vnode->known_cap, known / 64 + 1, sizeof *vnode->known);
        vnode->known[known / 64] |= UINT64_C(1) << known % 64;
    }
    uint64_t word = (uint64_t)value / 64;
    return word < vnode->known_cap && (vnode->known[word] >> value % 64 & 1) != 0;
}

// ---- Faults ----

// What a node has that no other does is lost with it, and nobody's fault.
static void excuse(struct vnode *vnode) {
    struct gv_virtual *sim = vnode->sim;
    const struct gv_engine *engine = gv_node_engine(vnode->node);
    uint32_t cursor = 0, end = gv_engine_end(engine);
    struct gv_entry entry, other;
    while (gv_engine_next(engine, &cursor, end, &entry)) {
        bool found = false;
        uint64_t count = 0;
        for (uint32_t i = 0; i < sim->config.trial.nodes; i++) {
            if (i == index_of(vnode) || sim->nodes[i].node == NULL) continue;
            if (!gv_engine_get(gv_node_engine(sim->nodes[i].node), &entry, &other)) continue;
            found = true;
            if (other.count > count) count = other.count;
            if (count >= entry.count) break;
        }
        if (entry.lattice == GV_LATTICE_COUNTER && count < entry.count) {
            bool added = entry.key.len > 3 && entry.key.data[entry.key.len - 3] == '+';
            gv_trial_excuse_count(sim->trial, added, entry.count - count);
        } else if (entry.lattice == GV_LATTICE_SET && !found) {
            gv_trial_excuse_value(sim->trial, (int64_t)value_of(entry.key));
        }
    }
}

static void crash(struct vnode *vnode) {
    if (gv_node_engine(vnode->node) != NULL) excuse(vnode);
    gv_node_free(vnode->node);
    vnode->node = NULL;
    vnode->held_len = 0;
    vnode->cursor = 0;
    free(vnode->known);
    vnode->known = NULL;
    vnode->known_cap = 0;
    gv_alarms_set(&vnode->sim->alarms, index_of(vnode), GV_TIME_NEVER);
}

static void suffer(void *ctx, uint32_t node, enum gv_trial_fate fate) {
    struct gv_virtual *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    switch (fate) {
    case GV_TRIAL_CRASH:
        crash(vnode);
        break;
    case GV_TRIAL_START:
        start_node(vnode);
        break;
    case GV_TRIAL_PAUSE:
        vnode->paused = true;
        gv_alarms_set(&sim->alarms, node, GV_TIME_NEVER);
        break;
    case GV_TRIAL_RESUME:
        vnode->paused = false;
        if (vnode->node == NULL) break;
        release(vnode);
        gv_node_advance(vnode->node, sim->now);
        touch(vnode);
        break;
    }
}

// From the quiet on, looks now and then whether the replicas are equal yet.
static void look(struct gv_virtual *sim) {
    enum gv_trial_phase phase = gv_trial_view(sim->trial, sim->now).phase;
    if (sim->quiet_at == 0 && phase == GV_TRIAL_QUIET) {
        sim->quiet_at = sim->look_at = sim->now;
        sim->settle_at = sim->now + sim->config.settle;
    }
    if (sim->now < sim->look_at) return;
    sim->look_at = GV_TIME_NEVER;
    if (all_equal(sim)) {
        sim->settled_at = sim->now;
    } else if (sim->now >= sim->settle_at) {
        gv_trial_object(sim->trial,
                        "unequal replicas: %.3f s after the last operation and fault, "
                        "not all replicas are equal",
                        (double)(sim->now - sim->quiet_at) / 1e9);
    } else {
        gv_time next = sim->now + LOOK_MS * GV_MS;
        sim->look_at = next < sim->settle_at ? next : sim->settle_at;
    }
}

// ---- The run ----

static const struct gv_workload *workload_of(enum gv_load_kind load) {
    switch (load) {
    case GV_LOAD_BROADCAST:
        return &gv_broadcast_workload;
    case GV_LOAD_G_SET:
        return &gv_gset_workload;
    case GV_LOAD_G_COUNTER:
    case GV_LOAD_PN_COUNTER:
        return &gv_counter_workload;
    case GV_LOAD_ECHO:
        return &gv_echo_workload;
    case GV_LOAD_UNIQUE_IDS:
    case GV_LOAD_KINDS:
        break;
    }
    return &gv_ids_workload;
}

struct gv_virtual *gv_virtual_new(const struct gv_virtual_config *config) {
    GV_ASSERT(config->settle <= config->trial.quiet);
    uint32_t nodes = config->trial.nodes;
    struct gv_virtual *sim = gv_memory_new(sizeof *sim);
    sim->config = *config;
    sim->workload = workload_of(config->trial.load);
    sim->config.trial.slack = 0;
    sim->config.trial.gossip_is_checked = true;
    sim->config.trial.deliver = deliver;
    sim->config.trial.knows = knows;
    sim->config.trial.fate = suffer;
    sim->config.trial.ctx = sim;
    sim->now = START_AT;
    sim->look_at = sim->settle_at = GV_TIME_NEVER;
    sim->trial = gv_trial_new(&sim->config.trial);
    gv_alarms_init(&sim->alarms, nodes);
    gv_json_init(&sim->json, gv_base_malloc(), LINE_MAX, 0);
    gv_digest_key_init(&sim->trace_key, (struct gv_slice){(const uint8_t *)"trace", 5});
    sim->dirty = gv_memory_new(nodes * sizeof *sim->dirty);
    sim->nodes = gv_memory_new(nodes * sizeof *sim->nodes);
    for (uint32_t i = 0; i < nodes; i++) {
        sim->nodes[i].sim = sim;
        start_node(&sim->nodes[i]);
    }
    return sim;
}

void gv_virtual_free(struct gv_virtual *sim) {
    if (sim == NULL) return;
    for (uint32_t i = 0; i < sim->config.trial.nodes; i++) {
        gv_node_free(sim->nodes[i].node);
        free(sim->nodes[i].held);
        free(sim->nodes[i].known);
    }
    GV_ASSERT(sim->memory == 0);
    gv_trial_free(sim->trial);
    gv_alarms_fini(&sim->alarms);
    gv_json_fini(&sim->json);
    free(sim->nodes);
    free(sim->dirty);
    free(sim->out);
    free(sim);
}

static gv_time earlier(gv_time a, gv_time b) {
    return a < b ? a : b;
}

bool gv_virtual_step(struct gv_virtual *sim) {
    if (sim->lines == 0) gv_trial_start(sim->trial, sim->now);
    if (gv_trial_done(sim->trial)) return false;
    gv_time next = sim->now;
    if (sim->dirty_len == 0) {
        next = earlier(gv_trial_due(sim->trial), gv_alarms_due(&sim->alarms));
        next = earlier(next, sim->look_at);
    }
    sim->spins = next > sim->now ? 0 : sim->spins + 1;
    if (next > sim->now) sim->now = next;
    if (sim->spins > SPINS_MAX) {
        gv_trial_fail(sim->trial, "the nodes run in circles at one moment, %.3f s",
                      (double)sim->now / 1e9);
        return false;
    }
    while (gv_alarms_due(&sim->alarms) <= sim->now) {
        struct vnode *vnode = &sim->nodes[gv_alarms_first(&sim->alarms)];
        gv_alarms_set(&sim->alarms, index_of(vnode), GV_TIME_NEVER);
        gv_node_advance(vnode->node, sim->now);
        touch(vnode);
    }
    gv_trial_advance(sim->trial, sim->now);
    drain_all(sim);
    if (sim->workload->replica) look(sim);
    return !gv_trial_done(sim->trial);
}

gv_time gv_virtual_now(const struct gv_virtual *sim) {
    return sim->now;
}

const struct gv_trial *gv_virtual_trial(const struct gv_virtual *sim) {
    return sim->trial;
}

uint64_t gv_virtual_lines(const struct gv_virtual *sim) {
    return sim->lines;
}

uint64_t gv_virtual_memory(const struct gv_virtual *sim) {
    return sim->memory_most;
}

struct gv_result gv_virtual_finish(struct gv_virtual *sim) {
    struct gv_result result = gv_trial_finish(sim->trial);
    result.is_virtual = true;
    result.trace = sim->trace;
    result.lines = sim->lines;
    result.node_memory = sim->memory_most / sim->config.trial.nodes;
    result.settled = sim->settled_at > 0;
    if (result.settled) result.settle = sim->settled_at - sim->quiet_at;
    return result;
}
