// SPDX-License-Identifier: MIT
// The load of a run: its workload, the sequence of operations, and their times. As in Maelstrom, an
// operation is an addition or a read with equal probability, intervals are uniform over [0,
// 2/rate), and clients take turns. Unlike in Maelstrom, the first operation is an addition, so that
// a short run has one.
#ifndef GV_SIM_CORE_LOAD_H
#define GV_SIM_CORE_LOAD_H

#include "../../engine/prng.h"
#include "history.h"
#include "keys.h"

enum gv_load_kind {
    GV_LOAD_BROADCAST,
    GV_LOAD_G_SET,
    GV_LOAD_G_COUNTER,
    GV_LOAD_PN_COUNTER,
    GV_LOAD_ECHO,
    GV_LOAD_UNIQUE_IDS,
    GV_LOAD_KINDS,
};

struct gv_load {
    enum gv_load_kind kind;
    double rate; // operations a second, over all clients
    struct gv_prng prng;
    int64_t next_value;
    bool added;    // there was an addition
    uint32_t turn; // the worker whose turn is next; equal to the number of clients: the nemesis
};

// The mean lateness of an operation in Jepsen's interpreter; the next interval starts at the late
// time. At a rate for 2,000 operations in 20 s, Maelstrom runs 1,942 to 1,982 and 25 final reads.
#define GV_LOAD_JEPSEN_DELAY (GV_MS * 3 / 10)

struct gv_load_op {
    enum gv_history_kind kind;
    int64_t value;
};

void gv_load_init(struct gv_load *load, enum gv_load_kind kind, double rate, uint64_t seed);

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

bool gv_load_is_set(enum gv_load_kind kind);     // broadcast, g-set
bool gv_load_is_counter(enum gv_load_kind kind); // g-counter, pn-counter
// Whether nodes share state, so that the run ends with a quiet phase and final reads.
static inline bool gv_load_converges(enum gv_load_kind kind) {
    return gv_load_is_set(kind) || gv_load_is_counter(kind);
}

// The body of a request, without its braces: "type":"add","delta":-3. For sets, op.value is the
// number of a value of `keys`. Returns the length, less than GV_LOAD_BODY_MAX.
enum { GV_LOAD_BODY_MAX = 96 + GV_KEYS_TEXT_MAX };
int gv_load_body(enum gv_load_kind kind, struct gv_keys *keys, struct gv_load_op op,
                 char buf[GV_LOAD_BODY_MAX]);

// The names of the workloads, as in --workload, by kind; NULL at the end.
extern const char *const gv_load_names[];

#endif
