// SPDX-License-Identifier: MIT
// Compares gv_engine_log_next with a model that scans all elements, with logs whose names share
// bits of their hashes. Tests offset.h, too.
#include "../../engine/engine.h"
#include "../../engine/offset.h"

#include "../../engine/core.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

enum { LOGS = 6, OFFSETS = 60, NAME = 48 };

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static struct gv_engine *engine_new(void) {
    struct gv_engine *engine;
    struct gv_engine_config config = {
        .alloc = gv_base_malloc(), .seed = 1, .secret = slice("a secret")};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    return engine;
}

static uint64_t run_of(const struct gv_engine *engine, const char *name) {
    return gv_lattice_log_position(&engine->replica.key, slice(name), 0);
}

struct model {
    struct gv_engine *engine;
    struct gv_prng prng;
    char names[LOGS][NAME];
    uint64_t offsets[OFFSETS];     // not sorted; may repeat
    uint64_t value[LOGS][OFFSETS]; // 0: not put
};

// Draws a name. If `run` is not UINT64_MAX, the positions of the name's elements begin at `run`.
static void draw_name(struct model *model, uint64_t run, char *out) {
    static const char *const forms[] = {"\"%u\"", "%u", "[\"k\",%u]", "{\"a\":[%u,\",1]\"]}"};
    do {
        snprintf(out, NAME, forms[gv_prng_below(&model->prng, 4)],
                 (unsigned)gv_prng_next(&model->prng));
    } while (run != UINT64_MAX && run_of(model->engine, out) != run);
}

static void model_init(struct model *model, uint64_t round) {
    memset(model, 0, sizeof *model);
    model->engine = engine_new();
    gv_prng_init(&model->prng, gv_test_seed(), round);
    // In the last run of positions, the last two offsets share a position.
    uint64_t run = round % 2 ? UINT64_MAX - GV_ENTRY_OFFSET_MAX : UINT64_MAX;
    for (int i = 0; i < LOGS; i++) {
        draw_name(model, run, model->names[i]);
        for (int k = 0; k < i; k++)
            if (strcmp(model->names[i], model->names[k]) == 0)
                draw_name(model, run, model->names[i]);
        run = i % 3 == 2 ? UINT64_MAX : run_of(model->engine, model->names[i]);
    }
    for (int i = 0; i < OFFSETS; i++) {
        uint64_t width = gv_prng_below(&model->prng, 54);
        model->offsets[i] = gv_prng_next(&model->prng) & (((uint64_t)1 << width) - 1);
    }
    model->offsets[0] = GV_ENTRY_OFFSET_MAX;
    model->offsets[1] = GV_ENTRY_OFFSET_MAX - 1;
}

static void put(struct model *model) {
    int log = (int)gv_prng_below(&model->prng, LOGS),
        at = (int)gv_prng_below(&model->prng, OFFSETS);
    for (int i = 0; i < at; i++)
        if (model->offsets[i] == model->offsets[at]) at = i;
    char key[NAME + GV_ENTRY_LOG_KEY_MAX], value[24];
    int len = gv_entry_log_key_put(key, sizeof key, slice(model->names[log]), model->offsets[at]);
    assert_true(len > 0);
    uint64_t number = 100 + gv_prng_below(&model->prng, 900); // all names have equal length
    snprintf(value, sizeof value, "%u", (unsigned)number);
    struct gv_entry entry = {
        .lattice = GV_LATTICE_LOG, .key = gv_slice_of(key, (size_t)len), .value = slice(value)};
    int changed = gv_engine_put(model->engine, 0, &entry);
    assert_int_equal(changed, number > model->value[log][at]);
    if (changed) model->value[log][at] = number;
}

// Entries of other lattices, some with the keys or at the positions of elements.
static void put_other(struct model *model) {
    char key[NAME + GV_ENTRY_LOG_KEY_MAX];
    int log = (int)gv_prng_below(&model->prng, LOGS),
        at = (int)gv_prng_below(&model->prng, OFFSETS);
    struct gv_slice name = slice(model->names[log]);
    int len =
        gv_prng_below(&model->prng, 2)
            ? gv_entry_log_key_put(key, sizeof key, name, model->offsets[at])
            : snprintf(key, sizeof key, "%lld",
                       (long long)((run_of(model->engine, model->names[log]) + model->offsets[at]) ^
                                   (uint64_t)1 << 63));
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = gv_slice_of(key, (size_t)len)};
    assert_true(gv_engine_put(model->engine, 0, &entry) >= 0);
}

// The index of the least offset of the log that is at least `from`; -1: there is none.
static int model_next(const struct model *model, int log, uint64_t from) {
    int best = -1;
    for (int i = 0; i < OFFSETS; i++) {
        if (model->value[log][i] == 0 || model->offsets[i] < from) continue;
        if (best < 0 || model->offsets[i] < model->offsets[best]) best = i;
    }
    return best;
}

static void check_next(const struct model *model, int log, uint64_t from) {
    struct gv_entry entry;
    uint64_t offset = from;
    int want = model_next(model, log, from);
    bool found = gv_engine_log_next(model->engine, slice(model->names[log]), &offset, &entry);
    assert_int_equal(found, want >= 0);
    if (!found) {
        assert_int_equal(offset, from);
        return;
    }
    char value[24];
    assert_int_equal(offset, model->offsets[want]);
    snprintf(value, sizeof value, "%u", (unsigned)model->value[log][want]);
    assert_int_equal(entry.value.len, strlen(value));
    assert_memory_equal(entry.value.data, value, entry.value.len);
}

