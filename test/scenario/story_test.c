// SPDX-License-Identifier: MIT
// Traces of three nodes in virtual time; n0 is the root of the tree. A line for each message has
// its time, sender, receiver, kind, number and content. The traces are golden: if one changes, read
// it and decide whether the new behaviour is better.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A cluster whose messages are written to `text`.
struct story {
    struct gv_cluster cluster;
    char *text;
    size_t len;
    FILE *out;
};

static void begin(struct story *story) {
    story->out = open_memstream(&story->text, &story->len);
    assert_non_null(story->out);
    const struct gv_cluster_config config = {
        .nodes = 3, .seed = 1, .staleness_ms = 500, .latency_ms = 100, .trace = story->out};
    gv_cluster_init(&story->cluster, &config);
}

// As `begin`, but the nodes have joined, and their first syncs are over.
static void begin_later(struct story *story) {
    begin(story);
    story->cluster.config.trace = NULL;
    gv_cluster_join(&story->cluster);
    gv_cluster_run(&story->cluster, 5000 * GV_MS);
    story->cluster.config.trace = story->out;
}

static void end(struct story *story, const char *golden) {
    fclose(story->out);
    bool same = strcmp(story->text, golden) == 0;
    if (!same) printf("The story is now:\n%s(end)\n", story->text);
    free(story->text);
    gv_cluster_fini(&story->cluster);
    assert_true(same);
}

static void a_sync_finds_one_missing_value(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    // All nodes have a hundred values, but n2 lacks 42.
    for (int value = 0; value < 100; value++) {
        for (uint32_t node = 0; node < 3; node++) {
            if (value == 42 && node == 2) continue;
            assert_int_equal(gv_cluster_add_number(&story.cluster, node, value), 1);
        }
    }
    gv_cluster_join(&story.cluster);
    gv_cluster_run(&story.cluster, 2000 * GV_MS);
    assert_true(gv_cluster_equal(&story.cluster));
    // The root digests of n0 and n2 differ, so two more messages find the value and send it. If
    // root digests are equal, the answer is only an acknowledgement.
    end(&story, "  757 ms  n0 > n2  sync #1: root digest of 100 entries\n"
                "  857 ms  n2 > n0  sync #1 to parent, with ack: probe for one missing entry\n"
                "  957 ms  n0 > n2  sync #2, with ack: set element 42\n"
                "  973 ms  n1 > n0  sync #1 to parent: root digest of 100 entries\n"
                " 1573 ms  n0 > n1  ack in message #1\n");
}

static void updates_travel_in_flush_rounds(void **state) {
    (void)state;
    struct story story;
    begin_later(&story);
    fprintf(story.out, "n1 gets a local write. Its parent n0 has announced no flush, so n1 sends "
                       "it immediately.\n");
    gv_cluster_add(&story.cluster, 1, "\"a\"");
    gv_cluster_run(&story.cluster, 250 * GV_MS);
    fprintf(
        story.out,
        "n2 gets a local write, and sends it so that it arrives just before n0's next flush.\n");
    gv_cluster_add(&story.cluster, 2, "\"b\"");
    gv_cluster_run(&story.cluster, 750 * GV_MS);
    fprintf(
        story.out,
        "n0 gets a local write, then n2 and n1. The pushes of n2 and n1 arrive before n0's next "
        "flush.\n");
    gv_cluster_add(&story.cluster, 0, "\"c\"");
    gv_cluster_run(&story.cluster, 120 * GV_MS);
    gv_cluster_add(&story.cluster, 2, "\"d\"");
    gv_cluster_add(&story.cluster, 1, "\"e\"");
    gv_cluster_run(&story.cluster, 4000 * GV_MS);
    assert_true(gv_cluster_equal(&story.cluster));
    end(&story,
        "n1 gets a local write. Its parent n0 has announced no flush, so n1 sends it immediately.\n"
        " 5000 ms  n1 > n0  push #1 to parent: set element \"a\"\n"
        " 5100 ms  n0 > n1  ack, next flush in 286 ms\n"
        " 5100 ms  n0 > n2  push #1, next flush in 286 ms: set element \"a\"\n"
        "n2 gets a local write, and sends it so that it arrives just before n0's next flush.\n"
        " 5273 ms  n2 > n0  push #1 to parent, with ack: set element \"b\"\n"
        " 5386 ms  n0 > n1  push #1, next flush in 286 ms: set element \"b\"\n"
        " 5386 ms  n0 > n2  ack, next flush in 286 ms\n"
        "n0 gets a local write, then n2 and n1. The pushes of n2 and n1 arrive before n0's next "
        "flush.\n"
        " 6000 ms  n0 > n1  push #2, next flush in 286 ms: set element \"c\"\n"
        " 6000 ms  n0 > n2  push #2, next flush in 286 ms: set element \"c\"\n"
        " 6173 ms  n2 > n0  push #2 to parent, with ack: set element \"d\"\n"
        " 6173 ms  n1 > n0  push #2 to parent, with ack: set element \"e\"\n"
        " 6286 ms  n0 > n1  push #3, with ack, next flush in 286 ms: set element \"d\"\n"
        " 6286 ms  n0 > n2  push #3, with ack, next flush in 286 ms: set element \"e\"\n"
        " 8386 ms  n1 > n0  ack to parent\n"
        " 8386 ms  n2 > n0  ack to parent\n");
}

