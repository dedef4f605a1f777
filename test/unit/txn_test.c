// SPDX-License-Identifier: MIT
// Tests of transactions: the replies of a node, the writes that other nodes see, and the writes
// that survive a crash.
#include "../lib/test.h"

#include "../../engine/offset.h"
#include "../../engine/prng.h"
#include "../../sim/core/disk.h"
#include "../lib/meter.h"
#include "../lib/solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE (UINT64_C(1800000000) * 1000 * GV_MS) // the wall clock's time at the start

enum { NODES = 3, LINE = 1 << 17 };

// ---- Nodes --------------------------------------------------------------------------------------

// A cluster of nodes n1, n2, n3. Their monotonic clocks are equal.
struct cluster {
    struct gv_solo nodes[NODES];
    bool runs[NODES];
    gv_time now;
    uint32_t staleness_ms;
    bool drops_updates; // messages of type gossip that have entries are lost
};

static void start_with(struct cluster *cluster, int index, uint64_t incarnation,
                       const struct gv_store *store, uint64_t wall) {
    struct gv_solo *solo = &cluster->nodes[index];
    gv_solo_config(solo, &gv_txn_workload);
    solo->now = cluster->now;
    solo->config.incarnation = solo->config.seed = incarnation;
    solo->config.wall_offset = wall - cluster->now;
    solo->config.staleness_ms = cluster->staleness_ms;
    solo->config.store = store;
    solo->config.commit_ms = 100;
    gv_solo_start(solo);
    char line[256];
    snprintf(line, sizeof line,
             "{\"src\":\"c1\",\"dest\":\"n%d\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
             "\"node_id\":\"n%d\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}}",
             index + 1, index + 1);
    assert_non_null(strstr(gv_solo_exchange(solo, line), "init_ok"));
    cluster->runs[index] = true;
}

static void start(struct cluster *cluster, uint32_t staleness_ms) {
    *cluster = (struct cluster){.now = 1000 * GV_MS, .staleness_ms = staleness_ms};
    for (int i = 0; i < NODES; i++) start_with(cluster, i, 100 + (uint64_t)i, NULL, DATE);
}

static void stop(struct cluster *cluster, int index) {
    if (cluster->runs[index]) gv_solo_stop(&cluster->nodes[index]);
    cluster->runs[index] = false;
}

static void stop_all(struct cluster *cluster) {
    for (int i = 0; i < NODES; i++) stop(cluster, i);
}

static void deliver(struct cluster *cluster, const char *line, size_t len) {
    const char *dest = strstr(line, "\"dest\":\"n");
    bool update = strstr(line, "\"type\":\"gossip\"") && strstr(line, "\"entries\"");
    if (dest == NULL || (update && cluster->drops_updates)) return;
    int index = dest[9] - '1';
    if (!cluster->runs[index]) return;
    if (!gv_node_ready(cluster->nodes[index].node)) gv_solo_send(&cluster->nodes[index]);
    assert_int_equal(gv_solo_receive(&cluster->nodes[index], line, len), 0);
}

// Lets time pass, in steps of 10 ms.
static void run(struct cluster *cluster, gv_time duration) {
    for (gv_time end = cluster->now + duration; cluster->now < end;) {
        cluster->now += 10 * GV_MS;
        for (int i = 0; i < NODES; i++) {
            struct gv_solo *solo = &cluster->nodes[i];
            if (!cluster->runs[i]) continue;
            gv_solo_clear(solo);
            solo->now = cluster->now;
            gv_node_advance(solo->node, solo->now);
            gv_solo_send(solo);
            for (char *at = solo->out, *stop; (stop = strchr(at, '\n')) != NULL; at = stop + 1) {
                *stop = '\0';
                deliver(cluster, at, (size_t)(stop - at));
            }
        }
    }
}

// Runs a transaction, and returns the output of the node. Messages to other nodes are lost.
static const char *txn(struct cluster *cluster, int index, const char *operations) {
    static char line[LINE];
    int len = snprintf(line, sizeof line,
                       "{\"id\":9,\"src\":\"c1\",\"dest\":\"n%d\",\"body\":{\"type\":\"txn\","
                       "\"msg_id\":2,\"txn\":%s}}",
                       index + 1, operations);
    assert_true(len > 0 && len < LINE);
    struct gv_solo *solo = &cluster->nodes[index];
    gv_solo_clear(solo);
    assert_int_equal(gv_solo_receive(solo, line, (size_t)len), 0);
    gv_solo_send(solo);
    return solo->out;
}

