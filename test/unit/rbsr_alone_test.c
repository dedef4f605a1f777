// SPDX-License-Identifier: MIT
// Set reconciliation without the engine: two sides with sets of 8-byte ids exchange messages of
// bytes, which may be lost, duplicated and reordered. Linked with the objects of merkle/ only.
#include "../../merkle/rbsr.h"
#include "../lib/test.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 70000, QUEUE_MAX = 4096, KINDS = GV_RANGE_REQUEST_ELEMENTS + 1 };

// A message: the number of ids (2 bytes), the ids, and a summary, which may be empty.
struct message {
    int to;
    size_t len;
    uint8_t *bytes;
};

struct side {
    struct gv_tree tree;
    uint64_t *ids; // by ref
    uint32_t count, cap;
};

// Both sides, and the messages in flight between them.
struct link {
    struct gv_digest_key key;
    struct gv_rbsr_options options;
    struct side side[2];
    struct message queue[QUEUE_MAX];
    size_t in_flight;
    uint64_t random;  // state of the generator
    uint32_t faults;  // messages per 1,000 that are lost; as many are duplicated and reordered
    size_t capacity;  // longest summary of a message, bytes
    uint32_t ids_max; // maximum number of ids in a message
    bool plain_hash;  // hash the ids instead of permuting them
    uint64_t exchanges, ids_sent, redundant, lost;
    uint64_t summary_bytes;
    uint64_t kinds[KINDS]; // ranges received, by kind
};

