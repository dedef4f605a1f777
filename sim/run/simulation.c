// SPDX-License-Identifier: MIT
#include "simulation.h"

#include "../../codec/auth.h"
#include "../../engine/engine.h"
#include "../../engine/timers.h"
#include "../../node/options.h"
#include "../../node/workload.h"
#include "../check/check_replicas.h"
#include "../check/checker.h"
#include "../check/observed.h"
#include "../core/envelope.h"
#include "../core/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    CHECK_MS = 25,               // time between comparisons of all replicas
    STEPS_AT_ONCE_MAX = 1 << 20, // maximum steps at one time; more indicate an endless loop
    LINE_MAX = 1 << 26,          // longest line of a node: the topology of 10,000 nodes
    LOG_MAX = 160,               // longest log record kept, bytes
};
// First random streams of the nodes' incarnations and disks; links use other streams.
#define NODE_STREAM (UINT64_C(1) << 63)
#define DISK_STREAM (UINT64_C(1) << 62)
#define SECRET "what no forger of gvsim knows"
#define START_AT (1000 * GV_MS)
#define WALL_OFFSET (UINT64_C(1700000000) * 1000 * GV_MS) // November 2023

struct vnode {
    struct gv_simulation *sim;
    struct gv_node *node; // NULL: crashed
    uint64_t memory;      // its memory, bytes
    uint32_t starts;
    uint64_t incarnation; // on its disk; 0: none
    struct gv_clock clock;
    struct gv_disk *disk;               // NULL: none
    const struct gv_store_batch *batch; // being written; NULL: none
    gv_time written_at;
    gv_time line_cost;
    gv_time busy_until; // a slow node processes a line until then
    bool dirty;         // in the list of nodes to poll for output
    bool paused;        // neither reads nor sends
    char *pending;      // lines for a node that is full, busy or paused; each with its newline
    size_t pending_len, pending_cap;
    char log[LOG_MAX]; // its last log record
    struct gv_observed observed;
    struct gv_engine_cut cut; // as traced last
};

struct gv_simulation {
    struct gv_simulation_config config;
    const struct gv_workload *workload;
    struct gv_run *run;
    struct gv_checker_invariants invariants;
    struct gv_timers timers;
    struct vnode *nodes;
    struct gv_disk *disks; // NULL: none
    bool wiped, torn;      // a disk was wiped; a disk was torn
    struct gv_json json;   // the nodes' parser
    uint32_t *dirty;       // ring of nodes to poll; its capacity is their number
    uint32_t dirty_first, dirty_len;
    char *out; // output of a node
    size_t out_cap;
    struct gv_memory_bytes changes; // entries a node learned, for the trace
    gv_time now;
    uint32_t steps_at_once; // steps at this time
    uint64_t lines;
    uint64_t memory, memory_most; // memory of all nodes: now, and at most
    struct gv_digest_key trace_hash_key;
    uint64_t trace_hash; // hash of all lines so far
    gv_time settle_at, check_at, settled_at, quiet_at;
    struct gv_traffic traffic; // statistics of earlier incarnations
};

// ---- Trace and memory ----

// The trace hash covers each line to and from a node, and its time.
static void hash_line(struct gv_simulation *sim, uint32_t node, bool out, const char *line,
                      size_t len) {
    const uint64_t words[] = {
        sim->trace_hash,
        sim->now,
        (uint64_t)node << 1 | out,
        gv_digest_hash(&sim->trace_hash_key, line, len),
    };
    sim->trace_hash = gv_digest_words(&sim->trace_hash_key, words, GV_COUNT(words));
    sim->lines++;
}

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct vnode *vnode = ctx;
    struct gv_simulation *sim = vnode->sim;
    struct gv_alloc heap = gv_base_malloc();
    void *moved = heap.resize(heap.ctx, block, old_size, new_size);
    if (moved == NULL && new_size > 0) return NULL;
    sim->memory += new_size - old_size;
    vnode->memory += new_size - old_size;
    if (sim->memory > sim->memory_most) sim->memory_most = sim->memory;
    return moved;
}

static void on_log(void *ctx, const struct gv_log_record *record) {
    struct vnode *vnode = ctx;
    if (record->level > GV_LOG_WARN) return;
    snprintf(vnode->log, sizeof vnode->log, "%s: %s", record->node, record->text);
}

// ---- Learned values ----

static uint32_t index_of(const struct vnode *vnode) {
    return (uint32_t)(vnode - vnode->sim->nodes);
}

