// SPDX-License-Identifier: MIT
// The command line of a node's program. `--name VALUE` and `--name=VALUE` mean the same; a later
// option overrides an earlier one.
#ifndef GV_NODE_OPTIONS_H
#define GV_NODE_OPTIONS_H

#include "node.h"

enum {
    GV_OPTIONS_STALENESS_MS = 500,
    GV_OPTIONS_STALENESS_MAX_MS = 3600 * 1000,
    GV_OPTIONS_SECRET_MAX = 4096,  // longest secret, bytes
    GV_OPTIONS_SIZE_MAX = 1 << 30, // of --message-max and --line-max
    GV_OPTIONS_LINE_MIN = 4096,    // of --line-max
    GV_OPTIONS_COMMIT_MS = 100,
    GV_OPTIONS_COMMIT_MAX_MS = 60 * 1000,
};

enum gv_options_durability {
    GV_OPTIONS_SYNC,  // a write is answered when it is on disk
    GV_OPTIONS_ASYNC, // at once
    GV_OPTIONS_NONE,  // when the system has it
};

struct gv_options {
    bool help, version; // asked for: print it and exit
    uint32_t staleness_ms;
    const char *secret_file; // NULL: none; borrowed from argv
    bool has_seed;
    uint64_t seed;
    enum gv_log_level log_level;
    size_t message_max; // 0: the default
    size_t line_max;    // 0: the default
    const char *data;   // the store's directory, borrowed from argv; NULL: none
    enum gv_options_durability durability;
    uint32_t commit_ms;
};

// Reads the command line. `replica`: whether the options of gossip are allowed. GV_EINVAL: it is
// wrong, and `fault` says how, in one line without the program's name.
int gv_options_parse(struct gv_options *out, bool replica, int argc, char *const *argv, char *fault,
                     size_t fault_cap);

// The text for --help, written to buf; returns its length, at most cap − 1.
int gv_options_help(const char *program, bool replica, char *buf, size_t cap);

// Reads the secret: the whole file, without a newline at its end. Returns its length. GV_ENOENT:
// it cannot be read; GV_EINVAL: it is empty; GV_ESPACE: it is longer than cap.
int gv_options_read_secret(const char *path, uint8_t *buf, size_t cap);

#endif
