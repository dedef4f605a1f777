// SPDX-License-Identifier: MIT
// Reservations, compared with a plain list. Bursts of writes with few keys, near the limits, count
// exactly as they will count when they are in the replica.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../engine/reservations.h"
#include "../../engine/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ALLOC gv_base_malloc()

enum { KEYS = 40, MOST = 200, ROUNDS = 20000, TEXT = 3000 };

// A reserved write.
struct write {
    unsigned key;
    uint64_t version;
    size_t len; // length of a register's value
};

struct model {
    struct gv_engine *engine;
    struct gv_prng prng;
    uint64_t entries_max, memory_max, version;
    struct write writes[MOST];
    unsigned count;
    unsigned refused,
        along; // along: admitted as a version of a reserved entry, with no room for a new one
};

static struct gv_engine_stats stats_of(const struct model *model) {
    struct gv_engine_stats stats;
    gv_engine_stats(model->engine, &stats);
    return stats;
}

// The key and value are valid until the next call.
static struct gv_entry entry_of(const struct write *write) {
    static char key[32], value[TEXT];
    struct gv_entry entry = {.lattice = (enum gv_lattice)(write->key % 3)};
    entry.key.len = (size_t)snprintf(key, sizeof key, "\"key %u\"", write->key);
    entry.key.data = (const uint8_t *)key;
    if (entry.lattice == GV_LATTICE_COUNTER) entry.count = write->version;
    if (entry.lattice != GV_LATTICE_REGISTER) return entry;
    memset(value, 'v', write->len);
    value[0] = value[write->len - 1] = '"';
    entry.lamport = write->version;
    entry.value = (struct gv_slice){(const uint8_t *)value, write->len};
    entry.node = (struct gv_slice){(const uint8_t *)"\"n1\"", 4};
    return entry;
}

static bool is_reserved(const struct model *model, unsigned key) {
    struct write write = {.key = key, .len = 2};
    struct gv_entry entry = entry_of(&write), found;
    return gv_engine_get(model->engine, &entry, &found);
}

static bool waits(const struct model *model, unsigned key, unsigned before) {
    for (unsigned i = 0; i < before; i++)
        if (model->writes[i].key == key) return true;
    return false;
}

// The number of reserved entries that the replica does not have.
static uint64_t fresh(const struct model *model) {
    uint64_t count = 0;
    for (unsigned i = 0; i < model->count; i++) {
        unsigned key = model->writes[i].key;
        count += !is_reserved(model, key) && !waits(model, key, i);
    }
    return count;
}

static void check(const struct model *model) {
    struct gv_engine_stats stats = stats_of(model);
    assert_int_equal(stats.reserved_entries, fresh(model));
    if (model->count == 0) assert_int_equal(stats.reserved_bytes, 0);
    if (model->entries_max > 0) assert_true(stats.entries <= model->entries_max);
    if (model->memory_max > 0) assert_true(stats.memory_bytes <= model->memory_max);
}

static struct write draw(struct model *model) {
    bool large = gv_prng_below(&model->prng, 8) == 0;
    return (struct write){
        .key = (unsigned)gv_prng_below(&model->prng, KEYS),
        .version = ++model->version,
        .len = 2 + (size_t)gv_prng_below(&model->prng, large ? TEXT - 2 : 60),
    };
}

static void admit(struct model *model) {
    struct write write = draw(model);
    struct gv_entry entry = entry_of(&write);
    bool known = is_reserved(model, write.key) || waits(model, write.key, model->count);
    bool full =
        model->entries_max > 0 && stats_of(model).entries + fresh(model) >= model->entries_max;
    entry = entry_of(&write);
    int error = gv_store_reserve(model->engine, &entry);
    assert_true(error == 0 || error == GV_EFULL);
    if (model->memory_max == 0) assert_int_equal(error, full && !known ? GV_EFULL : 0);
    model->refused += error != 0;
    model->along += error == 0 && full;
    if (error == 0) model->writes[model->count++] = write;
}

