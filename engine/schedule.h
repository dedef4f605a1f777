// SPDX-License-Identifier: MIT
// The times of the push tree: when to send updates, and how long acknowledgements may be delayed.
// Internal to engine/.
//
// Terms:
//   staleness    the configured time from a write until all nodes have it, ns
//   flush round  a parent sends its pending updates to all its children at one time
//   period       the time between two flush rounds of a root
//   margin       how long before a flush round updates should arrive at the parent, so that a
//                slightly longer round trip still meets that round
//   propagation  the time that an update takes up and down the tree, by the slowest link of a node
// An update waits at most a period and then propagates, so period + propagation = staleness, unless
// the links are too slow. A child sends its updates so that they arrive a margin before the round
// that its parent has announced. No clocks are compared: an announcement gives the time until the
// round, and a child counts from the arrival of the announcement.
//
//     parent  ──┬──────────────────────────────┬── flush round
//               │ announces the next         ▲ │
//     child   ──▼────────────────────────────┴─▼──
//              `at`                   send │← round trip + margins →│ `at` + `in`
//
// Pure functions of times in nanoseconds. If the result is the time of an event, it is not before
// `now`. Round trips and deviations are at most a few minutes, staleness is at most 2^32 ms.
#ifndef GV_ENGINE_SCHEDULE_H
#define GV_ENGINE_SCHEDULE_H

#include "../merkle/base.h"

// A flush round that the parent has announced. All members are 0 if there is none.
struct gv_schedule_round {
    gv_time at;     // when the announcement arrived
    gv_time in;     // time from `at` to the round
    gv_time period; // time between later rounds
};

// --- the period of a root ----------------------------------------------------------------------

// The margin: a small part of the staleness, at most 50 ms.
gv_time gv_schedule_margin(gv_time staleness);

// The padded round trip, which the period allows for: the mean plus half of the deviation, since an
// update that arrives late waits for another period. 0 if the mean is 0, which means unknown.
gv_time gv_schedule_padded_rtt(gv_time mean, gv_time deviation);

// The propagation time on a tree with this number of levels, whose links all have this padded round
// trip. 0 if the padded round trip is 0, which means unknown.
gv_time gv_schedule_propagation(gv_time staleness, uint32_t levels, gv_time padded_rtt);

// The time between two flush rounds: staleness − propagation. If links are too slow for the
// staleness, at least 10 ms and a quarter of the propagation time. If propagation is 0, which means
// unknown, a third of the staleness.
gv_time gv_schedule_period(gv_time staleness, gv_time propagation);

// The staleness that can be achieved: the configured one, or more if links are too slow for that.
gv_time gv_schedule_achievable(gv_time staleness, gv_time propagation);

// The next flush round of a root whose last round was at `last`, not after `now`, and announced the
// next one after `period`. GV_TIME_NEVER if there was no round. A round is skipped if there are no
// updates; late children then aim at the one after it.
gv_time gv_schedule_next_round(gv_time last, gv_time period, gv_time now);

// --- a child and its parent's rounds -----------------------------------------------------------

// The round that a message announces which arrives now. `in_ms` is the announced time, ms; it is
// limited to the staleness. `last`: what was announced before. A message between two rounds
// announces the rest of the period: if that is a round of `last`, its period stays; otherwise the
// announced time is the period, too.
struct gv_schedule_round gv_schedule_announced(gv_time staleness, gv_time now, uint32_t in_ms,
                                               const struct gv_schedule_round *last);

// When the announced round arrives at the latest; GV_TIME_NEVER if no round is expected.
gv_time gv_schedule_expected(gv_time staleness, const struct gv_schedule_round *round, gv_time now);

// When to send to the parent in order to meet the next flush round that can still be met, over a
// link with this mean round trip and deviation. `now` if no round is expected; a parent without
// updates sends as soon as it gets some.
gv_time gv_schedule_to_parent(gv_time staleness, const struct gv_schedule_round *round,
                              gv_time mean, gv_time deviation, gv_time now);

// --- acknowledgements --------------------------------------------------------------------------

// How long a node may delay an acknowledgement so that it travels with updates. `from_child`: a
// child sent the message to its parent. A staleness of 0 means no tree.
gv_time gv_schedule_ack_delay_max(gv_time staleness, bool from_child);

// How long the parent may delay the acknowledgement of a message sent now, if the acknowledgement
// comes with the parent's next flush round; 0 if no round is expected.
gv_time gv_schedule_parent_ack_delay_max(gv_time staleness, const struct gv_schedule_round *round,
                                         gv_time mean, gv_time now);

// A message on the tree that was sent longer ago than the result has missed its flush round, if a
// later message from the peer does not acknowledge it.
gv_time gv_schedule_ack_expected_after(gv_time staleness, gv_time mean);

#endif
