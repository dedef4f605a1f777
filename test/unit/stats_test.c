// SPDX-License-Identifier: MIT
// The text of statistics: its length, and the names that were renamed.
#include "../lib/test.h"

#include "../../node/log.h"
#include "../../node/stats.h"

#include <stdio.h>
#include <string.h>

static bool read_stats(const char *text, struct gv_stats *stats) {
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 1024, 8);
    assert_true(gv_json_parse(&json, text, strlen(text)) > 0);
    bool good = gv_stats_read(stats, &json, 0);
    gv_json_fini(&json);
    return good;
}

// The largest numbers fit, also into a line of the log with the longest name.
static void test_longest(void **state) {
    (void)state;
    struct gv_stats stats, read;
    memset(&stats, 0xff, sizeof stats);
    char text[GV_STATS_TEXT_MAX], line[GV_LOG_LINE_MAX + 1], name[65];
    size_t len = gv_stats_write(&stats, text);
    assert_int_equal(len, strlen(text));
    assert_true(read_stats(text, &read));
    assert_memory_equal(&read, &stats, sizeof stats);

    memset(name, '"', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const struct gv_log_record record = {.level = GV_LOG_ERROR, .node = name, .stats = text};
    len = gv_log_json(&record, UINT64_MAX, line);
    assert_memory_equal(line + len - 3, "}}\n", 3);
}

// Renamed members are written under both names in this release, and both names are read.
static void test_renamed(void **state) {
    (void)state;
    static const struct {
        const char *name, *former;
    } renamed[] = {
        {"input_errors", "faults"},
        {"unauthenticated", "forged"},
        {"replayed", "repeated"},
        {"redundant", "known"},
        {"batches", "held"},
        {"batch_wait_us", "held_us"},
        {"batch_wait_max_us", "held_max_us"},
        {"replica_entries", "entries_held"},
        {"queued_updates", "queued_news"},
    };
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++) {
        char object[64], text[GV_STATS_TEXT_MAX], want[64];
        struct gv_stats stats, current;
        snprintf(object, sizeof object, "{\"%s\":77}", renamed[i].former);
        assert_true(read_stats(object, &stats));
        snprintf(object, sizeof object, "{\"%s\":77}", renamed[i].name);
        assert_true(read_stats(object, &current));
        assert_memory_equal(&stats, &current, sizeof stats);
        gv_stats_write(&stats, text);
        snprintf(want, sizeof want, ",\"%s\":77", renamed[i].name);
        assert_non_null(strstr(text, want));
        snprintf(want, sizeof want, ",\"%s\":77", renamed[i].former);
        assert_non_null(strstr(text, want));
    }
    struct gv_stats stats;
    char text[GV_STATS_TEXT_MAX];
    assert_true(read_stats("{\"news\":{\"in\":5}}", &stats));
    assert_int_equal(stats.updates.in, 5);
    gv_stats_write(&stats, text);
    assert_non_null(strstr(text, "\"updates\":{\"in\":5,"));
    assert_non_null(strstr(text, "\"news\":{\"in\":5,"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