static void expect(struct cluster *cluster, int index, const char *operations, const char *result) {
    static char want[LINE];
    snprintf(want, sizeof want,
             "{\"src\":\"n%d\",\"dest\":\"c1\",\"body\":{\"type\":\"txn_ok\",\"in_reply_to\":2,"
             "\"txn\":%s}}\n",
             index + 1, result);
    const char *got = txn(cluster, index, operations);
    if (strstr(got, want) == NULL) fail_msg("%s -> %.500s", operations, got);
}

static void refused(struct cluster *cluster, int index, const char *operations, int code,
                    const char *text) {
    static char want[256];
    snprintf(want, sizeof want,
             "\"type\":\"error\",\"in_reply_to\":2,\"code\":%d,\"text\":\"txn: ", code);
    const char *got = txn(cluster, index, operations);
    if (strstr(got, want) == NULL || strstr(got, text) == NULL)
        fail_msg("%.500s -> %.500s, not %s", operations, got, text);
}

// The number that this node reads from a register; -1: null.
static long long read_number(struct cluster *cluster, int index, const char *key) {
    char operations[64], start[96];
    snprintf(operations, sizeof operations, "[[\"r\",%s,null]]", key);
    snprintf(start, sizeof start, "\"txn\":[[\"r\",%s,", key);
    const char *got = strstr(txn(cluster, index, operations), start);
    assert_non_null(got);
    got += strlen(start);
    return strncmp(got, "null", 4) == 0 ? -1 : strtoll(got, NULL, 10);
}

// Writer and stamp of the last transaction in a node's replica.
static uint64_t last_stamp(const struct cluster *cluster, int index, char *writer, size_t cap) {
    const struct gv_engine *engine = gv_node_engine(cluster->nodes[index].node);
    struct gv_entry entry;
    uint32_t cursor = 0;
    uint64_t last = 0, stamp;
    struct gv_slice name;
    while (gv_engine_next(engine, &cursor, gv_engine_end(engine), &entry)) {
        assert_int_equal(entry.lattice, GV_LATTICE_LOG);
        assert_int_equal(gv_entry_log_key(entry.key, &name, &stamp), 0);
        if (stamp <= last) continue;
        last = stamp;
        snprintf(writer, cap, "%.*s", (int)name.len, (const char *)name.data);
    }
    return last;
}

static uint64_t missing(const struct cluster *cluster, int index) {
    struct gv_stats stats;
    gv_node_stats(cluster->nodes[index].node, &stats);
    return stats.numbers.missing;
}

static void converge(struct cluster *cluster, gv_time within) {
    run(cluster, within);
    struct gv_digest first = gv_engine_root(gv_node_engine(cluster->nodes[0].node));
    for (int i = 1; i < NODES; i++) {
        struct gv_digest other = gv_engine_root(gv_node_engine(cluster->nodes[i].node));
        assert_memory_equal(&first, &other, sizeof first);
    }
}

// ---- Requests -----------------------------------------------------------------------------------

static void answers(void **state) {
    (void)state;
    struct cluster cluster;
    start(&cluster, 0);
    expect(&cluster, 0, "[]", "[]");
    expect(&cluster, 0, "[[\"r\",1,null]]", "[[\"r\",1,null]]");
    // Reads see earlier writes of their transaction; only the last write of a key is stored.
    expect(&cluster, 0,
           "[[\"r\",1,null],[\"w\",1,6],[\"r\",1,null],[\"w\",2,9],[\"w\",1,7],[\"r\",1,null]]",
           "[[\"r\",1,null],[\"w\",1,6],[\"r\",1,6],[\"w\",2,9],[\"w\",1,7],[\"r\",1,7]]");
    expect(&cluster, 0, "[[\"r\",1,null],[\"r\",2,null],[\"r\",3,null]]",
           "[[\"r\",1,7],[\"r\",2,9],[\"r\",3,null]]");
    // A transaction stores one entry, with each key once; a transaction of reads stores none.
    const struct gv_engine *engine = gv_node_engine(cluster.nodes[0].node);
    struct gv_entry entry;
    uint32_t cursor = 0;
    assert_int_equal(gv_engine_root(engine).count, 1);
    assert_true(gv_engine_next(engine, &cursor, gv_engine_end(engine), &entry));
    assert_int_equal(entry.value.len, strlen("[[2,9],[1,7]]"));
    assert_memory_equal(entry.value.data, "[[2,9],[1,7]]", entry.value.len);
    // Keys and values are any JSON.
    expect(&cluster, 0,
           "[ [\"w\", {\"b\":1, \"a\":[ ]} ,[null , \"\\u0041\"]],[\"\\u0072\",{\"a\":[],\"b\":1},"
           "null],[\"w\",\"],[\",null],[\"r\",\"],[\",null],[\"r\",1.0,null]]",
           "[[\"w\",{\"a\":[],\"b\":1},[null,\"A\"]],[\"r\",{\"a\":[],\"b\":1},[null,\"A\"]],"
           "[\"w\",\"],[\",null],[\"r\",\"],[\",null],[\"r\",1.0,null]]");
    stop_all(&cluster);
}

