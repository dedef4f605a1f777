// SPDX-License-Identifier: MIT
// The load of a run: its workload, the sequence of operations, and their times. As in Maelstrom, an
// operation is an addition or a read with equal probability, intervals are uniform over [0,
// 2/rate), and clients take turns. Unlike in Maelstrom, the first operation is an addition, so that
// a short run has one.
//
// An operation of most workloads is one request. One of a workload with a state (struct
// gv_load_class) may have contents, and several requests, or none: each reply goes to the
// generator, which says whether another request follows.
#ifndef GV_SIM_CORE_LOAD_H
#define GV_SIM_CORE_LOAD_H

#include "keys.h"
#include "load_class.h"

// The mean lateness of an operation in Jepsen's interpreter; the next interval starts at the late
// time. At a rate for 2,000 operations in 20 s, Maelstrom runs 1,942 to 1,982 and 25 final reads.
#define GV_LOAD_JEPSEN_DELAY (GV_MS * 3 / 10)

// The class of a kind of load.
const struct gv_load_class *gv_load_class(enum gv_load_kind kind);

// The load has one worker. Ends the process if there is no memory.
void gv_load_init(struct gv_load *load, enum gv_load_kind kind, double rate, uint64_t seed);
void gv_load_fini(struct gv_load *load);

// The next operation. Sets: values 0, 1, 2, …; pn-counter: deltas in [−5, 5); g-counter: the same
// without negative deltas, so one third are additions; echo: a number in [0, 128).
struct gv_load_op gv_load_next(struct gv_load *load);

// The interval to the next operation. GV_TIME_NEVER if the rate is 0.
gv_time gv_load_gap(struct gv_load *load);

// The client, of `count` > 0, at which the search for a free client begins, as in Jepsen's context
// (some-free-process, busy-thread): workers take turns, the nemesis last. At the nemesis' turn the
// search begins at client 0, which is next.
static inline uint32_t gv_load_pick(const struct gv_load *load, uint32_t count) {
    GV_ASSERT(count > 0 && load->turn <= count);
    return load->turn < count ? load->turn : 0;
}

// Notes that a worker, one of `count` clients or the nemesis, took its turn.
static inline void gv_load_turn_taken(struct gv_load *load, uint32_t count) {
    GV_ASSERT(count > 0 && load->turn <= count);
    load->turn = load->turn < count ? load->turn + 1 : 0;
}

bool gv_load_is_set(enum gv_load_kind kind);        // broadcast, g-set
bool gv_load_is_counter(enum gv_load_kind kind);    // g-counter, pn-counter
bool gv_load_has_logs(enum gv_load_kind kind);      // our nodes keep log entries: kafka, txn
bool gv_load_converges(enum gv_load_kind kind);     // see struct gv_load_class
bool gv_load_counts_finals(enum gv_load_kind kind); // not extra_finals
// Whether a read returns all state of a node, so that observers can tell when nodes agree.
static inline bool gv_load_is_observable(enum gv_load_kind kind) {
    return gv_load_is_set(kind) || gv_load_is_counter(kind);
}

// The next final operation of a worker: one read, or those of the class. *wait is the time to let
// pass before it. False: there is none. `before`: final operations that the worker invoked already.
bool gv_load_final(struct gv_load *load, uint32_t worker, size_t before, struct gv_load_op *op,
                   gv_time *wait);

// The request of an operation that has one.
enum gv_load_request gv_load_request_of(enum gv_load_kind kind, enum gv_history_kind op);

// The body of a request, without its braces: "type":"add","delta":-3. For sets, op.value is the
// number of a value of `keys`. Returns the length, less than GV_LOAD_BODY_MAX. For workloads
// without state.
enum { GV_LOAD_BODY_MAX = 96 + GV_KEYS_TEXT_MAX };
int gv_load_body(enum gv_load_kind kind, struct gv_keys *keys, struct gv_load_op op,
                 char buf[GV_LOAD_BODY_MAX]);

// Appends the body of the next request of an operation, of any workload. Before the first request
// and after each reply that gv_load_reply returned true for.
enum gv_load_request gv_load_next_request(struct gv_load *load, uint32_t worker,
                                          struct gv_keys *keys, const struct gv_history_op *op,
                                          struct gv_memory_bytes *body);
// See the members of struct gv_load_class. Workloads without state have one request.
bool gv_load_reply(struct gv_load *load, uint32_t worker, const struct gv_history_op *op,
                   enum gv_load_request request, const struct gv_json *json, int token);
void gv_load_end(struct gv_load *load, uint32_t worker, const struct gv_history_op *op);

// The names of the workloads, as in --workload, by kind; NULL at the end.
extern const char *const gv_load_names[];

#endif
