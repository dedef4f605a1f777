// SPDX-License-Identifier: MIT
// The functions of engine.h: which errors they return, and that the engine works after each error.
// test/scenario/ tests clusters.
#include "../../engine/engine.h"

#include "../../engine/core.h"
#include "../../sim/check/check_replicas.h"
#include "../lib/cluster.h"
#include "../lib/meter.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 3, CAP = GV_ENGINE_MESSAGE_DEFAULT };

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static const struct gv_slice names[NODES] = {
    {(const uint8_t *)"n0", 2}, {(const uint8_t *)"n1", 2}, {(const uint8_t *)"n2", 2}};

static struct gv_engine_config config_of(uint64_t seed, uint32_t staleness_ms) {
    return (struct gv_engine_config){.alloc = gv_base_malloc(),
                                     .seed = seed,
                                     .secret = slice("a secret"),
                                     .staleness_ms = staleness_ms};
}

static struct gv_engine *engine_new(const struct gv_engine_config *config) {
    struct gv_engine *engine;
    assert_int_equal(gv_engine_new(&engine, config), 0);
    return engine;
}

static int add(struct gv_engine *engine, gv_time now, const char *key) {
    return gv_engine_put(engine, now,
                         &(struct gv_entry){.lattice = GV_LATTICE_SET, .key = slice(key)});
}

static bool has(const struct gv_engine *engine, const char *key) {
    struct gv_entry out;
    return gv_engine_get(engine, &(struct gv_entry){.lattice = GV_LATTICE_SET, .key = slice(key)},
                         &out);
}

static struct gv_engine_stats stats_of(const struct gv_engine *engine) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    return stats;
}

// Decodes a message and passes it to the engine; returns the result of gv_engine_receive.
static int receive(struct gv_engine *engine, gv_time now, int peer, const char *text, size_t len) {
    struct gv_json json;
    struct gv_message message;
    const char *fault;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);
    assert_true(gv_json_parse(&json, copy, len) > 0);
    assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
    int result = gv_engine_receive(engine, now, peer, &message);
    gv_json_fini(&json);
    free(copy);
    return result;
}

static int receive_text(struct gv_engine *engine, gv_time now, int peer, const char *text) {
    return receive(engine, now, peer, text, strlen(text));
}

// Takes all messages that the engine has to send and drops them; returns their number.
static unsigned drain(struct gv_engine *engine, gv_time now) {
    static char buf[CAP];
    unsigned count = 0;
    int peer;
    while (gv_engine_send(engine, now, buf, sizeof buf, &peer) > 0) assert_true(++count < 10000);
    assert_true(gv_engine_deadline(engine) > now);
    return count;
}

// ---- Three connected engines --------------------------------------------------------------------

struct trio {
    struct gv_engine *engines[NODES];
    gv_time now;
    bool cut[NODES][NODES]; // by sender and receiver: messages are lost
    unsigned sent;
    int copies;     // deliveries of each message
    uint64_t trace; // a hash of all messages sent
};

static void trio_init(struct trio *trio, uint64_t seed, uint32_t staleness_ms) {
    *trio = (struct trio){.now = 1000 * GV_MS, .copies = 1};
    for (int i = 0; i < NODES; i++) {
        struct gv_engine_config config = config_of(seed + (uint64_t)i, staleness_ms);
        trio->engines[i] = engine_new(&config);
        assert_int_equal(gv_engine_join(trio->engines[i], trio->now, names[i], names, NODES), 0);
    }
}

static void trio_fini(struct trio *trio) {
    for (int i = 0; i < NODES; i++) gv_engine_free(trio->engines[i]);
}

// Delivers messages without delay until no engine has any left. After that, no deadline may be in
// the past, or else a caller's loop would spin.
static void carry(struct trio *trio) {
    static char buf[CAP];
    for (bool quiet = false; !quiet;) {
        quiet = true;
        for (int from = 0; from < NODES; from++) {
            int to;
            size_t len;
            while ((len = (size_t)gv_engine_send(trio->engines[from], trio->now, buf, CAP, &to)) >
                   0) {
                quiet = false;
                assert_true(++trio->sent < 1000000);
                for (size_t i = 0; i < len; i++)
                    trio->trace = (trio->trace ^ (uint8_t)buf[i]) * UINT64_C(0x100000001b3);
                if (trio->cut[from][to]) continue;
                for (int i = 0; i < trio->copies; i++)
                    assert_int_equal(receive(trio->engines[to], trio->now, from, buf, len), 0);
            }
        }
    }
    for (int i = 0; i < NODES; i++) assert_true(gv_engine_deadline(trio->engines[i]) > trio->now);
}

// Lets this time pass, and handles each deadline on the way.
static void pass(struct trio *trio, gv_time time) {
    gv_time until = trio->now + time;
    for (carry(trio); trio->now < until; carry(trio)) {
        trio->now = until;
        for (int i = 0; i < NODES; i++) {
            gv_time due = gv_engine_deadline(trio->engines[i]);
            if (due < trio->now) trio->now = due;
        }
        for (int i = 0; i < NODES; i++) gv_engine_advance(trio->engines[i], trio->now);
    }
}

static void cut_off(struct trio *trio, int node, bool cut) {
    for (int i = 0; i < NODES; i++) trio->cut[i][node] = trio->cut[node][i] = cut && i != node;
}

static bool all_have(const struct trio *trio, const char *key) {
    return has(trio->engines[0], key) && has(trio->engines[1], key) && has(trio->engines[2], key);
}

