// SPDX-License-Identifier: MIT
// One peer as this node sees it: what it has acknowledged, what it is owed, how far away it is and
// whether it answers at all.
//
// Acknowledgement follows QUIC (RFC 9000, section 13.2; RFC 9002, sections 5 and 6) cut down to
// what gossip needs: every message that carries updates has a number; the receiver names the
// largest it has and a mask of those before; a gap of three, or time, makes a message lost. What
// was in it is then sent again. One acknowledgement stands for many messages and rides on whatever
// is said next in the other direction.
#ifndef GV_ENGINE_PEER_H
#define GV_ENGINE_PEER_H

#include "../codec/message.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_PEER_IN_FLIGHT_MAX = 16,       // most messages unacknowledged at once
    GV_PEER_LOST_MAX = 16,            // lost messages remembered, for spurious losses
    GV_PEER_TIMEOUTS_MAX = 4,         // time-outs in a row that make a silent peer suspected …
    GV_PEER_ONE_WAY_TIMEOUTS_MAX = 8, // … and one that speaks, but does not seem to hear
    GV_PEER_ACK_THRESHOLD = 8,        // messages received that are acknowledged without delay
    GV_PEER_RTT_INITIAL_MS = 500,     // a round trip of which nothing is known
    GV_PEER_RTT_MAX_MS = 300000,      // the longest round trip that is measured
};

// A message on its way.
struct gv_peer_message {
    uint64_t id;
    uint64_t from; // the updates it carries begin at this sequence number of the log
    gv_time sent;
    gv_time due;    // lost, if not acknowledged by then
    bool sync;      // it was a step of a sync
    bool reordered; // a later one has been acknowledged: when it is due, it alone is lost
};

// A message given up. An acknowledgement that comes after all shows that the loss was spurious: the
// round trip is longer than what was waited for.
struct gv_peer_lost {
    uint64_t id;
    gv_time sent;
};

struct gv_peer {
    // Towards the peer. They are in order of their ids.
    uint64_t next_id;
    struct gv_peer_message in_flight[GV_PEER_IN_FLIGHT_MAX];
    struct gv_peer_lost lost[GV_PEER_LOST_MAX]; // the older, the sparser
    uint8_t in_flight_count, lost_count;
    uint64_t largest_acked_end; // acknowledgements have named no id from this one on
    uint8_t timeouts;           // time-outs since the last acknowledgement
    bool suspected;
    bool received_since_timeout; // since the first of them
    bool contacted;              // it has been sent a numbered message
    bool needs_full_state; // it is owed all there ever was, and has acknowledged nothing of it yet
    bool measured;         // srtt counts
    gv_time srtt, rttvar;  // smoothed round trip and its deviation: for time-outs
    gv_time rtt_mean;      // of the last round trips, for the period …
    gv_time rtt_deviation; // … and the mean of how they deviate from it
    uint8_t rtt_samples;   // how many
    uint8_t outliers;      // the last of them were so many times as long, or as short, as the mean
    gv_time loss_timer;    // when the first message in flight is due; GV_TIME_NEVER: none
    gv_time probe_at;      // when to try a suspected peer again
    gv_time probe_interval;
    uint64_t acked_seq; // the peer has had all updates before this sequence number
    uint64_t sent_seq;  // … and been sent those before this one
    // From the peer.
    bool has_received;
    uint8_t unacked; // numbered messages not acknowledged yet
    uint64_t largest, mask;
    gv_time largest_at; // when `largest` came
    gv_time ack_at;     // when to acknowledge at the latest
    // What is to be said next.
    bool child;        // takes updates from this node, as its parent in the push tree
    bool queued;       // stands in the engine's queue
    bool ping;         // wants an answer at once
    bool open_sync;    // a sync is to be opened …
    bool follow_up;    // … and opened again, should the opening be lost
    gv_time opened_at; // when this node last opened one with it …
    gv_time synced_at; // … and last had a summary from it; GV_TIME_NEVER: not yet
};