static void malformed_requests_change_nothing(void **state) {
    (void)state;
    static const struct {
        const char *operations, *text;
    } cases[] = {
        {"7", "txn is not an array"},
        {"{}", "txn is not an array"},
        {"null", "txn is not an array"},
        {"[[\"w\",1,2],7]", "operation 1 is not an array of three elements"},
        {"[[]]", "operation 0 is not an array of three elements"},
        {"[[\"w\",1]]", "operation 0 is not an array of three elements"},
        {"[[\"w\",1,2,3]]", "operation 0 is not an array of three elements"},
        {"[[\"w\",1,2],[\"append\",1,2]]", "operation 1 is neither a read"},
        {"[[\"W\",1,2]]", "operation 0 is neither a read"},
        {"[[1,1,2]]", "operation 0 is neither a read"},
        {"[[\"w\",1,2],[\"r\",1,2]]", "operation 1 is a read whose third element is not null"},
    };
    struct cluster cluster;
    start(&cluster, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(&cluster, 0, cases[i].operations, 12, cases[i].text);
    struct gv_solo *solo = &cluster.nodes[0];
    assert_non_null(strstr(gv_solo_request(solo, "{\"type\":\"txn\",\"msg_id\":2}"),
                           "\"code\":12,\"text\":\"txn: txn is missing\""));
    // One level deeper than an entry may be.
    static char deep[512];
    size_t len = (size_t)snprintf(deep, sizeof deep, "[[\"w\",1,");
    enum { LEVELS = GV_ENTRY_DEPTH - 1 };
    memset(deep + len, '[', LEVELS);
    memset(deep + len + LEVELS, ']', LEVELS);
    strcpy(deep + len + 2 * (size_t)LEVELS, "]]");
    refused(&cluster, 0, deep, 12, "nested too deep");
    assert_int_equal(gv_engine_root(gv_node_engine(solo->node)).count, 0);
    expect(&cluster, 0, "[[\"r\",1,null]]", "[[\"r\",1,null]]");
    stop_all(&cluster);
}

static char *write_of(size_t len) {
    char *operations = malloc(len + 64);
    assert_non_null(operations);
    int head = sprintf(operations, "[[\"w\",1,5],[\"w\",2,\"");
    memset(operations + head, 'v', len);
    strcpy(operations + head + (int)len, "\"]]");
    return operations;
}

// Too long for an entry, for a message, or for a reply: error 11, and nothing is stored.
static void what_is_too_long_is_refused(void **state) {
    (void)state;
    struct cluster cluster;
    start(&cluster, 0);
    char *longer = write_of(GV_ENTRY_SIZE_MAX), *fits = write_of(GV_ENTRY_SIZE_MAX - 300);
    refused(&cluster, 0, longer, 11, "and the limit is ");
    assert_int_equal(gv_engine_root(gv_node_engine(cluster.nodes[0].node)).count, 0);
    assert_non_null(strstr(txn(&cluster, 0, fits), "txn_ok"));
    assert_int_equal(gv_engine_root(gv_node_engine(cluster.nodes[0].node)).count, 1);
    // Reads whose reply would exceed its limit. The write of that transaction is not stored either.
    char many[2048] = "[[\"w\",1,6]";
    for (int i = 0; i < 40; i++) strcat(many, ",[\"r\",2,null]");
    strcat(many, "]");
    refused(&cluster, 0, many, 11, "the reply is longer than the limit");
    assert_int_equal(read_number(&cluster, 0, "1"), 5);
    converge(&cluster, 3000 * GV_MS);
    assert_int_equal(read_number(&cluster, 2, "1"), 5);
    stop_all(&cluster);

    // A node that sends short messages.
    cluster = (struct cluster){.now = 1000 * GV_MS};
    struct gv_solo *solo = &cluster.nodes[0];
    gv_solo_config(solo, &gv_txn_workload);
    solo->config.message_max = 4096;
    gv_solo_start(solo);
    gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                          "\"node_ids\":[\"n1\",\"n2\"]}");
    char *short_one = write_of(3000), *long_one = write_of(4000);
    refused(&cluster, 0, long_one, 11, "not stored");
    assert_non_null(strstr(txn(&cluster, 0, short_one), "txn_ok"));
    gv_solo_stop(solo);
    free(longer);
    free(fits);
    free(short_one);
    free(long_one);
}