// ---- Creation and joining ----------------------------------------------------------------------

static void new_refuses(void **state) {
    (void)state;
    struct gv_engine *engine = NULL;
    struct gv_engine_config config = config_of(1, 0);
    config.message_max = GV_ENGINE_MESSAGE_MIN - 1;
    assert_int_equal(gv_engine_new(&engine, &config), GV_EINVAL);
    config.message_max = GV_ENGINE_MESSAGE_MIN;
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    gv_engine_free(engine);
    gv_engine_free(NULL);

    struct gv_meter meter;
    config.alloc = gv_meter_alloc(&meter);
    size_t allowed = 0;
    for (;; allowed++) {
        meter.allowance = allowed;
        int error = gv_engine_new(&engine, &config);
        if (error == 0) break;
        assert_int_equal(error, GV_ENOMEM);
        assert_int_equal(meter.bytes, 0);
    }
    assert_true(allowed > 0);
    gv_engine_free(engine);
    assert_int_equal(meter.bytes, 0);
}

static void join_refuses(void **state) {
    (void)state;
    static char text[GV_ENGINE_NAME_MAX + 1];
    memset(text, 'x', sizeof text);
    struct gv_meter meter;
    struct gv_engine_config config = config_of(1, 0);
    config.alloc = gv_meter_alloc(&meter);
    struct gv_engine *engine = engine_new(&config);
    size_t bytes = meter.bytes;
    struct gv_slice list[3] = {names[0], names[1], names[2]};
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 0), GV_EINVAL);
    assert_int_equal(gv_engine_join(engine, 0, slice("n3"), list, 3), GV_EINVAL);
    assert_int_equal(gv_engine_join(engine, 0, slice("n"), list, 3), GV_EINVAL);
    assert_int_equal(gv_engine_join(engine, 0, (struct gv_slice){NULL, 0}, list, 3), GV_EINVAL);
    list[1] = list[2];
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 3), GV_EINVAL);
    list[1] = (struct gv_slice){NULL, 0};
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 3), GV_EINVAL);
    list[1] = (struct gv_slice){(const uint8_t *)text, sizeof text};
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 3), GV_ERANGE);
    assert_int_equal(meter.bytes, bytes);
    assert_true(gv_engine_deadline(engine) == GV_TIME_NEVER);
    list[1].len--;
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 3), 0);
    assert_int_equal(gv_engine_join(engine, 0, names[0], list, 3), GV_EINVAL);
    gv_engine_free(engine);
    assert_int_equal(meter.bytes, 0);
}

static void join_accepts_many_names_up_to_the_limit(void **state) {
    (void)state;
    enum { MOST = GV_ENGINE_PEERS_MAX };
    char(*text)[16] = calloc(MOST + 1, sizeof *text);
    struct gv_slice *list = calloc(MOST + 1, sizeof *list);
    GV_ASSERT(text != NULL && list != NULL);
    for (int i = 0; i <= MOST; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        list[i] = slice(text[i]);
    }
    struct gv_engine_config config = config_of(1, 1000);
    struct gv_engine *engine = engine_new(&config);
    assert_int_equal(gv_engine_join(engine, 0, list[0], list, MOST + 1), GV_ERANGE);
    assert_int_equal(gv_engine_join(engine, 0, list[7], list, MOST), 0);
    assert_int_equal(stats_of(engine).peers, MOST - 1);
    gv_engine_free(engine);
    free(list);
    free(text);
}

static void peers_are_numbered_by_name(void **state) {
    (void)state;
    const struct gv_slice list[] = {slice("n10"), slice("n2"), slice("N"), slice("n1"), slice("n")};
    struct gv_engine_config config = config_of(1, 0);
    struct gv_engine *engine = engine_new(&config);
    assert_int_equal(gv_engine_peer(engine, slice("n1")), GV_ENOENT);
    assert_int_equal(gv_engine_join(engine, 0, slice("n1"), list, 5), 0);
    static const char *const order[] = {"N", "n", "n1", "n10", "n2"};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(gv_engine_peer(engine, slice(order[i])), i == 2 ? GV_ENOENT : i);
        struct gv_slice name = gv_engine_name(engine, i);
        assert_int_equal(name.len, strlen(order[i]));
        assert_memory_equal(name.data, order[i], name.len);
    }
    assert_int_equal(gv_engine_peer(engine, slice("")), GV_ENOENT);
    assert_int_equal(gv_engine_peer(engine, slice("n100")), GV_ENOENT);
    assert_int_equal(gv_engine_peer(engine, slice("z")), GV_ENOENT);
    gv_engine_free(engine);
}

// Each allocation of a join fails once. Nothing stays allocated, and the next join succeeds.
static void join_out_of_memory(void **state) {
    (void)state;
    for (uint32_t staleness_ms = 0; staleness_ms <= 1000; staleness_ms += 1000) {
        struct gv_meter meter;
        struct gv_engine_config config = config_of(1, staleness_ms);
        config.alloc = gv_meter_alloc(&meter);
        struct gv_engine *engine = engine_new(&config);
        assert_int_equal(add(engine, 0, "1"), 1);
        size_t bytes = meter.bytes, allowed = 0;
        for (;; allowed++) {
            meter.allowance = allowed;
            int error = gv_engine_join(engine, 5, names[1], names, NODES);
            if (error == 0) break;
            assert_int_equal(error, GV_ENOMEM);
            assert_int_equal(meter.bytes, bytes);
            assert_int_equal(gv_engine_peer(engine, names[0]), GV_ENOENT);
            assert_true(gv_engine_deadline(engine) == GV_TIME_NEVER);
            assert_true(has(engine, "1"));
        }
        assert_true(allowed >= 8);
        assert_int_equal(gv_engine_peer(engine, names[0]), 0);
        gv_engine_free(engine);
        assert_int_equal(meter.bytes, 0);
    }
}

