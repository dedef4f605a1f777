// SPDX-License-Identifier: MIT
// The public interface of set reconciliation: two sides become the union of their sets, for any
// items, any sizes of messages and any faults of the transport; every misuse returns an error code.
// Uses only the public header, and is linked with merkle/ only.
#include "../../merkle/reconcile.h"
#include "../lib/test.h"

#include <stdlib.h>

enum { ITEMS_MAX = 6000, BYTES_MAX = 24, MESSAGE_MAX = 70000, FLIGHT_MAX = 64, SEND_MAX = 2000 };

// The naive model: all items, and which side has which items.
struct item {
    uint64_t position;
    uint8_t bytes[BYTES_MAX];
    uint32_t len;
    bool on[2];
};

// A message: the numbers of the items sent with it, and the bytes that the library wrote.
struct packet {
    int to;
    uint32_t items[SEND_MAX];
    uint32_t count;
    size_t len;
    uint8_t *bytes;
};

struct side {
    struct gv_reconcile *set;
    struct gv_reconcile_session *session;
    struct packet last; // the last message written
    int status;         // status of the last answer
};

struct pair {
    struct side side[2];
    struct item *items;
    uint32_t count;
    struct packet flight[FLIGHT_MAX];
    uint32_t in_flight;
    uint64_t random;
    uint32_t faults;    // messages per 1,000 that are lost; as many are duplicated and reordered
    uint32_t items_max; // maximum number of items in a message
    size_t cap;         // size of the buffer that the library writes a message to, bytes
    int opener;
    uint64_t exchanges, messages, bytes, sent, redundant;
    struct packet *writing; // the message that is being written
};

