// SPDX-License-Identifier: MIT
#include "ack.h"

enum {
    PACKET_THRESHOLD = 3,  // RFC 9002, section 6.1.1
    MASK_BITS = 64,        // bits in the mask of an acknowledgement
    RTT_SAMPLES_MAX = 16,  // the mean weighs a sample by 1/16, or more if there are fewer samples
    ID_JUMP_MAX = 1 << 12, // the ids of one incarnation never jump by more
    TIMEOUT_MIN_MS = 20,
    DEVIATION_MIN_MS = 10,   // least variation that a timeout allows for (kGranularity in RFC 9002)
    PATH_CHANGE_FACTOR = 2,  // an outlier is this many times longer or shorter than the mean
    PATH_CHANGE_SAMPLES = 2, // consecutive outliers that show a new path
    RTT_SAMPLES_MIN = 4,     // samples before a sample can be an outlier
    REORDERING_MAX = 3,      // the packet threshold is doubled at most this often
};

void gv_ack_init(struct gv_ack *ack, uint64_t first_id, uint64_t seq, bool needs_full_state) {
    GV_ASSERT(ack != NULL);
    *ack = (struct gv_ack){
        .next_id = first_id,
        .largest_acked_end = first_id,
        .needs_full_state = needs_full_state,
        .loss_timer = GV_TIME_NEVER,
        .acked_seq = seq,
        .sent_seq = seq,
        .ack_at = GV_TIME_NEVER,
    };
}

// --- receiving -------------------------------------------------------------------------------

// Whether the acknowledgement includes this id.
static bool covers(const struct gv_message_ack *got, uint64_t id) {
    if (id >= got->largest) return id == got->largest;
    uint64_t back = got->largest - id;
    return back <= MASK_BITS && (got->mask >> (back - 1) & 1) != 0;
}

// Updates `largest` and `mask`. Returns true if the id is the new largest.
static bool note_id(struct gv_ack *ack, uint64_t id) {
    if (gv_ack_is_new_incarnation(ack, id)) {
        ack->mask = 0;
    } else if (id > ack->largest) {
        uint64_t step = id - ack->largest;
        ack->mask = step < MASK_BITS ? ack->mask << step : 0;
        if (step <= MASK_BITS) ack->mask |= UINT64_C(1) << (step - 1);
    } else {
        uint64_t back = ack->largest - id;
        if (back > 0) ack->mask |= UINT64_C(1) << (back - 1);
        return false;
    }
    ack->has_received = true;
    ack->largest = id;
    return true;
}

bool gv_ack_is_new_incarnation(const struct gv_ack *ack, uint64_t id) {
    if (!ack->has_received) return true;
    return id < ack->largest ? ack->largest - id > MASK_BITS : id - ack->largest > ID_JUMP_MAX;
}

bool gv_ack_is_duplicate(const struct gv_ack *ack, uint64_t id) {
    return ack->has_received && covers(&(struct gv_message_ack){ack->largest, ack->mask, 0}, id);
}

void gv_ack_received(struct gv_ack *ack, gv_time now, uint64_t id, bool immediate, gv_time delay) {
    GV_ASSERT(ack->unacked < UINT8_MAX);
    if (note_id(ack, id)) ack->largest_at = now;
    ack->unacked++;
    if (immediate || ack->unacked >= GV_ACK_THRESHOLD) delay = 0;
    if (ack->unacked > GV_ACK_THRESHOLD) ack->unacked = GV_ACK_THRESHOLD;
    gv_time when = gv_time_after(now, delay);
    if (when < ack->ack_at) ack->ack_at = when;
}

bool gv_ack_pending(const struct gv_ack *ack, gv_time now, struct gv_message_ack *out) {
    if (ack->unacked == 0) return false;
    GV_ASSERT(ack->has_received);
    gv_time ack_delay = now > ack->largest_at ? now - ack->largest_at : 0;
    *out = (struct gv_message_ack){ack->largest, ack->mask, ack_delay / 1000};
    return true;
}

void gv_ack_ack_sent(struct gv_ack *ack) {
    ack->unacked = 0;
    ack->ack_at = GV_TIME_NEVER;
}

void gv_ack_hasten(struct gv_ack *ack, gv_time now) {
    if (ack->unacked > 0) ack->ack_at = now;
}

