// SPDX-License-Identifier: MIT
#include "../../merkle/estimator.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

static void estimates_have_the_right_order_of_magnitude(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 4);
    for (uint64_t differ = 1; differ <= 1000; differ *= 10) {
        uint64_t sum = 0;
        for (int round = 0; round < 400; round++) {
            uint32_t estimator[2] = {0, 0};
            int64_t more = 0;
            for (uint64_t i = 0; i < differ + 20; i++) {
                uint64_t hash = gv_prng_next(&prng), other = gv_prng_next(&prng);
                int side = (int)gv_prng_below(&prng, 2);
                estimator[side] = gv_estimator_add(estimator[side], hash);
                more += side == 0 ? 1 : -1;
                if (i < differ) continue;
                estimator[side] = gv_estimator_add(estimator[side], other); // remove both again
                estimator[side] = gv_estimator_sub(estimator[side], hash);
                estimator[side] = gv_estimator_sub(estimator[side], other);
                more -= side == 0 ? 1 : -1;
            }
            sum += gv_estimator_differences(estimator[0], estimator[1], more);
        }
        assert_in_range(sum / 400, differ / 2, differ * 2);
    }
    assert_int_equal(gv_estimator_differences(7, 7, 0), 0);
    assert_true(gv_estimator_differences(7, 7, -1000000) >= 1000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_have_the_right_order_of_magnitude),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
