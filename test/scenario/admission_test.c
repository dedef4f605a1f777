// SPDX-License-Identifier: MIT
// Bounds and acknowledged writes: an acknowledged entry loads at any later start, whatever the
// bounds are then; and nodes with different bounds converge.
#include "../lib/test.h"

#include "../../codec/auth.h"
#include "../../engine/store.h"
#include "../../node/node.h"
#include "../../node/workload.h"
#include "../../sim/core/disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALLOC gv_base_malloc()

static const struct gv_slice names[] = {
    {(const uint8_t *)"n1", 2}, {(const uint8_t *)"n2", 2}, {(const uint8_t *)"n3", 2}};
enum { NODES = 3 };

// ---- Entries of every kind ----------------------------------------------------------------------

enum { KEYS = 4000, TEXTS = GV_ENTRY_SIZE_MAX, ALLOCATION = 256 << 10 };

// An entry, with the memory of its key, value and node.
struct sample {
    struct gv_entry entry;
    char key[TEXTS], value[TEXTS], node[GV_ENTRY_NODE_MAX];
};

// A string of this length, quotes included, determined by the number.
static struct gv_slice string_of(char *out, uint64_t number, size_t len) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    if (len < (size_t)count + 2) len = (size_t)count + 2;
    memset(out, 'x', len);
    memcpy(out + 1, digits, (size_t)count);
    out[0] = out[len - 1] = '"';
    return (struct gv_slice){(const uint8_t *)out, len};
}

// A random length from 3 to `most`: usually at most 40, sometimes up to 2000, rarely up to `most`.
static size_t any_length(struct gv_prng *prng, size_t most) {
    uint64_t kind = gv_prng_below(prng, 100);
    size_t len = kind < 80 ? 40 : kind < 95 ? 2000 : most;
    return 3 + (size_t)gv_prng_below(prng, (len < most ? len : most) - 2);
}

static void draw(struct gv_prng *prng, struct sample *out, uint64_t keys) {
    uint64_t number = gv_prng_below(prng, keys);
    struct gv_prng fixed; // a key always has the same length
    gv_prng_init(&fixed, number, 0);
    struct gv_entry *entry = &out->entry;
    *entry = (struct gv_entry){.lattice = (enum gv_lattice)(number % 4)};
    bool has = gv_entry_has(entry, GV_ENTRY_VALUE);
    size_t most = has ? TEXTS / 2 : TEXTS;
    entry->key = string_of(out->key, number, any_length(&fixed, most));
    if (entry->lattice == GV_LATTICE_LOG) {
        struct gv_slice name = {entry->key.data, entry->key.len};
        static char element[TEXTS / 2 + GV_ENTRY_LOG_KEY_MAX];
        int len = gv_entry_log_key_put(element, sizeof element, name, number);
        memcpy(out->key, element, (size_t)len);
        entry->key.len = (size_t)len;
    } else if (number % 5 == 0) {
        uint64_t next = (uint64_t)number + 1;
        entry->key.len = (size_t)snprintf(out->key, sizeof out->key, "%" PRIu64, next);
    }
    entry->count = entry->lattice == GV_LATTICE_COUNTER ? gv_prng_below(prng, 1000) : 0;
    if (!has) return;
    if (entry->lattice == GV_LATTICE_REGISTER) {
        entry->lamport = gv_prng_below(prng, 1000);
        entry->node = string_of(out->node, number, any_length(&fixed, GV_ENTRY_NODE_MAX));
    }
    size_t left = TEXTS - entry->key.len - entry->node.len;
    size_t len = any_length(prng, left);
    if (entry->lattice == GV_LATTICE_LOG && len < 16) len = 16;
    entry->value = string_of(out->value, gv_prng_below(prng, 100), len);
}

static bool equal(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Whether one engine has every entry of the other in the same version.
static bool covers(const struct gv_engine *all, const struct gv_engine *some) {
    struct gv_entry entry, found;
    uint32_t cursor = 0, end = gv_engine_end(some);
    while (gv_engine_next(some, &cursor, end, &entry)) {
        if (!gv_engine_get(all, &entry, &found)) return false;
        if (found.count != entry.count || found.lamport != entry.lamport ||
            !equal(found.value, entry.value) || !equal(found.node, entry.node))
            return false;
    }
    return true;
}

static bool same(const struct gv_engine *a, const struct gv_engine *b) {
    return covers(a, b) && covers(b, a);
}

static struct gv_engine_stats stats_of(const struct gv_engine *engine) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    return stats;
}