// --- time ------------------------------------------------------------------------------------

gv_time gv_ack_timeout(const struct gv_ack *ack, gv_time initial_rtt) {
    gv_time deviation = gv_time_min(4 * ack->rttvar, GV_ACK_RTT_MAX_MS * GV_MS);
    deviation = gv_time_max(deviation, DEVIATION_MIN_MS * GV_MS);
    gv_time timeout = gv_time_min(initial_rtt, GV_ACK_RTT_MAX_MS * GV_MS);
    if (ack->measured) timeout = ack->srtt + deviation;
    return gv_time_max(timeout, TIMEOUT_MIN_MS * GV_MS);
}

// --- sending ---------------------------------------------------------------------------------

static void update_timer(struct gv_ack *ack) {
    ack->loss_timer = GV_TIME_NEVER;
    for (int i = 0; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].due < ack->loss_timer) ack->loss_timer = ack->in_flight[i].due;
    }
    ack->acked_seq = ack->in_flight_count ? ack->in_flight[0].from : ack->sent_seq;
    GV_ASSERT(ack->acked_seq <= ack->sent_seq);
}

bool gv_ack_can_send(const struct gv_ack *ack) {
    return ack->in_flight_count < GV_ACK_IN_FLIGHT_MAX;
}

uint64_t gv_ack_sent(struct gv_ack *ack, gv_time now, uint64_t to, gv_time ack_timeout, bool sync) {
    GV_ASSERT(gv_ack_can_send(ack) && to >= ack->sent_seq);
    ack->contacted = true;
    uint64_t id = ack->next_id++;
    ack->in_flight[ack->in_flight_count++] =
        (struct gv_ack_message){.id = id,
                                .from = ack->sent_seq,
                                .sent = now,
                                .due = gv_time_after(now, ack_timeout),
                                .sync = sync};
    ack->sent_seq = to;
    update_timer(ack);
    return id;
}

// Whether the path has changed, because the last round trips were all far from the mean.
static bool path_changed(struct gv_ack *ack, gv_time sample) {
    gv_time usual = 4 * ack->rtt_deviation;
    bool longer = sample > PATH_CHANGE_FACTOR * ack->rtt_mean + usual;
    bool shorter = PATH_CHANGE_FACTOR * sample + usual < ack->rtt_mean;
    bool outlier = ack->rtt_samples >= RTT_SAMPLES_MIN && (longer || shorter);
    ack->outliers = outlier ? (uint8_t)(ack->outliers + 1) : 0;
    return ack->outliers >= PATH_CHANGE_SAMPLES;
}

static void restart_mean(struct gv_ack *ack, gv_time sample) {
    ack->rtt_mean = sample;
    ack->rtt_deviation = 0;
    ack->rtt_samples = 1;
    ack->outliers = 0;
    ack->reordering = 0;
}

// Adds a sample to srtt and rttvar (RFC 9002, section 5.3) and to the mean.
static void update_rtt(struct gv_ack *ack, gv_time elapsed) {
    gv_time sample = gv_time_min(elapsed, GV_ACK_RTT_MAX_MS * GV_MS);
    if (!ack->measured) {
        ack->measured = true;
        ack->srtt = sample;
        ack->rttvar = sample / 2;
        restart_mean(ack, sample);
        return;
    }
    gv_time differ = sample > ack->srtt ? sample - ack->srtt : ack->srtt - sample;
    ack->rttvar = (3 * ack->rttvar + differ) / 4;
    ack->srtt = (7 * ack->srtt + sample) / 8;
    if (path_changed(ack, sample)) {
        restart_mean(ack, sample);
        return;
    }
    if (ack->rtt_samples < RTT_SAMPLES_MAX) ack->rtt_samples++;
    gv_time apart = sample > ack->rtt_mean ? sample - ack->rtt_mean : ack->rtt_mean - sample;
    ack->rtt_deviation = (ack->rtt_deviation * (ack->rtt_samples - 1u) + apart) / ack->rtt_samples;
    ack->rtt_mean = (ack->rtt_mean * (ack->rtt_samples - 1u) + sample) / ack->rtt_samples;
}

