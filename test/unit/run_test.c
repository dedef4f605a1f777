// SPDX-License-Identifier: MIT
// Complete runs in virtual time, with small nodes in this process.
#include "../../sim/core/memory.h"
#include "../../sim/run/run.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 9, VALUES_MAX = 4096 };

enum fault {
    GOOD,
    FORGETS,    // n1 does not store what clients write
    LATE,       // n1 answers its third request after 6 seconds
    SILENT,     // n1 never answers its third request
    BAD_LINE,   // n1 prints one line that is not JSON
    INDEFINITE, // n1 answers additions with code 13, and executes half of them
    NO_INIT,    // n1 does not answer init
    MUTE,       // only n0 answers init
    ODD_INIT,   // n1 answers init with in_reply_to as a string
    REFUSES,    // n1 refuses the final reads, with an escape sequence in the text
    CHATTERS,   // n1 prints a line that is not JSON after init_ok, while n2 takes a second to init
    MISTAKES,   // n1 also answers its third request to n0's client
    DIES,       // n1 exits instead of answering its third addition
};

struct reply {
    gv_time due;
    uint32_t node;
    char *line;
};

// A cluster whose nodes send each value to all others, every 200 ms until it is acknowledged.
struct cluster {
    struct gv_run *run;
    enum fault fault;
    uint32_t nodes;
    bool counter;
    bool has[NODES_MAX][VALUES_MAX];
    bool acked[NODES_MAX][NODES_MAX][VALUES_MAX];
    int64_t delta[VALUES_MAX]; // counters: the amount of each addition, by number
    int additions, requests;
    struct reply replies[65536];
    size_t first, last;
    gv_time now, retry_at;
    bool dies;
    size_t news;
};

static struct cluster cluster;

static void send_at(gv_time due, uint32_t node, const char *dest, const char *body) {
    char line[1 << 16];
    snprintf(line, sizeof line, "{\"src\":\"n%" PRIu32 "\",\"dest\":\"%s\",\"body\":{%s}}", node,
             dest, body);
    GV_ASSERT(cluster.last < 65536);
    cluster.replies[cluster.last++] = (struct reply){due, node, gv_memory_copy(line, strlen(line))};
}