// SplitMix64.
static uint64_t next(uint64_t *random) {
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(struct pair *pair, uint64_t limit) {
    return next(&pair->random) % limit;
}

static bool happens(struct pair *pair) {
    return below(pair, 1000) < pair->faults;
}

// ---- Both sides ---------------------------------------------------------------------------------

// The handles differ between the two sides.
static uint32_t ref_of(uint32_t number, int side) {
    return 2 * number + (uint32_t)side;
}

static struct gv_slice bytes_of(const struct item *item) {
    return gv_slice_of(item->bytes, item->len);
}

// Returns false if the side already has the item.
static bool put(struct pair *pair, int side, uint32_t number) {
    struct item *item = &pair->items[number];
    int added = gv_reconcile_add(pair->side[side].set, item->position, bytes_of(item),
                                 ref_of(number, side));
    assert_int_equal(added, !item->on[side]);
    item->on[side] = true;
    return added == 1;
}

static bool send_item(void *ctx, uint64_t position, uint32_t ref) {
    struct pair *pair = ctx;
    struct packet *packet = pair->writing;
    int from = 1 - packet->to;
    uint32_t number = ref / 2;
    assert_true(number < pair->count && ref == ref_of(number, from));
    assert_true(pair->items[number].on[from] && pair->items[number].position == position);
    // Calls that change the set are refused within `send`; other calls are not.
    struct side *side = &pair->side[from];
    uint8_t buf[GV_RECONCILE_MESSAGE_MIN];
    size_t len;
    assert_int_equal(gv_reconcile_add(side->set, 1, gv_slice_of(NULL, 0), 1), GV_EINVAL);
    assert_int_equal(gv_reconcile_remove(side->set, position, bytes_of(&pair->items[number])),
                     GV_EINVAL);
    assert_int_equal(gv_reconcile_free(side->set), GV_EINVAL);
    assert_int_equal(gv_reconcile_session_free(side->session), GV_EINVAL);
    assert_int_equal(gv_reconcile_open(side->session, 1, buf, sizeof buf), GV_EINVAL);
    assert_int_equal(gv_reconcile_answer(side->session, gv_slice_text("x"), buf, sizeof buf, &len),
                     GV_EINVAL);
    uint32_t found;
    assert_int_equal(gv_reconcile_find(side->set, position, bytes_of(&pair->items[number]), &found),
                     1);
    assert_int_equal(found, ref);
    if (packet->count == pair->items_max) return false;
    packet->items[packet->count++] = number;
    return true;
}

static void copy(struct packet *to, const struct packet *from) {
    *to = *from;
    to->bytes = malloc(from->len + 1);
    assert_non_null(to->bytes);
    memcpy(to->bytes, from->bytes, from->len);
}

static void transmit(struct pair *pair, const struct packet *packet) {
    pair->messages++;
    pair->bytes += packet->len;
    pair->sent += packet->count;
    for (int copies = happens(pair) ? 2 : 1; copies > 0; copies--) {
        if (happens(pair) || pair->in_flight == FLIGHT_MAX) continue;
        uint32_t at = happens(pair) ? (uint32_t)below(pair, pair->in_flight + 1) : pair->in_flight;
        memmove(&pair->flight[at + 1], &pair->flight[at],
                (pair->in_flight - at) * sizeof *pair->flight);
        copy(&pair->flight[at], packet);
        pair->in_flight++;
    }
}

// Keeps the message that a side has written, and transmits it.
static void written(struct pair *pair, int from, const struct packet *packet) {
    free(pair->side[from].last.bytes);
    copy(&pair->side[from].last, packet);
    transmit(pair, packet);
}

static void open_exchange(struct pair *pair, int from) {
    uint8_t bytes[GV_RECONCILE_MESSAGE_MIN];
    int len = gv_reconcile_open(pair->side[from].session, next(&pair->random), bytes, sizeof bytes);
    assert_true(len > 0 && len <= 64);
    struct packet packet = {.to = 1 - from, .len = (size_t)len, .bytes = bytes};
    pair->exchanges++;
    pair->opener = from;
    pair->side[from].status = GV_RECONCILE_WAIT;
    written(pair, from, &packet);
}

static void receive(struct pair *pair, const struct packet *packet) {
    static uint8_t bytes[MESSAGE_MAX];
    struct side *side = &pair->side[packet->to];
    for (uint32_t i = 0; i < packet->count; i++)
        pair->redundant += !put(pair, packet->to, packet->items[i]);
    struct packet reply = {.to = 1 - packet->to, .bytes = bytes};
    pair->writing = &reply;
    int status = gv_reconcile_answer(side->session, gv_slice_of(packet->bytes, packet->len), bytes,
                                     pair->cap, &reply.len);
    pair->writing = NULL;
    if (status == GV_RECONCILE_REPEAT) {
        assert_int_equal(reply.len, 0);
        transmit(pair, &side->last);
        return;
    }
    side->status = status;
    if (reply.len > 0) {
        assert_true(reply.len <= pair->cap && status >= 0);
        written(pair, packet->to, &reply);
    } else if (status >= 0) {
        assert_int_equal(reply.count, 0);
    }
}

// Runs an exchange until no message is in flight.
static void run(struct pair *pair) {
    while (pair->in_flight > 0) {
        struct packet packet = pair->flight[0];
        pair->in_flight--;
        memmove(&pair->flight[0], &pair->flight[1], pair->in_flight * sizeof *pair->flight);
        receive(pair, &packet);
        free(packet.bytes);
    }
}

// Runs exchanges until the opener says that the sets are equal; returns their number.
static uint64_t reconcile(struct pair *pair, int opener) {
    uint64_t before = pair->exchanges;
    do {
        if (pair->exchanges - before == 5) fail_msg("no union after 5 exchanges");
        open_exchange(pair, opener);
        run(pair);
    } while (pair->side[opener].status != GV_RECONCILE_DONE);
    return pair->exchanges - before;
}

// ---- Random sets --------------------------------------------------------------------------------

// Numbers, texts at hashed positions, texts that share positions, and changed values.
enum kind { NUMBERS, SERIALS, TEXTS, SHARED, CHANGED, MIXED, KINDS };

static void fill_item(struct pair *pair, enum kind kind, uint32_t i) {
    struct item *item = &pair->items[i];
    if (kind == MIXED) kind = (enum kind)below(pair, MIXED);
    *item = (struct item){.len = kind == NUMBERS || kind == SERIALS ? 0 : 8};
    memcpy(item->bytes, &i, sizeof i);
    if (kind == NUMBERS) item->position = next(&pair->random) % UINT64_MAX;
    if (kind == SERIALS) item->position = UINT64_C(1000000) + i;
    if (kind == TEXTS)
        assert_int_equal(gv_reconcile_position(pair->side[0].set, bytes_of(item), &item->position),
                         0);
    if (kind == SHARED) item->position = below(pair, 1 + i / 40);
    if (kind == CHANGED) item->position = UINT64_C(1) << 40 | i / 2;
}

// Some items are on one side only. If two values share a position, each side has one of them.
static void fill(struct pair *pair, uint32_t count, uint32_t per_mille, enum kind kind) {
    pair->count = count;
    for (uint32_t i = 0; i < count; i++) {
        fill_item(pair, kind, i);
        bool one = below(pair, 1000) < per_mille || kind == CHANGED;
        int side = kind == CHANGED && i % 50 < 2 ? (int)(i % 2) : (int)below(pair, 2);
        put(pair, side, i);
        if (!one || (kind == CHANGED && i % 50 >= 2)) put(pair, 1 - side, i);
    }
}

static void init(struct pair *pair, uint64_t seed, size_t message_max, gv_time round_trip) {
    *pair = (struct pair){.random = seed, .items_max = 100, .cap = message_max};
    pair->items = calloc(ITEMS_MAX, sizeof *pair->items);
    assert_non_null(pair->items);
    for (int i = 0; i < 2; i++) {
        struct gv_reconcile_config config;
        gv_reconcile_config_init(&config);
        config.secret = gv_slice_of(&seed, sizeof seed);
        assert_int_equal(gv_reconcile_new(&pair->side[i].set, &config), 0);
        struct gv_reconcile_session_config options;
        gv_reconcile_session_config_init(&options);
        options.send = send_item;
        options.ctx = pair;
        options.message_max = message_max;
        options.round_trip = round_trip;
        int error = gv_reconcile_session_new(&pair->side[i].session, pair->side[i].set, &options);
        assert_int_equal(error, 0);
    }
}

static void fini(struct pair *pair) {
    for (uint32_t i = 0; i < pair->in_flight; i++) free(pair->flight[i].bytes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gv_reconcile_free(pair->side[i].set), GV_EINVAL); // the set has a session
        assert_int_equal(gv_reconcile_session_free(pair->side[i].session), 0);
        assert_int_equal(gv_reconcile_free(pair->side[i].set), 0);
        free(pair->side[i].last.bytes);
    }
    free(pair->items);
}

