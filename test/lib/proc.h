// SPDX-License-Identifier: MIT
// A real node process at the ends of two pipes, and a client that keeps many requests under way.
#ifndef GV_TEST_LIB_PROC_H
#define GV_TEST_LIB_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gv_proc {
    pid_t pid;
    int in, out; // its standard input, to write to, and output
    char *data;  // what it has said and nobody has taken yet
    size_t len, cap;
};

// Starts a program of the build directory ($BUILD, or "build") as `name --log-level=error` and
// these arguments, ended by NULL; its standard error goes to `log`, a path.
void gv_proc_start(struct gv_proc *proc, const char *name, const char *const *arguments,
                   const char *log);
// The same with a child that runs this function, of which it has the status, instead of a program.
void gv_proc_fork(struct gv_proc *proc, int (*body)(void *ctx), void *ctx, const char *log);
// Writes all of the text. False: it is gone.
bool gv_proc_say(struct gv_proc *proc, const char *text, size_t len);
// The next line without its newline and with a NUL, good until the next call; NULL: none within
// this time, or it has ended.
char *gv_proc_hear(struct gv_proc *proc, int wait_ms);
// Says an init as n1 of n1, and hears the answer. False: there was none.
bool gv_proc_init(struct gv_proc *proc);
// Kills it by SIGKILL; or closes its input, and waits for its end. gv_proc_hear goes on to give
// what it had said. Returns its status, as of waitpid.
int gv_proc_kill(struct gv_proc *proc);
int gv_proc_end(struct gv_proc *proc);
void gv_proc_fini(struct gv_proc *proc);

// A directory of its own under $TMPDIR or /tmp; returns a path in static memory. And removes it,
// with the files in it.
const char *gv_proc_make_dir(void);
void gv_proc_remove_dir(const char *dir);

#endif
