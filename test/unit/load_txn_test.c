// SPDX-License-Identifier: MIT
#include "../../sim/core/load.h"
#include "../../sim/core/load_txn.h"
#include "../lib/test.h"

#include <math.h>
#include <string.h>

enum { TXNS = 20000 };

static struct gv_prng prng_of_test(void) {
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    return prng;
}

static void transactions_are_short_and_half_of_them_reads(void **state) {
    (void)state;
    struct gv_prng prng = prng_of_test();
    struct gv_load_txn txn;
    gv_load_txn_init(&txn, 0, 0, 0);
    double lengths[GV_LOAD_TXN_LENGTH + 1] = {0}, writes = 0, all = 0;
    for (int i = 0; i < TXNS; i++) {
        uint32_t count = gv_load_txn_next(&txn, &prng);
        assert_in_range(count, 1, GV_LOAD_TXN_LENGTH);
        assert_true(i > 0 || txn.ops[0].write);
        lengths[count]++;
        for (uint32_t at = 0; at < count; at++) writes += txn.ops[at].write;
        all += count;
    }
    for (int i = 1; i <= GV_LOAD_TXN_LENGTH; i++)
        assert_true(lengths[i] > TXNS * 0.23 && lengths[i] < TXNS * 0.27);
    // If a write is drawn of a key with all its writes, the operation is drawn again, possibly as a
    // read.
    assert_true(writes > all * 0.45 && writes < all * 0.51);
    gv_load_txn_fini(&txn);
}

static void each_key_is_twice_as_likely_as_the_one_before(void **state) {
    (void)state;
    struct gv_prng prng = prng_of_test();
    struct gv_load_txn txn;
    gv_load_txn_init(&txn, 0, 0, UINT32_MAX);
    double drawn[GV_KEY_DRAW_ACTIVE] = {0}, all = 0;
    for (int i = 0; i < 5 * TXNS; i++) {
        uint32_t count = gv_load_txn_next(&txn, &prng);
        for (uint32_t at = 0; at < count; at++) {
            assert_in_range(txn.ops[at].key, 0, GV_KEY_DRAW_ACTIVE - 1);
            drawn[txn.ops[at].key]++;
            all++;
        }
    }
    double share = 512.0 / 1023;
    for (int key = GV_KEY_DRAW_ACTIVE - 1; key >= 0; key--) {
        double expected = all * share, most = 6 * sqrt(expected); // six standard deviations
        assert_true(drawn[key] > expected - most && drawn[key] < expected + most);
        share /= 2;
    }
    gv_load_txn_fini(&txn);
}

static void values_of_a_key_are_unique_and_few(void **state) {
    (void)state;
    enum { KEYS = 40000, WRITES = 3 };
    static int64_t last[KEYS];
    struct gv_prng prng = prng_of_test();
    struct gv_load_txn txn;
    gv_load_txn_init(&txn, 5, 7, WRITES);
    memset(last, 0, sizeof last);
    for (int i = 0; i < TXNS; i++) {
        uint32_t count = gv_load_txn_next(&txn, &prng);
        assert_in_range(count, 1, 7);
        for (uint32_t at = 0; at < count; at++) {
            const struct gv_load_txn_op *op = &txn.ops[at];
            assert_in_range(op->key, 0, KEYS - 1);
            if (!op->write) continue;
            assert_int_equal(op->value, ++last[op->key]);
            assert_in_range(op->value, 1, WRITES);
        }
    }
    // All keys that are not active have all their writes.
    int64_t unfinished = 0;
    for (int64_t key = 0; key < (int64_t)txn.draw.next; key++) unfinished += last[key] < WRITES;
    assert_true((int64_t)txn.draw.next > 5000 && unfinished <= 5);
    gv_load_txn_fini(&txn);
}

static void final_reads_are_of_all_keys_for_each_worker(void **state) {
    (void)state;
    struct gv_prng prng = prng_of_test();
    struct gv_load_txn txn;
    gv_load_txn_init(&txn, GV_KEY_DRAW_ACTIVE_MAX, 1, 1);
    for (int i = 0; i < 1000; i++) gv_load_txn_next(&txn, &prng);
    for (uint32_t worker = 0; worker < 3; worker++) {
        int64_t key = 0;
        uint32_t count;
        while ((count = gv_load_txn_final(&txn, worker)) > 0) {
            for (uint32_t at = 0; at < count; at++, key++) {
                assert_int_equal(txn.ops[at].key, key);
                assert_false(txn.ops[at].write);
            }
        }
        assert_int_equal(key, (int64_t)txn.draw.next);
    }
    gv_load_txn_fini(&txn);
    struct gv_load_txn none; // has drawn no transaction and no key
    gv_load_txn_init(&none, 0, 0, 0);
    assert_int_equal(gv_load_txn_final(&none, 1), 0);
    gv_load_txn_fini(&none);
}

static void operations_have_their_contents(void **state) {
    (void)state;
    struct gv_load load;
    struct gv_memory_bytes body = {0};
    gv_load_init(&load, GV_LOAD_TXN_RW_REGISTER, 100, 1);
    load.shape = (struct gv_load_shape){.key_count = 1, .max_txn_length = 1};
    struct gv_load_op op = gv_load_next(&load);
    assert_int_equal(op.kind, GV_HISTORY_TXN);
    assert_int_equal(op.value, 0);
    struct gv_history_op asked = {.kind = op.kind, .content = op.content};
    assert_int_equal(gv_load_next_request(&load, 0, NULL, &asked, &body), GV_LOAD_TXN);
    static const char expected[] = "\"type\":\"txn\",\"txn\":[[\"w\",0,1]]";
    assert_int_equal(body.len, sizeof expected - 1);
    assert_memory_equal(body.data, expected, body.len);
    const struct gv_load_txn_op ops[] = {{false, 3, 0}, {true, 12, 7}};
    body.len = 0;
    gv_load_txn_body(ops, 2, &body);
    assert_memory_equal(body.data, "\"type\":\"txn\",\"txn\":[[\"r\",3,null],[\"w\",12,7]]",
                        body.len);
    assert_int_equal(gv_load_next(&load).value, 1);
    gv_time wait = 1;
    assert_true(gv_load_final(&load, 0, 0, &op, &wait));
    assert_int_equal(wait, 0);
    assert_int_equal(op.content.len, sizeof(struct gv_load_txn_op));
    assert_false(gv_load_final(&load, 0, 1, &op, &wait));
    free(body.data);
    gv_load_fini(&load);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_short_and_half_of_them_reads),
        cmocka_unit_test(each_key_is_twice_as_likely_as_the_one_before),
        cmocka_unit_test(values_of_a_key_are_unique_and_few),
        cmocka_unit_test(final_reads_are_of_all_keys_for_each_worker),
        cmocka_unit_test(operations_have_their_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
