// SPDX-License-Identifier: MIT
// The registers against a model that looks at every transaction, whatever the order in which they
// arrive.
#include "../../node/registers.h"

#include "../lib/meter.h"
#include "../lib/test.h"

#include "../../engine/prng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 40, TRANSACTIONS = 300, VALUE = 400, WRITERS = 4 };

static const char *const writers[WRITERS] = {"\"n1-1\"", "\"n1-2\"", "\"n2\"", "\"n11\""};

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static struct gv_engine *engine_new(struct gv_alloc alloc) {
    struct gv_engine *engine;
    struct gv_engine_config config = {.alloc = alloc, .seed = 1, .secret = slice("a secret")};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    return engine;
}

// A transaction of the model: what it writes to each key, or NULL.
struct transaction {
    uint64_t stamp;
    int writer;
    char *values[KEYS];
    char text[VALUE * 8];
};

struct model {
    struct transaction transactions[TRANSACTIONS];
    int count;
};

static void model_free(struct model *model) {
    for (int i = 0; i < model->count; i++)
        for (int key = 0; key < KEYS; key++) free(model->transactions[i].values[key]);
    model->count = 0;
}

// Keys that contain what separates keys in a text, and keys that begin with another key.
static void key_of(int number, char *out, size_t cap) {
    static const char *const forms[] = {
        "%d",          "\"%d\"", "[%d,1]",        "{\"]\":%d,\"a\":[]}",
        "\"%d,\\\\\"", "-%d.5",  "\"\\\"],[%d\"", "[[%d],null]"};
    snprintf(out, cap, forms[number % 8], 1 + number / 8);
}

static void value_of(struct gv_prng *prng, char *out, size_t cap) {
    static const char *const forms[] = {"%u", "\"%u\\\",\"", "[1,{\"a\":\"]%u\"}]", "{\"[\":[%u]}"};
    if (gv_prng_below(prng, 5) == 0) {
        snprintf(out, cap, "null");
    } else {
        snprintf(out, cap, forms[gv_prng_below(prng, 4)], (unsigned)gv_prng_below(prng, 100));
    }
}

static char *copy_of(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    assert_non_null(copy);
    return strcpy(copy, text);
}

// Draws a transaction; its (stamp, writer) is that of no other one.
static void draw(struct gv_prng *prng, struct model *model) {
    struct transaction *it = &model->transactions[model->count];
    bool fresh;
    do {
        it->stamp = gv_prng_below(prng, 8) ? gv_prng_below(prng, 100)
                                           : GV_ENTRY_OFFSET_MAX - gv_prng_below(prng, 3);
        it->writer = (int)gv_prng_below(prng, WRITERS);
        fresh = true;
        for (int i = 0; i < model->count; i++)
            fresh &= model->transactions[i].stamp != it->stamp ||
                     model->transactions[i].writer != it->writer;
    } while (!fresh);
    model->count++;
    memset(it->values, 0, sizeof it->values);
    size_t len = 0;
    it->text[len++] = '[';
    for (uint64_t writes = gv_prng_below(prng, 6); writes > 0; writes--) {
        int key = (int)gv_prng_below(prng, KEYS);
        char name[64], value[64];
        if (it->values[key] != NULL) continue;
        key_of(key, name, sizeof name);
        value_of(prng, value, sizeof value);
        it->values[key] = copy_of(value);
        len += (size_t)snprintf(it->text + len, sizeof it->text - len, "%s[%s,%s]",
                                len > 1 ? "," : "", name, value);
    }
    snprintf(it->text + len, sizeof it->text - len, "]");
}

static void put_text(struct gv_engine *engine, uint64_t stamp, const char *writer,
                     const char *value) {
    char key[64];
    int len = gv_entry_log_key_put(key, sizeof key, slice(writer), stamp);
    assert_true(len > 0);
    struct gv_entry entry = {
        .lattice = GV_LATTICE_LOG, .key = gv_slice_of(key, (size_t)len), .value = slice(value)};
    assert_true(gv_engine_put(engine, 0, &entry) >= 0);
}

