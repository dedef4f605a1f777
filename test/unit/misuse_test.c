// SPDX-License-Identifier: MIT
// Every public function returns an error for a NULL argument or a malformed entry, whatever the
// other arguments are.
#include "../lib/test.h"

#include "../../engine/core.h"
#include "../../engine/grapevine.h"
#include "../../engine/store.h"
#include "../../merkle/rbsr.h"

#include <string.h>

#define ALLOC gv_base_malloc()

struct result {
    const char *call;
    int64_t got, want;
};

static void check(const struct result *results, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (results[i].got != results[i].want) print_message("%s\n", results[i].call);
        assert_int_equal(results[i].got, results[i].want);
    }
}

// clang-format off
#define CALL(call, want) {#call, (int64_t)(call), (int64_t)(want)}
// clang-format on
#define CHECK(results) check(results, sizeof(results) / sizeof *(results))

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

static struct gv_engine *new_engine(void) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = ALLOC, .seed = 1};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    const struct gv_slice names[] = {text("n1"), text("n2")};
    assert_int_equal(gv_engine_join(engine, 0, names[0], names, 2), 0);
    return engine;
}

static void test_no_engine(void **state) {
    (void)state;
    static char buf[GV_MESSAGE_LIMIT];
    const struct gv_slice name = text("n1");
    const struct gv_entry key = {.key = text("1")};
    struct gv_message message = {.sync = false};
    struct gv_entry entry;
    uint32_t cursor = 0;
    int peer;
    const struct result results[] = {
        CALL(gv_engine_join(NULL, 0, name, &name, 1), GV_EINVAL),
        CALL(gv_engine_peer(NULL, name), GV_EINVAL),
        CALL(gv_engine_name(NULL, 0).len, 0),
        CALL(gv_engine_put(NULL, 0, &key), GV_EINVAL),
        CALL(gv_engine_ready(NULL), false),
        CALL(gv_engine_receive(NULL, 0, 1, &message), GV_EINVAL),
        CALL(gv_engine_deadline(NULL), GV_TIME_NEVER),
        CALL(gv_engine_ping(NULL, 0, 1), GV_EINVAL),
        CALL(gv_engine_send(NULL, 0, buf, sizeof buf, &peer), GV_EINVAL),
        CALL(gv_engine_end(NULL), 0),
        CALL(gv_engine_next(NULL, &cursor, 1, &entry), false),
        CALL(gv_engine_get(NULL, &key, &entry), false),
        CALL(gv_engine_root(NULL).count, 0),
    };
    CHECK(results);
    gv_engine_free(NULL);
    gv_engine_advance(NULL, 1);
    gv_engine_flush(NULL, 1);
    struct gv_engine_stats stats = {.entries = 7};
    gv_engine_stats(NULL, &stats);
    assert_int_equal(stats.entries, 0);
}

