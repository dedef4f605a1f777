// SPDX-License-Identifier: MIT
#include "child.h"

#include "../core/memory.h"
#include "../core/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    HEAD_MAX = 256,        // bytes read of a program
    ENVIRON_MAX = 1 << 21, // bytes searched of another process's environment
    SWEEPS = 50, // maximum number of searches of all processes; repeated while they find new ones
    SWEEP_EVERY_MS = 20,
    SIGNALS_MAX = 31,
};

extern char **environ;

// ---- The guard ----

static bool is_marked(const char *pid, const char *mark, char *buf) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    size_t len = 0, mark_len = strlen(mark) + 1;
    ssize_t size;
    while (len < ENVIRON_MAX && (size = read(fd, buf + len, ENVIRON_MAX - len)) > 0) {
        len += (size_t)size;
    }
    close(fd);
    buf[len] = '\0';
    for (size_t at = 0; at < len; at += strlen(buf + at) + 1) {
        if (len - at >= mark_len && memcmp(buf + at, mark, mark_len) == 0) return true;
    }
    return false;
}

static size_t kill_marked(const char *mark) {
    DIR *dir = opendir("/proc");
    if (dir == NULL) return 0;
    char *buf = malloc(ENVIRON_MAX + 1);
    size_t found = 0;
    const struct dirent *entry;
    while (buf != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        if (!is_marked(entry->d_name, mark, buf)) continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid == getpid()) continue;
        found += kill(pid, SIGKILL) == 0;
    }
    free(buf);
    closedir(dir);
    return found;
}

size_t gv_child_kill_marked(const struct gv_child_guard *guard) {
    return kill_marked(guard->mark);
}

// The guard reads starts and ends of children until the pipe closes, which the end of gvsim causes.
// It stores up to 2^16 children; searches for the mark find the others.
static void keep_watch(int line, const char *mark) {
    enum { MOST = 1 << 16 };
    static int32_t groups[MOST];
    size_t len = 0;
    int32_t pid;
    for (;;) {
        ssize_t size = read(line, &pid, sizeof pid);
        if (size < 0 && errno == EINTR) continue;
        if (size != (ssize_t)sizeof pid) break;
        if (pid > 0 && len < MOST) groups[len++] = pid;
        for (size_t i = 0; pid < 0 && i < len; i++) {
            if (groups[i] != -pid) continue;
            groups[i] = groups[--len];
            break;
        }
    }
    for (size_t i = 0; i < len; i++) kill(-(pid_t)groups[i], SIGKILL);
    for (int i = 0; i < SWEEPS && kill_marked(mark) > 0; i++) poll(NULL, 0, SWEEP_EVERY_MS);
}

static void become_guard(int line, const char *mark) {
    // Signals of the terminal are for gvsim. The standard streams become /dev/null, so that readers
    // of gvsim's output see it end with gvsim.
    setsid();
    for (int number = 1; number <= SIGNALS_MAX; number++) {
        if (number != SIGCHLD) signal(number, SIG_IGN);
    }
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++) dup2(null, fd);
    if (null > 2) close(null);
    if (chdir("/") != 0) _exit(1);
#ifdef __linux__
    // The name differs from gvsim's, so that killall gvsim does not end the guard.
    prctl(PR_SET_NAME, "gv-guard", 0, 0, 0);
#endif
    keep_watch(line, mark);
    _exit(0);
}

void gv_child_guard_start(struct gv_child_guard *guard) {
    *guard = (struct gv_child_guard){.line = -1, .files_soft = -1};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(guard->mark, sizeof guard->mark, "GVSIM_RUN=%ld-%" PRId64 ".%09ld", (long)getpid(),
             (int64_t)now.tv_sec, now.tv_nsec);
    setenv("GVSIM_RUN", strchr(guard->mark, '=') + 1, 1);
    int line[2];
    if (pipe(line) != 0) return;
    fcntl(line[1], F_SETFD, FD_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        close(line[1]);
        become_guard(line[0], guard->mark);
    }
    close(line[0]);
    if (pid < 0) {
        close(line[1]);
        return;
    }
    guard->line = line[1];
    guard->pid = pid;
}

void gv_child_guard_end(struct gv_child_guard *guard) {
    for (int i = 0; i < SWEEPS && kill_marked(guard->mark) > 0; i++) poll(NULL, 0, SWEEP_EVERY_MS);
    unsetenv("GVSIM_RUN");
    if (guard->line >= 0) close(guard->line);
    while (guard->pid > 0 && waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR) continue;
    guard->line = -1;
    guard->pid = 0;
}

// Errors are ignored: everything else works without the guard.
static void notify_guard(const struct gv_child_guard *guard, pid_t pid) {
    int32_t number = (int32_t)pid;
    while (guard->line >= 0 && write(guard->line, &number, sizeof number) < 0 && errno == EINTR)
        continue;
}

// ---- Children ----

