// SPDX-License-Identifier: MIT
// A node with a store: when it replies, what peers receive before its reply, and what happens if
// the store fails.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../sim/core/disk.h"
#include "../lib/solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TO "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{\"type\":\""
#define OK(type, id) TO type "\",\"in_reply_to\":" id "}}\n"

// A store in memory.
struct memory {
    struct gv_store store;
    struct gv_store_batch batches[256];
    size_t count;
    uint32_t records; // number of records in the last batch
};

static int memory_load(void *ctx, int (*take)(void *, const struct gv_store_record *),
                       void *take_ctx) {
    struct memory *memory = ctx;
    int error = 0;
    for (size_t i = 0; i < memory->count && error == 0; i++) {
        struct gv_store_record record;
        for (size_t at = 0; error == 0 && gv_store_batch_next(&memory->batches[i], &at, &record);)
            error = take(take_ctx, &record);
    }
    return error;
}

static void keep(struct memory *memory, const struct gv_store_batch *batch) {
    assert_true(memory->count < 256);
    memory->records = batch->count;
    struct gv_store_batch copy = {.len = batch->len, .cap = batch->len + 1, .count = batch->count};
    copy.data = gv_base_malloc().resize(NULL, NULL, 0, copy.cap);
    assert_non_null(copy.data);
    if (batch->len > 0) memcpy(copy.data, batch->data, batch->len);
    memory->batches[memory->count++] = copy;
}

static void drop(struct memory *memory) {
    for (size_t i = 0; i < memory->count; i++)
        gv_store_batch_free(&memory->batches[i], gv_base_malloc());
    memory->count = 0;
}

static void start(struct gv_solo *solo, struct memory *memory, const struct gv_workload *workload,
                  enum gv_durability durability) {
    gv_solo_config(solo, workload);
    memory->store = (struct gv_store){.ctx = memory, .load = memory_load};
    solo->config.store = &memory->store;
    solo->config.durability = durability;
    solo->config.commit_ms = 100;
    solo->config.staleness_ms = 0;
    gv_solo_start(solo);
    const char *answer = gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                                               "\"node_ids\":[\"n1\",\"n2\"]}");
    assert_non_null(strstr(answer, "init_ok"));
    gv_solo_clear(solo);
}

// Writes the next batch, or makes the write fail; returns whether there was a batch.
static bool commit(struct gv_solo *solo, struct memory *memory, int error) {
    const struct gv_store_batch *batch = gv_node_batch(solo->node, solo->now);
    if (batch == NULL) return false;
    if (error == 0) keep(memory, batch);
    gv_node_written(solo->node, solo->now, error, error == 0 ? NULL : "no space left");
    return true;
}

static const char *add(struct gv_solo *solo, int id, int value) {
    char body[128];
    snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":%d,\"%s\":%d}", id,
             solo->config.workload == &gv_counter_workload ? "delta" : "element", value);
    return gv_solo_request(solo, body);
}

static bool reads(struct gv_solo *solo, const char *value) {
    char want[128];
    snprintf(want, sizeof want, TO "read_ok\",\"in_reply_to\":9,\"value\":%s}}\n", value);
    return strstr(gv_solo_request(solo, "{\"type\":\"read\",\"msg_id\":9}"), want) != NULL;
}

// No client, reader or peer sees a write before the store has it.
static void test_before(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_gset_workload, GV_DURABILITY_SYNC);
    assert_null(strstr(add(&solo, 2, 17), "add_ok"));
    solo.now += 1000 * GV_MS;
    gv_node_advance(solo.node, solo.now);
    gv_solo_send(&solo);
    assert_null(strstr(solo.out, "[17]"));
    assert_true(reads(&solo, "[]"));

    // While a batch is being written, further writes go into the next batch.
    const struct gv_store_batch *batch = gv_node_batch(solo.node, solo.now);
    assert_non_null(batch);
    assert_int_equal(batch->count, 1);
    assert_null(strstr(add(&solo, 3, 18), "add_ok"));
    assert_null(strstr(add(&solo, 4, 19), "add_ok"));
    assert_null(gv_node_batch(solo.node, solo.now));
    assert_true(reads(&solo, "[]"));
    keep(&memory, batch);
    gv_solo_clear(&solo);
    gv_node_written(solo.node, solo.now, 0, NULL);
    gv_solo_send(&solo);
    assert_non_null(strstr(solo.out, OK("add_ok", "2")));
    assert_null(strstr(solo.out, OK("add_ok", "3")));
    assert_non_null(strstr(solo.out, "\"set\":[17]")); // sent to n2
    assert_true(reads(&solo, "[17]"));

    assert_true(commit(&solo, &memory, 0));
    assert_int_equal(memory.records, 2);
    gv_solo_clear(&solo);
    gv_solo_send(&solo);
    assert_non_null(strstr(solo.out, OK("add_ok", "3") OK("add_ok", "4")));
    assert_true(reads(&solo, "[17,18,19]"));
    assert_false(commit(&solo, &memory, 0));
    assert_true(gv_node_drain(solo.node) && gv_node_all_persisted(solo.node));
    gv_solo_stop(&solo);
    drop(&memory);
}