static void test_no_argument(void **state) {
    (void)state;
    static char buf[GV_MESSAGE_LIMIT];
    struct gv_engine *engine = new_engine();
    const struct gv_engine_config config = {.alloc = ALLOC}, none = {.seed = 1};
    const struct gv_slice broken = {NULL, 3};
    const struct gv_entry key = {.key = text("1")}, nowhere = {.key = broken};
    struct gv_message undecoded = {.sync = false};
    struct gv_engine *out;
    struct gv_entry entry;
    uint32_t cursor = 0;
    int peer;
    assert_int_equal(gv_engine_put(engine, 0, &key), 1);
    uint32_t end = gv_engine_end(engine);
    const struct result results[] = {
        CALL(gv_engine_new(NULL, &config), GV_EINVAL),
        CALL(gv_engine_new(&out, NULL), GV_EINVAL),
        CALL(gv_engine_new(&out, &none), GV_EINVAL),
        CALL(gv_engine_join(engine, 0, text("n1"), NULL, 1), GV_EINVAL),
        CALL(gv_engine_peer(engine, broken), GV_ENOENT),
        CALL(gv_engine_put(engine, 0, NULL), GV_EINVAL),
        CALL(gv_engine_put(engine, 0, &nowhere), GV_EINVAL),
        CALL(gv_engine_receive(engine, 0, 1, NULL), GV_EINVAL),
        CALL(gv_engine_receive(engine, 0, 1, &undecoded), GV_EINVAL),
        CALL(gv_engine_send(engine, 0, NULL, sizeof buf, &peer), GV_EINVAL),
        CALL(gv_engine_send(engine, 0, buf, sizeof buf, NULL), GV_EINVAL),
        CALL(gv_engine_next(engine, NULL, end, &entry), false),
        CALL(gv_engine_next(engine, &cursor, end, NULL), false),
        CALL(gv_engine_get(engine, NULL, &entry), false),
        CALL(gv_engine_get(engine, &nowhere, &entry), false),
        CALL(gv_engine_get(engine, &key, NULL), false),
    };
    CHECK(results);
    gv_engine_stats(engine, NULL);
    assert_int_equal(cursor, 0);
    gv_engine_free(engine);
}

static int take_none(void *ctx, int (*take)(void *, const struct gv_store_record *), void *to) {
    (void)ctx;
    (void)take;
    (void)to;
    return 0;
}

static void test_store(void **state) {
    (void)state;
    struct gv_engine *engine = new_engine();
    const struct gv_store store = {.load = take_none}, empty = {.load = NULL};
    const struct gv_entry key = {.key = text("1")};
    const struct gv_store_record record = {text("x"), text("y")};
    const struct gv_slice broken = {NULL, 20};
    const struct gv_store_record no_key = {broken, text("y")},
                                 no_value = {text("123456789"), broken};
    struct gv_store_batch batch = {0};
    struct gv_store_record found;
    struct gv_entry entry;
    static uint8_t scratch[GV_STORE_SCRATCH];
    assert_int_equal(gv_store_batch_put(&batch, ALLOC, engine, &key), 0);
    size_t at = 0;
    const struct gv_alloc none = {NULL, NULL};
    const struct result results[] = {
        CALL(gv_store_load(NULL, engine), GV_EINVAL),
        CALL(gv_store_load(&empty, engine), GV_EINVAL),
        CALL(gv_store_load(&store, NULL), GV_EINVAL),
        CALL(gv_store_reserve(NULL, &key), GV_EINVAL),
        CALL(gv_store_reserve(engine, NULL), GV_EINVAL),
        CALL(gv_store_apply(NULL, 0, &key), GV_EINVAL),
        CALL(gv_store_apply(engine, 0, NULL), GV_EINVAL),
        CALL(gv_store_batch_put(NULL, ALLOC, engine, &key), GV_EINVAL),
        CALL(gv_store_batch_put(&batch, none, engine, &key), GV_EINVAL),
        CALL(gv_store_batch_put(&batch, ALLOC, NULL, &key), GV_EINVAL),
        CALL(gv_store_batch_put(&batch, ALLOC, engine, NULL), GV_EINVAL),
        CALL(gv_store_batch_next(NULL, &at, &found), false),
        CALL(gv_store_batch_next(&batch, NULL, &found), false),
        CALL(gv_store_batch_next(&batch, &at, NULL), false),
        CALL(gv_store_decode(NULL, scratch, &entry), GV_EINVAL),
        CALL(gv_store_decode(&no_key, scratch, &entry), GV_EINVAL),
        CALL(gv_store_decode(&no_value, scratch, &entry), GV_EINVAL),
        CALL(gv_store_decode_any(&no_key, scratch, &entry), GV_EINVAL),
        CALL(gv_store_decode_any(&no_value, scratch, &entry), GV_EINVAL),
        CALL(gv_store_decode(&record, NULL, &entry), GV_EINVAL),
        CALL(gv_store_decode(&record, scratch, NULL), GV_EINVAL),
    };
    CHECK(results);
    gv_store_release(NULL, &key);
    gv_store_release(engine, NULL);
    gv_store_batch_free(NULL, ALLOC);
    assert_true(at == 0 && batch.count == 1);
    gv_store_batch_free(&batch, ALLOC);
    gv_engine_free(engine);
}

