// SPDX-License-Identifier: MIT
// Runs in virtual time with nodes in this process that keep a counter in seq-kv: each request of a
// client makes the node write a key of its own, read the sum, and for an addition cas it until that
// succeeds. The seed determines the run, and every message is counted.
#include "../../sim/core/memory.h"
#include "../../sim/run/run.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODES = 3, QUEUE_MAX = 64, LINE_MAX = 512 };

enum step { IDLE, WRITING, READING, SETTING };

struct node {
    enum step step;
    char *requests[QUEUE_MAX]; // the first is being handled
    unsigned len;
    int64_t sum, msg_id;
};

static struct node nodes[NODES];
static struct gv_run *run;
static bool careless; // does not write a key of its own
static struct {
    uint32_t node;
    char *line;
} * out; // lines printed
static size_t out_first, out_len, out_cap;
static gv_time now;
static uint64_t hash, asked, answered;
static struct gv_digest_key hash_key;

static void print(uint32_t node, const char *dest, const char *body) {
    char line[LINE_MAX];
    int len = snprintf(line, sizeof line, "{\"src\":\"n%u\",\"dest\":\"%s\",\"body\":{%s}}", node,
                       dest, body);
    GV_MEMORY_GROW(out, &out_cap, out_len + 1);
    out[out_len].node = node;
    out[out_len++].line = gv_memory_copy(line, (size_t)len);
}

static int64_t number(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? 0 : strtoll(at + strlen(key), NULL, 10);
}

static void ask(uint32_t index, enum step step, const char *body) {
    char text[LINE_MAX / 2];
    struct node *node = &nodes[index];
    node->step = step;
    snprintf(text, sizeof text, "%s,\"msg_id\":%" PRId64, body, ++node->msg_id);
    print(index, "seq-kv", text);
    asked++;
}

static void begin(uint32_t index) {
    char body[96];
    struct node *node = &nodes[index];
    if (node->len == 0 || node->step != IDLE) return;
    if (careless) {
        ask(index, READING, "\"type\":\"read\",\"key\":\"sum\"");
        return;
    }
    snprintf(body, sizeof body, "\"type\":\"write\",\"key\":%u,\"value\":%" PRId64, index,
             node->msg_id);
    ask(index, WRITING, body);
}

static void reply(uint32_t index, const char *more) {
    char src[16], body[128];
    struct node *node = &nodes[index];
    const char *request = node->requests[0];
    sscanf(strstr(request, "\"src\":\"") + 7, "%15[^\"]", src);
    bool add = strstr(request, "\"type\":\"add\"") != NULL;
    snprintf(body, sizeof body, "\"type\":\"%s\",\"in_reply_to\":%" PRId64 "%s",
             add ? "add_ok" : "read_ok", number(request, "\"msg_id\":"), more);
    print(index, src, body);
    free(node->requests[0]);
    memmove(node->requests, node->requests + 1, --node->len * sizeof *node->requests);
    node->step = IDLE;
    begin(index);
}

static void on_answer(uint32_t index, const char *line) {
    char body[160];
    struct node *node = &nodes[index];
    int64_t code = number(line, "\"code\":");
    answered++;
    assert_int_equal(number(line, "\"in_reply_to\":"), node->msg_id);
    switch (node->step) {
    case IDLE:
        fail_msg("an answer that nobody waits for: %s", line);
        break;
    case WRITING:
        assert_int_equal(code, 0);
        ask(index, READING, "\"type\":\"read\",\"key\":\"sum\"");
        break;
    case READING:
        node->sum = code == 20 ? 0 : number(line, "\"value\":");
        if (strstr(node->requests[0], "\"type\":\"add\"") == NULL) {
            snprintf(body, sizeof body, ",\"value\":%" PRId64, node->sum);
            reply(index, body);
            break;
        }
        snprintf(body, sizeof body,
                 "\"type\":\"cas\",\"key\":\"sum\",\"from\":%" PRId64 ",\"to\":%" PRId64
                 ",\"create_if_not_exists\":true",
                 node->sum, node->sum + number(node->requests[0], "\"delta\":"));
        ask(index, SETTING, body);
        break;
    case SETTING:
        if (code == 0 || careless) {
            reply(index, "");
        } else {
            node->step = IDLE;
            begin(index);
        }
        break;
    }
}