static void a_single_node_sends_nothing(void **state) {
    (void)state;
    struct gv_engine_config config = config_of(1, 0);
    struct gv_engine *engine = engine_new(&config);
    assert_int_equal(gv_engine_join(engine, 0, names[0], names, 1), 0);
    assert_int_equal(add(engine, 10, "1"), 1);
    assert_int_equal(drain(engine, 10), 0);
    assert_true(gv_engine_deadline(engine) == GV_TIME_NEVER);
    assert_int_equal(stats_of(engine).update_backlog, 0);
    gv_engine_free(engine);
}

// ---- Writing and reading ------------------------------------------------------------------------

// If all entries were accepted, messages with entries never exceed message_max.
static void put_refuses_entries_too_long_for_a_message(void **state) {
    (void)state;
    static char text[CAP], buf[CAP];
    static const size_t bounds[] = {GV_ENGINE_MESSAGE_MIN, 5000, 0};
    memset(text, '7', sizeof text);
    for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++) {
        struct gv_engine_config config = config_of(1, 0);
        config.message_max = bounds[k];
        size_t bound = bounds[k] ? bounds[k] : GV_ENGINE_MESSAGE_DEFAULT;
        struct gv_engine *engine = engine_new(&config);
        assert_int_equal(gv_engine_join(engine, 0, names[0], names, NODES), 0);
        struct gv_entry entry = {.lattice = GV_LATTICE_REGISTER,
                                 .key = {(const uint8_t *)text, 100},
                                 .value = slice("1"),
                                 .lamport = UINT64_MAX,
                                 .node = slice("\"n\"")};
        unsigned taken = 0;
        while (gv_engine_put(engine, 0, &entry) == 1) {
            entry.key.len += 1 + bound / 300;
            taken++;
        }
        bool any = gv_entry_size(&entry) > GV_ENTRY_SIZE_MAX; // exceeds the limit of the protocol
        assert_int_equal(gv_engine_put(engine, 0, &entry), any ? GV_ESPACE : GV_EFULL);
        assert_true(entry.key.len > bound / 3 && entry.key.len < bound);
        assert_int_equal(gv_engine_root(engine).count, taken);
        int peer, len;
        while ((len = gv_engine_send(engine, GV_MS, buf, sizeof buf, &peer)) > 0)
            assert_true((size_t)len <= bound);
        assert_true(stats_of(engine).sent_entries > 0);
        gv_engine_free(engine);
    }
}

static void reading(void **state) {
    (void)state;
    struct gv_engine_config config = config_of(1, 0);
    struct gv_engine *engine = engine_new(&config);
    static const char *const keys[] = {"5", "\"x\"", "-1"};
    for (int i = 0; i < 3; i++) assert_int_equal(add(engine, 0, keys[i]), 1);
    assert_int_equal(add(engine, 0, "5"), 0);
    uint32_t cursor = 0, end = gv_engine_end(engine);
    assert_int_equal(add(engine, 0, "6"), 1); // after the end saved above
    struct gv_entry out;
    for (int i = 0; i < 3; i++) {
        assert_true(gv_engine_next(engine, &cursor, end, &out));
        assert_int_equal(out.key.len, strlen(keys[i]));
        assert_memory_equal(out.key.data, keys[i], out.key.len);
    }
    assert_false(gv_engine_next(engine, &cursor, end, &out));
    assert_true(gv_engine_next(engine, &cursor, gv_engine_end(engine), &out));
    assert_int_equal(stats_of(engine).entries, 4);
    assert_int_equal(gv_engine_root(engine).count, 4);
    gv_engine_free(engine);
}

// Entries that were put before the join reach the peers.
static void put_before_join(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, 1, 0);
    gv_engine_free(trio.engines[1]);
    struct gv_engine_config config = config_of(7, 0);
    trio.engines[1] = engine_new(&config);
    assert_int_equal(add(trio.engines[1], trio.now, "1"), 1);
    assert_int_equal(gv_engine_join(trio.engines[1], trio.now, names[1], names, NODES), 0);
    assert_int_equal(add(trio.engines[1], trio.now, "2"), 1);
    pass(&trio, GV_MS);
    assert_true(all_have(&trio, "2"));
    pass(&trio, 60000 * GV_MS);
    assert_true(all_have(&trio, "1"));
    trio_fini(&trio);
}

// A node that restarts empty, with the same seed as before, receives all entries again.
static void an_incarnation_may_repeat_a_seed(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, 1, 0);
    for (int i = 0; i < 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(add(trio.engines[i % NODES], trio.now, key), 1);
        pass(&trio, 1000 * GV_MS);
    }
    gv_engine_free(trio.engines[1]);
    trio.engines[1] = engine_new((struct gv_engine_config[]){config_of(2, 0)}); // the same seed
    assert_int_equal(gv_engine_join(trio.engines[1], trio.now, names[1], names, NODES), 0);
    pass(&trio, 5000 * GV_MS);
    assert_int_equal(gv_engine_root(trio.engines[1]).count, 60);
    trio_fini(&trio);
}

// ---- Messages from peers -----------------------------------------------------------------------

