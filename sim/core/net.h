// SPDX-License-Identifier: MIT
// The network between nodes: latency, order, loss and counts of messages. It schedules its events
// in a gv_event_queue, and reads no clock.
//
// Delivery has two modes:
//   GV_NET_MAELSTROM   Each node has one inbound thread, as in Maelstrom. The thread takes the
//                      message with the earliest due time from the node's inbox, and drops it if a
//                      partition cuts its link at that time. Otherwise it sleeps until the message
//                      is due, and delivers it. Messages that arrive meanwhile wait, even those of
//                      clients, which have no latency.
//   GV_NET_EXACT       Each message is delivered when it is due, or dropped if a partition cuts its
//                      link then.
//
// A link is an ordered pair of nodes. Each link has a random stream of its own, so its events do
// not change those of other links. Rules degrade links: they lose, duplicate and delay messages,
// which may then be reordered. If a rule or a region limits the bandwidth, messages queue for the
// link, and are lost if they wait too long.
//
// Messages to clients are not sent here. Messages from clients have no latency, are never cut, and
// are not counted.
//
// Services are numbered after the nodes. Their messages have the latency of the network, and are
// counted; rules without sides apply to them. Partitions, regions and the adversary do not.
#ifndef GV_SIM_CORE_NET_H
#define GV_SIM_CORE_NET_H

#include "../../engine/prng.h"
#include "adversary.h"
#include "event_queue.h"
#include "trace.h"
#include "wan.h"

enum gv_net_latency { GV_NET_CONSTANT, GV_NET_UNIFORM, GV_NET_EXPONENTIAL };
extern const char *const gv_net_latency_names[]; // by kind; NULL at the end
enum gv_net_delivery { GV_NET_MAELSTROM, GV_NET_EXACT };

enum {
    GV_NET_TYPE_MAX = 255, // longest body type, bytes; a longer one is truncated
    GV_NET_TYPES_MAX = 64, // types counted separately; further ones count as "(other)"
};
#define GV_NET_CLIENT UINT32_MAX // as a source: any client
#define GV_NET_OVERHEAD 128      // memory of a message in addition to its bytes

struct gv_net_message {
    uint32_t src; // a node, a service, or GV_NET_CLIENT
    uint32_t dest;
    uint32_t type; // index into the counts; GV_NET_TYPES_MAX for a client's message
    bool original; // sent by its node: neither a duplicate nor a message of the adversary
    gv_time sent, due;
    uint64_t seq;
    size_t len;
    char bytes[]; // the line
};

struct gv_net_count {
    // The body's type as in its JSON, without quotes. A longer one is cut after a complete
    // character or escape, and ends in "…".
    char type[GV_NET_TYPE_MAX + 1];
    uint64_t messages;
    uint64_t bytes;
};

#define GV_NET_WAIT_MAX (1000 * GV_MS) // longest wait for a link, unless a rule sets another

enum gv_net_rule_kind {
    GV_NET_LOSE,
    GV_NET_DUPLICATE,
    GV_NET_DELAY,
    GV_NET_LIMIT,
    GV_NET_FORGE, // see adversary.h
};
enum { GV_NET_LEFT = 1, GV_NET_RIGHT = 2 }; // sides of a rule, as bits

struct gv_net_rule {
    enum gv_net_rule_kind kind;
    uint32_t ppm;             // the share of messages, in millionths; not for limits
    gv_time delay;            // mean delay; limits: longest wait
    uint64_t bandwidth;       // limits: bytes a second, of each link in one direction
    enum gv_net_latency dist; // distribution of the delay
    const uint8_t *sides;     // by node: applies to messages from left to right; NULL: to all
    bool both_ways;           // also to messages from right to left
};

struct gv_net_config {
    struct gv_event_queue *queue; // borrowed
    uint32_t event_kind;          // kind of the network's events, whose items are messages
    uint32_t nodes;
    uint32_t services; // endpoints after the nodes
    enum gv_net_latency latency;
    uint32_t latency_ms;      // mean latency
    const struct gv_wan *wan; // open for this many nodes; its round trips replace the latency.
                              // NULL: none. Borrowed
    enum gv_net_delivery delivery;
    uint64_t seed;
    // Whether a partition cuts this message between nodes. Called when the message is taken from
    // the queue. NULL: never.
    bool (*cut)(void *ctx, const struct gv_net_message *message);
    void *cut_ctx;
    // Traces lost and duplicated messages, which gv_envelope must have made. May be NULL.
    struct gv_trace *trace;
};

struct gv_net_inbox {
    struct gv_net_message **heap; // by due time
    size_t len, cap;
    struct gv_net_message
        *current; // the inbound thread sleeps until it is due; NULL: the thread is idle
};

struct gv_net_link {
    uint32_t src, dest;
    uint64_t state;     // state of its random stream; 0: a free slot of the table
    gv_time busy_until; // time at which all messages sent so far have passed
    uint32_t in_flight; // messages in flight, without duplicates
};

struct gv_net {
    struct gv_net_config config;
    struct gv_net_link *links;   // open hash table of the links that carried messages
    size_t links_len, links_cap; // capacity: a power of two
    struct gv_net_link busiest;  // the link with the largest in_flight ever, as it was then
    gv_time longest_flight;      // longest time that a message is in flight
    unsigned copies;             // largest number of copies of one message
    const struct gv_net_rule *rules;
    size_t rules_len;
    struct gv_net_inbox *inboxes; // by node or service
    size_t *in_flight_bytes;      // by node: memory of its messages in flight, and of replies of
                                  // services to it, bytes, with GV_NET_OVERHEAD for each
    uint64_t *sent_by;            // by node or service: messages sent, including dropped ones
    uint64_t sent;                // all messages, including those of clients
    uint64_t messages, bytes;     // messages of nodes and services, including dropped ones
    uint64_t service_messages;    // messages to and from services
    uint64_t dropped;             // copies of these messages that were cut or lost
    struct gv_adversary adversary;
    uint64_t forged;                                  // messages sent by the adversary
    struct gv_net_count counts[GV_NET_TYPES_MAX + 1]; // these messages, by type
    size_t types;
};

void gv_net_init(struct gv_net *net, const struct gv_net_config *config);
// Frees all messages in flight. The queue must still exist, and may only be freed afterwards.
void gv_net_fini(struct gv_net *net);

// Sends a line (copied) to a node or service. `type` is the body's type, and `size` the number of
// bytes to count; both are ignored if `src` is GV_NET_CLIENT.
void gv_net_send(struct gv_net *net, gv_time now, uint32_t src, uint32_t dest, struct gv_slice type,
                 size_t size, struct gv_slice bytes);

// Handles an event of config.event_kind. Returns the message to deliver now, which the caller frees
// by free(); NULL: it was cut.
struct gv_net_message *gv_net_take(struct gv_net *net, gv_time now, const struct gv_event *event);

// Sets the rules for messages sent from now on. Borrowed until the next call.
void gv_net_rules(struct gv_net *net, const struct gv_net_rule *rules, size_t count);

// Draws a latency of a link, in whole milliseconds as in Maelstrom: the mean; uniform over
// [0, 2·mean); or exponential, rounded down. Between regions with a round trip, the mean is half of
// that, in microseconds.
gv_time gv_net_latency(struct gv_net *net, uint32_t src, uint32_t dest);

#endif