static int64_t number(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

static void send_update(uint32_t node, int64_t value) {
    for (uint32_t other = 0; other < cluster.nodes; other++) {
        if (other == node || cluster.acked[node][other][value]) continue;
        char dest[16], body[64];
        snprintf(dest, sizeof dest, "n%" PRIu32, other);
        snprintf(body, sizeof body, "\"type\":\"news\",\"v\":%" PRId64, value);
        send_at(cluster.now, node, dest, body);
        cluster.news++;
    }
}

static void answer_read(uint32_t node, const char *client, int64_t msg_id) {
    char body[1 << 15];
    int64_t sum = 0;
    int len =
        snprintf(body, sizeof body, "\"type\":\"read_ok\",\"in_reply_to\":%" PRId64 ",\"%s\":%s",
                 msg_id, cluster.counter ? "value" : "messages", cluster.counter ? "" : "[");
    const char *comma = "";
    for (int value = 0; value < VALUES_MAX; value++) {
        if (!cluster.has[node][value]) continue;
        sum += cluster.delta[value];
        if (cluster.counter) continue;
        len += snprintf(body + len, sizeof body - (size_t)len, "%s%d", comma, value);
        comma = ",";
    }
    if (cluster.counter) snprintf(body + len, sizeof body - (size_t)len, "%" PRId64, sum);
    if (!cluster.counter) snprintf(body + len, sizeof body - (size_t)len, "]");
    send_at(cluster.now, node, client, body);
}

static void print_oops(uint32_t node) {
    cluster.replies[cluster.last++] = (struct reply){cluster.now, node, gv_memory_copy("oops", 4)};
}

// Handles an addition, as the fault of the test requires.
static void on_add(uint32_t node, const char *client, int64_t msg_id, const char *line) {
    char body[128];
    int64_t value = cluster.additions++;
    if (cluster.counter) {
        cluster.delta[value] = number(line, "\"delta\":");
    } else {
        value = number(line, "\"message\":");
    }
    GV_ASSERT(value >= 0 && value < VALUES_MAX);
    bool odd = node == 1;
    bool keep = !(odd && cluster.fault == FORGETS);
    if (odd && cluster.fault == INDEFINITE) keep = value % 2 == 0;
    if (keep) {
        cluster.has[node][value] = true;
        send_update(node, value);
    }
    snprintf(body, sizeof body, "\"type\":\"%s\",\"in_reply_to\":%" PRId64,
             cluster.counter ? "add_ok" : "broadcast_ok", msg_id);
    if (odd && cluster.fault == INDEFINITE) {
        snprintf(body, sizeof body,
                 "\"type\":\"error\",\"code\":13,\"text\":\"?\",\"in_reply_to\":%" PRId64, msg_id);
    }
    bool third = odd && ++cluster.requests == 3;
    if (third && cluster.fault == SILENT) return;
    if (third && cluster.fault == DIES) {
        cluster.dies = true;
        return;
    }
    if (third && cluster.fault == BAD_LINE) {
        print_oops(node);
    }
    // The clients that send init have the first numbers, then the workers.
    if (third && cluster.fault == MISTAKES) {
        send_at(cluster.now, node, "c5", "\"type\":\"broadcast_ok\",\"in_reply_to\":1");
        send_at(cluster.now, node, "c0", "\"type\":\"broadcast_ok\",\"in_reply_to\":1");
    }
    send_at(cluster.now + (third && cluster.fault == LATE ? 6000 * GV_MS : 0), node, client, body);
}

static void deliver(void *ctx, uint32_t src, uint32_t node, const char *bytes, size_t len) {
    (void)ctx, (void)src;
    char *line = gv_memory_copy(bytes, len), client[16] = "", body[128];
    sscanf(strstr(line, "\"src\":\"") + 7, "%15[^\"]", client);
    int64_t msg_id = number(line, "\"msg_id\":"), value = number(line, "\"v\":");
    if (strstr(line, "\"type\":\"init\"") != NULL) {
        snprintf(body, sizeof body, "\"type\":\"init_ok\",\"in_reply_to\":%" PRId64, msg_id);
        if (cluster.fault == ODD_INIT && node == 1) {
            snprintf(body, sizeof body, "\"type\":\"init_ok\",\"in_reply_to\":\"%" PRId64 "\"",
                     msg_id);
        }
        bool slow = cluster.fault == CHATTERS && node == 2;
        gv_time due = cluster.now + (slow ? 1000 * GV_MS : 0);
        bool silent = cluster.fault == NO_INIT ? node == 1 : cluster.fault == MUTE && node > 0;
        if (!silent) send_at(due, node, client, body);
        if (cluster.fault == CHATTERS && node == 1) print_oops(node);
    } else if (strstr(line, "\"type\":\"topology\"") != NULL) {
        snprintf(body, sizeof body, "\"type\":\"topology_ok\",\"in_reply_to\":%" PRId64, msg_id);
        send_at(cluster.now, node, client, body);
    } else if (strstr(line, "\"type\":\"read\"") != NULL) {
        bool refused = cluster.fault == REFUSES && node == 1 && cluster.now > 12000 * GV_MS;
        snprintf(body, sizeof body,
                 "\"type\":\"error\",\"code\":11,\"text\":\"\\u001b[2J\",\"in_reply_to\":%" PRId64,
                 msg_id);
        if (refused) send_at(cluster.now, node, client, body);
        if (!refused) answer_read(node, client, msg_id);
    } else if (strstr(line, "\"type\":\"news\"") != NULL) {
        cluster.has[node][value] = true;
        snprintf(body, sizeof body, "\"type\":\"ack\",\"v\":%" PRId64, value);
        send_at(cluster.now, node, client, body);
    } else if (strstr(line, "\"type\":\"ack\"") != NULL) {
        cluster.acked[node][strtol(client + 1, NULL, 10)][value] = true;
    } else {
        on_add(node, client, msg_id, line);
    }
    free(line);
}

static void retry(void) {
    cluster.retry_at = cluster.now + 200 * GV_MS;
    for (uint32_t node = 0; node < cluster.nodes; node++) {
        for (int value = 0; value < VALUES_MAX; value++) {
            if (cluster.has[node][value]) send_update(node, value);
        }
    }
}

// Delivers one line that is due, if any.
static bool hand_over(void) {
    for (size_t i = cluster.first; i < cluster.last; i++) {
        struct reply *reply = &cluster.replies[i];
        if (reply->line == NULL || reply->due > cluster.now) continue;
        char *line = reply->line;
        reply->line = NULL;
        while (cluster.first < cluster.last && cluster.replies[cluster.first].line == NULL) {
            cluster.first++;
        }
        if (cluster.first == cluster.last) cluster.first = cluster.last = 0;
        struct gv_slice slice = {(const uint8_t *)line, strlen(line)};
        gv_run_line(cluster.run, cluster.now, reply->node, slice);
        free(line);
        return true;
    }
    return false;
}

static gv_time stalls_at, stalls_for; // a stall of the driver: start and duration; 0: none

static struct gv_run_config config_of(enum gv_load_kind load) {
    return (struct gv_run_config){
        .load = load,
        .nodes = 5,
        .rate = 50,
        .time_limit = 10000 * GV_MS,
        .quiet = 5000 * GV_MS,
        .latency_ms = 100,
        .topology = GV_TOPOLOGY_GRID,
        .nemesis_interval = 2000 * GV_MS,
        .seed = 11,
        .deliver = deliver,
    };
}

// Runs to the end. The caller frees the run.
static struct gv_result run(const struct gv_run_config *config, enum fault fault) {
    memset(&cluster, 0, sizeof cluster);
    cluster.fault = fault;
    cluster.nodes = config->nodes;
    cluster.counter = gv_load_is_counter(config->load);
    cluster.now = 1000 * GV_MS;
    cluster.run = gv_run_new(config);
    gv_run_start(cluster.run, cluster.now);
    while (!gv_run_done(cluster.run)) {
        if (cluster.dies) gv_run_died(cluster.run, 1, "it exited with status 7");
        if (cluster.dies)
            gv_run_fail(cluster.run, GV_VERDICT_NODE_DIED, "what follows from that is not told");
        if (cluster.dies) break;
        if (hand_over()) continue;
        gv_time next = gv_run_due(cluster.run);
        if (cluster.retry_at < next) next = cluster.retry_at;
        for (size_t i = cluster.first; i < cluster.last; i++) {
            const struct reply *reply = &cluster.replies[i];
            if (reply->line != NULL && reply->due < next) next = reply->due;
        }
        if (next > cluster.now) cluster.now = next;
        if (stalls_for > 0 && cluster.now >= stalls_at) {
            cluster.now += stalls_for;
            stalls_for = 0;
        }
        if (cluster.now >= cluster.retry_at) retry();
        gv_run_advance(cluster.run, cluster.now);
    }
    return gv_run_finish(cluster.run);
}

static void end(void) {
    for (size_t i = cluster.first; i < cluster.last; i++) free(cluster.replies[i].line);
    gv_run_free(cluster.run);
}

static void a_good_cluster_is_valid_and_counted(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, GOOD);
    assert_true(result.valid);
    assert_true(result.has_finals && result.finals_equal);
    assert_int_equal(result.ops, result.adds + result.reads);
    assert_int_equal(result.ok, result.ops);
    assert_true(result.ops > 400 && result.ops < 600);
    // Each value is sent at least four times, and each message acknowledged.
    assert_int_equal(result.servers_msgs, 2 * cluster.news);
    assert_true(result.servers_msgs >= 8 * result.adds);
    assert_int_equal(result.types, 2);
    // With Maelstrom's delivery, values take up to 100 ms, and requests may wait behind messages.
    assert_true(result.stable_latency.p100 <= 200);
    assert_true(result.client_latency.p100 > 10 && result.client_latency.p100 <= 100);
    assert_false(result.converged);
    end();
}

