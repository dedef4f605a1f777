// SPDX-License-Identifier: MIT
#include "../../sim/check/check_set.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

// A history in milliseconds, checked while it grows.
struct story {
    struct gv_history history;
    struct gv_check_set set;
    struct gv_verdict_errors errors;
    struct gv_json json;
    size_t missing; // values missing in the last read
};

static void begin(struct story *story) {
    *story = (struct story){.missing = 0};
    gv_check_set_init(&story->set, 2);
    gv_json_init(&story->json, gv_base_malloc(), 0, 0);
}

static void end(struct story *story) {
    gv_history_fini(&story->history);
    gv_check_set_fini(&story->set);
    gv_verdict_fini(&story->errors);
    gv_json_fini(&story->json);
}

static size_t begin_add(struct story *story, uint64_t ms, int64_t value) {
    gv_check_set_invoke(&story->set, value);
    return gv_history_invoke(&story->history, ms * GV_MS, GV_HISTORY_ADD, 0, value, false);
}

static void end_add(struct story *story, uint64_t ms, size_t op, enum gv_history_outcome outcome) {
    gv_history_complete(&story->history, ms * GV_MS, op, outcome);
    const struct gv_history_op *done = &story->history.ops[op];
    if (outcome == GV_HISTORY_OK) gv_check_set_ok(&story->set, done);
    if (outcome == GV_HISTORY_FAIL) gv_check_set_refused(&story->set, done, &story->errors);
}

static size_t begin_read(struct story *story, uint64_t ms, uint32_t node, bool final) {
    return gv_history_invoke(&story->history, ms * GV_MS, GV_HISTORY_READ, node, 0, final);
}

static void end_read(struct story *story, uint64_t ms, size_t op, const char *shown) {
    gv_history_complete(&story->history, ms * GV_MS, op, GV_HISTORY_OK);
    assert_true(gv_json_parse(&story->json, shown, strlen(shown)) > 0);
    story->missing =
        gv_check_set_read(&story->set, &story->history.ops[op], &story->json, 0, &story->errors);
}

static void add(struct story *story, uint64_t ms, int64_t value) {
    end_add(story, ms, begin_add(story, ms, value), GV_HISTORY_OK);
}

static void read_now(struct story *story, uint64_t ms, uint32_t node, const char *shown) {
    end_read(story, ms, begin_read(story, ms, node, false), shown);
}

static void finals(struct story *story, uint64_t ms, const char *first, const char *second) {
    end_read(story, ms, begin_read(story, ms, 0, true), first);
    end_read(story, ms, begin_read(story, ms, 1, true), second);
}

static void stable_latency_ends_with_the_last_read_that_misses(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    add(&story, 10, 0);            // value 0 is known at 10
    read_now(&story, 40, 1, "[]"); // value 0 is missing
    assert_int_equal(story.missing, 1);
    read_now(&story, 60, 0, "[0]");
    add(&story, 70, 1); // value 1 is never missing
    size_t early = begin_read(&story, 75, 1, false);
    add(&story, 80, 2);
    end_read(&story, 90, early, "[0,1]"); // 2 was not known when the read began
    assert_int_equal(story.missing, 0);
    finals(&story, 100, "[0,1,2]", "[2,1,0]");
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(story.errors.count, 0);
    assert_true(result.equal);
    assert_int_equal(result.stable_latency.count, 3);
    assert_true(result.stable_latency.p0 == 0);
    assert_true(result.stable_latency.p50 == 0);
    assert_true(result.stable_latency.p100 == 30);
    end(&story);
}

static void a_read_value_is_known(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    size_t op = begin_add(&story, 0, 0);
    read_now(&story, 20, 0, "[0]"); // value 0 is known at 20, before its addition completed
    end_add(&story, 50, op, GV_HISTORY_INFO);
    read_now(&story, 80, 1, "[]");
    finals(&story, 100, "[0]", "[0]");
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_true(result.stable_latency.p100 == 60);
    assert_int_equal(result.lost, 0);
    end(&story);
}

static void null_is_an_empty_list(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    read_now(&story, 5, 0, "null");
    assert_int_equal(story.missing, 0);
    add(&story, 10, 0);
    read_now(&story, 20, 1, "null");
    assert_int_equal(story.missing, 1);
    finals(&story, 100, "[0]", "[0]");
    gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(story.errors.count, 0);
    end(&story);
}

