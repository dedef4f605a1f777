// SPDX-License-Identifier: MIT
#include "peer.h"

enum {
    PACKET_THRESHOLD = 3,  // RFC 9002, section 6.1.1
    MASK_BITS = 64,        // bits in the mask of an acknowledgement
    RTT_SAMPLES_MAX = 16,  // the mean weighs a sample by 1/16, or more while there are fewer
    ID_JUMP_MAX = 1 << 12, // ids of one incarnation never jump by more
    TIMEOUT_MIN_MS = 20,
    DEVIATION_MIN_MS = 10,   // least variation term of a timeout, as kGranularity of RFC 9002
    BACKOFF_MAX_MS = 10000,  // backoff makes no timeout longer than this
    PATH_CHANGE_FACTOR = 2,  // an outlier is this many times longer or shorter than the mean
    PATH_CHANGE_SAMPLES = 2, // consecutive outliers that show a new path
    RTT_SAMPLES_MIN = 4,     // samples before one can be an outlier
};

void gv_peer_init(struct gv_peer *peer, uint64_t first_id, uint64_t seq, bool needs_full_state) {
    GV_ASSERT(peer != NULL);
    *peer = (struct gv_peer){
        .next_id = first_id,
        .largest_acked_end = first_id,
        .needs_full_state = needs_full_state,
        .loss_timer = GV_TIME_NEVER,
        .probe_at = GV_TIME_NEVER,
        .acked_seq = seq,
        .sent_seq = seq,
        .ack_at = GV_TIME_NEVER,
        .opened_at = GV_TIME_NEVER,
        .synced_at = GV_TIME_NEVER,
    };
}

// --- receiving -------------------------------------------------------------------------------

// Whether the acknowledgement includes this id.
static bool covers(const struct gv_message_ack *ack, uint64_t id) {
    if (id >= ack->largest) return id == ack->largest;
    uint64_t back = ack->largest - id;
    return back <= MASK_BITS && (ack->mask >> (back - 1) & 1) != 0;
}

// Updates largest and mask. Returns whether the id is the new largest.
static bool note_id(struct gv_peer *peer, uint64_t id) {
    if (gv_peer_is_new_incarnation(peer, id)) {
        peer->mask = 0;
    } else if (id > peer->largest) {
        uint64_t step = id - peer->largest;
        peer->mask = step < MASK_BITS ? peer->mask << step : 0;
        if (step <= MASK_BITS) peer->mask |= UINT64_C(1) << (step - 1);
    } else {
        uint64_t back = peer->largest - id;
        if (back > 0) peer->mask |= UINT64_C(1) << (back - 1);
        return false;
    }
    peer->has_received = true;
    peer->largest = id;
    return true;
}

bool gv_peer_is_new_incarnation(const struct gv_peer *peer, uint64_t id) {
    if (!peer->has_received) return true;
    return id < peer->largest ? peer->largest - id > MASK_BITS : id - peer->largest > ID_JUMP_MAX;
}

bool gv_peer_is_duplicate(const struct gv_peer *peer, uint64_t id) {
    return peer->has_received && covers(&(struct gv_message_ack){peer->largest, peer->mask, 0}, id);
}

void gv_peer_received(struct gv_peer *peer, gv_time now, uint64_t id, bool immediate,
                      gv_time delay) {
    GV_ASSERT(peer->unacked < UINT8_MAX);
    if (note_id(peer, id)) peer->largest_at = now;
    peer->unacked++;
    if (immediate || peer->unacked >= GV_PEER_ACK_THRESHOLD) delay = 0;
    if (peer->unacked > GV_PEER_ACK_THRESHOLD) peer->unacked = GV_PEER_ACK_THRESHOLD;
    gv_time when = gv_time_after(now, delay);
    if (when < peer->ack_at) peer->ack_at = when;
}

bool gv_peer_take_ack(struct gv_peer *peer, gv_time now, struct gv_message_ack *out) {
    if (peer->unacked == 0) return false;
    GV_ASSERT(peer->has_received);
    gv_time ack_delay = now > peer->largest_at ? now - peer->largest_at : 0;
    *out = (struct gv_message_ack){peer->largest, peer->mask, ack_delay / 1000};
    peer->unacked = 0;
    peer->ack_at = GV_TIME_NEVER;
    return true;
}

// --- time ------------------------------------------------------------------------------------

