// SPDX-License-Identifier: MIT
#include "journal.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EPOCH, NUMBER, LENGTH, HASH, HEAD_HASH, WORDS, HEAD = WORDS * 8, PATH_CAP = 4200 };

// ---- The file -----------------------------------------------------------------------------------

static int sync_data(int fd) {
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
    return fdatasync(fd) == 0 ? 0 : gv_file_error(errno);
}

static int reserve(struct gv_journal *journal, size_t len) {
    if (len <= journal->cap) return 0;
    uint8_t *frame = realloc(journal->frame, len);
    if (frame == NULL) return GV_ENOMEM;
    journal->frame = frame;
    journal->cap = len;
    return 0;
}

// Zeros up to the end, in blocks that are then the file's own.
static int fill(struct gv_journal *journal) {
    int error = reserve(journal, GV_JOURNAL_BLOCK);
    if (error == 0) memset(journal->frame, 0, GV_JOURNAL_BLOCK);
    for (size_t at = 0; error == 0 && at < GV_JOURNAL_SIZE; at += GV_JOURNAL_BLOCK)
        error = gv_file_write(journal->fd, journal->frame, GV_JOURNAL_BLOCK, at);
    if (error == 0 && fsync(journal->fd) != 0) error = gv_file_error(errno);
    return error;
}

static void init(struct gv_journal *journal, int fd) {
    *journal = (struct gv_journal){.fd = fd};
    gv_digest_key_init(&journal->hash, (struct gv_slice){0});
}

// Under another name at first, so that one that is there is whole.
int gv_journal_make(struct gv_journal *journal, const char *path) {
    GV_ASSERT(path != NULL);
    char fresh[PATH_CAP];
    int len = snprintf(fresh, sizeof fresh, "%s.new", path);
    init(journal, -1);
    if (len < 0 || (size_t)len >= sizeof fresh) errno = ENAMETOOLONG;
    if (len < 0 || (size_t)len >= sizeof fresh) return GV_EIO;
    journal->fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (journal->fd < 0) return gv_file_error(errno);
    int error = fill(journal);
    if (error == 0 && rename(fresh, path) != 0) error = gv_file_error(errno);
    if (error == 0) return 0;
    int number = errno;
    unlink(fresh);
    gv_journal_close(journal);
    errno = number;
    return error;
}

int gv_journal_open(struct gv_journal *journal, const char *path) {
    GV_ASSERT(path != NULL);
    init(journal, open(path, O_RDWR | O_CLOEXEC));
    if (journal->fd >= 0) return 0;
    return errno == ENOENT ? GV_ENOENT : gv_file_error(errno);
}

void gv_journal_close(struct gv_journal *journal) {
    if (journal->fd >= 0) close(journal->fd);
    free(journal->frame);
    *journal = (struct gv_journal){.fd = -1};
}

void gv_journal_begin(struct gv_journal *journal, uint64_t epoch) {
    journal->epoch = epoch;
    journal->number = 0;
    journal->at = 0;
}

// ---- Frames -------------------------------------------------------------------------------------

// Blocks for a batch of this length, in bytes.
static size_t span(size_t len) {
    return (HEAD + len + GV_JOURNAL_BLOCK - 1) / GV_JOURNAL_BLOCK * GV_JOURNAL_BLOCK;
}

static uint64_t hash_of(const struct gv_journal *journal, const uint64_t words[WORDS],
                        struct gv_slice batch) {
    uint64_t all[] = {words[EPOCH], words[NUMBER], words[LENGTH],
                      gv_digest_hash(&journal->hash, batch.data, batch.len)};
    return gv_digest_words(&journal->hash, all, sizeof all / sizeof *all);
}

// Reads the head of the frame at `at`. 1: there is one; 0: there is none.
static int read_head(const struct gv_journal *journal, size_t at, uint64_t words[WORDS]) {
    uint8_t head[HEAD];
    int error = gv_file_read(journal->fd, head, HEAD, at);
    if (error != 0) return error;
    memcpy(words, head, HEAD);
    if (words[LENGTH] > GV_JOURNAL_SIZE - at - HEAD) return 0;
    return words[HEAD_HASH] == gv_digest_words(&journal->hash, words, HEAD_HASH);
}

