// SPDX-License-Identifier: MIT
// The load put on a cluster: which workload, what its clients ask next, and when. Maelstrom's
// mixes, spacing and turns: an operation is an addition or a read with equal chance, one follows
// the other after a time uniform over [0, 2/rate), and clients take turns. Unlike Maelstrom's, the
// first operation is always an addition, so that no short run is without one.
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
    bool added;    // an addition has been drawn
    uint32_t turn; // the worker that would be next
};

// What Jepsen's interpreter is late by, on average, when it comes to an operation. The next gap
// counts from then: 1,942 to 1,982 operations in 20 s where the rate says 2,000, and 25 final
// reads.
#define GV_LOAD_JEPSEN_DELAY (GV_MS * 3 / 10)

struct gv_load_op {
    enum gv_history_kind kind;
    int64_t value;
};

void gv_load_init(struct gv_load *load, enum gv_load_kind kind, double rate, uint64_t seed);

// The next operation. Sets: values 0, 1, 2, …; pn-counter: deltas in [−5, 5); g-counter: the same
// mix without the negative ones, hence a third additions; echo: a number in [0, 128).
struct gv_load_op gv_load_next(struct gv_load *load);

// How long to wait until the operation after. GV_TIME_NEVER if the rate is 0.
gv_time gv_load_gap(struct gv_load *load);

// Which of `count` > 0 clients the search for a free one begins with, as Jepsen's context has it
// (some-free-process, busy-thread): turns go round all workers, of which the nemesis is the last.
// Where it is the nemesis's turn, the search begins with client 0, whose turn comes after that.
uint32_t gv_load_pick(const struct gv_load *load, uint32_t count);

// Some worker, one of `count` clients or the nemesis, was given something to do: the turn goes on.
void gv_load_turn_taken(struct gv_load *load, uint32_t count);

bool gv_load_is_set(enum gv_load_kind kind);     // broadcast, g-set
bool gv_load_is_counter(enum gv_load_kind kind); // g-counter, pn-counter
// Whether the nodes share a state, so that the run ends with healing, quiet and final reads.
bool gv_load_converges(enum gv_load_kind kind);

// The body of a request, without its braces: "type":"add","delta":-3. An addition to a set is of
// the value that `keys` has for its number. Returns its length, which is less than
// GV_LOAD_BODY_MAX.
enum { GV_LOAD_BODY_MAX = 96 + GV_KEYS_TEXT_MAX };
int gv_load_body(enum gv_load_kind kind, struct gv_keys *keys, struct gv_load_op op,
                 char buf[GV_LOAD_BODY_MAX]);

// "broadcast", "g-set", …, as after -w.
const char *gv_load_name(enum gv_load_kind kind);

// The workload of this name. GV_ENOENT: there is none.
int gv_load_parse(const char *name, enum gv_load_kind *kind);

#endif
