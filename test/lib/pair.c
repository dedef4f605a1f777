// SPDX-License-Identifier: MIT
#include "pair.h"

#include <stdlib.h>
#include <string.h>

// A summary on its way.
struct letter {
    struct letter *next;
    int to;
    size_t len;
    uint8_t bytes[];
};

// What `send` needs to know about the message being written.
struct giving {
    struct gv_pair *pair;
    int from;
    size_t count;
    bool keep; // put into the other side
};

void gv_pair_init(struct gv_pair *pair, uint64_t seed, size_t room, size_t gives_max) {
    GV_ASSERT(room >= GV_RECONCILE_CAPACITY_MIN && gives_max > 0);
    *pair = (struct gv_pair){.room = room, .gives_max = gives_max};
    gv_prng_init(&pair->prng, seed, 0);
    gv_digest_key_init(&pair->key, (struct gv_slice){(const uint8_t *)&seed, sizeof seed});
    for (int i = 0; i < 2; i++) gv_tree_init(&pair->side[i].tree, gv_base_malloc());
}

void gv_pair_fini(struct gv_pair *pair) {
    for (int i = 0; i < 2; i++) gv_tree_fini(&pair->side[i].tree);
    free(pair->items);
}

bool gv_pair_has(const struct gv_pair *pair, int side, uint64_t position, uint64_t hash) {
    struct gv_tree_cursor at;
    bool more = gv_tree_seek(&pair->side[side].tree, position, &at);
    for (; more; more = gv_tree_next(&at)) {
        struct gv_item item = gv_tree_get(&at);
        if (item.position != position) return false;
        if (item.hash == hash) return true;
    }
    return false;
}

bool gv_pair_add(struct gv_pair *pair, int side, uint64_t position, uint64_t hash) {
    if (gv_pair_has(pair, side, position, hash)) return false;
    if (pair->item_count == pair->item_cap) {
        pair->item_cap = pair->item_cap ? 2 * pair->item_cap : 64;
        pair->items = realloc(pair->items, pair->item_cap * sizeof *pair->items);
        GV_ASSERT(pair->items != NULL);
    }
    struct gv_item item = {position, hash, (uint32_t)pair->item_count};
    pair->items[pair->item_count++] = item;
    int error = gv_tree_insert(&pair->side[side].tree, item);
    GV_ASSERT(error == 0);
    return true;
}

static bool send_item(void *ctx, uint32_t ref, size_t summary_len) {
    struct giving *giving = ctx;
    struct gv_pair *pair = giving->pair;
    GV_ASSERT(summary_len <= pair->room);
    if (giving->count == pair->gives_max) return false;
    giving->count++;
    if (!giving->keep) return true;
    GV_ASSERT(ref < pair->item_count);
    struct gv_item item = pair->items[ref];
    pair->given[giving->from]++;
    if (!gv_pair_add(pair, 1 - giving->from, item.position, item.hash)) pair->known++;
    return true;
}

// Writes one message of an answer; *more: there is to be another.
static struct letter *answer(struct gv_pair *pair, int from, struct gv_reconcile *state, bool keep,
                             bool *more) {
    struct letter *letter = malloc(sizeof *letter + pair->room);
    GV_ASSERT(letter != NULL);
    struct giving giving = {pair, from, 0, keep};
    struct gv_reconcile_out out = {
        .summary = {.data = letter->bytes, .cap = pair->room},
        .send = send_item,
        .ctx = &giving,
    };
    bool lost = keep && gv_prng_below(&pair->prng, 1000) < pair->trouble;
    giving.keep = keep && !lost;
    int status = gv_reconcile_answer(state, &pair->side[from].tree, &pair->key, &out);
    GV_ASSERT(!out.summary.full);
    pair->errors += status < 0;
    *more = status == 1;
    GV_ASSERT(!*more || out.summary.len > 0 || giving.count > 0); // or it would go on for ever
    pair->messages += out.summary.len > 0 || giving.count > 0;
    pair->bytes += out.summary.len;
    *letter = (struct letter){.to = 1 - from, .len = out.summary.len};
    if (letter->len > 0 && !lost) return letter;
    free(letter);
    return NULL;
}

