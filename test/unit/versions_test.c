// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/core/versions.h"
#include "../lib/test.h"

#include <stdio.h>

enum { KEYS = 12, STEPS = 3000, KEPT_MAX = 32, VALUE = 16 };

// A model that copies all states in full; "" if a state lacks the key.
static char model[STEPS + 1][KEYS][VALUE];

static struct gv_slice name_of(uint32_t key, char buf[VALUE]) {
    return gv_slice_of(buf, (size_t)snprintf(buf, VALUE, "\"k%u\"", key));
}

static void assert_states(const struct gv_versions *versions) {
    assert_true(gv_versions_first(versions) + versions->kept > versions->last);
    for (uint64_t i = gv_versions_first(versions); i <= versions->last; i++) {
        for (uint32_t key = 0; key < KEYS; key++) {
            char name[VALUE];
            struct gv_slice value = {NULL, 0};
            bool has = gv_versions_get(versions, i, name_of(key, name), &value);
            assert_int_equal(has, model[i][key][0] != '\0');
            if (has) assert_true(gv_slice_equal(value, gv_slice_text(model[i][key])));
        }
    }
}

// The versions take the memory of one state, and of one value for each further state.
static void assert_bounded(const struct gv_versions *versions) {
    size_t keys = versions->keys.len, values = 0;
    for (size_t key = 0; key < keys; key++) {
        const struct gv_versions_value *value = versions->newest[key];
        for (; value != NULL; value = value->older) values++;
    }
    assert_true(values <= keys + versions->kept - 1);
    assert_true(versions->bytes <= (keys + values) * (GV_VERSIONS_OVERHEAD + VALUE));
    assert_true(versions->bytes >= (keys + values) * GV_VERSIONS_OVERHEAD);
}

static void kept_states_equal_full_copies(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    const uint32_t kept[] = {1, 2, 3, KEPT_MAX};
    for (size_t i = 0; i < GV_COUNT(kept); i++) {
        struct gv_versions versions;
        memset(model, 0, sizeof model);
        gv_versions_init(&versions, kept[i], SIZE_MAX);
        for (uint64_t step = 1; step <= STEPS; step++) {
            uint32_t key = (uint32_t)gv_prng_below(&prng, KEYS);
            char name[VALUE];
            memcpy(model[step], model[step - 1], sizeof model[step]);
            if (gv_prng_below(&prng, 8) == 0) {
                gv_versions_repeat(&versions);
            } else {
                snprintf(model[step][key], VALUE, "%d", (int)gv_prng_below(&prng, 100000));
                assert_int_equal(
                    gv_versions_put(&versions, name_of(key, name), gv_slice_text(model[step][key])),
                    0);
            }
            assert_int_equal(versions.last, step);
            if (step % 7 == 0) assert_states(&versions);
            assert_bounded(&versions);
        }
        gv_versions_fini(&versions);
    }
}

static void a_full_map_refuses_and_still_answers(void **state) {
    (void)state;
    struct gv_versions versions;
    gv_versions_init(&versions, 1, 10 * GV_VERSIONS_OVERHEAD);
    char name[VALUE];
    uint32_t keys = 0;
    while (gv_versions_put(&versions, name_of(keys, name), gv_slice_text("1")) == 0) keys++;
    assert_int_equal(keys, 4);
    assert_int_equal(versions.last, keys);
    assert_true(versions.bytes <= versions.bytes_max);
    assert_int_equal(gv_versions_put(&versions, gv_slice_text("x"), gv_slice_text("1")), GV_EFULL);
    struct gv_slice value;
    assert_true(gv_versions_get(&versions, keys, name_of(3, name), &value));
    assert_false(gv_versions_get(&versions, keys, gv_slice_text("x"), &value));
    // There is space for one more version of a key. Then the version before it is freed.
    for (int i = 0; i < 100; i++) {
        assert_int_equal(gv_versions_put(&versions, name_of(0, name), gv_slice_text("2")), 0);
    }
    gv_versions_fini(&versions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_states_equal_full_copies),
        cmocka_unit_test(a_full_map_refuses_and_still_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
