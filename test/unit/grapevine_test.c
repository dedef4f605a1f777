// SPDX-License-Identifier: MIT
// The public interface, through its header only: clusters under loss, duplication, reordering,
// partitions and restarts, compared with naive models; misuse; limits.
#include "../../engine/grapevine.h"

#include "../../engine/prng.h"
#include "../../merkle/base.h"
#include "../lib/meter.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 4, KEYS = 12, FLIGHT_MAX = 4096, JOURNAL_MAX = 4 << 20 };

struct flight {
    int from, to;
    gv_time at;
    size_t len;
    char *bytes;
};

// The changes that on_change has reported to one node.
struct mirror {
    bool set[KEYS];
    int64_t counters[KEYS];
    char registers[KEYS][24];
};

struct node {
    struct grapevine *gv;
    struct mirror mirror;
    char *journal; // the records of all changes
    size_t journal_len;
    uint64_t incarnation;
    int changes;
};

struct cluster {
    struct gv_prng prng;
    struct node nodes[NODES];
    struct gv_slice names[NODES];
    const char *secret;
    uint32_t staleness_ms;
    gv_time now;
    struct flight flights[FLIGHT_MAX];
    int flight_count, loss;     // loss in percent
    bool cut;                   // nodes 0 and 1 are partitioned from the others
    bool blocked[NODES][NODES]; // the first cannot send to the second
    int64_t sums[KEYS];         // all acknowledged additions
    bool added[KEYS];
};

static const char *const names[NODES] = {"ann", "bob", "cy", "d\"\\e"};

static struct gv_slice text(const char *from) {
    return gv_slice_text(from);
}

// Keys of several kinds; two spellings of one key are the same.
static struct gv_slice key_of(int number, bool other_spelling) {
    static const char *const keys[KEYS][2] = {
        {"1", " 1 "},
        {"-5", "-5\n"},
        {"9223372036854775807", "9223372036854775807 "},
        {"9223372036854775806", " 9223372036854775806"},
        {"\"a\"", "\"\\u0061\""},
        {"\"\"", "\t\"\""},
        {"[1,2]", "[ 1 , 2 ]"},
        {"{\"a\":1,\"b\":2}", "{ \"b\" : 2, \"a\" : 1 }"},
        {"1.0", "1.0"},
        {"null", " null"},
        {"true", "true "},
        {"[[],{}]", "[[ ],{ }]"},
    };
    return text(keys[number][other_spelling]);
}

static int number_of(struct gv_slice key) {
    for (int i = 0; i < KEYS; i++) {
        struct gv_slice other = key_of(i, false);
        if (other.len == key.len && memcmp(other.data, key.data, key.len) == 0) return i;
    }
    return -1;
}

static void on_change(void *ctx, struct grapevine *gv, const struct gv_change *change) {
    struct node *node = ctx;
    int number = number_of(change->key);
    assert_in_range(number, 0, KEYS - 1);
    struct mirror *mirror = &node->mirror;
    node->changes++;
    if (change->kind == GV_SET) {
        assert_false(mirror->set[number]);
        assert_int_equal(gv_set_has(gv, change->key), 1); // on_change may read
        mirror->set[number] = true;
    } else if (change->kind == GV_COUNTER) {
        int64_t value;
        assert_int_equal(gv_counter_value(gv, change->key, &value), 0);
        assert_int_equal(value, change->count);
        assert_int_equal(mirror->counters[number], change->old_count);
        mirror->counters[number] = change->count;
    } else {
        char *value = mirror->registers[number];
        assert_int_equal(strlen(value), change->old_value.len);
        assert_memory_equal(value, change->old_value.data, change->old_value.len);
        snprintf(value, sizeof mirror->registers[number], "%.*s", (int)change->value.len,
                 (const char *)change->value.data);
    }
    size_t len = change->record.len;
    assert_true(node->journal_len + len + 1 < JOURNAL_MAX);
    memcpy(node->journal + node->journal_len, change->record.data, len);
    node->journal_len += len;
    node->journal[node->journal_len++] = '\n';
}

// Starts a node. `loaded`: with the journal of its earlier incarnations.
static void start(struct cluster *cluster, int i, bool loaded) {
    struct node *node = &cluster->nodes[i];
    struct gv_config config;
    gv_config_init(&config);
    config.name = text(names[i]);
    config.incarnation = node->incarnation += 1000000000; // one second later
    config.seed = gv_prng_next(&cluster->prng);
    config.secret = text(cluster->secret);
    config.staleness_ms = cluster->staleness_ms;
    config.on_change = on_change;
    config.on_change_ctx = node;
    assert_int_equal(gv_new(&node->gv, &config), 0);
    if (!loaded) {
        memset(&node->mirror, 0, sizeof node->mirror);
        node->journal_len = 0;
    }
    int count = gv_load(node->gv, gv_slice_of(node->journal, node->journal_len));
    assert_true(count >= 0);
    assert_int_equal(gv_join(node->gv, cluster->now, cluster->names, NODES), 0);
}

static void begin(struct cluster *cluster, uint64_t seed, const char *secret, uint32_t staleness) {
    memset(cluster, 0, sizeof *cluster);
    cluster->secret = secret;
    cluster->staleness_ms = staleness;
    gv_prng_init(&cluster->prng, seed, 0);
    for (int i = 0; i < NODES; i++) cluster->names[i] = text(names[NODES - 1 - i]);
    for (int i = 0; i < NODES; i++) {
        cluster->nodes[i].journal = malloc(JOURNAL_MAX);
        assert_non_null(cluster->nodes[i].journal);
        start(cluster, i, false);
    }
}

static void end(struct cluster *cluster) {
    for (int i = 0; i < NODES; i++) {
        gv_free(cluster->nodes[i].gv);
        free(cluster->nodes[i].journal);
    }
    for (int i = 0; i < cluster->flight_count; i++) free(cluster->flights[i].bytes);
}

static int index_of(struct gv_slice name) {
    for (int i = 0; i < NODES; i++) {
        if (strlen(names[i]) == name.len && memcmp(names[i], name.data, name.len) == 0) return i;
    }
    return -1;
}