// As in Jepsen, a delay of gvsim is not made up for, and is measured.
static void late_operations_are_not_caught_up(void **state) {
    (void)state;
    struct gv_lateness_histogram *histogram = calloc(1, sizeof *histogram);
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.delivery = GV_NET_EXACT;
    config.lateness = histogram;
    uint64_t ops = run(&config, GOOD).ops;
    end();
    assert_true(histogram->count > ops && histogram->longest == 0);
    stalls_at = 6000 * GV_MS;
    stalls_for = 4000 * GV_MS;
    uint64_t fewer = run(&config, GOOD).ops;
    end();
    assert_true(fewer < ops * 70 / 100 && fewer > ops * 55 / 100);
    assert_true(histogram->longest >= 3900 * GV_MS && histogram->longest <= 4000 * GV_MS);
    free(histogram);
}

// In 20 s at 100 a second, Maelstrom sends 1,942 to 1,982 operations, including 25 final reads.
static void as_many_operations_as_jepsen(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_PN_COUNTER);
    config.time_limit = 20000 * GV_MS;
    config.rate = 100;
    config.latency_ms = 0; // clients never wait
    uint64_t total = 0;
    for (config.seed = 1; config.seed <= 20; config.seed++) {
        total += run(&config, GOOD).ops;
        end();
    }
    // At 100 a second; here there are 5 final reads.
    assert_true(total / 20 > 1942 - 20 && total / 20 < 1982 - 20);
}

