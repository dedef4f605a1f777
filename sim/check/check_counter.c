// SPDX-License-Identifier: MIT
#include "check_counter.h"

#include "../core/memory.h"

#include <inttypes.h>
#include <stdio.h>

void gv_check_counter_init(struct gv_check_counter *counter, uint32_t nodes) {
    *counter = (struct gv_check_counter){.nodes = nodes};
    GV_MEMORY_ARRAY(counter->by_node, nodes);
}

void gv_check_counter_fini(struct gv_check_counter *counter) {
    free(counter->maybe);
    free(counter->by_node);
}

void gv_check_counter_invoke(struct gv_check_counter *counter, int64_t delta) {
    GV_ASSERT(delta > -1000 && delta < 1000); // so that no sum overflows
    if (delta < 0) counter->low += delta;
    if (delta > 0) counter->high += delta;
}

void gv_check_counter_read(struct gv_check_counter *counter, uint32_t node, int64_t value,
                           struct gv_verdict_errors *errors) {
    bool possible = value >= counter->low && value <= counter->high;
    if (possible || counter->by_node[node].reported) return;
    counter->by_node[node].reported = true;
    errors->conclusive = true;
    gv_verdict_add(errors, GV_VERDICT_PHANTOM,
                   "n%u returned %" PRId64 " when the additions invoked so far allowed %" PRId64
                   " to %" PRId64,
                   node, value, counter->low, counter->high);
}

void gv_check_counter_ok(struct gv_check_counter *counter, uint32_t node, int64_t delta) {
    counter->sum += delta;
    counter->by_node[node].acked += delta;
}

void gv_check_counter_info(struct gv_check_counter *counter, int64_t delta) {
    if (delta == 0) return;
    GV_MEMORY_GROW(counter->maybe, &counter->maybe_cap, counter->maybe_len + 1);
    counter->maybe[counter->maybe_len++] = delta;
}

void gv_check_counter_allow_loss(struct gv_check_counter *counter, bool added, uint64_t amount) {
    GV_ASSERT(amount <= INT32_MAX);
    counter->may_be_lost += amount;
    for (uint64_t i = 0; i < amount; i++) {
        counter->sum -= added ? 1 : -1;
        gv_check_counter_info(counter, added ? 1 : -1);
    }
}

void gv_check_counter_final(struct gv_check_counter *counter, uint32_t node, int64_t value) {
    counter->by_node[node].final = value;
    counter->by_node[node].has_final = true;
}

// Subset sums by dynamic programming: byte i says whether low + i is a sum. Deltas are small, so
// the table has a few bytes for each delta.
bool gv_check_counter_accepts(const struct gv_check_counter *counter, int64_t value) {
    int64_t low = 0, high = 0;
    for (size_t i = 0; i < counter->maybe_len; i++) {
        if (counter->maybe[i] < 0) low += counter->maybe[i];
        if (counter->maybe[i] > 0) high += counter->maybe[i];
    }
    if (value < counter->sum + low || value > counter->sum + high) return false;

    size_t width = (size_t)(high - low + 1);
    uint8_t *reached = gv_memory_new(width);
    reached[-low] = 1;
    for (size_t i = 0; i < counter->maybe_len; i++) {
        int64_t delta = counter->maybe[i];
        // The order is against the sign of the delta, so that the delta is used only once.
        for (size_t step = 0; step < width; step++) {
            int64_t to = delta > 0 ? (int64_t)(width - 1 - step) : (int64_t)step;
            int64_t from = to - delta;
            if (from >= 0 && from < (int64_t)width && reached[from]) reached[to] = 1;
        }
    }
    bool accepted = reached[value - counter->sum - low] != 0;
    free(reached);
    return accepted;
}

// Lists the nodes' non-zero sums of acknowledged additions, or of refused ones: " n0 12, n1 7".
static struct gv_verdict_list list_sums(const struct gv_check_counter *counter, bool acked) {
    struct gv_verdict_list list = {.len = 0};
    for (uint32_t node = 0; node < counter->nodes; node++) {
        const struct gv_check_counter_node *of = &counter->by_node[node];
        int64_t sum = acked ? of->acked : of->refused;
        char item[40];
        snprintf(item, sizeof item, "n%u %" PRId64, node, sum);
        if (sum != 0) gv_verdict_list(&list, ",", item);
    }
    return list;
}

static void add_wrong_sum(const struct gv_check_counter *counter, uint32_t node,
                          struct gv_verdict_errors *errors) {
    struct gv_verdict_list acked = list_sums(counter, true), refused = list_sums(counter, false);
    gv_verdict_add(errors, GV_VERDICT_WRONG_SUM,
                   "n%u returned %" PRId64 "; acknowledged additions sum to %" PRId64
                   " (by node:%s), and no subset of the %zu of unknown outcome explains the "
                   "difference%s%s",
                   node, counter->by_node[node].final, counter->sum, acked.text, counter->maybe_len,
                   refused.count > 0 ? "; definitely failed:" : "", refused.text);
}

bool gv_check_counter_finish(const struct gv_check_counter *counter,
                             struct gv_verdict_errors *errors) {
    bool equal = true, any = false;
    uint32_t first = 0;
    for (uint32_t node = 0; node < counter->nodes; node++) {
        if (!counter->by_node[node].has_final) continue; // reported as another error
        int64_t value = counter->by_node[node].final;
        if (!any) first = node;
        if (any && value == counter->by_node[first].final) continue;
        if (any) {
            equal = false;
            gv_verdict_add(errors, GV_VERDICT_FINAL_READS_DIFFER,
                           "n%u returned %" PRId64 ", n%u %" PRId64, node, value, first,
                           counter->by_node[first].final);
        }
        any = true;
        if (gv_check_counter_accepts(counter, value)) continue;
        add_wrong_sum(counter, node, errors);
    }
    return equal;
}