static void update_rtt_by_ack(struct gv_ack *ack, gv_time now, gv_time sent,
                              const struct gv_message_ack *got) {
    gv_time ack_delay =
        got->ack_delay_us < UINT64_MAX / 1000 ? got->ack_delay_us * 1000 : UINT64_MAX;
    gv_time elapsed = now > sent ? now - sent : 0;
    if (elapsed >= ack_delay) update_rtt(ack, elapsed - ack_delay);
}

// --- lost messages ---------------------------------------------------------------------------

static void forget_lost(struct gv_ack *ack, int at) {
    ack->lost_count--;
    for (int i = at; i < ack->lost_count; i++) ack->lost[i] = ack->lost[i + 1];
}

// The index of the record to drop: the one whose neighbours are closest in time, relative to their
// age. So the records cover five minutes, however many messages are lost.
static int least_informative(const struct gv_ack *ack) {
    gv_time newest = ack->lost[ack->lost_count - 1].sent, smallest = UINT64_MAX;
    int least = 0;
    for (int i = 1; i + 1 < ack->lost_count; i++) {
        gv_time before = ack->lost[i - 1].sent, between = ack->lost[i + 1].sent - before;
        gv_time relative = between * 4096 / (newest - before + 1);
        if (relative >= smallest) continue;
        smallest = relative;
        least = i;
    }
    return least;
}

static void remember_lost(struct gv_ack *ack, const struct gv_ack_message *message) {
    const gv_time oldest = GV_ACK_RTT_MAX_MS * GV_MS;
    while (ack->lost_count > 0 && message->sent > ack->lost[0].sent &&
           message->sent - ack->lost[0].sent > oldest)
        forget_lost(ack, 0);
    if (ack->lost_count == GV_ACK_LOST_MAX) forget_lost(ack, least_informative(ack));
    int at = ack->lost_count++;
    for (; at > 0 && ack->lost[at - 1].id > message->id; at--) ack->lost[at] = ack->lost[at - 1];
    ack->lost[at] = (struct gv_ack_lost){message->id, message->sent};
}

// Declares this message and all later ones lost, so that their updates are sent again in order.
static struct gv_ack_loss declare_lost(struct gv_ack *ack, int first) {
    struct gv_ack_loss loss = {.messages = ack->in_flight_count - first};
    for (int i = first; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].sync) loss.sync = true;
        remember_lost(ack, &ack->in_flight[i]);
    }
    if (loss.messages > 0) {
        ack->sent_seq = ack->in_flight[first].from;
        ack->in_flight_count = (uint8_t)first;
    }
    update_timer(ack);
    return loss;
}

static bool remove_acked(struct gv_ack *ack, gv_time now, const struct gv_message_ack *got) {
    int kept = 0, count = ack->in_flight_count;
    for (int i = 0; i < count; i++) {
        struct gv_ack_message message = ack->in_flight[i];
        uint64_t to = i + 1 < count ? ack->in_flight[i + 1].from : ack->sent_seq;
        if (!covers(got, message.id)) {
            ack->in_flight[kept++] = message;
            continue;
        }
        if (to > message.from) ack->needs_full_state = false;
        if (message.id == got->largest) update_rtt_by_ack(ack, now, message.sent, got);
    }
    ack->in_flight_count = (uint8_t)kept;
    return kept < count;
}

static bool detect_spurious_loss(struct gv_ack *ack, gv_time now,
                                 const struct gv_message_ack *got) {
    int kept = 0, count = ack->lost_count;
    bool overtaken = false;
    for (int i = 0; i < count; i++) {
        struct gv_ack_lost lost = ack->lost[i];
        if (!covers(got, lost.id)) {
            ack->lost[kept++] = lost;
            continue;
        }
        if (lost.id == got->largest) update_rtt_by_ack(ack, now, lost.sent, got);
        overtaken = overtaken || lost.id + 1 < ack->largest_acked_end;
    }
    if (overtaken && ack->reordering < REORDERING_MAX) ack->reordering++;
    ack->lost_count = (uint8_t)kept;
    return kept < count;
}

// Measures a round trip if the record of the acknowledged message has been dropped. The last
// recorded lost message before it was sent earlier, so the sample is too long, never too short.
static void update_rtt_by_forgotten(struct gv_ack *ack, gv_time now,
                                    const struct gv_message_ack *got) {
    const struct gv_ack_lost *before = NULL;
    for (int i = 0; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].id == got->largest) return;
    }
    for (int i = 0; i < ack->lost_count && ack->lost[i].id <= got->largest; i++)
        before = &ack->lost[i];
    if (before != NULL && before->id < got->largest) update_rtt_by_ack(ack, now, before->sent, got);
}