static struct gv_engine *new_engine(const struct gv_engine_config *config) {
    struct gv_engine *engine;
    assert_int_equal(gv_engine_new(&engine, config), 0);
    return engine;
}

// ---- A writer with bounds -----------------------------------------------------------------------

struct bounds {
    uint64_t memory_max, entries_max;
    size_t message_max;
    bool secret;
};

static const struct gv_slice secret = {(const uint8_t *)"a secret of the cluster", 23};

// An engine with bounds and a store, and the model: an engine without bounds.
struct writer {
    struct gv_prng prng;
    struct gv_disk disk;
    struct gv_engine *engine, *truth;
    struct bounds bounds;
    struct gv_store_batch batch; // records; empty but for a commit
    uint32_t *changes;           // entries that the store lacks, as on_change reports them
    size_t change_count;
    struct sample *waiting; // local writes that wait for the store
    size_t count;
    uint64_t version; // version of the last local write; increases
    unsigned admitted, refused, received, turned_down;
};

enum { WAITING_MAX = 24, CHANGES_MAX = 1024 };

static void on_change(void *ctx, const struct gv_engine_change *change) {
    struct writer *it = ctx;
    if (change->is_stored) return;
    assert_true(it->change_count < CHANGES_MAX);
    it->changes[it->change_count++] = change->at;
}

static void begin(struct writer *it, const struct bounds *bounds, uint64_t stream) {
    *it = (struct writer){.bounds = *bounds};
    gv_prng_init(&it->prng, gv_test_seed(), stream);
    gv_disk_init(&it->disk, GV_DISK_SYNC, gv_test_seed(), stream);
    struct gv_engine_config config = {.alloc = ALLOC, .seed = 1};
    it->truth = new_engine(&config);
    if (bounds->secret) config.secret = secret;
    config.memory_max = bounds->memory_max;
    config.entries_max = bounds->entries_max;
    config.message_max = bounds->message_max;
    config.on_change = on_change;
    config.on_change_ctx = it;
    it->engine = new_engine(&config);
    assert_int_equal(gv_engine_join(it->engine, 0, names[0], names, NODES), 0);
    it->waiting = calloc(WAITING_MAX, sizeof *it->waiting);
    it->changes = calloc(CHANGES_MAX, sizeof *it->changes);
    assert_true(it->waiting != NULL && it->changes != NULL);
}

static void end(struct writer *it) {
    gv_engine_free(it->engine);
    gv_engine_free(it->truth);
    gv_store_batch_free(&it->batch, ALLOC);
    gv_disk_fini(&it->disk);
    free(it->waiting);
    free(it->changes);
}

static void write_local(struct writer *it) {
    struct sample *sample = &it->waiting[it->count];
    draw(&it->prng, sample, KEYS);
    it->version++;
    if (sample->entry.lattice == GV_LATTICE_COUNTER) sample->entry.count = it->version;
    if (sample->entry.lattice == GV_LATTICE_REGISTER) sample->entry.lamport = it->version;
    if (sample->entry.lattice == GV_LATTICE_LOG) { // values in the order of the versions
        char digits[24];
        snprintf(digits, sizeof digits, "%012" PRIu64, it->version);
        memcpy(sample->value + 1, digits, 12);
    }
    int error = gv_store_reserve(it->engine, &sample->entry);
    if (error != 0) {
        assert_int_equal(error, GV_EFULL);
        assert_int_equal(gv_engine_put(it->engine, 0, &sample->entry), GV_EFULL);
        it->refused++;
        return;
    }
    it->count++;
    it->admitted++;
}

// Receives an entry from a peer that may have a larger message_max.
static void receive(struct writer *it) {
    static struct sample sample;
    static char text[GV_MESSAGE_LIMIT];
    draw(&it->prng, &sample, KEYS);
    struct gv_message_writer out;
    struct gv_message message = {.sync = true};
    struct gv_json json;
    const char *fault;
    gv_json_init(&json, ALLOC, 0, 0);
    gv_message_begin(&out, &message, text, sizeof text);
    assert_true(gv_message_put(&out, &sample.entry, 0));
    size_t len = gv_message_end(&out, (struct gv_slice){NULL, 0});
    assert_true(gv_json_parse(&json, text, len) > 0);
    assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
    int error = gv_engine_receive(it->engine, 0, 1, &message);
    gv_json_fini(&json);
    assert_true(error == 0 || error == GV_EFULL);
    it->turned_down += error != 0;
    it->received += error == 0;
    if (error == 0) assert_true(gv_engine_put(it->truth, 0, &sample.entry) >= 0);
}