static void test_counter_incarnations(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_counter_workload, GV_DURABILITY_SYNC);
    add(&solo, 2, 5);
    add(&solo, 3, 6); // added before the first batch is written
    add(&solo, 4, -2);
    assert_true(commit(&solo, &memory, 0));
    assert_true(reads(&solo, "9"));
    gv_solo_stop(&solo);

    start(&solo, &memory, &gv_counter_workload, GV_DURABILITY_SYNC);
    assert_true(reads(&solo, "9"));
    add(&solo, 2, 1);
    add(&solo, 3, -1);
    assert_true(commit(&solo, &memory, 0));
    assert_true(reads(&solo, "9"));
    struct gv_engine_stats stats;
    gv_engine_stats(gv_node_engine(solo.node), &stats);
    assert_int_equal(stats.entries, 2); // the same incarnation, so the same two entries
    gv_solo_stop(&solo);
    drop(&memory);
}

static void test_failure(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_counter_workload, GV_DURABILITY_SYNC);
    add(&solo, 2, 5);
    assert_true(commit(&solo, &memory, 0));
    gv_solo_send(&solo);

    add(&solo, 3, 10);
    const struct gv_store_batch *batch = gv_node_batch(solo.node, solo.now);
    assert_non_null(batch);
    add(&solo, 4, 100); // the count includes a write that fails
    gv_solo_clear(&solo);
    gv_node_written(solo.node, solo.now, GV_EFULL, "no space left");
    gv_solo_send(&solo);
    const char *third = strstr(solo.out, "\"in_reply_to\":3,\"code\":11,\"text\":\"not stored: no "
                                         "space left\"");
    assert_non_null(third);
    assert_non_null(strstr(third, "\"in_reply_to\":4,\"code\":11"));
    assert_string_equal(solo.log, "n1: store: no space left; the write will be retried\n");
    // While the store fails, reads work and writes do not.
    assert_non_null(strstr(add(&solo, 5, 1), "\"code\":11,\"text\":\"add: not stored: no space"));
    assert_true(reads(&solo, "5"));
    assert_null(gv_node_batch(solo.node, solo.now));
    assert_true(gv_node_drain(solo.node));
    assert_false(gv_node_all_persisted(solo.node));

    // The node retries without being asked, and logs the failure once.
    assert_true(gv_node_deadline(solo.node) <= solo.now + 500 * GV_MS);
    solo.now += 500 * GV_MS;
    gv_solo_clear(&solo);
    assert_true(commit(&solo, &memory, GV_EIO));
    assert_string_equal(solo.log, "");
    solo.now += 500 * GV_MS;
    assert_true(commit(&solo, &memory, 0));
    assert_string_equal(solo.log, "n1: store: works again\n");
    add(&solo, 6, 3);
    assert_true(commit(&solo, &memory, 0));
    assert_true(reads(&solo, "8"));
    gv_solo_stop(&solo);
    drop(&memory);
}

