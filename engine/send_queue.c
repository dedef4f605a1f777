// SPDX-License-Identifier: MIT
#include "send_queue.h"

int gv_send_queue_init(struct gv_send_queue *queue, struct gv_alloc alloc, uint32_t count) {
    *queue = (struct gv_send_queue){.count = count};
    queue->ring = gv_alloc_new(alloc, count * sizeof *queue->ring);
    queue->queued = gv_alloc_new(alloc, gv_bitset_size(count));
    if (queue->ring == NULL || queue->queued == NULL) return GV_ENOMEM;
    memset(queue->queued, 0, gv_bitset_size(count));
    return 0;
}

void gv_send_queue_fini(struct gv_send_queue *queue, struct gv_alloc alloc) {
    gv_alloc_free(alloc, queue->ring, queue->count * sizeof *queue->ring);
    gv_alloc_free(alloc, queue->queued, gv_bitset_size(queue->count));
    *queue = (struct gv_send_queue){0};
}

void gv_send_queue_push(struct gv_send_queue *queue, int number) {
    GV_ASSERT(number >= 0 && (uint32_t)number < queue->count);
    if (gv_bitset_has(queue->queued, (uint32_t)number)) return;
    gv_bitset_add(queue->queued, (uint32_t)number);
    GV_ASSERT(queue->len < queue->count);
    queue->ring[(queue->head + queue->len++) % queue->count] = (uint32_t)number;
}

int gv_send_queue_pop(struct gv_send_queue *queue) {
    if (queue->len == 0) return -1;
    uint32_t number = queue->ring[queue->head];
    queue->head = (queue->head + 1) % queue->count;
    queue->len--;
    gv_bitset_remove(queue->queued, number);
    return (int)number;
}