// Entries that gv_entry_check refuses.
static const struct malformed {
    const char *name;
    struct gv_entry entry;
    int error;
} malformed[] = {
#define TEXT(s) \
    { (const uint8_t *)(s), sizeof(s) - 1 }
#define NOWHERE \
    { NULL, 5 }
    // clang-format off
    {"zeroed", {.count = 0}, GV_EINVAL},
    {"empty key", {.key = TEXT("")}, GV_EINVAL},
    {"key without data", {.key = NOWHERE}, GV_EINVAL},
    {"unknown lattice", {.lattice = (enum gv_lattice)9, .key = TEXT("1")}, GV_EINVAL},
    {"negative lattice", {.lattice = (enum gv_lattice)-1, .key = TEXT("1")}, GV_EINVAL},
    {"no JSON", {.key = TEXT("hello")}, GV_ESYNTAX},
    {"key with a bracket", {.key = TEXT("1],\"evil\":[2")}, GV_ESYNTAX},
    {"key too long", {.key = {(const uint8_t *)"1", GV_ENTRY_SIZE_MAX + 1}}, GV_ESPACE},
    {"key without end", {.key = {(const uint8_t *)"1", SIZE_MAX}}, GV_ESPACE},
    {"set with a value", {.key = TEXT("1"), .value = TEXT("2")}, GV_EINVAL},
    {"counter without key", {.lattice = GV_LATTICE_COUNTER, .count = 1}, GV_EINVAL},
    {"counter with a node",
     {.lattice = GV_LATTICE_COUNTER, .key = TEXT("1"), .node = TEXT("\"n\"")}, GV_EINVAL},
    {"counter, value without data",
     {.lattice = GV_LATTICE_COUNTER, .key = TEXT("1"), .value = NOWHERE}, GV_EINVAL},
    {"register without value and node",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .lamport = 1}, GV_EINVAL},
    {"register without value",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .node = TEXT("\"n\"")}, GV_EINVAL},
    {"register without node",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .value = TEXT("2")}, GV_EINVAL},
    {"register, value without data",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .value = NOWHERE,
      .node = TEXT("\"n\"")}, GV_EINVAL},
    {"register, node without data",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .value = TEXT("2"), .node = NOWHERE},
     GV_EINVAL},
    {"register, node is a number",
     {.lattice = GV_LATTICE_REGISTER, .key = TEXT("1"), .value = TEXT("2"), .node = TEXT("3")},
     GV_ETYPE},
    // clang-format on
};

// Another entry is reserved, so that the engine looks up the reservation of each malformed entry.
static void test_malformed(void **state) {
    (void)state;
    struct gv_engine *engine = new_engine();
    const struct gv_entry good = {.key = text("7")};
    struct gv_store_batch batch = {0};
    assert_int_equal(gv_store_reserve(engine, &good), 0);
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        const struct gv_entry *entry = &malformed[i].entry;
        int error = malformed[i].error;
        const char *fault;
        struct gv_entry found;
        print_message("%s\n", malformed[i].name);
        const struct result results[] = {
            CALL(gv_entry_check(entry, &fault), error),
            CALL(gv_engine_put(engine, 0, entry), error),
            CALL(gv_engine_get(engine, entry, &found), false),
            CALL(gv_store_reserve(engine, entry), error),
            CALL(gv_store_apply(engine, 0, entry), error),
            CALL(gv_store_batch_put(&batch, ALLOC, engine, entry), error),
        };
        CHECK(results);
        gv_store_release(engine, entry);
        assert_true(batch.count == 0 && batch.data == NULL);
        assert_int_equal(engine->reservations.entries, 1);
        assert_int_equal(gv_engine_root(engine).count, 0);
    }
    gv_store_release(engine, &(struct gv_entry){.key = text("8")}); // has no reservation
    assert_int_equal(engine->reservations.entries, 1);
    gv_store_release(engine, &good);
    assert_int_equal(engine->reservations.entries, 0);
    gv_engine_free(engine);
}