static void finish(struct model *model, unsigned count) {
    bool fails = gv_prng_below(&model->prng, 4) == 0;
    for (unsigned i = 0; i < count; i++) {
        struct gv_entry entry = entry_of(&model->writes[i]);
        if (fails) {
            gv_store_release(model->engine, &entry);
        } else {
            assert_true(gv_store_apply(model->engine, 0, &entry) >= 0);
        }
    }
    model->count -= count;
    memmove(model->writes, model->writes + count, model->count * sizeof *model->writes);
}

static void run(uint64_t entries_max, uint64_t memory_max, uint64_t stream) {
    static struct model model;
    model = (struct model){.entries_max = entries_max, .memory_max = memory_max};
    gv_prng_init(&model.prng, gv_test_seed(), stream);
    const struct gv_engine_config config = {
        .alloc = ALLOC, .seed = 1, .entries_max = entries_max, .memory_max = memory_max};
    assert_int_equal(gv_engine_new(&model.engine, &config), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t what = gv_prng_below(&model.prng, 100);
        if (what < 90 && model.count < MOST) admit(&model);
        if (what >= 90 && what < 93) { // a write without a reservation
            struct write write = draw(&model);
            struct gv_entry entry = entry_of(&write);
            int error = gv_engine_put(model.engine, 0, &entry);
            assert_true(error >= 0 || error == GV_EFULL);
        }
        if (what >= 98 || model.count == MOST)
            finish(&model, (unsigned)gv_prng_below(&model.prng, model.count + 1));
        check(&model);
    }
    finish(&model, model.count);
    check(&model);
    gv_engine_free(model.engine);
    assert_int_equal(model.refused > 0, entries_max > 0 || memory_max > 0);
    assert_int_equal(model.along > 0, entries_max > 0);
}

static void test_entries_max(void **state) {
    (void)state;
    for (uint64_t most = 1; most < KEYS; most += 6) run(most, 0, most);
    run(0, 0, 0);
}

static void test_memory_max(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 4; i++) run(0, 100000 + i * 10000, 100 + i);
    run(30, 120000, 200);
}

// A burst of writes to one key is admitted as long as the versions fit into one record.
static void test_burst(void **state) {
    (void)state;
    struct gv_engine *engine;
    const struct gv_engine_config config = {
        .alloc = ALLOC, .entries_max = 2, .memory_max = 1 << 20};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    static const struct gv_slice names[] = {
        {(const uint8_t *)"1", 1}, {(const uint8_t *)"2", 1}, {(const uint8_t *)"3", 1}};
    struct gv_entry entry = {.lattice = GV_LATTICE_COUNTER};
    for (entry.count = 1; entry.count <= 50000; entry.count++)
        for (size_t i = 0; i < 3; i++) {
            entry.key = names[i];
            assert_int_equal(gv_store_reserve(engine, &entry), i < 2 ? 0 : GV_EFULL);
        }
    gv_engine_free(engine);
}

// There are more entries than slots. Each further version counts separately, and all are removed
// again.
static void test_many(void **state) {
    (void)state;
    struct gv_reservations reservations = {0};
    enum { COUNT = 2 * GV_RESERVATIONS_SLOTS };
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 2 * COUNT; i++)
            gv_reservations_add(&reservations, ALLOC,
                                i / 2 * 37 % GV_RESERVATIONS_SLOTS + i / 2 * GV_RESERVATIONS_SLOTS,
                                100, false, false);
        uint64_t untracked = 2 * (COUNT - GV_STORE_RESERVED_MAX);
        assert_int_equal(reservations.entries, GV_STORE_RESERVED_MAX + untracked);
        assert_int_equal(reservations.bytes, 100 * reservations.entries);
        for (uint64_t i = 0; i < 2 * COUNT; i++)
            gv_reservations_remove(
                &reservations, i / 2 * 37 % GV_RESERVATIONS_SLOTS + i / 2 * GV_RESERVATIONS_SLOTS,
                100);
        assert_true(reservations.entries == 0 && reservations.bytes == 0 && reservations.used == 0);
        gv_reservations_remove(&reservations, 1, 100); // the entry has no version
        assert_true(reservations.versions == 0 && reservations.entries == 0 &&
                    reservations.bytes == 0);
    }
    gv_reservations_fini(&reservations, ALLOC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_max),
        cmocka_unit_test(test_memory_max),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
