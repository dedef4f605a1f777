// SPDX-License-Identifier: MIT
// Out of memory: a cluster of three runs a script while allocations of one node fail: the first
// one, the second, and so on; once, or from there to the end of the script. Calls that fail return
// GV_ENOMEM and leave a valid replica; once there is memory again, all three converge.
#include "../lib/test.h"

#include "../../engine/core.h"
#include "../../engine/store.h"
#include "../../sim/check/check_replicas.h"
#include "../lib/meter.h"
#include "../lib/tree_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODES = 3,
    FAILING = 1,         // the node whose allocations fail
    ENTRIES = 1500,      // entries put by each node
    STEP_MS = 20,        // latency of a message
    SCRIPT = 120,        // steps of the script
    PARTITION_FROM = 20, // first step of a partition around that node
    PARTITION_TO = 70,   // its last step
    SETTLE = 5000,       // maximum number of steps until all replicas are equal
    PACKETS_MAX = 256,   // maximum number of messages in flight
    CHECKS = 4,          // the replica is checked after at most this many failed allocations
    CAP = GV_ENGINE_MESSAGE_DEFAULT,
};

struct node {
    struct gv_engine *engine;
    struct gv_json json;
    struct gv_meter meter;
    bool joined;
    int put; // number of entries put
};

struct packet {
    uint32_t from, to;
    size_t len;
    char *bytes;
};

struct cluster {
    struct node nodes[NODES];
    struct packet packets[PACKETS_MAX];
    int packet_count;
    int step;
    bool lasting; // after the first failure all allocations fail
    int failures; // calls that returned GV_ENOMEM
};

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static struct gv_slice name_of(uint32_t node) {
    static const char *const names[] = {"n0", "n1", "n2"};
    return slice(names[node]);
}

static gv_time now_of(const struct cluster *cluster) {
    return (1 + (gv_time)cluster->step) * STEP_MS * GV_MS;
}

// ---- Checks -------------------------------------------------------------------------------------

// The tree is well formed, and its sums are those of the records.
static void check_replica(const struct gv_engine *engine) {
    assert_int_equal(gv_tree_verify(&engine->replica.tree), 0);
    struct gv_digest sum = {0};
    struct gv_entry entry;
    uint32_t cursor = 0;
    while (gv_engine_next(engine, &cursor, gv_engine_end(engine), &entry)) {
        struct gv_item item = gv_lattice_item(&engine->replica.key, &entry);
        sum = gv_digest_add(sum, gv_digest_of(item.position, item.hash));
    }
    assert_true(gv_digest_equal(sum, gv_engine_root(engine)));
}

// Whether a call returned GV_ENOMEM; it must not return another error.
static bool refused(struct cluster *cluster, uint32_t node, int status) {
    if (status >= 0) return false;
    assert_int_equal(status, GV_ENOMEM);
    assert_int_equal(node, FAILING);
    struct node *poor = &cluster->nodes[FAILING];
    if (!cluster->lasting) poor->meter.allowance = SIZE_MAX;
    if (cluster->failures++ < CHECKS && poor->engine != NULL) check_replica(poor->engine);
    return true;
}

// ---- The script ---------------------------------------------------------------------------------

static void start(struct cluster *cluster, uint32_t index) {
    struct node *node = &cluster->nodes[index];
    if (node->engine == NULL) {
        const struct gv_engine_config config = {
            .alloc = {node->json.alloc.resize, node->json.alloc.ctx},
            .seed = 1 + index,
            .staleness_ms = 100,
        };
        struct gv_engine *engine;
        if (refused(cluster, index, gv_engine_new(&engine, &config))) return;
        node->engine = engine;
    }
    const struct gv_slice names[] = {name_of(0), name_of(1), name_of(2)};
    int joined = gv_engine_join(node->engine, now_of(cluster), names[index], names, NODES);
    node->joined = !refused(cluster, index, joined);
}

