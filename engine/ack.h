// SPDX-License-Identifier: MIT
// The messages between this node and one peer: which messages are in flight, acknowledged or lost,
// and how long round trips take. Internal to engine/.
//
// The scheme is QUIC's loss recovery (RFC 9000, section 13.2; RFC 9002, sections 5 and 6), reduced
// to what gossip needs. Terms:
//   numbered message  a message with an id, which the receiver acknowledges (in QUIC, an
//                     ack-eliciting packet). Ids count up from a random number. Messages with
//                     updates, pings, sync messages that must arrive, and the first message to a
//                     peer are numbered.
//   acknowledgement   the largest id received, a mask of the 64 ids before it, and the ack delay.
//                     It acknowledges many messages and is part of the next message to the peer.
//   lost              a message is declared lost if it is not acknowledged within the timeout
//                     (gv_ack_expire); if a message three ids later is acknowledged (packet
//                     threshold); if any later message is acknowledged and some time has passed
//                     (gv_ack_detect_reordered); or if a later message from the peer does not
//                     acknowledge it (gv_ack_detect_unacked). A lost message is not
//                     retransmitted; its updates are pending again.
//   spurious loss     a lost message that is acknowledged later, because the path reorders
//                     messages or has become slower. If a later message had overtaken the lost
//                     one, the packet threshold doubles, up to 24, which no message reaches.
//                     After such a loss, time thresholds are at least the mean round trip and
//                     four deviations (compare RFC 8985, section 6.2). Otherwise, on a path that
//                     always reorders, all messages would be declared lost and sent for ever.
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
//                     │ more than GV_ACK_LOST_MAX are lost, or five minutes have passed
//                     ▼
//                 forgotten
//
// The module knows neither the engine nor what a timeout means. A function that declares messages
// lost returns a struct gv_ack_loss, on which the caller acts. Only ack.c writes the members of
// struct gv_ack.
//
// Functions assert their preconditions and cannot fail. They take times in nanoseconds and set
// deadlines in the struct. They send nothing.
#ifndef GV_ENGINE_ACK_H
#define GV_ENGINE_ACK_H

#include "../codec/message.h"

enum {
    GV_ACK_IN_FLIGHT_MAX = 16, // maximum number of unacknowledged messages to a peer
    GV_ACK_LOST_MAX = 16,      // maximum number of lost messages remembered; finds spurious losses
    GV_ACK_THRESHOLD = 8,      // after this many received messages, acknowledge at once
    GV_ACK_RTT_INITIAL_MS = 500, // round trip assumed before the first sample
    GV_ACK_RTT_MAX_MS = 300000,  // longest round trip that is measured
};

// A message in flight.
struct gv_ack_message {
    uint64_t id;
    uint64_t from;  // sequence number of the first update in the message
    gv_time sent;   // time of sending
    gv_time due;    // time at which the message is declared lost
    bool sync;      // a sync message; if it is lost, the sync is opened again
    bool reordered; // a later message was acknowledged, so `due` is not a timeout
};

// A lost message. If it is acknowledged later, the loss was spurious: the round trip took longer
// than the timeout.
struct gv_ack_lost {
    uint64_t id;
    gv_time sent;
};

// The result of a function that declares messages lost.
struct gv_ack_loss {
    int messages; // number of messages declared lost
    bool sync;    // one of these is a sync message
};

struct gv_ack {
    // Messages to the peer. Both arrays are in order of ids.
    uint64_t next_id;
    struct gv_ack_message in_flight[GV_ACK_IN_FLIGHT_MAX];
    struct gv_ack_lost lost[GV_ACK_LOST_MAX]; // the records become sparser with age
    uint8_t in_flight_count, lost_count;
    uint64_t largest_acked_end; // one more than the largest id acknowledged
    bool contacted;             // a numbered message was sent
    bool needs_full_state;      // all entries are pending, and none has been acknowledged
    gv_time loss_timer;         // earliest `due` in flight; GV_TIME_NEVER: none
    uint64_t acked_seq;         // the peer has acknowledged all updates before this one
    uint64_t sent_seq;          // all updates before this one were sent to the peer
    // Round trips.
    bool measured;         // srtt and rttvar are valid
    gv_time srtt, rttvar;  // smoothed round trip and its variation, for timeouts (RFC 9002)
    gv_time rtt_mean;      // mean of the last 16 round trips, for the flush rounds
    gv_time rtt_deviation; // mean deviation of the last 16 round trips
    uint8_t rtt_samples;   // number of samples in the mean
    uint8_t outliers;      // number of consecutive latest samples that are far from the mean
    uint8_t reordering;    // spurious losses by overtaking since the path changed, at most 3
    // Messages from the peer.
    bool has_received;  // a numbered message was received; `largest` and `mask` are valid
    uint8_t unacked;    // received messages that are not acknowledged yet
    uint64_t largest;   // largest id received
    uint64_t mask;      // bit i: largest − 1 − i was received
    gv_time largest_at; // arrival of `largest`
    gv_time ack_at;     // deadline of the next acknowledgement, or GV_TIME_NEVER
};