bool gv_child_raise_file_limit(struct gv_child_guard *guard, size_t need,
                               char why[GV_CHILD_WHY_MAX]) {
    GV_ASSERT(need > 0);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    if (limit.rlim_cur >= need) return true;
    rlim_t before = limit.rlim_cur;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= need) {
        limit.rlim_cur = need;
        guard->files_soft = (int)before;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
    }
    snprintf(why, GV_CHILD_WHY_MAX,
             "%zu open files are needed, three pipes per node, but the limit is %" PRIu64
             ": raise it (ulimit -n), or start fewer nodes",
             need, (uint64_t)limit.rlim_max);
    return false;
}

// Reads the beginning of a file, and adds a NUL. Returns its length, or 0.
static size_t read_head(const char *path, char *buf, size_t cap) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, buf, cap - 1) : 0;
    if (fd >= 0) close(fd);
    buf[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

// Whether a file is a script without a "#!" line, which the shell runs, as for Maelstrom.
static bool is_plain_script(const char *path) {
    char head[HEAD_MAX];
    size_t size = read_head(path, head, sizeof head);
    return size > 0 && strlen(head) == size && strncmp(head, "#!", 2) != 0;
}

struct plan {
    const struct gv_child_start *start;
    char **shell; // argv for a script without a "#!" line; NULL: not such a script
    pid_t parent;
    int files_soft;
    int report; // pipe for the errno value if exec fails
};

// Between fork and exec: async-signal-safe calls only.
static void become_program(const struct plan *plan) {
    setsid();
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != plan->parent) _exit(1); // the parent ended before prctl
#endif
    for (int number = 1; number <= SIGNALS_MAX; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    int error = 0;
    for (int fd = 0; fd < 3 && error == 0; fd++) {
        if (dup2(plan->start->fds[fd], fd) < 0) error = errno;
    }
    struct rlimit limit;
    if (plan->files_soft >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = (rlim_t)plan->files_soft;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (error == 0 && chdir(plan->start->dir) != 0) error = errno;
    if (error == 0) {
        execve(plan->start->program, plan->start->argv, environ);
        error = errno;
        if (error == ENOEXEC && plan->shell != NULL) execve("/bin/sh", plan->shell, environ);
    }
    ssize_t written = write(plan->report, &error, sizeof error);
    _exit(written < 0 ? 126 : 127);
}

// Moves a descriptor above the three that dup2 replaces.
static int move_up(int fd) {
    int moved = fcntl(fd, F_DUPFD, 3);
    int error = errno;
    if (moved >= 0) fcntl(moved, F_SETFD, FD_CLOEXEC);
    close(fd);
    errno = error;
    return moved;
}

static pid_t fork_child(struct plan *plan) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); // no handler of gvsim runs in the child
    plan->parent = getpid();
    pid_t pid = fork();
    if (pid == 0) become_program(plan);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

pid_t gv_child_start(struct gv_child_guard *guard, const struct gv_child_start *start) {
    GV_ASSERT(start->program != NULL && start->argv != NULL && start->dir != NULL);
    for (int i = 0; i < 3; i++) GV_ASSERT(start->fds[i] > 2);
    int report[2];
    if (pipe(report) != 0) return -errno;
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    report[1] = move_up(report[1]);
    if (report[1] < 0) {
        int error = errno;
        close(report[0]);
        return -error;
    }
    size_t count = 0;
    while (start->argv[count] != NULL) count++;
    char **shell = gv_memory_new((count + 2) * sizeof *shell);
    shell[0] = (char[]){"/bin/sh"};
    shell[1] = start->program;
    for (size_t i = 1; i < count; i++) shell[i + 1] = start->argv[i];
    struct plan plan = {.start = start,
                        .shell = is_plain_script(start->program) ? shell : NULL,
                        .files_soft = guard->files_soft,
                        .report = report[1]};
    pid_t pid = fork_child(&plan);
    int error = pid < 0 ? errno : 0;
    free(shell);
    close(report[1]);
    ssize_t size = -1;
    while (pid > 0 && (size = read(report[0], &error, sizeof error)) < 0 && errno == EINTR)
        continue;
    close(report[0]);
    if (pid > 0 && size > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    if (error != 0) return -error;
    notify_guard(guard, pid);
    return pid;
}

void gv_child_kill(pid_t pid) {
    GV_ASSERT(pid > 0);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
}

pid_t gv_child_reap(struct gv_child_guard *guard, int *status) {
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return 0;
        pid_t pid = info.si_pid;
        bool is_guard = pid == guard->pid;
        // The group is killed before the child is reaped, while the group's number cannot be
        // reused.
        if (!is_guard) kill(-pid, SIGKILL);
        if (waitpid(pid, status, 0) < 0 && errno != EINTR) return 0;
        if (!is_guard) {
            notify_guard(guard, -pid);
            return pid;
        }
        close(guard->line);
        guard->line = -1;
        guard->pid = 0;
    }
}

// ---- Run delay ----

enum { DESCENDANTS_MAX = 64 };

static bool add_run_delays(pid_t pid, uint64_t *waited, uint64_t *times, pid_t *pids, size_t *len) {
    char path[128], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool some = false;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/schedstat", (long)pid, entry->d_name);
        // Time on a processor, run delay (both in ns), number of time slices.
        if (read_head(path, text, sizeof text) > 0) {
            char *rest = text;
            strtoull(rest, &rest, 10);
            *waited += strtoull(rest, &rest, 10);
            *times += strtoull(rest, &rest, 10);
            some = true;
        }
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/children", (long)pid, entry->d_name);
        char *at = text;
        if (read_head(path, text, sizeof text) == 0) continue;
        for (long child; *len < DESCENDANTS_MAX && (child = strtol(at, &at, 10)) > 0;)
            pids[(*len)++] = (pid_t)child;
    }
    if (dir != NULL) closedir(dir);
    return some;
}

