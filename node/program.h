// SPDX-License-Identifier: MIT
// A whole program around one workload: command line, log, node, loop.
#ifndef GV_NODE_PROGRAM_H
#define GV_NODE_PROGRAM_H

#include "storage/store_lmdb.h"
#include "workload.h"

// What main of gv-NAME does. `ops`: &gv_store_lmdb_ops, so that --data works; or NULL, without
// which the program needs no LMDB. Returns the exit status: 0 after the end of the input or a
// signal to stop, 1 after a failure that was logged, 2 after a command line that is wrong.
//
// The log goes to standard error, a line each: `2026-01-31T23:59:59.123Z warn n1: text`, or JSON
// (log.h). A line that cannot be written at once is dropped, and counted.
int gv_program_main(const struct gv_workload *workload, const struct gv_store_lmdb_ops *ops,
                    int argc, char **argv);

#endif
