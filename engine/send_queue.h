// SPDX-License-Identifier: MIT
// The send queue: peers that may have a message to get, first in first out, each at most once.
// Internal to engine/; knows no engine.
//
// A peer that is blocked is not returned; if the queue has it, it joins the end when it is
// unblocked.
//
// It has no messages: what to send to a peer is determined when the transport can accept it. So the
// queue is bounded by the number of peers.
#ifndef GV_ENGINE_SEND_QUEUE_H
#define GV_ENGINE_SEND_QUEUE_H

#include "bitset.h"

struct gv_send_queue {
    uint32_t *ring;  // numbers of peers; room for all
    uint8_t *sets;   // allocated: the three bitsets
    uint8_t *queued; // the numbers in the ring
    uint8_t *blocked;
    uint8_t *held;  // blocked numbers that join the ring when they are unblocked
    uint32_t count; // numbers are below this
    uint32_t head, len;
};

// An empty queue for numbers below `count`. GV_ENOMEM: gv_send_queue_fini is required all the same.
int gv_send_queue_init(struct gv_send_queue *queue, struct gv_alloc alloc, uint32_t count);
// No effect on a zeroed struct.
void gv_send_queue_fini(struct gv_send_queue *queue, struct gv_alloc alloc);

// Appends the number, unless the queue has it.
void gv_send_queue_push(struct gv_send_queue *queue, int number);
// Blocks or unblocks the number.
void gv_send_queue_set_blocked(struct gv_send_queue *queue, int number, bool blocked);
// Removes and returns the first number that is not blocked; −1: there is none.
int gv_send_queue_pop(struct gv_send_queue *queue);

#endif
