// SPDX-License-Identifier: MIT
#include "send_queue.h"

int gv_send_queue_init(struct gv_send_queue *queue, struct gv_alloc alloc, uint32_t count) {
    *queue = (struct gv_send_queue){.count = count};
    queue->ring = gv_alloc_new(alloc, count * sizeof *queue->ring);
    size_t size = gv_bitset_size(count);
    queue->sets = gv_alloc_new(alloc, 3 * size);
    if (queue->ring == NULL || queue->sets == NULL) return GV_ENOMEM;
    memset(queue->sets, 0, 3 * size);
    queue->queued = queue->sets;
    queue->blocked = queue->sets + size;
    queue->held = queue->sets + 2 * size;
    return 0;
}

void gv_send_queue_fini(struct gv_send_queue *queue, struct gv_alloc alloc) {
    gv_alloc_free(alloc, queue->ring, queue->count * sizeof *queue->ring);
    gv_alloc_free(alloc, queue->sets, 3 * gv_bitset_size(queue->count));
    *queue = (struct gv_send_queue){0};
}

void gv_send_queue_push(struct gv_send_queue *queue, int number) {
    GV_ASSERT(number >= 0 && (uint32_t)number < queue->count);
    uint32_t at = (uint32_t)number;
    if (gv_bitset_has(queue->blocked, at)) gv_bitset_add(queue->held, at);
    if (gv_bitset_has(queue->blocked, at) || gv_bitset_has(queue->queued, at)) return;
    gv_bitset_add(queue->queued, at);
    GV_ASSERT(queue->len < queue->count);
    queue->ring[(queue->head + queue->len++) % queue->count] = at;
}

void gv_send_queue_set_blocked(struct gv_send_queue *queue, int number, bool blocked) {
    GV_ASSERT(number >= 0 && (uint32_t)number < queue->count);
    uint32_t at = (uint32_t)number;
    if (blocked) {
        gv_bitset_add(queue->blocked, at);
        return;
    }
    gv_bitset_remove(queue->blocked, at);
    if (!gv_bitset_has(queue->held, at)) return;
    gv_bitset_remove(queue->held, at);
    gv_send_queue_push(queue, number);
}

int gv_send_queue_pop(struct gv_send_queue *queue) {
    while (queue->len > 0) {
        uint32_t number = queue->ring[queue->head];
        queue->head = (queue->head + 1) % queue->count;
        queue->len--;
        gv_bitset_remove(queue->queued, number);
        if (!gv_bitset_has(queue->blocked, number)) return (int)number;
        gv_bitset_add(queue->held, number);
    }
    return -1;
}
