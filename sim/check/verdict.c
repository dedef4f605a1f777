// SPDX-License-Identifier: MIT
#include "verdict.h"

#include "../../node/escape.h"
#include "../core/memory.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static const struct {
    const char *text;
    bool safety, follows;
} kinds[] = {
#define X(name, text, safety, follows) {text, safety, follows},
    GV_VERDICT_KINDS(X)
#undef X
};

// ---- Errors ----

void gv_verdict_fini(struct gv_verdict_errors *errors) {
    for (size_t i = 0; i < errors->kept; i++) free(errors->texts[i]);
    *errors = (struct gv_verdict_errors){0};
}

void gv_verdict_add_list(struct gv_verdict_errors *errors, enum gv_verdict_kind kind,
                         const char *format, va_list args) {
    GV_ASSERT(kind < GV_VERDICT_VALID);
    errors->count++;
    if (errors->kept == GV_VERDICT_ERRORS_KEPT) return;

    char text[GV_VERDICT_ERROR_MAX + 1];
    size_t len = (size_t)snprintf(text, sizeof text, "%s: ", kinds[kind].text);
    len += gv_escape_format(text + len, sizeof text - len, format, args);
    errors->kinds[errors->kept] = kind;
    errors->texts[errors->kept++] = gv_memory_copy(text, len);
}

void gv_verdict_add(struct gv_verdict_errors *errors, enum gv_verdict_kind kind, const char *format,
                    ...) {
    va_list args;
    va_start(args, format);
    gv_verdict_add_list(errors, kind, format, args);
    va_end(args);
}

void gv_verdict_list(struct gv_verdict_list *list, const char *separator, const char *item) {
    if (list->count++ > GV_VERDICT_LISTED) return;
    bool more = list->count > GV_VERDICT_LISTED;
    if (more || list->len == 0) separator = "";
    int size = snprintf(list->text + list->len, sizeof list->text - list->len, "%s %s", separator,
                        more ? "…" : item);
    list->len += (size_t)size;
    GV_ASSERT(list->len < sizeof list->text);
}

// ---- Verdicts ----

struct gv_verdict gv_verdict_of(const struct gv_verdict_errors *errors) {
    struct gv_verdict verdict = {.valid = errors->count == 0, .kind = GV_VERDICT_VALID};
    bool unequal = false;
    for (size_t i = 0; i < errors->kept; i++)
        unequal = unequal || errors->kinds[i] == GV_VERDICT_UNEQUAL_REPLICAS;
    for (size_t i = 0; i < errors->kept && !verdict.safety; i++) {
        enum gv_verdict_kind kind = errors->kinds[i];
        verdict.safety = kinds[kind].safety && !(unequal && kinds[kind].follows);
        if (i > 0 && !verdict.safety) continue;
        verdict.kind = kind;
        snprintf(verdict.why, sizeof verdict.why, "%s", errors->texts[i]);
    }
    return verdict;
}

struct gv_verdict gv_verdict_of_status(int status) {
    struct gv_verdict verdict = {.kind = GV_VERDICT_ENDED};
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool outside = number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP;
    bool memory = WIFEXITED(status) && WEXITSTATUS(status) == GV_MEMORY_STATUS;
    if (number == SIGPROF) verdict.kind = GV_VERDICT_TOOK_TOO_LONG;
    verdict.unjudged = outside || memory;
    verdict.safety = !verdict.unjudged && kinds[verdict.kind].safety;
    if (number == SIGPROF) {
        snprintf(verdict.why, sizeof verdict.why, "%s", kinds[verdict.kind].text);
    } else if (memory) {
        snprintf(verdict.why, sizeof verdict.why, "out of memory");
    } else if (WIFSIGNALED(status)) {
        snprintf(verdict.why, sizeof verdict.why, "killed by signal %d%s", number,
                 outside ? ", from outside" : "");
    } else {
        snprintf(verdict.why, sizeof verdict.why, "exited with status %d", WEXITSTATUS(status));
    }
    return verdict;
}

bool gv_verdict_same_failure(const struct gv_verdict *a, const struct gv_verdict *b) {
    if (a->valid || b->valid || a->unjudged || b->unjudged || a->kind != b->kind) return false;
    return a->kind != GV_VERDICT_ENDED || strcmp(a->why, b->why) == 0;
}