static void bad_entries_are_skipped(void **state) {
    (void)state;
    static const struct {
        const char *entries;
        int error;
    } cases[] = {
        {"[{\"set\":[1,2]},{\"set\":[3]}]", 0},
        {"[{\"heap\":[1]},{\"set\":[4]}]", GV_ETYPE},
        {"[{\"set\":1},{\"set\":[5]}]", GV_ETYPE},
        {"[7,{\"set\":[6]}]", GV_ETYPE},
        {"[{\"counter\":[[7,-1]]},{\"set\":[7]}]", GV_ERANGE},
        {"[{\"counter\":[[8,18446744073709551616]]},{\"set\":[8]}]", GV_ERANGE},
        {"[{\"register\":[[9,1,2,3]]},{\"set\":[9]}]", GV_ETYPE},
        {"[{\"register\":[[10,1]]},{\"counter\":[[1,-1]]},{\"set\":[10]}]", GV_ETYPE},
    };
    struct trio trio;
    trio_init(&trio, 1, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"type\":\"gossip\",\"v\":2,\"entries\":%s}",
                 cases[i].entries);
        assert_int_equal(receive_text(trio.engines[0], trio.now, 1, text), cases[i].error);
    }
    for (int i = 1; i <= 10; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_true(has(trio.engines[0], key));
    }
    assert_int_equal(gv_engine_root(trio.engines[0]).count, 10);
    trio_fini(&trio);
}

// gv_engine_get reads only the lattice and the key of its argument.
static void a_search_reads_the_key_only(void **state) {
    (void)state;
    struct gv_engine_config config = config_of(1, 0);
    struct gv_engine *engine = engine_new(&config);
    struct gv_entry written = {.lattice = GV_LATTICE_REGISTER,
                               .key = slice("7"),
                               .value = slice("true"),
                               .lamport = 3,
                               .node = slice("\"n1\"")};
    assert_int_equal(gv_engine_put(engine, 0, &written), 1);
    struct gv_entry key = {.lattice = GV_LATTICE_REGISTER, .key = slice("7")}, found;
    key.value = (struct gv_slice){NULL, 4};
    key.node = (struct gv_slice){NULL, SIZE_MAX};
    assert_true(gv_engine_get(engine, &key, &found));
    assert_int_equal(found.lamport, 3);
    gv_engine_free(engine);
}

// The clock reaches its largest value and wraps around.
static void the_end_of_time_passes(void **state) {
    (void)state;
    struct gv_engine_config config = config_of(1, 500);
    struct gv_engine *engine = engine_new(&config);
    static char buf[CAP];
    int peer;
    assert_int_equal(gv_engine_join(engine, GV_TIME_NEVER - 10, names[0], names, NODES), 0);
    for (gv_time now = GV_TIME_NEVER - 3; now > 3; now++) {
        gv_engine_advance(engine, now);
        assert_true(gv_engine_send(engine, now, buf, sizeof buf, &peer) >= 0);
    }
    gv_engine_free(engine);
}

static void misuse_is_an_error(void **state) {
    (void)state;
    static char buf[CAP];
    struct gv_engine *engine = NULL;
    struct gv_engine_config config = {0};
    assert_int_equal(gv_engine_new(&engine, &config), GV_EINVAL);
    assert_int_equal(gv_engine_new(&engine, NULL), GV_EINVAL);
    config = config_of(1, 0);
    assert_int_equal(gv_engine_new(NULL, &config), GV_EINVAL);
    config.secret = (struct gv_slice){NULL, 5};
    assert_int_equal(gv_engine_new(&engine, &config), GV_EINVAL);
    config = config_of(1, 0);
    config.message_max = (size_t)INT32_MAX + 1;
    assert_int_equal(gv_engine_new(&engine, &config), GV_EINVAL);
    config.message_max = GV_ENGINE_MESSAGE_MIN;
    engine = engine_new(&config);

    // The calls before and after the join.
    struct gv_message message, blank = {.json = NULL};
    struct gv_json json;
    const char *fault, *body = "{\"type\":\"gossip\",\"v\":%d,\"entries\":[{\"set\":[1]}]}";
    char text[128];
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    for (int joined = 0; joined < 2; joined++) {
        assert_int_equal(gv_engine_receive(engine, 0, 1, &blank), GV_EINVAL); // not decoded
        assert_int_equal(gv_engine_receive(engine, 0, 1, NULL), GV_EINVAL);
        static const char former[] = "{\"type\":\"gossip\",\"v\":1}";
        assert_true(gv_json_parse(&json, former, sizeof former - 1) > 0);
        assert_int_equal(gv_message_decode(&message, &json, 0, &fault), GV_EVERSION);
        assert_int_equal(gv_engine_receive(engine, 0, 1, &message), GV_EINVAL);
        int len = snprintf(text, sizeof text, body, GV_MESSAGE_VERSION);
        assert_true(gv_json_parse(&json, text, (size_t)len) > 0);
        assert_int_equal(gv_message_decode(&message, &json, 0, &fault), 0);
        static const int peers[] = {GV_ENOENT, -1, 0, NODES, 5, INT32_MAX, INT32_MIN};
        for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
            assert_int_equal(gv_engine_receive(engine, 0, peers[i], &message), GV_ENOENT);
            assert_int_equal(gv_engine_ping(engine, 0, peers[i]), GV_ENOENT);
            bool named = joined && peers[i] == 0; // index 0 is this node
            assert_int_equal(gv_engine_name(engine, peers[i]).len > 0, named);
        }
        assert_int_equal(gv_engine_peer(engine, (struct gv_slice){NULL, 3}), GV_ENOENT);
        assert_int_equal(gv_engine_root(engine).count, 0);
        int peer = 0;
        static const size_t caps[] = {0, 100, GV_ENGINE_MESSAGE_MIN, GV_MESSAGE_LIMIT - 1};
        for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
            assert_int_equal(gv_engine_send(engine, 0, buf, caps[i], &peer), GV_ESPACE);
        assert_int_equal(gv_engine_send(engine, 0, NULL, CAP, &peer), GV_EINVAL);
        assert_int_equal(gv_engine_send(engine, 0, buf, CAP, NULL), GV_EINVAL);
        if (joined) continue;
        struct gv_slice broken[] = {names[0], names[1], {NULL, 2}};
        assert_int_equal(gv_engine_join(engine, 0, names[0], broken, NODES), GV_EINVAL);
        assert_int_equal(gv_engine_join(engine, 0, names[0], NULL, NODES), GV_EINVAL);
        assert_int_equal(gv_engine_join(engine, 0, broken[2], names, NODES), GV_EINVAL);
        assert_int_equal(gv_engine_join(engine, 0, names[0], names, NODES), 0);
    }
    // The text of a decoded message is replaced. Its fields are then wrong, but must do no harm.
    assert_true(gv_json_parse(&json, "7", 1) > 0);
    message.entries = 5;
    assert_true(gv_engine_receive(engine, 0, 1, &message) <= 0);
    gv_json_fini(&json);
    gv_engine_free(engine);
}