static void exact_delivery_does_not_delay_clients(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.delivery = GV_NET_EXACT;
    struct gv_result result = run(&config, GOOD);
    assert_true(result.valid);
    assert_true(result.client_latency.p100 == 0);
    assert_true(result.stable_latency.p100 <= 100);
    end();
}

static void the_same_seed_gives_the_same_run(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.nemesis = true;
    config.latency = GV_NET_EXPONENTIAL;
    struct gv_result first = run(&config, GOOD);
    uint64_t messages = first.servers_msgs, bytes = first.servers_bytes, ops = first.ops;
    gv_time converged = first.heal_to_converged;
    end();
    struct gv_result second = run(&config, GOOD);
    assert_int_equal(second.servers_msgs, messages);
    assert_int_equal(second.servers_bytes, bytes);
    assert_int_equal(second.ops, ops);
    assert_int_equal(second.heal_to_converged, converged);
    end();
}

static void partitions_delay_values_and_convergence_is_measured(void **state) {
    (void)state;
    const enum gv_load_kind loads[] = {GV_LOAD_BROADCAST, GV_LOAD_G_COUNTER, GV_LOAD_PN_COUNTER};
    for (size_t i = 0; i < 3; i++) {
        struct gv_run_config config = config_of(loads[i]);
        config.nemesis = true;
        struct gv_result result = run(&config, GOOD);
        assert_true(result.valid);
        assert_true(result.partitions > 0);
        assert_true(result.converged);
        // A retry after at most 200 ms, a delay of 100, an observation every 25.
        if (i == 0) assert_true(result.heal_to_converged <= 450 * GV_MS);
        assert_true(result.servers_msgs > 8 * result.adds);
        end();
    }
}

