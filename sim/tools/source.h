// SPDX-License-Identifier: MIT
// Where the text of a scenario comes from: a built-in scenario, the generator (`swarm:SEED`), or a
// file. Also `gvsim scenarios`, which prints it.
#ifndef GV_SIM_TOOLS_SOURCE_H
#define GV_SIM_TOOLS_SOURCE_H

#include "command.h"

// The text of the built-in scenario `name`, of the seed in swarm:SEED, or else of the file at this
// path, tried in this order. The caller frees it; *len is its length in bytes, without a zero at
// its end. NULL: the file cannot be read, and errno has the cause.
char *gv_source_find(const char *name, size_t *len);

// The content of a file, with the same conventions.
char *gv_source_read(const char *path, size_t *len);

// gvsim scenarios: lists the built-in scenarios on standard output, or prints the one that the
// command names. Returns GV_EXIT_USAGE if there is none of this name, which it reports on standard
// error, else GV_EXIT_VALID.
int gv_source_command(const struct gv_command *command);

#endif
