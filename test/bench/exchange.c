// SPDX-License-Identifier: MIT
#include "exchange.h"

#include "../../engine/core.h"
#include "../../engine/prng.h"
#include "../../sim/check/check_replicas.h"
#include "../lib/story.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NAMES = 2,
    START_MS = 1000,
    // The second engine starts this much later. If both start at once, each opens a sync, and on a
    // slow link both syncs run, since neither has received the other's first message.
    LATER_MS = 600,
    BASE_SEED = 0,       // seed of the common entries; differences have other seeds
    WARM_UP_SEED = 1000, // added to the seed for the sync that precedes a warm one (exchange.h)
    ENVELOPE = sizeof "{\"src\":\"n0\",\"dest\":\"n1\",\"body\":}\n" - 1,
    TEXT_MAX = 32,
    TRACED_MAX = 4096, // longest message that is traced in full, bytes
    MESSAGES_MAX = 1000000,
    // An engine is silent if its only timer is the next idle comparison, half a minute away.
    SILENT_MS = 5000,
    TIME_MAX_MS = 600000,
    ARENA_ITEM = 256, // bytes for an item at both sides, an upper bound
    ARENA_MORE = 256 << 20,
};

// A message in flight.
struct packet {
    struct packet *next;
    gv_time due;
    size_t len;
    char text[];
};

struct gv_exchange {
    struct gv_exchange_plan plan;
    struct gv_arena arena; // the memory of both engines
    struct gv_engine *side[2];
    struct packet *inbox[2], *last[2];
    struct gv_json json;
    char *buf;
    gv_time now;
    uint64_t spent_ns;
    struct gv_exchange_outcome out;
};

// --- bounds ----------------------------------------------------------------------------------

// log2 of the number of subsets of `some` among n elements.
static double choices(double n, uint64_t some) {
    double bits = 0;
    for (uint64_t i = 0; i < some; i++) bits += log2(n - (double)i) - log2((double)i + 1);
    return bits;
}

// The number of differences at this side, if the seed is even; odd seeds swap the sides.
static uint64_t extras(const struct gv_exchange_plan *plan, int side) {
    if (plan->pattern == GV_EXCHANGE_NEWEST) return side == 0 ? plan->diff : 0;
    return side == 0 ? plan->diff - plan->diff / 2 : plan->diff / 2;
}

double gv_exchange_lower_bound(const struct gv_exchange_plan *plan) {
    double bits = 0;
    for (int side = 0; side < 2; side++) {
        uint64_t more = plan->pattern == GV_EXCHANGE_CHANGED ? 0 : extras(plan, side);
        bits += choices((double)(plan->items + more), extras(plan, side));
    }
    return bits / 8;
}

double gv_exchange_lower_bound_with_items(const struct gv_exchange_plan *plan) {
    return (choices(0x1p64, extras(plan, 0)) + choices(0x1p64, extras(plan, 1))) / 8;
}

// --- two engines -----------------------------------------------------------------------------

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// A permutation of 64 bits (the finalizer of SplitMix: Steele, Lea, Flood, OOPSLA 2014).
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void put(struct gv_exchange *exchange, int side, uint64_t seed, uint64_t number,
                uint64_t count) {
    enum gv_exchange_pattern pattern = exchange->plan.pattern;
    uint64_t value = mix(number + seed * 0x100000001);
    if (pattern == GV_EXCHANGE_NEWEST) value = number;
    char key[TEXT_MAX];
    if (pattern == GV_EXCHANGE_STRINGS) {
        snprintf(key, sizeof key, "\"user-%016" PRIx64 "\"", value);
    } else {
        snprintf(key, sizeof key, "%" PRId64, (int64_t)value);
    }
    struct gv_entry entry = {.key = slice(key)};
    if (pattern == GV_EXCHANGE_CHANGED) {
        entry.lattice = GV_LATTICE_COUNTER;
        entry.count = count;
    }
    int stored = gv_engine_put(exchange->side[side], 0, &entry);
    GV_ASSERT(stored == 1);
}

static uint64_t common_items(const struct gv_exchange_plan *plan) {
    return plan->pattern == GV_EXCHANGE_CHANGED ? plan->items - plan->diff : plan->items;
}

struct gv_exchange *gv_exchange_new(const struct gv_exchange_plan *plan) {
    struct gv_exchange *exchange = malloc(sizeof *exchange);
    GV_ASSERT(exchange != NULL);
    *exchange = (struct gv_exchange){.plan = *plan, .buf = malloc(GV_MESSAGE_LIMIT)};
    GV_ASSERT(exchange->buf != NULL);
    gv_arena_init(&exchange->arena, plan->items * ARENA_ITEM + ARENA_MORE);
    gv_json_init(&exchange->json, gv_base_malloc(), 1 << 22, 0);
    for (int i = 0; i < 2; i++) {
        struct gv_engine_config config = {
            .alloc = gv_arena_alloc(&exchange->arena),
            .secret = slice("a secret"),
            .staleness_ms = 500,
            .message_max = plan->message_max,
        };
        int error = gv_engine_new(&exchange->side[i], &config);
        GV_ASSERT(error == 0);
    }
    for (uint64_t i = 0; i < common_items(plan); i++) {
        for (int side = 0; side < 2; side++) put(exchange, side, BASE_SEED, i, 1);
    }
    gv_arena_save(&exchange->arena);
    return exchange;
}