static void put_refuses_entries_that_no_node_accepts(void **state) {
    (void)state;
    struct gv_engine_config config = config_of(1, 0);
    struct gv_engine *engine = engine_new(&config);
    const struct {
        struct gv_entry entry;
        int error;
    } cases[] = {
        {{.key = {NULL, 0}}, GV_EINVAL},
        {{.key = slice("hello")}, GV_ESYNTAX},
        {{.key = slice("1],\"evil\":[2")}, GV_ESYNTAX},
        {{.lattice = (enum gv_lattice)9, .key = slice("1")}, GV_EINVAL},
        {{.lattice = GV_LATTICE_REGISTER, .key = slice("1"), .node = slice("\"n\"")}, GV_EINVAL},
        {{.lattice = GV_LATTICE_REGISTER, .key = slice("1"), .value = slice("1")}, GV_EINVAL},
        {{.lattice = GV_LATTICE_REGISTER,
          .key = slice("1"),
          .value = slice("x"),
          .node = slice("1")},
         GV_ESYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gv_entry found;
        assert_int_equal(gv_engine_put(engine, 0, &cases[i].entry), cases[i].error);
        assert_int_equal(gv_engine_root(engine).count, 0);
        assert_false(gv_engine_get(engine, &cases[i].entry, &found));
    }
    assert_int_equal(gv_engine_put(engine, 0, NULL), GV_EINVAL);
    gv_engine_free(engine);
}

// Received entries are accepted up to the limit of the protocol, even if message_max is smaller.
static void long_entries_are_taken(void **state) {
    (void)state;
    static char text[CAP * 2];
    struct gv_engine_config config = config_of(1, 0);
    config.message_max = GV_ENGINE_MESSAGE_MIN;
    struct gv_engine *engine = engine_new(&config);
    assert_int_equal(gv_engine_join(engine, 0, names[0], names, NODES), 0);
    static const int lengths[] = {1500, 60000, GV_ENTRY_SIZE_MAX - 2, GV_ENTRY_SIZE_MAX - 1, 70000};
    static const int errors[] = {0, 0, 0, GV_ESPACE, GV_ESPACE};
    static const int counts[] = {2, 4, 6, 7, 8};
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"gossip\",\"v\":2,\"entries\":[{\"set\":[\"%0*d\",%d]}]}", lengths[i],
                 1, i);
        assert_int_equal(receive_text(engine, 0, 1, text), errors[i]);
        assert_int_equal(gv_engine_root(engine).count, counts[i]);
    }
    gv_engine_free(engine);
}

static void bad_ranges_are_refused(void **state) {
    (void)state;
    static char text[CAP * 2];
    struct trio trio;
    trio_init(&trio, 1, 0);
    struct gv_engine *engine = trio.engines[0];
    assert_int_equal(add(engine, trio.now, "1"), 1);
    static const char *const bad[] = {"A", "AA=", "!!!!", "AAAAAAAAAAB"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{\"type\":\"sync\",\"v\":2,\"ranges\":\"%s\"}", bad[i]);
        assert_int_equal(receive_text(engine, trio.now, 1, text), GV_ESYNTAX);
        assert_true(gv_engine_ready(engine));
    }
    snprintf(text, sizeof text, "{\"type\":\"sync\",\"v\":2,\"ranges\":\"%0*d\"}", CAP + 1, 0);
    assert_int_equal(receive_text(engine, trio.now, 1, text), GV_EFULL);
    assert_int_equal(stats_of(engine).bad_ranges, 0);
    // Valid base64 of a malformed summary, which is detected when it is answered.
    snprintf(text, sizeof text, "{\"type\":\"sync\",\"v\":2,\"ranges\":\"AAAAAAAAAAA//////w\"}");
    assert_int_equal(receive_text(engine, trio.now, 1, text), 0);
    drain(engine, trio.now);
    assert_int_equal(stats_of(engine).bad_ranges, 1);
    assert_true(gv_engine_ready(engine));
    // The same with escapes, which a JSON library of the transport may write.
    const char *same = "{\"type\":\"sync\",\"v\":2,\"ranges\":\"AAAAAAAAAAA\\/\\u002f////w\"}";
    assert_int_equal(receive_text(engine, trio.now, 1, same), 0);
    drain(engine, trio.now);
    assert_int_equal(stats_of(engine).bad_ranges, 2);
    assert_int_equal(receive_text(engine, trio.now, 1,
                                  "{\"type\":\"sync\",\"v\":2,\"ranges\":\"AA\\u0041\\n\"}"),
                     GV_ESYNTAX);
    trio_fini(&trio);
}