static void write_batch(struct writer *it) {
    assert_int_equal(it->disk.store.write(it->disk.store.ctx, &it->batch), 0);
    it->batch.len = it->batch.count = 0;
}

static void add_record(struct writer *it, const struct gv_entry *entry) {
    assert_int_equal(gv_store_batch_put(&it->batch, ALLOC, it->engine, entry), 0);
}

// Writes the changes and the local writes. Sometimes writing the latter fails, and they are not
// acknowledged.
static void commit(struct writer *it) {
    bool fails = gv_prng_below(&it->prng, 10) == 0;
    struct gv_entry changed;
    for (size_t i = 0; i < it->change_count; i++) {
        uint32_t at = it->changes[i];
        if (gv_engine_next(it->engine, &at, at + 1, &changed)) add_record(it, &changed);
    }
    it->change_count = 0;
    for (size_t i = 0; i < it->count && !fails; i++) add_record(it, &it->waiting[i].entry);
    write_batch(it);
    for (size_t i = 0; i < it->count; i++) {
        const struct gv_entry *entry = &it->waiting[i].entry;
        if (fails) {
            gv_store_release(it->engine, entry);
            continue;
        }
        assert_true(gv_store_apply(it->engine, 0, entry) >= 0);
        assert_true(gv_engine_put(it->truth, 0, entry) >= 0);
    }
    it->count = 0;
}

static void check_bounds(const struct writer *it) {
    struct gv_engine_stats stats = stats_of(it->engine);
    const struct bounds *bounds = &it->bounds;
    if (bounds->memory_max > 0) assert_true(stats.memory_bytes <= bounds->memory_max);
    if (bounds->entries_max > 0) assert_true(stats.entries <= bounds->entries_max);
}

static void write_many(struct writer *it, unsigned writes) {
    for (unsigned tries = 0; it->admitted < writes && tries < 4 * writes; tries++) {
        uint64_t what = gv_prng_below(&it->prng, 100);
        if (what < 80) {
            write_local(it);
        } else if (what < 90) {
            receive(it);
        }
        if (what >= 93 || it->count == WAITING_MAX) commit(it);
        if (tries % 16 == 0) check_bounds(it);
    }
    while (it->count > 0 || it->change_count > 0) commit(it);
    check_bounds(it);
    assert_true(same(it->engine, it->truth));
}

// ---- Later starts -------------------------------------------------------------------------------

// A node, with its log and its answers to c1.
struct party {
    struct gv_json json;
    struct gv_node *node;
    char log[2048], *buf;
    const char *answer;
};

static void note(void *ctx, const struct gv_log_record *record) {
    struct party *party = ctx;
    if (record->text == NULL) return;
    size_t len = strlen(party->log);
    snprintf(party->log + len, sizeof party->log - len, "%s\n", record->text);
}

static int start(struct party *party, const struct gv_store *store, const struct bounds *bounds) {
    *party = (struct party){.node = NULL};
    gv_json_init(&party->json, ALLOC, 0, 0);
    const struct gv_node_config config = {
        .workload = &gv_gset_workload,
        .alloc = ALLOC,
        .json = &party->json,
        .seed = 1,
        .incarnation = 1,
        .staleness_ms = 100,
        .message_max = bounds->message_max,
        .memory_max = bounds->memory_max,
        .entries_max = bounds->entries_max,
        .secret = bounds->secret ? secret : (struct gv_slice){NULL, 0},
        .store = store,
        .log = note,
        .log_ctx = party,
    };
    int error = gv_node_new(&party->node, &config);
    if (error == 0) party->buf = malloc(gv_node_send_min(party->node));
    return error;
}

static void stop(struct party *party) {
    gv_node_free(party->node);
    gv_json_fini(&party->json);
    free(party->buf);
}

static void request(struct party *party, gv_time now, const char *dest, const char *body) {
    char line[4096];
    int len =
        snprintf(line, sizeof line, "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":%s}", dest, body);
    gv_node_receive(party->node, now, line, (size_t)len);
}