static void next_agrees_with_the_model(void **state) {
    (void)state;
    static struct model model;
    for (uint64_t round = 0; round < 20; round++) {
        model_init(&model, round);
        for (int i = 0; i < 400; i++) {
            if (i % 4 == 3) put_other(&model);
            put(&model);
            int log = (int)gv_prng_below(&model.prng, LOGS);
            uint64_t from = model.offsets[gv_prng_below(&model.prng, OFFSETS)];
            check_next(&model, log, from);
            check_next(&model, log, from + 1);
            check_next(&model, log, gv_prng_next(&model.prng) >> gv_prng_below(&model.prng, 64));
        }
        for (int log = 0; log < LOGS; log++) {
            check_next(&model, log, 0);
            for (int i = 0; i < OFFSETS; i++) check_next(&model, log, model.offsets[i] + 1);
        }
        gv_engine_free(model.engine);
    }
}

static void next_refuses_misuse(void **state) {
    (void)state;
    struct gv_engine *engine = engine_new();
    struct gv_entry entry = {
        .lattice = GV_LATTICE_LOG, .key = slice("[\"k\",0]"), .value = slice("1")};
    assert_int_equal(gv_engine_put(engine, 0, &entry), 1);
    uint64_t offset = 0;
    assert_true(gv_engine_log_next(engine, slice("\"k\""), &offset, &entry));
    assert_false(gv_engine_log_next(NULL, slice("\"k\""), &offset, &entry));
    assert_false(gv_engine_log_next(engine, (struct gv_slice){0}, &offset, &entry));
    assert_false(gv_engine_log_next(engine, (struct gv_slice){NULL, 3}, &offset, &entry));
    assert_false(gv_engine_log_next(engine, slice("\"k\""), NULL, &entry));
    assert_false(gv_engine_log_next(engine, slice("\"k\""), &offset, NULL));
    offset = UINT64_MAX;
    assert_false(gv_engine_log_next(engine, slice("\"k\""), &offset, &entry));
    assert_int_equal(offset, UINT64_MAX);
    gv_engine_free(engine);
}

// A number that is not the number of a lattice is ignored.
static void other_numbers_mean_nothing(void **state) {
    (void)state;
    struct gv_engine *engine = engine_new();
    for (int lattice = 0; lattice < GV_LATTICES; lattice++) {
        struct gv_entry entry = {.lattice = (enum gv_lattice)lattice, .key = slice("[\"k\",0]")};
        if (gv_entry_has(&entry, GV_ENTRY_VALUE)) entry.value = slice("1");
        if (gv_entry_has(&entry, GV_ENTRY_NODE)) entry.node = slice("\"n\"");
        const char *fault;
        if (gv_entry_check(&entry, &fault) != 0) continue;
        assert_int_equal(gv_engine_put(engine, 0, &entry), 1);
        struct gv_digest before = gv_engine_root(engine);
        if (!gv_entry_has(&entry, GV_ENTRY_COUNT)) entry.count = 7;
        if (!gv_entry_has(&entry, GV_ENTRY_LAMPORT)) entry.lamport = 7;
        assert_int_equal(gv_engine_put(engine, 0, &entry), 0);
        struct gv_digest after = gv_engine_root(engine);
        assert_memory_equal(&before, &after, sizeof before);
    }
    gv_engine_free(engine);
}

static void offsets_have_a_count_and_a_slot(void **state) {
    (void)state;
    const unsigned most = GV_OFFSET_SLOT_BITS_MAX;
    assert_int_equal(gv_offset_slot_bits(1), 0);
    assert_int_equal(gv_offset_slot_bits(2), 1);
    assert_int_equal(gv_offset_slot_bits(3), 2);
    assert_int_equal(gv_offset_slot_bits(4), 2);
    assert_int_equal(gv_offset_slot_bits(5), 3);
    assert_int_equal(gv_offset_slot_bits(GV_OFFSET_SLOTS), most);
    assert_int_equal(gv_offset_of(0, 7, 0), 7);
    assert_int_equal(gv_offset_of(most, 1, 0), 16384);
    assert_int_equal(gv_offset_of(most, GV_OFFSET_COUNT_MAX, GV_OFFSET_SLOTS - 1),
                     GV_ENTRY_OFFSET_MAX);
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 100);
    for (int i = 0; i < 10000; i++) {
        uint32_t nodes = (uint32_t)gv_prng_below(&prng, GV_OFFSET_SLOTS) + 1;
        unsigned bits = gv_offset_slot_bits(nodes);
        uint64_t count = gv_prng_next(&prng) & GV_OFFSET_COUNT_MAX;
        uint32_t slot = (uint32_t)gv_prng_below(&prng, nodes);
        uint64_t offset = gv_offset_of(bits, count, slot);
        assert_true(offset <= GV_ENTRY_OFFSET_MAX);
        assert_int_equal(gv_offset_count(bits, offset), count);
        assert_int_equal(gv_offset_slot(bits, offset), slot);
        if (count > 0) assert_true(gv_offset_of(bits, count - 1, nodes - 1) < offset);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_agrees_with_the_model),
        cmocka_unit_test(next_refuses_misuse),
        cmocka_unit_test(other_numbers_mean_nothing),
        cmocka_unit_test(offsets_have_a_count_and_a_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
