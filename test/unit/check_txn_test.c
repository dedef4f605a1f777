// SPDX-License-Identifier: MIT
#include "../../engine/prng.h"
#include "../../sim/check/check_txn.h"
#include "../../sim/core/memory.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

enum { OPS = 16, OVERLAP = 1000 };

static const uint32_t UNCOMMITTED = GV_CONSISTENCY_READ_UNCOMMITTED,
                      COMMITTED = GV_CONSISTENCY_READ_COMMITTED,
                      ATOMIC = GV_CONSISTENCY_READ_ATOMIC;

// A history in the making. Transactions overlap in time, unless `apart` is set.
struct history {
    struct gv_check_txn check;
    struct gv_verdict_errors errors;
    struct gv_check_txn_result result;
    uint64_t count;
    bool apart;
};

static struct history *begin(struct history *history, uint32_t model) {
    *history = (struct history){.count = 0};
    gv_check_txn_init(&history->check, 3, model);
    return history;
}

// Adds a transaction of client c10, c11 … to a node: "w4=7 r5=3 r6=null".
static void add(struct history *history, uint32_t node, enum gv_history_outcome outcome, bool final,
                const char *text) {
    struct gv_load_txn_op ops[OPS];
    int64_t values[OPS];
    uint32_t count = 0;
    for (const char *at = text; at != NULL; at = strchr(at, ' ')) {
        char *value;
        if (*at == ' ') at++;
        int64_t key = strtoll(at + 1, &value, 10);
        assert_int_equal(*value++, '=');
        values[count] = *value == 'n' ? GV_CHECK_TXN_NULL : strtoll(value, NULL, 10);
        ops[count] = (struct gv_load_txn_op){*at == 'w', key, values[count]};
        count++;
    }
    uint64_t index = 2 * history->count++;
    struct gv_history_op op = {.node = node,
                               .final = final,
                               .invoked = index,
                               .completed = index + 1 + (history->apart ? 0 : OVERLAP)};
    size_t number =
        gv_check_txn_invoke(&history->check, &op, 10 + (uint32_t)history->count - 1, ops, count);
    op.outcome = outcome;
    gv_check_txn_complete(&history->check, number, &op, values);
}

static void ok(struct history *history, uint32_t node, const char *text) {
    add(history, node, GV_HISTORY_OK, false, text);
}

// Adds final reads by n0 and n1 with the same results.
static void finals(struct history *history, const char *text) {
    for (uint32_t node = 0; node < 2; node++) add(history, node, GV_HISTORY_OK, true, text);
}

// Finishes the check and asserts its only error; NULL: there is none.
static void ends(struct history *history, const char *error) {
    history->result = gv_check_txn_finish(&history->check, &history->errors);
    const char *lacks = gv_check_txn_lacks(&history->check);
    if (history->errors.count == 0 && lacks != NULL)
        gv_verdict_add(&history->errors, GV_VERDICT_NOTHING_EXERCISED, "%s", lacks);
    if (error == NULL) {
        if (history->errors.count > 0) print_error("%s\n", history->errors.texts[0]);
        assert_int_equal(history->errors.count, 0);
    } else {
        assert_int_equal(history->errors.count, 1);
        assert_string_equal(history->errors.texts[0], error);
    }
    gv_verdict_fini(&history->errors);
    gv_check_txn_fini(&history->check);
}

static void writes_in_a_circle_are_found_by_final_reads(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = UNCOMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "w1=2 w2=2");
        finals(&history, "r1=2");
        finals(&history, "r2=1");
        ends(&history,
             "write cycle (G0): T1 by c10 at n0 [w 1=1, w 2=1] wrote 1=1 before T2 by c11 at n1 "
             "[w 1=2, w 2=2] wrote 1=2, which the final reads show; T2 wrote 2=2 before T1 wrote "
             "2=1, which the final reads show");
        begin(&history, model);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "w1=2 w2=2");
        finals(&history, "r1=2 r2=2");
        ends(&history, NULL);
        assert_true(history.result.equal);
    }
}

static void writes_in_a_circle_are_found_by_reads_before_writes(void **state) {
    (void)state;
    struct history history;
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "r1=2 w1=1");
    ok(&history, 1, "r1=1 w1=2");
    ends(&history, "write cycle (G0): T1 by c10 at n0 [r 1=2, w 1=1] wrote 1=1, which T2 by c11 at "
                   "n1 [r 1=1, w 1=2] read and overwrote by 1=2; T2 wrote 1=2, which T1 read and "
                   "overwrote by 1=1");
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "r1=null w1=1");
    ok(&history, 1, "r1=1 w1=2");
    ends(&history, NULL);
}

