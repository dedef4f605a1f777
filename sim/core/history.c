// SPDX-License-Identifier: MIT
#include "history.h"

#include "memory.h"

void gv_history_fini(struct gv_history *history) {
    for (size_t i = 0; i < history->len; i++) free(history->ops[i].memory);
    free(history->ops);
}

size_t gv_history_invoke(struct gv_history *history, gv_time now, enum gv_history_kind kind,
                         uint32_t node, int64_t value, bool final) {
    GV_ASSERT(kind < GV_HISTORY_KINDS);
    GV_MEMORY_GROW(history->ops, &history->cap, history->len + 1);
    history->ops[history->len] = (struct gv_history_op){
        .kind = kind,
        .outcome = GV_HISTORY_PENDING,
        .final = final,
        .node = node,
        .value = value,
        .invoked_at = now,
        .invoked = history->next_index++,
        .completed = UINT64_MAX,
    };
    history->kinds[kind]++;
    history->outcomes[GV_HISTORY_PENDING]++;
    return history->len++;
}

void gv_history_describe(struct gv_history *history, size_t op, uint32_t process,
                         struct gv_slice content) {
    GV_ASSERT(op < history->len && history->ops[op].content.len == 0);
    history->ops[op].process = process;
    if (content.len == 0) return;
    history->ops[op].memory = gv_memory_copy(content.data, content.len);
    history->ops[op].content = gv_slice_of(history->ops[op].memory, content.len);
}

void gv_history_complete(struct gv_history *history, gv_time now, size_t op,
                         enum gv_history_outcome outcome) {
    GV_ASSERT(op < history->len && history->ops[op].outcome == GV_HISTORY_PENDING);
    GV_ASSERT(outcome != GV_HISTORY_PENDING && now >= history->ops[op].invoked_at);
    history->ops[op].outcome = outcome;
    history->ops[op].completed_at = now;
    history->ops[op].completed = history->next_index++;
    history->outcomes[GV_HISTORY_PENDING]--;
    history->outcomes[outcome]++;
}

uint64_t gv_history_count(const struct gv_history *history, bool finals,
                          uint64_t outcomes[GV_HISTORY_OUTCOMES]) {
    uint64_t count = 0;
    memset(outcomes, 0, GV_HISTORY_OUTCOMES * sizeof *outcomes);
    for (size_t i = 0; i < history->len; i++) {
        if (history->ops[i].final && !finals) continue;
        outcomes[history->ops[i].outcome]++;
        count++;
    }
    return count;
}

static int by_size(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double quantile(const double *sorted, size_t count, double p) {
    size_t at = (size_t)((double)count * p);
    return sorted[at < count ? at : count - 1];
}

struct gv_history_quantiles gv_history_quantiles(double *latencies, size_t count) {
    if (count == 0) return (struct gv_history_quantiles){0};
    GV_ASSERT(latencies != NULL);
    qsort(latencies, count, sizeof *latencies, by_size);
    return (struct gv_history_quantiles){
        .count = count,
        .p0 = quantile(latencies, count, 0),
        .p50 = quantile(latencies, count, 0.5),
        .p95 = quantile(latencies, count, 0.95),
        .p99 = quantile(latencies, count, 0.99),
        .p100 = quantile(latencies, count, 1),
    };
}

struct gv_history_quantiles gv_history_latency(const struct gv_history *history) {
    if (history->outcomes[GV_HISTORY_OK] == 0) return (struct gv_history_quantiles){0};
    double *latencies = gv_memory_new(history->len * sizeof *latencies);
    size_t count = 0;
    for (size_t i = 0; i < history->len; i++) {
        const struct gv_history_op *op = &history->ops[i];
        if (op->outcome != GV_HISTORY_OK) continue;
        latencies[count++] = (double)(op->completed_at - op->invoked_at) / (double)GV_MS;
    }
    GV_ASSERT(count == history->outcomes[GV_HISTORY_OK]);
    struct gv_history_quantiles quantiles = gv_history_quantiles(latencies, count);
    free(latencies);
    return quantiles;
}
