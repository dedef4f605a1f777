// SPDX-License-Identifier: MIT
#include "key_draw.h"

// The number of an active key: number i with a probability of 2^i in 2^10 - 1.
static uint32_t draw_number(struct gv_prng *prng) {
    uint64_t drawn = gv_prng_below(prng, (UINT64_C(1) << GV_KEY_DRAW_ACTIVE) - 1) + 1;
    uint32_t number = 0;
    while (drawn >> (number + 1) > 0) number++;
    return number;
}

bool gv_key_draw_next(struct gv_key_draw *draw, struct gv_prng *prng, uint64_t *key,
                      int64_t *value) {
    GV_ASSERT(draw->max_writes > 0);
    for (; draw->next < GV_KEY_DRAW_ACTIVE; draw->next++) draw->active[draw->next].key = draw->next;
    for (;;) {
        bool write = gv_prng_below(prng, 2) == 1;
        struct gv_key_draw_key *drawn = &draw->active[draw_number(prng)];
        if (write && drawn->writes == draw->max_writes) {
            *drawn = (struct gv_key_draw_key){.key = draw->next++};
            continue;
        }
        *key = drawn->key;
        if (write) *value = ++drawn->writes;
        return write;
    }
}
