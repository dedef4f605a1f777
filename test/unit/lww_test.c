// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/core/lww.h"
#include "../lib/test.h"

#include <stdio.h>

enum { KEYS = 10, STEPS = 20000, VALUE = 16 };

// A model that copies both replicas in full.
static struct cell {
    uint64_t stamp;
    char value[VALUE]; // "": none
} model[GV_LWW_REPLICAS][KEYS];
static uint64_t clocks[GV_LWW_REPLICAS];

static struct gv_slice name_of(uint32_t key, char buf[VALUE]) {
    return gv_slice_of(buf, (size_t)snprintf(buf, VALUE, "[%u]", key));
}

static void merge_model(uint32_t from, uint32_t into) {
    if (clocks[from] > clocks[into]) clocks[into] = clocks[from];
    for (uint32_t key = 0; key < KEYS; key++) {
        const struct cell *source = &model[from][key];
        struct cell *cell = &model[into][key];
        if (source->value[0] == '\0') continue;
        if (cell->value[0] == '\0' || source->stamp >= cell->stamp) *cell = *source;
    }
}

static void assert_equals_model(const struct gv_lww *lww) {
    for (uint32_t replica = 0; replica < GV_LWW_REPLICAS; replica++) {
        assert_int_equal(lww->clocks[replica], clocks[replica]);
        for (uint32_t key = 0; key < KEYS; key++) {
            char name[VALUE];
            struct gv_slice value = {NULL, 0};
            bool has = gv_lww_get(lww, replica, name_of(key, name), &value);
            assert_int_equal(has, model[replica][key].value[0] != '\0');
            if (has) assert_true(gv_slice_equal(value, gv_slice_text(model[replica][key].value)));
        }
    }
}

static void replicas_equal_full_copies(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_lww lww;
    gv_lww_init(&lww, SIZE_MAX);
    for (int step = 0; step < STEPS; step++) {
        uint32_t key = (uint32_t)gv_prng_below(&prng, KEYS);
        uint32_t a = (uint32_t)gv_prng_below(&prng, 2), b = (uint32_t)gv_prng_below(&prng, 2);
        if (gv_prng_below(&prng, 3) == 0) {
            gv_lww_merge(&lww, a, b);
            if (a != b) merge_model(a, b);
        } else {
            char name[VALUE];
            struct cell *cell = &model[a][key];
            snprintf(cell->value, VALUE, "%d", step);
            cell->stamp = clocks[a]++;
            assert_int_equal(gv_lww_put(&lww, a, name_of(key, name), gv_slice_text(cell->value)),
                             0);
        }
        assert_equals_model(&lww);
    }
    // After merges both ways the replicas are equal and share all values.
    gv_lww_merge(&lww, 0, 1);
    gv_lww_merge(&lww, 1, 0);
    assert_int_equal(lww.differing_len, 0);
    size_t values = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        assert_ptr_equal(lww.entries[key].cells[0].value, lww.entries[key].cells[1].value);
        values++;
    }
    assert_true(lww.bytes <= 2 * values * (GV_LWW_OVERHEAD + VALUE));
    gv_lww_fini(&lww);
}

static void a_write_to_the_replica_behind_is_forgotten(void **state) {
    (void)state;
    struct gv_lww lww;
    gv_lww_init(&lww, SIZE_MAX);
    struct gv_slice key = gv_slice_text("1"), value;
    for (int i = 0; i < 3; i++) gv_lww_put(&lww, 0, key, gv_slice_text("\"first\""));
    gv_lww_put(&lww, 1, key, gv_slice_text("\"later\""));
    gv_lww_merge(&lww, 0, 1);
    assert_true(gv_lww_get(&lww, 1, key, &value));
    assert_true(gv_slice_equal(value, gv_slice_text("\"first\"")));
    gv_lww_fini(&lww);
}

static void a_full_map_refuses(void **state) {
    (void)state;
    struct gv_lww lww;
    gv_lww_init(&lww, 3 * GV_LWW_OVERHEAD);
    struct gv_slice value;
    assert_int_equal(gv_lww_put(&lww, 0, gv_slice_text("1"), gv_slice_text("2")), 0);
    assert_int_equal(gv_lww_put(&lww, 0, gv_slice_text("2"), gv_slice_text("2")), GV_EFULL);
    assert_false(gv_lww_get(&lww, 0, gv_slice_text("2"), &value));
    assert_true(gv_lww_get(&lww, 0, gv_slice_text("1"), &value));
    gv_lww_fini(&lww);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replicas_equal_full_copies),
        cmocka_unit_test(a_write_to_the_replica_behind_is_forgotten),
        cmocka_unit_test(a_full_map_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
