// SPDX-License-Identifier: MIT
#include "verdict.h"

#include "../core/memory.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char unequal[] = "unequal replicas";

// The kind of an error is what stands before its colon; of one without, the text but its numbers.
static void read_kind(const char *text, char kind[GV_VERDICT_KIND_MAX]) {
    const char *colon = strstr(text, ": ");
    size_t end = colon != NULL ? (size_t)(colon - text) : strlen(text), len = 0;
    for (size_t i = 0; i < end && len + 1 < GV_VERDICT_KIND_MAX; i++) {
        if (text[i] < '0' || text[i] > '9') kind[len++] = text[i];
    }
    kind[len] = '\0';
}

static bool is_one_of(const char *kind, const char *const *kinds) {
    while (*kinds != NULL && strcmp(kind, *kinds) != 0) kinds++;
    return *kinds != NULL;
}

static bool is_safety(const char *kind, bool differ) {
    static const char *const late[] = {
        unequal,    "no final read",     "not silent",  "no init_ok", "no topology_ok", "no echo",
        "never ok", "nothing exercised", "unavailable", "late reply", "took too long",  NULL,
    };
    static const char *const follow[] = {"lost", "final reads differ", "wrong sum", NULL};
    return !is_one_of(kind, late) && !(differ && is_one_of(kind, follow));
}

struct gv_verdict gv_verdict_of(const struct gv_errors *errors) {
    struct gv_verdict verdict = {.valid = errors->count == 0};
    bool differ = false;
    char kind[GV_VERDICT_KIND_MAX];
    for (size_t i = 0; i < errors->kept; i++) {
        differ = differ || strncmp(errors->texts[i], unequal, sizeof unequal - 1) == 0;
    }
    for (size_t i = 0; i < errors->kept && !verdict.safety; i++) {
        read_kind(errors->texts[i], kind);
        verdict.safety = is_safety(kind, differ);
        if (i > 0 && !verdict.safety) continue;
        strcpy(verdict.kind, kind);
        snprintf(verdict.why, sizeof verdict.why, "%s", errors->texts[i]);
    }
    return verdict;
}

struct gv_verdict gv_verdict_of_status(int status) {
    struct gv_verdict verdict = {.safety = true};
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool outside = number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP;
    if (number == SIGPROF) {
        verdict.safety = false;
        snprintf(verdict.kind, sizeof verdict.kind, "took too long");
    } else if (outside) {
        verdict = (struct gv_verdict){.unjudged = true};
        snprintf(verdict.kind, sizeof verdict.kind, "killed by signal %d, from outside", number);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == GV_MEMORY_STATUS) {
        verdict = (struct gv_verdict){.unjudged = true};
        snprintf(verdict.kind, sizeof verdict.kind, "out of memory");
    } else if (WIFSIGNALED(status)) {
        snprintf(verdict.kind, sizeof verdict.kind, "killed by signal %d", number);
    } else {
        snprintf(verdict.kind, sizeof verdict.kind, "exited with status %d", WEXITSTATUS(status));
    }
    snprintf(verdict.why, sizeof verdict.why, "%s", verdict.kind);
    return verdict;
}
