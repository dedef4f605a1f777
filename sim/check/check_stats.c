// SPDX-License-Identifier: MIT
#include "check_stats.h"

#include "../core/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { NODES_NAMED = 3, LIST_MAX = 900 };

void gv_check_stats_init(struct gv_check_stats *stats, uint32_t nodes) {
    *stats = (struct gv_check_stats){.nodes = nodes};
    GV_MEMORY_ARRAY(stats->of, nodes);
}

void gv_check_stats_fini(struct gv_check_stats *stats) {
    for (uint32_t node = 0; node < stats->nodes; node++) {
        for (int kind = 0; kind < GV_HISTORY_KINDS; kind++) free(stats->of[node].answers[kind]);
    }
    free(stats->of);
}

void gv_check_stats_end(struct gv_check_stats *stats, const struct gv_history_op *op,
                        const char *answer, enum gv_check_stats_cause cause) {
    GV_ASSERT((op->outcome == GV_HISTORY_OK) == (answer == NULL));
    struct gv_check_stats_node *node = &stats->of[op->node];
    if (op->kind == GV_HISTORY_CRASH) return; // nobody was asked
    stats->tried[op->kind] += cause != GV_CHECK_STATS_FAULTED;
    stats->late[op->kind] += cause == GV_CHECK_STATS_LATE;
    stats->ok[op->kind] += answer == NULL;
    if (answer != NULL && node->answers[op->kind] == NULL) {
        node->answers[op->kind] = gv_memory_copy(answer, strlen(answer));
    }
    if (op->final) return;
    stats->ended++;
    stats->ended_ok += answer == NULL;
    node->bad += answer != NULL;
}

static void append(char list[LIST_MAX], const char *more) {
    size_t len = strlen(list);
    snprintf(list + len, LIST_MAX - len, "%s%s", len > 0 ? "; " : "", more);
}

// Lists the answers of the first NODES_NAMED nodes that failed an operation of this kind.
static void list_answers(const struct gv_check_stats *stats, int kind, char list[LIST_MAX]) {
    uint32_t named = 0, more = 0;
    list[0] = '\0';
    for (uint32_t node = 0; node < stats->nodes; node++) {
        const char *answer = stats->of[node].answers[kind];
        if (answer == NULL) continue;
        if (named == NODES_NAMED) {
            more++;
            continue;
        }
        char text[LIST_MAX / NODES_NAMED];
        snprintf(text, sizeof text, "n%u %s", node, answer);
        append(list, text);
        named++;
    }
    char rest[48];
    snprintf(rest, sizeof rest, "and %u more nodes", more);
    if (more > 0) append(list, rest);
}

// Lists the nodes with the most failed operations, in descending order, and the first answer of
// each.
static void list_worst(const struct gv_check_stats *stats, char list[LIST_MAX]) {
    list[0] = '\0';
    uint64_t below = UINT64_MAX;
    uint32_t after = 0;
    for (int named = 0; named < NODES_NAMED; named++) {
        uint32_t worst = UINT32_MAX;
        for (uint32_t node = 0; node < stats->nodes; node++) {
            uint64_t bad = stats->of[node].bad;
            bool later = bad < below || (bad == below && node > after);
            if (bad == 0 || !later) continue;
            if (worst == UINT32_MAX || bad > stats->of[worst].bad) worst = node;
        }
        if (worst == UINT32_MAX) return;
        int kind = 0;
        while (stats->of[worst].answers[kind] == NULL) kind++;
        char text[LIST_MAX / NODES_NAMED];
        snprintf(text, sizeof text, "%" PRIu64 " at n%u, which first %s", stats->of[worst].bad,
                 worst, stats->of[worst].answers[kind]);
        append(list, text);
        below = stats->of[worst].bad;
        after = worst;
    }
}

static const char *name_of(int kind, enum gv_load_kind load) {
    static const char *const names[] = {"add",  "read", "echo",   "generate", "txn",
                                        "send", "poll", "assign", "crash"};
    GV_ASSERT(GV_COUNT(names) == GV_HISTORY_KINDS);
    GV_ASSERT(kind >= 0 && kind < GV_HISTORY_KINDS);
    return kind == GV_HISTORY_ADD && load == GV_LOAD_BROADCAST ? "broadcast" : names[kind];
}

void gv_check_stats_finish(const struct gv_check_stats *stats, enum gv_load_kind load,
                           double availability, struct gv_verdict_errors *errors) {
    GV_ASSERT(availability >= 0 && availability <= 1);
    char list[LIST_MAX];
    uint64_t tried = 0;
    for (int kind = 0; kind < GV_HISTORY_KINDS; kind++) {
        tried += stats->tried[kind];
        if (stats->tried[kind] == 0 || stats->ok[kind] > 0) continue;
        list_answers(stats, kind, list);
        if (stats->late[kind] == 0) errors->conclusive = true;
        gv_verdict_add(errors, GV_VERDICT_NEVER_OK, "none of %" PRIu64 " %s requests succeeded: %s",
                       stats->tried[kind], name_of(kind, load), list);
    }
    double share = gv_check_stats_share(stats);
    if (share < availability) {
        list_worst(stats, list);
        gv_verdict_add(errors, GV_VERDICT_UNAVAILABLE,
                       "%" PRIu64 " of %" PRIu64
                       " operations succeeded, %.2f%%, and --availability "
                       "requires %.2f%%; failures: %s",
                       stats->ended_ok, stats->ended, 100 * share, 100 * availability, list);
    }
    if (errors->count > 0) return;
    if (stats->ended == 0) {
        gv_verdict_add(errors, GV_VERDICT_NOTHING_EXERCISED, "no client sent a request");
    } else if (gv_load_is_observable(load) && stats->tried[GV_HISTORY_ADD] == 0) {
        gv_verdict_add(errors, GV_VERDICT_NOTHING_EXERCISED,
                       "none of %" PRIu64 " operations was an addition at a node that was up",
                       stats->ended);
    } else if (tried == 0) {
        gv_verdict_add(errors, GV_VERDICT_NOTHING_EXERCISED,
                       "none of %" PRIu64 " operations reached a node that could answer: faults "
                       "prevented all of them",
                       stats->ended);
    }
}