// The entry of this number. The entries have all lattices, long values, and versions that outgrow
// their records.
static struct gv_entry entry_of(uint32_t node, int number) {
    static char key[16], value[6000], name[8];
    int bare = number % 5 == 0 ? number % 50 : number * NODES + (int)node;
    snprintf(key, sizeof key, "%d", bare);
    struct gv_entry entry = {.lattice = (enum gv_lattice)(number % 5 == 0   ? GV_LATTICE_REGISTER
                                                          : number % 3 == 0 ? GV_LATTICE_COUNTER
                                                          : number % 7 == 0 ? GV_LATTICE_LOG
                                                                            : GV_LATTICE_SET),
                             .key = slice(key)};
    if (entry.lattice == GV_LATTICE_COUNTER) entry.count = 1 + (uint64_t)number;
    static char element[40];
    snprintf(element, sizeof element, "[%d,%d]", number % 3, bare);
    if (entry.lattice == GV_LATTICE_LOG) entry.key = slice(element);
    if (!gv_entry_has(&entry, GV_ENTRY_VALUE)) return entry;
    size_t len = number % 100 == 0 ? sizeof value - 3 : 3 + (size_t)number % 60;
    memset(value, 'v', sizeof value);
    value[0] = value[len - 1] = '"';
    value[len] = '\0';
    snprintf(name, sizeof name, "\"n%u\"", (unsigned)node);
    entry.value = slice(value);
    if (entry.lattice == GV_LATTICE_LOG) return entry;
    entry.node = slice(name);
    entry.lamport = 1 + (uint64_t)number;
    return entry;
}

static void write_some(struct cluster *cluster, uint32_t index) {
    struct node *node = &cluster->nodes[index];
    int most = node->put + ENTRIES / (SCRIPT / 2);
    for (; node->put < ENTRIES && node->put < most; node->put++) {
        struct gv_entry entry = entry_of(index, node->put);
        if (refused(cluster, index, gv_engine_put(node->engine, now_of(cluster), &entry))) return;
    }
}

static void deliver(struct cluster *cluster, const struct packet *packet) {
    struct node *node = &cluster->nodes[packet->to];
    bool partitioned = cluster->step >= PARTITION_FROM && cluster->step < PARTITION_TO;
    if (!node->joined || (partitioned && (packet->to == FAILING || packet->from == FAILING)))
        return;
    int parsed = gv_json_parse(&node->json, packet->bytes, packet->len);
    if (refused(cluster, packet->to, parsed)) return;
    struct gv_message message;
    const char *fault;
    assert_int_equal(gv_message_decode(&message, &node->json, 0, &fault), 0);
    int peer = gv_engine_peer(node->engine, name_of(packet->from));
    refused(cluster, packet->to, gv_engine_receive(node->engine, now_of(cluster), peer, &message));
}

static void send_all(struct cluster *cluster, uint32_t index) {
    static char buf[CAP];
    struct gv_engine *engine = cluster->nodes[index].engine;
    int peer, sent;
    while ((sent = gv_engine_send(engine, now_of(cluster), buf, CAP, &peer)) != 0) {
        assert_true(sent > 0);
        size_t len = (size_t)sent;
        assert_true(cluster->packet_count < PACKETS_MAX);
        struct gv_slice name = gv_engine_name(engine, peer);
        struct packet *packet = &cluster->packets[cluster->packet_count++];
        *packet = (struct packet){index, (uint32_t)(name.data[1] - '0'), len, malloc(len)};
        memcpy(packet->bytes, buf, len);
    }
}

static void step(struct cluster *cluster) {
    struct packet packets[PACKETS_MAX];
    int count = cluster->packet_count;
    memcpy(packets, cluster->packets, (size_t)count * sizeof *packets);
    cluster->packet_count = 0;
    cluster->step++;
    for (int i = 0; i < count; i++) {
        struct gv_engine *engine = cluster->nodes[packets[i].to].engine;
        if (engine != NULL && !gv_engine_ready(engine)) send_all(cluster, packets[i].to);
        deliver(cluster, &packets[i]);
        free(packets[i].bytes);
    }
    for (uint32_t i = 0; i < NODES; i++) {
        struct node *node = &cluster->nodes[i];
        if (!node->joined) start(cluster, i);
        if (!node->joined) continue;
        write_some(cluster, i);
        if (gv_engine_deadline(node->engine) <= now_of(cluster))
            gv_engine_advance(node->engine, now_of(cluster));
        send_all(cluster, i);
    }
}

static bool settled(const struct cluster *cluster) {
    for (uint32_t i = 0; i < NODES; i++) {
        if (!cluster->nodes[i].joined || cluster->nodes[i].put < ENTRIES) return false;
        enum gv_check_replicas equal =
            gv_check_replicas_compare(cluster->nodes[i].engine, cluster->nodes[0].engine);
        assert_null(gv_check_replicas_text(equal));
        if (equal != GV_CHECK_REPLICAS_EQUAL) return false;
    }
    return true;
}