static void unstored_values_are_lost(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, FORGETS);
    assert_false(result.valid);
    assert_true(result.lost > 0);
    assert_true(result.finals_equal); // lost at all nodes: final reads are equal, but wrong
    assert_non_null(strstr(result.errors->texts[0], "lost: "));
    end();
}

static void an_unstored_addition_makes_a_wrong_sum(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_G_COUNTER);
    struct gv_result result = run(&config, FORGETS);
    assert_false(result.valid);
    assert_non_null(strstr(result.errors->texts[0], "wrong sum: "));
    end();
}

static void indefinite_errors_may_or_may_not_have_happened(void **state) {
    (void)state;
    const enum gv_load_kind loads[] = {GV_LOAD_BROADCAST, GV_LOAD_PN_COUNTER};
    for (size_t i = 0; i < 2; i++) {
        struct gv_run_config config = config_of(loads[i]);
        struct gv_result result = run(&config, INDEFINITE);
        assert_true(result.valid);
        assert_true(result.unknown > 0);
        assert_int_equal(result.ok + result.unknown, result.ops);
        end();
    }
}

static void a_timeout_leaves_an_operation_unknown(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, SILENT);
    assert_true(result.valid);
    assert_int_equal(result.unknown, 1);
    end();
}

static void a_reply_after_five_seconds_quarantines_its_node(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, LATE);
    assert_false(result.valid);
    assert_non_null(strstr(result.errors->texts[0], "bad line: n1 printed a line that goes to a "
                                                    "closed client"));
    end();
}

static void a_bad_line_quarantines_its_node(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, BAD_LINE);
    assert_false(result.valid);
    assert_non_null(
        strstr(result.errors->texts[0], "bad line: n1 printed a line that is not JSON"));
    assert_non_null(strstr(result.errors->texts[0], "The line: oops"));
    assert_false(result.has_finals);
    assert_true(result.ok + result.failed + result.unknown == result.ops);
    end();
}

// As in Maelstrom, the run continues, unless the node has not yet answered a setup request.
static void a_bad_line_after_init_ends_no_run(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_G_COUNTER);
    struct gv_result result = run(&config, CHATTERS);
    assert_non_null(strstr(result.errors->texts[0], "bad line: n1 printed a line that is not"));
    assert_true(result.ok > 100);
    end();
    config = config_of(GV_LOAD_BROADCAST);
    result = run(&config, CHATTERS);
    assert_int_equal(result.errors->count, 2);
    assert_string_equal(result.errors->texts[1],
                        "no topology_ok: n1 can no longer answer topology");
    end();
}

static void a_reply_to_the_client_of_another_names_both(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, MISTAKES);
    assert_non_null(strstr(result.errors->texts[0], "stray reply: n1 printed a line that goes to "
                                                    "c5, a client of n0, not of n1"));
    assert_non_null(strstr(result.errors->texts[1], "bad line: n1 printed a line that goes to c0, "
                                                    "a client of n0, not of n1"));
    end();
}

static void init_must_be_answered_within_ten_seconds(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, NO_INIT);
    assert_false(result.valid);
    assert_string_equal(result.errors->texts[0], "no init_ok: n1 did not answer init within 10 s");
    assert_int_equal(cluster.now, 11000 * GV_MS);
    assert_int_equal(result.ops, 0);
    end();
}

// Called as config.describe. It has no text for n1, another text for n2, and one text for all other
// nodes.
static bool know(void *ctx, uint32_t node, char *buf, size_t cap) {
    (void)ctx;
    snprintf(buf, cap, "%s", node == 1 ? "" : node == 2 ? "it is odd" : "it sleeps");
    return false;
}

static void every_node_that_does_not_answer_init_is_named(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.nodes = 9;
    config.describe = know;
    struct gv_result result = run(&config, MUTE);
    assert_int_equal(result.errors->count, 3);
    assert_string_equal(result.errors->texts[0], "no init_ok: n1 did not answer init within 10 s");
    assert_string_equal(result.errors->texts[1],
                        "no init_ok: n2 did not answer init within 10 s; it is odd");
    assert_string_equal(result.errors->texts[2],
                        "no init_ok: n3, n4, n5, n6, n7, n8 did not answer init within 10 s; it "
                        "sleeps");
    end();
}

