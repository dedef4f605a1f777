// SPDX-License-Identifier: MIT
// The send queue: peers to which there may be a message to send, first in first out, each at most
// once. Internal to engine/; does not know the engine.
//
// The queue holds no messages: a message is composed when the transport can accept it. So the queue
// is bounded by the number of peers. It does not return a blocked peer; a queued peer that was
// blocked joins the end of the queue when it is unblocked.
#ifndef GV_ENGINE_SEND_QUEUE_H
#define GV_ENGINE_SEND_QUEUE_H

#include "bitset.h"

struct gv_send_queue {
    uint32_t *ring;  // numbers of peers, with space for all
    uint8_t *sets;   // memory of the three bitsets
    uint8_t *queued; // bitset of the queued numbers
    uint8_t *blocked;
    uint8_t *held;  // bitset of blocked numbers that join the ring when they are unblocked
    uint32_t count; // all numbers are below this
    uint32_t head, len;
};

// Initialises an empty queue for numbers below `count`. GV_ENOMEM: the caller must still call
// gv_send_queue_fini.
int gv_send_queue_init(struct gv_send_queue *queue, struct gv_alloc alloc, uint32_t count);
// No effect on a zeroed struct.
void gv_send_queue_fini(struct gv_send_queue *queue, struct gv_alloc alloc);

// Appends the number, unless the queue has it.
void gv_send_queue_push(struct gv_send_queue *queue, int number);
// Blocks or unblocks the number.
void gv_send_queue_set_blocked(struct gv_send_queue *queue, int number, bool blocked);
// Removes and returns the first number that is not blocked, or returns −1 if there is none.
int gv_send_queue_pop(struct gv_send_queue *queue);

#endif
