// SPDX-License-Identifier: MIT
#include "judge.h"

#include "check_echo.h"
#include "check_growth.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

void gv_judge_init(struct gv_judge *judge, enum gv_load_kind load, uint32_t nodes) {
    GV_ASSERT(nodes > 0);
    *judge = (struct gv_judge){.load = load, .nodes = nodes};
    gv_check_set_init(&judge->set, nodes);
    gv_check_counter_init(&judge->counter, nodes);
    gv_check_ids_init(&judge->ids);
    gv_check_reads_init(&judge->reads, nodes);
    gv_check_stats_init(&judge->stats, nodes);
    gv_convergence_init(&judge->convergence, nodes);
    judge->missing = gv_memory_new(nodes * sizeof *judge->missing);
    judge->cursors = gv_memory_new(nodes * sizeof *judge->cursors);
    judge->final_read = gv_memory_new(nodes * sizeof *judge->final_read);
    judge->echo_failed = gv_memory_new(nodes * sizeof *judge->echo_failed);
}

void gv_judge_fini(struct gv_judge *judge) {
    GV_ASSERT(judge != NULL);
    gv_check_set_fini(&judge->set);
    gv_check_counter_fini(&judge->counter);
    gv_check_ids_fini(&judge->ids);
    gv_check_reads_fini(&judge->reads);
    gv_check_stats_fini(&judge->stats);
    gv_convergence_fini(&judge->convergence);
    gv_errors_fini(&judge->errors);
    free(judge->missing);
    free(judge->cursors);
    free(judge->final_read);
    free(judge->echo_failed);
    *judge = (struct gv_judge){0};
}

void gv_judge_invoke(struct gv_judge *judge, struct gv_load_op op) {
    if (op.kind != GV_HISTORY_ADD || !gv_load_is_set(judge->load)) return;
    gv_check_set_invoke(&judge->set, op.value);
}

static void on_add(struct gv_judge *judge, const struct gv_history_op *op) {
    if (gv_load_is_set(judge->load)) {
        if (op->outcome == GV_HISTORY_OK) gv_check_set_ok(&judge->set, op);
        if (op->outcome == GV_HISTORY_FAIL) gv_check_set_refused(&judge->set, op, &judge->errors);
        return;
    }
    if (op->outcome == GV_HISTORY_OK) gv_check_counter_ok(&judge->counter, op->node, op->value);
    if (op->outcome == GV_HISTORY_FAIL) {
        gv_check_counter_refused(&judge->counter, op->node, op->value);
    }
    if (op->outcome == GV_HISTORY_INFO) gv_check_counter_info(&judge->counter, op->value);
}

static int64_t distance(int64_t a, int64_t b) {
    uint64_t apart = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
    return apart > INT64_MAX ? INT64_MAX : (int64_t)apart;
}

static void on_read(struct gv_judge *judge, const struct gv_history_op *op, struct gv_json *json,
                    int token) {
    if (gv_load_is_set(judge->load)) {
        size_t missing = gv_check_set_read(&judge->set, op, json, token, &judge->errors);
        judge->missing[op->node] = (int64_t)missing;
        gv_check_reads_set(&judge->reads, op->node, judge->set.marks, judge->set.len,
                           &judge->errors);
    } else {
        int64_t value;
        if (gv_json_i64(json, token, &value) != 0) {
            judge->errors.definite = true;
            gv_errors_add(&judge->errors, "wrong sum: n%u reads a number beyond 64 bits", op->node);
            return;
        }
        judge->missing[op->node] = distance(value, judge->counter.sum);
        if (judge->load == GV_LOAD_G_COUNTER) {
            gv_check_reads_counter(&judge->reads, op->node, value, &judge->errors);
        }
        if (op->final) gv_check_counter_final(&judge->counter, op->node, value);
    }
    if (op->final) judge->final_read[op->node] = true;
}

// In Maelstrom's echo, and unless faults excuse it, every request is answered well.
static void on_failure(struct gv_judge *judge, const struct gv_history_op *op, const char *answer,
                       enum gv_check_stats_how how) {
    bool replied = how == GV_CHECK_STATS_REPLY;
    if (op->final) {
        judge->errors.definite = judge->errors.definite || replied;
        gv_errors_add(&judge->errors, "no final read: n%u %s", op->node, answer);
    } else if (op->kind == GV_HISTORY_ECHO && !judge->disturbed && !judge->echo_failed[op->node]) {
        judge->echo_failed[op->node] = true;
        judge->errors.definite = judge->errors.definite || replied;
        gv_errors_add(&judge->errors, "no echo: n%u %s", op->node, answer);
    }
}

