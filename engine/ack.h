// SPDX-License-Identifier: MIT
// The messages between this node and one peer: which are in flight, acknowledged or lost, and how
// long round trips take. Internal to engine/.
//
// The scheme is QUIC's (RFC 9000, section 13.2; RFC 9002, sections 5 and 6), reduced to what gossip
// needs. Terms:
//   numbered message  has an id; ids count up from a random one. The receiver acknowledges it: in
//                     QUIC, an ack-eliciting packet. Messages with updates, pings, sync messages
//                     that must arrive, and the first message to a peer are numbered.
//   acknowledgement   the largest id received, a mask of the 64 before it, and the ack delay. One
//                     acknowledges many messages and is part of the next message to the peer.
//   lost              not acknowledged although a message three ids later was (packet threshold),
//                     although the peer has sent another (gv_ack_detect_unacked), although a later
//                     one was, some time ago (gv_ack_detect_reordered), or within the timeout
//                     (gv_ack_expire). A lost message is not retransmitted: its updates are
//                     pending again.
//   spurious loss     a lost message that is acknowledged later: the path reorders or slowed down.
//                     Each one that a later message overtook doubles the packet threshold, up to
//                     24, which no message reaches. From the first one on, time thresholds are at
//                     least the mean round trip and four deviations (compare RFC 8985, section
//                     6.2). Otherwise all messages of a path that always reorders would be lost,
//                     and sent for ever
//   seq               a sequence number in the changelog (changelog.h)
//
// The states of a numbered message to the peer:
//
//     gv_ack_sent            acknowledged
//     ──────────▶ in flight ──────────────▶ acknowledged
//                     │                          ▲
//                     │ lost, reset              │ acknowledged later
//                     ▼                          │
//                   lost ────────────────────────┘
//                     │ more than GV_ACK_LOST_MAX are, or for five minutes
//                     ▼
//                 forgotten
//
// The module knows neither the engine nor what a timeout means: a function that declares messages
// lost returns the loss, for the caller to act on. Only ack.c writes the members of struct gv_ack.
//
// Functions assert their preconditions and cannot fail. They take time in nanoseconds and set
// deadlines in the struct; they send nothing.
#ifndef GV_ENGINE_ACK_H
#define GV_ENGINE_ACK_H

#include "../codec/message.h"

enum {
    GV_ACK_IN_FLIGHT_MAX = 16,   // most unacknowledged messages to a peer
    GV_ACK_LOST_MAX = 16,        // most lost messages remembered, to recognise spurious losses
    GV_ACK_THRESHOLD = 8,        // received messages that are acknowledged without delay
    GV_ACK_RTT_INITIAL_MS = 500, // assumed round trip before the first sample
    GV_ACK_RTT_MAX_MS = 300000,  // longest round trip that is measured
};

// A message in flight.
struct gv_ack_message {
    uint64_t id;
    uint64_t from;  // sequence number of its first update
    gv_time sent;   // time of sending
    gv_time due;    // time at which it is declared lost
    bool sync;      // a sync message: if lost, the sync is opened again
    bool reordered; // a later one was acknowledged; declared lost at `due` without a timeout
};

// A lost message. If it is acknowledged later, the loss was spurious: the round trip is longer than
// the timeout.
struct gv_ack_lost {
    uint64_t id;
    gv_time sent;
};

// The messages that a function has declared lost.
struct gv_ack_loss {
    int messages; // their number
    bool sync;    // one of them is a sync message
};

struct gv_ack {
    // Messages to the peer; both arrays in order of ids.
    uint64_t next_id;
    struct gv_ack_message in_flight[GV_ACK_IN_FLIGHT_MAX];
    struct gv_ack_lost lost[GV_ACK_LOST_MAX]; // sparser with age
    uint8_t in_flight_count, lost_count;
    uint64_t largest_acked_end; // one more than the largest id acknowledged
    bool contacted;             // a numbered message was sent
    bool needs_full_state;      // all entries are pending, and none is acknowledged yet
    gv_time loss_timer;         // earliest `due` in flight; GV_TIME_NEVER: none
    uint64_t acked_seq;         // the peer has acknowledged all updates before this one
    uint64_t sent_seq;          // all updates before this one were sent to it
    // Round trips.
    bool measured;         // srtt and rttvar are valid
    gv_time srtt, rttvar;  // smoothed round trip and its variation, for timeouts
    gv_time rtt_mean;      // mean of the last 16 round trips, for the flush rounds
    gv_time rtt_deviation; // mean deviation of these
    uint8_t rtt_samples;   // their number
    uint8_t outliers;      // consecutive last samples far from the mean
    uint8_t reordering;    // overtaken spurious losses since the path changed, at most 3
    // Messages from the peer.
    bool has_received;  // a numbered one came; `largest` and `mask` are valid
    uint8_t unacked;    // received messages that are not acknowledged yet
    uint64_t largest;   // largest id received
    uint64_t mask;      // bit i: largest − 1 − i was received
    gv_time largest_at; // arrival of `largest`
    gv_time ack_at;     // deadline of the next acknowledgement, or GV_TIME_NEVER
};