static bool give(void *ctx, const struct gv_item *item, size_t len) {
    (void)ctx;
    (void)item;
    (void)len;
    return true;
}

static void test_reconcile(void **state) {
    (void)state;
    struct gv_tree tree;
    gv_tree_init(&tree, ALLOC);
    struct gv_digest_key key;
    gv_digest_key_init(&key, text(""));
    uint8_t opening[GV_RBSR_ROOT_MAX], room[GV_RBSR_CAPACITY_MIN];
    struct gv_writer writer = {.data = opening, .cap = sizeof opening};
    gv_rbsr_open(NULL, 1, &writer);
    gv_rbsr_open(&tree, 1, NULL);
    assert_int_equal(writer.len, 0);
    gv_rbsr_open(&tree, 1, &writer);
    const struct gv_slice summary = {opening, writer.len}, broken = {NULL, 30};
    struct gv_rbsr it;
    assert_int_equal(gv_rbsr_begin(&it, summary, NULL), 0);
    struct gv_rbsr_out out = {.summary = {.data = room, .cap = sizeof room}, .send = give};
    struct gv_rbsr_out small = out, nowhere = out, mute = out;
    small.summary.cap--;
    nowhere.summary.data = NULL;
    mute.send = NULL;
    struct gv_rbsr other;
    const struct result results[] = {
        CALL(gv_rbsr_is_opening(broken), false),
        CALL(gv_rbsr_begin(NULL, summary, NULL), GV_EINVAL),
        CALL(gv_rbsr_begin(&other, broken, NULL), GV_EINVAL),
        CALL(gv_rbsr_answer(NULL, &tree, &key, &out), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, NULL, &key, &out), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, &tree, NULL, &out), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, &tree, &key, NULL), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, &tree, &key, &mute), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, &tree, &key, &nowhere), GV_EINVAL),
        CALL(gv_rbsr_answer(&it, &tree, &key, &small), GV_ESPACE),
    };
    CHECK(results);
    assert_int_equal(gv_rbsr_answer(&it, &tree, &key, &out), 0);
    assert_true(it.done);
    gv_tree_fini(&tree);
}

// --- the public interface: grapevine.h ---------------------------------------------------------

static struct grapevine *new_node(void) {
    struct grapevine *gv;
    struct gv_config config;
    gv_config_init(&config);
    config.name = text("n1");
    config.incarnation = 1;
    assert_int_equal(gv_new(&gv, &config), 0);
    return gv;
}

