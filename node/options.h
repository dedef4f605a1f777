// SPDX-License-Identifier: MIT
// The command line of a node's program. `--name VALUE` and `--name=VALUE` mean the same; a later
// option overrides an earlier one. Numbers are decimal.
#ifndef GV_NODE_OPTIONS_H
#define GV_NODE_OPTIONS_H

#include "node.h"

enum {
    GV_OPTIONS_STALENESS_MS = 500,
    GV_OPTIONS_STALENESS_MAX_MS = 3600 * 1000,
    GV_OPTIONS_SIZE_MAX = 1 << 30, // maximum of --line-max
    GV_OPTIONS_LINE_MIN = 4096,    // minimum of --line-max
    GV_OPTIONS_TOKENS_MIN = 1024,  // minimum of --tokens-max
    GV_OPTIONS_TOKENS_MAX = 1 << 26,
    GV_OPTIONS_DEPTH_MIN = 16, // minimum of --depth-max
    GV_OPTIONS_DEPTH_MAX = 1024,
    // For programs that gossip: the longest message of a peer with its envelope, and its tokens,
    // each of which takes at least two bytes.
    GV_OPTIONS_GOSSIP_LINE = GV_MESSAGE_LIMIT + 1024,
    GV_OPTIONS_GOSSIP_TOKENS = GV_MESSAGE_LIMIT / 2 + 16,
    GV_OPTIONS_MEMORY_MIN = 1 << 20,  // minimum of --memory-max
    GV_OPTIONS_RATE_MAX = 1000000000, // maximum of --client-rate
    GV_OPTIONS_STATS_MAX_MS = 24 * 3600 * 1000,
    GV_OPTIONS_HELP_MAX = 4096, // longest text for --help
    GV_OPTIONS_COMMIT_MS = 100,
    GV_OPTIONS_COMMIT_MAX_MS = 60 * 1000,
};

enum gv_options_durability {
    GV_OPTIONS_SYNC,  // a write is acknowledged when it is synced
    GV_OPTIONS_ASYNC, // a write is acknowledged immediately
    GV_OPTIONS_NONE,  // a write is acknowledged when it is in the page cache
};

// The options that a program has.
enum gv_options_scope {
    GV_OPTIONS_ANY,    // the options that every program has
    GV_OPTIONS_STORE,  // … and the options of a store
    GV_OPTIONS_GOSSIP, // all options
};

enum gv_options_format { GV_OPTIONS_TEXT, GV_OPTIONS_JSON }; // format of the log

struct gv_options {
    bool help, version; // print it and exit
    uint64_t staleness_ms;
    const char *secret_file; // NULL: none; borrowed from argv
    bool has_seed;
    uint64_t seed;
    enum gv_log_level log_level;
    enum gv_options_format log_format;
    uint64_t stats_ms; // interval of statistics in the log; 0: none
    uint64_t message_max, line_max, tokens_max, depth_max, peers_max;
    uint64_t memory_max, entries_max;   // 0: no limit
    uint64_t client_rate, client_burst; // rate 0: no limit
    const char *data;                   // directory of the store, borrowed from argv; NULL: none
    enum gv_options_durability durability;
    uint64_t commit_ms;
    const char *export_refused; // borrowed from argv; NULL: none
};

// Parses the command line; options that are not given have their defaults. GV_EINVAL: it is
// invalid, or has an option outside of the scope; `reason` is one line without the program's name,
// with control characters escaped (escape.h).
int gv_options_parse(struct gv_options *out, enum gv_options_scope scope, int argc,
                     char *const *argv, char *reason, size_t reason_cap);

// Writes the text for --help, up to GV_OPTIONS_HELP_MAX bytes; returns its length, below cap.
int gv_options_help(const char *program, enum gv_options_scope scope, char *buf, size_t cap);

// Parses a decimal integer. False: the text is not one. An overflow leaves UINT64_MAX and errno
// other than 0.
bool gv_options_number(const char *text, uint64_t *out);

// The position of a text in the list of words, which ends with NULL. GV_EINVAL: the text is not in
// it, and `list` becomes "a, b or c", at most `cap` bytes (asserted).
int gv_options_word(const char *text, const char *const *words, char *list, size_t cap);

#endif