static void init_random(struct pair *pair, uint64_t seed) {
    uint64_t random = seed;
    size_t message_max = GV_RECONCILE_MESSAGE_MIN + (next(&random) % 1000 << next(&random) % 7);
    init(pair, random, message_max, next(&random) % 3 * 15 * GV_MS);
    pair->items_max = 1 + (uint32_t)(below(pair, SEND_MAX) >> below(pair, 11));
    fill(pair, (uint32_t)(below(pair, ITEMS_MAX) >> below(pair, 9)),
         1000 >> (uint32_t)below(pair, 11), (enum kind)below(pair, KINDS));
}

// Checks that both sets equal the model, item by item and in order.
static void check_sets(const struct pair *pair) {
    for (int side = 0; side < 2; side++) {
        const struct gv_reconcile *set = pair->side[side].set;
        uint64_t count = 0, before = 0, position;
        uint32_t ref;
        for (uint32_t i = 0; i < pair->count; i++) {
            const struct item *item = &pair->items[i];
            int has = gv_reconcile_find(set, item->position, bytes_of(item), &ref);
            assert_int_equal(has, item->on[side]);
            if (has) assert_int_equal(ref, ref_of(i, side));
            count += item->on[side];
        }
        assert_int_equal(gv_reconcile_count(set), count);
        for (uint64_t rank = 0; rank < count; rank++, before = position) {
            assert_int_equal(gv_reconcile_at(set, rank, &position, &ref), 1);
            assert_true(position >= before && ref % 2 == (uint32_t)side);
            assert_int_equal(pair->items[ref / 2].position, position);
        }
        assert_int_equal(gv_reconcile_at(set, count, &position, &ref), 0);
    }
}

// Checks that each side has all items.
static void check_union(const struct pair *pair) {
    for (uint32_t i = 0; i < pair->count; i++)
        assert_true(pair->items[i].on[0] && pair->items[i].on[1]);
    check_sets(pair);
    assert_int_equal(gv_reconcile_digest(pair->side[0].set),
                     gv_reconcile_digest(pair->side[1].set));
}

// ---- Tests --------------------------------------------------------------------------------------