static void test_no_node(void **state) {
    (void)state;
    static char buf[GV_MESSAGE_MAX];
    const struct gv_slice name = text("n1"), key = text("1");
    struct gv_iterator it = {.kind = GV_SET};
    struct gv_item_view item;
    struct gv_peer_info info;
    struct gv_slice value;
    uint64_t cursor = 0;
    int64_t count;
    int peer;
    const struct result results[] = {
        CALL(gv_join(NULL, 0, &name, 1), GV_EINVAL),
        CALL(gv_memory_min(NULL, 1), 0),
        CALL(gv_set_add(NULL, 0, key), GV_EINVAL),
        CALL(gv_set_has(NULL, key), GV_EINVAL),
        CALL(gv_counter_add(NULL, 0, key, 1), GV_EINVAL),
        CALL(gv_counter_value(NULL, key, &count), GV_EINVAL),
        CALL(gv_register_set(NULL, 0, key, key), GV_EINVAL),
        CALL(gv_register_get(NULL, key, &value), GV_EINVAL),
        CALL(gv_next(NULL, &it, &item), GV_EINVAL),
        CALL(gv_load(NULL, text("")), GV_EINVAL),
        CALL(gv_record(NULL, &cursor, buf, sizeof buf), GV_EINVAL),
        CALL(gv_receive(NULL, 0, 0, buf, 1), GV_EINVAL),
        CALL(gv_ready(NULL), false),
        CALL(gv_send(NULL, 0, buf, sizeof buf, &peer), GV_EINVAL),
        CALL(gv_set_writable(NULL, 0, 0, false), GV_EINVAL),
        CALL(gv_deadline(NULL), GV_TIME_NEVER),
        CALL(gv_peer_number(NULL, name), GV_EINVAL),
        CALL(gv_peer_name(NULL, 0).len, 0),
        CALL(gv_self(NULL), GV_EINVAL),
        CALL(gv_get_peer(NULL, 0, &info, sizeof info), GV_EINVAL),
        CALL(gv_ping(NULL, 0, 0), GV_EINVAL),
        CALL(gv_last_error(NULL)[0] != 0, true),
    };
    CHECK(results);
    gv_config_init(NULL);
    gv_advance(NULL, 1);
    gv_flush(NULL, 1);
    gv_free(NULL);
    struct gv_stats stats = {.entries = 7};
    gv_get_stats(NULL, &stats, sizeof stats);
    assert_int_equal(stats.entries, 0);
}

static void test_no_argument_of_a_node(void **state) {
    (void)state;
    static char buf[GV_MESSAGE_MAX];
    const struct gv_slice key = text("1"), names[] = {text("n1"), text("n2")};
    struct grapevine *gv = new_node(), *out;
    const struct gv_config zeroed = {.size = 0};
    struct gv_iterator it = {.kind = GV_SET};
    struct gv_item_view item;
    struct gv_peer_info info;
    uint64_t cursor = 0;
    int64_t count;
    int peer;
    assert_int_equal(gv_set_add(gv, 0, key), 1);
    const struct result results[] = {
        CALL(gv_new(NULL, &zeroed), GV_EINVAL),
        CALL(gv_new(&out, NULL), GV_EINVAL),
        CALL(gv_new(&out, &zeroed), GV_EINVAL),
        CALL(gv_self(gv), GV_ENOENT), // not joined
        CALL(gv_set_writable(gv, 0, 1, false), GV_ENOENT),
        CALL(gv_ping(gv, 0, 1), GV_ENOENT),
        CALL(gv_receive(gv, 0, 1, "{}", 2), GV_ENOENT),
        CALL(gv_join(gv, 0, NULL, 2), GV_EINVAL),
        CALL(gv_join(gv, 0, names, 2), 0),
        CALL(gv_self(gv), 0),
        CALL(gv_counter_value(gv, key, NULL), GV_EINVAL),
        CALL(gv_register_get(gv, key, NULL), GV_EINVAL),
        CALL(gv_next(gv, NULL, &item), GV_EINVAL),
        CALL(gv_next(gv, &it, NULL), GV_EINVAL),
        CALL(gv_record(gv, NULL, buf, sizeof buf), GV_EINVAL),
        CALL(gv_record(gv, &cursor, NULL, sizeof buf), GV_EINVAL),
        CALL(gv_receive(gv, 0, 1, NULL, 5), GV_EINVAL),
        CALL(gv_receive(gv, 0, 1, NULL, 0), GV_ESYNTAX),
        CALL(gv_receive(gv, 0, -7, "{}", 2), GV_ENOENT),
        CALL(gv_receive(gv, 0, 5, "{}", 2), GV_ENOENT),
        CALL(gv_send(gv, 0, NULL, sizeof buf, &peer), GV_EINVAL),
        CALL(gv_send(gv, 0, buf, sizeof buf, NULL), GV_EINVAL),
        CALL(gv_send(gv, 0, buf, 100, &peer), GV_ESPACE),
        CALL(gv_peer_name(gv, 99).len, 0),
        CALL(gv_peer_name(gv, -1).len, 0),
        CALL(gv_get_peer(gv, 1, NULL, sizeof info), GV_EINVAL),
        CALL(gv_get_peer(gv, 1, &info, 0), 0),
        CALL(gv_text_integer(1, NULL, 5), GV_EINVAL),
        CALL(gv_text_integer(1, NULL, 0), GV_ESPACE),
        CALL(gv_text_string(key, NULL, 5), GV_EINVAL),
        CALL(gv_text_to_integer(key, NULL), GV_EINVAL),
        CALL(gv_text_to_string(text("\"\""), NULL, 5), GV_EINVAL),
        CALL(gv_text_to_integer(key, &count), 0),
    };
    CHECK(results);
    gv_get_stats(gv, NULL, 8);
    gv_free(gv);
}

