// SPDX-License-Identifier: MIT
#include "../../sim/core/interner.h"
#include "../lib/test.h"

#include <stdio.h>

static void texts_have_the_number_of_their_first_addition(void **state) {
    (void)state;
    enum { TEXTS = 5000 };
    struct gv_interner interner;
    gv_interner_init(&interner);
    assert_int_equal(gv_interner_find(&interner, gv_slice_text("0")), GV_ENOENT);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < TEXTS; i++) {
            char text[16];
            int len = snprintf(text, sizeof text, "%u", i);
            struct gv_slice slice = gv_slice_of(text, (size_t)len);
            if (round == 0) assert_int_equal(gv_interner_find(&interner, slice), GV_ENOENT);
            assert_int_equal(gv_interner_add(&interner, slice), i);
            assert_int_equal(gv_interner_find(&interner, slice), i);
        }
    }
    assert_int_equal(interner.len, TEXTS);
    // The empty text, and one with a NUL.
    assert_int_equal(gv_interner_add(&interner, gv_slice_of("", 0)), TEXTS);
    assert_int_equal(gv_interner_add(&interner, gv_slice_of("0\0", 2)), TEXTS + 1);
    gv_interner_fini(&interner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_number_of_their_first_addition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
