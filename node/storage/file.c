// SPDX-License-Identifier: MIT
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int gv_file_error(int number) {
    if (number == ENOMEM) return GV_ENOMEM;
    return number == ENOSPC || number == EFBIG || number == EDQUOT ? GV_EFULL : GV_EIO;
}

int gv_file_open(const char *path) {
    GV_ASSERT(path != NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return errno == ENXIO ? GV_FILE_SPECIAL : -1; // a socket
    struct stat found;
    int error = fstat(fd, &found) != 0 ? errno : 0;
    if (error == 0 && S_ISREG(found.st_mode)) return fd;
    close(fd);
    errno = error;
    return error != 0 ? -1 : GV_FILE_SPECIAL;
}

int gv_file_read(int fd, uint8_t *data, size_t len, uint64_t at) {
    GV_ASSERT(fd >= 0);
    while (len > 0) {
        ssize_t n = pread(fd, data, len, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return gv_file_error(errno);
        if (n == 0) return GV_ECORRUPT;
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

int gv_file_write(int fd, const uint8_t *data, size_t len, uint64_t at) {
    GV_ASSERT(fd >= 0);
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return gv_file_error(errno);
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}