static void allowed_losses_are_counted(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    for (int64_t value = 0; value < 3; value++) add(&story, 10, value);
    gv_check_set_allow_loss(&story.set, 0);
    gv_check_set_allow_loss(&story.set, 1);
    finals(&story, 100, "[1,2]", "[1,2]");
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(story.errors.count, 0);
    assert_int_equal(result.lost, 0);
    assert_int_equal(result.may_be_lost, 2);
    assert_int_equal(result.allowed_lost, 1);
    end(&story);
}

static void a_lost_value_is_missing_from_the_last_read(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    add(&story, 10, 0);
    add(&story, 11, 1);
    read_now(&story, 20, 0, "[0,1]");
    finals(&story, 100, "[0]", "[0]");
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(result.lost, 1);
    assert_true(result.equal);
    assert_string_equal(
        story.errors.texts[0],
        "lost: 1 known value is missing from the last reads: 1; acknowledged by n0; "
        "missing at n0 n1");
    end(&story);
}

static void an_unknown_value_cannot_be_lost(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    end_add(&story, 50, begin_add(&story, 0, 0), GV_HISTORY_INFO);
    end_add(&story, 50, begin_add(&story, 1, 1), GV_HISTORY_FAIL);
    finals(&story, 100, "[]", "[]");
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(result.lost, 0);
    assert_int_equal(result.stable_latency.count, 0);
    assert_int_equal(story.errors.count, 0);
    end(&story);
}

static void final_reads_of_a_stable_value_may_differ(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    add(&story, 10, 0);
    finals(&story, 100, "[]", "[0]"); // Maelstrom calls this run valid
    struct gv_check_set_result result = gv_check_set_finish(&story.set, &story.errors);
    assert_int_equal(result.lost, 0);
    assert_true(result.stable_latency.p100 == 90);
    assert_false(result.equal);
    assert_string_equal(story.errors.texts[0],
                        "final reads differ: n0 is missing 1 of 1 values: 0");
    end(&story);
}

static void duplicates_and_phantoms_are_reported_once(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    add(&story, 10, 0);
    read_now(&story, 20, 0, "[0,0,\"x\",7,-1,0.0]");
    read_now(&story, 21, 1, "[0,0,\"x\"]");
    assert_int_equal(story.set.duplicated, 1);
    assert_int_equal(story.set.phantom, 4);
    assert_int_equal(story.errors.count, 5);
    end(&story);
}

static void a_failed_addition_must_not_be_read(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    size_t op = begin_add(&story, 0, 0);
    read_now(&story, 10, 1, "[0]");
    end_add(&story, 20, op, GV_HISTORY_FAIL); // a read has returned the value
    end_add(&story, 31, begin_add(&story, 30, 1), GV_HISTORY_FAIL);
    read_now(&story, 40, 1, "[1]"); // another read returns it after the failure
    assert_int_equal(story.set.phantom, 2);
    assert_int_equal(story.errors.count, 2);
    end(&story);
}

static void observers_count_values_known_before_the_watch(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    add(&story, 10, 0);
    add(&story, 20, 1);
    uint64_t index = story.history.next_index;
    add(&story, 30, 2);
    assert_true(gv_json_parse(&story.json, "[1,55]", 6) > 0);
    assert_int_equal(gv_check_set_missing(&story.set, index, &story.json, 0), 1);
    assert_int_equal(story.errors.count, 0);
    end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stable_latency_ends_with_the_last_read_that_misses),
        cmocka_unit_test(a_read_value_is_known),
        cmocka_unit_test(null_is_an_empty_list),
        cmocka_unit_test(allowed_losses_are_counted),
        cmocka_unit_test(a_lost_value_is_missing_from_the_last_read),
        cmocka_unit_test(an_unknown_value_cannot_be_lost),
        cmocka_unit_test(final_reads_of_a_stable_value_may_differ),
        cmocka_unit_test(duplicates_and_phantoms_are_reported_once),
        cmocka_unit_test(a_failed_addition_must_not_be_read),
        cmocka_unit_test(observers_count_values_known_before_the_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
