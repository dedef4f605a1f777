// SPDX-License-Identifier: MIT
// Three nodes in virtual time, told as stories. The traces are golden: if one changes, read it, and
// see whether the new story is the better one.
#include "../lib/cluster.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A cluster of three whose messages are written down.
struct tale {
    struct gv_cluster cluster;
    char *text;
    size_t len;
    FILE *out;
};

static void begin(struct tale *tale) {
    tale->out = open_memstream(&tale->text, &tale->len);
    assert_non_null(tale->out);
    const struct gv_cluster_config config = {
        .nodes = 3, .seed = 1, .staleness_ms = 500, .latency_ms = 100, .trace = tale->out};
    gv_cluster_init(&tale->cluster, &config);
}

// As `begin`, but the nodes know each other already, and what they compared at the start is over.
static void begin_later(struct tale *tale) {
    begin(tale);
    tale->cluster.config.trace = NULL;
    gv_cluster_join(&tale->cluster);
    gv_cluster_run(&tale->cluster, 5000 * GV_MS);
    tale->cluster.config.trace = tale->out;
}

static void end(struct tale *tale, const char *golden) {
    fclose(tale->out);
    bool same = strcmp(tale->text, golden) == 0;
    if (!same) printf("The story is now:\n%s(end)\n", tale->text);
    free(tale->text);
    gv_cluster_fini(&tale->cluster);
    assert_true(same);
}

static void a_sync_finds_one_missing_value(void **state) {
    (void)state;
    struct tale tale;
    begin(&tale);
    // A hundred values are everywhere, but n2 has never heard of 42.
    for (int value = 0; value < 100; value++) {
        for (uint32_t node = 0; node < 3; node++) {
            if (value == 42 && node == 2) continue;
            assert_int_equal(gv_cluster_add_number(&tale.cluster, node, value), 1);
        }
    }
    gv_cluster_join(&tale.cluster);
    gv_cluster_run(&tale.cluster, 2000 * GV_MS);
    assert_true(gv_cluster_equal(&tale.cluster));
    // Equal roots are not answered. From the one that differs, two steps lead to the value.
    end(&tale, "  757 ms  n0 > n2  sync #1: root of 100\n"
               "  857 ms  n2 > n0  sync #1 to-parent ack: probe\n"
               "  957 ms  n0 > n2  sync #2 ack: set 42\n"
               "  973 ms  n1 > n0  sync #1 to-parent: root of 100\n"
               " 1573 ms  n0 > n1  gossip #1 ack:\n");
}

static void updates_travel_in_flush_rounds(void **state) {
    (void)state;
    struct tale tale;
    begin_later(&tale);
    fprintf(tale.out, "n1 has an update, and no flush round to wait for\n");
    gv_cluster_add(&tale.cluster, 1, "\"a\"");
    gv_cluster_run(&tale.cluster, 250 * GV_MS);
    fprintf(tale.out, "n2 has heard when n0 speaks next, and meets it there\n");
    gv_cluster_add(&tale.cluster, 2, "\"b\"");
    gv_cluster_run(&tale.cluster, 750 * GV_MS);
    fprintf(tale.out,
            "n0 has an update of its own; what comes up meanwhile meets the next flush round\n");
    gv_cluster_add(&tale.cluster, 0, "\"c\"");
    gv_cluster_run(&tale.cluster, 120 * GV_MS);
    gv_cluster_add(&tale.cluster, 2, "\"d\"");
    gv_cluster_add(&tale.cluster, 1, "\"e\"");
    gv_cluster_run(&tale.cluster, 4000 * GV_MS);
    assert_true(gv_cluster_equal(&tale.cluster));
    end(&tale, "n1 has an update, and no flush round to wait for\n"
               " 5000 ms  n1 > n0  gossip #1 to-parent: set \"a\"\n"
               " 5100 ms  n0 > n1  gossip ack next in 286 ms:\n"
               " 5100 ms  n0 > n2  gossip #1 next in 286 ms: set \"a\"\n"
               "n2 has heard when n0 speaks next, and meets it there\n"
               " 5273 ms  n2 > n0  gossip #1 to-parent ack: set \"b\"\n"
               " 5386 ms  n0 > n1  gossip #1 next in 286 ms: set \"b\"\n"
               " 5386 ms  n0 > n2  gossip ack next in 286 ms:\n"
               "n0 has an update of its own; what comes up meanwhile meets the next flush round\n"
               " 6000 ms  n0 > n1  gossip #2 next in 286 ms: set \"c\"\n"
               " 6000 ms  n0 > n2  gossip #2 next in 286 ms: set \"c\"\n"
               " 6173 ms  n2 > n0  gossip #2 to-parent ack: set \"d\"\n"
               " 6173 ms  n1 > n0  gossip #2 to-parent ack: set \"e\"\n"
               " 6286 ms  n0 > n1  gossip #3 ack next in 286 ms: set \"d\"\n"
               " 6286 ms  n0 > n2  gossip #3 ack next in 286 ms: set \"e\"\n"
               " 8386 ms  n1 > n0  gossip to-parent ack:\n"
               " 8386 ms  n2 > n0  gossip to-parent ack:\n");
}