void gv_exchange_free(struct gv_exchange *exchange) {
    gv_json_fini(&exchange->json);
    gv_arena_fini(&exchange->arena);
    free(exchange->buf);
    free(exchange);
}

// Puts the differences into both engines, and joins the engines.
static void join(struct gv_exchange *exchange, uint64_t diff, uint64_t seed,
                 const uint32_t expect[2]) {
    const struct gv_exchange_plan *plan = &exchange->plan;
    uint64_t common = common_items(plan);
    for (uint64_t i = 0; i < diff; i++) {
        int one = (plan->pattern == GV_EXCHANGE_NEWEST ? 0 : (int)(i & 1)) ^ (int)(seed & 1);
        put(exchange, one, seed, common + i, 2);
        if (plan->pattern == GV_EXCHANGE_CHANGED) put(exchange, 1 - one, seed, common + i, 1);
    }
    exchange->now = START_MS * GV_MS;
    struct gv_slice names[NAMES] = {slice("n0"), slice("n1")};
    for (int i = 0; i < 2; i++) {
        if (i > 0) exchange->now += LATER_MS * GV_MS;
        gv_prng_init(&exchange->side[i]->prng, seed * 2 + (uint64_t)i, 0);
        int error = gv_engine_join(exchange->side[i], exchange->now, names[i], names, NAMES);
        GV_ASSERT(error == 0);
    }
    for (int i = 0; i < 2; i++) {
        if (expect[i] > 0)
            gv_antientropy_set_expected(&exchange->side[i]->antientropy, 1 - i, 4 * expect[i]);
        struct gv_peer *peer = gv_core_peer(exchange->side[i], 1 - i);
        GV_ASSERT(peer != NULL);
        peer->ack.measured = true;
        peer->ack.srtt = plan->trip_ms * GV_MS;
    }
}

// --- the exchange ----------------------------------------------------------------------------

static uint64_t cpu_ns(void) {
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (uint64_t)spent.tv_sec * 1000000000 + (uint64_t)spent.tv_nsec;
}

static void count(struct gv_exchange *exchange, const struct packet *packet,
                  const struct gv_message *message) {
    struct gv_exchange_outcome *out = &exchange->out;
    out->messages++;
    out->bytes += packet->len + ENVELOPE;
    if (message->ranges.len > 0) {
        out->steps++;
        out->packed += GV_BASE64_BYTES(message->ranges.len);
    }
    if (message->entries > 0) {
        const size_t name = sizeof ",\"entries\":" - 1;
        out->entries += gv_json_raw(&exchange->json, message->entries).len + name;
    }
}

// Receives the messages that are due for this side, while it is ready. Returns true if there were
// any.
static bool receive(struct gv_exchange *exchange, int side) {
    bool some = false;
    for (struct packet *packet; (packet = exchange->inbox[side]) != NULL; some = true) {
        if (packet->due > exchange->now || !gv_engine_ready(exchange->side[side])) break;
        exchange->inbox[side] = packet->next;
        if (packet->next == NULL) exchange->last[side] = NULL;
        uint64_t start = cpu_ns();
        struct gv_message message = {0};
        const char *fault;
        int error = gv_json_parse(&exchange->json, packet->text, packet->len);
        if (error > 0) error = gv_message_decode(&message, &exchange->json, 0, &fault);
        if (error >= 0)
            error = gv_engine_receive(exchange->side[side], exchange->now, 1 - side, &message);
        exchange->spent_ns += cpu_ns() - start;
        GV_ASSERT(error >= 0);
        count(exchange, packet, &message);
        if (exchange->plan.trace != NULL) {
            fprintf(exchange->plan.trace, "%6.1f ms  n%d > n%d  %5zu B  ",
                    (double)(packet->due - START_MS * GV_MS) / (double)GV_MS, 1 - side, side,
                    packet->len + ENVELOPE);
            if (packet->len < TRACED_MAX)
                gv_story_write(exchange->plan.trace, &exchange->json, 0);
            else
                fputs("too long for the trace", exchange->plan.trace);
            fputc('\n', exchange->plan.trace);
        }
        free(packet);
    }
    return some;
}

