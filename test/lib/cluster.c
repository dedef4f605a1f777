// SPDX-License-Identifier: MIT
#include "cluster.h"

#include "../../sim/check/check_replicas.h"
#include "story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_NET, EVENT_DELAYED, EVENT_TIMER };

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static bool lost(void *ctx, const struct gv_net_message *message) {
    struct gv_cluster *cluster = ctx;
    const struct gv_cluster_node *from = &cluster->nodes[message->src];
    const struct gv_cluster_node *to = &cluster->nodes[message->dest];
    if (from->side != to->side || to->stopped || to->blocked[message->src]) return true;
    if (cluster->config.no_push && strncmp(message->bytes, "{\"type\":\"gossip\"", 16) == 0)
        return true;
    return cluster->config.loss > 0 && gv_prng_unit(&cluster->prng) < cluster->config.loss;
}

static void start(struct gv_cluster *cluster, uint32_t index, bool fresh) {
    const struct gv_engine_config config = {
        .alloc = gv_base_malloc(),
        .seed = gv_prng_next(&cluster->prng),
        .secret = slice("a secret"),
        .staleness_ms = cluster->config.staleness_ms,
        .message_max = cluster->config.message_max,
    };
    memset(cluster->nodes[index].first_id, 0, cluster->config.nodes * sizeof(uint64_t));
    int error = gv_engine_new(&cluster->nodes[index].engine, &config);
    GV_ASSERT(error == 0);
    if (!cluster->config.cut) return;
    struct gv_cluster_node *node = &cluster->nodes[index];
    if (fresh) node->incarnation = gv_prng_next(&cluster->prng);
    error = gv_engine_cut_enable(
        node->engine,
        &(struct gv_engine_cut_config){.incarnation = node->incarnation, .is_fresh = fresh});
    GV_ASSERT(error == 0);
}

void gv_cluster_init(struct gv_cluster *cluster, const struct gv_cluster_config *config) {
    *cluster = (struct gv_cluster){.config = *config};
    gv_event_queue_init(&cluster->queue, config->origin);
    gv_prng_init(&cluster->prng, config->seed, 1);
    gv_json_init(&cluster->json, gv_base_malloc(), 0, 0);
    gv_net_init(&cluster->net, &(struct gv_net_config){
                                   .queue = &cluster->queue,
                                   .event_kind = EVENT_NET,
                                   .nodes = config->nodes,
                                   .latency = config->uniform ? GV_NET_UNIFORM : GV_NET_CONSTANT,
                                   .latency_ms = config->latency_ms,
                                   .delivery = GV_NET_EXACT,
                                   .seed = config->seed,
                                   .cut = lost,
                                   .cut_ctx = cluster,
                               });
    cluster->nodes = calloc(config->nodes, sizeof *cluster->nodes);
    cluster->cap = GV_MESSAGE_LIMIT;
    cluster->buf = malloc(cluster->cap);
    GV_ASSERT(cluster->nodes != NULL && cluster->buf != NULL);
    for (uint32_t i = 0; i < config->nodes; i++) {
        cluster->nodes[i].first_id = calloc(config->nodes, sizeof(uint64_t));
        cluster->nodes[i].blocked = calloc(config->nodes, sizeof(bool));
        GV_ASSERT(cluster->nodes[i].first_id != NULL && cluster->nodes[i].blocked != NULL);
        start(cluster, i, true);
    }
}

void gv_cluster_fini(struct gv_cluster *cluster) {
    gv_net_fini(&cluster->net);
    gv_event_queue_drop(&cluster->queue, EVENT_DELAYED, free);
    gv_event_queue_fini(&cluster->queue);
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        gv_engine_free(cluster->nodes[i].engine);
        free(cluster->nodes[i].first_id);
        free(cluster->nodes[i].blocked);
    }
    gv_json_fini(&cluster->json);
    free(cluster->nodes);
    free(cluster->buf);
}

// --- messages --------------------------------------------------------------------------------

// The number after the "n" of a name.
static uint32_t index_of(struct gv_slice name) {
    uint32_t index = 0;
    for (size_t i = 1; i < name.len; i++) index = index * 10 + (uint32_t)(name.data[i] - '0');
    return index;
}

static int peer_of(struct gv_cluster *cluster, uint32_t node, uint32_t other) {
    char name[16];
    snprintf(name, sizeof name, "n%" PRIu32, other);
    return gv_engine_peer(cluster->nodes[node].engine, slice(name));
}