// After an exchange, an opening gets a reply without items, and both sides are done.
static void sets_become_their_union(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), again = 0;
    static struct pair pair;
    for (uint64_t round = 0; round < 300; round++) {
        init_random(&pair, seed + round);
        again += reconcile(&pair, (int)below(&pair, 2)) - 1;
        assert_int_equal(pair.side[1 - pair.opener].status, GV_RECONCILE_ANSWERED);
        check_union(&pair);
        uint64_t sent = pair.sent, messages = pair.messages;
        open_exchange(&pair, (int)below(&pair, 2));
        run(&pair);
        assert_true(pair.sent == sent && pair.messages == messages + 2);
        assert_int_equal(pair.side[pair.opener].status, GV_RECONCILE_DONE);
        fini(&pair);
    }
    assert_true(again <= 4);
}

// When the opener's timer expires, it repeats its last message, or either side opens another
// exchange.
static void faults_only_cost_time(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), repeats = 0;
    static struct pair pair;
    for (uint64_t round = 0; round < 150; round++) {
        init_random(&pair, seed + round);
        pair.faults = 1 + (uint32_t)below(&pair, 300);
        open_exchange(&pair, 0);
        for (uint64_t timers = 0;; timers++) {
            run(&pair);
            struct side *opener = &pair.side[pair.opener];
            if (opener->status == GV_RECONCILE_DONE) break; // never, if replaced
            if (timers > 100000) fail_msg("no union after %u timers", (unsigned)timers);
            bool anew = opener->status != GV_RECONCILE_WAIT || below(&pair, 20) == 0;
            repeats += !anew;
            if (anew)
                open_exchange(&pair, (int)below(&pair, 2));
            else
                transmit(&pair, &opener->last);
        }
        check_union(&pair);
        fini(&pair);
    }
    assert_true(repeats > 0);
}

// Both sides repeatedly open at the same time. One of the two exchanges proceeds.
static void simultaneous_openings_are_one_exchange(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed();
    static struct pair pair;
    for (uint64_t round = 0; round < 50; round++) {
        init_random(&pair, seed + round);
        open_exchange(&pair, 0);
        open_exchange(&pair, 1);
        run(&pair);
        int winner = pair.side[0].status == GV_RECONCILE_ANSWERED;
        assert_int_equal(pair.side[1 - winner].status, GV_RECONCILE_ANSWERED);
        if (pair.side[winner].status == GV_RECONCILE_DONE)
            check_union(&pair);
        else
            assert_int_equal(pair.side[winner].status, GV_RECONCILE_AGAIN);
        fini(&pair);
    }
}

// Items that change during an exchange are not lost. Items that are removed everywhere do not come
// back.
static void sets_may_change_meanwhile(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed();
    static struct pair pair;
    for (uint64_t round = 0; round < 50; round++) {
        init(&pair, seed + round, 300, 0);
        pair.items_max = 3;
        fill(&pair, 1000, 300, NUMBERS);
        open_exchange(&pair, 0);
        for (uint32_t i = 0; pair.in_flight > 0; i++) {
            struct packet packet = pair.flight[0];
            pair.in_flight = 0;
            receive(&pair, &packet);
            free(packet.bytes);
            if (pair.count == ITEMS_MAX || i > 500) continue;
            fill_item(&pair, NUMBERS, pair.count);
            put(&pair, (int)below(&pair, 2), pair.count++);
        }
        reconcile(&pair, 0);
        check_union(&pair);
        for (int i = 0; i < 2; i++) {
            struct item *item = &pair.items[7];
            assert_int_equal(gv_reconcile_remove(pair.side[i].set, item->position, bytes_of(item)),
                             1);
            assert_int_equal(gv_reconcile_remove(pair.side[i].set, item->position, bytes_of(item)),
                             0);
            item->on[i] = false;
        }
        open_exchange(&pair, 1);
        run(&pair);
        check_sets(&pair);
        fini(&pair);
    }
}

// Ten differences in 6,000 items take less than 2 % of the bytes of all.
static void few_differences_take_few_bytes(void **state) {
    (void)state;
    static struct pair pair;
    init(&pair, gv_test_seed(), 65536, 0);
    fill(&pair, ITEMS_MAX - 10, 0, NUMBERS);
    for (uint32_t i = 0; i < 10; i++, pair.count++) {
        fill_item(&pair, NUMBERS, pair.count);
        put(&pair, (int)(i % 2), pair.count);
    }
    open_exchange(&pair, 0);
    run(&pair);
    check_union(&pair);
    assert_int_equal(pair.sent, 10);
    assert_true(pair.bytes < (uint64_t)ITEMS_MAX * 8 / 50);
    fini(&pair);
}

