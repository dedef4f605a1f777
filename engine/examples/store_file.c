// SPDX-License-Identifier: MIT
#include "store_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REWRITE_MIN = 64 << 10 }; // bytes; a smaller file is not rewritten

static bool complain(const struct store *store, const char *what) {
    fprintf(stderr, "%s: %s: %s\n", store->path, what, strerror(errno));
    return false;
}

// The store's path with a suffix, which the caller frees; NULL: out of memory.
static char *path_with(const struct store *store, const char *suffix) {
    char *path = malloc(strlen(store->path) + strlen(suffix) + 1);
    return path ? strcat(strcpy(path, store->path), suffix) : NULL;
}

// A new file is on disk only when its directory is synced.
static bool sync_directory(const struct store *store) {
    char *path = path_with(store, "");
    if (!path) return complain(store, "cannot sync its directory");
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) complain(store, "cannot sync its directory");
    if (fd >= 0) close(fd);
    free(path);
    return ok;
}

static bool write_all(const struct store *store, int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return complain(store, "cannot write");
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

// Loads the records of all complete lines, and sets *good to the length of these lines.
static bool load(const struct store *store, struct grapevine *gv, size_t *good) {
    int fd = dup(store->fd);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file) return complain(store, "cannot read");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int rc = 0;
    *good = 0;
    for (size_t number = 1; rc >= 0 && (len = getline(&line, &cap, file)) > 0; number++) {
        if (line[len - 1] != '\n') break; // torn
        rc = gv_load(gv, gv_slice_of(line, (size_t)len));
        if (rc < 0) {
            fprintf(stderr, "%s:%zu: %s\n", store->path, number, gv_last_error(gv));
        } else {
            *good += (size_t)len;
        }
    }
    bool ok = rc >= 0 && !ferror(file);
    if (rc >= 0 && !ok) complain(store, "cannot read");
    free(line);
    fclose(file);
    return ok;
}

bool store_open(struct store *store, const char *path, struct grapevine *gv) {
    *store = (struct store){.path = path, .fd = -1, .lock = -1};
    char *lock = path_with(store, ".lock");
    if (lock) store->lock = open(lock, O_RDWR | O_CREAT, 0600);
    free(lock);
    if (store->lock < 0 || flock(store->lock, LOCK_EX | LOCK_NB) < 0)
        return complain(store, "cannot lock");
    store->fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
    if (store->fd < 0) return complain(store, "cannot open");
    if (!load(store, gv, &store->size)) return false;
    struct stat stat;
    if (fstat(store->fd, &stat) < 0) return complain(store, "cannot read");
    if ((size_t)stat.st_size > store->size) {
        fprintf(stderr, "%s: removed %zu bytes of a torn record\n", path,
                (size_t)stat.st_size - store->size);
        if (ftruncate(store->fd, (off_t)store->size) < 0) return complain(store, "cannot truncate");
    }
    store->rewritten_size = store->size;
    return sync_directory(store);
}

void store_append(struct store *store, struct gv_slice record) {
    size_t need = store->pending_len + record.len + 1;
    if (need > store->pending_cap) {
        char *grown = realloc(store->pending, 2 * need);
        store->has_failed |= !grown;
        if (!grown) return;
        store->pending = grown;
        store->pending_cap = 2 * need;
    }
    memcpy(store->pending + store->pending_len, record.data, record.len);
    store->pending[need - 1] = '\n';
    store->pending_len = need;
}

// Replaces the file by a new file with a record for each entry, which is renamed when it is
// complete.
static bool rewrite(struct store *store, struct grapevine *gv) {
    char *path = path_with(store, ".new");
    int fd = !path ? -1 : open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    bool ok = fd >= 0;
    size_t size = 0;
    uint64_t cursor = 0;
    static char record[GV_MESSAGE_MAX + 1];
    int len = 0;
    while (ok && (len = gv_record(gv, &cursor, record, GV_MESSAGE_MAX)) > 0) {
        record[len++] = '\n';
        ok = write_all(store, fd, record, (size_t)len);
        size += (size_t)len;
    }
    ok = ok && len == 0 && fsync(fd) == 0 && rename(path, store->path) == 0;
    free(path);
    if (!ok) {
        complain(store, "cannot rewrite");
        if (fd >= 0) close(fd);
        return false;
    }
    close(store->fd);
    store->fd = fd;
    store->size = store->rewritten_size = size;
    return sync_directory(store);
}

bool store_sync(struct store *store, struct grapevine *gv) {
    if (store->has_failed) {
        errno = ENOMEM;
        return complain(store, "records are missing");
    }
    if (store->pending_len == 0) return true;
    store->has_failed =
        true; // after a failed fsync, a later fsync may succeed without writing the data
    if (!write_all(store, store->fd, store->pending, store->pending_len)) return false;
    if (fsync(store->fd) < 0) return complain(store, "cannot sync");
    store->size += store->pending_len;
    store->pending_len = 0;
    if (store->size > REWRITE_MIN && store->size > 2 * store->rewritten_size && !rewrite(store, gv))
        return false;
    store->has_failed = false;
    return true;
}

void store_close(struct store *store) {
    close(store->fd);
    close(store->lock);
    free(store->pending);
}
