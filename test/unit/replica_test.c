// SPDX-License-Identifier: MIT
// The replica, compared with an array of entries that copies their keys, values and nodes.
#include "../../engine/replica.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"
#include "../lib/tree_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// ---- The model ----------------------------------------------------------------------------------

enum { MODEL_MAX = 6000 };

struct model {
    struct gv_entry entries[MODEL_MAX];
    uint8_t *texts[MODEL_MAX]; // key, value and node of each entry
    size_t count;
};

static struct gv_slice append(uint8_t *to, struct gv_slice text) {
    if (text.len > 0) memcpy(to, text.data, text.len);
    return (struct gv_slice){to, text.len};
}

static void model_set(struct model *model, size_t i, const struct gv_entry *to) {
    struct gv_entry *entry = &model->entries[i];
    free(model->texts[i]);
    uint8_t *texts = model->texts[i] = malloc(gv_entry_size(to) + 1);
    assert_non_null(texts);
    *entry = *to;
    entry->key = append(texts, to->key);
    entry->value = append(texts + to->key.len, to->value);
    entry->node = append(texts + to->key.len + to->value.len, to->node);
}

static void model_free(struct model *model) {
    for (size_t i = 0; i < model->count; i++) free(model->texts[i]);
    free(model);
}

static bool same_text(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_entry(const struct gv_entry *a, const struct gv_entry *b) {
    return a->lattice == b->lattice && same_text(a->key, b->key) && a->count == b->count &&
           a->lamport == b->lamport && same_text(a->value, b->value) && same_text(a->node, b->node);
}

static struct gv_entry *model_find(struct model *model, const struct gv_entry *key) {
    for (size_t i = 0; i < model->count; i++) {
        struct gv_entry *entry = &model->entries[i];
        if (entry->lattice == key->lattice && same_text(entry->key, key->key)) return entry;
    }
    return NULL;
}

// Merges into the model by separate code. Returns the expected result of gv_replica_put.
static int model_put(struct model *model, const struct gv_entry *entry) {
    struct gv_entry *held = model_find(model, entry);
    if (held == NULL) {
        assert_true(model->count < MODEL_MAX);
        model_set(model, model->count++, entry);
        return 1;
    }
    if (entry->lattice == GV_LATTICE_SET) return 0;
    bool larger = entry->count > held->count;
    if (entry->lattice == GV_LATTICE_REGISTER) {
        larger = entry->lamport > held->lamport;
        GV_ASSERT(entry->node.data != NULL && held->node.data != NULL);
        // In these tests the nodes of a tie are equally long.
        if (entry->lamport == held->lamport && !same_text(entry->node, held->node))
            larger = memcmp(entry->node.data, held->node.data, held->node.len) > 0;
    }
    if (entry->lattice == GV_LATTICE_LOG) {
        GV_ASSERT(entry->value.data != NULL && held->value.data != NULL);
        size_t len = entry->value.len < held->value.len ? entry->value.len : held->value.len;
        int order = memcmp(entry->value.data, held->value.data, len);
        larger = order > 0 || (order == 0 && entry->value.len > held->value.len);
    }
    if (!larger) return 0;
    model_set(model, (size_t)(held - model->entries), entry);
    return 1;
}

// ---- Random entries -----------------------------------------------------------------------------

static const char *const odd_keys[] = {
    "9223372036854775807",  // this key
    "9223372036854775806",  // … and this one share the last position
    "-9223372036854775808", // the first position
    "-9223372036854775807", "9223372036854775808", "0", "-1", "1", "1.0", "\"1\"", "null", "[]",
};
enum { ODD_KEYS = sizeof odd_keys / sizeof *odd_keys };

// Memory for the key, value and node of one entry.
struct texts {
    char key[64], element[96]; // element: the key of a log's
    char value[GV_REPLICA_TEXT_MAX];
    char node[256];
};

static void any_key(struct gv_prng *prng, struct texts *texts, uint64_t keys) {
    uint64_t which = gv_prng_below(prng, keys);
    if (which < ODD_KEYS) {
        snprintf(texts->key, sizeof texts->key, "%s", odd_keys[which]);
    } else if (which % 3 == 0) {
        snprintf(texts->key, sizeof texts->key, "\"%0*" PRIu64 "\"", (int)(which % 50), which);
    } else {
        snprintf(texts->key, sizeof texts->key, "%" PRIu64, which);
    }
}

static struct gv_entry any_entry(struct gv_prng *prng, struct texts *texts, uint64_t keys) {
    any_key(prng, texts, keys);
    struct gv_entry entry = {.lattice = (enum gv_lattice)gv_prng_below(prng, GV_LATTICES),
                             .key = slice(texts->key)};
    if (entry.lattice == GV_LATTICE_LOG && gv_prng_below(prng, 4) != 0) {
        snprintf(texts->element, sizeof texts->element, "[%s,%" PRIu64 "]",
                 gv_prng_below(prng, 2) ? "\"k\"" : texts->key, gv_prng_below(prng, keys));
        entry.key = slice(texts->element);
    }
    uint64_t version = gv_prng_below(prng, 50);
    if (version == 0) version = UINT64_MAX - gv_prng_below(prng, 2);
    if (entry.lattice == GV_LATTICE_COUNTER) entry.count = version;
    if (!gv_entry_has(&entry, GV_ENTRY_VALUE)) return entry;
    size_t longest = version % 10 == 0 ? 20000 : version % 3 == 0 ? 300 : 20;
    entry.value.len = 1 + (size_t)(version * 7919 % longest);
    memset(texts->value, (int)('a' + version % 26), entry.value.len);
    entry.value.data = (const uint8_t *)texts->value;
    if (entry.lattice == GV_LATTICE_LOG) return entry;
    // Versions with equal lamport differ in the node only, so the node decides.
    entry.lamport = version;
    entry.node.len = version % 7 == 0 ? 255 : 5;
    memset(texts->node, (int)('0' + gv_prng_below(prng, 3)), entry.node.len);
    entry.node.data = (const uint8_t *)texts->node;
    return entry;
}

// ---- Comparing ----------------------------------------------------------------------------------

// Checks every reading function against the model.
static void assert_same(struct gv_replica *replica, struct model *model) {
    assert_int_equal(gv_tree_verify(&replica->tree), 0);
    struct gv_digest digest = {0};
    for (size_t i = 0; i < model->count; i++) {
        const struct gv_entry *want = &model->entries[i];
        struct gv_item item = gv_lattice_item(&replica->key, want);
        digest = gv_digest_add(digest, gv_digest_of(item.position, item.hash));
        uint32_t ref;
        assert_true(gv_replica_find(replica, want, &ref));
        struct gv_entry got = gv_replica_get(replica, ref);
        assert_true(same_entry(&got, want));
    }
    assert_true(gv_digest_equal(gv_tree_root(&replica->tree), digest));

    size_t walked = 0;
    uint32_t ref = 0, next;
    for (; gv_replica_walk(replica, &ref, UINT32_MAX, &next); ref = next) {
        struct gv_entry got = gv_replica_get(replica, ref);
        uint32_t found;
        assert_true(gv_replica_find(replica, &got, &found));
        assert_int_equal(found, ref); // no record is visited twice
        walked++;
    }
    assert_int_equal(walked, model->count);
}

static void start(struct gv_replica *replica, struct gv_alloc alloc) {
    gv_replica_init(replica, alloc, slice("a secret"));
}

static struct model *model_new(void) {
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    return model;
}

// ---- Tests --------------------------------------------------------------------------------------

static void any_puts_as_the_model(void **state) {
    (void)state;
    static struct texts texts;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 8; round++) {
        struct gv_replica replica;
        struct model *model = model_new();
        start(&replica, gv_base_malloc());
        uint64_t keys = round % 2 ? 20 : 800;
        for (int i = 0; i < 3000; i++) {
            struct gv_entry entry = any_entry(&prng, &texts, keys);
            uint32_t ref = UINT32_MAX;
            int changed = gv_replica_put(&replica, &entry, &ref);
            assert_int_equal(changed, model_put(model, &entry));
            if (changed == 1) {
                struct gv_entry got = gv_replica_get(&replica, ref);
                assert_true(same_entry(&got, &entry));
            }
            if (i % 300 == 0) assert_same(&replica, model);
        }
        assert_same(&replica, model);
        gv_replica_fini(&replica);
        model_free(model);
    }
}