// Delivers the messages of one node to the other, and keeps the answers to c1. True: there were
// some.
static bool carry(struct party *from, struct party *to, gv_time now) {
    size_t cap = gv_node_send_min(from->node), len;
    bool any = false;
    while (gv_node_ready(to->node) && (len = gv_node_send(from->node, now, from->buf, cap)) > 0) {
        any = true;
        char *line = from->buf, *last = line + len;
        for (char *stop_at; line < last; line = stop_at + 1) {
            stop_at = memchr(line, '\n', (size_t)(last - line));
            assert_non_null(stop_at);
            *stop_at = '\0';
            if (strstr(line, "\"dest\":\"c1\"") != NULL) {
                from->answer = line;
                return true;
            }
            int error = gv_node_receive(to->node, now, line, (size_t)(stop_at - line));
            assert_int_equal(error, 0);
        }
    }
    return any;
}

// Whether the node refuses this element with error 11, temporarily-unavailable.
static bool refuses(struct party *party, struct party *other, gv_time now, const char *element) {
    char body[3072];
    snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":5,\"element\":%s}", element);
    party->answer = NULL;
    while (carry(party, other, now) || carry(other, party, now)) continue;
    request(party, now, "n1", body);
    gv_node_drain(party->node);
    carry(party, other, now);
    assert_true(party->answer == NULL || strstr(party->answer, "\"in_reply_to\":5") != NULL);
    return party->answer != NULL && strstr(party->answer, "\"code\":11") != NULL;
}

// Starts a node with other bounds on the writer's disk: it serves all entries, an empty peer
// receives all of them, and the bounds apply to new writes.
static void check_start(struct writer *it, const struct bounds *bounds) {
    const struct bounds none = {.secret = bounds->secret};
    struct party party, peer;
    assert_int_equal(start(&party, &it->disk.store, bounds), 0);
    assert_int_equal(start(&peer, NULL, &none), 0);
    const struct gv_engine *engine = gv_node_engine(party.node);
    assert_true(same(engine, it->truth));
    struct gv_engine_stats stats = stats_of(engine);
    bool above_memory = bounds->memory_max > 0 && stats.memory_bytes > bounds->memory_max;
    bool above_entries = bounds->entries_max > 0 && stats.entries > bounds->entries_max;
    bool above_message = stats.entry_longest > stats.entry_max;
    assert_int_equal(strstr(party.log, "memory-max") != NULL, above_memory);
    assert_int_equal(strstr(party.log, "entries-max") != NULL, above_entries);
    assert_int_equal(strstr(party.log, "message-max") != NULL, above_message);

    const char *init =
        "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"%s\",\"node_ids\":[\"n1\",\"n2\"]}";
    char body[128];
    snprintf(body, sizeof body, init, "n1");
    request(&party, 0, "n1", body);
    snprintf(body, sizeof body, init, "n2");
    request(&peer, 0, "n2", body);
    gv_time now = 0;
    for (; !same(gv_node_engine(peer.node), it->truth); now += 10 * GV_MS) {
        assert_true(now < 60 * 1000 * GV_MS);
        gv_node_advance(party.node, now);
        gv_node_advance(peer.node, now);
        while (carry(&party, &peer, now) || carry(&peer, &party, now)) continue;
    }
    assert_true(same(engine, it->truth));
    assert_true(stats_of(gv_node_engine(peer.node)).refused_entries == 0);

    char element[2100];
    bool full = above_memory || (bounds->entries_max > 0 && stats.entries >= bounds->entries_max);
    bool nearly = bounds->memory_max > 0 && stats.memory_bytes + ALLOCATION > bounds->memory_max;
    if (full || !nearly) assert_int_equal(refuses(&party, &peer, now, "\"quite a new one\""), full);
    memset(element, 'y', sizeof element);
    element[0] = element[sizeof element - 2] = '"';
    element[sizeof element - 1] = '\0';
    if (full || stats.entry_max < sizeof element - 1)
        assert_true(refuses(&party, &peer, now, element));
    assert_null(strstr(party.log, "caller"));
    assert_null(strstr(peer.log, "caller"));
    stop(&party);
    stop(&peer);
}

static void check_writes(const struct bounds *bounds, unsigned writes, uint64_t stream) {
    struct writer writer;
    begin(&writer, bounds, stream);
    write_many(&writer, writes);
    bool bound = bounds->memory_max > 0 || bounds->entries_max > 0 || bounds->message_max > 0;
    print_message("%u admitted, %u refused, %u received, %u turned down\n", writer.admitted,
                  writer.refused, writer.received, writer.turned_down);
    if (bound) assert_true(writer.refused > 0);
    struct gv_engine_stats stats = stats_of(writer.engine);
    for (int which = 0; which < 16; which++) {
        struct bounds later = *bounds;
        if (which & 1) later.memory_max = stats.memory_bytes / 3;
        if (which & 2) later.entries_max = stats.entries / 3;
        if (which & 4) later.message_max = GV_ENGINE_MESSAGE_MIN + GV_AUTH_OVERHEAD;
        if (which & 8) later.secret = !bounds->secret;
        check_start(&writer, &later);
    }
    end(&writer);
}