static struct gv_engine *copy_of(const struct gv_engine *engine) {
    struct gv_engine_config config = {.alloc = gv_base_malloc()};
    struct gv_engine *copy;
    struct gv_entry entry;
    uint32_t cursor = 0, end = gv_engine_end(engine);
    assert_int_equal(gv_engine_new(&copy, &config), 0);
    while (gv_engine_next(engine, &cursor, end, &entry))
        assert_int_equal(gv_engine_put(copy, 0, &entry), 1);
    return copy;
}

// Runs the script, with this number of allocations of node FAILING before the failure; returns the
// number it made. All replicas must equal *want at the end, which is set if it is NULL.
static size_t run(size_t allowance, bool lasting, struct gv_engine **want) {
    static struct cluster cluster;
    cluster = (struct cluster){.lasting = lasting};
    for (uint32_t i = 0; i < NODES; i++)
        gv_json_init(&cluster.nodes[i].json, gv_meter_alloc(&cluster.nodes[i].meter), 0, 0);
    struct node *poor = &cluster.nodes[FAILING];
    poor->meter.allowance = allowance;
    while (cluster.step < SCRIPT) step(&cluster);
    size_t calls = poor->meter.calls;
    poor->meter.allowance = SIZE_MAX;
    if (poor->engine != NULL) check_replica(poor->engine);
    while (!settled(&cluster) && cluster.step < SCRIPT + SETTLE) step(&cluster);
    if (!settled(&cluster)) fail_msg("request %zu refused: they do not settle", allowance);
    if (*want == NULL) *want = copy_of(poor->engine);
    assert_true(gv_check_replicas_equal(poor->engine, *want));
    check_replica(poor->engine);
    for (int i = 0; i < cluster.packet_count; i++) free(cluster.packets[i].bytes);
    for (uint32_t i = 0; i < NODES; i++) {
        gv_engine_free(cluster.nodes[i].engine);
        gv_json_fini(&cluster.nodes[i].json);
        assert_int_equal(cluster.nodes[i].meter.bytes, 0);
    }
    return calls;
}

static void run_all(bool lasting) {
    struct gv_engine *want = NULL;
    size_t requests = run(SIZE_MAX, lasting, &want), refusals = 0;
    for (size_t allowance = 0;; allowance++) {
        size_t calls = run(allowance, lasting, &want);
        if (calls <= allowance) break;
        refusals++;
    }
    printf("%zu allocations, %zu failed one by one\n", requests, refusals);
    assert_true(refusals >= requests && requests > 20);
    gv_engine_free(want);
}

static void each_allocation_fails_once(void **state) {
    (void)state;
    run_all(false);
}

static void all_allocations_fail_from_one_on(void **state) {
    (void)state;
    run_all(true);
}

// ---- Loading ------------------------------------------------------------------------------------

static int load(void *ctx, int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    const struct gv_store_batch *batch = ctx;
    struct gv_store_record record;
    int error = 0;
    for (size_t at = 0; error == 0 && gv_store_batch_next(batch, &at, &record);)
        error = take(take_ctx, &record);
    return error;
}

// Writing a batch and loading it fail at each allocation, and succeed with one more.
static void a_store_is_loaded(void **state) {
    (void)state;
    for (size_t allowance = 0;; allowance++) {
        struct gv_meter meter;
        struct gv_store_batch batch = {0};
        struct gv_engine_config config = {.alloc = gv_meter_alloc(&meter), .seed = 1};
        struct gv_engine *engine;
        meter.allowance = allowance;
        int error = gv_engine_new(&engine, &config);
        bool made = error == 0;
        for (int i = 0; error == 0 && i < ENTRIES; i++) {
            struct gv_entry entry = entry_of(0, i);
            error = gv_store_batch_put(&batch, config.alloc, engine, &entry);
            if (error != 0) assert_true(batch.count == (uint32_t)i);
        }
        struct gv_store store = {.ctx = &batch, .load = load};
        if (error == 0) error = gv_store_load(&store, engine);
        if (error == 0) check_replica(engine);
        gv_store_batch_free(&batch, config.alloc);
        if (made) gv_engine_free(engine);
        assert_int_equal(meter.bytes, 0);
        if (error == 0) {
            assert_true(allowance > 5);
            break;
        }
        assert_int_equal(error, GV_ENOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(all_allocations_fail_from_one_on),
        cmocka_unit_test(a_store_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