// Damaged messages, whose header is often intact, get an answer or an error. The sets do not
// change, and the next exchange without damage completes.
static void damage_is_an_error(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), errors[16] = {0};
    static struct pair pair;
    for (uint64_t round = 0; round < 300; round++) {
        init_random(&pair, seed + round);
        for (int i = 0; i < 10; i++) {
            open_exchange(&pair, (int)below(&pair, 2));
            while (pair.in_flight > 0) {
                struct packet packet = pair.flight[0];
                pair.in_flight = 0;
                packet.count = 0; // items of a damaged message are lost
                uint32_t changes = below(&pair, 3) == 0 ? 1 + (uint32_t)below(&pair, 3) : 0;
                for (uint32_t k = 0; k < changes && packet.len > 0; k++)
                    packet.bytes[below(&pair, packet.len)] ^= (uint8_t)(1 << below(&pair, 8));
                if (changes == 1) packet.len = below(&pair, packet.len + 1);
                uint64_t before = gv_reconcile_digest(pair.side[packet.to].set);
                receive(&pair, &packet);
                assert_int_equal(gv_reconcile_digest(pair.side[packet.to].set), before);
                int status = pair.side[packet.to].status;
                if (status < 0) errors[-status]++;
                free(packet.bytes);
                if (pair.messages > 3000 * (uint64_t)(i + 1)) break;
            }
            for (; pair.in_flight > 0; pair.in_flight--)
                free(pair.flight[pair.in_flight - 1].bytes);
        }
        check_sets(&pair);
        reconcile(&pair, 0);
        check_union(&pair);
        fini(&pair);
    }
    assert_true(errors[-GV_ESYNTAX] > 0 && errors[-GV_EVERSION] > 0 && errors[-GV_EAUTH] > 0);
}

static void other_secrets_are_noticed(void **state) {
    (void)state;
    static struct pair pair, other;
    init(&pair, 1, 4096, 0);
    init(&other, 2, 4096, 0);
    fill(&pair, 100, 100, TEXTS);
    uint8_t bytes[4096], reply[4096];
    size_t len;
    int opening = gv_reconcile_open(pair.side[0].session, 5, bytes, sizeof bytes);
    assert_int_equal(gv_reconcile_answer(other.side[0].session, gv_slice_of(bytes, (size_t)opening),
                                         reply, sizeof reply, &len),
                     GV_EAUTH);
    fini(&pair);
    fini(&other);
}

// A message in which no item fits cannot proceed. Nothing loops.
static void a_message_holds_one_item_at_least(void **state) {
    (void)state;
    static struct pair pair;
    init(&pair, 3, 4096, 0);
    fill(&pair, 100, 1000, TEXTS);
    pair.items_max = 0;
    open_exchange(&pair, 0);
    run(&pair);
    assert_true(pair.side[0].status == GV_EFULL || pair.side[1].status == GV_EFULL);
    pair.items_max = 1;
    reconcile(&pair, 0);
    check_union(&pair);
    fini(&pair);
}

static void load_adds_what_add_does(void **state) {
    (void)state;
    static struct gv_reconcile_item items[3000];
    static struct pair pair;
    init(&pair, 4, 4096, 0);
    static uint32_t numbers[3000];
    for (uint32_t i = 0; i < 3000; i++) {
        numbers[i] = i;
        items[i] = (struct gv_reconcile_item){i / 3, gv_slice_of(&numbers[i], sizeof *numbers), i};
        assert_int_equal(gv_reconcile_add(pair.side[0].set, i / 3, items[i].bytes, i), 1);
    }
    assert_int_equal(gv_reconcile_load(pair.side[1].set, items, 3000), 0);
    assert_int_equal(gv_reconcile_digest(pair.side[0].set), gv_reconcile_digest(pair.side[1].set));
    assert_int_equal(gv_reconcile_load(pair.side[1].set, items, 3000), GV_EINVAL); // not empty
    assert_true(gv_reconcile_memory(pair.side[1].set) < 3000 * 27 + 4096);
    assert_true(gv_reconcile_memory(pair.side[1].set) >= 3000 * 20);
    fini(&pair);
}

struct result {
    const char *call;
    int64_t got, want;
};

static void check(const struct result *results, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (results[i].got != results[i].want) print_message("%s\n", results[i].call);
        assert_int_equal(results[i].got, results[i].want);
    }
}

