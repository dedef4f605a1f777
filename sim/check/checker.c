// SPDX-License-Identifier: MIT
#include "checker.h"

#include "../core/memory.h"
#include "check_echo.h"
#include "check_protocol.h"

#include <inttypes.h>
#include <stdio.h>

// ---- Operations ----

void gv_checker_init(struct gv_checker *checker, const struct gv_checker_config *config) {
    uint32_t nodes = config->nodes;
    GV_ASSERT(nodes > 0 && config->errors != NULL);
    *checker = (struct gv_checker){.config = *config, .kafka.nodes = nodes};
    gv_check_set_init(&checker->set, nodes);
    checker->set.keys = config->keys;
    gv_check_counter_init(&checker->counter, nodes);
    gv_check_monotonic_reads_init(&checker->reads, nodes);
    if (config->load == GV_LOAD_TXN_RW_REGISTER)
        gv_check_txn_init(&checker->txn, nodes,
                          config->models > 0 ? config->models : GV_CONSISTENCY_READ_ATOMIC);
    gv_check_stats_init(&checker->stats, nodes);
    gv_convergence_init(&checker->convergence, nodes);
    GV_MEMORY_ARRAY(checker->missing, nodes);
    GV_MEMORY_ARRAY(checker->cursors, nodes);
    GV_MEMORY_ARRAY(checker->final_read, nodes);
    GV_MEMORY_ARRAY(checker->echo_failed, nodes);
}

void gv_checker_fini(struct gv_checker *checker) {
    gv_check_set_fini(&checker->set);
    gv_check_counter_fini(&checker->counter);
    gv_check_ids_fini(&checker->ids);
    gv_check_kafka_fini(&checker->kafka);
    gv_check_monotonic_reads_fini(&checker->reads);
    gv_check_txn_fini(&checker->txn);
    gv_check_stats_fini(&checker->stats);
    gv_convergence_fini(&checker->convergence);
    free(checker->missing);
    free(checker->cursors);
    free(checker->final_read);
    free(checker->echo_failed);
}

// ---- Sets ----

static void on_set_invoke(struct gv_checker *checker, const struct gv_history_op *op) {
    if (op->kind == GV_HISTORY_ADD) gv_check_set_invoke(&checker->set, op->value);
}

static void on_set_end(struct gv_checker *checker, const struct gv_history_op *op,
                       struct gv_json *json, int token) {
    struct gv_verdict_errors *errors = checker->config.errors;
    bool ok = op->outcome == GV_HISTORY_OK;
    if (op->kind == GV_HISTORY_ADD) {
        if (ok) gv_check_set_ok(&checker->set, op);
        if (op->outcome == GV_HISTORY_FAIL) gv_check_set_refused(&checker->set, op, errors);
    } else if (ok) {
        size_t missing = gv_check_set_read(&checker->set, op, json, token, errors);
        checker->missing[op->node] = (int64_t)missing;
        gv_check_monotonic_reads_set(&checker->reads, op->node, checker->set.marks,
                                     checker->set.len, errors);
        if (op->final) checker->final_read[op->node] = true;
    }
}

static void find_finals(const struct gv_checker *checker, struct gv_result *result) {
    result->has_finals = true;
    for (uint32_t node = 0; node < checker->config.nodes; node++) {
        result->has_finals = result->has_finals && checker->final_read[node];
    }
}

static void finish_set(struct gv_checker *checker, struct gv_result *result) {
    find_finals(checker, result);
    result->phantom = checker->set.phantom;
    result->duplicated = checker->set.duplicated;
    if (checker->cut_short) return;
    struct gv_check_set_result set = gv_check_set_finish(&checker->set, checker->config.errors);
    result->lost = set.lost;
    result->may_be_lost = set.may_be_lost;
    result->allowed_lost = set.allowed_lost;
    result->finals_equal = set.equal;
    result->stable_latency = set.stable_latency;
}

// ---- Counters ----

static void on_counter_invoke(struct gv_checker *checker, const struct gv_history_op *op) {
    if (op->kind == GV_HISTORY_ADD) gv_check_counter_invoke(&checker->counter, op->value);
}

static int64_t distance(int64_t a, int64_t b) {
    uint64_t apart = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
    return apart > INT64_MAX ? INT64_MAX : (int64_t)apart;
}

