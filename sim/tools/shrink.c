// SPDX-License-Identifier: MIT
#include "shrink.h"

#include "../../node/escape.h"
#include "../core/output.h"
#include "../run/exit.h"
#include "pool.h"
#include "reduce.h"
#include "simulate.h"
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

// ---- One run ----

struct probe {
    const char *text;
    size_t len;
    bool ran;
    struct gv_verdict verdict;
};

static int run(void *ctx, uint64_t number, void *result) {
    (void)number;
    struct probe *probe = ctx;
    gv_pool_bound(GV_POOL_CPU_S);
    probe->ran = gv_simulate_text(probe->text, probe->len, &probe->verdict);
    *(struct probe *)result = *probe;
    return 0;
}

static bool on_end(void *ctx, uint64_t number, int status, const void *result, FILE *output) {
    (void)number;
    (void)output;
    struct probe *probe = ctx;
    probe->ran = true;
    probe->verdict = gv_verdict_of_status(status);
    if (result != NULL) *probe = *(const struct probe *)result;
    return true;
}

// Runs a scenario in a process of its own; its output, such as the cause of a crash, is dropped.
// False: it cannot be run, or was interrupted.
static bool try_out(const char *text, size_t len, struct gv_verdict *verdict) {
    struct probe probe = {.text = text, .len = len};
    enum gv_exit status = gv_pool_run(&(struct gv_pool){
        .jobs = 1,
        .size = sizeof probe,
        .captures = true,
        .run = run,
        .end = on_end,
        .ctx = &probe,
    });
    if (status == GV_EXIT_INTERRUPTED) interrupted = 1;
    *verdict = probe.verdict;
    return status == GV_EXIT_VALID && probe.ran;
}

// ---- Shrinking ----

struct shrink {
    struct gv_verdict verdict; // verdict of the best scenario so far; all must fail in the same way
    bool tty;
};

static bool reproduces(void *ctx, const char *text, size_t len) {
    struct shrink *shrink = ctx;
    struct gv_verdict verdict;
    if (interrupted || !try_out(text, len, &verdict)) return false;
    // ^C ends the run's process, too, so its verdict does not count.
    if (!gv_verdict_same_failure(&verdict, &shrink->verdict)) return false;
    shrink->verdict = verdict;
    return true;
}

static const char *setting(const struct gv_scenario *scenario, const char *name) {
    for (size_t i = 0; i < scenario->settings_len; i++) {
        if (strcmp(gv_command_setting(scenario->settings[i].name), name) == 0)
            return scenario->settings[i].value;
    }
    return NULL;
}

static void progress(void *ctx, uint64_t tries, const struct gv_scenario *best) {
    const struct shrink *shrink = ctx;
    if (!shrink->tty) return;
    fprintf(stderr, "\r\x1b[K%" PRIu64 " runs: %zu faults, %s nodes, %s operations a second, %s s",
            tries, best->len, setting(best, "nodes"), setting(best, "rate"),
            setting(best, "time-limit"));
    fflush(stderr);
}

static const char *given_value(const struct gv_command *command, const char *wanted) {
    const char *name, *value;
    for (int at = 0; gv_command_given(command, &at, &name, &value);) {
        if (strcmp(name, wanted) == 0) return value;
    }
    return NULL;
}

// The scenario with the settings of the command line and those that gv_reduce_text requires.
static char *complete(const struct gv_command *command, const struct gv_scenario *scenario,
                      size_t *len) {
    static const char *const must[][2] = {
        {"nodes", "5"}, {"rate", "5"}, {"time-limit", "10"}, {"seed", "1"}};
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (out == NULL) return NULL;
    const char *name, *value;
    for (int at = 0; gv_command_given(command, &at, &name, &value);) {
        fprintf(out, "%s %s\n", name, value);
    }
    for (size_t i = 0; i < scenario->settings_len; i++) {
        name = gv_command_setting(scenario->settings[i].name);
        if (given_value(command, name) == NULL) {
            fprintf(out, "%s %s\n", name, scenario->settings[i].value);
        }
    }
    for (size_t i = 0; i < GV_COUNT(must); i++) {
        if (given_value(command, must[i][0]) != NULL || setting(scenario, must[i][0]) != NULL)
            continue;
        fprintf(out, "%s %s\n", must[i][0], must[i][1]);
    }
    for (size_t i = 0; i < scenario->map_len; i++) {
        fprintf(out, "%.*s\n", (int)scenario->map[i].len, (const char *)scenario->map[i].data);
    }
    for (size_t i = 0; i < scenario->len; i++) {
        struct gv_slice step = scenario->steps[i].text;
        fprintf(out, "%.*s\n", (int)step.len, (const char *)step.data);
    }
    return fclose(out) == 0 ? text : NULL;
}