// A peer not heard of yet, owed the updates from `seq` on, which are all there ever was if they
// are the full state. `first_id`: a random number.
GV_API void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq,
                         bool needs_full_state);

// Whether a message of this number is the first of the peer's present incarnation to come.
GV_API bool gv_peer_is_new_incarnation(const struct gv_peer *peer, uint64_t id);
// Whether a message of this number has been received before, so that this is a copy of it.
GV_API bool gv_peer_is_duplicate(const struct gv_peer *peer, uint64_t id);
// A numbered message came; it is to be acknowledged within `delay`, or at once if `immediate`.
GV_API void gv_peer_received(struct gv_peer *peer, gv_time now, uint64_t id, bool immediate,
                             gv_time delay);
// Writes the acknowledgement to send now. False: nothing to acknowledge.
GV_API bool gv_peer_take_ack(struct gv_peer *peer, gv_time now, struct gv_message_ack *out);

// Whether one more numbered message may be sent.
GV_API bool gv_peer_can_send(const struct gv_peer *peer);
// A numbered message leaves, with updates up to `to`; it counts as lost after `ack_timeout`. If it
// is a step of a `sync` and lost, the sync is to be opened again. Returns its id. The peer must be
// open.
GV_API uint64_t gv_peer_sent(struct gv_peer *peer, gv_time now, uint64_t to, gv_time ack_timeout,
                             bool sync);

// An acknowledgement came, be it of a message given up long ago: the peer is there, and its round
// trip is measured (RFC 9002, section 5). If the message is forgotten, the one given up before it
// counts, so the sample is too long rather than too short. Returns how many messages it shows to be
// lost, or −1 if it acknowledges nothing new.
GV_API int gv_peer_acked(struct gv_peer *peer, gv_time now, const struct gv_message_ack *ack);
// The peer has spoken, and its acknowledgement, if it gave one, has been taken: gives up the
// messages in flight that left longer than `usual` ago, for it should have acknowledged them, had
// they come; what they carried is sent again. Returns how many. No time-out is needed to notice a
// loss where both sides keep talking.
GV_API int gv_peer_detect_unacked(struct gv_peer *peer, gv_time now, gv_time usual);
// Whether its silence, or deafness, has lasted so long that updates should go another way.
GV_API bool gv_peer_is_unresponsive(const struct gv_peer *peer);
// What left before a message that has been acknowledged is due `after` it was sent, if not earlier
// anyway: it is late then, and most likely lost (RFC 9002, section 6.1.2).
GV_API void gv_peer_set_loss_times(struct gv_peer *peer, gv_time after);
// Declares lost the messages that gv_peer_set_loss_times made due, and those behind them; what they
// carried is sent again. This is no time-out, for the peer hears. Returns how many.
GV_API int gv_peer_detect_reordered(struct gv_peer *peer, gv_time now);
// Declares lost the messages that are due; what they carried is sent again. Returns how many.
GV_API int gv_peer_expire(struct gv_peer *peer, gv_time now);
// Whether a step of a sync that left then is still on its way, for all this node knows.
GV_API bool gv_peer_sync_in_flight(const struct gv_peer *peer, gv_time sent);
// The syncs under way need not be opened again, should a step be lost.
GV_API void gv_peer_abandon_syncs(struct gv_peer *peer);
// Declares all messages in flight lost and moves the peer to this sequence number of the log.
GV_API void gv_peer_reset(struct gv_peer *peer, uint64_t seq);

// How long to wait for an answer that is given at once: the probe timeout of RFC 9002, section 6.2.
// `initial_rtt` counts up to 10 s, where nothing is measured yet, and is doubled up to
// GV_PEER_RTT_INITIAL_MS with each time-out, as the peer may be further off than it says. At most 2
// × GV_PEER_RTT_MAX_MS.
GV_API gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt);

// When something is to be done about this peer, looking only at times after `now`.
GV_API gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now);

#ifdef __cplusplus
}
#endif
#endif