static void send_all(struct cluster *cluster, int from) {
    static char buf[GV_MESSAGE_MAX];
    int peer, len;
    struct grapevine *gv = cluster->nodes[from].gv;
    while ((len = gv_send(gv, cluster->now, buf, sizeof buf, &peer)) > 0) {
        int to = index_of(gv_peer_name(gv, peer));
        assert_false(cluster->blocked[from][to]);
        int copies = (int)gv_prng_below(&cluster->prng, 100) < cluster->loss ? 0 : 1;
        copies += gv_prng_below(&cluster->prng, 20) == 0;
        if (cluster->loss == 100 || (cluster->cut && (from < 2) != (to < 2))) copies = 0;
        for (; copies > 0 && cluster->flight_count < FLIGHT_MAX; copies--) {
            struct flight *flight = &cluster->flights[cluster->flight_count++];
            *flight = (struct flight){.from = from, .to = to, .len = (size_t)len};
            flight->at = cluster->now + gv_prng_below(&cluster->prng, 50) * GV_MS;
            flight->bytes = malloc((size_t)len);
            assert_non_null(flight->bytes);
            memcpy(flight->bytes, buf, (size_t)len);
        }
    }
    assert_int_equal(len, 0);
}

static void deliver(struct cluster *cluster) {
    for (int i = 0; i < cluster->flight_count; i++) {
        struct flight flight = cluster->flights[i];
        if (flight.at > cluster->now) continue;
        cluster->flights[i--] = cluster->flights[--cluster->flight_count];
        struct grapevine *to = cluster->nodes[flight.to].gv;
        int peer = gv_peer_number(to, text(names[flight.from]));
        int error = gv_receive(to, cluster->now, peer, flight.bytes, flight.len);
        bool repeated = error == GV_EAUTH && strlen(cluster->secret) > 0;
        assert_true(error == 0 || repeated || error == GV_EFULL);
        free(flight.bytes);
    }
}

static void run(struct cluster *cluster, gv_time lasting) {
    for (gv_time until = cluster->now + lasting; cluster->now < until;) {
        cluster->now += 5 * GV_MS;
        deliver(cluster);
        for (int i = 0; i < NODES; i++) {
            if (gv_deadline(cluster->nodes[i].gv) <= cluster->now)
                gv_advance(cluster->nodes[i].gv, cluster->now);
            send_all(cluster, i);
        }
    }
}

static void write_at(struct cluster *cluster, int i) {
    int number = (int)gv_prng_below(&cluster->prng, KEYS);
    struct grapevine *gv = cluster->nodes[i].gv;
    struct gv_slice key = key_of(number, gv_prng_below(&cluster->prng, 2) == 0);
    switch (gv_prng_below(&cluster->prng, 3)) {
    case 0: {
        int had = gv_set_has(gv, key);
        assert_int_equal(gv_set_add(gv, cluster->now, key), 1 - had);
        cluster->added[number] = true;
        break;
    }
    case 1: {
        int64_t delta = (int64_t)gv_prng_below(&cluster->prng, 2000) - 900, before, after;
        assert_int_equal(gv_counter_value(gv, key, &before), 0);
        assert_int_equal(gv_counter_add(gv, cluster->now, key, delta), delta != 0);
        assert_int_equal(gv_counter_value(gv, key, &after), 0);
        assert_int_equal(after, before + delta);
        cluster->sums[number] += delta;
        break;
    }
    default: {
        char value[24];
        struct gv_slice found;
        int len = snprintf(value, sizeof value, "%" PRIu64, gv_prng_next(&cluster->prng));
        struct gv_slice written = gv_slice_of(value, (size_t)len);
        assert_int_equal(gv_register_set(gv, cluster->now, key, written), 1);
        assert_int_equal(gv_register_get(gv, key, &found), 1);
        assert_int_equal(found.len, len);
        assert_memory_equal(found.data, value, (size_t)len);
    }
    }
}

static void write_one(struct cluster *cluster) {
    write_at(cluster, (int)gv_prng_below(&cluster->prng, NODES));
}

// Checks that all nodes have the same state, and that it is the state that was written.
static void assert_converged(struct cluster *cluster) {
    for (int number = 0; number < KEYS; number++) {
        struct gv_slice key = key_of(number, false), first, value;
        int known = gv_register_get(cluster->nodes[0].gv, key, &first);
        for (int i = 0; i < NODES; i++) {
            struct grapevine *gv = cluster->nodes[i].gv;
            const struct mirror *mirror = &cluster->nodes[i].mirror;
            int64_t count;
            assert_int_equal(gv_set_has(gv, key), cluster->added[number]);
            assert_int_equal(mirror->set[number], cluster->added[number]);
            assert_int_equal(gv_counter_value(gv, key, &count), 0);
            assert_int_equal(count, cluster->sums[number]);
            assert_int_equal(mirror->counters[number], count);
            assert_int_equal(gv_register_get(gv, key, &value), known);
            assert_int_equal(value.len, first.len);
            if (known > 0) assert_memory_equal(value.data, first.data, first.len);
            assert_int_equal(strlen(mirror->registers[number]), value.len);
        }
    }
    struct gv_stats one, other;
    gv_get_stats(cluster->nodes[0].gv, &one, sizeof one);
    for (int i = 1; i < NODES; i++) {
        gv_get_stats(cluster->nodes[i].gv, &other, sizeof other);
        assert_int_equal(one.digest, other.digest);
        assert_int_equal(one.entries, other.entries);
    }
}

static void all_writes_reach_all_nodes(void **state) {
    (void)state;
    static struct cluster cluster;
    uint64_t seed = gv_test_seed();
    for (uint64_t round = 0; round < 12; round++) {
        const char *secret = round % 2 == 0 ? "" : "known to the cluster only";
        begin(&cluster, seed + round, secret, round % 3 == 0 ? 0 : 300);
        for (int i = 0; i < 60; i++) {
            cluster.loss = round % 4 < 2 ? 0 : 20;
            cluster.cut = i > 20 && i < 35;
            write_one(&cluster);
            run(&cluster, gv_prng_below(&cluster.prng, 200) * GV_MS);
            if (i % 20 == 19) { // one node restarts with its records
                int restarted = (int)gv_prng_below(&cluster.prng, NODES);
                gv_free(cluster.nodes[restarted].gv);
                start(&cluster, restarted, true);
            }
        }
        cluster.loss = 0;
        run(&cluster, 60000 * GV_MS);
        assert_converged(&cluster);
        end(&cluster);
    }
}

static void block(struct cluster *cluster, int from, int to, bool blocked) {
    struct grapevine *gv = cluster->nodes[from].gv;
    int peer = gv_peer_number(gv, text(names[to]));
    struct gv_peer_info info;
    assert_int_equal(gv_set_writable(gv, cluster->now, peer, !blocked), 0);
    assert_int_equal(gv_get_peer(gv, peer, &info, sizeof info), 0);
    assert_int_equal(info.is_writable, !blocked);
    cluster->blocked[from][to] = blocked;
}