static void an_overwritten_value_does_not_return(void **state) {
    (void)state;
    struct history history;
    for (int lost = 0; lost < 2; lost++) {
        begin(&history, UNCOMMITTED);
        ok(&history, 0, "w1=1");
        ok(&history, 1, "r1=1 w1=2");
        finals(&history, "r1=1");
        if (lost != 0) gv_check_txn_allow_loss(&history.check, 1, 2);
        ends(&history, lost != 0
                           ? NULL
                           : "write cycle (G0): T1 by c10 at n0 [w 1=1] wrote 1=1, which T2 by c11 "
                             "at n1 [r 1=1, w 1=2] read and overwrote by 1=2; T2 wrote 1=2 before "
                             "T1 wrote 1=1, which the final reads show");
    }
    assert_int_equal(history.result.may_be_lost, 1);
}

static void aborted_reads(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = UNCOMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        add(&history, 0, GV_HISTORY_FAIL, false, "w1=1");
        ok(&history, 1, "r1=1");
        ends(&history, model == UNCOMMITTED
                           ? NULL
                           : "aborted read (G1a): T1 by c11 at n1 [r 1=1] read 1=1 of T2 by c10 at "
                             "n0 [w 1=1, failed], which failed");
    }
    begin(&history, UNCOMMITTED); // at the end, nothing is uncommitted
    add(&history, 0, GV_HISTORY_FAIL, false, "w1=1");
    add(&history, 1, GV_HISTORY_OK, true, "r1=1");
    ends(&history, "aborted read (G1a): T1 by c11 at n1 [final reads] read 1=1 of T2 by c10 at n0 "
                   "[w 1=1, failed], which failed");
    begin(&history, ATOMIC); // of unknown outcome: it is committed
    add(&history, 0, GV_HISTORY_INFO, false, "w1=1");
    ok(&history, 1, "r1=1");
    ends(&history, NULL);
    assert_int_equal(history.result.committed, 2);
}

static void intermediate_reads(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = UNCOMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1 w1=2");
        ok(&history, 1, "r1=1");
        ends(&history, model == UNCOMMITTED
                           ? NULL
                           : "intermediate read (G1b): T1 by c11 at n1 [r 1=1] read 1=1 of T2 by "
                             "c10 at n0 [w 1=1, w 1=2], which overwrote it");
    }
    begin(&history, ATOMIC); // its own is not an intermediate read
    ok(&history, 0, "w1=1 r1=1 w1=2 r1=2");
    ok(&history, 1, "r1=2");
    ends(&history, NULL);
}

static void circular_information_flow(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = UNCOMMITTED; model <= COMMITTED; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1 r2=1");
        ok(&history, 1, "w2=1 r1=1");
        ends(&history, model == UNCOMMITTED
                           ? NULL
                           : "circular information flow (G1c): T1 by c10 at n0 [w 1=1, r 2=1] "
                             "wrote 1=1, which T2 by c11 at n1 [w 2=1, r 1=1] read; T2 wrote 2=1, "
                             "which T1 read");
    }
    begin(&history, COMMITTED);
    ok(&history, 0, "w1=1 r2=null");
    ok(&history, 1, "w2=1 r1=1");
    ends(&history, NULL);
    begin(&history, COMMITTED); // three transactions, one of them by the final reads
    ok(&history, 0, "w1=1 r3=1");
    ok(&history, 1, "r1=1 w2=1");
    ok(&history, 2, "w2=2 w3=1");
    finals(&history, "r2=2");
    ends(&history, "circular information flow (G1c): T1 by c10 at n0 [w 1=1, r 3=1] wrote 1=1, "
                   "which T2 by c11 at n1 [r 1=1, w 2=1] read; T2 wrote 2=1 before T3 by c12 at n2 "
                   "[w 2=2, w 3=1] wrote 2=2, which the final reads show; T3 wrote 3=1, which T1 "
                   "read");
    begin(&history, COMMITTED);
    ok(&history, 0, "w1=1 r3=1");
    ok(&history, 1, "r1=1 w2=1");
    ok(&history, 2, "w2=2 w3=1");
    finals(&history, "r2=1");
    ends(&history, NULL);
}