// ---- Several nodes ------------------------------------------------------------------------------

enum { GROUP = 4 };

// Each transaction writes one number to all keys of a group.
static void write_group(struct cluster *cluster, int index, int group, long long number) {
    char operations[512];
    int len = 0;
    for (int i = 0; i < GROUP; i++)
        len += snprintf(operations + len, sizeof operations - (size_t)len,
                        "%s[\"w\",\"%d/%d\",%lld]", i == 0 ? "[" : ",", group, i * 7919, number);
    snprintf(operations + len, sizeof operations - (size_t)len, "]");
    assert_non_null(strstr(txn(cluster, index, operations), "txn_ok"));
}

// Reads all keys of a group in one transaction. Their numbers must be equal; returns the number.
static long long read_group(struct cluster *cluster, int index, int group) {
    char operations[512];
    int len = 0;
    for (int i = 0; i < GROUP; i++)
        len += snprintf(operations + len, sizeof operations - (size_t)len,
                        "%s[\"r\",\"%d/%d\",null]", i == 0 ? "[" : ",", group, i * 7919);
    snprintf(operations + len, sizeof operations - (size_t)len, "]");
    const char *at = strstr(txn(cluster, index, operations), "\"txn\":[");
    assert_non_null(at);
    long long first = 0;
    for (int i = 0; i < GROUP; i++) {
        at = strstr(at, "\"r\",\"");
        assert_non_null(at);
        at = strstr(at + 5, "\",") + 2;
        long long number = strncmp(at, "null", 4) == 0 ? -1 : strtoll(at, NULL, 10);
        if (i == 0) first = number;
        assert_int_equal(number, first);
    }
    return first;
}

// No node ever sees only some writes of a transaction. This also holds if all updates are lost, and
// only syncs deliver entries, whose ranges split transactions of the same time.
static void transactions_are_atomic(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int how = 0; how < 4; how++) {
        struct cluster cluster;
        start(&cluster, how % 2 ? 400 : 0);
        cluster.drops_updates = how >= 2;
        long long number = 0;
        for (int i = 0; i < 200; i++) {
            int node = (int)gv_prng_below(&prng, NODES), group = (int)gv_prng_below(&prng, 5);
            long long before = read_group(&cluster, node, group);
            write_group(&cluster, node, group, ++number);
            assert_true(before < number);
            assert_int_equal(read_group(&cluster, node, group), number);
            if (gv_prng_below(&prng, 3) == 0) run(&cluster, gv_prng_below(&prng, 4000) * GV_MS);
            for (int reader = 0; reader < NODES; reader++)
                read_group(&cluster, reader, (int)gv_prng_below(&prng, 5));
        }
        converge(&cluster, 200 * 1000 * GV_MS);
        for (int group = 0; group < 5; group++) {
            long long want = read_group(&cluster, 0, group);
            assert_true(want > 0);
            for (int i = 1; i < NODES; i++) assert_int_equal(read_group(&cluster, i, group), want);
        }
        if (how >= 2) assert_true(missing(&cluster, 0) + missing(&cluster, 1) > 20);
        stop_all(&cluster);
    }
}

