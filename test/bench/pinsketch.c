// SPDX-License-Identifier: MIT
// The time to add an item to a sketch, and to decode a sketch by the number of differences, with
// and without carry-less multiplication.
#include "bench.h"

#include "../../engine/prng.h"
#include "../../merkle/pinsketch.h"

#include <stdio.h>

enum { ITEMS = 4096, LEAF = 48 };

static void bench_items(const uint64_t *hashes, int rounds, bool clmul) {
    struct gv_pinsketch all = {{0}};
    double start = bench_now_ns();
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i + LEAF <= ITEMS; i += LEAF)
            gv_pinsketch_add(&all, hashes + i, LEAF, clmul);
    }
    int items = ITEMS / LEAF * LEAF;
    double each = (bench_now_ns() - start) / rounds / items;
    printf("pinsketch  %-9s item       %8.1f ns\n", clmul ? "carryless" : "portable", each);
}

static bool bench_decode(const uint64_t *hashes, int rounds, int count, bool clmul) {
    struct gv_pinsketch sketches[32];
    uint32_t out[GV_PINSKETCH_CAPACITY];
    for (int i = 0; i < 32; i++) {
        sketches[i] = (struct gv_pinsketch){{0}};
        gv_pinsketch_add(&sketches[i], hashes + 32 * i, (size_t)count, clmul);
    }
    int expect = count <= GV_PINSKETCH_CAPACITY ? count : GV_ERANGE, right = 0;
    double start = bench_now_ns();
    for (int i = 0; i < 32 * rounds; i++)
        right +=
            gv_pinsketch_decode(&sketches[i % 32], GV_PINSKETCH_CAPACITY, clmul, out) == expect;
    double each = (bench_now_ns() - start) / rounds / 32;
    printf("pinsketch  %-9s decode %d%s  %8.2f us\n", clmul ? "carryless" : "portable", count,
           count > GV_PINSKETCH_CAPACITY ? " (too many)" : "", each / 1e3);
    return right == 32 * rounds;
}

int bench_pinsketch(bool small) {
    uint64_t hashes[ITEMS];
    struct gv_prng prng;
    gv_prng_init(&prng, 1, 0);
    for (int i = 0; i < ITEMS; i++) hashes[i] = gv_prng_next(&prng);
    bool right = true;
    for (int clmul = 0; clmul <= gv_pinsketch_has_clmul(); clmul++) {
        bench_items(hashes, small ? 1 : 50, clmul);
        for (int count = 1; count <= GV_PINSKETCH_CAPACITY + 1; count++)
            right = bench_decode(hashes, small ? 1 : 50, count, clmul) && right;
    }
    return right ? 0 : 1;
}
