// SPDX-License-Identifier: MIT
// The program of a workload: command line, log, store, node and event loop.
#ifndef GV_NODE_PROGRAM_H
#define GV_NODE_PROGRAM_H

#include "storage/store_lmdb.h"
#include "workload.h"

// The main function of gv-NAME. `ops` is &gv_store_lmdb_ops for a workload with --data, else NULL,
// so that the program does not link LMDB. Returns the exit status: 0 after the end of the input,
// SIGINT or SIGTERM; 1 after a failure that was logged; 2 for an invalid command line.
//
// The log goes to standard error, one record a line: `2026-01-31T23:59:59.123Z warn n1: text`, or
// JSON (log.h). If writing a line would block, it is dropped and counted.
int gv_program_main(const struct gv_workload *workload, const struct gv_store_lmdb_ops *ops,
                    int argc, char **argv);

#endif