static void a_transaction_reads_its_own_writes(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = UNCOMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1");
        ok(&history, 1, "w1=2 r1=1");
        ends(&history, "internal inconsistency: T1 by c11 at n1 [w 1=2, r 1=1] read 1=1 after its "
                       "own write of 1=2");
        begin(&history, model);
        ok(&history, 0, "w1=1");
        ok(&history, 1, "r1=1 w1=2 r1=2");
        ends(&history, NULL);
    }
}

static void values_come_from_earlier_writes(void **state) {
    (void)state;
    struct history history;
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "w1=1 w2=2");
    ok(&history, 1, "r1=1 r1=2");
    ends(&history, "phantom: T1 by c11 at n1 [r 1=1, r 1=2] read 1=2, which nobody wrote");
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "r1=1 w1=1");
    ends(&history, "phantom: T1 by c10 at n0 [r 1=1, w 1=1] read 1=1, which it wrote only later");
    for (int apart = 0; apart < 2; apart++) {
        begin(&history, UNCOMMITTED)->apart = apart != 0;
        ok(&history, 0, "r1=1");
        ok(&history, 1, "w1=1");
        ends(&history, apart == 0 ? NULL
                                  : "phantom: T1 by c10 at n0 [r 1=1] read 1=1, which T2 by c11 at "
                                    "n1 [w 1=1] was sent only later to write");
    }
}

static void fractured_reads(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = COMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "r1=1 r2=null");
        ends(&history, model == COMMITTED
                           ? NULL
                           : "fractured read: T1 by c11 at n1 [r 1=1, r 2=null] read 1=1 of T2 by "
                             "c10 at n0 [w 1=1, w 2=1] without its 2=1");
        begin(&history, model); // an earlier version of the other key
        ok(&history, 0, "w2=5");
        ok(&history, 0, "r2=5 w1=1 w2=1");
        ok(&history, 1, "r2=5 r1=1");
        ends(&history, model == COMMITTED
                           ? NULL
                           : "fractured read: T1 by c12 at n1 [r 2=5, r 1=1] read 1=1 of T2 by c11 "
                             "at n0 [r 2=5, w 1=1, w 2=1] but 2=5 of T3 by c10 at n0 [w 2=5], so "
                             "that is later than 2=1 of T2; T3 wrote 2=5, which T2 read and "
                             "overwrote by 2=1");
        begin(&history, model); // two versions of one key
        ok(&history, 0, "w1=1");
        ok(&history, 0, "w1=2");
        ok(&history, 1, "r1=1 r1=2");
        ends(&history, model == COMMITTED
                           ? NULL
                           : "fractured read: T1 by c12 at n1 [r 1=1, r 1=2] read 1=1 and then "
                             "1=2");
    }
    begin(&history, ATOMIC); // a later version of the other key
    ok(&history, 0, "w1=1 w2=1");
    ok(&history, 0, "r2=1 w2=5");
    ok(&history, 1, "r1=1 r2=5");
    ok(&history, 1, "r1=null r2=null");
    ok(&history, 1, "w2=6 r1=1 r2=6");
    ends(&history, NULL);
}

// Each reader alone would be right if the other writer were the later one.
static void readers_that_contradict_each_other(void **state) {
    (void)state;
    struct history history;
    for (uint32_t model = COMMITTED; model <= ATOMIC; model *= 2) {
        begin(&history, model);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "w1=2 w2=2");
        ok(&history, 2, "r1=1 r2=2");
        ends(&history, model == COMMITTED
                           ? NULL
                           : "fractured read: T1 by c12 at n2 [r 1=1, r 2=2] read 1=1 of T2 by c10 "
                             "at n0 [w 1=1, w 2=1] but 2=2 of T3 by c11 at n1 [w 1=2, w 2=2], so "
                             "that is later than 2=1 of T2; T1 read 2=2 of T3 but 1=1 of T2, so "
                             "that is later than 1=2 of T3");
        begin(&history, model);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "w1=2 w2=2");
        ok(&history, 2, "r1=2 r2=2");
        ok(&history, 0, "r1=1 r2=1");
        ends(&history, NULL);
    }
}

static void one_version_is_given_once(void **state) {
    (void)state;
    struct history history;
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "w1=1");
    ok(&history, 1, "w1=1");
    ok(&history, 1, "r1=1");
    ends(&history, "duplicate: T1 by c10 at n0 [w 1=1] and T2 by c11 at n1 [w 1=1] wrote 1=1");
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "w1=1");
    ok(&history, 1, "w1=2 w2=1");
    ok(&history, 1, "r1=1");
    ends(&history, NULL);
}