static void writes_without_bounds_load_under_others(void **state) {
    (void)state;
    check_writes(&(struct bounds){0, 0, 0, false}, 3000, 0);
}

static void writes_under_memory_max_load(void **state) {
    (void)state;
    check_writes(&(struct bounds){3 << 20, 0, 0, false}, 2500, 1);
    check_writes(&(struct bounds){1 << 20, 0, 0, true}, 1500, 2);
}

static void writes_under_entries_max_load(void **state) {
    (void)state;
    check_writes(&(struct bounds){0, 700, 0, false}, 2000, 3);
}

static void writes_under_message_max_load(void **state) {
    (void)state;
    check_writes(&(struct bounds){0, 0, 4096, true}, 3000, 4);
}

static void writes_under_all_bounds_load(void **state) {
    (void)state;
    check_writes(&(struct bounds){2 << 20, 900, 16384, false}, 2000, 5);
}

// ---- Unequal bounds -----------------------------------------------------------------------------

struct trio {
    struct party parties[NODES];
    struct bounds bounds[NODES];
    struct gv_prng prng;
    struct gv_json json;
    int least;       // the node with the smallest bound
    unsigned longer; // messages longer than their sender's bound
};

// A message longer than its sender's bound has one entry and keeps to the protocol's limit.
static void check_message(struct trio *trio, int from, const char *line, size_t len) {
    struct gv_message message;
    struct gv_message_cursor cursor;
    struct gv_entry entry;
    const char *fault;
    static char scratch[TEXTS];
    int count = 0;
    assert_true(gv_json_parse(&trio->json, line, len) > 0);
    int body = gv_json_member(&trio->json, 0, "body");
    size_t bytes = gv_json_raw(&trio->json, body).len;
    size_t most = trio->bounds[from].message_max;
    if (bytes <= most) return;
    trio->longer++;
    assert_true(bytes <= GV_MESSAGE_LIMIT);
    assert_int_equal(gv_message_decode(&message, &trio->json, body, &fault), 0);
    gv_message_entries(&message, &cursor);
    while (gv_message_next(&cursor, &entry, scratch, sizeof scratch) > 0) count++;
    assert_int_equal(count, 1);
    assert_true(gv_entry_size(&entry) > most / 3);
}

static void deliver(struct trio *trio, int from, gv_time now) {
    struct party *sender = &trio->parties[from];
    size_t cap = gv_node_send_min(sender->node), len;
    while ((len = gv_node_send(sender->node, now, sender->buf, cap)) > 0) {
        char *line = sender->buf, *last = line + len;
        for (char *stop_at; line < last; line = stop_at + 1) {
            stop_at = memchr(line, '\n', (size_t)(last - line));
            assert_non_null(stop_at);
            *stop_at = '\0';
            const char *dest = strstr(line, "\"dest\":\"") + strlen("\"dest\":\"");
            if (dest[0] == 'c') continue;
            check_message(trio, from, line, (size_t)(stop_at - line));
            // The other two are not connected, so all entries pass the node with the smallest
            // bound.
            bool cut = from != trio->least && dest[1] - '1' != trio->least;
            if (cut || gv_prng_below(&trio->prng, 10) == 0) continue; // lost
            struct gv_node *node = trio->parties[dest[1] - '1'].node;
            if (!gv_node_ready(node)) continue;
            assert_int_equal(gv_node_receive(node, now, line, (size_t)(stop_at - line)), 0);
        }
    }
}

static bool all_equal(const struct trio *trio, uint64_t count) {
    for (int i = 0; i < NODES; i++) {
        const struct gv_engine *engine = gv_node_engine(trio->parties[i].node);
        if (gv_engine_root(engine).count != count) return false;
        if (i > 0 && !same(engine, gv_node_engine(trio->parties[0].node))) return false;
    }
    return true;
}

