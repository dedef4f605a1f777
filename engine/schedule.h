// SPDX-License-Identifier: MIT
// The times of the push tree: when to send updates, and how long acknowledgements may be delayed.
// Internal to engine/.
//
// Terms:
//   staleness    the configured time from a write until all nodes have it, ns
//   flush round  a parent sends its pending updates to its children
//   period       the time between two flush rounds of a root
//   margin       how early updates aim to arrive at their parent, so that a slightly longer round
//                trip still meets the flush round
//   propagation  the time of an update up and down the tree, by the slowest link of a node
// An update waits at most a period, and then propagates: period + propagation = staleness, as far
// as the links allow. A child sends its updates so that they arrive a margin before the round that
// its parent has announced. No clocks are compared: an announcement says in how much time the round
// comes, and a child counts from its arrival.
//
//     parent  ──┬──────────────────────────────┬── flush round
//               │ announces the next         ▲ │
//     child   ──▼────────────────────────────┴─▼──
//              `at`                   send │← round trip + margins →│ `at` + `in`
//
// Pure functions of times in nanoseconds; a time they return for an event is never before `now`.
// Round trips and deviations are at most a few minutes, staleness is at most 2^32 ms.
#ifndef GV_ENGINE_SCHEDULE_H
#define GV_ENGINE_SCHEDULE_H

#include "../merkle/base.h"

// A flush round that the parent has announced; all 0: none.
struct gv_schedule_round {
    gv_time at; // arrival of the announcement
    gv_time in; // interval from then to the round, and between the rounds after it
};

// --- the period of a root ----------------------------------------------------------------------

// The margin: a small part of the staleness, at most 50 ms.
gv_time gv_schedule_margin(gv_time staleness);

// The round trip that the period allows for: the mean and half of its deviation, since updates that
// come late wait for a period; 0 if the mean is 0, unknown.
gv_time gv_schedule_padded_rtt(gv_time mean, gv_time deviation);

// The propagation time on a tree of this number of levels, by the longest padded round trip; 0 if
// that is 0, unknown.
gv_time gv_schedule_propagation(gv_time staleness, uint32_t levels, gv_time padded_rtt);

// The time between two flush rounds: staleness − propagation; but at least 10 ms and a quarter of
// the propagation time, when links are too slow for the staleness. A third of the staleness while
// propagation is 0, unknown.
gv_time gv_schedule_period(gv_time staleness, gv_time propagation);

// The staleness that can be kept: the configured one, or more if links are too slow for it.
gv_time gv_schedule_achievable(gv_time staleness, gv_time propagation);

// The next flush round of a root that had its last one at `last`, which is not after `now`, and has
// announced another after `period`. GV_TIME_NEVER: it had none. A round without updates did not
// take place; then late children aim at the one after it.
gv_time gv_schedule_next_round(gv_time last, gv_time period, gv_time now);

// --- a child and its parent's rounds -----------------------------------------------------------

// The round that a message which arrives now announces, in milliseconds. A round is never further
// away than the staleness, whatever is announced.
struct gv_schedule_round gv_schedule_announced(gv_time staleness, gv_time now, uint32_t in_ms);

// When the announced round arrives at the latest; GV_TIME_NEVER: none is to come.
gv_time gv_schedule_expected(gv_time staleness, const struct gv_schedule_round *round, gv_time now);

// When to send to the parent, over a link of this mean round trip and deviation, to meet the next
// flush round that can still be met. Now, if none is to come: the parent had no updates and sends
// when it gets some.
gv_time gv_schedule_to_parent(gv_time staleness, const struct gv_schedule_round *round,
                              gv_time mean, gv_time deviation, gv_time now);

// --- acknowledgements --------------------------------------------------------------------------

// How long a node may delay an acknowledgement, to send it with updates. `from_child`: of a message
// that a child sent to its parent. Staleness 0: no tree.
gv_time gv_schedule_ack_delay_max(gv_time staleness, bool from_child);

// How long the parent may delay the acknowledgement of a message sent now, if it comes with the
// parent's next flush round; 0: no round is to come.
gv_time gv_schedule_parent_ack_delay_max(gv_time staleness, const struct gv_schedule_round *round,
                                         gv_time mean, gv_time now);

// How long after its sending a message on the tree has missed its flush round, if a message comes
// that does not acknowledge it.
gv_time gv_schedule_ack_expected_after(gv_time staleness, gv_time mean);

#endif
