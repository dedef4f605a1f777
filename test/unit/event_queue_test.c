// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/core/event_queue.h"
#include "../lib/test.h"

static void takes_events_in_order_of_time_then_of_scheduling(void **state) {
    (void)state;
    struct gv_event_queue queue;
    gv_event_queue_init(&queue, 100);
    gv_event_queue_schedule(&queue, 300, 1, 0, 0, NULL);
    gv_event_queue_schedule(&queue, 200, 2, 0, 0, NULL);
    gv_event_queue_schedule(&queue, 300, 3, 7, 9, &queue);
    gv_event_queue_schedule(&queue, 50, 4, 0, 0, NULL); // a past time is now
    struct gv_event event;
    const uint32_t kinds[] = {4, 2, 1, 3};
    const gv_time times[] = {100, 200, 300, 300};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(gv_event_queue_due(&queue), times[i]);
        assert_true(gv_event_queue_next(&queue, 1000, &event));
        assert_int_equal(event.kind, kinds[i]);
        assert_int_equal(queue.now, times[i]);
    }
    assert_int_equal(event.target, 7);
    assert_int_equal(event.stamp, 9);
    assert_ptr_equal(event.item, &queue);
    assert_false(gv_event_queue_next(&queue, 1000, &event));
    assert_int_equal(queue.now, 1000);
    assert_int_equal(gv_event_queue_due(&queue), GV_TIME_NEVER);
    gv_event_queue_fini(&queue);
}

static void takes_no_event_after_until(void **state) {
    (void)state;
    struct gv_event_queue queue;
    struct gv_event event;
    gv_event_queue_init(&queue, 0);
    gv_event_queue_schedule(&queue, 10, 0, 0, 0, NULL);
    assert_false(gv_event_queue_next(&queue, 9, &event));
    assert_int_equal(queue.now, 9);
    assert_true(gv_event_queue_next(&queue, 10, &event));
    gv_event_queue_fini(&queue);
}

static void sorts_many_random_events(void **state) {
    (void)state;
    enum { EVENTS = 20000 };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_event_queue queue;
    gv_event_queue_init(&queue, 0);
    struct gv_event event, last = {0};
    for (int i = 0; i < EVENTS; i++) {
        gv_event_queue_schedule(&queue, gv_prng_below(&prng, 1000), 0, 0, (uint64_t)i, NULL);
    }
    for (int i = 0; i < EVENTS; i++) {
        assert_true(gv_event_queue_next(&queue, GV_TIME_NEVER - 1, &event));
        bool later = event.due > last.due || (event.due == last.due && event.stamp > last.stamp);
        assert_true(i == 0 || later);
        last = event;
    }
    gv_event_queue_fini(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_events_in_order_of_time_then_of_scheduling),
        cmocka_unit_test(takes_no_event_after_until),
        cmocka_unit_test(sorts_many_random_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