// Nodes that have received nothing from each other write at the same time, with equal counts. Every
// node keeps the write of the largest slot.
static void equal_counts_are_decided_alike(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct cluster cluster;
        start(&cluster, 0);
        char writer[2][64];
        uint64_t counts[2];
        for (int i = 0; i < 2; i++) {
            int node = order ? 1 - i : i;
            expect(&cluster, node, node == 0 ? "[[\"w\",1,10],[\"w\",2,10]]" : "[[\"w\",1,20]]",
                   node == 0 ? "[[\"w\",1,10],[\"w\",2,10]]" : "[[\"w\",1,20]]");
            counts[node] = gv_offset_count(GV_OFFSET_SLOT_BITS_MAX,
                                           last_stamp(&cluster, node, writer[node], 64));
        }
        assert_int_equal(counts[0], counts[1]);
        assert_string_equal(writer[0], "\"n1-0000000000000064\"");
        assert_string_equal(writer[1], "\"n2-0000000000000065\"");
        // The messages that txn() sent are lost, so the nodes must repair the loss.
        converge(&cluster, 100 * 1000 * GV_MS);
        for (int i = 0; i < NODES; i++) {
            assert_int_equal(read_number(&cluster, i, "1"), 20);
            assert_int_equal(read_number(&cluster, i, "2"), 10);
        }
        stop_all(&cluster);
    }
}

// A write wins over every write that its node had seen, whatever time the clocks show.
static void a_seen_write_is_overwritten(void **state) {
    (void)state;
    struct cluster cluster;
    start(&cluster, 0);
    stop(&cluster, 1);
    start_with(&cluster, 1, 200, NULL, DATE - 3600 * 1000 * GV_MS); // an hour slow
    for (int i = 0; i < 10; i++) {
        char operations[64];
        snprintf(operations, sizeof operations, "[[\"w\",1,%d]]", i);
        expect(&cluster, i % 2, operations, operations);
        converge(&cluster, 100 * 1000 * GV_MS);
        assert_int_equal(read_number(&cluster, 2, "1"), i);
    }
    stop_all(&cluster);
}

// Stamps still increase as Lamport counts if the clock is unusable: near 1970, and after 2057.
static void clocks_may_be_anything(void **state) {
    (void)state;
    static const uint64_t dates[] = {0, UINT64_MAX - UINT64_C(4000000000000000000), DATE};
    char writer[64];
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        struct cluster cluster = {.now = 1000 * GV_MS};
        start_with(&cluster, 0, 1, NULL, dates[i]);
        uint64_t last = 0;
        for (int k = 0; k < 50; k++) {
            expect(&cluster, 0, "[[\"w\",1,2]]", "[[\"w\",1,2]]");
            uint64_t stamp = last_stamp(&cluster, 0, writer, sizeof writer);
            assert_true(stamp > last && gv_offset_slot(GV_OFFSET_SLOT_BITS_MAX, stamp) == 0);
            last = stamp;
        }
        uint64_t first = dates[i] == DATE ? DATE / (10 * GV_MS) : 0;
        assert_in_range(gv_offset_count(GV_OFFSET_SLOT_BITS_MAX, last), first + 49, first + 51);
        stop_all(&cluster);
    }
}

// After the last stamp, transactions that write are refused; transactions of reads succeed.
static void stamps_end(void **state) {
    (void)state;
    struct cluster cluster;
    start(&cluster, 0);
    static const char line[] = "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\","
                               "\"v\":2,\"entries\":[{\"log\":"
                               "[[[\"x\",9007199254740991],[[1,2]]]]}]}}";
    assert_int_equal(gv_solo_receive(&cluster.nodes[0], line, sizeof line - 1), 0);
    refused(&cluster, 0, "[[\"w\",1,3]]", 11, "the last stamp");
    assert_int_equal(read_number(&cluster, 0, "1"), 2);
    stop_all(&cluster);
}

// ---- Stores -------------------------------------------------------------------------------------

static bool write_batch(struct gv_solo *solo, struct gv_disk *disk, bool works) {
    const struct gv_store_batch *batch = gv_node_batch(solo->node, solo->now);
    if (batch == NULL) return false;
    disk->now = solo->now;
    int error = works ? disk->store.write(disk, batch) : GV_EFULL;
    gv_solo_clear(solo);
    gv_node_written(solo->node, solo->now, error, error == 0 ? NULL : "no space left");
    gv_solo_send(solo);
    return true;
}