static void trace(struct gv_cluster *cluster, uint32_t from, uint32_t to, size_t len) {
    FILE *out = cluster->config.trace;
    if (out == NULL) return;
    uint64_t *first = &cluster->nodes[from].first_id[to];
    struct gv_message message;
    const char *fault;
    int parsed = gv_json_parse(&cluster->json, cluster->buf, len);
    GV_ASSERT(parsed > 0 && gv_message_decode(&message, &cluster->json, 0, &fault) == 0);
    if (message.has_id && *first == 0) *first = message.id;
    gv_time since = cluster->queue.now - cluster->config.origin;
    fprintf(out, "%5" PRIu64 " ms  n%" PRIu32 " > n%" PRIu32 "  ", since / GV_MS, from, to);
    gv_story_write(out, &cluster->json, *first);
    fputc('\n', out);
}

// Sends all pending messages of a node, and sets its timer.
static void pump(struct gv_cluster *cluster, uint32_t index) {
    struct gv_cluster_node *node = &cluster->nodes[index];
    gv_time now = cluster->queue.now;
    int peer;
    int sent;
    while ((sent = gv_engine_send(node->engine, now, cluster->buf, cluster->cap, &peer)) != 0) {
        GV_ASSERT(sent > 0);
        size_t len = (size_t)sent;
        uint32_t dest = index_of(gv_engine_name(node->engine, peer));
        trace(cluster, index, dest, len);
        bool sync = strncmp(cluster->buf, "{\"type\":\"sync\"", 14) == 0;
        struct gv_slice bytes = {(const uint8_t *)cluster->buf, len};
        int copies = 1 + (gv_prng_unit(&cluster->prng) < cluster->config.duplication);
        for (; copies > 0; copies--)
            gv_net_send(&cluster->net, now, index, dest, slice(sync ? "sync" : "gossip"), len,
                        bytes);
        cluster->sent_bytes += len;
        for (size_t i = 0; i < len; i++)
            cluster->sent_trace = (cluster->sent_trace ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    }
    gv_time due = gv_engine_deadline(node->engine);
    if (due != GV_TIME_NEVER)
        gv_event_queue_schedule(&cluster->queue, due, EVENT_TIMER, index, ++node->stamp, NULL);
}

static void deliver(struct gv_cluster *cluster, const struct gv_net_message *message) {
    struct gv_cluster_node *node = &cluster->nodes[message->dest];
    int peer = peer_of(cluster, message->dest, message->src);
    struct gv_message decoded;
    const char *fault;
    int parsed = gv_json_parse(&cluster->json, message->bytes, message->len);
    if (parsed < 0 || peer < 0 || gv_message_decode(&decoded, &cluster->json, 0, &fault) < 0) {
        node->bad++;
        return;
    }
    if (gv_engine_receive(node->engine, cluster->queue.now, peer, &decoded) < 0) node->bad++;
}

static void handle(struct gv_cluster *cluster, const struct gv_event *event) {
    uint32_t index = event->target;
    if (event->kind == EVENT_NET) {
        struct gv_net_message *message = gv_net_take(&cluster->net, cluster->queue.now, event);
        if (message == NULL) return;
        index = message->dest;
        gv_time later = cluster->queue.now + cluster->nodes[index].slow_ms * GV_MS;
        gv_event_queue_schedule(&cluster->queue, later, EVENT_DELAYED, index, 0, message);
        return;
    }
    if (event->kind == EVENT_DELAYED) {
        struct gv_net_message *message = event->item;
        if (!cluster->nodes[index].stopped) deliver(cluster, message);
        free(message);
    } else {
        struct gv_cluster_node *node = &cluster->nodes[index];
        if (event->stamp != node->stamp || node->stopped) return;
        gv_engine_advance(node->engine, cluster->queue.now);
    }
    if (!cluster->nodes[index].stopped) pump(cluster, index);
}

void gv_cluster_run(struct gv_cluster *cluster, gv_time time) {
    gv_time until = cluster->queue.now + time;
    struct gv_event event;
    while (gv_event_queue_next(&cluster->queue, until, &event)) handle(cluster, &event);
}

static const struct gv_engine *first_running(const struct gv_cluster *cluster) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        if (!cluster->nodes[i].stopped) return cluster->nodes[i].engine;
    }
    return NULL;
}

// A cheap test before entries are compared.
static bool roots_equal(const struct gv_cluster *cluster) {
    const struct gv_engine *first = first_running(cluster);
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        if (cluster->nodes[i].stopped) continue;
        if (!gv_digest_equal(gv_engine_root(first), gv_engine_root(cluster->nodes[i].engine)))
            return false;
    }
    return true;
}

gv_time gv_cluster_settle(struct gv_cluster *cluster, gv_time most) {
    gv_time from = cluster->queue.now, until = from + most;
    struct gv_event event;
    while (!roots_equal(cluster) && gv_event_queue_next(&cluster->queue, until, &event))
        handle(cluster, &event);
    // Compares the entries, and checks the roots against them.
    return gv_cluster_equal(cluster) ? cluster->queue.now - from : GV_TIME_NEVER;
}

