// SPDX-License-Identifier: MIT
#include "swarm.h"

#include "../run/progress.h"
#include "generator.h"
#include "pool.h"
#include "simulate.h"

#include <inttypes.h>
#include <unistd.h>

enum { DRAW_MS = 200, BAR = 24, SHOWN = 20 };

struct swarm {
    const struct gv_swarm_config *config;
    uint64_t done, failed, unsafe, unjudged;
    gv_time began, drawn;
    bool tty;
};

static double seconds_since(gv_time began) {
    return (double)(gv_progress_now() - began) / 1e9;
}

static void draw(struct swarm *swarm) {
    gv_time time = gv_progress_now();
    if (!swarm->tty || time - swarm->drawn < DRAW_MS * GV_MS) return;
    swarm->drawn = time;
    double total = (double)(swarm->config->last - swarm->config->first) + 1;
    double share = (double)swarm->done / total,
           rate = (double)swarm->done / seconds_since(swarm->began);
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR) ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr,
            "\r\x1b[K[%s] %" PRIu64 " of %.0f, %.0f a second, %.0f s left, %" PRIu64 " failed", bar,
            swarm->done, total, rate, rate > 0 ? (total - (double)swarm->done) / rate : 0,
            swarm->failed);
    fflush(stderr);
}

static int run(void *ctx, uint64_t seed, void *result) {
    const struct swarm *swarm = ctx;
    gv_pool_bound(swarm->config->cpu_s);
    *(struct gv_verdict *)result = swarm->config->run(seed);
    return 0;
}

static void print_failure(struct swarm *swarm, uint64_t seed, const struct gv_verdict *verdict) {
    uint64_t *count = verdict->unjudged ? &swarm->unjudged : &swarm->failed;
    swarm->unsafe += verdict->safety;
    if ((*count)++ >= SHOWN) return;
    if (swarm->tty) fputs("\r\x1b[K", stderr);
    printf("%s %" PRIu64 ": %s\n  replay: %s%" PRIu64 "\n",
           verdict->unjudged ? "NO VERDICT" : "FAILED", seed, verdict->why, swarm->config->replay,
           seed);
    fflush(stdout);
}

static bool on_end(void *ctx, uint64_t seed, int status, const void *result, FILE *output) {
    (void)output;
    struct swarm *swarm = ctx;
    struct gv_verdict verdict =
        result != NULL ? *(const struct gv_verdict *)result : gv_verdict_of_status(status);
    swarm->done++;
    if (!verdict.valid) print_failure(swarm, seed, &verdict);
    draw(swarm);
    return !swarm->config->fail_fast || swarm->failed == 0;
}

int gv_swarm_run(const struct gv_swarm_config *config) {
    struct swarm swarm = {
        .config = config, .began = gv_progress_now(), .tty = isatty(STDERR_FILENO) != 0};
    int status = (int)gv_pool_run(&(struct gv_pool){
        .first = config->first,
        .last = config->last,
        .jobs = config->jobs,
        .size = sizeof(struct gv_verdict),
        .run = run,
        .end = on_end,
        .ctx = &swarm,
    });
    if (swarm.tty) fputs("\r\x1b[K", stderr);
    if (status == (int)GV_EXIT_USAGE) return status;
    double seconds = seconds_since(swarm.began);
    bool interrupted = status == (int)GV_EXIT_INTERRUPTED;
    if (swarm.failed > SHOWN) printf("… and %" PRIu64 " more\n", swarm.failed - SHOWN);
    printf("%s%" PRIu64 " seeds in %.1f s, %.0f a second: %" PRIu64 " failed",
           interrupted ? "interrupted: " : "", swarm.done, seconds, (double)swarm.done / seconds,
           swarm.failed);
    if (swarm.failed > swarm.unsafe)
        printf(", %" PRIu64 " in liveness only", swarm.failed - swarm.unsafe);
    if (swarm.unjudged > 0) printf("; %" PRIu64 " without a verdict", swarm.unjudged);
    putchar('\n');
    if (interrupted) return status;
    if (swarm.failed > 0) return swarm.unsafe > 0 ? GV_EXIT_INVALID : GV_EXIT_LIVENESS;
    return swarm.unjudged > 0 ? GV_EXIT_INCONCLUSIVE : GV_EXIT_VALID;
}

static struct gv_verdict run_seed(uint64_t seed) {
    char text[GV_GENERATOR_TEXT_MAX];
    struct gv_verdict verdict;
    bool good = gv_simulate_text(text, gv_generator_scenario(seed, text), &verdict);
    GV_ASSERT(good);
    // The load of a few seeds is so small that no running node gets a request. This is not a
    // failure.
    if (verdict.kind == GV_VERDICT_NOTHING_EXERCISED) verdict = (struct gv_verdict){.valid = true};
    return verdict;
}

int gv_swarm_command(const struct gv_command *command) {
    return gv_swarm_run(&(struct gv_swarm_config){
        .first = command->first_seed,
        .last = command->last_seed,
        .jobs = command->jobs,
        .fail_fast = command->fail_fast,
        .cpu_s = GV_POOL_CPU_S,
        .run = run_seed,
        .replay = "gvsim run --scenario swarm:",
    });
}