// Traces a delivery and the values that the node learned by it; without a line, those it learned
// from its disk.
static void trace_delivery(struct vnode *vnode, const char *line, size_t len) {
    struct gv_simulation *sim = vnode->sim;
    struct gv_trace *listener = sim->config.run.trace;
    enum gv_load_kind load = sim->config.run.load;
    struct gv_slice text = gv_slice_of(line, len);
    if (len > 0) gv_trace_line(listener, sim->now, GV_TRACE_DELIVER, text, NULL);
    const struct gv_engine *engine = gv_node_engine(vnode->node);
    if (listener == NULL || engine == NULL) return;
    sim->changes.len = 0;
    if (gv_load_is_set(load))
        gv_observed_scan_values(&vnode->observed, engine, gv_run_keys(sim->run), &sim->changes);
    else if (gv_load_is_counter(load))
        gv_observed_scan_counts(&vnode->observed, engine, &sim->changes);
    else if (gv_load_has_logs(load))
        gv_observed_scan_logs(&vnode->observed, engine, &sim->changes);
    if (sim->changes.len == 0) return;
    gv_trace_learn(listener, sim->now, index_of(vnode), text,
                   gv_slice_of(sim->changes.data, sim->changes.len));
}

// Traces the stable cut of a node's logs, if the node holds entries above the cut traced last.
static void trace_cut(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    struct gv_engine_cut cut, *before = &vnode->cut;
    if (sim->config.run.trace == NULL || before->offset >= vnode->observed.top) return;
    if (!gv_engine_cut(gv_node_engine(vnode->node), &cut)) return;
    if (cut.offset == before->offset && cut.holder == before->holder) return;
    *before = cut;
    gv_trace_stable(sim->config.run.trace, sim->now, index_of(vnode), cut.offset,
                    (uint32_t)cut.holder);
}

// The length of the first of some lines, which end in newlines.
static size_t line_len(const char *lines, size_t len) {
    return (size_t)((const char *)memchr(lines, '\n', len) - lines);
}

// Traces the pending lines of a crashed node as dropped.
static void drop_pending(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    for (size_t at = 0; at < vnode->pending_len;) {
        const char *line = vnode->pending + at;
        size_t len = line_len(line, vnode->pending_len - at);
        gv_trace_line(sim->config.run.trace, sim->now, GV_TRACE_DROP, gv_slice_of(line, len),
                      "down");
        at += len + 1;
    }
    vnode->pending_len = 0;
}

// ---- Nodes ----

static void mark_dirty(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    if (vnode->dirty) return;
    GV_ASSERT(sim->dirty_len < sim->config.run.nodes);
    vnode->dirty = true;
    uint32_t at = sim->dirty_first + sim->dirty_len++;
    sim->dirty[at % sim->config.run.nodes] = index_of(vnode);
}

static gv_time local_time(const struct vnode *vnode) {
    return gv_clock_local(&vnode->clock, vnode->sim->now);
}

// A disk keeps the incarnation if it has everything that the node ever sent.
static uint64_t incarnation_of(struct vnode *vnode, uint64_t fresh) {
    bool kept = vnode->disk != NULL && vnode->disk->kind == GV_DISK_SYNC;
    if (!kept || vnode->incarnation == 0) vnode->incarnation = fresh;
    return vnode->incarnation;
}

static void start_node(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    struct gv_prng prng;
    uint64_t stream = NODE_STREAM + ((uint64_t)vnode->starts++ << 32) + index_of(vnode);
    gv_prng_init(&prng, sim->config.run.seed, stream);
    uint64_t seed = gv_prng_next(&prng);
    gv_time back = vnode->clock.date_back;
    struct gv_node_config config = {
        .workload = sim->workload,
        .alloc = {resize, vnode},
        .json = &sim->json,
        .seed = seed,
        .incarnation = incarnation_of(vnode, gv_prng_next(&prng)),
        .wall_offset = back < WALL_OFFSET ? WALL_OFFSET - back : 0,
        .staleness_ms = sim->config.staleness_ms,
        .line_max = LINE_MAX,
        .message_max = sim->config.message_max,
        .secret = gv_slice_of(SECRET, sim->config.authenticated ? sizeof SECRET - 1 : 0),
        .store = vnode->disk != NULL ? &vnode->disk->store : NULL,
        .durability = sim->config.disk == GV_DISK_ASYNC ? GV_DURABILITY_ASYNC : GV_DURABILITY_SYNC,
        .commit_ms = GV_OPTIONS_COMMIT_MS,
        .log = on_log,
        .log_ctx = vnode,
    };
    gv_node_new(&vnode->node, &config);
    gv_memory_checked(vnode->node); // with this configuration, memory is all that can be missing
}