// With asynchronous writes, a write is acknowledged immediately and stored within the delay.
static void test_async(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_gset_workload, GV_DURABILITY_ASYNC);
    assert_non_null(strstr(add(&solo, 2, 17), OK("add_ok", "2")));
    add(&solo, 3, 18);
    assert_null(gv_node_batch(solo.node, solo.now));
    assert_true(gv_node_deadline(solo.node) <= solo.now + 100 * GV_MS);
    solo.now += 100 * GV_MS;
    assert_true(commit(&solo, &memory, 0));
    assert_int_equal(memory.records, 2);
    assert_false(commit(&solo, &memory, 0));
    // Before a shutdown, changes are written without delay.
    add(&solo, 4, 19);
    assert_false(commit(&solo, &memory, 0));
    assert_false(gv_node_drain(solo.node));
    assert_true(commit(&solo, &memory, 0));
    assert_true(gv_node_drain(solo.node) && gv_node_all_persisted(solo.node));
    gv_solo_stop(&solo);

    start(&solo, &memory, &gv_gset_workload, GV_DURABILITY_ASYNC);
    assert_true(reads(&solo, "[17,18,19]"));
    gv_solo_stop(&solo);
    drop(&memory);
}

// Receives messages with `count` values of a peer.
static void receive(struct gv_solo *solo, int first, int count) {
    static char line[1 << 16];
    for (int i = 0; i < count;) {
        size_t len =
            (size_t)snprintf(line, sizeof line,
                             "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\""
                             ",\"v\":2,\"entries\":[{\"set\":[");
        for (int n = 0; n < 5000 && i < count; n++, i++)
            len += (size_t)snprintf(line + len, sizeof line - len, "%s%d", n > 0 ? "," : "",
                                    first + i);
        len += (size_t)snprintf(line + len, sizeof line - len, "]}]}}");
        assert_true(gv_node_ready(solo->node));
        assert_int_equal(gv_solo_receive(solo, line, len), 0);
    }
}

static void check_stored(struct memory *memory, uint64_t count) {
    struct gv_solo solo;
    start(&solo, memory, &gv_gset_workload, GV_DURABILITY_SYNC);
    struct gv_engine_stats stats;
    gv_engine_stats(gv_node_engine(solo.node), &stats);
    assert_int_equal(stats.entries, count);
    gv_solo_stop(&solo);
}

static void test_peers(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_gset_workload, GV_DURABILITY_SYNC);
    receive(&solo, 0, 30000);
    assert_false(commit(&solo, &memory, 0)); // the change waits to join a batch
    add(&solo, 2, 30000);
    assert_true(commit(&solo, &memory, 0));
    assert_int_equal(memory.records, 30001);
    solo.now += 100 * GV_MS;
    assert_false(commit(&solo, &memory, 0));

    // While the store fails, there are more changes than the node lists one by one.
    receive(&solo, 40000, 10);
    solo.now += 100 * GV_MS;
    assert_true(commit(&solo, &memory, GV_EIO));
    receive(&solo, 50000, 200000);
    while (solo.now += 500 * GV_MS, commit(&solo, &memory, 0)) continue;
    assert_true(gv_node_all_persisted(solo.node));
    gv_solo_stop(&solo);
    check_stored(&memory, 230011);
    drop(&memory);
}

// The number of writes that wait for the store is limited.
static void test_bound(void **state) {
    (void)state;
    struct memory memory = {0};
    struct gv_solo solo;
    start(&solo, &memory, &gv_gset_workload, GV_DURABILITY_SYNC);
    int added = 0;
    while (gv_node_ready(solo.node) && added < 100000) {
        char body[128];
        snprintf(body, sizeof body, "{\"type\":\"add\",\"msg_id\":2,\"element\":%d}", added++);
        const char *line = gv_solo_line(body);
        gv_solo_receive(&solo, line, strlen(line));
    }
    assert_true(added > 1000 && added < 100000);
    assert_true(commit(&solo, &memory, 0));
    gv_solo_clear(&solo);
    gv_solo_send(&solo);
    assert_true(gv_node_ready(solo.node));
    int answers = 0;
    for (const char *at = solo.out; (at = strstr(at, "add_ok")) != NULL; at++) answers++;
    assert_int_equal(answers, added);
    gv_solo_stop(&solo);
    drop(&memory);
}

// Memory is exhausted at each allocation in turn. Acknowledged writes must be in the store.
struct allowance {
    unsigned left;
};

static void *scarce_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct allowance *allowance = ctx;
    if (new_size > old_size) {
        if (allowance->left == 0) return NULL;
        allowance->left--;
    }
    return gv_base_malloc().resize(NULL, block, old_size, new_size);
}