// The opening of a peer that has `count` numbers, with this salt.
static void opening(char *text, size_t cap, uint64_t salt, int count) {
    struct gv_digest_key key;
    gv_digest_key_init(&key, slice("a secret"));
    struct gv_tree tree;
    gv_tree_init(&tree, gv_base_malloc());
    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(number)};
        assert_int_equal(gv_tree_insert(&tree, gv_lattice_item(&key, &entry)), 0);
    }
    uint8_t bytes[GV_RBSR_ROOT_MAX], base64[GV_BASE64_LEN(GV_RBSR_ROOT_MAX)];
    struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
    gv_rbsr_open(&tree, (uint8_t)salt, &out);
    struct gv_writer coded = {.data = base64, .cap = sizeof base64};
    gv_pack_put_base64(&coded, (struct gv_slice){bytes, out.len});
    snprintf(text, cap, "{\"type\":\"sync\",\"v\":2,\"ranges\":\"%.*s\"}", (int)coded.len, base64);
    gv_tree_fini(&tree);
}

static void full_slots_are_reported_and_freed(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, 1, 0);
    struct gv_engine *engine = trio.engines[0];
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(add(engine, trio.now, key), 1);
    }
    drain(engine, trio.now);
    char text[256];
    for (uint64_t i = 0; i < GV_ANTIENTROPY_SLOTS; i++) {
        assert_true(gv_engine_ready(engine));
        opening(text, sizeof text, i, 3);
        assert_int_equal(receive_text(engine, trio.now, 1 + (int)(i % 2), text), 0);
    }
    assert_false(gv_engine_ready(engine));
    assert_int_equal(receive_text(engine, trio.now, 1, text), GV_EFULL);
    assert_true(drain(engine, trio.now) >= GV_ANTIENTROPY_SLOTS);
    assert_true(gv_engine_ready(engine));
    trio_fini(&trio);
}

static void equal_summaries_leave_their_slots(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, 1, 0);
    struct gv_engine *engine = trio.engines[0];
    char text[256];
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 0; i < GV_ANTIENTROPY_SLOTS; i++) {
            assert_true(gv_engine_ready(engine));
            opening(text, sizeof text, i, 0);
            assert_int_equal(receive_text(engine, trio.now, 1, text), 0);
        }
        assert_int_equal(drain(engine, trio.now), 0);
        assert_true(gv_engine_ready(engine));
    }
    trio_fini(&trio);
}

// ---- Failures -----------------------------------------------------------------------------------

static void repeated_messages_change_nothing(void **state) {
    (void)state;
    for (uint32_t staleness_ms = 0; staleness_ms <= 500; staleness_ms += 500) {
        struct trio trio;
        trio_init(&trio, gv_test_seed(), staleness_ms);
        trio.copies = 3;
        for (int i = 0; i < 30; i++) {
            char key[16];
            snprintf(key, sizeof key, "%d", i);
            assert_int_equal(add(trio.engines[i % NODES], trio.now, key), 1);
            pass(&trio, 20000 * GV_MS);
            assert_true(all_have(&trio, key));
            for (int k = 0; k < NODES; k++) assert_true(gv_engine_ready(trio.engines[k]));
        }
        trio_fini(&trio);
    }
}

// A duplicate of a sync message is not answered; otherwise duplicated answers would multiply.
static void a_duplicate_sync_message_is_answered_once(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, 1, 0);
    struct gv_engine *engine = trio.engines[0];
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(add(engine, trio.now, key), 1);
    }
    drain(engine, trio.now);
    char text[256], numbered[300];
    for (uint64_t id = 7; id < 9; id++) {
        opening(text, sizeof text, id, 3);
        snprintf(numbered, sizeof numbered, "%.*s,\"id\":%d}", (int)strlen(text) - 1, text,
                 (int)id);
        for (int copies = 0; copies < 3; copies++) {
            struct gv_engine_stats before, after;
            gv_engine_stats(engine, &before);
            assert_int_equal(receive_text(engine, trio.now, 1, numbered), 0);
            drain(engine, trio.now);
            gv_engine_stats(engine, &after);
            uint64_t answers =
                after.traffic[GV_ENGINE_SUMMARY].sent - before.traffic[GV_ENGINE_SUMMARY].sent +
                after.traffic[GV_ENGINE_ENTRIES].sent - before.traffic[GV_ENGINE_ENTRIES].sent;
            assert_int_equal(answers, copies == 0);
        }
    }
    trio_fini(&trio);
}