// Whether two nodes read the same.
static bool agree(struct grapevine *a, struct grapevine *b) {
    for (int number = 0; number < KEYS; number++) {
        struct gv_slice key = key_of(number, false), values[2];
        int64_t counts[2];
        assert_int_equal(gv_counter_value(a, key, &counts[0]), 0);
        assert_int_equal(gv_counter_value(b, key, &counts[1]), 0);
        bool same = gv_set_has(a, key) == gv_set_has(b, key) && counts[0] == counts[1] &&
                    gv_register_get(a, key, &values[0]) == gv_register_get(b, key, &values[1]) &&
                    values[0].len == values[1].len;
        if (!same) return false;
        if (values[0].len > 0 && memcmp(values[0].data, values[1].data, values[0].len) != 0)
            return false;
    }
    return true;
}

// The time until all nodes but one, or all if `except` is negative, agree; at most this long.
static gv_time time_until_equal(struct cluster *cluster, int except, gv_time most) {
    gv_time start = cluster->now;
    int first = except == 0 ? 1 : 0;
    for (int i = first; i < NODES; i++) {
        if (i == except || agree(cluster->nodes[first].gv, cluster->nodes[i].gv)) continue;
        if (cluster->now - start >= most) break;
        run(cluster, 5 * GV_MS);
        i = first;
    }
    return cluster->now - start;
}

// Nobody can send to one node, whichever it is: send_all checks that nothing is written to it. The
// others converge as if nothing were wrong, once it is suspected; it converges when it can be sent
// to again, at once.
static void a_blocked_node_costs_its_own_staleness_only(void **state) {
    (void)state;
    static struct cluster cluster;
    uint64_t seed = gv_test_seed();
    for (uint64_t round = 0; round < 4 * NODES; round++) {
        int slow = (int)(round % NODES);
        begin(&cluster, seed + round, round % 8 < 4 ? "secret" : "", round < 2 * NODES ? 0 : 300);
        for (int i = 0; i < 20; i++) write_one(&cluster);
        run(&cluster, 8000 * GV_MS);
        for (int i = 0; i < NODES; i++)
            if (i != slow) block(&cluster, i, slow, true);
        gv_time longest[2] = {0, 0}; // the longest of the first ten writes, and of the later ones
        for (int i = 0; i < 40; i++) {
            write_at(&cluster, (slow + 1 + (int)gv_prng_below(&cluster.prng, NODES - 1)) % NODES);
            gv_time lag = time_until_equal(&cluster, slow, 20000 * GV_MS);
            longest[i >= 10] = lag > longest[i >= 10] ? lag : longest[i >= 10];
            run(&cluster, 500 * GV_MS);
        }
        // At first a node may wait for it as its parent, until it is suspected.
        assert_true(longest[0] < 2500 * GV_MS && longest[1] < 400 * GV_MS);
        for (int i = 0; i < NODES; i++)
            if (i != slow) assert_true(gv_ready(cluster.nodes[i].gv));
        for (int i = 0; i < NODES; i++)
            if (i != slow) block(&cluster, i, slow, false);
        assert_false(agree(cluster.nodes[slow].gv, cluster.nodes[(slow + 1) % NODES].gv));
        assert_true(time_until_equal(&cluster, -1, 5000 * GV_MS) < 1000 * GV_MS);
        run(&cluster, 300 * GV_MS);
        for (int i = 0; i < NODES; i++) {
            struct gv_peer_info info;
            int peer = gv_peer_number(cluster.nodes[i].gv, text(names[slow]));
            if (i == slow) continue;
            assert_int_equal(gv_get_peer(cluster.nodes[i].gv, peer, &info, sizeof info), 0);
            assert_false(info.is_suspected);
        }
        run(&cluster, 60000 * GV_MS);
        assert_converged(&cluster);
        end(&cluster);
    }
}

// Peers that cannot be answered compare with a node: before they are blocked, and meanwhile. The
// node still accepts the summary of another one, which gets what it lacks.
static void blocked_peers_occupy_nothing(void **state) {
    (void)state;
    enum { HUB_NODES = 8 };
    static char buf[GV_MESSAGE_MAX];
    static const char letters[] = "abcdefgh";
    struct gv_slice all[HUB_NODES];
    struct grapevine *nodes[HUB_NODES];
    for (int i = 0; i < HUB_NODES; i++) all[i] = gv_slice_of(&letters[i], 1);
    for (int i = 0; i < HUB_NODES; i++) {
        struct gv_config config;
        gv_config_init(&config);
        config.name = all[i];
        config.incarnation = config.seed = (uint64_t)i + 1;
        config.staleness_ms = 0;
        assert_int_equal(gv_new(&nodes[i], &config), 0);
        char key[2] = {(char)('0' + i), '\0'};
        assert_int_equal(gv_set_add(nodes[i], 0, text(key)), 1);
        assert_int_equal(gv_join(nodes[i], 0, all, HUB_NODES), 0);
    }
    bool blocked = false;
    const int last = HUB_NODES - 1;
    // Only messages to and from node 0 arrive, those of the last node not before the others' have
    // taken all slots.
    for (gv_time now = 0; now < 200000 * GV_MS; now += 10 * GV_MS) {
        blocked = blocked || !gv_ready(nodes[0]);
        for (int peer = 1; peer < last && blocked; peer++)
            assert_int_equal(gv_set_writable(nodes[0], now, peer, false), 0);
        for (int i = last, len, peer; i >= 0; i--) {
            gv_advance(nodes[i], now);
            bool waits = i == 0 && !blocked; // summaries gather
            while (!waits && (len = gv_send(nodes[i], now, buf, sizeof buf, &peer)) > 0) {
                if (i == 0 && blocked) assert_int_equal(peer, last);
                if (i == 0 || (peer == 0 && (blocked || i < last)))
                    gv_receive(nodes[peer], now, i, buf, (size_t)len);
            }
        }
        if (blocked) assert_true(gv_ready(nodes[0]));
    }
    assert_true(blocked);
    for (int i = 0; i < HUB_NODES; i++) {
        char key[2] = {(char)('0' + i), '\0'};
        int known = gv_set_has(nodes[0], text(key));
        assert_int_equal(gv_set_has(nodes[last], text(key)), known);
        if (i == 0 || i == last) assert_int_equal(known, 1);
    }
    for (int i = 0; i < HUB_NODES; i++) gv_free(nodes[i]);
}