// clang-format off
#define CALL(call, want) {#call, (int64_t)(call), (int64_t)(want)}
// clang-format on
#define CHECK(results) check(results, sizeof(results) / sizeof *(results))

static void misuse_of_a_set_is_an_error(void **state) {
    (void)state;
    struct gv_reconcile *set, *none = NULL;
    struct gv_reconcile_config config, old, bare, null_secret;
    gv_reconcile_config_init(NULL);
    gv_reconcile_config_init(&config);
    old = bare = null_secret = config;
    old.size--;
    bare.alloc.resize = NULL;
    null_secret.secret.len = 1;
    const struct gv_slice x = gv_slice_text("x"), null = {NULL, 1}, empty = {NULL, 0};
    const struct gv_reconcile_item twice[] = {{1, x, 1}, {2, x, 2}, {1, x, 3}},
                                   same[] = {{1, x, 1}, {1, empty, 2}, {1, x, 3}},
                                   end[] = {{UINT64_MAX, x, 1}}, broken[] = {{1, null, 1}};
    uint64_t position;
    assert_int_equal(gv_reconcile_new(&set, NULL), 0);
    const struct result results[] = {
        CALL(gv_reconcile_new(NULL, &config), GV_EINVAL),
        CALL(gv_reconcile_new(&none, &old), GV_EINVAL),
        CALL(gv_reconcile_new(&none, &bare), GV_EINVAL),
        CALL(gv_reconcile_new(&none, &null_secret), GV_EINVAL),
        CALL(none == NULL, 1),
        CALL(gv_reconcile_free(NULL), 0),
        CALL(gv_reconcile_add(NULL, 1, x, 1), GV_EINVAL),
        CALL(gv_reconcile_add(set, 1, null, 1), GV_EINVAL),
        CALL(gv_reconcile_add(set, UINT64_MAX, x, 1), GV_ERANGE),
        CALL(gv_reconcile_remove(NULL, 1, x), GV_EINVAL),
        CALL(gv_reconcile_remove(set, 1, null), GV_EINVAL),
        CALL(gv_reconcile_remove(set, UINT64_MAX, x), GV_ERANGE),
        CALL(gv_reconcile_remove(set, 1, x), 0),
        CALL(gv_reconcile_find(NULL, 1, x, NULL), GV_EINVAL),
        CALL(gv_reconcile_find(set, 1, null, NULL), GV_EINVAL),
        CALL(gv_reconcile_find(set, UINT64_MAX, x, NULL), GV_ERANGE),
        CALL(gv_reconcile_load(NULL, twice, 3), GV_EINVAL),
        CALL(gv_reconcile_load(set, NULL, 3), GV_EINVAL),
        CALL(gv_reconcile_load(set, NULL, 0), 0),
        CALL(gv_reconcile_load(set, twice, 3), GV_EINVAL),
        CALL(gv_reconcile_load(set, same, 3), GV_EINVAL),
        CALL(gv_reconcile_load(set, end, 1), GV_ERANGE),
        CALL(gv_reconcile_load(set, broken, 1), GV_EINVAL),
        CALL(gv_reconcile_load(set, same, SIZE_MAX / 16), GV_ENOMEM),
        CALL(gv_reconcile_at(NULL, 0, &position, NULL), GV_EINVAL),
        CALL(gv_reconcile_at(set, 0, &position, NULL), 0),
        CALL(gv_reconcile_count(NULL), 0),
        CALL(gv_reconcile_count(set), 0),
        CALL(gv_reconcile_digest(NULL), 0),
        CALL(gv_reconcile_memory(NULL), 0),
        CALL(gv_reconcile_position(NULL, x, &position), GV_EINVAL),
        CALL(gv_reconcile_position(set, null, &position), GV_EINVAL),
        CALL(gv_reconcile_position(set, x, NULL), GV_EINVAL),
        CALL(gv_reconcile_load(set, same, 2), 0),
        CALL(gv_reconcile_add(set, 1, x, 9), 0),
        CALL(gv_reconcile_find(set, 1, empty, NULL), 1),
        CALL(gv_reconcile_at(set, 1, NULL, NULL), 1),
        CALL(gv_reconcile_free(set), 0),
    };
    CHECK(results);
}

static bool accept(void *ctx, uint64_t position, uint32_t ref) {
    (void)ctx, (void)position, (void)ref;
    return true;
}