// Whether this is a client's line to a node that acknowledges writes once they are on disk.
static bool is_durable_write(const struct vnode *vnode, struct gv_slice line) {
    bool later = vnode->disk != NULL && vnode->sim->config.disk != GV_DISK_ASYNC;
    bool joined = later && gv_node_engine(vnode->node) != NULL;
    return joined && gv_envelope_begins(line, 'c');
}

static void receive(struct vnode *vnode, const char *line, size_t len) {
    struct gv_simulation *sim = vnode->sim;
    bool durable = is_durable_write(vnode, gv_slice_of(line, len));
    struct gv_digest before = {0};
    if (durable) before = gv_engine_root(gv_node_engine(vnode->node));
    int error = gv_node_receive(vnode->node, local_time(vnode), line, len);
    if (durable) {
        gv_check_state_request(index_of(vnode), before, gv_engine_root(gv_node_engine(vnode->node)),
                               gv_run_errors(sim->run));
    }
    vnode->busy_until = sim->now + vnode->line_cost;
    mark_dirty(vnode);
    trace_delivery(vnode, line, len);
    if (error == 0) return;
    // finish() compares the number of rejected messages with the number of forged ones.
    bool forged = gv_run_view(sim->run, sim->now).net->forged > 0;
    if (error == GV_EAUTH && forged) return;
    gv_run_object(sim->run, GV_VERDICT_INPUT_REJECTED,
                  "n%u rejected a line that it was sent (%s): %s", index_of(vnode),
                  gv_base_error(error), vnode->log);
}

// Whether the node reads now.
static bool is_free(const struct vnode *vnode) {
    return !vnode->paused && vnode->sim->now >= vnode->busy_until && gv_node_ready(vnode->node);
}

static void defer(struct vnode *vnode, const char *line, size_t len) {
    GV_MEMORY_GROW(vnode->pending, &vnode->pending_cap, vnode->pending_len + len);
    memcpy(vnode->pending + vnode->pending_len, line, len);
    vnode->pending_len += len;
}

static void deliver(void *ctx, uint32_t src, uint32_t node, const char *line, size_t len) {
    (void)src;
    struct gv_simulation *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    GV_ASSERT(len > 0 && line[len - 1] == '\n');
    if (vnode->node == NULL) {
        gv_trace_line(sim->config.run.trace, sim->now, GV_TRACE_DROP, gv_slice_of(line, len),
                      "down");
        return;
    }
    hash_line(sim, node, false, line, len);
    if (vnode->pending_len > 0 || !is_free(vnode)) {
        defer(vnode, line, len);
        return;
    }
    receive(vnode, line, len - 1);
}

// Delivers pending lines until the node is full.
static void release(struct vnode *vnode) {
    size_t at = 0;
    while (at < vnode->pending_len && is_free(vnode)) {
        const char *line = vnode->pending + at;
        size_t len = line_len(line, vnode->pending_len - at);
        receive(vnode, line, len);
        at += len + 1;
    }
    if (at == 0) return;
    vnode->pending_len -= at;
    memmove(vnode->pending, vnode->pending + at, vnode->pending_len);
}

// ---- Time and disk ----

static void set_timer(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    gv_time due = GV_TIME_NEVER;
    if (vnode->node != NULL && !vnode->paused) {
        due = gv_clock_to_simulated(&vnode->clock, sim->now, gv_node_deadline(vnode->node));
        if (vnode->batch != NULL) due = gv_time_min(due, vnode->written_at);
        if (vnode->busy_until > sim->now) due = vnode->busy_until;
    }
    gv_timers_set(&sim->timers, index_of(vnode), due);
}

// Starts to write the next batch, if none is being written.
static void write_batch(struct vnode *vnode) {
    if (vnode->disk == NULL || vnode->batch != NULL) return;
    struct gv_simulation *sim = vnode->sim;
    vnode->batch = gv_node_batch(vnode->node, local_time(vnode));
    bool synced = vnode->disk->kind != GV_DISK_NONE;
    vnode->written_at = sim->now + (synced ? sim->config.disk_latency : 0);
}

static void finish_batch(struct vnode *vnode) {
    if (vnode->batch == NULL || vnode->sim->now < vnode->written_at) return;
    const struct gv_store *store = &vnode->disk->store;
    vnode->disk->now = vnode->sim->now;
    int error = store->write(store->ctx, vnode->batch);
    vnode->batch = NULL;
    gv_node_written(vnode->node, local_time(vnode), error, store->text(store->ctx));
    trace_delivery(vnode, "", 0);
}

// Runs a node whose timer fired, or which has finished processing a line.
static void wake(struct vnode *vnode) {
    finish_batch(vnode);
    gv_node_advance(vnode->node, local_time(vnode));
    mark_dirty(vnode);
}