// Links are blocked and unblocked at random, each direction by itself, also from the start on; what
// is written spreads over the others, and everything converges at the end.
static void blocked_links_lose_nothing(void **state) {
    (void)state;
    static struct cluster cluster;
    uint64_t seed = gv_test_seed();
    for (uint64_t round = 0; round < 12; round++) {
        begin(&cluster, seed + round, round % 2 ? "secret" : "", round % 3 == 0 ? 0 : 300);
        for (int i = 0; i < 80; i++) {
            cluster.loss = round % 4 == 3 ? 20 : 0;
            for (int k = 0; k < 3; k++) {
                int from = (int)gv_prng_below(&cluster.prng, NODES);
                int to = (int)gv_prng_below(&cluster.prng, NODES);
                if (from != to) block(&cluster, from, to, gv_prng_below(&cluster.prng, 2) == 0);
            }
            write_one(&cluster);
            run(&cluster, gv_prng_below(&cluster.prng, 3000) * GV_MS);
        }
        cluster.loss = 0;
        for (int from = 0; from < NODES; from++)
            for (int to = 0; to < NODES; to++)
                if (from != to) block(&cluster, from, to, false);
        run(&cluster, 60000 * GV_MS);
        assert_converged(&cluster);
        end(&cluster);
    }
}

// If a node restarts without its entries, no increment is lost, neither earlier nor later ones.
static void increments_survive_a_restart_without_entries(void **state) {
    (void)state;
    static struct cluster cluster;
    begin(&cluster, gv_test_seed(), "secret", 300);
    struct gv_slice key = key_of(4, false);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(gv_counter_add(cluster.nodes[1].gv, cluster.now, key, 10 - i), 1);
        cluster.sums[4] += 10 - i;
        run(&cluster, 5000 * GV_MS);
        gv_free(cluster.nodes[1].gv);
        start(&cluster, 1, false);
    }
    assert_int_equal(gv_counter_add(cluster.nodes[1].gv, cluster.now, key, -3), 1);
    cluster.sums[4] -= 3;
    run(&cluster, 40000 * GV_MS);
    assert_converged(&cluster);
    end(&cluster);
}

static struct grapevine *lone_node(uint64_t memory_max, struct gv_alloc alloc) {
    struct grapevine *gv;
    struct gv_config config;
    gv_config_init(&config);
    config.name = text("ann");
    config.incarnation = 1;
    config.memory_max = memory_max;
    config.alloc = alloc;
    assert_int_equal(gv_new(&gv, &config), 0);
    return gv;
}

static void iterations_return_each_item_once(void **state) {
    (void)state;
    struct grapevine *gv = lone_node(0, gv_base_malloc());
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1,           0,
                                       1,         INT64_MAX,     INT64_MAX - 1};
    char buf[64];
    for (int kind = GV_SET; kind <= GV_REGISTER; kind++) {
        for (int i = 0; i < 507; i++) {
            int64_t number = i < 7 ? extremes[i] : (int64_t)(i * 5 - 1002);
            int len = gv_text_integer(number, buf, sizeof buf);
            if (i % 4 == 3) len = snprintf(buf, sizeof buf, "\"%d\"", i);
            struct gv_slice key = gv_slice_of(buf, (size_t)len);
            if (kind == GV_SET) gv_set_add(gv, 0, key);
            if (kind == GV_COUNTER) gv_counter_add(gv, 0, key, i % 2 ? 5 : -5);
            if (kind == GV_COUNTER) gv_counter_add(gv, 0, key, i % 2 ? -2 : 2);
            if (kind == GV_REGISTER) gv_register_set(gv, 0, key, key);
        }
    }
    for (int kind = GV_SET; kind <= GV_REGISTER; kind++) {
        struct gv_iterator it = {.kind = (enum gv_kind)kind};
        struct gv_item_view item;
        int all = 0, integers = 0;
        while (gv_next(gv, &it, &item) == 1) {
            all++;
            if (kind == GV_COUNTER) assert_true(item.count == 3 || item.count == -3);
            if (kind == GV_REGISTER)
                assert_memory_equal(item.value.data, item.key.data, item.key.len);
            integers += item.key.data[0] != '"';
        }
        assert_int_equal(all, 507);
        it =
            (struct gv_iterator){.kind = (enum gv_kind)kind, .first = text("-9223372036854775808")};
        int64_t last = 0;
        int in_order = 0;
        for (; gv_next(gv, &it, &item) == 1; in_order++) {
            char number[32];
            snprintf(number, sizeof number, "%.*s", (int)item.key.len, (const char *)item.key.data);
            int64_t value = strtoll(number, NULL, 10);
            // The two largest integers share a position.
            if (in_order > 0) assert_true(value > last || last >= INT64_MAX - 1);
            last = value;
        }
        assert_int_equal(in_order, integers);
        for (int round = 0; round < 100; round++) {
            int64_t first = (int64_t)gv_prng_below(&prng, 2000) - 1000;
            int64_t end = first + (int64_t)gv_prng_below(&prng, 300);
            bool has_first = round % 10 != 1, has_end = round % 10 != 2;
            if (round == 10) first = INT64_MIN, end = INT64_MAX;
            if (round == 20) first = end = INT64_MIN;
            char texts[2][24];
            int lens[2] = {gv_text_integer(first, texts[0], 24),
                           gv_text_integer(end, texts[1], 24)};
            it = (struct gv_iterator){.kind = (enum gv_kind)kind};
            if (has_first) it.first = gv_slice_of(texts[0], (size_t)lens[0]);
            if (has_end) it.end = gv_slice_of(texts[1], (size_t)lens[1]);
            int found = 0, expected = 0;
            while (gv_next(gv, &it, &item) == 1) found++;
            for (int i = 0; i < 507; i++) {
                int64_t number = i < 7 ? extremes[i] : (int64_t)(i * 5 - 1002);
                bool within = (!has_first || number >= first) && (!has_end || number < end);
                expected += i % 4 != 3 && within;
            }
            assert_int_equal(found, expected);
        }
    }
    gv_free(gv);
}

enum { STRINGS = 400, STRING_MAX = 6 };

// A string as it is, and as a JSON text.
struct string {
    char bytes[4 * STRING_MAX], json[6 * 4 * STRING_MAX + 2];
    size_t len;
    struct gv_slice key;
};

// Draws a short string of characters around those that JSON escapes.
static void draw_string(struct gv_prng *prng, struct string *out) {
    static const char *const characters[] = {"a",    "b",    "!",        "\"",
                                             "#",    "\\",   "\x01",     "\n",
                                             "\x1f", "\x7f", "\xc3\xa9", "\xf0\x9f\x8d\x87"};
    out->len = 0;
    for (uint64_t count = gv_prng_below(prng, STRING_MAX); count > 0; count--) {
        const char *from = characters[gv_prng_below(prng, GV_COUNT(characters))];
        memcpy(out->bytes + out->len, from, strlen(from));
        out->len += strlen(from);
    }
    int len = gv_text_string(gv_slice_of(out->bytes, out->len), out->json, sizeof out->json);
    assert_true(len >= 2);
    out->key = gv_slice_of(out->json, (size_t)len);
}