static void test_out_of_memory(void **state) {
    (void)state;
    bool whole = false;
    for (unsigned limit = 0; !whole && limit < 200; limit++) {
        struct allowance allowance = {limit};
        struct memory memory = {.store = {.ctx = &memory, .load = memory_load}};
        struct gv_solo solo;
        gv_solo_config(&solo, &gv_gset_workload);
        solo.config.alloc = (struct gv_alloc){scarce_resize, &allowance};
        solo.config.store = &memory.store;
        gv_json_init(&solo.json, gv_base_malloc(), 0, 0);
        gv_solo_clear(&solo);
        if (gv_node_new(&solo.node, &solo.config) == 0) {
            gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                                   "\"node_ids\":[\"n1\"]}");
            bool joined = strstr(solo.out, "init_ok") != NULL;
            add(&solo, 2, 42);
            commit(&solo, &memory, 0);
            gv_solo_send(&solo);
            bool acked = strstr(solo.out, OK("add_ok", "2")) != NULL;
            assert_true(!acked || memory.records == 1);
            whole = joined && acked;
        }
        gv_solo_stop(&solo);
        drop(&memory);
    }
    assert_true(whole);
}

// ---- A peer that writes to this node's entries -------------------------------------------------

// A counter, its expected value, and the adds without a reply, by their ids.
struct meddled {
    struct gv_solo solo;
    struct memory memory;
    struct gv_prng prng;
    bool stored;
    enum gv_durability durability;
    int64_t value, open[4096];
    int64_t unsure;  // sum of the adds that may or may not be counted
    int first, next; // ids without a reply: first to next − 1; their index is 10 less
    unsigned raised, failed;
};

static void begin(struct meddled *it) {
    if (it->stored) {
        start(&it->solo, &it->memory, &gv_counter_workload, it->durability);
        return;
    }
    gv_solo_init(&it->solo, &gv_counter_workload);
}

// Reads the replies.
static void note_answers(struct meddled *it) {
    for (const char *at = it->solo.out; (at = strstr(at, "\"in_reply_to\":")) != NULL;) {
        at += strlen("\"in_reply_to\":");
        int id = (int)strtol(at, NULL, 10);
        if (id < 10) continue;
        bool ok = strncmp(at - strlen("add_ok\",\"in_reply_to\":"), "add_ok", 6) == 0;
        if (ok) it->value += it->open[id - 10];
        it->failed += !ok;
        bool partly = strncmp(at + strcspn(at, ","), ",\"code\":13", 10) == 0;
        if (partly) it->unsure += llabs(it->open[id - 10]);
        it->open[id - 10] = 0;
    }
    gv_solo_clear(&it->solo);
}

static void add_some(struct meddled *it) {
    int64_t delta = (int64_t)gv_prng_below(&it->prng, 21) - 10;
    assert_true(it->next < 4096);
    it->open[it->next] = delta;
    add(&it->solo, 10 + it->next++, (int)delta);
    note_answers(it);
}

// The peer raises one of the node's entries, by a little or a lot.
static void meddle(struct meddled *it) {
    const struct gv_engine *engine = gv_node_engine(it->solo.node);
    struct gv_entry entry;
    uint32_t cursor = 0, end = gv_engine_end(engine);
    char line[512];
    uint64_t count = 0;
    unsigned seen = 0;
    while (gv_engine_next(engine, &cursor, end, &entry)) {
        if (entry.count > UINT64_MAX - 1000) continue;      // at its maximum
        if (gv_prng_below(&it->prng, ++seen) > 0) continue; // chooses a random entry
        uint64_t by = 1 + gv_prng_below(&it->prng, gv_prng_below(&it->prng, 2) > 0 ? 1000 : 8);
        bool up = entry.key.data[entry.key.len - 3] == '+';
        count = (up ? 1 : (uint64_t)0 - 1) * by;
        snprintf(line, sizeof line,
                 "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":%d,"
                 "\"entries\":[{\"counter\":[[%.*s,%" PRIu64 "]]}]}}",
                 GV_MESSAGE_VERSION, (int)entry.key.len, (const char *)entry.key.data,
                 entry.count + by);
    }
    if (seen == 0) return;
    gv_solo_exchange(&it->solo, line);
    it->value += (int64_t)count;
    it->raised++;
    note_answers(it);
}