// ---- Lines from nodes ----

static void check_suspicions(struct vnode *vnode, const struct gv_engine *engine) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    gv_checker_invariants_suspects(&vnode->sim->invariants, index_of(vnode), stats.suspected > 0);
}

// Polls a node for output and passes it to the run.
static void drain(struct vnode *vnode) {
    struct gv_simulation *sim = vnode->sim;
    size_t min = gv_node_send_min(vnode->node), len = 0, got;
    do {
        GV_MEMORY_GROW(sim->out, &sim->out_cap, len + min);
        got = gv_node_send(vnode->node, local_time(vnode), sim->out + len, sim->out_cap - len);
        len += got;
    } while (got > 0);
    GV_ASSERT(len == 0 || sim->out[len - 1] == '\n');
    for (size_t at = 0; at < len;) {
        const char *line = sim->out + at;
        size_t size = line_len(line, len - at);
        hash_line(sim, index_of(vnode), true, line, size);
        gv_checker_invariants_line(&sim->invariants, index_of(vnode), gv_slice_of(line, size));
        gv_run_line(sim->run, sim->now, index_of(vnode), gv_slice_of(line, size));
        at += size + 1;
        if (vnode->node == NULL) break; // the line made the node crash
    }
    if (vnode->node == NULL || vnode->paused) return;
    const struct gv_engine *engine = gv_node_engine(vnode->node);
    if (engine != NULL) {
        gv_checker_invariants_node(&sim->invariants, index_of(vnode), gv_engine_root(engine).count,
                                   vnode->memory);
        if (gv_checker_invariants_quiet(&sim->invariants)) check_suspicions(vnode, engine);
    }
    if (vnode->pending_len > 0) release(vnode);
    write_batch(vnode);
    if (vnode->disk != NULL) trace_delivery(vnode, "", 0);
    trace_cut(vnode);
    set_timer(vnode);
}

static void drain_all(struct gv_simulation *sim) {
    while (sim->dirty_len > 0) {
        struct vnode *vnode = &sim->nodes[sim->dirty[sim->dirty_first]];
        sim->dirty_first = (sim->dirty_first + 1) % sim->config.run.nodes;
        sim->dirty_len--;
        vnode->dirty = false;
        if (vnode->node == NULL || vnode->paused) continue;
        if (vnode->busy_until > sim->now) {
            set_timer(vnode);
        } else {
            drain(vnode);
        }
    }
}

// ---- Replicas ----

static const struct gv_engine *engine_of(const struct gv_simulation *sim, uint32_t node) {
    return sim->nodes[node].node != NULL ? gv_node_engine(sim->nodes[node].node) : NULL;
}

// Whether all running nodes have the same entries. For each pair compared, roots must be equal
// exactly if entries are. Unless `all`, the first difference ends the comparison.
static bool all_equal(struct gv_simulation *sim, bool all) {
    bool equal = true;
    uint32_t first = 0;
    while (first < sim->config.run.nodes && engine_of(sim, first) == NULL) first++;
    for (uint32_t i = first + 1; i < sim->config.run.nodes && (equal || all); i++) {
        if (engine_of(sim, i) == NULL) continue;
        enum gv_check_replicas result =
            gv_check_replicas_compare(engine_of(sim, first), engine_of(sim, i));
        equal = equal && result == GV_CHECK_REPLICAS_EQUAL;
        if (gv_check_replicas_text(result) != NULL)
            gv_verdict_add(gv_run_errors(sim->run), GV_VERDICT_WRONG_DIGEST, "n%u and n%u %s",
                           first, i, gv_check_replicas_text(result));
    }
    return equal;
}

static bool has_value(void *ctx, uint32_t node, int64_t value) {
    const struct gv_simulation *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    if (vnode->node == NULL) return false;
    gv_observed_scan_values(&vnode->observed, gv_node_engine(vnode->node), gv_run_keys(sim->run),
                            NULL);
    return gv_observed_has(&vnode->observed, (uint64_t)value);
}

// ---- Faults ----

// A search for entries that a crash destroys.
struct loss {
    struct vnode *vnode;         // the node that crashes
    const struct gv_engine *any; // any engine, for the positions of entries
    struct gv_store_batch batch; // batch of one record
    uint8_t *scratch;
};

