// SPDX-License-Identifier: MIT
// Different keys that share a position. Syncs find and exchange their entries like other entries,
// in few messages and at the cost of the differences.
#include "../../engine/core.h"
#include "../../sim/check/check_replicas.h"
#include "../lib/collide.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMON = 100000, PAIRS = 64, SEEDS = 20, MESSAGES_MOST = 12, SIDES = 2, INBOX = 64 };

struct packet {
    size_t len;
    char text[GV_MESSAGE_LIMIT];
};

struct exchange {
    struct gv_engine *side[SIDES];
    struct gv_json json;
    struct packet *inbox[SIDES];
    size_t waiting[SIDES];
    gv_time now, latency;
    uint64_t messages, summaries, bytes;
};

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static void put(struct gv_engine *engine, const char *key, int stored) {
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(key)};
    assert_int_equal(gv_engine_put(engine, 0, &entry), stored);
}

// Two engines with the same entries: integers, strings and floats.
static void begin(struct exchange *exchange, uint64_t seed, const char *secret) {
    *exchange = (struct exchange){.now = 1000 * GV_MS};
    gv_json_init(&exchange->json, gv_base_malloc(), 0, 0);
    static const char *const texts[] = {"%" PRIu64, "\"%" PRIu64 "\"", "%" PRIu64 ".25"};
    for (int side = 0; side < SIDES; side++) {
        struct gv_engine_config config = {
            .alloc = gv_base_malloc(),
            .seed = seed * SIDES + (uint64_t)side,
            .secret = slice(secret),
            .staleness_ms = 500,
        };
        assert_int_equal(gv_engine_new(&exchange->side[side], &config), 0);
        exchange->inbox[side] = malloc(INBOX * sizeof *exchange->inbox[side]);
        assert_non_null(exchange->inbox[side]);
        char key[32];
        for (uint64_t i = 0; i < COMMON; i++) {
            uint64_t value = i * (seed * 2 + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 12;
            switch (i % 3) {
            case 0:
                snprintf(key, sizeof key, texts[0], value);
                break;
            case 1:
                snprintf(key, sizeof key, texts[1], value);
                break;
            default:
                snprintf(key, sizeof key, texts[2], value);
                break;
            }
            put(exchange->side[side], key, 1);
        }
    }
}

// Puts each key of each pair at one side, at the other, at both or at none; at least one key of a
// pair is put.
static void plant(struct exchange *exchange, uint64_t seed) {
    const struct gv_digest_key *key = &exchange->side[0]->replica.key;
    for (uint64_t i = 0; i < PAIRS; i++) {
        struct gv_collide_pair pair;
        gv_collide_pair(key, i == 0 ? 0 : seed * PAIRS + i, &pair);
        struct gv_entry one = {.lattice = GV_LATTICE_SET, .key = slice(pair.keys[0])};
        struct gv_entry two = {.lattice = GV_LATTICE_SET, .key = slice(pair.keys[1])};
        struct gv_item items[2] = {gv_lattice_item(key, &one), gv_lattice_item(key, &two)};
        assert_string_not_equal(pair.keys[0], pair.keys[1]);
        assert_int_equal(items[0].position, items[1].position);
        assert_int_not_equal(items[0].hash, items[1].hash);
        unsigned way = (unsigned)((i + seed) % 15) + 1; // bit 2 · side + key
        for (unsigned bit = 0; bit < 4; bit++) {
            if (way >> bit & 1) put(exchange->side[bit / 2], pair.keys[bit % 2], 1);
        }
    }
}

static void join(struct exchange *exchange, unsigned trip_ms) {
    struct gv_slice names[SIDES] = {slice("n0"), slice("n1")};
    exchange->latency = trip_ms * GV_MS / 2;
    for (int side = 0; side < SIDES; side++) {
        struct gv_engine *engine = exchange->side[side];
        assert_int_equal(gv_engine_join(engine, exchange->now, names[side], names, SIDES), 0);
        struct gv_peer *peer = gv_core_peer(engine, 1 - side);
        assert_non_null(peer);
        peer->ack.measured = trip_ms > 0;
        peer->ack.srtt = trip_ms * GV_MS;
    }
}

static bool send_next(struct exchange *exchange, int from) {
    struct gv_engine *engine = exchange->side[from];
    bool some = false;
    int peer;
    for (;;) {
        assert_true(exchange->waiting[1 - from] < INBOX);
        struct packet *packet = &exchange->inbox[1 - from][exchange->waiting[1 - from]];
        int len = gv_engine_send(engine, exchange->now, packet->text, sizeof packet->text, &peer);
        assert_true(len >= 0);
        if (len == 0) return some;
        packet->len = (size_t)len;
        exchange->waiting[1 - from]++;
        some = true;
    }
}

static bool receive(struct exchange *exchange, int to) {
    bool some = exchange->waiting[to] > 0;
    for (size_t i = 0; i < exchange->waiting[to]; i++) {
        struct packet *packet = &exchange->inbox[to][i];
        struct gv_message message;
        const char *fault;
        assert_true(gv_json_parse(&exchange->json, packet->text, packet->len) > 0);
        assert_int_equal(gv_message_decode(&message, &exchange->json, 0, &fault), 0);
        assert_true(gv_engine_ready(exchange->side[to]));
        assert_int_equal(gv_engine_receive(exchange->side[to], exchange->now, 1 - to, &message), 0);
        exchange->messages += message.ranges.len > 0 || message.entries > 0;
        exchange->bytes += packet->len;
    }
    exchange->waiting[to] = 0;
    return some;
}

// Exchanges messages until both are equal or have nothing to send.
static enum gv_check_replicas exchange_messages(struct exchange *exchange) {
    for (int rounds = 0; rounds < 100; rounds++) {
        for (int quiet = 0, from = 0; quiet < 2; from = 1 - from) {
            bool received = receive(exchange, from), sent = send_next(exchange, from);
            quiet = received || sent ? 0 : quiet + 1;
            if (sent) exchange->now += exchange->latency;
        }
        if (exchange->messages > 0) break;
        gv_time due[SIDES] = {gv_engine_deadline(exchange->side[0]),
                              gv_engine_deadline(exchange->side[1])};
        exchange->now = due[0] < due[1] ? due[0] : due[1];
        for (int side = 0; side < SIDES; side++)
            gv_engine_advance(exchange->side[side], exchange->now);
    }
    return gv_check_replicas_compare(exchange->side[0], exchange->side[1]);
}

static void end(struct exchange *exchange) {
    for (int side = 0; side < SIDES; side++) {
        gv_engine_free(exchange->side[side]);
        free(exchange->inbox[side]);
    }
    gv_json_fini(&exchange->json);
}

// Round trips for which the engine prefers sums, sketches, and fewer messages.
static void planted_pairs_are_exchanged(void **state) {
    (void)state;
    static const unsigned trips_ms[] = {0, 5, 100};
    uint64_t first = gv_test_seed() % 1000000;
    for (int with = 0; with < 2; with++) {
        for (size_t trip = 0; trip < sizeof trips_ms / sizeof *trips_ms; trip++) {
            uint64_t most = 0, bytes = 0;
            for (uint64_t seed = first; seed < first + SEEDS; seed++) {
                char secret[GV_COLLIDE_SECRET_MAX] = "";
                if (with) gv_collide_secret(seed, secret);
                struct exchange exchange;
                begin(&exchange, seed, secret);
                plant(&exchange, seed);
                join(&exchange, trips_ms[trip]);
                enum gv_check_replicas equal = exchange_messages(&exchange);
                if (exchange.messages > most) most = exchange.messages;
                bytes += exchange.bytes;
                if (equal != GV_CHECK_REPLICAS_EQUAL || exchange.messages > MESSAGES_MOST)
                    printf("seed %" PRIu64 ", secret \"%s\", round trip %u ms: %" PRIu64
                           " messages\n",
                           seed, secret, trips_ms[trip], exchange.messages);
                assert_int_equal(equal, GV_CHECK_REPLICAS_EQUAL);
                assert_true(exchange.messages <= MESSAGES_MOST);
                end(&exchange);
            }
            printf("%s secret, round trip %u ms: at most %" PRIu64 " messages, %" PRIu64
                   " bytes on average\n",
                   with ? "with a" : "without a", trips_ms[trip], most, bytes / SEEDS);
        }
    }
}

// More keys share a position than fit into one list. A range of one position cannot be split, so
// both sides send all their entries at that position.
static void many_keys_at_one_position(void **state) {
    (void)state;
    struct exchange exchange;
    char secret[GV_COLLIDE_SECRET_MAX];
    uint64_t seed = gv_test_seed() % 1000000;
    gv_collide_secret(seed, secret);
    begin(&exchange, seed, secret);
    const struct gv_digest_key *key = &exchange.side[0]->replica.key;
    struct gv_collide_pair pair;
    gv_collide_pair(key, 5, &pair); // two strings that differ in one packet
    size_t at = 0;
    while (pair.keys[0][at] == pair.keys[1][at]) at++;
    for (int i = 0; i < 90; i++) {
        pair.keys[0][at] = (char)('#' + i);
        if (pair.keys[0][at] == '\\') continue;
        put(exchange.side[i % 2], pair.keys[0], 1);
    }
    join(&exchange, 0);
    assert_int_equal(exchange_messages(&exchange), GV_CHECK_REPLICAS_EQUAL);
    printf("89 keys at one position: %" PRIu64 " messages, %" PRIu64 " bytes\n", exchange.messages,
           exchange.bytes);
    assert_true(exchange.messages <= 4 * MESSAGES_MOST); // the range narrows around the position
    end(&exchange);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_pairs_are_exchanged),
        cmocka_unit_test(many_keys_at_one_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