static void a_wrong_answer_to_init_is_quoted(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, ODD_INIT);
    assert_int_equal(result.errors->count, 2);
    assert_non_null(strstr(result.errors->texts[0], "stray reply: n1 printed a line that answers "
                                                    "no request: its \"in_reply_to\" is a string, "
                                                    "not the integer 1"));
    assert_non_null(strstr(result.errors->texts[1], "no init_ok: n1 did not answer init within 10 "
                                                    "s, but printed {\"src\":\"n1\""));
    assert_non_null(strstr(result.errors->texts[1], "\"in_reply_to\":\"1\""));
    end();
}

static void the_answer_to_a_final_read_is_quoted(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, REFUSES);
    assert_int_equal(result.errors->count, 1);
    assert_non_null(strstr(result.errors->texts[0],
                           "no final read: n1 answered {\"type\":\"error\","
                           "\"code\":11,\"text\":\"\\u001b[2J\""));
    assert_true(gv_run_errors(cluster.run)->conclusive); // even on a slow machine
    end();
}

static void an_exit_names_the_unanswered_requests(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    struct gv_result result = run(&config, DIES);
    assert_int_equal(result.errors->count, 1);
    assert_non_null(strstr(result.errors->texts[0],
                           "node died: n1: it exited with status 7, before it "
                           "answered {\"type\":\"broadcast\",\"message\":"));
    end();
}

static void availability_is_required(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.availability = 1;
    struct gv_result result = run(&config, SILENT);
    assert_int_equal(result.errors->count, 1);
    assert_non_null(strstr(result.errors->texts[0], "unavailable: "));
    assert_non_null(strstr(result.errors->texts[0], "1 at n1, which first answered nothing within "
                                                    "5 s"));
    assert_true(result.ok_fraction < 1);
    end();
    config.availability = 0.9;
    assert_true(run(&config, SILENT).valid);
    end();
}

static void a_run_without_operations_is_invalid(void **state) {
    (void)state;
    struct gv_run_config config = config_of(GV_LOAD_BROADCAST);
    config.rate = 0;
    struct gv_result result = run(&config, GOOD);
    assert_false(result.valid);
    assert_non_null(strstr(result.errors->texts[0], "nothing exercised"));
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_cluster_is_valid_and_counted),
        cmocka_unit_test(exact_delivery_does_not_delay_clients),
        cmocka_unit_test(late_operations_are_not_caught_up),
        cmocka_unit_test(as_many_operations_as_jepsen),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(partitions_delay_values_and_convergence_is_measured),
        cmocka_unit_test(unstored_values_are_lost),
        cmocka_unit_test(an_unstored_addition_makes_a_wrong_sum),
        cmocka_unit_test(indefinite_errors_may_or_may_not_have_happened),
        cmocka_unit_test(a_timeout_leaves_an_operation_unknown),
        cmocka_unit_test(a_reply_after_five_seconds_quarantines_its_node),
        cmocka_unit_test(a_bad_line_quarantines_its_node),
        cmocka_unit_test(a_bad_line_after_init_ends_no_run),
        cmocka_unit_test(a_reply_to_the_client_of_another_names_both),
        cmocka_unit_test(init_must_be_answered_within_ten_seconds),
        cmocka_unit_test(every_node_that_does_not_answer_init_is_named),
        cmocka_unit_test(a_wrong_answer_to_init_is_quoted),
        cmocka_unit_test(the_answer_to_a_final_read_is_quoted),
        cmocka_unit_test(an_exit_names_the_unanswered_requests),
        cmocka_unit_test(availability_is_required),
        cmocka_unit_test(a_run_without_operations_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