static void put(struct gv_engine *engine, const struct transaction *it) {
    put_text(engine, it->stamp, writers[it->writer], it->text);
}

// The value that a reader must find, among the first `count` transactions that are `present`.
static const char *model_get(const struct model *model, const bool *present, int key) {
    const struct transaction *best = NULL;
    for (int i = 0; i < model->count; i++) {
        const struct transaction *it = &model->transactions[i];
        if (!present[i] || it->values[key] == NULL) continue;
        bool after =
            best == NULL || it->stamp > best->stamp ||
            (it->stamp == best->stamp && strcmp(writers[it->writer], writers[best->writer]) > 0);
        if (after) best = it;
    }
    return best != NULL ? best->values[key] : NULL;
}

static void check(const struct gv_registers *registers, const struct gv_engine *engine,
                  const struct model *model, const bool *present) {
    for (int key = 0; key < KEYS; key++) {
        char name[64];
        key_of(key, name, sizeof name);
        const char *want = model_get(model, present, key);
        struct gv_slice value;
        bool found = gv_registers_get(registers, engine, slice(name), &value);
        assert_int_equal(found, want != NULL);
        if (!found || want == NULL) continue;
        assert_int_equal(value.len, strlen(want));
        assert_memory_equal(value.data, want, value.len);
    }
}

// Entries that are not transactions: of other lattices, or elements of another form.
static void put_other(struct gv_prng *prng, struct gv_engine *engine, int number) {
    static const char *const values[] = {
        "1",           "{}",          "[1]",     "[[1]]",       "[[1,2,3]]", "[[1,2],3]",
        "[{\"a\":1}]", "\"[[1,2]]\"", "[[],[]]", "[[1,2],[3]]", "null",      "[[[1,2],3,4]]",
    };
    char key[32];
    snprintf(key, sizeof key, "%d", number);
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(key)};
    assert_int_equal(gv_engine_put(engine, 0, &entry), 1);
    put_text(engine, (uint64_t)number, "\"another\"",
             values[gv_prng_below(prng, sizeof values / sizeof *values)]);
}

