// SPDX-License-Identifier: MIT
#include "../../sim/core/keys.h"

#include "../../codec/json.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static void integers_are_their_numbers(void **state) {
    (void)state;
    struct gv_keys keys;
    char buf[GV_KEYS_TEXT_MAX];
    gv_keys_init(&keys, GV_KEYS_INTEGERS, 1, NULL);
    assert_string_equal(gv_keys_text(&keys, 412, buf), "412");
    assert_int_equal(gv_keys_find(&keys, slice("412")), 412);
    static const char *const others[] = {"", "-1", "012", "1.0", "\"1\"", "9223372036854775808"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(gv_keys_find(&keys, slice(others[i])), -1);
    gv_keys_fini(&keys);
}

// All values are canonical and different, and each is found by its text. Some positions collide.
static void mixed_values_are_all_different(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    struct gv_keys keys, again;
    struct gv_json json;
    char buf[GV_KEYS_TEXT_MAX], other[GV_KEYS_TEXT_MAX];
    uint64_t seed = gv_test_seed();
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    gv_keys_init(&keys, GV_KEYS_MIXED, seed, NULL);
    gv_keys_init(&again, GV_KEYS_MIXED, seed, NULL);
    uint64_t last = 0, shared = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        const char *text = gv_keys_text(&keys, i, buf);
        assert_string_equal(text, gv_keys_text(&again, i, other));
        assert_int_equal(gv_keys_find(&keys, slice(text)), i);
        char canonical[GV_KEYS_TEXT_MAX];
        assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
        int len = gv_json_canonical(&json, 0, canonical, sizeof canonical);
        assert_int_equal(len, strlen(text));
        assert_memory_equal(canonical, text, (size_t)len);
        struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(text)};
        uint64_t position = gv_lattice_item(&keys.digest_key, &entry).position;
        shared += i > 0 && position == last;
        last = position;
    }
    for (int64_t i = 0; i < COUNT; i++) {
        char label[GV_KEYS_LABEL_MAX];
        const char *text = gv_keys_text(&keys, i, buf);
        size_t len = strlen(gv_keys_label(&keys, i, label));
        assert_true(len < sizeof label);
        if (strlen(text) < 40) assert_string_equal(label, text);
        if (strlen(text) > 50) assert_string_equal(label + len - 3, "…");
    }
    assert_int_equal(gv_keys_find(&keys, slice("\"nobody's\"")), -1);
    assert_true(shared > COUNT / 40);
    assert_string_equal(gv_keys_text(&keys, 0, buf), gv_keys_text(&again, 0, other));
    gv_keys_fini(&keys);
    gv_keys_fini(&again);
    gv_json_fini(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_their_numbers),
        cmocka_unit_test(mixed_values_are_all_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
