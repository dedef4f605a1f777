// SPDX-License-Identifier: MIT
// The command line of a node's program. `--name VALUE` and `--name=VALUE` mean the same; a later
// option overrides an earlier one. Numbers are decimal.
#ifndef GV_NODE_OPTIONS_H
#define GV_NODE_OPTIONS_H

#include "node.h"

enum {
    GV_OPTIONS_STALENESS_MS = 500,
    GV_OPTIONS_STALENESS_MAX_MS = 3600 * 1000,
    GV_OPTIONS_SIZE_MAX = 1 << 30, // of --line-max
    GV_OPTIONS_LINE_MIN = 4096,    // likewise
    GV_OPTIONS_TOKENS_MIN = 1024,  // of --tokens-max
    GV_OPTIONS_TOKENS_MAX = 1 << 26,
    GV_OPTIONS_DEPTH_MIN = 16, // of --depth-max
    GV_OPTIONS_DEPTH_MAX = 1024,
    // Of a program that gossips: what the longest message of a peer takes, with the line around it.
    // A token takes two bytes of it at least.
    GV_OPTIONS_GOSSIP_LINE = GV_MESSAGE_LIMIT + 1024,
    GV_OPTIONS_GOSSIP_TOKENS = GV_MESSAGE_LIMIT / 2 + 16,
    GV_OPTIONS_MEMORY_MIN = 1 << 20,  // of --memory-max
    GV_OPTIONS_RATE_MAX = 1000000000, // of --client-rate
    GV_OPTIONS_STATS_MAX_MS = 24 * 3600 * 1000,
    GV_OPTIONS_HELP_MAX = 4096, // longest text for --help
    GV_OPTIONS_COMMIT_MS = 100,
    GV_OPTIONS_COMMIT_MAX_MS = 60 * 1000,
};

enum gv_options_durability {
    GV_OPTIONS_SYNC,  // a write is answered when it is on disk
    GV_OPTIONS_ASYNC, // at once
    GV_OPTIONS_NONE,  // when the system has it
};

// Which options a program has.
enum gv_options_scope {
    GV_OPTIONS_ANY,
    GV_OPTIONS_STORE,  // those of a store, too
    GV_OPTIONS_GOSSIP, // all
};

enum gv_options_format { GV_OPTIONS_TEXT, GV_OPTIONS_JSON }; // of the log

struct gv_options {
    bool help, version; // asked for: print it and exit
    uint64_t staleness_ms;
    const char *secret_file; // NULL: none; borrowed from argv
    bool has_seed;
    uint64_t seed;
    enum gv_log_level log_level;
    enum gv_options_format log_format;
    uint64_t stats_ms; // between two lines of statistics; 0: none
    // Bounds; in each, what is not given is the default.
    uint64_t message_max, line_max, tokens_max, depth_max, peers_max;
    uint64_t memory_max, entries_max;   // 0: none
    uint64_t client_rate, client_burst; // 0: no limit; burst: as much as the rate
    const char *data;                   // the store's directory, borrowed from argv; NULL: none
    enum gv_options_durability durability;
    uint64_t commit_ms;
    const char *export_refused; // borrowed from argv; NULL: none
};

// Reads the command line; bounds that were not given get their defaults. GV_EINVAL: it is wrong, or
// an option is beyond the scope, and `reason` says how, in one line without the program's name.
int gv_options_parse(struct gv_options *out, enum gv_options_scope scope, int argc,
                     char *const *argv, char *reason, size_t reason_cap);

// The text for --help, written to buf; returns its length, at most cap − 1.
int gv_options_help(const char *program, enum gv_options_scope scope, char *buf, size_t cap);

#endif
