// SPDX-License-Identifier: MIT
#include "options.h"

#include "../engine/engine.h"
#include "security/auth.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { NUMBER, TEXT, DATA, DURABILITY, SEED, LOG_LEVEL, LOG_FORMAT, HELP, VERSION };

// All options, in the order of the help text.
static const struct option {
    const char *name;
    const char *value; // name of its value, for the help; NULL: it has none
    const char *help;
    enum kind kind;
    enum gv_options_scope scope;
    size_t at;         // offset of the member that holds a number or text
    uint64_t min, max; // range of a number
} options[] = {
#define AT(member) offsetof(struct gv_options, member)
    {"staleness", "MS", "longest time until a value is on every node (500)", NUMBER,
     GV_OPTIONS_GOSSIP, AT(staleness_ms), 0, GV_OPTIONS_STALENESS_MAX_MS},
    {"secret-file", "FILE", "the cluster's secret: authenticates messages between nodes", TEXT,
     GV_OPTIONS_GOSSIP, AT(secret_file), 0, 0},
    {"data", "DIR", "store the entries in this directory", DATA, GV_OPTIONS_STORE, 0, 0, 0},
    {"durability", "MODE", "sync (the default), async or none", DURABILITY, GV_OPTIONS_STORE, 0, 0,
     0},
    {"commit-within", "MS", "longest batching of asynchronous writes (100)", NUMBER,
     GV_OPTIONS_STORE, AT(commit_ms), 0, GV_OPTIONS_COMMIT_MAX_MS},
    {"export-refused", "FILE", "where an upgrade writes entries it cannot keep", TEXT,
     GV_OPTIONS_GOSSIP, AT(export_refused), 0, 0},
    {"message-max", "BYTES", "longest gossip message sent (65536)", NUMBER, GV_OPTIONS_GOSSIP,
     AT(message_max), GV_ENGINE_MESSAGE_MIN, GV_MESSAGE_LIMIT},
    {"line-max", "BYTES", "longest accepted line (1048576)", NUMBER, GV_OPTIONS_ANY, AT(line_max),
     GV_OPTIONS_LINE_MIN, GV_OPTIONS_SIZE_MAX},
    {"tokens-max", "N", "most JSON values and names in a line (262144)", NUMBER, GV_OPTIONS_ANY,
     AT(tokens_max), GV_OPTIONS_TOKENS_MIN, GV_OPTIONS_TOKENS_MAX},
    {"depth-max", "N", "deepest nesting of a line (64)", NUMBER, GV_OPTIONS_ANY, AT(depth_max),
     GV_OPTIONS_DEPTH_MIN, GV_OPTIONS_DEPTH_MAX},
    {"peers-max", "N", "most nodes in a cluster (16384)", NUMBER, GV_OPTIONS_ANY, AT(peers_max), 1,
     GV_NODE_PEERS_MAX},
    {"entries-max", "N", "most entries (no limit)", NUMBER, GV_OPTIONS_GOSSIP, AT(entries_max), 1,
     UINT32_MAX},
    {"memory-max", "BYTES", "most memory for entries (no limit)", NUMBER, GV_OPTIONS_GOSSIP,
     AT(memory_max), GV_OPTIONS_MEMORY_MIN, UINT64_MAX / 2},
    {"client-rate", "N", "most requests a second of a client (no limit)", NUMBER, GV_OPTIONS_ANY,
     AT(client_rate), 1, GV_OPTIONS_RATE_MAX},
    {"client-burst", "N", "most requests at once of a client (the rate)", NUMBER, GV_OPTIONS_ANY,
     AT(client_burst), 1, GV_OPTIONS_RATE_MAX},
    {"seed", "N", "seed of all random choices", SEED, GV_OPTIONS_ANY, AT(seed), 0, UINT64_MAX},
    {"log-level", "LEVEL", "error, warn, info (the default) or debug", LOG_LEVEL, GV_OPTIONS_ANY, 0,
     0, 0},
    {"log-format", "FORMAT", "text (the default) or json", LOG_FORMAT, GV_OPTIONS_ANY, 0, 0, 0},
    {"stats-interval", "MS", "interval of statistics in the log (only at the end)", NUMBER,
     GV_OPTIONS_ANY, AT(stats_ms), 1, GV_OPTIONS_STATS_MAX_MS},
    {"help", NULL, "print this and exit", HELP, GV_OPTIONS_ANY, 0, 0, 0},
    {"version", NULL, "print the version and exit", VERSION, GV_OPTIONS_ANY, 0, 0, 0},
};
enum { OPTIONS = sizeof options / sizeof *options };

struct reason {
    char *text;
    size_t cap;
};

static int fail(struct reason *reason, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, reason->cap, format, arguments);
    va_end(arguments);
    return GV_EINVAL;
}

static const struct option *find(const char *name, size_t len, enum gv_options_scope scope) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option->scope > scope ? NULL : option;
    }
    return NULL;
}

static int parse_number(struct gv_options *out, const struct option *option, const char *text,
                        struct reason *reason) {
    char *end = NULL;
    errno = 0;
    // strtoull accepts spaces and a sign.
    unsigned long long value = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (end == NULL || *end != '\0')
        return fail(reason, "--%s: expected a decimal integer, not %s", option->name, text);
    if (errno != 0 || value < option->min || value > option->max)
        return fail(reason, "--%s: expected %llu to %llu, not %s", option->name,
                    (unsigned long long)option->min, (unsigned long long)option->max, text);
    *(uint64_t *)((char *)out + option->at) = value;
    return 0;
}