static void all_nodes_agree_at_the_end(void **state) {
    (void)state;
    struct history history;
    begin(&history, UNCOMMITTED);
    ok(&history, 0, "w1=1");
    ok(&history, 1, "w1=2");
    add(&history, 0, GV_HISTORY_OK, true, "r1=1");
    add(&history, 1, GV_HISTORY_OK, true, "r1=2");
    add(&history, 2, GV_HISTORY_OK, true, "r1=2");
    ends(&history, "final reads differ: n0 returned 1=1, written by T1 by c10 at n0 [w 1=1], n1 "
                   "returned 1=2, written by T2 by c11 at n1 [w 1=2]");
    assert_false(history.result.equal);
    begin(&history, UNCOMMITTED); // reads of the load may differ
    ok(&history, 0, "w1=1");
    ok(&history, 1, "w1=2");
    ok(&history, 0, "r1=1");
    ok(&history, 1, "r1=2");
    finals(&history, "r1=2");
    ends(&history, NULL);
}

static void acknowledged_writes_are_not_lost(void **state) {
    (void)state;
    struct history history;
    for (int lost = 0; lost < 2; lost++) {
        begin(&history, UNCOMMITTED);
        ok(&history, 0, "w1=1 w2=1");
        ok(&history, 1, "r2=1");
        finals(&history, "r1=null");
        if (lost != 0) gv_check_txn_allow_loss(&history.check, 1, 1);
        ends(&history, lost != 0 ? NULL
                                 : "lost: T1 by c10 at n0 [w 1=1, w 2=1] wrote 1=1, and the final "
                                   "reads return null");
    }
    begin(&history, UNCOMMITTED); // nobody knows whether it happened
    add(&history, 0, GV_HISTORY_INFO, false, "w1=1");
    ok(&history, 0, "w2=1");
    finals(&history, "r1=null r2=1");
    ends(&history, NULL);
}

static void nothing_read_is_nothing_exercised(void **state) {
    (void)state;
    struct history history;
    begin(&history, ATOMIC);
    ok(&history, 0, "w1=1 r1=1 r2=null");
    ends(&history, "nothing exercised: no transaction read a value that another one wrote");
    begin(&history, ATOMIC);
    ok(&history, 0, "w1=1");
    ok(&history, 0, "r1=1");
    ends(&history,
         "nothing exercised: no transaction read a value that another one wrote at another node");
}

static void many_errors_are_counted(void **state) {
    (void)state;
    struct history history;
    begin(&history, ATOMIC);
    for (int i = 0; i < 10; i++) ok(&history, 0, "r1=7");
    history.result = gv_check_txn_finish(&history.check, &history.errors);
    assert_int_equal(history.errors.count, 5);
    assert_string_equal(history.errors.texts[4], "phantom: 6 more");
    gv_verdict_fini(&history.errors);
    gv_check_txn_fini(&history.check);
}

// ---- Random histories ----

enum { NODES = 3, KEYS = 6, TXNS = 120, LEN = 4 };

// Replicas that merge by the larger stamp: each has whole transactions only.
struct model {
    int64_t stamp[NODES][KEYS], value[NODES][KEYS];
    int64_t next[KEYS], clock;
};

struct random_txn {
    struct gv_load_txn_op ops[LEN];
    int64_t values[LEN];
    uint32_t count, node;
    enum gv_history_outcome outcome;
};

// Runs a transaction at its node: reads there, then writes at all nodes that this one reaches now;
// the others get it by `heal`. A failed one writes nothing.
static void run_txn(struct model *model, struct gv_prng *prng, struct random_txn *txn) {
    uint32_t node = txn->node;
    int64_t stamp = ++model->clock;
    int64_t written[KEYS] = {0};
    for (uint32_t i = 0; i < txn->count; i++) {
        size_t key = (size_t)txn->ops[i].key;
        if (txn->ops[i].write) {
            written[key] = txn->ops[i].value;
        } else {
            int64_t stored = model->value[node][key];
            txn->values[i] = written[key] != 0 ? written[key]
                             : stored != 0     ? stored
                                               : GV_CHECK_TXN_NULL;
        }
    }
    bool happens = txn->outcome == GV_HISTORY_OK ||
                   (txn->outcome == GV_HISTORY_INFO && gv_prng_below(prng, 2) == 0);
    bool reached[NODES];
    for (uint32_t to = 0; to < NODES; to++) reached[to] = gv_prng_below(prng, 2) == 0;
    for (uint32_t to = 0; happens && to < NODES; to++) {
        if (to != node && !reached[to]) continue;
        for (size_t key = 0; key < KEYS; key++) {
            if (written[key] == 0) continue;
            model->stamp[to][key] = stamp;
            model->value[to][key] = written[key];
        }
    }
}

