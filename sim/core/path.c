// SPDX-License-Identifier: MIT
#include "path.h"

#include "memory.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CWD_MAX = 1 << 16 };

static char *join(const char *dir, size_t dir_len, const char *name) {
    size_t cap = dir_len + strlen(name) + 2;
    char *path = gv_memory_new(cap);
    snprintf(path, cap, "%.*s/%s", (int)dir_len, dir, name);
    return path;
}

char *gv_path_absolute(const char *path) {
    if (path[0] == '/') return gv_memory_copy(path, strlen(path));
    char cwd[CWD_MAX];
    return getcwd(cwd, sizeof cwd) != NULL ? join(cwd, strlen(cwd), path) : NULL;
}

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *gv_path_program(const char *name) {
    if (is_program(name)) return gv_path_absolute(name);
    const char *dirs = getenv("PATH");
    if (strchr(name, '/') != NULL || dirs == NULL) return NULL;
    while (*dirs != '\0') {
        size_t len = strcspn(dirs, ":");
        char *path = len > 0 ? join(dirs, len, name) : NULL;
        if (path != NULL && is_program(path)) return path;
        free(path);
        dirs += len + (dirs[len] == ':');
    }
    return NULL;
}