// SplitMix64.
static uint64_t next(uint64_t *random) {
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(struct link *link, uint64_t limit) {
    return next(&link->random) % limit;
}

static bool happens(struct link *link) {
    return below(link, 1000) < link->faults;
}

// ---- A side -------------------------------------------------------------------------------------

static bool has(const struct side *side, uint64_t id) {
    struct gv_tree_cursor at;
    return gv_tree_seek(&side->tree, id, &at) && gv_tree_get(&at).position == id;
}

// Returns false if the side already has the id.
static bool add(struct link *link, int to, uint64_t id) {
    struct side *side = &link->side[to];
    if (has(side, id)) return false;
    if (side->count == side->cap) {
        side->cap = side->cap > 0 ? 2 * side->cap : 64;
        side->ids = realloc(side->ids, side->cap * sizeof *side->ids);
        assert_non_null(side->ids);
    }
    uint64_t hash = link->plain_hash ? gv_digest_words(&link->key, &id, 1)
                                     : gv_singlediff_permute(&link->key, id);
    struct gv_item item = {id, hash, side->count};
    side->ids[side->count++] = id;
    assert_int_equal(gv_tree_insert(&side->tree, item), 0);
    return true;
}

// The ids of the message that a side is writing.
struct outgoing {
    struct link *link;
    const struct side *side;
    uint8_t ids[8 * 1000];
    uint32_t count;
};

static bool send_id(void *ctx, const struct gv_item *item, size_t summary_len) {
    struct outgoing *out = ctx;
    assert_true(item->ref < out->side->count && summary_len <= out->link->capacity);
    if (out->count == out->link->ids_max) return false;
    memcpy(out->ids + 8 * out->count++, &item->position, 8);
    return true;
}

// ---- The link -----------------------------------------------------------------------------------

static void enqueue(struct link *link, struct message message) {
    assert_true(link->in_flight < QUEUE_MAX);
    link->queue[link->in_flight++] = message;
}

static void transmit(struct link *link, int to, const struct outgoing *ids,
                     struct gv_slice summary) {
    uint32_t count = ids != NULL ? ids->count : 0;
    if (count == 0 && summary.len == 0) return;
    link->ids_sent += count;
    link->summary_bytes += summary.len;
    for (int copies = happens(link) ? 2 : 1; copies > 0; copies--) {
        if (happens(link)) {
            link->lost++;
            continue;
        }
        struct message message = {to, 2 + 8 * count + summary.len, malloc(MESSAGE_MAX)};
        assert_non_null(message.bytes);
        assert_true(message.len <= MESSAGE_MAX);
        message.bytes[0] = (uint8_t)count;
        message.bytes[1] = (uint8_t)(count >> 8);
        if (count > 0) memcpy(message.bytes + 2, ids->ids, 8 * count);
        if (summary.len > 0) memcpy(message.bytes + 2 + 8 * count, summary.data, summary.len);
        enqueue(link, message);
    }
}

static void open_exchange(struct link *link, int from) {
    uint8_t bytes[GV_RBSR_ROOT_MAX];
    struct gv_writer out = {.data = bytes, .cap = sizeof bytes};
    gv_rbsr_open(&link->side[from].tree, (uint8_t)next(&link->random), &out);
    assert_false(out.full);
    transmit(link, 1 - from, NULL, gv_slice_of(bytes, out.len));
}

static void count_kinds(struct link *link, struct gv_slice summary) {
    struct gv_reader in = {.data = summary.data, .len = summary.len, .at = 1}; // after the salt
    struct gv_range range = {0};
    while (gv_range_next(&in, range.hi, &range)) link->kinds[range.kind]++;
    assert_int_equal(in.error, 0);
}

static void answer(struct link *link, int from, struct gv_slice summary) {
    static uint8_t bytes[MESSAGE_MAX];
    struct gv_rbsr state;
    count_kinds(link, summary);
    assert_int_equal(gv_rbsr_begin(&state, summary, &link->options), 0);
    for (int more = 1; more == 1;) {
        struct outgoing ids = {.link = link, .side = &link->side[from]};
        struct gv_rbsr_out out = {
            .summary = {.data = bytes, .cap = link->capacity}, .send = send_id, .ctx = &ids};
        more = gv_rbsr_answer(&state, &link->side[from].tree, &link->key, &out);
        assert_true(more == 1 || more == 0);
        assert_true(more == !state.done);
        assert_false(out.summary.full);
        transmit(link, 1 - from, &ids, gv_slice_of(bytes, out.summary.len));
    }
}

static void receive(struct link *link, struct message message) {
    size_t count = message.bytes[0] | (size_t)message.bytes[1] << 8;
    for (size_t i = 0; i < count; i++) {
        uint64_t id;
        memcpy(&id, message.bytes + 2 + 8 * i, 8);
        link->redundant += !add(link, message.to, id);
    }
    size_t start = 2 + 8 * count;
    if (message.len > start)
        answer(link, message.to, gv_slice_of(message.bytes + start, message.len - start));
}

// Runs an exchange until no message is in flight.
static void exchange(struct link *link) {
    link->exchanges++;
    open_exchange(link, (int)below(link, 2));
    while (link->in_flight > 0) {
        size_t i = happens(link) ? below(link, link->in_flight) : 0;
        struct message message = link->queue[i];
        link->in_flight--;
        memmove(&link->queue[i], &link->queue[i + 1], (link->in_flight - i) * sizeof *link->queue);
        receive(link, message);
        free(message.bytes);
    }
}

// ---- The naive model ----------------------------------------------------------------------------

static int compare(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

// The union of both sides: concatenated, sorted, and without repetitions.
static uint64_t *union_of(const struct link *link, size_t *count) {
    size_t n = 0, total = (size_t)link->side[0].count + link->side[1].count;
    uint64_t *ids = malloc((total + 1) * sizeof *ids);
    assert_non_null(ids);
    for (int i = 0; i < 2; i++) {
        const struct side *side = &link->side[i];
        for (uint32_t k = 0; k < side->count; k++) ids[n++] = side->ids[k];
    }
    qsort(ids, n, sizeof *ids, compare);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || ids[i] != ids[i - 1]) ids[(*count)++] = ids[i];
    return ids;
}

// Whether the ids of a side, sorted, are these.
static bool equals(const struct side *side, const uint64_t *ids, size_t count) {
    if (side->count != count || gv_tree_root(&side->tree).count != count) return false;
    if (count == 0) return true;
    uint64_t *mine = malloc(count * sizeof *mine);
    assert_non_null(mine);
    memcpy(mine, side->ids, count * sizeof *mine);
    qsort(mine, count, sizeof *mine, compare);
    bool equal = memcmp(mine, ids, count * sizeof *mine) == 0;
    free(mine);
    return equal;
}

// ---- Tests --------------------------------------------------------------------------------------

static void init(struct link *link, uint64_t seed) {
    *link = (struct link){.random = seed, .capacity = 4096, .ids_max = 100};
    gv_digest_key_init(&link->key, gv_slice_of(&seed, sizeof seed));
    for (int i = 0; i < 2; i++) gv_tree_init(&link->side[i].tree, gv_base_malloc());
}

static void fini(struct link *link) {
    for (int i = 0; i < 2; i++) {
        gv_tree_fini(&link->side[i].tree);
        free(link->side[i].ids);
    }
}

// Random settings and random sets. The ids are scattered or consecutive; some ids are on one side
// only.
static void fill(struct link *link) {
    link->options.fewer_rounds = below(link, 2);
    link->options.use_sketches = below(link, 2);
    link->options.expected = below(link, 2) ? 0 : (uint32_t)below(link, 100);
    link->capacity = GV_RBSR_CAPACITY_MIN + (below(link, 1000) << below(link, 7));
    link->ids_max = 1 + (uint32_t)below(link, 1000);
    link->plain_hash = below(link, 2);
    bool consecutive = below(link, 2), at_the_end = below(link, 4) == 0;
    uint64_t count = below(link, 3000) >> below(link, 8), per_mille = 1000 >> below(link, 11);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t id = consecutive ? 1000 + i : next(&link->random) % GV_POSITION_END;
        bool one =
            at_the_end ? i * 1000 > count * (1000 - per_mille) : below(link, 1000) < per_mille;
        int side = (int)below(link, 2);
        add(link, side, id);
        if (!one) add(link, 1 - side, id);
    }
}

