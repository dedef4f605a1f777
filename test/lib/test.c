// SPDX-License-Identifier: MIT
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t gv_test_seed(void) {
    static bool known;
    static uint64_t seed;
    if (known) return seed;

    const char *given = getenv("GV_SEED");
    if (given != NULL) {
        char *end;
        errno = 0;
        seed = strtoull(given, &end, 10);
        if (errno != 0 || end == given || *end != '\0') {
            fprintf(stderr, "GV_SEED is not a number: %s\n", given);
            exit(2);
        }
    } else {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        // Microseconds, at most twelve digits, which are easy to type.
        seed = (uint64_t)now.tv_sec % 1000000 * 1000000 + (uint64_t)now.tv_nsec / 1000;
    }
    known = true;
    fprintf(stderr, "GV_SEED=%" PRIu64 " repeats this run\n", seed);
    return seed;
}
