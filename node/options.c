// SPDX-License-Identifier: MIT
#include "options.h"

#include "../codec/auth.h"
#include "../engine/engine.h"
#include "escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { NUMBER, TEXT, WORD, FLAG };

// All options, in the order of the help text.
static const struct option {
    const char *name;
    const char *value; // name of its value, for the help; NULL: it has none
    const char *help;
    enum kind kind;
    enum gv_options_scope scope;
    size_t at;                // offset of the member that holds the value
    uint64_t min, max;        // range of a number
    const char *const *words; // words whose index the member holds; NULL at the end
} options[] = {
#define OFFSET(member) offsetof(struct gv_options, member)
#define AT(member) .at = OFFSET(member)
#define RANGE(from, to) .min = (from), .max = (to)
#define WORDS(...)                   \
    .words = (const char *const[]) { \
        __VA_ARGS__, NULL            \
    }
    {"staleness", "MS", "longest time until a value is on every node (500)", NUMBER,
     GV_OPTIONS_GOSSIP, AT(staleness_ms), .max = GV_OPTIONS_STALENESS_MAX_MS},
    {"secret-file", "FILE", "the cluster's secret, to authenticate messages between nodes", TEXT,
     GV_OPTIONS_GOSSIP, AT(secret_file)},
    {"data", "DIR", "store the entries in this directory", TEXT, GV_OPTIONS_STORE, AT(data)},
    {"durability", "MODE", "sync (the default), async or none", WORD, GV_OPTIONS_STORE,
     AT(durability), WORDS("sync", "async", "none")},
    {"commit-within", "MS", "longest time that asynchronous writes are batched (100)", NUMBER,
     GV_OPTIONS_STORE, AT(commit_ms), .max = GV_OPTIONS_COMMIT_MAX_MS},
    {"export-refused", "FILE", "where an upgrade writes entries it cannot keep", TEXT,
     GV_OPTIONS_GOSSIP, AT(export_refused)},
    {"message-max", "BYTES", "longest gossip message sent (65536)", NUMBER, GV_OPTIONS_GOSSIP,
     AT(message_max), RANGE(GV_ENGINE_MESSAGE_MIN, GV_MESSAGE_LIMIT)},
    {"line-max", "BYTES", "longest accepted line (1048576)", NUMBER, GV_OPTIONS_ANY, AT(line_max),
     RANGE(GV_OPTIONS_LINE_MIN, GV_OPTIONS_SIZE_MAX)},
    {"tokens-max", "N", "maximum number of JSON values and names in a line (262144)", NUMBER,
     GV_OPTIONS_ANY, AT(tokens_max), RANGE(GV_OPTIONS_TOKENS_MIN, GV_OPTIONS_TOKENS_MAX)},
    {"depth-max", "N", "maximum nesting of a line (64)", NUMBER, GV_OPTIONS_ANY, AT(depth_max),
     RANGE(GV_OPTIONS_DEPTH_MIN, GV_OPTIONS_DEPTH_MAX)},
    {"peers-max", "N", "most nodes in a cluster (16384)", NUMBER, GV_OPTIONS_ANY, AT(peers_max),
     RANGE(1, GV_NODE_PEERS_MAX)},
    {"entries-max", "N", "most entries in the replica (no limit)", NUMBER, GV_OPTIONS_GOSSIP,
     AT(entries_max), RANGE(1, UINT32_MAX)},
    {"memory-max", "BYTES", "most memory for entries (no limit)", NUMBER, GV_OPTIONS_GOSSIP,
     AT(memory_max), RANGE(GV_OPTIONS_MEMORY_MIN, UINT64_MAX / 2)},
    {"client-rate", "N", "requests per second allowed to each client (no limit)", NUMBER,
     GV_OPTIONS_ANY, AT(client_rate), RANGE(1, GV_OPTIONS_RATE_MAX)},
    {"client-burst", "N", "requests allowed to each client in one burst (the rate)", NUMBER,
     GV_OPTIONS_ANY, AT(client_burst), RANGE(1, GV_OPTIONS_RATE_MAX)},
    {"seed", "N", "seed of all random choices", NUMBER, GV_OPTIONS_ANY, AT(seed),
     .max = UINT64_MAX},
    {"log-level", "LEVEL", "error, warn, info (the default) or debug", WORD, GV_OPTIONS_ANY,
     AT(log_level), WORDS("error", "warn", "info", "debug")},
    {"log-format", "FORMAT", "text (the default) or json", WORD, GV_OPTIONS_ANY, AT(log_format),
     WORDS("text", "json")},
    {"stats-interval", "MS", "interval of statistics in the log (at the end only)", NUMBER,
     GV_OPTIONS_ANY, AT(stats_ms), RANGE(1, GV_OPTIONS_STATS_MAX_MS)},
    {"help", NULL, "print this and exit", FLAG, GV_OPTIONS_ANY, AT(help)},
    {"version", NULL, "print the version and exit", FLAG, GV_OPTIONS_ANY, AT(version)},
};
enum { OPTIONS = GV_COUNT(options) };

struct reason {
    char *text;
    size_t cap;
};

static int fail(struct reason *reason, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    gv_escape_format(reason->text, reason->cap, format, arguments);
    va_end(arguments);
    return GV_EINVAL;
}

static const struct option *find(const char *name, size_t len, enum gv_options_scope scope) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (gv_slice_equal(gv_slice_text(option->name), gv_slice_of(name, len)))
            return option->scope > scope ? NULL : option;
    }
    return NULL;
}

bool gv_options_number(const char *text, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

int gv_options_word(const char *text, const char *const *words, char *list, size_t cap) {
    size_t len = 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) return i;
        const char *comma = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";
        len += (size_t)snprintf(list + len, cap - len, "%s%s", comma, words[i]);
        GV_ASSERT(len < cap);
    }
    return GV_EINVAL;
}

static int parse_number(uint64_t *out, const struct option *option, const char *text,
                        struct reason *reason) {
    if (!gv_options_number(text, out))
        return fail(reason, "--%s: expected a decimal integer, not %s", option->name, text);
    if (errno != 0 || *out < option->min || *out > option->max)
        return fail(reason, "--%s: expected %llu to %llu, not %s", option->name,
                    (unsigned long long)option->min, (unsigned long long)option->max, text);
    return 0;
}

static int apply(struct gv_options *out, const struct option *option, const char *value,
                 struct reason *reason) {
    void *at = (char *)out + option->at;
    char list[128];
    int word;
    switch (option->kind) {
    case NUMBER:
        return parse_number(at, option, value, reason);
    case TEXT:
        *(const char **)at = value;
        return 0;
    case WORD:
        word = gv_options_word(value, option->words, list, sizeof list);
        if (word < 0) return fail(reason, "--%s: expected %s, not %s", option->name, list, value);
        memcpy(at, &word, sizeof word);
        return 0;
    case FLAG:
        *(bool *)at = true;
        return 0;
    }
    return GV_EINVAL;
}

static int check(struct gv_options *out, enum gv_options_scope scope, struct reason *reason) {
    if (out->data != NULL && *out->data == '\0')
        return fail(reason, "--data: the name of the directory is empty");
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
        stored = stored || option->at == OFFSET(durability) || option->at == OFFSET(commit_ms);
        out->has_seed = out->has_seed || option->at == OFFSET(seed);
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
