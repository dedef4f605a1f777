// SPDX-License-Identifier: MIT
// Process mode: the nodes are processes of any program, which exchange lines with gvsim by their
// standard input and output, in real time.
#ifndef GV_SIM_RUN_EXEC_H
#define GV_SIM_RUN_EXEC_H

#include "exit.h"
#include "run_options.h"

// Runs options->argv as each of the nodes. The progress display and the verdict go to standard
// output, or to standard error if the JSON goes to standard output; errors at the start go to
// standard error. When the function returns, or gvsim ends in any other way, all processes that it
// started have ended (see child.h). `copy`, which may be NULL, gets the result if there is one; its
// borrowed pointers are NULL.
enum gv_exit gv_exec_run(const struct gv_run_config *config, const struct gv_run_options *options,
                         struct gv_result *copy);

#endif
