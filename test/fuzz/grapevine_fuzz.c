// SPDX-License-Identifier: MIT
// Random calls of grapevine.h. The input is a list of calls, each a letter, a length and bytes for
// a text or a message. It drives two nodes, one of them under a secret, and a peer that sends what
// the input says. A node must always be able to read what was written, and to read back what
// on_change has reported.
#include "../../engine/grapevine.h"
#include "../../merkle/base.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES = 2, RECORDS_MAX = 1 << 20, CALLS_MAX = 64, SENDS_MAX = 1000 };

static char buf[GV_MESSAGE_MAX];

struct side {
    struct grapevine *gv;
    char *records;
    size_t len;
    uint64_t changes;
    bool is_blocked; // the peer cannot be sent to
};

static void on_change(void *ctx, struct grapevine *gv, const struct gv_change *change) {
    struct side *side = ctx;
    struct gv_slice value;
    int64_t count;
    side->changes++;
    if (change->kind == GV_SET) GV_ASSERT(gv_set_has(gv, change->key) == 1);
    if (change->kind == GV_COUNTER) {
        GV_ASSERT(gv_counter_value(gv, change->key, &count) == 0 && count == change->count);
    }
    if (change->kind == GV_REGISTER) {
        GV_ASSERT(gv_register_get(gv, change->key, &value) == 1);
        GV_ASSERT(value.len == change->value.len);
        GV_ASSERT(memcmp(value.data, change->value.data, value.len) == 0);
    }
    if (change->key.len % 7 == 0) gv_set_add(gv, 0, change->key); // applied later
    if (side->len + change->record.len + 1 > RECORDS_MAX) return;
    memcpy(side->records + side->len, change->record.data, change->record.len);
    side->len += change->record.len;
    side->records[side->len++] = '\n';
}

static struct grapevine *new_node(struct side *side, bool secret, bool watched) {
    struct gv_config config;
    gv_config_init(&config);
    config.name = gv_slice_text("n1");
    config.incarnation = 7;
    config.staleness_ms = secret ? 0 : 300;
    if (secret) config.secret = gv_slice_text("a secret");
    if (watched) config.on_change = on_change;
    config.on_change_ctx = side;
    GV_ASSERT(gv_new(&side->gv, &config) == 0);
    return side->gv;
}

static void drain(const struct side *side, gv_time now) {
    int peer, len, sent = 0;
    while ((len = gv_send(side->gv, now, buf, sizeof buf, &peer)) > 0) {
        GV_ASSERT(!side->is_blocked);
        GV_ASSERT(len <= GV_MESSAGE_MAX && peer == 0 && ++sent < SENDS_MAX);
    }
    GV_ASSERT(len == 0);
}

// Checks that a node restored from its records has the same entries.
static void check_records(struct side *side, bool secret) {
    struct side copy = {0};
    struct gv_stats before, after;
    struct grapevine *gv = new_node(&copy, secret, false);
    GV_ASSERT(gv_load(gv, gv_slice_of(side->records, side->len)) >= 0);
    gv_get_stats(side->gv, &before, sizeof before);
    gv_get_stats(gv, &after, sizeof after);
    GV_ASSERT(before.entries == after.entries && before.digest == after.digest);
    gv_free(gv);
}

// Iterates over all keys, and over those within the bounds that are set.
static void iterate(struct grapevine *gv, struct gv_slice first, struct gv_slice end, int set) {
    struct gv_stats stats;
    gv_get_stats(gv, &stats, sizeof stats);
    for (int kind = GV_SET; kind <= GV_REGISTER; kind++) {
        uint64_t found[2] = {0, 0};
        for (int ranged = 0; ranged < 2; ranged++) {
            struct gv_iterator it = {.kind = (enum gv_kind)kind};
            struct gv_item_view item;
            if (ranged && (set & 1)) it.first = first;
            if (ranged && (set & 2)) it.end = end;
            if (ranged && (set & 4)) it.prefix = first;
            while (gv_next(gv, &it, &item) == 1) GV_ASSERT(++found[ranged] <= stats.entries);
        }
        GV_ASSERT(found[1] <= found[0]);
    }
}

static void call(struct side *side, gv_time now, uint8_t what, struct gv_slice text) {
    struct grapevine *gv = side->gv;
    struct gv_slice key = gv_slice_of(text.data, text.len / 2), value;
    struct gv_slice rest = gv_slice_of(text.data + key.len, text.len - key.len);
    int64_t count, delta = 0;
    memcpy(&delta, text.data, text.len < sizeof delta ? text.len : sizeof delta);
    switch (what % 8) {
    case 0:
        if (gv_set_add(gv, now, text) >= 0) GV_ASSERT(gv_set_has(gv, text) == 1);
        break;
    case 1:
        if (gv_counter_add(gv, now, rest, delta) >= 0)
            GV_ASSERT(gv_counter_value(gv, rest, &count) == 0);
        break;
    case 2:
        if (gv_register_set(gv, now, key, rest) == 1)
            GV_ASSERT(gv_register_get(gv, key, &value) == 1 && value.len > 0);
        break;
    case 3:
    case 4:
        gv_receive(gv, now, 0, text.data, text.len);
        break;
    case 5:
        iterate(gv, key, rest, what / 8);
        break;
    case 6:
        gv_advance(gv, now);
        if (gv_set_writable(gv, now, 0, text.len % 2 == 0) == 0)
            side->is_blocked = text.len % 2 != 0;
        break;
    default:
        drain(side, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char *records;
    if (size == 0) return 0;
    if (records == NULL) records = malloc(RECORDS_MAX);
    GV_ASSERT(records != NULL);
    bool secret = data[0] % 2 != 0, joins = data[0] % 8 != 7;
    struct side side = {.records = records};
    struct grapevine *gv = new_node(&side, secret, true);
    const struct gv_slice names[NODES] = {gv_slice_text("n0"), gv_slice_text("n1")};
    gv_time now = 0;
    size_t at = 1;
    for (int calls = 0; calls < CALLS_MAX && size - at >= 3; calls++) {
        if (joins && calls == data[0] % 3) GV_ASSERT(gv_join(gv, now, names, NODES) == 0);
        size_t len = (size_t)(data[at + 1] | data[at + 2] << 8), left = size - at - 3;
        len = len < left ? len : left;
        now += (gv_time)data[at] * 10 * GV_MS;
        call(&side, now, data[at], gv_slice_of(data + at + 3, len));
        at += 3 + len;
    }
    drain(&side, now);
    if (side.len < RECORDS_MAX / 2) check_records(&side, secret);
    gv_free(gv);
    return 0;
}
