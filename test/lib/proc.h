// SPDX-License-Identifier: MIT
// A node process that is connected by two pipes.
#ifndef GV_TEST_LIB_PROC_H
#define GV_TEST_LIB_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gv_proc {
    pid_t pid;
    int in, out; // ends of the pipes to its standard input and output
    char *data;  // output that was read but not yet returned
    size_t len, cap;
};

// Starts `name --log-level=error ARGUMENT…` of the build directory ($BUILD, or "build").
// `arguments` ends with NULL. Standard error is appended to the file `log`.
void gv_proc_start(struct gv_proc *proc, const char *name, const char *const *arguments,
                   const char *log);
// As gv_proc_start, with a child process that runs `body` and exits with its result.
void gv_proc_fork(struct gv_proc *proc, int (*body)(void *ctx), void *ctx, const char *log);
// Writes all bytes. Returns false if the process no longer reads.
bool gv_proc_write(struct gv_proc *proc, const char *text, size_t len);
// Returns the next line of output, NUL-terminated without its newline, valid until the next call.
// Returns NULL if no line is complete after wait_ms, or at the end of the output.
char *gv_proc_read_line(struct gv_proc *proc, int wait_ms);
// Sends an init for node n1 of n1. Returns false if no init_ok arrives within 30 s.
bool gv_proc_init(struct gv_proc *proc);
// Ends the process by SIGKILL, or by closing its input, and waits for it. Returns the status of
// waitpid. Output written before remains readable.
int gv_proc_kill(struct gv_proc *proc);
int gv_proc_end(struct gv_proc *proc);
// Kills the process if it still runs, closes the pipes and frees memory.
void gv_proc_fini(struct gv_proc *proc);

// gv_proc_make_dir makes a new directory in $TMPDIR or /tmp and returns its path, in static memory.
// gv_proc_remove_dir removes a directory with its files.
const char *gv_proc_make_dir(void);
void gv_proc_remove_dir(const char *dir);

#endif