// Runs at most `most` exchanges until both sides have the union, and returns their number.
static uint64_t reconcile(struct link *link, uint64_t most) {
    size_t count;
    uint64_t *expected = union_of(link, &count);
    uint64_t before = link->exchanges;
    do {
        if (link->exchanges - before == most)
            fail_msg("no union after %u exchanges", (unsigned)most);
        exchange(link);
    } while (!equals(&link->side[0], expected, count) || !equals(&link->side[1], expected, count));
    free(expected);
    return link->exchanges - before;
}

// One exchange suffices, unless 32-bit hashes collide or a single difference is decoded wrongly.
// After it an opening gets no answer. All kinds of ranges occur during the test.
static void sets_become_their_union_by_one_exchange(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), repeated = 0, kinds[KINDS] = {0};
    static struct link link;
    for (uint64_t round = 0; round < 600; round++) {
        init(&link, seed + round);
        fill(&link);
        repeated += reconcile(&link, 3) - 1;
        for (int kind = 0; kind < KINDS; kind++) kinds[kind] += link.kinds[kind];
        uint64_t ids_sent = link.ids_sent, bytes = link.summary_bytes;
        exchange(&link);
        assert_int_equal(link.ids_sent, ids_sent);
        assert_true(link.summary_bytes - bytes <= GV_RBSR_ROOT_MAX);
        fini(&link);
    }
    assert_true(repeated <= 2);
    for (int kind = 0; kind < KINDS; kind++)
        if (kinds[kind] == 0) fail_msg("no range of kind %d", kind);
}

static void faults_only_cost_time(void **state) {
    (void)state;
    uint64_t seed = gv_test_seed(), lost = 0;
    static struct link link;
    for (uint64_t round = 0; round < 300; round++) {
        init(&link, seed + round);
        fill(&link);
        link.faults = 1 + (uint32_t)below(&link, 300);
        reconcile(&link, 500);
        lost += link.lost;
        fini(&link);
    }
    assert_true(lost > 0);
}

// Ten differences in 100,000 ids take less than 1 % of the bytes of all ids.
static void few_differences_cost_few_bytes(void **state) {
    (void)state;
    static struct link link;
    init(&link, gv_test_seed());
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t id = next(&link.random) % GV_POSITION_END;
        if (i >= 5) add(&link, 0, id);
        if (i < 5 || i >= 10) add(&link, 1, id);
    }
    reconcile(&link, 2);
    uint64_t bytes = link.summary_bytes + 8 * link.ids_sent;
    assert_true(bytes < 8 * (uint64_t)link.side[0].count / 100);
    fini(&link);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_become_their_union_by_one_exchange),
        cmocka_unit_test(faults_only_cost_time),
        cmocka_unit_test(few_differences_cost_few_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