// Messages in flight during a pause of the process are lost, and their updates are sent again.
static void updates_survive_a_pause(void **state) {
    (void)state;
    for (uint32_t staleness_ms = 0; staleness_ms <= 500; staleness_ms += 500) {
        struct trio trio;
        trio_init(&trio, gv_test_seed(), staleness_ms);
        pass(&trio, 10000 * GV_MS);
        cut_off(&trio, 0, true);
        assert_int_equal(add(trio.engines[0], trio.now, "1"), 1);
        carry(&trio);
        assert_int_equal(stats_of(trio.engines[0]).update_backlog, 1);
        trio.now += 8000 * GV_MS;
        cut_off(&trio, 0, false);
        pass(&trio, 2000 * GV_MS);
        assert_int_equal(stats_of(trio.engines[0]).pauses, 1);
        assert_true(all_have(&trio, "1"));
        trio_fini(&trio);
    }
}

// A message without the flag to_parent removes a child only if it has an id, and no message with a
// larger id came before it. When the child's next message adds the child again, it gets the updates
// that it has missed.
static void a_late_message_does_not_change_the_tree(void **state) {
    (void)state;
    struct trio trio;
    char text[128];
    trio_init(&trio, gv_test_seed(), 300);
    pass(&trio, 10000 * GV_MS);
    assert_int_equal(add(trio.engines[2], trio.now, "0"), 1);
    pass(&trio, 2000 * GV_MS);
    const struct gv_ack *ack = &trio.engines[0]->peers.at[2]->ack;
    const struct gv_push *push = &trio.engines[0]->push;
    assert_true(gv_push_is_child(push, 2) && ack->has_received);
    assert_int_equal(receive_text(trio.engines[0], trio.now, 2, "{\"type\":\"gossip\",\"v\":2}"),
                     0);
    snprintf(text, sizeof text, "{\"type\":\"gossip\",\"v\":2,\"id\":%" PRIu64 "}",
             ack->largest - 1);
    assert_int_equal(receive_text(trio.engines[0], trio.now, 2, text), 0);
    assert_true(gv_push_is_child(push, 2));
    snprintf(text, sizeof text, "{\"type\":\"gossip\",\"v\":2,\"id\":%" PRIu64 "}",
             ack->largest + 5);
    assert_int_equal(receive_text(trio.engines[0], trio.now, 2, text), 0);
    assert_false(gv_push_is_child(push, 2));
    assert_int_equal(add(trio.engines[0], trio.now, "1"), 1);
    pass(&trio, 500 * GV_MS);
    assert_false(has(trio.engines[2], "1"));
    for (int i = 2; i < 9; i++) { // the ids of its next messages are at first smaller
        char key[2] = {(char)('0' + i), '\0'};
        assert_int_equal(add(trio.engines[2], trio.now, key), 1);
        pass(&trio, 2000 * GV_MS);
    }
    assert_true(gv_push_is_child(push, 2));
    assert_true(all_have(&trio, "1"));
    trio_fini(&trio);
}

// A parent announces a flush round in 50 days. Updates are still sent within this node's staleness.
static void a_flush_announced_for_never(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, gv_test_seed(), 300);
    assert_int_equal(add(trio.engines[1], trio.now, "1"), 1);
    pass(&trio, 10000 * GV_MS);
    assert_int_equal(receive_text(trio.engines[1], trio.now, 0,
                                  "{\"type\":\"gossip\",\"v\":2,\"next\":4294967295}"),
                     0);
    assert_int_equal(add(trio.engines[1], trio.now, "2"), 1);
    pass(&trio, 1000 * GV_MS);
    assert_true(all_have(&trio, "2"));
    trio_fini(&trio);
}

static void same_seed_same_messages(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), traces[3];
    for (int run = 0; run < 3; run++) {
        struct trio trio;
        trio_init(&trio, run < 2 ? seed : seed + 1000, 200);
        for (int i = 0; i < 40; i++) {
            char key[16];
            snprintf(key, sizeof key, "%d", i);
            assert_int_equal(add(trio.engines[i % NODES], trio.now, key), 1);
            cut_off(&trio, 1, i % 10 < 4);
            pass(&trio, 700 * GV_MS);
        }
        pass(&trio, 60000 * GV_MS);
        assert_true(all_have(&trio, "0") && all_have(&trio, "39"));
        traces[run] = trio.trace;
        trio_fini(&trio);
    }
    assert_true(traces[0] == traces[1]);
    assert_true(traces[0] != traces[2]);
}

static void replicas_recover_from_out_of_memory(void **state) {
    (void)state;
    struct trio trio;
    trio_init(&trio, gv_test_seed(), 0);
    struct gv_meter meter;
    struct gv_engine_config config = config_of(9, 0);
    config.alloc = gv_meter_alloc(&meter);
    gv_engine_free(trio.engines[0]);
    trio.engines[0] = engine_new(&config);
    assert_int_equal(gv_engine_join(trio.engines[0], trio.now, names[0], names, NODES), 0);
    unsigned failures = 0;
    for (int i = 0; i < 300; i++) {
        meter.allowance = (size_t)(i % 5 == 0);
        char text[256];
        opening(text, sizeof text, (uint64_t)i, 3);
        int error = receive_text(trio.engines[0], trio.now, 1, text);
        assert_true(error == 0 || error == GV_ENOMEM);
        failures += error != 0;
        snprintf(text, sizeof text,
                 "{\"type\":\"gossip\",\"v\":2,\"id\":%d,\"entries\":[{\"counter\":[[\"%0*d\","
                 "%d]]}]}",
                 i, 60, i, i + 1);
        error = receive_text(trio.engines[0], trio.now, 1, text);
        assert_true(error == 0 || error == GV_ENOMEM);
        failures += error != 0;
        assert_int_equal(receive_text(trio.engines[1], trio.now, 0, text), 0);
        drain(trio.engines[0], trio.now);
        trio.now += GV_MS;
    }
    assert_true(failures > 0);
    meter.allowance = SIZE_MAX;
    pass(&trio, 120000 * GV_MS);
    assert_int_equal(gv_engine_root(trio.engines[0]).count, 300);
    for (int i = 1; i < NODES; i++)
        assert_int_equal(gv_check_replicas_compare(trio.engines[0], trio.engines[i]),
                         GV_CHECK_REPLICAS_EQUAL);
    trio_fini(&trio);
    assert_int_equal(meter.bytes, 0);
}

