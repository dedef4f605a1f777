// SPDX-License-Identifier: MIT
#include "event_queue.h"

#include "memory.h"

void gv_event_queue_fini(struct gv_event_queue *queue) {
    for (size_t i = 0; i < GV_EVENT_QUEUE_BUCKETS; i++) free(queue->buckets[i].events);
    gv_event_queue_init(queue, queue->now);
}

static unsigned highest(uint64_t bits) {
#if defined(__GNUC__)
    return 63 - (unsigned)__builtin_clzll(bits);
#else
    unsigned bit = 0;
    while (bits >>= 1) bit++;
    return bit;
#endif
}

static void put(struct gv_event_queue *queue, const struct gv_event *event) {
    uint64_t differs = event->due ^ queue->base;
    unsigned number = differs != 0 ? highest(differs) + 1 : 0;
    struct gv_event_queue_bucket *bucket = &queue->buckets[number];
    if (bucket->first == bucket->len || event->due < bucket->due) bucket->due = event->due;
    GV_MEMORY_GROW(bucket->events, &bucket->cap, bucket->len + 1);
    bucket->events[bucket->len++] = *event;
    if (number > 0) queue->nonempty |= UINT64_C(1) << (number - 1);
}

// The bucket with the earliest event; GV_EVENT_QUEUE_BUCKETS if the queue is empty.
static unsigned lowest(const struct gv_event_queue *queue) {
    if (queue->buckets[0].first < queue->buckets[0].len) return 0;
    uint64_t bit = queue->nonempty & (~queue->nonempty + 1);
    return bit != 0 ? highest(bit) + 1 : GV_EVENT_QUEUE_BUCKETS;
}

// Moves the events of a bucket to lower ones; the earliest go to bucket 0, which is empty.
static void open_bucket(struct gv_event_queue *queue, unsigned number) {
    struct gv_event_queue_bucket *bucket = &queue->buckets[number];
    GV_ASSERT(number > 0 && bucket->len > 0);
    queue->base = bucket->due;
    for (size_t i = 0; i < bucket->len; i++) put(queue, &bucket->events[i]);
    bucket->len = 0;
    queue->nonempty &= ~(UINT64_C(1) << (number - 1));
    GV_ASSERT(queue->buckets[0].len > 0);
}

void gv_event_queue_schedule(struct gv_event_queue *queue, gv_time due, uint32_t kind,
                             uint32_t target, uint64_t stamp, void *item) {
    GV_ASSERT(due != GV_TIME_NEVER);
    GV_ASSERT(queue->now >= queue->base);
    struct gv_event event = {
        .due = due < queue->now ? queue->now : due,
        .kind = kind,
        .target = target,
        .stamp = stamp,
        .item = item,
    };
    put(queue, &event);
    queue->len++;
}

void gv_event_queue_drop(struct gv_event_queue *queue, uint32_t kind, void (*drop)(void *item)) {
    GV_ASSERT(drop != NULL);
    for (size_t i = 0; i < GV_EVENT_QUEUE_BUCKETS; i++) {
        const struct gv_event_queue_bucket *bucket = &queue->buckets[i];
        for (size_t at = bucket->first; at < bucket->len; at++) {
            if (bucket->events[at].kind == kind) drop(bucket->events[at].item);
        }
    }
}

gv_time gv_event_queue_due(const struct gv_event_queue *queue) {
    unsigned number = lowest(queue);
    return number < GV_EVENT_QUEUE_BUCKETS ? queue->buckets[number].due : GV_TIME_NEVER;
}

bool gv_event_queue_next(struct gv_event_queue *queue, gv_time until, struct gv_event *event) {
    unsigned number = lowest(queue);
    if (number == GV_EVENT_QUEUE_BUCKETS || queue->buckets[number].due > until) {
        if (until > queue->now) queue->now = until;
        return false;
    }
    if (number > 0) open_bucket(queue, number);
    struct gv_event_queue_bucket *now = &queue->buckets[0];
    *event = now->events[now->first++];
    if (now->first == now->len) now->first = now->len = 0;
    GV_ASSERT(event->due >= queue->now);
    queue->now = event->due;
    queue->len--;
    return true;
}
