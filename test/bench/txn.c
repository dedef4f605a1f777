// SPDX-License-Identifier: MIT
// The checker of transactions on one core: histories of 20,000 transactions by the generator of
// txn-rw-register, and the final reads of five nodes. In `serial` each transaction sees
// all before it; in `random` each read returns a random value of its register that was written by
// then, so that nearly all transactions are in one strongly connected component. Also the memory of
// the process at its peak.
#include "bench.h"

#include "../../sim/check/check_txn.h"
#include "../../sim/core/load_txn.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

enum { TXNS = 20000, SMALL = 500, NODES = 5, SEED = 1 };

struct history {
    struct gv_check_txn check;
    struct gv_load_txn load;
    struct gv_prng prng;
    int64_t *last; // by key: the latest value
    size_t keys;
    uint64_t index;
    bool random;
};

static int64_t read_of(struct history *history, int64_t key) {
    int64_t last = history->last[key];
    if (last == 0) return GV_CHECK_TXN_NULL;
    if (!history->random) return last;
    return 1 + (int64_t)gv_prng_below(&history->prng, (uint64_t)last);
}

static void run(struct history *history, uint32_t node, uint32_t count, bool final) {
    int64_t values[GV_LOAD_TXN_FINAL], written[GV_LOAD_TXN_FINAL];
    const struct gv_load_txn_op *ops = history->load.ops;
    struct gv_history_op op = {.node = node,
                               .final = final,
                               .outcome = GV_HISTORY_OK,
                               .invoked = history->index,
                               .completed = history->index + 1};
    history->index += 2;
    size_t number = gv_check_txn_invoke(&history->check, &op, node, ops, count);
    for (uint32_t i = 0; i < count; i++) {
        GV_MEMORY_GROW(history->last, &history->keys, (size_t)ops[i].key + 1);
        written[i] = ops[i].write ? ops[i].value : 0;
        values[i] = read_of(history, ops[i].key);
        for (uint32_t before = 0; before < i; before++) {
            if (written[before] != 0 && ops[before].key == ops[i].key) values[i] = written[before];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (written[i] != 0) history->last[ops[i].key] = written[i];
    }
    gv_check_txn_complete(&history->check, number, &op, values);
}

// Checks a history; returns whether it has errors only if it must.
static bool measure(const char *name, bool random, bool small) {
    struct history history = {.random = random};
    struct gv_verdict_errors errors = {.kept = 0};
    gv_prng_init(&history.prng, SEED, 0);
    gv_load_txn_init(&history.load, 0, 0, 0);
    gv_check_txn_init(&history.check, NODES, GV_CONSISTENCY_READ_ATOMIC);
    for (int i = 0; i < (small ? SMALL : TXNS); i++)
        run(&history, (uint32_t)i % NODES, gv_load_txn_next(&history.load, &history.prng), false);
    history.random = false;
    for (uint32_t node = 0; node < NODES; node++) {
        uint32_t count;
        while ((count = gv_load_txn_final(&history.load, node)) > 0)
            run(&history, node, count, true);
    }
    clock_t start = clock();
    struct gv_check_txn_result result = gv_check_txn_finish(&history.check, &errors);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("txn  %-7s %6zu transactions, %6llu versions, %6llu reads of others: %.3f s, %4ld MB, "
           "%zu errors\n",
           name, history.check.len, (unsigned long long)result.versions,
           (unsigned long long)result.flows, seconds, usage.ru_maxrss / 1024, errors.count);
    bool good = random == (errors.count > 0);
    gv_verdict_fini(&errors);
    gv_check_txn_fini(&history.check);
    gv_load_txn_fini(&history.load);
    free(history.last);
    return good;
}

int bench_txn(bool small) {
    bool serial = measure("serial", false, small), random = measure("random", true, small);
    return serial && random ? 0 : 1;
}