static void misuse_of_a_session_is_an_error(void **state) {
    (void)state;
    struct gv_reconcile *set;
    struct gv_reconcile_session *a, *b, *none = NULL;
    struct gv_reconcile_session_config config, old, silent, small, large;
    gv_reconcile_session_config_init(NULL);
    gv_reconcile_session_config_init(&config);
    config.send = accept;
    config.message_max = 300;
    old = silent = small = large = config;
    old.size--;
    silent.send = NULL;
    small.message_max = GV_RECONCILE_MESSAGE_MIN - 1;
    large.message_max = GV_RECONCILE_MESSAGE_MAX + 1;
    static uint8_t opening[300], reply[300], buf[301];
    const size_t cap = sizeof buf;
    size_t len;
    assert_int_equal(gv_reconcile_new(&set, NULL), 0);
    assert_int_equal(gv_reconcile_session_new(&a, set, &config), 0);
    assert_int_equal(gv_reconcile_session_new(&b, set, &config), 0);
    int opening_len = gv_reconcile_open(a, 7, opening, sizeof opening);
    assert_true(opening_len > 0);
    const struct gv_slice first = gv_slice_of(opening, (size_t)opening_len), null = {NULL, 1};
    const struct gv_slice empty = {NULL, 0}, zeros = {buf, 300}, longer = {buf, 301};
    const struct result results[] = {
        CALL(gv_reconcile_session_new(NULL, set, &config), GV_EINVAL),
        CALL(gv_reconcile_session_new(&none, NULL, &config), GV_EINVAL),
        CALL(gv_reconcile_session_new(&none, set, NULL), GV_EINVAL),
        CALL(gv_reconcile_session_new(&none, set, &old), GV_EINVAL),
        CALL(gv_reconcile_session_new(&none, set, &silent), GV_EINVAL),
        CALL(gv_reconcile_session_new(&none, set, &small), GV_ERANGE),
        CALL(gv_reconcile_session_new(&none, set, &large), GV_ERANGE),
        CALL(none == NULL, 1),
        CALL(gv_reconcile_session_free(NULL), 0),
        CALL(gv_reconcile_open(NULL, 1, buf, cap), GV_EINVAL),
        CALL(gv_reconcile_open(a, 1, NULL, cap), GV_EINVAL),
        CALL(gv_reconcile_open(a, 1, buf, GV_RECONCILE_MESSAGE_MIN - 1), GV_ESPACE),
        CALL(gv_reconcile_answer(NULL, first, buf, cap, &len), GV_EINVAL),
        CALL(gv_reconcile_answer(b, null, buf, cap, &len), GV_EINVAL),
        CALL(gv_reconcile_answer(b, first, NULL, cap, &len), GV_EINVAL),
        CALL(gv_reconcile_answer(b, first, buf, cap, NULL), GV_EINVAL),
        CALL(gv_reconcile_answer(b, zeros, buf, cap, &len), GV_EINVAL), // overlaps the buffer
        CALL(gv_reconcile_answer(b, first, buf, GV_RECONCILE_MESSAGE_MIN - 1, &len), GV_ESPACE),
        CALL(gv_reconcile_answer(b, longer, reply, sizeof reply, &len), GV_ESPACE),
        CALL(gv_reconcile_answer(b, empty, buf, cap, &len), GV_ESYNTAX),
        CALL(gv_reconcile_answer(b, zeros, reply, sizeof reply, &len), GV_ESYNTAX),
        CALL(gv_reconcile_answer(a, first, buf, cap, &len), GV_EINVAL), // the session's own message
        CALL(gv_reconcile_open(b, 7, reply, sizeof reply), opening_len),
        CALL(gv_reconcile_answer(b, first, buf, cap, &len), GV_EINVAL), // the same nonce
        CALL(gv_reconcile_session_free(b), 0),
        CALL(gv_reconcile_session_free(a), 0),
        CALL(gv_reconcile_free(set), 0),
    };
    CHECK(results);
}

