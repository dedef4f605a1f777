// SPDX-License-Identifier: MIT
// One peer as this node sees it: acknowledgements, loss detection, round trips, suspicion.
//
// The scheme is QUIC's (RFC 9000, section 13.2; RFC 9002, sections 5 and 6), reduced to what gossip
// needs. Terms:
//   numbered message  has an id; ids count up from a random one. The receiver acknowledges it: in
//                     QUIC, an ack-eliciting packet. Messages with updates, pings, sync messages
//                     that must arrive, and the first message to a peer are numbered.
//   acknowledgement   the largest id received, a mask of the 64 before it, and the ack delay. One
//                     acknowledges many messages and is part of the next message to the peer.
//   lost              not acknowledged although a message three ids later was (packet threshold),
//                     although the peer has sent another (gv_peer_detect_unacked), although a later
//                     one was, some time ago (gv_peer_detect_reordered), or within the timeout
//                     (gv_peer_expire). A lost message is not retransmitted: its updates are
//                     pending again.
//   spurious loss     a lost message that is acknowledged later
//   suspected         as in SWIM: it does not acknowledge. A peer that sends nothing is suspected
//                     after GV_PEER_TIMEOUTS_MAX timeouts in a row, one that still sends after
//                     GV_PEER_ONE_WAY_TIMEOUTS_MAX.
//   seq               a sequence number in the changelog (changelog.h)
//
// Functions assert their preconditions and cannot fail. They take time in nanoseconds and set
// deadlines in the struct; they send nothing.
#ifndef GV_ENGINE_PEER_H
#define GV_ENGINE_PEER_H

#include "../codec/message.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_PEER_IN_FLIGHT_MAX = 16, // most unacknowledged messages to a peer
    GV_PEER_LOST_MAX = 16,      // most lost messages remembered, to recognise spurious losses
    GV_PEER_TIMEOUTS_MAX = 4, // consecutive timeouts until a peer that sends nothing is suspected …
    GV_PEER_ONE_WAY_TIMEOUTS_MAX = 8, // … and until one that still sends is suspected
    GV_PEER_ACK_THRESHOLD = 8,        // unacknowledged received messages that end the ack delay
    GV_PEER_RTT_INITIAL_MS = 500,     // assumed round trip before the first sample
    GV_PEER_RTT_MAX_MS = 300000,      // longest round trip that is measured
};

// A message in flight.
struct gv_peer_message {
    uint64_t id;
    uint64_t from;  // sequence number of its first update
    gv_time sent;   // time of sending
    gv_time due;    // time at which it is declared lost
    bool sync;      // a sync message: if lost, the sync is opened again
    bool reordered; // a later one was acknowledged; declared lost at `due` without a timeout
};

// A lost message. If it is acknowledged later, the loss was spurious: the round trip is longer than
// the timeout.
struct gv_peer_lost {
    uint64_t id;
    gv_time sent;
};

struct gv_peer {
    // Messages to the peer; both arrays in order of ids.
    uint64_t next_id;
    struct gv_peer_message in_flight[GV_PEER_IN_FLIGHT_MAX];
    struct gv_peer_lost lost[GV_PEER_LOST_MAX]; // sparser with age
    uint8_t in_flight_count, lost_count;
    uint64_t largest_acked_end;  // one more than the largest id acknowledged
    uint8_t timeouts;            // since the last acknowledgement
    bool suspected;              // updates bypass it
    bool received_since_timeout; // a message came from it since the first of these timeouts
    bool contacted;              // a numbered message was sent to it
    bool needs_full_state;       // all entries are pending for it, and none is acknowledged yet
    bool measured;               // srtt and rttvar are valid
    gv_time srtt, rttvar;        // smoothed round trip and its variation, for timeouts
    gv_time rtt_mean;            // mean of the last 16 round trips, for the flush rounds
    gv_time rtt_deviation;       // mean deviation of these
    uint8_t rtt_samples;         // their number
    uint8_t outliers;            // consecutive last samples far from the mean
    gv_time loss_timer;          // earliest `due` in flight; GV_TIME_NEVER: none
    gv_time probe_at;            // time of the next probe of a suspected peer, or GV_TIME_NEVER
    gv_time probe_interval;
    uint64_t acked_seq; // the peer has acknowledged all updates before this one
    uint64_t sent_seq;  // all updates before this one were sent to it
    // Messages from the peer.
    bool has_received;  // a numbered one came; `largest` and `mask` are valid
    uint8_t unacked;    // received messages that are not acknowledged yet
    uint64_t largest;   // largest id received
    uint64_t mask;      // bit i: largest − 1 − i was received
    gv_time largest_at; // arrival of `largest`
    gv_time ack_at;     // deadline of the next acknowledgement, or GV_TIME_NEVER
    // What to send next.
    bool child;        // this node is its parent in the push tree
    bool queued;       // it is in the engine's send queue
    bool ping;         // the next message requests an immediate acknowledgement
    bool open_sync;    // the next message opens a sync …
    bool follow_up;    // … which is opened again if the message is lost
    gv_time opened_at; // when this node last opened a sync with it, or GV_TIME_NEVER
    gv_time synced_at; // when its last summary came, or GV_TIME_NEVER
};