// A transaction is answered when it is stored, and no read sees it before. The next transaction
// does not wait for it, and has a later stamp.
static void answers_wait_for_the_store(void **state) {
    (void)state;
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_SYNC, 1, 1);
    struct cluster cluster = {.now = 1000 * GV_MS};
    start_with(&cluster, 0, 7, &disk.store, DATE);
    struct gv_solo *solo = &cluster.nodes[0];
    assert_null(strstr(txn(&cluster, 0, "[[\"w\",1,5],[\"w\",2,5]]"), "txn_ok"));
    assert_int_equal(read_number(&cluster, 0, "1"), -1);
    assert_null(strstr(txn(&cluster, 0, "[[\"r\",1,null],[\"w\",1,6]]"), "txn_ok"));
    assert_true(write_batch(solo, &disk, true));
    assert_non_null(strstr(solo->out, "\"txn\":[[\"w\",1,5],[\"w\",2,5]]}}\n"));
    assert_non_null(strstr(solo->out, "\"txn\":[[\"r\",1,null],[\"w\",1,6]]}}\n"));
    expect(&cluster, 0, "[[\"r\",1,null],[\"r\",2,null]]", "[[\"r\",1,6],[\"r\",2,5]]");

    // While the store fails, a transaction is refused as a whole. When the store works again, the
    // next transaction succeeds.
    assert_null(strstr(txn(&cluster, 0, "[[\"w\",1,7],[\"w\",2,7]]"), "txn_ok"));
    assert_true(write_batch(solo, &disk, false));
    assert_non_null(strstr(solo->out, "\"code\":11,\"text\":\"not stored: no space left\""));
    refused(&cluster, 0, "[[\"w\",1,7],[\"w\",2,7]]", 11, "no space left");
    expect(&cluster, 0, "[[\"r\",1,null],[\"r\",2,null]]", "[[\"r\",1,6],[\"r\",2,5]]");
    solo->now += 1000 * GV_MS;
    assert_true(write_batch(solo, &disk, true));
    assert_null(strstr(txn(&cluster, 0, "[[\"w\",1,8],[\"w\",2,8]]"), "txn_ok"));
    assert_true(write_batch(solo, &disk, true));
    expect(&cluster, 0, "[[\"r\",1,null],[\"r\",2,null]]", "[[\"r\",1,8],[\"r\",2,8]]");
    stop_all(&cluster);
    gv_disk_fini(&disk);
}

// A node is killed repeatedly. With a complete store it continues in the same log with larger
// stamps. No acknowledged transaction is lost, and none is seen in part.
static void killed_nodes_keep_what_they_acknowledged(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_SYNC, gv_test_seed(), 2);
    long long acknowledged = -1, number = 0;
    uint64_t last = 0;
    char writer[64] = "";
    for (int start_at = 0; start_at < 60; start_at++) {
        struct cluster cluster = {.now = 1000 * GV_MS};
        // The clock may be set back.
        start_with(&cluster, 0, 7, &disk.store, DATE - gv_prng_below(&prng, 1000) * 1000 * GV_MS);
        struct gv_solo *solo = &cluster.nodes[0];
        long long found = read_group(&cluster, 0, 1);
        assert_true(found >= acknowledged);
        for (uint64_t i = gv_prng_below(&prng, 10); i > 0; i--) {
            bool was_idle = gv_prng_below(&prng, 2) == 0;
            char operations[256];
            snprintf(operations, sizeof operations,
                     "[[\"w\",\"1/0\",%lld],[\"w\",\"1/7919\",%lld],[\"w\",\"1/15838\",%lld],"
                     "[\"w\",\"1/23757\",%lld]]",
                     number, number, number, number);
            assert_null(strstr(txn(&cluster, 0, operations), "txn_ok"));
            if (was_idle && write_batch(solo, &disk, true)) acknowledged = number;
            number++;
        }
        read_group(&cluster, 0, 1);
        uint64_t stamp = last_stamp(&cluster, 0, writer, sizeof writer);
        assert_true(stamp >= last);
        last = stamp;
        if (stamp > 0) assert_string_equal(writer, "\"n1-0000000000000007\"");
        const struct gv_store_batch *batch = gv_node_batch(solo->node, solo->now);
        gv_disk_crash(&disk, gv_prng_below(&prng, 2) ? GV_DISK_TORN : GV_DISK_KEPT, batch);
        stop_all(&cluster);
    }
    assert_true(acknowledged > 10);
    gv_disk_fini(&disk);
}