// Initialises a peer without history. The updates from `seq` on are pending; `needs_full_state`:
// they are all entries of this node. `first_id`: a random number, so that incarnations differ.
void gv_ack_init(struct gv_ack *ack, uint64_t first_id, uint64_t seq, bool needs_full_state);

// --- messages from the peer ------------------------------------------------------------------

// Whether a received message with this id is the first of a new incarnation of the peer: the first
// one, or one whose id is far from the last.
bool gv_ack_is_new_incarnation(const struct gv_ack *ack, uint64_t id);
// Whether a message with this id has been received before.
bool gv_ack_is_duplicate(const struct gv_ack *ack, uint64_t id);
// Notes a received numbered message. It is acknowledged within `delay`; at once if `immediate`, or
// if GV_ACK_THRESHOLD messages are unacknowledged.
void gv_ack_received(struct gv_ack *ack, gv_time now, uint64_t id, bool immediate, gv_time delay);
// The acknowledgement that a message sent now should carry. False: there is nothing to acknowledge.
bool gv_ack_pending(const struct gv_ack *ack, gv_time now, struct gv_message_ack *out);
// Notes that the pending acknowledgement is sent.
void gv_ack_ack_sent(struct gv_ack *ack);
// Makes the pending acknowledgement, if there is one, due now.
void gv_ack_hasten(struct gv_ack *ack, gv_time now);

// --- messages to the peer --------------------------------------------------------------------

// Whether fewer than GV_ACK_IN_FLIGHT_MAX messages are in flight.
bool gv_ack_can_send(const struct gv_ack *ack);
// Notes that a numbered message is sent now, with the pending updates before `to`; returns its id.
// After `timeout` it is lost. `sync`: it is a sync message. Requires gv_ack_can_send.
uint64_t gv_ack_sent(struct gv_ack *ack, gv_time now, uint64_t to, gv_time timeout, bool sync);
// The pending updates before `seq` need not be sent to the peer.
void gv_ack_skip(struct gv_ack *ack, uint64_t seq);
// When the last message in flight was sent; GV_TIME_NEVER: none is in flight.
gv_time gv_ack_last_sent(const struct gv_ack *ack);
// Whether a sync message sent at this time is still in flight.
bool gv_ack_sync_in_flight(const struct gv_ack *ack, gv_time sent);
// Messages now in flight no longer count as sync messages.
void gv_ack_abandon_syncs(struct gv_ack *ack);
// Declares all messages in flight lost, and makes the updates from `seq` on pending.
void gv_ack_reset(struct gv_ack *ack, uint64_t seq);
// Forgets lost messages: their round trips would include a pause of this process.
void gv_ack_forget_lost(struct gv_ack *ack);

// --- acknowledgement and loss ----------------------------------------------------------------

// Handles a received acknowledgement, also of lost messages: measures the round trip (RFC 9002,
// section 5). If the record of the acknowledged message is gone, the lost message before it is the
// sample, which is then too long, never too short. Declares lost what the packet threshold says
// (section 6.1.1). False: it acknowledges nothing new.
bool gv_ack_acked(struct gv_ack *ack, gv_time now, const struct gv_message_ack *got,
                  struct gv_ack_loss *loss);
// Call it for each message from the peer, after gv_ack_acked. Declares lost the messages sent more
// than `expected` ago, which that message would have acknowledged. So two nodes that both send need
// no timeout. No effect if no round trip is measured.
struct gv_ack_loss gv_ack_detect_unacked(struct gv_ack *ack, gv_time now, gv_time expected);
// The time threshold of RFC 9002, section 6.1.2: messages sent before one that was acknowledged
// become due `loss_delay` after they were sent, unless they are due earlier. No effect if no round
// trip is measured.
void gv_ack_set_loss_times(struct gv_ack *ack, gv_time loss_delay);
// Declares lost the messages that gv_ack_set_loss_times made due, and those after them. This is not
// a timeout, since the peer acknowledges others.
struct gv_ack_loss gv_ack_detect_reordered(struct gv_ack *ack, gv_time now);
// Declares lost the first message that is due, and those after it; this is a timeout.
struct gv_ack_loss gv_ack_expire(struct gv_ack *ack, gv_time now);

// How long to wait for an immediate acknowledgement: srtt + 4 · rttvar, the probe timeout of RFC
// 9002, section 6.2.1; at least 20 ms, at most 2 · GV_ACK_RTT_MAX_MS. Before the first sample,
// `initial_rtt`, of which at most GV_ACK_RTT_MAX_MS count.
gv_time gv_ack_timeout(const struct gv_ack *ack, gv_time initial_rtt);

#endif