static void lost_updates_are_sent_again(void **state) {
    (void)state;
    struct story story;
    begin_later(&story);
    fprintf(story.out, "n2 is disconnected, and n1 gets a local write. Messages to n2 are lost.\n");
    gv_cluster_split(&story.cluster, 2);
    gv_cluster_add(&story.cluster, 1, "\"a\"");
    gv_cluster_run(&story.cluster, 1000 * GV_MS);
    fprintf(story.out,
            "n2 is connected again. n0 declares lost what it sent to n2, and sends the update "
            "again.\n");
    gv_cluster_split(&story.cluster, 0);
    gv_cluster_run(&story.cluster, 4000 * GV_MS);
    assert_true(gv_cluster_equal(&story.cluster));
    end(&story, "n2 is disconnected, and n1 gets a local write. Messages to n2 are lost.\n"
                " 5000 ms  n1 > n0  push #1 to parent: set element \"a\"\n"
                " 5100 ms  n0 > n1  ack, next flush in 286 ms\n"
                " 5100 ms  n0 > n2  push #1, next flush in 286 ms: set element \"a\"\n"
                "n2 is connected again. n0 declares lost what it sent to n2, and sends the update "
                "again.\n"
                " 7700 ms  n0 > n2  push #2, ack requested: set element \"a\"\n"
                " 7800 ms  n2 > n0  ack to parent\n");
}

static void only_the_last_value_of_a_counter_is_sent(void **state) {
    (void)state;
    struct story story;
    begin_later(&story);
    gv_cluster_count(&story.cluster, 1, "\"n1\"", 1);
    fprintf(story.out, "n0 counts to nine before its next flush, and sends the last value only.\n");
    gv_cluster_run(&story.cluster, 150 * GV_MS);
    for (uint64_t count = 1; count < 10; count++)
        gv_cluster_count(&story.cluster, 0, "\"n0\"", count);
    gv_cluster_run(&story.cluster, 500 * GV_MS);
    assert_true(gv_cluster_equal(&story.cluster));
    end(&story, " 5000 ms  n1 > n0  push #1 to parent: counter \"n1\"=1\n"
                "n0 counts to nine before its next flush, and sends the last value only.\n"
                " 5100 ms  n0 > n1  ack, next flush in 286 ms\n"
                " 5100 ms  n0 > n2  push #1, next flush in 286 ms: counter \"n1\"=1\n"
                " 5386 ms  n0 > n1  push #1, next flush in 286 ms: counter \"n0\"=9\n"
                " 5386 ms  n0 > n2  push #2, next flush in 286 ms: counter \"n0\"=9\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sync_finds_one_missing_value),
        cmocka_unit_test(updates_travel_in_flush_rounds),
        cmocka_unit_test(lost_updates_are_sent_again),
        cmocka_unit_test(only_the_last_value_of_a_counter_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