// The peer writes to entries of the generations that the node would use next.
static void meddle_ahead(struct meddled *it) {
    struct gv_prng row;
    char line[512];
    gv_prng_init(&row, 7, 1 + gv_prng_below(&it->prng, 3)); // the incarnation of gv_solo_init
    bool up = gv_prng_below(&it->prng, 2) == 0;
    uint64_t count = UINT64_MAX - gv_prng_below(&it->prng, 3);
    struct gv_entry key = {.lattice = GV_LATTICE_COUNTER}, held = {0};
    char text[64];
    int len = snprintf(text, sizeof text, "[\"n1\",%" PRIu64 ",\"%c\"]", gv_prng_next(&row),
                       up ? '+' : '-');
    key.key = (struct gv_slice){(const uint8_t *)text, (size_t)len};
    if (gv_engine_get(gv_node_engine(it->solo.node), &key, &held) && held.count >= count) return;
    snprintf(line, sizeof line,
             "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":%d,"
             "\"entries\":[{\"counter\":[[%s,%" PRIu64 "]]}]}}",
             GV_MESSAGE_VERSION, text, count);
    gv_solo_exchange(&it->solo, line);
    uint64_t by = count - held.count;
    it->value = (int64_t)((uint64_t)it->value + (up ? by : 0 - by));
    it->raised++;
    note_answers(it);
}

// The sum of the replica modulo 2^64, in which saturation cannot hide an error.
static int64_t sum_of(const struct gv_solo *solo) {
    const struct gv_engine *engine = gv_node_engine(solo->node);
    struct gv_entry entry;
    uint64_t sum = 0;
    uint32_t cursor = 0, end = gv_engine_end(engine);
    while (gv_engine_next(engine, &cursor, end, &entry))
        sum += entry.key.data[entry.key.len - 3] == '+' ? entry.count : 0 - entry.count;
    return (int64_t)sum;
}

static void settle(struct meddled *it) {
    for (int i = 0; i < 20; i++) {
        it->solo.now += 1000 * GV_MS;
        gv_node_advance(it->solo.node, it->solo.now);
        if (it->stored) commit(&it->solo, &it->memory, 0);
        gv_solo_send(&it->solo);
        note_answers(it);
    }
    const char *answer = gv_solo_request(&it->solo, "{\"type\":\"read\",\"msg_id\":9}");
    answer = strstr(answer, "\"value\":");
    assert_non_null(answer);
    int64_t read = strtoll(answer + strlen("\"value\":"), NULL, 10), value = sum_of(&it->solo);
    assert_true(read == value || read == INT64_MAX || read == INT64_MIN);
    uint64_t off = (uint64_t)value - (uint64_t)it->value;
    assert_true(llabs((int64_t)off) <= it->unsure);
    it->value = value;
    it->unsure = 0;
    for (int id = 0; id < it->next; id++) assert_int_equal(it->open[id], 0);
}

// A peer raises this node's entries at random. All acknowledged adds are still counted.
static void check_meddled(bool stored, enum gv_durability durability) {
    struct meddled *it = calloc(1, sizeof *it);
    assert_non_null(it);
    it->stored = stored;
    it->durability = durability;
    gv_prng_init(&it->prng, gv_test_seed(), 10 * stored + (uint64_t)durability);
    begin(it);
    for (int i = 0; i < 4000; i++) {
        uint64_t what = gv_prng_below(&it->prng, 100);
        if (what < 40) {
            add_some(it);
        } else if (what < 50) {
            meddle(it);
        } else if (what == 98) {
            meddle_ahead(it);
        } else if (stored && what < 70) { // a batch is being written while requests arrive
            const struct gv_store_batch *batch = gv_node_batch(it->solo.node, it->solo.now);
            if (batch == NULL) continue;
            for (uint64_t n = gv_prng_below(&it->prng, 4); n > 0; n--)
                gv_prng_below(&it->prng, 3) > 0 ? add_some(it) : meddle(it);
            bool fails = gv_prng_below(&it->prng, 8) == 0;
            if (!fails) keep(&it->memory, batch);
            gv_node_written(it->solo.node, it->solo.now, fails ? GV_EIO : 0, fails ? "no" : NULL);
            gv_solo_send(&it->solo);
            note_answers(it);
        } else if (what == 99) {
            settle(it);
            if (!stored || gv_prng_below(&it->prng, 2) > 0) continue;
            gv_solo_stop(&it->solo);
            begin(it);
            settle(it);
        }
        if (it->memory.count < 200) continue;
        settle(it);
        break;
    }
    settle(it);
    assert_true(it->raised > 20 && (!stored || durability != GV_DURABILITY_SYNC || it->failed > 0));
    gv_solo_stop(&it->solo);
    drop(&it->memory);
    free(it);
}