// Sets *out to the index of the word; the error message uses `list`, which names all words.
static int parse_word(int *out, const struct option *option, const char *text,
                      const char *const *words, const char *list, struct reason *reason) {
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *out = i;
        return 0;
    }
    return fail(reason, "--%s: expected %s, not %s", option->name, list, text);
}

static int apply(struct gv_options *out, const struct option *option, const char *value,
                 struct reason *reason) {
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    static const char *const modes[] = {"sync", "async", "none", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    int word = 0, error = 0;
    switch (option->kind) {
    case SEED:
        out->has_seed = true;
        return parse_number(out, option, value, reason);
    case NUMBER:
        return parse_number(out, option, value, reason);
    case TEXT:
        *(const char **)(void *)((char *)out + option->at) = value;
        return 0;
    case DATA:
        out->data = value;
        return *value != '\0' ? 0 : fail(reason, "--data: the name of the directory is empty");
    case DURABILITY:
        error = parse_word(&word, option, value, modes, "sync, async or none", reason);
        out->durability = (enum gv_options_durability)word;
        return error;
    case LOG_LEVEL:
        error = parse_word(&word, option, value, levels, "error, warn, info or debug", reason);
        out->log_level = (enum gv_log_level)word;
        return error;
    case LOG_FORMAT:
        error = parse_word(&word, option, value, formats, "text or json", reason);
        out->log_format = (enum gv_options_format)word;
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

// Checks that the options are consistent.
static int check(struct gv_options *out, enum gv_options_scope scope, struct reason *reason) {
    if (out->export_refused != NULL && out->data == NULL)
        return fail(reason, "--export-refused requires --data");
    if (out->client_burst > 0 && out->client_rate == 0)
        return fail(reason, "--client-burst requires --client-rate");
    if (out->client_burst == 0) out->client_burst = out->client_rate;
    // Every node must accept the messages of its peers, whatever options they have.
    bool gossip = scope == GV_OPTIONS_GOSSIP;
    if (gossip && out->line_max < GV_OPTIONS_GOSSIP_LINE)
        return fail(reason, "--line-max must be at least %d, for messages between nodes",
                    GV_OPTIONS_GOSSIP_LINE);
    if (gossip && out->tokens_max < GV_OPTIONS_GOSSIP_TOKENS)
        return fail(reason, "--tokens-max must be at least %d, for messages between nodes",
                    GV_OPTIONS_GOSSIP_TOKENS);
    if (gossip && out->depth_max < GV_MESSAGE_DEPTH)
        return fail(reason, "--depth-max must be at least %d, for messages between nodes",
                    GV_MESSAGE_DEPTH);
    size_t message_max = (size_t)out->message_max,
           message_min = GV_ENGINE_MESSAGE_MIN + GV_AUTH_OVERHEAD;
    if (out->secret_file != NULL && message_max < message_min)
        return fail(reason, "--message-max must be at least %zu with --secret-file", message_min);
    return 0;
}

int gv_options_parse(struct gv_options *out, enum gv_options_scope scope, int argc,
                     char *const *argv, char *reason_text, size_t reason_cap) {
    GV_ASSERT(out != NULL && reason_text != NULL && reason_cap > 0);
    struct reason reason = {reason_text, reason_cap};
    *out = (struct gv_options){
        .staleness_ms = GV_OPTIONS_STALENESS_MS,
        .log_level = GV_LOG_INFO,
        .commit_ms = GV_OPTIONS_COMMIT_MS,
        .message_max = GV_ENGINE_MESSAGE_DEFAULT,
        .line_max = GV_NODE_LINE_DEFAULT,
        .tokens_max = GV_JSON_TOKENS_DEFAULT,
        .depth_max = GV_JSON_DEPTH_DEFAULT,
        .peers_max = GV_NODE_PEERS_MAX,
    };
    bool stored = false; // an option of the store was given
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
            return fail(&reason, "unexpected argument %s", argument);
        size_t len = strcspn(argument + 2, "=");
        const struct option *option = find(argument + 2, len, scope);
        if (option == NULL) return fail(&reason, "unknown option --%.*s", (int)len, argument + 2);
        bool joined = argument[2 + len] == '=';
        const char *value = joined ? argument + 2 + len + 1 : "";
        if (option->value == NULL && joined)
            return fail(&reason, "--%s takes no value", option->name);
        if (option->value != NULL && !joined) {
            if (i + 1 == argc)
                return fail(&reason, "--%s requires %s", option->name, option->value);
            value = argv[++i];
        }
        stored = stored || option->kind == DURABILITY || option->at == AT(commit_ms);
        int error = apply(out, option, value, &reason);
        if (error != 0) return error;
    }
    if (out->data == NULL && stored)
        return fail(&reason, "--durability and --commit-within require --data");
    return check(out, scope, &reason);
}

int gv_options_help(const char *program, enum gv_options_scope scope, char *buf, size_t cap) {
    size_t len = 0;
    int n = snprintf(buf, cap, "usage: %s [option]...\n", program);
    GV_ASSERT(n > 0 && (size_t)n < cap);
    len += (size_t)n;
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (option->scope > scope) continue;
        char head[40];
        snprintf(head, sizeof head, "--%s %s", option->name, option->value ? option->value : "");
        n = snprintf(buf + len, cap - len, "  %-22s %s\n", head, option->help);
        GV_ASSERT(n > 0 && (size_t)n < cap - len);
        len += (size_t)n;
    }
    return (int)len;
}