// Every replica takes the latest version of each key.
static void heal(struct model *model) {
    for (size_t key = 0; key < KEYS; key++) {
        for (int from = 0; from < NODES; from++) {
            for (int to = 0; to < NODES; to++) {
                if (model->stamp[from][key] <= model->stamp[to][key]) continue;
                model->stamp[to][key] = model->stamp[from][key];
                model->value[to][key] = model->value[from][key];
            }
        }
    }
}

static void record(struct gv_check_txn *check, uint64_t *index, const struct random_txn *txn,
                   bool final) {
    struct gv_history_op op = {.node = txn->node, .final = final, .invoked = *index};
    size_t number = gv_check_txn_invoke(check, &op, txn->node, txn->ops, txn->count);
    op.outcome = txn->outcome;
    op.completed = *index + 1;
    *index += 2;
    gv_check_txn_complete(check, number, &op, txn->values);
}

static void draw_txn(struct model *model, struct gv_prng *prng, struct random_txn *txn) {
    uint64_t fate = gv_prng_below(prng, 20);
    *txn = (struct random_txn){
        .count = 1 + (uint32_t)gv_prng_below(prng, LEN),
        .node = (uint32_t)gv_prng_below(prng, NODES),
        .outcome = fate == 0   ? GV_HISTORY_FAIL
                   : fate == 1 ? GV_HISTORY_INFO
                               : GV_HISTORY_OK,
    };
    for (uint32_t i = 0; i < txn->count; i++) {
        int64_t key = (int64_t)gv_prng_below(prng, KEYS);
        bool write = gv_prng_below(prng, 2) == 0;
        txn->ops[i] = (struct gv_load_txn_op){write, key, write ? ++model->next[key] : 0};
    }
}

// A history of replicas that exchange whole transactions and merge by their stamps.
static void random_history(struct gv_check_txn *check, struct gv_prng *prng) {
    struct model model = {.clock = 0};
    uint64_t index = 0;
    for (int i = 0; i < TXNS; i++) {
        struct random_txn txn;
        draw_txn(&model, prng, &txn);
        if (gv_prng_below(prng, 2) == 0) heal(&model);
        run_txn(&model, prng, &txn);
        record(check, &index, &txn, false);
    }
    heal(&model);
    for (uint32_t node = 0; node < NODES; node++) {
        for (int64_t key = 0; key < KEYS; key += LEN) {
            struct random_txn txn = {.node = node, .outcome = GV_HISTORY_OK};
            for (int64_t at = key; at < key + LEN && at < KEYS; at++) {
                txn.ops[txn.count] = (struct gv_load_txn_op){.key = at};
                int64_t value = model.value[node][at];
                txn.values[txn.count++] = value != 0 ? value : GV_CHECK_TXN_NULL;
            }
            record(check, &index, &txn, true);
        }
    }
}

static void random_histories_are_valid(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    for (int round = 0; round < 300; round++) {
        struct gv_check_txn check;
        struct gv_verdict_errors errors = {.kept = 0};
        gv_check_txn_init(&check, NODES, GV_CONSISTENCY_READ_ATOMIC);
        random_history(&check, &prng);
        struct gv_check_txn_result result = gv_check_txn_finish(&check, &errors);
        if (errors.count > 0) print_error("round %d: %s\n", round, errors.texts[0]);
        assert_int_equal(errors.count, 0);
        assert_true(result.equal);
        assert_true(result.remote > 0);
        gv_verdict_fini(&errors);
        gv_check_txn_fini(&check);
    }
}

// Transactions of keys of their own that have one anomaly, to be added to a history that has none.
static const struct anomaly {
    enum gv_verdict_kind kind;
    const char *txns[4]; // "-" before: it failed
} anomalies[] = {
    {GV_VERDICT_G0, {"r90=2 w90=1", "r90=1 w90=2"}},
    {GV_VERDICT_G0, {"r90=3 w90=1", "r90=1 w90=2", "w91=1 r90=2 w90=3"}},
    {GV_VERDICT_G1A, {"-w90=1", "r90=1"}},
    {GV_VERDICT_G1B, {"w90=1 w91=1 w90=2", "w92=1 r90=1"}},
    {GV_VERDICT_G1C, {"w90=1 r91=1", "w91=1 r90=1"}},
    {GV_VERDICT_G1C, {"w90=1 r92=1", "w91=1 r90=1", "w92=1 r91=1"}},
    {GV_VERDICT_FRACTURED_READ, {"w90=1 w91=1", "w92=1 r91=1 r90=null"}},
    {GV_VERDICT_FRACTURED_READ, {"w90=1 w91=1", "w90=2 w91=2", "r90=1 r91=2"}},
    {GV_VERDICT_FRACTURED_READ, {"w90=1", "w91=1 r90=1 w90=2", "r91=1 r90=1"}},
    {GV_VERDICT_INTERNAL, {"w90=1", "w90=2 r90=1"}},
    {GV_VERDICT_PHANTOM, {"r90=1"}},
    {GV_VERDICT_DUPLICATE, {"w90=1", "w90=1"}},
};