// The entries of the next generation are already full: the node uses the generation after that.
static void test_meddled_ahead(void **state) {
    (void)state;
    struct meddled *it = calloc(1, sizeof *it);
    assert_non_null(it);
    begin(it);
    add(&it->solo, 10, 1);
    for (int row = 1; row >= 0; row--) {
        struct gv_prng prng;
        char line[512];
        gv_prng_init(&prng, 7, (uint64_t)row);
        snprintf(line, sizeof line,
                 "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":%d,"
                 "\"entries\":[{\"counter\":[[[\"n1\",%" PRIu64 ",\"+\"],%" PRIu64 "]]}]}}",
                 GV_MESSAGE_VERSION, row == 0 ? UINT64_C(7) : gv_prng_next(&prng),
                 row == 0 ? UINT64_C(100) : UINT64_MAX);
        gv_solo_exchange(&it->solo, line);
    }
    it->value = 99;
    gv_solo_clear(&it->solo);
    settle(it);
    it->solo.log[0] = '\0';
    add(&it->solo, 11, 5);
    assert_non_null(strstr(it->solo.log, "a peer has raised a counter of this node"));
    it->value = 104;
    gv_solo_clear(&it->solo);
    settle(it);
    gv_solo_stop(&it->solo);
    free(it);
}

static void test_meddled_counter(void **state) {
    (void)state;
    check_meddled(false, GV_DURABILITY_SYNC);
    check_meddled(true, GV_DURABILITY_SYNC);
    check_meddled(true, GV_DURABILITY_ASYNC);
}

// ---- The store keeps the merge of all that was written to it -----------------------------------

// A node whose store replaces records, as LMDB does. The model is two engines without a store.
struct replaced {
    struct gv_solo solo;
    struct gv_disk disk;
    struct gv_prng prng;
    struct gv_engine *stored; // all records written
    struct gv_engine *merged; // the same records, and all entries received since the start
    int next;
    unsigned writes, failures, kills;
};

static struct gv_engine *new_model(void) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = gv_base_malloc()};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    return engine;
}

static void check_equal(const struct gv_engine *a, const struct gv_engine *b) {
    assert_true(gv_engine_root(a).count == gv_engine_root(b).count);
    struct gv_entry entry, other;
    for (uint32_t at = 0, end = gv_engine_end(a); gv_engine_next(a, &at, end, &entry);) {
        assert_true(gv_engine_get(b, &entry, &other));
        assert_true(entry.count == other.count);
    }
}

static void check_disk(struct replaced *it) {
    struct gv_engine *loaded = new_model();
    assert_int_equal(gv_store_load(&it->disk.store, loaded), 0);
    check_equal(loaded, it->stored);
    gv_engine_free(loaded);
}

static void start_replaced(struct replaced *it) {
    gv_solo_config(&it->solo, &gv_counter_workload);
    it->solo.config.store = &it->disk.store;
    it->solo.config.commit_ms = 100;
    gv_solo_start(&it->solo);
    gv_solo_request(&it->solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                               "\"node_ids\":[\"n1\",\"n2\"]}");
    it->merged = new_model();
    assert_int_equal(gv_store_load(&it->disk.store, it->merged), 0);
}

