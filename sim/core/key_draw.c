// SPDX-License-Identifier: MIT
#include "key_draw.h"

// Keys that are less than 2^-40 times as likely as the last key are never drawn.
enum { LIKELY = 40 };

// Draws the number of an active key, number i with a probability proportional to 2^i.
static uint32_t draw_number(uint32_t count, struct gv_prng *prng) {
    uint32_t likely = count < LIKELY ? count : LIKELY, number = 0;
    uint64_t drawn = gv_prng_below(prng, (UINT64_C(1) << likely) - 1) + 1;
    while (drawn >> (number + 1) > 0) number++;
    return count - likely + number;
}

bool gv_key_draw_next(struct gv_key_draw *draw, struct gv_prng *prng, uint64_t *key,
                      int64_t *value) {
    GV_ASSERT(draw->max_writes > 0);
    uint32_t count = draw->count > 0 ? draw->count : GV_KEY_DRAW_ACTIVE;
    GV_ASSERT(count <= GV_KEY_DRAW_ACTIVE_MAX);
    for (; draw->next < count; draw->next++) draw->active[draw->next].key = draw->next;
    for (;;) {
        bool write = gv_prng_below(prng, 2) == 1;
        struct gv_key_draw_key *drawn = &draw->active[draw_number(count, prng)];
        if (write && drawn->writes == draw->max_writes) {
            *drawn = (struct gv_key_draw_key){.key = draw->next++};
            continue;
        }
        *key = drawn->key;
        if (write) *value = ++drawn->writes;
        return write;
    }
}