// --- receiving -------------------------------------------------------------------------------

// Initialises a peer without history. The updates from `seq` on are pending; `needs_full_state`:
// they are all entries of this node. `first_id`: a random number, so that incarnations differ.
GV_API void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq,
                         bool needs_full_state);

// Whether a received message with this id is the first of a new incarnation of the peer: the first
// one, or one whose id is far from the last.
GV_API bool gv_peer_is_new_incarnation(const struct gv_peer *peer, uint64_t id);
// Whether a message with this id has been received before.
GV_API bool gv_peer_is_duplicate(const struct gv_peer *peer, uint64_t id);
// Notes a received numbered message. It is acknowledged within `delay`; at once if `immediate`, or
// if GV_PEER_ACK_THRESHOLD messages are unacknowledged.
GV_API void gv_peer_received(struct gv_peer *peer, gv_time now, uint64_t id, bool immediate,
                             gv_time delay);
// Writes the acknowledgement to send now into *out. False: there is nothing to acknowledge.
GV_API bool gv_peer_take_ack(struct gv_peer *peer, gv_time now, struct gv_message_ack *out);

// --- sending ---------------------------------------------------------------------------------

// Whether fewer than GV_PEER_IN_FLIGHT_MAX messages are in flight.
GV_API bool gv_peer_can_send(const struct gv_peer *peer);
// Notes that a numbered message is sent now, with the pending updates before `to`; returns its id.
// After `ack_timeout` it is lost. `sync`: it belongs to a sync, which is opened again if it is
// lost. Requires gv_peer_can_send.
GV_API uint64_t gv_peer_sent(struct gv_peer *peer, gv_time now, uint64_t to, gv_time ack_timeout,
                             bool sync);
// Whether a sync message sent at this time is still in flight.
GV_API bool gv_peer_sync_in_flight(const struct gv_peer *peer, gv_time sent);
// The loss of sync messages now in flight no longer opens a sync.
GV_API void gv_peer_abandon_syncs(struct gv_peer *peer);
// Declares all messages in flight lost, without opening a sync, and makes the updates from `seq` on
// pending.
GV_API void gv_peer_reset(struct gv_peer *peer, uint64_t seq);

// --- acknowledgement and loss ----------------------------------------------------------------

// Handles a received acknowledgement, also of lost messages: resets the timeouts and measures the
// round trip (RFC 9002, section 5). If the record of the acknowledged message is gone, the lost
// message before it is the sample, which is then too long, never too short. Declares lost what the
// packet threshold says (section 6.1.1). Returns the number of messages lost, or −1 if nothing
// new is acknowledged.
GV_API int gv_peer_acked(struct gv_peer *peer, gv_time now, const struct gv_message_ack *ack);
// Call it for each message from the peer, after gv_peer_acked. Declares lost the messages sent more
// than `expected` ago, which that message would have acknowledged. So two nodes that both send need
// no timeout. Returns the number of messages lost; 0 if the peer is unmeasured or suspected.
GV_API int gv_peer_detect_unacked(struct gv_peer *peer, gv_time now, gv_time expected);
// The time threshold of RFC 9002, section 6.1.2: messages sent before one that was acknowledged
// become due `loss_delay` after they were sent, unless they are due earlier. No effect if the peer
// is unmeasured or suspected.
GV_API void gv_peer_set_loss_times(struct gv_peer *peer, gv_time loss_delay);
// Declares lost the messages that gv_peer_set_loss_times made due, and those after them. This is
// not a timeout, since the peer acknowledges others. Returns their number.
GV_API int gv_peer_detect_reordered(struct gv_peer *peer, gv_time now);
// Declares lost the first message that is due, and those after it; this is a timeout. Returns their
// number, 0 if none is due.
GV_API int gv_peer_expire(struct gv_peer *peer, gv_time now);
// Whether the timeouts have reached the number that makes the peer suspected.
GV_API bool gv_peer_is_unresponsive(const struct gv_peer *peer);

// --- time ------------------------------------------------------------------------------------

// How long to wait for an immediate acknowledgement: srtt + 4 · rttvar, the probe timeout of RFC
// 9002, section 6.2.1; at least 20 ms, at most 2 · GV_PEER_RTT_MAX_MS. Each timeout
// beyond GV_PEER_ONE_WAY_TIMEOUTS_MAX doubles it, up to 16 times and 10 s.
// Before the first sample, `initial_rtt` (at most GV_PEER_RTT_MAX_MS) replaces srtt. Each timeout
// doubles it, up to GV_PEER_RTT_INITIAL_MS, as the peer may be farther away than measured ones.
GV_API gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt);

// The earliest time after `now` at which an acknowledgement, a loss or a probe of this peer is due;
// GV_TIME_NEVER: none.
GV_API gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now);

#ifdef __cplusplus
}
#endif
#endif