size_t gv_pair_open(struct gv_pair *pair, int side, uint8_t *buf, size_t cap) {
    struct gv_writer out = {.data = buf, .cap = cap};
    gv_reconcile_open(&pair->side[side].tree, (uint8_t)++pair->salts, &out);
    GV_ASSERT(!out.full);
    return out.len;
}

// The letters on their way, in order.
struct post {
    struct letter *head, *last;
};

static void post(struct post *queue, struct letter *letter) {
    letter->next = NULL;
    if (queue->head == NULL) {
        queue->head = letter;
    } else {
        queue->last->next = letter;
    }
    queue->last = letter;
}

// Puts the letter behind the others, or by trouble before them, or twice.
static void post_or_worse(struct gv_pair *pair, struct post *queue, struct letter *letter) {
    if (gv_prng_below(&pair->prng, 1000) < pair->trouble) {
        struct letter *copy = malloc(sizeof *copy + letter->len);
        GV_ASSERT(copy != NULL);
        memcpy(copy, letter, sizeof *copy + letter->len);
        post(queue, copy);
    }
    if (queue->head != NULL && gv_prng_below(&pair->prng, 1000) < pair->trouble) {
        letter->next = queue->head;
        queue->head = letter;
    } else {
        post(queue, letter);
    }
}

static struct letter *collect(struct post *queue) {
    struct letter *letter = queue->head;
    if (letter != NULL) queue->head = letter->next;
    return letter;
}

bool gv_pair_run(struct gv_pair *pair, int from, uint64_t messages_max) {
    struct letter *letter = malloc(sizeof *letter + GV_RECONCILE_ROOT_MAX);
    GV_ASSERT(letter != NULL);
    letter->to = 1 - from;
    letter->len = gv_pair_open(pair, from, letter->bytes, GV_RECONCILE_ROOT_MAX);
    pair->messages++;
    pair->bytes += letter->len;
    struct post queue = {0};
    post(&queue, letter);
    while (pair->messages < messages_max && (letter = collect(&queue)) != NULL) {
        struct gv_reconcile state;
        bool more = gv_reconcile_begin(&state, (struct gv_slice){letter->bytes, letter->len}) == 0;
        state.fewer_rounds = pair->rounds;
        state.use_sketches = pair->sketches;
        state.expected = pair->expect;
        while (more) {
            struct letter *said = answer(pair, letter->to, &state, true, &more);
            if (said != NULL) post_or_worse(pair, &queue, said);
        }
        free(letter);
    }
    bool ended = queue.head == NULL;
    while ((letter = collect(&queue)) != NULL) free(letter);
    return ended;
}

bool gv_pair_answer(struct gv_pair *pair, int to, struct gv_slice summary, uint64_t messages_max) {
    struct gv_reconcile state;
    bool more = gv_reconcile_begin(&state, summary) == 0;
    if (!more) pair->errors++;
    for (uint64_t i = 0; more && i < messages_max; i++)
        free(answer(pair, to, &state, false, &more));
    return !more;
}

// Whether a side holds all items of the other one; *count: how many these are.
static bool holds_all(const struct gv_pair *pair, int side, uint64_t *count) {
    struct gv_tree_cursor at;
    *count = 0;
    bool more = gv_tree_seek(&pair->side[1 - side].tree, 0, &at);
    for (; more; more = gv_tree_next(&at), ++*count) {
        struct gv_item item = gv_tree_get(&at);
        if (!gv_pair_has(pair, side, item.position, item.hash)) return false;
    }
    return true;
}

bool gv_pair_equal(const struct gv_pair *pair) {
    uint64_t counts[2];
    bool equal = holds_all(pair, 0, &counts[0]) && holds_all(pair, 1, &counts[1]);
    bool roots =
        gv_digest_equal(gv_tree_root(&pair->side[0].tree), gv_tree_root(&pair->side[1].tree));
    GV_ASSERT(roots == (equal && counts[0] == counts[1]));
    return roots;
}