static void on_counter_read(struct gv_checker *checker, const struct gv_history_op *op,
                            struct gv_json *json, int token) {
    struct gv_verdict_errors *errors = checker->config.errors;
    int64_t value;
    if (gv_json_i64(json, token, &value) != 0) {
        errors->conclusive = true;
        gv_verdict_add(errors, GV_VERDICT_WRONG_SUM, "n%u returned a number beyond 64 bits",
                       op->node);
        return;
    }
    checker->missing[op->node] = distance(value, checker->counter.sum);
    gv_check_counter_read(&checker->counter, op->node, value, errors);
    if (checker->config.load == GV_LOAD_G_COUNTER)
        gv_check_monotonic_reads_counter(&checker->reads, op->node, value, errors);
    if (!op->final) return;
    gv_check_counter_final(&checker->counter, op->node, value);
    checker->final_read[op->node] = true;
}

static void on_counter_end(struct gv_checker *checker, const struct gv_history_op *op,
                           struct gv_json *json, int token) {
    bool ok = op->outcome == GV_HISTORY_OK;
    if (op->kind != GV_HISTORY_ADD) {
        if (ok) on_counter_read(checker, op, json, token);
    } else if (ok) {
        gv_check_counter_ok(&checker->counter, op->node, op->value);
    } else if (op->outcome == GV_HISTORY_FAIL) {
        gv_check_counter_refused(&checker->counter, op->node, op->value);
    } else {
        gv_check_counter_info(&checker->counter, op->value);
    }
}

static void finish_counter(struct gv_checker *checker, struct gv_result *result) {
    find_finals(checker, result);
    if (checker->cut_short) return;
    result->finals_equal = gv_check_counter_finish(&checker->counter, checker->config.errors);
    result->may_be_lost = checker->counter.may_be_lost;
}

// ---- Echo and ids ----

static void on_echo_end(struct gv_checker *checker, const struct gv_history_op *op,
                        struct gv_json *json, int token) {
    if (op->outcome == GV_HISTORY_OK) gv_check_echo_reply(op, json, token, checker->config.errors);
}

static void on_id_end(struct gv_checker *checker, const struct gv_history_op *op,
                      struct gv_json *json, int token) {
    if (op->outcome == GV_HISTORY_OK)
        gv_check_ids_reply(&checker->ids, op->node, json, token, checker->config.errors);
}

static void finish_ids(struct gv_checker *checker, struct gv_result *result) {
    result->duplicated = checker->ids.duplicated;
}

// ---- Transactions ----

static void on_txn_invoke(struct gv_checker *checker, const struct gv_history_op *op) {
    size_t number =
        gv_check_txn_invoke(&checker->txn, op, op->process, (const void *)op->content.data,
                            (uint32_t)(op->content.len / sizeof(struct gv_load_txn_op)));
    GV_ASSERT((int64_t)number == op->value);
}

static void on_txn_end(struct gv_checker *checker, const struct gv_history_op *op,
                       struct gv_json *json, int token) {
    size_t number = (size_t)op->value;
    if (op->outcome == GV_HISTORY_OK) {
        gv_check_txn_reply(&checker->txn, number, op, json, token, checker->config.errors);
        if (op->final) checker->final_read[op->node] = true;
    } else {
        gv_check_txn_complete(&checker->txn, number, op, NULL);
        if (op->final) checker->missing[op->node] = 1;
    }
}

// gv-txn keeps a transaction as one element, whose value is its writes: [[KEY,VALUE],…].
static void allow_txn_loss(struct gv_checker *checker, const struct gv_entry *entry) {
    char text[64];
    int64_t key, value;
    size_t len = entry->value.len < sizeof text - 1 ? entry->value.len : sizeof text - 1;
    memcpy(text, entry->value.data, len);
    text[len] = '\0';
    if (sscanf(text, "[[%" SCNd64 ",%" SCNd64, &key, &value) == 2)
        gv_check_txn_allow_loss(&checker->txn, key, value);
}

static void finish_txn(struct gv_checker *checker, struct gv_result *result) {
    find_finals(checker, result);
    for (uint32_t node = 0; node < checker->config.nodes; node++)
        result->has_finals = result->has_finals && checker->missing[node] == 0;
    result->models = checker->txn.models;
    result->txns = gv_check_txn_finish(&checker->txn, checker->config.errors);
    result->may_be_lost = result->txns.may_be_lost;
    result->finals_equal = result->txns.equal;
}

static const char *txn_lacks(const struct gv_checker *checker) {
    return gv_check_txn_lacks(&checker->txn);
}

// ---- Logs ----

static void on_kafka_invoke(struct gv_checker *checker, const struct gv_history_op *op) {
    if (op->kind == GV_HISTORY_SEND)
        gv_check_kafka_invoke(&checker->kafka, gv_load_kafka_key(op), op->value);
}