// Whether a node has this version of an entry, or a larger one, in memory or on its disk.
static bool has(struct loss *loss, const struct vnode *vnode, const struct gv_entry *entry,
                uint64_t *count) {
    struct gv_entry other = {0};
    if (vnode->node != NULL && vnode != loss->vnode) {
        if (!gv_engine_get(gv_node_engine(vnode->node), entry, &other)) return false;
    } else {
        struct gv_store_record record;
        if (vnode->disk == NULL) return false;
        size_t at = 0;
        bool there = gv_store_batch_next(&loss->batch, &at, &record);
        GV_ASSERT(there);
        if (!gv_disk_find(vnode->disk, record.key, &record.value)) return false;
        if (gv_store_decode(&record, loss->scratch, &other) != 0) return false;
    }
    *count = other.count;
    return true;
}

// Allows the loss of entries of which the node had the last copy.
static void allow_entry_loss(struct loss *loss, const struct gv_entry *entry) {
    struct gv_simulation *sim = loss->vnode->sim;
    loss->batch.len = loss->batch.count = 0;
    int error = gv_store_batch_put(&loss->batch, gv_base_malloc(), loss->any, entry);
    GV_ASSERT(error == 0);
    bool found = false;
    uint64_t most = 0;
    for (uint32_t i = 0; i < sim->config.run.nodes && (!found || most < entry->count); i++) {
        uint64_t count = 0;
        if (!has(loss, &sim->nodes[i], entry, &count)) continue;
        found = true;
        if (count > most) most = count;
    }
    if (entry->lattice == GV_LATTICE_COUNTER && most < entry->count) {
        bool added = entry->key.len > 3 && entry->key.data[entry->key.len - 3] == '+';
        gv_checker_allow_count_loss(gv_run_checker(sim->run), added, entry->count - most);
    } else if (entry->lattice == GV_LATTICE_SET && !found) {
        int64_t number = gv_keys_find(gv_run_keys(sim->run), entry->key);
        if (number >= 0) gv_checker_allow_value_loss(gv_run_checker(sim->run), number);
    } else if (entry->lattice == GV_LATTICE_LOG && !found) {
        gv_checker_allow_log_loss(gv_run_checker(sim->run), entry);
    }
}

// Whether --durability guarantees that no crash so far has lost acknowledged entries.
static bool keeps_acknowledged(const struct gv_simulation *sim) {
    if (sim->wiped) return false;
    return sim->config.disk == GV_DISK_SYNC || (sim->config.disk == GV_DISK_NONE && !sim->torn);
}

static void allow_losses(struct vnode *vnode) {
    if (keeps_acknowledged(vnode->sim)) return;
    const struct gv_engine *engine = gv_node_engine(vnode->node);
    struct loss loss = {.vnode = vnode, .any = engine};
    loss.scratch = gv_memory_raw(GV_STORE_SCRATCH);
    uint32_t cursor = 0, end = gv_engine_end(engine);
    struct gv_entry entry;
    while (gv_engine_next(engine, &cursor, end, &entry)) allow_entry_loss(&loss, &entry);
    gv_store_batch_free(&loss.batch, gv_base_malloc());
    free(loss.scratch);
}

// Whether acknowledged entries survive a restart of this node.
static bool is_kept(const struct vnode *vnode, enum gv_disk_crash crash) {
    if (vnode->disk == NULL || crash == GV_DISK_WIPED) return false;
    enum gv_disk_kind kind = vnode->disk->kind;
    return kind == GV_DISK_SYNC || (kind == GV_DISK_NONE && crash == GV_DISK_KEPT);
}

static void crash_disk(struct vnode *vnode, enum gv_disk_crash crash) {
    struct gv_simulation *sim = vnode->sim;
    if (vnode->disk == NULL) return;
    sim->wiped = sim->wiped || crash == GV_DISK_WIPED;
    sim->torn = sim->torn || crash == GV_DISK_TORN;
    vnode->disk->now = sim->now;
    gv_disk_crash(vnode->disk, crash, vnode->batch);
    if (crash == GV_DISK_WIPED) vnode->incarnation = 0;
}

// Adds the statistics of a node's incarnation.
static void add_stats(struct vnode *vnode) {
    struct gv_stats stats;
    gv_node_stats(vnode->node, &stats);
    gv_traffic_add(&vnode->sim->traffic, &stats);
    gv_checker_invariants_stats(&vnode->sim->invariants, index_of(vnode), &stats);
}

// A node that is already down can only lose its disk. It is started to find the entries on the
// disk.
static void crash(struct vnode *vnode, enum gv_disk_crash crash) {
    bool replica = vnode->sim->workload->replica;
    if (vnode->node == NULL) {
        if (vnode->disk == NULL || crash != GV_DISK_WIPED) return;
        start_node(vnode);
    }
    crash_disk(vnode, crash);
    if (replica) allow_losses(vnode);
    drop_pending(vnode);
    add_stats(vnode);
    gv_node_free(vnode->node);
    vnode->node = NULL;
    vnode->batch = NULL;
    gv_checker_invariants_reset(&vnode->sim->invariants, index_of(vnode), is_kept(vnode, crash));
    vnode->busy_until = 0;
    gv_observed_fini(&vnode->observed);
    vnode->cut = (struct gv_engine_cut){0};
    set_timer(vnode);
}