// Freed records are reused, so a register may be written for ever without growth.
static void rewriting_takes_no_more_room(void **state) {
    (void)state;
    static char value[5000];
    memset(value, 'v', sizeof value);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    struct gv_replica replica;
    start(&replica, gv_base_malloc());
    uint64_t early = 0;
    for (uint64_t lamport = 1; lamport <= 20000; lamport++) {
        char key[32];
        snprintf(key, sizeof key, "%" PRIu64, lamport % 8);
        struct gv_entry entry = {
            .lattice = GV_LATTICE_REGISTER,
            .key = slice(key),
            .value = {(const uint8_t *)value, 1 + gv_prng_below(&prng, sizeof value)},
            .lamport = lamport,
            .node = slice("\"n\""),
        };
        uint32_t ref;
        assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
        if (lamport == 2000) early = gv_replica_memory(&replica);
    }
    assert_int_equal(gv_replica_memory(&replica), early);
    gv_replica_fini(&replica);
}

static void order_of_arrival_does_not_matter(void **state) {
    (void)state;
    enum { PUTS = 1500 };
    static struct texts texts;
    uint64_t seed = gv_test_seed();
    struct gv_replica forwards, backwards;
    start(&forwards, gv_base_malloc());
    start(&backwards, gv_base_malloc());
    for (int i = 0; i < PUTS; i++) {
        struct gv_prng prng;
        uint32_t ref;
        gv_prng_init(&prng, seed, 100 + (uint64_t)i);
        struct gv_entry entry = any_entry(&prng, &texts, 200);
        assert_true(gv_replica_put(&forwards, &entry, &ref) >= 0);
        gv_prng_init(&prng, seed, 100 + (uint64_t)(PUTS - 1 - i));
        entry = any_entry(&prng, &texts, 200);
        assert_true(gv_replica_put(&backwards, &entry, &ref) >= 0);
        assert_true(gv_replica_put(&backwards, &entry, &ref) == 0); // repeated, so nothing changes
    }
    assert_true(gv_digest_equal(gv_tree_root(&forwards.tree), gv_tree_root(&backwards.tree)));
    gv_replica_fini(&forwards);
    gv_replica_fini(&backwards);
}