bool gv_ack_acked(struct gv_ack *ack, gv_time now, const struct gv_message_ack *got,
                  struct gv_ack_loss *loss) {
    *loss = (struct gv_ack_loss){0};
    bool fresh = got->largest - ack->largest_acked_end < ack->next_id - ack->largest_acked_end;
    if (fresh) update_rtt_by_forgotten(ack, now, got);
    bool spurious = detect_spurious_loss(ack, now, got), acked = remove_acked(ack, now, got);
    if (fresh) ack->largest_acked_end = got->largest + 1;
    if (!fresh && !spurious && !acked) return false;
    uint64_t threshold = (uint64_t)PACKET_THRESHOLD << ack->reordering;
    for (int i = 0; acked && i < ack->in_flight_count; i++) {
        uint64_t id = ack->in_flight[i].id;
        if (id >= got->largest || got->largest - id < threshold) continue;
        *loss = declare_lost(ack, i);
        return true;
    }
    update_timer(ack);
    return true;
}

struct gv_ack_loss gv_ack_detect_reordered(struct gv_ack *ack, gv_time now) {
    for (int i = 0; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].reordered && ack->in_flight[i].due <= now)
            return declare_lost(ack, i);
    }
    return (struct gv_ack_loss){0};
}

struct gv_ack_loss gv_ack_expire(struct gv_ack *ack, gv_time now) {
    for (int i = 0; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].due <= now) return declare_lost(ack, i);
    }
    return (struct gv_ack_loss){0};
}

// The given delay, or on a path that reorders messages at least its usual longest round trip.
static gv_time tolerate(const struct gv_ack *ack, gv_time delay) {
    gv_time usual = ack->rtt_mean + 4 * ack->rtt_deviation;
    return ack->reordering > 0 ? gv_time_max(delay, usual) : delay;
}

void gv_ack_set_loss_times(struct gv_ack *ack, gv_time loss_delay) {
    if (!ack->measured) return;
    loss_delay = tolerate(ack, loss_delay);
    for (int i = 0; i < ack->in_flight_count; i++) {
        struct gv_ack_message *message = &ack->in_flight[i];
        gv_time due = gv_time_after(message->sent, loss_delay);
        if (message->id >= ack->largest_acked_end || due >= message->due) continue;
        message->due = due;
        message->reordered = true;
    }
    update_timer(ack);
}

struct gv_ack_loss gv_ack_detect_unacked(struct gv_ack *ack, gv_time now, gv_time expected) {
    expected = tolerate(ack, expected);
    for (int i = 0; ack->measured && i < ack->in_flight_count; i++) {
        if (now - ack->in_flight[i].sent > expected) return declare_lost(ack, i);
    }
    return (struct gv_ack_loss){0};
}

bool gv_ack_sync_in_flight(const struct gv_ack *ack, gv_time sent) {
    for (int i = 0; i < ack->in_flight_count; i++) {
        if (ack->in_flight[i].sync && ack->in_flight[i].sent == sent) return true;
    }
    return false;
}

void gv_ack_abandon_syncs(struct gv_ack *ack) {
    for (int i = 0; i < ack->in_flight_count; i++) ack->in_flight[i].sync = false;
}

void gv_ack_reset(struct gv_ack *ack, uint64_t seq) {
    for (int i = 0; i < ack->in_flight_count; i++) remember_lost(ack, &ack->in_flight[i]);
    ack->in_flight_count = 0;
    if (seq > ack->sent_seq) ack->needs_full_state = false;
    ack->sent_seq = seq;
    update_timer(ack);
}

void gv_ack_skip(struct gv_ack *ack, uint64_t seq) {
    GV_ASSERT(seq >= ack->sent_seq);
    ack->sent_seq = seq;
    if (ack->in_flight_count == 0) ack->acked_seq = seq;
}

void gv_ack_forget_lost(struct gv_ack *ack) {
    ack->lost_count = 0;
}

gv_time gv_ack_last_sent(const struct gv_ack *ack) {
    return ack->in_flight_count > 0 ? ack->in_flight[ack->in_flight_count - 1].sent : GV_TIME_NEVER;
}