static int compare_strings(const struct string *a, const struct string *b) {
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static bool begins_with(const struct string *string, const struct string *prefix) {
    return string->len >= prefix->len && memcmp(string->bytes, prefix->bytes, prefix->len) == 0;
}

// Ranges of strings, with any of the three bounds, against a filter of the strings themselves.
static void ranges_of_strings_are_those_of_their_bytes(void **state) {
    (void)state;
    static struct string strings[STRINGS];
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct grapevine *gv = lone_node(0, gv_base_malloc());
    for (int i = 0; i < STRINGS; i++) {
        draw_string(&prng, &strings[i]);
        assert_true(gv_set_add(gv, 0, strings[i].key) >= 0);
        assert_int_equal(gv_counter_add(gv, 0, strings[i].key, 1), 1);
        assert_int_equal(gv_counter_add(gv, 0, strings[i].key, -1), 1);
        assert_int_equal(gv_register_set(gv, 0, strings[i].key, strings[i].key), 1);
    }
    static const char *const others[] = {"1", "-7", "1.5", "[\"a\"]", "null", "{\"a\":\"a\"}"};
    for (size_t i = 0; i < GV_COUNT(others); i++)
        assert_int_equal(gv_set_add(gv, 0, text(others[i])), 1);
    int kept = 0;
    for (int round = 0; round < 600; round++) {
        struct string first, end, prefix;
        draw_string(&prng, &first);
        draw_string(&prng, &end);
        draw_string(&prng, &prefix);
        uint64_t set = 1 + gv_prng_below(&prng, 7);
        struct gv_iterator it = {.kind = (enum gv_kind)(round % 3)};
        if (set & 1) it.first = first.key;
        if (set & 2) it.end = end.key;
        if (set & 4) it.prefix = prefix.key;
        struct gv_item_view item;
        int expected = 0, found = 0, rc;
        for (int i = 0; i < STRINGS; i++) {
            bool repeated = false;
            for (int k = 0; k < i && !repeated; k++)
                repeated = compare_strings(&strings[i], &strings[k]) == 0;
            expected += !repeated && (!(set & 1) || compare_strings(&strings[i], &first) >= 0) &&
                        (!(set & 2) || compare_strings(&strings[i], &end) < 0) &&
                        (!(set & 4) || begins_with(&strings[i], &prefix));
        }
        while ((rc = gv_next(gv, &it, &item)) == 1) found++;
        if ((set & 3) == 3 && compare_strings(&first, &end) > 0) {
            assert_int_equal(rc, GV_EINVAL);
            assert_int_equal(found, 0);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(found, expected);
        kept += found > 0 && found < STRINGS;
    }
    assert_true(kept > 100);
    gv_free(gv);
}

static void wrong_ranges_are_errors(void **state) {
    (void)state;
    struct grapevine *gv = lone_node(0, gv_base_malloc());
    assert_int_equal(gv_set_add(gv, 0, text("5")), 1);
    assert_int_equal(gv_set_add(gv, 0, text("\"5\"")), 1);
    const struct gv_slice none = {NULL, 0}, dangling = {NULL, 3};
    static char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    const struct {
        struct gv_slice first, end, prefix;
        int result;
        const char *says;
    } cases[] = {
        {text("5"), none, none, 1, ""},
        {text(" 5 "), text("6"), none, 1, ""},
        {text("5"), text("5"), none, 0, ""},
        {none, text("-9223372036854775808"), none, 0, ""},
        {none, none, text("\"\\u0035\""), 1, ""},
        {text("\"5\""), none, text("\"5\""), 1, ""},
        {text("6"), text("5"), none, GV_EINVAL, "first: greater than end"},
        {text("\"6\""), text("\"5\""), none, GV_EINVAL, "first: greater than end"},
        {dangling, none, none, GV_EINVAL, "first: NULL"},
        {none, dangling, none, GV_EINVAL, "end: NULL"},
        {text(""), none, none, GV_ESYNTAX, "first: empty"},
        {none, none, text("user:"), GV_ESYNTAX, "prefix: "},
        {text("5"), text("\"6\""), none, GV_ETYPE, "end: of another type"},
        {text("5"), none, text("\"6\""), GV_ETYPE, "prefix: of another type"},
        {none, none, text("6"), GV_ETYPE, "prefix: not a string"},
        {text("1.5"), none, none, GV_ETYPE, "first: neither an integer"},
        {none, text("9223372036854775808"), none, GV_ETYPE, "end: neither an integer"},
        {text("[5]"), none, none, GV_ETYPE, "first: neither an integer"},
        {gv_slice_of(deep, 200), none, none, GV_ERANGE, "first: "},
    };
    for (size_t i = 0; i < GV_COUNT(cases); i++) {
        struct gv_iterator it = {.kind = GV_SET};
        struct gv_item_view item;
        it.first = cases[i].first;
        it.end = cases[i].end;
        it.prefix = cases[i].prefix;
        assert_int_equal(gv_next(gv, &it, &item), cases[i].result);
        if (cases[i].result == 1) assert_int_equal(gv_next(gv, &it, &item), 0);
        assert_int_equal(item.key.len, 0);
        if (cases[i].result < 0) assert_non_null(strstr(gv_last_error(gv), cases[i].says));
    }
    gv_free(gv);
}

// What the library writes as a text, it reads; what is not such a text is an error.
static void texts_are_read(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    char buf[256];
    int64_t number;
    for (int i = 0; i < 10000; i++) {
        int64_t drawn = (int64_t)(gv_prng_next(&prng) >> gv_prng_below(&prng, 64));
        if (i < 4) drawn = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : 2 - i;
        int len = gv_text_integer(drawn, buf, 20);
        assert_true(len > 0);
        assert_int_equal(gv_text_to_integer(gv_slice_of(buf, (size_t)len), &number), 0);
        assert_int_equal(number, drawn);
        struct string string;
        draw_string(&prng, &string);
        len = gv_text_to_string(string.key, buf, string.len);
        assert_int_equal(len, string.len);
        assert_memory_equal(buf, string.bytes, string.len);
        if (len > 0) {
            size_t cap = gv_prng_below(&prng, string.len);
            assert_int_equal(gv_text_to_string(string.key, buf, cap), GV_ESPACE);
        }
        assert_int_equal(gv_text_to_integer(string.key, &number), GV_ETYPE);
    }
    static const struct {
        const char *text;
        int integer, string; // results
    } cases[] = {
        {" -12\n", 0, GV_ETYPE},
        {"-0", 0, GV_ETYPE},
        {"9223372036854775807", 0, GV_ETYPE},
        {"9223372036854775808", GV_ERANGE, GV_ETYPE},
        {"-9223372036854775808", 0, GV_ETYPE},
        {"-9223372036854775809", GV_ERANGE, GV_ETYPE},
        {"99999999999999999999999", GV_ERANGE, GV_ETYPE},
        {"01", GV_ETYPE, GV_ETYPE},
        {"-", GV_ETYPE, GV_ETYPE},
        {"+1", GV_ETYPE, GV_ETYPE},
        {"1.0", GV_ETYPE, GV_ETYPE},
        {"1e0", GV_ETYPE, GV_ETYPE},
        {"1 2", GV_ETYPE, GV_ETYPE},
        {"", GV_ETYPE, GV_ETYPE},
        {" ", GV_ETYPE, GV_ETYPE},
        {"null", GV_ETYPE, GV_ETYPE},
        {"[\"a\"]", GV_ETYPE, GV_ETYPE},
        {" \"\\u0041\\n\\ud83c\\udf47\" ", GV_ETYPE, 6},
        {"\"", GV_ETYPE, GV_ESYNTAX},
        {"\"a", GV_ETYPE, GV_ESYNTAX},
        {"\"a\"b", GV_ETYPE, GV_ESYNTAX},
        {"\"a\"\"b\"", GV_ETYPE, GV_ESYNTAX},
        {"\"\\ud83c\"", GV_ETYPE, GV_ESYNTAX},
        {"\"\xff\"", GV_ETYPE, GV_ESYNTAX},
        {"\"\n\"", GV_ETYPE, GV_ESYNTAX},
    };
    for (size_t i = 0; i < GV_COUNT(cases); i++) {
        assert_int_equal(gv_text_to_integer(text(cases[i].text), &number), cases[i].integer);
        assert_int_equal(gv_text_to_string(text(cases[i].text), buf, sizeof buf), cases[i].string);
    }
}

// Writes within on_change are applied after the call, in order, and cause changes themselves.
static void cascade(void *ctx, struct grapevine *gv, const struct gv_change *change) {
    int *calls = ctx;
    ++*calls;
    if (change->kind == GV_SET && *calls < 6) {
        char buf[24];
        int len = gv_text_integer(*calls, buf, sizeof buf);
        assert_int_equal(gv_set_add(gv, 0, gv_slice_of(buf, (size_t)len)), 0);
        assert_int_equal(gv_counter_add(gv, 0, text("\"adds\""), 1), 0);
        assert_int_equal(gv_set_has(gv, gv_slice_of(buf, (size_t)len)), 0); // not applied yet
    }
    int peer;
    char out[4];
    assert_int_equal(gv_send(gv, 0, out, sizeof out, &peer), GV_EINVAL);
    assert_int_equal(gv_receive(gv, 0, 0, "{}", 2), GV_EINVAL);
    gv_free(gv); // no effect
}

static void writes_within_on_change_are_applied_later(void **state) {
    (void)state;
    int calls = 0;
    struct grapevine *gv;
    struct gv_config config;
    gv_config_init(&config);
    config.name = text("ann");
    config.incarnation = 1;
    config.on_change = cascade;
    config.on_change_ctx = &calls;
    assert_int_equal(gv_new(&gv, &config), 0);
    assert_int_equal(gv_set_add(gv, 0, text("0")), 1);
    int64_t adds;
    assert_int_equal(gv_counter_value(gv, text("\"adds\""), &adds), 0);
    assert_true(adds > 1);
    for (int i = 0; i < 3; i++) {
        char key[2] = {(char)('0' + i), '\0'};
        assert_int_equal(gv_set_has(gv, text(key)), i != 2 || calls > 2);
    }
    gv_free(gv);
}

static void memory_stays_within_its_bound(void **state) {
    (void)state;
    struct gv_meter meter;
    struct grapevine *probe = lone_node(0, gv_base_malloc());
    uint64_t bound = gv_memory_min(probe, 1) + (1 << 20);
    gv_free(probe);
    struct grapevine *gv = lone_node(bound, gv_meter_alloc(&meter));
    struct gv_slice self = text("ann");
    int written = 0, refused = 0;
    for (int i = 0; i < 200000; i++) { // memory_max also applies before the join
        if (i == 150000) assert_int_equal(gv_join(gv, 0, &self, 1), 0);
        char buf[24];
        struct gv_slice key = gv_slice_of(buf, (size_t)gv_text_integer(i, buf, sizeof buf));
        int changed = i % 3 == 0   ? gv_set_add(gv, 0, key)
                      : i % 3 == 1 ? gv_counter_add(gv, 0, key, 1)
                                   : gv_register_set(gv, 0, key, key);
        assert_true(changed == 1 || changed == GV_EFULL);
        written += changed == 1;
        refused += changed == GV_EFULL;
        assert_true(meter.bytes <= bound);
    }
    assert_true(written > 10000 && refused > 1000);
    assert_non_null(strstr(gv_last_error(gv), "memory_max"));
    gv_free(gv);
    assert_int_equal(meter.bytes, 0);

    gv = lone_node(bound - (2 << 20), gv_base_malloc());
    assert_int_equal(gv_join(gv, 0, &self, 1), GV_ESPACE);
    gv_free(gv);
}

static void exhausted_memory_is_an_error(void **state) {
    (void)state;
    for (size_t allowed = 0; allowed < 60; allowed++) {
        struct gv_meter meter;
        struct gv_config config;
        struct grapevine *gv = NULL;
        gv_config_init(&config);
        config.name = text("ann");
        config.incarnation = 1;
        config.secret = text("secret");
        config.alloc = gv_meter_alloc(&meter);
        meter.allowance = allowed;
        int error = gv_new(&gv, &config);
        assert_true(error == 0 || error == GV_ENOMEM);
        if (error == 0) {
            struct gv_slice members[] = {text("bob"), text("ann")};
            error = gv_join(gv, 0, members, 2);
            assert_true(error == 0 || error == GV_ENOMEM);
            meter.allowance = SIZE_MAX;
            if (error != 0) assert_int_equal(gv_join(gv, 0, members, 2), 0); // still possible
            static char buf[GV_MESSAGE_MAX];
            int peer;
            gv_advance(gv, 5000 * GV_MS);
            assert_true(gv_send(gv, 5000 * GV_MS, buf, sizeof buf, &peer) > 0);
            meter.allowance = allowed % 3;
            error = gv_set_add(gv, 0, text("1"));
            assert_true(error == 1 || error == GV_ENOMEM);
            assert_int_equal(gv_set_has(gv, text("1")) == 1, error == 1);
        }
        gv_free(gv);
        assert_int_equal(meter.bytes, 0);
    }
}

static struct gv_config minimal_config(void) {
    struct gv_config config;
    gv_config_init(&config);
    config.name = text("ann");
    config.incarnation = 5;
    return config;
}

static void wrong_configurations_are_refused(void **state) {
    (void)state;
    struct grapevine *gv = NULL;
    struct gv_config wrong = minimal_config();
    wrong.name = (struct gv_slice){NULL, 0};
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    wrong = minimal_config(), wrong.incarnation = 0;
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    wrong = minimal_config(), wrong.size = 3;
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    wrong = minimal_config(), wrong.name = text("\xff");
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    wrong = minimal_config(), wrong.message_max = 1199;
    assert_int_equal(gv_new(&gv, &wrong), GV_ERANGE);
    wrong = minimal_config(), wrong.message_max = GV_MESSAGE_MAX + 1;
    assert_int_equal(gv_new(&gv, &wrong), GV_ERANGE);
    wrong = minimal_config(), wrong.secret = (struct gv_slice){NULL, 5};
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    memset(&wrong, 0, sizeof wrong);
    assert_int_equal(gv_new(&gv, &wrong), GV_EINVAL);
    wrong = minimal_config();
    assert_int_equal(gv_new(NULL, &wrong), GV_EINVAL);
    assert_int_equal(gv_new(&gv, NULL), GV_EINVAL);
    assert_null(gv);
}

static void summaries_that_come_too_fast_are_named(void **state) {
    (void)state;
    static char buf[GV_MESSAGE_MAX];
    const struct gv_slice pair[2] = {text("ann"), text("bob")};
    struct grapevine *nodes[2];
    int rc = 0, peer;
    for (int i = 0; i < 2; i++) {
        struct gv_config config = minimal_config();
        config.name = pair[i];
        assert_int_equal(gv_new(&nodes[i], &config), 0);
        assert_int_equal(gv_set_add(nodes[i], 0, text(i == 0 ? "1" : "2")), 1);
        assert_int_equal(gv_join(nodes[i], 0, pair, 2), 0);
    }
    for (gv_time now = 0; now < 10000 * GV_MS && rc != GV_EFULL; now += 100 * GV_MS) {
        gv_advance(nodes[0], now);
        for (int len; rc != GV_EFULL && (len = gv_send(nodes[0], now, buf, sizeof buf, &peer)) > 0;)
            for (int i = 0; i < 100 && rc != GV_EFULL; i++)
                rc = gv_receive(nodes[1], now, 0, buf, (size_t)len);
    }
    assert_int_equal(rc, GV_EFULL);
    assert_false(gv_ready(nodes[1]));
    assert_non_null(strstr(gv_last_error(nodes[1]), "before gv_send"));
    for (int i = 0; i < 2; i++) gv_free(nodes[i]);
}

static void wrong_texts_are_refused(void **state) {
    (void)state;
    struct grapevine *gv = lone_node(0, gv_base_malloc());
    struct gv_slice key = text("1"), none = {NULL, 0}, dangling = {NULL, 5}, value;
    static char buf[GV_MESSAGE_MAX];
    int64_t count;
    assert_int_equal(gv_set_add(NULL, 0, key), GV_EINVAL);
    assert_int_equal(gv_set_add(gv, 0, none), GV_ESYNTAX);
    assert_int_equal(gv_set_add(gv, 0, dangling), GV_EINVAL);
    assert_int_equal(gv_set_add(gv, 0, text("[1,")), GV_ESYNTAX);
    assert_int_equal(gv_set_add(gv, 0, text("{\"a\":1,\"a\":2}")), GV_ESYNTAX);
    memset(buf, '[', 200);
    memset(buf + 200, ']', 200);
    assert_int_equal(gv_set_add(gv, 0, gv_slice_of(buf, 400)), GV_ERANGE);
    memset(buf, '1', sizeof buf);
    assert_int_equal(gv_set_add(gv, 0, gv_slice_of(buf, sizeof buf)), GV_ESPACE);
    assert_int_equal(gv_counter_value(gv, text("x"), &count), GV_ESYNTAX);
    assert_int_equal(gv_counter_value(gv, key, NULL), GV_EINVAL);
    assert_int_equal(gv_register_get(gv, key, NULL), GV_EINVAL);
    assert_int_equal(gv_register_get(gv, key, &value), 0);
    assert_int_equal(gv_register_set(gv, 0, key, text("}")), GV_ESYNTAX);
    assert_int_equal(gv_counter_add(gv, 0, key, INT64_MAX), 1);
    assert_int_equal(gv_counter_add(gv, 0, key, INT64_MIN), GV_ERANGE);
    struct gv_iterator unknown = {.kind = (enum gv_kind)7};
    struct gv_item_view item;
    assert_int_equal(gv_next(gv, &unknown, &item), GV_EINVAL);
    uint64_t cursor = 0;
    assert_int_equal(gv_load(gv, text("{}")), GV_EVERSION);
    assert_int_equal(gv_load(gv, text("no record\n")), GV_ESYNTAX);
    assert_int_equal(gv_record(gv, &cursor, buf, 10), GV_ESPACE);
    gv_free(gv);
}

static void wrong_calls_are_errors(void **state) {
    (void)state;
    struct grapevine *gv = lone_node(0, gv_base_malloc());
    static char buf[GV_MESSAGE_MAX];
    int peer;
    assert_int_equal(gv_receive(gv, 0, 0, "{}", 2), GV_ENOENT); // not joined
    assert_int_equal(gv_peer_number(gv, text("bob")), GV_ENOENT);
    assert_int_equal(gv_peer_name(gv, 0).len, 0);
    assert_true(gv_deadline(gv) == GV_TIME_NEVER);
    assert_int_equal(gv_send(gv, 0, buf, sizeof buf, &peer), 0);

    struct gv_slice members[] = {text("bob"), text("ann")}, others[] = {text("bob"), text("cy")};
    assert_int_equal(gv_join(gv, 0, others, 2), GV_EINVAL);
    assert_int_equal(gv_join(gv, 0, members, 0), GV_EINVAL);
    assert_int_equal(gv_join(gv, 0, members, 2), 0);
    assert_int_equal(gv_join(gv, 0, members, 2), GV_EINVAL);
    assert_int_equal(gv_load(gv, (struct gv_slice){NULL, 0}), GV_EINVAL);
    static const int wrong_peers[] = {-7, -1, 0, 2, 99, INT32_MAX, INT32_MIN}; // 0 is this node
    for (size_t i = 0; i < sizeof wrong_peers / sizeof *wrong_peers; i++) {
        struct gv_peer_info info;
        assert_int_equal(gv_receive(gv, 0, wrong_peers[i], "{}", 2), GV_ENOENT);
        assert_int_equal(gv_get_peer(gv, wrong_peers[i], &info, sizeof info), GV_ENOENT);
        assert_int_equal(gv_set_writable(gv, 0, wrong_peers[i], false), GV_ENOENT);
        assert_int_equal(gv_ping(gv, 0, wrong_peers[i]), GV_ENOENT);
    }
    assert_int_equal(gv_receive(gv, 0, 1, "{}", 2), GV_EVERSION);
    assert_int_equal(gv_receive(gv, 0, 1, "[]", 2), GV_ETYPE);
    assert_int_equal(gv_receive(gv, 0, 1, "{", 1), GV_ESYNTAX);
    assert_int_equal(gv_receive(gv, 0, 1, buf, sizeof buf + 1), GV_ESPACE);
    assert_int_equal(gv_receive(gv, 0, 1, NULL, 5), GV_EINVAL);
    assert_int_equal(gv_send(gv, 0, buf, 100, &peer), GV_ESPACE);
    assert_int_equal(gv_send(gv, 0, NULL, 100, &peer), GV_EINVAL);
    struct gv_stats stats;
    gv_get_stats(gv, NULL, 5);
    gv_get_stats(NULL, &stats, sizeof stats);
    gv_advance(NULL, 5);
    gv_flush(NULL, 5);
    gv_free(NULL);
    assert_non_null(gv_last_error(NULL));
    gv_free(gv);
}

static void forged_messages_are_refused(void **state) {
    (void)state;
    static struct cluster cluster;
    static char buf[GV_MESSAGE_MAX], copy[GV_MESSAGE_MAX];
    begin(&cluster, gv_test_seed(), "secret", 0);
    struct grapevine *ann = cluster.nodes[0].gv, *bob = cluster.nodes[1].gv;
    assert_int_equal(gv_set_add(ann, cluster.now, key_of(0, false)), 1);
    int peer, len, to_bob = 0, ann_at_bob = gv_peer_number(bob, text("ann"));
    while ((len = gv_send(ann, cluster.now, buf, sizeof buf, &peer)) > 0) {
        if (index_of(gv_peer_name(ann, peer)) != 1) continue;
        to_bob++;
        for (int at = 0; at < len; at++) {
            memcpy(copy, buf, (size_t)len);
            copy[at] = (char)(copy[at] ^ 1);
            assert_true(gv_receive(bob, cluster.now, ann_at_bob, copy, (size_t)len) < 0);
        }
        int cy_at_bob = gv_peer_number(bob, text("cy"));
        assert_int_equal(gv_receive(bob, cluster.now, cy_at_bob, buf, (size_t)len), GV_EAUTH);
        int ann_at_cy = gv_peer_number(cluster.nodes[2].gv, text("ann"));
        assert_int_equal(gv_receive(cluster.nodes[2].gv, cluster.now, ann_at_cy, buf, (size_t)len),
                         GV_EAUTH);
        assert_int_equal(cluster.nodes[1].changes, 0);
        for (int i = 0; i < 3; i++) { // a replay has no effect
            assert_int_equal(gv_receive(bob, cluster.now, ann_at_bob, buf, (size_t)len), 0);
            assert_int_equal(cluster.nodes[1].changes, to_bob);
        }
    }
    assert_true(to_bob > 0);
    assert_int_equal(gv_set_has(bob, key_of(0, false)), 1);
    struct gv_stats stats;
    gv_get_stats(bob, &stats, sizeof stats);
    assert_true(stats.refused_messages > 50);
    end(&cluster);
}

static void peers_are_described(void **state) {
    (void)state;
    static struct cluster cluster;
    begin(&cluster, gv_test_seed(), "", 300);
    run(&cluster, 3000 * GV_MS);
    struct gv_peer_info info;
    struct grapevine *root = NULL;
    for (int i = 0; i < NODES; i++) { // the root of the tree sends to all
        if (gv_peer_number(cluster.nodes[i].gv, text("ann")) == GV_ENOENT)
            root = cluster.nodes[i].gv;
    }
    assert_non_null(root);
    assert_int_equal(gv_set_add(root, cluster.now, text("1")), 1);
    run(&cluster, 3000 * GV_MS);
    int bob = gv_peer_number(root, text("bob"));
    assert_int_equal(gv_get_peer(root, bob, &info, sizeof info), 0);
    assert_false(info.is_suspected);
    assert_true(info.received_at <= cluster.now && info.received_at > 0);
    assert_true(info.round_trip > 0 && info.round_trip < 500 * GV_MS);
    assert_int_equal(info.backlog, 0);
    cluster.loss = 100;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(gv_set_add(root, cluster.now, key_of(i, false)) >= 0, 1);
        run(&cluster, 20 * GV_MS);
    }
    assert_int_equal(gv_get_peer(root, bob, &info, sizeof info), 0);
    assert_true(info.backlog > 0);
    run(&cluster, 60000 * GV_MS);
    assert_int_equal(gv_get_peer(root, bob, &info, sizeof info), 0);
    assert_true(info.is_suspected);
    end(&cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_writes_reach_all_nodes),
        cmocka_unit_test(a_blocked_node_costs_its_own_staleness_only),
        cmocka_unit_test(blocked_peers_occupy_nothing),
        cmocka_unit_test(blocked_links_lose_nothing),
        cmocka_unit_test(increments_survive_a_restart_without_entries),
        cmocka_unit_test(iterations_return_each_item_once),
        cmocka_unit_test(ranges_of_strings_are_those_of_their_bytes),
        cmocka_unit_test(wrong_ranges_are_errors),
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(writes_within_on_change_are_applied_later),
        cmocka_unit_test(memory_stays_within_its_bound),
        cmocka_unit_test(exhausted_memory_is_an_error),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(summaries_that_come_too_fast_are_named),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(wrong_calls_are_errors),
        cmocka_unit_test(forged_messages_are_refused),
        cmocka_unit_test(peers_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