// Whether the record of this entry can move.
static bool can_move(struct gv_entry entry) {
    return gv_entry_has(&entry, GV_ENTRY_VALUE);
}

// An iteration with puts between its steps visits every entry that was there at its start, except
// registers and elements of logs that move.
static void walks_survive_puts(void **state) {
    (void)state;
    static struct texts texts;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (int round = 0; round < 20; round++) {
        struct gv_replica replica;
        start(&replica, gv_base_malloc());
        uint32_t ref, next, put_ref;
        for (int i = 0; i < 200; i++) {
            struct gv_entry entry = any_entry(&prng, &texts, 100);
            assert_true(gv_replica_put(&replica, &entry, &put_ref) >= 0);
        }
        size_t fixed = 0, seen = 0;
        for (ref = 0; gv_replica_walk(&replica, &ref, UINT32_MAX, &next); ref = next)
            fixed += !can_move(gv_replica_get(&replica, ref));
        uint32_t end = replica.end;
        for (ref = 0; gv_replica_walk(&replica, &ref, end, &next); ref = next) {
            assert_true(ref < end);
            seen += !can_move(gv_replica_get(&replica, ref));
            for (uint64_t puts = gv_prng_below(&prng, 6); puts > 0; puts--) {
                struct gv_entry entry = any_entry(&prng, &texts, 100);
                assert_true(gv_replica_put(&replica, &entry, &put_ref) >= 0);
            }
        }
        assert_int_equal(seen, fixed);
        // The reference at which the iteration stopped is still the start of a record.
        for (; gv_replica_walk(&replica, &ref, UINT32_MAX, &next); ref = next)
            assert_true(
                gv_replica_find(&replica,
                                &(struct gv_entry){.lattice = gv_replica_get(&replica, ref).lattice,
                                                   .key = gv_replica_get(&replica, ref).key},
                                &put_ref));
        gv_replica_fini(&replica);
    }
}

// The last record is freed after an iteration has stopped behind it, and larger records follow.
static void a_walk_at_the_end_stays_at_a_boundary(void **state) {
    (void)state;
    static char value[4096];
    memset(value, 'v', sizeof value);
    struct gv_replica replica;
    start(&replica, gv_base_malloc());
    struct gv_entry entry = {.lattice = GV_LATTICE_REGISTER,
                             .value = {(const uint8_t *)value, 1},
                             .node = slice("\"n\"")};
    uint32_t ref, next, end;
    entry.key = slice("1");
    entry.value.len = 500; // frees a record of 32 units when it outgrows it
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    entry.key = slice("2");
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    entry.lamport = 1;
    entry.value.len = 4000;
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    entry.key = slice("3");
    entry.value.len = 100;
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    for (ref = 0; gv_replica_walk(&replica, &ref, UINT32_MAX, &next); ref = next) continue;
    end = replica.end;
    entry.lamport = 2; // moves to the freed record and frees the last one
    entry.value.len = 480;
    assert_int_equal(gv_replica_put(&replica, &entry, &next), 1);
    entry.key = slice("4");
    entry.value.len = 3000;
    assert_int_equal(gv_replica_put(&replica, &entry, &next), 1);
    size_t more = 0;
    for (ref = end; gv_replica_walk(&replica, &ref, UINT32_MAX, &next); ref = next) {
        struct gv_entry got = gv_replica_get(&replica, ref);
        assert_true(same_text(got.key, slice("4")));
        more++;
    }
    assert_int_equal(more, 1);
    gv_replica_fini(&replica);
}

