// SPDX-License-Identifier: MIT
#include "load_txn.h"

#include <inttypes.h>
#include <stdio.h>

void gv_load_txn_init(struct gv_load_txn *txn, uint32_t key_count, uint32_t max_length,
                      uint32_t max_writes_per_key) {
    GV_ASSERT(max_length <= GV_LOAD_TXN_LENGTH_MAX);
    *txn = (struct gv_load_txn){
        .draw.count = key_count,
        .draw.max_writes = max_writes_per_key > 0 ? max_writes_per_key : GV_KEY_DRAW_WRITES_MAX,
        .max_length = max_length > 0 ? max_length : GV_LOAD_TXN_LENGTH,
    };
}

void gv_load_txn_fini(struct gv_load_txn *txn) {
    free(txn->final);
    *txn = (struct gv_load_txn){0};
}

uint32_t gv_load_txn_next(struct gv_load_txn *txn, struct gv_prng *prng) {
    uint32_t length = 1 + (uint32_t)gv_prng_below(prng, txn->max_length);
    bool first = txn->draw.next == 0;
    for (uint32_t i = 0; i < length; i++) {
        struct gv_load_txn_op *op = &txn->ops[i];
        uint64_t key;
        do {
            op->value = 0;
            op->write = gv_key_draw_next(&txn->draw, prng, &key, &op->value);
        } while (first && i == 0 && !op->write);
        op->key = (int64_t)key;
    }
    return length;
}

uint32_t gv_load_txn_final(struct gv_load_txn *txn, uint32_t worker) {
    GV_MEMORY_GROW(txn->final, &txn->workers, (size_t)worker + 1);
    uint32_t count = 0;
    while (count < GV_LOAD_TXN_FINAL && txn->final[worker] < txn->draw.next)
        txn->ops[count++] = (struct gv_load_txn_op){.key = (int64_t)txn->final[worker]++};
    return count;
}

void gv_load_txn_body(const struct gv_load_txn_op *ops, size_t count,
                      struct gv_memory_bytes *body) {
    static const char head[] = "\"type\":\"txn\",\"txn\":[";
    gv_memory_append(body, head, sizeof head - 1);
    for (size_t i = 0; i < count; i++) {
        char text[64], value[24] = "null";
        if (ops[i].write) snprintf(value, sizeof value, "%" PRId64, ops[i].value);
        int len = snprintf(text, sizeof text, "%s[\"%s\",%" PRId64 ",%s]", i > 0 ? "," : "",
                           ops[i].write ? "w" : "r", ops[i].key, value);
        gv_memory_append(body, text, (size_t)len);
    }
    gv_memory_append(body, "]", 1);
}