static void on_kafka_reply(struct gv_checker *checker, const struct gv_history_op *op,
                           enum gv_load_request request, gv_time now, const struct gv_json *json,
                           int token) {
    gv_check_kafka_reply(&checker->kafka, op, request, now, json, token);
}

static void on_kafka_end(struct gv_checker *checker, const struct gv_history_op *op,
                         struct gv_json *json, int token) {
    (void)json;
    (void)token;
    gv_check_kafka_end(&checker->kafka, op);
}

static void finish_kafka(struct gv_checker *checker, struct gv_result *result) {
    struct gv_check_kafka_result kafka =
        gv_check_kafka_finish(&checker->kafka, checker->cut_short, checker->config.errors);
    result->kafka = kafka;
    result->lost = kafka.lost;
    result->duplicated = kafka.duplicates;
    result->may_be_lost = kafka.may_be_lost;
    result->allowed_lost = kafka.allowed_lost;
    result->has_finals = kafka.finals;
    result->finals_equal = kafka.equal;
}

// The key of an entry of gv-kafka's logs is ["KEY",OFFSET], and its value the message.
static void allow_kafka_loss(struct gv_checker *checker, const struct gv_entry *entry) {
    struct gv_json json;
    int64_t key = -1, message = 0;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    if (gv_json_parse(&json, (const char *)entry->key.data, entry->key.len) > 0 &&
        gv_json_type(&json, 0) == GV_JSON_ARRAY && gv_json_size(&json, 0) == 2)
        key = gv_load_kafka_number(&json, 1);
    if (gv_json_parse(&json, (const char *)entry->value.data, entry->value.len) > 0)
        gv_json_i64(&json, 0, &message);
    gv_json_fini(&json);
    if (key >= 0) gv_check_kafka_allow_loss(&checker->kafka, (uint64_t)key, message);
}

static const char *kafka_lacks(const struct gv_checker *checker) {
    return gv_check_kafka_lacks(&checker->kafka);
}

// ---- All workloads ----

static const struct gv_checker_class sets = {
    .invoke = on_set_invoke, .end = on_set_end, .finish = finish_set, .final_reads = true};
static const struct gv_checker_class counters = {.invoke = on_counter_invoke,
                                                 .end = on_counter_end,
                                                 .finish = finish_counter,
                                                 .final_reads = true};
static const struct gv_checker_class echos = {.end = on_echo_end};
static const struct gv_checker_class txns = {.invoke = on_txn_invoke,
                                             .end = on_txn_end,
                                             .allow_log_loss = allow_txn_loss,
                                             .finish = finish_txn,
                                             .lacks = txn_lacks,
                                             .final_reads = true};
static const struct gv_checker_class ids = {.end = on_id_end, .finish = finish_ids};

static const struct gv_checker_class kafka = {.invoke = on_kafka_invoke,
                                              .reply = on_kafka_reply,
                                              .end = on_kafka_end,
                                              .allow_log_loss = allow_kafka_loss,
                                              .finish = finish_kafka,
                                              .lacks = kafka_lacks};

static const struct gv_checker_class *const classes[GV_LOAD_KINDS] = {
    [GV_LOAD_BROADCAST] = &sets,       [GV_LOAD_G_SET] = &sets,  [GV_LOAD_G_COUNTER] = &counters,
    [GV_LOAD_PN_COUNTER] = &counters,  [GV_LOAD_ECHO] = &echos,  [GV_LOAD_UNIQUE_IDS] = &ids,
    [GV_LOAD_TXN_RW_REGISTER] = &txns, [GV_LOAD_KAFKA] = &kafka,
};

static const struct gv_checker_class *class_of(const struct gv_checker *checker) {
    return classes[checker->config.load];
}

void gv_checker_invoke(struct gv_checker *checker, const struct gv_history_op *op) {
    if (class_of(checker)->invoke != NULL) class_of(checker)->invoke(checker, op);
}

void gv_checker_reply(struct gv_checker *checker, const struct gv_history_op *op,
                      enum gv_load_request request, gv_time now, const struct gv_json *json,
                      int token) {
    GV_ASSERT(op->outcome == GV_HISTORY_PENDING);
    if (class_of(checker)->reply != NULL)
        class_of(checker)->reply(checker, op, request, now, json, token);
}