// Faults that leave a node running are traced as faults only.
static void trace_node_fault(struct gv_simulation *sim, uint32_t node, enum gv_node_fault fault) {
    static const enum gv_trace_kind kinds[] = {
        [GV_NODE_FAULT_CRASH] = GV_TRACE_CRASH,
        [GV_NODE_FAULT_RESTART] = GV_TRACE_RESTART,
        [GV_NODE_FAULT_PAUSE] = GV_TRACE_PAUSE,
        [GV_NODE_FAULT_RESUME] = GV_TRACE_RESUME,
    };
    if ((size_t)fault >= GV_COUNT(kinds)) return;
    gv_trace_node(sim->config.run.trace, sim->now, kinds[fault], node);
}

static void apply_fault(void *ctx, uint32_t node, enum gv_node_fault fault,
                        const struct gv_scenario_step *step) {
    struct gv_simulation *sim = ctx;
    struct vnode *vnode = &sim->nodes[node];
    trace_node_fault(sim, node, fault);
    switch (fault) {
    case GV_NODE_FAULT_CRASH:
        crash(vnode, step->crash);
        return;
    case GV_NODE_FAULT_RESTART:
        start_node(vnode);
        return;
    case GV_NODE_FAULT_PAUSE:
        vnode->paused = true;
        set_timer(vnode);
        return;
    case GV_NODE_FAULT_RESUME:
        vnode->paused = false;
        if (vnode->node == NULL) return;
        release(vnode);
        wake(vnode);
        return;
    case GV_NODE_FAULT_SLOW:
        vnode->line_cost += step->delay;
        return;
    case GV_NODE_FAULT_UNSLOW:
        vnode->line_cost -= step->delay;
        return;
    case GV_NODE_FAULT_CLOCK_STEP:
        gv_clock_step(&vnode->clock, sim->now, step->delay, step->back);
        break;
    case GV_NODE_FAULT_DRIFT:
        gv_clock_drift(&vnode->clock, sim->now, step->drift_ppm);
        break;
    case GV_NODE_FAULT_UNDRIFT:
        gv_clock_drift(&vnode->clock, sim->now, -step->drift_ppm);
        break;
    }
    if (vnode->node != NULL) mark_dirty(vnode); // sets its timer again
}

// From the quiet phase on, compares the replicas every CHECK_MS.
static void check_convergence(struct gv_simulation *sim) {
    enum gv_run_phase phase = gv_run_view(sim->run, sim->now).phase;
    if (sim->quiet_at == GV_TIME_NEVER && phase == GV_RUN_QUIET) {
        sim->quiet_at = sim->check_at = sim->now;
        sim->settle_at = sim->now + sim->config.settle;
    }
    if (sim->now < sim->check_at) return;
    sim->check_at = GV_TIME_NEVER;
    if (all_equal(sim, false)) {
        sim->settled_at = sim->now;
    } else if (sim->now >= sim->settle_at) {
        gv_run_object(sim->run, GV_VERDICT_UNEQUAL_REPLICAS,
                      "%.3f s after the last operation and fault, "
                      "not all replicas are equal",
                      (double)(sim->now - sim->quiet_at) / 1e9);
    } else {
        gv_time next = sim->now + CHECK_MS * GV_MS;
        sim->check_at = next < sim->settle_at ? next : sim->settle_at;
    }
}

// ---- The run ----

// The longest mean round trip between two nodes, plus the longest delay of the scenario's steps.
static gv_time longest_rtt(const struct gv_run_config *config) {
    const struct gv_wan *wan = config->wan;
    const struct gv_scenario *scenario = config->scenario;
    gv_time rtt = 2 * config->latency_ms * GV_MS, delay = 0;
    for (uint32_t a = 0; wan != NULL && a < wan->count; a++) {
        for (uint32_t b = 0; b <= a; b++) {
            const struct gv_wan_path *path = &wan->paths[a][b];
            if (path->measured && path->rtt > rtt) rtt = path->rtt;
        }
    }
    for (size_t i = 0; scenario != NULL && i < scenario->len; i++) {
        const struct gv_scenario_step *step = &scenario->steps[i];
        if (step->kind == GV_SCENARIO_DELAY && step->delay > delay) delay = step->delay;
    }
    return rtt + 2 * delay;
}