static void user_data_stays_with_the_entry(void **state) {
    (void)state;
    static char value[40000];
    memset(value, 'v', sizeof value);
    struct gv_replica replica;
    start(&replica, gv_base_malloc());
    uint32_t ref;
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice("1")};
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    assert_null(gv_replica_user_data(&replica, ref));

    entry.lattice = GV_LATTICE_COUNTER;
    for (uint64_t count = 1; count < 10; count++) {
        entry.count = count;
        assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
        assert_true(*gv_replica_user_data(&replica, ref) == (count == 1 ? UINT64_MAX : count - 1));
        *gv_replica_user_data(&replica, ref) = count;
    }
    entry = (struct gv_entry){.lattice = GV_LATTICE_REGISTER,
                              .key = slice("1"),
                              .value = {(const uint8_t *)value, 1},
                              .node = slice("\"n\"")};
    for (entry.lamport = 1; entry.lamport < 16; entry.lamport++) {
        entry.value.len = (size_t)1 << entry.lamport;
        assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
        uint64_t want = entry.lamport == 1 ? UINT64_MAX : entry.lamport - 1;
        assert_true(*gv_replica_user_data(&replica, ref) == want);
        *gv_replica_user_data(&replica, ref) = entry.lamport;
    }
    gv_replica_fini(&replica);
}

static void what_is_too_long_is_refused(void **state) {
    (void)state;
    static char text[GV_REPLICA_TEXT_MAX + 1];
    memset(text, '7', sizeof text);
    struct gv_replica replica;
    start(&replica, gv_base_malloc());
    uint32_t ref;
    for (int lattice = 0; lattice < GV_LATTICES; lattice++) {
        struct gv_entry entry = {.lattice = (enum gv_lattice)lattice,
                                 .key = {(const uint8_t *)text, sizeof text}};
        assert_int_equal(gv_replica_put(&replica, &entry, &ref), GV_ESPACE);
        entry.key.len--;
        assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
        assert_true(gv_replica_find(&replica, &entry, &ref));
        assert_int_equal(gv_replica_get(&replica, ref).key.len, GV_REPLICA_TEXT_MAX);
    }
    struct gv_entry entry = {.lattice = GV_LATTICE_REGISTER,
                             .key = slice("1"),
                             .value = slice("2"),
                             .node = {(const uint8_t *)text, 256}};
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), GV_ESPACE);
    entry.node.len = 255;
    entry.value = (struct gv_slice){(const uint8_t *)text, GV_REPLICA_TEXT_MAX - 255};
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), GV_ESPACE);
    entry.value.len--;
    assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
    assert_int_equal(gv_tree_root(&replica.tree).count, GV_LATTICES + 1);
    gv_replica_fini(&replica);
}

// gv_replica_growth is an upper bound for a put. gv_replica_slack and gv_replica_reservation
// together are an upper bound for a batch of puts.
static void growth_is_predicted(void **state) {
    (void)state;
    enum { BATCH = 40 };
    static struct texts texts;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 3);
    struct gv_replica replica;
    start(&replica, gv_base_malloc());
    uint64_t most = 0, growing = 0;
    for (int i = 0; i < 20000; i++) {
        struct gv_entry entry = any_entry(&prng, &texts, 100000);
        uint64_t before = gv_replica_memory(&replica), growth = gv_replica_growth(&replica, &entry);
        if (i % BATCH == 0) {
            assert_true(before <= most || i == 0);
            most = before + gv_replica_slack(&replica);
        }
        most += gv_replica_reservation(&entry);
        growing += growth > 0;
        uint32_t ref;
        assert_true(gv_replica_put(&replica, &entry, &ref) >= 0);
        assert_true(gv_replica_memory(&replica) <= before + growth);
    }
    assert_true(growing > 0 && growing < 10000); // most puts allocate nothing
    gv_replica_fini(&replica);
}

