// SPDX-License-Identifier: MIT
// The timers, compared with an array and linear search.
#include "../../engine/timers.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"

enum { MOST = 40 };

static void assert_sound(const struct gv_timers *timers, const gv_time *model, uint32_t count) {
    gv_time next = GV_TIME_NEVER;
    uint32_t set = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(timers->when[i] == model[i]);
        if (model[i] == GV_TIME_NEVER) continue;
        set++;
        if (model[i] < next) next = model[i];
        assert_int_equal(timers->heap[timers->slot[i]], i);
    }
    assert_int_equal(timers->set, set);
    assert_true(gv_timers_next(timers) == next);
}

// Pops all timers that are due. The model must give the same timers, the earliest first.
static void pop_due(struct gv_timers *timers, gv_time *model, uint32_t count, gv_time now) {
    gv_time last = 0;
    int64_t number, before = -1;
    while ((number = gv_timers_pop(timers, now)) >= 0) {
        assert_true(number < count);
        assert_true(model[number] >= last && model[number] <= now);
        assert_true(model[number] > last || number > before);
        last = model[number];
        before = number;
        model[number] = GV_TIME_NEVER;
    }
    for (uint32_t i = 0; i < count; i++) assert_true(model[i] == GV_TIME_NEVER || model[i] > now);
}

static void any_calls_as_the_model(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 60; round++) {
        struct gv_timers timers;
        gv_time model[MOST];
        uint32_t count = 1 + (uint32_t)gv_prng_below(&prng, MOST);
        assert_int_equal(gv_timers_init(&timers, gv_base_malloc(), count), 0);
        for (uint32_t i = 0; i < count; i++) model[i] = GV_TIME_NEVER;
        gv_time spread = gv_prng_below(&prng, 2) ? 10 : UINT64_MAX; // many equal times, or none
        for (int i = 0; i < 500; i++) {
            uint32_t number = (uint32_t)gv_prng_below(&prng, count);
            gv_time when = gv_prng_below(&prng, spread);
            if (gv_prng_below(&prng, 4) == 0) when = GV_TIME_NEVER;
            gv_timers_set(&timers, number, when);
            model[number] = when;
            assert_sound(&timers, model, count);
            if (gv_prng_below(&prng, 20) != 0) continue;
            pop_due(&timers, model, count, gv_prng_below(&prng, spread));
            assert_sound(&timers, model, count);
        }
        gv_timers_fini(&timers);
    }
}

static void the_ends_of_time(void **state) {
    (void)state;
    struct gv_timers timers;
    assert_int_equal(gv_timers_init(&timers, gv_base_malloc(), 3), 0);
    assert_true(gv_timers_next(&timers) == GV_TIME_NEVER);
    assert_int_equal(gv_timers_pop(&timers, UINT64_MAX), -1);
    gv_timers_set(&timers, 1, GV_TIME_NEVER); // the timer was not set
    gv_timers_set(&timers, 2, GV_TIME_NEVER - 1);
    gv_timers_set(&timers, 0, 0);
    gv_timers_set(&timers, 0, 0);
    assert_int_equal(gv_timers_pop(&timers, 0), 0);
    assert_int_equal(gv_timers_pop(&timers, GV_TIME_NEVER - 2), -1);
    assert_int_equal(gv_timers_pop(&timers, GV_TIME_NEVER - 1), 2);
    assert_int_equal(gv_timers_pop(&timers, UINT64_MAX), -1);
    gv_timers_fini(&timers);
}

static void equal_times_come_in_order_of_their_numbers(void **state) {
    (void)state;
    struct gv_timers timers;
    assert_int_equal(gv_timers_init(&timers, gv_base_malloc(), 20), 0);
    for (uint32_t i = 0; i < 20; i++) gv_timers_set(&timers, i * 7 % 20, 5);
    for (uint32_t i = 0; i < 20; i += 3) gv_timers_set(&timers, i, i == 0 ? GV_TIME_NEVER : 6);
    for (uint32_t i = 0; i < 20; i += 3) gv_timers_set(&timers, i, 5);
    for (int i = 0; i < 20; i++) assert_int_equal(gv_timers_pop(&timers, 5), i);
    assert_int_equal(gv_timers_pop(&timers, 5), -1);
    gv_timers_fini(&timers);
}

static void out_of_memory_holds_nothing(void **state) {
    (void)state;
    struct gv_meter meter;
    struct gv_alloc alloc = gv_meter_alloc(&meter);
    struct gv_timers timers;
    size_t allowed = 0;
    for (;; allowed++) {
        meter.allowance = allowed;
        int error = gv_timers_init(&timers, alloc, 5);
        if (error == 0) break;
        assert_int_equal(error, GV_ENOMEM);
        assert_int_equal(meter.bytes, 0);
    }
    assert_true(allowed > 0);
    gv_timers_fini(&timers);
    assert_int_equal(meter.bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_calls_as_the_model),
        cmocka_unit_test(the_ends_of_time),
        cmocka_unit_test(equal_times_come_in_order_of_their_numbers),
        cmocka_unit_test(out_of_memory_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