static gv_time at_most(gv_time time, gv_time most) {
    return time < most ? time : most;
}

// The timeout before backoff: RFC 9002, section 6.2.1.
static gv_time base_timeout(const struct gv_peer *peer, gv_time initial_rtt) {
    gv_time deviation = at_most(4 * peer->rttvar, GV_PEER_RTT_MAX_MS * GV_MS);
    if (deviation < DEVIATION_MIN_MS * GV_MS) deviation = DEVIATION_MIN_MS * GV_MS;
    gv_time timeout = at_most(initial_rtt, GV_PEER_RTT_MAX_MS * GV_MS);
    if (peer->measured) timeout = peer->srtt + deviation;
    return timeout > TIMEOUT_MIN_MS * GV_MS ? timeout : TIMEOUT_MIN_MS * GV_MS;
}

// --- sending ---------------------------------------------------------------------------------

static void update_timer(struct gv_peer *peer) {
    peer->loss_timer = GV_TIME_NEVER;
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].due < peer->loss_timer) peer->loss_timer = peer->in_flight[i].due;
    }
    peer->acked_seq = peer->in_flight_count ? peer->in_flight[0].from : peer->sent_seq;
    GV_ASSERT(peer->acked_seq <= peer->sent_seq);
}

bool gv_peer_can_send(const struct gv_peer *peer) {
    return peer->in_flight_count < GV_PEER_IN_FLIGHT_MAX;
}

uint64_t gv_peer_sent(struct gv_peer *peer, gv_time now, uint64_t to, gv_time ack_timeout,
                      bool sync) {
    GV_ASSERT(gv_peer_can_send(peer) && to >= peer->sent_seq);
    peer->contacted = true;
    uint64_t id = peer->next_id++;
    peer->in_flight[peer->in_flight_count++] =
        (struct gv_peer_message){.id = id,
                                 .from = peer->sent_seq,
                                 .sent = now,
                                 .due = gv_time_after(now, ack_timeout),
                                 .sync = sync};
    peer->sent_seq = to;
    update_timer(peer);
    return id;
}

// Whether the path has changed: the last round trips were all far from the mean.
static bool path_changed(struct gv_peer *peer, gv_time sample) {
    gv_time usual = 4 * peer->rtt_deviation;
    bool longer = sample > PATH_CHANGE_FACTOR * peer->rtt_mean + usual;
    bool shorter = PATH_CHANGE_FACTOR * sample + usual < peer->rtt_mean;
    bool outlier = peer->rtt_samples >= RTT_SAMPLES_MIN && (longer || shorter);
    peer->outliers = outlier ? (uint8_t)(peer->outliers + 1) : 0;
    return peer->outliers >= PATH_CHANGE_SAMPLES;
}

// Restarts the mean with this sample.
static void restart_mean(struct gv_peer *peer, gv_time sample) {
    peer->rtt_mean = sample;
    peer->rtt_deviation = 0;
    peer->rtt_samples = 1;
    peer->outliers = 0;
}

// Adds a sample: srtt and rttvar by RFC 9002, section 5.3, and the mean.
static void update_rtt(struct gv_peer *peer, gv_time elapsed) {
    gv_time sample = at_most(elapsed, GV_PEER_RTT_MAX_MS * GV_MS);
    if (!peer->measured) {
        peer->measured = true;
        peer->srtt = sample;
        peer->rttvar = sample / 2;
        restart_mean(peer, sample);
        return;
    }
    gv_time differ = sample > peer->srtt ? sample - peer->srtt : peer->srtt - sample;
    peer->rttvar = (3 * peer->rttvar + differ) / 4;
    peer->srtt = (7 * peer->srtt + sample) / 8;
    if (path_changed(peer, sample)) {
        restart_mean(peer, sample);
        return;
    }
    if (peer->rtt_samples < RTT_SAMPLES_MAX) peer->rtt_samples++;
    gv_time apart = sample > peer->rtt_mean ? sample - peer->rtt_mean : peer->rtt_mean - sample;
    peer->rtt_deviation =
        (peer->rtt_deviation * (peer->rtt_samples - 1u) + apart) / peer->rtt_samples;
    peer->rtt_mean = (peer->rtt_mean * (peer->rtt_samples - 1u) + sample) / peer->rtt_samples;
}

