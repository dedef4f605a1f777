// SPDX-License-Identifier: MIT
#include "options.h"

#include "../engine/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    STALENESS,
    SECRET_FILE,
    DATA,
    DURABILITY,
    COMMIT_MS,
    SEED,
    LOG_LEVEL,
    MESSAGE_MAX,
    LINE_MAX,
    HELP,
    VERSION,
};

// Every option, in the order of the help text.
static const struct option {
    const char *name;
    const char *value; // what it takes, for the help; NULL: nothing
    const char *help;
    enum kind kind;
    bool gossip; // of use only with a replica
} options[] = {
    {"staleness", "MS", "how long a value may take to be everywhere (500)", STALENESS, true},
    {"secret-file", "FILE", "the cluster's secret, the same at every node", SECRET_FILE, true},
    {"data", "DIR", "keep everything in this directory", DATA, true},
    {"durability", "MODE", "sync (the default), async or none", DURABILITY, true},
    {"commit-within", "MS", "until what need not wait is on disk (100)", COMMIT_MS, true},
    {"message-max", "BYTES", "longest gossip message sent (65536)", MESSAGE_MAX, true},
    {"line-max", "BYTES", "longest line taken (1048576)", LINE_MAX, false},
    {"seed", "N", "seed of all random choices", SEED, false},
    {"log-level", "LEVEL", "error, warn, info (the default) or debug", LOG_LEVEL, false},
    {"help", NULL, "print this and exit", HELP, false},
    {"version", NULL, "print the version and exit", VERSION, false},
};
enum { OPTIONS = sizeof options / sizeof *options };

struct fault {
    char *text;
    size_t cap;
};

static int fail(struct fault *fault, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, fault->cap, format, arguments);
    va_end(arguments);
    return GV_EINVAL;
}

static const struct option *find(const char *name, size_t len, bool replica) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option->gossip && !replica ? NULL : option;
    }
    return NULL;
}

static int parse_number(uint64_t *out, const struct option *option, const char *text, uint64_t min,
                        uint64_t max, struct fault *fault) {
    char *end = NULL;
    errno = 0;
    // strtoull would take spaces and a sign.
    unsigned long long value = *text >= '0' && *text <= '9' ? strtoull(text, &end, 0) : 0;
    if (end == NULL || *end != '\0')
        return fail(fault, "--%s: not a number: %s", option->name, text);
    if (errno != 0 || value < min || value > max)
        return fail(fault, "--%s: not within %llu and %llu: %s", option->name,
                    (unsigned long long)min, (unsigned long long)max, text);
    *out = value;
    return 0;
}

static int parse_level(enum gv_log_level *out, const char *text, struct fault *fault) {
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i <= GV_LOG_DEBUG; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *out = (enum gv_log_level)i;
        return 0;
    }
    return fail(fault, "--log-level: not error, warn, info or debug: %s", text);
}

static int parse_durability(enum gv_options_durability *out, const char *text,
                            struct fault *fault) {
    static const char *const names[] = {"sync", "async", "none"};
    for (int i = 0; i <= GV_OPTIONS_NONE; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *out = (enum gv_options_durability)i;
        return 0;
    }
    return fail(fault, "--durability: not sync, async or none: %s", text);
}