// Slices without bytes, and slices whose length is an error code.
static void test_broken_slices(void **state) {
    (void)state;
    static char buf[64];
    const struct gv_slice key = text("1");
    const struct gv_slice broken[] = {{NULL, 3}, gv_slice_of(buf, (size_t)GV_ESPACE)};
    for (size_t i = 0; i < GV_COUNT(broken); i++) {
        struct grapevine *gv = new_node(), *out;
        struct gv_config no_name, no_secret;
        gv_config_init(&no_name);
        no_name.incarnation = 1;
        no_secret = no_name;
        no_name.name = broken[i];
        no_secret.name = text("n1");
        no_secret.secret = broken[i];
        struct gv_iterator its[3] = {{.kind = GV_SET}, {.kind = GV_SET}, {.kind = GV_SET}};
        its[0].first = its[1].end = its[2].prefix = broken[i];
        struct gv_item_view item;
        struct gv_slice value;
        int64_t count;
        const struct result results[] = {
            CALL(gv_new(&out, &no_name), GV_EINVAL),
            CALL(gv_new(&out, &no_secret), GV_EINVAL),
            CALL(gv_join(gv, 0, &broken[i], 1) < 0, true),
            CALL(gv_peer_number(gv, broken[i]), GV_ENOENT),
            CALL(gv_load(gv, broken[i]), GV_EINVAL),
            CALL(gv_set_add(gv, 0, broken[i]), GV_EINVAL),
            CALL(gv_set_has(gv, broken[i]), GV_EINVAL),
            CALL(gv_counter_add(gv, 0, broken[i], 1), GV_EINVAL),
            CALL(gv_counter_value(gv, broken[i], &count), GV_EINVAL),
            CALL(gv_register_set(gv, 0, broken[i], key), GV_EINVAL),
            CALL(gv_register_set(gv, 0, key, broken[i]), GV_EINVAL),
            CALL(gv_register_get(gv, broken[i], &value), GV_EINVAL),
            CALL(gv_next(gv, &its[0], &item), GV_EINVAL),
            CALL(gv_next(gv, &its[1], &item), GV_EINVAL),
            CALL(gv_next(gv, &its[2], &item), GV_EINVAL),
            CALL(gv_receive(gv, 0, 0, broken[i].data, broken[i].len), GV_EINVAL),
            CALL(gv_text_string(broken[i], buf, sizeof buf), GV_EINVAL),
            CALL(gv_text_to_string(broken[i], buf, sizeof buf), GV_EINVAL),
            CALL(gv_text_to_integer(broken[i], &count), GV_EINVAL),
        };
        CHECK(results);
        gv_free(gv);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_engine),
        cmocka_unit_test(test_no_argument),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_reconcile),
        cmocka_unit_test(test_no_node),
        cmocka_unit_test(test_no_argument_of_a_node),
        cmocka_unit_test(test_broken_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