static void shuffle(struct gv_prng *prng, int *order, int count) {
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int k = (int)gv_prng_below(prng, (uint64_t)i + 1), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

static void any_order_as_the_model(void **state) {
    (void)state;
    static struct model model;
    struct gv_prng prng;
    for (uint64_t round = 0; round < 10; round++) {
        gv_prng_init(&prng, gv_test_seed(), round);
        struct gv_engine *engine = engine_new(gv_base_malloc());
        struct gv_registers registers;
        gv_registers_init(&registers, gv_base_malloc(), gv_prng_next(&prng));
        for (int i = 0; i < TRANSACTIONS; i++) draw(&prng, &model);
        int order[TRANSACTIONS];
        bool present[TRANSACTIONS] = {false};
        uint64_t largest = 0;
        shuffle(&prng, order, TRANSACTIONS);
        for (int i = 0; i < TRANSACTIONS; i++) {
            const struct transaction *it = &model.transactions[order[i]];
            if (i % 3 == 0) put_other(&prng, engine, i);
            if (i % 3 == 0 && largest < (uint64_t)i) largest = (uint64_t)i;
            put(engine, it);
            present[order[i]] = true;
            if (it->stamp > largest) largest = it->stamp;
            if (gv_prng_below(&prng, 5) != 0) continue;
            assert_int_equal(gv_registers_update(&registers, engine), 0);
            assert_int_equal(registers.stamp, largest);
            check(&registers, engine, &model, present);
        }
        assert_int_equal(gv_registers_update(&registers, engine), 0);
        check(&registers, engine, &model, present);
        gv_registers_fini(&registers);
        gv_engine_free(engine);
        model_free(&model);
    }
}

// A faulty node gives one stamp to two transactions. The larger text stays, and the registers
// forget what the other one wrote, also what nobody else wrote.
static void a_replaced_transaction_is_forgotten(void **state) {
    (void)state;
    struct gv_engine *engines[2] = {engine_new(gv_base_malloc()), engine_new(gv_base_malloc())};
    static const char *const texts[] = {"[[\"a\",1],[\"b\",1]]",
                                        "[[\"b\",2],[\"c\",\"a value that needs more room\"]]"};
    for (int i = 0; i < 2; i++) { // in both orders
        struct gv_registers registers;
        struct gv_slice value;
        gv_registers_init(&registers, gv_base_malloc(), 1);
        put_text(engines[i], 1, "\"n2\"", "[[\"a\",0]]");
        put_text(engines[i], 7, "\"n1\"", texts[i]);
        assert_int_equal(gv_registers_update(&registers, engines[i]), 0);
        put_text(engines[i], 7, "\"n1\"", texts[1 - i]);
        assert_int_equal(gv_registers_update(&registers, engines[i]), 0);
        assert_true(gv_registers_get(&registers, engines[i], slice("\"a\""), &value));
        assert_memory_equal(value.data, "0", 1);
        assert_true(gv_registers_get(&registers, engines[i], slice("\"b\""), &value));
        assert_memory_equal(value.data, "2", 1);
        assert_true(gv_registers_get(&registers, engines[i], slice("\"c\""), &value));
        struct gv_engine_stats stats;
        gv_engine_stats(engines[i], &stats);
        assert_int_equal(stats.replaced_elements, i == 0);
        gv_registers_fini(&registers);
    }
    for (int i = 0; i < 2; i++) gv_engine_free(engines[i]);
}

static void many_keys(struct gv_engine *engine, int from, int count) {
    char *text = malloc((size_t)count * 20 + 4);
    assert_non_null(text);
    size_t len = 0;
    for (int i = from; i < from + count; i++)
        len += (size_t)sprintf(text + len, "%s[%d,%d]", i == from ? "[" : ",", i, -i);
    strcpy(text + len, "]");
    put_text(engine, (uint64_t)from, "\"n1\"", text);
    free(text);
}

// Without memory an update fails, and a later one completes it. The table has less than 22 bytes a
// key; an update after one message allocates at most what gv_registers_memory has told before.
static void growth_is_bounded_and_repeatable(void **state) {
    (void)state;
    struct gv_meter meter;
    struct gv_alloc alloc = gv_meter_alloc(&meter);
    struct gv_engine *engine = engine_new(gv_base_malloc());
    struct gv_registers registers;
    struct gv_slice value;
    gv_registers_init(&registers, alloc, 1);
    meter.allowance = 0;
    many_keys(engine, 1, 4000);
    assert_int_equal(gv_registers_update(&registers, engine), GV_ENOMEM);
    for (int from = 4001; from < 100000; from += 4000) {
        many_keys(engine, from, 4000);
        uint64_t told = gv_registers_memory(&registers);
        meter.allowance = 0;
        int error = gv_registers_update(&registers, engine);
        assert_true(error == 0 || error == GV_ENOMEM);
        meter.allowance = SIZE_MAX;
        assert_int_equal(gv_registers_update(&registers, engine), 0);
        if (told > 0) assert_true(meter.bytes <= told);
        assert_int_equal(registers.count, from + 3999);
    }
    assert_true(meter.bytes < 22 * (size_t)registers.count);
    for (int i = 1; i < 100000; i++) {
        char key[16], want[16];
        int len = snprintf(key, sizeof key, "%d", i), bytes = snprintf(want, sizeof want, "-%d", i);
        assert_true(gv_registers_get(&registers, engine, gv_slice_of(key, (size_t)len), &value));
        assert_int_equal(value.len, bytes);
        assert_memory_equal(value.data, want, value.len);
    }
    assert_false(gv_registers_get(&registers, engine, slice("0"), &value));
    gv_registers_fini(&registers);
    assert_int_equal(meter.bytes, 0);
    gv_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_as_the_model),
        cmocka_unit_test(a_replaced_transaction_is_forgotten),
        cmocka_unit_test(growth_is_bounded_and_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
