// SPDX-License-Identifier: MIT
// Names, compared with qsort and linear search.
#include "../../engine/names.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 300, LENGTH_MAX = 5 };

static uint8_t texts[MOST][LENGTH_MAX];

static int by_bytes(const void *a, const void *b) {
    const struct gv_slice *one = a, *other = b;
    size_t shared = one->len < other->len ? one->len : other->len;
    int order = memcmp(one->data, other->data, shared);
    return order != 0 ? order : (int)one->len - (int)other->len;
}

// Draws from few letters, so that many names share a prefix or are equal.
static struct gv_slice draw(struct gv_prng *prng, size_t i) {
    size_t len = 1 + gv_prng_below(prng, LENGTH_MAX);
    for (size_t at = 0; at < len; at++) texts[i][at] = (uint8_t)(gv_prng_below(prng, 4) * 85);
    return (struct gv_slice){texts[i], len};
}

static void names_are_numbered_by_their_bytes(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    int repeated = 0, distinct = 0;
    for (int round = 0; round < 3000; round++) {
        struct gv_meter meter;
        struct gv_alloc alloc = gv_meter_alloc(&meter);
        struct gv_slice list[MOST], sorted[MOST];
        size_t count = 1 + gv_prng_below(&prng, round % 2 == 0 ? 20 : MOST);
        for (size_t i = 0; i < count; i++) sorted[i] = list[i] = draw(&prng, i);
        qsort(sorted, count, sizeof *sorted, by_bytes);
        bool repeats = false;
        for (size_t i = 1; i < count; i++) repeats |= by_bytes(&sorted[i - 1], &sorted[i]) == 0;
        struct gv_names names;
        assert_int_equal(gv_names_init(&names, alloc, list, count), repeats ? GV_EINVAL : 0);
        repeated += repeats;
        distinct += !repeats && count > 1;
        for (size_t i = 0; !repeats && i < count; i++) {
            struct gv_slice name = gv_names_get(&names, (uint32_t)i);
            assert_int_equal(by_bytes(&name, &sorted[i]), 0);
            assert_int_equal(gv_names_find(&names, sorted[i]), i);
        }
        struct gv_slice other = {(const uint8_t *)"other", 5};
        if (!repeats) assert_int_equal(gv_names_find(&names, other), GV_ENOENT);
        gv_names_fini(&names, alloc);
        assert_int_equal(meter.bytes, 0);
    }
    assert_true(repeated > 100 && distinct > 100);
}

static void exhausted_memory_is_an_error(void **state) {
    (void)state;
    const struct gv_slice list[] = {{(const uint8_t *)"b", 1}, {(const uint8_t *)"a", 1}};
    for (uint64_t allowed = 0; allowed < 3; allowed++) {
        struct gv_meter meter;
        struct gv_alloc alloc = gv_meter_alloc(&meter);
        meter.allowance = allowed;
        struct gv_names names;
        assert_int_equal(gv_names_init(&names, alloc, list, 2), GV_ENOMEM);
        gv_names_fini(&names, alloc);
        assert_int_equal(meter.bytes, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_by_their_bytes),
        cmocka_unit_test(exhausted_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
