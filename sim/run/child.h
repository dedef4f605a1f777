// SPDX-License-Identifier: MIT
// Processes of nodes: how one is started, what a program lacks that cannot be, and how none is left
// over, whatever becomes of gvsim.
//
// Each child leads a session and a process group of its own, whose other members are killed with
// it. Three things see to it that none outlives gvsim:
// - A guard, a process that only waits for gvsim to end, kills the groups that are left then. It
//   survives a SIGKILL of gvsim.
// - On Linux, the kernel kills a child when gvsim dies (PR_SET_PDEATHSIG), if the guard is gone.
// - On Linux, a child that left its group is known by a mark in the environment that gvsim gave it,
//   GVSIM_RUN, and killed, too. One that left its group and cleared its environment stays.
#ifndef GV_SIM_RUN_CHILD_H
#define GV_SIM_RUN_CHILD_H

#include "../../merkle/base.h"

#include <sys/types.h>

enum { GV_CHILD_WHY_MAX = 1024 };

struct gv_child_guard {
    int line;      // written to: children that started and ended; -1: there is no guard
    pid_t pid;     // of the guard; 0: there is none
    char mark[64]; // what the environment of every child holds: "GVSIM_RUN=…"
    int files_soft; // how many open files the environment allowed, for children; −1: as many as now
};

// Starts the guard, and sets the mark in this process's environment. Call before any child starts,
// and before files are opened: standard input, output and error are, too, if they were closed.
// Without a guard, for want of processes or memory, the rest still works.
void gv_child_guard_start(struct gv_child_guard *guard);

// Kills what is left, and ends the guard.
void gv_child_guard_end(struct gv_child_guard *guard);

// Kills all processes that have the mark. Returns how many there were; 0 where there is no /proc.
size_t gv_child_kill_marked(const struct gv_child_guard *guard);

// Has the system allow this many open files, if it can be had, for gvsim alone: children get what
// there was before. False: `why` says how many there may be.
bool gv_child_raise_file_limit(struct gv_child_guard *guard, size_t need,
                               char why[GV_CHILD_WHY_MAX]);

struct gv_child_start {
    const char *program; // a path
    char *const *argv;   // of which argv[0] is the program; NULL at the end
    const char *dir;     // the working directory
    int fds[3];          // standard input, output and error; stay open here
};

// Starts a child. Returns its process id, or a negative errno value.
pid_t gv_child_start(struct gv_child_guard *guard, const struct gv_child_start *start);

// The next child that has ended, whose group is killed and whose status, as of waitpid, is taken;
// 0: none has.
pid_t gv_child_reap(struct gv_child_guard *guard, int *status);

// Adds up how long the threads of a process and of its descendants have waited for a processor, in
// nanoseconds, and how often they got one. False: the system does not tell.
bool gv_child_run_delay(pid_t pid, uint64_t *waited, uint64_t *times);

// Kills a child and its group.
void gv_child_kill(pid_t pid);

// What keeps a program from being run, as far as can be told without running it, as a sentence
// without a full stop: that there is none of this name, what its first line asks for, … False: it
// seems fine. `path`: where it is, NULL if it was not found under this name.
bool gv_child_check_program(const char *name, const char *path, char why[GV_CHILD_WHY_MAX]);

// What it means that a program at this path could not be started, by its errno value.
void gv_child_start_error(const char *path, int error, char why[GV_CHILD_WHY_MAX]);

#endif