// Initialises a peer without history. The updates from `seq` on are pending; `needs_full_state`
// says that these are all entries of this node. `first_id` is a random number, so that the ids of
// two incarnations differ.
void gv_ack_init(struct gv_ack *ack, uint64_t first_id, uint64_t seq, bool needs_full_state);

// --- messages from the peer ------------------------------------------------------------------

// Whether a received message with this id is the first message of an incarnation of the peer: the
// first message from the peer, or one whose id is far from the last id.
bool gv_ack_is_new_incarnation(const struct gv_ack *ack, uint64_t id);
// Whether a message with this id has been received before.
bool gv_ack_is_duplicate(const struct gv_ack *ack, uint64_t id);
// Notes a received numbered message. It must be acknowledged within `delay`, or at once if
// `immediate` is set or GV_ACK_THRESHOLD messages are unacknowledged.
void gv_ack_received(struct gv_ack *ack, gv_time now, uint64_t id, bool immediate, gv_time delay);
// The acknowledgement that a message sent now should carry. Returns false if there is none.
bool gv_ack_pending(const struct gv_ack *ack, gv_time now, struct gv_message_ack *out);
// Notes that the pending acknowledgement is sent.
void gv_ack_ack_sent(struct gv_ack *ack);
// Makes the pending acknowledgement, if there is one, due now.
void gv_ack_hasten(struct gv_ack *ack, gv_time now);

// --- messages to the peer --------------------------------------------------------------------

// Whether fewer than GV_ACK_IN_FLIGHT_MAX messages are in flight.
bool gv_ack_can_send(const struct gv_ack *ack);
// Notes that a numbered message with the pending updates before `to` is sent now. Returns its id.
// After `timeout` the message is declared lost. `sync` marks a sync message. Requires
// gv_ack_can_send.
uint64_t gv_ack_sent(struct gv_ack *ack, gv_time now, uint64_t to, gv_time timeout, bool sync);
// Notes that the peer does not need the pending updates before `seq`.
void gv_ack_skip(struct gv_ack *ack, uint64_t seq);
// The time at which the latest message in flight was sent; GV_TIME_NEVER if none is in flight.
gv_time gv_ack_last_sent(const struct gv_ack *ack);
// Whether a sync message sent at this time is still in flight.
bool gv_ack_sync_in_flight(const struct gv_ack *ack, gv_time sent);
// Messages that are in flight now no longer count as sync messages.
void gv_ack_abandon_syncs(struct gv_ack *ack);
// Declares all messages in flight lost, and makes the updates from `seq` on pending.
void gv_ack_reset(struct gv_ack *ack, uint64_t seq);
// Forgets lost messages: their round trips would include a pause of this process.
void gv_ack_forget_lost(struct gv_ack *ack);

// --- acknowledgement and loss ----------------------------------------------------------------

// Handles a received acknowledgement, of messages in flight or lost. Measures the round trip (RFC
// 9002, section 5). If the record of the acknowledged message has been dropped, measures from the
// lost message before it; that sample is too long, never too short. Declares messages lost by the
// packet threshold (section 6.1.1). Returns false if nothing new is acknowledged.
bool gv_ack_acked(struct gv_ack *ack, gv_time now, const struct gv_message_ack *got,
                  struct gv_ack_loss *loss);
// Called for each message from the peer, after gv_ack_acked. Declares lost the unacknowledged
// messages that were sent more than `expected` ago, since the peer's message would have
// acknowledged them. So two nodes that both send need no timeout. No effect before a round trip is
// measured.
struct gv_ack_loss gv_ack_detect_unacked(struct gv_ack *ack, gv_time now, gv_time expected);
// Applies the time threshold of RFC 9002, section 6.1.2: a message sent before an acknowledged one
// becomes due `loss_delay` after it was sent, unless it is due earlier. No effect before a round
// trip is measured.
void gv_ack_set_loss_times(struct gv_ack *ack, gv_time loss_delay);
// Declares lost the messages that gv_ack_set_loss_times has made due, and all later ones. This is
// no timeout, since the peer acknowledges other messages.
struct gv_ack_loss gv_ack_detect_reordered(struct gv_ack *ack, gv_time now);
// Declares lost the first message that is due, and all later ones. This is a timeout.
struct gv_ack_loss gv_ack_expire(struct gv_ack *ack, gv_time now);

// How long to wait for an immediate acknowledgement: srtt + 4 · rttvar, the probe timeout of RFC
// 9002, section 6.2.1; at least 20 ms, at most 2 · GV_ACK_RTT_MAX_MS. Before the first sample,
// `initial_rtt` or GV_ACK_RTT_MAX_MS, whichever is less, takes the place of srtt.
gv_time gv_ack_timeout(const struct gv_ack *ack, gv_time initial_rtt);

#endif