static void update_rtt_by_ack(struct gv_peer *peer, gv_time now, gv_time sent,
                              const struct gv_message_ack *ack) {
    gv_time ack_delay =
        ack->ack_delay_us < UINT64_MAX / 1000 ? ack->ack_delay_us * 1000 : UINT64_MAX;
    gv_time elapsed = now > sent ? now - sent : 0;
    if (elapsed >= ack_delay) update_rtt(peer, elapsed - ack_delay);
}

// --- lost messages ---------------------------------------------------------------------------

static void forget_lost(struct gv_peer *peer, int at) {
    peer->lost_count--;
    for (int i = at; i < peer->lost_count; i++) peer->lost[i] = peer->lost[i + 1];
}

// The record to drop: the one whose neighbours are closest in time relative to their age. So the
// records cover five minutes, however many messages are lost.
static int least_informative(const struct gv_peer *peer) {
    gv_time newest = peer->lost[peer->lost_count - 1].sent, smallest = UINT64_MAX;
    int least = 0;
    for (int i = 1; i + 1 < peer->lost_count; i++) {
        gv_time before = peer->lost[i - 1].sent, between = peer->lost[i + 1].sent - before;
        gv_time relative = between * 4096 / (newest - before + 1);
        if (relative >= smallest) continue;
        smallest = relative;
        least = i;
    }
    return least;
}

static void remember_lost(struct gv_peer *peer, const struct gv_peer_message *message) {
    const gv_time oldest = GV_PEER_RTT_MAX_MS * GV_MS;
    while (peer->lost_count > 0 && message->sent > peer->lost[0].sent &&
           message->sent - peer->lost[0].sent > oldest)
        forget_lost(peer, 0);
    if (peer->lost_count == GV_PEER_LOST_MAX) forget_lost(peer, least_informative(peer));
    int at = peer->lost_count++;
    for (; at > 0 && peer->lost[at - 1].id > message->id; at--) peer->lost[at] = peer->lost[at - 1];
    peer->lost[at] = (struct gv_peer_lost){message->id, message->sent};
}

// Declares lost this message and all after it, so that updates are sent again in order.
static int declare_lost(struct gv_peer *peer, int first) {
    int lost = peer->in_flight_count - first;
    for (int i = first; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].sync) peer->open_sync = peer->follow_up = true;
        remember_lost(peer, &peer->in_flight[i]);
    }
    if (lost > 0) {
        peer->sent_seq = peer->in_flight[first].from;
        peer->in_flight_count = (uint8_t)first;
    }
    update_timer(peer);
    return lost;
}

static bool remove_acked(struct gv_peer *peer, gv_time now, const struct gv_message_ack *ack) {
    int kept = 0, count = peer->in_flight_count;
    for (int i = 0; i < count; i++) {
        struct gv_peer_message message = peer->in_flight[i];
        uint64_t to = i + 1 < count ? peer->in_flight[i + 1].from : peer->sent_seq;
        if (!covers(ack, message.id)) {
            peer->in_flight[kept++] = message;
            continue;
        }
        if (to > message.from) peer->needs_full_state = false;
        if (message.id == ack->largest) update_rtt_by_ack(peer, now, message.sent, ack);
    }
    peer->in_flight_count = (uint8_t)kept;
    return kept < count;
}

static bool detect_spurious_loss(struct gv_peer *peer, gv_time now,
                                 const struct gv_message_ack *ack) {
    int kept = 0, count = peer->lost_count;
    for (int i = 0; i < count; i++) {
        struct gv_peer_lost lost = peer->lost[i];
        if (!covers(ack, lost.id)) {
            peer->lost[kept++] = lost;
        } else if (lost.id == ack->largest) {
            update_rtt_by_ack(peer, now, lost.sent, ack);
        }
    }
    peer->lost_count = (uint8_t)kept;
    return kept < count;
}

// Takes a sample from a message that is neither in flight nor remembered. It was sent after the
// last remembered message with a smaller id, so the sample is too long, never too short.
static void update_rtt_by_forgotten(struct gv_peer *peer, gv_time now,
                                    const struct gv_message_ack *ack) {
    const struct gv_peer_lost *before = NULL;
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].id == ack->largest) return;
    }
    for (int i = 0; i < peer->lost_count && peer->lost[i].id <= ack->largest; i++)
        before = &peer->lost[i];
    if (before != NULL && before->id < ack->largest)
        update_rtt_by_ack(peer, now, before->sent, ack);
}