// ---- Failures on slow links ---------------------------------------------------------------

static bool suspects(const struct gv_cluster *cluster, int node, int other) {
    const struct gv_peer *peer = cluster->nodes[node].engine->peers.at[other];
    return peer != NULL && gv_health_is_suspected(&peer->health);
}

static void add_at_all(struct gv_cluster *cluster, int64_t *next) {
    for (uint32_t i = 0; i < cluster->config.nodes; i++)
        assert_int_equal(gv_cluster_add_number(cluster, i, (*next)++), 1);
}

// Two nodes suspect each other. When one of them no longer suspects the other, the other follows
// within seconds, even if its own last probe was lost.
static void suspicions_end_on_both_sides(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        struct gv_cluster cluster;
        gv_cluster_init(&cluster, &(struct gv_cluster_config){.nodes = 3,
                                                              .seed = gv_test_seed() + i,
                                                              .staleness_ms = i % 2 * 500,
                                                              .latency_ms = 300});
        gv_cluster_join(&cluster);
        int64_t next = 0;
        for (int k = 0; k < 3; k++) {
            add_at_all(&cluster, &next);
            gv_cluster_run(&cluster, 5000 * GV_MS);
        }
        gv_cluster_split(&cluster, 2);
        add_at_all(&cluster, &next);
        gv_cluster_run(&cluster, (40000 + i * 317) * GV_MS);
        add_at_all(&cluster, &next);
        assert_true(suspects(&cluster, 0, 2) && suspects(&cluster, 2, 0));
        gv_cluster_split(&cluster, 0);
        gv_time waited = 0, most = 30000 * GV_MS;
        while (suspects(&cluster, 0, 2) && suspects(&cluster, 2, 0) && waited < most) {
            gv_cluster_run(&cluster, 10 * GV_MS);
            waited += 10 * GV_MS;
        }
        assert_true(waited < most);
        gv_cluster_run(&cluster, 4000 * GV_MS);
        assert_false(suspects(&cluster, 0, 2) || suspects(&cluster, 2, 0));
        gv_cluster_fini(&cluster);
    }
}

// If the round trip becomes a hundred times longer, peers are suspected only for some time.
static void suspicions_on_a_slower_network_end(void **state) {
    (void)state;
    for (uint32_t staleness_ms = 0; staleness_ms <= 400; staleness_ms += 400) {
        struct gv_cluster cluster;
        gv_cluster_init(&cluster, &(struct gv_cluster_config){.nodes = 4,
                                                              .seed = gv_test_seed(),
                                                              .staleness_ms = staleness_ms,
                                                              .latency_ms = 5});
        gv_cluster_join(&cluster);
        int64_t next = 0;
        for (int i = 0; i < 200; i++) {
            if (i == 20) cluster.net.config.latency_ms = 500;
            add_at_all(&cluster, &next);
            gv_cluster_run(&cluster, 200 * GV_MS);
        }
        for (int i = 0; i < 4; i++)
            assert_int_equal(stats_of(cluster.nodes[i].engine).suspected, 0);
        assert_true(gv_cluster_settle(&cluster, 3000 * GV_MS) != GV_TIME_NEVER);
        gv_cluster_fini(&cluster);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses),
        cmocka_unit_test(join_refuses),
        cmocka_unit_test(join_accepts_many_names_up_to_the_limit),
        cmocka_unit_test(peers_are_numbered_by_name),
        cmocka_unit_test(join_out_of_memory),
        cmocka_unit_test(a_single_node_sends_nothing),
        cmocka_unit_test(put_refuses_entries_too_long_for_a_message),
        cmocka_unit_test(reading),
        cmocka_unit_test(put_before_join),
        cmocka_unit_test(an_incarnation_may_repeat_a_seed),
        cmocka_unit_test(bad_entries_are_skipped),
        cmocka_unit_test(long_entries_are_taken),
        cmocka_unit_test(a_search_reads_the_key_only),
        cmocka_unit_test(the_end_of_time_passes),
        cmocka_unit_test(misuse_is_an_error),
        cmocka_unit_test(put_refuses_entries_that_no_node_accepts),
        cmocka_unit_test(bad_ranges_are_refused),
        cmocka_unit_test(full_slots_are_reported_and_freed),
        cmocka_unit_test(equal_summaries_leave_their_slots),
        cmocka_unit_test(repeated_messages_change_nothing),
        cmocka_unit_test(a_duplicate_sync_message_is_answered_once),
        cmocka_unit_test(updates_survive_a_pause),
        cmocka_unit_test(a_late_message_does_not_change_the_tree),
        cmocka_unit_test(a_flush_announced_for_never),
        cmocka_unit_test(same_seed_same_messages),
        cmocka_unit_test(replicas_recover_from_out_of_memory),
        cmocka_unit_test(suspicions_end_on_both_sides),
        cmocka_unit_test(suspicions_on_a_slower_network_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