// The i-th entry of a replica whose values alternate between these two lengths.
static struct gv_entry sized_entry(char *text, uint32_t i, const uint32_t lens[2], bool registers) {
    static const struct gv_slice node = {(const uint8_t *)"\"n1\"", 4};
    struct gv_slice number = {
        (const uint8_t *)text,
        (size_t)sprintf(text, "%" PRIu32, 1000000000 + i * UINT32_C(2654435761) % 1000000007)};
    uint32_t len = lens[i % 2];
    memset(text + number.len, '0', len - number.len);
    struct gv_slice longest = {number.data, len};
    struct gv_entry entry = {.key = longest};
    if (registers)
        entry = (struct gv_entry){.lattice = GV_LATTICE_REGISTER,
                                  .key = number,
                                  .lamport = 1,
                                  .value = longest,
                                  .node = node};
    return entry;
}

static uint64_t memory_after_load(const struct gv_replica *from) {
    struct gv_replica replica;
    struct gv_replica_load load = {0};
    struct gv_tree_cursor at;
    start(&replica, gv_base_malloc());
    for (bool more = gv_tree_seek(&from->tree, 0, &at); more; more = gv_tree_next(&at)) {
        struct gv_entry entry = gv_replica_get(from, gv_tree_get(&at).ref);
        assert_int_equal(gv_replica_load(&replica, &load, &entry), 0);
    }
    assert_int_equal(gv_replica_load_end(&replica, &load), 0);
    assert_true(gv_digest_equal(gv_tree_root(&replica.tree), gv_tree_root(&from->tree)));
    uint64_t memory = gv_replica_memory(&replica);
    gv_replica_fini(&replica);
    return memory;
}

// A replica is filled up to a limit, and loaded in order of positions. Loading needs at most one
// more allocation.
static void loading_needs_no_more_memory(void **state) {
    (void)state;
    static const uint32_t lens[][2] = {{38000, 25000}, {60000, 60000}, {65000, 16},  {33000, 32000},
                                       {22000, 21500}, {9000, 400},    {1500, 1400}, {24, 12}};
    static const uint64_t bounds[] = {1 << 20, 16 << 20};
    static char text[GV_ENTRY_SIZE_MAX + 1];
    for (size_t k = 0; k < 4 * sizeof lens / sizeof *lens; k++) {
        const uint32_t *pair = lens[k / 4];
        struct gv_replica replica;
        uint32_t ref, i = 0;
        start(&replica, gv_base_malloc());
        for (;; i++) {
            struct gv_entry entry = sized_entry(text, i, pair, (k & 2) != 0);
            uint64_t most = gv_replica_memory(&replica) + gv_replica_growth(&replica, &entry);
            if (most > bounds[k & 1]) break;
            assert_int_equal(gv_replica_put(&replica, &entry, &ref), 1);
        }
        uint64_t before = gv_replica_memory(&replica), after = memory_after_load(&replica);
        if (after > before + GV_REPLICA_CHUNK)
            print_message("%u and %u bytes, %u entries: %" PRIu64 ", then %" PRIu64 "\n", pair[0],
                          pair[1], i, before, after);
        assert_true(after <= before + GV_REPLICA_CHUNK);
        gv_replica_fini(&replica);
    }
}

static void out_of_memory_changes_nothing(void **state) {
    (void)state;
    static struct texts texts;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 4);
    struct gv_meter meter;
    struct gv_replica replica;
    struct model *model = model_new();
    start(&replica, gv_meter_alloc(&meter));
    assert_int_equal(meter.calls, 0);
    unsigned failures = 0;
    for (int i = 0; i < 4000; i++) {
        struct gv_entry entry = any_entry(&prng, &texts, 4000);
        uint32_t ref;
        int changed;
        for (meter.allowance = 0;; meter.allowance = 1) {
            changed = gv_replica_put(&replica, &entry, &ref);
            if (changed >= 0) break;
            assert_int_equal(changed, GV_ENOMEM);
            assert_int_equal(meter.allowance, 0);
            assert_same(&replica, model);
            failures++;
        }
        assert_int_equal(changed, model_put(model, &entry));
        assert_int_equal(meter.bytes, gv_replica_memory(&replica));
    }
    assert_true(failures > 20);
    assert_same(&replica, model);
    gv_replica_fini(&replica);
    assert_int_equal(meter.bytes, 0);
    model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_puts_as_the_model),
        cmocka_unit_test(rewriting_takes_no_more_room),
        cmocka_unit_test(order_of_arrival_does_not_matter),
        cmocka_unit_test(walks_survive_puts),
        cmocka_unit_test(a_walk_at_the_end_stays_at_a_boundary),
        cmocka_unit_test(user_data_stays_with_the_entry),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(loading_needs_no_more_memory),
        cmocka_unit_test(growth_is_predicted),
        cmocka_unit_test(out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