static void a_lost_message_is_sent_again(void **state) {
    (void)state;
    struct tale tale;
    begin_later(&tale);
    fprintf(tale.out, "n2 is cut off while n1 has an update\n");
    gv_cluster_split(&tale.cluster, 2);
    gv_cluster_add(&tale.cluster, 1, "\"a\"");
    gv_cluster_run(&tale.cluster, 1000 * GV_MS);
    fprintf(tale.out, "n2 is back\n");
    gv_cluster_split(&tale.cluster, 0);
    gv_cluster_run(&tale.cluster, 4000 * GV_MS);
    assert_true(gv_cluster_equal(&tale.cluster));
    end(&tale, "n2 is cut off while n1 has an update\n"
               " 5000 ms  n1 > n0  gossip #1 to-parent: set \"a\"\n"
               " 5100 ms  n0 > n1  gossip ack next in 286 ms:\n"
               " 5100 ms  n0 > n2  gossip #1 next in 286 ms: set \"a\"\n"
               "n2 is back\n"
               " 7700 ms  n0 > n2  gossip #2 ack-now: set \"a\"\n"
               " 7800 ms  n2 > n0  gossip to-parent ack:\n");
}

static void counters_say_their_last_word_only(void **state) {
    (void)state;
    struct tale tale;
    begin_later(&tale);
    gv_cluster_count(&tale.cluster, 1, "\"n1\"", 1);
    fprintf(tale.out, "n0 counts to nine between two flush rounds\n");
    gv_cluster_run(&tale.cluster, 150 * GV_MS);
    for (uint64_t count = 1; count < 10; count++)
        gv_cluster_count(&tale.cluster, 0, "\"n0\"", count);
    gv_cluster_run(&tale.cluster, 500 * GV_MS);
    assert_true(gv_cluster_equal(&tale.cluster));
    end(&tale, " 5000 ms  n1 > n0  gossip #1 to-parent: counter \"n1\"=1\n"
               "n0 counts to nine between two flush rounds\n"
               " 5100 ms  n0 > n1  gossip ack next in 286 ms:\n"
               " 5100 ms  n0 > n2  gossip #1 next in 286 ms: counter \"n1\"=1\n"
               " 5386 ms  n0 > n1  gossip #1 next in 286 ms: counter \"n0\"=9\n"
               " 5386 ms  n0 > n2  gossip #2 next in 286 ms: counter \"n0\"=9\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sync_finds_one_missing_value),
        cmocka_unit_test(updates_travel_in_flush_rounds),
        cmocka_unit_test(a_lost_message_is_sent_again),
        cmocka_unit_test(counters_say_their_last_word_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
