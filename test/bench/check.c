// SPDX-License-Identifier: MIT
// The time that a checker takes over a whole run: of its calls only, not of the clients and the
// node in memory that they ask. The peak of memory is the process's.
#include "bench.h"

#include "../../sim/check/checker.h"
#include "../../sim/core/key_draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { OPS = 20000, SMALL = 2000, WORKERS = 10, RATE = 1000, STRIDE = 7, TOKENS = 1 << 24 };

// A node whose logs have an offset in STRIDE.
struct node {
    struct {
        int64_t messages[GV_KEY_DRAW_WRITES_MAX];
        size_t len;
    } * logs;
    size_t logs_cap;
};

struct bench {
    struct gv_load load;
    struct gv_checker checker;
    struct gv_history history;
    struct gv_verdict_errors errors;
    struct gv_json json;
    struct gv_memory_bytes body, reply;
    struct node node;
    uint32_t processes[WORKERS], next_process;
    gv_time now;
    double spent; // by the checker, ns
};

static void put(struct bench *bench, const char *text) {
    gv_memory_append(&bench->reply, text, strlen(text));
}

static void answer_send(struct bench *bench, uint64_t key, int64_t message) {
    struct node *node = &bench->node;
    GV_MEMORY_GROW(node->logs, &node->logs_cap, key + 1);
    char text[24];
    snprintf(text, sizeof text, "%zu", node->logs[key].len * STRIDE);
    node->logs[key].messages[node->logs[key].len++] = message;
    put(bench, text);
}

// Answers a poll: the request is that in the body.
static void answer_poll(struct bench *bench) {
    struct gv_json *json = &bench->json;
    int offsets = gv_json_member(json, 0, "offsets"), name = offsets + 1;
    put(bench, "{");
    for (int i = 0; i < gv_json_size(json, offsets); i++, name = gv_json_next(json, name + 1)) {
        uint64_t key = (uint64_t)gv_load_kafka_number(json, name), from = 0;
        char text[48];
        gv_json_u64(json, name + 1, &from);
        snprintf(text, sizeof text, "%s\"%" PRIu64 "\":[", i > 0 ? "," : "", key);
        put(bench, text);
        bool any = false;
        for (size_t at = (from + STRIDE - 1) / STRIDE;
             key < bench->node.logs_cap && at < bench->node.logs[key].len; at++) {
            snprintf(text, sizeof text, "%s[%zu,%" PRId64 "]", any ? "," : "", at * STRIDE,
                     bench->node.logs[key].messages[at]);
            put(bench, text);
            any = true;
        }
        put(bench, "]");
    }
    put(bench, "}");
}

static void parse(struct bench *bench, const struct gv_memory_bytes *text) {
    int count = gv_json_parse(&bench->json, text->data, text->len);
    GV_ASSERT(count > 0);
}

// Runs an operation to its end.
static void run_op(struct bench *bench, uint32_t worker, struct gv_load_op drawn, bool final) {
    struct gv_history *history = &bench->history;
    bench->now += GV_MS / 2;
    size_t number =
        gv_history_invoke(history, bench->now, drawn.kind, worker % 5, drawn.value, final);
    gv_history_describe(history, number, bench->processes[worker], drawn.content);
    struct gv_history_op *op = &history->ops[number];
    double start = bench_now_ns();
    gv_checker_invoke(&bench->checker, op);
    bench->spent += bench_now_ns() - start;
    bool more = true;
    while (more) {
        bench->body.len = bench->reply.len = 0;
        gv_memory_append(&bench->body, "{", 1);
        enum gv_load_request request =
            gv_load_next_request(&bench->load, worker, NULL, op, &bench->body);
        gv_memory_append(&bench->body, "}", 1);
        if (request == GV_LOAD_NO_REQUEST) break;
        parse(bench, &bench->body);
        if (request == GV_LOAD_SEND)
            answer_send(bench, gv_load_kafka_key(op), op->value);
        else if (request == GV_LOAD_POLL)
            answer_poll(bench);
        else
            put(bench, "{}");
        bench->now += GV_MS / 4;
        parse(bench, &bench->reply);
        start = bench_now_ns();
        gv_checker_reply(&bench->checker, op, request, bench->now, &bench->json, 0);
        bench->spent += bench_now_ns() - start;
        more = gv_load_reply(&bench->load, worker, op, request, &bench->json, 0);
    }
    bool crash = op->kind == GV_HISTORY_CRASH;
    gv_history_complete(history, bench->now, number, crash ? GV_HISTORY_INFO : GV_HISTORY_OK);
    gv_load_end(&bench->load, worker, op);
    start = bench_now_ns();
    gv_checker_complete(&bench->checker, op, &bench->json, 0, crash ? "" : NULL,
                        GV_CHECK_STATS_REPLY);
    bench->spent += bench_now_ns() - start;
    if (crash) bench->processes[worker] = bench->next_process++;
}

static struct gv_result run(struct bench *bench, size_t ops) {
    for (size_t i = 0; i < ops; i++) {
        run_op(bench, (uint32_t)(i % WORKERS), gv_load_next(&bench->load), false);
        gv_load_gap(&bench->load);
    }
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        struct gv_load_op op;
        gv_time wait;
        for (size_t i = 0; gv_load_final(&bench->load, worker, i, &op, &wait); i++)
            run_op(bench, worker, op, true);
    }
    struct gv_result result = {.load = GV_LOAD_KAFKA};
    double start = bench_now_ns();
    gv_checker_finish(&bench->checker, &result);
    bench->spent += bench_now_ns() - start;
    return result;
}

int bench_check(bool small) {
    struct bench bench = {.next_process = WORKERS};
    struct rusage usage;
    size_t ops = small ? SMALL : OPS;
    gv_load_init(&bench.load, GV_LOAD_KAFKA, RATE, 1);
    bench.load.workers = WORKERS;
    gv_json_init(&bench.json, gv_base_malloc(), TOKENS, 0);
    gv_checker_init(&bench.checker, &(struct gv_checker_config){
                                        .load = GV_LOAD_KAFKA,
                                        .nodes = 5,
                                        .errors = &bench.errors,
                                    });
    for (uint32_t worker = 0; worker < WORKERS; worker++) bench.processes[worker] = worker;
    struct gv_result result = run(&bench, ops);
    getrusage(RUSAGE_SELF, &usage);
    printf("check kafka: %zu operations, %" PRIu64 " messages polled: %.1f ms, peak %.0f MB\n", ops,
           result.kafka.polled, bench.spent / 1e6, (double)usage.ru_maxrss / 1024);
    bool valid = result.valid && result.kafka.seen == result.kafka.acknowledged;
    gv_checker_fini(&bench.checker);
    gv_verdict_fini(&bench.errors);
    gv_history_fini(&bench.history);
    gv_load_fini(&bench.load);
    gv_json_fini(&bench.json);
    free(bench.body.data);
    free(bench.reply.data);
    free(bench.node.logs);
    return valid ? 0 : 1;
}
