// SPDX-License-Identifier: MIT
// The network between nodes: how long a message takes, in what order a node gets its messages,
// which are lost, and how many were sent. It lives on a queue's clock and keeps its timers there;
// it starts no process and reads no clock of its own.
//
// Delivery, as Maelstrom's network has it (GV_NET_MAELSTROM): each node has one inbound thread. It
// takes the message with the earliest due time out of the node's queue, drops it if a partition
// cuts it off at that moment, and else sleeps until it is due and hands it over. What arrives
// meanwhile waits behind it, a client's message with no delay included. GV_NET_EXACT hands every
// message over when it is due, and asks about partitions then.
//
// Each link, that is each pair of a sender and a receiver, has a random stream of its own: what
// happens on one, or that it exists, does not disturb the others. Rules make links worse than their
// latency: they lose, double and delay messages, which may overtake each other then. Where a rule
// or the regions bound what a link carries, messages wait for their turn on it, and are lost if
// that takes too long.
//
// A message with a client at one end takes no time, is never cut off, and does not count. What a
// node says to a client needs no network at all: only what goes to a node is sent here.
#ifndef GV_SIM_CORE_NET_H
#define GV_SIM_CORE_NET_H

#include "../../engine/prng.h"
#include "adversary.h"
#include "event_queue.h"
#include "trace.h"
#include "wan.h"

enum gv_net_latency { GV_NET_CONSTANT, GV_NET_UNIFORM, GV_NET_EXPONENTIAL };
enum gv_net_delivery { GV_NET_MAELSTROM, GV_NET_EXACT };

enum {
    GV_NET_TYPE_MAX = 255, // longest name of a body type that is kept whole, bytes
    GV_NET_TYPES_MAX = 64, // types told apart; what comes after counts as "(other)"
};
#define GV_NET_CLIENT UINT32_MAX // as a source: some client
#define GV_NET_OVERHEAD 128      // bytes that keeping a message takes beside its own

struct gv_net_message {
    uint32_t src; // a node, or GV_NET_CLIENT
    uint32_t dest;
    uint32_t type; // index into the counts; GV_NET_TYPES_MAX for a client's message
    bool original; // as its node has said it, once; not a copy, nor forged
    gv_time sent, due;
    uint64_t seq;
    size_t len;
    char bytes[]; // what is to be handed over
};

struct gv_net_count {
    // The body's type, as it is spelled between its quotes in JSON; of a longer one the beginning,
    // whole characters and escapes only, and "…".
    char type[GV_NET_TYPE_MAX + 1];
    uint64_t messages;
    uint64_t bytes;
};

#define GV_NET_WAIT_MAX (1000 * GV_MS) // for a link's turn, where no rule says otherwise

enum gv_net_rule_kind {
    GV_NET_LOSE,
    GV_NET_DUPLICATE,
    GV_NET_DELAY,
    GV_NET_LIMIT,
    GV_NET_FORGE, // see adversary.h
};
enum { GV_NET_LEFT = 1, GV_NET_RIGHT = 2 }; // sides of a rule; a node may be on both

struct gv_net_rule {
    enum gv_net_rule_kind kind;
    uint32_t ppm;             // but limits: how many of a million messages
    gv_time delay;            // the mean; limits: the longest wait
    uint64_t bandwidth;       // limits: bytes a second of each link, one way
    enum gv_net_latency dist; // of the delay
    const uint8_t *sides;     // by node: the rule is for messages from left to right; NULL: for all
    bool both_ways;           // and from right to left
};

struct gv_net_config {
    struct gv_event_queue *queue; // kept
    uint32_t event_kind; // of the events the network schedules there, whose items are messages
    uint32_t nodes;
    enum gv_net_latency latency;
    uint32_t latency_ms;      // the mean
    const struct gv_wan *wan; // borrowed, open for so many nodes: whose round trips go before the
                              // latency; NULL: none
    enum gv_net_delivery delivery;
    uint64_t seed;
    // Whether this message between nodes is lost, asked when it is taken from the queue. NULL:
    // nothing ever is.
    bool (*cut)(void *ctx, const struct gv_net_message *message);
    void *cut_ctx;
    // Told what is lost and doubled, of lines as gv_envelope makes them. May be NULL.
    struct gv_trace *trace;
};

struct gv_net_inbox {
    struct gv_net_message **heap; // waiting, by due time
    size_t len, cap;
    struct gv_net_message *current; // taken by the inbound thread, which sleeps until it is due
};

struct gv_net_link {
    uint32_t src, dest;
    uint64_t state;     // of its random stream; 0: a free place in the table
    gv_time busy_until; // until when it is, with what has been sent
    uint32_t in_flight; // messages on their way, each counted once however often it is doubled
};

struct gv_net {
    struct gv_net_config config;
    struct gv_net_link *links;   // an open hash table of those that have carried something
    size_t links_len, links_cap; // the latter a power of two
    struct gv_net_link busiest;  // the one that has had the most in_flight, as it was then
    gv_time longest_flight;      // that one of them was, or will have been, on its way
    unsigned copies;             // of one message, at most
    const struct gv_net_rule *rules;
    size_t rules_len;
    struct gv_net_inbox *inboxes; // one a node
    size_t *in_flight_bytes;      // bytes of each node's messages that are still here, with what
                                  // keeping each takes (GV_NET_OVERHEAD)
    uint64_t *sent_by;            // by node: messages to other nodes, dropped ones included
    uint64_t sent;                // messages ever, clients' included
    uint64_t messages, bytes;     // between nodes, dropped ones included
    uint64_t dropped;             // copies of them cut off, or lost by a rule
    struct gv_adversary adversary;
    uint64_t forged; // messages altered on their way, or put beside those of the nodes
    struct gv_net_count counts[GV_NET_TYPES_MAX + 1]; // between nodes, by body type
    size_t types;
};

void gv_net_init(struct gv_net *net, const struct gv_net_config *config);
// Frees all messages still on their way. The queue must still be there, and take no step after.
void gv_net_fini(struct gv_net *net);

// Sends `bytes` (copied) to node `dest`. `type` is the body's type and `size` what to count as the
// message's bytes; both mean nothing if `src` is GV_NET_CLIENT.
void gv_net_send(struct gv_net *net, gv_time now, uint32_t src, uint32_t dest, struct gv_slice type,
                 size_t size, struct gv_slice bytes);

// Handles an event of config.event_kind. Returns the message to hand over to its node now, which
// the caller frees by free(); or NULL if it was cut off.
struct gv_net_message *gv_net_take(struct gv_net *net, gv_time now, const struct gv_event *event);

// Sets the rules for messages sent from now on; borrowed until others are set.
void gv_net_rules(struct gv_net *net, const struct gv_net_rule *rules, size_t count);

// Draws one latency of a link, in whole milliseconds as Maelstrom does: the mean itself; uniform
// over [0, 2·mean); or exponential, cut to whole milliseconds. Between regions whose round trip is
// given, half of that is the mean, in microseconds.
gv_time gv_net_latency(struct gv_net *net, uint32_t src, uint32_t dest);

#endif