// --- the nodes -------------------------------------------------------------------------------

static void join(struct gv_cluster *cluster, uint32_t index) {
    uint32_t count = cluster->config.nodes;
    char(*text)[16] = calloc(count, sizeof *text);
    struct gv_slice *names = calloc(count, sizeof *names);
    GV_ASSERT(text != NULL && names != NULL);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "n%" PRIu32, i);
        names[i] = slice(text[i]);
    }
    int error = gv_engine_join(cluster->nodes[index].engine, cluster->queue.now, names[index],
                               names, count);
    GV_ASSERT(error == 0);
    free(names);
    free(text);
    pump(cluster, index);
}

void gv_cluster_join(struct gv_cluster *cluster) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++) join(cluster, i);
}

int gv_cluster_put(struct gv_cluster *cluster, uint32_t node, const struct gv_entry *entry) {
    int stored = gv_engine_put(cluster->nodes[node].engine, cluster->queue.now, entry);
    pump(cluster, node);
    return stored;
}

int gv_cluster_add(struct gv_cluster *cluster, uint32_t node, const char *element) {
    return gv_cluster_put(cluster, node,
                          &(struct gv_entry){.lattice = GV_LATTICE_SET, .key = slice(element)});
}

int gv_cluster_add_number(struct gv_cluster *cluster, uint32_t node, int64_t element) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, element);
    return gv_cluster_add(cluster, node, text);
}

int gv_cluster_count(struct gv_cluster *cluster, uint32_t node, const char *key, uint64_t count) {
    return gv_cluster_put(
        cluster, node,
        &(struct gv_entry){.lattice = GV_LATTICE_COUNTER, .key = slice(key), .count = count});
}

int gv_cluster_write(struct gv_cluster *cluster, uint32_t node, const char *key, const char *value,
                     uint64_t lamport) {
    char name[16];
    snprintf(name, sizeof name, "\"n%" PRIu32 "\"", node);
    return gv_cluster_put(cluster, node,
                          &(struct gv_entry){.lattice = GV_LATTICE_REGISTER,
                                             .key = slice(key),
                                             .value = slice(value),
                                             .lamport = lamport,
                                             .node = slice(name)});
}

void gv_cluster_split(struct gv_cluster *cluster, uint32_t first) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++) cluster->nodes[i].side = i < first;
}

void gv_cluster_resume(struct gv_cluster *cluster, uint32_t node) {
    GV_ASSERT(cluster->nodes[node].stopped);
    cluster->nodes[node].stopped = false;
    gv_engine_advance(cluster->nodes[node].engine, cluster->queue.now);
    pump(cluster, node);
}

void gv_cluster_restart(struct gv_cluster *cluster, uint32_t node) {
    gv_engine_free(cluster->nodes[node].engine);
    start(cluster, node, true);
    join(cluster, node);
}

void gv_cluster_reload(struct gv_cluster *cluster, uint32_t node) {
    struct gv_engine *old = cluster->nodes[node].engine;
    start(cluster, node, false);
    uint32_t cursor = 0, end = gv_engine_end(old);
    struct gv_entry entry;
    while (gv_engine_next(old, &cursor, end, &entry)) {
        int stored = gv_engine_put(cluster->nodes[node].engine, cluster->queue.now, &entry);
        GV_ASSERT(stored == 1);
    }
    gv_engine_free(old);
    join(cluster, node);
}

bool gv_cluster_equal(const struct gv_cluster *cluster) {
    const struct gv_engine *first = first_running(cluster);
    bool equal = true;
    for (uint32_t i = 0; i < cluster->config.nodes; i++) {
        if (cluster->nodes[i].stopped) continue;
        enum gv_check_replicas result = gv_check_replicas_compare(first, cluster->nodes[i].engine);
        if (gv_check_replicas_text(result) != NULL) {
            fprintf(stderr, "n%" PRIu32 " and another node %s\n", i,
                    gv_check_replicas_text(result));
            abort();
        }
        equal = equal && result == GV_CHECK_REPLICAS_EQUAL;
    }
    return equal;
}

bool gv_cluster_has_number(const struct gv_cluster *cluster, uint32_t node, int64_t element) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, element);
    struct gv_entry found;
    return gv_engine_get(cluster->nodes[node].engine,
                         &(struct gv_entry){.lattice = GV_LATTICE_SET, .key = slice(text)}, &found);
}

uint64_t gv_cluster_entries(const struct gv_cluster *cluster, uint32_t node) {
    return gv_engine_root(cluster->nodes[node].engine).count;
}