// With asynchronous durability a transaction is answered at once. A crash may lose a whole
// transaction, but not a part of it. The node then starts a new incarnation, which writes to
// another log.
static void asynchronous_transactions_may_be_lost_as_a_whole(void **state) {
    (void)state;
    struct gv_disk disk;
    gv_disk_init(&disk, GV_DISK_ASYNC, gv_test_seed(), 3);
    int lost = 0;
    char writer[64];
    for (uint64_t incarnation = 1; incarnation < 40; incarnation++) {
        struct cluster cluster = {.now = 1000 * GV_MS};
        gv_solo_config(&cluster.nodes[0], &gv_txn_workload);
        struct gv_solo *solo = &cluster.nodes[0];
        solo->config.incarnation = incarnation;
        solo->config.store = &disk.store;
        solo->config.durability = GV_DURABILITY_ASYNC;
        solo->config.commit_ms = 100;
        gv_solo_start(solo);
        gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                              "\"node_ids\":[\"n1\"]}");
        long long before = read_group(&cluster, 0, 1);
        lost += before < (long long)incarnation - 1 && incarnation > 1;
        write_group(&cluster, 0, 1, (long long)incarnation);
        assert_int_equal(read_group(&cluster, 0, 1), (long long)incarnation);
        last_stamp(&cluster, 0, writer, sizeof writer);
        char want[64];
        snprintf(want, sizeof want, "\"n1-%016" PRIx64 "\"", incarnation);
        assert_string_equal(writer, want);
        solo->now += incarnation % 3 == 0 ? 200 * GV_MS : 0;
        if (incarnation % 3 == 0) assert_true(write_batch(solo, &disk, true));
        gv_disk_crash(&disk, GV_DISK_TORN, gv_node_batch(solo->node, solo->now));
        gv_solo_stop(solo);
    }
    assert_true(lost > 5);
    gv_disk_fini(&disk);
}

// The writes of a node that has lost its state win over earlier writes, because of its clock.
static void a_node_without_its_state_writes_on(void **state) {
    (void)state;
    struct cluster cluster;
    start(&cluster, 0);
    expect(&cluster, 0, "[[\"w\",1,5]]", "[[\"w\",1,5]]");
    converge(&cluster, 100 * 1000 * GV_MS);
    stop(&cluster, 0);
    start_with(&cluster, 0, 999, NULL, DATE + 200 * 1000 * GV_MS);
    expect(&cluster, 0, "[[\"r\",1,null],[\"w\",1,6]]", "[[\"r\",1,null],[\"w\",1,6]]");
    converge(&cluster, 100 * 1000 * GV_MS);
    for (int i = 0; i < NODES; i++) assert_int_equal(read_number(&cluster, i, "1"), 6);
    stop_all(&cluster);
}

// ---- Memory -------------------------------------------------------------------------------------

// Replica and registers together stay within memory_max. At the limit, writes get error 11, entries
// of peers are refused, too, and reads succeed.
static void memory_is_bounded(void **state) {
    (void)state;
    enum { MAX = 4 << 20 };
    struct gv_meter meter;
    struct cluster cluster = {.now = 1000 * GV_MS};
    struct gv_solo *solo = &cluster.nodes[0];
    gv_solo_config(solo, &gv_txn_workload);
    solo->config.alloc = gv_meter_alloc(&meter);
    solo->config.memory_max = MAX;
    gv_solo_start(solo);
    gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                          "\"node_ids\":[\"n1\",\"n2\"]}");
    size_t idle = meter.bytes;
    int writes = 0, refusals = 0;
    struct gv_engine_stats stats;
    for (int number = 0; refusals < 5; number++) {
        assert_true(number < 1000);
        static char text[LINE];
        int len = 0;
        bool by_peer = number % 2 == 1;
        for (int i = 0; i < 500; i++)
            len += snprintf(text + len, LINE - (size_t)len, by_peer ? "%s[%d,1]" : "%s[\"w\",%d,1]",
                            i > 0 ? "," : "", number * 500 + i);
        static char line[LINE];
        if (by_peer) {
            len = snprintf(line, sizeof line,
                           "{\"src\":\"n2\",\"dest\":\"n1\",\"body\":{\"type\":\"gossip\",\"v\":2,"
                           "\"entries\":[{\"log\":[[[\"x\",%d],[%s]]]}]}}",
                           number, text);
            gv_solo_clear(solo);
            gv_solo_receive(solo, line, (size_t)len);
        } else {
            snprintf(line, sizeof line, "[%.*s]", len, text);
            bool ok = strstr(txn(&cluster, 0, line), "txn_ok") != NULL;
            writes += ok;
            refusals += !ok;
            if (!ok) assert_non_null(strstr(solo->out, "\"code\":11,\"text\":\"txn: not stored: "));
        }
        gv_solo_send(solo);
        gv_engine_stats(gv_node_engine(solo->node), &stats);
        assert_true(stats.memory_bytes - idle <
                    MAX + (1 << 20)); // 1 MiB for the changelog and buffers
        assert_true(meter.bytes < MAX + idle + (2 << 20));
    }
    assert_true(writes > 50 && stats.refused_entries > 0);
    assert_int_equal(read_number(&cluster, 0, "3"), 1);
    gv_solo_stop(solo);
}

