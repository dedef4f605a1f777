// SPDX-License-Identifier: MIT
// The changelog against an array that keeps all changes.
#include "../../engine/changelog.h"

#include "../../engine/prng.h"
#include "../lib/meter.h"
#include "../lib/test.h"

#include <stdlib.h>

struct model {
    struct gv_changelog_slot *slots; // by sequence number
    uint64_t tail, head;
};

static void assert_same(const struct gv_changelog *log, const struct model *model) {
    assert_int_equal(log->head, model->head);
    assert_int_equal(log->tail, model->tail);
    for (uint64_t at = model->tail; at < model->head; at++) {
        struct gv_changelog_slot slot = gv_changelog_get(log, at);
        assert_int_equal(slot.ref, model->slots[at].ref);
        assert_int_equal(slot.origin, model->slots[at].origin);
    }
    for (int peer = 0; peer < 3; peer++) {
        uint64_t next = model->head; // the first update for this peer at or after `at`
        for (uint64_t at = model->head; at > model->tail; at--) {
            const struct gv_changelog_slot *slot = &model->slots[at - 1];
            if (slot->ref != GV_CHANGELOG_SUPERSEDED && slot->origin != peer) next = at - 1;
            assert_int_equal(gv_changelog_next(log, at - 1, peer), next);
        }
        assert_int_equal(gv_changelog_next(log, model->head, peer), model->head);
    }
}

static void add(struct gv_changelog *log, struct model *model, uint32_t ref, int origin) {
    assert_int_equal(gv_changelog_append(log, ref, origin), model->head);
    model->slots[model->head++] = (struct gv_changelog_slot){ref, origin};
    if (model->head - model->tail > GV_CHANGELOG_MAX) model->tail++;
}

static void any_calls_as_the_model(void **state) {
    (void)state;
    enum { CALLS = 4000 };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_changelog_slot *slots = calloc(CALLS, sizeof *slots);
    assert_non_null(slots);
    for (int round = 0; round < 10; round++) {
        struct gv_changelog log;
        struct model model = {.slots = slots};
        gv_changelog_init(&log, gv_base_malloc());
        for (int i = 0; i < CALLS; i++) {
            uint64_t seq = gv_prng_below(&prng, model.head + 1);
            uint64_t choice = gv_prng_below(&prng, 100);
            if (choice < 60 || model.head == 0) {
                add(&log, &model, (uint32_t)gv_prng_below(&prng, GV_CHANGELOG_SUPERSEDED),
                    (int)gv_prng_below(&prng, 5) - 1);
            } else if (choice < 98) {
                if (seq == model.head) seq = UINT64_MAX; // the record had no change before
                gv_changelog_supersede(&log, seq);
                if (seq < model.head) slots[seq].ref = GV_CHANGELOG_SUPERSEDED;
            } else {
                gv_changelog_truncate(&log, seq);
                if (seq > model.tail) model.tail = seq;
            }
            if (i % 50 == 0) assert_same(&log, &model);
        }
        assert_same(&log, &model);
        gv_changelog_fini(&log);
    }
    free(slots);
}
static void the_oldest_go_at_the_bound(void **state) {
    (void)state;
    enum { MORE = 1000 };
    struct gv_meter meter;
    struct gv_changelog log;
    gv_changelog_init(&log, gv_meter_alloc(&meter));
    struct model model = {.slots = calloc(GV_CHANGELOG_MAX + MORE, sizeof *model.slots)};
    assert_non_null(model.slots);
    for (uint32_t i = 0; i < GV_CHANGELOG_MAX; i++) add(&log, &model, i, GV_CHANGELOG_LOCAL);
    assert_same(&log, &model);
    size_t calls = meter.calls, bytes = meter.bytes;
    for (uint32_t i = 0; i < MORE; i++) add(&log, &model, i, 1);
    assert_int_equal(log.tail, MORE);
    gv_changelog_supersede(&log, MORE - 1); // dropped; its slot has another change
    assert_same(&log, &model);
    assert_int_equal(meter.calls, calls);
    assert_int_equal(meter.bytes, bytes);
    free(model.slots);
    gv_changelog_fini(&log);
    assert_int_equal(meter.bytes, 0);
}

// If memory is exhausted, the log drops changes earlier, and continues to work.
static void out_of_memory(void **state) {
    (void)state;
    struct gv_meter meter;
    struct gv_alloc alloc = gv_meter_alloc(&meter);
    for (size_t allowed = 0; allowed < 4; allowed++) {
        struct gv_changelog log;
        gv_changelog_init(&log, alloc);
        meter.allowance = allowed;
        uint64_t kept = 0;
        for (uint32_t i = 0; i < 1000; i++) {
            assert_int_equal(gv_changelog_append(&log, i, 0), i);
            kept = log.head - log.tail;
            for (uint64_t at = log.tail; at < log.head; at++)
                assert_int_equal(gv_changelog_get(&log, at).ref, at);
            gv_changelog_supersede(&log, i - (i > 500 ? 500 : i)); // most are dropped already
            if (i <= 500) gv_changelog_truncate(&log, log.head);   // all peers have acknowledged
        }
        assert_int_equal(kept, allowed == 0 ? 0 : meter.bytes / sizeof(struct gv_changelog_slot));
        meter.allowance = SIZE_MAX;
        for (uint32_t i = 0; i < 1000; i++) gv_changelog_append(&log, i, 0);
        assert_true(log.head - log.tail >= 1000); // with memory available the log grows again
        gv_changelog_fini(&log);
        assert_int_equal(meter.bytes, 0);
    }
}

static void truncation_goes_one_way(void **state) {
    (void)state;
    struct gv_changelog log;
    gv_changelog_init(&log, gv_base_malloc());
    for (uint32_t i = 0; i < 100; i++) gv_changelog_append(&log, i, 0);
    gv_changelog_truncate(&log, 60);
    gv_changelog_truncate(&log, 20);
    assert_int_equal(log.tail, 60);
    assert_int_equal(gv_changelog_get(&log, 60).ref, 60);
    gv_changelog_truncate(&log, 100);
    assert_int_equal(log.tail, log.head);
    assert_int_equal(gv_changelog_append(&log, 7, 3), 100);
    assert_int_equal(gv_changelog_get(&log, 100).origin, 3);
    gv_changelog_fini(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_calls_as_the_model),
        cmocka_unit_test(the_oldest_go_at_the_bound),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(truncation_goes_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
