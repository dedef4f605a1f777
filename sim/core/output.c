// SPDX-License-Identifier: MIT
#include "output.h"

#include "../../node/escape.h"
#include "memory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_MAX = 32 };

static bool complain(const char *path) {
    gv_escape_print(stderr, "gvsim: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static char *temporary_of(const char *path) {
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode)) return NULL;
    size_t room = strlen(path) + TAIL_MAX;
    char *temporary = gv_memory_new(room);
    snprintf(temporary, room, "%s.%ld.part", path, (long)getpid());
    return temporary;
}

bool gv_output_open(struct gv_output *output, const char *path, bool atomic) {
    *output = (struct gv_output){.path = path};
    if (path == NULL) return true;
    if (strcmp(path, "-") == 0) {
        output->file = stdout;
        return true;
    }
    if (atomic) output->temporary = temporary_of(path);
    output->file = fopen(output->temporary != NULL ? output->temporary : path, "w");
    return output->file != NULL || complain(path);
}

bool gv_output_close(struct gv_output *output, bool complete) {
    bool good = true;
    if (output->file != NULL && output->file != stdout) {
        good = ferror(output->file) == 0;
        if (fclose(output->file) != 0) good = false;
        bool placed = good && complete;
        if (placed && output->temporary != NULL) {
            placed = rename(output->temporary, output->path) == 0;
            good = placed;
        }
        if (!good) complain(output->path);
        if (!placed && output->temporary != NULL) remove(output->temporary);
    }
    free(output->temporary);
    *output = (struct gv_output){0};
    return good;
}
