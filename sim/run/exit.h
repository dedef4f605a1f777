// SPDX-License-Identifier: MIT
// The exit status of gvsim, the same for all of its commands.
#ifndef GV_SIM_RUN_EXIT_H
#define GV_SIM_RUN_EXIT_H

enum gv_exit {
    GV_EXIT_VALID = 0,         // the run is valid and within its limits; the command did its work
    GV_EXIT_INVALID = 1,       // a run is invalid or exceeds a limit; shrink: the scenario is valid
    GV_EXIT_USAGE = 2,         // wrong usage, or a file or process cannot be opened or written
    GV_EXIT_NODE_DIED = 3,     // exec: a node's process ended before the run did
    GV_EXIT_LIVENESS = 4,      // swarm: runs failed, all of them in liveness only
    GV_EXIT_INCONCLUSIVE = 5,  // the machine was too slow, or ended the run: no verdict
    GV_EXIT_INTERRUPTED = 130, // SIGINT, SIGTERM or SIGHUP, as shells count it
};

#endif