static const struct gv_workload *const workloads[GV_LOAD_KINDS] = {
    [GV_LOAD_BROADCAST] = &gv_broadcast_workload, [GV_LOAD_G_SET] = &gv_gset_workload,
    [GV_LOAD_KAFKA] = &gv_kafka_workload,         [GV_LOAD_G_COUNTER] = &gv_counter_workload,
    [GV_LOAD_PN_COUNTER] = &gv_counter_workload,  [GV_LOAD_ECHO] = &gv_echo_workload,
    [GV_LOAD_UNIQUE_IDS] = &gv_ids_workload,      [GV_LOAD_TXN_RW_REGISTER] = &gv_txn_workload,
};

bool gv_simulation_has(enum gv_load_kind load) {
    return load < GV_LOAD_KINDS && workloads[load] != NULL;
}

// The key of the nodes' digests.
static struct gv_digest_key digest_key_of(bool authenticated) {
    struct gv_digest_key key;
    struct gv_slice secret = {NULL, 0};
    uint8_t digest[GV_AUTH_KEY];
    if (authenticated) {
        struct gv_auth auth;
        gv_auth_init(&auth, gv_base_malloc(), gv_slice_of(SECRET, sizeof SECRET - 1), digest);
        gv_auth_fini(&auth);
        secret = (struct gv_slice){digest, sizeof digest};
    }
    gv_digest_key_init(&key, secret);
    return key;
}

struct gv_simulation *gv_simulation_new(const struct gv_simulation_config *config) {
    GV_ASSERT(config->settle <= config->run.quiet && gv_simulation_has(config->run.load));
    uint32_t nodes = config->run.nodes;
    struct gv_simulation *sim = gv_memory_new(sizeof *sim);
    sim->config = *config;
    sim->workload = workloads[config->run.load];
    sim->config.run.slack = 0;
    sim->config.run.gossip_is_checked = true;
    sim->config.run.deliver = deliver;
    sim->config.run.has_value = has_value;
    sim->config.run.apply_fault = apply_fault;
    sim->config.run.ctx = sim;
    sim->now = START_AT;
    sim->check_at = sim->settle_at = GV_TIME_NEVER;
    struct gv_digest_key digest_key = digest_key_of(config->authenticated);
    sim->config.run.digest_key = &digest_key;
    sim->settled_at = sim->quiet_at = GV_TIME_NEVER;
    sim->run = gv_run_new(&sim->config.run);
    sim->config.run.digest_key = NULL;
    size_t message_max = config->message_max ? config->message_max : GV_ENGINE_MESSAGE_DEFAULT;
    gv_checker_invariants_init(&sim->invariants,
                               &(struct gv_checker_invariants_config){
                                   .nodes = nodes,
                                   .rate = config->run.rate,
                                   .message_max = message_max,
                                   .rtt = longest_rtt(&config->run),
                                   .sent_by = gv_run_view(sim->run, 0).net->sent_by,
                                   .errors = gv_run_errors(sim->run),
                               });
    if (gv_timers_init(&sim->timers, gv_base_malloc(), nodes) != 0) gv_memory_checked(NULL);
    gv_json_init(&sim->json, gv_base_malloc(), LINE_MAX, 0);
    gv_digest_key_init(&sim->trace_hash_key, gv_slice_of("trace", 5));
    GV_MEMORY_ARRAY(sim->dirty, nodes);
    GV_MEMORY_ARRAY(sim->nodes, nodes);
    bool keeps = sim->workload->replica || sim->workload->local_store;
    bool disks = config->disk != GV_DISK_ABSENT && keeps;
    if (disks) GV_MEMORY_ARRAY(sim->disks, nodes);
    for (uint32_t i = 0; i < nodes; i++) {
        sim->nodes[i].sim = sim;
        if (disks) {
            sim->nodes[i].disk = &sim->disks[i];
            gv_disk_init(&sim->disks[i], config->disk, config->run.seed, DISK_STREAM + i);
        }
        start_node(&sim->nodes[i]);
    }
    return sim;
}

void gv_simulation_free(struct gv_simulation *sim) {
    if (sim == NULL) return;
    for (uint32_t i = 0; i < sim->config.run.nodes; i++) {
        gv_node_free(sim->nodes[i].node);
        free(sim->nodes[i].pending);
        gv_observed_fini(&sim->nodes[i].observed);
        if (sim->disks != NULL) gv_disk_fini(&sim->disks[i]);
    }
    GV_ASSERT(sim->memory == 0);
    free(sim->disks);
    gv_run_free(sim->run);
    gv_checker_invariants_fini(&sim->invariants);
    gv_timers_fini(&sim->timers);
    gv_json_fini(&sim->json);
    free(sim->nodes);
    free(sim->dirty);
    free(sim->out);
    free(sim->changes.data);
    free(sim);
}

