// SPDX-License-Identifier: MIT
#include "load.h"

#include <inttypes.h>
#include <stdio.h>

enum { PRNG_STREAM = 3, DELTA_BOUND = 5, ECHO_BOUND = 128 };

const char *const gv_load_names[] = {"broadcast", "g-set",      "g-counter", "pn-counter",
                                     "echo",      "unique-ids", NULL};

void gv_load_init(struct gv_load *load, enum gv_load_kind kind, double rate, uint64_t seed) {
    GV_ASSERT(kind < GV_LOAD_KINDS);
    GV_ASSERT(rate >= 0);
    *load = (struct gv_load){.kind = kind, .rate = rate};
    gv_prng_init(&load->prng, seed, PRNG_STREAM);
}

struct gv_load_op gv_load_next(struct gv_load *load) {
    if (load->kind == GV_LOAD_UNIQUE_IDS) return (struct gv_load_op){GV_HISTORY_GENERATE, 0};
    if (load->kind == GV_LOAD_ECHO) {
        int64_t number = (int64_t)gv_prng_below(&load->prng, ECHO_BOUND);
        return (struct gv_load_op){GV_HISTORY_ECHO, number};
    }
    for (;;) {
        bool read = gv_prng_below(&load->prng, 2) == 0;
        if (read && load->added) return (struct gv_load_op){GV_HISTORY_READ, 0};
        load->added = true;
        if (gv_load_is_set(load->kind)) {
            return (struct gv_load_op){GV_HISTORY_ADD, load->next_value++};
        }
        int64_t delta = (int64_t)gv_prng_below(&load->prng, 2 * DELTA_BOUND) - DELTA_BOUND;
        // A g-counter has no negative delta: draw again, as Maelstrom does.
        if (load->kind == GV_LOAD_G_COUNTER && delta < 0) continue;
        return (struct gv_load_op){GV_HISTORY_ADD, delta};
    }
}

gv_time gv_load_gap(struct gv_load *load) {
    if (load->rate <= 0) return GV_TIME_NEVER;
    double gap = gv_prng_unit(&load->prng) * 2e9 / load->rate;
    return gap < 1e18 ? (gv_time)gap : GV_TIME_NEVER;
}

bool gv_load_is_set(enum gv_load_kind kind) {
    return kind == GV_LOAD_BROADCAST || kind == GV_LOAD_G_SET;
}

bool gv_load_is_counter(enum gv_load_kind kind) {
    return kind == GV_LOAD_G_COUNTER || kind == GV_LOAD_PN_COUNTER;
}

static int add_body(enum gv_load_kind kind, struct gv_keys *keys, int64_t value,
                    char buf[GV_LOAD_BODY_MAX]) {
    if (!gv_load_is_set(kind))
        return snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"add\",\"delta\":%" PRId64, value);
    char text[GV_KEYS_TEXT_MAX];
    const char *head = kind == GV_LOAD_BROADCAST ? "\"type\":\"broadcast\",\"message\":"
                                                 : "\"type\":\"add\",\"element\":";
    return snprintf(buf, GV_LOAD_BODY_MAX, "%s%s", head, gv_keys_text(keys, value, text));
}

int gv_load_body(enum gv_load_kind kind, struct gv_keys *keys, struct gv_load_op op,
                 char buf[GV_LOAD_BODY_MAX]) {
    int len = 0;
    switch (op.kind) {
    case GV_HISTORY_ADD:
        len = add_body(kind, keys, op.value, buf);
        break;
    case GV_HISTORY_READ:
        len = snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"read\"");
        break;
    case GV_HISTORY_ECHO:
        len = snprintf(buf, GV_LOAD_BODY_MAX,
                       "\"type\":\"echo\",\"echo\":\"Please echo %" PRId64 "\"", op.value);
        break;
    case GV_HISTORY_GENERATE:
    case GV_HISTORY_KINDS:
        len = snprintf(buf, GV_LOAD_BODY_MAX, "\"type\":\"generate\"");
        break;
    }
    GV_ASSERT(len > 0 && len < GV_LOAD_BODY_MAX);
    return len;
}