// If any allocation fails, a transaction is refused with error 11 and has no effect.
static void out_of_memory_is_an_error(void **state) {
    (void)state;
    struct gv_meter meter;
    int refusals = 0;
    for (size_t allowance = 0; allowance < 12; allowance++) {
        struct cluster cluster = {.now = 1000 * GV_MS};
        struct gv_solo *solo = &cluster.nodes[0];
        gv_solo_config(solo, &gv_txn_workload);
        solo->config.alloc = gv_meter_alloc(&meter);
        gv_solo_start(solo);
        gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\","
                              "\"node_ids\":[\"n1\"]}");
        meter.allowance = allowance;
        gv_solo_clear(solo);
        char *operations = write_of(20000);
        static char line[LINE];
        snprintf(
            line, sizeof line,
            "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"txn\",\"msg_id\":2,\"txn\":%s}}",
            operations);
        int error = gv_solo_receive(solo, line, strlen(line));
        meter.allowance = SIZE_MAX;
        gv_solo_send(solo);
        bool ok = strstr(solo->out, "txn_ok") != NULL;
        if (error == 0 && !ok) assert_non_null(strstr(solo->out, "\"code\":11"));
        refusals += error == 0 && !ok;
        assert_int_equal(read_number(&cluster, 0, "1"), ok ? 5 : -1);
        assert_non_null(strstr(txn(&cluster, 0, operations), "txn_ok"));
        assert_int_equal(read_number(&cluster, 0, "1"), 5);
        free(operations);
        gv_solo_stop(solo);
        assert_int_equal(meter.bytes, 0);
    }
    assert_true(refusals >= 4);
}

// A transaction with very many operations takes time and memory in proportion to its length.
static void long_transactions_are_linear(void **state) {
    (void)state;
    enum { OPERATIONS = 40000 };
    struct cluster cluster = {.now = 1000 * GV_MS};
    start_with(&cluster, 0, 7, NULL, DATE);
    char *line = malloc((size_t)OPERATIONS * 24 + 200);
    assert_non_null(line);
    size_t len = (size_t)sprintf(line, "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"txn\","
                                       "\"msg_id\":2,\"txn\":[");
    for (int i = 0; i < OPERATIONS; i++)
        len += (size_t)sprintf(line + len, i % 2 ? "%s[\"r\",%d,null]" : "%s[\"w\",%d,8]",
                               i > 0 ? "," : "", i % 2 ? i - 1 - i / 3 % 2 * 2000 : i % 5000);
    len += (size_t)sprintf(line + len, "]}}");
    struct gv_solo *solo = &cluster.nodes[0];
    gv_solo_clear(solo);
    assert_int_equal(gv_solo_receive(solo, line, len), 0);
    gv_solo_send(solo);
    assert_non_null(strstr(solo->out, "txn_ok"));
    assert_int_equal(read_number(&cluster, 0, "4998"), 8);
    assert_int_equal(gv_engine_root(gv_node_engine(solo->node)).count, 1);
    free(line);
    stop_all(&cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(malformed_requests_change_nothing),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(transactions_are_atomic),
        cmocka_unit_test(equal_counts_are_decided_alike),
        cmocka_unit_test(a_seen_write_is_overwritten),
        cmocka_unit_test(clocks_may_be_anything),
        cmocka_unit_test(stamps_end),
        cmocka_unit_test(answers_wait_for_the_store),
        cmocka_unit_test(killed_nodes_keep_what_they_acknowledged),
        cmocka_unit_test(asynchronous_transactions_may_be_lost_as_a_whole),
        cmocka_unit_test(a_node_without_its_state_writes_on),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(out_of_memory_is_an_error),
        cmocka_unit_test(long_transactions_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