int gv_peer_acked(struct gv_peer *peer, gv_time now, const struct gv_message_ack *ack) {
    bool fresh = ack->largest - peer->largest_acked_end < peer->next_id - peer->largest_acked_end;
    if (fresh) update_rtt_by_forgotten(peer, now, ack);
    if (fresh) peer->largest_acked_end = ack->largest + 1;
    bool spurious = detect_spurious_loss(peer, now, ack), acked = remove_acked(peer, now, ack);
    if (!fresh && !spurious && !acked) return -1;
    peer->timeouts = 0;
    for (int i = 0; acked && i < peer->in_flight_count; i++) {
        uint64_t id = peer->in_flight[i].id;
        if (id < ack->largest && ack->largest - id >= PACKET_THRESHOLD)
            return declare_lost(peer, i);
    }
    update_timer(peer);
    return 0;
}

int gv_peer_detect_reordered(struct gv_peer *peer, gv_time now) {
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].reordered && peer->in_flight[i].due <= now)
            return declare_lost(peer, i);
    }
    return 0;
}

int gv_peer_expire(struct gv_peer *peer, gv_time now) {
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].due > now) continue;
        if (peer->timeouts == 0) peer->received_since_timeout = false;
        if (peer->timeouts < UINT8_MAX) peer->timeouts++;
        return declare_lost(peer, i);
    }
    return 0;
}

void gv_peer_set_loss_times(struct gv_peer *peer, gv_time loss_delay) {
    if (!peer->measured || peer->suspected) return;
    for (int i = 0; i < peer->in_flight_count; i++) {
        struct gv_peer_message *message = &peer->in_flight[i];
        gv_time due = gv_time_after(message->sent, loss_delay);
        if (message->id >= peer->largest_acked_end || due >= message->due) continue;
        message->due = due;
        message->reordered = true;
    }
    update_timer(peer);
}

int gv_peer_detect_unacked(struct gv_peer *peer, gv_time now, gv_time expected) {
    if (!peer->measured || peer->suspected) return 0;
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (now - peer->in_flight[i].sent > expected) return declare_lost(peer, i);
    }
    return 0;
}

bool gv_peer_is_unresponsive(const struct gv_peer *peer) {
    return peer->timeouts >=
           (peer->received_since_timeout ? GV_PEER_ONE_WAY_TIMEOUTS_MAX : GV_PEER_TIMEOUTS_MAX);
}

bool gv_peer_sync_in_flight(const struct gv_peer *peer, gv_time sent) {
    for (int i = 0; i < peer->in_flight_count; i++) {
        if (peer->in_flight[i].sync && peer->in_flight[i].sent == sent) return true;
    }
    return false;
}

void gv_peer_abandon_syncs(struct gv_peer *peer) {
    for (int i = 0; i < peer->in_flight_count; i++) peer->in_flight[i].sync = false;
}

void gv_peer_reset(struct gv_peer *peer, uint64_t seq) {
    for (int i = 0; i < peer->in_flight_count; i++) remember_lost(peer, &peer->in_flight[i]);
    peer->in_flight_count = 0;
    if (seq > peer->sent_seq) peer->needs_full_state = false;
    peer->sent_seq = seq;
    update_timer(peer);
}

gv_time gv_peer_timeout(const struct gv_peer *peer, gv_time initial_rtt) {
    gv_time timeout = base_timeout(peer, initial_rtt);
    int beyond = peer->timeouts > GV_PEER_ONE_WAY_TIMEOUTS_MAX
                     ? peer->timeouts - GV_PEER_ONE_WAY_TIMEOUTS_MAX
                     : 0;
    gv_time longer = at_most(timeout << at_most((gv_time)beyond, 4), BACKOFF_MAX_MS * GV_MS);
    if (longer < timeout) longer = timeout;
    if (peer->measured) return longer;
    // The assumed round trip was measured with peers that may be much nearer, so each timeout
    // doubles it.
    gv_time raised = at_most(timeout << at_most(peer->timeouts, 5), GV_PEER_RTT_INITIAL_MS * GV_MS);
    return raised > longer ? raised : longer;
}

gv_time gv_peer_deadline(const struct gv_peer *peer, gv_time now) {
    const gv_time times[3] = {peer->ack_at, peer->loss_timer, peer->probe_at};
    gv_time due = GV_TIME_NEVER;
    for (int i = 0; i < 3; i++) {
        if (times[i] > now && times[i] < due) due = times[i];
    }
    return due;
}
