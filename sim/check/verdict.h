// SPDX-License-Identifier: MIT
// What a run came to, in brief: for those who compare many runs. A run that breaks a promise has
// failed in safety; one that keeps them all, but too late or not quietly, in liveness.
#ifndef GV_SIM_CHECK_VERDICT_H
#define GV_SIM_CHECK_VERDICT_H

#include "errors.h"

enum {
    GV_VERDICT_KIND_MAX = 64,
    GV_VERDICT_WHY_MAX = 512,
};

struct gv_verdict {
    bool valid, safety;             // safety: if it is not valid, a promise was broken
    bool unjudged;                  // neither valid nor not: the machine ended the run
    char kind[GV_VERDICT_KIND_MAX]; // "lost", "unequal replicas": one kind, one way to fail
    char why[GV_VERDICT_WHY_MAX];   // the whole text of the error that has this kind
};

// Of all that is wrong, the verdict names the first thing that breaks a promise, or else the first.
// While replicas differ, values that reads miss are late, not lost: other checkers see whether any
// node still holds them.
struct gv_verdict gv_verdict_of(const struct gv_errors *errors);

// The verdict on a process that died or hung: what became of it, as waitpid has it. One that was
// killed from outside, or had no memory, was not judged. SIGPROF, as of gv_crew_bound, ends what
// takes too long.
struct gv_verdict gv_verdict_of_status(int status);

#endif
