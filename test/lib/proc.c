// SPDX-License-Identifier: MIT
#include "proc.h"

#include "../../merkle/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16, CHUNK = 64 << 10 };

void gv_proc_fork(struct gv_proc *proc, int (*body)(void *ctx), void *ctx, const char *log) {
    int in[2], out[2];
    GV_ASSERT(pipe(in) == 0 && pipe(out) == 0);
    signal(SIGPIPE, SIG_IGN);
    fcntl(in[1], F_SETFD, FD_CLOEXEC);
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    *proc = (struct gv_proc){.pid = fork(), .in = in[1], .out = out[0]};
    GV_ASSERT(proc->pid >= 0);
    if (proc->pid == 0) {
        int err = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        _exit(body(ctx));
    }
    close(in[0]);
    close(out[1]);
}

static int become(void *ctx) {
    char *const *argv = ctx;
    execv(argv[0], argv);
    return 127;
}

void gv_proc_start(struct gv_proc *proc, const char *name, const char *const *arguments,
                   const char *log) {
    char path[4096];
    const char *argv[ARGUMENTS_MAX] = {path, "--log-level=error"}, *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/%s", build != NULL ? build : "build", name);
    for (int i = 0; arguments[i] != NULL; i++) {
        GV_ASSERT(i + 3 < ARGUMENTS_MAX);
        argv[i + 2] = arguments[i];
    }
    gv_proc_fork(proc, become, argv, log);
}

bool gv_proc_write(struct gv_proc *proc, const char *text, size_t len) {
    while (len > 0) {
        ssize_t n = write(proc->in, text, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

// Reads available output. Returns false if there is none within wait_ms, or at the end.
static bool read_more(struct gv_proc *proc, int wait_ms) {
    struct pollfd ready = {.fd = proc->out, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) <= 0) return false;
    if (proc->cap - proc->len < CHUNK) {
        proc->cap = 2 * proc->cap + CHUNK;
        proc->data = realloc(proc->data, proc->cap);
        GV_ASSERT(proc->data != NULL);
    }
    ssize_t n = read(proc->out, proc->data + proc->len, proc->cap - proc->len);
    if (n <= 0) return false;
    proc->len += (size_t)n;
    return true;
}

char *gv_proc_read_line(struct gv_proc *proc, int wait_ms) {
    static char *line;
    size_t seen = 0;
    char *newline;
    while ((newline = seen < proc->len ? memchr(proc->data + seen, '\n', proc->len - seen)
                                       : NULL) == NULL) {
        seen = proc->len;
        if (!read_more(proc, wait_ms)) return NULL;
    }
    size_t len = (size_t)(newline - proc->data);
    line = realloc(line, len + 1);
    GV_ASSERT(line != NULL);
    memcpy(line, proc->data, len);
    line[len] = '\0';
    proc->len -= len + 1;
    memmove(proc->data, newline + 1, proc->len);
    return line;
}

bool gv_proc_init(struct gv_proc *proc) {
    static const char init[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
        "\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}}\n";
    if (!gv_proc_write(proc, init, sizeof init - 1)) return false;
    const char *line = gv_proc_read_line(proc, 30000);
    return line != NULL && strstr(line, "init_ok") != NULL;
}

static int reap(struct gv_proc *proc) {
    int status = 0;
    while (waitpid(proc->pid, &status, 0) < 0 && errno == EINTR) continue;
    proc->pid = 0;
    return status;
}

int gv_proc_kill(struct gv_proc *proc) {
    kill(proc->pid, SIGKILL);
    return reap(proc);
}

int gv_proc_end(struct gv_proc *proc) {
    close(proc->in);
    proc->in = -1;
    while (read_more(proc, 30000)) continue;
    return reap(proc);
}

void gv_proc_fini(struct gv_proc *proc) {
    if (proc->pid > 0) gv_proc_kill(proc);
    if (proc->in >= 0) close(proc->in);
    close(proc->out);
    free(proc->data);
    *proc = (struct gv_proc){.in = -1, .out = -1};
}

const char *gv_proc_make_dir(void) {
    static char path[4096];
    const char *top = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/gv-test-XXXXXX", top != NULL ? top : "/tmp");
    const char *made = mkdtemp(path);
    GV_ASSERT(made != NULL);
    return made;
}

void gv_proc_remove_dir(const char *dir) {
    DIR *open = opendir(dir);
    if (open == NULL) return;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    closedir(open);
    rmdir(dir);
}
