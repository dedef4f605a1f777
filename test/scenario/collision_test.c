// SPDX-License-Identifier: MIT
// Different keys that share a position: two replicas find and exchange them like any others, in few
// messages and at the cost of the differences only.
#include "../../engine/core.h"
#include "../../engine/sync.h"
#include "../../sim/equal.h"
#include "../lib/collide.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMON = 100000, PAIRS = 64, SEEDS = 20, MESSAGES_MOST = 12, SIDES = 2, INBOX = 64 };

struct letter {
    size_t len;
    char text[GV_MESSAGE_LIMIT];
};

struct duel {
    struct gv_engine *side[SIDES];
    struct gv_json json;
    struct letter *inbox[SIDES];
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
static void begin(struct duel *duel, uint64_t seed, const char *secret) {
    *duel = (struct duel){.now = 1000 * GV_MS};
    gv_json_init(&duel->json, gv_base_malloc(), 0, 0);
    static const char *const texts[] = {"%" PRIu64, "\"%" PRIu64 "\"", "%" PRIu64 ".25"};
    for (int side = 0; side < SIDES; side++) {
        struct gv_engine_config config = {
            .alloc = gv_base_malloc(),
            .seed = seed * SIDES + (uint64_t)side,
            .secret = slice(secret),
            .staleness_ms = 500,
        };
        assert_int_equal(gv_engine_new(&duel->side[side], &config), 0);
        duel->inbox[side] = malloc(INBOX * sizeof *duel->inbox[side]);
        assert_non_null(duel->inbox[side]);
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
            put(duel->side[side], key, 1);
        }
    }
}

// Puts the keys of each pair on one side, on the other or on both: all ways but none of the two.
static void plant(struct duel *duel, uint64_t seed) {
    const struct gv_digest_key *key = &duel->side[0]->replica.key;
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
            if (way >> bit & 1) put(duel->side[bit / 2], pair.keys[bit % 2], 1);
        }
    }
}

static void join(struct duel *duel, unsigned trip_ms) {
    struct gv_slice names[SIDES] = {slice("n0"), slice("n1")};
    duel->latency = trip_ms * GV_MS / 2;
    for (int side = 0; side < SIDES; side++) {
        struct gv_engine *engine = duel->side[side];
        assert_int_equal(gv_engine_join(engine, duel->now, names[side], names, SIDES), 0);
        struct gv_peer *peer = gv_core_peer(engine, 1 - side);
        assert_non_null(peer);
        peer->measured = trip_ms > 0;
        peer->srtt = trip_ms * GV_MS;
    }
}

static bool speak(struct duel *duel, int from) {
    struct gv_engine *engine = duel->side[from];
    bool some = false;
    int peer;
    for (;;) {
        assert_true(duel->waiting[1 - from] < INBOX);
        struct letter *letter = &duel->inbox[1 - from][duel->waiting[1 - from]];
        int len = gv_engine_send(engine, duel->now, letter->text, sizeof letter->text, &peer);
        assert_true(len >= 0);
        if (len == 0) return some;
        letter->len = (size_t)len;
        duel->waiting[1 - from]++;
        some = true;
    }
}

static bool listen(struct duel *duel, int to) {
    bool some = duel->waiting[to] > 0;
    for (size_t i = 0; i < duel->waiting[to]; i++) {
        struct letter *letter = &duel->inbox[to][i];
        struct gv_message message;
        const char *fault;
        assert_true(gv_json_parse(&duel->json, letter->text, letter->len) > 0);
        assert_int_equal(gv_message_decode(&message, &duel->json, 0, &fault), 0);
        assert_true(gv_engine_ready(duel->side[to]));
        assert_int_equal(gv_engine_receive(duel->side[to], duel->now, 1 - to, &message), 0);
        duel->messages += message.ranges.len > 0 || message.entries > 0;
        duel->bytes += letter->len;
    }
    duel->waiting[to] = 0;
    return some;
}

// Lets the two speak in turn until they are equal, or have nothing left to say.
static enum gv_equal talk(struct duel *duel) {
    for (int rounds = 0; rounds < 100; rounds++) {
        for (int quiet = 0, from = 0; quiet < 2; from = 1 - from) {
            bool heard = listen(duel, from), said = speak(duel, from);
            quiet = heard || said ? 0 : quiet + 1;
            if (said) duel->now += duel->latency;
        }
        if (duel->messages > 0) break;
        gv_time due[SIDES] = {gv_engine_deadline(duel->side[0]), gv_engine_deadline(duel->side[1])};
        duel->now = due[0] < due[1] ? due[0] : due[1];
        for (int side = 0; side < SIDES; side++) gv_engine_advance(duel->side[side], duel->now);
    }
    return gv_equal_compare(duel->side[0], duel->side[1]);
}

static void end(struct duel *duel) {
    for (int side = 0; side < SIDES; side++) {
        gv_engine_free(duel->side[side]);
        free(duel->inbox[side]);
    }
    gv_json_fini(&duel->json);
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
                struct duel duel;
                begin(&duel, seed, secret);
                plant(&duel, seed);
                join(&duel, trips_ms[trip]);
                enum gv_equal equal = talk(&duel);
                if (duel.messages > most) most = duel.messages;
                bytes += duel.bytes;
                if (equal != GV_EQUAL_YES || duel.messages > MESSAGES_MOST)
                    printf("seed %" PRIu64 ", secret \"%s\", round trip %u ms: %" PRIu64
                           " messages\n",
                           seed, secret, trips_ms[trip], duel.messages);
                assert_int_equal(equal, GV_EQUAL_YES);
                assert_true(duel.messages <= MESSAGES_MOST);
                end(&duel);
            }
            printf("%s secret, round trip %u ms: at most %" PRIu64 " messages, %" PRIu64
                   " bytes on average\n",
                   with ? "with a" : "without a", trips_ms[trip], most, bytes / SEEDS);
        }
    }
}

// More keys at one position than a list holds: a position cannot be cut, so both sides give all
// they have there.
static void many_keys_at_one_place(void **state) {
    (void)state;
    struct duel duel;
    char secret[GV_COLLIDE_SECRET_MAX];
    uint64_t seed = gv_test_seed() % 1000000;
    gv_collide_secret(seed, secret);
    begin(&duel, seed, secret);
    const struct gv_digest_key *key = &duel.side[0]->replica.key;
    struct gv_collide_pair pair;
    gv_collide_pair(key, 5, &pair); // of two strings, which differ in one letter
    size_t at = 0;
    while (pair.keys[0][at] == pair.keys[1][at]) at++;
    for (int i = 0; i < 90; i++) {
        pair.keys[0][at] = (char)('#' + i);
        if (pair.keys[0][at] == '\\') continue;
        put(duel.side[i % 2], pair.keys[0], 1);
    }
    join(&duel, 0);
    assert_int_equal(talk(&duel), GV_EQUAL_YES);
    printf("89 keys at one position: %" PRIu64 " messages, %" PRIu64 " bytes\n", duel.messages,
           duel.bytes);
    assert_true(duel.messages <= 4 * MESSAGES_MOST); // the range narrows around the position
    end(&duel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_pairs_are_exchanged),
        cmocka_unit_test(many_keys_at_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