// Every echo request must succeed, as in Maelstrom, unless faults may have prevented that.
static void on_failure(struct gv_checker *checker, const struct gv_history_op *op,
                       const char *answer, enum gv_check_stats_cause cause) {
    bool replied = cause == GV_CHECK_STATS_REPLY;
    if (op->final && class_of(checker)->final_reads) {
        checker->config.errors->conclusive = checker->config.errors->conclusive || replied;
        gv_verdict_add(checker->config.errors, GV_VERDICT_NO_FINAL_READ, "n%u %s", op->node,
                       answer);
    } else if (op->kind == GV_HISTORY_ECHO && !checker->config.disturbed &&
               !checker->echo_failed[op->node]) {
        checker->echo_failed[op->node] = true;
        checker->config.errors->conclusive = checker->config.errors->conclusive || replied;
        gv_verdict_add(checker->config.errors, GV_VERDICT_NO_ECHO, "n%u %s", op->node, answer);
    }
}

void gv_checker_complete(struct gv_checker *checker, const struct gv_history_op *op,
                         struct gv_json *json, int token, const char *answer,
                         enum gv_check_stats_cause cause) {
    GV_ASSERT(op->outcome != GV_HISTORY_PENDING && op->node < checker->config.nodes);
    gv_check_stats_end(&checker->stats, op, answer, cause);
    class_of(checker)->end(checker, op, json, token);
    if (op->outcome != GV_HISTORY_OK) on_failure(checker, op, answer, cause);
}

void gv_checker_acknowledged(struct gv_checker *checker, const struct gv_history_op *op,
                             bool (*has_value)(void *ctx, uint32_t node, int64_t value),
                             void *ctx) {
    bool added = op->kind == GV_HISTORY_ADD && op->outcome == GV_HISTORY_OK;
    if (has_value == NULL || !added || !gv_load_is_set(checker->config.load)) return;
    char value[GV_KEYS_LABEL_MAX];
    gv_check_state_added(op->node, gv_keys_label(checker->set.keys, op->value, value),
                         has_value(ctx, op->node, op->value), checker->config.errors);
}

void gv_checker_allow_value_loss(struct gv_checker *checker, int64_t value) {
    if (!gv_load_is_set(checker->config.load)) return;
    gv_check_set_allow_loss(&checker->set, value);
}

void gv_checker_allow_log_loss(struct gv_checker *checker, const struct gv_entry *entry) {
    if (class_of(checker)->allow_log_loss != NULL)
        class_of(checker)->allow_log_loss(checker, entry);
}

void gv_checker_allow_count_loss(struct gv_checker *checker, bool added, uint64_t amount) {
    if (!gv_load_is_counter(checker->config.load)) return;
    gv_check_counter_allow_loss(&checker->counter, added, amount);
}

// ---- Convergence ----

void gv_checker_observe(struct gv_checker *checker, gv_time now, uint32_t node,
                        struct gv_json *json, int token) {
    GV_ASSERT(checker->convergence.watching && node < checker->config.nodes);
    int64_t value;
    if (gv_load_is_set(checker->config.load)) {
        size_t missing =
            gv_check_set_missing(&checker->set, checker->convergence.index, json, token);
        checker->missing[node] = (int64_t)missing;
        gv_convergence_missing(&checker->convergence, now, node, missing);
    } else if (gv_json_i64(json, token, &value) == 0) {
        checker->missing[node] = distance(value, checker->counter.sum);
        if (gv_convergence_value(&checker->convergence, node, value) &&
            gv_check_counter_accepts(&checker->counter, value)) {
            gv_convergence_agreed(&checker->convergence, now);
        }
    }
}

void gv_checker_inspect(struct gv_checker *checker, gv_time now, uint32_t node,
                        bool (*has_value)(void *ctx, uint32_t node, int64_t value), void *ctx) {
    GV_ASSERT(checker->convergence.watching && node < checker->config.nodes);
    if (checker->watch != checker->convergence.watches) {
        checker->watch = checker->convergence.watches;
        memset(checker->cursors, 0, checker->config.nodes * sizeof *checker->cursors);
    }
    // Replicas only grow, so values below the cursor are not checked again.
    int64_t *cursor = &checker->cursors[node], end = (int64_t)checker->set.len;
    uint64_t index = checker->convergence.index;
    for (; *cursor < end; ++*cursor) {
        const struct gv_check_set_element *element = &checker->set.elements[*cursor];
        if (element->known == 0 || element->known > index || element->may_be_lost) continue;
        if (!has_value(ctx, node, *cursor)) break;
    }
    checker->missing[node] = end - *cursor;
    gv_convergence_missing(&checker->convergence, now, node, (size_t)(end - *cursor));
}

// ---- Result ----