// Reads the frame at `at`. 1: there is one of this epoch; 0: there is none, or not a whole one.
static int read_frame(struct gv_journal *journal, uint64_t epoch, size_t at, uint64_t *number,
                      struct gv_slice *batch) {
    uint64_t words[WORDS] = {0};
    int found = read_head(journal, at, words);
    if (found < 0) return found;
    if (found == 0 || words[EPOCH] != epoch) return 0;
    size_t len = (size_t)words[LENGTH];
    int error = reserve(journal, len > 0 ? len : 1);
    if (error == 0) error = gv_file_read(journal->fd, journal->frame, len, at + HEAD);
    if (error != 0) return error;
    *batch = (struct gv_slice){journal->frame, len};
    *number = words[NUMBER];
    return words[HASH] == hash_of(journal, words, *batch);
}

// Behind the first frame that is not whole there is none of its epoch, not even the beginning of
// one: the next is written only when it is safe. And there is none of the next epoch, before which
// this one was noted to have ended. Other blocks may hold anything, even what somebody has made up
// to look like a frame: hence the hash of the head.
static int check_rest(const struct gv_journal *journal) {
    for (size_t at = journal->at; at < GV_JOURNAL_SIZE; at += GV_JOURNAL_BLOCK) {
        uint64_t words[WORDS] = {0};
        int found = read_head(journal, at, words);
        if (found < 0) return found;
        bool mine = found > 0 && words[EPOCH] == journal->epoch;
        if (mine && words[NUMBER] > journal->number) return GV_ECORRUPT;
        if (found > 0 && words[EPOCH] == journal->epoch + 1) return GV_ECORRUPT;
    }
    return 0;
}

int gv_journal_read(struct gv_journal *journal, uint64_t epoch,
                    int (*take)(void *ctx, struct gv_slice batch), void *ctx) {
    GV_ASSERT(journal->fd >= 0 && take != NULL);
    gv_journal_begin(journal, epoch);
    while (journal->at < GV_JOURNAL_SIZE) {
        uint64_t number = 0;
        struct gv_slice batch = {0};
        int found = read_frame(journal, epoch, journal->at, &number, &batch);
        if (found < 0) return found;
        if (found == 0 || number != journal->number) break;
        int taken = take(ctx, batch);
        if (taken != 0) return taken;
        journal->at += span(batch.len);
        journal->number++;
    }
    return check_rest(journal);
}

bool gv_journal_fits(const struct gv_journal *journal, size_t len) {
    return len < GV_JOURNAL_SIZE && span(len) <= GV_JOURNAL_SIZE - journal->at;
}

int gv_journal_append(struct gv_journal *journal, struct gv_slice batch) {
    GV_ASSERT(journal->fd >= 0 && gv_journal_fits(journal, batch.len));
    size_t len = span(batch.len);
    int error = reserve(journal, len);
    if (error != 0) return error;
    uint64_t words[WORDS] = {journal->epoch, journal->number, batch.len};
    words[HASH] = hash_of(journal, words, batch);
    words[HEAD_HASH] = gv_digest_words(&journal->hash, words, HEAD_HASH);
    memcpy(journal->frame, words, HEAD);
    memcpy(journal->frame + HEAD, batch.data, batch.len);
    memset(journal->frame + HEAD + batch.len, 0, len - HEAD - batch.len);
    error = gv_file_write(journal->fd, journal->frame, len, journal->at);
    if (error == 0) error = sync_data(journal->fd);
    if (error != 0) { // it may be there nevertheless, and must not be found
        int number = errno;
        memset(journal->frame, 0, HEAD);
        if (gv_file_write(journal->fd, journal->frame, HEAD, journal->at) == 0)
            sync_data(journal->fd);
        errno = number;
        return error;
    }
    journal->at += len;
    journal->number++;
    return 0;
}

int gv_journal_try(struct gv_journal *journal, size_t len) {
    GV_ASSERT(journal->fd >= 0 && gv_journal_fits(journal, len));
    int error = reserve(journal, span(len));
    if (error != 0) return error;
    memset(journal->frame, 0, span(len));
    error = gv_file_write(journal->fd, journal->frame, span(len), journal->at);
    return error == 0 ? sync_data(journal->fd) : error;
}