// Adds the transactions of an anomaly in a random order, all at once.
static void inject(struct history *history, struct gv_prng *prng, const struct anomaly *anomaly) {
    size_t count = 0, order[4] = {0, 1, 2, 3};
    while (count < 4 && anomaly->txns[count] != NULL) count++;
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)gv_prng_below(prng, i), last = order[i - 1];
        order[i - 1] = order[other];
        order[other] = last;
    }
    history->count = TXNS;
    for (size_t i = 0; i < count; i++) {
        const char *text = anomaly->txns[order[i]];
        bool failed = text[0] == '-';
        add(history, (uint32_t)gv_prng_below(prng, NODES), failed ? GV_HISTORY_FAIL : GV_HISTORY_OK,
            false, failed ? text + 1 : text);
    }
}

static void an_injected_anomaly_is_found(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (size_t round = 0; round < 20 * sizeof anomalies / sizeof *anomalies; round++) {
        const struct anomaly *anomaly = &anomalies[round % (sizeof anomalies / sizeof *anomalies)];
        struct history history;
        begin(&history, ATOMIC);
        random_history(&history.check, &prng);
        inject(&history, &prng, anomaly);
        history.result = gv_check_txn_finish(&history.check, &history.errors);
        assert_true(history.errors.count > 0);
        if (history.errors.kinds[0] != anomaly->kind)
            print_error("round %zu: %s\n", round, history.errors.texts[0]);
        assert_int_equal(history.errors.count, 1);
        assert_int_equal(history.errors.kinds[0], anomaly->kind);
        gv_verdict_fini(&history.errors);
        gv_check_txn_fini(&history.check);
    }
}

// A final read that shows another value than the model's is found at one node by comparison, at all
// nodes only if the order of the versions is known.
static void a_changed_final_read_is_found(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (int round = 0; round < 100; round++) {
        struct gv_check_txn check;
        struct gv_verdict_errors errors = {.kept = 0};
        gv_check_txn_init(&check, NODES, GV_CONSISTENCY_READ_ATOMIC);
        random_history(&check, &prng);
        size_t changed = check.ops_len - 1 - (size_t)gv_prng_below(&prng, 2);
        check.ops[changed].value = check.ops[changed].value > 1 ? 1 : GV_CHECK_TXN_NULL;
        gv_check_txn_finish(&check, &errors);
        bool differ = false;
        for (size_t i = 0; i < errors.kept; i++)
            differ = differ || errors.kinds[i] == GV_VERDICT_FINAL_READS_DIFFER;
        assert_true(differ);
        gv_verdict_fini(&errors);
        gv_check_txn_fini(&check);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_a_circle_are_found_by_final_reads),
        cmocka_unit_test(writes_in_a_circle_are_found_by_reads_before_writes),
        cmocka_unit_test(an_overwritten_value_does_not_return),
        cmocka_unit_test(aborted_reads),
        cmocka_unit_test(intermediate_reads),
        cmocka_unit_test(circular_information_flow),
        cmocka_unit_test(a_transaction_reads_its_own_writes),
        cmocka_unit_test(values_come_from_earlier_writes),
        cmocka_unit_test(fractured_reads),
        cmocka_unit_test(readers_that_contradict_each_other),
        cmocka_unit_test(one_version_is_given_once),
        cmocka_unit_test(all_nodes_agree_at_the_end),
        cmocka_unit_test(acknowledged_writes_are_not_lost),
        cmocka_unit_test(nothing_read_is_nothing_exercised),
        cmocka_unit_test(many_errors_are_counted),
        cmocka_unit_test(random_histories_are_valid),
        cmocka_unit_test(an_injected_anomaly_is_found),
        cmocka_unit_test(a_changed_final_read_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