bool gv_simulation_step(struct gv_simulation *sim) {
    if (sim->lines == 0) gv_run_start(sim->run, sim->now);
    if (gv_run_done(sim->run)) return false;
    gv_time next = sim->now;
    if (sim->dirty_len == 0) {
        next = gv_time_min(gv_run_due(sim->run), gv_timers_next(&sim->timers));
        next = gv_time_min(next, sim->check_at);
    }
    sim->steps_at_once = next > sim->now ? 0 : sim->steps_at_once + 1;
    if (next > sim->now) sim->now = next;
    if (sim->steps_at_once > STEPS_AT_ONCE_MAX) {
        gv_run_fail(sim->run, GV_VERDICT_BUSY_LOOP,
                    "nodes keep acting without time passing, at %.3f s", (double)sim->now / 1e9);
        return false;
    }
    int64_t number;
    while ((number = gv_timers_pop(&sim->timers, sim->now)) >= 0) wake(&sim->nodes[number]);
    gv_run_advance(sim->run, sim->now);
    drain_all(sim);
    if (sim->workload->replica) check_convergence(sim);
    struct gv_run_view view = gv_run_view(sim->run, sim->now);
    if (!gv_checker_invariants_time(&sim->invariants, sim->now, view.net->messages,
                                    view.phase == GV_RUN_QUIET)) {
        return false;
    }
    return !gv_run_done(sim->run);
}

gv_time gv_simulation_now(const struct gv_simulation *sim) {
    return sim->now;
}

const struct gv_run *gv_simulation_run(const struct gv_simulation *sim) {
    return sim->run;
}

uint64_t gv_simulation_lines(const struct gv_simulation *sim) {
    return sim->lines;
}

struct gv_disk *gv_simulation_disk(struct gv_simulation *sim, uint32_t node) {
    GV_ASSERT(node < sim->config.run.nodes);
    return sim->nodes[node].disk;
}

struct gv_result gv_simulation_finish(struct gv_simulation *sim) {
    struct gv_traffic past = sim->traffic; // statistics of earlier incarnations, to be restored
    for (uint32_t i = 0; i < sim->config.run.nodes; i++)
        if (sim->nodes[i].node != NULL) add_stats(&sim->nodes[i]);
    uint64_t refused = sim->traffic.total.numbers.unauthenticated;
    const struct gv_net *net = gv_run_view(sim->run, sim->now).net;
    if (refused > net->forged) {
        gv_run_object(sim->run, GV_VERDICT_MESSAGES_REJECTED,
                      "nodes rejected %" PRIu64 " messages as forged, but only %" PRIu64 " were",
                      refused, net->forged);
    }
    if (sim->workload->replica) all_equal(sim, true);
    gv_checker_invariants_net(&sim->invariants, net);
    struct gv_result result = gv_run_finish(sim->run);
    result.traffic = sim->traffic;
    result.traffic.nodes = sim->config.run.nodes;
    sim->traffic = past;
    result.is_virtual = true;
    result.trace_hash = sim->trace_hash;
    result.lines = sim->lines;
    GV_ASSERT(sim->config.run.nodes > 0);
    result.node_memory = sim->memory_most / sim->config.run.nodes;
    result.settled = sim->settled_at != GV_TIME_NEVER;
    if (result.settled) result.settle = sim->settled_at - sim->quiet_at;
    return result;
}

bool gv_simulation_repeats(struct gv_simulation *sim, struct gv_result *result,
                           const struct gv_result *second) {
    GV_ASSERT(result->errors == gv_run_errors(sim->run) && second->is_virtual);
    bool same = second->trace_hash == result->trace_hash && second->lines == result->lines &&
                second->ops == result->ops && second->servers_msgs == result->servers_msgs &&
                second->servers_bytes == result->servers_bytes && second->valid == result->valid &&
                second->errors->count == result->errors->count;
    for (size_t i = 0; same && i < second->errors->kept; i++) {
        same = strcmp(second->errors->texts[i], result->errors->texts[i]) == 0;
    }
    if (same) return true;
    gv_run_object(sim->run, GV_VERDICT_NOT_DETERMINISTIC,
                  "a second run of the same seed differs: trace %016" PRIx64 " and %" PRIu64
                  " lines, not %016" PRIx64 " and %" PRIu64,
                  second->trace_hash, second->lines, result->trace_hash, result->lines);
    result->valid = false;
    return false;
}
