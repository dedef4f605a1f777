// SPDX-License-Identifier: MIT
#include "load_txn.h"

#include <inttypes.h>
#include <stdio.h>

// A key that is 2^-40 times as likely as the last one is never drawn.
enum { LIKELY_KEYS = 40 };

static void begin(struct gv_load_txn *txn) {
    if (txn->key_count == 0) txn->key_count = GV_LOAD_TXN_KEYS;
    if (txn->max_length == 0) txn->max_length = GV_LOAD_TXN_LENGTH;
    if (txn->max_writes == 0) txn->max_writes = GV_LOAD_TXN_WRITES;
    GV_ASSERT(txn->key_count <= GV_LOAD_TXN_KEYS_MAX && txn->max_length <= GV_LOAD_TXN_LENGTH_MAX);
    GV_MEMORY_ARRAY(txn->keys, txn->key_count);
    GV_MEMORY_ARRAY(txn->writes, txn->key_count);
    size_t most = GV_LOAD_TXN_FINAL > txn->max_length ? GV_LOAD_TXN_FINAL : txn->max_length;
    GV_MEMORY_ARRAY(txn->ops, most);
    for (uint32_t i = 0; i < txn->key_count; i++) txn->keys[i] = txn->next_key++;
}

void gv_load_txn_fini(struct gv_load_txn *txn) {
    free(txn->keys);
    free(txn->writes);
    free(txn->final);
    free(txn->ops);
    *txn = (struct gv_load_txn){0};
}

// The index of an active key. A number below 2^(n+1) has its highest bit at i + 1 with a
// probability proportional to 2^i.
static uint32_t draw_key(const struct gv_load_txn *txn, struct gv_prng *prng) {
    uint32_t likely = txn->key_count < LIKELY_KEYS ? txn->key_count : LIKELY_KEYS, at = 0;
    uint64_t drawn = gv_prng_below(prng, (UINT64_C(2) << likely) - 2) + 2;
    while (drawn >> (at + 2) != 0) at++;
    GV_ASSERT(at < likely);
    return txn->key_count - likely + at;
}

uint32_t gv_load_txn_next(struct gv_load_txn *txn, struct gv_prng *prng) {
    if (txn->keys == NULL) begin(txn);
    uint32_t length = 1 + (uint32_t)gv_prng_below(prng, txn->max_length), count = 0;
    while (count < length) {
        bool write = gv_prng_below(prng, 2) == 1 || !txn->any;
        uint32_t at = draw_key(txn, prng);
        if (write && txn->writes[at] == txn->max_writes) {
            txn->keys[at] = txn->next_key++;
            txn->writes[at] = 0;
            continue;
        }
        if (write) txn->writes[at]++;
        txn->any = true;
        txn->ops[count++] = (struct gv_load_txn_op){
            .write = write, .key = txn->keys[at], .value = write ? (int64_t)txn->writes[at] : 0};
    }
    return count;
}

uint32_t gv_load_txn_final(struct gv_load_txn *txn, uint32_t worker) {
    if (worker >= txn->workers) {
        GV_MEMORY_GROW(txn->final, &txn->workers, (size_t)worker + 1);
    }
    uint32_t count = 0;
    while (count < GV_LOAD_TXN_FINAL && txn->final[worker] < txn->next_key)
        txn->ops[count++] = (struct gv_load_txn_op){.key = txn->final[worker]++};
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
