// SPDX-License-Identifier: MIT
// Starts and ends the nodes' processes, and explains why a program cannot be started. No process
// outlives gvsim, even if gvsim is killed.
//
// Each child leads a session and a process group of its own; its group is killed when it ends.
// Three mechanisms kill what is left when gvsim ends:
// - The guard, a process that waits for gvsim to end, kills the remaining groups. It survives a
//   SIGKILL of gvsim.
// - On Linux, the kernel kills a child when gvsim dies (PR_SET_PDEATHSIG), if the guard is gone.
// - On Linux, a process that left its group is found by GVSIM_RUN in its environment, and killed.
//   One that left its group and cleared its environment survives.
#ifndef GV_SIM_RUN_CHILD_H
#define GV_SIM_RUN_CHILD_H

#include "../../merkle/base.h"

#include <sys/types.h>

enum { GV_CHILD_WHY_MAX = 1024 };

struct gv_child_guard {
    int line;       // pipe to the guard: starts and ends of children; −1: there is no guard
    pid_t pid;      // process id of the guard; 0: there is none
    char mark[64];  // in the environment of every child: "GVSIM_RUN=…"
    int files_soft; // soft limit of open files for children; −1: gvsim's limit
};

// Starts the guard, and sets the mark in this process's environment. Call it before any child
// starts, and with open standard streams. If the guard cannot be started (EAGAIN, ENOMEM), all else
// works without it.
void gv_child_guard_start(struct gv_child_guard *guard);

// Kills the remaining children, and ends the guard.
void gv_child_guard_end(struct gv_child_guard *guard);

// Kills all processes with the mark. Returns their number; 0 without /proc.
size_t gv_child_kill_marked(const struct gv_child_guard *guard);

// Raises gvsim's soft limit of open files to `need`; children keep the lower limit. False: the hard
// limit is lower; `why` names both numbers.
bool gv_child_raise_file_limit(struct gv_child_guard *guard, size_t need,
                               char why[GV_CHILD_WHY_MAX]);

struct gv_child_start {
    char *program;     // a path
    char *const *argv; // argv[0] is the program; NULL at the end
    const char *dir;   // the working directory
    int fds[3];        // standard input, output and error; the caller closes them
};

// Starts a child. Returns its process id, or a negative errno value.
pid_t gv_child_start(struct gv_child_guard *guard, const struct gv_child_start *start);

// Reaps the next child that has ended, and kills its group. *status: as of waitpid. Returns its
// process id; 0: none has ended.
pid_t gv_child_reap(struct gv_child_guard *guard, int *status);

// Adds the run delay of all threads of a process and its descendants to *waited, in nanoseconds,
// and the number of their time slices to *times (/proc/PID/task/TID/schedstat). False: the system
// has no such statistics.
bool gv_child_run_delay(pid_t pid, uint64_t *waited, uint64_t *times);

// Kills a child and its group.
void gv_child_kill(pid_t pid);

// Whether a program cannot be started, as far as its file shows: it does not exist, is not
// executable, or its interpreter is missing. Then `why` has the reason, without a full stop.
// `name`: as given; `path`: where it was found; NULL: it was not found.
bool gv_child_check_program(const char *name, const char *path, char why[GV_CHILD_WHY_MAX]);

// The reason why gv_child_start failed with this errno value.
void gv_child_start_error(const char *path, int error, char why[GV_CHILD_WHY_MAX]);

#endif