bool gv_child_run_delay(pid_t pid, uint64_t *waited, uint64_t *times) {
    GV_ASSERT(pid > 0);
    pid_t pids[DESCENDANTS_MAX] = {pid};
    size_t len = 1;
    bool some = false;
    for (size_t i = 0; i < len; i++) some |= add_run_delays(pids[i], waited, times, pids, &len);
    return some;
}

// ---- Programs that cannot be run ----

// Copies the next word of a "#!" line to `word`. Returns the text after it.
static const char *next_word(const char *line, char *word, size_t cap) {
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t");
    snprintf(word, cap, "%.*s", (int)(len < cap ? len : cap - 1), line);
    return line + len;
}

// line: the text after "#!", without its newline.
static bool is_unfit_script(const char *path, char *line, char *why) {
    size_t len = strlen(line);
    if (len > 0 && line[len - 1] == '\r') {
        line[len - 1] = '\0';
        snprintf(why, GV_CHILD_WHY_MAX,
                 "the lines of '%s' end in CR LF, so its interpreter is '%s\\r', which does not "
                 "exist: remove the carriage returns (sed -i 's/\\r$//')",
                 path, line);
        return true;
    }
    char interpreter[HEAD_MAX], word[HEAD_MAX];
    const char *rest = next_word(line, interpreter, sizeof interpreter);
    struct stat status;
    if (interpreter[0] != '\0' && stat(interpreter, &status) != 0) {
        snprintf(why, GV_CHILD_WHY_MAX, "the interpreter '%s' of '%s' does not exist", interpreter,
                 path);
        return true;
    }
    const char *base = strrchr(interpreter, '/');
    if (base == NULL || strcmp(base, "/env") != 0) return false;
    // env searches PATH for the first word that is not an option or assignment.
    do rest = next_word(rest, word, sizeof word);
    while (word[0] == '-' || strchr(word, '=') != NULL);
    char *found = word[0] != '\0' ? gv_path_program(word) : NULL;
    bool unfit = word[0] != '\0' && found == NULL;
    free(found);
    if (unfit) {
        snprintf(why, GV_CHILD_WHY_MAX, "the interpreter '%s' of '%s' is in no directory of PATH",
                 word, path);
    }
    return unfit;
}

static bool is_unfit_file(const char *path, char *why) {
    struct stat status;
    if (stat(path, &status) != 0) {
        snprintf(why, GV_CHILD_WHY_MAX, "'%s': %s", path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        snprintf(why, GV_CHILD_WHY_MAX, "'%s' is a directory, not a program", path);
    } else if (!S_ISREG(status.st_mode)) {
        snprintf(why, GV_CHILD_WHY_MAX, "'%s' is not a regular file", path);
    } else if (status.st_size == 0) {
        snprintf(why, GV_CHILD_WHY_MAX, "'%s' is an empty file", path);
    } else if (access(path, X_OK) != 0) {
        snprintf(why, GV_CHILD_WHY_MAX, "'%s' is not executable: its x bit is not set (chmod +x)",
                 path);
    } else {
        return false;
    }
    return true;
}

bool gv_child_check_program(const char *name, const char *path, char why[GV_CHILD_WHY_MAX]) {
    struct stat status;
    bool there = stat(name, &status) == 0;
    if (path == NULL && !there) {
        snprintf(why, GV_CHILD_WHY_MAX, "there is no program '%s'%s", name,
                 strchr(name, '/') != NULL ? "" : ", here or in a directory of PATH");
        return true;
    }
    if (path == NULL) path = name;
    if (is_unfit_file(path, why)) return true;
    char head[HEAD_MAX + 1];
    read_head(path, head, sizeof head);
    if (strncmp(head, "#!", 2) != 0) return false;
    head[strcspn(head, "\n")] = '\0';
    return is_unfit_script(path, head + 2, why);
}

void gv_child_start_error(const char *path, int error, char why[GV_CHILD_WHY_MAX]) {
    GV_ASSERT(error > 0);
    if (gv_child_check_program(path, path, why)) return;
    if (error == ENOEXEC) {
        snprintf(why, GV_CHILD_WHY_MAX,
                 "'%s' has no executable format: neither a binary for this machine nor a script",
                 path);
    } else if (error == ENOENT) {
        snprintf(why, GV_CHILD_WHY_MAX,
                 "cannot start '%s': its loader or interpreter does not exist", path);
    } else {
        snprintf(why, GV_CHILD_WHY_MAX, "cannot start '%s': %s", path, strerror(error));
    }
}