// The completed text of command->scenario. NULL: it cannot be read, which is reported.
static char *load(const struct gv_command *command, size_t *len) {
    char name[32];
    const char *what = command->scenario;
    bool digits = what[strspn(what, "0123456789")] == '\0' && strlen(what) < 20;
    if (digits) snprintf(name, sizeof name, "swarm:%s", what);
    char *text = gv_source_find(digits ? name : what, len);
    if (text == NULL) {
        gv_escape_print(stderr, "gvsim: scenario %s: %s\n", what, strerror(errno));
        return NULL;
    }
    struct gv_scenario scenario;
    struct gv_scenario_diagnostic diagnostic;
    int error = gv_scenario_parse(&scenario, text, *len, &diagnostic);
    free(text);
    if (error != 0) {
        gv_escape_print(stderr, "gvsim: %s: line %u, column %u: %s\n", what, diagnostic.line,
                        diagnostic.column, diagnostic.why);
        return NULL;
    }
    text = complete(command, &scenario, len);
    gv_scenario_fini(&scenario);
    return text;
}

static bool write_out(const struct gv_command *command, const struct shrink *shrink,
                      const char *text, size_t len) {
    struct gv_output out;
    bool open = gv_output_open(&out, command->output, true);
    if (open) fprintf(out.file, "# %s\n%.*s", shrink->verdict.why, (int)len, text);
    return gv_output_close(&out, open) && open;
}

static void report(const struct gv_command *command, const char *text, size_t len) {
    struct gv_scenario scenario;
    struct gv_scenario_diagnostic diagnostic;
    int error = gv_scenario_parse(&scenario, text, len, &diagnostic);
    GV_ASSERT(error == 0);
    printf("%zu faults, %s nodes, %s operations a second for %s s\n", scenario.len,
           setting(&scenario, "nodes"), setting(&scenario, "rate"),
           setting(&scenario, "time-limit"));
    gv_scenario_fini(&scenario);
    gv_escape_print(stdout, "  replay: gvsim run --scenario %s\n", command->output);
}

static int shrink(const struct gv_command *command, char *text, size_t len) {
    struct shrink shrink = {.tty = isatty(STDERR_FILENO) != 0};
    bool ran = try_out(text, len, &shrink.verdict);
    if (interrupted) return GV_EXIT_INTERRUPTED;
    if (!ran) {
        gv_escape_print(stderr, "gvsim: %s cannot be run; gvsim run shows the error\n",
                        command->scenario);
        return GV_EXIT_USAGE;
    }
    if (shrink.verdict.unjudged) {
        gv_escape_print(stderr, "gvsim: %s has no verdict: %s\n", command->scenario,
                        shrink.verdict.why);
        return GV_EXIT_INCONCLUSIVE;
    }
    if (shrink.verdict.valid) {
        gv_escape_print(stdout, "%s does not fail, so there is nothing to shrink\n",
                        command->scenario);
        return GV_EXIT_INVALID;
    }
    struct gv_reduce_config config = {
        .shows = reproduces, .progress = progress, .ctx = &shrink, .tries_most = command->tries};
    char *left = gv_reduce_text(&config, text, len, &len);
    if (shrink.tty) fputs("\r\x1b[K", stderr);
    int status = interrupted ? GV_EXIT_INTERRUPTED : GV_EXIT_VALID;
    if (!write_out(command, &shrink, left, len)) status = GV_EXIT_USAGE;
    if (status != GV_EXIT_USAGE && strcmp(command->output, "-") != 0) {
        if (interrupted) printf("interrupted; the smallest failing scenario so far:\n");
        printf("%s\n", shrink.verdict.why);
        report(command, left, len);
    }
    free(left);
    return status;
}

int gv_shrink_command(const struct gv_command *command) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    size_t len;
    char *text = load(command, &len);
    int status = text != NULL ? shrink(command, text, len) : GV_EXIT_USAGE;
    free(text);
    return status;
}