static void deliver(void *ctx, uint32_t src, uint32_t index, const char *line, size_t len) {
    (void)ctx;
    const uint64_t words[] = {hash, now, index, gv_digest_hash(&hash_key, line, len)};
    hash = gv_digest_words(&hash_key, words, GV_COUNT(words));
    char *copy = gv_memory_copy(line, len);
    struct node *node = &nodes[index];
    if (strstr(copy, "\"type\":\"init\"") != NULL) {
        char client[16], body[64];
        sscanf(strstr(copy, "\"src\":\"") + 7, "%15[^\"]", client);
        snprintf(body, sizeof body, "\"type\":\"init_ok\",\"in_reply_to\":1");
        print(index, client, body);
    } else if (strstr(copy, "\"src\":\"seq-kv\"") != NULL) {
        assert_int_equal(src, index); // a reply counts as the node's own
        on_answer(index, copy);
    } else {
        assert_true(node->len < QUEUE_MAX);
        node->requests[node->len++] = copy;
        begin(index);
        return;
    }
    free(copy);
}

static struct gv_result run_cluster(uint64_t seed, enum gv_net_delivery delivery,
                                    bool is_careless) {
    struct gv_run_config config = {
        .load = GV_LOAD_G_COUNTER,
        .nodes = NODES,
        .rate = 40,
        .time_limit = 10000 * GV_MS,
        .quiet = 2000 * GV_MS,
        .latency_ms = 10,
        .latency = GV_NET_EXPONENTIAL,
        .delivery = delivery,
        .nemesis = true,
        .nemesis_interval = 1000 * GV_MS,
        .seed = seed,
        .deliver = deliver,
    };
    memset(nodes, 0, sizeof nodes);
    hash = asked = answered = 0;
    careless = is_careless;
    gv_digest_key_init(&hash_key, gv_slice_text("lines"));
    now = 1000 * GV_MS;
    run = gv_run_new(&config);
    gv_run_start(run, now);
    while (!gv_run_done(run)) {
        if (out_first < out_len) {
            char *line = out[out_first].line;
            gv_run_line(run, now, out[out_first++].node, gv_slice_text(line));
            free(line);
            continue;
        }
        out_first = out_len = 0;
        gv_time due = gv_run_due(run);
        if (due > now && due != GV_TIME_NEVER) now = due;
        gv_run_advance(run, now);
    }
    return gv_run_finish(run);
}

static void end(void) {
    for (; out_first < out_len; out_first++) free(out[out_first].line);
    out_first = out_len = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        while (nodes[i].len > 0) free(nodes[i].requests[--nodes[i].len]);
    }
    gv_run_free(run);
}

static void a_careful_counter_is_valid_under_partitions_and_counted(void **state) {
    (void)state;
    for (int delivery = GV_NET_MAELSTROM; delivery <= GV_NET_EXACT; delivery++) {
        struct gv_result result =
            run_cluster(gv_test_seed(), (enum gv_net_delivery)delivery, false);
        if (!result.valid) fail_msg("%s", result.errors->texts[0]);
        assert_true(result.partitions > 3 && result.ok == result.ops && result.ops > 200);
        // Each access to the service is one request and one reply. Nodes do not send messages to
        // each other, and a partition affects no other messages, so none is lost.
        assert_int_equal(asked, answered);
        assert_int_equal(result.servers_msgs, asked + answered);
        assert_int_equal(result.service_msgs, result.servers_msgs);
        // Observers' reads are not counted.
        assert_int_equal(result.all_msgs, result.servers_msgs + 2 * (result.ops + NODES));
        uint64_t sum = 0;
        for (size_t i = 0; i < result.types; i++) {
            assert_memory_equal(result.counts[i].type, "seq-kv ", 7);
            sum += result.counts[i].messages;
        }
        assert_int_equal(sum, result.servers_msgs);
        // Three requests for a read, and latency in both directions.
        assert_true(result.client_latency.p50 > 20);
        end();
    }
}

static void a_careless_counter_loses_increments(void **state) {
    (void)state;
    struct gv_result result = run_cluster(gv_test_seed(), GV_NET_EXACT, true);
    assert_false(result.valid);
    const char *text = result.errors->texts[result.errors->kept - 1];
    assert_non_null(strstr(text, "acknowledged additions sum to"));
    end();
}

static void the_seed_determines_the_run(void **state) {
    (void)state;
    uint64_t hashes[3];
    const uint64_t seeds[] = {5, 5, 6};
    for (int i = 0; i < 3; i++) {
        run_cluster(seeds[i], GV_NET_MAELSTROM, false);
        hashes[i] = hash;
        end();
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_careful_counter_is_valid_under_partitions_and_counted),
        cmocka_unit_test(a_careless_counter_loses_increments),
        cmocka_unit_test(the_seed_determines_the_run),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(out);
    return failed;
}