// Writes a value of random length, at most `most` bytes, at a node; with a disk, in the store of an
// earlier incarnation of the node.
static void write_one(struct trio *trio, int node, uint64_t count, size_t most, gv_time now,
                      struct gv_disk *disk) {
    static char element[4000], body[4096];
    if (most > sizeof element) most = sizeof element;
    struct gv_slice text = string_of(element, count, 20 + gv_prng_below(&trio->prng, most - 20));
    if (disk == NULL) {
        snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":2,\"element\":%.*s}",
                 (int)text.len, (const char *)text.data);
        char dest[] = {'n', (char)('1' + node), '\0'};
        request(&trio->parties[node], now, dest, body);
        return;
    }
    const struct gv_engine_config config = {.alloc = ALLOC};
    const struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = text};
    struct gv_engine *writer = new_engine(&config);
    struct gv_store_batch batch = {0};
    assert_int_equal(gv_store_batch_put(&batch, ALLOC, writer, &entry), 0);
    assert_int_equal(disk->store.write(disk->store.ctx, &batch), 0);
    gv_store_batch_free(&batch, ALLOC);
    gv_engine_free(writer);
}

static void store(struct party *party, struct gv_disk *disk, gv_time now) {
    const struct gv_store_batch *batch = gv_node_batch(party->node, now);
    if (batch == NULL) return;
    assert_int_equal(disk->store.write(disk->store.ctx, batch), 0);
    gv_node_written(party->node, now, 0, NULL);
}

// Each node writes the longest values that it accepts, some of them in an earlier incarnation.
static void check_unequal(int least, bool sealed, uint32_t values) {
    struct trio trio = {.least = least};
    gv_prng_init(&trio.prng, gv_test_seed(), 100 + (uint64_t)least);
    gv_json_init(&trio.json, ALLOC, 0, 0);
    gv_time now = 0;
    uint64_t count = 0;
    struct gv_disk disks[NODES];
    size_t most[NODES];
    for (int i = 0; i < NODES; i++) {
        size_t small = GV_ENGINE_MESSAGE_MIN + (sealed ? GV_AUTH_OVERHEAD : 0);
        trio.bounds[i].message_max = i == least ? small : GV_MESSAGE_LIMIT;
        trio.bounds[i].secret = sealed;
        most[i] = i == least ? 300 : GV_MESSAGE_LIMIT;
        gv_disk_init(&disks[i], GV_DISK_SYNC, gv_test_seed(), (uint64_t)i);
        for (uint32_t v = 0; v < values / 2; v++, count++)
            write_one(&trio, i, count, most[i], now, &disks[i]);
        assert_int_equal(start(&trio.parties[i], &disks[i].store, &trio.bounds[i]), 0);
        char dest[] = {'n', (char)('1' + i), '\0'}, body[128];
        snprintf(body, sizeof body,
                 "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"%s\","
                 "\"node_ids\":[\"n1\",\"n2\",\"n3\"]}",
                 dest);
        request(&trio.parties[i], now, dest, body);
    }
    for (uint32_t v = values / 2; v < values; v++) {
        for (int i = 0; i < NODES; i++, count++) {
            deliver(&trio, i, now); // the node is then ready
            write_one(&trio, i, count, most[i], now, NULL);
        }
        if (v % 8 == 0) now += 20 * GV_MS;
        for (int i = 0; i < NODES; i++) {
            store(&trio.parties[i], &disks[i], now);
            deliver(&trio, i, now);
        }
    }
    for (; !all_equal(&trio, count); now += 10 * GV_MS) {
        assert_true(now < 120 * 1000 * GV_MS);
        for (int i = 0; i < NODES; i++) {
            gv_node_advance(trio.parties[i].node, now);
            store(&trio.parties[i], &disks[i], now);
            deliver(&trio, i, now);
        }
    }
    assert_true(trio.longer > 0);
    for (int i = 0; i < NODES; i++) {
        assert_null(strstr(trio.parties[i].log, "caller"));
        stop(&trio.parties[i]);
        gv_disk_fini(&disks[i]);
    }
    gv_json_fini(&trio.json);
}

static void unequal_message_bounds_converge(void **state) {
    (void)state;
    for (int least = 0; least < NODES; least++)
        for (int sealed = 0; sealed < 2; sealed++) check_unequal(least, sealed != 0, 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_without_bounds_load_under_others),
        cmocka_unit_test(writes_under_memory_max_load),
        cmocka_unit_test(writes_under_entries_max_load),
        cmocka_unit_test(writes_under_message_max_load),
        cmocka_unit_test(writes_under_all_bounds_load),
        cmocka_unit_test(unequal_message_bounds_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