// Sends all pending messages of this side. Returns true if there were any.
static bool send_all(struct gv_exchange *exchange, int side) {
    struct gv_engine *engine = exchange->side[side];
    for (bool some = false;; some = true) {
        uint64_t start = cpu_ns();
        int peer;
        if (gv_engine_deadline(engine) <= exchange->now) gv_engine_advance(engine, exchange->now);
        int sent = gv_engine_send(engine, exchange->now, exchange->buf, GV_MESSAGE_LIMIT, &peer);
        exchange->spent_ns += cpu_ns() - start;
        GV_ASSERT(sent >= 0);
        if (sent == 0) return some;
        size_t len = (size_t)sent;
        struct packet *packet = malloc(sizeof *packet + len);
        GV_ASSERT(packet != NULL);
        packet->next = NULL;
        packet->due = exchange->now + exchange->plan.trip_ms * GV_MS / 2;
        packet->len = len;
        memcpy(packet->text, exchange->buf, len);
        struct packet **to =
            exchange->last[1 - side] ? &exchange->last[1 - side]->next : &exchange->inbox[1 - side];
        *to = exchange->last[1 - side] = packet;
    }
}

// The time of the next event. A message that waits for a side to be ready is not an event.
static gv_time next_event(const struct gv_exchange *exchange) {
    gv_time next = GV_TIME_NEVER;
    for (int i = 0; i < 2; i++) {
        gv_time due = gv_engine_deadline(exchange->side[i]);
        const struct packet *packet = exchange->inbox[i];
        if (packet != NULL && packet->due > exchange->now && packet->due < due) due = packet->due;
        if (due < next) next = due;
    }
    return next;
}

// Exchanges messages until the engines are equal and silent, or a limit is reached.
static void exchange_messages(struct gv_exchange *exchange) {
    struct gv_exchange_outcome *out = &exchange->out;
    gv_time until = exchange->now + TIME_MAX_MS * GV_MS;
    bool were_equal = false;
    while (!out->silent && out->messages < MESSAGES_MAX && exchange->now < until) {
        for (bool some = true; some;) {
            some = false;
            for (int side = 0; side < 2; side++) {
                some = receive(exchange, side) || some;
                some = send_all(exchange, side) || some;
            }
        }
        if (!were_equal &&
            gv_digest_equal(gv_engine_root(exchange->side[0]), gv_engine_root(exchange->side[1]))) {
            // Read now, because later comparisons find nothing and so lower the number.
            for (int i = 0; i < 2; i++)
                out->expect[i] = gv_antientropy_expected(&exchange->side[i]->antientropy, 1 - i);
            were_equal = true;
        }
        gv_time next = next_event(exchange);
        bool under_way = exchange->inbox[0] != NULL || exchange->inbox[1] != NULL;
        if (!under_way && next > exchange->now + SILENT_MS * GV_MS) {
            out->equal = gv_check_replicas_equal(exchange->side[0], exchange->side[1]);
            out->silent = out->equal;
        }
        exchange->now = next > exchange->now ? next : exchange->now + 1;
    }
    for (int i = 0; i < 2; i++) {
        for (struct packet *packet; (packet = exchange->inbox[i]) != NULL; free(packet))
            exchange->inbox[i] = packet->next;
        exchange->last[i] = NULL;
    }
    out->cpu_us = exchange->spent_ns / 1000;
    // The common entries and the differences.
    uint64_t all = common_items(&exchange->plan) + exchange->plan.diff;
    out->equal = out->equal && gv_engine_root(exchange->side[0]).count == all;
}

static void begin(struct gv_exchange *exchange, FILE *trace) {
    gv_arena_restore(&exchange->arena);
    exchange->plan.trace = trace;
    exchange->out = (struct gv_exchange_outcome){0};
    exchange->spent_ns = 0;
}

struct gv_exchange_outcome gv_exchange_run(struct gv_exchange *exchange,
                                           const struct gv_exchange_plan *plan, uint64_t seed) {
    uint32_t expect[2] = {0, 0};
    GV_ASSERT(plan->items == exchange->plan.items && plan->pattern == exchange->plan.pattern);
    GV_ASSERT(plan->message_max == exchange->plan.message_max && plan->diff == exchange->plan.diff);
    GV_ASSERT(seed != BASE_SEED && seed < WARM_UP_SEED);
    exchange->plan = *plan;
    if (plan->warm) {
        // Runs a first sync with other differences, whose number is 3/4 to 5/4 of the plan's.
        exchange->plan.diff = plan->diff - plan->diff / 4 + plan->diff / 2 * (seed % 8) / 7;
        begin(exchange, NULL);
        join(exchange, exchange->plan.diff, seed + WARM_UP_SEED, expect);
        exchange_messages(exchange);
        GV_ASSERT(exchange->out.silent);
        memcpy(expect, exchange->out.expect, sizeof expect);
        exchange->plan.diff = plan->diff;
    }
    begin(exchange, plan->trace);
    // An earlier sync has cached the sketches of all nodes of the tree that have not changed since.
    for (int i = 0; plan->warm && i < 2; i++)
        gv_tree_sketch(&exchange->side[i]->replica.tree, 0, GV_POSITION_END);
    join(exchange, plan->diff, seed, expect);
    exchange_messages(exchange);
    return exchange->out;
}
