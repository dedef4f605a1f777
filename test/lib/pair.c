// SPDX-License-Identifier: MIT
#include "pair.h"

#include <stdlib.h>
#include <string.h>

// A summary in flight.
struct packet {
    struct packet *next;
    int to;
    size_t len;
    uint8_t bytes[];
};

// The context of `send` for the message that is being written.
struct sending {
    struct gv_pair *pair;
    int from;
    size_t count;
    bool keep; // put the items into the receiving side
};

void gv_pair_init(struct gv_pair *pair, uint64_t seed, size_t capacity, size_t sends_max) {
    GV_ASSERT(capacity >= GV_RBSR_CAPACITY_MIN && sends_max > 0);
    *pair = (struct gv_pair){.capacity = capacity, .sends_max = sends_max};
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

static bool send_item(void *ctx, const struct gv_item *item, size_t summary_len) {
    struct sending *sending = ctx;
    struct gv_pair *pair = sending->pair;
    GV_ASSERT(summary_len <= pair->capacity);
    if (sending->count == pair->sends_max) return false;
    sending->count++;
    if (!sending->keep) return true;
    GV_ASSERT(item->ref < pair->item_count);
    pair->sent[sending->from]++;
    if (!gv_pair_add(pair, 1 - sending->from, item->position, item->hash)) pair->redundant++;
    return true;
}

// Writes one message of an answer. Sets *more if another one follows.
static struct packet *answer(struct gv_pair *pair, int from, struct gv_rbsr *state, bool keep,
                             bool *more) {
    struct packet *packet = malloc(sizeof *packet + pair->capacity);
    GV_ASSERT(packet != NULL);
    struct sending sending = {pair, from, 0, keep};
    struct gv_rbsr_out out = {
        .summary = {.data = packet->bytes, .cap = pair->capacity},
        .send = send_item,
        .ctx = &sending,
    };
    bool lost = keep && gv_prng_below(&pair->prng, 1000) < pair->faults;
    sending.keep = keep && !lost;
    int status = gv_rbsr_answer(state, &pair->side[from].tree, &pair->key, &out);
    GV_ASSERT(!out.summary.full);
    pair->errors += status < 0;
    *more = status == 1;
    GV_ASSERT(!*more || out.summary.len > 0 || sending.count > 0); // each message makes progress
    pair->messages += out.summary.len > 0 || sending.count > 0;
    pair->bytes += out.summary.len;
    *packet = (struct packet){.to = 1 - from, .len = out.summary.len};
    if (packet->len > 0 && !lost) return packet;
    free(packet);
    return NULL;
}

size_t gv_pair_open(struct gv_pair *pair, int side, uint8_t *buf, size_t cap) {
    struct gv_writer out = {.data = buf, .cap = cap};
    gv_rbsr_open(&pair->side[side].tree, (uint8_t)++pair->salts, &out);
    GV_ASSERT(!out.full);
    return out.len;
}

// The packets in flight, in order.
struct queue {
    struct packet *head, *last;
};

static void enqueue(struct queue *queue, struct packet *packet) {
    packet->next = NULL;
    if (queue->head == NULL) {
        queue->head = packet;
    } else {
        queue->last->next = packet;
    }
    queue->last = packet;
}

// Appends the packet. A fault may duplicate it or move it to the front.
static void enqueue_with_faults(struct gv_pair *pair, struct queue *queue, struct packet *packet) {
    if (gv_prng_below(&pair->prng, 1000) < pair->faults) {
        struct packet *copy = malloc(sizeof *copy + packet->len);
        GV_ASSERT(copy != NULL);
        memcpy(copy, packet, sizeof *copy + packet->len);
        enqueue(queue, copy);
    }
    if (queue->head != NULL && gv_prng_below(&pair->prng, 1000) < pair->faults) {
        packet->next = queue->head;
        queue->head = packet;
    } else {
        enqueue(queue, packet);
    }
}

static struct packet *dequeue(struct queue *queue) {
    struct packet *packet = queue->head;
    if (packet != NULL) queue->head = packet->next;
    return packet;
}

bool gv_pair_run(struct gv_pair *pair, int from, uint64_t messages_max) {
    struct packet *packet = malloc(sizeof *packet + GV_RBSR_ROOT_MAX);
    GV_ASSERT(packet != NULL);
    packet->to = 1 - from;
    packet->len = gv_pair_open(pair, from, packet->bytes, GV_RBSR_ROOT_MAX);
    pair->messages++;
    pair->bytes += packet->len;
    struct queue queue = {0};
    enqueue(&queue, packet);
    while (pair->messages < messages_max && (packet = dequeue(&queue)) != NULL) {
        struct gv_rbsr state;
        struct gv_slice summary = {packet->bytes, packet->len};
        bool more = gv_rbsr_begin(&state, summary, &pair->options) == 0;
        while (more) {
            struct packet *reply = answer(pair, packet->to, &state, true, &more);
            if (reply != NULL) enqueue_with_faults(pair, &queue, reply);
        }
        free(packet);
    }
    bool ended = queue.head == NULL;
    while ((packet = dequeue(&queue)) != NULL) free(packet);
    return ended;
}

bool gv_pair_answer(struct gv_pair *pair, int to, struct gv_slice summary, uint64_t messages_max) {
    struct gv_rbsr state;
    bool more = gv_rbsr_begin(&state, summary, &pair->options) == 0;
    if (!more) pair->errors++;
    for (uint64_t i = 0; more && i < messages_max; i++)
        free(answer(pair, to, &state, false, &more));
    return !more;
}

// Whether a side has all items of the other side; *count is the number of items of the other side.
static bool has_all(const struct gv_pair *pair, int side, uint64_t *count) {
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
    bool equal = has_all(pair, 0, &counts[0]) && has_all(pair, 1, &counts[1]);
    bool roots =
        gv_digest_equal(gv_tree_root(&pair->side[0].tree), gv_tree_root(&pair->side[1].tree));
    GV_ASSERT(roots == (equal && counts[0] == counts[1]));
    return roots;
}
