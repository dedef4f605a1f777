// SPDX-License-Identifier: MIT
// The send queue, compared with an array and linear search.
#include "../../engine/send_queue.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"

enum { MOST = 70 };

static void numbers_leave_once_and_in_order(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 200; round++) {
        struct gv_meter meter;
        struct gv_alloc alloc = gv_meter_alloc(&meter);
        struct gv_send_queue queue;
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, MOST), len = 0;
        int model[MOST];
        assert_int_equal(gv_send_queue_init(&queue, alloc, count), 0);
        for (int i = 0; i < 2000; i++) {
            if (gv_prng_below(&prng, 5) < 2) {
                int expected = len > 0 ? model[0] : -1;
                assert_int_equal(gv_send_queue_pop(&queue), expected);
                for (uint32_t k = 1; k < len; k++) model[k - 1] = model[k];
                len -= len > 0;
            } else {
                int number = (int)gv_prng_below(&prng, count);
                bool has = false;
                for (uint32_t k = 0; k < len; k++) has = has || model[k] == number;
                if (!has) model[len++] = number;
                gv_send_queue_push(&queue, number);
            }
            assert_int_equal(queue.len, len);
        }
        gv_send_queue_fini(&queue, alloc);
        assert_int_equal(meter.bytes, 0);
    }
}

// Numbers are blocked and unblocked as well: a blocked one never leaves; one that was pushed before
// or meanwhile leaves after it is unblocked, and once.
static void blocked_numbers_wait(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 200; round++) {
        struct gv_alloc alloc = gv_base_malloc();
        struct gv_send_queue queue;
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, MOST);
        bool pushed[MOST] = {false}, blocked[MOST] = {false};
        assert_int_equal(gv_send_queue_init(&queue, alloc, count), 0);
        for (int i = 0; i < 2000; i++) {
            int number = (int)gv_prng_below(&prng, count), popped;
            switch (gv_prng_below(&prng, 4)) {
            case 0:
                gv_send_queue_push(&queue, number);
                pushed[number] = true;
                break;
            case 1:
                blocked[number] = gv_prng_below(&prng, 2) == 0;
                gv_send_queue_set_blocked(&queue, number, blocked[number]);
                break;
            default:
                popped = gv_send_queue_pop(&queue);
                for (uint32_t k = 0; popped < 0 && k < count; k++)
                    assert_true(!pushed[k] || blocked[k]);
                if (popped < 0) break;
                assert_true(pushed[popped] && !blocked[popped]);
                pushed[popped] = false;
            }
        }
        gv_send_queue_fini(&queue, alloc);
    }
}

static void exhausted_memory_is_an_error(void **state) {
    (void)state;
    for (uint64_t allowed = 0; allowed < 2; allowed++) {
        struct gv_meter meter;
        struct gv_alloc alloc = gv_meter_alloc(&meter);
        meter.allowance = allowed;
        struct gv_send_queue queue;
        assert_int_equal(gv_send_queue_init(&queue, alloc, 10), GV_ENOMEM);
        gv_send_queue_fini(&queue, alloc);
        assert_int_equal(meter.bytes, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_leave_once_and_in_order),
        cmocka_unit_test(blocked_numbers_wait),
        cmocka_unit_test(exhausted_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