// The peer has a larger version of an entry of this node, or an entry of its own.
static void receive_larger(struct replaced *it) {
    char key[128] = "[\"n2\",7,\"+\"]", line[512];
    struct gv_entry entry = {.lattice = GV_LATTICE_COUNTER}, held;
    const struct gv_engine *engine = gv_node_engine(it->solo.node);
    uint32_t at = 0, end = gv_engine_end(engine);
    for (uint64_t skip = gv_prng_below(&it->prng, 4); gv_engine_next(engine, &at, end, &held);) {
        snprintf(key, sizeof key, "%.*s", (int)held.key.len, (const char *)held.key.data);
        if (skip-- == 0) break;
    }
    entry.key = gv_slice_of(key, strlen(key));
    entry.count = 1 + gv_prng_below(&it->prng, 30);
    if (gv_engine_get(engine, &entry, &held)) entry.count += held.count;
    snprintf(line, sizeof line,
             "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":%d,"
             "\"entries\":[{\"counter\":[[%s,%" PRIu64 "]]}]}}",
             GV_MESSAGE_VERSION, key, entry.count);
    gv_solo_exchange(&it->solo, line);
    assert_int_equal(gv_engine_put(it->merged, 0, &entry), 1);
}

static void write_replaced(struct replaced *it, const struct gv_store_batch *batch) {
    static uint8_t scratch[GV_STORE_SCRATCH];
    struct gv_store_record record;
    struct gv_entry entry;
    assert_int_equal(it->disk.store.write(it->disk.store.ctx, batch), 0);
    for (size_t at = 0; gv_store_batch_next(batch, &at, &record);) {
        assert_int_equal(gv_store_decode(&record, scratch, &entry), 0);
        assert_true(gv_engine_put(it->stored, 0, &entry) >= 0);
        assert_true(gv_engine_put(it->merged, 0, &entry) >= 0);
    }
    it->writes++;
    check_disk(it);
}

// Forms a batch. Requests and messages arrive while it is written. Then the batch is stored, or the
// write fails, or the node is killed.
static void commit_replaced(struct replaced *it) {
    const struct gv_store_batch *batch = gv_node_batch(it->solo.node, it->solo.now);
    if (batch == NULL) return;
    for (uint64_t n = gv_prng_below(&it->prng, 4); n > 0; n--) {
        if (gv_prng_below(&it->prng, 2) > 0) receive_larger(it);
        add(&it->solo, it->next++, (int)gv_prng_below(&it->prng, 21) - 10);
    }
    bool fails = gv_prng_below(&it->prng, 8) == 0;
    if (!fails) write_replaced(it, batch);
    if (gv_prng_below(&it->prng, 10) == 0) {
        it->kills++;
        gv_solo_stop(&it->solo);
        gv_engine_free(it->merged);
        start_replaced(it);
    } else {
        it->failures += fails;
        gv_node_written(it->solo.node, it->solo.now, fails ? GV_EIO : 0, fails ? "no" : NULL);
    }
    gv_solo_send(&it->solo);
}

static void test_replaced(void **state) {
    (void)state;
    struct replaced *it = calloc(1, sizeof *it);
    assert_non_null(it);
    gv_prng_init(&it->prng, gv_test_seed(), 77);
    gv_disk_init(&it->disk, GV_DISK_SYNC, gv_test_seed(), 77);
    it->stored = new_model();
    it->next = 10;
    start_replaced(it);
    for (int i = 0; i < 4000; i++) {
        uint64_t what = gv_prng_below(&it->prng, 10);
        if (what < 4) add(&it->solo, it->next++, (int)gv_prng_below(&it->prng, 21) - 10);
        if (what == 4) receive_larger(it);
        if (what == 5) it->solo.now += gv_prng_below(&it->prng, 200) * GV_MS;
        if (what > 5) commit_replaced(it);
        gv_solo_clear(&it->solo);
        check_equal(gv_node_engine(it->solo.node), it->merged);
        if (gv_node_all_persisted(it->solo.node)) check_equal(it->merged, it->stored);
    }
    assert_true(it->writes > 100 && it->failures > 5 && it->kills > 5);
    gv_solo_stop(&it->solo);
    gv_engine_free(it->stored);
    gv_engine_free(it->merged);
    gv_disk_fini(&it->disk);
    free(it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meddled_counter), cmocka_unit_test(test_meddled_ahead),
        cmocka_unit_test(test_before),          cmocka_unit_test(test_counter_incarnations),
        cmocka_unit_test(test_failure),         cmocka_unit_test(test_async),
        cmocka_unit_test(test_peers),           cmocka_unit_test(test_bound),
        cmocka_unit_test(test_out_of_memory),   cmocka_unit_test(test_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