// Messages that are not expected, such as duplicates, are recognised.
static void a_message_out_of_place_is_told_apart(void **state) {
    (void)state;
    struct gv_reconcile *set;
    struct gv_reconcile_session *a, *b;
    struct gv_reconcile_session_config config;
    gv_reconcile_session_config_init(&config);
    config.send = accept;
    static uint8_t opening[300], reply[300], buf[300];
    const size_t cap = sizeof buf;
    size_t len, reply_len = 0;
    assert_int_equal(gv_reconcile_new(&set, NULL), 0);
    assert_int_equal(gv_reconcile_session_new(&a, set, &config), 0);
    assert_int_equal(gv_reconcile_session_new(&b, set, &config), 0);
    int opening_len = gv_reconcile_open(a, 7, opening, sizeof opening);
    assert_true(opening_len > 0);
    const struct gv_slice first = gv_slice_of(opening, (size_t)opening_len);
    const struct result results[] = {
        CALL(gv_reconcile_answer(b, first, reply, sizeof reply, &reply_len), GV_RECONCILE_ANSWERED),
        CALL(gv_reconcile_answer(b, first, buf, cap, &len), GV_RECONCILE_REPEAT),
        CALL(gv_reconcile_answer(b, gv_slice_of(reply, reply_len), buf, cap, &len), GV_EINVAL),
        CALL(gv_reconcile_answer(a, gv_slice_of(reply, reply_len), buf, cap, &len),
             GV_RECONCILE_DONE),
        CALL(len, 0),
        CALL(gv_reconcile_answer(a, gv_slice_of(reply, reply_len), buf, cap, &len),
             GV_RECONCILE_DONE),
        CALL(gv_reconcile_open(a, 8, buf, cap) > 0, true),
        CALL(gv_reconcile_answer(a, gv_slice_of(reply, reply_len), buf, cap, &len),
             GV_RECONCILE_WAIT), // an earlier exchange
        CALL(gv_reconcile_session_free(b), 0),
        CALL(gv_reconcile_session_new(&b, set, &config), 0),
        CALL(gv_reconcile_answer(b, gv_slice_of(reply, reply_len), buf, cap, &len), GV_ENOENT),
        CALL(gv_reconcile_free(set), GV_EINVAL), // it has sessions
        CALL(gv_reconcile_session_free(a), 0),
        CALL(gv_reconcile_session_free(b), 0),
        CALL(gv_reconcile_free(set), 0),
    };
    CHECK(results);
}

// An allocator that fails after `left` allocations.
static void *limited(void *ctx, void *block, size_t old_size, size_t new_size) {
    int *left = ctx;
    if (new_size > old_size && --*left < 0) return NULL;
    struct gv_alloc heap = gv_base_malloc();
    return heap.resize(heap.ctx, block, old_size, new_size);
}

static void exhausted_memory_is_an_error(void **state) {
    (void)state;
    const struct gv_reconcile_item items[] = {{1, {NULL, 0}, 1}, {2, {NULL, 0}, 2}};
    int left = 0;
    struct gv_reconcile_config config;
    gv_reconcile_config_init(&config);
    config.alloc = (struct gv_alloc){limited, &left};
    struct gv_reconcile *set;
    struct gv_reconcile_session *session;
    struct gv_reconcile_session_config options;
    gv_reconcile_session_config_init(&options);
    options.send = accept;
    assert_int_equal(gv_reconcile_new(&set, &config), GV_ENOMEM);
    left = 1;
    assert_int_equal(gv_reconcile_new(&set, &config), 0);
    assert_int_equal(gv_reconcile_session_new(&session, set, &options), GV_ENOMEM);
    assert_int_equal(gv_reconcile_add(set, 1, gv_slice_of(NULL, 0), 1), GV_ENOMEM);
    left = 1;
    assert_int_equal(gv_reconcile_load(set, items, 2), GV_ENOMEM);
    assert_int_equal(gv_reconcile_count(set), 0);
    left = 10;
    assert_int_equal(gv_reconcile_load(set, items, 2), 0);
    assert_int_equal(gv_reconcile_count(set), 2);
    assert_int_equal(gv_reconcile_free(set), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_become_their_union),
        cmocka_unit_test(faults_only_cost_time),
        cmocka_unit_test(simultaneous_openings_are_one_exchange),
        cmocka_unit_test(sets_may_change_meanwhile),
        cmocka_unit_test(few_differences_take_few_bytes),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(other_secrets_are_noticed),
        cmocka_unit_test(a_message_holds_one_item_at_least),
        cmocka_unit_test(load_adds_what_add_does),
        cmocka_unit_test(misuse_of_a_set_is_an_error),
        cmocka_unit_test(misuse_of_a_session_is_an_error),
        cmocka_unit_test(a_message_out_of_place_is_told_apart),
        cmocka_unit_test(exhausted_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