void gv_judge_complete(struct gv_judge *judge, const struct gv_history_op *op, struct gv_json *json,
                       int token, const char *answer, enum gv_check_stats_how how) {
    GV_ASSERT(op->outcome != GV_HISTORY_PENDING && op->node < judge->nodes);
    gv_check_stats_end(&judge->stats, op, answer, how);
    if (op->kind == GV_HISTORY_ADD) on_add(judge, op);
    if (op->outcome != GV_HISTORY_OK) {
        on_failure(judge, op, answer, how);
        return;
    }
    if (op->kind == GV_HISTORY_READ) on_read(judge, op, json, token);
    if (op->kind == GV_HISTORY_ECHO) gv_check_echo_reply(op, json, token, &judge->errors);
    if (op->kind == GV_HISTORY_GENERATE) {
        gv_check_ids_reply(&judge->ids, op->node, json, token, &judge->errors);
    }
}

void gv_judge_kept(struct gv_judge *judge, const struct gv_history_op *op,
                   bool (*knows)(void *ctx, uint32_t node, int64_t value), void *ctx) {
    bool added = op->kind == GV_HISTORY_ADD && op->outcome == GV_HISTORY_OK;
    if (knows == NULL || !added || !gv_load_is_set(judge->load)) return;
    char value[GV_KEYS_LABEL_MAX];
    gv_check_growth_added(op->node, gv_keys_label(judge->set.keys, op->value, value),
                          knows(ctx, op->node, op->value), &judge->errors);
}

void gv_judge_forget(struct gv_judge *judge, uint32_t node) {
    gv_check_reads_forget(&judge->reads, node);
}

void gv_judge_look(struct gv_judge *judge, gv_time now, uint32_t node, struct gv_json *json,
                   int token) {
    GV_ASSERT(judge->convergence.watching && node < judge->nodes);
    int64_t value;
    if (gv_load_is_set(judge->load)) {
        size_t missing = gv_check_set_missing(&judge->set, judge->convergence.index, json, token);
        judge->missing[node] = (int64_t)missing;
        gv_convergence_missing(&judge->convergence, now, node, missing);
    } else if (gv_json_i64(json, token, &value) == 0) {
        judge->missing[node] = distance(value, judge->counter.sum);
        if (gv_convergence_value(&judge->convergence, node, value) &&
            gv_check_counter_accepts(&judge->counter, value)) {
            gv_convergence_agreed(&judge->convergence, now);
        }
    }
}

void gv_judge_peek(struct gv_judge *judge, gv_time now, uint32_t node,
                   bool (*knows)(void *ctx, uint32_t node, int64_t value), void *ctx) {
    GV_ASSERT(judge->convergence.watching && node < judge->nodes);
    if (judge->watch != judge->convergence.watches) {
        judge->watch = judge->convergence.watches;
        memset(judge->cursors, 0, judge->nodes * sizeof *judge->cursors);
    }
    // What a replica once knew it knows: only what was missing needs another look.
    int64_t *cursor = &judge->cursors[node], end = (int64_t)judge->set.len;
    uint64_t index = judge->convergence.index;
    for (; *cursor < end; ++*cursor) {
        const struct gv_check_set_element *element = &judge->set.elements[*cursor];
        if (element->known == 0 || element->known > index || element->excused) continue;
        if (!knows(ctx, node, *cursor)) break;
    }
    judge->missing[node] = end - *cursor;
    gv_convergence_missing(&judge->convergence, now, node, (size_t)(end - *cursor));
}

void gv_judge_finish(struct gv_judge *judge, struct gv_result *result) {
    result->has_finals = gv_load_converges(judge->load);
    for (uint32_t node = 0; node < judge->nodes; node++) {
        result->has_finals = result->has_finals && judge->final_read[node];
    }
    if (gv_load_is_set(judge->load) && !judge->cut_short) {
        struct gv_check_set_result set = gv_check_set_finish(&judge->set, &judge->errors);
        result->lost = set.lost;
        result->excused = set.excused;
        result->excused_lost = set.excused_lost;
        result->finals_equal = set.equal;
        result->stable_latency = set.stable_latency;
    }
    if (gv_load_is_counter(judge->load) && !judge->cut_short) {
        result->finals_equal = gv_check_counter_finish(&judge->counter, &judge->errors);
        result->excused = judge->counter.excused;
    }
    gv_check_stats_finish(&judge->stats, judge->load, judge->availability, &judge->errors);
    result->ok_fraction = gv_check_stats_share(&judge->stats);
    result->phantom = judge->set.phantom;
    result->duplicated = judge->set.duplicated + judge->ids.duplicated;
    result->converged = judge->convergence.measured;
    result->heal_to_converged = judge->convergence.worst;
    result->errors = &judge->errors;
    result->valid = judge->errors.count == 0;
}