void gv_checker_finish(struct gv_checker *checker, struct gv_result *result) {
    if (class_of(checker)->finish != NULL) class_of(checker)->finish(checker, result);
    gv_check_stats_finish(&checker->stats, checker->config.load, checker->config.availability,
                          checker->config.errors);
    const struct gv_checker_class *class = class_of(checker);
    const char *lacks =
        class->lacks != NULL && checker->config.errors->count == 0 ? class->lacks(checker) : NULL;
    if (lacks != NULL)
        gv_verdict_add(checker->config.errors, GV_VERDICT_NOTHING_EXERCISED, "%s", lacks);
    result->ok_fraction = gv_check_stats_share(&checker->stats);
    result->converged = checker->convergence.measured;
    result->heal_to_converged = checker->convergence.worst;
    result->errors = checker->config.errors;
    result->valid = checker->config.errors->count == 0;
}

// ---- Invariants ----

void gv_checker_invariants_init(struct gv_checker_invariants *invariants,
                                const struct gv_checker_invariants_config *config) {
    gv_time quiesce = GV_CHECKER_QUIESCE_MS * GV_MS, rtts = GV_CHECKER_QUIESCE_RTTS * config->rtt;
    *invariants = (struct gv_checker_invariants){.errors = config->errors,
                                                 .quiesce = rtts > quiesce ? rtts : quiesce,
                                                 .quiet_at = GV_TIME_NEVER,
                                                 .quiescent_at = GV_TIME_NEVER};
    uint32_t nodes = config->nodes;
    gv_check_id_order_init(&invariants->id_order, nodes);
    gv_check_bounds_init(&invariants->bounds, nodes, config->message_max);
    gv_check_state_init(&invariants->state, nodes);
    gv_check_traffic_init(&invariants->traffic, nodes, config->rate, config->sent_by);
    GV_MEMORY_ARRAY(invariants->suspects, nodes);
}

void gv_checker_invariants_fini(struct gv_checker_invariants *invariants) {
    gv_check_id_order_fini(&invariants->id_order);
    gv_check_state_fini(&invariants->state);
    free(invariants->suspects);
    invariants->suspects = NULL;
}

void gv_checker_invariants_line(struct gv_checker_invariants *invariants, uint32_t node,
                                struct gv_slice line) {
    struct gv_check_protocol_gossip gossip;
    GV_ASSERT(node < invariants->traffic.nodes);
    if (!gv_check_protocol_gossip(line, &gossip)) {
        gv_check_id_order_line(&invariants->id_order, node, line, invariants->errors);
        return;
    }
    gv_check_bounds_message(&invariants->bounds, node, gossip.body.len, invariants->errors);
}

void gv_checker_invariants_node(struct gv_checker_invariants *invariants, uint32_t node,
                                uint64_t entries, uint64_t memory) {
    GV_ASSERT(node < invariants->traffic.nodes);
    gv_check_state_entries(&invariants->state, node, entries, invariants->errors);
    gv_check_bounds_memory(&invariants->bounds, node, entries, memory, invariants->errors);
}

void gv_checker_invariants_suspects(struct gv_checker_invariants *invariants, uint32_t node,
                                    bool suspects) {
    GV_ASSERT(node < invariants->traffic.nodes);
    invariants->suspecting += (uint32_t)suspects - (uint32_t)invariants->suspects[node];
    invariants->suspects[node] = suspects;
}

void gv_checker_invariants_reset(struct gv_checker_invariants *invariants, uint32_t node,
                                 bool kept) {
    GV_ASSERT(node < invariants->traffic.nodes);
    gv_check_state_reset(&invariants->state, node);
    if (!kept) gv_check_id_order_reset(&invariants->id_order, node);
}

bool gv_checker_invariants_time(struct gv_checker_invariants *invariants, gv_time now,
                                uint64_t messages, bool quiet) {
    if (quiet && invariants->quiet_at == GV_TIME_NEVER) invariants->quiet_at = now;
    bool calm = quiet && now - invariants->quiet_at >= invariants->quiesce;
    if (calm && invariants->quiescent_at == GV_TIME_NEVER) {
        invariants->quiescent_at = now;
        invariants->quiescent_messages = messages;
    } else if (invariants->quiescent_at != GV_TIME_NEVER) {
        invariants->suspicion_time += invariants->suspecting * (now - invariants->observed_at);
    }
    invariants->observed_at = now;
    if (!quiet && invariants->quiescent_at != GV_TIME_NEVER && !invariants->quiescence_checked) {
        invariants->quiescence_checked = true;
        gv_time lasted = now - invariants->quiescent_at;
        if (lasted >= GV_CHECKER_OBSERVE_MS * GV_MS) {
            gv_check_traffic_quiescence(&invariants->traffic, lasted, invariants->suspicion_time,
                                        messages - invariants->quiescent_messages,
                                        invariants->errors);
        }
    }
    return gv_check_traffic_observe(&invariants->traffic, now, messages, invariants->errors);
}