static int apply(struct gv_options *out, const struct option *option, const char *value,
                 struct fault *fault) {
    uint64_t number = 0;
    int error = 0;
    switch (option->kind) {
    case STALENESS:
        error = parse_number(&number, option, value, 0, GV_OPTIONS_STALENESS_MAX_MS, fault);
        if (error == 0) out->staleness_ms = (uint32_t)number;
        return error;
    case SECRET_FILE:
        out->secret_file = value;
        return 0;
    case DATA:
        out->data = value;
        return *value != '\0' ? 0 : fail(fault, "--data: no directory");
    case DURABILITY:
        return parse_durability(&out->durability, value, fault);
    case COMMIT_MS:
        error = parse_number(&number, option, value, 0, GV_OPTIONS_COMMIT_MAX_MS, fault);
        if (error == 0) out->commit_ms = (uint32_t)number;
        return error;
    case SEED:
        error = parse_number(&out->seed, option, value, 0, UINT64_MAX, fault);
        out->has_seed = error == 0;
        return error;
    case LOG_LEVEL:
        return parse_level(&out->log_level, value, fault);
    case MESSAGE_MAX:
        error =
            parse_number(&number, option, value, GV_ENGINE_MESSAGE_MIN, GV_OPTIONS_SIZE_MAX, fault);
        if (error == 0) out->message_max = (size_t)number;
        return error;
    case LINE_MAX:
        error =
            parse_number(&number, option, value, GV_OPTIONS_LINE_MIN, GV_OPTIONS_SIZE_MAX, fault);
        if (error == 0) out->line_max = (size_t)number;
        return error;
    case HELP:
        out->help = true;
        return 0;
    case VERSION:
        out->version = true;
        return 0;
    }
    return GV_EINVAL;
}

int gv_options_parse(struct gv_options *out, bool replica, int argc, char *const *argv,
                     char *fault_text, size_t fault_cap) {
    GV_ASSERT(out != NULL && fault_text != NULL && fault_cap > 0);
    struct fault fault = {fault_text, fault_cap};
    *out = (struct gv_options){
        .staleness_ms = GV_OPTIONS_STALENESS_MS,
        .log_level = GV_LOG_INFO,
        .commit_ms = GV_OPTIONS_COMMIT_MS,
    };
    bool stored = false; // an option was given that says how
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
            return fail(&fault, "unexpected argument %s", argument);
        size_t len = strcspn(argument + 2, "=");
        const struct option *option = find(argument + 2, len, replica);
        if (option == NULL) return fail(&fault, "unknown option --%.*s", (int)len, argument + 2);
        bool joined = argument[2 + len] == '=';
        const char *value = joined ? argument + 2 + len + 1 : "";
        if (option->value == NULL && joined)
            return fail(&fault, "--%s takes no value", option->name);
        if (option->value != NULL && !joined) {
            if (i + 1 == argc) return fail(&fault, "--%s wants %s", option->name, option->value);
            value = argv[++i];
        }
        stored = stored || option->kind == DURABILITY || option->kind == COMMIT_MS;
        int error = apply(out, option, value, &fault);
        if (error != 0) return error;
    }
    if (out->data == NULL && stored)
        return fail(&fault, "--durability and --commit-within want --data");
    // A longest gossip message must pass the bound of its receiver, which has the same options.
    size_t line_max = out->line_max > 0 ? out->line_max : GV_NODE_LINE_DEFAULT;
    size_t message_max = out->message_max > 0 ? out->message_max : GV_ENGINE_MESSAGE_DEFAULT;
    if (replica && line_max < message_max + 1024)
        return fail(&fault, "--line-max must exceed --message-max (%zu) by 1024", message_max);
    return 0;
}

int gv_options_help(const char *program, bool replica, char *buf, size_t cap) {
    size_t len = 0;
    int n = snprintf(buf, cap, "usage: %s [option]...\n", program);
    GV_ASSERT(n > 0 && (size_t)n < cap);
    len += (size_t)n;
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (option->gossip && !replica) continue;
        char head[40];
        snprintf(head, sizeof head, "--%s %s", option->name, option->value ? option->value : "");
        n = snprintf(buf + len, cap - len, "  %-22s %s\n", head, option->help);
        GV_ASSERT(n > 0 && (size_t)n < cap - len);
        len += (size_t)n;
    }
    return (int)len;
}

int gv_options_read_secret(const char *path, uint8_t *buf, size_t cap) {
    GV_ASSERT(buf != NULL && cap > 0);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return GV_ENOENT;
    size_t len = fread(buf, 1, cap, file);
    bool more = len == cap && fgetc(file) != EOF;
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) return GV_ENOENT;
    if (more) return GV_ESPACE;
    if (len > 0 && buf[len - 1] == '\n') len--;
    return len > 0 ? (int)len : GV_EINVAL;
}
