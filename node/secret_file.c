// SPDX-License-Identifier: MIT
#include "secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

int gv_secret_file_read(const char *path, uint8_t *buf, size_t cap, bool *shared) {
    GV_ASSERT(buf != NULL && cap > 0);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return GV_ENOENT;
    setvbuf(file, NULL, _IONBF, 0); // no copy of the secret in a buffer of the C library
    struct stat found;
    *shared = fstat(fileno(file), &found) == 0 && (found.st_mode & (S_IRGRP | S_IROTH)) != 0;
    size_t len = fread(buf, 1, cap, file);
    bool more = len == cap && fgetc(file) != EOF;
    bool failed = ferror(file) != 0;
    int number = errno;
    fclose(file);
    errno = number;
    if (failed) return GV_ENOENT;
    if (more) return GV_ESPACE;
    if (len > 0 && buf[len - 1] == '\n') len--;
    return len >= GV_SECRET_FILE_MIN ? (int)len : GV_EINVAL;
}
