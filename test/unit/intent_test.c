// SPDX-License-Identifier: MIT
// Intents compared with a model of two values: whether a ping is intended, and what kind of sync.
#include "../../engine/intent.h"

#include "../../engine/prng.h"
#include "../lib/test.h"

enum { NO_SYNC, ONCE, UNTIL_ACKNOWLEDGED };

struct model {
    bool ping;
    int sync;
};

static const struct model meanings[] = {
    [GV_INTENT_NONE] = {false, NO_SYNC},
    [GV_INTENT_PING] = {true, NO_SYNC},
    [GV_INTENT_SYNC] = {false, ONCE},
    [GV_INTENT_PROBE] = {true, ONCE},
    [GV_INTENT_RELIABLE_SYNC] = {false, UNTIL_ACKNOWLEDGED},
    [GV_INTENT_RELIABLE_PROBE] = {true, UNTIL_ACKNOWLEDGED},
};

static void assert_is(const struct gv_intent *intent, struct model model) {
    assert_int_equal(gv_intent_has_ping(intent), model.ping);
    assert_int_equal(gv_intent_has_sync(intent), model.sync != NO_SYNC);
    assert_int_equal(gv_intent_is_reliable(intent), model.sync == UNTIL_ACKNOWLEDGED);
}

static void every_two_intents_add_up(void **state) {
    (void)state;
    for (size_t first = 0; first < GV_COUNT(meanings); first++) {
        for (size_t second = 0; second < GV_COUNT(meanings); second++) {
            struct gv_intent intent = {0};
            struct model sum = meanings[first];
            gv_intent_add(&intent, (enum gv_intent_next)first);
            assert_is(&intent, sum);
            gv_intent_add(&intent, (enum gv_intent_next)second);
            sum.ping |= meanings[second].ping;
            if (meanings[second].sync > sum.sync) sum.sync = meanings[second].sync;
            assert_is(&intent, sum);
        }
    }
}

// An intent is kept until a message carries it out, and no longer.
static void nothing_is_forgotten(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_intent intent = {0};
    struct model model = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t event = gv_prng_below(&prng, 8);
        if (event < GV_COUNT(meanings)) {
            gv_intent_add(&intent, (enum gv_intent_next)event);
            model.ping |= meanings[event].ping;
            if (meanings[event].sync > model.sync) model.sync = meanings[event].sync;
        } else if (event == 6) {
            gv_intent_pinged(&intent);
            model.ping = false;
        } else {
            gv_intent_synced(&intent);
            model.sync = NO_SYNC;
        }
        assert_is(&intent, model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_two_intents_add_up),
        cmocka_unit_test(nothing_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
